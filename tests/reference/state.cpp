// SPDX-License-Identifier: Apache-2.0
#include "state.hpp"

namespace vfpool::reference {
namespace {

constexpr unsigned kVfs = 64;

}  // namespace

State::State(const bridge::Geometry& g) : hosts(g.users + 1), vfs(kVfs) {
  for (unsigned h = 0; h < hosts.size(); ++h) {
    hosts[h].slots.resize(h == 0 ? 1 : g.slots);
    if (h == 0) continue;
    for (Slot& s : hosts[h].slots) s.functions.resize(g.slot_functions);
  }
}

const Header* State::function_of(unsigned vf) const {
  const Vf& v = vfs[vf];
  return v.user == 0 ? nullptr : &hosts[v.user].slots[v.slot].functions[v.fn];
}

std::optional<unsigned> State::vf_in(unsigned user, unsigned slot, unsigned fn) const {
  for (unsigned v = 0; v < vfs.size(); ++v)
    if (vfs[v].user == user && !vfs[v].leaving && vfs[v].slot == slot && vfs[v].fn == fn) return v;
  return std::nullopt;
}

void State::lose_slot(unsigned user, unsigned slot) {
  Slot& s = hosts[user].slots[slot];
  s.usable = false;
  for (Header& f : s.functions) f = {};
  for (Vf& v : vfs)
    if (v.user == user && v.slot == slot) v.cleaning = true;
}

void State::lose_slots(unsigned user) {
  for (unsigned n = 0; n < hosts[user].slots.size(); ++n) lose_slot(user, n);
}

void State::force(unsigned user, unsigned slot) {
  lose_slot(user, slot);
  for (Vf& v : vfs)
    if (v.user == user && v.slot == slot) v.leaving = true;
}

void State::lose_link(unsigned port) {
  if (port == hosts.size()) {
    card_link = false;
    return;
  }
  Host fresh;
  fresh.link = false;
  if (port != 0) lose_slots(port);
  fresh.slots.resize(hosts[port].slots.size());
  for (unsigned n = 0; n < fresh.slots.size(); ++n)
    fresh.slots[n].functions.resize(hosts[port].slots[n].functions.size());
  hosts[port] = std::move(fresh);
  if (port == 0) card_reset = card_disabled = false;
}

void State::lose_card() {
  layout = {.pf = Bdf(hosts[0].slots[0].port.secondary, 0, 0)};
  for (unsigned h = 1; h < hosts.size(); ++h) lose_slots(h);
}

std::vector<bool> State::changed(const State& other) const {
  std::vector<bool> out(hosts.size(), layout != other.layout);
  for (unsigned h = 0; h < hosts.size(); ++h)
    if (hosts[h] != other.hosts[h]) out[h] = true;
  for (unsigned v = 0; v < vfs.size(); ++v)
    if (vfs[v] != other.vfs[v]) out[vfs[v].user] = out[other.vfs[v].user] = true;
  return out;
}

}  // namespace vfpool::reference

// SPDX-License-Identifier: Apache-2.0
#include "state.hpp"

namespace vfpool::reference {

State::State(const bridge::Geometry& g) : hosts(g.users + 1), cards(g.devices), vfs(g.devices * kCardVfs) {
  for (unsigned h = 0; h < hosts.size(); ++h) {
    hosts[h].slots.resize(h == 0 ? g.devices : g.slots);
    if (h == 0) continue;
    for (Slot& s : hosts[h].slots) s.functions.resize(g.slot_functions);
  }
}

std::optional<unsigned> State::vf_of(unsigned card, Bdf rid) const {
  const auto vf = cards[card].layout.vf_of(rid);
  if (!vf) return std::nullopt;
  return card * kCardVfs + *vf;
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
  if (port >= hosts.size()) {
    link(port) = false;
    return;
  }
  Host fresh;
  fresh.link = false;
  if (port != 0) lose_slots(port);
  fresh.slots.resize(hosts[port].slots.size());
  for (unsigned n = 0; n < fresh.slots.size(); ++n)
    fresh.slots[n].functions.resize(hosts[port].slots[n].functions.size());
  hosts[port] = std::move(fresh);
  if (port != 0) return;
  for (Card& c : cards) c.reset = c.disabled = false;
}

void State::lose_card(unsigned card) {
  cards[card].layout = {.pf = Bdf(hosts[0].slots[card].port.secondary, 0, 0)};
  for (unsigned v = card * kCardVfs; v < (card + 1) * kCardVfs; ++v)
    if (vfs[v].user != 0) lose_slot(vfs[v].user, vfs[v].slot);
}

State::Changed State::changed(const State& other) const {
  Changed out(hosts.size(), 0);
  const auto add = [&](const State& s, unsigned vf) { out[s.vfs[vf].user] |= 1U << vf / kCardVfs; };
  for (unsigned vf = 0; vf < vfs.size(); ++vf)
    if (vfs[vf] != other.vfs[vf] || cards[vf / kCardVfs].layout != other.cards[vf / kCardVfs].layout) {
      add(*this, vf);
      add(other, vf);
    }
  for (unsigned h = 0; h < hosts.size(); ++h) {
    const Host &is = hosts[h], &was = other.hosts[h];
    if (is.link != was.link || is.management != was.management || is.upstream != was.upstream)
      out[h] |= (1U << cards.size()) - 1;
    for (unsigned n = 0; n < is.slots.size(); ++n) {
      if (is.slots[n] == was.slots[n]) continue;
      if (h == 0) out[0] |= 1U << n;
      for (unsigned vf = 0; vf < vfs.size(); ++vf)
        for (const State* s : {this, &other})
          if (h != 0 && s->vfs[vf].user == h && s->vfs[vf].slot == n) add(*s, vf);
    }
  }
  return out;
}

}  // namespace vfpool::reference

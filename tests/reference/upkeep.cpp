// SPDX-License-Identifier: Apache-2.0
// What model servers do between the steps: the pool is brought up, and what the steps took away comes back.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "run.hpp"

namespace vfpool::reference {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr SimTime kPatience = milliseconds(400);

}  // namespace

void Run::bring_up() {
  owner_tree = run(enumerators[0]->all());
  for (unsigned card = 0; card < cards(); ++card) vfs_[card] = run(enumerators[0]->enable_vfs(pf(card), kVfs));
  advance(microseconds(20));
  model_.settle(scheduler.now());
  const auto g = bridge::Bridge::geometry();
  for (unsigned n = 1; n <= g.users; ++n) user_trees[n] = run(enumerators[n]->all());
  // Two in the first slot; some of each card stay the owner's, and a slot stays empty.
  std::vector<unsigned> next(cards());
  for (unsigned n = 0; n < g.users * g.slots - 1; ++n) {
    const unsigned user = 1 + n % g.users, slot = n / g.users, card = (n + slot) % cards();
    std::vector<unsigned> vfs;
    for (unsigned fn = 0; fn < (n == 0 ? 2U : 1U) && next[card] < kVfs - 2; ++fn)
      vfs.push_back(card * kCardVfs + next[card]++);
    if (!vfs.empty()) assign({.user = user, .slot = slot}, vfs);
  }
  for (unsigned p = 0; p < neighbours_.size(); ++p) bridge.connect(p, *neighbours_[p]);
  settle();
}

// The functions of an empty slot, whose server has switched it off when it lost what was there.
void Run::assign(Place at, const std::vector<unsigned>& vfs) {
  const auto [user, slot] = at;
  bridge.connect(user, servers[user]->root());
  run(power(user, slot, false));
  bridge.connect(user, *neighbours_[user]);
  for (unsigned fn = 0; fn < vfs.size(); ++fn) {
    const auto change = [=, vf = vfs[fn]](State& s) { s.vfs[vf] = {.user = user, .slot = slot, .fn = fn}; };
    model_.maybe(change);
    const auto given = command(Op::kAssign, user, slot, vfs[fn], fn);
    if (given != Result::kDone) throw Broken("docs/registers.md: ASSIGN", std::string(to_string(given)));
    model_.surely(change);
  }
  plug_in(at);
}

// Its server switches it on and sets it up.
void Run::plug_in(Place at) {
  const auto [user, slot] = at;
  bridge.connect(user, servers[user]->root());
  model_.surely([=](State& s) { s.hosts[user].slots[slot].usable = true; });
  run(power(user, slot, true));
  const auto functions = run(enumerators[user]->slot(slot_port(user, slot)));
  auto& in = slots_[at];
  in.functions.clear();
  for (unsigned fn = 0; const auto vf = model_.state().vf_in(user, slot, fn); ++fn) {
    in.card = *vf / kCardVfs;
    if (fn >= functions.size() || functions[fn].device != 0x10ed)
      throw Broken("docs/bridge.md: an assigned VF is a function of its slot",
                   fmt::format("function {} of {}", fn, functions.size()));
    in.functions.push_back({.bdf = functions[fn].bdf, .bars = {functions[fn].bar[0], functions[fn].bar[3]}});
  }
  bridge.connect(user, *neighbours_[user]);
}

void Run::enable(unsigned port) {
  bridge.connect(port, servers[port]->root());
  const auto& tree = port == 0 ? owner_tree : user_trees[port];
  for (const auto& f : tree)
    if (f.vendor == 0x10ee) run(servers[port]->config_write(f.bdf, 0x04, 6, 2));
  for (const auto& [at, in] : slots_)
    if (at.user == port && model_.state().vf_in(at.user, at.slot, 0))
      for (const Function& f : in.functions) run(servers[port]->config_write(f.bdf, 0x04, 6, 2));
  bridge.connect(port, *neighbours_[port]);
}

void Run::enumerate(unsigned host) {
  enumerators[host] = std::make_unique<host::Enumerator>(*servers[host]);
  bridge.connect(host, servers[host]->root());
  (host == 0 ? owner_tree : user_trees[host]) = run(enumerators[host]->all());
  bridge.connect(host, *neighbours_[host]);
}

// As a kernel that boots, with cards that may have VFs from before: it takes them away first. `cards` lost all that was
// set up; the others go on.
void Run::set_up_owner(const std::set<unsigned>& cards) {
  for (const unsigned card : cards) {
    const Card& c = model_.state().cards[card];
    if (!c.reset && !c.disabled) continue;
    bridge.connect(0, servers[0]->root());
    const Bdf port = port_above(card).bdf;
    run(servers[0]->config_write(port, kBridgeControl + 2, 0, 2));
    run(servers[0]->config_write(port, kLinkControl, 0, 2));
  }
  enumerate(0);
  bridge.connect(0, servers[0]->root());
  for (const unsigned card : cards) {
    run(servers[0]->config_write(pf(card).bdf, kSriovControl, 0, 2));
    vfs_[card] = run(enumerators[0]->enable_vfs(pf(card), kVfs));
  }
  bridge.connect(0, *neighbours_[0]);
  drain();
  model_.settle(scheduler.now());
}

// What the steps have taken away comes back, mostly elsewhere.
void Run::restore() {
  const auto g = bridge::Bridge::geometry();
  for (unsigned p = 0; p < neighbours_.size(); ++p) link_back(p);
  drain();
  for (unsigned p = 0; p < neighbours_.size(); ++p) model_.surely([p](State& s) { s.link(p) = true; });
  const std::set<unsigned> dark = std::exchange(dark_, {});
  std::set<unsigned> anew;
  for (unsigned card = 0; card < cards(); ++card)
    if (dark.contains(0) || dark.contains(hosts() + card)) anew.insert(card);
  if (!anew.empty()) set_up_owner(anew);
  for (unsigned n = 1; n <= g.users; ++n)
    if (dark.contains(n)) enumerate(n);
  std::vector<unsigned> free;
  for (const unsigned vf : vf_names()) {
    if (!model_.state().vfs[vf].cleaning) continue;
    const SimTime end = scheduler.now() + kPatience;
    while (bridge.read<regs::Vf>(vf).state != regs::VfState::kIdle && scheduler.now() < end) advance(milliseconds(1));
    if (model_.state().vfs[vf].leaving) free.push_back(vf);
    model_.cleaned(vf);
  }
  for (const Place& at : std::exchange(unplugged_, {}))
    if (model_.state().vf_in(at.user, at.slot, 0)) plug_in(at);
  while (!free.empty()) {
    const Place at{.user = 1 + next_home_ % g.users, .slot = next_home_ / g.users % g.slots};
    ++next_home_;
    if (model_.state().vf_in(at.user, at.slot, 0)) continue;
    // A slot holds functions of one card.
    std::vector<unsigned> vfs;
    const unsigned card = free.back() / kCardVfs, most = std::min(1 + next_home_ % 3, g.slot_functions);
    while (vfs.size() < most && !free.empty() && free.back() / kCardVfs == card) {
      vfs.push_back(free.back());
      free.pop_back();
    }
    assign(at, vfs);
  }
  for (const unsigned port : std::exchange(disabled_, {})) enable(port);
}

}  // namespace vfpool::reference

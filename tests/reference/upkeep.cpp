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
  owner_vfs = run(enumerators[0]->enable_vfs(find(owner_tree, 0x10f9), kVfs));
  advance(microseconds(20));
  model_.settle(scheduler.now());
  const auto g = bridge::Bridge::geometry();
  for (unsigned n = 1; n <= g.users; ++n) user_trees[n] = run(enumerators[n]->all());
  for (unsigned vf = 0; vf < std::min(kVfs - 2, g.users * g.slots - 1); ++vf)
    assign({.user = 1 + vf % g.users, .slot = vf / g.users}, vf);
  for (unsigned p = 0; p <= card(); ++p) bridge.connect(p, *neighbours_[p]);
  settle();
}

void Run::assign(Place at, unsigned vf) {
  const auto [user, slot] = at;
  model_.maybe([=](State& s) { s.vfs[vf] = {.user = user, .slot = slot}; });
  const auto given = command(Op::kAssign, user, slot, vf);
  if (given != Result::kDone) throw Broken("docs/registers.md: ASSIGN", std::string(to_string(given)));
  model_.surely([=](State& s) { s.vfs[vf] = {.user = user, .slot = slot}; });
  plug_in(at);
}

// Its server switches it on and sets it up.
void Run::plug_in(Place at) {
  const auto [user, slot] = at;
  bridge.connect(user, servers[user]->root());
  model_.surely([=](State& s) { s.hosts[user].slots[slot].usable = true; });
  const auto f = run(plug(user, slot));
  if (f.device != 0x10ed)
    throw Broken("docs/bridge.md: an assigned VF is a function of its slot", fmt::format("{:04x}", f.device));
  cards_[at] = {.bdf = f.bdf, .bars = {f.bar[0], f.bar[3]}};
  bridge.connect(user, *neighbours_[user]);
}

void Run::enable(unsigned port) {
  bridge.connect(port, servers[port]->root());
  const auto& tree = port == 0 ? owner_tree : user_trees[port];
  for (const auto& f : tree)
    if (f.vendor == 0x10ee) run(servers[port]->config_write(f.bdf, 0x04, 6, 2));
  for (const auto& [at, c] : cards_)
    if (at.user == port && model_.state().vf_in(at.user, at.slot, 0))
      run(servers[port]->config_write(c.bdf, 0x04, 6, 2));
  bridge.connect(port, *neighbours_[port]);
}

// What the steps have taken away comes back, mostly elsewhere.
void Run::restore() {
  const auto g = bridge::Bridge::geometry();
  for (const unsigned n : std::exchange(dark_, {})) {
    bridge.set_link(n, true);
    model_.surely([n](State& s) { s.hosts[n].link = true; });
    enumerators[n] = std::make_unique<host::Enumerator>(*servers[n]);
    bridge.connect(n, servers[n]->root());
    user_trees[n] = run(enumerators[n]->all());
    bridge.connect(n, *neighbours_[n]);
  }
  std::vector<unsigned> free;
  for (unsigned vf = 0; vf < kVfs; ++vf) {
    if (!model_.state().vfs[vf].cleaning) continue;
    const SimTime end = scheduler.now() + kPatience;
    while (bridge.read<regs::Vf>(vf).state != regs::VfState::kIdle && scheduler.now() < end) advance(milliseconds(1));
    if (model_.state().vfs[vf].leaving) free.push_back(vf);
    model_.cleaned(vf);
  }
  for (const Place& at : std::exchange(unplugged_, {}))
    if (model_.state().vf_in(at.user, at.slot, 0)) plug_in(at);
  for (const unsigned vf : free)
    for (;;) {
      const Place at{.user = 1 + next_home_ % g.users, .slot = next_home_ / g.users % g.slots};
      ++next_home_;
      if (model_.state().vf_in(at.user, at.slot, 0)) continue;
      assign(at, vf);
      break;
    }
  for (const unsigned port : std::exchange(disabled_, {})) enable(port);
}

}  // namespace vfpool::reference

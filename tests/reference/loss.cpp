// SPDX-License-Identifier: Apache-2.0
// What becomes of packets and requests when a port's link goes down, or the card is reset (docs/bridge.md: "When a link
// goes down, however shortly").
#include <algorithm>

#include "model.hpp"

namespace vfpool::reference {
namespace {

using Kind = Outcome::Kind;

// CPL_TIMEOUT_MS, for which the tag of a request rests that ended out of turn; less a tick at each end.
constexpr SimTime kRest = std::chrono::milliseconds(28);

}  // namespace

void Model::losing_link(unsigned port, SimTime now) {
  maybe([port](State& s) { s.lose_link(port); });
  // Packets of this port that have not left may, or may not; nobody tells which.
  for (Pending& p : pending_[port]) p.outcomes.push_back({.kind = Kind::kLost, .port = port});
  for (Queue& q : pending_)
    for (Pending& p : q) {
      const auto goes = [port](const Outcome& o) { return o.leaves_by(port); };
      if (std::none_of(p.outcomes.begin(), p.outcomes.end(), goes)) continue;
      // A request that had its tag already is ended without being counted; what was just leaving may be lost.
      if (non_posted(p.t))
        add(p.outcomes, {.kind = Kind::kRefuse, .uncounted = true});
      else
        p.outcomes.push_back({.kind = Kind::kLost, .port = port});
    }
  // What the bridge asks of the card it asks in the owner's name.
  if (port == 0 || port == card()) asked_[card()].orphan_own();
  for (Tags& tags : asked_) tags.orphan(port, now + kRest);
  asked_[port].unheard(now + kRest);
  aborted_[port].clear();
  // One that is cut in its middle, two that wait for room, and those of the last cycles.
  const auto fresh =
      std::count_if(recent_[port].begin(), recent_[port].end(), [now](SimTime at) { return now - at <= kReceive; });
  tally_.unsure(port, 3 + static_cast<std::uint32_t>(fresh));
  tally_.forget_strays(port);
}

void Model::lost_link(unsigned port) {
  surely([port](State& s) { s.lose_link(port); });
  dark_.insert(port);
  if (port != 0 && port != card()) return;
  // In force a while later (docs/bridge-inside.md, "The bridge itself"); until then a VF is where it was.
  maybe([](State& s) { s.lose_card(); });
  forget_card();
  lost_card_ = true;
}

// What was read of it tells nothing of what comes next.
void Model::forget_card() {
  asked_[card()].orphan_own();
  pf_registers_.clear();
  read_.reset();
}

}  // namespace vfpool::reference

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

// Of what ends since a port is gone, or is just back: before it had its tag, or after.
constexpr std::uint32_t kEnded = 1U << static_cast<unsigned>(Drop::kBlocked) |
                                 1U << static_cast<unsigned>(Drop::kNotAssigned) |
                                 1U << static_cast<unsigned>(Drop::kTimeout);

}  // namespace

void Model::losing_link(unsigned port, SimTime now) {
  maybe([port](State& s) { s.lose_link(port); });
  cut(port, now, true);
  for (unsigned card = 0; port == 0 && card < cards(); ++card) cut(port_of(card), now, true);  // reset with it (6.6.1)
}

// What was on its way by this port, or was asked there, is lost; or, if that is not sure, may be.
void Model::cut(unsigned port, SimTime now, bool sure) {
  const Outcome lost{.kind = Kind::kLost, .port = sure ? port : Outcome::kNoPort};
  // Packets of this port that have not left may, or may not; nobody tells which.
  for (Pending& p : pending_[port])
    if (sure || !non_posted(p.t))
      p.outcomes.push_back(lost);
    else
      p.mute = true;
  for (Queue& q : pending_)
    for (Pending& p : q) {
      const auto goes = [port](const Outcome& o) { return o.leaves_by(port); };
      if (std::none_of(p.outcomes.begin(), p.outcomes.end(), goes)) continue;
      // What was just leaving may be lost.
      if (non_posted(p.t))
        add(p.outcomes, {.kind = Kind::kRefuse, .reasons = kEnded, .uncounted = true});
      else
        p.outcomes.push_back(lost);
    }
  // What the bridge asks of the cards it asks in the owner's name.
  for (unsigned card = 0; sure && card < cards(); ++card)
    if (port == 0 || port == port_of(card)) asked_[port_of(card)].orphan_own();
  for (Tags& tags : asked_)
    if (sure)
      tags.orphan(port, now + kRest);
    else
      tags.mute(port);
  asked_[port].unheard(now + kRest);
  if (sure) aborted_[port].clear();
  // One that is cut in its middle, two that wait for room, and those of the last cycles.
  const auto fresh =
      std::count_if(recent_[port].begin(), recent_[port].end(), [now](SimTime at) { return now - at <= kReceive; });
  tally_.unsure(port, 3 + static_cast<std::uint32_t>(fresh));
  tally_.forget_strays(port);
}

void Model::lost_link(unsigned port, SimTime now) {
  surely([port](State& s) { s.lose_link(port); });
  dark_[port] = now;
  for (unsigned card = 0; card < cards(); ++card) {
    if (port != 0 && port != port_of(card)) continue;
    if (port == 0) cut(port_of(card), now, true);  // what has come since
    dark_[port_of(card)] = now;
    // In force a while later (docs/bridge-inside.md, "The bridge itself"); until then a VF is where it was.
    maybe([card](State& s) { s.lose_card(card); });
    forget_card(card);
    lost_cards_.insert(card);
  }
}

// The owner's write that resets one, or lets it go on, takes effect sometime before its answer.
void Model::cut_reset_cards(SimTime now) {
  for (unsigned card = 0; card < cards(); ++card) {
    const auto down = [card](const State& s) { return s.cards[card].reset || s.cards[card].disabled; };
    const auto some = std::count_if(states_.begin(), states_.end(), down);
    if (some != 0 && some != static_cast<std::ptrdiff_t>(states_.size())) cut(port_of(card), now, false);
  }
}

// What was read of it tells nothing of what comes next.
void Model::forget_card(unsigned card) {
  asked_[port_of(card)].orphan_own();
  pf_registers_[card].clear();
  read_.erase(card);
}

}  // namespace vfpool::reference

// SPDX-License-Identifier: Apache-2.0
// What becomes of packets for a port whose neighbour takes nothing (docs/bridge.md: "A port that has no room for a
// class of packets for a quarter of CPL_TIMEOUT_MS is stuck").
#include <algorithm>

#include "model.hpp"

namespace vfpool::reference {
namespace {

using Kind = Outcome::Kind;

// What ends just when the port is back counts as of a VF that is gone.
constexpr std::uint32_t kDiscarded =
    1U << static_cast<unsigned>(Drop::kBlocked) | 1U << static_cast<unsigned>(Drop::kNotAssigned);

}  // namespace

void Model::blocked(unsigned port) {
  blocked_.insert(port);
  // A user whose port has discarded something has lost its cards; a card that does not answer is not known.
  if (is_card(port)) {
    maybe([card = card_at(port)](State& s) { s.cards[card].layout = {.pf = s.cards[card].layout.pf}; });
    tally_.unheard();
  } else if (port != 0) {
    maybe([port](State& s) { s.lose_slots(port); });
  }
  for (Queue& q : pending_)
    for (Pending& p : q) loosen(p);
  for (Tags& tags : asked_) tags.mute(port);
}

// A request that is discarded gets Unsupported Request, a posted packet is counted, an answer is not missed by the
// bridge.
void Model::loosen(Pending& p) const {
  for (const unsigned port : blocked_) {
    const auto goes = [port](const Outcome& o) { return o.leaves_by(port); };
    if (std::any_of(p.outcomes.begin(), p.outcomes.end(), goes)) {
      Outcome ends{.kind = Kind::kRefuse, .reasons = kDiscarded};
      if (is_completion(p.t)) ends = {.kind = Kind::kLost, .port = Outcome::kNoPort};
      add(p.outcomes, std::move(ends));
    }
    p.mute |= p.port == port && non_posted(p.t);
  }
}

// Whether the answer to a request was discarded, so that nobody has seen it. What was asked is done.
bool Model::vanishes(Pending& p, SimTime now) {
  if (!p.mute) return false;
  apply_config_write(p, true, now);
  const auto silent = [](const Outcome& o) { return o.silent; };
  if (!is_lost(p) && std::none_of(p.outcomes.begin(), p.outcomes.end(), silent)) vanished_.insert(p.port);
  for (unsigned n = 0; n < 2; ++n) tally_.drop((1U << Tally::kReasons) - 1, true);  // refused, and its answer discarded
  return true;
}

// A beat that is offered stays until it is taken (docs/bridge.md, "ready"): what stands at a stuck port has its end,
// and leaves when the port takes packets again. Its answer is nobody's then.
bool Model::stands(Pending& p) const {
  const auto stands = [this](const Outcome& o) { return o.kind == Kind::kForward && blocked_.contains(o.port); };
  std::erase_if(p.outcomes, [&](const Outcome& o) { return !stands(o); });
  if (p.outcomes.empty()) return false;
  p.outcomes.push_back({.kind = Kind::kLost, .port = p.port});
  return p.ended = true;
}

bool Model::keeps_cards(unsigned user) const {
  const auto kept = [user](const Vf& v) { return v.user == user && !v.cleaning; };
  return std::all_of(states_.begin(), states_.end(),
                     [&](const State& s) { return std::any_of(s.vfs.begin(), s.vfs.end(), kept); });
}

bool Model::decide(const std::function<bool(const State&)>& is_so) {
  const auto are = std::count_if(states_.begin(), states_.end(), is_so);
  if (are == 0 || are == static_cast<std::ptrdiff_t>(states_.size())) return false;
  std::erase_if(states_, [&](const State& s) { return !is_so(s); });
  return true;
}

}  // namespace vfpool::reference

// SPDX-License-Identifier: Apache-2.0
// The reference model: is told each packet that enters the bridge and each that leaves, and says which rule is broken.
//
// Order between flows is free and so is time within bounds, so a packet has a set of outcomes: those of every state
// that the pool may have been in since the packet came. What changes the state (a configuration write that is not
// answered yet, a command) adds states; they become one again when the change is seen to have happened.
#pragma once

#include <functional>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "route.hpp"
#include "tags.hpp"
#include "tally.hpp"

namespace vfpool::reference {

/// The bridge did what no rule allows.
struct Broken : std::runtime_error {
  Broken(std::string which, const std::string& what) : std::runtime_error(what), rule(std::move(which)) {}
  std::string rule;  ///< and where it stands
};

class Model {
 public:
  explicit Model(const bridge::Geometry& g);

  // What happens at the ports. Each throws Broken.
  void entered(unsigned port, const Tlp& t, SimTime now);
  void left(unsigned port, const Tlp& t, SimTime now);

  using Change = std::function<void(State&)>;
  /// From now on both may be: what was, and what `change` makes of it.
  void maybe(const Change& change);
  /// From now on only this. What is on its way may still meet what was.
  void surely(const Change& change);
  /// A port's link is going down, and has gone: what came by it and what its neighbour asked is forgotten. That it is
  /// up again is for surely(). The cards are reset with the owner's link.
  void losing_link(unsigned port, SimTime now);
  void lost_link(unsigned port, SimTime now);
  /// A port takes nothing, or not all classes, for so long that it may be found stuck: until settle() what is meant for
  /// it may be discarded, answers among it; a user may lose its slots, and a card not be known.
  void blocked(unsigned port);
  bool any_blocked() const { return !blocked_.empty(); }
  /// A request of this port had its answer discarded before the last settle().
  bool has_lost_answers(unsigned port) const { return vanished_.contains(port); }
  /// Whatever is so, some VF of this user is in its slot and not being cleaned.
  bool keeps_cards(unsigned user) const;
  /// The bridge shows in its registers which of the states that may be are so. True: that was open.
  bool decide(const std::function<bool(const State&)>& is_so);
  /// The bridge says that it has cleaned this VF.
  void cleaned(unsigned vf);
  /// The bridge is idle: everything that was begun has happened.
  void settle(SimTime now);
  /// Nothing is changing: there is but one state, and this is it.
  bool steady() const { return states_.size() == 1 && read_.empty(); }
  const State& state() const;

  /// A request with this ID and tag that came in by `port` has not got its end.
  bool waits(unsigned port, Bdf requester, std::uint8_t tag) const;
  /// A configuration request of a host is for the card at `port` and not answered.
  bool configuration_waits(unsigned port) const;
  /// No request waits for its answer, but those that may have got it unseen or have waited too long.
  bool idle(SimTime now) const;

  Tally& tally() { return tally_; }
  /// Sees the outcome of each packet that entered. For coverage.
  std::function<void(unsigned port, const Tlp&, const std::string& outcome)> on_outcome;

 private:
  struct Pending {
    unsigned port;
    Tlp t;
    std::vector<Outcome> outcomes;
    SimTime at{0};        ///< when it came in
    Tlp request{};        ///< of a completion: what it answers, as it came in
    bool handed = false;  ///< its VF is not what it was, so that it may end on its way
    bool mute = false;    ///< who waits for its answer takes nothing, and may never get it
    bool ended = false;   ///< it was refused because its port is stuck, but may stand there already, and leave yet
  };
  using Queue = std::list<Pending>;

  /// A port has looked at a packet, and counted it, within so long (docs/bridge-inside.md, "Latency budget").
  static constexpr SimTime kReceive = 8 * Scheduler::kClockPeriod;

  static bool is_lost(const Pending& p);
  // Ports: hosts first, then the cards.
  unsigned hosts() const { return static_cast<unsigned>(states_.front().hosts.size()); }
  unsigned cards() const { return static_cast<unsigned>(states_.front().cards.size()); }
  bool is_card(unsigned port) const { return port >= hosts(); }
  unsigned card_at(unsigned port) const { return port - hosts(); }
  unsigned port_of(unsigned card) const { return hosts() + card; }
  Outcome route(const State& s, unsigned port, const Tlp& t) const;
  void consider(Pending& p, const State& s) const;
  void reconsider();
  void hand(const State::Changed& changed);
  void hand_unsettled(SimTime now);
  void apply_config_write(const Pending& p, bool done, SimTime now);
  void completion_entered(unsigned port, const Tlp& t);
  void completion_left(unsigned port, const Tlp& t, SimTime now);
  void forget_answer(unsigned from, unsigned asker, const Tlp& end);
  bool answer_left(unsigned port, const Tlp& t, SimTime now);
  bool time_out_left(unsigned port, const Tlp& t, SimTime now);
  void request_left(unsigned port, const Tlp& t, SimTime now);
  void own_request_left(unsigned port, const Tlp& t, SimTime now);
  void learn(unsigned card, const Asked& a, const Tlp& completion);
  void check_order(unsigned from, Queue::iterator passer, unsigned to);
  void forget(Queue& q, Queue::iterator p, const std::string& outcome);

  void cut(unsigned port, SimTime now, bool sure);
  void cut_reset_cards(SimTime now);
  void forget_card(unsigned card);
  void loosen(Pending& p) const;
  bool vanishes(Pending& p, SimTime now);
  bool stands(Pending& p) const;

  std::vector<State> all_states() const;

  std::vector<State> states_;
  std::vector<Queue> pending_;             // by port: packets that came in and whose outcome has not been seen
  std::vector<Tags> asked_;                // by port: requests that left there
  std::vector<std::list<Asked>> aborted_;  // by port of who asked: their answer was wrong, and Completer Abort is due
  std::vector<std::vector<SimTime>> recent_;                     // by port: when the last packets came in
  std::vector<std::map<unsigned, std::uint32_t>> pf_registers_;  // by card: what it said to the bridge's own reads
  std::set<unsigned> blocked_;                                   // ports that may be stuck, since the last settle()
  std::set<unsigned> vanished_;                                  // ports some of whose requests have no answer for it
  std::map<unsigned, SimTime> dark_;  // ports whose link has gone down since the last settle(), and when
  std::set<unsigned> reset_;          // VFs that have confirmed their reset since they are cleaned
  std::set<unsigned> lost_cards_;     // ... since the last settle()
  std::map<unsigned, Layout> read_;   // by card: the layout that follows from it, until settle()
  Tally tally_;
};

}  // namespace vfpool::reference

// SPDX-License-Identifier: Apache-2.0
// A server: cores, the runnables on them, and what it costs to go from one to another.
#pragma once

#include <vector>

#include "testbed/events.hpp"
#include "testbed/run_queue.hpp"

namespace vfpool::testbed {

struct MachineCosts {
  double hz;              ///< cycles of a core in a second
  double context_switch;  ///< cycles from one runnable to another
  double cold_cache;      ///< on top, if another context ran on the core since
  double sleep;           ///< cycles to stop and to go on, if nothing else ran meanwhile
};

class Machine : public Actor {
 public:
  Machine(Events& events, int cores, const MachineCosts& costs, const Sharing& sharing);

  Events& events() { return events_; }
  Time now() const { return events_.now(); }
  const MachineCosts& costs() const { return costs_; }
  int cores() const { return static_cast<int>(cores_.size()); }

  /// Before it is woken first. `core`: where it runs at first, or always if it is pinned.
  void add(Runnable& runnable, int core);
  /// It has something to do. Nothing happens if it is awake.
  void wake(Runnable& runnable);
  /// Cycles that come on top of its next piece of work.
  void charge(Runnable& runnable, double cycles) { runnable.charged_ += cycles; }
  /// A thread of the host that injects interrupts has run on the core where `runnable` runs or waits. The core then
  /// goes on with whoever got least, by however little; only one that was woken needs Sharing::wake_lead.
  void choose_anew(const Runnable& runnable) { cores_[static_cast<std::size_t>(runnable.core_)].anew = true; }
  bool running(const Runnable& runnable) const { return runnable.state_ == Runnable::State::kRunning; }
  /// What runs on the core where `runnable` runs, waits or ran last; null: that core is idle.
  Runnable* neighbour(const Runnable& runnable) { return cores_[static_cast<std::size_t>(runnable.core_)].current; }
  /// Steal time up to now.
  Time waited(const Runnable& runnable) const;

  /// Time that all cores together have been busy, up to the last piece that ended.
  Time busy() const;
  double switches() const { return switches_; }

  void act(std::uint64_t core) override;

 private:
  struct Core {
    RunQueue queue;
    Runnable* current = nullptr;
    Runnable* last = nullptr;  // whose data are in the caches
    Time turn = 0;             // what current has had since it got the core
    Time piece = 0;            // length of the piece under way
    Time busy = 0;
    bool anew = false;  // see choose_anew()
  };

  void dispatch(std::size_t core);
  bool start_piece(Core& core, std::size_t index, double overhead);
  double switch_cost(const Core& core, const Runnable& next) const;
  Runnable* steal(std::size_t thief);
  std::size_t place(const Runnable& runnable) const;
  int wanders_to(std::size_t core) const;
  void move(Runnable& runnable, std::size_t to);

  Events& events_;
  MachineCosts costs_;
  Sharing sharing_;
  std::vector<Core> cores_;
  double switches_ = 0;
};

}  // namespace vfpool::testbed

// SPDX-License-Identifier: Apache-2.0
// What runs on cores, and in which order one core runs it.
#pragma once

#include <cstddef>
#include <vector>

#include "testbed/task.hpp"
#include "testbed/time.hpp"

namespace vfpool::testbed {

/// A vCPU or a driver domain. A core runs its pieces without a break: the shorter the pieces, the finer the grain of
/// the model. One with nothing to do sleeps until Machine::wake().
class Runnable : public Task {
 public:
  int pinned = -1;  ///< the only core it may run on; -1: any
  int context =
      -1;  ///< runnables of one context (the vCPUs of a VM) find their data in a cache that another one filled
  double cycles = 0;  ///< used so far, with what switching to it cost
  Time waited = 0;    ///< ready, but another one had the core: steal time

 private:
  friend class RunQueue;
  friend class Machine;
  enum class State { kAsleep, kReady, kRunning };
  State state_ = State::kAsleep;
  int core_ = 0;        // runs there, waits there, or ran there last
  Time since_ = 0;      // in this state
  Time came_ = 0;       // to this core
  Time virtual_ = 0;    // run time that fairness counts
  double charged_ = 0;  // cycles that come on top of its next piece
};

/// How cores are shared. CFS and Xen's credit scheduler differ in these numbers only as far as this model goes.
struct Sharing {
  Time latency;          ///< in this time every ready runnable should have had its turn
  Time least_slice;      ///< shortest turn of one that is not done
  Time wake_lead;        ///< one that wakes takes the core if it is so far behind the running one
  Time sleeper_credit;   ///< the most that one is behind the others when it wakes
  Time wander = 0;       ///< one that has been on a core for so long goes to another idle one; 0: never
  bool balance = false;  ///< wakes on an idle core if there is one, and idle cores take what waits elsewhere
};

/// The ready runnables of one core, the one that got least first.
class RunQueue {
 public:
  explicit RunQueue(const Sharing& sharing) : sharing_(&sharing) {}

  /// `woken`: it slept; else it was put back.
  void add(Runnable& runnable, bool woken);
  /// The next one to run; null: none is ready.
  Runnable* take();
  /// Takes one that may run on any core, for another core; null: there is none.
  Runnable* give_away();
  void ran(Runnable& runnable, Time time);
  /// Whether `current`, which has run for `turn`, should make way. `anew`: to anyone who got less.
  bool make_way(const Runnable& current, Time turn, bool anew = false) const;
  std::size_t size() const { return ready_.size(); }
  /// Virtual time of the one that got least; a runnable that changes cores keeps its distance to it.
  Time least() const { return least_; }

 private:
  const Sharing* sharing_;
  std::vector<Runnable*> ready_;
  Time least_ = 0;  // never falls
};

}  // namespace vfpool::testbed

// SPDX-License-Identifier: Apache-2.0
// The event queue. Not sim/core's loop: that one serves descriptors, clocked parts and cancelled timers; a sweep here
// is some hundred million events that need none of it.
#pragma once

#include <cstdint>
#include <queue>
#include <vector>

#include "testbed/time.hpp"

namespace vfpool::testbed {

/// Whoever asked for an event. Must live until its events have come or the queue is gone.
class Actor {
 public:
  virtual ~Actor() = default;
  /// `what` is the number given with the event.
  virtual void act(std::uint64_t what) = 0;
};

/// Events in order of time; those of one instant in the order they were asked for, so that a run depends on its seed
/// only.
class Events {
 public:
  Time now() const { return now_; }
  /// A time that has passed is taken as now.
  void at(Time when, Actor& actor, std::uint64_t what = 0);
  void after(Time delay, Actor& actor, std::uint64_t what = 0) { at(now_ + delay, actor, what); }
  /// Runs all events up to and including `end`; then it is `end`.
  void run_until(Time end);
  std::uint64_t count() const { return count_; }

 private:
  struct Event {
    Time when;
    std::uint64_t order;
    Actor* actor;
    std::uint64_t what;
    bool operator>(const Event& other) const { return when != other.when ? when > other.when : order > other.order; }
  };

  std::priority_queue<Event, std::vector<Event>, std::greater<>> queue_;
  Time now_ = 0;
  std::uint64_t count_ = 0;
  std::uint64_t order_ = 0;
};

}  // namespace vfpool::testbed

// SPDX-License-Identifier: Apache-2.0
// The one event loop of the simulation: time, timers, clocked parts, file descriptors. Single-threaded; everything
// in vfpool-sim runs on the thread that calls run().
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace vfpool {

/// Simulated time. Picoseconds, so that a 64-byte frame at 10 Gbit/s (67.2 ns) and a 4 ns clock are both exact.
using SimTime = std::chrono::duration<std::int64_t, std::pico>;

/// A part that advances by clock cycles (the Verilated bridge). Clocked only while it says that it is busy.
class Clocked {
 public:
  virtual ~Clocked() = default;
  /// True while a cycle can change anything. Must be cheap: it is asked every turn of the loop.
  virtual bool busy() const = 0;
  /// One clock cycle.
  virtual void cycle() = 0;
};

/// What time follows.
enum class TimeBase {
  kVirtual,  ///< Cycles of the clocked parts; jumps to the next timer when nothing is busy. Deterministic.
  kWall,     ///< The steady clock that guests see; clocked parts run as fast as needed.
};

class Scheduler {
 public:
  using Callback = std::function<void()>;
  using TimerId = std::uint64_t;  ///< 0 is never a live timer

  static constexpr SimTime kClockPeriod{4'000};  ///< 250 MHz

  using Clock = std::function<std::chrono::steady_clock::time_point()>;

  /// `clock`: what wall time is, for tests of the passing of time.
  explicit Scheduler(TimeBase base, Clock clock = std::chrono::steady_clock::now);
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  TimeBase base() const { return base_; }
  /// Since construction.
  SimTime now() const;
  /// The time in which this loop was running. A turn counts for a sixteenth of a millisecond at most beyond what it
  /// meant to sleep, and one that ended before its cycles were run, for a microsecond each: a process that was stopped,
  /// or got little of a processor, first looks at what has arrived meanwhile, runs the cycles that an answer takes, and
  /// blames nobody for its own absence. In virtual time the same as now().
  SimTime running() const;
  /// Cycles that clocked parts have run.
  std::uint64_t cycles() const { return cycles_; }

  /// Calls `fn` once when `when` is reached; timers due at the same time fire in the order they were set.
  TimerId at(SimTime when, Callback fn);
  TimerId after(SimTime delay, Callback fn) { return at(now() + delay, std::move(fn)); }
  /// For time-outs, which give up on somebody else's answer: like after(), by the clock of running().
  TimerId timeout_after(SimTime delay, Callback fn);
  /// A timer that has fired or was cancelled is ignored.
  void cancel(TimerId id);

  /// `part` must outlive the scheduler's last run.
  void add_clocked(Clocked& part);

  /// Calls `fn(events)` when poll(2) reports any of `events`, POLLERR or POLLHUP on `fd`. One watch a descriptor;
  /// the caller keeps the descriptor open until unwatch().
  void watch(int fd, short events, std::function<void(short revents)> fn);
  void unwatch(int fd);

  /// Runs until stop(). In virtual time it also returns when nothing is busy, no timer is set and nothing is watched.
  void run();
  /// Runs until `done()` holds (true) or nothing can happen any more, or `limit` of time has passed (false).
  bool run_until(const std::function<bool()>& done, SimTime limit);
  void stop() { stopped_ = true; }

  /// One line for every watch, timer and busy part: what the simulation is waiting for.
  std::string waiting_for() const;

 private:
  struct Watch {
    short events;
    std::function<void(short)> fn;
  };

  using Timers = std::map<std::pair<SimTime, TimerId>, Callback>;
  struct Place {
    Timers* timers;
    SimTime when;
  };

  TimerId add(Timers& timers, SimTime when, Callback fn);
  void fire(Timers& timers, SimTime limit);
  void count_turn();
  bool any_busy() const;
  void poll_descriptors(SimTime timeout);
  bool turn();
  bool work();
  void run_cycles();

  TimeBase base_;
  SimTime virtual_now_{0};
  Clock clock_;
  std::chrono::steady_clock::time_point start_;
  std::uint64_t cycles_ = 0;
  std::uint64_t next_id_ = 1;
  Timers timers_;    ///< by now()
  Timers timeouts_;  ///< by running(); in wall time only
  std::unordered_map<TimerId, Place> places_;
  SimTime running_{0};     ///< up to the beginning of this turn,
  SimTime turn_began_{0};  ///< which was then
  SimTime meant_sleep_{0};
  bool cut_turn_ = false;  ///< it ended before its cycles were run: those that were run count, not its time
  std::uint64_t turn_began_at_cycle_ = 0;
  std::vector<Clocked*> clocked_;
  std::unordered_map<int, std::shared_ptr<Watch>> watches_;
  bool stopped_ = false;
};

}  // namespace vfpool

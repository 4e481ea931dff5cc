// SPDX-License-Identifier: Apache-2.0
#include "core/scheduler.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <stdexcept>
#include <utility>
#include <vector>

namespace vfpool {
namespace {

using std::chrono::microseconds;
using std::chrono::nanoseconds;

struct BusyFor : Clocked {
  explicit BusyFor(int n) : left(n) {}
  bool busy() const override { return left > 0; }
  void cycle() override { --left; }
  int left;
};

TEST(Scheduler, VirtualTimeJumpsToTheNextTimer) {
  Scheduler s(TimeBase::kVirtual);
  std::vector<int> order;
  s.at(microseconds(5), [&] { order.push_back(2); });
  s.at(microseconds(1), [&] { order.push_back(1); });
  s.run();
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
  EXPECT_EQ(s.now(), SimTime(microseconds(5)));
}

TEST(Scheduler, TimersOfOneInstantFireInTheOrderTheyWereSet) {
  Scheduler s(TimeBase::kVirtual);
  std::vector<int> order;
  for (int i = 0; i < 4; ++i) s.at(microseconds(1), [&, i] { order.push_back(i); });
  s.run();
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3}));
}

TEST(Scheduler, CancelledTimerNeverFires) {
  Scheduler s(TimeBase::kVirtual);
  bool fired = false;
  const auto id = s.after(microseconds(1), [&] { fired = true; });
  s.after(nanoseconds(1), [&] { s.cancel(id); });
  s.run();
  EXPECT_FALSE(fired);
}

TEST(Scheduler, BusyPartsAdvanceVirtualTimeByClockPeriods) {
  Scheduler s(TimeBase::kVirtual);
  BusyFor part(10);
  s.add_clocked(part);
  SimTime at_timer{0};
  s.at(nanoseconds(20), [&] { at_timer = s.now(); });
  s.run();
  EXPECT_EQ(s.cycles(), 10u);
  EXPECT_EQ(at_timer, SimTime(nanoseconds(20)));
}

TEST(Scheduler, RunUntilGivesUpAtItsLimit) {
  Scheduler s(TimeBase::kVirtual);
  std::function<void()> again = [&] { s.after(microseconds(1), again); };
  again();
  EXPECT_FALSE(s.run_until([] { return false; }, microseconds(50)));
  EXPECT_TRUE(s.run_until([&] { return s.now() >= SimTime(microseconds(60)); }, microseconds(50)));
}

// A clock that a test moves; a part that is busy keeps the loop from sleeping by the real one.
struct FakeClock {
  std::chrono::steady_clock::time_point now{};
  Scheduler::Clock get() {
    return [this] { return now; };
  }
};
struct Ticking : Clocked {
  Ticking(FakeClock& c, SimTime each) : clock(c), step(std::chrono::duration_cast<nanoseconds>(each)) {}
  bool busy() const override { return true; }
  void cycle() override {
    ++cycles;
    if (cycles == stop_at) clock.now += std::exchange(stop_for, nanoseconds(0));
    clock.now += step;
  }
  FakeClock& clock;
  nanoseconds step, stop_for{0};
  std::uint64_t cycles = 0, stop_at = 0;
};

TEST(Scheduler, TimeoutsDoNotCountTheTimeInWhichTheProcessWasStopped) {
  FakeClock clock;
  Scheduler s(TimeBase::kWall, clock.get());
  Ticking part(clock, microseconds(2));
  s.add_clocked(part);
  part.stop_at = 1000;
  part.stop_for = std::chrono::milliseconds(150);
  SimTime timer{0}, timeout{0};
  s.after(std::chrono::milliseconds(50), [&] { timer = s.now(); });
  s.timeout_after(std::chrono::milliseconds(50), [&] { timeout = s.now(); });
  ASSERT_TRUE(s.run_until([&] { return timeout.count() != 0; }, std::chrono::seconds(1)));
  EXPECT_GE(timer, SimTime(std::chrono::milliseconds(150)));  // device time follows the wall clock
  EXPECT_LE(timer, SimTime(std::chrono::milliseconds(155)));
  EXPECT_GE(timeout, SimTime(std::chrono::milliseconds(199)));  // patience does not
  EXPECT_LE(timeout, SimTime(std::chrono::milliseconds(275)));
  EXPECT_GE(part.cycles, 24'000u);  // 50 ms of work have been done before anyone gave up
}

// Other programs on the machine take the processor away, never for long.
TEST(Scheduler, OnASlowMachineATimeoutWaitsForTheWorkThatAnAnswerTakes) {
  FakeClock clock;
  Scheduler s(TimeBase::kWall, clock.get());
  Ticking part(clock, microseconds(20));
  s.add_clocked(part);
  bool over = false;
  s.timeout_after(std::chrono::milliseconds(30), [&] { over = true; });
  ASSERT_TRUE(s.run_until([&] { return over; }, std::chrono::seconds(10)));
  EXPECT_GE(part.cycles, 30'000u);
}

// A guest's read waits in a socket while cycles are run for others.
TEST(Scheduler, WhatArrivesIsLookedAtAfterSomeCyclesOrAShortTimeWhateverCyclesCost) {
  const auto cycles_until_looked_at = [](SimTime each) {
    FakeClock clock;
    Scheduler s(TimeBase::kWall, clock.get());
    Ticking part(clock, each);
    s.add_clocked(part);
    int fds[2];
    if (pipe(fds) != 0 || write(fds[1], "x", 1) != 1) throw std::runtime_error("no pipe");
    std::uint64_t at = 0;
    s.watch(fds[0], POLLIN, [&](short) {
      at = part.cycles;
      s.stop();
    });
    s.run();
    close(fds[0]);
    close(fds[1]);
    return at;
  };
  EXPECT_EQ(cycles_until_looked_at(nanoseconds(100)), 64u);
  EXPECT_EQ(cycles_until_looked_at(microseconds(1)), 40u);
  EXPECT_EQ(cycles_until_looked_at(microseconds(4)), 12u);  // the clock is looked at after every fourth
  EXPECT_EQ(cycles_until_looked_at(microseconds(100)), 4u);
}

TEST(Scheduler, WhatHasArrivedIsLookedAtBeforeATimeoutEnds) {
  FakeClock clock;
  Scheduler s(TimeBase::kWall, clock.get());
  int fds[2];
  ASSERT_EQ(pipe(fds), 0);
  bool answered = false, gave_up = false;
  const auto id = s.timeout_after(microseconds(500), [&] {
    gave_up = true;
    s.stop();
  });
  s.watch(fds[0], POLLIN, [&](short) {
    answered = true;
    s.cancel(id);
    s.stop();
  });
  clock.now += std::chrono::seconds(10);  // stopped for long, and the answer is there
  ASSERT_EQ(write(fds[1], "x", 1), 1);
  s.run();
  EXPECT_TRUE(answered);
  EXPECT_FALSE(gave_up);
  s.unwatch(fds[0]);
  close(fds[0]);
  close(fds[1]);
}

TEST(Scheduler, TimeoutEndsWhenNothingElseHappens) {
  Scheduler s(TimeBase::kWall);
  bool over = false;
  s.timeout_after(std::chrono::milliseconds(2), [&] { over = true; });
  EXPECT_TRUE(s.run_until([&] { return over; }, std::chrono::seconds(10)));
  s.cancel(s.timeout_after(std::chrono::milliseconds(2), [&] { over = false; }));
  s.run_until([&] { return !over; }, std::chrono::milliseconds(10));
  EXPECT_TRUE(over);
}

TEST(Scheduler, InVirtualTimeATimeoutIsATimer) {
  Scheduler s(TimeBase::kVirtual);
  std::vector<int> order;
  s.timeout_after(microseconds(2), [&] { order.push_back(2); });
  s.after(microseconds(1), [&] { order.push_back(1); });
  s.after(microseconds(3), [&] { order.push_back(3); });
  s.run();
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
}

TEST(Scheduler, DescriptorCallbackMayUnwatchItself) {
  Scheduler s(TimeBase::kWall);
  int fds[2];
  ASSERT_EQ(pipe(fds), 0);
  int calls = 0;
  s.watch(fds[0], POLLIN, [&](short) {
    ++calls;
    s.unwatch(fds[0]);
    s.stop();
  });
  ASSERT_EQ(write(fds[1], "x", 1), 1);
  s.run();
  EXPECT_EQ(calls, 1);
  close(fds[0]);
  close(fds[1]);
}

}  // namespace
}  // namespace vfpool

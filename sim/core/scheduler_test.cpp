// SPDX-License-Identifier: Apache-2.0
#include "core/scheduler.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

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

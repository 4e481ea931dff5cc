// SPDX-License-Identifier: Apache-2.0
#include "run.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

#include "fake_port.hpp"

namespace vfpool::trafgen {
namespace {

using std::chrono::milliseconds;

class RunTest : public testing::Test {
 protected:
  RunResult run(const RunPlan& plan, std::vector<Stream> streams = {Stream{}}) {
    if (!session) session.emplace(std::move(streams), 1e10, &port, &port, clock);
    return session->run(plan, {}, stop);
  }
  static RunPlan plan_of(Nanoseconds length) {
    RunPlan plan;
    plan.course.length = length;
    return plan;
  }

  FakePort port;
  Nanoseconds now{0};
  Nanoseconds step = std::chrono::microseconds(1);
  Session::Clock clock = [this] { return now += step; };  // each look at the clock takes its time
  Stops stop = 0;
  std::optional<Session> session;
};

TEST_F(RunTest, WhatIsSentArrives) {
  RunPlan plan = plan_of(milliseconds(10));
  const RunResult r = run(plan);
  EXPECT_GT(r.sent(), 1000U);
  EXPECT_EQ(r.received(), r.sent());
  EXPECT_EQ(r.loss(), 0);
  EXPECT_EQ(r.receiver->frames(), r.sent());
}

TEST_F(RunTest, EndsAfterSoManyFramesOfEachStream) {
  RunPlan plan = plan_of(milliseconds(1000));
  plan.frames = 77;
  const RunResult r = run(plan, {Stream{}, Stream{}});
  EXPECT_EQ(r.streams[0].sent, 77U);
  EXPECT_EQ(r.streams[1].sent, 77U);
  EXPECT_EQ(r.received(), 154U);
}

TEST_F(RunTest, SendsNoMoreThanSoManyWhenTheLastOneIsLostOrHeldBackOnPurpose) {
  for (const char* faults : {"lose=50", "late=50,distance=4", "duplicate=50"}) {
    session.reset();
    RunPlan plan = plan_of(milliseconds(1000));
    plan.frames = 100;
    plan.faults = parse_faults(faults);
    const RunResult r = run(plan);
    EXPECT_EQ(r.streams[0].sent, 100U) << faults;
    EXPECT_EQ(r.received() + r.streams[0].planted_lost, 100U) << faults;
  }
}

TEST_F(RunTest, HoldsTheRate) {
  Stream s;
  s.rate = parse_rate("100 kpps");
  const RunResult r = run(plan_of(milliseconds(100)), {s});
  EXPECT_NEAR(static_cast<double>(r.sent()), 10'000, 2);
  EXPECT_NEAR(r.wanted, 10'000, 2);
  EXPECT_EQ(r.streams[0].missed, 0U);
}

TEST_F(RunTest, APortThatIsTooSlowShowsInWhatWasSentAndNotAsLoss) {
  Stream s;
  s.rate = parse_rate("10 Mpps");
  port.takes = 1;
  const RunResult r = run(plan_of(milliseconds(10)), {s});
  EXPECT_LT(static_cast<double>(r.sent()), 0.9 * r.wanted);
  EXPECT_EQ(r.loss(), 0);
}

TEST_F(RunTest, WhatThePortNeverTookWasNotSent) {
  port.takes = 0;
  const RunResult r = run(plan_of(milliseconds(1)));
  EXPECT_EQ(r.sent(), 0U);
  EXPECT_EQ(r.loss(), 0);
  port.takes = 1000;
  const RunResult again = run(plan_of(milliseconds(1)));
  EXPECT_EQ(again.received(), again.sent());
}

TEST_F(RunTest, FindsExactlyThePlantedFaults) {
  RunPlan plan = plan_of(milliseconds(10));
  plan.faults = parse_faults("lose=100,duplicate=70,late=41,distance=4");
  const RunResult r = run(plan);
  const auto& a = r.receiver->streams()[0].arrivals;
  EXPECT_GT(r.streams[0].planted_lost, 10U);
  EXPECT_EQ(r.lost(0), r.streams[0].planted_lost);
  EXPECT_EQ(a.duplicates(), r.streams[0].planted_duplicates);
  EXPECT_EQ(a.reordered(), r.streams[0].planted_late);
  EXPECT_GE(a.extents().max(), 4U);
}

TEST_F(RunTest, LeftoversOfOneRunAreStrangersToTheNext) {
  RunPlan plan = plan_of(milliseconds(1));
  plan.frames = 5;
  run(plan);
  // Two frames of the first run come once more.
  const FrameMaker maker(Stream{}, 0);
  for (const std::uint64_t sequence : {3, 4}) {
    port.cable.emplace_back(maker.bytes(sequence));
    maker.make(sequence, 1, port.cable.back().data());
  }
  const RunResult r = run(plan);
  EXPECT_EQ(r.received(), 5U);
  EXPECT_EQ(r.receiver->streams()[0].arrivals.stray(), 2U);
}

TEST_F(RunTest, WhatAnotherProcessLeftBehindIsNotCountedForOnesOwn) {
  now = milliseconds(5);
  const FrameMaker maker(Stream{}, 0);
  for (const std::uint64_t sequence : {0, 1, 2}) {
    port.cable.emplace_back(maker.bytes(sequence));
    maker.make(sequence, 1, port.cable.back().data());
  }
  RunPlan plan = plan_of(milliseconds(1));
  plan.frames = 5;
  const RunResult r = run(plan);
  EXPECT_EQ(r.received(), 5U);
  EXPECT_EQ(r.receiver->streams()[0].arrivals.duplicates(), 0U);
  EXPECT_EQ(r.receiver->streams()[0].arrivals.stray(), 3U);
}

// A neighbour that never stops talking, and a loop in the network that brings everything again for ever.
TEST_F(RunTest, EndsBesidePeersThatNeverFallSilent) {
  RunPlan plan = plan_of(milliseconds(1));
  plan.frames = 5;
  port.always = [&] {
    std::vector<std::uint8_t> frame(60);
    if (++port.given % 2 == 0) FrameMaker(Stream{}, 0).make(3, static_cast<std::uint64_t>(now.count()), frame.data());
    return frame;
  };
  const RunResult r = run(plan);
  EXPECT_EQ(r.received(), 5U);
  EXPECT_GT(r.receiver->foreign(), 1000U);
  EXPECT_GT(r.receiver->streams()[0].arrivals.duplicates(), 1000U);
}

TEST_F(RunTest, AfterAnInterruptionWhatIsOnItsWayStillArrives) {
  RunPlan plan = plan_of(milliseconds(1000));
  plan.report = milliseconds(1);
  port.holds = 500;
  session.emplace(std::vector<Stream>{Stream{}}, 1e10, &port, &port, clock);
  const RunResult r = session->run(plan, [this](const Interval&) { stop = 1; }, stop);
  EXPECT_TRUE(r.interrupted);
  EXPECT_LT(r.seconds, 0.1);
  EXPECT_GT(r.sent(), 500U);
  EXPECT_EQ(r.received(), r.sent());
}

TEST_F(RunTest, ASecondInterruptionEndsTheWait) {
  RunPlan plan = plan_of(milliseconds(1000));
  plan.report = milliseconds(1);
  plan.drain = std::chrono::hours(1);
  session.emplace(std::vector<Stream>{Stream{}}, 1e10, &port, nullptr, clock);
  const RunResult r = session->run(plan, [this](const Interval&) { stop = 2; }, stop);
  EXPECT_TRUE(r.interrupted);
  EXPECT_LT(now, std::chrono::seconds(1));
}

TEST_F(RunTest, ARampSendsLessAtFirst) {
  Stream s;
  s.rate = parse_rate("1 Mpps");
  RunPlan plan = plan_of(milliseconds(100));
  plan.course = {Course::Kind::kRamp, {0, 1}, milliseconds(100)};
  plan.report = milliseconds(10);
  const RunResult r = run(plan, {s});
  ASSERT_GE(r.intervals.size(), 10U);
  EXPECT_NEAR(static_cast<double>(r.sent()), 50'000, 100);
  EXPECT_LT(r.intervals[0].sent, r.intervals[8].sent / 5);
}

TEST(FaultsTest, RefusesWhatItDoesNotKnow) {
  for (const char* text : {"lose", "lose=", "lose=1", "lose=0", "lose=x", "break=5", "distance=1001", "lose=5 ", "=5"})
    EXPECT_THROW(parse_faults(text), std::invalid_argument) << text;
  EXPECT_EQ(parse_faults("late=9,distance=2").late, 9U);
}

}  // namespace
}  // namespace vfpool::trafgen

// SPDX-License-Identifier: Apache-2.0
// AIR in the loop with the paper's model of a VF: P = min{ load, ring * I, (C - Cint I) / Cpkt }, equation (3) with the
// ring as the most that one interrupt can find.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "pure_c.hpp"

namespace vfpool::airvf {
namespace {

constexpr airvf_cost kCost{.c = 2270000000, .cpkt = 4000, .cint = 7000};
// So many decisions after a step of the load the register rests, ...
constexpr int kConverged = 12;
// ... and so many later what AIR tries with it has been judged.
constexpr int kLearnt = 5 * (AIRVF_LEARN_BEFORE + AIRVF_LEARN_AFTER + 1);

// The driver's defaults.
airvf_air_param AsShipped() {
  return {.cost = {},
          .k = AIRVF_AIR_K,
          .offset = AIRVF_AIR_OFFSET,
          .threshold = AIRVF_AIR_THRESHOLD,
          .latency_us = AIRVF_AIR_LATENCY_US,
          .fast = true};
}

class Loop {
 public:
  Loop(bool fast, uint32_t k, uint32_t ring, uint32_t size, uint32_t latency_us = AIRVF_AIR_LATENCY_US)
      : ring_(ring), size_(size) {
    air_.param = AsShipped();
    air_.param.k = k;
    air_.param.latency_us = latency_us;
    air_.param.fast = fast;
    airvf_air_init(&air_, &kCost, 24);
  }
  Loop(const airvf_air& air, uint32_t ring, uint32_t size) : air_(air), ring_(ring), size_(size) {}

  // One interval at an offered load of pps packets per second.
  void Interval(double pps) {
    const double rate = airvf_steps_to_rate(air_.steps);
    const double cpu = std::max(0.0, (static_cast<double>(kCost.c) - kCost.cint * rate) / kCost.cpkt);
    const double served = std::min({pps, ring_ * rate, cpu});
    const double interrupts = std::clamp(served, 1.0, rate);
    const double seconds = std::max(0.001, 64 / interrupts);
    const airvf_load load{.ns = static_cast<uint64_t>(seconds * 1e9),
                          .packets = static_cast<uint64_t>(std::llround(served * seconds)),
                          .bytes = static_cast<uint64_t>(std::llround(served * seconds)) * size_,
                          .events = static_cast<uint32_t>(std::llround(interrupts * seconds)),
                          .dry = pps > ring_ * rate ? 1U : 0U};
    for (int i = 0; i < 64; ++i) {
      if (airvf_air_poll(&air_, static_cast<uint32_t>(served / interrupts))) break;
    }
    writes_ += airvf_air_decide(&air_, &load, &decision_) ? 1 : 0;
    served_ = served;
  }

  uint32_t steps() const { return air_.steps; }
  uint32_t ceiling() const { return decision_.ceiling; }
  double served() const { return served_; }
  const airvf_air& air() const { return air_; }
  int writes() const { return writes_; }

 private:
  airvf_air air_{};
  airvf_decision decision_{};
  double ring_;
  uint32_t size_;
  double served_ = 0;
  int writes_ = 0;
};

class Loads : public testing::TestWithParam<bool> {};

TEST_P(Loads, RestAfterAStepWithinThePromisedIntervals) {
  const double loads[] = {0, 100, 3000, 7000, 20000, 60000, 150000, 400000, 800000};
  for (const uint32_t k : {4u, 16u, 64u}) {
    for (const double from : loads) {
      for (const double to : loads) {
        Loop loop(GetParam(), k, 512, 1500);
        for (int i = 0; i < 50; ++i) loop.Interval(from);
        for (int i = 0; i < kConverged + (GetParam() ? kLearnt : 0); ++i) loop.Interval(to);
        const int writes = loop.writes();
        for (int i = 0; i < 200; ++i) loop.Interval(to);
        EXPECT_EQ(loop.writes(), writes) << "k " << k << ", " << from << " -> " << to << " packets/s";
      }
    }
  }
}

// Not promised by Algorithm 1, whose threshold is less than a step at high rates.
TEST(AirLoop, LoadsDoNotTrembleUnderNoise) {
  auto random = Random();
  for (const double load : {1000.0, 10000.0, 50000.0, 200000.0, 450000.0}) {
    Loop loop(true, 16, 512, 1500);
    std::uniform_real_distribution<double> noise(0.98, 1.02);
    for (int i = 0; i < kConverged + kLearnt; ++i) loop.Interval(load * noise(random));
    const int before = loop.writes();
    uint32_t low = loop.steps(), high = loop.steps();
    for (int i = 0; i < 500; ++i) {
      loop.Interval(load * noise(random));
      low = std::min(low, loop.steps());
      high = std::max(high, loop.steps());
    }
    EXPECT_LE(loop.writes() - before, 25) << load << ": more than one write in twenty intervals";
    // Two per cent of the load may be worth one step, or two per cent of the interval, not more.
    EXPECT_LE(high - low, std::max(2u, high / 20)) << load;
  }
}

INSTANTIATE_TEST_SUITE_P(FastPath, Loads, testing::Bool(),
                         [](const auto& given) { return given.param ? "On" : "Off"; });

TEST(AirLoop, TheOffsetLetsThroughputGrowOutOfASmallRing) {
  // A ring of 32 packets at the slowest rate passes 30k packets/s; the load is ten times that.
  Loop loop(false, 32, 32, 1500);
  for (int i = 0; i < 50; ++i) loop.Interval(0);
  for (int i = 0; i < kConverged + 20; ++i) loop.Interval(300000);
  EXPECT_NEAR(loop.served(), 300000, 3000);
}

TEST(AirLoop, HoldsTheServedLoadAtItsPeakWhereFixedHighRatesFall) {
  Loop loop(false, 16, 512, 1500);
  for (int i = 0; i < 100; ++i) loop.Interval(812743);  // line rate, more than the core can do
  const double peak = 2270000000.0 / (4000 * 16 + 7000) * 16;
  EXPECT_GE(loop.served(), peak * 0.98);
  const double fixed = (2270000000.0 - 7000.0 * 100000) / 4000;  // 100000 interrupts/s
  EXPECT_GT(loop.served(), fixed * 1.25);
}

TEST(AirLoop, TheFastPathGivesALightLoadTheLowestLatency) {
  Loop fast(true, 16, 512, 100), plain(false, 16, 512, 100);
  for (int i = 0; i < 50; ++i) {
    fast.Interval(1000);
    plain.Interval(1000);
  }
  EXPECT_LE(airvf_steps_to_rate(fast.steps()), fast.ceiling());
  EXPECT_EQ(fast.steps(), 3u);
  EXPECT_GT(plain.steps(), 200u);
}

TEST(AirLoop, TheFastPathLetsGoWhenTheLoadIsNoLongerLight) {
  Loop loop(true, 16, 512, 100);
  for (int i = 0; i < 50; ++i) loop.Interval(1000);
  ASSERT_EQ(loop.steps(), 3u);
  for (int i = 0; i < kConverged + kLearnt; ++i) loop.Interval(60000);
  EXPECT_NEAR(airvf_steps_to_rate(loop.steps()), 60000 / 16 + AIRVF_AIR_OFFSET, AIRVF_AIR_THRESHOLD);
}

// A flow that waits for each answer: every interrupt finds one packet sent and one received, and none comes before the
// answer does. Only time in the loop, no load that is offered whatever the rate.
class RequestResponse {
 public:
  explicit RequestResponse(double round_trip_us) : round_trip_us_(round_trip_us) {
    air_.param = AsShipped();
    airvf_air_init(&air_, &kCost, 24);
  }
  // Mean and longest round trip of so much time, in microseconds.
  std::pair<double, double> Run(double us) {
    double sum = 0, longest = 0;
    int n = 0;
    for (double left = us; left > 0; ++n) {
      const double trip = std::max(round_trip_us_, air_.steps * AIRVF_STEP_NS / 1000.0);
      left -= trip;
      sum += trip;
      longest = std::max(longest, trip);
      Poll(trip);
    }
    return {sum / n, longest};
  }
  const airvf_air& air() const { return air_; }

 private:
  void Poll(double elapsed_us) {
    load_.ns += static_cast<uint64_t>(elapsed_us * 1000);
    load_.packets += 2;
    load_.bytes += 200;
    ++load_.events;
    bool due = airvf_air_poll(&air_, 2);
    due |= load_.ns >= 4000000 && (load_.events >= 16 || load_.ns >= 100000000);
    if (!due) return;
    airvf_decision decision{};
    airvf_air_decide(&air_, &load_, &decision);
    load_ = {};
  }

  airvf_air air_{};
  airvf_load load_{};
  double round_trip_us_;
};

TEST(AirLoop, AFlowThatWaitsForEachAnswerKeepsItsLatency) {
  for (const double us : {10.0, 20.0, 50.0, 100.0, 300.0, 1000.0}) {
    RequestResponse flow(us);
    flow.Run(1e6);
    const auto [mean, longest] = flow.Run(10e6);
    EXPECT_LT(mean, us * 1.02) << us;
    EXPECT_LE(longest, AIRVF_STEPS_MAX * AIRVF_STEP_NS / 1000.0) << us;
  }
}

TEST(AirLoop, LoadThatIsTwiceARequestResponseFlowIsMergedAtOnce) {
  RequestResponse flow(50);
  flow.Run(10e6);
  ASSERT_GT(flow.air().waits, 64u) << "the flow was tried often enough";
  Loop loop(flow.air(), 512, 100);
  for (int i = 0; i < kConverged; ++i) loop.Interval(100000);
  EXPECT_LE(airvf_steps_to_rate(loop.steps()), 100000 / 16 + AIRVF_AIR_OFFSET + AIRVF_AIR_THRESHOLD);
}

// A flow whose sender has a window of packets on the way and waits for their acknowledgements, which go when an
// interrupt finds the packets; all of it costs what the CPU has for it, of which calibration sees a part.
class WindowFlow {
 public:
  WindowFlow(double window, double unseen) : window_(window), unseen_(unseen) {
    air_.param = AsShipped();
    airvf_air_init(&air_, &kCost, 24);
  }
  // Packets/s where interrupts come so many times a second, if the CPU does not end it.
  double Served(double rate) const {
    return std::min(window_ / (kRoundTrip + 1 / rate), (static_cast<double>(kCost.c) - CintOf() * rate) / kCost.cpkt);
  }
  double Best() const {
    double best = 0;
    for (uint32_t steps = 1; steps <= AIRVF_STEPS_MAX; ++steps)
      best = std::max(best, Served(airvf_steps_to_rate(steps)));
    return best;
  }
  // Packets/s, mean of so many decisions.
  double Run(int decisions) {
    double sum = 0;
    for (int i = 0; i < decisions; ++i) {
      const double asked = airvf_steps_to_rate(air_.steps), pps = Served(Rate(asked));
      sum += pps;
      const airvf_load load{.ns = 4000000,
                            .packets = static_cast<uint64_t>(pps * 0.004),
                            .bytes = static_cast<uint64_t>(pps * 0.004) * 1500,
                            .events = static_cast<uint32_t>(Rate(asked) * 0.004)};
      airvf_decision decision{};
      airvf_air_decide(&air_, &load, &decision);
    }
    return sum / decisions;
  }
  airvf_air& air() { return air_; }
  void set_window(double packets) { window_ = packets; }

 private:
  static constexpr double kRoundTrip = 40e-6;
  double CintOf() const { return kCost.cint * unseen_; }
  // A CPU that is full takes interrupts later than the register allows: a quarter of what is asked is lost.
  double Rate(double asked) const {
    const double wanted = window_ / (kRoundTrip + 1 / asked);
    return wanted * kCost.cpkt + asked * CintOf() > static_cast<double>(kCost.c) ? asked * 3 / 4 : asked;
  }

  airvf_air air_{};
  double window_, unseen_;
};

TEST(AirLoop, AFlowThatWaitsForItsWindowGetsTheRateThatMovesMost) {
  for (const double window : {10.0, 15.0, 20.0}) {
    WindowFlow flow(window, 1);
    flow.Run(30);
    EXPECT_GT(flow.Run(200), 0.9 * flow.Best()) << window;
    EXPECT_LT(flow.air().k, flow.air().param.k) << window;
  }
}

TEST(AirLoop, AFullCoreTakesFewerInterrupts) {
  for (const uint32_t latency : {0U, static_cast<uint32_t>(AIRVF_AIR_LATENCY_US)}) {
    WindowFlow flow(1000, 6);
    flow.air().param.latency_us = latency;
    const double first = flow.Run(1);
    flow.Run(kLearnt);
    EXPECT_GT(flow.Run(200), first * 1.1) << latency;
    // Whether more packets than k are found or the bound is the reason.
    EXPECT_EQ(flow.air().k > flow.air().param.k, latency == 0) << latency;
    EXPECT_EQ(flow.air().enough, latency != 0) << latency;
  }
}

TEST(AirLoop, WithAlgorithmOneAloneKIsFixed) {
  for (const double window : {15.0, 1000.0}) {
    WindowFlow flow(window, 6);
    flow.air().param.fast = false;
    for (int i = 0; i < 200; ++i) {
      flow.Run(1);
      ASSERT_EQ(flow.air().k, flow.air().param.k);
    }
  }
}

TEST(AirLoop, ALearntKIsForgottenAfterAWhile) {
  WindowFlow flow(20, 1);
  flow.Run(100);
  ASSERT_LT(flow.air().k, flow.air().param.k);
  // The same packets now come whatever the rate.
  Loop loop(flow.air(), 512, 1500);
  for (int i = 0; i < AIRVF_LEARN_WAITS + kConverged + kLearnt; ++i) loop.Interval(300000);
  EXPECT_EQ(loop.air().k, AIRVF_AIR_K);
}

TEST(AirLoop, InterruptsThatOnlySaveTimeAreSparedBeyondTheLatencyAskedFor) {
  for (const uint32_t latency : {50U, 150U, 400U}) {
    Loop loop(true, 16, 512, 256, latency);
    for (int i = 0; i < kConverged + kLearnt; ++i) loop.Interval(300000);
    // No interrupt finds more than a poll's budget, either.
    const double enough = std::max(1e6 / latency, 300000.0 / 64);
    EXPECT_NEAR(airvf_steps_to_rate(loop.steps()), enough, enough / 50) << latency;
    EXPECT_EQ(loop.served(), 300000) << latency;
  }
  Loop unbound(true, 16, 512, 256, 0);
  for (int i = 0; i < kConverged + kLearnt; ++i) unbound.Interval(300000);
  EXPECT_NEAR(airvf_steps_to_rate(unbound.steps()), 300000 / 16 + AIRVF_AIR_OFFSET, 1000);
}

TEST(AirLoop, ARingThatIsUsedUpEndsATrialOfFewerInterruptsAtOnce) {
  // A little of the load is lost at the bound, less than a trial would mind.
  Loop loop(true, 16, 64, 256);
  for (int i = 0; i < kConverged + kLearnt; ++i) loop.Interval(420000);
  ASSERT_TRUE(loop.air().enough) << "430 000 packets are what the ring passes";
  const uint32_t bound = loop.steps();
  loop.Interval(440000);
  EXPECT_FALSE(loop.air().enough);
  EXPECT_LT(loop.steps(), bound);
  for (int i = 0; i < kConverged + kLearnt; ++i) loop.Interval(440000);
  EXPECT_FALSE(loop.air().enough) << "not tried again";
  EXPECT_EQ(loop.served(), 440000);
}

TEST(AirLoop, ARingTooSmallForTheLatencyAskedForGetsMoreInterrupts) {
  // 64 packets an interrupt at most: the bound's 6666 a second would take 426 000 of 600 000.
  Loop loop(true, 16, 64, 256);
  for (int i = 0; i < kConverged + kLearnt; ++i) loop.Interval(500000);
  EXPECT_GT(loop.served(), 0.98 * 500000);
}

// Bursts of packets, each for some time; interrupts follow each other in it as the register allows.
class Bursts {
 public:
  Bursts(double a_second, double packets, double lasts_us) : a_second_(a_second), packets_(packets), lasts_(lasts_us) {
    air_.param = AsShipped();
    airvf_air_init(&air_, &kCost, 24);
  }
  // Interrupts a burst: at its first packet, one an interval while it lasts, and one for what came since.
  double Interrupts() const {
    const double interval = air_.steps * AIRVF_STEP_NS / 1000.0;
    return std::min(packets_, 1 + std::floor(lasts_ / interval) + 1);
  }
  void Run(int decisions) {
    for (int i = 0; i < decisions; ++i) {
      const double seconds = std::max(0.004, 16 / (a_second_ * Interrupts()));
      const auto packets = static_cast<uint64_t>(a_second_ * packets_ * seconds);
      const airvf_load load{.ns = static_cast<uint64_t>(seconds * 1e9),
                            .packets = packets,
                            .bytes = packets * 256,
                            .events = static_cast<uint32_t>(a_second_ * Interrupts() * seconds)};
      airvf_air_decide(&air_, &load, &decision_);
    }
  }
  void set_rate(double a_second) { a_second_ = a_second; }
  const airvf_decision& decision() const { return decision_; }
  const airvf_air& air() const { return air_; }

 private:
  airvf_air air_{};
  airvf_decision decision_{};
  double a_second_, packets_, lasts_;
};

TEST(AirLoop, WhatComesBehindABurstsFirstPacketIsNotHeldBack) {
  for (const double a_second : {60.0, 300.0, 1250.0}) {
    Bursts bursts(a_second, 32, 3);
    bursts.Run(kConverged + 3);
    EXPECT_TRUE(bursts.air().at_once) << a_second;
    EXPECT_LT(bursts.air().steps, 8u) << a_second;
    const double interrupts = bursts.Interrupts();
    EXPECT_LE(interrupts, 3) << a_second;
  }
}

TEST(AirLoop, BurstsThatWouldTakeManyInterruptsKeepTheirInterval) {
  Bursts slow(300, 64, 400);
  slow.Run(kConverged + kLearnt);
  EXPECT_FALSE(slow.air().at_once);
  EXPECT_GT(slow.air().steps, 24u);
}

TEST(AirLoop, BurstsThatRunTogetherGetAnIntervalAgain) {
  Bursts bursts(300, 32, 3);
  bursts.Run(kConverged + 3);
  ASSERT_TRUE(bursts.air().at_once);
  // As many packets, now one by one.
  Loop loop(bursts.air(), 512, 256);
  for (int i = 0; i < kConverged + kLearnt; ++i) loop.Interval(300 * 32);
  EXPECT_FALSE(loop.air().at_once);
}

}  // namespace
}  // namespace vfpool::airvf

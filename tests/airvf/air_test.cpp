// SPDX-License-Identifier: Apache-2.0
// AIR against the paper's equations and cases worked out by hand.
#include <gtest/gtest.h>

#include <algorithm>

#include "pure_c.hpp"

namespace vfpool::airvf {
namespace {

// A core of the paper's testbed: 2.27 GHz; costs of the order that a core saturating at 5.6 Gbit/s implies.
constexpr airvf_cost kPaper{.c = 2270000000, .cpkt = 4000, .cint = 7000};

airvf_air Air(const airvf_air_param& param, uint32_t steps) {
  airvf_air air{};
  air.param = param;
  airvf_air_init(&air, &kPaper, steps);
  return air;
}

airvf_air_param Param(uint32_t k, uint32_t offset, uint32_t threshold) {
  return {.cost = {}, .k = k, .offset = offset, .threshold = threshold, .fast = false};
}

TEST(AirEquations, CeilingIsCyclesOverCostOfOneInterrupt) {
  EXPECT_EQ(airvf_air_ceiling(&kPaper, 10), 48297u);  // 2.27e9 / (40000 + 7000)
  EXPECT_EQ(airvf_air_ceiling(&kPaper, 64), 8631u);   // 2.27e9 / 263000
}

TEST(AirEquations, CeilingSurvivesZeroAndHugeCosts) {
  const airvf_cost nothing{};
  EXPECT_EQ(airvf_air_ceiling(&nothing, 16), static_cast<uint32_t>(AIRVF_RATE_MAX));
  const airvf_cost huge{.c = 1, .cpkt = UINT32_MAX, .cint = UINT32_MAX};
  EXPECT_EQ(airvf_air_ceiling(&huge, UINT32_MAX), 0u);
  const airvf_cost fast{.c = UINT64_MAX, .cpkt = 1, .cint = 1};
  EXPECT_EQ(airvf_air_ceiling(&fast, 1), static_cast<uint32_t>(AIRVF_RATE_MAX));
}

TEST(AirEquations, NeededRateIsBandwidthOverBytesPerInterrupt) {
  // 10 Gbit/s in 1500-byte packets, 16 an interrupt: 1.25e9 / 24000.
  EXPECT_EQ(airvf_air_needed(1250000000, 16, 1500), 52083u);
  EXPECT_EQ(airvf_air_needed(1000, 0, 0), 1000u);
  EXPECT_EQ(airvf_air_needed(UINT64_MAX, 1, 1), UINT32_MAX);
}

TEST(AirEquations, CyclesNeededForAThroughput) {
  // (4000 * 10 + 7000) / 10 * 100000 packets/s
  EXPECT_EQ(airvf_air_cycles(&kPaper, 10, 1000, 100000000), 470000000u);
  EXPECT_EQ(airvf_air_cycles(&kPaper, 0, 1000, 100000000), 0u);
  EXPECT_EQ(airvf_air_cycles(&kPaper, 10, 0, UINT64_MAX), UINT64_MAX);
}

// (3), (7): what a core delivers at rate I. The ceiling must be the best of all rates, or (5) is coded wrong.
double Throughput(const airvf_cost& cost, double k, double size, double rate) {
  const double cpu = (static_cast<double>(cost.c) - cost.cint * rate) / cost.cpkt;
  return std::max(0.0, std::min(k * rate, cpu)) * size;
}

TEST(AirEquations, CeilingGivesTheGreatestThroughputOfAllRates) {
  auto random = Random();
  for (int i = 0; i < 2000; ++i) {
    const airvf_cost cost{.c = 500000000 + random() % 4000000000,
                          .cpkt = static_cast<uint32_t>(500 + random() % 20000),
                          .cint = static_cast<uint32_t>(500 + random() % 100000)};
    const uint32_t k = static_cast<uint32_t>(1 + random() % 512);
    const uint32_t ceiling = airvf_air_ceiling(&cost, k);
    if (ceiling == AIRVF_RATE_MAX) continue;  // limited by the register, not by (5)
    const double best = Throughput(cost, k, 1000, ceiling);
    for (uint32_t rate = AIRVF_RATE_MIN; rate < 200000; rate += 37)
      // The integer ceiling is at most one interrupt away from the real one.
      ASSERT_LE(Throughput(cost, k, 1000, rate), best + k * 1000.0) << "rate " << rate << " ceiling " << ceiling;
  }
}

TEST(AirRate, AddsTheOffset) {
  const auto param = Param(16, 2000, 0);
  EXPECT_EQ(airvf_air_rate(&param, &kPaper, 240000000, 1500), 12000u);  // 160000 / 16 + 2000
}

TEST(AirRate, IsCutAtTheCeiling) {
  const auto param = Param(16, 2000, 0);
  EXPECT_EQ(airvf_air_rate(&param, &kPaper, 1250000000, 1500), 31971u);  // 2.27e9 / 71000
}

TEST(AirRate, IsNeverBelowTheHardwaresFloorEvenUnderALowerCeiling) {
  const auto param = Param(16, 0, 0);
  EXPECT_EQ(airvf_air_rate(&param, &kPaper, 0, 0), static_cast<uint32_t>(AIRVF_RATE_MIN));
  const airvf_cost slow{.c = 1000, .cpkt = 4000, .cint = 7000};
  EXPECT_EQ(airvf_air_rate(&param, &slow, 1250000000, 64), static_cast<uint32_t>(AIRVF_RATE_MIN));
}

TEST(AirDecide, WritesTheStepsOfTheWantedRate) {
  auto air = Air(Param(16, 2000, 500), 24);
  const airvf_load load{.ns = 10000000, .packets = 1600, .bytes = 2400000, .events = 100};
  airvf_decision decision{};
  EXPECT_TRUE(airvf_air_decide(&air, &load, &decision));
  EXPECT_EQ(decision.needed, 10000u);
  EXPECT_EQ(decision.rate, 12000u);
  EXPECT_EQ(decision.ceiling, 31971u);
  EXPECT_EQ(decision.old_steps, 24u);
  EXPECT_EQ(decision.new_steps, 41u);  // 1e9 / (12000 * 2048) = 40.7
  EXPECT_EQ(decision.reason, AIRVF_NEEDED);
  EXPECT_EQ(air.steps, 41u);
  EXPECT_FALSE(airvf_air_decide(&air, &load, &decision)) << "the same load again is no reason to write";
  EXPECT_EQ(decision.reason, AIRVF_KEEP);
}

TEST(AirDecide, KeepsTheRegisterBelowTheThreshold) {
  // 41 steps are 11909/s; 12000 + 16 * 250 packets/s more is 250/s more.
  auto air = Air(Param(16, 2000, 1000), 41);
  const airvf_load load{.ns = 100000000, .packets = 17500, .bytes = 26250000, .events = 1000};
  airvf_decision decision{};
  EXPECT_FALSE(airvf_air_decide(&air, &load, &decision));
  EXPECT_EQ(decision.rate, 12937u);
  EXPECT_EQ(decision.new_steps, 41u);
  air.param.threshold = 500;
  EXPECT_TRUE(airvf_air_decide(&air, &load, &decision));
  EXPECT_EQ(decision.new_steps, 38u);
}

// With air_fast 0 the paper's Algorithm 1 and nothing else. k 10, S 1000, offset 1000; the ceiling is 48297/s.
airvf_load Second(uint64_t packets) {
  return {.ns = 1000000000, .packets = packets, .bytes = packets * 1000, .events = 1000};
}

TEST(AlgorithmOne, KnowsTheLastIntervalOnly) {
  auto air = Air(Param(10, 1000, 0), 100);
  airvf_decision decision{};
  auto load = Second(100000);  // 1e8 / (10 * 1000) + 1000
  airvf_air_decide(&air, &load, &decision);
  EXPECT_EQ(decision.rate, 11000u);
  EXPECT_EQ(air.steps, 44u);  // 44.4
  load = Second(200000);
  airvf_air_decide(&air, &load, &decision);
  EXPECT_EQ(decision.bandwidth, 200000000u);
  EXPECT_EQ(decision.rate, 21000u);
  EXPECT_EQ(air.steps, 23u);                                                         // 23.3
  load = {.ns = 1000000000, .packets = 400000, .bytes = 200000000, .events = 1000};  // S 500: 2e8 / 5000 + 1000
  airvf_air_decide(&air, &load, &decision);
  EXPECT_EQ(decision.size, 500u);
  EXPECT_EQ(decision.rate, 41000u);
  EXPECT_EQ(air.steps, 12u);  // 11.9
  load = Second(1000000);     // 101000/s wanted
  airvf_air_decide(&air, &load, &decision);
  EXPECT_EQ(decision.rate, 48297u);
  EXPECT_EQ(air.steps, 11u);  // 10.1, and 10 steps are 48828/s
}

TEST(AlgorithmOne, SetsTheRateWhenTheDifferenceReachesTheThreshold) {
  // 23 steps are 21230/s. 210000 / 10 + 1000 = 22000/s is 22.2 steps; 22 steps are 22195/s, which is 965 more.
  auto air = Air(Param(10, 1000, 966), 23);
  const auto load = Second(210000);
  airvf_decision decision{};
  EXPECT_FALSE(airvf_air_decide(&air, &load, &decision));
  EXPECT_EQ(air.steps, 23u);
  air.param.threshold = 965;
  EXPECT_TRUE(airvf_air_decide(&air, &load, &decision));
  EXPECT_EQ(air.steps, 22u);
}

TEST(AlgorithmOne, WithoutThresholdFollowsEveryStep) {
  // 155792 / 16 + 2000 = 11737/s is 41.6 steps.
  auto air = Air(Param(16, 2000, 0), 41);
  const airvf_load load{.ns = 1000000000, .packets = 155792, .bytes = 155792 * 1500ull, .events = 11737};
  airvf_decision decision{};
  EXPECT_TRUE(airvf_air_decide(&air, &load, &decision));
  EXPECT_EQ(air.steps, 42u);
}

// Few large packets in one interval say nothing about the many small ones before and after it.
TEST(AirMeasure, AnIntervalCountsByItsPacketsAndBytesAndNotByItsSize) {
  auto param = Param(16, 0, 0);
  param.fast = true;
  auto air = Air(param, 8);
  air.param.cost = {.c = UINT64_MAX, .cpkt = 1, .cint = 1};
  airvf_air_set_cost(&air, &kPaper);
  const airvf_load small{.ns = 1000000000, .packets = 1000000, .bytes = 64000000, .events = 62500};
  const airvf_load large{.ns = 1000000000, .packets = 10000, .bytes = 15000000, .events = 5000};
  airvf_decision decision{};
  airvf_air_decide(&air, &small, &decision);
  EXPECT_EQ(decision.needed, 62500u);
  airvf_air_decide(&air, &large, &decision);
  EXPECT_EQ(decision.needed, 31562u) << "half of 62500 and of 625";
  EXPECT_EQ(decision.size, 78u) << "39.5 MB/s by 505000 packets/s";
  airvf_air_decide(&air, &small, &decision);
  EXPECT_EQ(decision.needed, 47031u);
  airvf_air_decide(&air, &small, &decision);
  EXPECT_EQ(decision.needed, 54765u);
}

TEST(AirInit, DoesNotBeginAboveTheCeiling) {
  EXPECT_EQ(Air(Param(16, 2000, 500), 5).steps, 16u) << "15 steps are 32552/s, the ceiling is 31971/s";
  EXPECT_EQ(Air(Param(16, 2000, 500), 200).steps, 200u);
  EXPECT_EQ(Air(Param(16, 2000, 500), 1000).steps, 511u);
}

TEST(AirDecide, DoesNotMoveForLessThanThreeQuartersOfAStep) {
  // 155792 / 16 + 2000 = 11737/s is 41.6 steps: nearer to 42, but not worth the write.
  auto param = Param(16, 2000, 0);
  param.fast = true;
  auto air = Air(param, 41);
  airvf_load load{.ns = 1000000000, .packets = 155792, .bytes = 155792 * 1500ull, .events = 11737};
  airvf_decision decision{};
  EXPECT_FALSE(airvf_air_decide(&air, &load, &decision));
  EXPECT_EQ(decision.rate, 11737u);
  // 11670/s is 41.84 steps.
  load.packets = 154720;
  load.bytes = 154720 * 1500ull;
  for (int i = 0; i < 20; ++i) airvf_air_decide(&air, &load, &decision);
  EXPECT_EQ(air.steps, 42u);
}

TEST(AirDecide, LeavesAValueAboveTheCeilingHoweverNear) {
  // Ceiling 31971/s: 15 steps are 32552/s (too fast), 16 steps 30517/s.
  auto air = Air(Param(16, 2000, 400000), 16);
  air.steps = 15;
  const airvf_load load{.ns = 10000000, .packets = 10000, .bytes = 15000000, .events = 100};
  airvf_decision decision{};
  EXPECT_TRUE(airvf_air_decide(&air, &load, &decision));
  EXPECT_EQ(decision.new_steps, 16u);
  EXPECT_EQ(decision.reason, AIRVF_CEILING);
}

TEST(AirDecide, AcceptsAnEmptyIntervalAndOneOfNoLength) {
  auto air = Air(Param(16, 0, 0), 20);
  airvf_decision decision{};
  const airvf_load nothing{};
  airvf_air_decide(&air, &nothing, &decision);
  EXPECT_EQ(decision.new_steps, 511u);
  EXPECT_EQ(decision.reason, AIRVF_FLOOR);
}

TEST(AirDecide, OverridesReplaceWhatWasCalibrated) {
  auto param = Param(10, 0, 0);
  param.cost = {.c = 1000000000, .cpkt = 1000, .cint = 0};
  auto air = Air(param, 20);
  EXPECT_EQ(air.cost.c, 1000000000u);
  EXPECT_EQ(air.cost.cpkt, 1000u);
  EXPECT_EQ(air.cost.cint, kPaper.cint) << "0 means: as calibrated";
}

TEST(AirDecide, CostsMoveOnlyForMoreThanAnEighth) {
  auto air = Air(Param(16, 0, 0), 20);
  airvf_cost cost = kPaper;
  cost.cpkt = kPaper.cpkt + kPaper.cpkt / 8;
  airvf_air_set_cost(&air, &cost);
  EXPECT_EQ(air.cost.cpkt, kPaper.cpkt);
  cost.cpkt += 1;
  airvf_air_set_cost(&air, &cost);
  EXPECT_EQ(air.cost.cpkt, kPaper.cpkt + kPaper.cpkt / 8 + 1);
}

TEST(AirFastPath, ReturnsToTheCeilingAfterAFewLightPolls) {
  auto param = Param(16, 2000, 500);
  param.fast = true;
  auto air = Air(param, 200);
  for (int i = 1; i < AIRVF_FAST_POLLS; ++i) ASSERT_FALSE(airvf_air_poll(&air, 1)) << i;
  ASSERT_TRUE(airvf_air_poll(&air, 2));
  const airvf_load load{.ns = 4000000, .packets = 8, .bytes = 800, .events = 8};
  airvf_decision decision{};
  EXPECT_TRUE(airvf_air_decide(&air, &load, &decision));
  EXPECT_EQ(decision.reason, AIRVF_LIGHT);
  EXPECT_EQ(decision.ceiling, 206363u) << "one packet an interrupt, not k";
  EXPECT_EQ(decision.new_steps, 3u) << "fewest steps not above it";
}

TEST(AirFastPath, OneBusyPollStartsTheCountAgain) {
  auto param = Param(16, 2000, 500);
  param.fast = true;
  auto air = Air(param, 200);
  for (int i = 1; i < AIRVF_FAST_POLLS; ++i) ASSERT_FALSE(airvf_air_poll(&air, 0));
  ASSERT_FALSE(airvf_air_poll(&air, 3));
  for (int i = 1; i < AIRVF_FAST_POLLS; ++i) ASSERT_FALSE(airvf_air_poll(&air, 0));
  EXPECT_TRUE(airvf_air_poll(&air, 0));
}

TEST(AirFastPath, IsSilentWhenOffOrWhenKIsTiny) {
  auto air = Air(Param(16, 2000, 500), 200);
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(airvf_air_poll(&air, 0));
  auto param = Param(3, 2000, 500);
  param.fast = true;
  auto tiny = Air(param, 200);
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(airvf_air_poll(&tiny, 0));
}

TEST(AirLimits, HoldForRandomInput) {
  auto random = Random();
  auto wild = [&random]() -> uint64_t {  // every order of magnitude, zero and all ones among them
    const uint64_t bits = random() % 65;
    return bits == 0 ? 0 : random() >> (64 - bits);
  };
  for (int i = 0; i < 20000; ++i) {
    airvf_air air{};
    air.param = {.cost = {.c = wild(), .cpkt = static_cast<uint32_t>(wild()), .cint = static_cast<uint32_t>(wild())},
                 .k = static_cast<uint32_t>(wild()),
                 .offset = static_cast<uint32_t>(wild()),
                 .threshold = static_cast<uint32_t>(wild()),
                 .latency_us = static_cast<uint32_t>(wild()),
                 .fast = (random() & 1) != 0};
    const airvf_cost first{.c = wild(), .cpkt = static_cast<uint32_t>(wild()), .cint = static_cast<uint32_t>(wild())};
    airvf_air_init(&air, &first, static_cast<uint32_t>(wild()));
    ASSERT_TRUE(airvf_steps_to_rate(air.steps) <= airvf_air_ceiling(&air.cost, air.param.k) || air.steps == 511);
    for (int j = 0; j < 10; ++j) {
      const airvf_cost cost{.c = wild(), .cpkt = static_cast<uint32_t>(wild()), .cint = static_cast<uint32_t>(wild())};
      airvf_air_set_cost(&air, &cost);
      for (int n = 0; n < 10; ++n) airvf_air_poll(&air, static_cast<uint32_t>(wild() % 4));
      const airvf_load load{.ns = wild(), .packets = wild(), .bytes = wild(), .events = static_cast<uint32_t>(wild())};
      airvf_decision decision{};
      const uint32_t before = air.steps;
      const bool write = airvf_air_decide(&air, &load, &decision);
      ASSERT_EQ(write, before != air.steps);
      ASSERT_EQ(decision.new_steps, air.steps);
      ASSERT_GE(air.steps, 1u);
      ASSERT_LE(air.steps, 511u);
      const uint32_t packets = air.light || air.at_once ? 1 : air.k;
      ASSERT_EQ(decision.ceiling, airvf_air_ceiling(&air.cost, packets));
      ASSERT_TRUE(airvf_steps_to_rate(air.steps) <= decision.ceiling || air.steps == 511)
          << "steps " << air.steps << " ceiling " << decision.ceiling;
    }
  }
}

}  // namespace
}  // namespace vfpool::airvf

// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "pure_c.hpp"

namespace vfpool::airvf {
namespace {

TEST(Steps, AreTheNearestToTheRate) {
  // 1e9 / (rate * 2048): 8000/s is 61.04 steps, 20000/s 24.41, 100000/s 4.88, 4000/s 122.07.
  EXPECT_EQ(airvf_rate_to_steps(8000), 61u);
  EXPECT_EQ(airvf_rate_to_steps(20000), 24u);
  EXPECT_EQ(airvf_rate_to_steps(100000), 5u);
  EXPECT_EQ(airvf_rate_to_steps(4000), 122u);
}

TEST(Steps, StayInTheRegistersRangeForAnyRate) {
  EXPECT_EQ(airvf_rate_to_steps(0), 511u);
  EXPECT_EQ(airvf_rate_to_steps(1), 511u);
  EXPECT_EQ(airvf_rate_to_steps(AIRVF_RATE_MIN), 511u);
  EXPECT_EQ(airvf_rate_to_steps(AIRVF_RATE_MAX), 1u);
  EXPECT_EQ(airvf_rate_to_steps(UINT32_MAX), 1u);
}

TEST(Steps, GiveTheRateOfTheDataSheet) {
  EXPECT_EQ(airvf_steps_to_rate(1), 488281u);
  EXPECT_EQ(airvf_steps_to_rate(511), 956u);
  EXPECT_EQ(airvf_steps_to_rate(0), 488281u);
  EXPECT_EQ(airvf_steps_to_rate(UINT32_MAX), 956u);
}

TEST(Steps, RoundTripThroughTheRate) {
  for (uint32_t steps = 1; steps <= 511; ++steps) EXPECT_EQ(airvf_rate_to_steps(airvf_steps_to_rate(steps)), steps);
}

TEST(PerSecond, SurvivesEveryCountAndInterval) {
  EXPECT_EQ(airvf_per_second(0, 0), 0u);
  EXPECT_EQ(airvf_per_second(5, 1000000000), 5u);
  EXPECT_EQ(airvf_per_second(125000000, 100000000), 1250000000u);
  EXPECT_EQ(airvf_per_second(1, 1), 1000000000u);
  // Beyond 2^34 the last digits go, the size stays.
  const double exact = 1e13 * 1e9 / 8e12;
  EXPECT_NEAR(static_cast<double>(airvf_per_second(10000000000000ull, 8000000000000ull)), exact, exact * 1e-6);
  EXPECT_GT(airvf_per_second(UINT64_MAX, 0), 0u);
}

}  // namespace
}  // namespace vfpool::airvf

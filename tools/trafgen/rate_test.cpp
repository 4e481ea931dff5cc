// SPDX-License-Identifier: Apache-2.0
#include "rate.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace vfpool::trafgen {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(RateTest, ReadsEveryUnit) {
  EXPECT_EQ(parse_rate("max").unit, Rate::Unit::kMax);
  EXPECT_EQ(parse_rate("14.88 Mpps").value, 14.88e6);
  EXPECT_EQ(parse_rate("250kpps").value, 250e3);
  EXPECT_EQ(parse_rate("2.5 Gbit/s").unit, Rate::Unit::kBits);
  EXPECT_EQ(parse_rate("40 %").value, 0.4);
  EXPECT_EQ(parse_link("10 Gbit/s"), 1e10);
}

TEST(RateTest, RefusesWhatIsNoRate) {
  for (const char* text : {"", "fast", "0 pps", "-1 Mpps", "nan pps", "inf pps", "1e999 pps", "101 %", "5", "5 Gb",
                           "5 pps and more", "1e-300 pps", "1e300 Gbit/s", "1e-12 %", "1e16 pps"})
    EXPECT_THROW(parse_rate(text), std::invalid_argument) << text;
  for (const char* text : {"max", "5 Mpps", "50 %"}) EXPECT_THROW(parse_link(text), std::invalid_argument) << text;
}

TEST(RateTest, LineRateCountsPreambleAndGap) {
  EXPECT_NEAR(line_rate(1e10, 64), 14'880'952.38, 0.01);
  EXPECT_NEAR(line_rate(1e10, 1518), 812'743.82, 0.01);
  EXPECT_NEAR(frames_per_second(parse_rate("50 %"), 64, 1e10), 7'440'476.19, 0.01);
  EXPECT_EQ(frames_per_second(parse_rate("1 Gbit/s"), 1250, 1e10), 1e5);
}

TEST(CourseTest, FollowsItsShares) {
  const Course ramp{Course::Kind::kRamp, {0.2, 1.0}, seconds(10)};
  EXPECT_DOUBLE_EQ(ramp.at(seconds(0)), 0.2);
  EXPECT_DOUBLE_EQ(ramp.at(seconds(5)), 0.6);
  EXPECT_DOUBLE_EQ(ramp.at(seconds(11)), 1.0);
  const Course step{Course::Kind::kStep, {0.1, 0.5, 0.9}, seconds(3)};
  EXPECT_DOUBLE_EQ(step.at(milliseconds(999)), 0.1);
  EXPECT_DOUBLE_EQ(step.at(milliseconds(1001)), 0.5);
  EXPECT_DOUBLE_EQ(step.at(seconds(3)), 0.9);
}

TEST(PacerTest, HoldsTheRateOverAnyPolling) {
  for (const int every_us : {1, 7, 130, 900}) {
    Pacer pacer(1e5, 1, Nanoseconds(0));
    std::uint64_t sent = 0;
    for (int us = every_us; us <= 1'000'000; us += every_us) {
      const auto n = pacer.due(microseconds(us), 1);
      pacer.sent(n);
      sent += n;
    }
    EXPECT_NEAR(static_cast<double>(sent), 1e5, 100) << every_us;
    EXPECT_EQ(pacer.missed(), 0U) << every_us;
  }
}

TEST(PacerTest, SendsWholeBursts) {
  Pacer pacer(1e6, 32, Nanoseconds(0));
  EXPECT_EQ(pacer.due(microseconds(31), 1), 0U);
  EXPECT_EQ(pacer.due(microseconds(33), 1), 32U);
}

TEST(PacerTest, DoesNotMakeUpForLongAbsence) {
  Pacer pacer(1e6, 1, Nanoseconds(0));
  const auto n = pacer.due(seconds(1), 1);
  EXPECT_EQ(n, 1000U);
  EXPECT_EQ(pacer.missed(), 999'000U);
}

TEST(PacerTest, WhatThePortDidNotTakeStaysDue) {
  Pacer pacer(1e6, 1, Nanoseconds(0));
  EXPECT_EQ(pacer.due(microseconds(100), 1), 100U);
  pacer.sent(40);
  EXPECT_EQ(pacer.due(microseconds(100), 1), 60U);
}

}  // namespace
}  // namespace vfpool::trafgen

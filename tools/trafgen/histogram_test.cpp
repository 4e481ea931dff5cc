// SPDX-License-Identifier: Apache-2.0
#include "histogram.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace vfpool::trafgen {
namespace {

TEST(HistogramTest, HoldsSmallValuesExactly) {
  Histogram h;
  for (std::uint64_t v = 0; v < 32; ++v) h.add(v);
  EXPECT_EQ(h.percentile(50), 15U);
  EXPECT_EQ(h.percentile(100), 31U);
  EXPECT_EQ(h.buckets().size(), 32U);
}

TEST(HistogramTest, APercentileIsTheValueOfItsRankAndNotTheNext) {
  for (const std::uint64_t thousands : {1U, 3U, 70U, 200U}) {
    Histogram h;
    for (std::uint64_t i = 0; i < thousands * 999; ++i) h.add(1);
    for (std::uint64_t i = 0; i < thousands; ++i) h.add(31);
    EXPECT_EQ(h.percentile(99.9), 1U) << thousands;
    EXPECT_EQ(h.percentile(99.91), 31U) << thousands;
  }
}

TEST(HistogramTest, EmptyOneHasNoPercentiles) {
  const Histogram h;
  EXPECT_EQ(h.percentile(99), 0U);
  EXPECT_EQ(h.min(), 0U);
  EXPECT_EQ(h.mean(), 0);
  EXPECT_TRUE(h.buckets().empty());
}

TEST(HistogramTest, BucketsCoverAllNumbersWithoutGapOrOverlap) {
  for (unsigned bit = 0; bit < 64; ++bit) {
    for (const std::uint64_t near :
         {std::uint64_t{1} << bit, (std::uint64_t{1} << bit) - 1, ~std::uint64_t{0} >> bit}) {
      Histogram h;
      h.add(near);
      const auto b = h.buckets();
      ASSERT_EQ(b.size(), 1U);
      EXPECT_LE(b[0].low, near);
      EXPECT_GE(b[0].high, near);
      EXPECT_LE(b[0].high - b[0].low, near / 32);
    }
  }
}

TEST(HistogramTest, PercentilesAreNeverBelowTheTrueOnesAndAtMostAThirtySecondAbove) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  std::vector<std::uint64_t> values(5000);
  Histogram a, b;
  for (auto& v : values) {
    v = random() >> random() % 64;
    (random() % 2 != 0 ? a : b).add(v);
  }
  a.merge(b);
  std::sort(values.begin(), values.end());
  EXPECT_EQ(a.count(), values.size());
  EXPECT_EQ(a.min(), values.front());
  EXPECT_EQ(a.max(), values.back());
  for (const double p : {1.0, 50.0, 90.0, 99.0, 99.9, 100.0}) {
    // In whole thousandths: 99.9 / 100 * 5000 is more than 4995 in floating point.
    const auto exact = values[(static_cast<std::size_t>(std::lround(p * 10)) * 5000 + 999) / 1000 - 1];
    EXPECT_GE(a.percentile(p), exact) << p;
    EXPECT_LE(a.percentile(p) - exact, exact / 32) << p;
  }
}

}  // namespace
}  // namespace vfpool::trafgen

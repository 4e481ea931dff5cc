// SPDX-License-Identifier: Apache-2.0
#include "reorder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

namespace vfpool::trafgen {
namespace {

Arrivals after(const std::vector<std::uint32_t>& sequence, std::uint64_t first = 0) {
  Arrivals a(first);
  for (const auto s : sequence) a.arrive(s);
  a.finish();
  return a;
}

std::map<int, std::uint64_t> density(const Arrivals& a) {
  std::map<int, std::uint64_t> all;
  for (int d = -Density::kThreshold; d <= Density::kThreshold; ++d)
    if (a.density().count(d) != 0) all[d] = a.density().count(d);
  return all;
}

TEST(ArrivalsTest, InOrderNothingIsWrong) {
  const auto a = after({0, 1, 2, 3});
  EXPECT_EQ(a.received(), 4U);
  EXPECT_EQ(a.lost(4), 0U);
  EXPECT_EQ(a.reordered(), 0U);
  EXPECT_THAT(density(a), testing::ElementsAre(testing::Pair(0, 4)));
}

TEST(ArrivalsTest, CountsLossAlsoOfTheLastFrames) {
  const auto a = after({0, 2, 3});
  EXPECT_EQ(a.lost(6), 3U);
  EXPECT_EQ(a.reordered(), 0U);
  EXPECT_THAT(density(a), testing::ElementsAre(testing::Pair(0, 3)));
}

TEST(ArrivalsTest, DuplicatesAreNeitherReceivedNorReordered) {
  const auto a = after({0, 1, 1, 2, 0, 3});
  EXPECT_EQ(a.received(), 4U);
  EXPECT_EQ(a.duplicates(), 2U);
  EXPECT_EQ(a.reordered(), 0U);
}

// In the manner of RFC 4737, section 10: 7 comes three frames late.
TEST(ArrivalsTest, ExtentCountsFramesSinceTheFirstLaterOne) {
  const auto a = after({1, 2, 3, 4, 5, 6, 8, 9, 10, 7, 11}, 1);
  EXPECT_EQ(a.reordered(), 1U);
  EXPECT_EQ(a.extents().max(), 3U);
  EXPECT_THAT(density(a), testing::ElementsAre(testing::Pair(-1, 3), testing::Pair(0, 7), testing::Pair(3, 1)));
}

// An arrival of RFC 5236's: 2 is lost and 3 comes twice.
TEST(ArrivalsTest, DensityLeavesNoPlaceToLostAndDuplicateFrames) {
  const auto a = after({1, 4, 3, 5, 3, 8, 7, 6}, 1);
  EXPECT_THAT(density(a), testing::ElementsAre(testing::Pair(-2, 1), testing::Pair(-1, 1), testing::Pair(0, 3),
                                               testing::Pair(1, 1), testing::Pair(2, 1)));
}

TEST(ArrivalsTest, NumbersGoOnBeyondThirtyTwoBits) {
  Arrivals a(0xfffffffe);
  for (const std::uint32_t s : {0xfffffffeU, 0xffffffffU, 1U, 0U, 2U}) EXPECT_TRUE(a.arrive(s));
  EXPECT_EQ(a.next(), 0x100000003U);
  EXPECT_EQ(a.lost(0x100000003U), 0U);
  EXPECT_EQ(a.reordered(), 1U);
}

TEST(ArrivalsTest, FramesBeforeTheFirstAndNeverSentAreStray) {
  Arrivals a(100);
  EXPECT_FALSE(a.arrive(99, 110));
  EXPECT_FALSE(a.arrive(110, 110));
  EXPECT_FALSE(a.arrive(0xffffffff, 110));
  EXPECT_TRUE(a.arrive(109, 110));
  EXPECT_EQ(a.stray(), 3U);
  EXPECT_EQ(a.lost(110), 9U);
}

TEST(ArrivalsTest, VeryLateFramesAreStale) {
  Arrivals a;
  a.arrive(0);
  a.arrive(kWindow + 10);
  EXPECT_TRUE(a.arrive(5));
  EXPECT_EQ(a.stale(), 1U);
  EXPECT_EQ(a.received(), 2U);
  EXPECT_TRUE(a.arrive(11));
  EXPECT_EQ(a.stale(), 1U);
  EXPECT_EQ(a.extents().max(), 1U);
}

TEST(ArrivalsTest, HugeLeapsTakeNoTime) {
  Arrivals a;
  for (std::uint32_t i = 0; i < 1000; ++i) a.arrive(i * 0x7fffffff);
  a.finish();
  EXPECT_EQ(a.received(), 1000U);
  EXPECT_EQ(a.density().count(0), 1000U);
}

// The definitions, without any cleverness.
struct Reference {
  std::uint64_t received = 0, duplicates = 0;
  std::vector<std::uint64_t> extents;

  explicit Reference(const std::vector<std::uint32_t>& arrivals) {
    std::vector<std::uint32_t> unique;
    std::set<std::uint32_t> seen;
    std::int64_t highest = -1;
    for (const auto s : arrivals) {
      if (!seen.insert(s).second) {
        ++duplicates;
        continue;
      }
      unique.push_back(s);
      if (s > highest) {
        highest = s;
        continue;
      }
      std::size_t j = 0;
      while (unique[j] <= s) ++j;
      extents.push_back(unique.size() - 1 - j);
    }
    received = unique.size();
  }
};

TEST(ArrivalsTest, AgreesWithTheDefinitionsOnRandomDisorder) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 50; ++round) {
    // Each frame goes at a time near its number, some twice, some never.
    std::multimap<double, std::uint32_t> sent;
    const std::uint32_t count = 500;
    for (std::uint32_t s = 0; s < count; ++s) {
      std::uniform_real_distribution<double> delay(0, random() % 10 == 0 ? 60 : 2);
      for (unsigned copies = random() % 20 == 0 ? random() % 3 : 1; copies > 0; --copies)
        sent.emplace(s + delay(random), s);
    }
    std::vector<std::uint32_t> arrivals;
    for (const auto& [when, s] : sent) arrivals.push_back(s);
    const auto a = after(arrivals);
    Reference r(arrivals);
    ASSERT_EQ(a.received(), r.received);
    ASSERT_EQ(a.duplicates(), r.duplicates);
    ASSERT_EQ(a.lost(count), count - r.received);
    ASSERT_EQ(a.reordered(), r.extents.size());
    if (r.extents.empty()) continue;
    ASSERT_EQ(a.extents().max(), *std::max_element(r.extents.begin(), r.extents.end()));
    std::uint64_t all = a.density().beyond();
    std::int64_t balance = 0;
    for (const auto& [d, n] : density(a)) all += n, balance += d * static_cast<std::int64_t>(n);
    ASSERT_EQ(all, r.received);
    // Places are dealt out once each: early and late balance.
    if (a.density().beyond() == 0) ASSERT_EQ(balance, 0);
  }
}

}  // namespace
}  // namespace vfpool::trafgen

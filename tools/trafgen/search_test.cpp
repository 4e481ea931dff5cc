// SPDX-License-Identifier: Apache-2.0
#include "search.hpp"

#include <gtest/gtest.h>

#include <random>

namespace vfpool::trafgen {
namespace {

const std::vector<Goal> kGoals = {{"NDR", 0}, {"PDR", 0.005}};

// A device that carries `capacity` of the highest rate.
double loss_at(double rate, double capacity) { return rate <= capacity ? 0 : (rate - capacity) / rate; }

TEST(SearchTest, FindsBothRatesWithinTheResolution) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  for (int i = 0; i < 100; ++i) {
    const double capacity = std::uniform_real_distribution<double>(0.01, 0.99)(random);
    Search search(kGoals, 0.001);
    while (const auto rate = search.next()) {
      ASSERT_LT(search.trials().size(), 30U);
      search.add({*rate, loss_at(*rate, capacity)});
    }
    const auto ndr = search.bounds(kGoals[0]), pdr = search.bounds(kGoals[1]);
    ASSERT_LE(ndr.low, capacity);
    ASSERT_GT(ndr.high, capacity);
    ASSERT_LE(ndr.high - ndr.low, 0.001);
    ASSERT_LE(pdr.low, capacity / (1 - 0.005) + 1e-9);
    ASSERT_GT(pdr.high, capacity / (1 - 0.005) - 1e-9);
  }
}

TEST(SearchTest, EndsAtOnceWhenTheHighestRatePasses) {
  Search search(kGoals, 0.01);
  EXPECT_EQ(search.next(), 1);
  search.add({1, 0});
  EXPECT_FALSE(search.next());
  EXPECT_EQ(search.bounds(kGoals[0]).low, 1);
}

TEST(SearchTest, EndsWhenNoRatePasses) {
  Search search({{"NDR", 0}}, 0.01);
  while (const auto rate = search.next()) {
    ASSERT_LT(search.trials().size(), 20U);
    search.add({*rate, 0.5});
  }
  EXPECT_EQ(search.bounds({"NDR", 0}).low, 0);
}

TEST(SearchTest, ARateThatTheSenderCannotDoIsNoRateOfTheDevice) {
  Search search({{"NDR", 0}}, 0.01);
  while (const auto rate = search.next()) search.add({*rate, 0, *rate <= 0.6});
  const auto b = search.bounds({"NDR", 0});
  EXPECT_LE(b.low, 0.6);
  EXPECT_GT(b.low, 0.58);
  EXPECT_TRUE(b.by_sender);
}

TEST(SearchTest, AContradictionIsDecidedForTheLowerRate) {
  Search search({{"NDR", 0}}, 0.01);
  search.add({0.5, 0.1});
  search.add({0.7, 0});
  search.add({0.3, 0});
  EXPECT_EQ(search.bounds({"NDR", 0}).low, 0.3);
  EXPECT_EQ(search.bounds({"NDR", 0}).high, 0.5);
}

}  // namespace
}  // namespace vfpool::trafgen

// SPDX-License-Identifier: Apache-2.0
#include "lab/host_tsc.hpp"

#include <gtest/gtest.h>

namespace vfpool::lab {
namespace {

TEST(HostTsc, TwoMeasurementsAgree) {
  const double first = host_tsc_khz(), second = host_tsc_khz();
  if (first == 0) GTEST_SKIP() << "no time stamp counter";
  EXPECT_GT(first, 100'000);  // 100 MHz
  EXPECT_NEAR(first, second, first / 1000);
}

TEST(HostTsc, TheGuestsOptionCarriesIt) {
  if (host_tsc_khz() == 0) GTEST_SKIP() << "no time stamp counter";
  const std::string option = guest_tsc_option();
  ASSERT_TRUE(option.starts_with("tsc_early_khz=")) << option;
  const double khz = std::stod(option.substr(option.find('=') + 1));
  EXPECT_NEAR(khz, host_tsc_khz(), khz / 1000);
}

}  // namespace
}  // namespace vfpool::lab

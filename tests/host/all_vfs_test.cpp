// SPDX-License-Identifier: Apache-2.0
#include "all_vfs.hpp"

#include <gmock/gmock.h>

namespace vfpool {
namespace {

using namespace std::chrono_literals;

double apart(double a, double b) { return std::abs(a / b - 1); }

TEST_F(AllVfs, The63rdCostsWhatTheFirstDoes) {
  run(start_all());
  ASSERT_EQ(vfs.size(), kVfs);
  const SimTime first = alone(*vfs.front());
  for (const auto& vf : vfs)
    EXPECT_LT(apart(static_cast<double>(alone(*vf).count()), static_cast<double>(first.count())), 0.05);
  together(2, 3ms);
  const auto packets_a_frame = [](const Vf& vf) {
    return static_cast<double>(vf.packets) / static_cast<double>(vf.returned);
  };
  std::uint64_t all = 0, least = ~0ULL, most = 0;
  for (const auto& vf : vfs) {
    ASSERT_GT(vf->returned, 10u);
    all += vf->returned;
    least = std::min(least, vf->returned);
    most = std::max(most, vf->returned);
    EXPECT_LT(apart(packets_a_frame(*vf), packets_a_frame(*vfs.front())), 0.05);
  }
  EXPECT_LE(most - least, 2u);  // the card takes its VFs in turn
  // Together they fill the line: 1538 bytes of it a frame.
  EXPECT_GT(static_cast<double>(all), 0.98 * 3e-3 * 10e9 / (1538 * 8));
  EXPECT_EQ(nic.counters().rx_no_descriptor + nic.counters().rx_buffer_full, 0u);
}

}  // namespace
}  // namespace vfpool

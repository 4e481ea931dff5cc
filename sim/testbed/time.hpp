// SPDX-License-Identifier: Apache-2.0
// Simulated time of the testbed.
#pragma once

#include <cstdint>

namespace vfpool::testbed {

/// Picoseconds: a 64-byte frame at 100 Gbit/s (6.72 ns) is exact, and the range is 106 days.
using Time = std::int64_t;

constexpr Time kNanosecond = 1'000;
constexpr Time kMicrosecond = 1'000 * kNanosecond;
constexpr Time kMillisecond = 1'000 * kMicrosecond;
constexpr Time kSecond = 1'000 * kMillisecond;

constexpr double seconds(Time t) { return static_cast<double>(t) / static_cast<double>(kSecond); }
/// The time that `amount` takes at `per_second` (cycles of a core, bits of a link), rounded down.
constexpr Time time_for(double amount, double per_second) {
  return static_cast<Time>(amount / per_second * static_cast<double>(kSecond));
}

}  // namespace vfpool::testbed

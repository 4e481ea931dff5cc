// SPDX-License-Identifier: Apache-2.0
// A histogram of times with 32 buckets to each power of two: percentiles within 3 %.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "testbed/time.hpp"

namespace vfpool::testbed {

class Latency {
 public:
  void add(Time time) {
    ++buckets_[index(time)];
    ++count_;
  }
  std::uint64_t count() const { return count_; }
  /// The time that the share `p` of all did not exceed; 0 if there were none.
  Time percentile(double p) const {
    const auto wanted = static_cast<std::uint64_t>(p * static_cast<double>(count_));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
      seen += buckets_[i];
      if (seen > wanted || (seen == count_ && count_ > 0)) return upper(i);
    }
    return 0;
  }
  void clear() { *this = {}; }

 private:
  static constexpr unsigned kBits = 5;
  static std::size_t index(Time time) {
    const auto ns = static_cast<std::uint64_t>(time > 0 ? time / kNanosecond : 0);
    if (ns < (1u << kBits)) return ns;
    const auto power = static_cast<unsigned>(std::bit_width(ns)) - 1 - kBits;
    return (static_cast<std::size_t>(power) << kBits) + (ns >> power);
  }
  static Time upper(std::size_t i) {
    if (i < (2u << kBits)) return static_cast<Time>(i + 1) * kNanosecond;
    const std::size_t power = (i >> kBits) - 1;
    const std::uint64_t mantissa = (i & ((1u << kBits) - 1)) + (1u << kBits);
    return static_cast<Time>((mantissa + 1) << power) * kNanosecond;
  }

  std::array<std::uint64_t, 40u << kBits> buckets_{};
  std::uint64_t count_ = 0;
};

}  // namespace vfpool::testbed

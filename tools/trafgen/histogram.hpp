// SPDX-License-Identifier: Apache-2.0
// Counts values in buckets whose width grows with the value: exact below 32, then 32 buckets for each power of two, so
// a value read from the histogram is at most 1/32 above the true one.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace vfpool::trafgen {

class Histogram {
 public:
  struct Bucket {
    std::uint64_t low, high, count;  ///< values low to high, both included
  };

  void add(std::uint64_t value);
  void merge(const Histogram& other);

  std::uint64_t count() const { return count_; }
  std::uint64_t min() const { return count_ == 0 ? 0 : min_; }
  std::uint64_t max() const { return max_; }
  double mean() const { return count_ == 0 ? 0 : sum_ / static_cast<double>(count_); }
  /// The least value that `percent` (0 to 100, to a millionth) of all do not exceed, rounded up to its bucket's end; 0
  /// without values.
  std::uint64_t percentile(double percent) const;
  /// Those that hold something, in order.
  std::vector<Bucket> buckets() const;

 private:
  static constexpr unsigned kBits = 5;  // buckets of a power of two: 2^kBits
  static constexpr unsigned kBuckets = (64 - kBits + 1) << kBits;
  static unsigned index(std::uint64_t value);
  static std::uint64_t low(unsigned index);

  std::array<std::uint64_t, kBuckets> counts_{};
  std::uint64_t count_ = 0, min_ = UINT64_MAX, max_ = 0;
  double sum_ = 0;
};

}  // namespace vfpool::trafgen

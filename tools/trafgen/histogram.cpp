// SPDX-License-Identifier: Apache-2.0
#include "histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace vfpool::trafgen {

unsigned Histogram::index(std::uint64_t value) {
  if (value < (1U << kBits)) return static_cast<unsigned>(value);
  const unsigned shift = static_cast<unsigned>(std::bit_width(value)) - 1 - kBits;
  return (shift << kBits) + static_cast<unsigned>(value >> shift);
}

std::uint64_t Histogram::low(unsigned index) {
  if (index < (1U << kBits)) return index;
  const unsigned shift = (index >> kBits) - 1;
  return std::uint64_t{index - (shift << kBits)} << shift;
}

void Histogram::add(std::uint64_t value) {
  ++counts_[index(value)];
  ++count_;
  sum_ += static_cast<double>(value);
  min_ = std::min(min_, value);
  max_ = std::max(max_, value);
}

void Histogram::merge(const Histogram& other) {
  for (unsigned i = 0; i < kBuckets; ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
  sum_ += other.sum_;
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
}

std::uint64_t Histogram::percentile(double percent) const {
  // In whole numbers: 99.9 / 100 of 1000 is a little more than 999 in floating point, and so the last one's rank.
  constexpr std::uint64_t kAll = 100'000'000;
  const auto parts = static_cast<std::uint64_t>(std::llround(percent * (kAll / 100)));
  const std::uint64_t rank = count_ / kAll * parts + (count_ % kAll * parts + kAll - 1) / kAll;
  std::uint64_t seen = 0;
  for (const Bucket& b : buckets()) {
    seen += b.count;
    if (seen >= rank) return std::min(b.high, max_);
  }
  return max_;
}

std::vector<Histogram::Bucket> Histogram::buckets() const {
  std::vector<Bucket> all;
  for (unsigned i = 0; i < kBuckets; ++i)
    if (counts_[i] != 0) all.push_back({low(i), i + 1 < kBuckets ? low(i + 1) - 1 : UINT64_MAX, counts_[i]});
  return all;
}

}  // namespace vfpool::trafgen

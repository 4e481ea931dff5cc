// SPDX-License-Identifier: Apache-2.0
#include "reorder.hpp"

#include <algorithm>
#include <cstdlib>

namespace vfpool::trafgen {

void Density::arrive(std::uint64_t sequence) {
  if (sequence >= place_ + kWindow) {
    finish();
    there_.clear();
    place_ = sequence;
  }
  if (sequence >= place_) there_.add(sequence);
  highest_ = std::max(highest_, sequence + 1);
  waiting_.push_back(sequence);
  if (waiting_.size() > kThreshold + 1) settle_one();
}

void Density::finish() {
  while (!waiting_.empty()) settle_one();
}

void Density::settle_one() {
  // A number that did not come within the threshold is lost: its place goes to nobody.
  while (place_ < highest_ && !there_.has(place_)) ++place_;
  const std::uint64_t sequence = waiting_.front();
  waiting_.pop_front();
  const auto displacement = static_cast<std::int64_t>(place_ - sequence);
  if (std::abs(displacement) > kThreshold) {
    ++beyond_;
    if (sequence >= place_) there_.remove(sequence);
    return;
  }
  ++counts_[static_cast<std::size_t>(displacement + kThreshold)];
  there_.remove(place_++);
}

bool Arrivals::arrive(std::uint32_t low, std::uint64_t end) {
  const auto ahead = static_cast<std::int32_t>(low - static_cast<std::uint32_t>(next_));
  if (ahead < 0 && next_ - first_ < -static_cast<std::uint64_t>(std::int64_t{ahead})) {
    ++stray_;
    return false;
  }
  const std::uint64_t sequence = next_ + static_cast<std::uint64_t>(std::int64_t{ahead});
  if (sequence >= end) {
    ++stray_;
    return false;
  }
  if (ahead >= 0) {
    in_order(sequence);
  } else if (next_ - sequence > kWindow) {
    ++stale_;
    return true;
  } else if (came_.has(sequence)) {
    ++duplicates_;
    return true;
  } else {
    extents_.add(extent(sequence));
  }
  came_.add(sequence);
  density_.arrive(sequence);
  ++received_;
  return true;
}

void Arrivals::in_order(std::uint64_t sequence) {
  if (sequence - next_ >= kWindow) {
    came_.clear();
  } else {
    for (std::uint64_t s = next_; s < sequence; ++s) came_.remove(s);
  }
  next_ = sequence + 1;
  if (record_count_ < kWindow)
    records_.push_back({sequence, received_});
  else
    records_[record_count_ % kWindow] = {sequence, received_};
  ++record_count_;
}

std::uint64_t Arrivals::extent(std::uint64_t sequence) const {
  std::uint64_t from = record_count_ - std::min(record_count_, kWindow), to = record_count_;
  while (from < to) {
    const std::uint64_t middle = from + (to - from) / 2;
    if (records_[middle % kWindow].sequence > sequence) {
      to = middle;
    } else {
      from = middle + 1;
    }
  }
  return received_ - records_[from % kWindow].position;
}

}  // namespace vfpool::trafgen

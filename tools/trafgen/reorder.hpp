// SPDX-License-Identifier: Apache-2.0
// Loss, duplicates and reordering of one stream, from the sequence numbers in the order in which they arrive. Memory
// and time per frame are bounded, whatever arrives.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <vector>

#include "histogram.hpp"

namespace vfpool::trafgen {

/// Sequence numbers that are remembered behind the highest; what comes later than that is only counted as stale.
inline constexpr std::uint64_t kWindow = 65'536;

/// A set of sequence numbers of which no two are kWindow or further apart.
class SequenceSet {
 public:
  bool has(std::uint64_t s) const { return (words_[s % kWindow / 64] >> (s % 64) & 1) != 0; }
  void add(std::uint64_t s) { words_[s % kWindow / 64] |= std::uint64_t{1} << (s % 64); }
  void remove(std::uint64_t s) { words_[s % kWindow / 64] &= ~(std::uint64_t{1} << (s % 64)); }
  void clear() { words_.fill(0); }

 private:
  std::array<std::uint64_t, kWindow / 64> words_{};
};

/// Reorder density (RFC 5236): how many frames arrived how many places early (negative) or late. Lost frames
/// leave no place. A gap of kWindow numbers or more ends one series, and another begins behind it.
class Density {
 public:
  static constexpr int kThreshold = 64;  ///< RFC 5236's DT: what is displaced further counts as lost

  explicit Density(std::uint64_t first) : place_(first) {}
  /// The next frame that is no duplicate.
  void arrive(std::uint64_t sequence);
  /// Nothing more comes: counts what still waits for its neighbours.
  void finish();

  std::uint64_t count(int displacement) const { return counts_[static_cast<std::size_t>(displacement + kThreshold)]; }
  std::uint64_t beyond() const { return beyond_; }

 private:
  void settle_one();

  std::uint64_t place_;        // RFC 5236's receive index
  std::uint64_t highest_ = 0;  // number that came, plus one
  std::deque<std::uint64_t> waiting_;
  SequenceSet there_;  // numbers from place_ on that came
  std::array<std::uint64_t, 2 * kThreshold + 1> counts_{};
  std::uint64_t beyond_ = 0;
};

class Arrivals {
 public:
  /// `first`: the sequence number that the stream begins with.
  explicit Arrivals(std::uint64_t first = 0) : first_(first), next_(first), density_(first) {}

  /// `low`: the lower half of the sequence number; numbers from `end` on were never sent. False for a number that
  /// cannot be of this stream (before the first, or never sent): it is counted as stray and nothing else.
  bool arrive(std::uint32_t low, std::uint64_t end = UINT64_MAX);
  /// A number of this stream that is known to be of another run.
  void stray_came() { ++stray_; }
  void finish() { density_.finish(); }

  std::uint64_t received() const { return received_; }  ///< without duplicates and stale ones
  std::uint64_t duplicates() const { return duplicates_; }
  std::uint64_t stray() const { return stray_; }
  /// Came so late that nobody knows whether they came before: lost() counts them as lost.
  std::uint64_t stale() const { return stale_; }
  /// Of the numbers below `end`, which were sent.
  std::uint64_t lost(std::uint64_t end) const { return end - first_ - received_; }
  /// One more than the highest number that came.
  std::uint64_t next() const { return next_; }
  /// Frames that came after one with a higher number (RFC 4737, section 3), and how far after the first such frame each
  /// came, counted in frames (section 4.2.1). Of frames further back than kWindow records the extent is a lower bound.
  std::uint64_t reordered() const { return extents_.count(); }
  const Histogram& extents() const { return extents_; }
  const Density& density() const { return density_; }

 private:
  struct Record {
    std::uint64_t sequence, position;
  };
  void in_order(std::uint64_t sequence);
  std::uint64_t extent(std::uint64_t sequence) const;

  std::uint64_t first_, next_;
  std::uint64_t received_ = 0, duplicates_ = 0, stray_ = 0, stale_ = 0;
  SequenceSet came_;
  // The frames that were the highest when they came, the last kWindow of them. The first frame with a number above a
  // given one is always among these. It grows with them: most streams of many are short.
  std::vector<Record> records_;
  std::uint64_t record_count_ = 0;
  Histogram extents_;
  Density density_;
};

}  // namespace vfpool::trafgen

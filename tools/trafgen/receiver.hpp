// SPDX-License-Identifier: Apache-2.0
// What arrives: says of each frame whose it is, and keeps the account of each stream.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "histogram.hpp"
#include "reorder.hpp"
#include "stream.hpp"

namespace vfpool::trafgen {

struct StreamAccount {
  explicit StreamAccount(std::uint64_t first) : arrivals(first) {}

  Arrivals arrivals;
  std::uint64_t bytes = 0;        ///< of all its frames, with FCS
  Histogram latency;              ///< nanoseconds
  Histogram gaps;                 ///< between arrivals, nanoseconds
  std::uint64_t from_future = 0;  ///< stamped later than they came: the clocks are not one; not in `latency`
  std::uint64_t last = 0;         ///< when the last one came
};

class Receiver {
 public:
  /// `first`: for each stream the sequence number it begins with. `since`: by the sender's clock, which must be this
  /// one's; what was stamped before is stray, as what an earlier process left behind in a ring or in a card. Nothing:
  /// any stamp may be.
  explicit Receiver(const std::vector<std::uint64_t>& first, std::optional<std::uint64_t> since = {});

  /// A frame without FCS, and when it came. `sent`: for each stream the sequence number after the last that was sent;
  /// empty if this process is not the sender.
  void frame(std::span<const std::uint8_t> bytes, std::uint64_t now, std::span<const std::uint64_t> sent = {});
  /// Nothing more comes.
  void finish();

  const std::vector<StreamAccount>& streams() const { return streams_; }
  std::uint64_t frames() const { return frames_; }        ///< all that came
  std::uint64_t foreign() const { return foreign_; }      ///< without a stamp, or of a stream that is not ours
  std::uint64_t truncated() const { return truncated_; }  ///< shorter than their headers say
  std::uint64_t corrupt() const { return corrupt_; }      ///< with a wrong checksum of stamp or payload

 private:
  std::optional<std::uint64_t> since_;
  std::vector<StreamAccount> streams_;
  std::uint64_t frames_ = 0, foreign_ = 0, truncated_ = 0, corrupt_ = 0;
};

}  // namespace vfpool::trafgen

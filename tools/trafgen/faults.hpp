// SPDX-License-Identifier: Apache-2.0
// Faults that the sender plants on purpose, so that a test can ask whether the receiver finds them: all of them, and no
// others.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace vfpool::trafgen {

/// Every so many frames of a stream; 0: never.
struct Faults {
  unsigned lose = 0;       ///< one is counted as sent and is not
  unsigned duplicate = 0;  ///< one is sent twice
  unsigned late = 0;       ///< one leaves after `distance` that follow it
  unsigned distance = 3;
};

/// "lose=1000,duplicate=700,late=300,distance=5". Throws std::invalid_argument.
Faults parse_faults(const std::string& text);

/// The order in which a stream's sequence numbers leave.
class Order {
 public:
  Order(const Faults& faults, std::uint64_t first) : faults_(faults), next_(first) {}

  /// The next frame to send; none once every number below `end` was given out, lost or held back.
  std::optional<std::uint64_t> next(std::uint64_t end = UINT64_MAX);
  /// When the stream ends: the next of those that are still held back.
  std::optional<std::uint64_t> rest();
  bool holds() const { return !held_.empty(); }

  /// The number after the last that was given out or lost.
  std::uint64_t end() const { return next_; }
  std::uint64_t lost() const { return lost_; }
  std::uint64_t duplicated() const { return duplicated_; }
  std::uint64_t late() const { return late_; }

 private:
  struct Held {
    std::uint64_t sequence;
    unsigned wait;  // frames to go before it
  };
  Faults faults_;
  std::uint64_t next_;
  std::optional<std::uint64_t> again_;
  std::deque<Held> held_;
  std::uint64_t lost_ = 0, duplicated_ = 0, late_ = 0;
};

}  // namespace vfpool::trafgen

// SPDX-License-Identifier: Apache-2.0
// A TCP connection that carries as much as it can in one direction.
#pragma once

#include <cstdint>
#include <memory>

#include "ip/stack.hpp"

namespace vfpool::ip {

/// The sender writes whole segments while fewer than `window` bytes wait for their acknowledgement, and never has
/// nothing to send; the receiver takes everything at once. Congestion control works as lwIP does it.
class Stream {
 public:
  static constexpr unsigned kSegment = 1460;  ///< bytes of payload of each segment
  static constexpr unsigned kMostWindow = 44 * kSegment;

  /// Connects from `from` to `to`; both outlive this object. `window`: a multiple of kSegment up to kMostWindow, else
  /// std::invalid_argument.
  Stream(Interface& from, Interface& to, unsigned window = kMostWindow);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  /// Bytes of payload that have arrived in order. Throws std::runtime_error if what arrived is not what was sent, or
  /// the connection was lost.
  std::uint64_t received() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace vfpool::ip

// SPDX-License-Identifier: Apache-2.0
// Makes a stream's frames, and finds the payload in frames that arrive. Frames here are without FCS, which the port
// adds.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "stamp.hpp"
#include "stream.hpp"

namespace vfpool::trafgen {

inline constexpr unsigned kFcs = 4;

class FrameMaker {
 public:
  /// The smallest frame, with FCS, that holds the stream's headers and a stamp.
  static unsigned least_size(const Stream& stream);

  /// The stream has passed check(); `number` is what its stamps say.
  FrameMaker(const Stream& stream, std::uint16_t number);

  /// Bytes of the frame with this sequence number.
  unsigned bytes(std::uint64_t sequence) const { return sizes_[sequence % sizes_.size()] - kFcs; }
  /// Writes that frame to `to`, bytes(sequence) long: Ethernet, VLAN tag, IPv4, UDP or TCP, all checksums right.
  void make(std::uint64_t sequence, std::uint64_t time, std::uint8_t* to) const;

 private:
  std::vector<unsigned> sizes_;
  unsigned flows_;
  std::uint16_t number_, port_;
  unsigned ip_at_, l4_at_, payload_at_;
  bool udp_;
  std::vector<std::uint8_t> frame_;  // the largest; lengths, port and stamp are zero
  std::uint32_t ip_sum_, l4_sum_;    // of the words that are the same in all frames
  std::vector<std::uint32_t> sums_;  // of payload behind the stamp: of the first n 16-bit words
};

/// What a frame is, for the receiver.
enum class FrameKind {
  kUdpOrTcp,  ///< over IPv4, not a fragment
  kOther,
  kTruncated,  ///< shorter than its own headers say
};

/// `payload`: of the datagram or segment, without the padding of short frames; set for kUdpOrTcp only.
FrameKind find_payload(std::span<const std::uint8_t> frame, std::span<const std::uint8_t>& payload);

}  // namespace vfpool::trafgen

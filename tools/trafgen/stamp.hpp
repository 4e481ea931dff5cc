// SPDX-License-Identifier: Apache-2.0
// What each frame carries at the start of its payload, so that the receiver can say which frame it is. 18 bytes in
// network byte order, since a UDP datagram in the smallest Ethernet frame has room for exactly that:
//   0  magic 0x7f47        8  time, 48 bits
//   2  stream             14  CRC-32C of the bytes before and of all payload behind the stamp
//   4  sequence
#pragma once

#include <cstdint>
#include <span>

namespace vfpool::trafgen {

struct Stamp {
  static constexpr std::size_t kBytes = 18;
  static constexpr std::uint64_t kTimeMask = (std::uint64_t{1} << 48) - 1;

  std::uint16_t stream = 0;
  std::uint32_t sequence = 0;  ///< of the stream, modulo 2^32
  std::uint64_t time = 0;      ///< departure by the sender's monotonic clock, nanoseconds modulo 2^48 (78 hours)
};

/// Writes the stamp over the first bytes of `payload`, which is complete behind them and holds kBytes or more.
void put_stamp(const Stamp& stamp, std::span<std::uint8_t> payload);

enum class StampKind {
  kGood,
  kForeign,  ///< no stamp is there
  kCorrupt,  ///< there is one, or its payload, and the checksum does not fit
};

/// `stamp` is set for kGood only.
StampKind get_stamp(std::span<const std::uint8_t> payload, Stamp& stamp);

}  // namespace vfpool::trafgen

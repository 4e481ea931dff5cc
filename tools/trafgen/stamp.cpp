// SPDX-License-Identifier: Apache-2.0
#include "stamp.hpp"

#include "bytes.hpp"
#include "crc32c.hpp"

namespace vfpool::trafgen {
namespace {

constexpr std::uint16_t kMagic = 0x7f47;
constexpr std::size_t kSummed = 14;  // bytes of the stamp before its checksum

std::uint32_t checksum(std::span<const std::uint8_t> payload) {
  return crc32c(payload.subspan(Stamp::kBytes), crc32c(payload.first(kSummed)));
}

}  // namespace

void put_stamp(const Stamp& stamp, std::span<std::uint8_t> payload) {
  put(&payload[0], 2, kMagic);
  put(&payload[2], 2, stamp.stream);
  put(&payload[4], 4, stamp.sequence);
  put(&payload[8], 6, stamp.time);
  put(&payload[kSummed], 4, checksum(payload));
}

StampKind get_stamp(std::span<const std::uint8_t> payload, Stamp& stamp) {
  if (payload.size() < Stamp::kBytes || get(&payload[0], 2) != kMagic) return StampKind::kForeign;
  if (get(&payload[kSummed], 4) != checksum(payload)) return StampKind::kCorrupt;
  stamp.stream = static_cast<std::uint16_t>(get(&payload[2], 2));
  stamp.sequence = static_cast<std::uint32_t>(get(&payload[4], 4));
  stamp.time = get(&payload[8], 6);
  return StampKind::kGood;
}

}  // namespace vfpool::trafgen

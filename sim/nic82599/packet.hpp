// SPDX-License-Identifier: Apache-2.0
// What the data path must know of an Ethernet frame: headers, checksums, the RSS hash.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace vfpool::nic82599 {

using Bytes = std::span<const std::uint8_t>;

inline std::uint16_t be16(const std::uint8_t* p) { return static_cast<std::uint16_t>(p[0] << 8 | p[1]); }
inline std::uint32_t be32(const std::uint8_t* p) { return static_cast<std::uint32_t>(be16(p)) << 16 | be16(p + 2); }
inline void put_be16(std::uint8_t* p, unsigned v) {
  p[0] = static_cast<std::uint8_t>(v >> 8);
  p[1] = static_cast<std::uint8_t>(v);
}
inline void put_be32(std::uint8_t* p, std::uint32_t v) {
  put_be16(p, v >> 16);
  put_be16(p + 2, v & 0xffff);
}
/// A MAC address as a number, first byte on the wire most significant.
inline std::uint64_t mac_at(const std::uint8_t* p) { return static_cast<std::uint64_t>(be16(p)) << 32 | be32(p + 2); }
constexpr std::uint64_t kBroadcast = 0xffffffffffff;
constexpr bool is_multicast(std::uint64_t mac) { return mac >> 40 & 1; }

enum class L4 : std::uint8_t { kNone, kTcp, kUdp, kSctp };

struct Parsed {
  std::uint64_t dst = 0, src = 0;
  bool tagged = false;
  std::uint16_t tci = 0;        ///< priority and VLAN ID of the outer 802.1Q tag
  std::uint16_t ethertype = 0;  ///< behind the tag
  bool ipv4 = false, ipv6 = false, extensions = false, fragment = false;
  L4 l4 = L4::kNone;           ///< none in later fragments
  unsigned l3 = 0, l4_at = 0;  ///< byte offsets in the frame
  unsigned l3_end = 0;         ///< end of the IP packet: padding follows
};

/// Never reads outside `frame`; what is cut short counts as absent. `vlan_type`: ethertype of the tag.
Parsed parse(Bytes frame, std::uint16_t vlan_type);

/// One's complement sum of big-endian 16-bit words (an odd last byte is padded with zero), not complemented.
std::uint32_t sum16(Bytes bytes, std::uint32_t start = 0);
/// Folds to 16 bits and complements.
std::uint16_t finish_sum(std::uint32_t sum);
std::uint32_t crc32_ethernet(Bytes bytes);
std::uint32_t crc32c(Bytes bytes);

/// Result of looking at a received frame's checksums.
struct ChecksumResult {
  bool ip_checked = false, ip_bad = false, l4_checked = false, l4_bad = false;
};
ChecksumResult verify_checksums(Bytes frame, const Parsed& p);

/// Toeplitz hash (82599 data sheet 7.1.2.8) with tables for the present key, so that a hash costs one look-up a byte.
class Toeplitz {
 public:
  Toeplitz() { set_key({}); }
  void set_key(const std::array<std::uint8_t, 40>& key);
  std::uint32_t hash(Bytes input) const;  ///< at most 36 bytes

 private:
  std::array<std::array<std::uint32_t, 256>, 36> table_{};
};

}  // namespace vfpool::nic82599

// SPDX-License-Identifier: Apache-2.0
#include "nic82599/packet.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace vfpool::nic82599 {
namespace {

constexpr std::uint16_t kIpv4 = 0x0800, kIpv6 = 0x86dd;
constexpr unsigned kMacHeader = 14, kTag = 4;

L4 l4_of(unsigned protocol) {
  switch (protocol) {
    case 6: return L4::kTcp;
    case 17: return L4::kUdp;
    case 132: return L4::kSctp;
    default: return L4::kNone;
  }
}

unsigned l4_header(L4 l4) {
  switch (l4) {
    case L4::kTcp: return 20;
    case L4::kUdp: return 8;
    case L4::kSctp: return 12;
    case L4::kNone: break;
  }
  return 0;
}

void parse_ipv4(Bytes frame, Parsed& p) {
  if (frame.size() < p.l3 + 20 || frame[p.l3] >> 4 != 4) return;
  const std::uint8_t* ip = frame.data() + p.l3;
  const unsigned header = (ip[0] & 0xf) * 4U, total = be16(ip + 2);
  if (header < 20 || total < header || p.l3 + total > frame.size()) return;
  p.ipv4 = true;
  p.extensions = header > 20;
  p.l3_end = p.l3 + total;
  p.fragment = be16(ip + 6) & 0x3fff;
  p.l4_at = p.l3 + header;
  if (!p.fragment) p.l4 = l4_of(ip[9]);
}

void parse_ipv6(Bytes frame, Parsed& p) {
  if (frame.size() < p.l3 + 40 || frame[p.l3] >> 4 != 6) return;
  const std::uint8_t* ip = frame.data() + p.l3;
  const unsigned end = p.l3 + 40 + be16(ip + 4);
  if (end > frame.size()) return;
  p.ipv6 = true;
  p.l3_end = end;
  unsigned next = ip[6], at = p.l3 + 40;
  // Hop-by-hop, routing, fragment, destination options. Each is at least 8 bytes, so this ends.
  while ((next == 0 || next == 43 || next == 44 || next == 60) && at + 8 <= end) {
    p.extensions = true;
    if (next == 44) {
      p.fragment = true;
      return;
    }
    next = frame[at];
    at += 8 + 8U * frame[at + 1];
  }
  if (at > end) return;
  p.l4_at = at;
  p.l4 = l4_of(next);
}

template <std::uint32_t kPolynomial>
constexpr std::array<std::uint32_t, 256> crc_table() {
  std::array<std::uint32_t, 256> t{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t c = i;
    for (int k = 0; k < 8; ++k) c = c >> 1 ^ (c & 1 ? kPolynomial : 0);
    t[i] = c;
  }
  return t;
}

template <std::uint32_t kPolynomial>
std::uint32_t crc(Bytes bytes) {
  static constexpr auto kTable = crc_table<kPolynomial>();
  std::uint32_t c = ~0U;
  for (const std::uint8_t b : bytes) c = c >> 8 ^ kTable[(c ^ b) & 0xff];
  return ~c;
}

// Pseudo header of TCP and UDP over `length` bytes of transport data.
std::uint32_t pseudo_sum(Bytes frame, const Parsed& p, unsigned protocol, unsigned length) {
  const std::uint32_t fixed = protocol + (length >> 16) + (length & 0xffff);
  return p.ipv4 ? sum16(frame.subspan(p.l3 + 12, 8), fixed) : sum16(frame.subspan(p.l3 + 8, 32), fixed);
}

}  // namespace

Parsed parse(Bytes frame, std::uint16_t vlan_type) {
  Parsed p;
  if (frame.size() < kMacHeader) return p;
  p.dst = mac_at(frame.data());
  p.src = mac_at(frame.data() + 6);
  p.ethertype = be16(frame.data() + 12);
  p.l3 = kMacHeader;
  if (p.ethertype == vlan_type && frame.size() >= kMacHeader + kTag) {
    p.tagged = true;
    p.tci = be16(frame.data() + 14);
    p.ethertype = be16(frame.data() + 16);
    p.l3 += kTag;
  }
  if (p.ethertype == kIpv4) parse_ipv4(frame, p);
  if (p.ethertype == kIpv6) parse_ipv6(frame, p);
  if (p.l4 != L4::kNone && p.l4_at + l4_header(p.l4) > p.l3_end) p.l4 = L4::kNone;
  return p;
}

std::uint32_t sum16(Bytes bytes, std::uint32_t start) {
  // Sum in machine order, eight bytes a step, and swap at the end: the one's complement sum allows it (RFC 1071).
  std::uint64_t sum = 0;
  const std::uint8_t* p = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; left -= 8, p += 8) {
    std::uint64_t word;
    std::memcpy(&word, p, 8);
    sum += (word & 0xffffffff) + (word >> 32);
  }
  std::uint64_t tail = 0;
  if (left > 0) std::memcpy(&tail, p, left);
  sum += (tail & 0xffffffff) + (tail >> 32);
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  auto folded = static_cast<std::uint32_t>(sum);
  if constexpr (std::endian::native == std::endian::little) folded = (folded >> 8 | folded << 8) & 0xffff;
  return start + folded;
}

std::uint16_t finish_sum(std::uint32_t sum) {
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

std::uint32_t crc32_ethernet(Bytes bytes) { return crc<0xedb88320>(bytes); }
std::uint32_t crc32c(Bytes bytes) { return crc<0x82f63b78>(bytes); }

ChecksumResult verify_checksums(Bytes frame, const Parsed& p) {
  ChecksumResult r;
  if (p.ipv4) {
    r.ip_checked = true;
    r.ip_bad = finish_sum(sum16(frame.subspan(p.l3, (frame[p.l3] & 0xfU) * 4))) != 0;
  }
  if (p.l4 == L4::kNone) return r;
  const Bytes transport = frame.subspan(p.l4_at, p.l3_end - p.l4_at);
  const auto length = static_cast<unsigned>(transport.size());
  r.l4_checked = true;
  switch (p.l4) {
    case L4::kTcp: r.l4_bad = finish_sum(sum16(transport, pseudo_sum(frame, p, 6, length))) != 0; break;
    case L4::kUdp:
      // A zero checksum ("none") is reported as an error (specification update, erratum 44).
      r.l4_bad = be16(transport.data() + 6) == 0 || finish_sum(sum16(transport, pseudo_sum(frame, p, 17, length))) != 0;
      break;
    case L4::kSctp: {
      std::vector<std::uint8_t> copy(transport.begin(), transport.end());
      const std::uint32_t sent = static_cast<std::uint32_t>(copy[8] | copy[9] << 8 | copy[10] << 16) |
                                 static_cast<std::uint32_t>(copy[11]) << 24;
      std::fill_n(copy.begin() + 8, 4, std::uint8_t{0});
      r.l4_bad = crc32c(copy) != sent;
      break;
    }
    case L4::kNone: break;
  }
  return r;
}

void Toeplitz::set_key(const std::array<std::uint8_t, 40>& key) {
  // Window of 32 key bits that starts at bit `at`.
  const auto window = [&](unsigned at) {
    std::uint64_t w = 0;
    for (unsigned i = 0; i < 5; ++i) w = w << 8 | (at / 8 + i < key.size() ? key[at / 8 + i] : 0);
    return static_cast<std::uint32_t>(w >> (8 - at % 8));
  };
  for (unsigned byte = 0; byte < table_.size(); ++byte)
    for (unsigned value = 0; value < 256; ++value) {
      std::uint32_t h = 0;
      for (unsigned b = 0; b < 8; ++b)
        if (value >> (7 - b) & 1) h ^= window(byte * 8 + b);
      table_[byte][value] = h;
    }
}

std::uint32_t Toeplitz::hash(Bytes input) const {
  std::uint32_t h = 0;
  for (std::size_t i = 0; i < input.size() && i < table_.size(); ++i) h ^= table_[i][input[i]];
  return h;
}

}  // namespace vfpool::nic82599

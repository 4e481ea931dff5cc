// SPDX-License-Identifier: Apache-2.0
#include "nic82599/tx_offload.hpp"

#include <algorithm>

namespace vfpool::nic82599 {
namespace {

unsigned header_size(const TxContext& c) { return c.mac_len + c.ip_len + c.l4_len; }

unsigned checksum_offset(L4 l4) {
  switch (l4) {
    case L4::kTcp: return 16;
    case L4::kUdp: return 6;
    case L4::kSctp: return 8;
    case L4::kNone: break;
  }
  return 0;
}

void ip_checksum(const TxContext& c, std::vector<std::uint8_t>& frame) {
  std::uint8_t* ip = frame.data() + c.mac_len;
  put_be16(ip + 10, 0);
  put_be16(ip + 10, finish_sum(sum16(Bytes(frame).subspan(c.mac_len, c.ip_len))));
}

// Software has left the pseudo header's sum in the checksum field; `extra` is what it did not know (the length of a
// segment).
void l4_checksum(const TxContext& c, std::vector<std::uint8_t>& frame, std::uint32_t extra) {
  const unsigned at = c.mac_len + c.ip_len;
  std::uint8_t* field = frame.data() + at + checksum_offset(c.l4);
  if (c.l4 == L4::kSctp) {
    put_be32(field, 0);
    const std::uint32_t crc = crc32c(Bytes(frame).subspan(at));
    for (unsigned i = 0; i < 4; ++i) field[i] = static_cast<std::uint8_t>(crc >> 8 * i);
    return;
  }
  std::uint16_t sum = finish_sum(sum16(Bytes(frame).subspan(at), extra));
  if (c.l4 == L4::kUdp && sum == 0) sum = 0xffff;
  put_be16(field, sum);
}

}  // namespace

bool offload_fits(const TxOffload& o, Bytes frame) {
  const TxContext& c = o.context;
  if (frame.size() < 14) return false;
  if (o.legacy_checksum && (o.css >= frame.size() || o.cso + 2 > frame.size())) return false;
  if ((o.ip_checksum || o.l4_checksum || o.segment) && c.mac_len < 14) return false;
  if (o.ip_checksum && (c.ip_len < 20 || c.mac_len + c.ip_len > frame.size())) return false;
  if (o.l4_checksum) {
    if (c.l4 == L4::kNone) return false;
    if (c.mac_len + c.ip_len + checksum_offset(c.l4) + (c.l4 == L4::kSctp ? 4 : 2) > frame.size()) return false;
  }
  if (o.segment) {
    const unsigned least_ip = c.ipv4 ? 20 : 40, least_l4 = c.l4 == L4::kUdp ? 8 : 20;
    if (c.mss == 0 || (c.l4 != L4::kTcp && c.l4 != L4::kUdp) || c.ip_len < least_ip || c.l4_len < least_l4)
      return false;
    if (header_size(c) >= frame.size()) return false;
  }
  return true;
}

void insert_checksums(const TxOffload& o, std::vector<std::uint8_t>& frame) {
  if (o.legacy_checksum) {
    const std::uint16_t sum = finish_sum(sum16(Bytes(frame).subspan(o.css)));
    put_be16(frame.data() + o.cso, sum);
  }
  if (o.ip_checksum) ip_checksum(o.context, frame);
  if (o.l4_checksum) l4_checksum(o.context, frame, 0);
}

void insert_vlan(std::vector<std::uint8_t>& frame, std::uint16_t type, std::uint16_t tci) {
  std::uint8_t tag[4];
  put_be16(tag, type);
  put_be16(tag + 2, tci);
  frame.insert(frame.begin() + 12, tag, tag + 4);
}

unsigned segment_count(const TxOffload& o, std::size_t frame_size) {
  if (!o.segment) return 1;
  const std::size_t payload = frame_size - header_size(o.context);
  return static_cast<unsigned>((payload + o.context.mss - 1) / o.context.mss);
}

void make_segment(const TxOffload& o, Bytes frame, unsigned index, const TcpFlagMasks& masks,
                  std::vector<std::uint8_t>& out) {
  const TxContext& c = o.context;
  const unsigned headers = header_size(c);
  const std::size_t from = static_cast<std::size_t>(index) * c.mss;
  const std::size_t payload = std::min<std::size_t>(c.mss, frame.size() - headers - from);
  const bool last = headers + from + payload == frame.size();
  out.assign(frame.begin(), frame.begin() + headers);
  out.insert(out.end(), frame.begin() + static_cast<std::ptrdiff_t>(headers + from),
             frame.begin() + static_cast<std::ptrdiff_t>(headers + from + payload));

  std::uint8_t* ip = out.data() + c.mac_len;
  const auto l4_bytes = static_cast<unsigned>(c.l4_len + payload);
  if (c.ipv4) {
    put_be16(ip + 2, c.ip_len + l4_bytes);
    put_be16(ip + 4, be16(ip + 4) + index);
  } else {
    put_be16(ip + 4, c.ip_len - 40 + l4_bytes);
  }
  std::uint8_t* l4 = ip + c.ip_len;
  if (c.l4 == L4::kTcp) {
    put_be32(l4 + 4, be32(l4 + 4) + static_cast<std::uint32_t>(from));
    std::uint16_t mask = index == 0 ? masks.first : masks.middle;
    if (last) mask = index == 0 ? 0xfff : masks.last;
    const unsigned word = be16(l4 + 12);
    put_be16(l4 + 12, (word & 0xf000) | (word & mask & 0xfff));
  } else {
    put_be16(l4 + 4, l4_bytes);
  }
  if (o.ip_checksum) ip_checksum(c, out);
  if (o.l4_checksum) l4_checksum(c, out, l4_bytes);
}

}  // namespace vfpool::nic82599

// SPDX-License-Identifier: Apache-2.0
#include "frame.hpp"

#include <algorithm>
#include <cstring>

#include "bytes.hpp"

namespace vfpool::trafgen {
namespace {

constexpr unsigned kEthernet = 14, kTag = 4, kIp = 20, kUdp = 8, kTcp = 20;
constexpr std::uint16_t kTypeIp = 0x0800, kTypeVlan = 0x8100, kTypeServiceVlan = 0x88a8;
constexpr std::uint8_t kProtocolUdp = 17, kProtocolTcp = 6;

unsigned headers(const Stream& s) {
  return kEthernet + (s.vlan ? kTag : 0) + kIp + (s.protocol == Protocol::kUdp ? kUdp : kTcp);
}

// The Internet checksum (RFC 1071) before it is folded; an odd last byte counts as the upper half of a word.
std::uint32_t sum(std::span<const std::uint8_t> bytes) {
  std::uint32_t s = 0;
  for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) s += static_cast<std::uint32_t>(get(&bytes[i], 2));
  if (bytes.size() % 2 != 0) s += std::uint32_t{bytes.back()} << 8;
  return s;
}

std::uint16_t fold(std::uint32_t s) {
  while (s > 0xffff) s = (s & 0xffff) + (s >> 16);
  return static_cast<std::uint16_t>(~s);
}

}  // namespace

unsigned FrameMaker::least_size(const Stream& stream) {
  return std::max<unsigned>(Stream::kLeastFrame, headers(stream) + Stamp::kBytes + kFcs);
}

FrameMaker::FrameMaker(const Stream& s, std::uint16_t number)
    : sizes_(s.sizes),
      flows_(s.flows),
      number_(number),
      port_(s.source.port),
      ip_at_(kEthernet + (s.vlan ? kTag : 0)),
      l4_at_(ip_at_ + kIp),
      payload_at_(headers(s)),
      udp_(s.protocol == Protocol::kUdp),
      frame_(*std::max_element(sizes_.begin(), sizes_.end()) - kFcs) {
  std::uint8_t* f = frame_.data();
  std::copy(s.destination.mac.begin(), s.destination.mac.end(), f);
  std::copy(s.source.mac.begin(), s.source.mac.end(), f + 6);
  if (s.vlan) {
    put(f + 12, 2, kTypeVlan);
    put(f + 14, 2, s.priority << 13 | *s.vlan);
  }
  put(f + ip_at_ - 2, 2, kTypeIp);
  std::uint8_t* ip = f + ip_at_;
  ip[0] = 0x45;
  put(ip + 6, 2, 0x4000);  // do not fragment
  ip[8] = 64;              // time to live
  ip[9] = udp_ ? kProtocolUdp : kProtocolTcp;
  put(ip + 12, 4, s.source.ip);
  put(ip + 16, 4, s.destination.ip);
  put(f + l4_at_ + 2, 2, s.destination.port);
  if (!udp_) {
    f[l4_at_ + 12] = 5 << 4;          // words of header
    f[l4_at_ + 13] = 0x10;            // ACK
    put(f + l4_at_ + 14, 2, 0xffff);  // window
  }
  const unsigned tail_at = payload_at_ + static_cast<unsigned>(Stamp::kBytes);
  for (std::size_t i = tail_at; i < frame_.size(); ++i) f[i] = static_cast<std::uint8_t>(i * 7 + number);

  const std::span<const std::uint8_t> all(frame_);
  ip_sum_ = sum(all.subspan(ip_at_, kIp));
  // The pseudo header: addresses and protocol; lengths come with the frame.
  l4_sum_ = sum(all.subspan(ip_at_ + 12, 8)) + ip[9] + sum(all.subspan(l4_at_, payload_at_ - l4_at_));
  sums_.push_back(0);
  for (std::size_t i = tail_at; i + 1 < frame_.size(); i += 2)
    sums_.push_back(sums_.back() + static_cast<std::uint32_t>(get(&frame_[i], 2)));
}

void FrameMaker::make(std::uint64_t sequence, std::uint64_t time, std::uint8_t* to) const {
  const unsigned n = bytes(sequence);
  std::memcpy(to, frame_.data(), n);
  const unsigned ip_bytes = n - ip_at_, l4_bytes = n - l4_at_;
  put(to + ip_at_ + 2, 2, ip_bytes);
  put(to + ip_at_ + 10, 2, fold(ip_sum_ + ip_bytes));

  const auto port = static_cast<std::uint16_t>(port_ + sequence % flows_);
  put(to + l4_at_, 2, port);
  if (udp_) put(to + l4_at_ + 4, 2, l4_bytes);
  const std::span<std::uint8_t> payload(to + payload_at_, n - payload_at_);
  put_stamp({.stream = number_, .sequence = static_cast<std::uint32_t>(sequence), .time = time}, payload);

  std::uint32_t s = l4_sum_ + port + l4_bytes + sum(payload.first(Stamp::kBytes));
  if (udp_) s += l4_bytes;  // once in the pseudo header, once in UDP's own
  const std::size_t tail = payload.size() - Stamp::kBytes;
  s += sums_[tail / 2];
  if (tail % 2 != 0) s += std::uint32_t{to[n - 1]} << 8;
  const std::uint16_t checksum = fold(s);
  // RFC 768: none is sent as zero.
  put(to + l4_at_ + (udp_ ? 6 : 16), 2, udp_ && checksum == 0 ? 0xffff : checksum);
}

FrameKind find_payload(std::span<const std::uint8_t> frame, std::span<const std::uint8_t>& payload) {
  std::size_t at = 12;
  std::uint64_t type = 0;
  for (int tags = 0; tags < 3; ++tags) {
    if (frame.size() < at + 2) return FrameKind::kTruncated;
    type = get(&frame[at], 2);
    at += 2;
    if (type != kTypeVlan && type != kTypeServiceVlan) break;
    at += 2;
  }
  if (type != kTypeIp) return FrameKind::kOther;
  if (frame.size() < at + kIp) return FrameKind::kTruncated;
  const auto ip = frame.subspan(at);
  const std::size_t ip_header = (ip[0] & 0xfU) * 4, ip_bytes = get(&ip[2], 2);
  const bool fragment = (get(&ip[6], 2) & 0x3fff) != 0;
  if (ip[0] >> 4 != 4 || ip_header < kIp || ip_bytes < ip_header || fragment) return FrameKind::kOther;
  if (ip_bytes > ip.size()) return FrameKind::kTruncated;
  const auto l4 = ip.subspan(ip_header, ip_bytes - ip_header);
  if (ip[9] == kProtocolUdp) {
    if (l4.size() < kUdp) return FrameKind::kTruncated;
    const std::size_t length = get(&l4[4], 2);
    if (length > l4.size()) return FrameKind::kTruncated;
    if (length < kUdp) return FrameKind::kOther;
    payload = l4.subspan(kUdp, length - kUdp);
    return FrameKind::kUdpOrTcp;
  }
  if (ip[9] == kProtocolTcp) {
    if (l4.size() < kTcp) return FrameKind::kTruncated;
    const std::size_t header = (l4[12] >> 4) * std::size_t{4};
    if (header < kTcp) return FrameKind::kOther;
    if (header > l4.size()) return FrameKind::kTruncated;
    payload = l4.subspan(header);
    return FrameKind::kUdpOrTcp;
  }
  return FrameKind::kOther;
}

}  // namespace vfpool::trafgen

// SPDX-License-Identifier: Apache-2.0
#include "station/station.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace vfpool::station {
namespace {

constexpr SimTime kTick = std::chrono::microseconds(100), kEndGap = std::chrono::milliseconds(20),
                  kLateEndGap = std::chrono::milliseconds(500);
constexpr double kMostDue = 64;  // datagrams; what came late is not sent in one burst
// Repetitions of the last mark, should some be lost. Most at once, the others for a receiver that still has so much to
// do that it has no room for any.
constexpr unsigned kEnds = 25, kLateEnds = 20;
constexpr std::size_t kEthernet = 14, kIp = 20, kUdp = 8;

std::uint16_t get16(const std::uint8_t* p) { return static_cast<std::uint16_t>(p[0] << 8 | p[1]); }
std::uint32_t get32(const std::uint8_t* p) { return std::uint32_t{get16(p)} << 16 | get16(p + 2); }
void put16(std::uint8_t* p, std::uint32_t v) {
  p[0] = static_cast<std::uint8_t>(v >> 8);
  p[1] = static_cast<std::uint8_t>(v);
}
void put32(std::uint8_t* p, std::uint32_t v) {
  put16(p, v >> 16);
  put16(p + 2, v & 0xffff);
}

std::uint32_t sum(std::span<const std::uint8_t> bytes, std::uint32_t start = 0) {
  for (std::size_t i = 0; i < bytes.size(); i += 2)
    start += static_cast<std::uint32_t>(bytes[i] << 8) | (i + 1 < bytes.size() ? bytes[i + 1] : 0U);
  return start;
}
std::uint16_t checksum(std::uint32_t s) {
  while (s >> 16) s = (s & 0xffff) + (s >> 16);
  return static_cast<std::uint16_t>(~s);
}

}  // namespace

Station::Station(Scheduler& scheduler, wire::Wire& wire, std::array<std::uint8_t, 6> vf_mac,
                 std::function<std::string(const std::string&)> obey)
    : scheduler_(scheduler), wire_(wire), vf_mac_(vf_mac), obey_(std::move(obey)) {
  plug();
}

Station::~Station() {
  if (timer_ != 0) scheduler_.cancel(timer_);
}

void Station::plug() {
  wire_.set_receiver([this](const wire::Frame& frame) { receive(frame); });
}

void Station::unplug() { wire_.set_receiver({}); }

void Station::receive(const wire::Frame& frame) {
  if (frame.size() < kEthernet + kIp + kUdp) return;
  if (get16(frame.data() + 12) == 0x0806) answer_arp(frame);
  if (get16(frame.data() + 12) == 0x0800) answer_udp(frame);
}

void Station::answer_arp(const wire::Frame& frame) {
  const std::uint8_t* arp = frame.data() + kEthernet;
  if (get16(arp + 6) != 1 || get32(arp + 24) != kAddress) return;
  wire::Frame out(kMinFrame);
  std::copy_n(arp + 8, 6, out.begin());
  std::copy(kMac.begin(), kMac.end(), out.begin() + 6);
  put16(&out[12], 0x0806);
  std::copy_n(arp, 6, out.begin() + kEthernet);
  std::uint8_t* answer = &out[kEthernet];
  put16(answer + 6, 2);
  std::copy(kMac.begin(), kMac.end(), answer + 8);
  put32(answer + 14, kAddress);
  std::copy_n(arp + 8, 10, answer + 18);
  wire_.send(out);
}

void Station::answer_udp(const wire::Frame& frame) {
  const std::uint8_t* ip = frame.data() + kEthernet;
  const std::size_t header = (ip[0] & 0xfU) * 4;
  if (ip[0] >> 4 != 4 || header < kIp || ip[9] != 17 || get32(ip + 16) != kAddress || (get16(ip + 6) & 0x3fff)) return;
  const std::size_t total = get16(ip + 2);
  if (total < header + kUdp || kEthernet + total > frame.size()) return;
  const std::uint8_t* udp = ip + header;
  const std::uint16_t port = get16(udp + 2);
  std::array<std::uint8_t, 6> mac;
  std::copy_n(frame.begin() + 6, 6, mac.begin());
  const std::span payload(udp + kUdp, total - header - kUdp);
  if (port == kEchoPort) {
    send_datagram(kAddress, port, get32(ip + 12), get16(udp), mac, payload);
  } else if (port == kCommandPort) {
    std::string command(payload.begin(), payload.end());
    while (!command.empty() && command.back() == '\n') command.pop_back();
    std::string answer = obey_(command) + "\n";
    answer.resize(std::min(answer.size(), kMaxFrame - kEthernet - kIp - kUdp));
    send_datagram(kAddress, port, get32(ip + 12), get16(udp), mac,
                  {reinterpret_cast<const std::uint8_t*>(answer.data()), answer.size()});
  }
}

void Station::send_datagram(std::uint32_t from, std::uint16_t from_port, std::uint32_t to, std::uint16_t to_port,
                            const std::array<std::uint8_t, 6>& mac, std::span<const std::uint8_t> payload, Sum kind) {
  const std::size_t length = kUdp + payload.size();
  wire::Frame f(std::max(kMinFrame, kEthernet + kIp + length));
  std::copy(mac.begin(), mac.end(), f.begin());
  std::copy(kMac.begin(), kMac.end(), f.begin() + 6);
  put16(&f[12], 0x0800);
  std::uint8_t* ip = &f[kEthernet];
  ip[0] = 0x45;
  put16(ip + 2, static_cast<std::uint32_t>(kIp + length));
  put16(ip + 4, ++ip_id_);
  ip[8] = 64;
  ip[9] = 17;
  put32(ip + 12, from);
  put32(ip + 16, to);
  put16(ip + 10, checksum(sum({ip, kIp})));
  std::uint8_t* udp = ip + kIp;
  put16(udp, from_port);
  put16(udp + 2, to_port);
  put16(udp + 4, static_cast<std::uint32_t>(length));
  std::copy(payload.begin(), payload.end(), udp + kUdp);
  // Pseudo header: addresses, protocol, length (RFC 768). 0 would mean "none".
  std::uint16_t c = checksum(sum({ip + 12, 8}, 17 + static_cast<std::uint32_t>(length)) + sum({udp, length}));
  if (kind == Sum::kWrong) c ^= 0x5555;
  if (kind != Sum::kNone) put16(udp + 6, c == 0 ? 0xffff : c);
  wire_.send(f);
}

std::string Station::flood(unsigned payload, unsigned rate, unsigned milliseconds, unsigned flows, Sum sum,
                           unsigned vfs) {
  if (payload < sizeof(Mark) || payload > kMaxFlood - kEthernet - kIp - kUdp)
    return fmt::format("payload {}: {} to {} bytes are possible", payload, sizeof(Mark),
                       kMaxFlood - kEthernet - kIp - kUdp);
  if (rate == 0 || rate > 10'000'000 || flows == 0 || flows > 200 || milliseconds > 600'000)
    return "a rate up to 10000000, up to 600000 ms, 1 to 200 flows";
  payload_.assign(payload, 0x5a);
  rate_ = rate;
  flows_ = flows;
  vfs_ = vfs;
  sum_ = sum;
  sent_ = 0;
  due_ = 0;
  ends_ = kEnds + kLateEnds;
  last_ = scheduler_.now();
  until_ = last_ + std::chrono::milliseconds(milliseconds);
  if (timer_ != 0) scheduler_.cancel(timer_);
  timer_ = scheduler_.after(kTick, [this] { send_flood(); });
  return {};
}

void Station::end_flood() { until_ = std::min(until_, scheduler_.now()); }

void Station::send_mark(std::uint32_t total) {
  put32(&payload_[0], kMagic);
  put32(&payload_[4], sent_);
  put32(&payload_[8], total);
  put32(&payload_[12], sent_ % flows_);
  for (unsigned vf = 0; vf < vfs_; ++vf) {
    std::array<std::uint8_t, 6> mac = vf_mac_;
    mac.back() = static_cast<std::uint8_t>(mac.back() + vf);
    send_datagram(kFirstFlow + sent_ % flows_, kFloodPort, kGuest + (vf << 8), kFloodPort, mac, payload_, sum_);
  }
}

void Station::send_flood() {
  timer_ = 0;
  const SimTime now = scheduler_.now();
  if (now >= until_) {
    send_mark(std::max(sent_, 1U));
    if (--ends_ > 0) timer_ = scheduler_.after(ends_ > kLateEnds ? kEndGap : kLateEndGap, [this] { send_flood(); });
    return;
  }
  due_ = std::min(due_ + std::chrono::duration<double>(now - last_).count() * rate_, kMostDue);
  last_ = now;
  for (; due_ >= 1; due_ -= 1) {
    send_mark(0);
    ++sent_;
  }
  timer_ = scheduler_.after(kTick, [this] { send_flood(); });
}

}  // namespace vfpool::station

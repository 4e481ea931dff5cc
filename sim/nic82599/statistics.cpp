// SPDX-License-Identifier: Apache-2.0
#include "nic82599/statistics.hpp"

#include <utility>

#include "nic82599/packet.hpp"

namespace vfpool::nic82599 {
namespace {

constexpr std::uint64_t kMask36 = (std::uint64_t{1} << 36) - 1;

unsigned size_bin(std::size_t bytes) {
  constexpr std::size_t kLimits[] = {64, 127, 255, 511, 1023};
  unsigned bin = 0;
  while (bin < 5 && bytes > kLimits[bin]) ++bin;
  return bin;
}

// 36-bit octet counters, low and high register.
constexpr unsigned kGorcl = 0x4088, kGotcl = 0x4090, kTorl = 0x40c0, kRxDmaBytes = 0x2f54, kTxDmaBytes = 0x87a4;
// Arrays with one register a statistics set (0..15).
constexpr unsigned kQprc = 0x1030, kQprdc = 0x1430, kQbrc = 0x1034, kQptc = 0x8680, kQptcOld = 0x6030, kQbtc = 0x8700;

// Registers that count what this model never does (CRC errors, FCoE, RSC, priority flow control, manageability).
bool always_zero(unsigned offset) {
  constexpr struct {
    unsigned first, last;
  } kRanges[] = {{0x4000, 0x401c}, {0x4034, 0x4040}, {0x3f00, 0x3f9c}, {0x3fa4, 0x3fdc}, {0x40a8, 0x40a8},
                 {0x40b0, 0x40bc}, {0x4100, 0x419c}, {0x41b0, 0x41d0}, {0xcf90, 0xcf90}, {0x5118, 0x511c},
                 {0x241c, 0x242c}, {0x8784, 0x8788}, {0x87b0, 0x87b8}, {0x2f5c, 0x2f7c}, {0x3240, 0x325c}};
  for (const auto& r : kRanges)
    if (offset >= r.first && offset <= r.last) return true;
  return false;
}

}  // namespace

std::uint32_t Statistics::Octets::take_low() {
  const std::uint64_t now = std::exchange(running, 0) & kMask36;
  latched_high = static_cast<std::uint32_t>(now >> 32);
  return static_cast<std::uint32_t>(now);
}

std::uint32_t Statistics::Octets::take_high() { return std::exchange(latched_high, 0); }

unsigned Statistics::mapped(unsigned base, unsigned queue) const {
  return registers_[base + queue / 4 * 4] >> 8 * (queue % 4) & 0xf;
}

void Statistics::wire_rx(std::size_t bytes, std::uint64_t dst, bool accepted) {
  ++count_[kTotalRx];
  total_rx_.running += bytes;
  ++count_[kRxSize0 + size_bin(bytes)];
  if (!accepted) return;
  ++count_[kGoodRx];
  good_rx_.running += bytes;
  if (dst == kBroadcast)
    ++count_[kBroadcastRx];
  else if (is_multicast(dst))
    ++count_[kMulticastRx];
}

void Statistics::wire_tx(std::size_t bytes, std::uint64_t dst) {
  ++count_[kTotalTx];
  ++count_[kGoodTx];
  ++count_[kDmaGoodTx];
  ++count_[kTxSize0 + size_bin(bytes)];
  good_tx_.running += bytes;
  dma_tx_.running += bytes;
  if (dst == kBroadcast)
    ++count_[kBroadcastTx];
  else if (is_multicast(dst))
    ++count_[kMulticastTx];
}

void Statistics::queue_rx(unsigned queue, std::size_t bytes) {
  Queue& q = queues_[mapped(reg::kRqsmr, queue)];
  ++q.rx;
  q.rx_bytes += bytes;
  ++count_[kDmaGoodRx];
  dma_rx_.running += bytes;
}

void Statistics::queue_tx(unsigned queue, std::size_t bytes) {
  Queue& q = queues_[mapped(reg::kTqsm, queue)];
  ++q.tx;
  q.tx_bytes += bytes;
}

void Statistics::queue_drop(unsigned queue) { ++queues_[mapped(reg::kRqsmr, queue)].dropped; }

void Statistics::vf_rx(unsigned vf, std::size_t bytes, bool multicast) {
  Vf& v = vfs_[vf];
  ++v.rx;
  v.rx_bytes += bytes;
  if (multicast) ++v.multicast;
}

void Statistics::vf_tx(unsigned vf, std::size_t bytes) {
  ++vfs_[vf].tx;
  vfs_[vf].tx_bytes += bytes;
}

// Counters that are one plain register, cleared by reading.
std::optional<unsigned> Statistics::simple(unsigned offset) const {
  if (offset >= 0x405c && offset <= 0x4070) return kRxSize0 + (offset - 0x405c) / 4;
  if (offset >= 0x40d8 && offset <= 0x40ec) return kTxSize0 + (offset - 0x40d8) / 4;
  switch (offset) {
    case 0x4074: return kGoodRx;
    case 0x4078: return kBroadcastRx;
    case 0x407c: return kMulticastRx;
    case 0x4080: return kGoodTx;
    case 0x40a4: return kUndersize;
    case 0x40ac: return kOversize;
    case 0x40d0: return kTotalRx;
    case 0x40d4: return kTotalTx;
    case 0x40f0: return kMulticastTx;
    case 0x40f4: return kBroadcastTx;
    case 0x3fa0: return kMissed;
    case 0x41a4: return kPauseOn;
    case 0x41a8: return kPauseOff;
    case reg::kSsvpc: return kSpoofed;
    case 0x2f50: return kDmaGoodRx;
    case 0x87a0: return kDmaGoodTx;
    default: return std::nullopt;
  }
}

bool Statistics::owns_pf(unsigned offset) const {
  if (simple(offset) || always_zero(offset)) return true;
  for (const unsigned low : {kGorcl, kGotcl, kTorl, kRxDmaBytes, kTxDmaBytes})
    if (offset == low || offset == low + 4) return true;
  if (offset >= 0x1000 && offset < 0x2000) {
    const unsigned place = offset & 0x3f;
    return place == 0x1c || place == 0x20 || place == 0x24 || place == 0x30 || place == 0x34 || place == 0x38;
  }
  if (offset >= kQptc && offset < kQptc + 64) return true;
  if (offset >= kQbtc && offset < kQbtc + 128) return true;
  if (offset >= kQptcOld && offset < kQptcOld + 0x400 && (offset & 0x3f) == 0x30) return true;
  if (offset >= 0x8300 && offset < 0x8600) return true;
  if (offset >= 0xd000 && offset < 0xe000) {
    const unsigned place = offset & 0x3f;
    return place == 0x1c || place == 0x20;
  }
  return false;
}

std::optional<std::uint32_t> Statistics::read_pf(unsigned offset) {
  if (const auto i = simple(offset)) return std::exchange(count_[*i], 0);
  const struct {
    unsigned low;
    Octets* octets;
  } octets[] = {
      {kGorcl, &good_rx_}, {kGotcl, &good_tx_}, {kTorl, &total_rx_}, {kRxDmaBytes, &dma_rx_}, {kTxDmaBytes, &dma_tx_}};
  for (const auto& o : octets) {
    if (offset == o.low) return o.octets->take_low();
    if (offset == o.low + 4) return o.octets->take_high();
  }
  if (!owns_pf(offset)) return std::nullopt;
  const auto take = [&](std::uint64_t& bytes, unsigned slot) {  // low half; the high one waits for its own read
    const std::uint64_t now = std::exchange(bytes, 0);
    queue_high_[slot] = static_cast<std::uint32_t>(now >> 32) & 0xf;
    return static_cast<std::uint32_t>(now);
  };
  if (offset >= 0x1000 && offset < 0x2000) {
    const unsigned i = (offset - 0x1000) / 0x40;
    switch (offset & 0x3f) {
      case 0x1c: return vfs_[i].rx;
      case 0x20: return static_cast<std::uint32_t>(vfs_[i].rx_bytes);
      case 0x24: return static_cast<std::uint32_t>((vfs_[i].rx_bytes & kMask36) >> 32);
      case 0x30:
        if (i < 16) return std::exchange(queues_[i].rx, 0);
        if (i < 32) return std::exchange(queues_[i - 16].dropped, 0);
        return 0;
      case 0x34: return i < 16 ? take(queues_[i].rx_bytes, i) : 0;
      case 0x38: return i < 16 ? std::exchange(queue_high_[i], 0) : 0;
      default: return 0;
    }
  }
  if (offset >= kQptc && offset < kQptc + 64) return std::exchange(queues_[(offset - kQptc) / 4].tx, 0);
  if (offset >= kQptcOld && offset < kQptcOld + 0x400) return std::exchange(queues_[(offset - kQptcOld) / 0x40].tx, 0);
  if (offset >= kQbtc && offset < kQbtc + 128) {
    const unsigned i = (offset - kQbtc) / 8;
    return offset & 4 ? std::exchange(queue_high_[16 + i], 0) : take(queues_[i].tx_bytes, 16 + i);
  }
  if (offset >= 0x8300 && offset < 0x8400) return vfs_[(offset - 0x8300) / 4].tx;
  if (offset >= 0x8400 && offset < 0x8600) {
    const Vf& v = vfs_[(offset - 0x8400) / 8];
    return static_cast<std::uint32_t>(offset & 4 ? (v.tx_bytes & kMask36) >> 32 : v.tx_bytes);
  }
  if (offset >= 0xd000 && offset < 0xe000) {
    const Vf& v = vfs_[(offset - 0xd000) / 0x40];
    return (offset & 0x3f) == 0x1c ? v.multicast : static_cast<std::uint32_t>((v.rx_bytes & kMask36) >> 32);
  }
  return 0;
}

std::optional<std::uint32_t> Statistics::read_vf(unsigned vf, unsigned offset) const {
  const Vf& v = vfs_[vf];
  switch (offset) {
    case vfreg::kGprc: return v.rx;
    case vfreg::kGorcLow: return static_cast<std::uint32_t>(v.rx_bytes);
    case vfreg::kGorcHigh: return static_cast<std::uint32_t>((v.rx_bytes & kMask36) >> 32);
    case vfreg::kMprc: return v.multicast;
    case vfreg::kGptc: return v.tx;
    case vfreg::kGotcLow: return static_cast<std::uint32_t>(v.tx_bytes);
    case vfreg::kGotcHigh: return static_cast<std::uint32_t>((v.tx_bytes & kMask36) >> 32);
    default: return std::nullopt;
  }
}

void Statistics::reset() {
  count_.fill(0);
  good_rx_ = good_tx_ = total_rx_ = dma_rx_ = dma_tx_ = {};
  queues_.fill({});
  queue_high_.fill(0);
}

}  // namespace vfpool::nic82599

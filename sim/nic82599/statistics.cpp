// SPDX-License-Identifier: Apache-2.0
#include "nic82599/statistics.hpp"

#include <utility>

#include "nic82599/packet.hpp"

namespace vfpool::nic82599 {
namespace {

constexpr std::uint64_t kMask36 = (std::uint64_t{1} << 36) - 1;
constexpr unsigned kSizes = 6;  // counters of frames by size

std::uint32_t low(std::uint64_t octets) { return static_cast<std::uint32_t>(octets); }
std::uint32_t high(std::uint64_t octets) { return static_cast<std::uint32_t>((octets & kMask36) >> 32); }

unsigned size_bin(std::size_t bytes) {
  constexpr std::size_t kLimits[] = {64, 127, 255, 511, 1023};
  unsigned bin = 0;
  while (bin < 5 && bytes > kLimits[bin]) ++bin;
  return bin;
}

// Registers that count what this model never does.
bool always_zero(unsigned offset) {
  constexpr struct {
    unsigned first, last;
  } kRanges[] = {
      {0x4000, 0x401c},  // CRC, illegal byte and other errors of frames
      {0x4034, 0x4040},  // faults of the link, length errors
      {0x3f00, 0x3f9c},  // pause frames of traffic classes, sent
      {0x3fa4, 0x3fdc},  // missed frames of classes 1 to 7, no buffer
      {0x40a8, 0x40a8},  // fragments
      {0x40b0, 0x40bc},  // jabber, management
      {0x4100, 0x419c},  // checksum errors, pause frames of traffic classes, received
      {0x41b0, 0x41d0}, {0xcf90, 0xcf90}, {0x5118, 0x511c},  // FCoE
      {0x241c, 0x242c}, {0x8784, 0x8788}, {0x87b0, 0x87b8},  // frames inside the card
      {0x2f5c, 0x2f7c}, {0x3240, 0x325c},                    // upper flow control thresholds' shadow
  };
  for (const auto& r : kRanges)
    if (offset >= r.first && offset <= r.last) return true;
  return false;
}

}  // namespace

std::uint32_t Statistics::Octets::take_low() {
  const std::uint64_t now = std::exchange(running, 0) & kMask36;
  latched_high = high(now);
  return low(now);
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
  q.rx_bytes.running += bytes;
  ++count_[kDmaGoodRx];
  dma_rx_.running += bytes;
}

void Statistics::queue_tx(unsigned queue, std::size_t bytes) {
  Queue& q = queues_[mapped(reg::kTqsm, queue)];
  ++q.tx;
  q.tx_bytes.running += bytes;
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

void Statistics::vf_near_end(unsigned vf, std::uint32_t packets, std::uint32_t octets) {
  Vf& v = vfs_[vf];
  v.rx = v.tx = v.multicast = 0 - packets;
  v.rx_bytes = v.tx_bytes = 0 - std::uint64_t{octets};
}

// Counters that are one plain register, cleared by reading.
std::optional<unsigned> Statistics::simple(unsigned offset) const {
  if (offset >= reg::kPrc64 && offset < reg::kPrc64 + 4 * kSizes) return kRxSize0 + (offset - reg::kPrc64) / 4;
  if (offset >= reg::kPtc64 && offset < reg::kPtc64 + 4 * kSizes) return kTxSize0 + (offset - reg::kPtc64) / 4;
  switch (offset) {
    case reg::kGprc: return kGoodRx;
    case reg::kBprc: return kBroadcastRx;
    case reg::kMprc: return kMulticastRx;
    case reg::kGptc: return kGoodTx;
    case reg::kRuc: return kUndersize;
    case reg::kRoc: return kOversize;
    case reg::kTpr: return kTotalRx;
    case reg::kTpt: return kTotalTx;
    case reg::kMptc: return kMulticastTx;
    case reg::kBptc: return kBroadcastTx;
    case reg::kMpc: return kMissed;
    case reg::kLxonrxc: return kPauseOn;
    case reg::kLxoffrxc: return kPauseOff;
    case reg::kSsvpc: return kSpoofed;
    case reg::kRxdgpc: return kDmaGoodRx;
    case reg::kTxdgpc: return kDmaGoodTx;
    default: return std::nullopt;
  }
}

// The 36-bit counter whose lower register is at `low`.
Statistics::Octets* Statistics::octets(unsigned low) {
  switch (low) {
    case reg::kGorc: return &good_rx_;
    case reg::kGotc: return &good_tx_;
    case reg::kTor: return &total_rx_;
    case reg::kRxdgbc: return &dma_rx_;
    case reg::kTxdgbc: return &dma_tx_;
    default: return nullptr;
  }
}

// Sixteen sets of queue counters, and what each VF counts.
std::optional<Statistics::Place> Statistics::in_array(unsigned offset) {
  constexpr struct {
    unsigned base, count, stride;
    What what;
  } kArrays[] = {
      {reg::kQprc, kSets, 0x40, kRx},
      {reg::kQprdc, kSets, 0x40, kDropped},
      {reg::kQbrc, kSets, 0x40, kRxLow},
      {reg::kQbrc + 4, kSets, 0x40, kRxHigh},
      {reg::kQptc, kSets, 4, kTx},
      {reg::kQptcPerRing, kSets, 0x40, kTx},
      {reg::kQbtc, kSets, 8, kTxLow},
      {reg::kQbtc + 4, kSets, 8, kTxHigh},
      {reg::kPvfgprc, kMaxVfs, 0x40, kVfRx},
      {reg::kPvfgorc, kMaxVfs, 0x40, kVfRxLow},
      {reg::kPvfgorc + 4, kMaxVfs, 0x40, kVfRxHigh},
      {reg::kPvfgorcHigh, kMaxVfs, 0x40, kVfRxHigh},
      {reg::kPvfmprc, kMaxVfs, 0x40, kVfMulticast},
      {reg::kPvfgptc, kMaxVfs, 4, kVfTx},
      {reg::kPvfgotc, kMaxVfs, 8, kVfTxLow},
      {reg::kPvfgotc + 4, kMaxVfs, 8, kVfTxHigh},
  };
  for (const auto& a : kArrays)
    if (offset >= a.base && offset < a.base + a.count * a.stride && (offset - a.base) % a.stride == 0)
      return Place{a.what, (offset - a.base) / a.stride};
  return std::nullopt;
}

std::uint32_t Statistics::take(const Place& p) {
  switch (p.what) {
    case kRx: return std::exchange(queues_[p.index].rx, 0);
    case kDropped: return std::exchange(queues_[p.index].dropped, 0);
    case kRxLow: return queues_[p.index].rx_bytes.take_low();
    case kRxHigh: return queues_[p.index].rx_bytes.take_high();
    case kTx: return std::exchange(queues_[p.index].tx, 0);
    case kTxLow: return queues_[p.index].tx_bytes.take_low();
    case kTxHigh: return queues_[p.index].tx_bytes.take_high();
    case kVfRx: return vfs_[p.index].rx;
    case kVfRxLow: return low(vfs_[p.index].rx_bytes);
    case kVfRxHigh: return high(vfs_[p.index].rx_bytes);
    case kVfMulticast: return vfs_[p.index].multicast;
    case kVfTx: return vfs_[p.index].tx;
    case kVfTxLow: return low(vfs_[p.index].tx_bytes);
    case kVfTxHigh: return high(vfs_[p.index].tx_bytes);
  }
  return 0;
}

bool Statistics::owns_pf(unsigned offset) {
  return simple(offset) || octets(offset) != nullptr || octets(offset - 4) != nullptr || in_array(offset) ||
         always_zero(offset);
}

std::optional<std::uint32_t> Statistics::read_pf(unsigned offset) {
  if (const auto i = simple(offset)) return std::exchange(count_[*i], 0);
  if (Octets* o = octets(offset)) return o->take_low();
  if (Octets* o = octets(offset - 4)) return o->take_high();
  if (const auto place = in_array(offset)) return take(*place);
  return always_zero(offset) ? std::optional(0U) : std::nullopt;
}

std::optional<std::uint32_t> Statistics::read_vf(unsigned vf, unsigned offset) const {
  const Vf& v = vfs_[vf];
  switch (offset) {
    case vfreg::kGprc: return v.rx;
    case vfreg::kGorcLow: return low(v.rx_bytes);
    case vfreg::kGorcHigh: return high(v.rx_bytes);
    case vfreg::kMprc: return v.multicast;
    case vfreg::kGptc: return v.tx;
    case vfreg::kGotcLow: return low(v.tx_bytes);
    case vfreg::kGotcHigh: return high(v.tx_bytes);
    default: return std::nullopt;
  }
}

void Statistics::reset() {
  count_.fill(0);
  good_rx_ = good_tx_ = total_rx_ = dma_rx_ = dma_tx_ = {};
  queues_.fill({});
}

}  // namespace vfpool::nic82599

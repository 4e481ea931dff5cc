// SPDX-License-Identifier: Apache-2.0
#include "nic82599/time_sync.hpp"

namespace vfpool::nic82599 {
namespace {

// The clock's input at 10 Gb/s; ten times as slow at each lower speed (7.9.3).
constexpr SimTime kUnitAt10G{6'400};
constexpr std::uint32_t kIncrement = 0x00ffffff;  // TIMINCA: what is added; 31:24: after how many units
constexpr unsigned kPeriodShift = 24;
constexpr std::uint32_t kNegative = bit(31);  // TIMADJH

constexpr std::uint32_t kValid = bit(0), kEnable = bit(4), kType = 0xe;  // TSYNCTXCTL, TSYNCRXCTL
enum Type : unsigned { kL2V2 = 0, kL4V1 = 1, kBothV2 = 2, kEventV2 = 5 };
constexpr std::uint32_t kAnyEvent = 0x8;  // message types of version 2 below this are events

// RXMTRL: control field of version 1, message type of version 2, UDP port.
constexpr unsigned kMessageShift = 8, kPortShift = 16;
constexpr std::uint16_t kEventPort = 319;
constexpr unsigned kHeader = 34;  // of a PTP message, version 2
// Places in a message. The source's six bytes are version 1's UUID and the end of version 2's clock identity.
constexpr unsigned kSource = 22, kSequence = 30, kControlV1 = 32;

}  // namespace

TimeSync::TimeSync(const Scheduler& scheduler, const RegisterFile& registers, unsigned link_mbps)
    : scheduler_(scheduler),
      registers_(registers),
      unit_(link_mbps >= 10'000  ? kUnitAt10G
            : link_mbps >= 1'000 ? kUnitAt10G * 10
                                 : kUnitAt10G * 100) {
  reset();
}

void TimeSync::reset() {
  since_ = scheduler_.now();
  base_ = 0;
  timinca_ = high_ = adjust_ = tx_control_ = rx_control_ = source_low_ = source_high_ = 0;
  message_filter_ = static_cast<std::uint32_t>(kEventPort) << kPortShift;
  tx_ = rx_ = {};
}

std::uint64_t TimeSync::now() const {
  const unsigned period = timinca_ >> kPeriodShift;
  if (period == 0) return base_;
  const auto steps = static_cast<std::uint64_t>((scheduler_.now() - since_) / (unit_ * period));
  return base_ + steps * (timinca_ & kIncrement);
}

void TimeSync::set(std::uint64_t time) {
  base_ = time;
  since_ = scheduler_.now();
}

std::optional<std::uint32_t> TimeSync::read(unsigned offset) {
  switch (offset) {
    case reg::kSystimLow: {
      const std::uint64_t time = now();
      high_ = static_cast<std::uint32_t>(time >> 32);
      return static_cast<std::uint32_t>(time);
    }
    case reg::kSystimHigh: return high_;
    case reg::kTiminca: return timinca_;
    case reg::kTimadjLow: return adjust_;
    case reg::kTimadjHigh: return 0;
    case reg::kTsyncTxCtl: return tx_control_ | (tx_.valid ? kValid : 0);
    case reg::kTsyncRxCtl: return rx_control_ | (rx_.valid ? kValid : 0);
    case reg::kTxStampLow: return static_cast<std::uint32_t>(tx_.time);
    case reg::kTxStampHigh: tx_.valid = false; return static_cast<std::uint32_t>(tx_.time >> 32);
    case reg::kRxStampLow: return static_cast<std::uint32_t>(rx_.time);
    case reg::kRxStampHigh: rx_.valid = false; return static_cast<std::uint32_t>(rx_.time >> 32);
    case reg::kRxSatrLow: return source_low_;
    case reg::kRxSatrHigh: return source_high_;
    case reg::kRxMtrl: return message_filter_;
    default: return std::nullopt;
  }
}

bool TimeSync::write(unsigned offset, std::uint32_t value) {
  switch (offset) {
    case reg::kSystimLow: set((now() & ~std::uint64_t{0xffffffff}) | value); return true;
    case reg::kSystimHigh:
      set((now() & 0xffffffff) | static_cast<std::uint64_t>(value) << 32);
      high_ = value;
      return true;
    case reg::kTiminca:
      set(now());
      timinca_ = value;
      return true;
    case reg::kTimadjLow: adjust_ = value; return true;
    case reg::kTimadjHigh: {  // carries the adjustment out
      const std::uint64_t by = static_cast<std::uint64_t>(value & ~kNegative) << 32 | adjust_;
      // The steps that have begun go on.
      base_ = value & kNegative ? base_ - by : base_ + by;
      return true;
    }
    case reg::kTsyncTxCtl: tx_control_ = value & kEnable; return true;
    case reg::kTsyncRxCtl: rx_control_ = value & (kEnable | kType); return true;
    case reg::kRxMtrl: message_filter_ = value; return true;
    case reg::kTxStampLow:
    case reg::kTxStampHigh:
    case reg::kRxStampLow:
    case reg::kRxStampHigh:
    case reg::kRxSatrLow:
    case reg::kRxSatrHigh: return true;  // read-only
    default: return false;
  }
}

void TimeSync::sent() {
  if (!(tx_control_ & kEnable) || tx_.valid) return;
  tx_ = {true, now()};
}

// Whether a frame is one that TSYNCRXCTL and RXMTRL speak of; `at`: where its PTP message begins.
bool TimeSync::wanted(Bytes frame, const Parsed& p, unsigned& at) const {
  const unsigned type = (rx_control_ & kType) >> 1;
  const bool udp = p.l4 == L4::kUdp && be16(frame.data() + p.l4_at + 2) == message_filter_ >> kPortShift;
  bool l2 = false;  // an EtherType filter names frames of PTP (ETQF, 8.2.3.7)
  for (unsigned i = 0; i < 8 && !p.ipv4 && !p.ipv6; ++i) {
    const std::uint32_t filter = registers_[reg::kEtqf + 4 * i];
    l2 = l2 || ((filter & reg::kEtqfEnable) && (filter & reg::kEtqf1588) && (filter & 0xffff) == p.ethertype);
  }
  at = udp ? p.l4_at + 8 : p.l3;
  if ((!udp && !l2) || frame.size() < at + kHeader) return false;
  const unsigned message = frame[at] & 0xf, asked = message_filter_ >> kMessageShift & 0xf;
  switch (type) {
    case kL2V2: return l2 && message == asked;
    case kL4V1: return udp && frame[at + kControlV1] == (message_filter_ & 0xff);
    case kBothV2: return message == asked;
    case kEventV2: return message < kAnyEvent;
    default: return false;
  }
}

bool TimeSync::received(Bytes frame, const Parsed& p) {
  unsigned at = 0;
  if (!(rx_control_ & kEnable) || rx_.valid || !wanted(frame, p, at)) return false;
  rx_ = {true, now()};
  const std::uint8_t* message = frame.data() + at;
  source_low_ = be32(message + kSource + 2);
  source_high_ = static_cast<std::uint32_t>(be16(message + kSequence)) << 16 | be16(message + kSource);
  return true;
}

}  // namespace vfpool::nic82599

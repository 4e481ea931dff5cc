// SPDX-License-Identifier: Apache-2.0
#include "nic82599/flow_director.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <iterator>
#include <utility>

namespace vfpool::nic82599 {
namespace {

// FDIRCTRL.
constexpr std::uint32_t kInitDone = bit(3), kReport = bit(5), kReportAlways = bit(7), kCtrlWritable = 0xff1f7fb3;
constexpr unsigned kDropQueueShift = 8, kFlexShift = 16, kFullShift = 28;
constexpr unsigned kFullUnit = 16;  // FULL-THRESH counts 16 filters
// FDIRCMD.
constexpr std::uint32_t kAdd = 1, kRemove = 2, kQuery = 3, kCommand = 3, kFilterValid = bit(2), kUpdate = bit(3),
                        kClear = bit(8), kDrop = bit(9), kQueueEnable = bit(15), kCmdWritable = 0x3f7f8ff8;
constexpr unsigned kTypeShift = 5, kQueueShift = 16, kPoolShift = 24;
// FDIRM: a set bit takes the field out of the comparison.
constexpr std::uint32_t kMaskVlanId = bit(0), kMaskPriority = bit(1), kMaskPool = bit(2), kMaskL4 = bit(3),
                        kMaskFlex = bit(4), kMaskIpv6Destination = bit(5), kMasks = 0x3f;
constexpr std::uint8_t kIpv6 = 4, kL4Type = 3;
constexpr std::uint16_t kVlanId = 0x0fff, kPriority = 0xe000;

constexpr std::uint32_t kDefaultKey = 0x80000001, kHalf = 0xffff, kIndex = 0x7fff;

// The port masks number their bits the other way round than the ports (FDIRTCPM, 8.2.3.21).
std::uint16_t reversed(std::uint32_t half) {
  std::uint16_t out = 0;
  for (unsigned i = 0; i < 16; ++i) out = static_cast<std::uint16_t>(out << 1 | (half >> i & 1));
  return out;
}

void count(std::uint32_t& word, unsigned shift) {  // 16 bits, saturating
  if ((word >> shift & kHalf) != kHalf) word += 1U << shift;
}

}  // namespace

FlowDirector::FlowDirector(std::function<void()> filling) : filling_(std::move(filling)) { reset(); }

void FlowDirector::reset() {
  registers_.fill(0);
  at(reg::kFdirHashKey) = at(reg::kFdirSignatureKey) = kDefaultKey;
  clear();
}

void FlowDirector::clear() {
  filters_.clear();
  at(reg::kFdirLen) = 0;
}

// Filters that the packet buffer set aside has room for.
unsigned FlowDirector::capacity() const {
  const unsigned size = at(reg::kFdirCtrl) & kPballoc;
  if (size == 0) return 0;
  return perfect() ? (2048U << (size - 1)) - 2 : 8192U << (size - 1);
}

std::uint32_t FlowDirector::bucket_mask() const {
  const unsigned size = at(reg::kFdirCtrl) & kPballoc;
  return perfect() || size == 0 ? 0x1fff : (0x2000U << (size - 1)) - 1;
}

std::optional<std::uint32_t> FlowDirector::read(unsigned offset) {
  if (offset < kFirst || offset >= kFirst + 4 * kRegisters) return std::nullopt;
  switch (offset) {
    case reg::kFdirFree: return capacity() - std::min<unsigned>(capacity(), static_cast<unsigned>(filters_.size()));
    case reg::kFdirLen:
    case reg::kFdirUstat:
    case reg::kFdirFstat:
    case reg::kFdirMatch:
    case reg::kFdirMiss: return std::exchange(at(offset), 0);
    default: return at(offset);
  }
}

bool FlowDirector::write(unsigned offset, std::uint32_t value) {
  if (offset < kFirst || offset >= kFirst + 4 * kRegisters) return false;
  switch (offset) {
    case reg::kFdirCtrl:  // a new arrangement of the table; it is done at once
      at(offset) = value & kCtrlWritable;
      if (enabled()) at(offset) |= kInitDone;
      clear();
      return true;
    case reg::kFdirCmd: command(value); return true;
    case reg::kFdirM: at(offset) = value & kMasks; return true;
    case reg::kFdirFree:
    case reg::kFdirLen:
    case reg::kFdirUstat:
    case reg::kFdirFstat:
    case reg::kFdirMatch:
    case reg::kFdirMiss: return true;  // read-only
    case reg::kFdirHash:
    case reg::kFdirPort:
    case reg::kFdirVlan:
    case reg::kFdirIpSource:
    case reg::kFdirIpDestination:
    case reg::kFdirIpDestinationM:
    case reg::kFdirIpSourceM:
    case reg::kFdirTcpM:
    case reg::kFdirUdpM:
    case reg::kFdirSctpM:
    case reg::kFdirIp6M:
    case reg::kFdirHashKey:
    case reg::kFdirSignatureKey: at(offset) = value; return true;
    default:
      if (offset >= reg::kFdirIp6Source && offset < reg::kFdirIp6Source + 12) at(offset) = value;
      return true;  // the rest of the block is reserved and reads 0
  }
}

// FDIRCMD: the command ends at once, so that its field reads 0 again.
void FlowDirector::command(std::uint32_t value) {
  std::uint32_t& shown = at(reg::kFdirCmd);
  shown = value & kCmdWritable;
  if (value & kClear) clear();
  if (!enabled()) return;
  const std::uint32_t hash = at(reg::kFdirHash);
  const std::uint32_t key = (hash & bucket_mask()) << 16 | (hash >> 16 & kIndex);
  switch (value & kCommand) {
    case kAdd: add(key, shown); break;
    case kRemove: filters_.erase(key) != 0 ? count(at(reg::kFdirUstat), 16) : count(at(reg::kFdirFstat), 16); break;
    case kQuery:
      if (const auto it = filters_.find(key); it != filters_.end()) show(it->second);
      break;
    default: break;
  }
}

void FlowDirector::add(std::uint32_t key, std::uint32_t value) {
  const auto it = filters_.find(key);
  if (it == filters_.end() ? filters_.size() >= capacity() : !(value & kUpdate)) {
    count(at(reg::kFdirFstat), 0);
    return;
  }
  filters_[key] = {flow_of_registers(value), value};
  count(at(reg::kFdirUstat), 0);
  const std::uint32_t bucket = key & ~kHalf;
  const auto length =
      static_cast<std::uint32_t>(std::distance(filters_.lower_bound(bucket), filters_.upper_bound(bucket | kHalf)));
  if (length > (at(reg::kFdirLen) & 0x3f)) at(reg::kFdirLen) = std::min(length, 0x3fU) | bucket;
  if (capacity() - filters_.size() <= (at(reg::kFdirCtrl) >> kFullShift) * kFullUnit) filling_();
}

void FlowDirector::show(const Filter& filter) {
  at(reg::kFdirCmd) = filter.command | kFilterValid;
  const bool v6 = filter.flow.type & kIpv6;
  for (unsigned i = 0; i < 3; ++i) at(reg::kFdirIp6Source + 4 * i) = v6 ? filter.flow.source[i] : 0;
  at(reg::kFdirIpSource) = filter.flow.source[3];
  at(reg::kFdirIpDestination) = filter.flow.destination[3];
  at(reg::kFdirPort) = static_cast<std::uint32_t>(filter.flow.destination_port) << 16 | filter.flow.source_port;
  at(reg::kFdirVlan) = static_cast<std::uint32_t>(std::rotl(filter.flow.flex, 8)) << 16 | filter.flow.vlan;
}

FlowDirector::Flow FlowDirector::flow_of_registers(std::uint32_t command) const {
  Flow f;
  f.pool = command >> kPoolShift & 0x3f;
  f.type = command >> kTypeShift & (kIpv6 | kL4Type);
  f.vlan = static_cast<std::uint16_t>(at(reg::kFdirVlan));
  // The first byte on the wire is the lower one of the field (FDIRVLAN).
  f.flex = std::rotl(static_cast<std::uint16_t>(at(reg::kFdirVlan) >> 16), 8);
  f.source_port = static_cast<std::uint16_t>(at(reg::kFdirPort));
  f.destination_port = static_cast<std::uint16_t>(at(reg::kFdirPort) >> 16);
  if (f.type & kIpv6)
    for (unsigned i = 0; i < 3; ++i) f.source[i] = at(reg::kFdirIp6Source + 4 * i);
  f.source[3] = at(reg::kFdirIpSource);
  if (!(f.type & kIpv6)) f.destination[3] = at(reg::kFdirIpDestination);
  return f;
}

FlowDirector::Flow FlowDirector::flow_of_frame(Bytes frame, const Parsed& p, unsigned pool) const {
  Flow f;
  f.pool = static_cast<std::uint8_t>(pool);
  f.type = static_cast<std::uint8_t>(p.l4 == L4::kUdp ? 1 : p.l4 == L4::kTcp ? 2 : p.l4 == L4::kSctp ? 3 : 0);
  if (p.tagged) f.vlan = p.tci;
  if (p.ipv6) {
    f.type |= kIpv6;
    for (unsigned i = 0; i < 4; ++i) {
      f.source[i] = be32(frame.data() + p.l3 + 8 + 4 * i);
      f.destination[i] = be32(frame.data() + p.l3 + 24 + 4 * i);
    }
  } else {
    f.source[3] = be32(frame.data() + p.l3 + 12);
    f.destination[3] = be32(frame.data() + p.l3 + 16);
  }
  if (p.l4 != L4::kNone) {
    f.source_port = be16(frame.data() + p.l4_at);
    f.destination_port = be16(frame.data() + p.l4_at + 2);
  }
  const unsigned flex = (at(reg::kFdirCtrl) >> kFlexShift & 0x1f) * 2;
  if (flex + 2 <= frame.size()) f.flex = be16(frame.data() + flex);
  return f;
}

// What the masks leave of a flow (FDIRM and the masks of addresses and ports, 8.2.3.21).
FlowDirector::Flow FlowDirector::masked(Flow f) const {
  const std::uint32_t m = at(reg::kFdirM);
  if (m & kMaskPool) f.pool = 0;
  f.vlan &= static_cast<std::uint16_t>((m & kMaskVlanId ? 0 : kVlanId) | (m & kMaskPriority ? 0 : kPriority));
  if (m & kMaskFlex) f.flex = 0;
  const unsigned l4 = f.type & kL4Type;
  const std::uint32_t ports = l4 == 1   ? at(reg::kFdirUdpM)
                              : l4 == 2 ? at(reg::kFdirTcpM)
                              : l4 == 3 ? at(reg::kFdirSctpM)
                                        : 0xffffffff;
  f.source_port &= static_cast<std::uint16_t>(~reversed(ports & kHalf));
  f.destination_port &= static_cast<std::uint16_t>(~reversed(ports >> 16));
  if (m & kMaskL4) {
    f.type &= kIpv6;
    f.source_port = f.destination_port = 0;
  }
  if (f.type & kIpv6) {
    const std::uint32_t bytes = at(reg::kFdirIp6M);  // a bit for each byte of the source address, the last one lowest
    for (unsigned i = 0; i < 16; ++i)
      if (bytes >> i & 1) f.source[3 - i / 4] &= ~(0xffU << 8 * (i % 4));
    if (m & kMaskIpv6Destination) f.destination = {};
  } else {
    f.source[3] &= ~at(reg::kFdirIpSourceM);
    f.destination[3] &= ~at(reg::kFdirIpDestinationM);
  }
  return f;
}

// 15 bits of the flow, by a key (7.1.2.7): the sum, modulo 2, of the flow's bit string shifted by the number of
// every bit that is set in the key, which repeats after 32 bits. So the words of the string that lie 32 bits apart can
// be added up first; only the first word, of pool, type and VLAN, enters at both of its halves.
std::uint32_t FlowDirector::hash(const Flow& f, std::uint32_t key) {
  const std::uint32_t head =
      static_cast<std::uint32_t>(f.pool) << 24 | static_cast<std::uint32_t>(f.type) << 16 | f.vlan;
  std::uint32_t body = static_cast<std::uint32_t>(f.source_port ^ f.flex) << 16 | f.destination_port;
  for (unsigned i = 0; i < 4; ++i) body ^= f.source[i] ^ f.destination[i];
  const std::uint32_t upper = body ^ head ^ head >> 16;
  std::uint32_t lower = std::rotl(body, 16), sum = 0;
  for (unsigned n = 0; n < 16; ++n) {
    if (key >> n & 1) sum ^= lower >> n;
    if (key >> (16 + n) & 1) sum ^= upper >> n;
    if (n == 0) lower ^= head ^ head << 16;  // the string begins behind its bit 0
  }
  return sum & kIndex;
}

std::optional<FlowDirector::Match> FlowDirector::look_up(Bytes frame, const Parsed& p, unsigned pool) {
  if (!enabled() || (!p.ipv4 && !p.ipv6)) return std::nullopt;
  const Flow flow = masked(flow_of_frame(frame, p, pool));
  const std::uint32_t bucket = (hash(flow, at(reg::kFdirHashKey)) & bucket_mask()) << 16;
  auto it = filters_.end();
  if (perfect()) {
    const auto last = filters_.upper_bound(bucket | kHalf);
    it = std::find_if(filters_.lower_bound(bucket), last,
                      [&](const auto& entry) { return masked(entry.second.flow) == flow; });
    if (it == last) it = filters_.end();
  } else {
    it = filters_.find(bucket | hash(flow, at(reg::kFdirSignatureKey)));
  }
  const std::uint32_t control = at(reg::kFdirCtrl);
  if (it == filters_.end()) {
    ++at(reg::kFdirMiss);
    return std::nullopt;
  }
  ++at(reg::kFdirMatch);
  const std::uint32_t command = it->second.command;
  if (!(command & (kDrop | kQueueEnable))) return std::nullopt;
  Match m;
  m.queue = (command & kDrop ? control >> kDropQueueShift : command >> kQueueShift) & 0x7f;
  m.id = (it->first >> 16) | (it->first & kIndex) << 16;
  m.report = control & (kReport | kReportAlways);
  return m;
}

std::string FlowDirector::state() const {
  if (!enabled()) return {};
  return fmt::format("  Flow Director: {} of {} {} filters\n", filters_.size(), capacity(),
                     perfect() ? "perfect" : "signature");
}

}  // namespace vfpool::nic82599

// SPDX-License-Identifier: Apache-2.0
#include "config.hpp"

#include "format.hpp"

namespace vfpool::reference {
namespace {

constexpr std::uint32_t kOnes = ~0U;
constexpr std::uint32_t kWindowBits = 0xfff0fff0;
// 64 KiB of registers; 16 KiB of a VF (82599 data sheet, 9.5).
constexpr std::uint32_t kRegisterBar = 0xffff0000, kVfBar = 0xffffc000;

bool is_port(FunctionKind k) { return k != FunctionKind::kManagement && k != FunctionKind::kVf; }

// Bits of BAR register `n` that take an address.
std::uint32_t bar_bits(FunctionKind kind, unsigned n) {
  if (kind == FunctionKind::kManagement) return n == 0 ? kRegisterBar : n == 1 ? kOnes : 0;
  if (kind != FunctionKind::kVf) return 0;
  return n == 0 || n == 3 ? kVfBar : n == 1 || n == 4 ? kOnes : 0;
}

std::uint32_t bytes_of(unsigned byte_enables) {
  std::uint32_t bits = 0;
  for (unsigned b = 0; b < 4; ++b)
    if (byte_enables >> b & 1) bits |= 0xffU << 8 * b;
  return bits;
}

template <class T>
void merge(T& old, std::uint32_t value, std::uint32_t bits) {
  old = static_cast<T>((old & ~bits) | (value & bits));
}

std::uint32_t id_of(FunctionKind kind) {
  switch (kind) {
    case FunctionKind::kManagement: return 0x808610ee;
    case FunctionKind::kUpstream: return 0x808710ee;
    case FunctionKind::kOwnerPort:
    case FunctionKind::kSlotPort: return 0x808810ee;
    case FunctionKind::kVf: return 0x10ed8086;
  }
  return 0;
}

Place port_place(unsigned host, unsigned slot) {
  return {.kind = host == 0 ? FunctionKind::kOwnerPort : FunctionKind::kSlotPort, .slot = slot};
}

}  // namespace

Target find_target(const State& s, unsigned port, const Tlp& t) {
  const Host& h = s.hosts[port];
  const Bdf to = t.cfg_target();
  const bool type1 = t.kind() == pcie::TlpKind::kCfgRead1 || t.kind() == pcie::TlpKind::kCfgWrite1;
  if (!type1) {
    if (to.dev() != 0 || to.fn() > 1) return {};
    return {.place = Place{.kind = to.fn() == 0 ? FunctionKind::kManagement : FunctionKind::kUpstream}};
  }
  if (h.upstream.secondary == 0) return {};
  if (to.bus() == h.upstream.secondary) {
    if (to.fn() != 0 || to.dev() >= h.slots.size()) return {};
    return {.place = port_place(port, to.dev())};
  }
  for (unsigned n = 0; n < h.slots.size(); ++n) {
    const Slot& slot = h.slots[n];
    if (slot.port.secondary == 0 || to.bus() < slot.port.secondary || to.bus() > slot.port.subordinate) continue;
    const bool below = to.bus() == slot.port.secondary;
    if (port == 0 && below && to.dev() != 0) return {};
    if (port == 0) return {.card = n, .type0 = below};
    if (!below || to.dev() != 0 || to.fn() >= slot.functions.size() || !slot.usable) return {};
    if (!s.vf_in(port, n, to.fn())) return {};
    return {.place = Place{.kind = FunctionKind::kVf, .slot = n, .fn = to.fn()}};
  }
  return {};
}

const Header& header_of(const Host& h, const Place& p) {
  switch (p.kind) {
    case FunctionKind::kManagement: return h.management;
    case FunctionKind::kUpstream: return h.upstream;
    case FunctionKind::kVf: return h.slots[p.slot].functions[p.fn];
    default: return h.slots[p.slot].port;
  }
}
Header& header_of(Host& h, const Place& p) { return const_cast<Header&>(header_of(std::as_const(h), p)); }

void config_write(Header& h, FunctionKind kind, unsigned reg, std::uint32_t value, unsigned byte_enables) {
  const std::uint32_t bits = bytes_of(byte_enables);
  if (reg == kCommand) merge(h.command, value, bits & (Header::kMemory | Header::kBusMaster));
  if (reg == kPowerControl && kind != FunctionKind::kVf && (bits & 0xff) != 0) h.power = value & 3;
  if (reg >= 0x10 && reg < 0x28 && !is_port(kind)) {
    const unsigned n = (reg - 0x10) / 4;
    merge(h.bar[n], value, bits & bar_bits(kind, n));
  }
  if (!is_port(kind)) return;
  if (reg == 0x18) {
    if (bits & 0xff00) h.secondary = static_cast<std::uint8_t>(value >> 8);
    if (bits & 0xff0000) h.subordinate = static_cast<std::uint8_t>(value >> 16);
  }
  if (reg == 0x20) merge(h.memory, value, bits & kWindowBits);
  if (reg == 0x24) merge(h.prefetch, value, bits & kWindowBits);
  if (reg == 0x28) merge(h.prefetch_base, value, bits);
  if (reg == 0x2c) merge(h.prefetch_limit, value, bits);
}

void reset_below(State& s, unsigned card, unsigned reg, std::uint32_t value, unsigned byte_enables) {
  const std::uint32_t bits = bytes_of(byte_enables);
  Card& c = s.cards[card];
  if (reg == kBridgeControl && (bits & kSecondaryBusReset)) c.reset = value & kSecondaryBusReset;
  if (reg == kLinkControl && (bits & kLinkDisable)) c.disabled = value & kLinkDisable;
  if (c.reset || c.disabled) s.lose_card(card);
}

Seen config_read(const Header& h, FunctionKind kind, unsigned reg) {
  if (reg == 0x00) return {id_of(kind), kOnes};
  if (reg == kCommand) return {h.command, Header::kMemory | Header::kBusMaster};
  if (reg >= 0x10 && reg < 0x28 && !is_port(kind)) {
    const unsigned n = (reg - 0x10) / 4;
    return {h.bar[n], bar_bits(kind, n) == kOnes ? kOnes : ~0xfU};
  }
  if (reg == kPowerControl && kind != FunctionKind::kVf) return {h.power, 3};
  if (!is_port(kind)) return {};
  if (reg == 0x18)
    return {static_cast<std::uint32_t>(h.secondary) << 8 | static_cast<std::uint32_t>(h.subordinate) << 16, 0xffff00};
  if (reg == 0x20) return {h.memory, kWindowBits};
  if (reg == 0x24) return {h.prefetch, kWindowBits};
  if (reg == 0x28) return {h.prefetch_base, kOnes};
  if (reg == 0x2c) return {h.prefetch_limit, kOnes};
  return {};
}

}  // namespace vfpool::reference

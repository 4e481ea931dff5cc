// SPDX-License-Identifier: Apache-2.0
#include "route.hpp"

#include <algorithm>
#include <bit>

namespace vfpool::reference {
namespace {

using pcie::TlpKind;
using Kind = Outcome::Kind;

constexpr std::uint64_t kVfBarSize = 16 << 10, kRegisters = 64 << 10;

Outcome refuse(Drop reason, bool silent = false) {
  return {.kind = Kind::kRefuse, .reasons = 1U << static_cast<unsigned>(reason), .silent = silent};
}
Outcome operator|(Outcome o, Drop also) {
  o.reasons |= 1U << static_cast<unsigned>(also);
  return o;
}

Outcome to_card(const State& s, unsigned card, Tlp packet) {
  if (!s.reached(card)) return refuse(Drop::kBlocked);
  const auto port = static_cast<unsigned>(s.hosts.size()) + card;
  return {.kind = Kind::kForward, .port = port, .packet = std::move(packet), .own_id = true};
}
Outcome to_host(unsigned port, Tlp packet) {
  return {.kind = Kind::kForward, .port = port, .packet = std::move(packet)};
}

bool in(std::uint64_t address, std::uint64_t base, std::uint64_t size) {
  return address >= base && address - base < size;
}

// Base and limit registers of a type 1 header (7.5.3; PCI-to-PCI bridge 1.2, 3.2.5.8): megabytes.
bool in_windows(const Header& h, std::uint64_t address) {
  const auto base = [](std::uint32_t r) { return static_cast<std::uint64_t>(r & 0xfff0) << 16; };
  const auto limit = [](std::uint32_t r) { return static_cast<std::uint64_t>(r >> 16 & 0xfff0) << 16 | 0xfffff; };
  if (address >= base(h.memory) && address <= limit(h.memory)) return true;
  return address >= (static_cast<std::uint64_t>(h.prefetch_base) << 32 | base(h.prefetch)) &&
         address <= (static_cast<std::uint64_t>(h.prefetch_limit) << 32 | limit(h.prefetch));
}

Outcome route_config(const State& s, unsigned port, const Tlp& t) {
  const bool write = t.has_data();
  const Target to = find_target(s, port, t);
  if (write && t.poisoned()) return refuse(Drop::kPoisoned);
  if (to.card) {
    Tlp out = t;
    if (to.type0) out.hdr[0] &= ~(1U << 24);
    // A user's VF: the owner may look; its writes end as if they had been done.
    const Layout& layout = s.cards[*to.card].layout;
    const auto vf = s.vf_of(*to.card, t.cfg_target());
    if (!layout.known && t.cfg_target() != layout.pf) return refuse(Drop::kBlocked);
    if (write && vf && (s.vfs[*vf].user != 0 || s.vfs[*vf].cleaning)) return {.kind = Kind::kAnswer};
    return to_card(s, *to.card, std::move(out));
  }
  if (!to.place) return refuse(Drop::kNoTarget);
  const Header& h = header_of(s.hosts[port], *to.place);
  const unsigned reg = t.cfg_register();
  if (!write) return {.kind = Kind::kAnswer, .data = config_read(h, to.place->kind, reg)};
  // Command, MSI-X Message Control and Initiate FLR reach the silicon.
  if (to.place->kind == FunctionKind::kVf && (reg == kCommand || reg == kVfMsix || reg == kVfDeviceControl)) {
    const unsigned vf = *s.vf_in(port, to.place->slot, to.place->fn), card = vf / kCardVfs;
    const Layout& layout = s.cards[card].layout;
    if (!layout.known) return refuse(Drop::kBlocked);
    Tlp out = t;
    out.hdr[2] = (out.hdr[2] & 0xffff) | static_cast<std::uint32_t>(layout.id(vf % kCardVfs).raw) << 16;
    Outcome o = to_card(s, card, std::move(out));
    o.data_free = true;
    return o;
  }
  return {.kind = Kind::kAnswer};
}

Outcome route_registers(const Tlp& t) {
  if (!t.has_data()) return {.kind = Kind::kAnswer};
  if (t.poisoned()) return refuse(Drop::kPoisoned);
  return {.kind = Kind::kTake};
}

Outcome route_memory(const State& s, unsigned port, const Tlp& t) {
  const Host& h = s.hosts[port];
  const std::uint64_t a = t.address();
  if (h.management.memory_enabled() && in(a, h.management.bar64(0), kRegisters)) return route_registers(t);
  // Under which of the two a port that is closed counts is not said.
  if (!h.upstream.memory_enabled()) return refuse(Drop::kNoTarget) | Drop::kNotAssigned;
  if (port == 0) {
    for (unsigned card = 0; card < s.cards.size(); ++card) {
      const Header& way = h.slots[card].port;
      if (!in_windows(way, a)) continue;
      if (!way.memory_enabled()) return refuse(Drop::kNoTarget) | Drop::kNotAssigned;
      return to_card(s, card, t);
    }
    return refuse(Drop::kNoTarget);
  }
  if (!in_windows(h.upstream, a)) return refuse(Drop::kNoTarget);
  for (unsigned name = 0; name < s.vfs.size(); ++name) {
    const Vf& vf = s.vfs[name];
    const unsigned card = name / kCardVfs, v = name % kCardVfs;
    const Layout& layout = s.cards[card].layout;
    if (v >= layout.num || vf.user != port || vf.cleaning) continue;
    const Slot& slot = h.slots[vf.slot];
    const Header& f = slot.functions[vf.fn];
    for (unsigned b = 0; b < 2; ++b) {
      const std::uint64_t base = f.bar64(3 * b);
      if (!f.memory_enabled() || !slot.port.memory_enabled() || !in(a, base, kVfBarSize)) continue;
      if (!slot.usable) return refuse(Drop::kNotAssigned) | Drop::kNoTarget;
      if (!layout.known) return refuse(Drop::kBlocked);
      if (!layout.memory) return refuse(Drop::kNoTarget) | Drop::kNotAssigned | Drop::kBlocked;
      return to_card(s, card, at_address(t, layout.bar[b] + v * layout.distance + (a - base)));
    }
  }
  return refuse(Drop::kNoTarget) | Drop::kNotAssigned;
}

// The PF is the owner's, whatever else is known; of a card without VFs all that its port has buses for.
bool of_owner(const State& s, unsigned card, Bdf rid) {
  const Layout& layout = s.cards[card].layout;
  if (layout.pf.bus() == 0) return false;
  if (rid == layout.pf) return true;
  const Header& way = s.hosts[0].slots[card].port;
  if (layout.known && layout.num == 0) return rid.bus() >= way.secondary && rid.bus() <= way.subordinate;
  return layout.known && layout.of_owner(rid);
}

// What is meant for the root complex, errors and power management events among it, and interrupts are the owner's
// (2.2.8); those of a user's VF are nobody's.
Outcome route_message(const State& s, unsigned card, const Tlp& t) {
  const unsigned code = t.hdr[1] & 0xff, routing = t.hdr[0] >> 24 & 7;
  const bool interrupt = routing == 4 && (code & ~7U) == 0x20;
  const auto vf = s.vf_of(card, t.requester());
  const bool owners = of_owner(s, card, t.requester()) || (vf && s.vfs[*vf].user == 0);
  if (!owners && !s.cards[card].layout.known) return refuse(Drop::kBlocked) | Drop::kUnsupported | Drop::kNoTarget;
  if (owners && (routing == 0 || interrupt)) return to_host(0, t);
  return refuse(Drop::kUnsupported) | Drop::kNoTarget | Drop::kNotAssigned;
}

}  // namespace

std::optional<Drop> Outcome::only_reason() const {
  if (!std::has_single_bit(reasons)) return std::nullopt;
  return static_cast<Drop>(std::countr_zero(reasons));
}

bool same(const Outcome& a, const Outcome& b) {
  return a.kind == b.kind && a.port == b.port && a.packet.hdr == b.packet.hdr && a.reasons == b.reasons &&
         a.data.value == b.data.value && a.data.mask == b.data.mask && a.silent == b.silent;
}

void add(std::vector<Outcome>& outcomes, Outcome o) {
  if (std::none_of(outcomes.begin(), outcomes.end(), [&](const Outcome& e) { return same(e, o); }))
    outcomes.push_back(std::move(o));
}

Tlp at_address(Tlp t, std::uint64_t address) {
  const bool four = address >> 32 != 0;
  t.hdr[0] = (t.hdr[0] & ~(1U << 29)) | static_cast<std::uint32_t>(four) << 29;
  t.hdr[2] = static_cast<std::uint32_t>(four ? address >> 32 : address);
  t.hdr[3] = static_cast<std::uint32_t>(four ? address : 0);
  return t;
}

Outcome route_from_host(const State& s, unsigned port, const Tlp& t) {
  if (const Drop d = unfit(t); d != Drop::kNone) {
    Outcome o = refuse(d, d == Drop::kMalformed);
    if (t.kind() == TlpKind::kUnknown) o = o | Drop::kUnsupported;
    return o;
  }
  if (is_config(t)) return route_config(s, port, t);
  if (is_message(t)) return {.kind = Kind::kTake};
  Outcome o = route_memory(s, port, t);
  // Of a user, who cannot reach that card's VFs then: which of the two reasons is told is not said.
  const auto unknown = [](const Card& c) { return !c.layout.known; };
  if (o.kind == Kind::kRefuse && port != 0 && std::any_of(s.cards.begin(), s.cards.end(), unknown))
    o = o | Drop::kBlocked;
  if (o.kind == Kind::kForward) o.packet = at_address(o.packet, o.packet.address());
  return o;
}

Outcome route_from_card(const State& s, unsigned card, const Tlp& t) {
  if (const Drop d = unfit(t); d != Drop::kNone) {
    Outcome o = refuse(d, d == Drop::kMalformed);
    if (t.kind() == TlpKind::kUnknown) o = o | Drop::kUnsupported;
    return o;
  }
  if (is_config(t)) return refuse(Drop::kUnsupported);  // 7.3.3: requests for configuration go down only
  if (is_message(t)) return route_message(s, card, t);
  const Host& owner = s.hosts[0];
  const bool owner_open = owner.upstream.bus_master() && owner.slots[card].port.bus_master();
  const auto vf = s.vf_of(card, t.requester());
  const bool pf = of_owner(s, card, t.requester());
  if (!pf && !s.cards[card].layout.known) return refuse(Drop::kBlocked) | Drop::kNoTarget;
  if (!pf && !vf) return refuse(Drop::kNoTarget);
  if (vf && s.vfs[*vf].cleaning) return refuse(Drop::kNotAssigned) | Drop::kBlocked | Drop::kBusMaster;
  const Header* f = vf ? s.function_of(*vf) : nullptr;
  if (f == nullptr) {
    if (!owner_open) return refuse(Drop::kBusMaster);
    return to_host(0, at_address(t, t.address()));
  }
  const Vf& v = s.vfs[*vf];
  const Host& user = s.hosts[v.user];
  const Slot& slot = user.slots[v.slot];
  if (!slot.usable || !user.link) return refuse(Drop::kNotAssigned) | Drop::kBlocked;
  if (!f->bus_master() || !slot.port.bus_master() || !user.upstream.bus_master()) return refuse(Drop::kBusMaster);
  Tlp out = at_address(t, t.address());
  out.set_requester(Bdf(slot.port.secondary, 0, v.fn));
  return to_host(v.user, std::move(out));
}

}  // namespace vfpool::reference

// SPDX-License-Identifier: Apache-2.0
// What the reference model knows of the bridge: only what docs/bridge.md, docs/registers.md and the PCI Express
// specification name. Plain values, so that a change that may or may not have taken effect yet is a second copy.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "bridge/bridge.hpp"
#include "pcie/tlp.hpp"

namespace vfpool::reference {

using pcie::Bdf;
using pcie::Tlp;

/// What of a function's configuration header decides where packets go (PCIe Base Spec 2.1, 7.5).
struct Header {
  static constexpr unsigned kMemory = 0x2, kBusMaster = 0x4;

  std::uint16_t command = 0;
  std::array<std::uint32_t, 6> bar{};
  std::uint8_t secondary = 0, subordinate = 0;
  std::uint32_t memory = 0, prefetch = 0, prefetch_base = 0, prefetch_limit = 0;  ///< registers 0x20, 0x24, 0x28, 0x2c
  unsigned power = 0;                                                             ///< PowerState of PMCSR
  Bdf id;  ///< captured from configuration writes (2.2.6.2)

  bool memory_enabled() const { return (command & kMemory) != 0 && power == 0; }
  bool bus_master() const { return (command & kBusMaster) != 0 && power == 0; }
  /// A 64-bit BAR that begins at register `n`.
  std::uint64_t bar64(unsigned n) const { return static_cast<std::uint64_t>(bar[n + 1]) << 32 | (bar[n] & ~0xfU); }
  bool operator==(const Header&) const = default;
};

/// A downstream port with what is below it: of a user a slot, of the owner the way to a card.
struct Slot {
  Header port;
  bool usable = false;  ///< switched on, with a VF: requests pass
  std::vector<Header> functions;
  bool operator==(const Slot&) const = default;
};

struct Host {
  bool link = true;
  Header management, upstream;
  std::vector<Slot> slots;  ///< the owner has one for each card, without functions
  bool operator==(const Host&) const = default;
};

/// Where a VF is: with the owner, in a user's slot, or on its way back.
struct Vf {
  unsigned user = 0;  ///< 0: nobody's but the owner's
  unsigned slot = 0, fn = 0;
  bool cleaning = false;  ///< its server has lost it, and it is not yet reset
  bool leaving = false;   ///< ... and is the owner's then
  bool operator==(const Vf&) const = default;
};

/// Where a card says that its VFs are (SR-IOV 1.1, 3.3).
struct Layout {
  bool known = false;
  bool off = false;  ///< VF Enable was read, and is off: VFs are as after a reset when it is on again
  Bdf pf;
  unsigned num = 0, offset = 0, stride = 0;
  bool memory = false;                 ///< VF MSE
  std::array<std::uint64_t, 2> bar{};  ///< VF BARs 0 and 3
  std::uint64_t distance = 0;          ///< of two VFs' BARs
  bool operator==(const Layout&) const = default;

  Bdf id(unsigned vf) const { return Bdf(static_cast<std::uint16_t>(pf.raw + offset + vf * stride)); }
  /// The PF, or another function of the device below the first VF: the owner's like it.
  bool of_owner(Bdf rid) const {
    return rid == pf || (num > 0 && rid.raw >> 3 == pf.raw >> 3 && rid.raw < pf.raw + offset);
  }
  std::optional<unsigned> vf_of(Bdf rid) const {
    for (unsigned v = 0; v < num; ++v)
      if (id(v) == rid) return v;
    return std::nullopt;
  }
};

/// What is at a device port.
struct Card {
  Layout layout;
  bool link = true;
  bool reset = false, disabled = false;  ///< by the port above it: Secondary Bus Reset, Link Disable
  bool operator==(const Card&) const = default;
};

/// VFs that a card has names for: VF v of card c is named c * kCardVfs + v (docs/bridge.md, "Several cards").
constexpr unsigned kCardVfs = bridge::Bridge::kDeviceVfs;

struct State {
  std::vector<Host> hosts;
  std::vector<Card> cards;
  std::vector<Vf> vfs;  ///< by name
  bool operator==(const State&) const = default;

  explicit State(const bridge::Geometry& g);
  /// Of a host's port or a card's.
  bool& link(unsigned port) { return port < hosts.size() ? hosts[port].link : cards[port - hosts.size()].link; }
  /// Packets can reach a card: it is not being reset, by the port above it or with the owner's link (2.9.1, 6.6.1).
  bool reached(unsigned card) const {
    const Card& c = cards[card];
    return c.link && hosts[0].link && !c.reset && !c.disabled;
  }
  /// The VF of a card that has this ID, by its name.
  std::optional<unsigned> vf_of(unsigned card, Bdf rid) const;
  /// The function of the pool that a VF is to its user; null if it is in no slot.
  const Header* function_of(unsigned vf) const;
  /// The VF in a function of a slot.
  std::optional<unsigned> vf_in(unsigned user, unsigned slot, unsigned fn) const;

  // What happens to a VF (docs/bridge.md, "Slots").
  void lose_slot(unsigned user, unsigned slot);  ///< switched off: its VFs are drained and reset, and stay
  void lose_slots(unsigned user);
  void force(unsigned user, unsigned slot);  ///< surprise removal
  void lose_link(unsigned port);             ///< all that the server had set up is forgotten
  void lose_card(unsigned card);             ///< nobody knows where its VFs are: each is drained and reset

  /// For which host a VF of which card is not what it is in `other`: has another place, or is reached or reaches memory
  /// otherwise. By host, a bit a card.
  using Changed = std::vector<std::uint32_t>;
  Changed changed(const State& other) const;
};

}  // namespace vfpool::reference

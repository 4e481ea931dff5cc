// SPDX-License-Identifier: Apache-2.0
// The registers of a function's configuration space that the model keeps (PCIe Base Spec 2.1, 7.5; PCI PM 1.2, 3.2),
// and which function of a server's tree a configuration request is for.
#pragma once

#include <cstdint>
#include <optional>

#include "state.hpp"

namespace vfpool::reference {

enum class FunctionKind { kManagement, kUpstream, kOwnerPort, kSlotPort, kVf };

/// A function of a server's tree.
struct Place {
  FunctionKind kind = FunctionKind::kManagement;
  unsigned slot = 0, fn = 0;
};

/// Bits of a register that the model knows.
struct Seen {
  std::uint32_t value = 0, mask = 0;
};

/// Where configuration requests of host `port` go, by the bus numbers that it has given (7.3.3).
struct Target {
  std::optional<Place> place{};    ///< a function of the bridge, or one that it shows
  std::optional<unsigned> card{};  ///< one of the owner's: the request goes on
  bool type0 = false;              ///< ... to the bus right below, as type 0
};
Target find_target(const State& s, unsigned port, const Tlp& t);

Header& header_of(Host& h, const Place& p);
const Header& header_of(const Host& h, const Place& p);

/// A write to the owner's downstream port above a card that resets it, disables its link, or ends that
/// (PCIe Base Spec 2.1, 6.6.1, 7.5.3.6, 7.8.7).
void reset_below(State& s, unsigned card, unsigned reg, std::uint32_t value, unsigned byte_enables);
void config_write(Header& h, FunctionKind kind, unsigned reg, std::uint32_t value, unsigned byte_enables);
Seen config_read(const Header& h, FunctionKind kind, unsigned reg);

// Registers that mean more than what they hold.
constexpr unsigned kCommand = 0x04, kPowerControl = 0x44;
constexpr unsigned kPortExpress = 0x70, kLinkControl = kPortExpress + 0x10,
                   kSlotControl = kPortExpress + 0x18;  // of the bridge's ports
constexpr unsigned kBridgeControl = 0x3c;               // in the upper half
constexpr std::uint32_t kSecondaryBusReset = 1U << (16 + 6), kLinkDisable = 1U << 4;
constexpr unsigned kVfMsix = 0x70, kVfDeviceControl = 0xa8;                        // of the 82599's VF
constexpr unsigned kSriovControl = 0x168, kSriovBar0 = 0x184, kSriovBar3 = 0x190;  // of its PF
constexpr std::uint32_t kInitiateFlr = 0x8000;
constexpr std::uint32_t kTransactionsPending = 1U << (16 + 5);  // Device Status, above Device Control

}  // namespace vfpool::reference

// SPDX-License-Identifier: Apache-2.0
// Enumeration as firmware and kernels do it: depth-first bus numbers, BARs sized and placed, bridge windows, room kept
// for hot-plug slots and for VFs. Finds capabilities; enables VFs.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "host/server.hpp"

namespace vfpool::host {

struct Function {
  pcie::Bdf bdf;
  std::uint16_t vendor = 0, device = 0;
  std::uint32_t class_code = 0;
  bool bridge = false;
  std::array<std::uint64_t, 6> bar{};                  ///< address
  std::array<std::uint64_t, 6> bar_size{};             ///< 0: none
  std::map<unsigned, unsigned> capabilities;           ///< id to offset
  std::map<unsigned, unsigned> extended_capabilities;  ///< id to offset
  unsigned secondary = 0, subordinate = 0;             ///< bridges
  /// A slot that can be plugged, as its Slot Capabilities say.
  bool hot_plug = false;
  /// VFs: BARs of all of them, as placed.
  std::array<std::uint64_t, 6> vf_bar{}, vf_bar_size{};

  unsigned capability(unsigned id) const;  ///< throws std::out_of_range
};

class Enumerator {
 public:
  explicit Enumerator(Server& server);

  /// Everything below the root port, in the order found; the root port first.
  Task<std::vector<Function>> all();
  /// Presence Detect State of the slot of `port`.
  Task<bool> occupied(Function port);
  /// Power controller and indicator of the slot, as pciehp sets them; on: waits for its link, 2 seconds at most.
  Task<> switch_slot(Function port, bool on);
  /// What is in the slot of `port`, after it was switched on.
  Task<std::vector<Function>> slot(const Function& port);

  /// Enables `count` VFs of `pf`. Returns them as the kernel would see them: address and size of their BARs.
  Task<std::vector<Function>> enable_vfs(const Function& pf, unsigned count);

 private:
  Task<> scan_bus(unsigned bus, bool link, std::vector<Function>& found);
  Task<Function> look_at(pcie::Bdf bdf);
  Task<> set_up_bridge(Function& bridge, std::vector<Function>& found);
  Task<> place_bars(Function& f);
  Task<> place_vf_bars(Function& f);
  std::uint64_t take(std::uint64_t& next, std::uint64_t size);
  Task<std::uint64_t> size_bar(pcie::Bdf bdf, unsigned reg, bool& is64, bool& prefetchable);

  Server& server_;
  unsigned next_bus_;
  std::uint64_t next32_, next64_;
  std::map<std::uint16_t, std::pair<std::uint64_t, std::uint64_t>> slot_room_;  ///< by port: 32-bit and 64-bit start
};

/// One line a function: "03:00.0 8086:10f9 bars 0xe0000000+0x80000".
std::string describe(const std::vector<Function>& functions);

}  // namespace vfpool::host

// SPDX-License-Identifier: Apache-2.0
// This server's PCIe functions as sysfs shows them, with their configuration spaces. Debian has no static libpci, and
// what is needed of it is small: sysfs already has the tree, and capabilities are a linked list.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace vfpool::tools {

struct PciFunction {
  std::string address;  ///< 10000:03:00.0
  std::string parent;   ///< the port above it; empty: a root
  unsigned depth = 0;   ///< ports above it
  unsigned vendor = 0, device = 0, class_code = 0;
  std::string driver;                ///< empty: none
  std::string physical_function;     ///< of a VF: its PF
  std::vector<std::uint8_t> config;  ///< 256 bytes; 64 where the reader is not root

  /// Of its configuration space; all ones behind its end, as of a function that does not answer.
  std::uint32_t word(std::size_t offset, unsigned bytes) const;
  /// Offset of a capability (PCI 3.0, 6.7); empty: none. A list that loops ends.
  std::optional<std::size_t> capability(unsigned id) const;
};

// PCI Express capability (PCIe Base Spec 2.1, 7.8): offsets in it, and what is asked for.
constexpr unsigned kCapPcie = 0x10, kCapMsi = 0x05;
constexpr std::size_t kPcieFlags = 2, kPcieDevCap = 4, kPcieDevCtl = 8, kPcieSlotCap = 0x14;

/// All functions, each after the port above it.
std::vector<PciFunction> pci_functions(const std::filesystem::path& root);

}  // namespace vfpool::tools

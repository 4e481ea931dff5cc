// SPDX-License-Identifier: Apache-2.0
// The smallest device with everything that the fabric cares about: a physical function and seven virtual ones, each a
// doorbell that copies host memory by DMA and raises MSI-X. An example to start a device from (docs/a-device.md), and a
// second opinion on pcie::Device: its routing IDs, BARs and vectors are unlike the 82599's. (With kPooledLayout its VFs
// look like those: what the bridge's slots can show.)
//
// Registers of every function, 32 bits each, in BAR 0:
//   0x00 kId        read-only
//   0x08 kSource    0x0c upper half: address to copy from
//   0x10 kTarget    0x14 upper half: address to copy to
//   0x18 kLength    bytes, 1 to kMostLength
//   0x1c kDoorbell  a write begins the copy; reads 0
//   0x20 kStatus    read-only: kBusy, kFailed (the last copy, or a doorbell during one)
//   0x24 kCopies    read-only: copies that have ended well
// A copy that ends well raises vector 0, one that fails vector 1.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "pcie/device.hpp"
#include "pcie/msix_table.hpp"

namespace vfpool::copier {

constexpr std::uint16_t kVendor = 0x1234, kPfDevice = 0xc0b1, kVfDevice = 0xc0b2;  // 1234: nobody's, as QEMU's edu
constexpr unsigned kVfs = 7, kVectors = 2;
constexpr std::uint64_t kPfRegisterBar = 0x1000, kVfRegisterBar = 0x2000, kMsixBar = 0x10000;
constexpr unsigned kMsixBarIndex = 2, kPendingOffset = 0x8000;
constexpr std::uint32_t kIdValue = 0xc0b1e500, kMostLength = 4096;

/// Where a copier has what software finds by looking.
struct Layout {
  std::uint64_t vf_register_bar = kVfRegisterBar, msix_bar = kMsixBar;
  bool wide_vf_registers = false;  ///< VF BAR 0 is a 64-bit one
  unsigned msix_bar_index = kMsixBarIndex, pending_offset = kPendingOffset, vectors = kVectors;
  unsigned msix_capability = 0x50, pcie_capability = 0x80;
};
/// VFs that the bridge can give away: two 64-bit BARs of 16 KiB, three vectors, capabilities where an 82599's VF has
/// them. The third vector is never raised.
constexpr Layout kPooledLayout{.vf_register_bar = 0x4000,
                               .msix_bar = 0x4000,
                               .wide_vf_registers = true,
                               .msix_bar_index = 3,
                               .pending_offset = 0x2000,
                               .vectors = 3,
                               .msix_capability = 0x70,
                               .pcie_capability = 0xa0};

namespace reg {
constexpr unsigned kId = 0x00, kSource = 0x08, kTarget = 0x10, kLength = 0x18, kDoorbell = 0x1c, kStatus = 0x20,
                   kCopies = 0x24;
constexpr std::uint32_t kBusy = 1, kFailed = 2;
}  // namespace reg

class Copier : public pcie::Device {
 public:
  /// `dma` outlives this object.
  explicit Copier(pcie::DmaPort& dma, std::string name = "copier", const Layout& layout = {});

  std::uint32_t read32(pcie::FunctionId fn, unsigned bar, std::uint32_t offset) override;
  void write32(pcie::FunctionId fn, unsigned bar, std::uint32_t offset, std::uint32_t value) override;
  std::string state() const override;

 private:
  /// One function's registers and its copy on the way.
  struct Engine {
    std::uint64_t source = 0, target = 0;
    std::uint32_t length = 0, copies = 0;
    bool busy = false, failed = false;
    bool waits = false;        ///< for room at the DmaPort
    std::uint64_t resets = 0;  ///< a copy that began before a reset must not end after it
    std::unique_ptr<pcie::MsixTable> msix;
  };

  void reset_function(pcie::FunctionId fn) override;
  void build_config();
  void doorbell(pcie::FunctionId fn);
  void begin(pcie::FunctionId fn);
  void end(pcie::FunctionId fn, bool ok);
  void reset_engine(pcie::FunctionId fn);
  void sriov_changed();

  pcie::DmaPort& dma_;
  Layout layout_;
  std::vector<Engine> engines_;
  unsigned enabled_ = 0;  ///< VFs
};

}  // namespace vfpool::copier

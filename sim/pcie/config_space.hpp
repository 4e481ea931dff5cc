// SPDX-License-Identifier: Apache-2.0
// A function's 4 KiB configuration space: bytes with a per-bit attribute, and builders for headers and capabilities
// (PCIe Base Spec 2.1, chapter 7). The owner of the object reacts to writes by hooks.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace vfpool::pcie {

// Standard register offsets (7.5).
namespace cfg {
constexpr unsigned kVendor = 0x00, kDevice = 0x02, kCommand = 0x04, kStatus = 0x06, kClass = 0x08, kHeaderType = 0x0e,
                   kBar0 = 0x10, kPrimaryBus = 0x18, kSecondaryBus = 0x19, kSubordinateBus = 0x1a, kMemoryBase = 0x20,
                   kPrefetchBase = 0x24, kPrefetchBaseUpper = 0x28, kPrefetchLimitUpper = 0x2c, kSubsystemVendor = 0x2c,
                   kSubsystem = 0x2e, kCapabilities = 0x34, kBridgeControl = 0x3e;
constexpr std::uint16_t kMemoryEnable = 0x2, kBusMaster = 0x4;
constexpr std::uint8_t kCapPm = 0x01, kCapMsi = 0x05, kCapPcie = 0x10, kCapMsix = 0x11;
}  // namespace cfg

// Extended capability identifiers.
namespace cap {
constexpr std::uint16_t kAer = 0x0001, kSerialNumber = 0x0003, kAcs = 0x000d, kAri = 0x000e, kSriov = 0x0010;
}  // namespace cap

// Offsets inside the Power Management capability (PCI PM 1.2, 3.2).
namespace pm {
constexpr unsigned kControl = 0x04;
constexpr std::uint16_t kState = 0x0003, kNoSoftReset = 0x0008;
}  // namespace pm

// Offsets inside the PCI Express capability (7.8).
namespace express {
constexpr unsigned kDeviceControl = 0x08, kDeviceControl2 = 0x28;
constexpr std::uint16_t kInitiateFlr = 0x8000, kExtendedTagEnable = 0x0100;
constexpr std::uint16_t kTimeoutDisable = 0x0010;  // of Device Control 2
}  // namespace express

// Offsets inside the SR-IOV capability (SR-IOV 1.1, 3.3).
namespace sriov {
constexpr unsigned kControl = 0x08, kNumVfs = 0x10, kVfOffset = 0x14, kVfStride = 0x16, kVfDevice = 0x1a,
                   kVfBar0 = 0x24;
constexpr std::uint16_t kVfEnable = 0x1, kVfMemoryEnable = 0x8, kAriHierarchy = 0x10;
}  // namespace sriov

class ConfigSpace {
 public:
  static constexpr unsigned kSize = 4096;
  /// Called after a write that touched [offset, offset + size): the owner looks at what the bits are now.
  using Hook = std::function<void()>;

  // Set-up. All values little-endian at `offset`; `writable` bits are RW, `clear_on_one` bits RW1C, the rest RO.
  void init8(unsigned offset, std::uint8_t value, std::uint8_t writable = 0, std::uint8_t clear_on_one = 0);
  void init16(unsigned offset, std::uint16_t value, std::uint16_t writable = 0, std::uint16_t clear_on_one = 0);
  void init32(unsigned offset, std::uint32_t value, std::uint32_t writable = 0, std::uint32_t clear_on_one = 0);
  void on_write(unsigned offset, unsigned size, Hook hook);

  // Access by software: `size` 1..4; attributes apply. Out of range: reads all ones, writes nothing.
  std::uint32_t read(unsigned offset, unsigned size) const;
  void write(unsigned offset, std::uint32_t value, unsigned size);

  // Access by the function itself: attributes do not apply, hooks are not called.
  std::uint8_t get8(unsigned offset) const { return bytes_[offset]; }
  std::uint16_t get16(unsigned offset) const;
  std::uint32_t get32(unsigned offset) const;
  void set8(unsigned offset, std::uint8_t value) { bytes_[offset] = value; }
  void set16(unsigned offset, std::uint16_t value);
  void set32(unsigned offset, std::uint32_t value);

  /// Back to the values of the set-up (a function-level or conventional reset).
  void reset() { bytes_ = initial_; }

  // Builders. Capabilities link themselves behind the last one added; return their offset.
  void type0_header(std::uint16_t vendor, std::uint16_t device, std::uint32_t class_code, std::uint8_t revision,
                    std::uint16_t subsystem_vendor, std::uint16_t subsystem, bool multi_function);
  /// SR-IOV 1.1, 3.4.1: identity and BARs are in the PF's capability, and so is memory decoding.
  void vf_header(std::uint32_t class_code, std::uint8_t revision, std::uint16_t subsystem_vendor,
                 std::uint16_t subsystem);
  void type1_header(std::uint16_t vendor, std::uint16_t device, std::uint8_t revision, bool multi_function);
  /// `size` a power of two >= 16. A 64-bit BAR takes two.
  void memory_bar(unsigned index, std::uint64_t size, bool is_64bit, bool prefetchable) {
    memory_bar_at(cfg::kBar0 + 4 * index, size, is_64bit, prefetchable);
  }
  /// The same at any offset: VF BARs lie in the SR-IOV capability.
  void memory_bar_at(unsigned offset, std::uint64_t size, bool is_64bit, bool prefetchable);
  unsigned add_capability(std::uint8_t id, unsigned offset);
  unsigned add_extended(std::uint16_t id, std::uint8_t version, unsigned offset);
  unsigned add_msix(unsigned offset, unsigned table_size, unsigned table_bir, std::uint32_t table_offset,
                    unsigned pba_bir, std::uint32_t pba_offset);
  struct Express {
    /// Device/Port Type: 0 endpoint, 4 root port, 5 upstream, 6 downstream, 9 root complex integrated endpoint.
    unsigned type = 0;
    unsigned max_payload = 128;  ///< bytes: 128 << n
    bool flr = false;
    bool extended_tag = false;
    bool vf = false;  ///< SR-IOV 1.1, 3.5: the PF's control bits hold for its VFs, theirs are reserved
  };
  /// PCI Express capability, version 2 (7.8). What belongs to a feature that is not there reads 0.
  unsigned add_pcie(unsigned offset, const Express& express);
  /// PCI Power Management 1.2, 3.2. `pme`: states in which the function can say PME#, bit 0 D0 to bit 4 D3cold.
  /// Without `keeps_state` (No_Soft_Reset) the way from D3hot to D0 is a reset.
  unsigned add_power_management(unsigned offset, unsigned pme, bool needs_init, bool keeps_state);
  struct Sriov {
    std::uint16_t total_vfs, first_offset, stride, vf_device;
    std::uint32_t page_sizes = 0x553;  ///< the system page size is 4 KiB
  };
  /// SR-IOV 1.1, 3.3: VF BARs are added by memory_bar_at(offset + sriov::kVfBar0 + 4 * index, ...).
  unsigned add_sriov(unsigned offset, const Sriov& sriov);

  /// Offset of the first capability of this kind, 0 if there is none.
  unsigned capability(std::uint8_t id) const { return offset_of(capabilities_, id); }
  unsigned extended(std::uint16_t id) const { return offset_of(extended_, id); }

  /// Base address that software has programmed; 0 while it is unset.
  std::uint64_t bar_address(unsigned index) const { return bar_address_at(cfg::kBar0 + 4 * index); }
  std::uint64_t bar_address_at(unsigned offset) const;
  /// Of the BAR that begins at `offset`; 0 if none does.
  std::uint64_t bar_size_at(unsigned offset) const;

 private:
  struct HookRange {
    unsigned offset, size;
    Hook hook;
  };

  std::array<std::uint8_t, kSize> bytes_{};
  std::array<std::uint8_t, kSize> initial_{};
  std::array<std::uint8_t, kSize> writable_{};
  std::array<std::uint8_t, kSize> clear_on_one_{};
  struct Capability {
    unsigned id, offset;
  };
  struct Bar {
    unsigned offset;
    std::uint64_t size;
  };
  static unsigned offset_of(const std::vector<Capability>& list, unsigned id);

  std::vector<HookRange> hooks_;
  std::vector<Capability> capabilities_, extended_;
  std::vector<Bar> bars_;
};

}  // namespace vfpool::pcie

// SPDX-License-Identifier: Apache-2.0
// A device as the fabric sees it: functions with configuration spaces, BARs, resets. The model behind it reaches
// memory through pcie::DmaPort. pcie::Endpoint puts a Device on a link, vfio_user::DirectFunction gives one function of
// it to a VM; neither knows which device it is.
//
// Which VFs exist, their routing IDs and their BARs follow from the PF's SR-IOV capability (SR-IOV 1.1, 3.3), so they
// are answered here once for all devices.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pcie/config_space.hpp"
#include "pcie/dma.hpp"

namespace vfpool::pcie {

class Device {
 public:
  /// A place in a BAR of a function.
  struct Target {
    FunctionId fn;
    unsigned bar;
    std::uint32_t offset;
  };

  virtual ~Device() = default;
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  /// For messages to people.
  const std::string& name() const { return name_; }
  /// All functions that the device can have, enabled or not: 1 + TotalVFs.
  FunctionId functions() const { return static_cast<FunctionId>(spaces_.size()); }
  /// Configuration space of `fn` < functions(), whether it is enabled or not. Writes take effect through its hooks.
  ConfigSpace& config(FunctionId fn) { return spaces_[fn]; }
  const ConfigSpace& config(FunctionId fn) const { return spaces_[fn]; }

  // Registers: aligned 32-bit `offset` in a BAR of an enabled function. What a device does not have reads 0 and keeps
  // nothing. Never calls the DmaPort except to send an interrupt message.
  virtual std::uint32_t read32(FunctionId fn, unsigned bar, std::uint32_t offset) = 0;
  virtual void write32(FunctionId fn, unsigned bar, std::uint32_t offset, std::uint32_t value) = 0;

  /// Function-level reset, configuration space included. Of the PF: takes all VFs with it, and is what a hot reset of
  /// the link does to the device.
  void reset(FunctionId fn);

  /// For people: what it does and waits for.
  virtual std::string state() const = 0;

  /// NumVFs while VF Enable is set, else 0; 0, too, if it is more than TotalVFs.
  unsigned vfs_enabled() const;
  /// Routing ID of `fn` relative to the PF's: 0, or First VF Offset + n * VF Stride.
  unsigned rid_offset(FunctionId fn) const;
  /// The enabled function whose routing ID is `rid` above the PF's.
  std::optional<FunctionId> function_at(unsigned rid) const;
  /// Its power state is D0, and the PF's. Otherwise it answers configuration requests and nothing else, and is silent.
  bool awake(FunctionId fn) const;
  /// The next function-level reset of `fn` does not end, as with silicon whose logic hangs in it: the write that starts
  /// it is answered (PCIe 2.1, 6.6.2: before the reset), then the function answers no request and sends nothing. What
  /// resets more than the function ends that: a reset of the PF, and for a VF that VF Enable is cleared (SR-IOV 1.1,
  /// 3.3.3.1). So does `stick` false. pcie::Endpoint shows it on its link; on a direct attachment a reset always ends.
  void stick_resets(FunctionId fn, bool stick);
  /// It is in a reset that does not end.
  bool stuck(FunctionId fn) const { return stuck_[fn]; }
  /// It exists and may send requests.
  bool bus_master(FunctionId fn) const;
  /// Size of a BAR of `fn` in bytes, 0 if it has none of that index.
  std::uint64_t bar_size(FunctionId fn, unsigned bar) const;
  /// Where software has put it; 0 while it is unset, its function sleeps or does not decode memory.
  std::uint64_t bar_address(FunctionId fn, unsigned bar) const;
  /// The BAR of an enabled function that holds all of [address, address + size).
  std::optional<Target> find_bar(std::uint64_t address, std::size_t size) const;

 protected:
  /// The heir fills in the configuration spaces of `functions` functions, then calls add_resets().
  Device(std::string name, FunctionId functions)
      : name_(std::move(name)), spaces_(functions), resets_stick_(functions), stuck_(functions) {}
  /// What leads to reset(): Initiate Function Level Reset (PCIe 2.1, 7.8.4), and the way from D3hot to D0 of functions
  /// without No_Soft_Reset (PCI PM 1.2, 5.4.1).
  void add_resets();
  /// What reset() does to the model and to the configuration spaces.
  virtual void reset_function(FunctionId fn) = 0;

 private:
  static constexpr unsigned kBars = 6;
  unsigned sriov() const { return spaces_[0].extended(cap::kSriov); }
  void end_resets_of_vfs();

  std::string name_;
  std::vector<ConfigSpace> spaces_;
  std::vector<bool> resets_stick_, stuck_;
};

/// What the PF's driver does for its VFs, for tests and for devices whose PF no server drives: bus mastering and memory
/// of the PF, `vfs` VFs with their memory. The BARs stay where they are.
void enable_vfs(Device& device, unsigned vfs);

}  // namespace vfpool::pcie

// SPDX-License-Identifier: Apache-2.0
#include "pcie/device.hpp"

#include <algorithm>

namespace vfpool::pcie {

unsigned Device::vfs_enabled() const {
  const unsigned at = sriov();
  const ConfigSpace& pf = spaces_[0];
  if (at == 0 || !(pf.get16(at + sriov::kControl) & sriov::kVfEnable)) return 0;
  const unsigned wanted = pf.get16(at + sriov::kNumVfs);
  return wanted < functions() ? wanted : 0;
}

unsigned Device::rid_offset(FunctionId fn) const {
  if (fn == 0) return 0;
  const unsigned at = sriov();
  return spaces_[0].get16(at + sriov::kVfOffset) + (fn - 1) * spaces_[0].get16(at + sriov::kVfStride);
}

std::optional<FunctionId> Device::function_at(unsigned rid) const {
  if (rid == 0) return 0;
  const unsigned vfs = vfs_enabled();
  if (vfs == 0) return std::nullopt;
  const unsigned first = rid_offset(1), stride = spaces_[0].get16(sriov() + sriov::kVfStride);
  if (rid < first || (rid != first && stride == 0)) return std::nullopt;
  const unsigned n = rid == first ? 0 : (rid - first) / stride;
  if (n >= vfs || first + n * stride != rid) return std::nullopt;
  return 1 + n;
}

std::uint64_t Device::bar_size(FunctionId fn, unsigned bar) const {
  if (bar >= kBars) return 0;
  if (fn == 0) return spaces_[0].bar_size_at(cfg::kBar0 + 4 * bar);
  return sriov() == 0 ? 0 : spaces_[0].bar_size_at(sriov() + sriov::kVfBar0 + 4 * bar);
}

std::uint64_t Device::bar_address(FunctionId fn, unsigned bar) const {
  const std::uint64_t size = bar_size(fn, bar);
  const ConfigSpace& pf = spaces_[0];
  if (size == 0 || !awake(fn)) return 0;
  if (fn == 0) return pf.get16(cfg::kCommand) & cfg::kMemoryEnable ? pf.bar_address_at(cfg::kBar0 + 4 * bar) : 0;
  const unsigned at = sriov();
  if (fn > vfs_enabled() || !(pf.get16(at + sriov::kControl) & sriov::kVfMemoryEnable)) return 0;
  const std::uint64_t base = pf.bar_address_at(at + sriov::kVfBar0 + 4 * bar);
  return base == 0 ? 0 : base + (fn - 1) * size;
}

std::optional<Device::Target> Device::find_bar(std::uint64_t address, std::size_t size) const {
  const unsigned vfs = vfs_enabled();
  for (const FunctionId first : {0U, 1U}) {
    const unsigned count = first == 0 ? 1 : vfs;  // the VFs' BARs of one index lie side by side
    for (unsigned bar = 0; bar < kBars && count != 0; ++bar) {
      const std::uint64_t base = bar_address(first, bar);
      if (base == 0 || address < base) continue;
      const std::uint64_t one = bar_size(first, bar), offset = address - base;
      const std::uint64_t n = offset / one;
      if (n >= count || size > one - offset % one) continue;
      return Target{static_cast<FunctionId>(first + n), bar, static_cast<std::uint32_t>(offset % one)};
    }
  }
  return std::nullopt;
}

void Device::reset(FunctionId fn) {
  if (fn == 0) end_resets_of_vfs();
  reset_function(fn);
}

void Device::end_resets_of_vfs() {
  for (FunctionId fn = 1; fn < functions(); ++fn)
    if (stuck_[fn]) stick_resets(fn, false);
}

void Device::add_resets() {
  if (const unsigned at = sriov(); at != 0)
    spaces_[0].on_write(at + sriov::kControl, 2, [this] {
      if (vfs_enabled() == 0) end_resets_of_vfs();
    });
  for (FunctionId fn = 0; fn < functions(); ++fn) {
    ConfigSpace& space = spaces_[fn];
    if (const unsigned at = space.capability(cfg::kCapPcie); at != 0)
      space.on_write(at + express::kDeviceControl, 2, [this, fn, &space, at] {
        const std::uint16_t control = space.get16(at + express::kDeviceControl);
        if (!(control & express::kInitiateFlr)) return;
        space.set16(at + express::kDeviceControl, control & ~express::kInitiateFlr);
        stuck_[fn] = resets_stick_[fn];
        reset(fn);
      });
    if (const unsigned at = space.capability(cfg::kCapPm); at != 0)
      space.on_write(at + pm::kControl, 2, [this, fn, &space, at, slept = false]() mutable {
        const bool sleeps = !awake(fn), wakes = slept && !sleeps;
        slept = sleeps;
        if (wakes && !(space.get16(at + pm::kControl) & pm::kNoSoftReset)) reset(fn);
      });
  }
}

bool Device::awake(FunctionId fn) const {
  const auto in_d0 = [](const ConfigSpace& space) {
    const unsigned at = space.capability(cfg::kCapPm);
    return at == 0 || (space.get16(at + pm::kControl) & pm::kState) == 0;
  };
  return in_d0(spaces_[0]) && (fn == 0 || in_d0(spaces_[fn]));
}

void Device::stick_resets(FunctionId fn, bool stick) {
  resets_stick_[fn] = stick;
  if (!stick) stuck_[fn] = false;
}

bool Device::bus_master(FunctionId fn) const {
  return fn <= vfs_enabled() && awake(fn) && spaces_[fn].get16(cfg::kCommand) & cfg::kBusMaster;
}

void enable_vfs(Device& device, unsigned vfs) {
  ConfigSpace& pf = device.config(0);
  const unsigned at = pf.extended(cap::kSriov);
  pf.write(cfg::kCommand, cfg::kMemoryEnable | cfg::kBusMaster, 2);
  pf.write(at + sriov::kNumVfs, vfs, 2);
  pf.write(at + sriov::kControl, sriov::kVfEnable | sriov::kVfMemoryEnable, 2);
}

}  // namespace vfpool::pcie

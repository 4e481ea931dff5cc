// SPDX-License-Identifier: Apache-2.0
// Configuration spaces of the PF and the VFs (82599 data sheet, chapter 9; SR-IOV 1.1).
#pragma once

#include <array>
#include <cstdint>

#include "nic82599/registers.hpp"
#include "pcie/config_space.hpp"

namespace vfpool::nic82599 {

namespace pfcfg {
constexpr unsigned kMsi = 0x50, kMsix = 0x70, kPcie = 0xa0, kAer = 0x100, kSerial = 0x140, kAri = 0x150, kSriov = 0x160;
constexpr unsigned kSriovControl = kSriov + pcie::sriov::kControl, kNumVfs = kSriov + pcie::sriov::kNumVfs,
                   kVfOffset = kSriov + pcie::sriov::kVfOffset, kVfBar0 = kSriov + pcie::sriov::kVfBar0,
                   kVfBar3 = kVfBar0 + 12;
using pcie::sriov::kAriHierarchy, pcie::sriov::kVfEnable, pcie::sriov::kVfMemoryEnable;
constexpr unsigned kDeviceControl = kPcie + pcie::express::kDeviceControl;
}  // namespace pfcfg

constexpr std::uint16_t kVfDeviceId = 0x10ed;
constexpr std::uint8_t kRevision = 0x01;

void build_pf_config(pcie::ConfigSpace& c, std::uint16_t device_id, const std::array<std::uint8_t, 6>& mac);
void build_vf_config(pcie::ConfigSpace& c);
/// First VF Offset follows ARI Capable Hierarchy, as on the silicon: 0x80, or 0x180 where function numbers end at 7.
void update_vf_offset(pcie::ConfigSpace& pf);

}  // namespace vfpool::nic82599

// SPDX-License-Identifier: Apache-2.0
#include "nic82599/functions.hpp"

namespace vfpool::nic82599 {
namespace {

constexpr std::uint16_t kIntel = 0x8086, kSubsystem = 0x0003;
constexpr std::uint32_t kEthernetClass = 0x020000;
constexpr std::uint16_t kOffsetAri = 0x80, kOffsetNoAri = 0x180, kStride = 2;

void add_aer(pcie::ConfigSpace& c) {
  c.add_extended(0x0001, 1, pfcfg::kAer);
  c.init32(pfcfg::kAer + 0x04, 0, 0, 0x0015f010);        // uncorrectable status
  c.init32(pfcfg::kAer + 0x08, 0, 0x0015f010);           // mask
  c.init32(pfcfg::kAer + 0x0c, 0x00062010, 0x0015f010);  // severity
  c.init32(pfcfg::kAer + 0x10, 0, 0, 0x000031c1);        // correctable status
  c.init32(pfcfg::kAer + 0x14, 0x00002000, 0x000031c1);  // mask
}

void add_pcie(pcie::ConfigSpace& c) {
  c.add_pcie(pfcfg::kPcie, 0, 2, true);
  c.init32(pfcfg::kPcie + 4, c.get32(pfcfg::kPcie + 4) | 0x20);  // Extended Tag: more than 32 reads at a time
}

void add_serial_number(pcie::ConfigSpace& c, const std::array<std::uint8_t, 6>& mac) {
  c.add_extended(0x0003, 1, pfcfg::kSerial);
  // The MAC address as EUI-64, ff:ff in the middle.
  c.init32(pfcfg::kSerial + 4, static_cast<std::uint32_t>(mac[5] | mac[4] << 8 | mac[3] << 16) | 0xff000000U);
  c.init32(pfcfg::kSerial + 8,
           0xffU | static_cast<std::uint32_t>(mac[2] << 8 | mac[1] << 16) | static_cast<std::uint32_t>(mac[0]) << 24);
}

}  // namespace

void build_pf_config(pcie::ConfigSpace& c, std::uint16_t device_id, const std::array<std::uint8_t, 6>& mac) {
  c.type0_header(kIntel, device_id, kEthernetClass, kRevision, kIntel, kSubsystem, false);
  c.memory_bar(0, kPfBar0Size, true, true);
  c.memory_bar(4, kMsixBarSize, true, true);
  c.add_power_management(0x40);
  c.add_capability(pcie::cfg::kCapMsi, pfcfg::kMsi);
  c.init16(pfcfg::kMsi + 2, 0x0080, 0x0001);  // one vector, 64-bit address
  c.init32(pfcfg::kMsi + 4, 0, 0xfffffffc);
  c.init32(pfcfg::kMsi + 8, 0, 0xffffffff);
  c.init16(pfcfg::kMsi + 0xc, 0, 0xffff);
  c.add_msix(pfcfg::kMsix, kPfVectors, 4, 0, 4, kMsixPbaOffset);
  add_pcie(c);
  add_aer(c);
  add_serial_number(c, mac);
  c.add_extended(0x000e, 1, pfcfg::kAri);
  c.add_sriov(pfcfg::kSriov,
              {.total_vfs = kMaxVfs, .first_offset = kOffsetNoAri, .stride = kStride, .vf_device = kVfDeviceId});
  c.init32(pfcfg::kSriov + 0x04, 0x2);  // ARI Capable Hierarchy Preserved
  for (const unsigned bar : {pfcfg::kVfBar0, pfcfg::kVfBar3}) c.memory_bar_at(bar, kVfBar0Size, true, true);
}

void build_vf_config(pcie::ConfigSpace& c) {
  c.type0_header(0xffff, 0xffff, kEthernetClass, kRevision, kIntel, kSubsystem, false);
  c.init16(pcie::cfg::kCommand, 0, pcie::cfg::kBusMaster);  // memory space is the PF's VF MSE bit
  c.init8(0x0c, 0);
  c.init8(0x3c, 0);
  c.add_msix(pfcfg::kMsix, kVfVectors, 3, 0, 3, kMsixPbaOffset);
  add_pcie(c);
  add_aer(c);
  c.add_extended(0x000e, 1, pfcfg::kAri);
}

void update_vf_offset(pcie::ConfigSpace& pf) {
  const bool ari = pf.get16(pfcfg::kSriovControl) & pfcfg::kAriHierarchy;
  pf.set16(pfcfg::kVfOffset, ari ? kOffsetAri : kOffsetNoAri);
}

}  // namespace vfpool::nic82599

// SPDX-License-Identifier: Apache-2.0
#include "nic82599/functions.hpp"

namespace vfpool::nic82599 {
namespace {

constexpr std::uint16_t kIntel = 0x8086, kSubsystem = 0x0003;
constexpr std::uint32_t kEthernetClass = 0x020000;
constexpr std::uint16_t kOffsetAri = 0x80, kOffsetNoAri = 0x180, kStride = 2;

// PCIe 2.1, 7.10. Of a VF: no errors of the link, no header of its own for masks and severities, which are the PF's
// (SR-IOV 1.1, 4.2).
void add_aer(pcie::ConfigSpace& c, bool vf) {
  c.add_extended(pcie::cap::kAer, 1, pfcfg::kAer);
  c.init32(pfcfg::kAer + 0x04, 0, 0, vf ? 0x0011d000 : 0x0015f010);  // uncorrectable status
  c.init32(pfcfg::kAer + 0x10, 0, 0, vf ? 0x00002000 : 0x000031c1);  // correctable status
  if (vf) return;
  c.init32(pfcfg::kAer + 0x08, 0, 0x0015f010);           // mask
  c.init32(pfcfg::kAer + 0x0c, 0x00062010, 0x0015f010);  // severity
  c.init32(pfcfg::kAer + 0x14, 0x00002000, 0x000031c1);  // mask
}

// Extended Tag: more than 32 reads at a time.
void add_pcie(pcie::ConfigSpace& c, bool vf) {
  c.add_pcie(pfcfg::kPcie, {.max_payload = 512, .flr = true, .extended_tag = true, .vf = vf});
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
  c.add_power_management(0x40, 0x09, true, false);  // PME# in D0 and D3hot
  c.add_capability(pcie::cfg::kCapMsi, pfcfg::kMsi);
  c.init16(pfcfg::kMsi + 2, 0x0180, 0x0001);  // one vector that can be masked, 64-bit address
  c.init32(pfcfg::kMsi + 4, 0, 0xfffffffc);
  c.init32(pfcfg::kMsi + 8, 0, 0xffffffff);
  c.init16(pfcfg::kMsi + 0xc, 0, 0xffff);
  c.init32(pfcfg::kMsi + 0x10, 0, 0x1);
  c.add_msix(pfcfg::kMsix, kPfVectors, 4, 0, 4, kMsixPbaOffset);
  add_pcie(c, false);
  add_aer(c, false);
  add_serial_number(c, mac);
  c.add_extended(0x000e, 1, pfcfg::kAri);
  c.add_sriov(pfcfg::kSriov,
              {.total_vfs = kMaxVfs, .first_offset = kOffsetNoAri, .stride = kStride, .vf_device = kVfDeviceId});
  c.init32(pfcfg::kSriov + 0x04, 0x2);  // ARI Capable Hierarchy Preserved
  for (const unsigned bar : {pfcfg::kVfBar0, pfcfg::kVfBar3}) c.memory_bar_at(bar, kVfBar0Size, true, true);
}

void build_vf_config(pcie::ConfigSpace& c) {
  c.vf_header(kEthernetClass, kRevision, kIntel, kSubsystem);
  c.add_msix(pfcfg::kMsix, kVfVectors, 3, 0, 3, kMsixPbaOffset);
  add_pcie(c, true);
  add_aer(c, true);
  c.add_extended(0x000e, 1, pfcfg::kAri);
}

void update_vf_offset(pcie::ConfigSpace& pf) {
  const bool ari = pf.get16(pfcfg::kSriovControl) & pfcfg::kAriHierarchy;
  pf.set16(pfcfg::kVfOffset, ari ? kOffsetAri : kOffsetNoAri);
}

}  // namespace vfpool::nic82599

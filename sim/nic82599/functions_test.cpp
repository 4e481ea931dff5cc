// SPDX-License-Identifier: Apache-2.0
// Every dword of the configuration spaces, against the specifications.
#include "nic82599/functions.hpp"

#include <gtest/gtest.h>

#include <map>

namespace vfpool::nic82599 {
namespace {

// Register to what is left of it after ones have been written to all of it. What is not listed cannot be changed.
using Table = std::map<unsigned, std::uint32_t>;

void expect_only(pcie::ConfigSpace& space, const Table& kept) {
  for (unsigned reg = 0; reg < pcie::ConfigSpace::kSize; reg += 4) {
    const std::uint32_t before = space.read(reg, 4);
    space.write(reg, 0xffffffff, 4);
    const auto k = kept.find(reg);
    EXPECT_EQ(space.read(reg, 4), k == kept.end() ? before : k->second) << "register 0x" << std::hex << reg;
  }
}

// Sections: PCIe Base Spec 2.1 unless said otherwise.
TEST(ConfigurationSpace, PfKeepsWhatItMustAndNothingElse) {
  pcie::ConfigSpace pf;
  build_pf_config(pf, 0x10f9, {2, 0x82, 0x59, 0, 0, 1});
  expect_only(pf,
              {
                  {0x04, 0x00100546},                       // 7.5.1.1 Command; Status: capability list
                  {0x0c, 0x000000ff},                       // cache line size
                  {0x10, 0xfff8000c},                       // BAR 0: 512 KiB, 64 bits, prefetchable
                  {0x14, 0xffffffff},  {0x20, 0xffffc00c},  // BAR 4: 16 KiB, 64 bits, prefetchable
                  {0x24, 0xffffffff},  {0x3c, 0x000000ff},  // interrupt line
                  {0x44, 0x00000103},  // PCI PM 1.2, 3.2.4: state, PME enable; PME status 0, no No_Soft_Reset
                  {0x50, 0x01817005},  // PCI 3.0, 6.8.1.3 MSI enable; one vector, 64 bits, maskable
                  {0x54, 0xfffffffc},  {0x58, 0xffffffff},  {0x5c, 0x0000ffff},  {0x60, 0x00000001},  // 6.8.1.7 mask
                  {0x70, 0xc03fa011},   // 6.8.2.3 MSI-X enable and function mask; 64 vectors
                  {0xa8, 0x0000f9ff},   // 7.8.4 all but phantom functions and aux power; FLR is its owner's to clear
                  {0xb0, 0x008200cb},   // 7.8.7 ASPM, RCB, common clock, extended synch; 7.8.8 x8, 5 GT/s
                  {0xc8, 0x00000010},   // 7.8.16 time-out disable; no ranges, no ARI forwarding
                  {0xd0, 0x0000000f},   // 7.8.19 target link speed
                  {0x108, 0x0015f010},  // 7.10.3 mask
                  {0x10c, 0x0017f010},  // 7.10.4 severity, whose reset value has bit 17 as well
                  {0x114, 0x000031c1},  // 7.10.6 correctable mask
                  {0x168, 0x00000019},  // SR-IOV 1.1, 3.3.3: VF enable, VF memory space, ARI hierarchy
                  {0x170, 0x0000ffff},  // 3.3.7 NumVFs
                  {0x184, 0xffffc00c},  // 3.3.14 VF BAR 0 and 3: 16 KiB, 64 bits, prefetchable
                  {0x188, 0xffffffff}, {0x190, 0xffffc00c}, {0x194, 0xffffffff},
              });
}

// SR-IOV 1.1: of a VF, what the PF's bits decide is reserved.
TEST(ConfigurationSpace, VfKeepsWhatItMustAndNothingElse) {
  pcie::ConfigSpace vf;
  build_vf_config(vf);
  expect_only(vf, {
                      {0x04, 0x00100004},  // 3.4.1.3: bus master; memory space is the PF's VF MSE
                      {0x70, 0xc002a011},  // MSI-X: 3 vectors
                      {0xa8, 0x00008000},  // 3.5.4: FLR alone, its owner's to clear
                  });
  EXPECT_EQ(vf.get16(0xb2), 0);  // 3.5.7 Link Status is reserved
}

TEST(ConfigurationSpace, PfSaysWhatTheCardSaysOfPowerAndMsi) {
  pcie::ConfigSpace pf;
  build_pf_config(pf, 0x10f9, {2, 0x82, 0x59, 0, 0, 1});
  EXPECT_EQ(pf.get16(0x42), 0x4823);                      // version 3, DSI, PME# in D0 and D3hot
  EXPECT_EQ(pf.get16(0x44) & pcie::pm::kNoSoftReset, 0);  // D3hot to D0 is a reset
  EXPECT_EQ(pf.get16(0x52) & 0x0180, 0x0180);             // 64-bit address, per-vector masking
}

}  // namespace
}  // namespace vfpool::nic82599

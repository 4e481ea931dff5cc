// SPDX-License-Identifier: Apache-2.0
// Configuration space of the bridge's own functions and of the cards it shows.
#include "two_users.hpp"

namespace vfpool {
namespace {

using pcie::CplStatus;

class Config : public TwoUsers {
 protected:
  host::Function mgmt() { return find(user_trees[1], 0x8086); }
  host::Function upstream() { return user_trees[1][2]; }
  std::uint32_t read(const host::Function& f, unsigned reg, unsigned size = 4) {
    return run(user(1).config_read(f.bdf, reg, size));
  }
  void write(const host::Function& f, unsigned reg, std::uint32_t value, unsigned size = 4) {
    run(user(1).config_write(f.bdf, reg, value, size));
  }
  /// What stays of ones.
  std::uint32_t writable(const host::Function& f, unsigned reg, unsigned size = 2) {
    const auto before = read(f, reg, size);
    write(f, reg, size == 2 ? 0xffff : 0xffffffff, size);
    const auto ones = read(f, reg, size);
    write(f, reg, before, size);
    return ones;
  }
  /// As `writable`, in the PCI Express capability.
  std::uint32_t express(const host::Function& f, unsigned reg) { return writable(f, f.capability(0x10) + reg); }
};

constexpr unsigned kDevCtl = 0x08, kLnkCtl = 0x10, kDevCtl2 = 0x28, kLnkCap2 = 0x2c, kLnkCtl2 = 0x30;

// PCIe Base Spec 2.1, 7.8.4: extended tags (8), phantom functions (9), auxiliary power (10) and payload sizes (7:5)
// belong to capabilities that none of these functions has.
TEST_F(Config, DeviceControlKeepsOnlyWhatThereIs) {
  run(ready());
  for (const auto& f : {mgmt(), upstream(), slot_port(1, 0)}) EXPECT_EQ(express(f, kDevCtl), 0x781fu) << f.bdf.str();
}

// 7.8.7: Link Disable (4) is for downstream ports; no clock power management (8), no ASPM (1:0).
TEST_F(Config, LinkControlKeepsOnlyWhatThereIs) {
  run(ready());
  EXPECT_EQ(express(upstream(), kLnkCtl), 0x00c0u);
  const auto port = slot_port(1, 1);  // an empty slot: its link may go
  EXPECT_EQ(express(port, kLnkCtl), 0x00d0u);
}

// 7.8.16: ARI forwarding (5) and the ranges of the completion time-out (3:0) are not offered.
TEST_F(Config, DeviceControl2KeepsOnlyWhatThereIs) {
  run(ready());
  for (const auto& f : {upstream(), mgmt()}) EXPECT_EQ(express(f, kDevCtl2), 0u) << f.bdf.str();
  EXPECT_EQ(express(fn[1], kDevCtl2), 0x0010u);  // the VF's: Completion Timeout Disable
}

// 7.8.18, 7.8.19: function 0 is the one that speaks for the link.
TEST_F(Config, EveryFunctionNamesTheSpeedOfTheLink) {
  run(ready());
  for (const auto& f : {mgmt(), upstream(), slot_port(1, 0)}) {
    EXPECT_EQ(read(f, f.capability(0x10) + kLnkCap2), 0x6u) << f.bdf.str();
    EXPECT_EQ(read(f, f.capability(0x10) + kLnkCtl2, 2) & 0xf, 2u) << f.bdf.str();
  }
}

TEST_F(Config, TheMsiCapabilityTakesBytesOneByOne) {
  run(ready());
  const auto port = slot_port(1, 0);
  const unsigned msi = port.capability(0x05);
  for (unsigned i = 4; i < 14; ++i) write(port, msi + i, 0x10 + i, 1);
  EXPECT_EQ(read(port, msi + 4), 0x17161514u);
  EXPECT_EQ(read(port, msi + 8), 0x1b1a1918u);
  EXPECT_EQ(read(port, msi + 12), 0x00001d1cu);
  write(port, msi + 4, 0xffffffff);
  EXPECT_EQ(read(port, msi + 4), 0xfffffffcu);  // a DW's address
  EXPECT_EQ(read(port, msi + 8), 0x1b1a1918u);
}

TEST_F(Config, MemorySpaceEnableOfEachFunctionAboveCounts) {
  run(ready());
  const auto status = [&](std::uint64_t address) { return run(user(1).probe32(address)); };
  const std::uint64_t card = fn[1].bar[0] + 8, registers = mgmt().bar[0];
  ASSERT_EQ(status(card), CplStatus::kSuccess);
  for (const auto& f : {upstream(), slot_port(1, 0), fn[1]}) {
    write(f, 0x04, 0x0004, 2);
    EXPECT_EQ(status(card), CplStatus::kUnsupported) << f.bdf.str();
    write(f, 0x04, 0x0006, 2);
    EXPECT_EQ(status(card), CplStatus::kSuccess) << f.bdf.str();
  }
  ASSERT_EQ(status(registers), CplStatus::kSuccess);
  write(mgmt(), 0x04, 0x0004, 2);
  EXPECT_EQ(status(registers), CplStatus::kUnsupported);
}

}  // namespace
}  // namespace vfpool

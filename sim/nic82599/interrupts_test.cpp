// SPDX-License-Identifier: Apache-2.0
#include "nic82599/interrupts.hpp"

#include "nic82599/test_card.hpp"

namespace vfpool::nic82599 {
namespace {

class VfInterrupts : public Card {
 protected:
  void SetUp() override {
    enable_vfs(2);
    vf(0, vfreg::kIvar, 0x8080);
    vf(0, vfreg::kEiac, 7);
    vf(0, vfreg::kEiam, 7);
    vf(0, vfreg::kEims, 7);
    dma.messages.clear();
  }
};

TEST_F(VfInterrupts, DeliveryMasksAndClears) {
  vf(0, vfreg::kEics, 1);
  EXPECT_EQ(dma.count(1, 0), 1u);
  EXPECT_EQ(vf(0, vfreg::kEims), 6u);
  EXPECT_EQ(vf(0, vfreg::kEicr), 0u);
  vf(0, vfreg::kEics, 1);  // masked: waits
  EXPECT_EQ(dma.count(1, 0), 1u);
  vf(0, vfreg::kEims, 1);
  EXPECT_EQ(dma.count(1, 0), 2u);
}

TEST_F(VfInterrupts, ModerationKeepsTheGapExactly) {
  vf(0, vfreg::kEitr, 50 << 3 | reg::kEitrKeep);
  for (int i = 0; i < 5; ++i) {
    vf(0, vfreg::kEims, 1);
    vf(0, vfreg::kEics, 1);
    settle();
  }
  ASSERT_EQ(dma.messages.size(), 5u);
  for (std::size_t i = 1; i < 5; ++i)
    EXPECT_EQ((dma.messages[i].at - dma.messages[i - 1].at).count(), 50 * 2'048'000) << i;
}

TEST_F(VfInterrupts, EventInsideTheIntervalFiresAtItsEnd) {
  vf(0, vfreg::kEitr, 100 << 3 | reg::kEitrKeep);
  vf(0, vfreg::kEics, 1);
  vf(0, vfreg::kEims, 1);
  vf(0, vfreg::kEics, 1);
  EXPECT_EQ(dma.messages.size(), 1u);
  settle();
  ASSERT_EQ(dma.messages.size(), 2u);
  EXPECT_EQ((dma.messages[1].at - dma.messages[0].at).count(), 100 * 2'048'000);
}

TEST_F(VfInterrupts, WriteWithoutKeepLoadsTheCounter) {
  vf(0, vfreg::kEitr, 100 << 3 | reg::kEitrKeep);
  vf(0, vfreg::kEics, 1);
  vf(0, vfreg::kEims, 1);
  vf(0, vfreg::kEics, 1);
  EXPECT_NE(vf(0, vfreg::kEitr) >> 21 & 0x7f, 0u);
  vf(0, vfreg::kEitr, 200 << 3 | reg::kEitrKeep);  // the running interval stays
  EXPECT_EQ(dma.messages.size(), 1u);
  vf(0, vfreg::kEitr, 200 << 3);  // counter zero: the waiting event goes
  EXPECT_EQ(dma.messages.size(), 2u);
}

TEST_F(VfInterrupts, MaskedVectorPendsAndIsSentOnUnmask) {
  nic.write32(1, 3, 12, 1);
  vf(0, vfreg::kEics, 1);
  EXPECT_EQ(dma.messages.size(), 0u);
  EXPECT_EQ(nic.read32(1, 3, kMsixPbaOffset), 1u);
  nic.write32(1, 3, 12, 0);
  EXPECT_EQ(dma.count(1, 0), 1u);
  EXPECT_EQ(nic.read32(1, 3, kMsixPbaOffset), 0u);
  nic.config(1).write(pfcfg::kMsix + 2, 0xc000, 2);  // function mask
  vf(0, vfreg::kEics, 2);
  EXPECT_EQ(dma.count(1, 1), 0u);
  nic.config(1).write(pfcfg::kMsix + 2, 0x8000, 2);
  EXPECT_EQ(dma.count(1, 1), 1u);
}

TEST_F(VfInterrupts, CauseWaitsWhileMsixIsOff) {
  nic.config(1).write(pfcfg::kMsix + 2, 0, 2);
  vf(0, vfreg::kEics, 1);
  EXPECT_EQ(dma.messages.size(), 0u);
  EXPECT_EQ(vf(0, vfreg::kEims), 7u);
  nic.config(1).write(pfcfg::kMsix + 2, 0x8000, 2);
  EXPECT_EQ(dma.count(1, 0), 1u);
}

TEST_F(VfInterrupts, OtherVfIsNotTouched) {
  vf(0, vfreg::kEics, 7);
  EXPECT_EQ(vf(1, vfreg::kEicr), 0u);
  EXPECT_EQ(dma.count(2, 0), 0u);
}

TEST_F(VfInterrupts, PfAliasesShowTheVfsRegisters) {
  EXPECT_EQ(pf(reg::kPvteims), 7u);
  pf(reg::kPvteimc, 2);
  EXPECT_EQ(vf(0, vfreg::kEims), 5u);
}

TEST_F(VfInterrupts, ExtendedPfVectorsClearAndMaskThemselves) {
  pf(reg::kGpie, reg::kGpieMsix | reg::kGpieOcd | reg::kGpieEiame);
  pf(reg::kEiamEx, 0xffffffff);
  pf(reg::kEiac, 0xffff);
  pf(reg::kIvar, 0x8685);  // queue 0: Rx vector 5, Tx vector 6
  pf(reg::kEimsEx, 0xffffffff);
  pf(reg::kEicsEx, 0x60);
  EXPECT_EQ(dma.count(0, 5), 1u);
  EXPECT_EQ(dma.count(0, 6), 1u);
  EXPECT_EQ(pf(reg::kEimsEx), 0xffffff9fu);
  EXPECT_EQ(pf(reg::kEicsEx), 0u);
}

}  // namespace
}  // namespace vfpool::nic82599

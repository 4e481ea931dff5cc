// SPDX-License-Identifier: Apache-2.0
#include "nic82599/nic82599.hpp"

#include "nic82599/test_card.hpp"

namespace vfpool::nic82599 {
namespace {

using Probe = Card;

TEST_F(Probe, EepromIsPresentAndItsChecksumIsRight) {
  EXPECT_TRUE(pf(reg::kEec) & bit(8));
  EXPECT_TRUE(pf(reg::kEec) & bit(9));
  std::uint16_t sum = 0;
  for (unsigned i = 0; i <= 0x3f; ++i) {
    pf(reg::kEerd, i << 2 | 1);
    ASSERT_TRUE(pf(reg::kEerd) & 2);
    sum = static_cast<std::uint16_t>(sum + (pf(reg::kEerd) >> 16));
  }
  EXPECT_EQ(sum, 0xbaba);
}

TEST_F(Probe, SemaphoreIsTakenByReading) {
  EXPECT_EQ(pf(reg::kSwsm) & 1, 0u);
  EXPECT_EQ(pf(reg::kSwsm) & 1, 1u);
  pf(reg::kSwsm, 2);
  EXPECT_EQ(pf(reg::kSwsm), 2u);
  pf(reg::kSwsm, 0);
  EXPECT_EQ(pf(reg::kSwsm), 0u);
}

TEST_F(Probe, ResetEndsAtOnceAndRestoresTheAddress) {
  pf(reg::kRarHigh, 0);
  pf(reg::kRarLow + 4, 0);
  pf(reg::kCtrl, reg::kCtrlReset);
  EXPECT_EQ(pf(reg::kCtrl) & reg::kCtrlReset, 0u);
  EXPECT_EQ(pf(reg::kRarLow), 0x90598202u);
  EXPECT_EQ(pf(reg::kRarHigh + 4), 0x80000100u);
}

TEST_F(Probe, PrimaryDisableEndsGio) {
  EXPECT_TRUE(pf(reg::kStatus) & reg::kStatusGio);
  pf(reg::kCtrl, reg::kCtrlGioDisable);
  EXPECT_FALSE(pf(reg::kStatus) & reg::kStatusGio);
}

TEST_F(Probe, MdioFindsNobody) {
  pf(reg::kMsca, bit(30) | 5 << 21);
  EXPECT_FALSE(pf(reg::kMsca) & bit(30));
  EXPECT_EQ(pf(reg::kMsrwd) >> 16, 0xffffu);
}

TEST_F(Probe, LinkFollowsTheWireAndRaisesItsCause) {
  EXPECT_EQ(pf(reg::kLinks), 0x70000000u);
  EXPECT_EQ(pf(reg::kAutoc) >> 13 & 7, 1u);
  pf(reg::kGpie, reg::kGpieMsix);
  pf(reg::kIvarMisc, 0x8300);
  pf(reg::kEicr, 0xffffffff);
  pf(reg::kEims, reg::kCauseLink);
  wire.plug(false);
  EXPECT_EQ(pf(reg::kLinks), 0u);
  EXPECT_EQ(dma.count(0, 3), 1u);
  EXPECT_TRUE(pf(reg::kEics) & reg::kCauseLink);
  EXPECT_TRUE(pf(reg::kEics) & reg::kCauseLink);  // looking does not clear
  pf(reg::kEicr, reg::kCauseLink);
  EXPECT_FALSE(pf(reg::kEics) & reg::kCauseLink);
}

TEST_F(Probe, OfflineRegisterTestPatternsComeBack) {
  const struct {
    unsigned offset, count, stride;
    std::uint32_t mask, write;
  } tests[] = {{0x3220, 8, 4, 0x8007fff0, 0x8007fff0},    {0x3260, 8, 4, 0x8007fff0, 0x8007fff0},
               {0x1000, 4, 0x40, 0xffffff80, 0xffffffff}, {0x1004, 4, 0x40, 0xffffffff, 0xffffffff},
               {0x1008, 4, 0x40, 0x000fff80, 0x000fffff}, {0x1018, 4, 0x40, 0x0000ffff, 0x0000ffff},
               {0x6000, 4, 0x40, 0xffffff80, 0xffffffff}, {0x6004, 4, 0x40, 0xffffffff, 0xffffffff},
               {0x6008, 4, 0x40, 0x000fff80, 0x000fff80}, {0x5400, 16, 8, 0xffffffff, 0xffffffff},
               {0x5404, 16, 8, 0x8001ffff, 0x800cffff},   {0x5200, 128, 4, 0xffffffff, 0xffffffff},
               {0x3200, 1, 4, 0xffffffff, 0xffffffff}};
  for (const auto& t : tests)
    for (unsigned i = 0; i < t.count; ++i)
      for (const std::uint32_t pattern : {0x5a5a5a5au, 0xa5a5a5a5u, 0u, 0xffffffffu}) {
        const unsigned r = t.offset + i * t.stride;
        const std::uint32_t before = pf(r);
        pf(r, pattern & t.write);
        EXPECT_EQ(pf(r) & t.mask, pattern & t.write & t.mask) << std::hex << r;
        pf(r, before);
      }
  pf(reg::kStatus, 0x7ffff30f);
  EXPECT_EQ(pf(reg::kStatus) & 0x7ffff30f, reg::kStatusGio);
}

TEST_F(Probe, UnknownRegistersReadZeroAndAreListed) {
  EXPECT_EQ(pf(0x1fff0), 0u);
  pf(0x1fff0, 0x1234);
  vf(0, 0x3ff0, 7);
  const std::string s = nic.state();
  EXPECT_NE(s.find("BAR 0 0x1fff0: 1 reads, 1 writes"), std::string::npos) << s;
  EXPECT_NE(s.find("function 1 BAR 0 0x03ff0: 0 reads, 1 writes, first value 0x00000007"), std::string::npos) << s;
}

TEST_F(Probe, VfRegistersKeepTheirBitsAndTwoQueuesAreTheVfsOwn) {
  enable_vfs(2);
  for (unsigned q = 0; q < 2; ++q)
    for (const auto& [r, mask] : {std::pair{0x1000u, 0xffffff80u},
                                  {0x1004u, 0xffffffffu},
                                  {0x1008u, 0x000fff80u},
                                  {0x1018u, 0xffffu},
                                  {0x2000u, 0xffffff80u},
                                  {0x2008u, 0x000fff80u}}) {
      vf(1, r + 0x40 * q, 0xffffffff);
      EXPECT_EQ(vf(1, r + 0x40 * q), mask) << std::hex << r;
      EXPECT_EQ(vf(0, r + 0x40 * q), 0u);
    }
  EXPECT_EQ(pf(0x1000 + 0x40 * 2), 0xffffff80u);  // VF 1 queue 0 is absolute queue 2
  vf(1, 0x1000 + 0x40 * 2, 0xffffffff);
  EXPECT_EQ(vf(1, 0x1000 + 0x40 * 2), 0u);
}

TEST_F(Probe, SriovPlacesVfsByAriHierarchy) {
  auto& c = nic.config(0);
  EXPECT_EQ(c.read(pfcfg::kVfOffset, 2), 0x180u);
  c.write(pfcfg::kSriovControl, pfcfg::kAriHierarchy, 2);
  EXPECT_EQ(c.read(pfcfg::kVfOffset, 2), 0x80u);
  c.write(pfcfg::kNumVfs, 3, 2);
  c.write(pfcfg::kVfBar0, 0x90000000, 4);
  EXPECT_EQ(nic.vfs_enabled(), 0u);
  c.write(pfcfg::kSriovControl, pfcfg::kVfEnable | pfcfg::kVfMemoryEnable | pfcfg::kAriHierarchy, 2);
  EXPECT_EQ(nic.vfs_enabled(), 3u);
  EXPECT_EQ(nic.bar_address(3, 0), 0x90008000u);
  EXPECT_EQ(nic.rid_offset(3), 0x84u);
  EXPECT_EQ(nic.config(1).read(0, 4), 0xffffffffu);
  c.write(pfcfg::kSriovControl, 0, 2);
  EXPECT_EQ(nic.vfs_enabled(), 0u);
}

using MailboxTest = Card;

TEST_F(MailboxTest, LocksExcludeEachOtherAndPlainSignalsUnlock) {
  enable_vfs(1);
  vf(0, vfreg::kMailbox, reg::kMbVfu);
  EXPECT_TRUE(vf(0, vfreg::kMailbox) & reg::kMbVfu);
  pf(reg::kPfMailbox, reg::kMbPfu);
  EXPECT_FALSE(pf(reg::kPfMailbox) & reg::kMbPfu);
  vf(0, vfreg::kMailbox, reg::kMbReq);  // signals and unlocks
  pf(reg::kPfMailbox, reg::kMbPfu);
  EXPECT_TRUE(pf(reg::kPfMailbox) & reg::kMbPfu);
  vf(0, vfreg::kMailbox, reg::kMbVfu);
  EXPECT_FALSE(vf(0, vfreg::kMailbox) & reg::kMbVfu);
}

TEST_F(MailboxTest, MessageToThePfInterruptsItAndTheMemoryIsShared) {
  enable_vfs(3);
  pf(reg::kGpie, reg::kGpieMsix);
  pf(reg::kIvarMisc, 0x8200);
  pf(reg::kEims, reg::kCauseMailbox);
  dma.messages.clear();
  vf(2, vfreg::kMbMem + 4, 0xcafe);
  vf(2, vfreg::kMailbox, reg::kMbReq);
  EXPECT_EQ(dma.count(0, 2), 1u);
  EXPECT_EQ(pf(reg::kPfMbIcr), 4u);
  EXPECT_EQ(pf(reg::kPfMbMem + 64 * 2 + 4), 0xcafeu);
  pf(reg::kPfMbIcr, 4);
  EXPECT_EQ(pf(reg::kPfMbIcr), 0u);
  pf(reg::kPfMbMem + 64 * 2, 0x80000001);
  vf(2, vfreg::kIvarMisc, 0x82);
  vf(2, vfreg::kEims, 7);
  pf(reg::kPfMailbox + 8, reg::kMbSts);
  EXPECT_EQ(dma.count(3, 2), 1u);
  EXPECT_TRUE(vf(2, vfreg::kMailbox) & reg::kMbPfsts);
  EXPECT_FALSE(vf(2, vfreg::kMailbox) & reg::kMbPfsts);
  EXPECT_EQ(vf(2, vfreg::kMbMem), 0x80000001u);
}

TEST_F(MailboxTest, PfResetIsIndicatedUntilItsDriverIsReady) {
  enable_vfs(1);
  vf(0, vfreg::kMailbox);
  EXPECT_EQ(vf(0, vfreg::kMailbox) & (reg::kMbRsti | reg::kMbRstd), 0u);
  pf(reg::kCtrl, reg::kCtrlReset);
  EXPECT_TRUE(vf(0, vfreg::kMailbox) & reg::kMbRsti);
  EXPECT_TRUE(vf(0, vfreg::kMailbox) & reg::kMbRsti);
  pf(reg::kCtrlExt, reg::kCtrlExtPfrstd);
  EXPECT_EQ(vf(0, vfreg::kMailbox) & (reg::kMbRsti | reg::kMbRstd), reg::kMbRstd);
  pf(reg::kCtrlExt, reg::kCtrlExtPfrstd);  // a second write says nothing new
  EXPECT_EQ(vf(0, vfreg::kMailbox), 0u);
}

TEST_F(MailboxTest, VfResetTellsThePf) {
  enable_vfs(2);
  pf(reg::kPfVflrec, 3);
  vf(1, vfreg::kCtrl, reg::kCtrlReset);
  EXPECT_EQ(pf(reg::kPfVflre0), 2u);
  EXPECT_TRUE(pf(reg::kEics) & reg::kCauseMailbox);
  pf(reg::kPfVflrec, 2);
  EXPECT_EQ(pf(reg::kPfVflre0), 0u);
}

using FlrTest = Card;

TEST_F(FlrTest, OfAVfClearsOnlyThatVf) {
  enable_vfs(2);
  rx_start(1, 0, 0);
  rx_start(2, 0, 2);
  nic.config(1).write(pfcfg::kDeviceControl, 0xa810, 2);
  EXPECT_EQ(nic.config(1).read(pcie::cfg::kCommand, 2), 0u);
  EXPECT_EQ(nic.config(1).read(pfcfg::kDeviceControl, 2) & 0x8000, 0u);
  EXPECT_EQ(vf(0, 0x1028), 0u);
  EXPECT_NE(vf(1, 0x1028), 0u);
  EXPECT_EQ(pf(reg::kVfre) & 3, 2u);
  EXPECT_EQ(nic.vfs_enabled(), 2u);
}

TEST_F(FlrTest, OfThePfEndsTheVfs) {
  enable_vfs(2);
  nic.config(0).write(pfcfg::kDeviceControl, 0xa810, 2);
  EXPECT_EQ(nic.vfs_enabled(), 0u);
  EXPECT_EQ(pf(reg::kVtCtl), 0u);
  EXPECT_EQ(pf(reg::kRarHigh), 0x90598202u);
}

class StrictReset : public Card {
 protected:
  static Nic82599::Options strict() {
    Nic82599::Options o;
    o.strict_vf_reset = true;
    return o;
  }
  StrictReset() : Card(strict()) {}
};

TEST_F(StrictReset, KeepsTheRingRegisters) {
  enable_vfs(1);
  rx_start(1, 0, 0);
  nic.reset(1);
  EXPECT_EQ(vf(0, 0x1008), kRingEntries * 16);
  EXPECT_NE(vf(0, 0x1028) & reg::kDctlEnable, 0u);
}

}  // namespace
}  // namespace vfpool::nic82599

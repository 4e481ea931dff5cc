// SPDX-License-Identifier: Apache-2.0
// The whole register map: reserved and read-only bits keep their value whatever is written, the others what is written.
#include <random>

#include "nic82599/test_card.hpp"

namespace vfpool::nic82599 {
namespace {

// Registers whose bits are fields of the data sheet only in part, and which of them (8.2.3).
struct Fields {
  const char* name;
  unsigned offset, count;
  std::uint32_t writable;
};
constexpr Fields kFields[] = {
    {"CTRL", reg::kCtrl, 1, 0x00000004},
    {"CTRL_EXT", reg::kCtrlExt, 1, 0x14030000},
    {"FWSM", reg::kFwsm, 1, 0},
    {"FACTPS", reg::kFactps, 1, 0},
    {"GCR_EXT", reg::kGcrExt, 1, 0xc0000013},
    {"GPIE", reg::kGpie, 1, 0xc000ffff},
    {"IVAR", reg::kIvar, 64, 0xbfbfbfbf},
    {"IVAR_MISC", reg::kIvarMisc, 1, 0x0000bfbf},
    {"PVTIVAR", reg::kPvtivar, 64, 0x83838383},
    {"PVTIVAR_MISC", reg::kPvtivarMisc, 64, 0x00000083},
    {"FCTTV", reg::kFcttv, 4, 0xffffffff},
    {"FCRTL", reg::kFcrtl, 8, 0x8007fff0},
    {"FCRTH", reg::kFcrth, 8, 0x8007fff0},
    {"FCRTV", reg::kFcrtv, 1, 0x0000ffff},
    {"FCCFG", reg::kFccfg, 1, 0x00000018},
    {"MAXFRS", reg::kMaxfrs, 1, 0xffff0000},
    {"MFLCN", reg::kMflcn, 1, 0x0000000f},
    {"RXCTRL", reg::kRxctrl, 1, 0x00000001},
    {"RXCSUM", reg::kRxcsum, 1, 0x00003000},
    {"FCTRL", reg::kFctrl, 1, 0x0000f702},
    {"VLNCTRL", reg::kVlnctrl, 1, 0x7000ffff},
    {"MCSTCTRL", reg::kMcstctrl, 1, 0x00000007},
    {"ETQS", reg::kEtqs, 8, 0xa07f0000},
    {"MTA", reg::kMta, 128, 0xffffffff},
    {"VFTA", reg::kVfta, 128, 0xffffffff},
    {"MRQC", reg::kMrqc, 1, 0xffff800f},
    {"RETA", reg::kReta, 32, 0x0f0f0f0f},
    {"RSSRK", reg::kRssrk, 10, 0xffffffff},
    {"PSRTYPE", reg::kPsrtype, 64, 0xe0001330},
    {"RQSMR", reg::kRqsmr, 32, 0x0f0f0f0f},
    {"TQSM", reg::kTqsm, 32, 0x0f0f0f0f},
    {"SRRCTL", reg::kSrrctlLow, 16, 0x1fc03f1f},
    {"MTQC", reg::kMtqc, 1, 0x0000000f},
    {"DMATXCTL", reg::kDmatxctl, 1, 0xffff0009},
    {"RTTDQSEL", reg::kRttdqsel, 1, 0x0000007f},
    {"RTTBCNRC", reg::kRttbcnrc, 1, 0x80ffffff},
    {"SECTXSTAT", 0x8804, 1, 0},
    {"TSYNCRXCTL", reg::kTsyncRxCtl, 1, 0x0000001e},
    {"TSYNCTXCTL", reg::kTsyncTxCtl, 1, 0x00000010},
    {"FDIRM", reg::kFdirM, 1, 0x0000003f},
    {"FDIRFREE", reg::kFdirFree, 1, 0},
    {"VT_CTL", reg::kVtCtl, 1, 0x60001f81},
    {"VMOLR", reg::kVmolr, 64, 0x1f000000},
    {"VMVIR", reg::kVmvir, 64, 0xc000ffff},
    {"VLVF", reg::kVlvf, 64, 0x80000fff},
    {"PFVFSPOOF", reg::kSpoof, 8, 0x0000ffff},
    {"PFDTXGSWC", reg::kDtxgswc, 1, 0x00000001},
};

using RegisterMap = Card;

TEST_F(RegisterMap, ReservedBitsDoNotStickAndFieldsDo) {
  for (const Fields& f : kFields)
    for (unsigned i = 0; i < f.count; ++i) {
      const unsigned offset = f.offset + 4 * i;
      const std::uint32_t before = pf(offset);
      for (const std::uint32_t pattern : {0xffffffffU, 0U, 0x5a5a5a5aU, 0xa5a5a5a5U}) {
        const std::uint32_t value = offset == reg::kCtrl ? pattern & ~(reg::kCtrlReset | reg::kCtrlLinkReset) : pattern;
        pf(offset, value);
        EXPECT_EQ(pf(offset) & f.writable, value & f.writable) << f.name << "[" << i << "]";
        EXPECT_EQ(pf(offset) & ~f.writable, before & ~f.writable) << f.name << "[" << i << "]";
      }
      pf(offset, before);
    }
}

TEST_F(RegisterMap, RingRegistersKeepTheirFieldsOnly) {
  constexpr struct {
    const char* name;
    unsigned place;
    std::uint32_t rx, tx;
  } kPlaces[] = {
      {"BAL", reg::kRingBal, 0xffffff80, 0xffffff80}, {"BAH", reg::kRingBah, 0xffffffff, 0xffffffff},
      {"LEN", reg::kRingLen, 0x000fff80, 0x000fff80}, {"DCA", reg::kRingDca, 0xff00a2e0, 0xff002a20},
      {"TAIL", reg::kRingTail, 0xffff, 0xffff},       {"DCTL", reg::kRingDctl, 0x40000000, 0x007f7f7f},
  };
  for (const auto& p : kPlaces)
    for (const unsigned queue : {0U, 63U, 64U, 127U}) {
      const unsigned rx = queue < 64 ? reg::kRxRings + 0x40 * queue : reg::kRxRingsHigh + 0x40 * (queue - 64);
      const unsigned tx = reg::kTxRings + 0x40 * queue;
      for (const std::uint32_t pattern : {0xffffffffU, 0U, 0x5a5a5a5aU}) {
        const std::uint32_t value = p.place == reg::kRingDctl ? pattern & ~reg::kDctlEnable : pattern;
        pf(rx + p.place, value);
        EXPECT_EQ(pf(rx + p.place), value & p.rx) << "rx " << p.name << " " << queue;
        pf(tx + p.place, value);
        EXPECT_EQ(pf(tx + p.place), value & p.tx) << "tx " << p.name << " " << queue;
      }
    }
}

TEST_F(RegisterMap, WhatDriversDumpIsKnown) {
  // The registers that `ethtool -d` of ixgbe reads, and that mqprio writes.
  for (const unsigned offset :
       {0x4cU,   0x2000U,  0x2c00U,  0x2c20U,  0x2f08U,  0x2f1cU,  0x3300U,  0x3600U, 0x361cU, 0x3d04U,
        0x4200U, 0x4224U,  0x4254U,  0x42ccU,  0x4a90U,  0x50a4U,  0x5880U,  0x5a00U, 0x7200U, 0x7c00U,
        0x7f20U, 0x82e0U,  0x82ecU,  0x8b00U,  0x9000U,  0xc300U,  0xc600U,  0xc61cU, 0xcb00U, 0xcd00U,
        0xce00U, 0x1001cU, 0x10110U, 0x10120U, 0x1013cU, 0x10200U, 0x11068U, 0x110acU})
    pf(offset);
  for (const unsigned offset : {0x4908U, 0xec70U, 0x8810U, 0x581cU}) pf(offset, 1);
  EXPECT_EQ(nic.state().find("does not have"), std::string::npos) << nic.state();
}

TEST_F(RegisterMap, WhatWasSetWithoutEffectIsRememberedOverResets) {
  pf(reg::kFcttv, 0x1234);
  pf(reg::kCtrl, reg::kCtrlReset);
  EXPECT_EQ(pf(reg::kFcttv), 0u);
  EXPECT_NE(nic.state().find("0x03200 first set to 0x00001234"), std::string::npos) << nic.state();
}

// No write of any value to any register makes another one, or a later access, come to harm.
TEST_F(RegisterMap, RandomAccessesEverywhereAreSurvived) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  enable_vfs(4);
  for (unsigned i = 0; i < 300'000; ++i) {
    const auto fn = static_cast<FunctionId>(random() % 5);
    const unsigned offset = random() % (fn == 0 ? kCsrSize : kVfBar0Size) & ~3U;
    if (random() % 2 != 0)
      nic.write32(fn, 0, offset, static_cast<std::uint32_t>(random()));
    else
      nic.read32(fn, 0, offset);
    if (i % 1000 == 0) settle(std::chrono::milliseconds(1));
  }
  pf(reg::kCtrl, reg::kCtrlReset);
  EXPECT_EQ(pf(reg::kRarHigh + 4), 0x80000100u);
}

}  // namespace
}  // namespace vfpool::nic82599

// SPDX-License-Identifier: Apache-2.0
// Register offsets and bits of the 82599 (82599 data sheet, chapter 8), as far as the model gives them a meaning.
// Byte offsets in the CSR space: BAR 0 of the PF, and BAR 0 of a VF for `vfreg`.
#pragma once

#include <cstdint>

namespace vfpool::nic82599 {

constexpr unsigned kMaxVfs = 64;  ///< InitialVFs and TotalVFs
constexpr unsigned kPools = 64;
constexpr unsigned kQueues = 128;    ///< of each direction
constexpr unsigned kPfVectors = 64;  ///< MSI-X table sizes
constexpr unsigned kVfVectors = 3;
constexpr unsigned kCsrSize = 0x20000;     ///< modelled register space
constexpr unsigned kPfBar0Size = 0x80000;  ///< CSR, FCoE contexts, flash window
constexpr unsigned kMsixBarSize = 0x4000;  ///< PF BAR 4, VF BAR 3
constexpr unsigned kVfBar0Size = 0x4000;
constexpr unsigned kMsixPbaOffset = 0x2000;

constexpr std::uint32_t bit(unsigned n) { return 1U << n; }

namespace reg {

// General control and non-volatile memory.
constexpr unsigned kCtrl = 0x0, kStatus = 0x8, kCtrlExt = 0x18, kEsdp = 0x20, kLedctl = 0x200, kFrtimer = 0x48;
constexpr std::uint32_t kCtrlGioDisable = bit(2), kCtrlLinkReset = bit(3), kCtrlReset = bit(26);
constexpr std::uint32_t kStatusLinkUp = bit(7), kStatusIov = bit(18), kStatusGio = bit(19);
constexpr std::uint32_t kCtrlExtPfrstd = bit(14);
constexpr unsigned kEec = 0x10010, kEerd = 0x10014, kEewr = 0x10018, kSwsm = 0x10140, kFwsm = 0x10148,
                   kFactps = 0x10150, kSwFwSync = 0x10160, kGcrExt = 0x11050;
constexpr std::uint32_t kGcrExtVtMode = 3;

// Link.
constexpr unsigned kHlreg0 = 0x4240, kMaxfrs = 0x4268, kMsca = 0x425c, kMsrwd = 0x4260, kMflcn = 0x4294,
                   kAutoc = 0x42a0, kLinks = 0x42a4, kAutoc2 = 0x42a8;
constexpr std::uint32_t kHlreg0CrcStrip = bit(1), kHlreg0Jumbo = bit(2), kHlreg0TxPad = bit(10),
                        kHlreg0Loopback = bit(15);
constexpr std::uint32_t kLinksUp = bit(30), kAutocRestart = bit(12);

// Interrupts.
constexpr unsigned kEicr = 0x800, kEics = 0x808, kEiac = 0x810, kEitr = 0x820, kEims = 0x880, kEimc = 0x888,
                   kEiam = 0x890, kGpie = 0x898, kIvar = 0x900, kIvarMisc = 0xa00, kEicsEx = 0xa90, kEimsEx = 0xaa0,
                   kEimcEx = 0xab0, kEiamEx = 0xad0, kEitrHigh = 0x12300, kEitrSel = 0x894;
constexpr std::uint32_t kGpieMsix = bit(4), kGpieOcd = bit(5), kGpieEiame = bit(30);
constexpr std::uint32_t kCauseRxMiss = bit(17), kCauseMailbox = bit(19), kCauseLink = bit(20), kCauseOther = 0x7fff0000;
constexpr std::uint32_t kEitrInterval = 0xff8, kEitrKeep = bit(31);  // CNT_WDIS

// PF view of a VF's interrupt registers.
constexpr unsigned kPvteicr = 0xb00, kPvteics = 0xc00, kPvteims = 0xd00, kPvteimc = 0xe00, kPvteiac = 0xf00,
                   kPvteiam = 0x4d00, kPvtivar = 0x12500, kPvtivarMisc = 0x4e00;

// Receive.
constexpr unsigned kRxctrl = 0x3000, kRdrxctl = 0x2f00, kQde = 0x2f04, kSrrctlLow = 0x2100, kDcaRxctrlLow = 0x2200,
                   kRqsmr = 0x2300, kRxcsum = 0x5000, kFctrl = 0x5080, kVlnctrl = 0x5088, kMcstctrl = 0x5090,
                   kEtqf = 0x5128, kMta = 0x5200, kRarLow = 0x5400, kPsrtypeLow = 0x5480, kMrqc = 0x5818,
                   kReta = 0x5c00, kRssrk = 0x5c80, kVfta = 0xa000, kRarHigh = 0xa200, kMpsar = 0xa600,
                   kPsrtype = 0xea00, kEtqs = 0xec00, kUta = 0xf400;
constexpr std::uint32_t kRxctrlEnable = bit(0), kRxcsumPcsd = bit(13);
constexpr std::uint32_t kFctrlMpe = bit(8), kFctrlUpe = bit(9), kFctrlBam = bit(10), kFctrlPassControl = bit(12);
constexpr std::uint32_t kVlnctrlVfe = bit(30), kMcstctrlMfe = bit(2);
constexpr std::uint32_t kEtqfEnable = bit(31), kEtqfPoolEnable = bit(26), kEtqfTxAntispoof = bit(29),
                        kEtqsQueueEnable = bit(31);
constexpr std::uint32_t kMrqcTxSwitchChecksum = bit(15);
constexpr std::uint32_t kSrrctlDropEnable = bit(28), kRxdctlVme = bit(30), kDctlEnable = bit(25), kDctlFlush = bit(26);

// Pools and the switch.
constexpr unsigned kVtCtl = 0x51b0, kVfre = 0x51e0, kVmvir = 0x8000, kVfte = 0x8110, kSpoof = 0x8200, kDtxgswc = 0x8220,
                   kSsvpc = 0x8780, kVmecm = 0x8790, kVmolr = 0xf000, kVlvf = 0xf100, kVlvfb = 0xf200;
constexpr std::uint32_t kVtEnable = bit(0), kVtNoDefaultPool = bit(29), kVtReplicate = bit(30);
constexpr std::uint32_t kVmolrAupe = bit(24), kVmolrRompe = bit(25), kVmolrRope = bit(26), kVmolrBam = bit(27),
                        kVmolrMpe = bit(28);
constexpr std::uint32_t kVmvirAlways = bit(30), kVmvirNever = bit(31), kDtxgswcLoopback = bit(0);

// Transmit.
constexpr unsigned kDmatxctl = 0x4a80, kTcpFlagsLow = 0x4a88, kTcpFlagsHigh = 0x4a8c, kRttdqsel = 0x4904,
                   kRttbcnrc = 0x4984, kTqsm = 0x8600, kSecTxStat = 0x8804, kSecRxCtrl = 0x8d00, kSecRxStat = 0x8d04;
constexpr std::uint32_t kDmatxctlEnable = bit(0), kRateEnable = bit(31);

// Rings: 0x40 bytes a queue; offsets inside the stride are the same in both directions where both have the register.
constexpr unsigned kRxRings = 0x1000, kRxRingsHigh = 0xd000, kTxRings = 0x6000;
constexpr unsigned kRingBal = 0x00, kRingBah = 0x04, kRingLen = 0x08, kRingDca = 0x0c, kRingHead = 0x10,
                   kRingSrrctl = 0x14, kRingTail = 0x18, kRingDctl = 0x28, kRingRsc = 0x2c, kRingWbal = 0x38,
                   kRingWbah = 0x3c;
constexpr std::uint32_t kRingBalMask = 0xffffff80, kRingLenMask = 0x000fff80;

// Mailbox.
constexpr unsigned kPfMailbox = 0x4b00, kPvfMailbox = 0x4c00, kPfMbMem = 0x13000, kPfMbIcr = 0x710, kPfMbImr = 0x720,
                   kPfVflre0 = 0x600, kPfVflre1 = 0x1c0, kPfVflrec = 0x700, kPvfCtrl = 0x300;
constexpr std::uint32_t kMbReq = bit(0), kMbAck = bit(1), kMbVfu = bit(2), kMbPfu = bit(3), kMbPfsts = bit(4),
                        kMbPfack = bit(5), kMbRsti = bit(6), kMbRstd = bit(7), kMbSts = bit(0), kMbRvfu = bit(4);

}  // namespace reg

/// VF BAR 0.
namespace vfreg {
constexpr unsigned kCtrl = 0x0, kStatus = 0x8, kLinks = 0x10, kFrtimer = 0x48, kEicr = 0x100, kEics = 0x104,
                   kEims = 0x108, kEimc = 0x10c, kEiac = 0x110, kEiam = 0x114, kIvar = 0x120, kIvarMisc = 0x140,
                   kRscint = 0x180, kMbMem = 0x200, kMailbox = 0x2fc, kPsrtype = 0x300, kEitr = 0x820,
                   kRxRings = 0x1000, kTxRings = 0x2000, kGprc = 0x101c, kGorcLow = 0x1020, kGorcHigh = 0x1024,
                   kMprc = 0x1034, kGptc = 0x201c, kGotcLow = 0x2020, kGotcHigh = 0x2024, kRxMemWrap = 0x3190;
}  // namespace vfreg

}  // namespace vfpool::nic82599

// SPDX-License-Identifier: Apache-2.0
// Register offsets and bits of the 82599 (82599 data sheet, chapter 8), as far as the model gives them a meaning.
// Byte offsets in the CSR space: BAR 0 of the PF, and BAR 0 of a VF for `vfreg`.
#pragma once

#include <cstdint>

namespace vfpool::nic82599 {

constexpr unsigned kMaxVfs = 64;  ///< InitialVFs and TotalVFs
constexpr unsigned kPools = 64;
constexpr unsigned kQueues = 128;            ///< of each direction
constexpr unsigned kReceiveAddresses = 128;  ///< RAL, RAH, MPSAR
constexpr unsigned kPfVectors = 64;          ///< MSI-X table sizes
constexpr unsigned kVfVectors = 3;
constexpr unsigned kCsrSize = 0x20000;     ///< modelled register space
constexpr unsigned kPfBar0Size = 0x80000;  ///< CSR, FCoE contexts, flash window
constexpr unsigned kMsixBarSize = 0x4000;  ///< PF BAR 4, VF BAR 3
constexpr unsigned kVfBar0Size = 0x4000;
constexpr unsigned kMsixPbaOffset = 0x2000;

constexpr std::uint32_t bit(unsigned n) { return 1U << n; }

namespace reg {

// General control, pins (8.2.3.1), non-volatile memory (8.2.3.2), semaphores and firmware (8.2.3.4).
constexpr unsigned kCtrl = 0x0, kStatus = 0x8, kCtrlExt = 0x18, kEsdp = 0x20, kI2cctl = 0x28, kFrtimer = 0x48,
                   kTcptimer = 0x4c, kLedctl = 0x200;
constexpr std::uint32_t kCtrlGioDisable = bit(2), kCtrlLinkReset = bit(3), kCtrlReset = bit(26);
constexpr std::uint32_t kStatusLinkUp = bit(7), kStatusIov = bit(18), kStatusGio = bit(19);
constexpr std::uint32_t kCtrlExtPfrstd = bit(14);
constexpr unsigned kEec = 0x10010, kEerd = 0x10014, kEewr = 0x10018, kFla = 0x1001c, kEemngctl = 0x10110,
                   kEemngdata = 0x10114, kFlmngctl = 0x10118, kFlmngdata = 0x1011c, kFlmngcnt = 0x10120,
                   kFlop = 0x1013c, kSwsm = 0x10140, kFwsm = 0x10148, kFactps = 0x10150, kSwFwSync = 0x10160,
                   kGrc = 0x10200, kHicr = 0x15f00, kFwsts = 0x15f0c;

// PCI Express, DCA (8.2.3.4, 8.2.3.11).
constexpr unsigned kGcr = 0x11000, kGscl1 = 0x11010, kGscn0 = 0x11020, kGscl5 = 0x11030, kPcieAnaCtl = 0x11040,
                   kGcrExt = 0x11050, kGscl0 = 0x11064, kDcaId = 0x11070, kDcaCtrl = 0x11074, kPciePhy = 0x110b0,
                   kVfPbaClear = 0x110c8;
constexpr std::uint32_t kGcrExtVtMode = 3;

// Flow control and MAC (8.2.3.3, 8.2.3.22).
constexpr unsigned kPfctop = 0x3008, kFcttv = 0x3200, kFcrtl = 0x3220, kFcrth = 0x3260, kFcrtv = 0x32a0,
                   kFccfg = 0x3d00, kTfcs = 0xce00, kPcs1gConfig = 0x4200, kPcs1gControl = 0x4208,
                   kPcs1gStatus = 0x420c, kPcs1gDebug = 0x4210, kPcs1gAna = 0x4218, kPcs1gAnlp = 0x421c,
                   kPcs1gAnnp = 0x4220, kHlreg0 = 0x4240, kHlreg1 = 0x4244, kPap = 0x4248, kMaca = 0x424c,
                   kApae = 0x4250, kArd = 0x4254, kAis = 0x4258, kMsca = 0x425c, kMsrwd = 0x4260, kMladd = 0x4264,
                   kMaxfrs = 0x4268, kTreg = 0x426c, kPcss1 = 0x4288, kPcss2 = 0x428c, kXpcss = 0x4290, kMflcn = 0x4294,
                   kSerdesc = 0x4298, kMacs = 0x429c, kAutoc = 0x42a0, kLinks = 0x42a4, kAutoc2 = 0x42a8,
                   kAutoc3 = 0x42ac, kAnlp1 = 0x42b0, kAnlp2 = 0x42b4, kMmngc = 0x42d0, kLinks2 = 0x4324,
                   kMacc = 0x4330, kCorectl = 0x4800, kCoreIndex = 0x14f00;
constexpr std::uint32_t kHlreg0CrcStrip = bit(1), kHlreg0Jumbo = bit(2), kHlreg0TxPad = bit(10),
                        kHlreg0Loopback = bit(15);
constexpr std::uint32_t kLinksUp = bit(30), kAutocRestart = bit(12);

// Interrupts (8.2.3.5).
constexpr unsigned kEicr = 0x800, kEics = 0x808, kEiac = 0x810, kEitr = 0x820, kEims = 0x880, kEimc = 0x888,
                   kEiam = 0x890, kGpie = 0x898, kIvar = 0x900, kIvarMisc = 0xa00, kEicsEx = 0xa90, kEimsEx = 0xaa0,
                   kEimcEx = 0xab0, kEiamEx = 0xad0, kEitrHigh = 0x12300, kEitrSel = 0x894;
constexpr std::uint32_t kGpieMsix = bit(4), kGpieOcd = bit(5), kGpieEiame = bit(30);
constexpr std::uint32_t kCauseFlowDirector = bit(16), kCauseRxMiss = bit(17), kCauseMailbox = bit(19),
                        kCauseLink = bit(20), kCauseOther = 0x7fff0000;
constexpr std::uint32_t kEitrInterval = 0xff8, kEitrLli = bit(15), kEitrKeep = bit(31);  // CNT_WDIS

// PF view of a VF's interrupt registers.
constexpr unsigned kPvteicr = 0xb00, kPvteics = 0xc00, kPvteims = 0xd00, kPvteimc = 0xe00, kPvteiac = 0xf00,
                   kPvteiam = 0x4d00, kPvtivar = 0x12500, kPvtivarMisc = 0x4e00;

// Receive, FCoE (8.2.3.7, 8.2.3.8, 8.2.3.16).
constexpr unsigned kRxctrl = 0x3000, kRtrup2tc = 0x3020, kRdrxctl = 0x2f00, kQde = 0x2f04, kRdmam = 0x2f20,
                   kRdmad = 0x2f24, kRxdstatctrl = 0x2f40, kSrrctlLow = 0x2100, kRtrpt4c = 0x2140,
                   kDcaRxctrlLow = 0x2200, kRqsmr = 0x2300, kFcptrl = 0x2410, kFcbuff = 0x2418, kRtrpcs = 0x2430,
                   kRscdbu = 0x3028, kRxmemwrap = 0x3190, kRxpbsize = 0x3c00, kRxcsum = 0x5000, kRfctl = 0x5008,
                   kMavtv = 0x5010, kFctrl = 0x5080, kVlnctrl = 0x5088, kMcstctrl = 0x5090, kExvet = 0x5078,
                   kFcrxctrl = 0x5100, kFcflt = 0x5108, kEtqf = 0x5128, kMfval = 0x5160, kMta = 0x5200,
                   kRarLow = 0x5400, kPsrtypeLow = 0x5480, kMrqc = 0x5818, kImir = 0x5a80, kImirExt = 0x5aa0,
                   kImirVlan = 0x5ac0, kReta = 0x5c00, kRssrk = 0x5c80, kVfta = 0xa000, kRarHigh = 0xa200,
                   kMpsar = 0xa600, kSaqf = 0xe000, kDaqf = 0xe200, kSdpqf = 0xe400, kFtqf = 0xe600, kL34timir = 0xe800,
                   kPsrtype = 0xea00, kEtqs = 0xec00, kSynqf = 0xec30, kImirvp = 0xec60, kRqtc = 0xec70,
                   kLlithresh = 0xec90, kFcrectl = 0xed00, kFcreta = 0xed10, kUta = 0xf400;
constexpr std::uint32_t kRxctrlEnable = bit(0), kRxcsumPcsd = bit(13);
constexpr std::uint32_t kFctrlMpe = bit(8), kFctrlUpe = bit(9), kFctrlBam = bit(10), kFctrlPassControl = bit(12);
constexpr std::uint32_t kVlnctrlVfe = bit(30), kMcstctrlMfe = bit(2);
constexpr std::uint32_t kEtqfEnable = bit(31), kEtqf1588 = bit(30), kEtqfPoolEnable = bit(26),
                        kEtqfTxAntispoof = bit(29), kEtqsQueueEnable = bit(31);
constexpr std::uint32_t kMrqcTxSwitchChecksum = bit(15);
constexpr std::uint32_t kSrrctlDropEnable = bit(28), kRxdctlVme = bit(30), kDctlEnable = bit(25), kDctlFlush = bit(26);

// Flow Director (8.2.3.21).
constexpr unsigned kFdirCtrl = 0xee00, kFdirIp6Source = 0xee0c, kFdirIpSource = 0xee18, kFdirIpDestination = 0xee1c,
                   kFdirPort = 0xee20, kFdirVlan = 0xee24, kFdirHash = 0xee28, kFdirCmd = 0xee2c, kFdirFree = 0xee38,
                   kFdirIpDestinationM = 0xee3c, kFdirIpSourceM = 0xee40, kFdirTcpM = 0xee44, kFdirUdpM = 0xee48,
                   kFdirLen = 0xee4c, kFdirUstat = 0xee50, kFdirFstat = 0xee54, kFdirMatch = 0xee58, kFdirMiss = 0xee5c,
                   kFdirHashKey = 0xee68, kFdirSignatureKey = 0xee6c, kFdirM = 0xee70, kFdirIp6M = 0xee74,
                   kFdirSctpM = 0xee78;

// Pools and the switch (8.2.3.27).
constexpr unsigned kVtCtl = 0x51b0, kVfre = 0x51e0, kVmvir = 0x8000, kVfte = 0x8110, kSpoof = 0x8200, kDtxgswc = 0x8220,
                   kSsvpc = 0x8780, kVmecm = 0x8790, kLbdrpen = 0xca00, kVmolr = 0xf000, kVlvf = 0xf100,
                   kVlvfb = 0xf200, kMrctl = 0xf600, kVmrvlan = 0xf610, kVmrvm = 0xf630;
constexpr std::uint32_t kVtEnable = bit(0), kVtNoDefaultPool = bit(29), kVtReplicate = bit(30);
constexpr std::uint32_t kVmolrAupe = bit(24), kVmolrRompe = bit(25), kVmolrRope = bit(26), kVmolrBam = bit(27),
                        kVmolrMpe = bit(28);
constexpr std::uint32_t kVmvirAlways = bit(30), kVmvirNever = bit(31), kDtxgswcLoopback = bit(0);

// Transmit and its rates (8.2.3.9, 8.2.3.10).
constexpr unsigned kRttdcs = 0x4900, kRttdqsel = 0x4904, kRttdt1c = 0x4908, kRttdt2c = 0x4910, kRttdt2s = 0x4930,
                   kTxpbthresh = 0x4950, kRttbcnrm = 0x4980, kRttbcnrc = 0x4984, kRttbcnrd = 0x498c, kDmatxctl = 0x4a80,
                   kTcpFlagsLow = 0x4a88, kTcpFlagsHigh = 0x4a8c, kDtxmxszrq = 0x8100, kMtqc = 0x8120, kTqsm = 0x8600,
                   kRttup2tc = 0xc800, kTxpbsize = 0xcc00, kRttpcs = 0xcd00, kRttpt2c = 0xcd20, kRttpt2s = 0xcd40;
constexpr std::uint32_t kDmatxctlEnable = bit(0), kRateEnable = bit(31);

// Security engines (8.2.3.12 to 8.2.3.14).
constexpr unsigned kSecTxCtrl = 0x8800, kSecTxStat = 0x8804, kSecTxBuffer = 0x8808, kSecTxMinIfg = 0x8810,
                   kIpsecTx = 0x8900, kSecRxCtrl = 0x8d00, kSecRxStat = 0x8d04, kIpsecRx = 0x8e00;

// IEEE 1588 (8.2.3.26).
constexpr unsigned kTsyncTxCtl = 0x8c00, kTxStampLow = 0x8c04, kTxStampHigh = 0x8c08, kSystimLow = 0x8c0c,
                   kSystimHigh = 0x8c10, kTiminca = 0x8c14, kTimadjLow = 0x8c18, kTimadjHigh = 0x8c1c, kTsauxc = 0x8c20,
                   kTsyncRxCtl = 0x5188, kRxStampLow = 0x51e8, kRxStampHigh = 0x51a4, kRxSatrLow = 0x51a0,
                   kRxSatrHigh = 0x51a8, kRxMtrl = 0x5120;

// Statistics (8.2.3.23). The first of each array or group; the PF's are cleared by reading.
constexpr unsigned kPrc64 = 0x405c, kGprc = 0x4074, kBprc = 0x4078, kMprc = 0x407c, kGptc = 0x4080, kGorc = 0x4088,
                   kGotc = 0x4090, kRuc = 0x40a4, kRoc = 0x40ac, kTor = 0x40c0, kTpr = 0x40d0, kTpt = 0x40d4,
                   kPtc64 = 0x40d8, kMptc = 0x40f0, kBptc = 0x40f4, kMpc = 0x3fa0, kLxonrxc = 0x41a4,
                   kLxoffrxc = 0x41a8, kRxdgpc = 0x2f50, kRxdgbc = 0x2f54, kTxdgpc = 0x87a0, kTxdgbc = 0x87a4,
                   kQprc = 0x1030, kQprdc = 0x1430, kQbrc = 0x1034, kQptc = 0x8680, kQptcPerRing = 0x6030,
                   kQbtc = 0x8700;
// ... and the PF's view of what the VFs count.
constexpr unsigned kPvfgprc = 0x101c, kPvfgorc = 0x1020, kPvfgorcHigh = 0xd020, kPvfmprc = 0xd01c, kPvfgptc = 0x8300,
                   kPvfgotc = 0x8400;

// Wake-up and manageability (8.2.3.24, 8.2.3.25).
constexpr unsigned kWuc = 0x5800, kWufc = 0x5808, kWus = 0x5810, kManc = 0x5820, kIpav = 0x5838, kIp4at = 0x5840,
                   kManc2h = 0x5860, kIp6at = 0x5880, kWupl = 0x5900, kFhft = 0x9000, kPcieMisc = 0x1082c;

// Rings: 0x40 bytes a queue; offsets inside the stride are the same in both directions where both have the register
// (8.2.3.8, 8.2.3.9).
constexpr unsigned kRxRings = 0x1000, kRxRingsHigh = 0xd000, kTxRings = 0x6000;
constexpr unsigned kRingStride = 0x40;
constexpr unsigned kRingBal = 0x00, kRingBah = 0x04, kRingLen = 0x08, kRingDca = 0x0c, kRingHead = 0x10,
                   kRingSrrctl = 0x14, kRingTail = 0x18, kRingDctl = 0x28, kRingRsc = 0x2c, kRingWbal = 0x38,
                   kRingWbah = 0x3c;
constexpr std::uint32_t kRingBalMask = 0xffffff80, kRingLenMask = 0x000fff80;

// Mailbox and VF resets (8.2.3.27).
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

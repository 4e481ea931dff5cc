// SPDX-License-Identifier: Apache-2.0
#include "nic82599/register_file.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace vfpool::nic82599 {
namespace {

enum Kind : std::uint8_t {
  kNone,
  kActive,
  kInert,   // software may use it, nothing in the model follows from it
  kAbsent,  // not a register of the 82599; drivers that know its predecessor touch it. Reads 0
};

struct Row {
  unsigned offset, count;
  std::uint32_t initial, writable;
  Kind kind = kActive;
};

constexpr std::uint32_t kAll = 0xffffffff;

// Rows of one register or of an array, with the value after reset and the bits that keep what is written: the others
// are reserved or read-only and stay at their value after reset (8.2.1). What the drivers' offline register tests check
// is exact.
constexpr Row kRows[] = {
    // General control, pins (8.2.3.1), non-volatile memory (8.2.3.2), semaphores and firmware (8.2.3.4).
    {reg::kCtrl, 1, 0, reg::kCtrlGioDisable},  // the resets end at once
    {reg::kCtrlExt, 1, 0, 0x14030000},         // PFRSTD ends at once
    {reg::kEsdp, 1, 0, 0x0003ff0f, kInert},    // nothing is wired to the pins; they read low
    {reg::kI2cctl, 1, 0, 0x0000000a, kInert},
    {reg::kTcptimer, 1, 0, 0x00000aff, kInert},
    {reg::kLedctl, 1, 0, 0xcfcfcfef, kInert},
    {reg::kFla, 1, 0, 0x0000000f, kInert},
    {reg::kEemngctl, 1, 0, 0},  // the manageability's way to the memories: nobody there
    {reg::kEemngdata, 1, 0, 0},
    {reg::kFlmngctl, 1, 0, 0},
    {reg::kFlmngdata, 1, 0, 0},
    {reg::kFlmngcnt, 1, 0, 0},
    {reg::kFlop, 1, 0, 0},
    {reg::kGrc, 1, 0, 0x00000003, kInert},
    {reg::kSwFwSync, 1, 0, 0x0000041f},  // of the firmware's bits none is ever set
    {reg::kFwsm, 1, 0x00008000, 0},      // firmware is valid and manages nothing
    {reg::kFwsts, 1, 0, 0},
    {reg::kFactps, 1, 0, 0},  // LAN 0 is function 0
    {reg::kHicr, 1, 0, 0},    // host interface off

    // PCI Express (8.2.3.4), DCA (8.2.3.11).
    {reg::kGcr, 1, 0, 0x0007fe00, kInert},
    {reg::kGcrExt, 1, 0, 0xc0000013},
    {reg::kPciePhy, 1, 0, kAll, kInert},
    {reg::kGscl0, 1, 0, kAll, kInert},  // counters of bus events
    {reg::kGscl1, 4, 0, kAll, kInert},
    {reg::kGscn0, 4, 0, 0},
    {reg::kGscl5, 4, 0, kAll, kInert},
    {reg::kPcieAnaCtl, 1, 0, 0x00ffffff, kInert},
    {reg::kDcaId, 1, 0, 0},
    {reg::kDcaCtrl, 1, 1, 0x0000001f, kInert},
    {reg::kVfPbaClear, 64, 0, 0x00000007, kInert},  // pending bits clear with the MSI-X table

    // Flow control (8.2.3.3) and MAC (8.2.3.22). Pause frames are counted, never obeyed.
    {reg::kPfctop, 1, 0x01018808, kAll, kInert},
    {reg::kFcttv, 4, 0, kAll, kInert},
    {reg::kFcrtl, 8, 0, 0x8007fff0, kInert},
    {reg::kFcrth, 8, 0, 0x8007fff0, kInert},
    {reg::kFcrtv, 1, 0, 0x0000ffff, kInert},
    {reg::kFccfg, 1, 0, 0x00000018, kInert},
    {reg::kTfcs, 1, 0x000000ff, 0},  // nobody has paused us
    {reg::kPcs1gConfig, 1, 0, 0x40000000, kInert},
    {reg::kPcs1gControl, 1, 0, 0x060f0061, kInert},
    {reg::kPcs1gStatus, 1, 0, 0},
    {reg::kPcs1gDebug, 2, 0, 0},
    {reg::kPcs1gAna, 1, 0, 0x000081e0, kInert},
    {reg::kPcs1gAnlp, 1, 0, 0},
    {reg::kPcs1gAnnp, 2, 0, 0},
    {reg::kHlreg0, 1, 0x08010403, 0x18f38407},
    {reg::kHlreg1, 1, 0, 0},
    {reg::kPap, 1, 0, 0x000fffff, kInert},
    {reg::kMaca, 2, 0, kAll, kInert},
    {reg::kArd, 2, 0, 0},
    {reg::kMladd, 1, 0, 0},
    {reg::kMaxfrs, 1, 0x05ee0000, 0xffff0000},
    {reg::kTreg, 1, 0, 0},
    {reg::kMsrwd, 1, 0xffff0000, 0x0000ffff},  // read data: no PHY answers
    {reg::kPcss1, 2, 0, 0},
    {reg::kXpcss, 1, 0, 0},
    {reg::kMflcn, 1, 0, 0x0000000f, kInert},
    {reg::kSerdesc, 1, 0, 0xff000fff, kInert},
    {reg::kMacs, 1, 0, 0x00ff0000, kInert},
    {reg::kAutoc, 1, 0x00002000, kAll & ~reg::kAutocRestart},  // link mode 10 Gb/s without autonegotiation
    {reg::kAutoc2, 1, 0, kAll & ~0x70000000U},                 // link-disable bits: the link obeys the wire
    {reg::kAutoc3, 1, 0, 0},
    {reg::kAnlp1, 2, 0, 0},
    {reg::kMmngc, 1, 0, 0},  // no veto
    {reg::kLinks2, 1, 0, 0},
    {reg::kMacc, 1, 0, kAll, kInert},
    {reg::kCorectl, 1, 0, 0x0001ffff, kInert},
    {reg::kCoreIndex, 1, 0, 0x0001ffff, kInert},
    {reg::kEitrSel, 1, 0, kAll, kInert},  // every VF has its own EITR storage

    // Receive (8.2.3.7, 8.2.3.8).
    {reg::kRxctrl, 1, 0, reg::kRxctrlEnable},
    {reg::kRdrxctl, 1, 0x0000000a, 0x063e0003},  // bit 3: initialisation is done
    {reg::kRqsmr, 32, 0, 0x0f0f0f0f},            // (8.2.3.23.71)
    {reg::kRxcsum, 1, 0, 0x00003000},
    {reg::kRfctl, 1, 0, 0x000007fe, kInert},  // RSC and NFS
    {reg::kFctrl, 1, 0, 0x0000f702},
    {reg::kVlnctrl, 1, 0x00008100, 0x7000ffff},
    {reg::kMcstctrl, 1, 0, 0x00000007},
    {reg::kExvet, 1, 0x81000000, 0xffff0000, kInert},
    {reg::kEtqf, 8, 0, 0xefffffff},
    {reg::kEtqs, 8, 0, 0xa07f0000},
    {reg::kMta, 128, 0, kAll},
    {reg::kUta, 128, 0, kAll},
    {reg::kVfta, 128, 0, kAll},
    {reg::kMpsar, 256, 0, kAll},
    {reg::kPsrtype, 64, 0, 0xe0001330},
    {reg::kMrqc, 1, 0, 0xffff800f},
    {reg::kRqtc, 1, 0, 0x77777777, kInert},
    {reg::kReta, 32, 0, 0x0f0f0f0f},
    {reg::kRssrk, 10, 0, kAll},
    {reg::kRxpbsize, 1, 0x00080000, 0x000ffc00, kInert},  // one shared packet buffer is modelled
    {reg::kRxpbsize + 4, 7, 0, 0x000ffc00, kInert},
    {reg::kRtrup2tc, 1, 0, 0x00ffffff, kInert},
    {reg::kRxmemwrap, 1, 0, 0},  // never wraps
    {reg::kRtrpt4c, 8, 0, 0xc1ff7fff, kInert},
    {reg::kRtrpt4c + 0x20, 8, 0, 0},  // RTRPT4S: credits left
    {reg::kRdmam, 1, 0, kAll, kInert},
    {reg::kRdmad, 1, 0, kAll, kInert},
    {reg::kRscdbu, 1, 0, 0x000000ff, kInert},
    {reg::kRxdstatctrl, 1, 0, 0x0000001f, kInert},
    {reg::kRtrpcs, 1, 0, 0x00000046, kInert},
    {reg::kSaqf, 128, 0, kAll, kInert},
    {reg::kDaqf, 128, 0, kAll, kInert},
    {reg::kSdpqf, 128, 0, kAll, kInert},
    {reg::kFtqf, 128, 0, 0xfe003f1f, kInert},
    {reg::kL34timir, 128, 0, 0x0ff01000, kInert},
    {reg::kSynqf, 1, 0, 0x800000ff, kInert},
    {reg::kLlithresh, 1, 0, 0xfc000fff, kInert},
    {reg::kImirvp, 1, 0, 0x0000000f, kInert},

    // FCoE (8.2.3.16): nothing is offloaded.
    {reg::kFcptrl, 2, 0, kAll, kInert},
    {reg::kFcbuff, 1, 0, kAll, kInert},
    {reg::kFcrxctrl, 1, 0, 0x00000fff, kInert},
    {reg::kFcflt, 1, 0, kAll, kInert},
    {reg::kFcflt + 8, 2, 0, kAll, kInert},
    {reg::kFcrectl, 1, 0, 0x00000003, kInert},
    {reg::kFcreta, 8, 0, 0x0000007f, kInert},

    // Pools and the switch (8.2.3.27).
    {reg::kVtCtl, 1, 0, 0x60001f81},
    {reg::kVfre, 2, 0, kAll},
    {reg::kVfte, 2, 0, kAll},
    {reg::kVmecm, 2, 0, kAll},
    {reg::kSpoof, 8, 0, 0x0000ffff},
    {reg::kDtxgswc, 1, 0, reg::kDtxgswcLoopback},
    {reg::kVmolr, 64, 0, 0x1f000000},
    {reg::kVmvir, 64, 0, 0xc000ffff},
    {reg::kVlvf, 64, 0, 0x80000fff},
    {reg::kVlvfb, 128, 0, kAll},
    {reg::kMrctl, 4, 0, 0x00003f0f, kInert},  // mirroring
    {reg::kVmrvlan, 8, 0, kAll, kInert},
    {reg::kVmrvm, 8, 0, kAll, kInert},
    {reg::kLbdrpen, 1, 0, kAll, kInert},

    // Transmit (8.2.3.9) and DCB (8.2.3.10).
    {reg::kDmatxctl, 1, 0x81000000, 0xffff0009},
    {reg::kTcpFlagsLow, 1, 0x0f760ff6, 0x0fff0fff},
    {reg::kTcpFlagsHigh, 1, 0x00000f7f, 0x00000fff},
    {reg::kDtxmxszrq, 1, 0x00000010, 0x00000fff, kInert},
    {reg::kMtqc, 1, 0, 0x0000000f},
    {reg::kTxpbsize, 1, 0x00028000, 0x000ffc00, kInert},
    {reg::kTxpbsize + 4, 7, 0, 0x000ffc00, kInert},
    {reg::kTxpbthresh, 1, 0x00000096, 0x000003ff, kInert},
    {reg::kTxpbthresh + 4, 7, 0, 0x000003ff, kInert},
    {reg::kRttpcs, 1, 0, 0xffc00120, kInert},
    {reg::kRttpt2c, 8, 0, 0xc0ffffff, kInert},
    {reg::kRttpt2s, 8, 0, 0},
    {reg::kRttdcs, 1, 0x00c00000, 0x80c00053, kInert},
    {reg::kRttdt1c, 1, 0, 0x00003fff, kInert},
    {reg::kRttdt2c, 8, 0, 0xc0ffffff, kInert},
    {reg::kRttdt2s, 8, 0, 0},
    {reg::kRttbcnrm, 1, 0, 0xffffffff, kInert},
    {reg::kRttbcnrd, 1, 0, kAll, kInert},
    {reg::kRttup2tc, 1, 0, 0x00ffffff, kInert},
    {reg::kTqsm, 32, 0, 0x0f0f0f0f},  // (8.2.3.23.73)

    // Security engines (8.2.3.12 to 8.2.3.14) are fused off, which their status says, and always idle.
    {reg::kSecTxCtrl, 1, 0, 0x00000007, kInert},
    {reg::kSecTxStat, 1, 0x00000003, 0},
    {reg::kSecTxBuffer, 1, 0x00000250, 0x000003ff, kInert},
    {reg::kSecTxMinIfg, 1, 0x00001001, 0x0000ff0f, kInert},
    {reg::kSecRxCtrl, 1, 0, 0x00000003, kInert},
    {reg::kSecRxStat, 1, 0x00000003, 0},
    {reg::kIpsecTx, 6, 0, kAll, kInert},
    {reg::kIpsecRx, 14, 0, kAll, kInert},

    // IEEE 1588 (8.2.3.26): the pins of the clock are not wired.
    {reg::kTsauxc, 11, 0, kAll, kInert},

    // Wake-up and manageability (8.2.3.24, 8.2.3.25).
    {reg::kWuc, 1, 0, 0x00000004, kInert},
    {reg::kWufc, 1, 0, 0x000f80ff, kInert},
    {reg::kWus, 1, 0, 0},
    {reg::kIpav, 1, 0, 0x0001000f, kInert},
    {reg::kIp4at, 8, 0, kAll, kInert},
    {reg::kIp6at, 4, 0, kAll, kInert},
    {reg::kWupl, 1, 0, 0},
    {reg::kFhft, 0x180, 0, kAll, kInert},  // flexible filters; six of 256 bytes
    {reg::kManc, 1, 0, 0},
    {reg::kManc2h, 1, 0, 0},
    {reg::kMavtv, 8, 0, 0},
    {reg::kMfval, 1, 0, 0},
    {reg::kPcieMisc, 1, 0, 0},

    // The 82598's, by the names that drivers have for them. The 82599's data sheet has none of them.
    {0x02000, 1, 0, 0, kAbsent},
    {0x02c00, 9, 0, 0, kAbsent},  // RDSTAT, RDSTATCTL: receive diagnostics
    {0x02f08, 6, 0, 0, kAbsent},  // RDHMPN, RIC_DW
    {0x03300, 1, 0, 0, kAbsent},  // PBRXECC
    {0x03600, 8, 0, 0, kAbsent},  // RXBUFCTRL, RXBUFDATA
    {0x03d04, 3, 0, 0, kAbsent},
    {0x042b8, 6, 0, 0, kAbsent},  // MDFTC, MDFTFIFO, MDFTS: analogue parts
    {0x04a90, 1, 0, 0, kAbsent},
    {0x050a0, 2, 0, 0, kAbsent},  // RUPPBMR, RFVAL
    {0x0581c, 1, 0, 0, kAbsent},  // VMD_CTL
    {0x05a00, 1, 0, 0, kAbsent},  // WUPM
    {reg::kImir, 8, 0, 0, kAbsent},
    {reg::kImirExt, 8, 0, 0, kAbsent},
    {reg::kImirVlan, 1, 0, 0, kAbsent},
    {0x07200, 0x380, 0, 0, kAbsent},  // TDSTAT, TDSTATCTL, TDHMPN, TIC_DW, TDPROBE: transmit diagnostics
    {0x08108, 1, 0, 0, kAbsent},
    {0x082e0, 4, 0, 0, kAbsent},
    {0x08b00, 1, 0, 0, kAbsent},
    {0x0c300, 1, 0, 0, kAbsent},  // PBTXECC
    {0x0c600, 8, 0, 0, kAbsent},  // TXBUFCTRL, TXBUFDATA
    {0x0cb00, 1, 0, 0, kAbsent},
    {0x11068, 2, 0, 0, kAbsent},   // PCIEECCCTL
    {0x11078, 14, 0, 0, kAbsent},  // PCIE_DIAG: bus diagnostics
};

constexpr std::uint32_t kRahWritable = 0x8000ffff;

}  // namespace

RegisterFile::RegisterFile()
    : value_(kCsrSize / 4), initial_(kCsrSize / 4), writable_(kCsrSize / 4), kind_(kCsrSize / 4, kNone) {
  const auto add = [&](unsigned offset, const Row& row) {
    // Without this the later row would win, and nobody would see that the first means nothing.
    if (kind_[offset / 4] != kNone) throw std::logic_error(fmt::format("two rows have register 0x{:05x}", offset));
    initial_[offset / 4] = row.initial;
    writable_[offset / 4] = row.writable;
    kind_[offset / 4] = row.kind;
  };
  for (const Row& row : kRows)
    for (unsigned i = 0; i < row.count; ++i) add(row.offset + 4 * i, row);
  for (unsigned i = 0; i < kReceiveAddresses; ++i) {  // RAL and RAH by turns
    add(reg::kRarHigh + 8 * i, {0, 1, 0, kAll});
    add(reg::kRarHigh + 8 * i + 4, {0, 1, 0, kRahWritable});
  }
  reset();
}

void RegisterFile::reset() { value_ = initial_; }

std::optional<std::uint32_t> RegisterFile::read(unsigned offset) const {
  if (offset >= kCsrSize || kind_[offset / 4] == kNone) return std::nullopt;
  return value_[offset / 4];
}

bool RegisterFile::write(unsigned offset, std::uint32_t value) {
  if (offset >= kCsrSize || kind_[offset / 4] == kNone) return false;
  const unsigned at = offset / 4;
  value_[at] = (initial_[at] & ~writable_[at]) | (value & writable_[at]);
  if (kind_[at] == kInert && value_[at] != initial_[at]) inert_written_.try_emplace(offset, value);
  return true;
}

std::uint32_t RegisterFile::writable(unsigned offset) const { return offset < kCsrSize ? writable_[offset / 4] : 0; }

std::string RegisterFile::inert() const {
  std::string out;
  for (const auto& [offset, value] : inert_written_)
    out += fmt::format("  0x{:05x} first set to 0x{:08x}\n", offset, value);
  return out;
}

}  // namespace vfpool::nic82599

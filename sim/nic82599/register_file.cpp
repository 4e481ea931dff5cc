// SPDX-License-Identifier: Apache-2.0
#include "nic82599/register_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace vfpool::nic82599 {
namespace {

enum Kind : std::uint8_t { kNone, kActive, kInert };

struct Row {
  unsigned offset, count, stride;
  std::uint32_t initial, writable;
  Kind kind = kActive;
};

constexpr std::uint32_t kAll = 0xffffffff;
constexpr std::uint32_t kFlowThreshold = 0x8007fff0;

// Masks that the drivers' offline register tests check are exact; other registers keep all bits. kInert: software may
// use it, nothing in the model follows from it.
constexpr Row kRows[] = {
    {reg::kCtrl, 1, 4, 0, 0x0000000c},
    {reg::kCtrlExt, 1, 4, 0, 0x10017fff},
    {reg::kEsdp, 1, 4, 0, 0x0000ff0f, kInert},  // SDP pins: nothing is wired to them, all read low
    {0x28, 1, 4, 0, kAll, kInert},              // I2CCTL
    {reg::kLedctl, 1, 4, 0x00000000, kAll, kInert},
    {reg::kSwFwSync, 1, 4, 0, 0x0000001f | 0x00000400},
    {reg::kFwsm, 1, 4, 0x00008000, 0},  // firmware is valid and manages nothing
    {0x15f0c, 1, 4, 0, 0},              // FWSTS
    {reg::kFactps, 1, 4, 0, 0},         // LAN 0 is function 0
    {reg::kGcrExt, 1, 4, 0, kAll},
    {0x11000, 1, 4, 0, kAll, kInert},  // GCR
    {0x110b0, 1, 4, 0, kAll, kInert},  // completion time-out and PCIe analogue group, written at start
    {0x15f00, 1, 4, 0, 0},             // HICR: host interface off
    {0x11064, 1, 4, 0, kAll, kInert},  // GSCL and its counters
    {0x11010, 8, 4, 0, kAll, kInert},

    // Flow control and link layer. Pause frames are counted, never obeyed.
    {0x3008, 1, 4, 0x00000001, kAll, kInert},   // PFCTOP
    {0x3200, 4, 4, 0, kAll, kInert},            // FCTTV
    {0x3220, 8, 4, 0, kFlowThreshold, kInert},  // FCRTL
    {0x3260, 8, 4, 0, kFlowThreshold, kInert},  // FCRTH
    {0x32a0, 1, 4, 0, kAll, kInert},            // FCRTV
    {0x3d00, 1, 4, 0, kAll, kInert},            // FCCFG
    {reg::kHlreg0, 1, 4, 0x00000403, kAll},
    {0x4208, 1, 4, 0, kAll, kInert},  // PCS1GLCTL
    {0x420c, 1, 4, 0, 0},             // PCS1GLSTA
    {0x4218, 1, 4, 0, kAll, kInert},  // PCS1GANA
    {0x421c, 1, 4, 0, 0},             // PCS1GANLP
    {0x4244, 1, 4, 0, 0},             // HLREG1
    {0x4248, 3, 4, 0, kAll, kInert},  // PAP, MACA, APAE
    {reg::kMaxfrs, 1, 4, 0x05ee0000, 0xffff0000},
    {reg::kMsrwd, 1, 4, 0xffff0000, 0x0000ffff},  // read data: nobody answers
    {reg::kMflcn, 1, 4, 0, kAll, kInert},
    {reg::kAutoc, 1, 4, 0x00002000, 0xffffffff & ~reg::kAutocRestart},  // link mode 10 Gb/s without autonegotiation
    {reg::kAutoc2, 1, 4, 0, kAll & ~0x70000000U},                       // link-disable bits: the link obeys the wire
    {0x42b0, 1, 4, 0, 0},                                               // ANLP1
    {0x42b4, 1, 4, 0, 0},                                               // ANLP2
    {0x42d0, 1, 4, 0, 0},                                               // MMNGC: no veto
    {0x4288, 1, 4, 0, kAll, kInert},                                    // MACS
    {0x4330, 1, 4, 0, kAll, kInert},                                    // MAC control
    {0x4324, 1, 4, 0, 0},                                               // LINKS2
    {0x4800, 1, 4, 0, kAll, kInert},                                    // CORECTL and the analogue core window
    {0x14f00, 1, 4, 0, kAll, kInert},
    {0x4290, 1, 4, 0, kAll, kInert},

    // Interrupt odds.
    {reg::kEitrSel, 1, 4, 0, kAll, kInert},  // every VF has its own EITR storage

    // Receive.
    {reg::kRxctrl, 1, 4, 0, 0x00000003},
    {reg::kRdrxctl, 1, 4, 0x0000000a, kAll},
    {reg::kRqsmr, 32, 4, 0, 0x0f0f0f0f},
    {reg::kRxcsum, 1, 4, 0, kAll},
    {0x5008, 1, 4, 0, kAll, kInert},  // RFCTL: RSC and NFS filters
    {reg::kFctrl, 1, 4, 0, 0x0000f702 | 0xf0000000},
    {reg::kVlnctrl, 1, 4, 0x00008100, 0xf000ffff},
    {reg::kMcstctrl, 1, 4, 0, 0x00000007},
    {0x50a0, 1, 4, 0, kAll, kInert},  // EXVET
    {reg::kEtqf, 8, 4, 0, kAll},
    {reg::kEtqs, 8, 4, 0, kAll},
    {reg::kMta, 128, 4, 0, kAll},
    {reg::kUta, 128, 4, 0, kAll},
    {reg::kVfta, 128, 4, 0, kAll},
    {reg::kMpsar, 256, 4, 0, kAll},
    {reg::kPsrtype, 64, 4, 0, kAll},
    {reg::kMrqc, 1, 4, 0, kAll},
    {reg::kReta, 32, 4, 0, 0x0f0f0f0f},
    {reg::kRssrk, 10, 4, 0, kAll},
    {0x3c00, 8, 4, 0, 0x000ffc00, kInert},  // RXPBSIZE: one shared packet buffer is modelled
    {0x3020, 1, 4, 0, kAll, kInert},        // RTRUP2TC
    {0x3190, 1, 4, 0, 0},                   // RXMEMWRAP: never wraps
    {0x2140, 32, 4, 0, kAll, kInert},       // RTRPT4C
    {0x2f20, 1, 4, 0, kAll, kInert},        // RDMAM group
    {0x2f24, 2, 4, 0, kAll, kInert},
    {0x3028, 1, 4, 0, kAll, kInert},
    {0x2f40, 1, 4, 0, kAll, kInert},  // RXDSTATCTRL
    {0x2430, 1, 4, 0, kAll, kInert},  // RTRPCS
    {0x5120, 1, 4, 0, kAll, kInert},  // filter of time-stamped frames
    {0x5100, 1, 4, 0, kAll, kInert},  // FCRXCTRL
    {0xed00, 1, 4, 0, kAll, kInert},  // FCRECTL
    {0xed10, 8, 4, 0, kAll, kInert},  // FCRETA
    {0x2410, 4, 4, 0, kAll, kInert},  // FCoE DDP
    {0x5108, 4, 4, 0, kAll, kInert},
    {0xec30, 1, 4, 0, kAll, kInert},    // SYNQF
    {0xe000, 128, 4, 0, kAll, kInert},  // SAQF: five-tuple filters
    {0xe200, 128, 4, 0, kAll, kInert},  // DAQF
    {0xe400, 128, 4, 0, kAll, kInert},  // SDPQF
    {0xe600, 128, 4, 0, kAll, kInert},  // FTQF
    {0xe800, 128, 4, 0, kAll, kInert},  // L34TIMIR
    {0xec60, 1, 4, 0, kAll, kInert},    // LLITHRESH
    {0xec90, 1, 4, 0, kAll, kInert},    // IMIRVP
    {0x5a80, 16, 4, 0, kAll, kInert},   // IMIR group
    {0x5aa0, 8, 4, 0, kAll, kInert},
    {0x5ac0, 1, 4, 0, kAll, kInert},

    // Flow Director: commands complete, matches never happen; frames go where RSS sends them.
    {0xee08, 16, 4, 0, kAll, kInert},  // FDIRSIP .. FDIRIP addresses
    {0xee18, 5, 4, 0, kAll, kInert},
    {0xee38, 1, 4, 0x00002000, 0},    // FDIRFREE
    {0xee4c, 1, 4, 0, 0},             // FDIRLEN
    {0xee50, 4, 4, 0, 0},             // FDIRUSTAT, FDIRFSTAT, FDIRMATCH, FDIRMISS
    {0xee3c, 4, 4, 0, kAll, kInert},  // masks
    {0xee60, 8, 4, 0, kAll, kInert},
    {0xee68, 1, 4, 0, kAll, kInert},

    // Pools and switch.
    {reg::kVtCtl, 1, 4, 0, 0x60001f81},
    {reg::kVfre, 2, 4, 0, kAll},
    {reg::kVfte, 2, 4, 0, kAll},
    {reg::kVmecm, 2, 4, 0, kAll},
    {reg::kSpoof, 8, 4, 0, 0x0000ffff},
    {reg::kDtxgswc, 1, 4, 0, 0x00000001},
    {reg::kVmolr, 64, 4, 0, 0x1f000000},
    {reg::kVmvir, 64, 4, 0, 0xc000ffff},
    {reg::kVlvf, 64, 4, 0, 0x80000fff},
    {reg::kVlvfb, 128, 4, 0, kAll},
    {0xf600, 4, 4, 0, kAll, kInert},    // MRCTL: mirroring
    {0xf610, 8, 4, 0, kAll, kInert},    // VMRVLAN
    {0xf630, 8, 4, 0, kAll, kInert},    // VMRVM
    {0xca00, 1, 4, 0, kAll, kInert},    // LBDRPEN
    {0x110c8, 64, 4, 0, kAll, kInert},  // VFPBACL: pending bits clear with the MSI-X table

    // Transmit.
    {reg::kDmatxctl, 1, 4, 0x81000000, 0xffff000f},
    {reg::kTcpFlagsLow, 1, 4, 0x0f760ff6, kAll},
    {reg::kTcpFlagsHigh, 1, 4, 0x0f7fU, kAll},
    {0x8100, 1, 4, 0xffff, kAll, kInert},  // DTXMXSZRQ
    {0x8108, 1, 4, 0, kAll},
    {0x8120, 1, 4, 0, kAll},          // MTQC
    {0xcc00, 8, 4, 0, kAll, kInert},  // TXPBSIZE
    {0x4950, 8, 4, 0, kAll, kInert},  // TXPBTHRESH
    {0xcd10, 1, 4, 0, kAll, kInert},  // RTTPCS
    {0xcd20, 8, 4, 0, kAll, kInert},  // RTTPT2C
    {0xcd40, 8, 4, 0, kAll, kInert},
    {0x4900, 1, 4, 0, kAll, kInert},  // RTTDCS
    {0x4910, 8, 4, 0, kAll, kInert},  // RTTDT2C
    {0x4930, 8, 4, 0, kAll, kInert},
    {0x4980, 1, 4, 0, kAll, kInert},   // RTTBCNRM
    {0x498c, 1, 4, 0, kAll, kInert},   // RTTBCNRD
    {0xc800, 1, 4, 0, kAll, kInert},   // RTTUP2TC
    {0x11070, 1, 4, 0, kAll, kInert},  // DCA_ID, DCA_CTRL
    {0x11074, 1, 4, 0, kAll, kInert},
    {reg::kTqsm, 32, 4, 0, 0x0f0f0f0f},

    // Security engines are fused off (the OFF_DIS bits), and always idle.
    {0x8800, 1, 4, 0, kAll, kInert},
    {reg::kSecTxStat, 1, 4, 0x00000003, 0},
    {0x8808, 2, 4, 0, kAll, kInert},
    {reg::kSecRxCtrl, 1, 4, 0, kAll, kInert},
    {reg::kSecRxStat, 1, 4, 0x00000003, 0},
    {0x8900, 10, 4, 0, kAll, kInert},
    {0x8e00, 14, 4, 0, kAll, kInert},

    // Time sync: the clock stands still.
    {0x8c00, 8, 4, 0, kAll & ~1U, kInert},
    {0x5188, 1, 4, 0, kAll & ~1U, kInert},
    {0x51a4, 1, 4, 0, 0},
    {0x51e8, 1, 4, 0, 0},
    {0x8c20, 16, 4, 0, kAll, kInert},

    // Wake-up and manageability.
    {0x5800, 1, 4, 0, kAll, kInert},  // WUC
    {0x5808, 1, 4, 0, kAll, kInert},  // WUFC
    {0x5810, 1, 4, 0, 0},             // WUS
    {0x5838, 1, 4, 0, kAll, kInert},  // IPAV
    {0x5840, 8, 4, 0, kAll, kInert},
    {0x5900, 1, 4, 0, 0},
    {0x5820, 1, 4, 0, 0},  // MANC
    {0x5860, 1, 4, 0, 0},  // MANC2H
    {0x5010, 8, 4, 0, 0},  // MAVTV
    {0x5160, 1, 4, 0, 0},  // MFVAL
    {0x1082c, 1, 4, 0, 0},
    {0x1011c, 1, 4, 0, kAll, kInert},  // FLA
    {0x11040, 1, 4, 0, kAll, kInert},  // SPARE, FUNCTAG
};

}  // namespace

RegisterFile::RegisterFile()
    : value_(kCsrSize / 4), initial_(kCsrSize / 4), writable_(kCsrSize / 4), kind_(kCsrSize / 4, kNone) {
  const auto add = [&](const Row& row) {
    for (unsigned i = 0; i < row.count; ++i) {
      const unsigned at = (row.offset + i * row.stride) / 4;
      initial_[at] = row.initial;
      writable_[at] = row.writable;
      kind_[at] = row.kind;
    }
  };
  for (const Row& row : kRows) add(row);
  initial_[0x3c00 / 4] = 0x80000;  // the whole packet buffer belongs to traffic class 0
  // Receive addresses 0..15 have a second home at their 82598 place.
  for (unsigned i = 0; i < kQueues; ++i) {
    add({reg::kRarHigh + 8 * i, 1, 4, 0, kAll});
    add({reg::kRarHigh + 8 * i + 4, 1, 4, 0, 0x8000ffff});
  }
  reset();
}

void RegisterFile::reset() {
  value_ = initial_;
  inert_written_.clear();
}

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

std::string RegisterFile::inert() const {
  std::string out;
  for (const auto& [offset, value] : std::map(inert_written_.begin(), inert_written_.end()))
    out += fmt::format("  0x{:05x} first set to 0x{:08x}\n", offset, value);
  return out;
}

}  // namespace vfpool::nic82599

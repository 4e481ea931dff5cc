// SPDX-License-Identifier: Apache-2.0
#include "host/pf_driver.hpp"

#include <bit>

namespace vfpool::host {
namespace {

// 82599 data sheet, chapter 8.
constexpr std::uint32_t kCtrl = 0x0, kCtrlExt = 0x18, kEicr = 0x800, kEims = 0x880, kEiac = 0x810, kGpie = 0x898,
                        kIvarMisc = 0xa00, kPfmbicr = 0x710, kVflrec = 0x700, kRxctrl = 0x3000, kDmatxctl = 0x4a80,
                        kPfmailbox = 0x4b00, kVtCtl = 0x51b0, kVfre = 0x51e0, kRal = 0xa200, kRah = 0xa204,
                        kMrqc = 0x5818, kMtqc = 0x8120, kVfte = 0x8110, kDtxgswc = 0x8220, kMpsarLo = 0xa600,
                        kVmolr = 0xf000, kGcrExt = 0x11050, kPfmbmem = 0x13000, kHlreg0 = 0x4240;
constexpr std::uint32_t kReset = 1U << 26, kPfRstDone = 1U << 14, kMailboxCause = 1U << 19;
constexpr std::uint32_t kSts = 1, kAck = 2, kPfu = 8;
constexpr std::uint32_t kSuccess = 1U << 31, kCts = 1U << 29;

}  // namespace

Task<> PfDriver::start(unsigned vfs) {
  vfs_ = vfs;
  write(kCtrl, kReset);
  co_await server_.sleep(std::chrono::milliseconds(10));

  // One vector for everything but queues.
  vector_ = server_.new_vector();
  server_.write32(pf_.bar[4] + 0x0, static_cast<std::uint32_t>(vector_.address));
  server_.write32(pf_.bar[4] + 0x4, static_cast<std::uint32_t>(vector_.address >> 32));
  server_.write32(pf_.bar[4] + 0x8, vector_.data);
  server_.write32(pf_.bar[4] + 0xc, 0);
  co_await server_.config_write(pf_.bdf, pf_.capability(0x11) + 2, 0x8000, 2);

  write(kGcrExt, 3);                 // 64 pools
  write(kGpie, 1U << 4 | 3U << 14);  // MSI-X mode
  write(kMtqc, 1U << 1 | 1U << 2);
  write(kMrqc, 8);                          // 64 pools, no RSS
  write(kVtCtl, 1U | vfs << 7 | 1U << 30);  // default pool behind the VFs', replication
  write(kDtxgswc, 1);                       // local switching
  write(kHlreg0, 0x3);                      // FCS at both ends, as after reset
  write(kIvarMisc, 0x80U << 8);
  write(kEims, kMailboxCause);
  write(kDmatxctl, 1);
  write(kRxctrl, 1);
  for (unsigned n = 0; n < vfs; ++n) {
    const auto mac = vf_mac(n);
    const unsigned entry = 1 + n;
    write(kRal + 8 * entry, mac[0] | mac[1] << 8 | mac[2] << 16 | static_cast<std::uint32_t>(mac[3]) << 24);
    write(kRah + 8 * entry, mac[4] | mac[5] << 8 | 1U << 31);
    write(kMpsarLo + 8 * entry, n < 32 ? 1U << n : 0);
    write(kMpsarLo + 4 + 8 * entry, n >= 32 ? 1U << (n - 32) : 0);
    write(kVmolr + 4 * n, 1U << 24 | 1U << 27);  // untagged and broadcast frames
  }
  const std::uint64_t pools = vfs >= 64 ? ~0ULL : (1ULL << vfs) - 1;
  for (unsigned i = 0; i < 2; ++i) {
    write(kVfre + 4 * i, static_cast<std::uint32_t>(pools >> 32 * i));
    write(kVfte + 4 * i, static_cast<std::uint32_t>(pools >> 32 * i));
  }
  write(kCtrlExt, kPfRstDone);
  (void)co_await read(kCtrlExt);  // flushes the writes
}

Task<unsigned> PfDriver::serve_mailbox() {
  unsigned served = 0;
  write(kEicr, kMailboxCause);
  for (unsigned i = 0; i < 4; ++i) {
    const std::uint32_t causes = co_await read(kPfmbicr + 4 * i);
    if (causes == 0) continue;
    write(kPfmbicr + 4 * i, causes);
    for (std::uint32_t requests = causes & 0xffff; requests != 0; requests &= requests - 1, ++served)
      co_await answer(16 * i + static_cast<unsigned>(std::countr_zero(requests)));
  }
  write(kEims, kMailboxCause);
  co_return served;
}

Task<> PfDriver::answer(unsigned vf) {
  const std::uint32_t box = kPfmailbox + 4 * vf, memory = kPfmbmem + 64 * vf;
  write(box, kPfu);
  if (!(co_await read(box) & kPfu)) co_return;  // the VF holds it; it will ask again
  const std::uint32_t word = co_await read(memory);
  write(box, kAck | kPfu);
  switch (word & 0xffff) {
    case 0x01: {  // reset
      const auto mac = vf_mac(vf);
      write(memory + 4, mac[0] | mac[1] << 8 | mac[2] << 16 | static_cast<std::uint32_t>(mac[3]) << 24);
      write(memory + 8, mac[4] | mac[5] << 8);
      write(memory + 12, 0);
      write(memory, word | kSuccess);
      // A function-level reset has closed the pool.
      const unsigned half = 4 * (vf / 32);
      write(kVfte + half, co_await read(kVfte + half) | 1U << vf % 32);
      write(kVfre + half, co_await read(kVfre + half) | 1U << vf % 32);
      break;
    }
    case 0x09:  // queues
      write(memory + 4, 2);
      write(memory + 8, 2);
      write(memory + 12, 0);
      write(memory + 16, 0);
      [[fallthrough]];
    default: write(memory, word | kSuccess | kCts); break;
  }
  write(box, kSts);
}

}  // namespace vfpool::host

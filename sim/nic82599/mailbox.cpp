// SPDX-License-Identifier: Apache-2.0
#include "nic82599/mailbox.hpp"

#include <fmt/format.h>

namespace vfpool::nic82599 {
namespace {

// Index of `offset` in an array of `count` dwords at `base`.
std::optional<unsigned> index_in(unsigned offset, unsigned base, unsigned count) {
  if (offset < base || offset >= base + 4 * count) return std::nullopt;
  return (offset - base) / 4;
}

}  // namespace

Mailbox::Mailbox(Interrupts& interrupts) : interrupts_(interrupts) {}

void Mailbox::notify_pf(unsigned register_index) {
  if (icr_[register_index] & imr_[register_index]) interrupts_.raise_other(reg::kCauseMailbox);
}

std::optional<std::uint32_t> Mailbox::read_pf(unsigned offset) const {
  if (const auto i = index_in(offset, reg::kPfMbMem, 16 * kMaxVfs)) return boxes_[*i / 16].memory[*i % 16];
  if (const auto vf = index_in(offset, reg::kPfMailbox, kMaxVfs))
    return (boxes_[*vf].vfu ? reg::kMbVfu : 0) | (boxes_[*vf].pfu ? reg::kMbPfu : 0);
  if (const auto vf = index_in(offset, reg::kPvfMailbox, kMaxVfs)) {  // a look that clears nothing
    const Box& b = boxes_[*vf];
    return (b.vfu ? reg::kMbVfu : 0) | (b.pfu ? reg::kMbPfu : 0) | (b.pfsts ? reg::kMbPfsts : 0) |
           (b.pfack ? reg::kMbPfack : 0) | (rsti_ ? reg::kMbRsti : 0) | (b.rstd ? reg::kMbRstd : 0);
  }
  if (const auto i = index_in(offset, reg::kPfMbIcr, 4)) return icr_[*i];
  if (const auto i = index_in(offset, reg::kPfMbImr, 4)) return imr_[*i];
  if (offset == reg::kPfVflre0) return vflre_[0];
  if (offset == reg::kPfVflre1) return vflre_[1];
  if (const auto i = index_in(offset, reg::kPfVflrec, 2)) return vflre_[*i];
  return std::nullopt;
}

// PFMAILBOX, PFMBICR, PFMBIMR, PFVFLREC (8.2.3.27). A lock is had only while the other side has none (7.10.2).
bool Mailbox::write_pf(unsigned offset, std::uint32_t value) {
  if (const auto i = index_in(offset, reg::kPfMbMem, 16 * kMaxVfs)) {
    boxes_[*i / 16].memory[*i % 16] = value;
    return true;
  }
  if (const auto vf = index_in(offset, reg::kPfMailbox, kMaxVfs)) {
    Box& b = boxes_[*vf];
    if (value & reg::kMbRvfu) b.vfu = false;
    b.pfu = (value & reg::kMbPfu) && !b.vfu;
    if (value & reg::kMbSts) {
      b.pfsts = true;
      ++messages_;
    }
    if (value & reg::kMbAck) b.pfack = true;
    if (value & (reg::kMbSts | reg::kMbAck)) interrupts_.raise_vf_misc(*vf);
    return true;
  }
  if (index_in(offset, reg::kPvfMailbox, kMaxVfs)) return true;
  if (const auto i = index_in(offset, reg::kPfMbIcr, 4)) {
    icr_[*i] &= ~value;
    return true;
  }
  if (const auto i = index_in(offset, reg::kPfMbImr, 4)) {
    imr_[*i] = value;
    notify_pf(*i);
    return true;
  }
  if (offset == reg::kPfVflre0 || offset == reg::kPfVflre1) return true;  // read-only
  if (const auto i = index_in(offset, reg::kPfVflrec, 2)) {
    vflre_[*i] &= ~value;
    return true;
  }
  return false;
}

// VFMBMEM, VFMAILBOX (8.3.5).
std::optional<std::uint32_t> Mailbox::read_vf(unsigned vf, unsigned offset) {
  if (const auto i = index_in(offset, vfreg::kMbMem, 16)) return boxes_[vf].memory[*i];
  if (offset != vfreg::kMailbox) return std::nullopt;
  const std::uint32_t value = *read_pf(reg::kPvfMailbox + 4 * vf);
  Box& b = boxes_[vf];
  b.pfsts = b.pfack = b.rstd = false;  // cleared by reading, whoever reads
  return value;
}

bool Mailbox::write_vf(unsigned vf, unsigned offset, std::uint32_t value) {
  if (const auto i = index_in(offset, vfreg::kMbMem, 16)) {
    boxes_[vf].memory[*i] = value;
    return true;
  }
  if (offset != vfreg::kMailbox) return false;
  Box& b = boxes_[vf];
  b.vfu = (value & reg::kMbVfu) && !b.pfu;
  const unsigned i = vf / 16, lane = vf % 16;
  if (value & reg::kMbReq) {
    icr_[i] |= bit(lane);
    ++messages_;
  }
  if (value & reg::kMbAck) icr_[i] |= bit(16 + lane);
  if (value & (reg::kMbReq | reg::kMbAck)) notify_pf(i);
  return true;
}

void Mailbox::pf_reset() {
  rsti_ = true;
  for (Box& b : boxes_) b.vfu = b.pfu = b.pfsts = b.pfack = b.rstd = false;
  icr_.fill(0);
  imr_.fill(0xffffffff);
  vflre_.fill(0);
}

void Mailbox::pf_ready() {
  if (!rsti_) return;
  rsti_ = false;
  for (unsigned vf = 0; vf < kMaxVfs; ++vf) {
    boxes_[vf].rstd = true;
    interrupts_.raise_vf_misc(vf);
  }
}

void Mailbox::vf_reset(unsigned vf) {
  Box& b = boxes_[vf];
  b.vfu = b.pfsts = b.pfack = false;
  vflre_[vf / 32] |= bit(vf % 32);
  interrupts_.raise_other(reg::kCauseMailbox);
}

std::string Mailbox::state(unsigned vf) const {
  const Box& b = boxes_[vf];
  return fmt::format("mailbox{}{}{}{}{}{} word 0 {:08x}", b.vfu ? " VFU" : "", b.pfu ? " PFU" : "",
                     b.pfsts ? " STS" : "", b.pfack ? " ACK" : "", rsti_ ? " RSTI" : "", b.rstd ? " RSTD" : "",
                     b.memory[0]);
}

}  // namespace vfpool::nic82599

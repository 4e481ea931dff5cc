// SPDX-License-Identifier: Apache-2.0
#include "neighbour.hpp"

#include <algorithm>
#include <utility>

namespace vfpool::reference {
namespace {

using pcie::CplStatus;
using pcie::Tlp;
using pcie::TlpKind;

constexpr unsigned kMaxPayload = 128, kBoundary = 64;
constexpr std::size_t kAtATime = 4;  // requests that are answered among each other

std::vector<std::uint8_t> contents(unsigned port, std::uint64_t address, unsigned bytes) {
  std::vector<std::uint8_t> out(bytes);
  for (unsigned i = 0; i < bytes; ++i) {
    const std::uint64_t at = address + i;
    out[i] = static_cast<std::uint8_t>((at ^ at >> 8 ^ at >> 16) * 7 + port);
  }
  return out;
}

// A completion without data in the place of `c`.
Tlp bare(Tlp c, CplStatus status) {
  c.hdr[0] &= ~(1U << 30 | 0x3ffU);
  c.hdr[1] = (c.hdr[1] & ~0xe000U) | static_cast<std::uint32_t>(status) << 13;
  c.data.clear();
  return c;
}

void set_length(Tlp& c, unsigned dws) {
  c.hdr[0] = (c.hdr[0] & ~0x3ffU) | dws;
  c.data.resize(dws * 4);
}

// False: this packet has no such fault.
bool spoil(Tlp& c, Fault fault) {
  switch (fault) {
    case Fault::kByteCount: c.hdr[1] ^= 0x104; return true;
    case Fault::kLowerAddress: c.hdr[2] ^= 0x40; return true;
    case Fault::kTooMuch:
      if (c.length_dw() == kMaxPayload / 4) return false;
      set_length(c, c.length_dw() + 1);
      return true;
    case Fault::kCutShort:
      if (c.length_dw() < 2) return false;
      set_length(c, c.length_dw() - 1);
      return true;
    case Fault::kNoData: c = bare(std::move(c), CplStatus::kSuccess); return true;
    case Fault::kRefusalWithData: c.hdr[1] |= 1U << 13; return true;
    case Fault::kRetry: c = bare(std::move(c), CplStatus::kRetry); return true;
    case Fault::kLocked: c.hdr[0] |= 1U << 24; return true;
    case Fault::kOtherId: c.hdr[2] ^= 0x00550000; return true;
    // One that the bridge gives to none: of one that it is just giving, nobody can say which was first.
    case Fault::kOtherTag: c.hdr[2] ^= 0x00004000; return true;
    case Fault::kUnsupported: c = bare(std::move(c), CplStatus::kUnsupported); return true;
    case Fault::kAbort: c = bare(std::move(c), CplStatus::kAbort); return true;
    case Fault::kPoisoned: c.hdr[0] |= 1U << 14; return true;
    default: return false;
  }
}

}  // namespace

void Neighbour::deliver(Tlp t) {
  if (t.kind() == TlpKind::kMemRead) {
    const pcie::Bdf self(0, port_, 0);
    const auto parts = completions_with_data(t, self, contents(port_, first_byte(t), byte_length(t)),
                                             t.tag() & 1 ? kMaxPayload : kBoundary, kBoundary);
    owed_.emplace_back(parts.begin(), parts.end());
  } else if (card_ != nullptr && t.flow_class() == pcie::FlowClass::kNonPosted) {
    card_->deliver(std::move(t));
  }
}

void Neighbour::answer(std::uint32_t which, Fault fault) {
  if (owed_.empty()) return;
  const auto it = owed_.begin() + static_cast<std::ptrdiff_t>(which % std::min(owed_.size(), kAtATime));
  Parts& parts = *it;
  if (fault == Fault::kNever) {
    late_.push_back(std::move(parts));
    owed_.erase(it);
    return;
  }
  Tlp c = std::move(parts.front());
  parts.pop_front();
  if (fault == Fault::kTwice) send(c);
  // What is refused has no further parts.
  if (spoil(c, fault) && (fault == Fault::kUnsupported || fault == Fault::kAbort)) parts.clear();
  send(std::move(c));
  if (parts.empty()) owed_.erase(it);
}

void Neighbour::late() {
  for (Parts& parts : std::exchange(late_, {}))
    for (Tlp& c : parts) send(std::move(c));
}

void Neighbour::forget() {
  owed_.clear();
  late_.clear();
}

}  // namespace vfpool::reference

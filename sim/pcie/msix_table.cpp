// SPDX-License-Identifier: Apache-2.0
#include "pcie/msix_table.hpp"

namespace vfpool::pcie {
namespace {

constexpr unsigned kEntrySize = 16;

}  // namespace

MsixTable::MsixTable(ConfigSpace& space, Send send)
    : space_(space), at_(space.capability(cfg::kCapMsix)), send_(std::move(send)), entries_((control() & 0x7ffU) + 1) {
  space.on_write(at_ + 2, 2, [this] { send_pending(); });
}

std::uint32_t MsixTable::read_table(std::uint32_t offset) const {
  if (offset / kEntrySize >= entries_.size()) return 0;
  const Entry& e = entries_[offset / kEntrySize];
  switch (offset % kEntrySize) {
    case 0: return static_cast<std::uint32_t>(e.address);
    case 4: return static_cast<std::uint32_t>(e.address >> 32);
    case 8: return e.data;
    default: return e.masked;
  }
}

void MsixTable::write_table(std::uint32_t offset, std::uint32_t value) {
  if (offset / kEntrySize >= entries_.size()) return;
  Entry& e = entries_[offset / kEntrySize];
  switch (offset % kEntrySize) {
    case 0: e.address = (e.address & ~0xffffffffULL) | (value & ~3U); break;
    case 4: e.address = (e.address & 0xffffffffULL) | static_cast<std::uint64_t>(value) << 32; break;
    case 8: e.data = value; break;
    default: e.masked = value & 1; break;
  }
  send_pending();
}

std::uint32_t MsixTable::read_pending(std::uint32_t offset) const {
  std::uint32_t bits = 0;
  for (unsigned i = 0; i < 32 && offset * 8 + i < entries_.size(); ++i)
    bits |= static_cast<std::uint32_t>(entries_[offset * 8 + i].pending) << i;
  return bits;
}

void MsixTable::raise(unsigned vector) {
  if (vector >= entries_.size() || !enabled()) return;
  entries_[vector].pending = true;
  send_pending();
}

void MsixTable::send_pending() {
  for (unsigned v = 0; v < entries_.size(); ++v) {
    Entry& e = entries_[v];
    if (!e.pending || !open(e)) continue;
    e.pending = false;
    send_(v, e.address, e.data);
  }
}

void MsixTable::reset() {
  for (Entry& e : entries_) e = Entry{};
}

}  // namespace vfpool::pcie

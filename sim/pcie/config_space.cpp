// SPDX-License-Identifier: Apache-2.0
#include "pcie/config_space.hpp"

#include <cassert>

namespace vfpool::pcie {

void ConfigSpace::init8(unsigned offset, std::uint8_t value, std::uint8_t writable, std::uint8_t clear_on_one) {
  assert(offset < kSize);
  bytes_[offset] = initial_[offset] = value;
  writable_[offset] = writable;
  clear_on_one_[offset] = clear_on_one;
}

void ConfigSpace::init16(unsigned offset, std::uint16_t value, std::uint16_t writable, std::uint16_t clear_on_one) {
  for (unsigned i = 0; i < 2; ++i)
    init8(offset + i, static_cast<std::uint8_t>(value >> 8 * i), static_cast<std::uint8_t>(writable >> 8 * i),
          static_cast<std::uint8_t>(clear_on_one >> 8 * i));
}

void ConfigSpace::init32(unsigned offset, std::uint32_t value, std::uint32_t writable, std::uint32_t clear_on_one) {
  for (unsigned i = 0; i < 4; ++i)
    init8(offset + i, static_cast<std::uint8_t>(value >> 8 * i), static_cast<std::uint8_t>(writable >> 8 * i),
          static_cast<std::uint8_t>(clear_on_one >> 8 * i));
}

void ConfigSpace::on_write(unsigned offset, unsigned size, Hook hook) {
  hooks_.push_back({offset, size, std::move(hook)});
}

std::uint32_t ConfigSpace::read(unsigned offset, unsigned size) const {
  if (size > 4 || offset + size > kSize) return ~0U;
  std::uint32_t value = 0;
  for (unsigned i = 0; i < size; ++i) value |= static_cast<std::uint32_t>(bytes_[offset + i]) << 8 * i;
  return value;
}

void ConfigSpace::write(unsigned offset, std::uint32_t value, unsigned size) {
  if (size > 4 || offset + size > kSize) return;
  for (unsigned i = 0; i < size; ++i) {
    const auto v = static_cast<std::uint8_t>(value >> 8 * i);
    std::uint8_t& b = bytes_[offset + i];
    const std::uint8_t w = writable_[offset + i], c = clear_on_one_[offset + i];
    b = static_cast<std::uint8_t>(((b & ~w) | (v & w)) & ~(v & c));
  }
  for (const HookRange& h : hooks_)
    if (offset < h.offset + h.size && h.offset < offset + size) h.hook();
}

std::uint16_t ConfigSpace::get16(unsigned offset) const { return static_cast<std::uint16_t>(read(offset, 2)); }
std::uint32_t ConfigSpace::get32(unsigned offset) const { return read(offset, 4); }

void ConfigSpace::set16(unsigned offset, std::uint16_t value) {
  bytes_[offset] = static_cast<std::uint8_t>(value);
  bytes_[offset + 1] = static_cast<std::uint8_t>(value >> 8);
}

void ConfigSpace::set32(unsigned offset, std::uint32_t value) {
  set16(offset, static_cast<std::uint16_t>(value));
  set16(offset + 2, static_cast<std::uint16_t>(value >> 16));
}

void ConfigSpace::type0_header(std::uint16_t vendor, std::uint16_t device, std::uint32_t class_code,
                               std::uint8_t revision, std::uint16_t subsystem_vendor, std::uint16_t subsystem,
                               bool multi_function) {
  init16(cfg::kVendor, vendor);
  init16(cfg::kDevice, device);
  init16(cfg::kCommand, 0, 0x0546);  // memory, bus master, parity, SERR, INTx disable
  init16(cfg::kStatus, 0, 0, 0xf900);
  init32(cfg::kClass, class_code << 8 | revision);
  init8(0x0c, 0, 0xff);  // cache line size: software's scratch
  init8(cfg::kHeaderType, multi_function ? 0x80 : 0);
  init16(cfg::kSubsystemVendor, subsystem_vendor);
  init16(cfg::kSubsystem, subsystem);
  init8(0x3c, 0, 0xff);
}

void ConfigSpace::vf_header(std::uint32_t class_code, std::uint8_t revision, std::uint16_t subsystem_vendor,
                            std::uint16_t subsystem) {
  type0_header(0xffff, 0xffff, class_code, revision, subsystem_vendor, subsystem, false);
  init16(cfg::kCommand, 0, cfg::kBusMaster);
  init8(0x0c, 0);
  init8(0x3c, 0);
}

void ConfigSpace::type1_header(std::uint16_t vendor, std::uint16_t device, std::uint8_t revision, bool multi_function) {
  init16(cfg::kVendor, vendor);
  init16(cfg::kDevice, device);
  init16(cfg::kCommand, 0, 0x0546);
  init16(cfg::kStatus, 0, 0, 0xf900);
  init32(cfg::kClass, 0x060400U << 8 | revision);
  init8(0x0c, 0, 0xff);
  init8(cfg::kHeaderType, multi_function ? 0x81 : 0x01);
  init32(cfg::kPrimaryBus, 0, 0x00ffffff);
  init32(cfg::kMemoryBase, 0, 0xfff0fff0);
  init32(cfg::kPrefetchBase, 0x00010001, 0xfff0fff0);  // 64-bit prefetchable window
  init32(cfg::kPrefetchBaseUpper, 0, 0xffffffff);
  init32(cfg::kPrefetchLimitUpper, 0, 0xffffffff);
  init8(0x3c, 0, 0xff);
  init16(cfg::kBridgeControl, 0, 0x0043);
}

void ConfigSpace::memory_bar_at(unsigned offset, std::uint64_t size, bool is_64bit, bool prefetchable) {
  assert(size >= 16 && (size & (size - 1)) == 0);
  const std::uint64_t mask = ~(size - 1);
  const std::uint32_t flags = (is_64bit ? 4U : 0U) | (prefetchable ? 8U : 0U);
  init32(offset, flags, static_cast<std::uint32_t>(mask));
  if (is_64bit) init32(offset + 4, 0, static_cast<std::uint32_t>(mask >> 32));
  bars_.push_back({offset, size});
}

unsigned ConfigSpace::add_capability(std::uint8_t id, unsigned offset) {
  const unsigned link = capabilities_.empty() ? cfg::kCapabilities : capabilities_.back().offset + 1;
  init8(link, static_cast<std::uint8_t>(offset));
  init8(offset, id);
  init8(offset + 1, 0);
  if (capabilities_.empty()) init16(cfg::kStatus, 0x10, 0, 0xf900);
  capabilities_.push_back({id, offset});
  return offset;
}

unsigned ConfigSpace::add_extended(std::uint16_t id, std::uint8_t version, unsigned offset) {
  if (!extended_.empty()) {
    const unsigned last = extended_.back().offset;
    init32(last, (get32(last) & 0x000fffff) | offset << 20);
  } else {
    assert(offset == 0x100);
  }
  init32(offset, static_cast<std::uint32_t>(version) << 16 | id);
  extended_.push_back({id, offset});
  return offset;
}

unsigned ConfigSpace::offset_of(const std::vector<Capability>& list, unsigned id) {
  for (const Capability& c : list)
    if (c.id == id) return c.offset;
  return 0;
}

unsigned ConfigSpace::add_msix(unsigned offset, unsigned table_size, unsigned table_bir, std::uint32_t table_offset,
                               unsigned pba_bir, std::uint32_t pba_offset) {
  add_capability(cfg::kCapMsix, offset);
  init16(offset + 2, static_cast<std::uint16_t>(table_size - 1), 0xc000);
  init32(offset + 4, table_offset | table_bir);
  init32(offset + 8, pba_offset | pba_bir);
  return offset;
}

unsigned ConfigSpace::add_pcie(unsigned offset, const Express& e) {
  const bool root = e.type == 4, port = root || e.type == 6, has_link = e.type != 9;
  unsigned mps = 0;
  while (128U << mps < e.max_payload) ++mps;
  add_capability(cfg::kCapPcie, offset);
  init16(offset + 0x02, static_cast<std::uint16_t>(2 | e.type << 4));
  init32(offset + 0x04, mps | (e.extended_tag ? 1U << 5 : 0) | 1U << 15 | (e.flr ? 1U << 28 : 0));
  // 7.8.4. Error reporting and payload size; what a function that sends requests of its own has besides: relaxed
  // ordering, no snoop, read request size. Bit 15 is FLR, reads 0, and its owner sees the write by a hook.
  std::uint16_t writable = port ? 0x00ef : 0x78ff;
  if (e.extended_tag) writable |= express::kExtendedTagEnable;
  if (e.vf) writable = 0;
  init16(offset + 0x08, e.vf || port ? 0 : 0x2810, writable | (e.flr ? express::kInitiateFlr : 0));
  init16(offset + 0x0a, 0, 0, 0x000f);  // 7.8.5
  if (has_link) {
    init32(offset + 0x0c, 0x2U | 8U << 4 | (port ? 1U << 20 : 0));
    // 7.8.7. ASPM, common clock, extended synch; Link Disable at ports, Read Completion Boundary elsewhere.
    init16(offset + 0x10, 0, e.vf ? 0 : port ? 0x00d3 : 0x00cb);
    init16(offset + 0x12, e.vf ? 0 : static_cast<std::uint16_t>(0x2 | 8 << 4 | (port ? 1 << 13 : 0)));
  }
  if (root) init16(offset + 0x1c, 0, 0x000f);  // 7.8.12, without CRS Software Visibility
  init32(offset + 0x24, 0x10);                 // 7.8.15: the completion time-out can be disabled, its range not chosen
  init16(offset + 0x28, 0, e.vf ? 0 : express::kTimeoutDisable);
  if (has_link) {
    init32(offset + 0x2c, 0x6U);
    init16(offset + 0x30, e.vf ? 0 : 0x2, e.vf ? 0 : 0x000f);  // 7.8.19: target link speed
  }
  return offset;
}

unsigned ConfigSpace::add_power_management(unsigned offset, unsigned pme, bool needs_init, bool keeps_state) {
  add_capability(cfg::kCapPm, offset);
  init16(offset + 2, static_cast<std::uint16_t>(0x0003 | (needs_init ? 1 << 5 : 0) | pme << 11));
  init16(offset + pm::kControl, keeps_state ? pm::kNoSoftReset : 0, pm::kState | (pme != 0 ? 0x0100 : 0),
         pme != 0 ? 0x8000 : 0);
  return offset;
}

unsigned ConfigSpace::add_sriov(unsigned offset, const Sriov& s) {
  add_extended(cap::kSriov, 1, offset);
  init16(offset + sriov::kControl, 0, sriov::kVfEnable | sriov::kVfMemoryEnable | sriov::kAriHierarchy);
  init16(offset + 0x0c, s.total_vfs);  // InitialVFs
  init16(offset + 0x0e, s.total_vfs);
  init16(offset + sriov::kNumVfs, 0, 0xffff);
  init16(offset + sriov::kVfOffset, s.first_offset);
  init16(offset + sriov::kVfStride, s.stride);
  init16(offset + sriov::kVfDevice, s.vf_device);
  init32(offset + 0x1c, s.page_sizes);
  init32(offset + 0x20, 0x1);
  return offset;
}

std::uint64_t ConfigSpace::bar_address_at(unsigned offset) const {
  const std::uint32_t low = get32(offset);
  std::uint64_t address = low & ~0xfU;
  if ((low & 6) == 4) address |= static_cast<std::uint64_t>(get32(offset + 4)) << 32;
  return address;
}

std::uint64_t ConfigSpace::bar_size_at(unsigned offset) const {
  for (const Bar& b : bars_)
    if (b.offset == offset) return b.size;
  return 0;
}

}  // namespace vfpool::pcie

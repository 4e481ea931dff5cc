// SPDX-License-Identifier: Apache-2.0
#include "vfio_user/direct.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstring>

namespace vfpool::vfio_user {

namespace cfg = pcie::cfg;

// ---- DirectFunction ---------------------------------------------------------------------------------------------

DirectFunction::DirectFunction(pcie::Device& device, pcie::FunctionId fn) : device_(device), fn_(fn) {
  if (const unsigned at = space().capability(cfg::kCapMsix); at != 0) {
    const std::uint32_t table = space().get32(at + 4);
    vectors_ = (space().get16(at + 2) & 0x7ffU) + 1;
    table_bar_ = table & 7;
    table_offset_ = table & ~7U;
  }
  if (fn == 0) return;
  const pcie::ConfigSpace& pf = device.config(0);
  const unsigned sriov = pf.extended(pcie::cap::kSriov);
  const std::uint32_t class_code = pf.get32(cfg::kClass);
  header_.type0_header(pf.get16(cfg::kVendor), pf.get16(sriov + pcie::sriov::kVfDevice), class_code >> 8,
                       static_cast<std::uint8_t>(class_code), pf.get16(cfg::kSubsystemVendor),
                       pf.get16(cfg::kSubsystem), false);
  for (unsigned bar = 0; bar < kBars; ++bar)
    if (const std::uint64_t size = device.bar_size(fn, bar); size != 0) {
      const std::uint32_t flags = pf.get32(sriov + pcie::sriov::kVfBar0 + 4 * bar);
      header_.memory_bar(bar, size, (flags & 6) == 4, flags & 8);
    }
  header_.init16(cfg::kStatus, space().get16(cfg::kStatus));
  header_.init8(cfg::kCapabilities, space().get8(cfg::kCapabilities));
}

std::array<std::uint64_t, Device::kBars> DirectFunction::bar_sizes() const {
  std::array<std::uint64_t, kBars> sizes{};
  for (unsigned bar = 0; bar < kBars; ++bar) sizes[bar] = device_.bar_size(fn_, bar);
  return sizes;
}

std::uint8_t DirectFunction::config_read(unsigned offset) const {
  return static_cast<std::uint8_t>((fn_ != 0 && offset < kHeaderSize ? header_ : space()).read(offset, 1));
}

void DirectFunction::config_write(unsigned offset, std::uint32_t value, unsigned size) {
  if (fn_ == 0 || offset >= kHeaderSize) {
    const unsigned express = space().capability(cfg::kCapPcie), at = express + pcie::express::kDeviceControl + 1;
    const bool flr = express != 0 && offset <= at && at < offset + size &&
                     value >> 8 * (at - offset) & (pcie::express::kInitiateFlr >> 8);
    space().write(offset, value, size);
    if (!flr) return;
    header_.reset();  // the device has reset the rest
    open_vectors();
    return;
  }
  header_.write(offset, value, size);
  // Bus mastering is the function's own; memory decoding of VFs is the PF's.
  if (offset < cfg::kStatus && cfg::kCommand < offset + size)
    space().write(cfg::kCommand, header_.get16(cfg::kCommand), 2);
}

void DirectFunction::read(unsigned region, std::uint64_t offset, unsigned size, ReadDone done) {
  ++counters_.reads;
  std::vector<std::uint8_t> out(size, 0xff);
  if (region == kConfigRegion) {
    for (unsigned i = 0; i < size; ++i) out[i] = config_read(static_cast<unsigned>(offset) + i);
  } else if (offset % 4 == 0 && size % 4 == 0) {
    for (unsigned i = 0; i < size; i += 4) {
      const std::uint32_t value = device_.read32(fn_, region, static_cast<std::uint32_t>(offset) + i);
      std::memcpy(out.data() + i, &value, 4);
    }
  } else if (size < 4 && offset % 4 + size <= 4) {  // part of a register: the device reads all of it
    const std::uint32_t value = device_.read32(fn_, region, static_cast<std::uint32_t>(offset) & ~3U);
    std::memcpy(out.data(), reinterpret_cast<const std::uint8_t*>(&value) + offset % 4, size);
  }
  done(out);
}

void DirectFunction::write(unsigned region, std::uint64_t offset, std::span<const std::uint8_t> data, WriteDone done) {
  ++counters_.writes;
  if (region == kConfigRegion) {
    // In the pieces of a configuration write: hooks see whole registers.
    for (std::size_t at = 0; at < data.size();) {
      const std::size_t room = 4 - (offset + at) % 4, size = std::min(room, data.size() - at);
      std::uint32_t value = 0;
      std::memcpy(&value, data.data() + at, size);
      config_write(static_cast<unsigned>(offset + at), value, static_cast<unsigned>(size));
      at += size;
    }
  } else if (offset % 4 == 0 && data.size() % 4 == 0) {
    for (std::size_t i = 0; i < data.size(); i += 4) {
      std::uint32_t value;
      std::memcpy(&value, data.data() + i, 4);
      device_.write32(fn_, region, static_cast<std::uint32_t>(offset + i), value);
    }
  } else {
    spdlog::warn("{} function {}: write of {} bytes at 0x{:x} of BAR {}: registers are 32 bits wide", device_.name(),
                 fn_, data.size(), offset, region);
  }
  done();
}

void DirectFunction::reset() {
  device_.reset(fn_);
  header_.reset();
  open_vectors();
}

// The client keeps the vector table that the guest writes and masks by taking the eventfd away, so the device's own
// entries stay open.
void DirectFunction::open_vectors() {
  for (unsigned v = 0; v < vectors_; ++v) device_.write32(fn_, table_bar_, table_offset_ + v * 16 + 12, 0);
}

void DirectFunction::attach(Guest* guest) {
  guest_ = nullptr;  // whatever is on its way belongs to the former guest
  reset();
  guest_ = guest;
}

void DirectFunction::dma_read(std::uint64_t address, std::size_t size, const pcie::DmaPort::ReadDone& done) {
  ++counters_.dma_reads;
  std::vector<std::uint8_t> bytes(size);
  if (guest_ == nullptr || !device_.bus_master(fn_) || !guest_->read(address, bytes)) {
    ++counters_.dma_errors;
    return done(false, {});
  }
  done(true, bytes);
}

void DirectFunction::dma_write(std::uint64_t address, std::span<const std::uint8_t> data) {
  ++counters_.dma_writes;
  if (guest_ == nullptr || !device_.bus_master(fn_) || !guest_->write(address, data)) ++counters_.dma_errors;
}

void DirectFunction::interrupt(unsigned vector) {
  ++counters_.interrupts;
  if (guest_ == nullptr || !device_.bus_master(fn_) || !guest_->signal_msix(vector)) ++counters_.lost_interrupts;
}

std::string DirectFunction::state() const {
  return fmt::format("{}: {}, {} register reads, {} writes; DMA {} reads, {} writes, {} errors; {} interrupts, {} lost",
                     fn_ == 0 ? "PF" : fmt::format("VF {}", fn_ - 1), guest_ != nullptr ? "attached" : "no guest",
                     counters_.reads, counters_.writes, counters_.dma_reads, counters_.dma_writes, counters_.dma_errors,
                     counters_.interrupts, counters_.lost_interrupts);
}

// ---- DirectPort -------------------------------------------------------------------------------------------------

DirectFunction& DirectPort::function(pcie::Device& device, pcie::FunctionId fn) {
  auto& f = functions_[fn];
  if (!f) f = std::make_unique<DirectFunction>(device, fn);
  return *f;
}

DirectFunction* DirectPort::find(pcie::FunctionId fn) const {
  const auto it = functions_.find(fn);
  return it == functions_.end() ? nullptr : it->second.get();
}

void DirectPort::read(pcie::FunctionId fn, std::uint64_t address, std::size_t size, ReadDone done) {
  if (DirectFunction* f = find(fn)) return f->dma_read(address, size, done);
  done(false, {});
}

void DirectPort::write(pcie::FunctionId fn, std::uint64_t address, std::span<const std::uint8_t> data) {
  if (DirectFunction* f = find(fn)) f->dma_write(address, data);
}

void DirectPort::message(pcie::FunctionId fn, unsigned vector, std::uint64_t, std::uint32_t) {
  if (DirectFunction* f = find(fn))
    f->interrupt(vector);
  else if (fn == 0 && pf_message_)
    pf_message_(vector);
}

std::string DirectPort::state() const {
  std::string out;
  for (const auto& [fn, f] : functions_) out += "  " + f->state() + "\n";
  return out;
}

}  // namespace vfpool::vfio_user

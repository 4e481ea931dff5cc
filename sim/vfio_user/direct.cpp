// SPDX-License-Identifier: Apache-2.0
#include "vfio_user/direct.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstring>

#include "nic82599/functions.hpp"

namespace vfpool::nic82599 {
namespace {

constexpr unsigned kCsrBar = 0, kMsixBar = 3;

}  // namespace

// ---- DirectVf ---------------------------------------------------------------------------------------------------

DirectVf::DirectVf(DirectCard& card, unsigned vf) : card_(card), vf_(vf) {
  config_.type0_header(0x8086, kVfDeviceId, 0x020000, kRevision, 0x8086, 0x0003, false);
  config_.memory_bar(kCsrBar, kVfBar0Size, true, true);
  config_.memory_bar(kMsixBar, kMsixBarSize, true, true);
  config_.add_msix(pfcfg::kMsix, kVfVectors, kMsixBar, 0, kMsixBar, kMsixPbaOffset);
  config_.add_pcie(pfcfg::kPcie, 0, 2, true);
  // The card's own space of this VF decides; what software sets here goes there.
  config_.on_write(pcie::cfg::kCommand, 2, [this] {
    card_.nic().config(1 + vf_).write(pcie::cfg::kCommand, config_.get16(pcie::cfg::kCommand), 2);
  });
  config_.on_write(pfcfg::kMsix + 2, 2,
                   [this] { card_.nic().config(1 + vf_).write(pfcfg::kMsix + 2, config_.get16(pfcfg::kMsix + 2), 2); });
  config_.on_write(pfcfg::kDeviceControl, 2, [this] {
    if (config_.get16(pfcfg::kDeviceControl) & pfcfg::kInitiateFlr) function_reset();
  });
}

std::array<std::uint64_t, vfio_user::Device::kBars> DirectVf::bar_sizes() const {
  return {kVfBar0Size, 0, 0, kMsixBarSize, 0, 0};
}

unsigned DirectVf::msix_vectors() const { return kVfVectors; }

void DirectVf::read(unsigned region, std::uint64_t offset, unsigned size, ReadDone done) {
  ++counters_.reads;
  std::vector<std::uint8_t> out(size, 0xff);
  if (region == kConfigRegion) {
    for (unsigned i = 0; i < size; ++i)
      out[i] = static_cast<std::uint8_t>(config_.read(static_cast<unsigned>(offset) + i, 1));
  } else if (offset % 4 == 0 && size % 4 == 0) {
    for (unsigned i = 0; i < size; i += 4) {
      const std::uint32_t value = card_.nic().read32(1 + vf_, region, static_cast<std::uint32_t>(offset) + i);
      std::memcpy(out.data() + i, &value, 4);
    }
  } else if (size < 4 && offset % 4 + size <= 4) {  // part of a register: the card reads all of it
    const std::uint32_t value = card_.nic().read32(1 + vf_, region, static_cast<std::uint32_t>(offset) & ~3U);
    std::memcpy(out.data(), reinterpret_cast<const std::uint8_t*>(&value) + offset % 4, size);
  }
  done(out);
}

void DirectVf::write(unsigned region, std::uint64_t offset, std::span<const std::uint8_t> data, WriteDone done) {
  ++counters_.writes;
  if (region == kConfigRegion) {
    // In the pieces of a configuration write: hooks see whole registers.
    for (std::size_t at = 0; at < data.size();) {
      const std::size_t room = 4 - (offset + at) % 4, size = std::min(room, data.size() - at);
      std::uint32_t value = 0;
      std::memcpy(&value, data.data() + at, size);
      config_.write(static_cast<unsigned>(offset + at), value, static_cast<unsigned>(size));
      at += size;
    }
  } else if (offset % 4 == 0 && data.size() % 4 == 0) {
    for (std::size_t i = 0; i < data.size(); i += 4) {
      std::uint32_t value;
      std::memcpy(&value, data.data() + i, 4);
      card_.nic().write32(1 + vf_, region, static_cast<std::uint32_t>(offset + i), value);
    }
  } else {
    spdlog::warn("VF {}: write of {} bytes at 0x{:x} of BAR {}: registers are 32 bits wide", vf_, data.size(), offset,
                 region);
  }
  done();
}

void DirectVf::function_reset() {
  config_.reset();
  forget();
}

void DirectVf::forget() {
  card_.nic().vf_flr(vf_);
  // The client keeps the vector table that the guest writes and masks by taking the eventfd away, so the card's own
  // entries stay open.
  for (unsigned v = 0; v < kVfVectors; ++v) card_.nic().write32(1 + vf_, kMsixBar, v * 16 + 12, 0);
}

void DirectVf::reset() { function_reset(); }

void DirectVf::attach(vfio_user::Guest* guest) {
  guest_ = nullptr;  // whatever is on its way belongs to the former guest
  function_reset();
  guest_ = guest;
}

bool DirectVf::bus_master() const { return config_.get16(pcie::cfg::kCommand) & pcie::cfg::kBusMaster; }

void DirectVf::dma_read(std::uint64_t address, std::size_t size, const DmaPort::ReadDone& done) {
  ++counters_.dma_reads;
  std::vector<std::uint8_t> bytes(size);
  if (guest_ == nullptr || !bus_master() || !guest_->read(address, bytes)) {
    ++counters_.dma_errors;
    return done(false, {});
  }
  done(true, bytes);
}

void DirectVf::dma_write(std::uint64_t address, std::span<const std::uint8_t> data) {
  ++counters_.dma_writes;
  if (guest_ == nullptr || !bus_master() || !guest_->write(address, data)) ++counters_.dma_errors;
}

void DirectVf::interrupt(unsigned vector) {
  ++counters_.interrupts;
  if (guest_ == nullptr || !bus_master() || !guest_->signal_msix(vector)) ++counters_.lost_interrupts;
}

std::string DirectVf::state() const {
  return fmt::format(
      "VF {}: {}, {} register reads, {} writes; DMA {} reads, {} writes, {} errors; {} interrupts, {} lost", vf_,
      guest_ != nullptr ? "attached" : "no guest", counters_.reads, counters_.writes, counters_.dma_reads,
      counters_.dma_writes, counters_.dma_errors, counters_.interrupts, counters_.lost_interrupts);
}

// ---- DirectCard -------------------------------------------------------------------------------------------------

DirectCard::DirectCard(Scheduler& scheduler, Nic82599::Options nic, PfPersonality::Options pf)
    : nic_(std::make_unique<Nic82599>(scheduler, *this, std::move(nic))),
      pf_(std::make_unique<PfPersonality>(scheduler, *nic_, pf)) {
  for (unsigned n = 0; n < pf.vfs; ++n) vfs_.push_back(std::make_unique<DirectVf>(*this, n));
}

DirectCard::~DirectCard() = default;

void DirectCard::read(FunctionId fn, std::uint64_t address, std::size_t size, ReadDone done) {
  if (fn == 0 || fn > vfs_.size()) return done(false, {});  // the PF has no memory of its own to reach
  vfs_[fn - 1]->dma_read(address, size, done);
}

void DirectCard::write(FunctionId fn, std::uint64_t address, std::span<const std::uint8_t> data) {
  if (fn != 0 && fn <= vfs_.size()) vfs_[fn - 1]->dma_write(address, data);
}

void DirectCard::message(FunctionId fn, unsigned vector, std::uint64_t, std::uint32_t) {
  if (fn == 0) {
    if (pf_) pf_->interrupt();
  } else if (fn <= vfs_.size()) {
    vfs_[fn - 1]->interrupt(vector);
  }
}

std::string DirectCard::state() const {
  std::string out = nic_->state() + pf_->state();
  for (const auto& v : vfs_) out += "  " + v->state() + "\n";
  return out;
}

}  // namespace vfpool::nic82599

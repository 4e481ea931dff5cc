// SPDX-License-Identifier: Apache-2.0
#include "vmd/endpoint.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace vfpool::vmd {

using pcie::Bdf;

// Packets from the link reach whatever root complex the server has now: a switched-off server's is replaced.
class Endpoint::Up : public pcie::TlpSink {
 public:
  explicit Up(Endpoint& owner) : owner_(owner) {}
  bool room(pcie::FlowClass cls) const override { return owner_.root_complex_->room(cls); }
  void deliver(pcie::Tlp tlp) override { owner_.root_complex_->deliver(std::move(tlp)); }
  void tell_room() const { room_is_back(); }

 private:
  Endpoint& owner_;
};

Endpoint::Endpoint(Scheduler& scheduler, std::string name, pcie::TlpSink& below, std::function<void(bool)> link)
    : scheduler_(scheduler),
      name_(std::move(name)),
      below_(below),
      link_(std::move(link)),
      up_(std::make_unique<Up>(*this)) {
  config_.type0_header(0x8086, 0x28c0, 0x010400, 0x04, 0x8086, 0x0000, false);
  config_.memory_bar(0, static_cast<std::uint64_t>(kBuses) << 20, true, true);
  config_.memory_bar(2, kWindow32, false, false);
  config_.memory_bar(4, kWindow64, true, true);
  // 0x40..0x7f are the VMD's own: VMCAP 0 (no bus restriction), VMCONFIG, VMLOCK 0 (no shadowed window offsets).
  config_.init32(0x44, 0, 0xffffffff);
  config_.add_msix(0x80, kVectors, 4, 0, 4, 0x1000);
  config_.add_pcie(0x90, {.type = 9});
  new_root_complex();
}

Endpoint::~Endpoint() = default;

void Endpoint::new_root_complex() {
  root_complex_.reset();  // one sender at a time on the link
  root_complex_ = std::make_unique<pcie::RootComplex>(scheduler_, *this, below_,
                                                      pcie::RootComplex::Options{.name = name_, .link = link_});
  root_complex_->on_room([this] { up_->tell_room(); });
  up_->tell_room();
}

pcie::TlpSink& Endpoint::up() { return *up_; }

std::array<std::uint64_t, Endpoint::kBars> Endpoint::bar_sizes() const {
  return {static_cast<std::uint64_t>(kBuses) << 20, 0, kWindow32, 0, kWindow64, 0};
}

void Endpoint::read(unsigned region, std::uint64_t offset, unsigned size, ReadDone done) {
  const auto answer = [done = std::move(done)](pcie::CplStatus, std::span<const std::uint8_t> data) { done(data); };
  if (region == kConfigRegion || (region == 4 && offset < kOwnPart)) {
    std::vector<std::uint8_t> bytes(size, 0xff);
    for (unsigned i = 0; i < size; ++i) {
      const auto at = static_cast<unsigned>(offset) + i;
      if (region == kConfigRegion)
        bytes[i] = static_cast<std::uint8_t>(config_.read(at, 1));
      else if (at < kOwnPart)
        bytes[i] = table_[at];
    }
    return answer(pcie::CplStatus::kSuccess, bytes);
  }
  if (region == 0) {
    const auto reg = static_cast<unsigned>(offset & 0xfff);
    if (size > 4 || (reg & 3) + size > 4) {  // no CPU instruction on a configuration window does this
      const std::vector<std::uint8_t> ones(size, 0xff);
      return answer(pcie::CplStatus::kUnsupported, ones);
    }
    return root_complex_->config_read(Bdf(static_cast<std::uint16_t>(offset >> 12)), reg, size, answer);
  }
  if (size > 4096) {
    const std::vector<std::uint8_t> ones(size, 0xff);
    return answer(pcie::CplStatus::kUnsupported, ones);
  }
  root_complex_->mem_read(config_.bar_address(region) + offset, size, answer);
}

void Endpoint::write(unsigned region, std::uint64_t offset, std::span<const std::uint8_t> data, WriteDone done) {
  if (region == kConfigRegion || (region == 4 && offset < kOwnPart)) {
    for (std::size_t i = 0; i < data.size(); ++i) {
      const auto at = static_cast<unsigned>(offset + i);
      if (region == kConfigRegion)
        config_.write(at, data[i], 1);
      else if (at < kOwnPart)
        table_[at] = data[i];
    }
    return done();
  }
  if (region == 0) {
    const auto reg = static_cast<unsigned>(offset & 0xfff);
    if (data.size() > 4 || (reg & 3) + data.size() > 4) return done();
    return root_complex_->config_write(Bdf(static_cast<std::uint16_t>(offset >> 12)), reg, data,
                                       [done = std::move(done)](pcie::CplStatus) { done(); });
  }
  // Held back while the link has no room: the server reads no further request of this guest meanwhile.
  root_complex_->mem_write(config_.bar_address(region) + offset, data);
  root_complex_->when_taken(std::move(done));
}

// The link goes down for a moment, as at a platform reset: everything below forgets what this server had set up.
void Endpoint::power_cycle() {
  link_(false);
  config_.reset();
  table_.fill(0);
  new_root_complex();
}

void Endpoint::reset() {
  power_cycle();
  link_(true);
}

void Endpoint::attach(vfio_user::Guest* guest) {
  guest_ = guest;
  if (guest != nullptr) guest->on_room([this] { room_is_back(); });
  power_cycle();
  if (guest != nullptr) link_(true);
  spdlog::info("{}: server is {}", name_, guest != nullptr ? "on" : "off");
}

bool Endpoint::read(std::uint64_t address, std::span<std::uint8_t> out) {
  return guest_ != nullptr && guest_->read(address, out);
}

bool Endpoint::write(std::uint64_t address, std::span<const std::uint8_t> data) {
  return guest_ != nullptr && guest_->write(address, data);
}

bool Endpoint::room(pcie::FlowClass cls) const { return guest_ == nullptr || guest_->room(cls); }

void Endpoint::interrupt(Bdf, std::uint64_t address, std::uint32_t data) {
  if (guest_ == nullptr) return;
  std::array<std::uint8_t, 4> bytes;
  for (unsigned i = 0; i < 4; ++i) bytes[i] = static_cast<std::uint8_t>(data >> 8 * i);
  guest_->send_dma_write(address, bytes);
}

std::string Endpoint::state() const {
  return fmt::format("{}: {}\n{}", name_, guest_ != nullptr ? "on" : "off", root_complex_->state());
}

}  // namespace vfpool::vmd

// SPDX-License-Identifier: Apache-2.0
// VFs attached directly to VMs, without bridge or PCIe fabric: each VF is a vfio-user device of its own, the PF is run
// by PfPersonality. The faster path for driver measurements.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/scheduler.hpp"
#include "nic82599/nic82599.hpp"
#include "nic82599/pf_personality.hpp"
#include "pcie/config_space.hpp"
#include "vfio_user/device.hpp"

namespace vfpool::nic82599 {

class DirectCard;

/// VF n of a DirectCard. Its configuration space shows 8086:10ed with real BARs, as a hypervisor would synthesise it.
class DirectVf : public vfio_user::Device {
 public:
  struct Counters {
    std::uint64_t reads = 0, writes = 0, dma_reads = 0, dma_writes = 0, dma_errors = 0, interrupts = 0,
                  lost_interrupts = 0;
  };

  DirectVf(DirectCard& card, unsigned vf);

  std::array<std::uint64_t, kBars> bar_sizes() const override;
  unsigned msix_vectors() const override;
  void read(unsigned region, std::uint64_t offset, unsigned size, ReadDone done) override;
  void write(unsigned region, std::uint64_t offset, std::span<const std::uint8_t> data, WriteDone done) override;
  void reset() override;
  void attach(vfio_user::Guest* guest) override;
  std::string state() const override;
  const Counters& counters() const { return counters_; }

 private:
  friend class DirectCard;
  void forget();
  void function_reset();
  void dma_read(std::uint64_t address, std::size_t size, const DmaPort::ReadDone& done);
  void dma_write(std::uint64_t address, std::span<const std::uint8_t> data);
  void interrupt(unsigned vector);
  bool bus_master() const;

  DirectCard& card_;
  unsigned vf_;
  pcie::ConfigSpace config_;
  vfio_user::Guest* guest_ = nullptr;
  Counters counters_;
};

/// A card and its VFs.
class DirectCard : public DmaPort {
 public:
  /// Throws std::invalid_argument for options that cannot be. Plug a wire into nic().
  DirectCard(Scheduler& scheduler, Nic82599::Options nic, PfPersonality::Options pf);
  ~DirectCard() override;

  Nic82599& nic() { return *nic_; }
  PfPersonality& pf() { return *pf_; }
  /// To be served; lives as long as the card.
  DirectVf& vf(unsigned n) { return *vfs_.at(n); }
  unsigned vfs() const { return static_cast<unsigned>(vfs_.size()); }
  std::string state() const;

  void read(FunctionId fn, std::uint64_t address, std::size_t size, ReadDone done) override;
  void write(FunctionId fn, std::uint64_t address, std::span<const std::uint8_t> data) override;
  void message(FunctionId fn, unsigned vector, std::uint64_t address, std::uint32_t data) override;
  bool congested(FunctionId) const override { return false; }
  void set_ready(std::function<void()>) override {}

 private:
  std::unique_ptr<Nic82599> nic_;
  std::vector<std::unique_ptr<DirectVf>> vfs_;
  std::unique_ptr<PfPersonality> pf_;
};

}  // namespace vfpool::nic82599

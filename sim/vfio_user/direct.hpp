// SPDX-License-Identifier: Apache-2.0
// Functions of a pcie::Device given directly to VMs over vfio-user, without bridge or PCIe fabric: what a hypervisor
// does when it passes a VF through. The faster path for driver measurements.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "pcie/config_space.hpp"
#include "pcie/device.hpp"
#include "pcie/dma.hpp"
#include "vfio_user/device.hpp"

namespace vfpool::vfio_user {

/// One function of a device. A VF has no identity and no BARs of its own (SR-IOV 1.1, 3.4.1), so its header is made up
/// here from what the PF's SR-IOV capability says; behind the header its own configuration space answers.
class DirectFunction : public Device {
 public:
  struct Counters {
    std::uint64_t reads = 0, writes = 0, dma_reads = 0, dma_writes = 0, dma_errors = 0, interrupts = 0,
                  lost_interrupts = 0;
  };

  /// `device` outlives this object. `fn` < device.functions() and, if a VF, has to be enabled while a VM uses it.
  DirectFunction(pcie::Device& device, pcie::FunctionId fn);

  std::array<std::uint64_t, kBars> bar_sizes() const override;
  unsigned msix_vectors() const override { return vectors_; }
  void read(unsigned region, std::uint64_t offset, unsigned size, ReadDone done) override;
  void write(unsigned region, std::uint64_t offset, std::span<const std::uint8_t> data, WriteDone done) override;
  void reset() override;
  void attach(Guest* guest) override;
  std::string state() const override;
  const Counters& counters() const { return counters_; }

  // DMA and interrupts of the function (DirectPort).
  void dma_read(std::uint64_t address, std::size_t size, const pcie::DmaPort::ReadDone& done);
  void dma_write(std::uint64_t address, std::span<const std::uint8_t> data);
  void interrupt(unsigned vector);

 private:
  static constexpr unsigned kHeaderSize = 0x40;

  pcie::ConfigSpace& space() const { return device_.config(fn_); }
  std::uint8_t config_read(unsigned offset) const;
  void config_write(unsigned offset, std::uint32_t value, unsigned size);
  void open_vectors();

  pcie::Device& device_;
  pcie::FunctionId fn_;
  pcie::ConfigSpace header_;  ///< the first 64 bytes of a VF; the rest is its own
  unsigned vectors_ = 0, table_bar_ = 0;
  std::uint32_t table_offset_ = 0;
  Guest* guest_ = nullptr;
  Counters counters_;
};

/// The DmaPort of a device whose functions are attached directly: each function reaches its own guest.
class DirectPort : public pcie::DmaPort {
 public:
  /// `pf_message`: an interrupt of function 0 while no VM has it, for whoever plays the PF's driver.
  explicit DirectPort(std::function<void(unsigned vector)> pf_message = {}) : pf_message_(std::move(pf_message)) {}

  /// The function to be served, made at the first call; lives as long as the port. The port belongs to one device.
  DirectFunction& function(pcie::Device& device, pcie::FunctionId fn);
  /// One line for each function.
  std::string state() const;

  // pcie::DmaPort. What a function without a guest reads fails, what it writes is lost.
  void read(pcie::FunctionId fn, std::uint64_t address, std::size_t size, ReadDone done) override;
  void write(pcie::FunctionId fn, std::uint64_t address, std::span<const std::uint8_t> data) override;
  void message(pcie::FunctionId fn, unsigned vector, std::uint64_t address, std::uint32_t data) override;
  bool room(pcie::FlowClass) const override { return true; }  // memory and eventfds, at once

 private:
  DirectFunction* find(pcie::FunctionId fn) const;

  std::function<void(unsigned)> pf_message_;
  std::map<pcie::FunctionId, std::unique_ptr<DirectFunction>> functions_;
};

}  // namespace vfpool::vfio_user

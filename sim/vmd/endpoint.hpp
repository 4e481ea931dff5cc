// SPDX-License-Identifier: Apache-2.0
// An Intel VMD endpoint (8086:28c0): one PCI function whose BARs are a whole PCIe domain. Stock QEMU attaches it over
// vfio-user, the stock vmd driver enumerates our root port and everything below it as domain 10000.
//
//   BAR0  configuration window, 1 MiB a bus
//   BAR2  32-bit memory window; guest addresses are the domain's addresses
//   BAR4  64-bit memory window; its first 8 KiB are this endpoint's own MSI-X table and PBA
//
// Message-signalled interrupts of the domain's functions go to the guest unchanged: this device id makes the driver
// leave the children's MSI addresses alone.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "pcie/config_space.hpp"
#include "pcie/root_complex.hpp"
#include "vfio_user/device.hpp"

namespace vfpool::vmd {

class Endpoint : public vfio_user::Device, public pcie::HostMemory {
 public:
  static constexpr unsigned kBuses = 32;
  static constexpr std::uint64_t kWindow32 = 64ULL << 20, kWindow64 = 256ULL << 20;

  /// `below`: the link under the root port. `link(up)`: called when the server is switched on or off, so that the
  /// neighbour can take the link down. References outlive the endpoint.
  Endpoint(Scheduler& scheduler, std::string name, pcie::TlpSink& below, std::function<void(bool up)> link);
  ~Endpoint() override;

  const std::string& name() const { return name_; }
  /// Where packets coming up the link go.
  pcie::TlpSink& up();
  const pcie::RootComplex& root_complex() const { return *root_complex_; }

  // vfio_user::Device
  std::array<std::uint64_t, kBars> bar_sizes() const override;
  unsigned msix_vectors() const override { return kVectors; }
  void read(unsigned region, std::uint64_t offset, unsigned size, ReadDone done) override;
  void write(unsigned region, std::uint64_t offset, std::span<const std::uint8_t> data, WriteDone done) override;
  void reset() override;
  void attach(vfio_user::Guest* guest) override;
  std::string state() const override;

  // pcie::HostMemory
  bool read(std::uint64_t address, std::span<std::uint8_t> out) override;
  bool write(std::uint64_t address, std::span<const std::uint8_t> data) override;
  bool room(pcie::FlowClass cls) const override;
  void interrupt(pcie::Bdf from, std::uint64_t address, std::uint32_t data) override;

 private:
  static constexpr unsigned kVectors = 32;
  static constexpr std::uint64_t kOwnPart = 0x2000;  ///< of BAR4

  class Up;

  void new_root_complex();
  void power_cycle();

  Scheduler& scheduler_;
  std::string name_;
  pcie::TlpSink& below_;
  std::function<void(bool)> link_;
  pcie::ConfigSpace config_;
  std::array<std::uint8_t, kOwnPart> table_{};
  std::unique_ptr<Up> up_;
  std::unique_ptr<pcie::RootComplex> root_complex_;
  vfio_user::Guest* guest_ = nullptr;
};

}  // namespace vfpool::vmd

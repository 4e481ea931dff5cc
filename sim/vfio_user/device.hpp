// SPDX-License-Identifier: Apache-2.0
// What a PCI function must offer to be served to QEMU over vfio-user: one endpoint, type 0 configuration space.
// Implemented by the VMD endpoint (a whole PCIe domain) and by a VF attached directly.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "pcie/flow.hpp"

namespace vfpool::vfio_user {

/// Guest memory and interrupts, offered by the server to its device. Valid while a client is attached. room(kPosted) is
/// false while the client leaves too many messages of send_dma_write() unread.
class Guest : public pcie::FlowControl {
 public:
  /// Directly in the client's shared memory. False if any byte lies outside its DMA maps or the access is not allowed.
  virtual bool read(std::uint64_t address, std::span<std::uint8_t> out) = 0;
  virtual bool write(std::uint64_t address, std::span<const std::uint8_t> data) = 0;
  /// A VFIO_USER_DMA_WRITE message to the client: reaches addresses that are not memory, such as 0xFEExxxxx.
  virtual void send_dma_write(std::uint64_t address, std::span<const std::uint8_t> data) = 0;
  /// Signals the eventfd of an MSI-X vector; false if the guest has none there.
  virtual bool signal_msix(unsigned vector) = 0;
};

class Device {
 public:
  using ReadDone = std::function<void(std::span<const std::uint8_t> data)>;
  using WriteDone = std::function<void()>;
  static constexpr unsigned kBars = 6;
  static constexpr unsigned kConfigRegion = 7;

  virtual ~Device() = default;
  /// Bytes of each BAR region (0: none); configuration space is 4096.
  virtual std::array<std::uint64_t, kBars> bar_sizes() const = 0;
  virtual unsigned msix_vectors() const = 0;
  /// Region is 0..5 (BAR) or kConfigRegion; offset and size are already checked against the region. `done` exactly
  /// once, at once or later; the server keeps the client's requests in order and begins none before. So a device that
  /// has no room for a write holds it back, and with it the client: the server reads no more than a few requests ahead.
  virtual void read(unsigned region, std::uint64_t offset, unsigned size, ReadDone done) = 0;
  virtual void write(unsigned region, std::uint64_t offset, std::span<const std::uint8_t> data, WriteDone done) = 0;
  /// VFIO_USER_DEVICE_RESET.
  virtual void reset() = 0;
  /// A client has attached (`guest`) or is gone (nullptr: killed, rebooted or disconnected; the device must forget
  /// all that the guest had set up, as at power-off).
  virtual void attach(Guest* guest) = 0;
  virtual std::string state() const = 0;
};

}  // namespace vfpool::vfio_user

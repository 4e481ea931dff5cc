// SPDX-License-Identifier: Apache-2.0
// For tests of devices: a guest that is nothing but memory from address 0, and notes the interrupts it gets.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "vfio_user/device.hpp"

namespace vfpool::vfio_user {

class TestGuest : public Guest {
 public:
  explicit TestGuest(std::size_t size = 1 << 20) : memory(size) {}

  bool room(pcie::FlowClass) const override { return true; }
  bool read(std::uint64_t address, std::span<std::uint8_t> out) override {
    if (!has(address, out.size())) return false;
    std::copy_n(memory.begin() + static_cast<std::ptrdiff_t>(address), out.size(), out.begin());
    return true;
  }
  bool write(std::uint64_t address, std::span<const std::uint8_t> data) override {
    if (!has(address, data.size())) return false;
    std::ranges::copy(data, memory.begin() + static_cast<std::ptrdiff_t>(address));
    return true;
  }
  void send_dma_write(std::uint64_t, std::span<const std::uint8_t>) override {}
  bool signal_msix(unsigned vector) override {
    signals.push_back(vector);
    return true;
  }

  std::vector<std::uint8_t> memory;
  std::vector<unsigned> signals;

 private:
  bool has(std::uint64_t address, std::size_t size) const {
    return size <= memory.size() && address <= memory.size() - size;
  }
};

}  // namespace vfpool::vfio_user

// SPDX-License-Identifier: Apache-2.0
// A function's MSI-X vectors (PCI Local Bus Spec 3.0, 6.8.2): the table and the pending bits that software sees in a
// BAR, and what becomes of an interrupt of the device.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "pcie/config_space.hpp"

namespace vfpool::pcie {

class MsixTable {
 public:
  /// Sends the message that a vector's entry holds.
  using Send = std::function<void(unsigned vector, std::uint64_t address, std::uint32_t data)>;

  /// `space` has an MSI-X capability, which says how many vectors there are, and outlives this object.
  MsixTable(ConfigSpace& space, Send send);

  // Aligned dwords; `offset` from the start of the table or of the pending bits. Beyond them: 0, ignored.
  std::uint32_t read_table(std::uint32_t offset) const;
  void write_table(std::uint32_t offset, std::uint32_t value);
  std::uint32_t read_pending(std::uint32_t offset) const;

  /// The device has something to say: sent at once, or pending while the vector or the function is masked. Lost while
  /// MSI-X is off.
  void raise(unsigned vector);
  void reset();

 private:
  struct Entry {
    std::uint64_t address = 0;
    std::uint32_t data = 0;
    bool masked = true;
    bool pending = false;
  };
  bool enabled() const { return control() & 0x8000; }
  bool open(const Entry& e) const { return enabled() && !(control() & 0x4000) && !e.masked; }
  std::uint16_t control() const { return space_.get16(at_ + 2); }
  void send_pending();

  ConfigSpace& space_;
  unsigned at_;
  Send send_;
  std::vector<Entry> entries_;
};

}  // namespace vfpool::pcie

// SPDX-License-Identifier: Apache-2.0
// The non-volatile memory, its registers and its semaphores (82599 data sheet 3.3, 6, 8.2.3.2, 8.2.3.4).
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "nic82599/serial_eeprom.hpp"

namespace vfpool::nic82599 {

class Eeprom {
 public:
  explicit Eeprom(const std::array<std::uint8_t, 6>& mac);

  /// Registers EEC, EERD, EEWR, SWSM. Empty or false: not one of them. Reading SWSM takes its semaphore.
  std::optional<std::uint32_t> read(unsigned offset);
  bool write(unsigned offset, std::uint32_t value);
  /// Device reset: releases the semaphores and the serial interface; the words stay.
  void reset();

  /// A word of the image, 0xffff behind its end.
  std::uint16_t word(unsigned index) const { return index < SerialEeprom::kWords ? chip_.word(index) : 0xffff; }
  /// The checksum of words 0..0x3e and of what the pointer words lead to, with word 0x3f; 0xbaba if the image is good
  /// (6.2.6).
  std::uint16_t checksum() const;

 private:
  void write_eec(std::uint32_t value);

  SerialEeprom chip_;
  std::uint32_t eerd_ = 0, eewr_ = 0, swsm_ = 0, eec_;
};

}  // namespace vfpool::nic82599

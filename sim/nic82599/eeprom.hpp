// SPDX-License-Identifier: Apache-2.0
// The non-volatile memory and the semaphores that guard it (82599 data sheet 3.3, 6, 8.2.3.2).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace vfpool::nic82599 {

class Eeprom {
 public:
  explicit Eeprom(const std::array<std::uint8_t, 6>& mac);

  /// Registers EEC, EERD, EEWR, SWSM. Empty or false: not one of them. Reading SWSM takes its semaphore.
  std::optional<std::uint32_t> read(unsigned offset);
  bool write(unsigned offset, std::uint32_t value);
  /// Device reset: releases the semaphores; the words stay.
  void reset();

  std::uint16_t word(unsigned index) const { return index < words_.size() ? words_[index] : 0xffff; }
  /// The checksum of words 0..0x3e and of what the pointer words lead to, with word 0x3f; 0xbaba if the image is good.
  std::uint16_t checksum() const;

 private:
  std::vector<std::uint16_t> words_;
  std::uint32_t eerd_ = 0, eewr_ = 0, swsm_ = 0, eec_ = 0;
};

}  // namespace vfpool::nic82599

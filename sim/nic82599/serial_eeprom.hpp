// SPDX-License-Identifier: Apache-2.0
// The memory chip beside the card: a serial EEPROM of the AT25160 kind (16 Kbit, 16-bit addresses, pages of 32 bytes),
// driven pin by pin (82599 data sheet 3.3.1; SPI mode 0: DI is taken at the rising edge of SK, DO changes at the
// falling one). Knows 03h READ, 02h WRITE, 06h WREN, 04h WRDI, 05h RDSR and 01h WRSR. A write is stored at once, so
// that the status register never shows one in progress.
#pragma once

#include <cstdint>
#include <vector>

namespace vfpool::nic82599 {

class SerialEeprom {
 public:
  static constexpr unsigned kWords = 1024;      ///< of 16 bits, the low byte first
  static constexpr unsigned kAddressBits = 16;  ///< of a byte's address; the upper five are ignored
  static constexpr unsigned kPage = 32;  ///< bytes; a write that runs beyond its page goes on at the page's start

  SerialEeprom() : bytes_(2 * kWords, 0xff) {}

  /// The levels of the pins after a change. `select` is true while the chip is selected (CS low).
  void pins(bool select, bool sk, bool di);
  /// Data output; high while the chip drives nothing.
  bool output() const { return do_; }

  /// Access beside the pins; `index` counts words and must be below kWords.
  std::uint16_t word(unsigned index) const {
    return static_cast<std::uint16_t>(bytes_[2 * index] | bytes_[2 * index + 1] << 8);
  }
  void set_word(unsigned index, std::uint16_t value);

 private:
  enum Instruction : std::uint8_t {
    kWriteStatus = 1,
    kWrite = 2,
    kRead = 3,
    kWriteDisable = 4,
    kReadStatus = 5,
    kWriteEnable = 6
  };

  void byte_in(std::uint8_t byte);
  void load_output();
  void deselected();

  std::vector<std::uint8_t> bytes_;
  bool selected_ = false, sk_ = false, do_ = true;
  bool write_enabled_ = false;
  unsigned bits_ = 0, bytes_in_ = 0;  ///< taken since the chip was selected: bits of the byte at hand, whole bytes
  std::uint8_t in_ = 0, out_ = 0xff, instruction_ = 0;
  unsigned out_left_ = 0;  ///< bits of out_ that are still to come
  unsigned address_ = 0;
  std::vector<std::uint8_t> written_;  ///< what a write has brought so far; stored when the chip is deselected
};

}  // namespace vfpool::nic82599

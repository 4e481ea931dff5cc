// SPDX-License-Identifier: Apache-2.0
#include "nic82599/serial_eeprom.hpp"

namespace vfpool::nic82599 {
namespace {

constexpr unsigned kHeader = 1 + SerialEeprom::kAddressBits / 8;  // instruction and address, bytes
constexpr std::uint8_t kWriteLatch = 1U << 1;                     // status register: WEL

}  // namespace

void SerialEeprom::set_word(unsigned index, std::uint16_t value) {
  bytes_[2 * index] = static_cast<std::uint8_t>(value);
  bytes_[2 * index + 1] = static_cast<std::uint8_t>(value >> 8);
}

void SerialEeprom::pins(bool select, bool sk, bool di) {
  if (selected_ && !select) deselected();
  if (!selected_ && select) {
    bits_ = bytes_in_ = out_left_ = 0;
    instruction_ = 0;
  }
  const bool rising = sk && !sk_, falling = !sk && sk_;
  const bool was_selected = selected_;
  selected_ = select;
  sk_ = sk;
  if (!select) {
    do_ = true;
    return;
  }
  if (!was_selected) return;  // an edge together with the selection is none for the chip
  if (rising) {
    in_ = static_cast<std::uint8_t>(in_ << 1 | (di ? 1 : 0));
    if (++bits_ % 8 == 0) byte_in(in_);
  }
  if (falling) {
    if (out_left_ == 0) load_output();
    do_ = out_left_ == 0 || (out_ >> --out_left_ & 1);
  }
}

void SerialEeprom::byte_in(std::uint8_t byte) {
  const unsigned at = bytes_in_++;
  if (at == 0) {
    instruction_ = byte;
    written_.clear();
    address_ = 0;
  } else if (at < kHeader) {
    address_ = (address_ << 8 | byte) % static_cast<unsigned>(bytes_.size());
  } else if (instruction_ == kWrite) {
    written_.push_back(byte);
    if (written_.size() > kPage) written_.erase(written_.begin());  // only the last of each cell counts
    address_ = address_ / kPage * kPage + (address_ + 1) % kPage;
  }
}

// The next byte to shift out, if the instruction gives any.
void SerialEeprom::load_output() {
  if (instruction_ == kReadStatus && bytes_in_ >= 1) {
    out_ = write_enabled_ ? kWriteLatch : 0;
    out_left_ = 8;
  } else if (instruction_ == kRead && bytes_in_ >= kHeader) {
    out_ = bytes_[address_];
    address_ = (address_ + 1) % static_cast<unsigned>(bytes_.size());
    out_left_ = 8;
  }
}

// Instructions that change something take effect when the chip is deselected behind a whole byte.
void SerialEeprom::deselected() {
  if (bits_ % 8 != 0) return;
  switch (instruction_) {
    case kWriteEnable: write_enabled_ = true; break;
    case kWriteDisable: write_enabled_ = false; break;
    case kWriteStatus: write_enabled_ = false; break;  // no block is protected
    case kWrite:
      if (written_.empty()) break;
      if (write_enabled_) {
        const unsigned page = address_ / kPage * kPage, end = address_ % kPage;
        const auto count = static_cast<unsigned>(written_.size());
        for (unsigned i = 0; i < count; ++i) bytes_[page + (end + kPage - count + i) % kPage] = written_[i];
      }
      write_enabled_ = false;
      break;
    default: break;
  }
}

}  // namespace vfpool::nic82599

// SPDX-License-Identifier: Apache-2.0
#include "nic82599/eeprom.hpp"

#include "nic82599/registers.hpp"

namespace vfpool::nic82599 {
namespace {

constexpr unsigned kWords = 1024;
constexpr unsigned kChecksumWord = 0x3f, kFirstPointer = 3, kLastPointer = 0xe;
constexpr std::uint16_t kGood = 0xbaba;
constexpr unsigned kDeviceCaps = 0x2c;
constexpr std::uint16_t kCapsNoCrosstalk = 1U << 7;  // no cage-present check of the module
// EEC: present, auto-read done, size 2^(4 + 6) words. The serial interface is never granted, so that bit-banged
// writes fail loudly instead of going nowhere.
constexpr std::uint32_t kEecFixed = bit(8) | bit(9) | 4U << 11, kEecWritable = 0x0000000f | bit(6);
constexpr std::uint32_t kStart = bit(0), kDone = bit(1);

}  // namespace

Eeprom::Eeprom(const std::array<std::uint8_t, 6>& mac) : words_(kWords, 0xffff) {
  for (unsigned i = 0; i < 3; ++i) words_[i] = static_cast<std::uint16_t>(mac[2 * i] | mac[2 * i + 1] << 8);
  words_[0x15] = 0x5646;  // board number, plain form
  words_[0x16] = 0x0001;
  words_[kDeviceCaps] = kCapsNoCrosstalk;
  words_[0x2d] = 0;
  words_[0x2e] = 0;
  words_[kChecksumWord] = 0;
  words_[kChecksumWord] = static_cast<std::uint16_t>(kGood - checksum());
}

std::uint16_t Eeprom::checksum() const {
  unsigned sum = 0;
  for (unsigned i = 0; i <= kChecksumWord; ++i) sum += words_[i];
  for (unsigned i = kFirstPointer; i <= kLastPointer; ++i) {
    const unsigned at = words_[i];
    if (at == 0 || at == 0xffff) continue;
    const unsigned length = word(at);
    if (length == 0 || length == 0xffff) continue;
    for (unsigned j = 1; j <= length; ++j) sum += word(at + j);
  }
  return static_cast<std::uint16_t>(sum);
}

std::optional<std::uint32_t> Eeprom::read(unsigned offset) {
  switch (offset) {
    case reg::kEec: return kEecFixed | eec_;
    case reg::kEerd: return eerd_;
    case reg::kEewr: return eewr_;
    case reg::kSwsm: {
      const std::uint32_t before = swsm_;
      swsm_ |= 1;  // test and set
      return before;
    }
    default: return std::nullopt;
  }
}

bool Eeprom::write(unsigned offset, std::uint32_t value) {
  const unsigned index = value >> 2 & 0x3fff;
  switch (offset) {
    case reg::kEec: eec_ = value & kEecWritable; return true;
    case reg::kEerd:
      eerd_ = value & 0xfffc;
      if (value & kStart) eerd_ |= kDone | static_cast<std::uint32_t>(word(index)) << 16;
      return true;
    case reg::kEewr:
      eewr_ = value & 0xfffffffc;
      if (value & kStart) {
        if (index < words_.size()) words_[index] = static_cast<std::uint16_t>(value >> 16);
        eewr_ |= kDone;
      }
      return true;
    case reg::kSwsm: swsm_ = value & 3; return true;
    default: return false;
  }
}

void Eeprom::reset() { swsm_ = eerd_ = eewr_ = eec_ = 0; }

}  // namespace vfpool::nic82599

// SPDX-License-Identifier: Apache-2.0
#include "nic82599/eeprom.hpp"

#include "nic82599/registers.hpp"

namespace vfpool::nic82599 {
namespace {

// Words of the image (6.1, 6.2).
constexpr unsigned kBoardNumber = 0x15, kDeviceCaps = 0x2c, kTrackId = 0x2d, kChecksumWord = 0x3f, kFirstPointer = 3,
                   kLastPointer = 0xe;
constexpr std::uint16_t kGood = 0xbaba, kNone = 0xffff;
constexpr std::uint16_t kCapsNoCrosstalk = 1U << 7;  // no cage-present check of the module

// EEC (8.2.3.2.1). The interface is granted as soon as it is asked for: nobody else uses it.
constexpr std::uint32_t kSk = bit(0), kCs = bit(1), kDi = bit(2), kDo = bit(3), kFlashWriteDisabled = 1U << 4,
                        kFlashWrite = 3U << 4, kRequest = bit(6), kGrant = bit(7), kPresent = bit(8),
                        kAutoReadDone = bit(9), kAddressSize = bit(10);
constexpr unsigned kSizeShift = 11;  // words = 2^(6 + size)
constexpr unsigned kSizeOf1024Words = 4;
constexpr std::uint32_t kEecFixed = kPresent | kAutoReadDone | kAddressSize | kSizeOf1024Words << kSizeShift;
constexpr std::uint32_t kEecPins = kSk | kCs | kDi;
static_assert(SerialEeprom::kWords == 1U << (6 + kSizeOf1024Words) && SerialEeprom::kAddressBits == 16);

// EERD, EEWR (8.2.3.2).
constexpr std::uint32_t kStart = bit(0), kDone = bit(1);

}  // namespace

Eeprom::Eeprom(const std::array<std::uint8_t, 6>& mac) {
  for (unsigned i = 0; i < 3; ++i) chip_.set_word(i, static_cast<std::uint16_t>(mac[2 * i] | mac[2 * i + 1] << 8));
  chip_.set_word(kBoardNumber, 0x5646);
  chip_.set_word(kBoardNumber + 1, 0x0001);
  chip_.set_word(kDeviceCaps, kCapsNoCrosstalk);
  chip_.set_word(kTrackId, 0);
  chip_.set_word(kTrackId + 1, 0);
  chip_.set_word(kChecksumWord, 0);
  chip_.set_word(kChecksumWord, static_cast<std::uint16_t>(kGood - checksum()));
  reset();
}

std::uint16_t Eeprom::checksum() const {
  unsigned sum = 0;
  for (unsigned i = 0; i <= kChecksumWord; ++i) sum += word(i);
  for (unsigned i = kFirstPointer; i <= kLastPointer; ++i) {
    const unsigned at = word(i);
    if (at == 0 || at == kNone) continue;
    const unsigned length = word(at);
    if (length == 0 || length == kNone) continue;
    for (unsigned j = 1; j <= length; ++j) sum += word(at + j);
  }
  return static_cast<std::uint16_t>(sum);
}

std::optional<std::uint32_t> Eeprom::read(unsigned offset) {
  switch (offset) {
    case reg::kEec: return eec_ | kEecFixed | (eec_ & kRequest ? kGrant : 0) | (chip_.output() ? kDo : 0);
    case reg::kEerd: return eerd_;
    case reg::kEewr: return eewr_;
    case reg::kSwsm: {
      const std::uint32_t before = swsm_;
      swsm_ |= 1;  // test and set (8.2.3.4.9)
      return before;
    }
    default: return std::nullopt;
  }
}

bool Eeprom::write(unsigned offset, std::uint32_t value) {
  const unsigned index = value >> 2 & 0x3fff;
  switch (offset) {
    case reg::kEec: write_eec(value); return true;
    case reg::kEerd:
      eerd_ = value & 0xfffc;
      if (value & kStart) eerd_ |= kDone | static_cast<std::uint32_t>(word(index)) << 16;
      return true;
    case reg::kEewr:
      eewr_ = value & 0xfffffffc;
      if (value & kStart) {
        if (index < SerialEeprom::kWords) chip_.set_word(index, static_cast<std::uint16_t>(value >> 16));
        eewr_ |= kDone;
      }
      return true;
    case reg::kSwsm: swsm_ = value & 3; return true;
    default: return false;
  }
}

// The pins follow the register only while the interface is granted; without a grant the card's own logic drives them.
void Eeprom::write_eec(std::uint32_t value) {
  eec_ = value & (kFlashWrite | kRequest);
  if (!(value & kRequest)) {
    chip_.pins(false, false, false);
    return;
  }
  eec_ |= value & kEecPins;
  chip_.pins(!(value & kCs), value & kSk, value & kDi);
}

void Eeprom::reset() {
  swsm_ = eerd_ = eewr_ = 0;
  write_eec(kFlashWriteDisabled);
}

}  // namespace vfpool::nic82599

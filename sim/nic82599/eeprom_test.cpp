// SPDX-License-Identifier: Apache-2.0
// The EEPROM through EEC, pin by pin, and through EERD and EEWR.
#include <random>

#include "nic82599/test_card.hpp"

namespace vfpool::nic82599 {
namespace {

constexpr std::uint32_t kSk = bit(0), kCs = bit(1), kDi = bit(2), kDo = bit(3), kRequest = bit(6), kGrant = bit(7);
constexpr unsigned kRead = 3, kWrite = 2, kWriteEnable = 6, kWriteDisable = 4, kReadStatus = 5;
constexpr std::uint8_t kBusy = bit(0), kWriteLatch = bit(1);

class SerialInterface : public Card {
 protected:
  std::uint16_t eerd(unsigned index) {
    pf(reg::kEerd, index << 2 | 1);
    EXPECT_TRUE(pf(reg::kEerd) & 2);
    return static_cast<std::uint16_t>(pf(reg::kEerd) >> 16);
  }
  void request() { pf(reg::kEec, (lines = kRequest | kCs)); }
  void select() { pf(reg::kEec, (lines = kRequest)); }
  void deselect() { pf(reg::kEec, (lines = kRequest | kCs)); }
  bool clock(bool di) {
    lines = kRequest | (di ? kDi : 0);
    pf(reg::kEec, lines);
    pf(reg::kEec, lines | kSk);
    const bool out = pf(reg::kEec) & kDo;  // before the falling edge, as drivers look
    pf(reg::kEec, lines);
    return out;
  }
  void out(unsigned value, unsigned bits) {
    while (bits-- > 0) clock(value >> bits & 1);
  }
  unsigned in(unsigned bits) {
    unsigned value = 0;
    while (bits-- > 0) value = value << 1 | (clock(false) ? 1 : 0);
    return value;
  }
  void instruction(unsigned opcode) {
    deselect();
    select();
    out(opcode, 8);
  }
  void at(unsigned opcode, unsigned word) {
    instruction(opcode);
    out(2 * word, 16);
  }
  std::uint16_t word_in() {
    const unsigned low = in(8);
    return static_cast<std::uint16_t>(low | in(8) << 8);
  }
  void word_out(unsigned value) {
    out(value & 0xff, 8);
    out(value >> 8, 8);
  }
  std::uint8_t status() {
    instruction(kReadStatus);
    return static_cast<std::uint8_t>(in(8));
  }
  void enable_writes() {
    instruction(kWriteEnable);
    deselect();
  }
  std::uint32_t lines = 0;
};

TEST_F(SerialInterface, IsGrantedWhenAskedForAndOnlyThen) {
  EXPECT_FALSE(pf(reg::kEec) & kGrant);
  request();
  EXPECT_TRUE(pf(reg::kEec) & kGrant);
  pf(reg::kEec, 0);
  EXPECT_FALSE(pf(reg::kEec) & (kGrant | kRequest));
  request();
  pf(reg::kCtrl, reg::kCtrlReset);
  EXPECT_FALSE(pf(reg::kEec) & (kGrant | kRequest));
}

TEST_F(SerialInterface, SizeAndAddressWidthAreThoseOfThePart) {
  const std::uint32_t eec = pf(reg::kEec);
  EXPECT_EQ(1U << (6 + (eec >> 11 & 0xf)), 1024u);
  EXPECT_TRUE(eec & bit(10));  // 16-bit addresses
}

TEST_F(SerialInterface, ReadsWhatEerdReads) {
  request();
  for (const unsigned word : {0u, 1u, 0x15u, 0x2cu, 0x3fu, 127u, 128u, 1023u}) {
    at(kRead, word);
    EXPECT_EQ(word_in(), eerd(word)) << word;
  }
  deselect();
}

TEST_F(SerialInterface, OneReadRunsOnThroughTheWholePartAndAround) {
  request();
  at(kRead, 1022);
  for (const unsigned word : {1022u, 1023u, 0u, 1u}) EXPECT_EQ(word_in(), eerd(word)) << word;
}

TEST_F(SerialInterface, WritesNeedTheLatchAndEndIt) {
  request();
  const std::uint16_t before = eerd(0x20);
  at(kWrite, 0x20);
  word_out(0x1234);
  deselect();
  EXPECT_EQ(eerd(0x20), before);
  EXPECT_EQ(status(), 0);
  enable_writes();
  EXPECT_EQ(status() & (kWriteLatch | kBusy), kWriteLatch);
  instruction(kWriteDisable);
  deselect();
  EXPECT_EQ(status(), 0);
  enable_writes();
  at(kWrite, 0x20);
  word_out(0x1234);
  EXPECT_EQ(eerd(0x20), before);  // nothing before the chip is deselected
  deselect();
  EXPECT_EQ(eerd(0x20), 0x1234);
  EXPECT_EQ(status(), 0);
}

TEST_F(SerialInterface, ALongWriteTurnsRoundInsideItsPage) {
  request();
  enable_writes();
  at(kWrite, 0x41);
  for (unsigned i = 0; i < 128; ++i) word_out(i);
  deselect();
  EXPECT_EQ(eerd(0x41), 112);  // that is how drivers find that a page has 16 words
  EXPECT_EQ(eerd(0x40), 127);
  EXPECT_EQ(eerd(0x50), 0xffff);
}

TEST_F(SerialInterface, ABrokenOffWriteAndUnknownInstructionsChangeNothing) {
  request();
  std::vector<std::uint16_t> before;
  for (unsigned i = 0; i < 1024; ++i) before.push_back(eerd(i));
  enable_writes();
  at(kWrite, 0x30);
  out(0x15, 5);  // not a whole byte
  deselect();
  enable_writes();
  at(kWrite, 0x30);
  deselect();
  enable_writes();
  instruction(kWrite);
  out(0, 3);
  deselect();
  for (const unsigned opcode : {0x00u, 0x0bu, 0xd8u, 0xffu}) {
    at(opcode, 0x30);
    out(0xaaaa, 16);
    deselect();
  }
  for (unsigned i = 0; i < 1024; ++i) ASSERT_EQ(eerd(i), before[i]) << i;
}

TEST_F(SerialInterface, WithoutAGrantThePinsGoNowhere) {
  for (const unsigned opcode : {kWriteEnable, kWrite}) {
    pf(reg::kEec, 0);
    for (unsigned i = 8; i-- > 0;) {
      const std::uint32_t di = opcode >> i & 1 ? kDi : 0;
      pf(reg::kEec, di);
      pf(reg::kEec, di | kSk);
    }
  }
  request();
  EXPECT_EQ(status(), 0);
}

TEST_F(SerialInterface, RandomPinsDoNoHarmToTheCard) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  for (unsigned i = 0; i < 200'000; ++i) pf(reg::kEec, static_cast<std::uint32_t>(random()));
  request();
  enable_writes();
  at(kWrite, 5);
  word_out(0xbeef);
  deselect();
  EXPECT_EQ(eerd(5), 0xbeef);
}

TEST_F(SerialInterface, EewrWritesWordsToo) {
  pf(reg::kEewr, 0x4321U << 16 | 0x30 << 2 | 1);
  EXPECT_TRUE(pf(reg::kEewr) & 2);
  EXPECT_EQ(eerd(0x30), 0x4321);
  pf(reg::kEewr, 0x4321U << 16 | 0x3fff << 2 | 1);  // beyond the part
  EXPECT_EQ(eerd(0x3fff), 0xffff);
  pf(reg::kCtrl, reg::kCtrlReset);
  EXPECT_EQ(eerd(0x30), 0x4321);  // survives a reset, as it is for
}

}  // namespace
}  // namespace vfpool::nic82599

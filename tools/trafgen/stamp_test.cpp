// SPDX-License-Identifier: Apache-2.0
#include "stamp.hpp"

#include <gtest/gtest.h>

#include <random>

#include "crc32c.hpp"

namespace vfpool::trafgen {
namespace {

std::vector<std::uint8_t> random_bytes(std::mt19937& random, std::size_t n) {
  std::vector<std::uint8_t> bytes(n);
  for (auto& b : bytes) b = static_cast<std::uint8_t>(random());
  return bytes;
}

// RFC 3720, appendix B.4.
TEST(Crc32cTest, FitsTheExamplesOfTheStandard) {
  std::vector<std::uint8_t> bytes(32, 0);
  EXPECT_EQ(crc32c(bytes), 0x8a9136aaU);
  std::fill(bytes.begin(), bytes.end(), 0xff);
  EXPECT_EQ(crc32c(bytes), 0x62a8ab43U);
}

TEST(Crc32cTest, IsTheSameByInstructionByTableAndInPieces) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  for (int i = 0; i < 200; ++i) {
    const auto bytes = random_bytes(random, random() % 300);
    const std::span<const std::uint8_t> all(bytes);
    const std::size_t cut = random() % (bytes.size() + 1);
    ASSERT_EQ(crc32c(all), crc32c_by_table(all));
    ASSERT_EQ(crc32c(all), crc32c(all.subspan(cut), crc32c(all.first(cut))));
  }
}

TEST(StampTest, ComesBackAsItWasPut) {
  for (const std::size_t size : {Stamp::kBytes, Stamp::kBytes + 1, std::size_t{1472}}) {
    std::vector<std::uint8_t> payload(size, 0xa5);
    put_stamp({.stream = 513, .sequence = 0xfffffffe, .time = Stamp::kTimeMask - 5}, payload);
    Stamp s;
    ASSERT_EQ(get_stamp(payload, s), StampKind::kGood);
    EXPECT_EQ(s.stream, 513);
    EXPECT_EQ(s.sequence, 0xfffffffe);
    EXPECT_EQ(s.time, Stamp::kTimeMask - 5);
  }
}

TEST(StampTest, AnyFlippedBitBehindTheMagicIsSeen) {
  std::vector<std::uint8_t> payload(64, 1);
  put_stamp({.stream = 1, .sequence = 2, .time = 3}, payload);
  Stamp s;
  for (std::size_t bit = 16; bit < payload.size() * 8; ++bit) {
    payload[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    EXPECT_EQ(get_stamp(payload, s), StampKind::kCorrupt) << bit;
    payload[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
  }
}

TEST(StampTest, ShortOrUnstampedPayloadIsForeign) {
  Stamp s;
  EXPECT_EQ(get_stamp({}, s), StampKind::kForeign);
  std::vector<std::uint8_t> payload(64, 0);
  EXPECT_EQ(get_stamp(payload, s), StampKind::kForeign);
  put_stamp({}, payload);
  EXPECT_EQ(get_stamp(std::span(payload).first(Stamp::kBytes - 1), s), StampKind::kForeign);
}

}  // namespace
}  // namespace vfpool::trafgen

// SPDX-License-Identifier: Apache-2.0
#include "pcie/tlp.hpp"

#include <gtest/gtest.h>

#include <random>

namespace vfpool::pcie {
namespace {

std::vector<std::uint8_t> pattern(std::size_t n) {
  std::vector<std::uint8_t> v(n);
  for (std::size_t i = 0; i < n; ++i) v[i] = static_cast<std::uint8_t>(i * 7 + 1);
  return v;
}

TEST(Tlp, AddressesBelow4GiBUse3Dw) {
  EXPECT_FALSE(mem_read(Bdf(1, 0, 0), 5, 0xfffff000, 4).four_dw());
  EXPECT_TRUE(mem_read(Bdf(1, 0, 0), 5, 0x100000000, 4).four_dw());
}

TEST(Tlp, ByteEnablesAndCountFollowTheByteAddress) {
  for (unsigned lead = 0; lead < 4; ++lead) {
    for (unsigned n = 1; n <= 40; ++n) {
      const Tlp t = mem_read(Bdf(1, 0, 0), 0, 0x1000 + lead, n);
      EXPECT_EQ(first_byte(t), 0x1000u + lead);
      EXPECT_EQ(byte_length(t), n) << "lead " << lead;
      EXPECT_FALSE(malformed(t)) << *malformed(t);
    }
  }
}

TEST(Tlp, KnownHeaderBytesOfA3DwRead) {
  const auto bytes = to_bytes(mem_read(Bdf(4, 16, 2), 0x21, 0xfebf1008, 8));
  EXPECT_EQ(bytes, (std::vector<std::uint8_t>{0x00, 0x00, 0x00, 0x02, 0x04, 0x82, 0x21, 0xff, 0xfe, 0xbf, 0x10, 0x08}));
}

TEST(Tlp, CompletionsSplitAtTheReadCompletionBoundary) {
  const Tlp read = mem_read(Bdf(2, 0, 0), 3, 0x1234, 300);
  const auto data = pattern(300);
  const auto cpls = completions_with_data(read, Bdf(0, 1, 0), data, 128, 64);
  std::vector<std::uint8_t> seen;
  unsigned left = 300;
  std::uint64_t at = 0x1234;
  for (const Tlp& c : cpls) {
    EXPECT_EQ(c.byte_count(), left);
    EXPECT_EQ(c.lower_address(), at & 0x7f);
    EXPECT_LE(c.data.size(), 128u);
    const unsigned here = std::min<unsigned>(left, static_cast<unsigned>(c.data.size()) - (at & 3));
    seen.insert(seen.end(), c.data.begin() + (at & 3), c.data.begin() + (at & 3) + here);
    at += here;
    left -= here;
    if (left > 0) {
      EXPECT_EQ(at % 64, 0u);
    }
  }
  EXPECT_EQ(seen, data);
}

TEST(Tlp, MalformedPacketsAreNamed) {
  Tlp t = mem_write(Bdf(1, 0, 0), 0x1000, pattern(8));
  t.data.resize(4);
  EXPECT_TRUE(malformed(t));
  t = mem_read(Bdf(1, 0, 0), 0, 0x1ff8, 8);
  t.hdr[0] = (t.hdr[0] & ~0x3ffu) | 4;  // now crosses 4 KiB
  EXPECT_TRUE(malformed(t));
  t = cfg_read(Bdf(0, 0, 0), 0, Bdf(1, 0, 0), 0, 4, false);
  t.hdr[0] |= 2;
  EXPECT_TRUE(malformed(t));
  t = mem_read(Bdf(1, 0, 0), 0, 0x100000000, 8);
  t.hdr[2] = 0;  // 4 DW header, address below 4 GiB
  EXPECT_TRUE(malformed(t));
}

TEST(Tlp, RandomBytesNeverBreakTheDecoder) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 rng(seed);
  for (int i = 0; i < 20000; ++i) {
    std::vector<std::uint8_t> bytes(4 * (rng() % 12));
    for (auto& b : bytes) b = static_cast<std::uint8_t>(rng());
    const auto t = from_bytes(bytes);
    if (!t) continue;
    EXPECT_EQ(to_bytes(*t), bytes);
    (void)malformed(*t);
    (void)t->str();
    (void)first_byte(*t);
    (void)byte_length(*t);
  }
}

}  // namespace
}  // namespace vfpool::pcie

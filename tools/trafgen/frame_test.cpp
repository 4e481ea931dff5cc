// SPDX-License-Identifier: Apache-2.0
#include "frame.hpp"

#include <gtest/gtest.h>

#include <random>

#include "bytes.hpp"

namespace vfpool::trafgen {
namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes make(const FrameMaker& maker, std::uint64_t sequence) {
  Bytes frame(maker.bytes(sequence));
  maker.make(sequence, 1000 + sequence, frame.data());
  return frame;
}

// RFC 1071 over everything, checksum included: 0 if it is right.
std::uint16_t internet_sum(const Bytes& bytes, std::size_t from, std::size_t to, std::uint32_t s = 0) {
  for (std::size_t i = from; i < to; ++i) s += std::uint32_t{bytes[i]} << ((i - from) % 2 == 0 ? 8 : 0);
  while (s > 0xffff) s = (s & 0xffff) + (s >> 16);
  return static_cast<std::uint16_t>(~s);
}

Stream stream_of(Protocol protocol, bool vlan, std::vector<unsigned> sizes) {
  Stream s;
  s.protocol = protocol;
  s.sizes = std::move(sizes);
  s.flows = 5;
  if (vlan) s.vlan = 100, s.priority = 3;
  return s;
}

TEST(FrameTest, LengthsAndChecksumsAreRightForAllSizesAndProtocols) {
  for (const Protocol protocol : {Protocol::kUdp, Protocol::kTcp}) {
    for (const bool vlan : {false, true}) {
      const FrameMaker maker(stream_of(protocol, vlan, {80, 81, 90, 101, 1518, 9216}), 3);
      const std::size_t ip = vlan ? 18 : 14, l4 = ip + 20;
      for (std::uint64_t sequence = 0; sequence < 60; ++sequence) {
        const Bytes f = make(maker, sequence);
        ASSERT_EQ(internet_sum(f, ip, l4), 0);
        ASSERT_EQ(get(&f[ip + 2], 2), f.size() - ip);
        std::uint32_t pseudo = f[ip + 9] + static_cast<std::uint32_t>(f.size() - l4);
        for (std::size_t i = ip + 12; i < l4; i += 2) pseudo += static_cast<std::uint32_t>(get(&f[i], 2));
        ASSERT_EQ(internet_sum(f, l4, f.size(), pseudo), 0) << sequence;
        ASSERT_EQ(get(&f[l4], 2), 1024 + sequence % 5);
      }
    }
  }
}

TEST(FrameTest, TheSmallestFrameHoldsAStamp) {
  const FrameMaker maker(Stream{}, 0);
  const Bytes f = make(maker, 7);
  EXPECT_EQ(f.size(), 60U);
  std::span<const std::uint8_t> payload;
  ASSERT_EQ(find_payload(f, payload), FrameKind::kUdpOrTcp);
  EXPECT_EQ(payload.size(), Stamp::kBytes);
  Stamp stamp;
  ASSERT_EQ(get_stamp(payload, stamp), StampKind::kGood);
  EXPECT_EQ(stamp.sequence, 7U);
  EXPECT_EQ(stamp.time, 1007U);
}

TEST(FrameTest, PaddingBehindTheDatagramIsNotPayload) {
  Bytes f = make(FrameMaker(stream_of(Protocol::kUdp, false, {70}), 0), 0);
  const std::size_t size = f.size();
  f.resize(size + 30, 0xee);
  std::span<const std::uint8_t> payload;
  ASSERT_EQ(find_payload(f, payload), FrameKind::kUdpOrTcp);
  EXPECT_EQ(payload.size(), size - 42);
}

TEST(FrameTest, EveryShorterFrameIsTruncated) {
  for (const Protocol protocol : {Protocol::kUdp, Protocol::kTcp}) {
    const Bytes f = make(FrameMaker(stream_of(protocol, true, {128}), 0), 0);
    std::span<const std::uint8_t> payload;
    for (std::size_t n = 0; n < f.size(); ++n)
      ASSERT_EQ(find_payload(std::span(f).first(n), payload), FrameKind::kTruncated) << n;
  }
}

TEST(FrameTest, RandomBytesNeverLeadOutsideTheFrame) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  const Bytes good = make(FrameMaker(stream_of(Protocol::kTcp, true, {128}), 0), 0);
  for (int i = 0; i < 50'000; ++i) {
    Bytes f(good.begin(), good.begin() + random() % (good.size() + 1));
    for (auto n = random() % 6; n > 0 && !f.empty(); --n) f[random() % f.size()] = static_cast<std::uint8_t>(random());
    std::span<const std::uint8_t> payload;
    if (find_payload(f, payload) != FrameKind::kUdpOrTcp || payload.empty()) continue;
    ASSERT_GE(payload.data(), f.data());
    ASSERT_LE(payload.data() + payload.size(), f.data() + f.size());
  }
}

}  // namespace
}  // namespace vfpool::trafgen

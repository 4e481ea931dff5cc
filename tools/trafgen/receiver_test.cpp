// SPDX-License-Identifier: Apache-2.0
#include "receiver.hpp"

#include <gtest/gtest.h>

#include "frame.hpp"

namespace vfpool::trafgen {
namespace {

class ReceiverTest : public testing::Test {
 protected:
  std::vector<std::uint8_t> frame(std::uint16_t stream, std::uint64_t sequence, std::uint64_t time = 500) {
    const FrameMaker maker(Stream{}, stream);
    std::vector<std::uint8_t> f(maker.bytes(sequence));
    maker.make(sequence, time, f.data());
    return f;
  }
  const StreamAccount& stream(std::size_t n) { return receiver.streams()[n]; }

  Receiver receiver{{0, 0}};
};

TEST_F(ReceiverTest, KeepsTheStreamsApart) {
  receiver.frame(frame(0, 0), 600);
  receiver.frame(frame(1, 0), 700);
  receiver.frame(frame(1, 1), 900);
  EXPECT_EQ(stream(0).arrivals.received(), 1U);
  EXPECT_EQ(stream(1).arrivals.received(), 2U);
  EXPECT_EQ(stream(0).latency.max(), 100U);
  EXPECT_EQ(stream(1).latency.max(), 400U);
  EXPECT_EQ(stream(1).gaps.max(), 200U);
  EXPECT_EQ(stream(1).bytes, 128U);
}

TEST_F(ReceiverTest, CountsForeignTruncatedAndCorruptFramesApart) {
  receiver.frame(std::vector<std::uint8_t>(60, 0), 1);
  receiver.frame(frame(2, 0), 1);  // there is no such stream
  auto f = frame(0, 0);
  receiver.frame(std::span(f).first(50), 1);
  f.back() ^= 1;
  receiver.frame(f, 1);
  receiver.frame({}, 1);
  EXPECT_EQ(receiver.foreign(), 2U);
  EXPECT_EQ(receiver.truncated(), 2U);
  EXPECT_EQ(receiver.corrupt(), 1U);
  EXPECT_EQ(receiver.frames(), 5U);
  EXPECT_EQ(stream(0).arrivals.received(), 0U);
}

TEST_F(ReceiverTest, FramesThatWereNeverSentAreStray) {
  const std::vector<std::uint64_t> sent = {3, 0};
  receiver.frame(frame(0, 2), 600, sent);
  receiver.frame(frame(0, 3), 600, sent);
  EXPECT_EQ(stream(0).arrivals.received(), 1U);
  EXPECT_EQ(stream(0).arrivals.stray(), 1U);
  EXPECT_EQ(stream(0).latency.count(), 1U);
}

TEST_F(ReceiverTest, WhatAnEarlierProcessSentIsStrayWhateverItsNumber) {
  receiver = Receiver({0, 0}, 500);
  const std::vector<std::uint64_t> sent = {3, 0};
  receiver.frame(frame(0, 1, 499), 600, sent);
  receiver.frame(frame(0, 0, 500), 600, sent);
  EXPECT_EQ(stream(0).arrivals.stray(), 1U);
  EXPECT_EQ(stream(0).arrivals.received(), 1U);
  EXPECT_EQ(stream(0).latency.count(), 1U);
}

TEST_F(ReceiverTest, AStampFromTheFutureIsNoLatency) {
  receiver.frame(frame(0, 0, 700), 600);
  EXPECT_EQ(stream(0).from_future, 1U);
  EXPECT_EQ(stream(0).latency.count(), 0U);
}

TEST_F(ReceiverTest, LatencyHoldsWhereTheStampsTimeWraps) {
  receiver.frame(frame(0, 0, Stamp::kTimeMask - 9), Stamp::kTimeMask + 11);
  EXPECT_EQ(stream(0).latency.max(), 20U);
}

}  // namespace
}  // namespace vfpool::trafgen

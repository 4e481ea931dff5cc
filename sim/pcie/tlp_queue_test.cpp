// SPDX-License-Identifier: Apache-2.0
#include "pcie/tlp_queue.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <utility>
#include <vector>

namespace vfpool::pcie {
namespace {

constexpr unsigned kP = 1, kN = 2, kC = 4, kAll = 7;

Tlp packet(FlowClass c, std::uint64_t number) {
  const std::array<std::uint8_t, 4> bytes{};
  const Bdf id(1, 0, 0);
  switch (c) {
    case FlowClass::kPosted: return mem_write(id, number * 4, bytes);
    case FlowClass::kNonPosted: return mem_read(id, 0, number * 4, 4);
    case FlowClass::kCompletion: break;
  }
  Tlp t = completion(mem_read(id, 0, 0, 4), id, CplStatus::kSuccess);
  t.hdr[2] = static_cast<std::uint32_t>(number);
  return t;
}
std::uint64_t number_of(const Tlp& t) { return t.flow_class() == FlowClass::kCompletion ? t.hdr[2] : t.address() / 4; }

TEST(TlpQueue, WithRoomForAllEachClassInTurnIsFirstInFirstOut) {
  TlpQueue q;
  for (unsigned i = 0; i < 9; ++i) q.push(packet(static_cast<FlowClass>(i % 3), i));
  for (unsigned i = 0; i < 9; ++i) EXPECT_EQ(number_of(*q.pop(kAll)), i);
  EXPECT_FALSE(q.pop(kAll));
}

TEST(TlpQueue, ARequestWaitsForOneCompletionAtMostAndTheOtherWayRound) {
  for (const auto& [many, one] : {std::pair{FlowClass::kCompletion, FlowClass::kNonPosted},
                                  std::pair{FlowClass::kNonPosted, FlowClass::kCompletion}}) {
    TlpQueue q;
    for (unsigned i = 0; i < 9; ++i) q.push(packet(many, i));
    EXPECT_EQ(number_of(*q.pop(kAll)), 0u);
    q.push(packet(one, 9));
    EXPECT_EQ(number_of(*q.pop(kAll)), 9u);
    q.push(packet(one, 10));
    EXPECT_EQ(number_of(*q.pop(kAll)), 1u);
    EXPECT_EQ(number_of(*q.pop(kAll)), 10u);
    for (unsigned i = 2; i < 9; ++i) EXPECT_EQ(number_of(*q.pop(kAll)), i);
  }
}

TEST(TlpQueue, PostedAndCompletionsPassRequestsThatHaveNoRoom) {
  TlpQueue q;
  q.push(packet(FlowClass::kNonPosted, 0));
  q.push(packet(FlowClass::kCompletion, 1));
  q.push(packet(FlowClass::kPosted, 2));
  EXPECT_EQ(number_of(*q.pop(kP | kC)), 1u);
  EXPECT_EQ(number_of(*q.pop(kP | kC)), 2u);
  EXPECT_FALSE(q.can_pop(kP | kC));
  EXPECT_EQ(number_of(*q.pop(kN)), 0u);
}

TEST(TlpQueue, PostedPassCompletionsThatHaveNoRoom) {
  TlpQueue q;
  q.push(packet(FlowClass::kCompletion, 0));
  q.push(packet(FlowClass::kPosted, 1));
  EXPECT_EQ(number_of(*q.pop(kP | kN)), 1u);
}

TEST(TlpQueue, NothingPassesAPostedPacket) {
  TlpQueue q;
  q.push(packet(FlowClass::kPosted, 0));
  q.push(packet(FlowClass::kNonPosted, 1));
  q.push(packet(FlowClass::kCompletion, 2));
  EXPECT_FALSE(q.can_pop(kN | kC));
  EXPECT_FALSE(q.pop(kN | kC));
  EXPECT_EQ(q.size(), 3u);
}

// Against the rules themselves, packet by packet.
TEST(TlpQueue, RandomRoomNeverBreaksTheOrder) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  TlpQueue q;
  std::vector<std::pair<FlowClass, std::uint64_t>> inside;  // in order of arrival
  std::uint64_t number = 0;
  auto last = FlowClass::kPosted;  // that was no posted one, or nothing yet
  for (int step = 0; step < 20'000; ++step) {
    if (random() % 2 && inside.size() < 50) {
      const auto c = static_cast<FlowClass>(random() % 3);
      q.push(packet(c, number));
      inside.emplace_back(c, number++);
      continue;
    }
    const unsigned room = random() % 8;
    const auto t = q.pop(room);
    bool possible = false;
    for (const auto& [c, n] : inside) {
      possible = possible || room >> static_cast<unsigned>(c) & 1;
      if (possible || c == FlowClass::kPosted) break;  // whatever is younger must not pass
    }
    ASSERT_EQ(t.has_value(), possible);
    if (!t) continue;
    const auto me = std::find(inside.begin(), inside.end(), std::pair(t->flow_class(), number_of(*t)));
    ASSERT_NE(me, inside.end());
    for (auto older = inside.begin(); older != me; ++older) {
      ASSERT_NE(older->first, t->flow_class());
      ASSERT_NE(older->first, FlowClass::kPosted);
      if (room >> static_cast<unsigned>(older->first) & 1) {
        ASSERT_NE(t->flow_class(), FlowClass::kPosted) << "passed a packet that had room";
        ASSERT_NE(t->flow_class(), last) << "passed a packet that had room, and whose turn it was";
      }
    }
    if (t->flow_class() != FlowClass::kPosted) last = t->flow_class();
    inside.erase(me);
  }
}

}  // namespace
}  // namespace vfpool::pcie

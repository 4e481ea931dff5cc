// SPDX-License-Identifier: Apache-2.0
// The ring between dispatcher and worker, single-threaded and with two threads.
#include <gtest/gtest.h>

#include <array>
#include <thread>

extern "C" {
#include "spsc.h"
}

namespace vfpool::airvf {
namespace {

TEST(Spsc, HoldsAsMuchAsItHasSlotsAndRefusesMore) {
  airvf_spsc ring;
  airvf_spsc_init(&ring, 8);
  uint32_t slot = 0;
  for (uint32_t i = 0; i < 8; ++i) {
    ASSERT_TRUE(airvf_spsc_claim(&ring, &slot));
    EXPECT_EQ(slot, i);
  }
  EXPECT_FALSE(airvf_spsc_claim(&ring, &slot));
  EXPECT_EQ(airvf_spsc_room(&ring), 0U);
}

TEST(Spsc, ShowsNothingBeforeItIsPublished) {
  airvf_spsc ring;
  airvf_spsc_init(&ring, 8);
  uint32_t slot = 0;
  ASSERT_TRUE(airvf_spsc_claim(&ring, &slot));
  EXPECT_FALSE(airvf_spsc_peek(&ring, &slot));
  EXPECT_EQ(airvf_spsc_depth(&ring), 0U);
  airvf_spsc_publish(&ring);
  EXPECT_TRUE(airvf_spsc_peek(&ring, &slot));
  EXPECT_EQ(airvf_spsc_depth(&ring), 1U);
  airvf_spsc_pop(&ring);
  EXPECT_FALSE(airvf_spsc_peek(&ring, &slot));
}

TEST(Spsc, IsFullUntilTheConsumerGivesASlotBack) {
  airvf_spsc ring;
  airvf_spsc_init(&ring, 4);
  uint32_t slot = 0;
  for (uint32_t i = 0; i < 4; ++i) {
    EXPECT_FALSE(airvf_spsc_full(&ring));
    ASSERT_TRUE(airvf_spsc_claim(&ring, &slot));
  }
  EXPECT_TRUE(airvf_spsc_full(&ring));
  airvf_spsc_publish(&ring);
  ASSERT_TRUE(airvf_spsc_peek(&ring, &slot));
  EXPECT_TRUE(airvf_spsc_full(&ring));
  airvf_spsc_pop(&ring);
  EXPECT_FALSE(airvf_spsc_full(&ring));
}

TEST(Spsc, KnowsTheSlotBehindTheOldest) {
  airvf_spsc ring;
  airvf_spsc_init(&ring, 4);
  uint32_t slot = 0;
  for (uint32_t i = 0; i < 2; ++i) ASSERT_TRUE(airvf_spsc_claim(&ring, &slot));
  airvf_spsc_publish(&ring);
  ASSERT_TRUE(airvf_spsc_peek(&ring, &slot));
  EXPECT_EQ(slot, 0U);
  EXPECT_TRUE(airvf_spsc_behind(&ring, &slot));
  EXPECT_EQ(slot, 1U);
  airvf_spsc_pop(&ring);
  ASSERT_TRUE(airvf_spsc_peek(&ring, &slot));
  EXPECT_FALSE(airvf_spsc_behind(&ring, &slot));
}

TEST(Spsc, IndicesMayWrapAround) {
  airvf_spsc ring;
  airvf_spsc_init(&ring, 4);
  ring.head = ring.tail = ring.next = ring.seen_head = ring.seen_tail = UINT32_MAX - 1;
  uint32_t slot = 0;
  for (uint32_t i = 0; i < 4; ++i) ASSERT_TRUE(airvf_spsc_claim(&ring, &slot));
  EXPECT_FALSE(airvf_spsc_claim(&ring, &slot));
  airvf_spsc_publish(&ring);
  for (uint32_t i = 0; i < 4; ++i) {
    ASSERT_TRUE(airvf_spsc_peek(&ring, &slot));
    EXPECT_EQ(slot, (UINT32_MAX - 1 + i) & 3U);
    airvf_spsc_pop(&ring);
  }
  EXPECT_FALSE(airvf_spsc_peek(&ring, &slot));
}

TEST(Spsc, TwoThreadsLoseDoubleAndSwapNothing) {
  constexpr uint64_t kItems = 300000;
  airvf_spsc ring;
  std::array<uint64_t, 64> item{};
  airvf_spsc_init(&ring, item.size());

  std::thread producer([&] {
    uint32_t slot = 0;
    for (uint64_t i = 0; i < kItems;) {
      if (airvf_spsc_claim(&ring, &slot)) {
        item[slot] = i++;
        // Batches of odd length, as polls give them.
        if (i % 7 == 0 || i == kItems) airvf_spsc_publish(&ring);
      } else {
        airvf_spsc_publish(&ring);
        std::this_thread::yield();
      }
    }
  });
  uint64_t expected = 0;
  uint32_t slot = 0;
  while (expected < kItems) {
    if (!airvf_spsc_peek(&ring, &slot)) {
      std::this_thread::yield();
      continue;
    }
    ASSERT_EQ(item[slot], expected);
    ++expected;
    airvf_spsc_pop(&ring);
  }
  producer.join();
  EXPECT_FALSE(airvf_spsc_peek(&ring, &slot));
}

}  // namespace
}  // namespace vfpool::airvf

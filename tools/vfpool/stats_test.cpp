// SPDX-License-Identifier: Apache-2.0
#include "stats.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "commands.hpp"
#include "fake_pool.hpp"
#include "show.hpp"
#include "tables.hpp"

namespace vfpool::tools {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

constexpr __u64 kSecond = 1'000'000'000;

/// The owner's pool; VF 1 is with user 2.
struct StatsTest : testing::Test {
  StatsTest() {
    pool.about.role = VFPOOL_OWNER;
    pool.about.port = 0;
    for (unsigned n = 0; n < 4; ++n) {
      pool.vfs[n].vf = static_cast<__u8>(n);
      count(n, 0, 0);
    }
    pool.vfs[1].use = VFPOOL_USE_ASSIGNED;
    pool.vfs[1].user = 2;
  }
  /// After `seconds`, VF `n` has had so many frames of 1000 bytes.
  void count(unsigned n, __u64 seconds, __u64 frames) {
    auto& c = pool.frames[n];
    c.vf = static_cast<__u8>(n);
    c.time = (100 + seconds) * kSecond;
    c.rx_packets = frames;
    c.rx_bytes = 1000 * frames;
    c.tx_packets = 2 * frames;
    c.tx_bytes = 2000 * frames;
  }
  FakePool pool;
  FakeServer fake;
  Server server{fake.root};
};

TEST_F(StatsTest, EachPortSaysWhatCameInAndWentOut) {
  pool.ports[3].rx[1] = 17;
  pool.ports[2].tx[2] = 18;
  pool.dropped.packets[4] = 19;
  const json all = stats(pool, server);
  ASSERT_EQ(all["ports"].size(), 4u);  // owner, two users, card
  EXPECT_EQ(all["ports"][3]["name"], "card");
  EXPECT_EQ(all["ports"][3]["rx"]["non_posted"], 17);
  EXPECT_EQ(all["ports"][2]["name"], "user 2");
  EXPECT_EQ(all["ports"][2]["tx"]["completions"], 18);
  EXPECT_EQ(all["drops"]["not_assigned"], 19);
}

TEST_F(StatsTest, EachCardHasAPortAndVfsThatCount) {
  pool.add_card(1);
  count(64, 1, 7);
  pool.ports[4].rx[0] = 20;
  const json all = stats(pool, server);
  ASSERT_EQ(all["ports"].size(), 5u);
  EXPECT_EQ(all["ports"][3]["name"], "card 0");
  EXPECT_EQ(all["ports"][4]["name"], "card 1");
  EXPECT_EQ(all["ports"][4]["card"], 1);
  EXPECT_EQ(all["ports"][4]["rx"]["posted"], 20);
  ASSERT_EQ(all["vfs"].size(), 5u);
  EXPECT_EQ(all["vfs"][4]["vf"], 64);
  EXPECT_EQ(all["vfs"][4]["card"], 1);
  EXPECT_EQ(all["vfs"][4]["rx_packets"], 7);
  EXPECT_THAT(stats_table(all), HasSubstr("\n 1.0    -    -"));
}

TEST_F(StatsTest, RatesAreOfTheTimeBetweenTheTwoReadings) {
  const json before = stats(pool, server);
  count(1, 2, 1000);
  const json now = rates(before, stats(pool, server));
  EXPECT_DOUBLE_EQ(now["vfs"][1]["rx_mbit"], 4.0);
  EXPECT_DOUBLE_EQ(now["vfs"][1]["tx_mbit"], 8.0);
  EXPECT_DOUBLE_EQ(now["vfs"][1]["rx_pps"], 500.0);
  EXPECT_FALSE(now["vfs"][0].contains("rx_mbit")) << "it was not read anew";
  EXPECT_DOUBLE_EQ(now["servers"][1]["tx_mbit"], 8.0);
  EXPECT_DOUBLE_EQ(now["servers"][0]["tx_mbit"], 0.0);
}

TEST_F(StatsTest, AVfThatMovedOrBeganAgainHasNoRate) {
  count(1, 1, 500);
  count(2, 1, 500);
  const json before = stats(pool, server);
  count(1, 2, 1000);
  count(2, 2, 10);
  pool.vfs[1].user = 1;
  const json now = rates(before, stats(pool, server));
  EXPECT_FALSE(now["vfs"][1].contains("rx_mbit"));
  EXPECT_FALSE(now["vfs"][2].contains("rx_mbit"));
  EXPECT_DOUBLE_EQ(now["servers"][0]["rx_mbit"], 0.0);
}

TEST_F(StatsTest, ACardThatDoesNotCountItsVfsIsSaidSo) {
  pool.frames.clear();
  const json all = stats(pool, server);
  EXPECT_TRUE(all["vfs"].empty());
  EXPECT_THAT(stats_table(all), HasSubstr("does not count"));
}

TEST_F(StatsTest, AUsersServerCountsByItsInterfaces) {
  pool.about.role = VFPOOL_USER;
  pool.about.port = 1;
  fake.plug(1, "eth7");
  fake.file("sys/devices/p/10000:01:00.0/x", "");
  fake.link("sys/class/misc/vfpool0/device", "sys/devices/p/10000:01:00.0");
  fake.file("sys/class/net/eth7/statistics/rx_bytes", "123456789012\n");
  const json all = stats(pool, server);
  ASSERT_EQ(all["interfaces"].size(), 1u) << all;
  EXPECT_EQ(all["interfaces"][0]["slot"], 1);
  EXPECT_EQ(all["interfaces"][0]["netdev"], "eth7");
  EXPECT_EQ(all["interfaces"][0]["rx_bytes"], 123456789012u);
  EXPECT_EQ(all["interfaces"][0]["tx_bytes"], 0);
  EXPECT_THAT(stats_table(all), HasSubstr("eth7"));
}

TEST_F(StatsTest, AVfIsShownWithItsSlotAndItsCounters) {
  count(1, 1, 7);
  pool.slots[{2, 0}].powered = 1;
  const json vf = show_vf(pool, 1);
  EXPECT_EQ(vf["counters"]["rx_packets"], 7);
  EXPECT_EQ(vf["in"]["powered"], true);
  EXPECT_THAT(fields(vf), HasSubstr("rx_packets     7"));
  EXPECT_FALSE(show_vf(pool, 0).contains("in"));
}

TEST_F(StatsTest, ASlotAndAServerAreShownWithTheirVfs) {
  EXPECT_EQ(show_slot(pool, server, 2, 0)["vfs"][0]["vf"], 1);
  EXPECT_TRUE(show_slot(pool, server, 2, 1)["vfs"].empty());
  const json all = show_server(pool, server, 2);
  EXPECT_EQ(all["slots"][0]["vfs"][0]["vf"], 1);
  EXPECT_EQ(all["slots"].size(), 2u);
  EXPECT_THROW(show_server(pool, server, 3), Failure);
  EXPECT_THROW(show_slot(pool, server, 2, 2), Failure);
  EXPECT_THROW(show_slot(pool, server, 0, 0), Failure) << "the owner has no slots";
}

TEST_F(StatsTest, AUserSeesItselfOnly) {
  pool.about.role = VFPOOL_USER;
  pool.about.port = 1;
  EXPECT_EQ(show_server(pool, server, 0)["info"]["port"], 1);
  EXPECT_EQ(show_slot(pool, server, 0, 1)["slot"], 1);
  EXPECT_THROW(show_slot(pool, server, 2, 0), Failure);
}

TEST_F(StatsTest, CleanSinceIsOfFreeVfsAfterAReset) {
  pool.vfs[0].clean_since = 1'700'000'000 * kSecond;
  pool.vfs[1].clean_since = 1'600'000'000 * kSecond;
  const std::string text = fields(show_vf(pool, 0));
  EXPECT_THAT(text, HasSubstr("clean_since_ns 2023-11-14 22:13:20Z"));
  pool.user(1, 4, 1);
  const auto table = list_table(list(pool));
  EXPECT_THAT(table, HasSubstr("2023-11-14 22:13:20Z"));
  EXPECT_THAT(table, Not(HasSubstr("2020-09-13")));
}

}  // namespace
}  // namespace vfpool::tools

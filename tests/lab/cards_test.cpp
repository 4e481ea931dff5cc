// SPDX-License-Identifier: Apache-2.0
// Two cards in one pool, real kernels all: the owner's drives both, and its users' servers get VFs of either by the
// commands that they always had. Each card has a wire of its own, so that a ping says which one it went through.
#include <set>

#include "hotplug.hpp"

namespace vfpool {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr const char* kSecondPf = "/sys/bus/pci/devices/10000:05:00.0";
constexpr unsigned kVfs = 4, kSecond = 64;  // of each card; number of the second one's first in the pool

class CardsPool : public Hotplug {
 protected:
  static void SetUpTestSuite() {
    Hotplug::SetUpTestSuite();
    if (lab_ == nullptr || listed("vfs").size() == 2 * kVfs) return;
    enable_second(kVfs);
  }
  /// So many VFs of the second card, from none.
  static void enable_second(unsigned vfs) {
    const auto r =
        sh("owner", fmt::format("ip link set $(ls {0}/net) up && echo {1} > {0}/sriov_numvfs", kSecondPf, vfs));
    EXPECT_EQ(r.rc, 0) << r.err << sh("owner", "lspci; dmesg | tail -20").out;
    EXPECT_TRUE(lab::eventually(20s, [&] { return card(1)["vfs"] == vfs; })) << listed("cards");
  }
  static json card(unsigned n) { return listed("cards")[n]; }
  /// Of all VFs that are there, by number in the pool.
  static json vf(unsigned number) {
    for (const auto& v : listed("vfs"))
      if (v["vf"] == number) return v;
    return {};
  }
  static bool is_free(unsigned number) {
    return lab::eventually(30s, [&] { return vf(number).value("use", "") == "free"; });
  }
  /// The user's new interface is up, and reaches the host at the second card's wire.
  static void reaches_the_second_wire(unsigned n, const std::string& netdev) {
    sh(user(n), fmt::format("ip address replace 10.83.0.{}/24 dev {}; ip link set {} up", n, netdev, netdev));
    EXPECT_TRUE(lab::eventually(20s, [&] { return sh(user(n), "ping -c 1 -W 1 10.83.0.254").rc == 0; }))
        << sh(user(n), "ip address; dmesg | tail -20").out;
  }
  /// User 1 has a VF of the first card, user 2 one of the second, and each reaches its wire.
  static void each_user_has_another_cards_vf() {
    const json first = command("user1", "hotplug_in --vf 0"), second = command("user2", "hotplug_in --vf 1.0");
    ASSERT_EQ(first["rc"], 0) << first;
    ASSERT_EQ(second["rc"], 0) << second;
    reaches_the_wire(1, netdev_of(1, first));
    reaches_the_second_wire(2, netdev_of(2, second));
  }
  /// The interface in a slot, once the server's kernel has it.
  static std::string netdev_in(unsigned n, unsigned slot) {
    std::string found;
    EXPECT_TRUE(lab::eventually(20s, [&] {
      const json s = pool(user(n), fmt::format("show slot {}", slot));
      if (s["functions"].empty() || s["functions"][0]["netdevs"].empty()) return false;
      found = s["functions"][0]["netdevs"][0];
      return true;
    }));
    return found;
  }
  static lab::Background pings(unsigned n, const std::string& to, unsigned seconds) {
    return lab_->vm(user(n)).spawn(fmt::format("ping -q -i 0.2 -w {} {}", seconds, to));
  }
};

TEST_F(CardsPool, TheOwnerSeesBothCardsAndTheirVfs) {
  const json all = pool("owner", "list");
  ASSERT_EQ(all["cards"].size(), 2U) << all;
  EXPECT_EQ(all["cards"][0]["address"], "10000:03:00.0");
  EXPECT_EQ(all["cards"][1]["address"], "10000:05:00.0");
  std::set<std::string> names;
  for (const auto& v : all["vfs"]) {
    EXPECT_EQ(v["use"], "free") << v;
    EXPECT_THAT(v["address"].get<std::string>(), testing::StartsWith(v["card"] == 0 ? "10000:04:1" : "10000:06:1"));
    names.insert(v["name"]);
  }
  EXPECT_EQ(names, (std::set<std::string>{"0", "1", "2", "3", "1.0", "1.1", "1.2", "1.3"}));
  EXPECT_EQ(sh("owner", "ls /sys/bus/pci/drivers/ixgbevf | grep -c 10000").out, "0\n") << "they are kept for users";
  EXPECT_EQ(sh("owner", "cd /sys/class/misc/vfpool0; cat cards card1/address card1/vfs card1/link").out,
            "2\n10000:05:00.0\n4\n1\n");
  EXPECT_THAT(sh("owner", "vfpool tree").out,
              AllOf(HasSubstr("port to card 0"), HasSubstr("10000:05:00.0 8086:10f9 [ixgbe]  card 1"),
                    HasSubstr("VF 1.3, free")));
  EXPECT_EQ(pool("owner", "check")["rc"], 0) << pool("owner", "check");
  EXPECT_EQ(pool("owner", "show card 1")["driver"], "ixgbe");
}

TEST_F(CardsPool, AServerHasAVfOfEachAndTheOwnerMovesOneAway) {
  const json first = command("user1", "hotplug_in --vf 0 --slot 0"), second = command("user1", "hotplug_in --vf 1.1");
  ASSERT_EQ(first["rc"], 0) << first;
  ASSERT_EQ(second["rc"], 0) << second << sh("owner", "dmesg | tail -5").out;
  EXPECT_EQ(second["card"], 1);
  EXPECT_EQ(second["slot"], 1);
  reaches_the_wire(1, netdev_of(1, first));
  reaches_the_second_wire(1, netdev_of(1, second));

  auto ping = pings(1, "10.82.0.254", 20);
  const json moved = pool("owner", "move 1.1 2");
  ASSERT_EQ(moved["rc"], 0) << moved;
  EXPECT_EQ(moved["name"], "1.1");
  reaches_the_second_wire(2, netdev_in(2, moved["slot"]));
  const auto frames = [] { return pool("owner", "show vf 1.1")["counters"]["tx_packets"].get<unsigned>(); };
  const auto before = frames();
  EXPECT_EQ(sh("user2", "ping -c 20 -i 0.01 10.83.0.254").rc, 0);
  EXPECT_GE(frames(), before + 20) << "its own card's driver counts it";
  EXPECT_EQ(vf(1)["use"], "free") << "the first card's VF 1 is another";
  EXPECT_THAT(ping.wait(60s).out, HasSubstr(" 0% packet loss"));

  EXPECT_EQ(command("user1", "hotplug_out --now --force")["rc"], 0);
  const json out = command("user2", "hotplug_out --now --force");
  EXPECT_EQ(out["name"], "1.1") << out;
  EXPECT_TRUE(is_free(0) && is_free(kSecond + 1));
}

TEST_F(CardsPool, OneCardsVfsGoAndTheOthersDoNotNotice) {
  ASSERT_NO_FATAL_FAILURE(each_user_has_another_cards_vf());
  auto ping = pings(1, "10.82.0.254", 20);
  EXPECT_EQ(sh("owner", fmt::format("echo 0 > {}/sriov_numvfs", kSecondPf)).rc, 0);
  EXPECT_TRUE(lab::eventually(20s, [] { return card(1)["vfs"] == 0; })) << card(1);
  EXPECT_EQ(card(1)["no_vfs"], "disabled");
  EXPECT_EQ(card(0)["vfs"], kVfs);
  EXPECT_TRUE(lab::eventually(20s, [] { return pool("user2", "show slot 0")["functions"].empty(); }));
  const json refused = command("user2", "hotplug_in --slot 1 --vf 1.2");
  EXPECT_EQ(refused["rc"], 4) << refused;
  EXPECT_THAT(refused["error"].get<std::string>(), HasSubstr("does not offer this VF"));
  const json other = command("user2", "hotplug_in --slot 1 --vf 2");
  EXPECT_EQ(other["rc"], 0) << "the other card's: " << other;

  enable_second(kVfs);
  EXPECT_THAT(ping.wait(60s).out, HasSubstr(" 0% packet loss"));
  EXPECT_EQ(command("user2", "hotplug_out --slot 1 --now --force")["rc"], 0);
  EXPECT_EQ(command("user1", "hotplug_out --now --force")["rc"], 0);
  if (vf(kSecond)["use"] != "free") pool("owner", "release 2 0 --force");
  EXPECT_TRUE(is_free(kSecond));
  const json again = command("user2", "hotplug_in --vf 1.0");
  ASSERT_EQ(again["rc"], 0) << again;
  reaches_the_second_wire(2, netdev_of(2, again));
  EXPECT_EQ(command("user2", "hotplug_out --now --force")["rc"], 0);
}

TEST_F(CardsPool, OneCardIsResetAndTheOthersDoNotNotice) {
  ASSERT_NO_FATAL_FAILURE(each_user_has_another_cards_vf());
  auto ping = pings(1, "10.82.0.254", 20);
  // Its driver does not know of it, and sets the card up anew when its interface goes up.
  const auto reset = sh("owner", fmt::format("echo 1 > {0}/reset && ip link set $(ls {0}/net) down && "
                                             "ip link set $(ls {0}/net) up",
                                             kSecondPf));
  EXPECT_EQ(reset.rc, 0) << reset.err;
  EXPECT_TRUE(lab::eventually(20s, [] { return card(1)["vfs"] == kVfs; })) << card(1);
  EXPECT_EQ(vf(0)["use"], "assigned");
  EXPECT_THAT(ping.wait(60s).out, HasSubstr(" 0% packet loss"));

  if (vf(kSecond)["use"] != "free") pool("owner", "release 2 0 --force");
  EXPECT_TRUE(is_free(kSecond)) << vf(kSecond);
  const json again = command("user2", "hotplug_in --vf 1.0");
  ASSERT_EQ(again["rc"], 0) << again;
  reaches_the_second_wire(2, netdev_of(2, again));
  EXPECT_EQ(command("user2", "hotplug_out --now --force")["rc"], 0);
  EXPECT_EQ(command("user1", "hotplug_out --now --force")["rc"], 0);
}

TEST_F(CardsPool, PolicyKnowsTheVfsOfEachCard) {
  for (unsigned n = 0; n < kVfs; ++n) EXPECT_EQ(pool("owner", fmt::format("reserve {} 2", n))["rc"], 0);
  EXPECT_EQ(pool("owner", "profile 1.0 --mac 02:00:00:00:01:a0")["rc"], 0);
  const json in = command("user1", "hotplug_in");
  ASSERT_EQ(in["rc"], 0) << in << sh("owner", "dmesg | tail -5").out;
  EXPECT_EQ(in["name"], "1.0") << "the first that it may have";
  EXPECT_EQ(sh("user1", fmt::format("cat /sys/class/net/{}/address", netdev_of(1, in))).out, "02:00:00:00:01:a0\n");
  const auto told_to = [](const char* pf) {
    return sh("owner", fmt::format("ip link show $(ls {}/net) | grep -c 02:00:00:00:01:a0", pf)).out;
  };
  EXPECT_EQ(told_to(kPf), "0\n");
  EXPECT_EQ(told_to(kSecondPf), "1\n") << "its own card's driver";

  EXPECT_EQ(pool("owner", "quota 1 1")["rc"], 0);
  const json more = command("user1", "hotplug_in --vf 1.1");
  EXPECT_THAT(more["error"].get<std::string>(), HasSubstr("quota")) << "it has one, of whichever card";
  EXPECT_EQ(command("user1", "hotplug_out --now")["rc"], 0);
  EXPECT_TRUE(lab::eventually(10s, [&] { return told_to(kSecondPf) == "0\n"; }));
  for (const char* back : {"quota 1 128", "profile 1.0 --mac 00:00:00:00:00:00"})
    EXPECT_EQ(pool("owner", back)["rc"], 0);
  for (unsigned n = 0; n < kVfs; ++n) EXPECT_EQ(pool("owner", fmt::format("reserve {} 0", n))["rc"], 0);
}

TEST_F(CardsPool, UeventsAndEventsNameTheCard) {
  lab::put_program(lab_->vm("owner"), "/usr/bin/ioctls", VFPOOL_IOCTLS);
  const auto told =
      sh("owner",
         "ioctls uevent VFPOOL_EVENT=assigned VFPOOL_VF=65 VFPOOL_CARD=1 VFPOOL_USER=2 >/tmp/uevent & "
         "vfpool events --one --json >/tmp/event & until grep -q listens /tmp/uevent; do sleep 0.1; done; "
         "sleep 1; vfpool assign 1.1 2 && wait; cat /tmp/uevent /tmp/event");
  EXPECT_EQ(told.rc, 0);
  EXPECT_THAT(told.out, AllOf(HasSubstr("\"card\":1"), HasSubstr("\"name\":\"1.1\""), HasSubstr("\"vf\":65")));
  EXPECT_THAT(told.out, testing::Not(HasSubstr("no such uevent")));
  EXPECT_NE(netdev_in(2, 0), "");
  EXPECT_EQ(command("user2", "hotplug_out --now")["rc"], 0);
}

TEST_F(CardsPool, ASlotHasFunctionsOfOneCard) {
  ASSERT_EQ(pool("owner", "assign 1.3 1 --slot 0")["rc"], 0);
  const json refused = pool("owner", "assign 3 1 --slot 0 --function 1");
  EXPECT_EQ(refused["rc"], 4) << refused;
  EXPECT_THAT(refused["error"].get<std::string>(), HasSubstr("VFs of another card"));
  EXPECT_EQ(vf(3)["use"], "free");
  EXPECT_NE(netdev_in(1, 0), "");
  EXPECT_EQ(command("user1", "hotplug_out --now")["rc"], 0);
}

TEST_F(CardsPool, WhatIsSavedIsRestoredWithItsCards) {
  ASSERT_EQ(pool("owner", "assign 1.2 2 --slot 1")["rc"], 0);
  EXPECT_EQ(pool("owner", "reserve 1.3 1")["rc"], 0);
  EXPECT_EQ(pool("owner", "save /tmp/cards.json")["rc"], 0);
  EXPECT_EQ(pool("owner", "release 2 1 --force")["rc"], 0);
  EXPECT_TRUE(is_free(kSecond + 2));
  // A module that is loaded anew has no policy.
  EXPECT_EQ(sh("owner", "rmmod vfpool && modprobe vfpool").rc, 0);
  EXPECT_FALSE(vf(kSecond + 3).contains("reserved_for"));
  const json restored = pool("owner", "restore /tmp/cards.json");
  EXPECT_EQ(restored["rc"], 0) << restored;
  EXPECT_EQ(vf(kSecond + 3)["reserved_for"], 1);
  EXPECT_EQ(vf(kSecond + 2)["user"], 2);
  EXPECT_NE(netdev_in(2, 1), "");
  EXPECT_EQ(command("user2", "hotplug_out --slot 1 --now")["rc"], 0);
  EXPECT_EQ(pool("owner", "reserve 1.3 0")["rc"], 0);
}

TEST_F(CardsPool, CardsThatAreNotThereAreRefused) {
  malformed_requests_are_refused();
  for (const char* line : {"assign 2.0 1", "show vf 128", "show card 2", "move 1.4 1"})
    EXPECT_EQ(pool("owner", line)["rc"], 3) << line;
  EXPECT_EQ(command("user1", "hotplug_in --vf 2.0")["rc"], 3);
  for (const auto& v : listed("vfs")) EXPECT_EQ(v["use"], "free") << v;
}

}  // namespace
}  // namespace vfpool

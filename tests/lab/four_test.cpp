// SPDX-License-Identifier: Apache-2.0
// A pool of four users' servers, real kernels all: more than the bridge of the default geometry has ports for.
#include "hotplug.hpp"

namespace vfpool {
namespace {

using testing::HasSubstr;

constexpr unsigned kUsers = 4;

class FourServers : public Hotplug {
 protected:
  static std::string address(unsigned n) { return fmt::format("10.82.0.{}", n); }
  /// User n's first slot has VF n - 1, with an address that the wire knows.
  static void everybody_gets_a_vf() {
    for (unsigned n = 1; n <= kUsers; ++n) {
      const json in = command(user(n), fmt::format("hotplug_in --slot 0 --vf {}", n - 1));
      ASSERT_EQ(in["rc"], 0) << user(n) << ": " << in;
      reaches_the_wire(n, netdev_of(n, in));
    }
  }
  static bool pings(unsigned from, const std::string& to, const std::string& more = "") {
    return lab::eventually(20s, [&] { return sh(user(from), fmt::format("ping -c 1 -W 1 {} {}", more, to)).rc == 0; });
  }
  /// User n's second slot has VF `vf`, which works.
  static void second_vf_works(unsigned n, const json& in) {
    const std::string netdev = netdev_of(n, in);
    sh(user(n), fmt::format("ip address add {}/24 dev {}; ip link set {} up", address(10 + n), netdev, netdev));
    EXPECT_TRUE(pings(n, address(254), "-I " + netdev)) << sh(user(n), "ip address; dmesg | tail -20").out;
  }
};

TEST_F(FourServers, EachHasAVfAndReachesTheWireAndEveryOther) {
  everybody_gets_a_vf();
  const json all = pool("owner", "list");
  ASSERT_EQ(all["users"].size(), kUsers) << all;
  for (unsigned n = 1; n <= kUsers; ++n) {
    EXPECT_EQ(all["vfs"][n - 1]["user"], n) << all;
    EXPECT_EQ(all["users"][n - 1]["held"], 1) << all;
    EXPECT_EQ(pool(user(n), "list")["info"]["port"], n) << pool(user(n), "list");
    for (unsigned other = 1; other <= kUsers; ++other)
      if (other != n) {
        EXPECT_TRUE(pings(n, address(other))) << n << " to " << other;
      }
  }
  for (unsigned n = 1; n <= kUsers; ++n) EXPECT_EQ(command(user(n), "hotplug_out --now --force")["rc"], 0) << n;
}

TEST_F(FourServers, AVfMovesBetweenTheLastTwoAndNobodyElseLosesAPacket) {
  everybody_gets_a_vf();
  std::vector<std::pair<unsigned, lab::Background>> going;
  for (const unsigned n : {1U, 2U, 4U})
    going.emplace_back(n, lab_->vm(user(n)).spawn("ping -q -i 0.2 -w 30 " + address(254)));

  EXPECT_EQ(command("user3", "hotplug_out --slot 0 --force")["rc"], 0) << "by the button";
  const json moved = command("user4", "hotplug_in --slot 1 --vf 2");
  ASSERT_EQ(moved["rc"], 0) << moved;
  second_vf_works(4, moved);

  // And back, by the owner's one command.
  const json back = pool("owner", "move 2 3");
  EXPECT_EQ(back["rc"], 0) << back;
  EXPECT_EQ(pool("owner", "list")["vfs"][2]["user"], 3);
  const std::string folder = "/sys/bus/pci/devices/10000:03:00.0/net";
  EXPECT_TRUE(lab::eventually(20s, [&] { return sh("user3", "ls " + folder).rc == 0; }));
  reaches_the_wire(3, lab::trimmed(sh("user3", "ls " + folder).out));

  for (auto& [n, ping] : going) EXPECT_THAT(ping.wait(60s).out, HasSubstr(" 0% packet loss")) << user(n);
  for (unsigned n = 1; n <= kUsers; ++n) EXPECT_EQ(command(user(n), "hotplug_out --now --force")["rc"], 0) << n;
}

TEST_F(FourServers, ADeadServersVfGoesToTheNextWhileTheOthersGoOn) {
  everybody_gets_a_vf();
  auto ping = lab_->vm("user1").spawn("ping -q -i 0.2 -w 20 " + address(254));
  lab_->vm("user2").kill();
  EXPECT_TRUE(lab::eventually(20s, [] { return listed("vfs")[1]["use"] == "free"; })) << listed("vfs")[1];
  const json in = command("user3", "hotplug_in --slot 1 --vf 1");
  ASSERT_EQ(in["rc"], 0) << in;
  second_vf_works(3, in);
  EXPECT_THAT(ping.wait(60s).out, HasSubstr(" 0% packet loss"));

  lab_->vm("user2").restart(300s);
  put_commands("user2");
  EXPECT_EQ(sh("user2", "modprobe vfpool && ls /dev/vfpool0").rc, 0);
  EXPECT_EQ(command("user3", "hotplug_out --slot 1 --now --force")["rc"], 0);
  for (const unsigned n : {1U, 3U, 4U}) EXPECT_EQ(command(user(n), "hotplug_out --slot 0 --now --force")["rc"], 0) << n;
}

}  // namespace
}  // namespace vfpool

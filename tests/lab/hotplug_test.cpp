// SPDX-License-Identifier: Apache-2.0
// VFs move by the servers' own commands (hotplug_in, hotplug_out, vfpool) and stock pciehp: real kernels, the module
// vfpool on every server, the RTL between them.
#include "hotplug.hpp"

namespace vfpool {
namespace {

using testing::AllOf;
using testing::HasSubstr;

TEST_F(Hotplug, PooledVfsStayUnboundOnTheOwner) {
  EXPECT_EQ(sh("owner", "ls /sys/bus/pci/drivers/ixgbevf | grep -c 10000").out, "0\n");
  for (const auto& vf : listed("vfs")) {
    EXPECT_EQ(vf["use"], "free") << vf;
    EXPECT_THAT(vf["address"].get<std::string>(), testing::StartsWith("10000:04:1")) << vf;
  }
}

TEST_F(Hotplug, InAndOutAsInThePapers) {
  sh("user1", "dmesg -c >/dev/null");
  const auto in = sh("user1", "hotplug_in", 90s);
  EXPECT_EQ(in.rc, 0) << in.err;
  EXPECT_EQ(in.out, "Hotplug_in\nFinished\n");
  EXPECT_THAT(sh("user1", "dmesg").out, AllOf(HasSubstr("pciehp: Slot(1)"), HasSubstr("Link Up")));
  EXPECT_TRUE(lab::eventually(20s, [] { return sh("user1", "ls /sys/bus/pci/devices/10000:03:00.0/net").rc == 0; }));

  const auto out = sh("user1", "hotplug_out", 90s);
  EXPECT_EQ(out.rc, 0) << out.err;
  EXPECT_EQ(out.out, "Hotplug_out\nFinished\n");
  EXPECT_THAT(sh("user1", "dmesg").out, HasSubstr("Button press: will power off in 5 sec"));
}

TEST_F(Hotplug, ByTheButtonTheKernelWaitsItsFiveSeconds) {
  sh("user1", "dmesg -c >/dev/null");
  const json in = command("user1", "hotplug_in --button");
  EXPECT_EQ(in["rc"], 0) << in;
  EXPECT_THAT(sh("user1", "dmesg").out, HasSubstr("Button press: will power on in 5 sec"));
  EXPECT_EQ(command("user1", "hotplug_out --now")["rc"], 0);
}

TEST_F(Hotplug, OneMovesWhileTheOthersTrafficGoesOn) {
  const json first = command("user1", "hotplug_in --vf 0"), second = command("user2", "hotplug_in --vf 1");
  ASSERT_EQ(first["rc"], 0) << first;
  ASSERT_EQ(second["rc"], 0) << second;
  EXPECT_EQ(second["vf"], 1);
  reaches_the_wire(1, netdev_of(1, first));
  reaches_the_wire(2, netdev_of(2, second));

  auto ping = lab_->vm("user2").spawn("ping -i 0.1 -w 25 10.82.0.254");
  EXPECT_EQ(command("user1", "hotplug_out")["rc"], 0);
  const json moved = command("user2", "hotplug_in --vf 0");
  EXPECT_EQ(moved["rc"], 0) << moved;
  const auto seen = ping.wait(60s);
  EXPECT_THAT(seen.out, HasSubstr(" 0% packet loss"));

  // The VF that moved works at its new server.
  const std::string netdev = netdev_of(2, moved);
  sh("user2", fmt::format("ip address add 10.82.0.12/24 dev {}; ip link set {} up", netdev, netdev));
  EXPECT_TRUE(lab::eventually(
      20s, [&] { return sh("user2", fmt::format("ping -c 1 -W 1 -I {} 10.82.0.254", netdev)).rc == 0; }));
  EXPECT_EQ(command("user2", "hotplug_out --slot 0 --now --force")["rc"], 0);
  EXPECT_EQ(command("user2", "hotplug_out --slot 1 --now --force")["rc"], 0);
}

TEST_F(Hotplug, PolicyDecides) {
  EXPECT_EQ(pool("owner", "quota 1 1")["rc"], 0);
  EXPECT_EQ(pool("owner", "reserve 3 2")["rc"], 0);
  const json reserved = command("user1", "hotplug_in --vf 3");
  EXPECT_EQ(reserved["rc"], 4) << reserved;
  EXPECT_THAT(reserved["error"].get<std::string>(), HasSubstr("reserved"));
  EXPECT_EQ(command("user1", "hotplug_in")["rc"], 0);
  const json more = command("user1", "hotplug_in");
  EXPECT_EQ(more["rc"], 4);
  EXPECT_THAT(more["error"].get<std::string>(), HasSubstr("quota"));
  EXPECT_EQ(command("user2", "hotplug_in")["vf"], 3);  // its own before one that anybody may have
  const json taken = command("user2", "hotplug_in --vf 3");
  EXPECT_THAT(taken["error"].get<std::string>(), HasSubstr("in use"));
  EXPECT_EQ(command("user1", "hotplug_out --now")["rc"], 0);
  EXPECT_EQ(command("user2", "hotplug_out --now")["rc"], 0);
  pool("owner", "quota 1 64");
  pool("owner", "reserve 3 0");
}

TEST_F(Hotplug, AVfComesWithItsProfileAndLeavesNothingBehind) {
  EXPECT_EQ(pool("owner", "profile 2 --mac 02:00:00:00:00:a2")["rc"], 0);
  const json in = command("user1", "hotplug_in --vf 2");
  ASSERT_EQ(in["rc"], 0) << in << sh("owner", "dmesg | tail -5").out;
  const std::string netdev = netdev_of(1, in);
  EXPECT_EQ(sh("user1", fmt::format("cat /sys/class/net/{}/address", netdev)).out, "02:00:00:00:00:a2\n");
  EXPECT_THAT(sh("owner", fmt::format("ip link show $(ls {}/net)", kPf)).out, HasSubstr("02:00:00:00:00:a2"));
  EXPECT_EQ(command("user1", "hotplug_out --now")["rc"], 0);
  EXPECT_TRUE(lab::eventually(10s, [] {
    return sh("owner", fmt::format("ip link show $(ls {}/net) | grep -c 02:00:00:00:00:a2", kPf)).out == "0\n";
  })) << sh("owner", fmt::format("dmesg | tail -8; ip link show $(ls {}/net)", kPf)).out;
  pool("owner", "profile 2 --mac 00:00:00:00:00:00");
}

TEST_F(Hotplug, AProfileGoesAlsoWhenTheDriverThatGaveItHasBeenReplaced) {
  const auto of_the_card = [] { return sh("owner", fmt::format("ip link show $(ls {}/net)", kPf)).out; };
  // One VF is released under the new driver, the other one while there is none.
  for (const char* line :
       {"profile 1 --mac 02:00:00:00:00:a1 --vlan 66", "profile 2 --mac 02:00:00:00:00:a2 --vlan 77"})
    EXPECT_EQ(pool("owner", line)["rc"], 0);
  ASSERT_EQ(command("user1", "hotplug_in --vf 1 --slot 0")["rc"], 0);
  ASSERT_EQ(command("user1", "hotplug_in --vf 2 --slot 1")["rc"], 0);
  EXPECT_THAT(of_the_card(), AllOf(HasSubstr("vlan 66"), HasSubstr("vlan 77")));
  EXPECT_EQ(sh("owner", "rmmod vfpool").rc, 0);
  EXPECT_EQ(command("user1", "hotplug_out --slot 1 --now")["rc"], 0);
  EXPECT_EQ(sh("owner", "modprobe vfpool").rc, 0);
  EXPECT_EQ(command("user1", "hotplug_out --slot 0 --now")["rc"], 0);
  for (const char* vf : {"1", "2"}) {
    ASSERT_EQ(command("user2", fmt::format("hotplug_in --vf {} --slot 0", vf))["rc"], 0);
    const std::string seen = of_the_card();
    EXPECT_THAT(seen, testing::Not(HasSubstr(fmt::format("02:00:00:00:00:a{}", vf)))) << seen;
    EXPECT_THAT(seen, testing::Not(HasSubstr(vf == std::string("1") ? "vlan 66" : "vlan 77"))) << seen;
    EXPECT_EQ(command("user2", "hotplug_out --slot 0 --now")["rc"], 0);
  }
}

TEST_F(Hotplug, ARequestThatCameWhileTheOwnersDriverWasAwayIsAnsweredByTheNext) {
  ASSERT_EQ(sh("owner", "rmmod vfpool").rc, 0);
  const json unanswered = command("user1", "hotplug_in --vf 2 --slot 1 --timeout 2");
  EXPECT_EQ(unanswered["rc"], 6) << unanswered;
  EXPECT_EQ(sh("owner", "modprobe vfpool").rc, 0);
  EXPECT_TRUE(lab::eventually(20s, [] { return listed("vfs")[2]["use"] == "assigned"; })) << listed("vfs");
  EXPECT_EQ(listed("vfs")[2]["slot"], 1);
  EXPECT_EQ(command("user1", "hotplug_out --slot 1 --now")["rc"], 0);
}

TEST_F(Hotplug, CountersFollowTheTraffic) {
  const json in = command("user1", "hotplug_in --vf 1");
  ASSERT_EQ(in["rc"], 0) << in << sh("owner", "dmesg | tail -5").out;
  reaches_the_wire(1, netdev_of(1, in));
  const json before = pool("owner", "stats");
  ASSERT_EQ(before["vfs"].size(), 4u) << before;
  EXPECT_EQ(before["vfs"][1]["user"], 1) << before;
  EXPECT_EQ(sh("user1", "ping -c 20 -i 0.01 -s 1000 10.82.0.254").rc, 0);
  const json after = pool("owner", "stats");
  EXPECT_GE(after["vfs"][1]["tx_packets"].get<unsigned>(), before["vfs"][1]["tx_packets"].get<unsigned>() + 20)
      << after;
  EXPECT_GE(after["vfs"][1]["rx_bytes"].get<unsigned>(), before["vfs"][1]["rx_bytes"].get<unsigned>() + 20000) << after;
  EXPECT_GE(after["ports"][1]["tx"]["posted"].get<unsigned>(), before["ports"][1]["tx"]["posted"].get<unsigned>() + 20)
      << "each frame is a write to user 1's memory";
  const json own = pool("user1", "stats");
  EXPECT_GE(own["interfaces"][0]["rx_packets"].get<unsigned>(), 20u) << own;
  EXPECT_EQ(pool("owner", "show vf 1")["in"]["powered"], true);
  EXPECT_EQ(command("user1", "hotplug_out --now --force")["rc"], 0);
  const json free = pool("owner", "show vf 1");
  EXPECT_EQ(free["use"], "free") << free;
  const auto now = sh("owner", "date +%s").out;
  EXPECT_NEAR(static_cast<double>(free["clean_since_ns"].get<std::uint64_t>()) / 1e9, std::stod(now), 60.0) << now;
}

TEST_F(Hotplug, AProfilesMtuIsADemandOnTheCard) {
  EXPECT_EQ(pool("owner", "profile 1 --mtu 9000")["rc"], 0);
  const json refused = command("user1", "hotplug_in --vf 1");
  EXPECT_EQ(refused["rc"], 4) << refused;
  EXPECT_THAT(refused["error"].get<std::string>(), HasSubstr("refuses the VF's settings"));
  const json by_hand = pool("owner", "assign 1 1");
  EXPECT_EQ(by_hand["rc"], 4) << by_hand;
  EXPECT_THAT(by_hand["error"].get<std::string>(), HasSubstr("MTU"));
  EXPECT_EQ(pool("owner", "profile 1 --mtu 1500")["rc"], 0);
  EXPECT_EQ(command("user1", "hotplug_in --vf 1")["rc"], 0);
  EXPECT_EQ(command("user1", "hotplug_out --now")["rc"], 0);
  pool("owner", "profile 1 --mtu 0");
}

TEST_F(Hotplug, TheOwnersDriverIsReplacedAndUsersDoNotNotice) {
  const json in = command("user1", "hotplug_in");
  ASSERT_EQ(in["rc"], 0) << in << sh("owner", "dmesg | tail -5").out;
  reaches_the_wire(1, netdev_of(1, in));
  auto ping = lab_->vm("user1").spawn("ping -i 0.1 -w 12 10.82.0.254");
  EXPECT_EQ(sh("owner", "rmmod vfpool; sleep 5; modprobe vfpool").rc, 0);
  EXPECT_THAT(ping.wait(60s).out, HasSubstr(" 0% packet loss"));
  EXPECT_EQ(pool("owner", "list")["users"][0]["held"], 1);
  EXPECT_EQ(command("user1", "hotplug_out --now --force")["rc"], 0);
}

TEST_F(Hotplug, TheOwnerMovesAVfWithOneCommand) {
  EXPECT_EQ(pool("owner", "assign 1 1")["rc"], 0);
  EXPECT_TRUE(lab::eventually(20s, [] { return sh("user1", "ls /sys/bus/pci/devices/10000:03:00.0").rc == 0; }));
  const json moved = pool("owner", "move 1 2");
  EXPECT_EQ(moved["rc"], 0) << moved;
  EXPECT_TRUE(lab::eventually(20s, [] { return sh("user2", "ls /sys/bus/pci/devices/10000:03:00.0").rc == 0; }));
  EXPECT_EQ(pool("owner", "release 2 0 --force")["rc"], 0);
  EXPECT_TRUE(lab::eventually(20s, [] { return pool("owner", "list")["vfs"][1]["use"] == "free"; }));
}

TEST_F(Hotplug, WhatIsInUseStaysUnlessForced) {
  const json in = command("user1", "hotplug_in");
  ASSERT_EQ(in["rc"], 0) << in << sh("owner", "dmesg | tail -5").out;
  reaches_the_wire(1, netdev_of(1, in));
  sh("user1", "ip route add default via 10.82.0.254");
  const json refused = command("user1", "hotplug_out --now");
  EXPECT_EQ(refused["rc"], 4);
  EXPECT_THAT(refused["error"].get<std::string>(), HasSubstr("default route"));
  EXPECT_EQ(command("user1", "hotplug_out --now --force")["rc"], 0);
}

TEST_F(Hotplug, WithoutItsOwnerAUserIsToldSo) {
  // Not an orderly end: the heartbeat just stops.
  lab_->vm("owner").qmp("stop");
  EXPECT_TRUE(lab::eventually(60s, [] { return pool("user1", "list")["info"]["frozen"] == true; }));
  const json refused = command("user1", "hotplug_in --timeout 2");
  EXPECT_EQ(refused["rc"], 1);
  EXPECT_THAT(refused["error"].get<std::string>(), HasSubstr("frozen"));
  lab_->vm("owner").qmp("cont");
  EXPECT_TRUE(lab::eventually(20s, [] { return pool("user1", "list")["info"]["frozen"] == false; }));
  const json in = command("user1", "hotplug_in");
  EXPECT_EQ(in["rc"], 0) << in;
  EXPECT_EQ(command("user1", "hotplug_out --now")["rc"], 0);
}

TEST_F(Hotplug, AFileThatContradictsThePoolMovesNothing) {
  const auto state = [] {
    const json all = pool("owner", "list");
    return json{all["slots"], all["users"], all["vfs"]};
  };
  EXPECT_EQ(pool("owner", "save /tmp/pool.json")["rc"], 0);
  const json before = state();
  json saved = json::parse(sh("owner", "cat /tmp/pool.json").out);
  saved["users"][0]["quota"] = 1;
  saved["vfs"][1].update({{"user", 1}, {"slot", 0}, {"function", 0}});
  const auto restore = [&](const std::string& vm) {
    lab_->vm(vm).put("/tmp/changed.json", saved.dump());
    return pool(vm, "restore /tmp/changed.json");
  };
  const json at_a_user = restore("user1");
  EXPECT_EQ(at_a_user["rc"], 5) << "a file of the owner's on a server that the bridge calls a user: " << at_a_user;
  saved["vfs"][3]["vf"] = 40;
  const json refused = restore("owner");
  EXPECT_EQ(refused["rc"], 3) << refused;
  EXPECT_THAT(refused["error"].get<std::string>(), HasSubstr("VF 40: the card offers 4"));
  EXPECT_EQ(state(), before);
  EXPECT_EQ(pool("owner", "restore /tmp/pool.json")["rc"], 0) << "the file that fits";
}

TEST_F(Hotplug, WrongUseIsAnErrorWithItsStatus) {
  EXPECT_EQ(command("user1", "hotplug_in --slot 9")["rc"], 3);
  EXPECT_EQ(command("user1", "hotplug_out")["rc"], 3);
  EXPECT_EQ(sh("user1", "hotplug_in --frobnicate").rc, 2);
  for (const char* owners : {"assign 0 1", "move 9 1", "quota 1 2", "reset 0", "save /tmp/none.json"}) {
    const json refused = pool("user1", owners);
    EXPECT_EQ(refused["rc"], 5) << owners << ": " << refused;
    EXPECT_THAT(refused["error"].get<std::string>(),
                AllOf(HasSubstr("only the owner's server"), HasSubstr("user 1 of 2")))
        << owners;
  }
  EXPECT_EQ(pool("owner", "assign 9 1")["rc"], 3);
  EXPECT_EQ(command("owner", "hotplug_in")["rc"], 2);
  EXPECT_EQ(sh("user1", "rmmod vfpool; hotplug_in; rc=$?; modprobe vfpool; exit $rc").rc, 3);
}

}  // namespace
}  // namespace vfpool

// SPDX-License-Identifier: Apache-2.0
// The slots' state machine through real pciehp, users against each other, and a bridge that goes under an open file.
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "app/control_client.hpp"
#include "footprint.hpp"
#include "hotplug.hpp"

namespace vfpool {
namespace {

using testing::HasSubstr;

constexpr const char* kPower = "/sys/bus/pci/slots/1/power";
constexpr const char* kFunction = "/sys/bus/pci/devices/10000:03:00.0";

class HotplugSlots : public Hotplug {
 protected:
  static json slot(unsigned user, unsigned number) {
    for (const auto& s : listed("slots"))
      if (s["user"] == user && s["slot"] == number) return s;
    return {};
  }
  static bool is_free(unsigned vf) {
    return lab::eventually(20s, [&] { return pool("owner", "list")["vfs"][vf]["use"] == "free"; });
  }
};

TEST_F(HotplugSlots, TheKernelsPowerFileSwitchesOffAndOnAndTheVfStays) {
  ASSERT_EQ(command("user1", "hotplug_in --vf 0 --slot 0")["rc"], 0);
  // The function is there before pciehp has done with it, and no indicator tells in a VMD domain; until then it
  // refuses.
  EXPECT_TRUE(lab::eventually(20s, [] { return sh("user1", fmt::format("echo 0 > {}", kPower)).rc == 0; }));
  EXPECT_TRUE(lab::eventually(10s, [] { return slot(1, 0)["powered"] == false; }));
  EXPECT_EQ(pool("owner", "list")["vfs"][0]["use"], "assigned") << "nobody gave it back";
  EXPECT_NE(sh("user1", std::string("ls ") + kFunction).rc, 0);
  EXPECT_EQ(sh("user1", fmt::format("echo 1 > {}", kPower)).rc, 0) << sh("user1", "dmesg | tail -5").out;
  EXPECT_TRUE(lab::eventually(20s, [] { return sh("user1", std::string("ls ") + kFunction).rc == 0; }));
  EXPECT_EQ(command("user1", "hotplug_out --now")["rc"], 0);
}

TEST_F(HotplugSlots, AnEmptySlotCannotBeSwitchedOnAndNothingComesOfIt) {
  EXPECT_NE(sh("user1", fmt::format("echo 1 > {}", kPower)).rc, 0);
  EXPECT_EQ(slot(1, 0)["powered"], false);
  EXPECT_EQ(command("user1", "hotplug_in --vf 0 --slot 0")["rc"], 0) << "and the slot works after it";
  EXPECT_EQ(command("user1", "hotplug_out --now")["rc"], 0);
}

TEST_F(HotplugSlots, ASecondPressKeepsTheVfAndTheCommandSaysSo) {
  ASSERT_EQ(command("user1", "hotplug_in --vf 0 --slot 0")["rc"], 0);
  const auto presses = [] {
    return std::stoi(sh("user1", "dmesg | grep -c 'Slot(1): Button press: will power off in 5 sec'").out);
  };
  // Once the kernel has taken the first press.
  const auto end_of = [&](const char* vm, const char* line) {
    const int before = presses();
    auto command = lab_->vm(vm).spawn(line);
    EXPECT_TRUE(lab::eventually(20s, [&] { return presses() > before; }));
    app::ControlClient(lab_->file("control.sock")).ask({{"op", "press"}, {"user", 1}, {"slot", 0}});
    return command.wait(60s);
  };
  const auto out = end_of("user1", "hotplug_out --slot 0");
  EXPECT_EQ(out.rc, 7) << out.out << out.err;
  EXPECT_THAT(out.err, HasSubstr("and the VF stays"));
  EXPECT_THAT(sh("user1", "dmesg").out, HasSubstr("Slot(1): Button press: canceling request to power off"));
  EXPECT_EQ(slot(1, 0)["releasing"], false);
  EXPECT_EQ(pool("owner", "list")["vfs"][0]["use"], "assigned");
  EXPECT_EQ(sh("user1", std::string("ls ") + kFunction).rc, 0);

  const auto moved = end_of("owner", "vfpool move 0 2");
  EXPECT_EQ(moved.rc, 7) << moved.out << moved.err;
  EXPECT_THAT(moved.err, HasSubstr("user 1 keeps VF 0"));
  EXPECT_EQ(command("user1", "hotplug_out --now")["rc"], 0) << "the slot can be released after it";
}

TEST_F(HotplugSlots, APressWhileTheSlotIsSwitchedOffChangesNothing) {
  ASSERT_EQ(command("user1", "hotplug_in --vf 0 --slot 0")["rc"], 0);
  auto out = lab_->vm("user1").spawn("hotplug_out --slot 0 --now --json");
  // One of both may find the slot busy with the other; the VF is the pool's in the end.
  const json pressed = pool("user1", "release 1 0");
  EXPECT_THAT((std::set{out.wait(60s).rc, pressed["rc"].get<int>()}), testing::Contains(0)) << pressed;
  EXPECT_TRUE(is_free(0));
  EXPECT_TRUE(lab::eventually(20s, [] { return slot(1, 0)["power_led"] == "off"; })) << slot(1, 0);
}

TEST_F(HotplugSlots, OfTwoUsersWhoWantOneVfOneGetsIt) {
  for (int round = 0; round < 3; ++round) {
    auto one = lab_->vm("user1").spawn("hotplug_in --vf 2 --json"),
         two = lab_->vm("user2").spawn("hotplug_in --vf 2 --json");
    const auto first = one.wait(60s), second = two.wait(60s);
    EXPECT_EQ((std::multiset{first.rc, second.rc}), (std::multiset{0, 4})) << first.out << second.out;
    const unsigned winner = first.rc == 0 ? 1 : 2;
    EXPECT_THAT((winner == 1 ? second : first).out, HasSubstr("in use"));
    EXPECT_EQ(pool("owner", "list")["vfs"][2]["user"], winner);
    EXPECT_EQ(command(user(winner), "hotplug_out --now")["rc"], 0);
  }
}

TEST_F(HotplugSlots, AVfMovesToAndFroAndNothingIsLost) {
  const char* wanted = std::getenv("VFPOOL_MOVES");
  const int moves = wanted ? std::atoi(wanted) : 30;
  std::vector<lab::Background> pings;
  for (unsigned n : {1U, 2U}) {
    const json in = command(user(n), fmt::format("hotplug_in --vf {} --slot 0", n - 1));
    ASSERT_EQ(in["rc"], 0) << in;
    reaches_the_wire(n, netdev_of(n, in));
    pings.push_back(lab_->vm(user(n)).spawn("ping -q -i 0.1 10.82.0.254"));
  }
  const auto move = [](const std::string& to) {
    const json in = command(to, "hotplug_in --vf 3 --slot 1");
    ASSERT_EQ(in["rc"], 0) << in;
    const json out = command(to, "hotplug_out --slot 1 --now");
    ASSERT_EQ(out["rc"], 0) << out;
  };
  for (unsigned n : {1U, 2U}) move(user(n));  // what the first one makes stays: caches, names
  std::map<std::string, Footprint> before, after;
  const auto measure = [](std::map<std::string, Footprint>& all) {
    for (const auto& vm : lab_->vm_names()) all[vm] = footprint(lab_->vm(vm));
    all["vfpool-sim"] = footprint(lab_->sim()->pid());
  };
  measure(before);
  for (int i = 0; i < moves && !HasFatalFailure(); ++i) {
    SCOPED_TRACE(fmt::format("move {}", i));
    move(user(1 + static_cast<unsigned>(i) % 2));
  }
  measure(after);
  // A thing that each move leaves behind would be there moves / 2 times at a user, or more often.
  for (const auto& [where, all] : after)
    for (const auto& [name, amount] : all) {
      const long grown = amount - before[where][name];
      fmt::print("{:>10} {:<18} {:>8} {:+d}\n", where, name, amount, grown);
      // The simulator's queues and records grow to their size within the first moves; a guest's caches do not.
      const long most = name == "descriptors" ? 0 : name == "resident" ? 4096 + 16L * moves : std::max(moves / 3, 40);
      EXPECT_LE(grown, most) << where << ": " << name;
    }
  for (auto& ping : pings) EXPECT_EQ(lost(ping), 0u);
  for (unsigned n : {1U, 2U}) EXPECT_EQ(command(user(n), "hotplug_out --slot 0 --now --force")["rc"], 0);
  for (const auto& vf : listed("vfs")) EXPECT_EQ(vf["use"], "free") << vf;
}

TEST_F(HotplugSlots, AVfWhoseResetDoesNotEndIsBrokenUntilItIsReset) {
  const app::ControlClient sim(lab_->file("control.sock"));
  const json in = command("user2", "hotplug_in --vf 1");
  ASSERT_EQ(in["rc"], 0) << in;
  reaches_the_wire(2, netdev_of(2, in));
  ASSERT_EQ(command("user1", "hotplug_in --vf 2 --slot 0")["rc"], 0);
  sim.ask({{"op", "stick_resets"}, {"vf", 2}, {"stick", true}});
  auto ping = lab_->vm("user2").spawn("ping -i 0.1 -w 10 10.82.0.254");
  const json out = command("user1", "hotplug_out --slot 0 --now --timeout 5");
  EXPECT_EQ(out["rc"], 6) << "nobody can say that it is back: " << out;
  EXPECT_TRUE(lab::eventually(20s, [] { return listed("vfs")[2]["use"] == "broken"; })) << listed("vfs")[2];
  EXPECT_THAT(sh("owner", "vfpool list").out, HasSubstr("broken"));
  EXPECT_THAT(pool("owner", "check").dump(), HasSubstr("vfpool reset 2"));
  EXPECT_EQ(command("user1", "hotplug_in --vf 2 --slot 0")["rc"], 4) << "nobody gets it";
  const json again = pool("owner", "reset 2");
  EXPECT_EQ(again["rc"], 1) << again;
  EXPECT_THAT(again["error"].get<std::string>(), HasSubstr("does not confirm this reset either"));
  EXPECT_THAT(ping.wait(60s).out, HasSubstr(" 0% packet loss")) << "the other VF does not notice";

  sim.ask({{"op", "stick_resets"}, {"vf", 2}, {"stick", false}});
  EXPECT_EQ(pool("owner", "reset 2")["rc"], 0);
  EXPECT_EQ(listed("vfs")[2]["use"], "free");
  const json mended = command("user1", "hotplug_in --vf 2 --slot 0");
  ASSERT_EQ(mended["rc"], 0) << mended;
  reaches_the_wire(1, netdev_of(1, mended));
  EXPECT_EQ(command("user1", "hotplug_out --slot 0 --now --force")["rc"], 0);
  EXPECT_EQ(command("user2", "hotplug_out --now --force")["rc"], 0);
}

TEST_F(HotplugSlots, SwitchingTheCardsVfsOffAndOnMendsABrokenOne) {
  ASSERT_EQ(command("user1", "hotplug_in --vf 2 --slot 0")["rc"], 0);
  app::ControlClient(lab_->file("control.sock")).ask({{"op", "stick_resets"}, {"vf", 2}, {"stick", true}});
  EXPECT_EQ(command("user1", "hotplug_out --slot 0 --now --timeout 5")["rc"], 6);
  ASSERT_TRUE(lab::eventually(20s, [] { return listed("vfs")[2]["use"] == "broken"; })) << listed("vfs")[2];
  const auto toggled = sh("owner", fmt::format("echo 0 > {0}/sriov_numvfs && echo 4 > {0}/sriov_numvfs", kPf));
  ASSERT_EQ(toggled.rc, 0) << toggled.err;
  ASSERT_TRUE(lab::eventually(20s, [] { return listed("vfs").size() == 4 && listed("vfs")[2]["use"] == "free"; }))
      << listed("vfs");
  const json in = command("user1", "hotplug_in --vf 2 --slot 0");
  ASSERT_EQ(in["rc"], 0) << in;
  reaches_the_wire(1, netdev_of(1, in));
  EXPECT_EQ(command("user1", "hotplug_out --slot 0 --now --force")["rc"], 0);
}

TEST_F(HotplugSlots, AnOpenFileOutlivesTheBridge) {
  lab::put_program(lab_->vm("user1"), "/usr/bin/ioctls", VFPOOL_IOCTLS);
  const auto seen = sh("user1",
                       "cd /sys/bus/pci/drivers/vfpool; at=$(ls | grep :); ioctls gone > /tmp/gone & holder=$!; "
                       "while ! ls -l /proc/$holder/fd | grep -q vfpool0; do sleep 0.1; done; echo $at > unbind; "
                       "wait $holder; rc=$?; echo $at > bind; cat /tmp/gone; exit $rc");
  EXPECT_EQ(seen.rc, 0) << seen.out << seen.err;
  EXPECT_EQ(pool("user1", "list")["rc"], 0);
}

TEST_F(HotplugSlots, ABridgeThatReadsAllOnesIsToldAndNothingMoves) {
  const std::string at = lab::trimmed(sh("user1", "basename $(readlink -f /sys/class/misc/vfpool0/device)").out);
  const auto memory_space = [&](const char* on) {
    return sh("user1", fmt::format("setpci -s {} COMMAND={}:2", at, on)).rc;
  };
  ASSERT_EQ(memory_space("0"), 0);  // the bridge answers reads with Unsupported Request, which the kernel sees as ones
  for (const char* line : {"vfpool list", "hotplug_in", "hotplug_out --slot 0", "vfpool release 1 0"}) {
    const json refused = command("user1", line);
    EXPECT_EQ(refused["rc"], 3) << line << ": " << refused;
    EXPECT_THAT(refused["error"].get<std::string>(), HasSubstr("the bridge does not answer")) << line;
  }
  ASSERT_EQ(memory_space("2"), 0);
  EXPECT_EQ(sh("user1", fmt::format("cd /sys/bus/pci/drivers/vfpool; echo {0} > unbind; echo {0} > bind", at)).rc, 0);
  EXPECT_EQ(pool("user1", "list")["rc"], 0);
  for (const auto& vf : listed("vfs")) EXPECT_EQ(vf["use"], "free") << vf;
}

TEST_F(HotplugSlots, SysfsIsAsDocumented) {
  std::set<std::string> documented, there;
  std::ifstream page(VFPOOL_ABI);
  for (std::string line; std::getline(page, line);)
    if (line.starts_with("What:"))
      documented.insert(std::regex_replace(line.substr(line.find("vfpoolN/") + 8), std::regex("cardM/"), "card0/"));
  const std::string folder = "/sys/class/misc/vfpool0";
  std::istringstream names(sh("owner", fmt::format("cd {} && ls -d * card*/*", folder)).out);
  for (std::string name; names >> name;)
    if (!std::set<std::string>{"dev", "device", "power", "subsystem", "uevent", "card0"}.contains(name))
      there.insert(name);
  EXPECT_EQ(there, documented);
  for (const auto& name : there) {
    const auto value = sh("owner", fmt::format("stat -c %a {0}/{1}; cat {0}/{1}", folder, name));
    EXPECT_THAT(value.out, testing::MatchesRegex("444\n[a-z0-9:.]+\n")) << name;
  }
  EXPECT_EQ(sh("owner", fmt::format("cat {}/role", folder)).out, "owner\n");
  EXPECT_EQ(sh("owner", fmt::format("cat {}/card0/address", folder)).out, "10000:03:00.0\n");
  EXPECT_EQ(sh("user2", fmt::format("cat {}/port", folder)).out, "2\n");
  EXPECT_NE(sh("user2", fmt::format("ls {}/card0", folder)).rc, 0) << "a card is the owner's";
}

TEST_F(HotplugSlots, CheckFindsNothingWrongAndTreeNamesTheSlots) {
  ASSERT_EQ(command("user1", "hotplug_in --slot 0")["rc"], 0);
  EXPECT_TRUE(lab::eventually(20s, [] { return sh("user1", fmt::format("ls {}/driver", kFunction)).rc == 0; }));
  for (const char* vm : {"owner", "user1", "user2"}) {
    const json found = pool(vm, "check");
    EXPECT_EQ(found["rc"], 0) << vm << ": " << found;
  }
  EXPECT_THAT(sh("user1", "vfpool tree").out, HasSubstr("in slot 0"));
  EXPECT_THAT(sh("owner", "vfpool tree").out, HasSubstr("user 1 slot 0"));
  EXPECT_THAT(sh("owner", "vfpool metrics").out, HasSubstr("vfpool_user_vfs{user=\"1\"} 1\n"));
  EXPECT_THAT(sh("owner", "vfpool watch --once").out, HasSubstr("user 1     1"));
  EXPECT_EQ(sh("user1", "rmmod vfpool; vfpool check | grep -c 'cure: modprobe vfpool'; modprobe vfpool").out, "1\n");
  EXPECT_EQ(command("user1", "hotplug_out --now")["rc"], 0);
}

}  // namespace
}  // namespace vfpool

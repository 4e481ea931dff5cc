// SPDX-License-Identifier: Apache-2.0
#include "demo/story.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>

#include "demo/tlp_table.hpp"
#include "lab/alarms.hpp"
#include "lab/ask.hpp"

namespace vfpool::demo {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

constexpr const char* kPf = "10000:03:00.0";
constexpr unsigned kVfs = 8;

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// The last line that says "receiver" of iperf3's JSON: bits a second and retransmissions are in "end".
struct Iperf {
  double mbits = 0;
  bool ok = false;
};
Iperf iperf_result(const std::string& out) {
  const json j = json::parse(out, nullptr, false);
  if (j.is_discarded() || !j.contains("end") || !j["end"].contains("sum_received")) return {};
  const double bits = j["end"]["sum_received"].value("bits_per_second", 0.0);
  return {bits / 1e6, bits > 0};
}

}  // namespace

lab::Result Story::run(const std::string& vm, const std::string& sh, int seconds) {
  return lab_.vm(vm).run(sh, std::chrono::seconds(seconds));
}

std::string Story::text(const std::string& vm, const std::string& sh, int seconds) {
  const auto r = run(vm, sh, seconds);
  return lab::trimmed(r.out + (r.rc == 0 ? "" : r.err));
}

void Story::show_tlps() {
  const json now = control_.ask({{"op", "counters"}})["tlps"];
  checks_.say("TLPs that crossed the RTL meanwhile (-> into the bridge, <- out of it):\n" +
              tlp_table(shown_tlps_, now));
  shown_tlps_ = now;
}

std::string Story::interface_of(const std::string& vm, const std::string& bdf) {
  return text(vm, fmt::format("ls /sys/bus/pci/devices/10000:{}/net 2>/dev/null", bdf));
}

void Story::tell() {
  const std::pair<const char*, void (Story::*)()> steps[] = {
      {"Three servers have booted and enumerated their PCIe trees", &Story::trees_at_boot},
      {"The owner's stock ixgbe creates VFs", &Story::owner_creates_vfs},
      {"One VF goes to each user's server; stock pciehp and ixgbevf take it", &Story::vfs_reach_their_servers},
      {"The servers really are different hosts", &Story::servers_are_different_hosts},
      {"Ping: users and a host at the wire, and user to user", &Story::ping},
      {"TCP in both directions", &Story::tcp},
      {"16 MiB from user1 to user2 over ssh", &Story::file_over_ssh},
      {"Self-test of the stock VF driver", &Story::self_tests},
      {"A button press moves a VF: user1 lets it go, user2 takes it", &Story::move_vf},
      {"The servers' own commands move a VF, and other VFs' traffic does not notice", &Story::move_by_commands},
      {"Everybody is healthy", &Story::everyone_is_healthy},
  };
  for (const auto& [title, step] : steps) {
    checks_.step(title);
    try {
      (this->*step)();
      show_tlps();
    } catch (const std::exception& e) {
      checks_.check(false, "the step went to its end", e.what());
      return;
    }
  }
}

void Story::trees_at_boot() {
  for (const std::string vm : {"owner", "user1", "user2"}) {
    const std::string tree = text(vm, "lspci -t -d ::: ; lspci -tv | grep -A9 '10000:00'");
    checks_.say(vm + ":\n" + text(vm, "lspci -tv | sed -n '/10000:00/,$p'"));
    checks_.check(contains(text(vm, "lspci -n -s 10000:01:00.0"), "10ee:8086"),
                  vm + ": management function 10ee:8086 at 01:00.0", tree);
    checks_.check(contains(text(vm, "lspci -n -s 10000:01:00.1"), "0604:"), vm + ": upstream port at 01:00.1", tree);
  }
  checks_.check(contains(text("owner", "lspci -n -s 10000:03:00.0"), "8086:10f9"),
                "owner: the 82599 at 03:00.0, behind a downstream port", text("owner", "lspci -n"));
  for (const std::string vm : {"user1", "user2"}) {
    const std::string log = text(vm, "dmesg | grep 'pciehp: Slot #'");
    checks_.check(contains(log, "Slot #1") && contains(log, "Slot #2"), vm + ": stock pciehp has two empty slots", log);
  }
}

void Story::owner_creates_vfs() {
  checks_.check(text("owner", fmt::format("basename $(readlink /sys/bus/pci/devices/{}/driver)", kPf)) == "ixgbe",
                "ixgbe has bound to the PF");
  run("owner", fmt::format("ip link set $(ls /sys/bus/pci/devices/{}/net) up", kPf));
  checks_.wait_for("the PF's link is up", 20s, [&](std::string& seen) {
    return (seen = text("owner", fmt::format("cat /sys/bus/pci/devices/{}/net/*/carrier", kPf))) == "1";
  });
  // With VFs active ixgbe would skip most of it.
  const auto self_test = run("owner", fmt::format("ethtool -t $(ls /sys/bus/pci/devices/{}/net) offline", kPf), 120);
  checks_.check(contains(self_test.out, "PASS"),
                "ethtool -t offline on the PF: registers, EEPROM, interrupts, loopback, link",
                self_test.out + self_test.err);
  const auto r = run("owner", fmt::format("echo {} > /sys/bus/pci/devices/{}/sriov_numvfs", kVfs, kPf));
  checks_.check(r.rc == 0, fmt::format("sriov_numvfs takes {}", kVfs), r.err + text("owner", "dmesg | tail -n 5"));
  const std::string vfs = text("owner", "lspci -n -d 8086:10ed");
  checks_.check(std::count(vfs.begin(), vfs.end(), '\n') + 1 == kVfs, fmt::format("lspci shows {} VFs", kVfs), vfs);
  checks_.check(contains(vfs, "10000:04:10.0") && contains(vfs, "10000:04:10.2"),
                "at 04:10.0, 04:10.2 ..., as in the papers", vfs);
  checks_.say(text("owner", "lspci -tv | sed -n '/10000:00/,$p'"));
  checks_.wait_for("the bridge has learned them from the device", 5s, [&](std::string& seen) {
    const json status = control_.ask({{"op", "status"}});
    seen = status.dump();
    return status["sriov"].get<bool>() && status["vfs"].size() == kVfs;
  });
}

void Story::bring_up(const std::string& vm, const std::string& bdf, const std::string& address) {
  checks_.wait_for(fmt::format("{}: pciehp powers the slot on, ixgbevf binds to 8086:10ed at {}", vm, bdf), 30s,
                   [&](std::string& seen) {
                     seen = text(vm, "dmesg | tail -n 12");
                     return text(vm, fmt::format("basename $(readlink /sys/bus/pci/devices/10000:{}/driver)", bdf)) ==
                                "ixgbevf" &&
                            !interface_of(vm, bdf).empty();
                   });
  const std::string interface = interface_of(vm, bdf);
  run(vm, fmt::format("ip address add {} dev {}; ip link set {} up", address, interface, interface));
  checks_.wait_for(fmt::format("{}: {} has its link", vm, interface), 30s, [&](std::string& seen) {
    return (seen = text(vm, fmt::format("cat /sys/class/net/{}/carrier", interface))) == "1";
  });
}

void Story::vfs_reach_their_servers() {
  control_.ask({{"op", "assign"}, {"user", 1}, {"slot", 0}, {"vf", 0}});
  control_.ask({{"op", "assign"}, {"user", 2}, {"slot", 0}, {"vf", 1}});
  bring_up("user1", "03:00.0", "10.82.0.1/24");
  bring_up("user2", "03:00.0", "10.82.0.2/24");
  checks_.say("user1:\n" + text("user1", "lspci -tv | sed -n '/10000:00/,$p'"));
  const std::string log = text("user1", "dmesg | grep 'pciehp: Slot(1)'");
  checks_.check(contains(log, "Slot(1): Card present") || contains(log, "Slot(1): Link Up"),
                "user1: pciehp saw a card come", log);
}

void Story::servers_are_different_hosts() {
  const auto bar = [&](const std::string& vm, const std::string& bdf) {
    return text(vm, fmt::format("head -n 1 /sys/bus/pci/devices/10000:{}/resource", bdf));
  };
  const std::string one = bar("user1", "03:00.0"), two = bar("user2", "03:00.0"), owner = bar("owner", "04:10.0");
  const auto is_address = [](const std::string& s) {
    return s.starts_with("0x") && !s.starts_with("0x0000000000000000");
  };
  checks_.check(is_address(one) && one == two, "both users have their VF at the same address " + one.substr(0, 18),
                one + "\n" + two);
  checks_.check(is_address(owner) && one != owner,
                "the owner knows user1's VF as 04:10.0 at " + owner.substr(0, 18) + ", user1 as 03:00.0", owner);
  const auto memory = [&](const std::string& vm) { return text(vm, "grep -m1 'System RAM' /proc/iomem"); };
  const std::string ram = memory("owner");
  checks_.check(contains(ram, "System RAM") && memory("user1") == ram && memory("user2") == ram,
                "guest-physical memory of all three overlaps", ram);
}

void Story::ping_from(const std::string& vm, const std::string& address, const std::string& who) {
  run(vm, "ping -c 1 -W 3 " + address);  // resolves the address
  const auto r = run(vm, "ping -c 20 -i 0.1 -W 3 " + address);
  std::smatch rtt;
  std::regex_search(r.out, rtt, std::regex("= ([0-9./]+) ms"));
  checks_.check(r.rc == 0 && contains(r.out, " 0% packet loss"),
                fmt::format("{}: 20 of 20, min/avg/max/mdev {} ms", who, rtt.str(1)), r.out + r.err);
}

void Story::ping() {
  ping_from("user1", "10.82.0.254", "user1 to the host at the wire");
  ping_from("user2", "10.82.0.254", "user2 to the host at the wire");
  ping_from("user1", "10.82.0.2", "user1 to user2");
  const auto r = lab_.peer("peer").run("ping -c 10 -i 0.1 -W 3 10.82.0.1");
  checks_.check(r.rc == 0 && contains(r.out, " 0% packet loss"), "the host at the wire to user1: 10 of 10",
                r.out + r.err);
}

void Story::tcp() {
  for (const bool reverse : {false, true}) {
    const auto r = run("user1", fmt::format("iperf3 -J {} -t 5 -c 10.82.0.254", reverse ? "-R" : ""), 60);
    const Iperf result = iperf_result(r.out);
    checks_.check(result.ok, fmt::format("user1 {} the wire: {:.1f} Mbit/s", reverse ? "from" : "to", result.mbits),
                  r.out.substr(0, 800) + r.err);
  }
  auto server = lab_.vm("user2").spawn("iperf3 -s -1");
  const auto r = run("user1", "sleep 1; iperf3 -J -t 5 -c 10.82.0.2", 60);
  const Iperf result = iperf_result(r.out);
  checks_.check(result.ok, fmt::format("user1 to user2: {:.1f} Mbit/s", result.mbits), r.out.substr(0, 800) + r.err);
  server.signal(15);
}

void Story::file_over_ssh() {
  run("user1", "head -c 16777216 /dev/urandom > /tmp/file");
  const auto r = run("user1", "scp -o ConnectTimeout=20 /tmp/file 10.82.0.2:/tmp/file", 180);
  checks_.check(r.rc == 0, "scp to user2", r.out + r.err);
  const std::string mine = text("user1", "sha256sum < /tmp/file"), theirs = text("user2", "sha256sum < /tmp/file");
  checks_.check(!mine.empty() && mine == theirs, "the checksums are equal: " + mine.substr(0, 16) + "...",
                mine + "\n" + theirs);
  run("user1", "rm /tmp/file");
  run("user2", "rm /tmp/file");
}

void Story::self_tests() {
  const auto vf = run("user2", "ethtool -t eth0 offline", 60);
  checks_.check(contains(vf.out, "PASS"), "ethtool -t offline on user2's VF (ixgbevf)", vf.out + vf.err);
  checks_.wait_for("user2: the link is back after it", 30s,
                   [&](std::string& seen) { return (seen = text("user2", "cat /sys/class/net/eth0/carrier")) == "1"; });
}

void Story::move_vf() {
  control_.ask({{"op", "release"}, {"user", 1}, {"slot", 0}});
  checks_.wait_for("user1: pciehp answers the button", 5s, [&](std::string& seen) {
    seen = text("user1", "dmesg | grep 'pciehp' | tail -n 3");
    return contains(seen, "Button press: will power off in 5 sec");
  });
  checks_.wait_for("user1: the driver is gone and the slot is off", 20s, [&](std::string& seen) {
    seen = text("user1", "lspci -n; dmesg | tail -n 5");
    return text("user1", "lspci -n -d 8086:10ed").empty();
  });
  checks_.wait_for("the VF was reset and is back in the pool", 10s, [&](std::string& seen) {
    const json vf = control_.ask({{"op", "status"}})["vfs"][0];
    seen = vf.dump();
    return vf["state"] == "idle" && !vf.contains("user");
  });
  ping_from("user2", "10.82.0.254", "user2 is not disturbed");
  control_.ask({{"op", "assign"}, {"user", 2}, {"slot", 1}, {"vf", 0}});
  bring_up("user2", "04:00.0", "10.83.0.2/24");
  const std::string interface = interface_of("user2", "04:00.0");
  lab_.peer("peer").run("ip address add 10.83.0.254/24 dev wire0");
  ping_from("user2", "10.83.0.254", "user2 through the VF that was user1's, " + interface);
  checks_.say("user2:\n" + text("user2", "lspci -tv | sed -n '/10000:00/,$p'"));
}

void Story::everyone_is_healthy() {
  for (const std::string vm : {"owner", "user1", "user2"}) {
    const auto alarms = lab::kernel_alarms(text(vm, "dmesg"));
    checks_.check(alarms.empty(), vm + ": the kernel has complained about nothing", lab::describe(alarms));
  }
  const json counters = control_.ask({{"op", "counters"}});
  const auto posted = [&](const char* port) { return counters["ports"][port]["tx"]["posted"].get<std::uint64_t>(); };
  checks_.check(
      posted("user1") > 10'000 && posted("user2") > 10'000,
      fmt::format("the RTL delivered {} and {} writes and interrupts to the users", posted("user1"), posted("user2")));
  const auto& drops = counters["drops"];
  checks_.check(drops["malformed"] == 0 && drops["unexpected"] == 0 && drops["timeout"] == 0 && drops["blocked"] == 0,
                "no packet was malformed, unexpected or lost", drops.dump());
  checks_.say(fmt::format("{} RTL cycles in all", counters["cycles"].get<std::uint64_t>()));
  control_.ask({{"op", "flush"}});
}

}  // namespace vfpool::demo

// SPDX-License-Identifier: Apache-2.0
// The lab with one real guest, without the simulator: does it boot, obey, and go away without a trace? And what it says
// when it cannot start.
#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "lab/alarms.hpp"
#include "lab/control.hpp"
#include "lab/lab.hpp"
#include "lab/script.hpp"

namespace vfpool::lab {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;

// Living processes whose command line or environment's working folder is the run folder.
std::vector<std::string> processes_of(const std::filesystem::path& folder) {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos || name == std::to_string(::getpid())) continue;
    std::ifstream in(entry.path() / "cmdline", std::ios::binary);
    std::string line((std::istreambuf_iterator<char>(in)), {});
    std::error_code ec;
    const auto cwd = std::filesystem::read_symlink(entry.path() / "cwd", ec);
    if (line.find(folder.string()) != std::string::npos || (!ec && cwd == folder)) found.push_back(name + " " + line);
  }
  return found;
}

class LabVmTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root for the namespace";
    folder = std::filesystem::canonical(testing::TempDir()) / fmt::format("vfpool-lab.{}", ::getpid());
  }
  void TearDown() override {
    if (folder.empty()) return;
    // What a lab ends, ends within the grace of its keepers.
    std::vector<std::string> left = processes_of(folder);
    for (int i = 0; i < 80 && !left.empty(); ++i, std::this_thread::sleep_for(100ms)) left = processes_of(folder);
    EXPECT_THAT(left, IsEmpty());
    EXPECT_FALSE(std::filesystem::exists(kNetnsFolder / "far"));
    if (!HasFailure()) std::filesystem::remove_all(folder);
  }

  struct Output {
    int rc;
    std::string text;
  };
  Output vfpool_lab(const std::string& arguments) const {
    const std::string line = fmt::format("{} --dir {} {} 2>&1", VFPOOL_LAB, folder.string(), arguments);
    std::FILE* pipe = ::popen(line.c_str(), "re");
    std::string text;
    std::array<char, 4096> buffer;
    for (std::size_t n; (n = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) text.append(buffer.data(), n);
    const int status = ::pclose(pipe);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, text};
  }

  std::filesystem::path folder;
};

TEST_F(LabVmTest, ServerObeysDiesAndComesBack) {
  Lab lab({.topology = VFPOOL_TOPOLOGY, .folder = folder, .sim_program = {}, .progress = {}});
  lab.up();
  Vm& vm = lab.vm("alone");
  const std::string release = vm.run("uname -r").out;
  EXPECT_EQ("vmlinuz-" + release.substr(0, release.size() - 1), lab.image().kernel.filename());
  EXPECT_EQ(vm.run("hostname").out, "alone\n");

  const std::string bytes("a\0\xff z\n", 6);
  vm.put("/tmp/x", bytes);
  EXPECT_EQ(vm.run("cat /tmp/x").out, bytes);

  Background server = vm.spawn("iperf3 -s -1");
  std::this_thread::sleep_for(1s);
  EXPECT_EQ(vm.run("iperf3 -c 127.0.0.1 -n 1M").rc, 0);
  EXPECT_EQ(server.wait(20s).rc, 0);

  EXPECT_EQ(lab.peer("far").run("ls /sys/class/net >/dev/null; ip -o link | wc -l").out, "1\n");
  EXPECT_EQ(vm.qmp("query-status").value("running", false), true);
  EXPECT_EQ(describe(kernel_alarms(vm.console())), "");
  EXPECT_EQ(vm.run("for t in lspci ethtool ssh sshd iperf3 tcpdump modprobe ping; do command -v $t >/dev/null || echo "
                   "$t; done; modinfo -n vmd ixgbe ixgbevf pktgen >/dev/null || echo modules")
                .out,
            "");

  // They find what they need: tcpdump gives up root for a user of its own.
  EXPECT_THAT(vm.run("(sleep 1; ping -q -c 3 -i 0.3 127.0.0.1 >/dev/null) & timeout 20 tcpdump -c 2 -ni lo icmp").out,
              HasSubstr("ICMP echo request"));
  EXPECT_EQ(vm.run("stat -c '%a %U' / /etc /usr/bin").out, "755 root\n755 root\n755 root\n");

  // The real programs, not busybox's of the same name, however they are started.
  EXPECT_THAT(vm.run("ping -V; timeout 3 ping -V; env ping -V; echo -V | xargs ping").out,
              testing::ContainsRegex("iputils.*\n.*iputils.*\n.*iputils.*\n.*iputils"));

  // A card that is plugged in gets its driver, through native PCIe hot-plug.
  vm.qmp("device_add", {{"driver", "virtio-net-pci"}, {"id", "card"}, {"bus", "slot9"}});
  EXPECT_EQ(vm.run("for i in $(seq 100); do [ -e /sys/class/net/eth0 ] && exit 0; sleep 0.1; done; exit 1").rc, 0);
  EXPECT_THAT(vm.run("dmesg").out, HasSubstr("pciehp: Slot(9)"));

  Background lost = vm.spawn("sleep 1000");
  vm.kill();
  EXPECT_THROW(lost.wait(10s), AgentError);
  EXPECT_FALSE(vm.running());
  vm.restart(60s);
  EXPECT_EQ(vm.run("test ! -e /tmp/x").rc, 0);
}

TEST_F(LabVmTest, DetachedLabServesOtherProgramsAndEnds) {
  const Output up = vfpool_lab("up --detach --topology " VFPOOL_TOPOLOGY);
  ASSERT_EQ(up.rc, 0) << up.text;
  EXPECT_THAT(up.text, HasSubstr("ready"));
  EXPECT_EQ(vfpool_lab("up --detach --topology " VFPOOL_TOPOLOGY).rc, 125);

  const auto status = nlohmann::json::parse(vfpool_lab("status --json").text);
  EXPECT_EQ(status.at("vms").at(0).at("state"), "up");
  EXPECT_EQ(vfpool_lab("run alone sh -c 'echo $0; exit 4' word </dev/null").rc, 4);
  EXPECT_EQ(vfpool_lab("run --timeout 0.5 alone 'sleep 9' </dev/null").rc, 128 + SIGTERM);
  EXPECT_THAT(vfpool_lab("run nobody true </dev/null").text, HasSubstr("there are: alone"));
  EXPECT_THAT(vfpool_lab("wire far ls /sys/class/net").text, testing::StrEq("lo\n"));
  EXPECT_THAT(vfpool_lab("wire far 'ip -o link | wc -l'").text, testing::StrEq("1\n"));

  const Output shell = vfpool_lab("shell alone <<'END'\necho sum=$((6*7))\nexit\nEND\n");
  EXPECT_THAT(shell.text, HasSubstr("sum=42"));
  EXPECT_EQ(vfpool_lab("stop alone").rc, 0);
  EXPECT_THAT(vfpool_lab("status").text, HasSubstr("stopped"));
  EXPECT_EQ(vfpool_lab("down").rc, 0);
  EXPECT_FALSE(std::filesystem::exists(folder / "lab.sock"));
  EXPECT_EQ(vfpool_lab("status").rc, 125);
  EXPECT_EQ(vfpool_lab("down").rc, 0);
}

TEST_F(LabVmTest, NothingOutlivesASupervisorThatIsKilled) {
  ASSERT_EQ(vfpool_lab("up --detach --topology " VFPOOL_TOPOLOGY).rc, 0);
  EXPECT_GE(processes_of(folder).size(), 3U);  // supervisor, keeper, QEMU
  ASSERT_EQ(::kill(lab_supervisor(folder), SIGKILL), 0);
  // TearDown looks for the rest.
}

TEST_F(LabVmTest, AScriptCanBeTheGuestsFirstProgram) {
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "script") << "echo hello\n"
                                      "echo '@host words of mine' >/dev/console\n"
                                      "echo '<4>WARNING: made up' >/dev/kmsg\n"
                                      "exit 3\n";
  std::ofstream(folder / "script.toml") << fmt::format(
      "[[server]]\nname = \"s\"\nattach = \"none\"\n[server.vm]\ninit = \"script\"\nmodules = []\n"
      "files = [\"{}:/script\"]\n",
      (folder / "script").string());
  Lab lab({.topology = folder / "script.toml", .folder = folder, .sim_program = {}, .progress = {}});
  lab.up();
  std::vector<std::string> requests;
  const ScriptResult r = follow_script(lab.vm("s"), 120s, [&](const std::string& words) { requests.push_back(words); });
  EXPECT_TRUE(r.begun);
  EXPECT_TRUE(r.ended);
  EXPECT_FALSE(r.timed_out);
  EXPECT_EQ(r.status, 3);
  EXPECT_THAT(r.output, HasSubstr("\nhello\n"));
  EXPECT_THAT(requests, testing::ElementsAre("words of mine"));
  EXPECT_THAT(kernel_alarms(r.output), testing::ElementsAre(testing::Field(&Alarm::line, "WARNING: made up")));
  EXPECT_FALSE(lab.vm("s").running());

  // Its time is over before the kernel has come so far.
  lab.vm("s").start();
  const ScriptResult late = follow_script(lab.vm("s"), 0s, {});
  EXPECT_TRUE(late.timed_out);
  EXPECT_FALSE(late.ended);
  EXPECT_FALSE(lab.vm("s").running());
}

TEST_F(LabVmTest, GuestThatCannotStartSaysWhy) {
  std::filesystem::create_directories(folder);
  const auto topology = folder / "bad.toml";
  std::ofstream(topology) << "[[server]]\nname = \"bad\"\nattach = \"none\"\n[server.vm]\nappend = \"rdinit=/absent "
                             "root=/dev/absent\"\n";
  Lab lab({.topology = topology, .folder = folder, .sim_program = {}, .progress = {}});
  try {
    lab.up();
    FAIL() << "no error";
  } catch (const VmError& e) {
    EXPECT_THAT(e.what(), HasSubstr("Kernel panic"));
  }
}

TEST_F(LabVmTest, ATopologyForALargerBridgeSaysWhichSimulatorToBuild) {
  const Output up = vfpool_lab("up --topology " VFPOOL_FOUR_USERS);
  EXPECT_EQ(up.rc, 125);
  EXPECT_THAT(up.text, HasSubstr("has 2 users, 2 slots each, 8 functions a slot; this file needs 4 users"));
  EXPECT_THAT(up.text, HasSubstr("tools/toolroot run tools/build users4 vfpool-sim"));
  EXPECT_THAT(up.text, HasSubstr("make lab TOPOLOGY=" VFPOOL_FOUR_USERS " PRESET=users4"));
}

}  // namespace
}  // namespace vfpool::lab

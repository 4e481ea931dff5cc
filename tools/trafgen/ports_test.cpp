// SPDX-License-Identifier: Apache-2.0
// trafgen as a program, with real ports.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "core/scheduler.hpp"
#include "wire/memif.hpp"
#include "wire/pcap_file.hpp"

namespace vfpool::trafgen {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class PortsTest : public testing::Test {
 protected:
  PortsTest() {
    std::string name = (std::filesystem::temp_directory_path() / "trafgen-test-XXXXXX").string();
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    chmod(name.c_str(), 0777);
  }
  ~PortsTest() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::string memif(const std::string& role, const std::string& socket) const {
    return "--port net_memif,role=" + role + ",id=0,socket-abstract=no,socket=" + path(socket);
  }
  /// Two ports that are one cable.
  std::string loop() const { return memif("client", "./s") + " " + memif("server", "s"); }

  struct Ended {
    int status;
    std::string text;
  };
  // A shell's command line; without root's rights, if we have them.
  static std::string as_nobody(const std::string& line) {
    return (geteuid() == 0 ? "exec setpriv --reuid=65534 --regid=65534 --clear-groups " : "exec ") + line;
  }
  static std::string command(const std::string& arguments) { return as_nobody(TRAFGEN " " + arguments + " 2>&1"); }
  static int status_of(int wait_status) { return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : -1; }
  Ended trafgen(const std::string& arguments) const { return shell(command(arguments)); }
  static Ended shell(const std::string& line) {
    FILE* const out = popen(line.c_str(), "r");
    Ended ended{-1, {}};
    for (int c; (c = fgetc(out)) != EOF;) ended.text += static_cast<char>(c);
    ended.status = status_of(pclose(out));
    return ended;
  }
  json result(const std::string& arguments) const {
    const Ended e = trafgen(arguments + " --quiet --json " + path("result.json"));
    EXPECT_EQ(e.status, 0) << e.text;
    return read("result.json");
  }
  json read(const std::string& name) const { return json::parse(std::ifstream(path(name))); }

  std::filesystem::path folder_;
};

TEST_F(PortsTest, SelftestLosesNothingAndFindsEveryPlantedFault) {
  const json r = result("selftest --seconds 0.1");
  ASSERT_EQ(r["checks"].size(), 6U);
  for (const json& check : r["checks"]) EXPECT_TRUE(check["holds"]) << check;
  for (const json& limit : r["limits"]) EXPECT_GT(limit["send_pps"], 0);
}

TEST_F(PortsTest, TwoProcessesOverOneSocket) {
  const pid_t receiver = fork();
  if (receiver == 0) {
    const std::string line = command("run --only-receive --seconds 1000 --every 0.01 --wait 60 -q --json " +
                                     path("in.json") + " " + memif("server", "s"));
    execl("/bin/sh", "sh", "-c", line.c_str(), nullptr);
    _exit(127);
  }
  while (!std::filesystem::exists(path("s"))) usleep(10'000);
  const json sent = result("run --only-send --frames 2050 --rate '20 kpps' --plant lose=100 --wait 60 --drain 1 " +
                           memif("client", "s"));
  // The frames lie in the shared ring: the receiver takes them before it looks at the signal's flag again.
  ASSERT_EQ(kill(receiver, SIGINT), 0);
  int status = 0;
  waitpid(receiver, &status, 0);
  ASSERT_EQ(status_of(status), 0);
  const json got = read("in.json");
  EXPECT_EQ(sent["streams"][0]["sent"], 2050);
  EXPECT_EQ(sent["streams"][0]["planted"]["lost"], 20);
  EXPECT_EQ(got["streams"][0]["received"], 2030);
}

TEST_F(PortsTest, TheModelsWireLosesNothingAtAnySpeed) {
  for (const unsigned mbps : {10'000U, 5U}) {
    Scheduler scheduler(TimeBase::kWall);
    wire::Memif wire(scheduler, {.socket = path("w"), .link_mbps = mbps});
    wire.set_receiver([&wire](const wire::Frame& frame) { wire.send(frame); });
    const pid_t child = fork();
    if (child == 0) {
      // As we are: the socket is ours alone.
      const std::string line = "exec " TRAFGEN " run --frames 3000 --seconds 1000 --drain 2 -q --json " +
                               path("w.json") + " " + memif("client", "w");
      execl("/bin/sh", "sh", "-c", line.c_str(), nullptr);
      _exit(127);
    }
    int status = 0;
    const std::function<void()> look = [&] {
      if (waitpid(child, &status, WNOHANG) == child) return scheduler.stop();
      scheduler.after(std::chrono::milliseconds(10), look);
    };
    look();
    scheduler.run();
    ASSERT_EQ(status_of(status), 0);
    const json stream = read("w.json")["streams"][0];
    EXPECT_EQ(stream["sent"], 3000);
    EXPECT_EQ(stream["received"], 3000);
    EXPECT_EQ(stream["reordered"], 0);
  }
}

// From this process through shared memory, the card, the Verilated bridge, a user's memory, and all the way back. No
// more frames than a ring has descriptors, so that nothing is lost however slow the simulator is.
TEST_F(PortsTest, AllComesBackFromAServerOfThePool) {
  std::ofstream(path("pool.toml")) << R"(
    [nic]
    wire = { kind = "memif" }
    [[server]]
    attach = "model"
    vfs = 2
    [[server]]
    attach = "model"
    assign = [ { slot = 0, vf = 1 } ]
  )";
  std::ofstream(path("streams.toml")) << R"(
    [[stream]]
    size = "imix"
    destination = { mac = "02:82:59:f0:00:01" }
  )";
  const pid_t pool = fork();
  if (pool == 0) {
    const std::string line = as_nobody(VFPOOL_SIM " " + path("pool.toml") + " 2>" + path("log"));
    execl("/bin/sh", "sh", "-c", line.c_str(), nullptr);
    _exit(127);
  }
  const auto log = [&] {
    std::ifstream in(path("log"));
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  const auto is_up = [&] { return log().find("sends back") != std::string::npos; };
  for (int i = 0; i < 12'000 && !is_up() && waitpid(pool, nullptr, WNOHANG) == 0; ++i) usleep(10'000);
  EXPECT_TRUE(is_up()) << log();
  const json r = result("run --frames 300 --seconds 1000 --drain 5 --wait 60 --streams " + path("streams.toml") + " " +
                        memif("client", "wire.sock"));
  kill(pool, SIGTERM);
  waitpid(pool, nullptr, 0);
  const json& stream = r["streams"][0];
  EXPECT_EQ(stream["sent"], 300);
  EXPECT_EQ(stream["received"], 300);
  EXPECT_EQ(stream["reordered"], 0);
  EXPECT_EQ(stream["duplicates"], 0);
}

// In a network of its own, with root's rights. No more frames than a ring of net_af_packet has places.
TEST_F(PortsTest, FramesPassThroughInterfacesOfTheKernel) {
  for (const char* ports : {"--port net_af_packet,iface=va --port net_af_packet,iface=vb",
                            "--port net_tap,iface=t0 --port net_af_packet,iface=t0"}) {
    const Ended e = shell(
        "exec unshare --net sh -c 'sysctl -qw net.ipv6.conf.default.disable_ipv6=1 && "
        "ip link add va type veth peer name vb && ip link set va up && ip link set vb up && "
        "exec " TRAFGEN " run --frames 400 --seconds 1000 --drain 2 -q --json " +
        path("kernel.json") + " " + ports + "' 2>&1");
    ASSERT_EQ(e.status, 0) << e.text;
    const json stream = read("kernel.json")["streams"][0];
    EXPECT_EQ(stream["sent"], 400) << ports;
    EXPECT_EQ(stream["received"], 400) << ports;
  }
}

TEST_F(PortsTest, SearchSaysWhatItsResolutionIs) {
  const json r = result("search --seconds 0.02 --drain 0.05 --resolution 5 --link '100 Mbit/s' " + loop());
  ASSERT_EQ(r["goals"].size(), 2U);
  EXPECT_FALSE(r["trials"].empty());
  for (const json& goal : r["goals"]) {
    if (goal.contains("fails_at"))
      EXPECT_LE(goal["fails_at"].get<double>() - goal["rate"].get<double>(), 0.05);
    else
      EXPECT_EQ(goal["rate"], 1);
  }
}

TEST_F(PortsTest, ReplaysACapture) {
  {
    wire::PcapWriter writer(path("in.pcap"));
    for (int i = 0; i < 10; ++i)
      writer.write(std::chrono::microseconds(100 * i), std::vector<std::uint8_t>(60 + i, 0xab));
    writer.write(std::chrono::milliseconds(2), std::vector<std::uint8_t>(8, 0));
  }
  const json r = result("replay --repeat 3 " + path("in.pcap") + " " + loop());
  EXPECT_EQ(r["sent"], 30);
  EXPECT_EQ(r["received"], 30);
  EXPECT_EQ(r["skipped"], 1);
}

TEST_F(PortsTest, AResultIsLostNeitherToAStrangeNameNorInSilence) {
  const std::string run = "run --port net_null --seconds 0.01 -q ";
  // No UTF-8, in the file's name and so in the command that the result has.
  Ended e = trafgen(run + "--json \"$(printf '" + path("r-\\377") + "')\"");
  EXPECT_EQ(e.status, 0) << e.text;
  EXPECT_TRUE(read("r-\377").contains("streams"));
  e = trafgen(run + "--json /nowhere/r");
  EXPECT_EQ(e.status, 2);
  EXPECT_THAT(e.text, HasSubstr("/nowhere/r: No such file or directory"));
  for (const char* full : {"--json /dev/full", ">/dev/full", "--json - >/dev/full"}) {
    e = shell(TRAFGEN " " + run + full + " 2>" + path("said"));
    EXPECT_EQ(e.status, 1) << full;
    std::ifstream said(path("said"));
    EXPECT_THAT(std::string(std::istreambuf_iterator<char>(said), {}), HasSubstr("No space left")) << full;
  }
  e = shell("{ " TRAFGEN " " + run + "; echo $? >" + path("status") + "; } 2>&1 | true");
  std::ifstream status(path("status"));
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(status), {}), "1\n") << "nobody reads it";
}

TEST_F(PortsTest, WithoutAFileForItAResultLeavesNone) {
  const Ended e = trafgen("run --port net_nothing --seconds 0.1 --json " + path("r.json"));
  EXPECT_EQ(e.status, 1);
  EXPECT_FALSE(std::filesystem::exists(path("r.json")));
}

TEST_F(PortsTest, ValuesThatAreNoneAreRefused) {
  for (const char* options :
       {"--seconds nan", "--drain nan", "--seconds -1", "--ramp nan 5", "--step nan", "--json ''", "--plant ''",
        "--rate ''", "--size ''", "--frames 0", "--frames -1", "--seconds 1e6 --every 0.001",
        "--only-receive --plant lose=5", "--only-receive --frames 5", "--link '1e300 Gbit/s'"}) {
    const Ended e = trafgen(std::string("run --port net_null ") + options);
    EXPECT_EQ(e.status, 2) << options << "\n" << e.text;
  }
  const Ended e = trafgen("run --port net_null1 --port net_null --seconds 0.01");
  EXPECT_EQ(e.status, 2);
  EXPECT_THAT(e.text, HasSubstr("two ports are net_null1"));
}

TEST_F(PortsTest, ASocketThatIsInUseStaysWithItsProcessAndAStaleOneIsReplaced) {
  const auto begin = [&] {
    const pid_t first = fork();
    if (first == 0) {
      const std::string line = command("run --wait 3600 -q " + memif("server", "s") + " >/dev/null");
      execl("/bin/sh", "sh", "-c", line.c_str(), nullptr);
      _exit(127);
    }
    while (!std::filesystem::exists(path("s"))) usleep(10'000);
    return first;
  };
  const auto end = [](pid_t process, int signal) {
    int status = 0;
    kill(process, signal);
    waitpid(process, &status, 0);
  };
  const pid_t first = begin();
  const Ended e = trafgen("run --wait 0.1 -q " + memif("server", "s"));
  EXPECT_EQ(e.status, 1);
  EXPECT_THAT(e.text, HasSubstr(path("s") + ": Address already in use"));
  EXPECT_TRUE(std::filesystem::exists(path("s")));
  end(first, SIGKILL);
  ASSERT_TRUE(std::filesystem::exists(path("s")));
  EXPECT_THAT(trafgen("run --wait 0.1 -q " + memif("server", "s")).text, HasSubstr("no link after"));
  EXPECT_FALSE(std::filesystem::exists(path("s")));
}

TEST_F(PortsTest, AClientWaitsForItsServer) {
  const pid_t client = fork();
  if (client == 0) {
    const std::string line = command("run --only-send --frames 5 --wait 60 -q --json " + path("out.json") + " " +
                                     memif("client", "s") + " >" + path("said"));
    execl("/bin/sh", "sh", "-c", line.c_str(), nullptr);
    _exit(127);
  }
  // It is there, and has looked once.
  while (!std::filesystem::exists(path("said"))) usleep(10'000);
  usleep(1'500'000);
  ASSERT_EQ(waitpid(client, nullptr, WNOHANG), 0) << "it did not wait";
  trafgen("run --only-receive --seconds 0.5 --wait 60 -q " + memif("server", "s"));
  int status = 0;
  waitpid(client, &status, 0);
  EXPECT_EQ(status_of(status), 0);
  EXPECT_EQ(read("out.json")["streams"][0]["sent"], 5);
}

TEST_F(PortsTest, ASignalEndsTheWaitForALink) {
  const pid_t waiting = fork();
  if (waiting == 0) {
    const std::string line = command("run --wait 3600 " + memif("server", "s"));
    execl("/bin/sh", "sh", "-c", line.c_str(), nullptr);
    _exit(127);
  }
  while (!std::filesystem::exists(path("s"))) usleep(10'000);
  ASSERT_EQ(kill(waiting, SIGTERM), 0);
  int status = 0;
  waitpid(waiting, &status, 0);
  EXPECT_EQ(status_of(status), 1);
  EXPECT_FALSE(std::filesystem::exists(path("s")));
}

TEST_F(PortsTest, ARunThatIsInterruptedLosesNothing) {
  const pid_t running = fork();
  if (running == 0) {
    const std::string line = as_nobody(TRAFGEN " run --seconds 3600 --rate '20 kpps' --every 0.01 --json " +
                                       path("r.json") + " " + loop() + " >/dev/null 2>" + path("said"));
    execl("/bin/sh", "sh", "-c", line.c_str(), nullptr);
    _exit(127);
  }
  std::error_code none;
  const auto has_said = [&] { return std::filesystem::file_size(path("said"), none); };
  while (has_said() == 0 || none) usleep(10'000);
  ASSERT_EQ(kill(running, SIGINT), 0);
  int status = 0;
  waitpid(running, &status, 0);
  const json r = read("r.json");
  EXPECT_EQ(r["interrupted"], true);
  EXPECT_GT(r["streams"][0]["sent"], 0);
  EXPECT_EQ(r["streams"][0]["lost"], 0);
}

TEST_F(PortsTest, WhatALibraryWarnsOfIsNotPartOfTheResult) {
  {
    wire::PcapWriter writer(path("in.pcap"));
    for (int i = 0; i < 3; ++i) writer.write(std::chrono::microseconds(i), std::vector<std::uint8_t>(60, 0xab));
  }
  std::filesystem::resize_file(path("in.pcap"), std::filesystem::file_size(path("in.pcap")) - 10);
  const Ended e = shell(as_nobody(TRAFGEN " replay --json - --port net_null " + path("in.pcap") + " 2>/dev/null"));
  EXPECT_EQ(e.status, 0);
  EXPECT_EQ(json::parse(e.text)["sent"], 2) << e.text;
}

TEST_F(PortsTest, ErrorsSayWhatAndWhere) {
  Ended e = trafgen("run --wait 0.1 " + memif("server", "s"));
  EXPECT_EQ(e.status, 1);
  EXPECT_THAT(e.text, HasSubstr("net_memif0: no link after 100 ms"));
  e = trafgen("run --port net_null --rate '20 Mpps'");
  EXPECT_EQ(e.status, 2);
  EXPECT_THAT(e.text, HasSubstr("more than the link carries"));
  e = trafgen("run --port net_null --size 60");
  EXPECT_EQ(e.status, 2);
  EXPECT_THAT(e.text, HasSubstr("no frame size from 64 to 9216"));
  e = trafgen("run --port net_nothing --seconds 0.1");
  EXPECT_EQ(e.status, 1);
  EXPECT_THAT(e.text, HasSubstr("net_nothing"));
  e = trafgen("replay --port net_null /dev/null");
  EXPECT_EQ(e.status, 1);
  EXPECT_THAT(e.text, HasSubstr("/dev/null is no capture"));
}

}  // namespace
}  // namespace vfpool::trafgen

// SPDX-License-Identifier: Apache-2.0
// What can go wrong in a pool of real kernels: servers that die, reboot or lose their card, an owner that takes the VFs
// away or dies, garbage on the sockets, a driver gone mad. The other servers must not notice. The users' VFs have
// the kernel's ixgbevf, or with VFPOOL_VF_DRIVER=airvf our own driver; the PF's is ixgbe.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <random>
#include <regex>
#include <sstream>
#include <thread>

#include "app/control_client.hpp"
#include "core/unix_socket.hpp"
#include "lab/alarms.hpp"
#include "lab/ask.hpp"
#include "lab/lab.hpp"

namespace vfpool {
namespace {

using namespace std::chrono_literals;
using lab::eventually;
using nlohmann::json;

constexpr const char* kPf = "/sys/bus/pci/devices/10000:03:00.0";
constexpr const char* kVf = "/sys/bus/pci/devices/10000:03:00.0";  // on a user

std::string driver() {
  const char* given = std::getenv("VFPOOL_VF_DRIVER");
  return given != nullptr ? given : "ixgbevf";
}

class RobustPool : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (geteuid() != 0) return;
    lab_ = new lab::Lab({.topology = fmt::format("{}/robust_{}.toml", VFPOOL_TOPOLOGIES, driver()),
                         .folder = "build/robust-" + driver(),
                         .sim_program = VFPOOL_SIM,
                         .progress = {}});
    lab_->up();
    create_vfs();
    for (unsigned n : {1u, 2u}) up(n);
  }
  static void TearDownTestSuite() {
    delete lab_;
    lab_ = nullptr;
  }
  void SetUp() override {
    if (lab_ == nullptr) GTEST_SKIP() << "network namespaces need root";
    drops_before_ = control({{"op", "counters"}})["drops"];
  }
  void TearDown() override {
    if (lab_ == nullptr) return;
    ASSERT_TRUE(lab_->sim()->running());
    // Requests for a card that has just gone are refused ("no_target", "not_assigned", "bus_master"); no more than
    // that.
    const json drops = control({{"op", "counters"}})["drops"];
    for (const char* none : {"malformed", "unsupported", "poisoned"}) EXPECT_EQ(drops[none], 0) << drops;
    // What the card had asked a server that died is never answered, and before its link is seen to be down the card's
    // further reads are refused ("blocked": the port answers nothing). Neither happens otherwise.
    if (!a_server_dies_) {
      for (const char* none : {"timeout", "blocked"}) EXPECT_EQ(drops[none], drops_before_[none]) << drops;
    }
    for (const auto& vm : lab_->vm_names()) EXPECT_EQ(lab::describe(lab::kernel_alarms(text(vm, "dmesg"))), "") << vm;
  }

  static std::string text(const std::string& vm, const std::string& sh, std::chrono::seconds limit = 60s) {
    return lab::text_of(lab_->vm(vm), sh, limit);
  }
  static std::string user(unsigned n) { return fmt::format("user{}", n); }
  static json control(const json& request) { return app::ControlClient(lab_->file("control.sock")).ask(request); }

  /// A count in the card's state, e.g. "12 VF resets" or "bad rings 3".
  static std::uint64_t card(const std::string& what) {
    const std::string state = control({{"op", "state"}})["state"];
    std::smatch m;
    if (!std::regex_search(state, m, std::regex("([0-9]+) " + what + "|" + what + " ([0-9]+)"))) {
      ADD_FAILURE() << "no '" << what << "' in\n" << state;
      return 0;
    }
    return std::stoull(m[1].matched ? m[1] : m[2]);
  }
  static void put_scribble() { lab::put_program(lab_->vm("user1"), "/tmp/scribble", VFPOOL_SCRIBBLE); }

  static void create_vfs() {
    lab_->vm("owner").run(fmt::format("ip link set $(ls {}/net) up; echo 8 > {}/sriov_numvfs", kPf, kPf));
    EXPECT_TRUE(eventually(20s, [] { return control({{"op", "status"}})["vfs"].size() == 8; }))
        << text("owner", "dmesg | tail");
  }
  /// The user's VF has its driver, an address and its link; the host at the wire answers.
  static void up(unsigned n) {
    EXPECT_TRUE(eventually(40s, [&] { return text(user(n), fmt::format("ls {}/net", kVf)) == "eth0"; }))
        << text(user(n), "dmesg | tail -20");
    EXPECT_EQ(text(user(n), fmt::format("basename $(readlink {}/driver)", kVf)), driver());
    text(user(n), fmt::format("ip address replace 10.82.0.{}/24 dev eth0; ip link set eth0 up", n));
    EXPECT_TRUE(eventually(30s, [&] { return lab_->vm(user(n)).run("ping -c 1 -W 1 10.82.0.254").rc == 0; }))
        << text(user(n), "ip a; dmesg | tail");
  }
  static bool has_vf(unsigned n) { return !text(user(n), "lspci -n -d 8086:10ed").empty(); }

  /// user2 pings the wire while `disturb` runs; nothing may be lost. Each request waits for its answer before the loop
  /// ends: one ping ended by a signal would count the request that is under way as lost.
  static void undisturbed(const std::function<void()>& disturb) {
    text("user2", "rm -f /tmp/enough");
    auto pings = lab_->vm("user2").spawn(
        "n=0; while [ ! -e /tmp/enough ]; do n=$((n + 1)); ping -c 1 -W 5 10.82.0.254 >/tmp/ping 2>&1 || cat "
        "/tmp/ping; sleep 0.2; done; "
        "echo $n pings");
    std::this_thread::sleep_for(1s);
    disturb();
    std::this_thread::sleep_for(1s);
    text("user2", "touch /tmp/enough");
    const auto r = pings.wait(20s);
    std::smatch m;
    ASSERT_TRUE(std::regex_match(r.out, m, std::regex("([0-9]+) pings\n"))) << r.out << r.err;
    EXPECT_GE(std::stoul(m[1]), 3u);
  }
  /// A user sends TCP to the wire, and really does when this returns. Each has a server of its own: one whose client
  /// died takes no other client.
  struct Traffic {
    std::unique_ptr<lab::Process> server;
    lab::Background client;
  };
  static Traffic traffic_from(unsigned n) {
    static int port = 5300;
    ++port;
    Traffic t{lab_->peer("peer").spawn(fmt::format("iperf3 -s -p {}", port)),
              lab_->vm(user(n)).spawn(fmt::format("sleep 0.5; iperf3 -t 120 -p {} -c 10.82.0.254", port))};
    const auto sent = [n] { return std::stoull(text(user(n), "cat /sys/class/net/eth0/statistics/tx_bytes")); };
    const auto before = sent();
    EXPECT_TRUE(eventually(20s, [&] { return sent() > before + 1'000'000; })) << user(n) << ": no traffic";
    return t;
  }
  static Fd connect_to(const std::string& socket_name) {
    auto fd = connect_unix(lab_->file(socket_name));
    EXPECT_TRUE(fd) << socket_name;
    return fd ? std::move(*fd) : Fd();
  }
  /// A client that says `words` and hangs up.
  static void say(const std::string& socket_name, const std::string& words) {
    const Fd fd = connect_to(socket_name);
    if (!words.empty()) (void)!send(fd.get(), words.data(), words.size(), MSG_NOSIGNAL);
  }
  /// Everything that a client of a vfio-user or control socket may get wrong.
  static void molest(const std::string& socket_name, unsigned seed) {
    std::mt19937 rng(seed);
    std::string junk(3000, '\0');
    for (char& c : junk) c = static_cast<char>(rng());
    // vfio-user headers: message ID, command, size, flags, error (little endian).
    const auto header = [](unsigned command, std::uint32_t size) {
      const std::uint32_t words[] = {7U | command << 16, size, 0, 0};
      return std::string(reinterpret_cast<const char*>(words), sizeof words);
    };
    const std::string version = std::string("\0\0\1\0{\"capabilities\":{}}\0", 24);
    say(socket_name, "");
    say(socket_name, junk);
    say(socket_name, "{\"op\":\"assign\",\"user\":-1,\"vf\":1e99}\n[]\n\"\n{\"op\":7}\n");
    say(socket_name, header(1, 16 + 24).substr(0, 9));                   // gone within the header
    say(socket_name, header(1, 0));                                      // a size below the header's own
    say(socket_name, header(1, 0xffffffff) + junk);                      // or beyond any bound
    say(socket_name, header(9, 16 + 16) + junk.substr(0, 16));           // a region read before the version
    say(socket_name, header(1, 40) + version + header(9, 5000) + junk);  // gone within a message
    say(socket_name, header(1, 40) + version + header(static_cast<unsigned>(rng() % 40), 3016) + junk);
  }

  static lab::Lab* lab_;
  json drops_before_;
  bool a_server_dies_ = false;  ///< in this case
};
lab::Lab* RobustPool::lab_ = nullptr;

TEST_F(RobustPool, AServerKilledInTrafficComesBackToItsVf) {
  a_server_dies_ = true;
  auto traffic = traffic_from(1);
  undisturbed([] {
    const std::uint64_t resets = card("VF resets");
    lab_->vm("user1").kill();
    EXPECT_TRUE(eventually(10s, [&] { return card("VF resets") > resets; }));
    EXPECT_TRUE(eventually(10s, [] { return control({{"op", "status"}})["vfs"][0]["state"] == "idle"; }));
    lab_->vm("user1").restart(120s);
  });
  up(1);
}

TEST_F(RobustPool, AServerThatRebootsInTrafficComesBackToItsVf) {
  a_server_dies_ = true;
  auto traffic = traffic_from(1);
  undisturbed([] {
    lab::Vm& vm = lab_->vm("user1");
    vm.spawn("reboot -f");  // QEMU ends instead of starting the guest again: -no-reboot
    EXPECT_TRUE(eventually(20s, [&] { return !vm.running(); }));
    vm.start();
    vm.wait_ready(120s);
  });
  up(1);
}

TEST_F(RobustPool, GarbageOnTheSocketsIsTurnedAway) {
  a_server_dies_ = true;
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  auto traffic = traffic_from(1);
  undisturbed([&] {
    for (unsigned i = 0; i < 10; ++i)
      for (const char* name : {"user1.sock", "user2.sock", "owner.sock", "control.sock"})
        molest(name, seed + i);          // beside the VMs
    Fd idle = connect_to("user1.sock");  // and one that says nothing, for a while
    EXPECT_TRUE(control({{"op", "status"}}).contains("vfs"));
    EXPECT_EQ(lab_->vm("user1").run("ping -c 2 -W 2 10.82.0.254").rc, 0);
    idle.reset();
    lab_->vm("user1").kill();
    EXPECT_TRUE(eventually(10s, [] { return control({{"op", "status"}})["vfs"][0]["state"] == "idle"; }));
    for (unsigned i = 0; i < 10; ++i) molest("user1.sock", seed + i);  // in place of the VM
    lab_->vm("user1").restart(120s);
  });
  up(1);
}

TEST_F(RobustPool, AForcedRemovalUnderTrafficDisturbsNobodyElse) {
  auto traffic = traffic_from(1);
  undisturbed([] {
    control({{"op", "force"}, {"user", 1}});
    EXPECT_TRUE(eventually(20s, [] { return !has_vf(1); }));
    EXPECT_TRUE(eventually(10s, [] { return control({{"op", "status"}})["vfs"][0]["state"] == "idle"; }));
    control({{"op", "assign"}, {"user", 1}, {"vf", 0}});
  });
  traffic.client.signal(SIGKILL);
  up(1);
}

TEST_F(RobustPool, AVfSurvivesAFunctionLevelResetAndANewDriver) {
  undisturbed([] {
    EXPECT_EQ(text("user1", fmt::format("ip link set eth0 down; echo 1 > {}/reset", kVf)), "");
    text("user1",
         fmt::format("echo 10000:03:00.0 > {}/driver/unbind; echo 10000:03:00.0 > /sys/bus/pci/drivers/{}/bind", kVf,
                     driver()));
    up(1);
  });
}

TEST_F(RobustPool, ADriverGoneMadHarmsOnlyItsOwnVf) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  put_scribble();
  const std::uint64_t before = card("DMA read errors") + card("bad rings") + card("bad descriptors");
  undisturbed([&] {
    text("user1", fmt::format("echo 10000:03:00.0 > {0}/driver/unbind; echo 1 > {0}/enable", kVf));
    // Memory space and bus master; a clean slate does not help it.
    EXPECT_EQ(
        text("user1", fmt::format("setpci -s 10000:03:00.0 4.w=6 && /tmp/scribble {} bars {} 5000", kVf, seed), 120s),
        "");
    EXPECT_EQ(
        text("user1",
             fmt::format("echo 1 > {0}/reset; echo 0 > {0}/enable; echo 10000:03:00.0 > /sys/bus/pci/drivers/{1}/bind",
                         kVf, driver())),
        "");
    up(1);
  });
  EXPECT_GT(card("DMA read errors") + card("bad rings") + card("bad descriptors"), before) << "it was not mad enough";
}

TEST_F(RobustPool, AScrawledConfigurationSpaceIsCleanAfterAPowerCycleOfTheSlot) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  put_scribble();
  undisturbed([&] {
    text("user1", fmt::format("echo 10000:03:00.0 > {}/driver/unbind", kVf));
    EXPECT_EQ(text("user1", fmt::format("/tmp/scribble {} config {} 3000", kVf, seed), 120s), "");
    EXPECT_EQ(text("user1", "echo 0 > /sys/bus/pci/slots/1/power"), "");
    EXPECT_TRUE(eventually(10s, [] { return !has_vf(1); }));
    EXPECT_EQ(text("user1", "echo 1 > /sys/bus/pci/slots/1/power"), "");
    up(1);
  });
}

TEST_F(RobustPool, UsersFollowThePfsLinkDownAndUp) {
  const auto carrier = [](unsigned n) { return text(user(n), "cat /sys/class/net/eth0/carrier"); };
  text("owner", "ip link set eth0 down");
  for (unsigned n : {1u, 2u})
    EXPECT_TRUE(eventually(20s, [&] { return carrier(n) == "0"; })) << n << ": " << text(user(n), "dmesg | tail");
  text("owner", "ip link set eth0 up");
  for (unsigned n : {1u, 2u}) {
    EXPECT_TRUE(eventually(40s, [&] { return carrier(n) == "1"; })) << n << ": " << text(user(n), "dmesg | tail");
    up(n);
  }
}

TEST_F(RobustPool, WhenTheOwnerTakesTheVfsAwayTheUsersLoseAndRegainThem) {
  text("owner", fmt::format("echo 0 > {}/sriov_numvfs", kPf));
  for (unsigned n : {1u, 2u}) EXPECT_TRUE(eventually(20s, [n] { return !has_vf(n); })) << n;
  create_vfs();
  for (unsigned n : {1u, 2u}) up(n);
}

TEST_F(RobustPool, UsersOutliveTheirOwner) {
  a_server_dies_ = true;
  lab_->vm("owner").kill();
  for (unsigned n : {1u, 2u}) EXPECT_TRUE(eventually(20s, [n] { return !has_vf(n); })) << n;
  lab_->vm("owner").restart(120s);
  create_vfs();
  for (unsigned n : {1u, 2u}) up(n);
}

// A machine under load does this to it. No time-out may end while what it waits for has arrived, and no queue may hang.
// The rate is such that what a stall holds up fits into the receiving program's socket buffer, some 90 datagrams.
TEST_F(RobustPool, AStallOfTheSimulatorLosesNothing) {
  const auto count = [] { return card("time-outs") + card("DMA read errors") + card("bad descriptors"); };
  const std::uint64_t before = count();
  auto server = lab_->peer("peer").spawn("iperf3 -s -p 5299");
  auto udp = lab_->vm("user1").spawn("sleep 0.5; iperf3 -u -b 1M -l 800 -t 8 --json -p 5299 -c 10.82.0.254");
  std::this_thread::sleep_for(2s);
  undisturbed([] {
    for (int i = 0; i < 8; ++i) {
      ::kill(lab_->sim()->pid(), SIGSTOP);
      std::this_thread::sleep_for(150ms);
      ::kill(lab_->sim()->pid(), SIGCONT);
      std::this_thread::sleep_for(350ms);
    }
  });
  const auto r = udp.wait(60s);
  ASSERT_EQ(r.rc, 0) << r.out << r.err;
  const json sum = json::parse(r.out)["end"]["sum"];
  EXPECT_EQ(sum["lost_packets"], 0) << sum << lab_->peer("peer").run("cat /proc/net/snmp").out;
  EXPECT_GT(sum["packets"], 1000) << sum;
  EXPECT_EQ(count(), before) << control({{"op", "state"}})["state"].get<std::string>();
}

TEST_F(RobustPool, SigUsr1PrintsTheStateAndNothingElseHappens) {
  undisturbed([] { ::kill(lab_->sim()->pid(), SIGUSR1); });
  std::ostringstream log;
  log << std::ifstream(lab_->file("vfpool-sim.log")).rdbuf();
  for (const char* part : {"bridge:", "nic0:", "user2: on"}) EXPECT_NE(log.str().find(part), std::string::npos) << part;
}

// Idle drivers read registers some hundred times a second. The bridge is clocked for their packets, and stands
// otherwise: what that costs in processor time is the machine's.
TEST_F(RobustPool, TheBridgeStandsButForPacketsWhileTheServersAreIdle) {
  const auto count = [] {
    const json all = control({{"op", "counters"}});
    std::uint64_t packets = 0;
    for (const json& port : all["ports"])
      for (const char* way : {"rx", "tx"})
        for (const json& n : port[way]) packets += n.get<std::uint64_t>();
    return std::pair(packets, all["cycles"].get<std::uint64_t>());
  };
  std::this_thread::sleep_for(3s);
  const auto [packets, cycles] = count();
  std::this_thread::sleep_for(10s);
  const auto [more_packets, more_cycles] = count();
  ASSERT_GT(more_packets, packets);
  // A read is four packets at the ports; it takes 60 cycles, and its parts 20 to rest.
  EXPECT_LT(more_cycles - cycles, 50 * (more_packets - packets));
  fmt::print("{} packets, {} cycles\n", more_packets - packets, more_cycles - cycles);
}

}  // namespace
}  // namespace vfpool

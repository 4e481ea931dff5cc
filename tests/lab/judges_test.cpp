// SPDX-License-Identifier: Apache-2.0
// Those who judge the 82599 model beyond plain traffic: stock ixgbe with Flow Director, the PTP clock and the EEPROM,
// and DPDK's drivers of VF and PF, in the servers of a pool. The cases build on one another.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <thread>

#include "app/control_client.hpp"
#include "lab/alarms.hpp"
#include "lab/ask.hpp"
#include "lab/lab.hpp"

namespace vfpool {
namespace {

using namespace std::chrono_literals;
using lab::eventually;
using nlohmann::json;
using testing::HasSubstr;

constexpr const char* kCard = "10000:03:00.0";  // the PF for the owner, the VF for the user
constexpr const char* kOwner = "10.82.0.1";
constexpr const char* kUser = "10.82.0.2";

class Judges : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (geteuid() != 0) return;
    lab_ = new lab::Lab({.topology = fmt::format("{}/judges.toml", VFPOOL_TOPOLOGIES),
                         .folder = "build/judges",
                         .sim_program = VFPOOL_SIM,
                         .progress = {}});
    lab_->up();
  }
  static void TearDownTestSuite() {
    delete lab_;
    lab_ = nullptr;
  }
  void SetUp() override {
    if (lab_ == nullptr) GTEST_SKIP() << "network namespaces need root";
  }
  void TearDown() override {
    if (lab_ == nullptr) return;
    for (const auto& vm : lab_->vm_names())
      EXPECT_EQ(lab::describe(lab::kernel_alarms(lab_->vm(vm).run("dmesg").out)), "") << vm;
  }

  static std::string text(const std::string& vm, const std::string& sh) { return lab::text_of(lab_->vm(vm), sh, 120s); }
  static json control(const json& request) { return app::ControlClient(lab_->file("control.sock")).ask(request); }
  /// The host at the wire reaches the address.
  static bool answers(const char* address) {
    return lab_->peer("judges").run(fmt::format("ping -c 1 -W 2 {}", address)).rc == 0;
  }
  static void kernel_driver_up(const std::string& vm, const char* address) {
    EXPECT_TRUE(eventually(40s, [&] {
      return text(vm, fmt::format("ls /sys/bus/pci/devices/{}/net", kCard)) == "eth0";
    })) << text(vm, "dmesg | tail -20");
    text(vm, fmt::format("ip address replace {}/24 dev eth0; ip link set eth0 up", address));
    // Another driver may have had another MAC, which the host at the wire would believe for up to a minute.
    lab_->peer("judges").run("ip neighbour flush all");
    EXPECT_TRUE(eventually(30s, [&] { return answers(address); })) << text(vm, "ip a; dmesg | tail");
  }
  static std::uint64_t count(const std::string& counter) {
    const std::string found =
        text("owner", fmt::format("ethtool -S eth0 | awk '$1 == \"{}:\" {{ print $2 }}'", counter));
    return found.empty() ? 0 : std::stoull(found);
  }
  static void send_datagrams(unsigned n, unsigned port) {  // /dev/udp is bash's
    lab_->peer("judges").run(fmt::format(
        "bash -c 'for i in {{1..{}}}; do echo $i >/dev/udp/{}/{}; done' 2>/dev/null; true", n, kOwner, port));
  }

  /// testpmd on the card, answering ARP and ping by itself.
  static void start_dpdk(const std::string& vm) {
    const std::string said = text(vm, fmt::format(R"(
        modprobe uio_pci_generic
        card=/sys/bus/pci/devices/{0}
        [ ! -e $card/driver ] || echo {0} >$card/driver/unbind
        echo uio_pci_generic >$card/driver_override
        echo {0} >/sys/bus/pci/drivers_probe
        mkdir -p /dev/hugepages /var/run
        grep -q hugetlbfs /proc/mounts || mount -t hugetlbfs none /dev/hugepages
        echo 64 >/proc/sys/vm/nr_hugepages
        basename $(readlink $card/driver))",
                                                  kCard));
    EXPECT_EQ(said, "uio_pci_generic");
    text(vm, fmt::format("setsid dpdk-testpmd -l 0-1 --no-telemetry -d librte_mempool_ring.so.25 -a {} -- "
                         "--forward-mode=icmpecho --auto-start "
                         "--no-lsc-interrupt --total-num-mbufs=4096 --rxd=256 --txd=256 --stats-period=1 "
                         "</dev/null >/tmp/testpmd 2>&1 &",
                         kCard));
  }
  static std::string dpdk_says(const std::string& vm) { return text(vm, "cat /tmp/testpmd"); }
  static void stop_dpdk(const std::string& vm) {
    text(vm, "pkill -INT -x dpdk-testpmd");
    EXPECT_TRUE(eventually(20s, [&] { return lab_->vm(vm).run("pgrep -x dpdk-testpmd").rc != 0; })) << dpdk_says(vm);
    text(vm, fmt::format("echo {0} >/sys/bus/pci/devices/{0}/driver/unbind; "
                         "echo >/sys/bus/pci/devices/{0}/driver_override; echo {0} >/sys/bus/pci/drivers_probe",
                         kCard));
  }

  static lab::Lab* lab_;
};

lab::Lab* Judges::lab_ = nullptr;

TEST_F(Judges, IxgbeSteersAndDropsByNtupleRules) {
  kernel_driver_up("owner", kOwner);
  text("owner", "ethtool -K eth0 ntuple on");
  EXPECT_THAT(text("owner", "ethtool -N eth0 flow-type udp4 dst-port 2000 action -1"), HasSubstr("Added rule"));
  EXPECT_THAT(text("owner", "ethtool -N eth0 flow-type udp4 dst-port 2001 action 1"), HasSubstr("Added rule"));
  const std::uint64_t matches = count("fdir_match"),
                      udp = std::stoull(text("owner", "awk '/^Udp: [0-9]/ { print $2 + $3 }' /proc/net/snmp"));
  const std::uint64_t queue1 = count("rx_queue_1_packets");
  send_datagrams(50, 2000);
  send_datagrams(50, 2001);
  send_datagrams(50, 2002);
  EXPECT_TRUE(eventually(20s, [&] { return count("fdir_match") == matches + 100; })) << count("fdir_match") - matches;
  EXPECT_EQ(std::stoull(text("owner", "awk '/^Udp: [0-9]/ { print $2 + $3 }' /proc/net/snmp")), udp + 100);
  EXPECT_GE(count("rx_queue_1_packets"), queue1 + 50);
  EXPECT_GT(count("fdir_miss"), 0u);
  text("owner", "ethtool -K eth0 ntuple off");
  EXPECT_TRUE(eventually(30s, [&] { return answers(kOwner); }));
}

TEST_F(Judges, ThePtpClockOfIxgbeRunsAndIsSet) {
  EXPECT_THAT(text("owner", "ethtool -T eth0"), HasSubstr("hardware-raw-clock"));
  lab::put_program(lab_->vm("owner"), "/tmp/phc", VFPOOL_PHC);
  std::istringstream said(text("owner", "/tmp/phc /dev/ptp0 1000"));
  double nanoseconds = 0;
  long seconds = 0;
  ASSERT_TRUE(said >> nanoseconds >> seconds) << said.str();
  // The guest's clock and the card's are two; on a busy machine they are looked at at different times.
  EXPECT_NEAR(nanoseconds, 1e9, 0.2e9);
  EXPECT_GE(seconds, 1000);
  EXPECT_LT(seconds, 1100);
}

TEST_F(Judges, IxgbeWritesTheEeprom) {
  const std::string read = "ethtool -e eth0 raw on offset 0x60 length 2 | od -An -tx1 | xargs";
  EXPECT_EQ(text("owner", read), "ff ff");
  EXPECT_EQ(text("owner", "ethtool -E eth0 magic 0x10f98086 offset 0x60 value 0x5a"), "");
  EXPECT_EQ(text("owner", read), "5a ff");
  // The driver refuses a card whose checksum is wrong.
  text("owner",
       fmt::format("echo {0} >/sys/bus/pci/drivers/ixgbe/unbind; echo {0} >/sys/bus/pci/drivers/ixgbe/bind", kCard));
  kernel_driver_up("owner", kOwner);
}

TEST_F(Judges, DpdkDrivesAVfOfThePool) {
  text("owner", fmt::format("echo 2 >/sys/bus/pci/devices/{}/sriov_numvfs", kCard));
  EXPECT_TRUE(eventually(20s, [] { return control({{"op", "status"}})["vfs"].size() == 2; }));
  kernel_driver_up("owner", kOwner);
  control({{"op", "assign"}, {"user", 1}, {"slot", 0}, {"vf", 0}});
  kernel_driver_up("user1", kUser);
  start_dpdk("user1");
  EXPECT_TRUE(eventually(60s, [] { return answers(kUser); })) << dpdk_says("user1");
  EXPECT_EQ(lab_->peer("judges").run(fmt::format("ping -q -c 10 -i 0.2 -W 2 {}", kUser)).rc, 0) << dpdk_says("user1");
  stop_dpdk("user1");
  kernel_driver_up("user1", kUser);
}

TEST_F(Judges, DpdkDrivesThePf) {
  text("owner", fmt::format("echo 0 >/sys/bus/pci/devices/{}/sriov_numvfs", kCard));
  start_dpdk("owner");
  EXPECT_TRUE(eventually(60s, [] { return answers(kOwner); })) << dpdk_says("owner");
  EXPECT_EQ(lab_->peer("judges").run(fmt::format("ping -q -c 10 -i 0.2 -W 2 {}", kOwner)).rc, 0) << dpdk_says("owner");
  stop_dpdk("owner");
  kernel_driver_up("owner", kOwner);
}

}  // namespace
}  // namespace vfpool

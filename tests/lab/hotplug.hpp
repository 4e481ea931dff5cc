// SPDX-License-Identifier: Apache-2.0
// A pool of real kernels, each with the module vfpool, for cases that move VFs by the servers' own commands. One boot
// for all cases: each leaves every slot empty.
#pragma once

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <regex>
#include <string>
#include <vector>

#include "lab/alarms.hpp"
#include "lab/ask.hpp"
#include "lab/lab.hpp"

namespace vfpool {

using namespace std::chrono_literals;
using nlohmann::json;

inline constexpr const char* kPf = "/sys/bus/pci/devices/10000:03:00.0";

class Hotplug : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (geteuid() != 0 || lab_ != nullptr) return;
    auto topology = config::read_topology(VFPOOL_TOPOLOGY);
    lab::Lab::Options options;
    options.folder = "build" / topology.file.stem();
    options.sim_program = VFPOOL_SIM;
    options.boot_limit = 300s;
    // tests/lab/hotplug_on
    if (const char *kernel = std::getenv("VFPOOL_KERNEL_ROOT"), *modules = std::getenv("VFPOOL_MODULES");
        kernel != nullptr && modules != nullptr) {
      topology.image = {.kernel_root = kernel,
                        .add = {fmt::format("{}/drivers/vfpool/vfpool.ko:modules:vfpool.ko", modules)}};
      for (auto& server : topology.servers) server.vm.memory = "1G";
      options.folder += "-" + std::filesystem::path(modules).filename().string();
      options.boot_limit = 600s;
    }
    lab_ = new lab::Lab(options, topology);
    lab_->up();
    for (const auto& vm : lab_->vm_names()) {
      put_commands(vm);
      EXPECT_EQ(sh(vm, "modprobe vfpool && ls /dev/vfpool0").rc, 0) << sh(vm, "dmesg | tail -20").out;
    }
    sh("owner", fmt::format("ip link set $(ls {}/net) up; echo 4 > {}/sriov_numvfs", kPf, kPf));
    EXPECT_TRUE(lab::eventually(20s, [] { return pool("owner", "list")["vfs"].size() == 4; }))
        << sh("owner", "dmesg | tail -20").out;
  }
  void SetUp() override {
    if (lab_ == nullptr) GTEST_SKIP() << "network namespaces need root";
  }
  void TearDown() override {
    if (lab_ == nullptr) return;
    for (const auto& vm : lab_->vm_names()) EXPECT_EQ(lab::describe(lab::kernel_alarms(sh(vm, "dmesg").out)), "") << vm;
    for (const auto& slot : listed("slots")) {
      EXPECT_FALSE(slot["present"].get<bool>()) << slot;
      // One failure is enough: the next test finds an empty pool.
      if (slot["present"].get<bool>())
        sh("owner", fmt::format("vfpool release {} {} --force", slot["user"].dump(), slot["slot"].dump()));
    }
  }

  static lab::Result sh(const std::string& vm, const std::string& line, std::chrono::seconds limit = 60s) {
    return lab_->vm(vm).run(line, limit);
  }
  static void put_commands(const std::string& vm) {
    for (const std::string program : {"hotplug_in", "hotplug_out", "vfpool"})
      lab::put_program(lab_->vm(vm), "/usr/bin/" + program, std::filesystem::path(VFPOOL_COMMANDS) / program);
  }
  /// A command with --json: what it prints, and its exit status as "rc".
  static json command(const std::string& vm, const std::string& line) {
    const auto r = sh(vm, line + " --json", 90s);
    json out = json::parse(r.out, nullptr, false);
    if (!out.is_object()) out = {{"out", r.out}, {"err", r.err}};
    out["rc"] = r.rc;
    return out;
  }
  static json pool(const std::string& vm, const std::string& line) { return command(vm, "vfpool " + line); }
  /// A part of what the owner lists; a value, as a loop over a part of a temporary would go through what is gone.
  static json listed(const char* part) { return pool("owner", "list")[part]; }
  static std::string user(unsigned n) { return fmt::format("user{}", n); }
  /// The user's new interface is up and reaches the host at the wire.
  static void reaches_the_wire(unsigned n, const std::string& netdev) {
    sh(user(n), fmt::format("ip address replace 10.82.0.{}/24 dev {}; ip link set {} up", n, netdev, netdev));
    EXPECT_TRUE(lab::eventually(20s, [&] { return sh(user(n), "ping -c 1 -W 1 10.82.0.254").rc == 0; }))
        << sh(user(n), "dmesg | tail -20").out;
  }
  /// Malformed ioctls, those that somebody thought of and random ones, in either role (tests/lab/ioctls.cpp).
  static void malformed_requests_are_refused() {
    for (const char* vm : {"owner", "user1"}) {
      lab::put_program(lab_->vm(vm), "/usr/bin/ioctls", VFPOOL_IOCTLS);
      // The limits are for what hangs: a machine that is busy, or checks every access, takes minutes.
      const auto refused = sh(vm, "ioctls refused", 300s);
      EXPECT_EQ(refused.rc, 0) << vm << ": " << refused.out << refused.err;
      const auto seed = testing::UnitTest::GetInstance()->random_seed();
      const auto random = sh(vm, fmt::format("ioctls random {} 2000", seed), 900s);
      EXPECT_EQ(random.rc, 0) << vm << ", seed " << seed << ": " << random.err;
    }
  }
  /// Ends a ping that goes on; returns how many requests were not answered. The one that was under way is none of them:
  /// ping counts it as lost.
  static unsigned long lost(lab::Background& ping) {
    ping.signal(SIGINT);
    const auto seen = ping.wait(30s);
    std::smatch count;
    if (!std::regex_search(seen.out, count, std::regex("([0-9]+) packets transmitted, ([0-9]+) received"))) {
      ADD_FAILURE() << seen.out << seen.err;
      return 0;
    }
    const auto lost = std::stoul(count[1]) - std::stoul(count[2]);
    return lost == 0 ? 0 : lost - 1;
  }
  /// The interface that came with a hotplug_in: the driver may come a moment after it.
  static std::string netdev_of(unsigned n, const json& in) {
    const std::string folder =
        fmt::format("/sys/bus/pci/devices/{}/net", in["functions"][0]["address"].get<std::string>());
    EXPECT_TRUE(lab::eventually(20s, [&] { return sh(user(n), "ls " + folder).rc == 0; }));
    return lab::trimmed(sh(user(n), "ls " + folder).out);
  }

  static inline lab::Lab* lab_ = nullptr;

 private:
  /// The pool goes when all suites that use it have.
  struct End : testing::Environment {
    void TearDown() override {
      const std::unique_ptr<lab::Lab> end(lab_);
      for (const auto& vm : lab_ != nullptr ? lab_->vm_names() : std::vector<std::string>())
        EXPECT_EQ(leaked(vm), "") << vm;
      lab_ = nullptr;
    }
  };
  /// What kmemleak finds, where the kernel has it: seen twice, so that what is on its way does not count.
  static std::string leaked(const std::string& vm) {
    return sh(vm, "f=/sys/kernel/debug/kmemleak; [ -e $f ] || exit 0; echo scan > $f; sleep 6; echo scan > $f; cat $f",
              300s)
        .out;
  }
  static inline testing::Environment* const end_ = testing::AddGlobalTestEnvironment(new End);
};

}  // namespace vfpool

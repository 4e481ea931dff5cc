// SPDX-License-Identifier: Apache-2.0
// An administrator's server: systemd and udev start, the rules give a group the device file, and the unit restores the
// pool's policy and assignment at boot. Rules and unit are those of docs/allocation.md.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

#include "lab/alarms.hpp"
#include "lab/ask.hpp"
#include "lab/lab.hpp"

namespace vfpool {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::HasSubstr;

constexpr const char* kAgent = R"([Unit]
Description=The lab's agent
DefaultDependencies=no
After=systemd-udevd.service
[Service]
ExecStart=/sbin/vfpool-agent
Restart=always
)";

/// The only block of this language in the page.
std::string block_of(const std::string& page, const std::string& language) {
  const std::string fence = "```" + language + "\n";
  const auto begin = page.find(fence);
  if (begin == std::string::npos) throw std::runtime_error("the page has no " + language);
  const auto from = begin + fence.size();
  return page.substr(from, page.find("```", from) - from);
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  const auto at = text.find(what);
  if (at == std::string::npos) throw std::runtime_error("no \"" + what + "\" in: " + text);
  return text.replace(at, what.size(), by);
}

/// As "vfpool save" writes it.
json saved_pool() {
  json out{{"users", json::array()}, {"vfs", json::array()}};
  for (unsigned u = 1; u <= 2; ++u) out["users"].push_back({{"user", u}, {"quota", 1 + u}, {"weight", 2 + u}});
  for (unsigned n = 0; n < 8; ++n)
    out["vfs"].push_back({{"vf", n},
                          {"reserved_for", n == 5 ? 2 : 0},
                          {"profile",
                           {{"mac", fmt::format("02:00:00:00:08:{:02x}", n)},
                            {"vlan", 0},
                            {"qos", 0},
                            {"trust", false},
                            {"spoof_check", true},
                            {"min_rate", 0},
                            {"max_rate", 0},
                            {"mtu", 0}}}});
  out["vfs"][1].update({{"user", 1}, {"slot", 0}, {"function", 0}});
  out["vfs"][3].update({{"user", 2}, {"slot", 1}, {"function", 0}});
  return out;
}

TEST(Systemd, RestoresThePoolAtBootAndTheRuleGivesTheGroupItsDevice) {
  if (geteuid() != 0) GTEST_SKIP() << "the lab needs root";
  const std::filesystem::path folder = std::filesystem::absolute("build/systemd");
  std::filesystem::create_directories(folder);
  std::ifstream in(VFPOOL_PAGE);
  const std::string page{std::istreambuf_iterator<char>(in), {}};
  auto topology = config::read_topology(VFPOOL_TOPOLOGY);
  const auto bring = [&](const std::string& path, const std::string& text) {
    const auto file = folder / std::filesystem::path(path).filename();
    std::ofstream(file) << text;
    topology.servers[0].vm.files.push_back(fmt::format("{}:{}", file.string(), path));
  };
  bring("/etc/systemd/system/lab-agent.service", kAgent);
  bring("/etc/systemd/system/vfpool-restore.service",
        replaced(block_of(page, "systemd"), "0000:04:00.0", "10000:03:00.0"));
  bring("/etc/udev/rules.d/60-vfpool.rules",
        replaced(block_of(page, "udev"), R"(MODE="0660")", R"(MODE="0660", TAG+="systemd")"));
  bring("/etc/vfpool.json", saved_pool().dump());
  bring("/etc/machine-id", "0123456789abcdef0123456789abcdef\n");  // without one, systemd would enable every unit
  bring("/etc/group", "root:x:0:\ntty:x:5:\ndisk:x:6:\nvfpool:x:900:\n");

  lab::Lab lab(
      {.topology = {}, .folder = folder / "run", .sim_program = VFPOOL_SIM, .boot_limit = 300s, .progress = {}},
      topology);
  lab.up();
  auto& owner = lab.vm("owner");
  const auto property = [&](const std::string& name) {
    return lab::trimmed(owner.run("systemctl show --value --property " + name + " vfpool-restore.service").out);
  };
  EXPECT_TRUE(lab::eventually(180s, [&] {
    return property("ExecMainExitTimestampMonotonic") != "0" && property("ActiveState") != "activating";
  })) << property("ActiveState");
  EXPECT_EQ(property("Result"), "success") << owner.run("dmesg | tail -30").out;
  EXPECT_EQ(lab::trimmed(owner.run("stat -c '%G %a' /dev/vfpool0").out), "vfpool 660");

  const auto pool = json::parse(owner.run("/usr/local/sbin/vfpool list --json").out);
  EXPECT_EQ(pool["users"][0]["quota"], 2) << pool;
  EXPECT_EQ(pool["users"][1]["weight"], 4);
  EXPECT_EQ(pool["vfs"].size(), 8u);
  EXPECT_EQ(pool["vfs"][1]["user"], 1);
  EXPECT_EQ(pool["vfs"][3]["user"], 2);
  EXPECT_EQ(pool["vfs"][3]["slot"], 1);
  EXPECT_EQ(pool["vfs"][5]["reserved_for"], 2);
  EXPECT_EQ(pool["vfs"][6]["profile"]["mac"], "02:00:00:00:08:06");
  EXPECT_EQ(lab::describe(lab::kernel_alarms(owner.run("dmesg").out)), "");
}

}  // namespace
}  // namespace vfpool

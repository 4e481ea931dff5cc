// SPDX-License-Identifier: Apache-2.0
// Payloads of 512 bytes between stock kernels, which set the size themselves (docs/bridge.md, "Payload sizes").
#include "hotplug.hpp"

namespace vfpool {
namespace {

using testing::HasSubstr;

class LargePayloads : public Hotplug {
 protected:
  /// Of the functions of a server: what Device Control says, "128", "512".
  static std::string size(const std::string& vm, const std::string& function) {
    const std::string devctl = fmt::format("setpci -s {} CAP_EXP+8.w", function);
    const auto code = std::stoul(lab::trimmed(sh(vm, devctl).out), nullptr, 16) >> 5 & 7;
    return std::to_string(128U << code);
  }
  static constexpr const char *kSwitch = "10000:01:00.1", *kVf = "10000:03:00.0";
};

TEST_F(LargePayloads, AreSetByTheKernelsAndCross) {
  for (const std::string function : {kSwitch, kVf}) EXPECT_EQ(size("owner", function), "512") << function;
  const json in = command("user1", "hotplug_in --vf 0");
  ASSERT_EQ(in["rc"], 0) << in;
  for (const std::string function : {kSwitch, kVf}) EXPECT_EQ(size("user1", function), "512") << function;
  reaches_the_wire(1, netdev_of(1, in));
  EXPECT_EQ(sh("user1", "ping -c 20 -i 0.05 -s 1472 -M do 10.82.0.254").rc, 0);
  EXPECT_EQ(command("user1", "hotplug_out --now --force")["rc"], 0);
}

TEST_F(LargePayloads, AServerThatStaysAt128BytesIsRefusedEachVf) {
  EXPECT_EQ(size("user2", kSwitch), "128");
  for (const std::string ask : {"hotplug_in --vf 1", "hotplug_in"}) {
    const json in = command("user2", ask);
    EXPECT_EQ(in["rc"], 4) << ask;
    EXPECT_THAT(in["error"].get<std::string>(), HasSubstr("payload size")) << ask;
  }
  for (const std::string ask : {"assign 1 2", "move 1 2"}) {
    const json given = pool("owner", ask);
    EXPECT_EQ(given["rc"], 4) << ask;
    EXPECT_THAT(given["error"].get<std::string>(), HasSubstr("payload")) << ask;
  }
  for (const json& vf : pool("owner", "list")["vfs"]) EXPECT_EQ(vf["use"], "free") << vf;
}

TEST_F(LargePayloads, AVfThatIsForcedUponAServerOfAnotherSizeIsClosed) {
  ASSERT_EQ(pool("owner", "assign 1 2 --force")["rc"], 0);
  ASSERT_TRUE(lab::eventually(20s, [] { return pool("user2", "list")["slots"][0]["powered"] == true; }));
  EXPECT_NE(sh("user2", fmt::format("ls /sys/bus/pci/devices/{}/net", kVf)).rc, 0);
  EXPECT_THAT(pool("owner", "check").dump(), HasSubstr("payload")) << "the owner is told";
  EXPECT_EQ(command("user2", "hotplug_out --now --force")["rc"], 0);
}

}  // namespace
}  // namespace vfpool

// SPDX-License-Identifier: Apache-2.0
#include "app/topology.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace vfpool::app {
namespace {

class TopologyFile : public testing::Test {
 protected:
  Topology read(const std::string& text) {
    std::ofstream(path) << text;
    return read_topology(path);
  }
  std::string error(const std::string& text) {
    try {
      read(text);
    } catch (const TopologyError& e) {
      return e.what();
    }
    return "accepted";
  }
  ~TopologyFile() override { std::filesystem::remove(path); }
  std::filesystem::path path = testing::TempDir() + "/topology_test." + std::to_string(getpid()) + ".toml";
};

constexpr const char* kPool = R"(
[nic]
mac = "02:00:00:00:00:07"
wire = { kind = "tap", netns = "peer" }
[[server]]
name = "owner"
[[server]]
name = "user1"
assign = [ { vf = 3 }, { slot = 1, vf = 4 } ]
[server.vm]
memory = "512M"
[[peer]]
netns = "peer"
)";

TEST_F(TopologyFile, DescribesAPool) {
  const Topology t = read(kPool);
  ASSERT_EQ(t.servers.size(), 2u);
  EXPECT_TRUE(t.servers[0].owner);
  EXPECT_EQ(t.servers[1].socket, "user1.sock");
  ASSERT_EQ(t.servers[1].assign.size(), 2u);
  EXPECT_EQ(t.servers[1].assign[1].slot, 1u);
  EXPECT_EQ(t.mac[5], 7);
  EXPECT_EQ(t.wire.netns, "peer");
}

TEST_F(TopologyFile, TheLabsTopologyIsUnderstood) {
  EXPECT_EQ(read_topology(VFPOOL_SOURCE "/sim/lab/topologies/pool.toml").servers.size(), 3u);
}

TEST_F(TopologyFile, ErrorsNameTheLineAndWhatIsWrong) {
  EXPECT_THAT(error("[nic]\n\nlink_mbps = -4\n"), testing::HasSubstr(":3: nic: link_mbps must be a number"));
  EXPECT_THAT(error("[sim]\ncontrl = \"x\"\n"), testing::HasSubstr(":2: sim: unknown key \"contrl\""));
  EXPECT_THAT(error("[nic\n"), testing::HasSubstr(":1:"));
  EXPECT_THAT(error("[nic]\nmac = \"01:00:00:00:00:00\"\n"), testing::HasSubstr("no unicast"));
  EXPECT_THAT(error("[nic]\nmac = \"02:00:00:00:00\"\n"), testing::HasSubstr("no unicast"));
  EXPECT_THAT(error("[[server]]\nattach = \"magic\"\n"),
              testing::HasSubstr("it can be vfio-user, model, direct, none"));
  EXPECT_THAT(error("[[server]]\n[[server]]\nassign = [ { slot = 9, vf = 0 } ]\n"), testing::HasSubstr("slot must be"));
}

TEST_F(TopologyFile, ContradictionsAreRefused) {
  EXPECT_THAT(error("[[server]]\nrole = \"user\"\n"), testing::HasSubstr("one owner"));
  EXPECT_THAT(error("[[server]]\n[[server]]\nname = \"owner\"\n"), testing::HasSubstr("two servers"));
  EXPECT_THAT(error("[[server]]\n[[server]]\n[[server]]\n[[server]]\n"), testing::HasSubstr("3 users"));
  EXPECT_THAT(error("[[server]]\n[[server]]\nassign=[{vf=1}]\n[[server]]\nassign=[{vf=1}]\n"),
              testing::HasSubstr("assigned twice"));
  EXPECT_THAT(error("[[server]]\n[[server]]\nattach=\"direct\"\n"), testing::HasSubstr("cannot share"));
  EXPECT_THAT(error("[record]\ntaps=[\"nowhere\"]\n"), testing::HasSubstr("no port \"nowhere\""));
}

TEST_F(TopologyFile, AMissingFileIsAnErrorNotACrash) {
  EXPECT_THROW(read_topology("/nonexistent.toml"), TopologyError);
}

}  // namespace
}  // namespace vfpool::app

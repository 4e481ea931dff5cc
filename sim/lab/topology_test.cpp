// SPDX-License-Identifier: Apache-2.0
#include "lab/topology.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace vfpool::lab {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class TopologyTest : public testing::Test {
 protected:
  ~TopologyTest() override { std::filesystem::remove(path); }
  Topology read(const std::string& text) {
    std::ofstream(path) << text;
    return read_topology(path);
  }
  std::string error_of(const std::string& text) {
    try {
      read(text);
    } catch (const TopologyError& e) {
      return e.what();
    }
    return "no error";
  }
  std::filesystem::path path = testing::TempDir() + "vfpool-topology." + std::to_string(::getpid());
};

TEST_F(TopologyTest, ReadsThePoolThatMakeLabStarts) {
  const Topology t = read_topology(VFPOOL_SOURCE_DIR "/sim/lab/topologies/pool.toml");
  EXPECT_TRUE(t.has_sim);
  ASSERT_EQ(t.servers.size(), 3U);
  EXPECT_EQ(t.servers[0].name, "owner");
  EXPECT_EQ(t.servers[1].socket, "user1.sock");
  ASSERT_EQ(t.peers.size(), 1U);
  EXPECT_EQ(t.peers[0].interface, "wire0");
  EXPECT_THAT(t.peers[0].address, ElementsAre("10.82.0.254/24"));
}

TEST_F(TopologyTest, ReadsWhatConcernsTheVm) {
  const Topology t = read(R"(
    [sim]
    [[server]]
    name = "a"
    [server.vm]
    memory = "768M"
    cpus = 2
    modules = ["vmd", "pktgen"]
    blacklist = ["ixgbevf"]
    append = "nosmp"
    qemu_args = ["-s"]
    [[server]]
    name = "b"
    attach = "model"
    [lab]
    kernel = "/k"
    add = ["x:/y"]
  )");
  EXPECT_EQ(t.servers[0].socket, "a.sock");
  EXPECT_EQ(t.servers[0].memory, "768M");
  EXPECT_EQ(t.servers[0].cpus, 2);
  EXPECT_THAT(t.servers[0].modules, ElementsAre("vmd", "pktgen"));
  EXPECT_THAT(t.servers[0].blacklist, ElementsAre("ixgbevf"));
  EXPECT_EQ(t.servers[1].attach, Topology::Attach::kModel);
  EXPECT_EQ(t.kernel, "/k");
  EXPECT_THAT(t.image_files, ElementsAre("x:/y"));
}

TEST_F(TopologyTest, ErrorsNameThePlace) {
  EXPECT_THAT(error_of("[sim\n"), HasSubstr(":1"));
  EXPECT_THAT(error_of("[[server]]\nname = \"a/b\"\n"), HasSubstr("server 1: name"));
  EXPECT_THAT(error_of("[[server]]\nname = \"a\"\n"), HasSubstr("needs a [sim] table"));
  EXPECT_THAT(error_of("[[server]]\nname = \"a\"\nattach = \"pci\"\n"), HasSubstr("'pci' is none of"));
  EXPECT_THAT(error_of("[sim]\n[[server]]\nname = \"a\"\n[[server]]\nname = \"a\"\n"), HasSubstr("is taken"));
  EXPECT_THAT(error_of("[sim]\n[[server]]\nname = \"a\"\n[server.vm]\nmemroy = \"1G\"\n"), HasSubstr("memroy"));
  EXPECT_THAT(error_of("[sim]\n[[server]]\nname = \"a\"\n[server.vm]\ncpus = \"1\"\n"), HasSubstr("wrong type"));
  EXPECT_THAT(error_of("[sim]\n[[server]]\nname = \"a\"\n[server.vm]\ncpus = 0\n"), HasSubstr("1 to 64"));
  EXPECT_THAT(error_of("[[peer]]\nnetns = \"p\"\naddress = [\"10.0.0.1/8\"]\n"), HasSubstr("no interface"));
  EXPECT_THAT(error_of("server = 1\n"), HasSubstr("double brackets"));
}

}  // namespace
}  // namespace vfpool::lab

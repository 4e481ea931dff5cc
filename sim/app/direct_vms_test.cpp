// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "app/simulation.hpp"
#include "config/topology.hpp"

namespace vfpool::app {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class DirectSimulation : public testing::Test {
 protected:
  DirectSimulation() {
    std::filesystem::create_directories(folder);
    std::ofstream(folder / "direct.toml") << R"(
      [nic]
      wire = { kind = "station" }
      [[server]]
      name = "a"
      attach = "direct"
      vfs = [0, 2]
      mischief = true
      [[server]]
      name = "b"
      attach = "direct"
      vf = 1
      [pf]
      vfs = 4
    )";
    simulation =
        std::make_unique<Simulation>(scheduler, config::read_topology(folder / "direct.toml", bridge_limits()), folder);
  }
  ~DirectSimulation() override {
    simulation.reset();
    std::filesystem::remove_all(folder);
  }
  std::string answer(const json& request) {
    try {
      return simulation->control(request).dump();
    } catch (const ControlError& e) {
      return e.what();
    }
  }
  std::filesystem::path folder = testing::TempDir() + "/direct_vms_test." + std::to_string(getpid());
  Scheduler scheduler{TimeBase::kWall};
  std::unique_ptr<Simulation> simulation;
};

TEST_F(DirectSimulation, EveryVfOfAServerHasItsSocket) {
  for (const char* socket : {"a.0.sock", "a.2.sock", "b.sock"})
    EXPECT_TRUE(std::filesystem::is_socket(folder / socket));
}

TEST_F(DirectSimulation, OperationsAreCarriedOut) {
  for (const json& request :
       {json{{"op", "link"}, {"up", false}}, json{{"op", "link"}, {"up", true}}, json{{"op", "pf"}, {"do", "stop"}},
        json{{"op", "pf"}, {"do", "start"}, {"mtu", 9000}}, json{{"op", "pf"}, {"do", "delay"}, {"ms", 5}},
        json{{"op", "pf"}, {"do", "delay_reset"}, {"ms", 5}}, json{{"op", "apis"}, {"versions", {10, 13}}},
        json{{"op", "apis"}, {"versions", 17}, {"features", 3}}, json{{"op", "apis"}, {"versions", json::array()}},
        json{{"op", "mischief"}, {"vf", 2}, {"kind", "silence"}, {"ms", 10}},
        json{{"op", "flood"}, {"payload", 18}, {"rate", 100}, {"ms", 1}}, json{{"op", "gaps_start"}, {"vf", 1}},
        json{{"op", "flood"}, {"payload", 18}, {"rate", 100}, {"ms", 1}, {"vfs", 4}}, json{{"op", "flood_end"}},
        json{{"op", "near_end"}, {"vf", 1}, {"packets", 100}, {"octets", 4294967295U}},
        json{{"op", "pf_vf"},
             {"vf", 1},
             {"vlan", 100},
             {"qos", 3},
             {"mac", "02:00:00:00:00:a0"},
             {"trust", true},
             {"spoof", false},
             {"link", "disable"},
             {"rate", 100}},
        json{{"op", "pf_vf"}, {"link", "auto"}, {"id", 7}}})
    EXPECT_EQ(answer(request), "{}") << request;
  EXPECT_EQ(answer({{"op", "careless"}}), R"({"careless":0})");
  EXPECT_THAT(answer({{"op", "gaps"}, {"vf", 1}}), HasSubstr("0 gaps"));
  EXPECT_THAT(answer({{"op", "state"}}), HasSubstr("nic0"));
  EXPECT_THAT(
      answer({{"op", "state"}}),
      HasSubstr("VF 1: 02:00:00:00:00:a0, API 10, 2 VLANs, 0 multicast hashes, port VLAN 100 priority 3, trust on, "
                "spoof check off, link off, rate 100"));
}

TEST_F(DirectSimulation, WhatCannotBeIsRefusedWithAReason) {
  EXPECT_THAT(answer({{"op", "link"}}), HasSubstr("\"up\" is missing"));
  EXPECT_THAT(answer({{"op", "link"}, {"up", 1}}), HasSubstr("true or false"));
  EXPECT_THAT(answer({{"op", "pf"}, {"do", "dance"}}), HasSubstr("stop, start, reset, delay or delay_reset"));
  EXPECT_THAT(answer({{"op", "pf"}, {"do", "delay"}}), HasSubstr("\"ms\" is missing"));
  EXPECT_THAT(answer({{"op", "pf"}, {"do", "stop"}, {"mtu", 9000}}), HasSubstr("for a PF that starts"));
  EXPECT_THAT(answer({{"op", "apis"}}), HasSubstr("list of 10"));
  EXPECT_THAT(answer({{"op", "apis"}, {"versions", {9}}}), HasSubstr("list of 10"));
  EXPECT_THAT(answer({{"op", "mischief"}, {"kind", "kindness"}}), HasSubstr("no mischief \"kindness\""));
  EXPECT_THAT(answer({{"op", "mischief"}, {"vf", 1}, {"kind", "silence"}}), HasSubstr("no server with mischief"));
  EXPECT_THAT(answer({{"op", "careless"}, {"vf", 4}}), HasSubstr("from 0 to 3"));
  EXPECT_THAT(answer({{"op", "flood"}, {"payload", 1}, {"rate", 1}, {"ms", 1}}), HasSubstr("bytes are possible"));
  EXPECT_THAT(answer({{"op", "flood"}, {"payload", 18}, {"rate", 1}, {"ms", 1}, {"sum", "odd"}}),
              HasSubstr("good, none"));
  EXPECT_THAT(answer({{"op", "flood"}, {"payload", 18}, {"rate", 1}, {"ms", 1}, {"vfs", 5}}),
              HasSubstr("\"vfs\" must be"));
  EXPECT_THAT(answer({{"op", "near_end"}, {"packets", 1}}), HasSubstr("\"octets\" is missing"));
  EXPECT_THAT(answer({{"op", "gaps"}, {"vector", 99}}), HasSubstr("\"vector\" must be"));
  EXPECT_THAT(answer({{"op", "counters"}}), HasSubstr("without a bridge"));
  EXPECT_THAT(answer({{"op", "flush"}}), HasSubstr("no records"));
  EXPECT_THAT(answer({{"op", "pf_vf"}}), HasSubstr("what?"));
  EXPECT_THAT(answer({{"op", "pf_vf"}, {"vf", 4}, {"trust", true}}), HasSubstr("from 0 to 3"));
  EXPECT_THAT(answer({{"op", "pf_vf"}, {"qos", 1}}), HasSubstr("for a \"vlan\""));
  EXPECT_THAT(answer({{"op", "pf_vf"}, {"vlan", 4095}}), HasSubstr("from 0 to 4094"));
  EXPECT_THAT(answer({{"op", "pf_vf"}, {"mac", "02:00"}}), HasSubstr("no Ethernet address"));
  EXPECT_THAT(answer({{"op", "pf_vf"}, {"mac", "01:00:00:00:00:01"}}), HasSubstr("unicast"));
  EXPECT_THAT(answer({{"op", "pf_vf"}, {"link", "enable"}}), HasSubstr("auto or disable"));
  EXPECT_THAT(answer({{"op", "pf_vf"}, {"rate", 3}}), HasSubstr("11 to 10000"));
  EXPECT_THAT(answer({{"op", 7}}), HasSubstr("must be a text"));
}

}  // namespace
}  // namespace vfpool::app

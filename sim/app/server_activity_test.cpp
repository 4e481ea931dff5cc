// SPDX-License-Identifier: Apache-2.0
#include "app/server_activity.hpp"

#include <gtest/gtest.h>

namespace vfpool::app {
namespace {

using namespace std::chrono_literals;
using pcie::Bdf;

class Activity : public testing::Test {
 protected:
  void pass(SimTime time) {
    scheduler.after(time, [] {});
    scheduler.run();
  }
  nlohmann::json now(std::vector<std::string> waits_for = {}) { return activity.json(true, SimTime{0}, waits_for); }

  Scheduler scheduler{TimeBase::kVirtual};
  ServerActivity activity{scheduler};
  const pcie::Tlp read = pcie::mem_read(Bdf(1, 0, 0), 7, 0x1000, 4);
  const pcie::Tlp answer = pcie::completion(read, Bdf(2, 0, 0), pcie::CplStatus::kSuccess);
};

TEST_F(Activity, NobodyIsOffSinceHeWent) {
  pass(5s);
  const auto off = activity.json(false, SimTime(2s), {});
  EXPECT_EQ(off["state"], "off");
  EXPECT_EQ(off["since_ms"], 3000.0);
  EXPECT_FALSE(off.contains("last_from_server"));
}

TEST_F(Activity, IdleSinceTheLastPacketWhichIsTold) {
  pass(1s);
  activity.saw(true, read);
  pass(1us);
  activity.saw(false, answer);
  pass(250ms);
  const auto idle = now();
  EXPECT_EQ(idle["state"], "idle");
  EXPECT_EQ(idle["since_ms"], 250.0);
  EXPECT_EQ(idle["last_from_server"]["tlp"], read.str());
  EXPECT_EQ(idle["last_from_server"]["ms_ago"], 250.001);
  EXPECT_EQ(idle["last_to_server"]["tlp"], answer.str());
}

TEST_F(Activity, BusySinceTheFirstPacketAfterAPause) {
  pass(1s);
  for (int i = 0; i < 100; ++i) {
    activity.saw(true, read);
    pass(1ms);
  }
  const auto busy = now({"an answer"});
  EXPECT_EQ(busy["state"], "busy");
  EXPECT_EQ(busy["since_ms"], 100.0);
  EXPECT_EQ(busy["waits_for"][0], "an answer");
}

TEST_F(Activity, WhatWaitsIsSlowAfterAWhileAndThenStuck) {
  activity.saw(true, read);
  pass(9ms);
  EXPECT_EQ(now({"an answer"})["state"], "busy");
  pass(2ms);
  EXPECT_EQ(now({"an answer"})["state"], "slow");
  pass(1s);
  const auto stuck = now({"an answer"});
  EXPECT_EQ(stuck["state"], "stuck");
  EXPECT_EQ(stuck["since_ms"], 1011.0);
  EXPECT_EQ(now()["state"], "idle");  // nothing waits any more
}

}  // namespace
}  // namespace vfpool::app

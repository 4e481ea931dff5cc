// SPDX-License-Identifier: Apache-2.0
// Driver domains, and that the experiments' parameter files can be read.
#include "testbed/driver_domains.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "testbed/experiment.hpp"
#include "testbed/parameters.hpp"
#include "testbed/throttled.hpp"

namespace vfpool::testbed {
namespace {

DriverDomains one_load(bool send) {
  DriverDomains d;
  d.machine = {.hz = 2e9, .context_switch = 4000, .cold_cache = 15000, .sleep = 3000};
  d.sharing = {.latency = 20 * kMillisecond,
               .least_slice = 10 * kMillisecond,
               .wake_lead = kMillisecond,
               .sleeper_credit = kMillisecond,
               .balance = false};
  d.costs = {.iovm_packet = 8000, .guest_packet = 9000, .interrupt = 6000, .batch = 12000};
  d.iovm_of = {0};
  d.iovm_core = {0};
  d.guest_core = {1};
  d.iovms_pinned = d.guests_pinned = true;
  d.send = send;
  return d;
}

TEST(DriverDomains, OneCardIsALinksWorthBothWays) {
  for (const bool send : {false, true}) {
    const DomainOutcome o = run(one_load(send));
    EXPECT_NEAR(o.mbps, 1000 * 1448 / 1538.0, 10) << (send ? "sends" : "receives");
    EXPECT_GT(o.packets_a_batch, 1);
  }
}

TEST(DriverDomains, WhatAnInterruptBroughtIsHandedOnAsOneBatch) {
  // 81 000 segments/s, 8 000 interrupts/s.
  EXPECT_GT(run(one_load(true)).packets_a_batch, 6);
}

TEST(Throttled, WhatCameInAnIntervalIsTakenTogether) {
  Events events;
  std::vector<std::pair<std::uint32_t, Time>> taken;
  unsigned notified = 0;
  Throttled card(events, 8000, [&](const Packet& p) { taken.emplace_back(p.to, events.now()); }, [&] { ++notified; });
  for (std::uint32_t i = 0; i < 3; ++i) {
    Packet packet{};
    packet.to = i;
    card.put(packet);
    events.run_until(events.now() + 10 * kMicrosecond);
  }
  events.run_until(kMillisecond);
  ASSERT_EQ(taken.size(), 3u);
  EXPECT_EQ(taken[0].second, 0) << "the first at once";
  EXPECT_EQ(taken[1].second, taken[2].second);
  EXPECT_EQ(notified, 2u);
}

TEST(DriverDomains, TheDomainsCoreIsTheLimit) {
  DriverDomains d = one_load(false);
  d.costs.iovm_packet = 50'000;
  const DomainOutcome o = run(d);
  EXPECT_NEAR(o.mbps, 2e9 / 50'000 * 1448 * 8 / 1e6, 0.05 * 460);
  EXPECT_NEAR(o.efficiency, o.mbps * 1e6 / 2e9, 0.03 * o.efficiency);
}

TEST(DriverDomains, OneCoreForBothMovesLessThanTwo) {
  DriverDomains d = one_load(false);
  d.costs.iovm_packet = d.costs.guest_packet = 20'000;
  const double apart = run(d).mbps;
  d.guest_core = {0};
  const DomainOutcome together = run(d);
  EXPECT_LT(together.mbps, 0.65 * apart);
  EXPECT_GT(together.switches, 500);
}

TEST(Parameters, OfEveryExperimentAreThere) {
  std::set<std::string> names;
  for (const Experiment& e : experiments()) {
    EXPECT_TRUE(names.insert(e.name).second) << e.name << " is there twice";
    EXPECT_FALSE(Parameters(std::filesystem::path(VFPOOL_TESTBED_PARAMETERS) / (e.file + ".toml")).all().empty());
  }
  EXPECT_GE(names.size(), 20u);
}

TEST(Parameters, WhatIsWrongInAFileIsNamed) {
  const auto path = std::filesystem::path(testing::TempDir()) / "wrong.toml";
  const auto fails_with = [&](const std::string& text, const std::string& message) {
    std::ofstream(path) << text;
    try {
      scenario_of(Parameters(path));
      ADD_FAILURE() << "no error: " << text;
    } catch (const std::runtime_error& e) {
      EXPECT_NE(std::string(e.what()).find(message), std::string::npos) << e.what();
    }
  };
  fails_with("[server]\ncores = eight\n", "line 2");
  fails_with("[server]\ncores = \"8\"\n", "server.cores is neither");
  fails_with("cores = 8\n", "cores is no table");
  fails_with("[server]\ncores = 8\n", "server.link is missing");
  for (const char* value : {"-1", "nan", "inf", "-inf", "1e16"})
    fails_with(std::string("[server]\ncores = ") + value + "\n", "server.cores must be a number from 0 to 1e+15");
  for (const char* value : {"0", "2.5", "1e9"})
    fails_with(std::string("[server]\ncores = ") + value + "\n", "server.cores must be a whole number from 1 to 4096");
  fails_with("[server]\ncores = 8\nlink = 0\n", "server.link must be above 0");
  std::filesystem::remove(path);
  EXPECT_THROW(Parameters{path}, std::runtime_error);
}

}  // namespace
}  // namespace vfpool::testbed

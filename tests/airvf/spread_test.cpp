// SPDX-License-Identifier: Apache-2.0
// MTVD's policies: who gets which packet.
#include <gtest/gtest.h>

#include <array>
#include <map>

#include "pure_c.hpp"

extern "C" {
#include "spread.h"
}

namespace vfpool::airvf {
namespace {

TEST(Spread, RoundRobinGivesPacketIToWorkerIModN) {
  airvf_spread spread{.policy = AIRVF_RR, .workers = 3, .batch = 1, .busy = 99, .worker = 0, .used = 0};
  for (uint32_t i = 0; i < 30; ++i) EXPECT_EQ(airvf_spread_pick(&spread, 12345), i % 3) << "packet " << i;
}

TEST(Spread, OrderedRoundRobinGivesWholeBatches) {
  airvf_spread spread{.policy = AIRVF_RR_ORDERED, .workers = 2, .batch = 4, .busy = 99, .worker = 0, .used = 0};
  for (uint32_t i = 0; i < 32; ++i) EXPECT_EQ(airvf_spread_pick(&spread, i), i / 4 % 2) << "packet " << i;
}

TEST(Spread, OrderedRoundRobinPassesOverABusyWorker) {
  airvf_spread spread{.policy = AIRVF_RR_ORDERED, .workers = 3, .batch = 4, .busy = 1, .worker = 0, .used = 0};
  for (uint32_t i = 0; i < 24; ++i) EXPECT_EQ(airvf_spread_pick(&spread, i), i / 4 % 2 * 2) << "packet " << i;
  spread.busy = 0;  // in the middle of its batch, too
  EXPECT_EQ(airvf_spread_pick(&spread, 0), 1U);
  spread.busy = 1;
  EXPECT_EQ(airvf_spread_pick(&spread, 0), 2U);
  spread.workers = 1, spread.worker = 0, spread.busy = 1;
  EXPECT_EQ(airvf_spread_pick(&spread, 0), 0U);
}

TEST(Spread, AWorkerThatIsFullGetsNoMoreOfItsBatch) {
  airvf_spread spread{.policy = AIRVF_RR_ORDERED, .workers = 2, .batch = 4, .busy = 99, .worker = 0, .used = 0};
  EXPECT_EQ(airvf_spread_pick(&spread, 0), 0U);
  airvf_spread_pass(&spread);
  for (uint32_t i = 0; i < 4; ++i) EXPECT_EQ(airvf_spread_pick(&spread, i), 1U);
  EXPECT_EQ(airvf_spread_pick(&spread, 0), 0U);
}

TEST(Spread, AFlowStaysWithOneWorker) {
  auto random = Random();
  std::map<uint32_t, uint32_t> home;
  airvf_spread spread{.policy = AIRVF_FLOW, .workers = 5, .batch = 1, .busy = 99, .worker = 0, .used = 0};
  std::array<uint32_t, 64> flows{};
  for (auto& hash : flows) hash = static_cast<uint32_t>(random());
  for (int i = 0; i < 10000; ++i) {
    const uint32_t hash = flows[random() % flows.size()];
    const uint32_t worker = airvf_spread_pick(&spread, hash);
    ASSERT_LT(worker, 5U);
    EXPECT_EQ(home.try_emplace(hash, worker).first->second, worker);
  }
}

TEST(Spread, FlowsOfOneHardwareQueueReachAllWorkers) {
  // With two queues the device sends only hashes of one parity to a queue.
  airvf_spread spread{.policy = AIRVF_FLOW, .workers = 4, .batch = 1, .busy = 99, .worker = 0, .used = 0};
  auto random = Random();
  std::array<int, 4> count{};
  for (int i = 0; i < 4000; ++i) ++count[airvf_spread_pick(&spread, static_cast<uint32_t>(random()) & ~127U)];
  for (int n : count) EXPECT_NEAR(n, 1000, 200);
}

}  // namespace
}  // namespace vfpool::airvf

// SPDX-License-Identifier: Apache-2.0
// The rival does what its description says; the moderator calls the driver's code as the driver does.
#include "testbed/dim.hpp"

#include <gtest/gtest.h>

#include "testbed/moderator.hpp"

namespace vfpool::testbed {
namespace {

// A receiver whose throughput depends on the interval in force.
template <typename Throughput>
std::uint32_t rest(Throughput packets_per_second, int measurements) {
  Dim dim;
  double ns = 0, packets = 0;
  for (int i = 0; i < measurements * static_cast<int>(Dim::kEvents); ++i) {
    const double interval = dim.interval() * 1e3;
    ns += interval;
    packets += packets_per_second(dim.interval()) * interval * 1e-9;
    dim.sample(static_cast<std::uint64_t>(ns), static_cast<std::uint64_t>(packets),
               static_cast<std::uint64_t>(packets) * 1000);
  }
  return dim.interval();
}

TEST(Dim, AtEqualThroughputTakesTheFewestInterrupts) {
  EXPECT_EQ(rest([](std::uint32_t) { return 1e6; }, 20), 128u);
}

TEST(Dim, ClimbsToTheMostPackets) {
  const auto hill = [](std::uint32_t us) { return us == 32 ? 2e6 : us == 16 || us == 96 ? 1.5e6 : 1e6; };
  EXPECT_EQ(rest(hill, 40), 32u);
}

TEST(Dim, SilenceChangesNothing) {
  EXPECT_EQ(rest([](std::uint32_t) { return 0.0; }, 20), Dim::kIntervals[1]);
}

Moderation settings(Algorithm algorithm) {
  Moderation settings;
  settings.algorithm = algorithm;
  return settings;
}

// Polls of so many packets of so many bytes at a rate, for so long.
void feed(Moderator& moderator, std::uint32_t packets, std::uint32_t size, double polls_per_second, Time from, Time to,
          Time stolen_share = 0) {
  const Time gap = time_for(1, polls_per_second);
  for (Time now = from; now < to; now += gap)
    moderator.poll(packets, std::uint64_t{packets} * size, 5000 + 3000.0 * packets, now,
                   stolen_share == 0 ? 0 : now / stolen_share, true);
}

TEST(Moderator, CgrTakesTheClassOfTheLastSlice) {
  Moderator moderator(settings(Algorithm::kCgr), 2e9);
  feed(moderator, 10, 1500, 8000, 0, 150 * kMillisecond);
  EXPECT_EQ(moderator.steps(), airvf_rate_to_steps(4000));
  feed(moderator, 10, 100, 8000, 150 * kMillisecond, 400 * kMillisecond);
  EXPECT_EQ(moderator.steps(), airvf_rate_to_steps(20000));
}

TEST(Moderator, AirAsksForWhatTheLoadNeeds) {
  Moderation unbound = settings(Algorithm::kAir);
  unbound.air.latency_us = 0;
  Moderator moderator(unbound, 2e9), bound(settings(Algorithm::kAir), 2e9);
  for (Moderator* m : {&moderator, &bound}) feed(*m, 10, 1500, 16000, 0, 200 * kMillisecond);
  // 160 000 packets/s: 10 000/s and the offset, or what the latency asks for.
  EXPECT_NEAR(airvf_steps_to_rate(moderator.steps()), 12000, 600);
  EXPECT_NEAR(airvf_steps_to_rate(bound.steps()), 1e6 / AIRVF_AIR_LATENCY_US, 100);
}

TEST(Moderator, StolenTimeLowersAirsCeiling) {
  Moderation unbound = settings(Algorithm::kAir);
  unbound.air.latency_us = 0;
  Moderator whole(unbound, 2e9), shared(unbound, 2e9);
  for (Moderator* m : {&whole, &shared}) {
    const Time share = m == &shared ? 2 : 0;
    // Polls that differ, so that the calibration can tell packets from interrupts.
    for (int i = 0; i < 100; ++i) {
      feed(*m, 60, 1500, 20000, i * 4 * kMillisecond, (i * 4 + 2) * kMillisecond, share);
      feed(*m, 30, 1500, 20000, (i * 4 + 2) * kMillisecond, (i * 4 + 4) * kMillisecond, share);
    }
  }
  // 900 000 packets/s are more than the cores can do: both rates are ceilings.
  EXPECT_NEAR(airvf_steps_to_rate(shared.steps()), airvf_steps_to_rate(whole.steps()) / 2.0,
              airvf_steps_to_rate(whole.steps()) * 0.15);
}

}  // namespace
}  // namespace vfpool::testbed

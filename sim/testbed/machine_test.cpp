// SPDX-License-Identifier: Apache-2.0
// Events, cores and how they are shared.
#include "testbed/machine.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <vector>

#include "testbed/last_level_cache.hpp"

namespace vfpool::testbed {
namespace {

constexpr double kHz = 1e9;  // a cycle is a nanosecond
constexpr MachineCosts kFree{.hz = kHz, .context_switch = 0, .cold_cache = 0, .sleep = 0};
constexpr Sharing kFair{.latency = 20 * kMillisecond,
                        .least_slice = 4 * kMillisecond,
                        .wake_lead = 4 * kMillisecond,
                        .sleeper_credit = 10 * kMillisecond,
                        .balance = true};

struct Recorder : Actor {
  void act(std::uint64_t what) override { seen.push_back(what); }
  std::vector<std::uint64_t> seen;
};

// Runs pieces of 100 us until it has had `left` of them.
struct Worker : Runnable {
  explicit Worker(int pieces) : left(pieces) {}
  std::optional<double> begin() override { return left > 0 ? std::optional(100e3) : std::nullopt; }
  void finish() override { --left; }
  int left;
};

TEST(Events, ComeInOrderOfTimeAndThoseOfOneInstantAsAskedFor) {
  Events events;
  Recorder recorder;
  events.at(30, recorder, 3);
  events.at(10, recorder, 1);
  events.at(30, recorder, 4);
  events.at(20, recorder, 2);
  events.run_until(29);
  EXPECT_EQ(recorder.seen, (std::vector<std::uint64_t>{1, 2}));
  EXPECT_EQ(events.now(), 29);
  events.at(5, recorder, 9);  // too late: now
  events.run_until(30);
  EXPECT_EQ(recorder.seen, (std::vector<std::uint64_t>{1, 2, 9, 3, 4}));
}

TEST(Machine, RunsWhatIsWokenAndSleepsWhenNothingIsLeft) {
  Events events;
  Machine machine(events, 1, kFree, kFair);
  Worker worker(3);
  machine.add(worker, 0);
  events.run_until(kMillisecond);
  EXPECT_EQ(worker.left, 3) << "nobody woke it";
  machine.wake(worker);
  machine.wake(worker);
  events.run_until(2 * kMillisecond);
  EXPECT_EQ(worker.left, 0);
  EXPECT_EQ(machine.busy(), 300 * kMicrosecond);
  EXPECT_DOUBLE_EQ(worker.cycles, 300e3);
}

TEST(Machine, TwoOnOneCoreGetHalfEachAndTheRestIsStolen) {
  Events events;
  Machine machine(events, 1, kFree, kFair);
  Worker a(1 << 20), b(1 << 20);
  for (Worker* w : {&a, &b}) {
    w->pinned = 0;
    machine.add(*w, 0);
    machine.wake(*w);
  }
  events.run_until(kSecond);
  EXPECT_NEAR(a.cycles, b.cycles, 0.02 * kHz);
  EXPECT_EQ(machine.busy(), kSecond);
  EXPECT_NEAR(seconds(machine.waited(a)), 0.5, 0.02);
  EXPECT_NEAR(machine.switches(), 125, 15) << "a turn goes from 4 ms behind to 4 ms ahead";
}

TEST(Machine, BalancingUsesIdleCoresAndPinningForbidsIt) {
  for (const bool pinned : {false, true}) {
    Events events;
    Machine machine(events, 2, kFree, kFair);
    Worker a(1 << 20), b(1 << 20);
    for (Worker* w : {&a, &b}) {
      w->pinned = pinned ? 0 : -1;
      machine.add(*w, 0);
      machine.wake(*w);
    }
    events.run_until(kSecond);
    EXPECT_EQ(machine.busy(), pinned ? kSecond : 2 * kSecond);
  }
}

TEST(Machine, AnIdleCoreTakesWhatWaitsElsewhere) {
  Events events;
  Machine machine(events, 2, kFree, kFair);
  Worker shortly(1), a(1 << 20), b(1 << 20);
  machine.add(shortly, 1);
  machine.add(a, 0);
  machine.add(b, 0);
  machine.wake(shortly);
  machine.wake(a);
  machine.wake(b);  // both cores are taken: it waits behind a
  events.run_until(kSecond);
  EXPECT_EQ(machine.busy(), 2 * kSecond);
  EXPECT_LT(machine.waited(b), kMillisecond);
}

TEST(Machine, SwitchesCostWhatIsSaid) {
  Events events;
  Machine machine(events, 1, {.hz = kHz, .context_switch = 1000, .cold_cache = 5000, .sleep = 300}, kFair);
  Worker a(1), same(1), other(1);
  a.context = same.context = 1;
  other.context = 2;
  for (Worker* w : {&a, &same, &other}) machine.add(*w, 0);
  const auto cost_of = [&](Worker& w) {
    const Time before = machine.busy();
    w.left = 1;
    machine.wake(w);
    events.run_until(events.now() + kMillisecond);
    return (machine.busy() - before) / kNanosecond - 100'000;
  };
  EXPECT_EQ(cost_of(a), 6000) << "the caches are empty at first";
  EXPECT_EQ(cost_of(a), 300);
  EXPECT_EQ(cost_of(same), 1000) << "another vCPU of the same VM";
  EXPECT_EQ(cost_of(other), 6000);
  machine.charge(other, 777);
  EXPECT_EQ(cost_of(other), 300 + 777);
}

TEST(Machine, OneThatSleptOvertakesOneThatRanForLong) {
  Events events;
  Machine machine(events, 1, kFree, kFair);
  Worker busy(1 << 20), sleeper(1);
  for (Worker* w : {&busy, &sleeper}) machine.add(*w, 0);
  machine.wake(busy);
  events.run_until(100 * kMillisecond);
  machine.wake(sleeper);
  events.run_until(100 * kMillisecond + 250 * kMicrosecond);
  EXPECT_EQ(sleeper.left, 0) << "it was behind by more than wake_lead";
}

// After the thread that injects interrupts the core does not go back to whoever it was taken from.
TEST(Machine, ChosenAnewTheOneThatGotLeastRunsByHoweverLittle) {
  for (const bool anew : {false, true}) {
    Events events;
    Machine machine(events, 1, kFree, kFair);
    Worker busy(1 << 20), other(1);
    for (Worker* w : {&busy, &other}) machine.add(*w, 0);
    machine.wake(busy);
    events.run_until(1050 * kMicrosecond);
    machine.wake(other);
    if (anew) machine.choose_anew(other);
    events.run_until(1250 * kMicrosecond);
    EXPECT_EQ(other.left, anew ? 0 : 1) << "it is behind by 1 ms, and wake_lead is 4 ms";
  }
}

TEST(Machine, OneThatWandersPaysForColdCaches) {
  Events events;
  Sharing sharing = kFair;
  sharing.wander = 10 * kMillisecond;
  Machine machine(events, 2, {.hz = kHz, .context_switch = 0, .cold_cache = 5000, .sleep = 0}, sharing);
  Worker a(1 << 20), pinned(1 << 20);
  a.context = 1;
  machine.add(a, 0);
  machine.wake(a);
  events.run_until(95 * kMillisecond);
  EXPECT_NEAR(machine.switches(), 2, 0) << "each core has it as its last one now";
  pinned.context = 2;
  pinned.pinned = 1;
  machine.add(pinned, 1);
  machine.wake(pinned);
  const double before = machine.switches();
  events.run_until(kSecond);
  EXPECT_LE(machine.switches(), before + 3) << "no core is idle: it stays";
}

TEST(LastLevelCache, AFillTakesLongerOnceTheVmsDoNotFit) {
  const LastLevelCache cache{.bytes = 8e6, .cores = 4, .footprint = 1e6, .memory_factor = 5};
  EXPECT_DOUBLE_EQ(cold_fill(1000, cache, 16, 8), 1000) << "eight VMs a socket fit exactly";
  EXPECT_DOUBLE_EQ(cold_fill(1000, cache, 32, 8), 3000) << "half of the lines come from memory";
  EXPECT_DOUBLE_EQ(cold_fill(1000, {}, 1000, 1), 1000) << "no size given";
}

}  // namespace
}  // namespace vfpool::testbed

// SPDX-License-Identifier: Apache-2.0
// A guest, its card's vector and its peers: nothing is lost without a reason, and costs are paid.
#include "testbed/guest.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <random>

#include "testbed/port.hpp"
#include "testbed/scenario.hpp"
#include "testbed/streams.hpp"
#include "testbed/web_clients.hpp"

namespace vfpool::testbed {
namespace {

constexpr GuestCosts kCosts{.interrupt_host = 4000,
                            .interrupt_guest = 9000,
                            .poll = 2000,
                            .driver_packet = 500,
                            .stack_packet = 1500,
                            .application_wake = 2000,
                            .application_packet = 1500,
                            .hand_over = 300,
                            .ipi = 6000};
constexpr MachineCosts kMachine{.hz = 2e9, .context_switch = 4000, .cold_cache = 50000, .sleep = 6000};
constexpr Sharing kSharing{.latency = 20 * kMillisecond,
                           .least_slice = 4 * kMillisecond,
                           .wake_lead = 4 * kMillisecond,
                           .sleeper_credit = 10 * kMillisecond,
                           .balance = true};

std::mt19937_64 Random() {
  const char* given = std::getenv("VFPOOL_SEED");
  const std::uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 0) : std::random_device{}();
  std::cout << "seed " << seed << " (repeat with VFPOOL_SEED)\n";
  return std::mt19937_64(seed);
}

GuestSpec spec(Algorithm algorithm) {
  GuestSpec spec{.costs = kCosts, .moderation = {}};
  spec.moderation.algorithm = algorithm;
  return spec;
}

std::uint64_t ended(const GuestCounts& counts) {
  std::uint64_t sum = 0;
  for (const std::uint64_t n : counts.fate) sum += n;
  return sum;
}

TEST(Vector, KeepsItsIntervalAndWaitsForTheUnmask) {
  Events events;
  std::vector<Time> fired;
  Vector vector(events, [&] { fired.push_back(events.now()); });
  vector.set_steps(50);  // 102.4 us
  vector.cause();
  events.run_until(10 * kMicrosecond);
  ASSERT_EQ(fired.size(), 1u) << "the first at once";
  vector.cause();
  events.run_until(kMillisecond);
  EXPECT_EQ(fired.size(), 1u) << "masked until the poll is complete";
  vector.unmask(true);
  events.run_until(kMillisecond + 10 * kMicrosecond);
  ASSERT_EQ(fired.size(), 2u);
  vector.unmask(false);
  vector.cause();
  vector.cause();
  events.run_until(2 * kMillisecond);
  ASSERT_EQ(fired.size(), 3u) << "two causes, one interrupt";
  EXPECT_EQ(fired[2] - fired[1], 50 * 2048 * kNanosecond);
}

TEST(Vector, WithoutAutoMaskGoesOnUntilTheHandlerHasRun) {
  Events events;
  unsigned fired = 0;
  Vector vector(events, [&] { ++fired; }, false);
  vector.set_steps(50);  // 102.4 us
  for (int i = 0; i < 10; ++i) {
    vector.cause();
    events.run_until(events.now() + 100 * kMicrosecond);
  }
  EXPECT_EQ(fired, 10u) << "nobody has taken them, and each interval brings one more";
  vector.mask();
  vector.cause();
  events.run_until(10 * kMillisecond);
  EXPECT_EQ(fired, 10u);
  vector.unmask(true);
  events.run_until(11 * kMillisecond);
  EXPECT_EQ(fired, 11u);
}

TEST(Port, SourcesTakeTurnsAndFramesTakeTheirTime) {
  Events events;
  std::vector<std::pair<std::uint32_t, Time>> seen;
  Port port(events, 10e9, [&](const Packet& p) { seen.emplace_back(p.to, events.now()); });
  UdpStream a(events, port, {.to = 0, .payload = 1472, .rate = 1, .burst = 3}, 1);
  UdpStream b(events, port, {.to = 1, .payload = 1472, .rate = 1, .burst = 3}, 1);
  a.start(0);
  b.start(0);
  events.run_until(100 * kMicrosecond);
  std::vector<std::uint32_t> order;
  for (std::size_t i = 0; i < seen.size(); ++i) {
    order.push_back(seen[i].first);
    EXPECT_EQ(seen[i].second, static_cast<Time>(i + 1) * 1538 * 800) << "1538 bytes at 10 Gbit/s";
  }
  // As b begins, a's first frame is on the wire and its second waits.
  EXPECT_EQ(order, (std::vector<std::uint32_t>{0, 0, 1, 0, 1, 1}));
}

// Whatever the load, algorithm, rings and workers: what was sent is somewhere.
TEST(Guest, EveryPacketIsReadDroppedForAReasonOrInAQueue) {
  auto random = Random();
  const auto pick = [&](auto low, auto high) {
    return std::uniform_int_distribution<std::uint64_t>(low, high)(random);
  };
  for (int round = 0; round < 40; ++round) {
    Events events;
    Machine machine(events, static_cast<int>(pick(1, 4)), kMachine, kSharing);
    GuestSpec s = spec(static_cast<Algorithm>(pick(0, 3)));
    s.ring = pick(1, 600);
    s.socket = pick(1, 200);
    s.vcpus = static_cast<unsigned>(pick(1, 4));
    s.workers = static_cast<unsigned>(pick(0, 3));
    s.policy = pick(0, 1) == 0 ? AIRVF_RR : AIRVF_FLOW;
    Guest guest(machine, 0, s);
    std::uint64_t arrived = 0;
    Port port(events, 10e9, [&](const Packet& p) {
      ++arrived;
      guest.receive(p);
    });
    UdpStream udp(events, port,
                  {.payload = static_cast<std::uint32_t>(pick(1, 1472)),
                   .rate = static_cast<double>(pick(1000, 2'000'000)),
                   .burst = static_cast<std::uint32_t>(pick(1, 100)),
                   .flows = 5},
                  random());
    TcpStream tcp(events, port, {.window = static_cast<double>(pick(2, 700)), .answer = 30 * kMicrosecond}, random());
    WebClients web(events, port,
                   {.clients = 20, .work = 100'000, .acks = 3, .pause = kMicrosecond, .retry = kMillisecond}, random());
    udp.start(0);
    tcp.start(0);
    web.start(0);
    for (int look = 0; look < 20; ++look) {
      events.run_until(events.now() + static_cast<Time>(pick(1, 2'000)) * kMicrosecond);
      ASSERT_EQ(arrived, ended(guest.counts()) + guest.held()) << "round " << round;
    }
    ASSERT_GT(guest.counts().fate[0], 0u) << "something was read";
    const std::uint64_t sent = udp.sent() + tcp.sent() + web.sent();
    ASSERT_LE(sent - arrived, 1u) << "all but the frame on the wire have arrived";
  }
}

TEST(Guest, AFullRingIsTheReasonWhereTheCoreIsTaken) {
  Events events;
  Machine machine(events, 1, kMachine, kSharing);
  GuestSpec s = spec(Algorithm::kFir);
  Guest guest(machine, 0, s);
  Port port(events, 10e9, [&](const Packet& p) { guest.receive(p); });
  UdpStream udp(events, port, {.payload = 18, .rate = 5e6, .burst = 1}, 1);
  udp.start(0);
  events.run_until(50 * kMillisecond);
  const GuestCounts counts = guest.counts();
  EXPECT_GT(counts.fate[static_cast<std::size_t>(Fate::kRingFull)], 0u);
  EXPECT_LE(seconds(machine.busy()), 0.05);
}

TEST(Guest, AFixedRateIsNeverExceeded) {
  for (const std::uint32_t rate : {1000u, 8000u, 48000u}) {
    Events events;
    Machine machine(events, 2, kMachine, kSharing);
    GuestSpec s = spec(Algorithm::kFir);
    s.moderation.fir_rate = rate;
    Guest guest(machine, 0, s);
    Port port(events, 10e9, [&](const Packet& p) { guest.receive(p); });
    UdpStream udp(events, port, {.payload = 1000, .rate = 100e3, .burst = 1}, 1);
    udp.start(0);
    events.run_until(kSecond);
    EXPECT_LE(guest.counts().interrupts, airvf_steps_to_rate(airvf_rate_to_steps(rate)) + 2);
    EXPECT_GE(guest.counts().interrupts, rate * 9 / 10);
  }
}

// Two guests on one core under a flood. With auto-mask a guest that waits for the core has its one interrupt behind it.
TEST(Guest, WithoutAutoMaskAGuestThatWaitsIsInterruptedAllTheSame) {
  const auto interrupts = [](bool auto_mask) {
    Events events;
    Machine machine(events, 1, kMachine, kSharing);
    GuestSpec s = spec(Algorithm::kFir);
    s.auto_mask = auto_mask;
    std::vector<std::unique_ptr<Guest>> guests;
    for (unsigned i = 0; i < 2; ++i) guests.push_back(std::make_unique<Guest>(machine, i, s));
    Port port(events, 10e9, [&](const Packet& p) { guests[p.to]->receive(p); });
    std::vector<std::unique_ptr<UdpStream>> streams;
    for (std::uint32_t i = 0; i < 2; ++i) {
      streams.push_back(
          std::make_unique<UdpStream>(events, port, UdpSpec{.to = i, .payload = 500, .rate = 400e3}, i + 1));
      streams.back()->start(0);
    }
    events.run_until(200 * kMillisecond);
    return guests[0]->counts().interrupts;
  };
  EXPECT_GT(interrupts(false), interrupts(true) * 3 / 2);
}

TEST(Guest, ATickCostsCyclesWithoutAnyLoad) {
  Events events;
  Machine machine(events, 2, kMachine, kSharing);
  GuestSpec s = spec(Algorithm::kFir);
  s.tick_rate = 250;
  Guest guest(machine, 0, s);
  events.run_until(kSecond);
  const double each = kCosts.interrupt_guest + kMachine.sleep;
  EXPECT_NEAR(guest.cycles(), 2 * 250 * each, 2 * kMachine.cold_cache + 3 * each) << "two vCPUs, cold at first";
}

TEST(Tcp, AnUnlimitedReceiverGetsAWindowARoundTrip) {
  // No receiver at all: every segment is answered at once when it arrives.
  Events events;
  Port port(events, 100e9, [](const Packet& p) { p.source->ended(p, Fate::kConsumed); });
  TcpStream tcp(events, port, {.window = 10, .answer = 100 * kMicrosecond}, 1);
  tcp.start(0);
  events.run_until(kSecond);
  EXPECT_NEAR(static_cast<double>(tcp.sent()), 10 * 1e6 / 100, 0.05 * 1e5);
}

TEST(Tcp, LossHalvesTheWindowAndIsMadeUpFor) {
  Events events;
  std::uint64_t n = 0, read = 0;
  Port port(events, 10e9, [&](const Packet& p) {
    const bool lost = ++n % 100 == 0;
    if (!lost) ++read;
    p.source->ended(p, lost ? Fate::kRingFull : Fate::kConsumed);
  });
  TcpStream tcp(events, port, {.window = 100, .answer = 100 * kMicrosecond}, 1);
  tcp.start(0);
  events.run_until(kSecond);
  // One loss in 100 segments: some ten segments a round trip instead of 100 (RFC 5681's saw-tooth).
  EXPECT_LT(read, 250'000u);
  EXPECT_GT(read, 50'000u);
}

TEST(Web, AClientThatIsRefusedThreeTimesHasFailedAndGoesOn) {
  Events events;
  Port port(events, 10e9,
            [](const Packet& p) { p.source->ended(p, p.payload == 0 ? Fate::kConsumed : Fate::kBufferFull); });
  WebClients web(events, port, {.clients = 1, .pause = kMicrosecond, .retry = kSecond, .tries = 3}, 1);
  web.start(0);
  events.run_until(10 * kSecond);
  // Refused at 0, 1 and 3 s, and anew at once.
  EXPECT_EQ(web.failed(), 3u);
  EXPECT_EQ(web.answered(), 0u);
}

TEST(Scenario, TheSameSeedGivesTheSameOutcomeAndAnotherOneAlmost) {
  Scenario s;
  s.machine = kMachine;
  s.sharing = kSharing;
  s.guest = spec(Algorithm::kAir);
  s.peer = {.hz = 2e9, .cores = 8, .tcp_message = 2700, .udp_message = 25000, .answer_us = 35};
  s.vms = 3;
  s.warm_up = s.measured = 50 * kMillisecond;
  const Outcome a = run(s), b = run(s);
  s.seed = 2;
  const Outcome c = run(s);
  EXPECT_EQ(a.gbps, b.gbps);
  EXPECT_EQ(a.interrupts, b.interrupts);
  EXPECT_NE(a.latency_p50 + a.cpu, c.latency_p50 + c.cpu);
  EXPECT_NEAR(a.gbps, c.gbps, 0.05 * a.gbps);
  EXPECT_EQ(a.lost, 0u);
}

TEST(Scenario, ACoreIsNeverMoreThanFull) {
  Scenario s;
  s.cores = 2;
  s.machine = kMachine;
  s.sharing = kSharing;
  s.guest = spec(Algorithm::kDim);
  s.peer = {.hz = 2e9, .cores = 8, .tcp_message = 100, .udp_message = 1000, .answer_us = 35};
  s.traffic.load = Load::kUdp;
  s.traffic.message = 64;
  s.vms = 6;
  s.warm_up = s.measured = 50 * kMillisecond;
  const Outcome o = run(s);
  EXPECT_GT(o.cpu, 190);
  EXPECT_LE(o.cpu, 201);
  EXPECT_GT(o.loss, 1);
}

}  // namespace
}  // namespace vfpool::testbed

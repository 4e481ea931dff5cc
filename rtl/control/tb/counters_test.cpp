// SPDX-License-Identifier: Apache-2.0
// Counters: counted once more here. A read is exact at one moment between its asking and its end.
#include <gtest/gtest.h>

#include <array>

#include "Vcounters_test.h"
#include "bench.hpp"

namespace {

using bench::Random;

constexpr unsigned kCounters = 38;
constexpr uint64_t kAll = (uint64_t{1} << kCounters) - 1;
// From a pulse to the counter, and what of an answer comes after the last look at a counter.
constexpr unsigned kLatency = 8;

class Counters {
 public:
  Vcounters_test model;
  std::array<uint64_t, kCounters> total{};

  Counters() {
    model.event_i = 0;
    model.ask_i = 0;
    model.first_i = 0;
    model.last_i = 0;
    bench::reset(model);
    for (int i = 0; i < 4; ++i) bench::step(model);  // the reset comes late, to three groups one after the other
  }
  void step(uint64_t events) {
    model.event_i = events;
    for (unsigned n = 0; n < kCounters; ++n) total[n] += events >> n & 1;
    bench::step(model);
  }
  void rest(unsigned cycles) {
    for (unsigned i = 0; i < cycles; ++i) step(0);
  }
  uint64_t sum(unsigned first, unsigned last) const {
    uint64_t all = 0;
    for (unsigned n = first; n <= last; ++n) all += total[n];
    return all;
  }
  // What counters first to last come to, while events() of each cycle go on.
  template <class Events>
  uint32_t read(unsigned first, unsigned last, Events&& events) {
    model.ask_i = 1;
    model.first_i = static_cast<uint8_t>(first);
    model.last_i = static_cast<uint8_t>(last);
    step(events());
    model.ask_i = 0;
    const unsigned patience = 4 * (last - first + 1) + 64;
    for (unsigned i = 0; i < patience && !model.done_o; ++i) step(events());
    EXPECT_TRUE(model.done_o);
    return model.sum_o;
  }
  uint32_t read(unsigned first, unsigned last) {
    return read(first, last, [] { return uint64_t{0}; });
  }
};

TEST(Counters, NothingIsLostWhenAllCountInEachCycle) {
  Counters c;
  for (int i = 0; i < 100000; ++i) c.step(kAll);
  c.rest(2);
  for (unsigned n = 0; n < kCounters; ++n) EXPECT_EQ(c.read(n, n), 100000U) << n;
  EXPECT_EQ(c.read(0, kCounters - 1), 100000U * kCounters);
}

// Reads that follow each other at once take their steps from the walk.
TEST(Counters, NothingIsLostWhileAllCountAndOneReads) {
  Counters c;
  Random random(1);
  for (int i = 0; i < 3000; ++i) {
    const unsigned first = random.below(kCounters), last = first + random.below(kCounters - first);
    c.read(first, last, [] { return kAll; });
  }
  c.rest(2);
  for (unsigned n = 0; n < kCounters; ++n) EXPECT_EQ(c.read(n, n), c.total[n]) << n;
}

TEST(Counters, WhatIsReadIsWhatHasHappenedAndNeverGoesBack) {
  Counters c;
  Random random(2);
  std::array<uint32_t, kCounters> seen{};
  uint32_t seen_all = 0;
  unsigned busy = 50;
  const auto events = [&] { return random.percent(busy) ? (uint64_t{random.word()} << 32 | random.word()) & kAll : 0; };
  for (int i = 0; i < 20000; ++i) {
    if (random.percent(2)) busy = std::array{0U, 1U, 50U, 100U}[random.below(4)];
    for (unsigned wait = random.below(random.percent(10) ? 200 : 8); wait > 0; --wait) c.step(events());
    const bool all = random.percent(20);
    const unsigned first = all ? 0 : random.below(kCounters), last = all ? kCounters - 1 : first;
    // Pulses of the last cycles before the asking may still be on their way.
    const uint64_t asked = c.sum(first, last);
    const uint32_t read = c.read(first, last, events);
    EXPECT_GE(uint64_t{read} + kLatency * (last - first + 1), asked);
    EXPECT_LE(read, c.sum(first, last));
    uint32_t& before = all ? seen_all : seen[first];
    EXPECT_GE(read, before);
    before = read;
  }
  c.rest(2);
  for (unsigned n = 0; n < kCounters; ++n) EXPECT_EQ(c.read(n, n), c.total[n]) << n;
}

// The walk stands where nothing counts, wherever it is.
TEST(Counters, WhatCountsSeldomIsCounted) {
  Counters c;
  Random random(3);
  for (int i = 0; i < 5000; ++i) {
    c.step(uint64_t{1} << random.below(2));
    c.rest(random.below(3));
  }
  c.rest(2);
  EXPECT_EQ(c.read(0, 0), c.total[0]);
  EXPECT_EQ(c.read(1, 1), c.total[1]);
  EXPECT_EQ(c.read(2, kCounters - 1), 0U);
}

// Also while the words are cleared for the first time.
TEST(Counters, TheFirstCyclesCountToo) {
  for (unsigned wait = 0; wait < 60; ++wait) {
    Counters c;
    for (unsigned i = 0; i < wait; ++i) c.step(kAll);
    const uint32_t read = c.read(0, kCounters - 1, [] { return kAll; });
    EXPECT_LE(read, c.sum(0, kCounters - 1));
    c.rest(2);
    for (unsigned n = 0; n < kCounters; n += 9) EXPECT_EQ(c.read(n, n), c.total[n]) << n;
  }
}

}  // namespace

// SPDX-License-Identifier: Apache-2.0
// When a port is contained, and when not.
#include <gtest/gtest.h>

#include "Vcontain_test.h"
#include "bench.hpp"

namespace {

struct Watch {
  Vcontain_test model;
  Watch() {
    model.tick_i = 0;
    model.stuck_i = 100;
    model.patience_i = 5000;
    model.worth_i = 32;
    model.waiting_i = 0;
    model.left_i = 0;
    model.held_i = 0;
    model.cell_i = 0;
    model.release_i = 0;
    bench::reset(model);
  }
  void ticks(unsigned n) {
    for (unsigned i = 0; i < n; ++i) {
      model.tick_i = 1;
      bench::step(model);
      model.tick_i = 0;
      bench::step(model);
    }
  }
  // `held` of 100 cycles hold somebody up, `sent` of them send a cell.
  unsigned cycles_until_contained(unsigned held, unsigned sent, unsigned limit) {
    for (unsigned i = 0; i < limit; ++i) {
      model.held_i = i % 100 < held;
      model.cell_i = i % 100 < sent;
      bench::step(model);
      if (model.contained_o) return i;
    }
    return limit;
  }
};

// D3: whatever else the port takes.
TEST(Contain, AClassThatWaitsIsNotSavedByAnother) {
  for (unsigned c = 0; c < 3; ++c) {
    Watch watch;
    watch.model.waiting_i = static_cast<uint8_t>(1U << c);
    for (unsigned i = 0; i < 10; ++i) {
      watch.ticks(9);
      watch.model.left_i = static_cast<uint8_t>(7U & ~(1U << c));
      bench::step(watch.model);
      watch.model.left_i = 0;
    }
    EXPECT_FALSE(watch.model.contained_o);
    watch.ticks(12);
    EXPECT_TRUE(watch.model.contained_o);
    EXPECT_EQ(watch.model.cause_o, 1U << c);
  }
}

TEST(Contain, AClassThatMovesWaitsAnew) {
  Watch watch;
  watch.model.waiting_i = 1;
  for (unsigned i = 0; i < 20; ++i) {
    watch.ticks(90);
    watch.model.left_i = 1;
    bench::step(watch.model);
    watch.model.left_i = 0;
  }
  EXPECT_FALSE(watch.model.contained_o);
}

TEST(Contain, WhoTakesHalfWhatALinkCarriesMayHoldOthersForEver) {
  Watch watch;
  EXPECT_EQ(watch.cycles_until_contained(100, 50, 200000), 200000U);
  EXPECT_EQ(watch.cycles_until_contained(100, 4, 200000), 200000U);
}

TEST(Contain, WhoTakesACellNowAndThenIsContainedAsWell) {
  Watch watch;
  EXPECT_LT(watch.cycles_until_contained(100, 1, 200000), 5000U * 100 / 67 + 200);
  EXPECT_EQ(watch.model.cause_o, 8U);
}

TEST(Contain, WhoHoldsNobodyUpMayBeSlow) {
  Watch watch;
  EXPECT_EQ(watch.cycles_until_contained(0, 1, 200000), 200000U);
}

TEST(Contain, ReleaseBeginsAnew) {
  Watch watch;
  EXPECT_LT(watch.cycles_until_contained(100, 0, 20000), 20000U);
  watch.model.held_i = 0;
  watch.model.release_i = 1;
  bench::step(watch.model);
  watch.model.release_i = 0;
  for (int i = 0; i < 10; ++i) bench::step(watch.model);
  EXPECT_FALSE(watch.model.contained_o);
  EXPECT_GE(watch.cycles_until_contained(100, 0, 20000), 5000U);
}

TEST(Contain, ALimitOfZeroIsNone) {
  Watch watch;
  watch.model.stuck_i = 0;
  watch.model.patience_i = 0;
  watch.model.waiting_i = 7;
  watch.ticks(9000);
  EXPECT_EQ(watch.cycles_until_contained(100, 0, 20000), 20000U);
}

}  // namespace

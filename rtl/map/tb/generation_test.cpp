// SPDX-License-Identifier: Apache-2.0
// Generation numbers: counted once more here.
#include <gtest/gtest.h>

#include <array>

#include "Vgeneration_test.h"
#include "bench.hpp"

namespace {

using bench::Random;

class Generations {
 public:
  Vgeneration_test model;  // two readers, two who compare
  unsigned cycle = 0;

  Generations() {
    model.bump_i = 0;
    model.look_vf_i = 0;
    model.check_vf_i = 0;
    model.check_gen_i = 0;
    bench::reset(model);
    for (int i = 0; i < 1100 && !model.init_done_o; ++i) step();
    EXPECT_TRUE(model.init_done_o);
  }
  void step() { bench::step(model), ++cycle; }
  unsigned look(unsigned reader, unsigned vf) {
    model.look_vf_i = static_cast<uint16_t>(vf << (6 * reader));
    model.eval();
    return model.look_gen_o >> (16 * reader) & 0xffff;
  }
  bool check(unsigned who, unsigned vf, unsigned gen) {
    model.check_vf_i = static_cast<uint16_t>(vf << (6 * who));
    model.check_gen_i = gen << (16 * who);
    step();
    return model.check_ok_o >> who & 1;
  }
};

TEST(Generation, AllChangeTogetherAndEachOnce) {
  Generations g;
  g.model.bump_i = ~uint64_t{0};
  g.step();
  g.model.bump_i = 0;
  unsigned waited = 0;
  while (g.model.pending_o && waited < 3000) g.step(), ++waited;
  EXPECT_LE(waited, 1026U);
  for (unsigned vf = 0; vf < 64; ++vf) {
    for (unsigned reader = 0; reader < 2; ++reader) {
      EXPECT_EQ(g.look(reader, vf), 1U);
      EXPECT_TRUE(g.check(reader, vf, 1));
      EXPECT_FALSE(g.check(reader, vf, 0));
      EXPECT_FALSE(g.check(reader, vf, 2));
    }
  }
}

TEST(Generation, AVfThatIsAskedForAlwaysChangesOnceIn1024Cycles) {
  Generations g;
  g.model.bump_i = uint64_t{1} << 63 | 1;
  unsigned last = g.look(0, 63), changed = 0, since = 0;
  for (int i = 0; i < 20000; ++i) {
    g.step();
    const unsigned now = g.look(0, 63);
    if (now != last) {
      EXPECT_EQ(now, last + 1);
      if (changed++) {
        EXPECT_EQ(i - since, 1024U);
      }
      since = i;
    }
    last = now;
  }
  EXPECT_GE(changed, 19U);
}

// Whoever asks sees a new number when the asking is over, however its request fell in the walk.
TEST(Generation, WhoAskedSeesANewNumber) {
  Generations g;
  Random random(2);
  std::array<unsigned, 64> before{};
  std::array<bool, 64> asked{};
  unsigned done = 0;
  for (int i = 0; i < 60000; ++i) {
    const uint64_t pending = g.model.pending_o;
    for (unsigned vf = 0; vf < 64; ++vf) {
      if (!asked[vf] || (pending >> vf & 1)) continue;
      EXPECT_NE(g.look(0, vf), before[vf]) << "VF " << vf;
      asked[vf] = false;
      ++done;
    }
    g.model.bump_i = 0;
    if (random.percent(10)) {
      const unsigned vf = random.below(64);
      if (!asked[vf]) {
        before[vf] = g.look(0, vf);
        asked[vf] = true;
        g.model.bump_i = uint64_t{1} << vf;
      }
    }
    g.step();
  }
  EXPECT_GE(done, 2000U);
}

}  // namespace

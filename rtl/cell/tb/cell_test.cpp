// SPDX-License-Identifier: Apache-2.0
// The register slice, both FIFOs and the protocol checker.
#include <gtest/gtest.h>

#include <deque>

#include "Vcell_test.h"
#include "bench.hpp"

namespace {

using bench::Cell;

struct Chain {
  Vcell_test model;
  Chain() {
    model.in_valid_i = 0;
    model.out_ready_i = 0;
    bench::reset(model);
  }
  void offer(const Cell& cell) {
    model.in_valid_i = 1;
    bench::pack_cell(model.in_i.data(), cell);
  }
};

// Offers cells in `give` percent of the cycles and takes in `take` percent; expects what went in to come out.
void storm(bench::Random& random, Chain& chain, uint32_t give, uint32_t take, int cycles) {
  std::deque<Cell> coming, inside;
  bool offered = false;
  uint32_t most = 0;
  for (int i = 0; i < cycles; ++i) {
    if (coming.empty()) {
      for (const Cell& cell : bench::random_packet(random, 1 + random.below(33), random.percent(10)))
        coming.push_back(cell);
    }
    if (!offered && random.percent(give)) {
      chain.offer(coming.front());
      offered = true;
    }
    chain.model.in_valid_i = offered;
    chain.model.out_ready_i = random.percent(take);
    chain.model.eval();
    if (offered && chain.model.in_ready_o) {
      inside.push_back(coming.front());
      coming.pop_front();
      offered = false;
    }
    if (chain.model.out_valid_o && chain.model.out_ready_i) {
      ASSERT_FALSE(inside.empty()) << "a cell that nobody sent, cycle " << i;
      ASSERT_EQ(bench::unpack_cell(chain.model.out_o.data()), inside.front()) << "cycle " << i;
      inside.pop_front();
    }
    most = std::max(most, chain.model.held_o);
    bench::step(chain.model);
  }
  if (give > take + 20) {
    EXPECT_EQ(most, 16U + 128U) << "the memories were never full";
  }
}

TEST(CellChain, CellsComeOutAsTheyWentInWhateverTheBackPressure) {
  bench::Random random(1);
  Chain chain;
  for (auto [give, take] : {std::pair{100U, 100U}, {100U, 30U}, {30U, 100U}, {50U, 50U}, {95U, 90U}, {100U, 5U}}) {
    Chain fresh;
    storm(random, fresh, give, take, 20000);
    if (HasFatalFailure()) return;
  }
}

TEST(CellChain, PassesOneCellACycle) {
  bench::Random random(2);
  Chain chain;
  chain.model.out_ready_i = 1;
  Cell cell;
  cell.sop = cell.eop = true;
  int taken = 0, given = 0;
  for (int i = 0; i < 1000; ++i) {
    chain.offer(cell);
    chain.model.eval();
    given += chain.model.in_ready_o;
    taken += chain.model.out_valid_o;
    bench::step(chain.model);
  }
  EXPECT_EQ(given, 1000);
  EXPECT_EQ(taken, 1000 - 7);  // slice 1, FIFO 2, block RAM FIFO 3, slice 1
}

// Each rule of the stream, broken once.
void expect_refused(const std::vector<Cell>& row) {
  Chain chain;
  chain.model.out_ready_i = 1;
  EXPECT_THROW(
      {
        for (const Cell& cell : row) {
          chain.offer(cell);
          chain.model.eval();
          bench::step(chain.model);
        }
      },
      bench::RtlFailure);
}

TEST(CellCheck, NoticesAPacketThatBeginsWithoutSop) {
  expect_refused({{.sop = false, .eop = true}});
  expect_refused({{.sop = true, .eop = true}, {.sop = false, .eop = true}});
}

TEST(CellCheck, NoticesASopInsideAPacket) { expect_refused({{.sop = true}, {.sop = true, .eop = true}}); }

TEST(CellCheck, NoticesNullifyWithoutEop) { expect_refused({{.sop = true, .nullify = true}}); }

TEST(CellCheck, NoticesAPacketThatIsTooLong) {
  std::vector<Cell> row(34);
  row.front().sop = true;
  row.back().eop = true;
  expect_refused(row);
  Chain chain;
  row.pop_back();
  row.back().eop = true;
  chain.model.out_ready_i = 1;
  for (const Cell& cell : row) {
    chain.offer(cell);
    chain.model.eval();
    bench::step(chain.model);
  }
}

TEST(CellCheck, NoticesACellThatChangesWhileItWaits) {
  for (int what = 0; what < 3; ++what) {
    bench::Random random(3);
    Chain chain;
    chain.model.out_ready_i = 0;
    auto push = [&](Cell cell) {
      chain.offer(cell);
      chain.model.eval();
      const bool taken = chain.model.in_ready_o;
      bench::step(chain.model);
      return taken;
    };
    Cell cell{.sop = true, .eop = true};
    while (push(cell)) {
    }
    if (what == 0) cell.data[3] ^= 1U << 31;
    if (what == 1) cell.hdr[0] ^= 1;
    if (what < 2) {
      EXPECT_THROW(push(cell), bench::RtlFailure);
    } else {
      chain.model.in_valid_i = 0;
      EXPECT_THROW(bench::step(chain.model), bench::RtlFailure);
    }
  }
}

}  // namespace

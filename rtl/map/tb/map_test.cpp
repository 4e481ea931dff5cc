// SPDX-License-Identifier: Apache-2.0
// The address map of a user against a search through all rows: any geometry of windows, rows that change between
// requests, addresses just inside and just outside.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <deque>
#include <optional>

#include "Vmap_test.h"
#include "bench.hpp"

namespace {

using bench::Random;

constexpr unsigned kRows = 24, kMemory = 32;  // three slots (CMakeLists.txt), in a memory of a power of two
constexpr uint64_t kPageMask = (uint64_t{1} << 52) - 1;
constexpr uint64_t kLocal = 0x3f'0000'0000;  // page of the registers' window

struct Window {
  bool open = false;
  unsigned size = 0;  // 2^size pages
  uint64_t user = 0, card = 0;
};

struct Row {
  unsigned dev = 0, vf = 0;
  std::array<Window, 2> window;
};

struct Answer {
  bool hit = false, local = false;
  unsigned dev = 0, vf = 0, gen = 0;
  uint64_t page = 0;
};

class Map {
 public:
  Vmap_test model;
  std::array<Row, kRows> rows;
  std::array<std::array<unsigned, 64>, 4> generation{};
  std::deque<Answer> wanted;
  unsigned cycle = 0, answered = 0, hits = 0;

  Map() {
    model.req_valid_i = 0;
    model.row_we_i = 0;
    model.local_en_i = 1;
    model.local_bar_i = kLocal >> 4;
    model.look_gen_i = 0;
    bench::reset(model);
    for (unsigned i = 0; i < kMemory + 2 && !model.init_done_o; ++i) step();
    EXPECT_TRUE(model.init_done_o);
  }

  void step() {
    model.eval();
    model.look_gen_i = static_cast<uint16_t>(generation[model.look_dev_o][model.look_vf_o]);
    bench::step(model);
    ++cycle;
    if (model.rsp_valid_o) check();
  }

  void write(unsigned index, const Row& row) {
    uint32_t* to = model.row_i.data();
    unsigned at = 0;
    auto put = [&](unsigned width, uint64_t value) { bench::set_bits(to, at, width, value), at += width; };
    const auto& [a, b] = row.window;
    put(52, b.card), put(52, a.card), put(52, b.user), put(52, a.user);
    put(4, b.size), put(4, a.size), put(6, row.vf), put(2, row.dev), put(1, b.open), put(1, a.open);
    model.row_idx_i = static_cast<uint8_t>(index);
    model.row_we_i = 1;
    step();
    model.row_we_i = 0;
    rows.at(index) = row;
  }

  Answer search(uint64_t page) const {
    if (page >> 4 == kLocal >> 4) return {.hit = true, .local = true};
    for (const Row& row : rows) {
      for (const Window& w : row.window) {
        if (!w.open || page >> w.size != w.user >> w.size) continue;
        const uint64_t low = (uint64_t{1} << w.size) - 1;
        return {true, false, row.dev, row.vf, generation[row.dev][row.vf], (w.card & ~low) | (page & low)};
      }
    }
    return {};
  }

  void ask(uint64_t page) {
    model.req_page_i = page & kPageMask;
    model.req_valid_i = 1;
    model.eval();
    for (int i = 0; i < 4000 && !model.req_ready_o; ++i) step(), model.eval();
    ASSERT_TRUE(model.req_ready_o) << "the map takes no more requests";
    wanted.push_back(search(page & kPageMask));
    step();
    model.req_valid_i = 0;
  }

  void finish() {
    for (int i = 0; i < 4000 && !wanted.empty(); ++i) step();
    EXPECT_TRUE(wanted.empty()) << wanted.size() << " requests without a response";
  }

 private:
  void check() {
    ASSERT_FALSE(wanted.empty()) << "a response that nobody asked for";
    const Answer want = wanted.front();
    wanted.pop_front();
    ++answered;
    EXPECT_EQ(model.rsp_hit_o != 0, want.hit);
    if (!want.hit || !model.rsp_hit_o) return;
    ++hits;
    EXPECT_EQ(model.rsp_local_o != 0, want.local);
    if (want.local) return;
    EXPECT_EQ(model.rsp_dev_o, want.dev);
    EXPECT_EQ(model.rsp_vf_o, want.vf);
    EXPECT_EQ(model.rsp_gen_o, want.gen);
    EXPECT_EQ(model.rsp_page_o, want.page);
  }
};

// VF n as a server sees it: two BARs of 2^size pages each, in slot n / 8's part of the address space.
Row usual(unsigned n, unsigned size) {
  const uint64_t user = 0xfe000 + (n / 8) * 0x200 + (uint64_t{n % 8} << (size + 1));
  const uint64_t card = 0x38'0000'0000 + (uint64_t{n} << (size + 1));
  return {.dev = n % 4,
          .vf = n,
          .window = {Window{true, size, user, card},
                     Window{true, size, user + (uint64_t{1} << size), card + (uint64_t{1} << size)}}};
}

TEST(Map, MapsBothWindowsOfEveryFunction) {
  for (const unsigned size : {0U, 2U, 4U}) {  // 4, 16 and 64 KiB
    SCOPED_TRACE(size);
    Map map;
    for (unsigned n = 0; n < kRows; ++n) {
      map.generation[n % 4][n] = 100 + n;
      map.write(n, usual(n, size));
    }
    for (int round = 0; round < 2; ++round) {
      for (unsigned n = 0; n < kRows; ++n) {
        for (const Window& w : usual(n, size).window) {
          map.ask(w.user);
          map.ask(w.user + (uint64_t{1} << size) - 1);
        }
      }
      map.ask(usual(0, size).window[0].user - 1);
      map.ask(kLocal + 15);
      map.ask(kLocal + 16);
      map.finish();
    }
    EXPECT_EQ(map.answered, 2 * (kRows * 4 + 3));
    EXPECT_EQ(map.hits, 2 * (kRows * 4 + 1));
  }
}

TEST(Map, NothingIsOpenAfterReset) {
  Map map;
  for (uint64_t page = 0; page < 40; ++page) map.ask(page);
  map.finish();
  EXPECT_EQ(map.hits, 0U);
  EXPECT_EQ(map.answered, 40U);
}

TEST(Map, WhatWasUsedLastTimeTakesFiveCyclesAndOneRequestACycle) {
  Map map;
  for (unsigned n = 0; n < 4; ++n) map.write(n, usual(n, 2));
  map.ask(usual(3, 2).window[1].user);
  map.finish();
  const unsigned began = map.cycle;
  map.ask(usual(3, 2).window[1].user);
  map.finish();
  EXPECT_EQ(map.cycle - began, 5U);
  const unsigned row_began = map.cycle;
  for (int i = 0; i < 100; ++i) map.ask(usual(3, 2).window[1].user);
  map.finish();
  EXPECT_EQ(map.cycle - row_began, 104U);
  // Eight functions in turn: each has its own hint.
  for (unsigned n = 0; n < 4; ++n) map.ask(usual(n, 2).window[0].user);
  map.finish();
  const unsigned turn_began = map.cycle;
  for (int i = 0; i < 100; ++i) map.ask(usual(i % 4, 2).window[0].user);
  map.finish();
  EXPECT_EQ(map.cycle - turn_began, 104U);
}

TEST(Map, AStrangeAddressCostsOneTurnThroughTheRows) {
  Map map;
  for (unsigned n = 0; n < kRows; ++n) map.write(n, usual(n, 2));
  const unsigned began = map.cycle;
  for (int i = 0; i < 20; ++i) map.ask(0x1234'5678 + i);
  map.finish();
  EXPECT_LE(map.cycle - began, 20 * (kMemory + 8));
}

TEST(Map, AgreesWithASearchForAnyRowsAndAddresses) {
  Random random(1);
  for (int round = 0; round < 60; ++round) {
    Map map;
    // Addresses that differ in few bits, so that windows lie side by side and requests just miss them.
    const uint64_t base = (uint64_t{random.word()} << 20 ^ random.word()) & kPageMask;
    auto near = [&] {
      uint64_t page = base;
      for (int i = 0; i < 3; ++i) page ^= uint64_t{1} << random.below(random.percent(80) ? 14 : 52);
      return page;
    };
    for (int step = 0; step < 400; ++step) {
      if (random.percent(15)) {
        map.finish();  // a request that is under way may meet either row
        Row row{.dev = random.below(4), .vf = random.below(64), .window = {}};
        for (Window& w : row.window) {
          w.open = random.percent(70);
          w.size = random.below(12);
          const uint64_t low = (uint64_t{1} << w.size) - 1;
          w.user = near() & ~low;
          w.card = near() & ~low;
        }
        // Two windows at one address are the user's own fault; which one counts is not said here.
        bool overlaps = false;
        const unsigned index = random.below(kRows);
        for (const Window& w : row.window) {
          for (unsigned n = 0; n < kRows && w.open; ++n) {
            for (const Window& other : map.rows[n].window) {
              const unsigned size = std::max(w.size, other.size);
              if (n != index && other.open && w.user >> size == other.user >> size) overlaps = true;
            }
          }
        }
        if (!overlaps) map.write(index, row);
        map.generation[random.below(4)][random.below(64)]++;
      }
      map.ask(near());
      if (random.percent(20)) map.step();
    }
    map.finish();
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(Map, ARowThatIsClosedWhileRequestsWaitHitsNoMore) {
  Map map;
  map.write(5, usual(5, 2));
  const uint64_t page = usual(5, 2).window[0].user;
  map.ask(page);
  map.finish();
  map.write(5, Row{});
  map.ask(page);
  map.finish();
  EXPECT_EQ(map.hits, 1U);
}

}  // namespace

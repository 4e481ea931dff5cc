// SPDX-License-Identifier: Apache-2.0
// The queues of a port between an entrance and exits that do what they may, a few and the most there can be: packets
// come whole, once, in order, and no posted packet is overtaken.
#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <optional>
#include <vector>

#include VOQ_HEADER
#include "bench.hpp"
#include "pins.hpp"

namespace {

using bench::Cell;
using bench::Random;

constexpr unsigned kDests = VOQ_DESTS, kSlots = VOQ_SLOTS, kMaxCells = 16;  // CMakeLists.txt
enum Class { kP = 0, kNp = 1, kCpl = 2 };

struct Packet {
  unsigned dst = 0, cls = kP, cells = 0;  // cells with payload
  bool nullify = false, forward = true, bare = false;
  std::vector<Cell> stream;  // as it comes from receive
  bench::Words hdr{};        // as decide gives it
  uint64_t note = 0;         // the route's fields that nobody here looks at
  uint64_t number = 0;
};

Packet make_packet(Random& random, unsigned dst, unsigned cls, unsigned cells) {
  Packet p;
  p.dst = dst, p.cls = cls, p.cells = cells;
  p.stream = bench::random_packet(random, std::max(1U, cells), false);
  for (uint32_t& word : p.hdr) word = random.word();
  p.note = (uint64_t{random.word()} << 32 | random.word()) & 0x7fffffffff;
  return p;
}

// vfp_route_pkg::route_t.
uint64_t route_of(const Packet& p) {
  return uint64_t{p.forward} << 47 | uint64_t{p.bare} << 46 | uint64_t{p.dst} << 41 | uint64_t{p.cls} << 39 | p.note;
}

// What an exit does in a cycle.
struct Exit {
  std::array<bool, 3> room{true, true, true};
  unsigned grant_percent = 100;
};

class Port {
 public:
  VOQ_MODEL model;
  uint64_t cycle = 0;
  std::array<Exit, kDests> exits;
  unsigned decide_stall_percent = 0;
  // Packets that wait at the link, a row for each class; the link takes them in turn.
  std::array<std::deque<Packet>, 3> link;
  unsigned link_gap_percent = 0;
  // In the queues as far as the reference knows: in the order of decisions.
  std::array<std::array<std::deque<Packet>, 3>, kDests> inside;
  uint64_t entered = 0, left = 0, overruns = 0, cells_out = 0;
  std::array<std::array<uint64_t, 3>, kDests> left_of{};
  std::array<uint64_t, kDests> held{};
  uint64_t last_grant = 0, decided_at = 0;

  Port() {
    model.in_valid_i = 0;
    model.route_valid_i = 0;
    model.rx_end_i = 0;
    model.rx_wait_i = 0;
    model.exit_room_i = 0;
    model.grant_i = 0;
    bench::reset(model);
    for (unsigned i = 0; i < 2 * kSlots && !model.init_done_o; ++i) step();
    for (int i = 0; i < 8; ++i) step();
  }

  bool idle() const {
    for (const auto& row : link)
      if (!row.empty()) return false;
    return !at_link_ && in_receive_.empty() && undecided_.empty() && entered == left;
  }

  void run(unsigned cycles) {
    for (unsigned i = 0; i < cycles && !testing::Test::HasFailure(); ++i) step();
  }
  void drain(unsigned limit) {
    for (unsigned i = 0; i < limit && !idle() && !testing::Test::HasFailure(); ++i) step();
    EXPECT_TRUE(idle()) << "packets are left";
  }

  void step() {
    drive_link();
    drive_decide();
    drive_exits();
    model.eval();
    check_out();
    overruns += model.overrun_o;
    for (unsigned d = 0; d < kDests; ++d) held[d] += (model.held_o >> d) & 1;
    bench::step(model);
    ++cycle;
  }

  Random* random = nullptr;

 private:
  struct Flying {
    uint64_t at;
    Cell cell;
    bool last;
  };
  struct Granted {
    Packet packet;
    uint64_t at;
    unsigned sent = 0;
  };

  bool chance(unsigned percent) { return percent >= 100 || (percent > 0 && random->percent(percent)); }

  void drive_link() {
    model.rx_end_i = 0;
    model.rx_wait_i = 0;
    for (unsigned c = 0; c < 3; ++c) {
      if (!link[c].empty() && !(model.room_o >> c & 1))
        model.rx_wait_i = static_cast<uint8_t>(model.rx_wait_i | 1U << c);
    }
    if (!at_link_ && !chance(link_gap_percent)) {
      for (unsigned k = 0; k < 3 && !at_link_; ++k) {
        const unsigned c = next_class_;
        next_class_ = (next_class_ + 1) % 3;
        if (link[c].empty() || !(model.room_o >> c & 1)) continue;
        at_link_ = link[c].front();
        link[c].pop_front();
        nth_ = 0;
      }
    }
    if (at_link_) {
      const bool last = nth_ + 1 == at_link_->stream.size();
      Cell cell = at_link_->stream[nth_++];
      cell.nullify = last && at_link_->nullify;
      in_receive_.push_back({cycle + 4, cell, last});
      if (last) {
        model.rx_end_i = 1;
        if (!at_link_->nullify) undecided_.push_back({*at_link_, cycle + 4 + 1});
        at_link_.reset();
      }
    }
    model.in_valid_i = 0;
    if (!in_receive_.empty() && in_receive_.front().at == cycle) {
      model.in_valid_i = 1;
      bench::pack_cell(model.in_i.data(), in_receive_.front().cell);
      in_receive_.pop_front();
    }
  }

  void drive_decide() {
    model.route_valid_i = 0;
    if (undecided_.empty() || undecided_.front().second > cycle || chance(decide_stall_percent)) return;
    const Packet p = undecided_.front().first;
    undecided_.pop_front();
    model.route_valid_i = 1;
    model.route_i = route_of(p);
    std::copy(p.hdr.begin(), p.hdr.end(), model.route_hdr_i.data());
    model.route_cells_i = static_cast<uint8_t>(p.cells);
    decided_at = cycle;
    if (!p.forward) return;
    Packet queued = p;
    queued.number = entered++;
    inside[p.dst][p.cls].push_back(queued);
  }

  void drive_exits() {
    model.grant_i = 0;
    for (unsigned d = 0; d < kDests; ++d)
      for (unsigned c = 0; c < 3; ++c) bench::put(model.exit_room_i, 3 * d + c, 1, exits[d].room[c]);
    // A request that stood two cycles ago, and was not granted since, may be granted, even if it is withdrawn now. It
    // stands for the next packet as well if that was said with the grant.
    const unsigned stood = asked_[1];
    for (unsigned d = 0; d < kDests; ++d) {
      if (!(stood >> d & 1) || cycle < exit_free_[d] || !chance(exits[d].grant_percent)) continue;
      bench::put(model.grant_i, d, 1, 1);
    }
    const unsigned stands = model.grant_i && !model.req_more_o ? 0U : model.req_o;
    asked_ = {stands, model.grant_i ? 0 : asked_[0]};
    if (model.grant_i) granted();
  }

  void granted() {
    const auto d = static_cast<unsigned>(__builtin_ctz(model.grant_i));
    const unsigned c = model.req_cls_o;
    ASSERT_LT(c, 3U);
    ASSERT_FALSE(inside[d][c].empty()) << "a request without a packet, destination " << d << " class " << c;
    const Packet p = inside[d][c].front();
    inside[d][c].pop_front();
    if (c != kP && !inside[d][kP].empty()) {
      EXPECT_GT(inside[d][kP].front().number, p.number) << "a posted packet was overtaken";
    }
    const unsigned cells = p.bare ? 1 : std::max(1U, p.cells);
    exit_free_[d] = cycle + cells;
    last_grant = cycle;
    sending_.push_back({p, cycle});
    ++left;
    ++left_of[d][c];
  }

  void check_out() {
    if (!sending_.empty() && cycle == sending_.back().at + 1) {
      const Packet& p = sending_.back().packet;
      EXPECT_EQ(model.req_cells_o, p.bare ? 1 : std::max(1U, p.cells));
    }
    const bool due = !sending_.empty() && cycle >= sending_.front().at + 1;
    ASSERT_EQ(model.out_valid_o, due) << "cycle " << cycle;
    if (!due) return;
    ++cells_out;
    Granted& g = sending_.front();
    const Packet& p = g.packet;
    const unsigned cells = p.bare ? 1 : std::max(1U, p.cells);
    const Cell cell = bench::unpack_cell(model.out_o.data());
    ASSERT_EQ(cell.sop, g.sent == 0);
    ASSERT_EQ(cell.eop, g.sent + 1 == cells);
    ASSERT_FALSE(cell.nullify);
    if (cell.sop) {
      ASSERT_EQ(cell.hdr, p.hdr);
      EXPECT_EQ(model.out_route_o & 0x3fffffffffff, route_of(p) & 0x3fffffffffff);
    }
    if (p.cells && !p.bare) {
      ASSERT_EQ(cell.data, p.stream[g.sent].data) << "cell " << g.sent;
    }
    if (++g.sent == cells) sending_.pop_front();
  }

  std::optional<Packet> at_link_;
  size_t nth_ = 0;
  unsigned next_class_ = 0;
  std::deque<Flying> in_receive_;
  std::deque<std::pair<Packet, uint64_t>> undecided_;
  std::array<unsigned, 2> asked_{};
  std::array<uint64_t, kDests> exit_free_{};
  std::deque<Granted> sending_;
};

TEST(Voq, PacketsComeOutWholeOnceAndInOrderWhateverTheExitsDo) {
  for (uint64_t seed = 1; seed <= 4 && !HasFailure(); ++seed) {
    Random random(seed);
    Port port;
    port.random = &random;
    uint64_t nullified = 0, refused = 0;
    for (unsigned round = 0; round < 400 && !HasFailure(); ++round) {
      port.link_gap_percent = random.below(2) * random.below(90);
      port.decide_stall_percent = random.below(2) * random.below(80);
      for (Exit& exit : port.exits) {
        for (bool& room : exit.room) room = random.percent(70);
        exit.grant_percent = 5 + random.below(96);
      }
      const unsigned most = random.percent(50) ? 2 : kMaxCells + 1;
      for (unsigned i = random.below(60); i > 0; --i) {
        const unsigned cls = random.below(3);
        Packet p = make_packet(random, random.below(kDests), cls, random.below(cls == kNp ? 2 : most));
        p.nullify = random.percent(10);
        p.forward = random.percent(85);
        p.bare = random.percent(5);
        nullified += p.nullify;
        refused += !p.nullify && !p.forward;
        port.link[cls].push_back(p);
      }
      port.run(50 + random.below(300));
    }
    for (Exit& exit : port.exits) exit = {};
    port.decide_stall_percent = 0;
    port.drain(20000);
    EXPECT_EQ(port.overruns, 0U);
    EXPECT_GT(nullified, 500U);
    EXPECT_GT(refused, 500U);
    for (const auto& of : port.left_of)
      for (uint64_t n : of) EXPECT_GT(n, 900U / kDests);
  }
}

// D2: however many posted packets pass, a read that could not go goes when it may.
TEST(Voq, AReadThatManyWritesPassedGoesAtLast) {
  Random random(5);
  Port port;
  port.random = &random;
  port.exits[1].room[kNp] = false;
  port.link[kNp].push_back(make_packet(random, 1, kNp, 0));
  for (int i = 0; i < 700; ++i) port.link[kP].push_back(make_packet(random, 1, kP, 1));
  port.run(8000);
  EXPECT_EQ(port.left_of[1][kP], 700U);
  EXPECT_EQ(port.left_of[1][kNp], 0U);
  port.exits[1].room[kNp] = true;
  port.run(20);
  EXPECT_EQ(port.left_of[1][kNp], 1U);
}

// A destination that takes nothing costs the others slots, and the classes of the link that it fills; it is named.
TEST(Voq, AStuckDestinationIsNamedAndLeavesTheOtherClassesFree) {
  Random random(6);
  Port port;
  port.random = &random;
  port.exits[0].room = {false, false, false};
  for (unsigned i = 0; i < kSlots / 32 * 25; ++i) port.link[kP].push_back(make_packet(random, 0, kP, 4));
  for (int i = 0; i < 600; ++i) port.link[kCpl].push_back(make_packet(random, 1 + random.below(2), kCpl, 4));
  port.run(6000);
  EXPECT_EQ(port.left_of[0][kP], 0U);
  EXPECT_EQ(port.left_of[1][kCpl] + port.left_of[2][kCpl], 600U);
  EXPECT_GT(port.held[0], 4000U);
  // Who moves is named for moments.
  EXPECT_LT(port.held[1] + port.held[2], port.held[0] / 4);
  port.exits[0] = {};
  port.drain(4000);
  EXPECT_EQ(port.overruns, 0U);
}

// One queue asks at a time: a destination that does not grant gives the others their turn.
TEST(Voq, ADestinationThatDoesNotGrantCostsTheOthersSixtyFourCyclesATurn) {
  Random random(7);
  Port port;
  port.random = &random;
  port.exits[0].grant_percent = 0;
  for (int i = 0; i < 3; ++i) port.link[kP].push_back(make_packet(random, 0, kP, 4));
  for (int i = 0; i < 40; ++i) port.link[kP].push_back(make_packet(random, 1, kP, 4));
  port.run(40 * (64 + 16) + 100);
  EXPECT_EQ(port.left_of[1][kP], 40U);
  port.exits[0].grant_percent = 100;
  port.drain(500);
}

TEST(Voq, FromTwoCellsUpOneFlowIsOneCellACycle) {
  Random random(8);
  for (unsigned cells : {2U, 3U, 4U, 5U, 8U, 16U}) {
    Port port;
    port.random = &random;
    for (int i = 0; i < 400; ++i) port.link[kP].push_back(make_packet(random, 0, kP, cells));
    port.run(100);
    const uint64_t before = port.cells_out;
    port.run(500);
    EXPECT_EQ(port.cells_out - before, 500U) << cells;
  }
}

TEST(Voq, PacketsOfOneCellOfOneFlowGoEveryTwoCyclesWhateverTheirClass) {
  Random random(9);
  for (unsigned cls : {0U, 1U, 2U}) {
    Port port;
    port.random = &random;
    for (int i = 0; i < 400; ++i) port.link[cls].push_back(make_packet(random, 0, cls, cls == kNp ? 0 : 1));
    port.run(100);
    const uint64_t before = port.left;
    port.run(500);
    EXPECT_EQ(port.left - before, 250U) << "class " << cls;
  }
}

// A flow that does not end gives way after a quarter of a turn.
TEST(Voq, AFlowOfShortPacketsLeavesTheOtherQueuesTheirTurn) {
  Random random(12);
  Port port;
  port.random = &random;
  for (int i = 0; i < 600; ++i) port.link[kP].push_back(make_packet(random, 0, kP, 1));
  for (int i = 0; i < 600; ++i) port.link[kCpl].push_back(make_packet(random, 0, kCpl, 1));
  for (int i = 0; i < 600; ++i) port.link[kNp].push_back(make_packet(random, 2, kNp, 0));
  port.run(100);
  const auto before = port.left_of;
  port.run(1000);
  EXPECT_GT(port.left_of[0][kP] - before[0][kP], 80U);
  EXPECT_GT(port.left_of[0][kCpl] - before[0][kCpl], 80U);
  EXPECT_GT(port.left_of[2][kNp] - before[2][kNp], 80U);
}

// From the decision to the grant at the earliest, whatever the class, and one more to the first cell.
TEST(Voq, ADecidedPacketCanBeGrantedInFourCycles) {
  Random random(10);
  for (unsigned cls : {0U, 1U, 2U}) {
    Port port;
    port.random = &random;
    port.link[cls].push_back(make_packet(random, 0, cls, 1));
    port.drain(60);
    // Among many queues the packet's own is found a cycle later.
    EXPECT_EQ(port.last_grant - port.decided_at, kDests > 4 ? 5U : 4U) << "class " << cls;
  }
}

// Full and empty again, without loss.
TEST(Voq, EverySlotComesBack) {
  Random random(11);
  Port port;
  port.random = &random;
  // All slots come back: the same number of packets fits again and again.
  for (int round = 0; round < 3; ++round) {
    for (Exit& exit : port.exits) exit.room = {false, false, false};
    for (unsigned d = 0; d < kDests; ++d)
      for (int i = 0; i < 60; ++i) port.link[kP].push_back(make_packet(random, d, kP, 16));
    port.run(2000);
    const uint64_t queued = port.entered - port.left;
    EXPECT_GE(queued, 5U);
    EXPECT_LT(queued, kSlots);
    for (Exit& exit : port.exits) exit = {};
    port.drain(20000);
  }
  EXPECT_EQ(port.overruns, 0U);
}

}  // namespace

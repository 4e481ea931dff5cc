// SPDX-License-Identifier: Apache-2.0
// An exit with three sources, a link with little room, a table of tags that runs short, and VFs that change hands.
#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "Vegress_test.h"
#include "bench.hpp"

namespace {

using bench::Cell;
using bench::Random;
using bench::Words;

constexpr unsigned kSources = 3;  // CMakeLists.txt
enum Class { kP = 0, kNp = 1, kCpl = 2 };

struct Packet {
  unsigned cls = kP;
  std::vector<Cell> cells;
  bool has_vf = false;
  unsigned vf = 0, gen = 0;
  unsigned bytes = 0, low = 0;  // of a read
};

uint64_t route_of(const Packet& p, unsigned port) {
  return uint64_t{1} << 47 | uint64_t{port} << 41 | uint64_t{p.cls} << 39 | uint64_t{p.has_vf} << 38 |
         uint64_t{p.vf} << 32 | uint64_t{p.gen} << 16;
}

Packet make_packet(Random& random, unsigned cls, unsigned cells) {
  Packet p;
  p.cls = cls;
  p.cells = bench::random_packet(random, cells, false);
  if (cls != kNp) return p;
  // A read, its bytes counted one by one.
  const unsigned dw = 1 + random.below(1024), first = 1 + random.below(15);
  const unsigned last = dw == 1 ? 0 : 1 + random.below(15);
  const uint32_t address = random.word() & ~3U;
  std::vector<unsigned> wanted;
  for (unsigned byte = 0; byte < dw * 4; ++byte) {
    const unsigned enable = byte < 4 ? first : byte >= dw * 4 - 4 ? last : 15;
    if (enable >> byte % 4 & 1) wanted.push_back(byte);
  }
  p.bytes = wanted.back() - wanted.front() + 1;
  p.low = ((address & 0x7c) + wanted.front()) & 0x7f;
  p.cells.front().hdr = {dw & 1023, random.word() << 8 | last << 4 | first, 0, address};
  return p;
}

class Exit {
 public:
  Vegress_test model;
  uint64_t cycle = 0;
  std::array<std::function<std::optional<Packet>()>, kSources> feed;
  std::array<unsigned, 64> generation{};
  unsigned link_percent = 100;  // chance in a cycle that the link frees a place of each class
  std::array<bool, 3> link_open{true, true, true};
  unsigned tags = 12, quota = 6;
  unsigned tag_percent = 100;  // chance in a cycle that a tag comes back
  unsigned ended_percent = 100;
  unsigned more_percent = 100;  // chance that a source says in time what follows
  std::array<std::array<uint64_t, 3>, kSources> sent{}, cells_of{};
  uint64_t tx_cells = 0, dropped = 0, ended = 0, stale = 0, granted = 0, allocs = 0;

  explicit Exit(Random& random, std::array<unsigned, kSources> weights = {1, 1, 1}) : random_(random) {
    model.down_i = 0;
    model.req_i = 0;
    model.link_room_i = 0;
    model.check_ok_i = 0;
    model.req_more_i = 0;
    model.tag_may_i = 0;
    model.tag_few_i = 0;
    model.tag_scarce_i = 0;
    model.ended_ready_i = 0;
    model.cell_valid_i = 0;
    model.weight_i = static_cast<uint16_t>(weights[0] | weights[1] << 5 | weights[2] << 10);
    bench::reset(model);
  }

  void run(unsigned cycles) {
    for (unsigned i = 0; i < cycles && !testing::Test::HasFailure(); ++i) step();
  }

  void step() {
    drive_sources();
    drive_tags();
    drive_link();
    model.check_ok_i = check_ok_ ? 7 : 0;
    model.ended_ready_i = random_.percent(ended_percent);
    model.eval();
    check_ok_ = generation[model.check_vf_o] == model.check_gen_o;
    look();
    bench::step(model);
    ++cycle;
  }

  bool quiet() const { return on_the_way_.empty() && ends_.empty(); }

 private:
  struct Source {
    std::deque<Packet> row;  // the packet that is asked for, and the one that follows
    bool asks = false, more = false;
    uint64_t next_ask = 0;
    std::deque<std::pair<Packet, uint64_t>> sending;  // with the cycle of the grant
  };
  struct TagState {
    unsigned may = 0, few = 0;
    bool scarce = false;
  };
  struct Way {
    Packet packet;
    unsigned source;
    size_t seen = 0;
  };

  void drive_sources() {
    unsigned req = 0, more = 0;
    model.cell_valid_i = 0;
    for (unsigned s = 0; s < kSources; ++s) {
      Source& source = sources_[s];
      while (source.row.size() < 2 && feed[s]) {
        std::optional<Packet> next = feed[s]();
        if (!next) break;
        source.row.push_back(*next);
      }
      const Packet* head = source.row.empty() ? nullptr : &source.row.front();
      const bool room = head && (model.room_o >> (3 * s + head->cls) & 1);
      // A request may be withdrawn when its room vanishes; it then stays away for three cycles.
      if (source.asks && !room) {
        source.asks = false;
        source.next_ask = cycle + 3;
      }
      if (!source.asks && room && cycle >= source.next_ask) source.asks = true;
      source.more =
          source.asks && source.row.size() > 1 && source.row[1].cls == head->cls && random_.percent(more_percent);
      req |= static_cast<unsigned>(source.asks) << s;
      more |= static_cast<unsigned>(source.more) << s;
      if (head) {
        bench::set_bits(&classes_, 2 * s, 2, head->cls);
        if (source.sending.empty() || cycle > source.sending.back().second + 1)
          bench::set_bits(&lengths_, 6 * s, 6, head->cells.size());
      }
      if (!source.sending.empty() && cycle >= source.sending.front().second + 1) {
        const size_t n = cycle - source.sending.front().second - 1;
        const Packet p = source.sending.front().first;
        model.cell_valid_i = static_cast<uint8_t>(model.cell_valid_i | 1U << s);
        std::array<uint32_t, 9> cell{};
        Cell sent = p.cells[n];
        if (n > 0)  // the header is there with the first cell only
          for (uint32_t& word : sent.hdr) word = random_.word();
        bench::pack_cell(cell.data(), sent);
        for (unsigned k = 0; k < 9; ++k)
          bench::set_bits(model.cell_i.data(), 259 * s + 32 * k, k == 8 ? 3 : 32, cell[k]);
        bench::set_bits(model.route_i.data(), 48 * s, 48, n == 0 ? route_of(p, s) : random_.word());
        if (n + 1 == p.cells.size()) source.sending.pop_front();
      } else if (random_.percent(30)) {
        // Something for another exit.
        model.cell_valid_i = static_cast<uint8_t>(model.cell_valid_i | 1U << s);
        for (unsigned k = 0; k < 9; ++k)
          bench::set_bits(model.cell_i.data(), 259 * s + 32 * k, k == 8 ? 3 : 32, k == 8 ? 6 : random_.word());
      }
    }
    model.req_i = static_cast<uint8_t>(req);
    model.req_more_i = static_cast<uint8_t>(more);
    model.req_cls_i = static_cast<uint8_t>(classes_);
    model.req_cells_i = lengths_;
  }

  void drive_tags() {
    if (tags_held_ && random_.percent(tag_percent)) {
      for (unsigned s = 0; s < kSources; ++s) {
        if (held_[s]) {
          --held_[s], --tags_held_;
          break;
        }
      }
    }
    TagState now;
    for (unsigned s = 0; s < kSources; ++s) {
      now.may |= static_cast<unsigned>(tags_held_ + 1 < tags && held_[s] < quota) << s;
      now.few |= static_cast<unsigned>(held_[s] + 5 > quota) << s;
    }
    now.scarce = tags_held_ + 5 > tags;
    // The table shows it two cycles late.
    model.tag_may_i = static_cast<uint8_t>(tags_late_[1].may);
    model.tag_few_i = static_cast<uint8_t>(tags_late_[1].few);
    model.tag_scarce_i = tags_late_[1].scarce;
    tags_late_ = {now, tags_late_[0]};
    model.alloc_tag_i = static_cast<uint8_t>(allocs);
  }

  void drive_link() {
    unsigned room = 0;
    for (unsigned c = 0; c < 3; ++c) {
      if (places_[c] < 4 && link_open[c] && random_.percent(link_percent)) ++places_[c];
      room |= static_cast<unsigned>(places_late_[c] >= 2) << c;
    }
    model.link_room_i = static_cast<uint8_t>(room);
    places_late_ = places_;
  }

  void look() {
    for (unsigned c = 0; c < 3; ++c) {
      if (model.take_o >> c & 1) {
        EXPECT_TRUE(model.down_i || places_[c] > 0) << "no room for class " << c << " in cycle " << cycle;
        if (places_[c]) --places_[c];
      }
    }
    places_late_ = places_;
    ASSERT_EQ(model.grant_o & (model.grant_o - 1), 0);
    for (unsigned s = 0; s < kSources; ++s) {
      if (!(model.grant_o >> s & 1)) continue;
      Source& source = sources_[s];
      ASSERT_FALSE(source.row.empty()) << "a grant for nobody";
      EXPECT_GE(cycle, exit_free_) << "packets meet";
      const Packet packet = source.row.front();
      exit_free_ = cycle + std::max<size_t>(2, packet.cells.size());
      ++granted;
      source.sending.push_back({packet, cycle});
      source.row.pop_front();
      if (!source.more) {
        source.asks = false;
        source.next_ask = std::max(cycle + 3, cycle + packet.cells.size() - 2);
      }
      on_the_way_.push_back({packet, s});
    }
    if (model.dropped_o) {
      ++dropped;
      take_first([](const Packet& p) { return p.cls == kP; }, "a posted packet was dropped");
    }
    // A request takes its tag in the cycle after it has gone on with it.
    ASSERT_EQ(model.alloc_o, sent_.has_value());
    if (sent_) on_alloc(sent_->packet, sent_->source);
    sent_.reset();
    if (model.tx_valid_o) on_tx();
    if (model.ended_valid_o && model.ended_ready_i) {
      ++ended;
      ASSERT_FALSE(ends_.empty()) << "nothing ended";
      const Way& way = ends_.front();
      EXPECT_EQ(model.ended_source_o, way.source);
      for (unsigned k = 0; k < 4; ++k) EXPECT_EQ(model.ended_hdr_o[k], way.packet.cells.front().hdr[k]);
      EXPECT_EQ(model.ended_cls_o, way.packet.cls);
      ends_.pop_front();
    }
    settle();
  }

  bool is_stale(const Packet& p) const { return p.has_vf && generation[p.vf] != p.gen; }

  // Non-posted requests and completions that must end leave the row when their time at the look is over.
  void settle() {
    while (!on_the_way_.empty() && on_the_way_.front().seen == 0 && on_the_way_.front().packet.cls != kP &&
           (model.down_i || is_stale(on_the_way_.front().packet))) {
      ends_.push_back(on_the_way_.front());
      on_the_way_.pop_front();
      ++stale;
    }
  }

  void take_first(const std::function<bool(const Packet&)>& fits, const char* what) {
    settle();
    ASSERT_FALSE(on_the_way_.empty()) << what;
    EXPECT_TRUE(fits(on_the_way_.front().packet) && (model.down_i || is_stale(on_the_way_.front().packet))) << what;
    on_the_way_.pop_front();
  }

  void on_tx() {
    settle();
    ++tx_cells;
    ASSERT_FALSE(on_the_way_.empty()) << "a cell of nobody";
    Way& way = on_the_way_.front();
    const Packet& p = way.packet;
    ASSERT_EQ(bench::unpack_cell(model.tx_o.data()), p.cells[way.seen]);
    EXPECT_EQ(model.tx_route_o, route_of(p, way.source));
    ++cells_of[way.source][p.cls];
    if (way.seen == 0) {
      EXPECT_FALSE(is_stale(p)) << "a packet of a former assignment";
      if (p.cls == kNp) {
        EXPECT_TRUE(model.soon_o);
        EXPECT_EQ(model.tx_tag_o, static_cast<uint8_t>(allocs));
        sent_ = way;
      }
    }
    if (++way.seen == p.cells.size()) {
      ++sent[way.source][p.cls];
      on_the_way_.pop_front();
    }
  }

  // vfp_tags_pkg::tag_req_t, lowest field first.
  void on_alloc(const Packet& p, unsigned source) {
    ++allocs;
    ++tags_held_, ++held_[source];
    EXPECT_LE(tags_held_, tags);
    EXPECT_LE(held_[source], quota);
    const uint32_t* r = model.alloc_req_o.data();
    EXPECT_EQ(bench::get_bits(r, 0, 7), p.low);
    EXPECT_EQ(bench::get_bits(r, 7, 13), p.bytes);
    EXPECT_EQ(bench::get_bits(r, 20, 2), 3U);
    EXPECT_EQ(bench::get_bits(r, 38, 7), (unsigned{p.has_vf} << 6 | p.vf));
    EXPECT_EQ(bench::get_bits(r, 51, 24), p.cells.front().hdr[1] >> 8);
    EXPECT_EQ(bench::get_bits(r, 75, 5), source);
  }

  Random& random_;
  std::array<Source, kSources> sources_;
  uint32_t classes_ = 0, lengths_ = 0;
  std::array<unsigned, 3> places_{4, 4, 4}, places_late_{4, 4, 4};
  std::array<unsigned, kSources> held_{};
  unsigned tags_held_ = 0;
  std::array<TagState, 2> tags_late_{};
  bool check_ok_ = false;
  uint64_t exit_free_ = 0;
  std::deque<Way> on_the_way_, ends_;
  std::optional<Way> sent_;  // a request that has gone on, and takes its tag
};

TEST(Egress, PassesEachPacketWholeOrNotAtAll) {
  std::array<std::function<std::optional<Packet>()>, kSources> idle;
  for (uint64_t seed = 1; seed <= 3 && !HasFailure(); ++seed) {
    Random random(seed);
    Exit exit(random, {1 + random.below(31), 1 + random.below(31), 1 + random.below(31)});
    uint64_t posted = 0, others = 0;
    for (unsigned s = 0; s < kSources; ++s) {
      exit.feed[s] = [&]() -> std::optional<Packet> {
        if (random.percent(10)) return std::nullopt;
        const unsigned cls = random.below(3);
        Packet p = make_packet(random, cls, cls == kNp ? 1 : 1 + random.below(random.percent(50) ? 3 : 32));
        p.has_vf = random.percent(60);
        p.vf = random.below(64);
        p.gen = random.percent(85) ? exit.generation[p.vf] : random.below(65536);
        (cls == kP ? posted : others) += 1;
        return p;
      };
    }
    for (unsigned round = 0; round < 300 && !HasFailure(); ++round) {
      exit.link_percent = 1 + random.below(100);
      exit.tag_percent = 1 + random.below(100);
      exit.ended_percent = 1 + random.below(100);
      exit.more_percent = random.below(2) * random.below(101);
      exit.run(100 + random.below(200));
      // Between two packets a VF changes hands; what is queued or on its way here is of the past.
      for (auto& feed : exit.feed) std::swap(feed, idle[&feed - &exit.feed[0]]);
      exit.ended_percent = 100;
      exit.link_percent = exit.tag_percent = 100;
      exit.run(300);  // six packets that still ask, of 32 cells at most, and one that leaves
      ASSERT_TRUE(exit.quiet());
      for (auto& feed : exit.feed) std::swap(feed, idle[&feed - &exit.feed[0]]);
      for (int k = 0; k < 8; ++k) exit.generation[random.below(64)] = random.below(65536);
    }
    EXPECT_GT(exit.dropped, 100U);
    EXPECT_GT(exit.ended, 200U);
    EXPECT_EQ(exit.ended, exit.stale);
    EXPECT_GT(exit.allocs, 500U);
    EXPECT_GT(posted + others, 5000U);
  }
}

// Shares by cells, under saturation, whatever the sizes.
void expect_shares(std::array<unsigned, kSources> weights, std::function<unsigned(Random&, unsigned)> size) {
  Random random(7);
  Exit exit(random, weights);
  for (unsigned s = 0; s < kSources; ++s)
    exit.feed[s] = [&, s]() -> std::optional<Packet> {
      return make_packet(random, s == 1 ? kCpl : kP, size(random, s));
    };
  exit.run(60000);
  const double all = static_cast<double>(exit.tx_cells);
  const double sum = weights[0] + weights[1] + weights[2];
  for (unsigned s = 0; s < kSources; ++s) {
    const double share = static_cast<double>(exit.cells_of[s][0] + exit.cells_of[s][2]) / all;
    EXPECT_NEAR(share / (weights[s] / sum), 1.0, 0.02) << "source " << s;
  }
  EXPECT_GT(all / 60000, 0.95) << "the link is not full";
}

TEST(Egress, SharesFollowTheWeights) {
  const auto mixed = [](Random& random, unsigned) {
    return random.percent(30) ? 1 + random.below(4) : 5 + random.below(28);
  };
  expect_shares({1, 2, 4}, mixed);
  expect_shares({1, 1, 1}, mixed);
  expect_shares({31, 16, 5}, mixed);
}

TEST(Egress, LargePacketsGiveNoLargerShare) {
  expect_shares({1, 1, 1}, [](Random&, unsigned s) { return s == 0 ? 32U : 6U; });
  expect_shares({3, 1, 2}, [](Random&, unsigned s) { return s == 1 ? 32U : 8U; });
}

// What short packets cost: a grant is two cycles at least.
TEST(Egress, ShortPacketsOfOneSourceGoEveryTwoCycles) {
  Random random(11);
  for (unsigned cells : {1U, 2U, 3U, 4U}) {
    Exit exit(random);
    exit.feed[1] = [&]() -> std::optional<Packet> { return make_packet(random, kP, cells); };
    exit.run(100);
    const uint64_t before = exit.sent[1][kP];
    exit.run(1200);
    EXPECT_NEAR(static_cast<double>(exit.sent[1][kP] - before), 1200.0 / std::max(2U, cells), 1.0) << cells << " cells";
  }
}

TEST(Egress, ShortPacketsShareByTheirWeightsAndLeaveNoCycleUnused) {
  expect_shares({1, 1, 1}, [](Random&, unsigned) { return 2U; });
  expect_shares({1, 5, 2}, [](Random& random, unsigned) { return 2 + random.below(3); });
}

TEST(Egress, ReadsGoEveryTwoCyclesWhileTagsAreMany) {
  Random random(12);
  Exit exit(random);
  exit.tags = exit.quota = 100000;
  for (unsigned sources : {1U, 3U}) {
    for (unsigned s = 0; s < sources; ++s)
      exit.feed[s] = [&]() -> std::optional<Packet> { return make_packet(random, kNp, 1); };
    exit.run(100);
    const uint64_t before = exit.allocs;
    exit.run(1000);
    EXPECT_GE(exit.allocs - before, 499U) << sources << " sources";
  }
}

TEST(Egress, WhoSendsSeldomGoesSoon) {
  Random random(8);
  Exit exit(random, {31, 31, 1});
  for (unsigned s = 0; s < 2; ++s)
    exit.feed[s] = [&]() -> std::optional<Packet> { return make_packet(random, kP, 32); };
  exit.run(1000);
  uint64_t slowest = 0;
  for (int i = 0; i < 50; ++i) {
    bool given = false;
    exit.feed[2] = [&]() -> std::optional<Packet> {
      if (given) return std::nullopt;
      given = true;
      return make_packet(random, kCpl, 2);
    };
    const uint64_t before = exit.sent[2][kCpl], at = exit.cycle;
    while (exit.sent[2][kCpl] == before && exit.cycle < at + 2000) exit.step();
    slowest = std::max(slowest, exit.cycle - at);
  }
  EXPECT_LT(slowest, 400U);
}

// A source that has nothing more to send is not waited for, at the others' expense.
TEST(Egress, WhoSendsAloneOwesNothingWhenAnotherComes) {
  Random random(13);
  Exit exit(random, {3, 1, 1});
  const auto packet = [&] { return make_packet(random, kP, 1); };
  const auto send_one = [&](unsigned s) {
    bool given = false;
    exit.feed[s] = [&, given]() mutable {
      return std::exchange(given, true) ? std::nullopt : std::optional<Packet>(packet());
    };
    exit.run(20);
  };
  send_one(2);
  for (int i = 0; i < 100; ++i) send_one(1);
  for (unsigned s : {0U, 1U}) exit.feed[s] = packet;
  const uint64_t first = exit.sent[0][kP], second = exit.sent[1][kP];
  while (exit.sent[0][kP] - first + exit.sent[1][kP] - second < 40 && !HasFailure()) exit.step();
  EXPECT_NEAR(static_cast<double>(exit.sent[0][kP] - first), 30.0, 4.0);
}

// Who went before others on credit pays while it sends, not while the link stands idle: a source that asks now and then
// takes little more of the link than its packets.
TEST(Egress, DebtsAreNotPaidWithAnIdleLink) {
  for (unsigned every : {14U, 40U, 150U, 600U}) {
    SCOPED_TRACE(every);
    Random random(14);
    Exit exit(random, {1, 1, 1});
    uint64_t due = 0;
    exit.feed[0] = [&]() -> std::optional<Packet> {
      if (exit.cycle < due) return std::nullopt;
      due = exit.cycle + every;
      return make_packet(random, kP, 1);
    };
    exit.feed[1] = [&]() -> std::optional<Packet> { return make_packet(random, kCpl, 9); };
    exit.run(200);
    const uint64_t seldom = exit.sent[0][kP], cells = exit.tx_cells;
    exit.run(12000);
    EXPECT_GE(exit.tx_cells - cells + 4 * (exit.sent[0][kP] - seldom), 11950U);
  }
}

// A packet in the way of nobody: one source at a time may be without room.
TEST(Egress, ASourceWithoutRoomTakesNothingFromTheOthers) {
  Random random(9);
  Exit exit(random);
  exit.link_open[kCpl] = false;
  exit.feed[0] = [&]() -> std::optional<Packet> { return make_packet(random, kCpl, 8); };
  exit.feed[1] = [&]() -> std::optional<Packet> { return make_packet(random, kP, 8); };
  exit.run(200);
  const uint64_t before = exit.tx_cells;
  exit.run(2000);
  EXPECT_GT(exit.tx_cells - before, 1960U);
}

TEST(Egress, APortThatIsDownTakesAllAndSendsNothing) {
  Random random(10);
  Exit exit(random);
  exit.link_open = {false, false, false};
  for (unsigned s = 0; s < kSources; ++s)
    exit.feed[s] = [&]() -> std::optional<Packet> { return make_packet(random, random.below(3), 1); };
  exit.run(200);
  exit.model.down_i = 1;
  exit.run(30);
  const uint64_t before = exit.tx_cells, granted = exit.granted;
  exit.run(1000);
  EXPECT_EQ(exit.tx_cells, before);
  EXPECT_GT(exit.granted - granted, 200U);
  EXPECT_GT(exit.dropped, 50U);
  EXPECT_GT(exit.ended, 50U);
}

}  // namespace

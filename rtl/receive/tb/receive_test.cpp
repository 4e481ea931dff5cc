// SPDX-License-Identifier: Apache-2.0
// The entrance of the bridge against rules written here a second time, from the specification (PCIe
// Base 2.1, 2.2, 2.3).
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <optional>

#include "Vreceive_test.h"
#include "bench.hpp"

namespace {

using bench::Cell;
using bench::Random;
using bench::Words;

constexpr unsigned kMaxPayload = 256;  // as it is set; the entrance is built for 512 (CMakeLists.txt)

// --- the rules ---

unsigned bits(uint32_t word, unsigned high, unsigned low) { return (word >> low) & ((2U << (high - low)) - 1); }

struct Rules {
  bool good = false;
  unsigned payload_cells = 0, all_cells = 1;  // by Length and TD, good or not
  unsigned cls = 0;
  Words onward{};
};

Rules rules_of(const Words& h) {
  const unsigned fmt = bits(h[0], 31, 29), type = bits(h[0], 28, 24);
  const bool with_data = fmt & 2, four = fmt & 1, digest = bits(h[0], 15, 15), hint = bits(h[0], 16, 16);
  const unsigned len = bits(h[0], 9, 0) ? bits(h[0], 9, 0) : 1024;
  const unsigned last = bits(h[1], 7, 4), first = bits(h[1], 3, 0), tc = bits(h[0], 22, 20);
  enum Kind { kBad, kRead, kWrite, kOne, kAtomic, kMessage, kCompletion } kind = kBad;
  // Table 2-3: Fmt and Type together.
  switch (fmt << 5 | type) {
    case 0b000'00000:
    case 0b001'00000:
    case 0b000'00001:
    case 0b001'00001: kind = kRead; break;
    case 0b010'00000:
    case 0b011'00000: kind = kWrite; break;
    case 0b000'00010:
    case 0b010'00010:
    case 0b000'00100:
    case 0b010'00100:
    case 0b000'00101:
    case 0b010'00101: kind = kOne; break;
    case 0b010'01100:
    case 0b011'01100:
    case 0b010'01101:
    case 0b011'01101:
    case 0b010'01110:
    case 0b011'01110: kind = kAtomic; break;
    case 0b000'01010:
    case 0b010'01010:
    case 0b000'01011:
    case 0b010'01011: kind = kCompletion; break;
    default:
      if ((fmt == 1 || fmt == 3) && type >> 3 == 2) kind = kMessage;
  }
  Rules r;
  r.good = kind != kBad;
  r.cls = kind == kCompletion ? 2 : (kind == kWrite || kind == kMessage) ? 0 : 1;
  if (with_data && len * 4 > kMaxPayload) r.good = false;
  if (kind == kRead || kind == kWrite) {
    const uint32_t low = four ? h[3] : h[2];
    if ((low & 0xffc) + len * 4 > 4096) r.good = false;
    if (!(hint && kind == kRead)) {
      if (len == 1 && last != 0) r.good = false;
      if (len > 1 && (last == 0 || first == 0)) r.good = false;
    }
  }
  if (kind == kOne && (len != 1 || last != 0 || tc != 0 || bits(h[0], 13, 10) != 0)) r.good = false;
  const unsigned code = bits(h[1], 7, 0);
  if (kind == kMessage && tc != 0 && code != 0x7e && code != 0x7f) r.good = false;
  if (kind == kAtomic) {
    const unsigned operands = type == 0b01110 ? 2 : 1, size = len * 4 / operands, low = (four ? h[3] : h[2]) & ~3U;
    if (len % operands != 0 || !(size == 4 || size == 8 || (operands == 2 && size == 16)) || low % size != 0)
      r.good = false;
  }
  const unsigned payload = with_data ? len : 0;
  r.payload_cells = (payload + 3) / 4;
  r.all_cells = std::max(1U, (payload + (digest ? 1 : 0) + 3) / 4);
  r.onward = h;
  r.onward[0] &= ~(1U << 31 | 1U << 23 | 1U << 19 | 1U << 17 | 1U << 16 | 1U << 15);
  if (kind == kRead || kind == kWrite) {
    if (!four) {
      r.onward[3] = h[2];
      r.onward[2] = 0;
    }
    if (hint && kind == kRead) r.onward[1] = (h[1] & ~0xffU) | (len == 1 ? 0x0f : 0xff);
  } else if (bits(h[0], 28, 24) <= 1 && !(bits(h[0], 28, 24) == 1 && with_data)) {
    // A prefix that looks like a memory request; it is nullified, its header counts for nothing.
    r.onward = {};
  }
  return r;
}

// --- packets ---

Words random_header(Random& random) {
  static constexpr uint32_t kKinds[] = {0b000'00000, 0b001'00000, 0b010'00000, 0b011'00000, 0b010'00000, 0b011'00000,
                                        0b000'00001, 0b000'00010, 0b010'00010, 0b000'00100, 0b010'00100, 0b000'00101,
                                        0b010'00101, 0b001'10000, 0b011'10010, 0b001'10100, 0b000'01010, 0b010'01010,
                                        0b010'01010, 0b000'01011, 0b010'01011, 0b010'01100, 0b011'01101, 0b010'01110};
  const uint32_t kind = kKinds[random.below(std::size(kKinds))];
  const uint32_t type = kind & 31;
  const bool with_data = kind >> 6 & 1, memory = type == 0 || type == 1;
  uint32_t len = with_data ? 1 + random.below(kMaxPayload / 4) : 1 + random.below(1024);
  if (random.percent(15)) len = with_data ? kMaxPayload / 4 : 1024;
  uint32_t last = 1 + random.below(15), first = 1 + random.below(15), tc = random.below(8);
  if (type == 2 || type == 4 || type == 5) len = 1, last = 0, tc = 0;
  if (type == 12 || type == 13) len = 1 + random.below(2);
  if (type == 14) len = 2U << random.below(3);
  if (type >> 3 == 2) tc = 0;
  if (memory && len == 1) last = 0;
  if (random.percent(20)) first = 0, len = memory ? 1 : len, last = memory ? 0 : last;
  uint32_t low = random.word() & ~3U;
  // Up to the end of a page and no further.
  if (memory && (low & 0xfff) + len * 4 > 4096) low = (low & ~0xfffU) | (4096 - len * 4);
  const bool plain = type == 2 || type == 4 || type == 5;
  Words h{kind << 24 | tc << 20 | random.below(2) << 15 | random.below(2) << 14 |
              (plain ? 0 : random.below(4) << 12 | random.below(4) << 10) |
              (random.word() & (1U << 23 | 1U << 19 | 1U << 17)) | (random.percent(10) ? 1U << 16 : 0) | (len & 1023),
          random.word() << 8 | last << 4 | first, random.word(), random.word()};
  (kind >> 5 & 1 ? h[3] : h[2]) = memory ? low : random.word();
  if (random.percent(30)) h[random.below(2)] ^= 1U << random.below(32);  // one bit wrong
  if (random.percent(10)) h[1] &= random.percent(50) ? ~0xf0U : ~0x0fU;
  if (random.percent(5)) (kind >> 5 & 1 ? h[3] : h[2]) += 4;  // across the page, if it was at its end
  if (type >> 3 == 2 && random.percent(30)) h[1] = (h[1] & ~0xffU) | (0x7d + random.below(4));  // about vendor messages
  if (random.percent(3)) h = {random.word(), random.word(), random.word(), random.word()};
  return h;
}

struct Expected {
  bool good = false, bad = false;  // neither: nullified without a fault
  Rules rules;
  std::vector<Words> data;
};

// One packet as the link hands it in, and what must come of it.
std::vector<Cell> make_packet(Random& random, Expected& expected) {
  const Words header = random_header(random);
  expected = {};
  expected.rules = rules_of(header);
  unsigned count = expected.rules.all_cells;
  const bool right_length = !random.percent(15);
  if (!right_length) {
    const unsigned before = count;
    while (count == before) count = 1 + random.below(random.percent(20) ? 80 : 20);
  }
  const bool nullified = random.percent(10);
  std::vector<Cell> packet = bench::random_packet(random, count, nullified);
  packet.front().hdr = header;
  for (const Cell& cell : packet) expected.data.push_back(cell.data);
  expected.good = expected.rules.good && right_length && !nullified;
  expected.bad = !expected.good && !nullified;
  return packet;
}

struct Entrance {
  Vreceive_test model;
  Entrance() {
    model.rx_valid_i = 0;
    model.rx_void_i = 0;
    model.link_i = 1;
    model.payload_i = 1;
    bench::reset(model);
  }
};

// Collects what comes out, packet by packet.
struct Collector {
  struct Packet {
    std::vector<Cell> cells;
    unsigned cls = 0, payload_cells = 0;
    bool bad = false;
  };
  std::vector<Packet> packets;
  Packet open;
  // Ends that were told of; the packets are still to come.
  struct End {
    Words hdr{};
    unsigned cls = 0, payload_cells = 0;
  };
  std::deque<End> ends;
  unsigned strays = 0;

  void step(Vreceive_test& model) {
    model.eval();
    if (model.well_o) {
      End end{.cls = model.well_cls_o, .payload_cells = model.well_cells_o};
      std::copy_n(model.well_hdr_o.data(), 4, end.hdr.begin());
      ends.push_back(end);
    }
    bench::step(model);
    look(model);
  }

 private:
  void look(Vreceive_test& model) {
    strays += model.stray_o;
    if (!model.out_valid_o) return;
    const Cell cell = bench::unpack_cell(model.out_o.data());
    if (!open.cells.empty()) {
      EXPECT_EQ(cell.hdr, open.cells.front().hdr) << "the header holds through the packet";
    }
    open.cells.push_back(cell);
    if (!cell.eop) return;
    if (!cell.nullify) {
      ASSERT_FALSE(ends.empty()) << "an end that nobody was told of";
      EXPECT_EQ(ends.front().hdr, cell.hdr);
      open.cls = ends.front().cls;
      open.payload_cells = ends.front().payload_cells;
      ends.pop_front();
    }
    open.bad = cell.nullify && model.out_bad_o;
    packets.push_back(open);
    open = {};
  }
};

void expect_packet(const Collector::Packet& got, const Expected& want, size_t number) {
  SCOPED_TRACE(testing::Message() << "packet " << number);
  ASSERT_EQ(!got.cells.back().nullify, want.good);
  EXPECT_EQ(got.bad, want.bad);
  if (!want.good) return;
  EXPECT_EQ(got.cells.front().hdr, want.rules.onward);
  EXPECT_EQ(got.cls, want.rules.cls);
  EXPECT_EQ(got.payload_cells, want.rules.payload_cells);
  ASSERT_EQ(got.cells.size(), std::max(1U, want.rules.payload_cells));
  for (size_t i = 0; i < want.rules.payload_cells; ++i) ASSERT_EQ(got.cells[i].data, want.data[i]) << "cell " << i;
}

TEST(Entrance, PassesGoodPacketsAndNullifiesTheOthers) {
  Random random(1);
  Entrance entrance;
  Collector collector;
  std::vector<Expected> expected;
  std::map<unsigned, unsigned> good_of_class;
  unsigned bad = 0;
  for (int p = 0; p < 40000; ++p) {
    Expected one;
    for (const Cell& cell : make_packet(random, one)) {
      while (random.percent(20)) {
        // Nothing, or what the port does not take.
        const bool refused = random.percent(50);
        entrance.model.rx_valid_i = refused;
        entrance.model.rx_void_i = refused;
        Expected nothing;
        if (refused) bench::pack_cell(entrance.model.rx_i.data(), make_packet(random, nothing).front());
        collector.step(entrance.model);
      }
      entrance.model.rx_valid_i = 1;
      entrance.model.rx_void_i = 0;
      bench::pack_cell(entrance.model.rx_i.data(), cell);
      collector.step(entrance.model);
    }
    expected.push_back(one);
    if (one.good) ++good_of_class[one.rules.cls];
    bad += one.bad;
  }
  entrance.model.rx_valid_i = 0;
  for (int i = 0; i < 8; ++i) {
    collector.step(entrance.model);
  }
  ASSERT_EQ(collector.packets.size(), expected.size());
  for (size_t i = 0; i < expected.size() && !HasFailure(); ++i) expect_packet(collector.packets[i], expected[i], i);
  EXPECT_EQ(collector.strays, 0U);
  EXPECT_TRUE(collector.ends.empty());
  // The storm held enough of everything.
  for (unsigned cls = 0; cls < 3; ++cls) EXPECT_GT(good_of_class[cls], 2000U);
  EXPECT_GT(bad, 8000U);
}

// Cells without packets, packets without ends, a link that goes and comes: good packets after that are untouched. The
// model's own checker looks at every cell that leaves.
TEST(Entrance, FindsItsStepAgainWhateverTheLinkHandsIn) {
  Random random(2);
  Entrance entrance;
  unsigned strays = 0, cut_by_link = 0;
  for (int round = 0; round < 3000; ++round) {
    Collector collector;
    auto give = [&](std::optional<Cell> cell) {
      entrance.model.rx_valid_i = cell.has_value();
      if (cell) bench::pack_cell(entrance.model.rx_i.data(), *cell);
      collector.step(entrance.model);
    };
    const unsigned noise = random.below(30);
    for (unsigned i = 0; i < noise; ++i) {
      Cell cell{.sop = random.percent(20), .eop = random.percent(20), .nullify = false, .hdr = random_header(random)};
      give(random.percent(90) ? std::optional(cell) : std::nullopt);
      if (random.percent(3)) {
        entrance.model.link_i = 0;
        const unsigned down = 1 + random.below(4);
        for (unsigned k = 0; k < down; ++k) give(random.percent(50) ? std::optional(cell) : std::nullopt);
        entrance.model.link_i = 1;
        ++cut_by_link;
      }
    }
    for (int i = 0; i < 8; ++i) give(std::nullopt);
    const size_t before = collector.packets.size();
    const bool was_open = !collector.open.cells.empty();
    Expected good;
    std::vector<Cell> packet;
    do packet = make_packet(random, good);
    while (!good.good);
    for (const Cell& cell : packet) give(cell);
    for (int i = 0; i < 8; ++i) give(std::nullopt);
    ASSERT_GT(collector.packets.size(), before);
    ASSERT_TRUE(collector.open.cells.empty());
    // What was open ends first, as a bad packet.
    if (was_open || collector.packets.size() > before + 1) {
      ASSERT_TRUE(collector.packets[collector.packets.size() - 2].cells.back().nullify);
    }
    expect_packet(collector.packets.back(), good, static_cast<size_t>(round));
    if (HasFailure()) return;
    strays += collector.strays;
  }
  EXPECT_GT(strays, 1000U);
  EXPECT_GT(cut_by_link, 500U);
}

TEST(Entrance, TakesFourCyclesAndTellsOfTheEndAfterTwo) {
  Entrance entrance;
  Cell cell{.sop = true, .eop = true};
  cell.hdr = {0x00000001, 0x0100000f, 0x1000, 0};  // MRd of 1 DW
  entrance.model.rx_valid_i = 1;
  bench::pack_cell(entrance.model.rx_i.data(), cell);
  for (int cycle = 1; cycle <= 8; ++cycle) {
    bench::step(entrance.model);
    entrance.model.rx_valid_i = 0;
    EXPECT_EQ(entrance.model.out_valid_o, cycle == 4) << "cycle " << cycle;
    EXPECT_EQ(entrance.model.well_o, cycle == 2) << "cycle " << cycle;
  }
}

// What passed in a cycle at full speed: every cell of back-to-back packets.
TEST(Entrance, PassesOneCellACycle) {
  Random random(3);
  Entrance entrance;
  std::deque<Cell> row;
  for (int i = 0; i < 200; ++i) {
    Expected one;
    std::vector<Cell> packet;
    do packet = make_packet(random, one);
    while (!one.good || one.rules.all_cells != std::max(1U, one.rules.payload_cells));
    row.insert(row.end(), packet.begin(), packet.end());
  }
  const size_t count = row.size();
  size_t out = 0;
  for (size_t i = 0; i < count + 4; ++i) {
    entrance.model.rx_valid_i = !row.empty();
    if (!row.empty()) {
      bench::pack_cell(entrance.model.rx_i.data(), row.front());
      row.pop_front();
    }
    bench::step(entrance.model);
    out += entrance.model.out_valid_o;
  }
  EXPECT_EQ(out, count);
}

}  // namespace

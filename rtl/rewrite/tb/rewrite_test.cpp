// SPDX-License-Identifier: Apache-2.0
// Headers as they leave, DW by DW as PCIe Base Specification 2.1, 2.2 writes them.
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <vector>

#include "Vrewrite_test.h"
#include "bench.hpp"

namespace {

using bench::Cell;
using bench::Random;
using bench::Words;

constexpr uint16_t kId = 0x0218;

struct Packet {
  unsigned cls = 0;
  bool bare = false;
  uint32_t id = 0, tag = 0;
  std::vector<Cell> cells;
};

// DW0 with nothing of features that the bridge does not offer: prefix, T9, T8, LN, TH, TD, AT.
uint32_t plain(uint32_t dw0) { return dw0 & ~(1U << 31 | 1U << 23 | 1U << 19 | 7U << 15 | 3U << 10); }

Words on_wire(const Packet& p, uint32_t id) {
  const Words& h = p.cells.front().hdr;
  Words out = h;
  out[0] = plain(h[0]);
  if (p.cls == 2) {
    out[0] &= ~(1U << 29);
    out[1] = h[1] & ~(1U << 12);
    out[2] = h[2] & ~(1U << 7);
    out[3] = 0;
    return out;
  }
  const bool memory = (h[0] >> 24 & 31) == 0;
  const uint32_t tag = p.cls == 1 ? p.tag : memory ? 0 : h[1] >> 8 & 255;
  out[1] = id << 16 | tag << 8 | (h[1] & 255);
  if (!memory) return out;
  // 2.2.4.1: below 4 GB 3 DW, above 4 DW.
  const uint64_t address = (static_cast<uint64_t>(h[2]) << 32 | h[3]) & ~uint64_t{3};
  if (address >> 32) {
    out[0] |= 1U << 29;
    out[2] = static_cast<uint32_t>(address >> 32);
    out[3] = static_cast<uint32_t>(address);
  } else {
    out[0] &= ~(1U << 29);
    out[2] = static_cast<uint32_t>(address);
    out[3] = 0;
  }
  return out;
}

class Exits {
 public:
  Vrewrite_test model;
  std::deque<Cell> host, device;
  unsigned cells = 0;

  Exits() {
    model.id_i = kId;
    model.in_valid_i = 0;
    bench::reset(model);
  }

  void step() {
    bench::step(model);
    if (model.host_valid_o) check(host, bench::unpack_cell(model.host_o.data()));
    if (model.device_valid_o) check(device, bench::unpack_cell(model.device_o.data())), ++cells;
  }

  void send(const Packet& p) {
    for (unsigned n = 0; n < p.cells.size(); ++n) {
      bench::pack_cell(model.in_i.data(), p.cells[n]);
      model.in_route_i = uint64_t{1} << 47 | uint64_t{p.bare} << 46 | uint64_t{p.cls} << 39 | p.id;
      model.in_tag_i = static_cast<uint8_t>(p.tag);
      model.in_valid_i = 1;
      if (n == 0 || !p.bare) {
        Cell cell = p.cells[n];
        cell.eop = cell.eop || p.bare;
        cell.hdr = on_wire(p, p.id);
        host.push_back(cell);
        cell.hdr = on_wire(p, kId);
        device.push_back(cell);
      }
      step();
      model.in_valid_i = 0;
    }
  }

 private:
  static void check(std::deque<Cell>& wanted, const Cell& got) {
    ASSERT_FALSE(wanted.empty());
    const Cell& want = wanted.front();
    EXPECT_EQ(got.hdr, want.hdr);
    EXPECT_EQ(got, want);
    wanted.pop_front();
  }
};

TEST(Rewrite, AnyHeaderLeavesInTheFormOfTheWire) {
  Random random(41);
  Exits exits;
  for (int i = 0; i < 20000; ++i) {
    Packet p{.cls = random.below(3), .bare = false, .id = random.below(0x10000), .tag = random.below(256), .cells = {}};
    p.bare = p.cls == 2 && random.percent(20);
    p.cells = bench::random_packet(random, 1 + random.below(9), false);
    if (!p.bare) p.cells.back().nullify = random.percent(10);
    Words h = p.cells.front().hdr;
    static constexpr uint32_t kNp[] = {0, 0, 4, 5};
    const uint32_t kind = p.cls == 2 ? 10 : p.cls == 1 ? kNp[random.below(4)] : random.percent(70) ? 0 : 0x10;
    h[0] = (h[0] & ~(31U << 24)) | kind << 24;
    if (random.percent(50)) h[2] = random.percent(50) ? 0 : 1U << random.below(32);
    for (Cell& cell : p.cells) cell.hdr = h;
    exits.send(p);
    if (random.percent(20)) exits.step();
    if (::testing::Test::HasFailure()) return;
  }
  exits.step();
  EXPECT_TRUE(exits.host.empty() && exits.device.empty());
  EXPECT_GE(exits.cells, 50000U);
}

TEST(Rewrite, AnAnswerIsACompletionOfOneCell) {
  Random random(42);
  Exits exits;
  for (int i = 0; i < 1000; ++i) {
    const uint32_t status = random.below(8), locked = random.below(2), rid = random.below(0x10000);
    const uint32_t tag = random.below(256), tc = random.below(8), ido = random.below(2), attr = random.below(4);
    const uint32_t bytes = random.below(4096), low = random.below(128);
    const uint32_t cid = random.percent(50) ? 0 : 1 + random.below(0xffff);
    exits.model.ans_cid_i = static_cast<uint16_t>(cid);
    exits.model.ans_i = uint64_t{status} << 50 | uint64_t{locked} << 49 | uint64_t{rid} << 33 | uint64_t{tag} << 25 |
                        uint64_t{tc} << 22 | uint64_t{ido} << 21 | uint64_t{attr} << 19 | uint64_t{bytes} << 7 | low;
    exits.model.eval();
    const Cell cell = bench::unpack_cell(exits.model.ans_out_o.data());
    EXPECT_TRUE(cell.sop && cell.eop && !cell.nullify);
    const Words want = {0x0a00'0000 | locked << 24 | tc << 20 | ido << 18 | attr << 12,
                        (cid ? cid : uint32_t{kId}) << 16 | status << 13 | bytes, rid << 16 | tag << 8 | low, 0};
    EXPECT_EQ(cell.hdr, want);
  }
}

}  // namespace

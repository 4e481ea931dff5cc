// SPDX-License-Identifier: Apache-2.0
// Steering against a list of all requester IDs of a device's VFs, for any layout that SR-IOV allows, and some that it
// does not.
#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <optional>

#include "Vsteer_test.h"
#include "bench.hpp"

namespace {

using bench::Random;

constexpr unsigned kLastBus = 5;

struct Row {
  bool open = false, master = false;
  unsigned host = 0, id = 0;
};

struct Layout {
  bool pf_known = true, sriov = true, whole = false;
  unsigned pf = 0x0300, first = 0x0310, stride = 2, num = 63;
};

struct Want {
  bool known = false, pf = false;
  unsigned vf = 0;
};

class Steer {
 public:
  Vsteer_test model;
  std::array<Row, 64> rows{};
  std::deque<Want> wanted;
  unsigned vfs_met = 0;

  explicit Steer(const Layout& layout) : layout_(layout) {
    model.pf_known_i = layout.pf_known;
    model.pf_rid_i = static_cast<uint16_t>(layout.pf);
    model.whole_i = layout.whole;
    model.last_bus_i = kLastBus;
    model.sriov_i = layout.sriov;
    model.first_i = static_cast<uint16_t>(layout.first);
    model.stride_i = static_cast<uint16_t>(layout.stride);
    model.num_i = static_cast<uint8_t>(layout.num);
    model.req_valid_i = 0;
    model.row_we_i = 0;
    model.vf_i = 0;
    model.look_gen_i = 0;
    bench::reset(model);
    for (int i = 0; i < 70 && !model.init_done_o; ++i) step();
    EXPECT_TRUE(model.init_done_o);
  }

  void step() {
    model.eval();
    model.look_gen_i = static_cast<uint16_t>(model.look_vf_o * 3 + 1);  // stands for the VF's generation
    bench::step(model);
    if (model.rsp_valid_o) check();
  }

  void write(unsigned vf, const Row& row) {
    model.row_vf_i = static_cast<uint8_t>(vf);
    model.row_i = (row.open ? 1U << 22 : 0U) | (row.master ? 1U << 21 : 0U) | row.host << 16 | row.id;
    model.row_we_i = 1;
    step();
    model.row_we_i = 0;
    rows.at(vf) = row;
  }

  // The list: what SR-IOV says that the IDs of the VFs are.
  Want search(unsigned rid) const {
    Want want;
    const bool below = layout_.whole && rid >> 8 >= layout_.pf >> 8 && rid >> 8 <= kLastBus;
    const bool beside = layout_.sriov && rid >> 3 == layout_.pf >> 3 && rid < layout_.first;
    want.pf = layout_.pf_known && (rid == layout_.pf || below || beside);
    const bool usable =
        layout_.sriov && (layout_.stride & (layout_.stride - 1)) == 0 && (layout_.stride != 0 || layout_.num <= 1);
    bool is_vf = false;
    for (unsigned vf = 0; usable && vf < layout_.num; ++vf) {
      if (layout_.first + vf * layout_.stride == rid) is_vf = true, want.vf = vf;
    }
    want.known = is_vf != want.pf;
    return want;
  }

  void ask(unsigned rid) {
    model.req_rid_i = static_cast<uint16_t>(rid);
    model.req_valid_i = 1;
    wanted.push_back(search(rid & 0xffff));
    step();
    model.req_valid_i = 0;
  }

  void finish() {
    for (int i = 0; i < 3; ++i) step();
    EXPECT_TRUE(wanted.empty());
  }

 private:
  Layout layout_;

  void check() {
    ASSERT_FALSE(wanted.empty());
    const Want want = wanted.front();
    wanted.pop_front();
    ASSERT_EQ(model.rsp_known_o != 0, want.known);
    if (!want.known) return;
    ASSERT_EQ(model.rsp_pf_o != 0, want.pf);
    if (want.pf) return;
    ++vfs_met;
    ASSERT_EQ(model.rsp_vf_o, want.vf);
    ASSERT_EQ(model.rsp_gen_o, want.vf * 3 + 1);
    const Row& row = rows[want.vf];
    ASSERT_EQ(model.rsp_row_o >> 22 & 1, row.open);
    if (!row.open) return;
    ASSERT_EQ(model.rsp_row_o >> 21 & 1, row.master);
    ASSERT_EQ(model.rsp_row_o >> 16 & 31, row.host);
    ASSERT_EQ(model.rsp_row_o & 0xffff, row.id);
  }
};

void fill(Steer& steer) {
  for (unsigned vf = 0; vf < 64; ++vf) {
    steer.write(vf, {.open = vf % 5 != 0, .master = vf % 3 != 0, .host = vf % 17, .id = 0x0400 + vf});
  }
}

TEST(Steer, EveryRequesterIdOfTheBusesAroundTheCard) {
  // With ARI and without (82599), stride 1, a wide stride, one VF of stride 0, no VFs, an end of the number space.
  const Layout layouts[] = {{.first = 0x0380, .stride = 2, .num = 64},
                            {.first = 0x0480, .stride = 2, .num = 63},
                            {.first = 0x0301, .stride = 1, .num = 8},
                            {.first = 0x0301, .stride = 0, .num = 1},
                            {.first = 0x0310, .stride = 0, .num = 2},
                            {.first = 0x0310, .stride = 256, .num = 3},
                            {.first = 0x0310, .stride = 3, .num = 8},
                            {.sriov = false},
                            {.sriov = false, .whole = true},
                            {.pf_known = false, .sriov = false, .whole = true},
                            {.first = 0x0310, .stride = 2, .num = 0},
                            {.pf_known = false},
                            {.first = 0xfff0, .stride = 2, .num = 64},
                            {.first = 0x0300, .stride = 1, .num = 4},
                            {.first = 0x0310, .stride = 0x8000, .num = 64}};
  for (const Layout& layout : layouts) {
    SCOPED_TRACE(testing::Message() << std::hex << "first " << layout.first << " stride " << layout.stride);
    Steer steer(layout);
    fill(steer);
    for (unsigned rid = 0; rid < 0x10000; ++rid) steer.ask(rid);
    steer.finish();
  }
}

TEST(Steer, NothingIsOpenAfterReset) {
  Steer steer(Layout{});
  for (unsigned vf = 0; vf < 63; ++vf) steer.ask(0x0310 + 2 * vf);
  steer.finish();
  EXPECT_EQ(steer.vfs_met, 63U);
}

TEST(Steer, ARowThatChangesCountsForTheNextRequest) {
  Steer steer(Layout{});
  Random random(3);
  for (int i = 0; i < 5000; ++i) {
    steer.finish();
    steer.write(random.below(63), {random.percent(50), random.percent(50), random.below(17), random.below(0x10000)});
    for (int n = 0; n < 3; ++n) steer.ask(0x0310 + 2 * random.below(70));
    const unsigned vf = random.below(64);
    steer.model.vf_i = static_cast<uint8_t>(vf);
    steer.step();
    EXPECT_EQ(steer.model.vf_row_o >> 22 & 1, steer.rows[vf].open);
    EXPECT_EQ(steer.model.vf_row_o & 0xffff, steer.rows[vf].id);
  }
  EXPECT_GE(steer.vfs_met, 10000U);
}

}  // namespace

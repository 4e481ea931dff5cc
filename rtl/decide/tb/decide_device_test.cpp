// SPDX-License-Identifier: Apache-2.0
// What becomes of a device's packets, whatever it sends.
#include "Vdecide_device_test.h"
#include "decide_bench.hpp"

namespace {

using namespace decide;

constexpr unsigned kPf = 0x0300, kFirst = 0x0310, kStride = 2, kNum = 40, kLastBus = 4;

struct Row {
  bool open = false, master = false;
  unsigned host = 0, id = 0;
};

class Device : public Port<Vdecide_device_test> {
 public:
  std::array<Row, 64> rows;
  std::array<unsigned, 64> generation{};
  bool pf_master = true, closed = false, whole = false;

  explicit Device(Random& r) : Port(r) {
    model.pf_known_i = 1;
    model.pf_rid_i = kPf;
    model.pf_master_i = 1;
    model.whole_i = 0;
    model.last_bus_i = kLastBus;
    model.sriov_i = 1;
    model.closed_i = 0;
    model.first_i = kFirst;
    model.stride_i = kStride;
    model.num_i = kNum;
    bench::reset(model);
    for (int i = 0; i < 70; ++i) step();
    EXPECT_TRUE(model.init_done_o);
  }

  void look() override { model.look_gen_i = static_cast<uint16_t>(generation[model.look_vf_o]); }

  void write(unsigned vf, const Row& row) {
    model.row_vf_i = static_cast<uint8_t>(vf);
    model.row_i = (row.open ? 1U << 22 : 0U) | (row.master ? 1U << 21 : 0U) | row.host << 16 | row.id;
    model.row_we_i = 1;
    step();
    model.row_we_i = 0;
    rows.at(vf) = row;
  }

  void set_closed(bool on) {
    closed = on;
    model.closed_i = on;
  }
  void set_whole(bool on) {
    whole = on;
    model.whole_i = on;
    model.sriov_i = !on;
  }
  void set_pf_master(bool on) {
    pf_master = on;
    model.pf_master_i = on;
  }

  Verdict want(const Packet& p, const Match& match) const {
    if (p.completion()) {
      const Row& row = rows[match.vf];
      const bool users = match.has_vf && row.open && row.host != 0;
      return matched(p, match, users ? std::optional<unsigned>(row.id) : std::nullopt);
    }
    if (p.locked_completion()) return refused(VFPOOL_DROP_UNEXPECTED);
    const bool message = p.message();
    const bool intx = p.type() == 0b10'100 && (p.hdr[1] & 0xf8) == 0x20;
    if (message && p.type() != 0b10'000 && !intx) return refused(VFPOOL_DROP_UNSUPPORTED);
    if (!message && (!p.memory() || p.translated())) return refused(VFPOOL_DROP_UNSUPPORTED);
    const bool beside = p.rid() >> 3 == kPf >> 3 && p.rid() < kFirst;  // another function of the card
    if (p.rid() == kPf || (whole ? p.rid() >> 8 >= kPf >> 8 && p.rid() >> 8 <= kLastBus : beside)) {
      if (!message && !pf_master) return refused(VFPOOL_DROP_BUS_MASTER);
      return {.forward = true, .port = 0, .id = p.rid(), .hdr = p.hdr};
    }
    for (unsigned vf = 0; vf < kNum && !whole; ++vf) {
      if (p.rid() != kFirst + vf * kStride) continue;
      const bool owners = rows[vf].open && rows[vf].host == 0;
      if (message && !owners) return refused(VFPOOL_DROP_UNSUPPORTED);
      if (!rows[vf].open) return refused(closed ? VFPOOL_DROP_BLOCKED : VFPOOL_DROP_NOT_ASSIGNED);
      if (!message && !rows[vf].master) return refused(VFPOOL_DROP_BUS_MASTER);
      return {.forward = true,
              .has_vf = true,
              .port = rows[vf].host,
              .vf = vf,
              .gen = generation[vf],
              .id = rows[vf].id,
              .hdr = p.hdr};
    }
    return refused(closed ? VFPOOL_DROP_BLOCKED : VFPOOL_DROP_NO_TARGET);
  }
};

void from(Packet& p, unsigned rid) { p.hdr[1] = (p.hdr[1] & 0xffff) | rid << 16; }

TEST(DecideDevice, AnyPacketIsDecidedAsTheRulesSay) {
  Random random(31);
  for (int round = 0; round < 10; ++round) {
    Device device(random);
    for (int i = 0; i < 4000; ++i) {
      if (i == 0 || random.percent(2)) {
        device.finish();
        device.set_pf_master(random.percent(80));
        device.set_closed(random.percent(20));
        device.set_whole(random.percent(20));
        for (unsigned n = 0; n < (i == 0 ? 64 : 3); ++n) {
          const unsigned vf = i == 0 ? n : random.below(64);
          device.generation[vf] = random.below(0x10000);
          device.write(vf, {random.percent(80), random.percent(80), random.below(17), random.below(0x10000)});
        }
      }
      Packet p = random_packet(random);
      if (!p.completion() && random.percent(90))
        from(p, random.percent(20)   ? kPf + random.below(2) * random.below(8)
                : random.percent(10) ? 0x0200 + random.below(0x400)
                                     : kFirst - 2 + random.below(90));
      const Match match = random_match(random, 17);
      ASSERT_TRUE(device.send(p, device.want(p, match), match));
      if (random.percent(20)) device.step();
      if (::testing::Test::HasFailure()) return;
    }
    device.finish();
    EXPECT_GE(device.forwarded, 400U);
    for (const unsigned reason :
         {VFPOOL_DROP_UNSUPPORTED, VFPOOL_DROP_NO_TARGET, VFPOOL_DROP_UNEXPECTED, VFPOOL_DROP_BUS_MASTER,
          VFPOOL_DROP_NOT_ASSIGNED, VFPOOL_DROP_BLOCKED, VFPOOL_DROP_STALE}) {
      EXPECT_GE(device.errors[reason], 5U) << "reason " << reason;
    }
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(DecideDevice, AWriteTakesFiveCyclesAndOneACycle) {
  Random random(32);
  Device device(random);
  device.gaps_percent = 0;
  device.write(7, {true, true, 3, 0x0400});
  Packet write;
  write.hdr = {0x4000'0001, 0x0000'000f, 0, 0x40};
  from(write, kFirst + 7 * kStride);
  device.send(write, device.want(write, {}));
  device.finish();
  const unsigned began = device.cycle;
  device.send(write, device.want(write, {}));
  device.finish();
  EXPECT_EQ(device.cycle - began, 5U);
  const unsigned row_began = device.cycle;
  for (int i = 0; i < 200; ++i) device.send(write, device.want(write, {}));
  device.finish();
  EXPECT_EQ(device.cycle - row_began, 204U);
}

}  // namespace

// SPDX-License-Identifier: Apache-2.0
// What becomes of a user's packets, whatever it sends.
#include "Vdecide_user_test.h"
#include "decide_bench.hpp"

namespace {

using namespace decide;

constexpr uint64_t kLocal = 0xfe'a000'0000;  // address of the registers' window
constexpr unsigned kOwn = 0x0110;            // the bridge as completer at the device

struct Window {
  unsigned size = 0;
  uint64_t user = 0, card = 0;  // pages
};
struct Row {
  bool open = false;
  unsigned dev = 0, vf = 0;
  Window a, b;
};

class User : public Port<Vdecide_user_test> {
 public:
  std::array<Row, 16> rows;
  std::array<std::array<unsigned, 64>, 4> generation{};
  bool closed = false;

  explicit User(Random& r) : Port(r) {
    model.local_en_i = 1;
    model.own_id_i = kOwn;
    model.closed_i = 0;
    model.local_bar_i = kLocal >> 16;
    bench::reset(model);
    for (int i = 0; i < 40; ++i) step();
    EXPECT_TRUE(model.init_done_o);
  }

  void look() override { model.look_gen_i = static_cast<uint16_t>(generation[model.look_dev_o][model.look_vf_o]); }

  void write(unsigned index, const Row& row) {
    unsigned at = 0;
    auto put = [&](unsigned width, uint64_t value) {
      bench::set_bits(model.row_i.data(), at, width, value), at += width;
    };
    put(52, row.b.card), put(52, row.a.card), put(52, row.b.user), put(52, row.a.user);
    put(4, row.b.size), put(4, row.a.size), put(6, row.vf), put(2, row.dev), put(1, row.open), put(1, row.open);
    model.row_idx_i = static_cast<uint8_t>(index);
    model.row_we_i = 1;
    step();
    model.row_we_i = 0;
    rows.at(index) = row;
  }

  // The rules.
  Verdict want(const Packet& p, const Match& match) const {
    if (auto verdict = without_map(p, match, kLocal, kOwn)) return std::move(*verdict);
    for (const Row& row : rows) {
      for (const Window& w : {row.a, row.b}) {
        if (!row.open || p.page() >> w.size != w.user >> w.size) continue;
        const uint64_t low = (uint64_t{1} << w.size) - 1, page = (w.card & ~low) | (p.page() & low);
        Verdict v{.forward = true, .has_vf = true, .port = row.dev, .vf = row.vf, .hdr = p.hdr};
        v.gen = generation[row.dev][row.vf];
        v.hdr[2] = static_cast<uint32_t>(page >> 20);
        v.hdr[3] = static_cast<uint32_t>(page << 12) | (p.hdr[3] & 0xfff);
        return v;
      }
    }
    return refused(closed ? VFPOOL_DROP_BLOCKED : VFPOOL_DROP_NO_TARGET);
  }
};

Row usual(unsigned n) {
  const uint64_t user = 0xfe000 + 0x200 * (n / 8) + 8 * (n % 8), card = 0x38'0000'0000 + 8 * n;
  return {true, n % 3, 40 - n, {2, user, card}, {2, user + 4, card + 4}};
}

void aim(Packet& p, uint64_t page) {
  p.hdr[2] = static_cast<uint32_t>(page >> 20);
  p.hdr[3] = static_cast<uint32_t>(page << 12) | (p.hdr[3] & 0xffc);
}

Packet write_to(uint64_t page) {
  Packet p;
  p.hdr = {0x4000'0001, 0x0100'000f, 0, 0x40};
  aim(p, page);
  return p;
}

TEST(DecideUser, AnyPacketIsDecidedAsTheRulesSay) {
  Random random(11);
  for (int round = 0; round < 10; ++round) {
    User user(random);
    for (unsigned n = 0; n < 16; ++n) {
      if (random.percent(70)) user.write(n, usual(n));
    }
    for (int i = 0; i < 3000; ++i) {
      if (random.percent(1)) {
        // What is under way may meet either row.
        user.finish();
        user.closed = random.percent(30);
        user.model.closed_i = user.closed;
        const unsigned n = random.below(16);
        user.generation[n % 3][40 - n]++;
        user.write(n, random.percent(50) ? usual(n) : Row{});
      }
      Packet p = random_packet(random);
      if ((p.memory() || p.locked_read()) && random.percent(85)) {
        const uint64_t page = random.percent(10) ? (kLocal >> 12) + random.below(17) - random.below(2)
                                                 : usual(random.below(16)).a.user + random.below(8);
        aim(p, random.percent(5) ? page ^ uint64_t{1} << random.below(52) : page);
      }
      const Match match = random_match(random, 1);
      ASSERT_TRUE(user.send(p, user.want(p, match), match));
      if (random.percent(20)) user.step();
      if (::testing::Test::HasFailure()) return;
    }
    user.finish();
    EXPECT_GE(user.forwarded, 600U);
    for (const unsigned reason :
         {VFPOOL_DROP_UNSUPPORTED, VFPOOL_DROP_NO_TARGET, VFPOOL_DROP_UNEXPECTED, VFPOOL_DROP_POISONED,
          VFPOOL_DROP_NOT_ASSIGNED, VFPOOL_DROP_BLOCKED, VFPOOL_DROP_STALE}) {
      EXPECT_GE(user.errors[reason], 5U) << "reason " << reason;
    }
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(DecideUser, AServerThatTakesNoAnswersCanStillWrite) {
  Random random(12);
  User user(random);
  user.write(3, usual(3));
  user.answers_taken_percent = 0;
  user.gaps_percent = 0;
  Packet read = write_to(0x1234);
  read.hdr[0] = 1;
  unsigned sent = 0;
  while (user.send(read, user.want(read, {})) && sent < 1000) ++sent;
  EXPECT_GE(sent, 16U);
  EXPECT_LE(sent, 60U);
  const Packet write = write_to(usual(3).a.user);
  for (int i = 0; i < 500; ++i) ASSERT_TRUE(user.send(write, user.want(write, {})));
  EXPECT_EQ(user.waiting_answers(), sent);
  user.answers_taken_percent = 100;
  user.finish();
  EXPECT_EQ(user.answered, sent);
}

TEST(DecideUser, AWriteTakesSevenCyclesAndOneACycle) {
  Random random(13);
  User user(random);
  user.gaps_percent = 0;
  user.write(3, usual(3));
  const Packet write = write_to(usual(3).b.user);
  user.send(write, user.want(write, {}));
  user.finish();
  const unsigned began = user.cycle;
  user.send(write, user.want(write, {}));
  user.finish();
  EXPECT_EQ(user.cycle - began, 7U);
  const unsigned row_began = user.cycle;
  for (int i = 0; i < 200; ++i) user.send(write, user.want(write, {}));
  user.finish();
  EXPECT_EQ(user.cycle - row_began, 206U);
}

}  // namespace

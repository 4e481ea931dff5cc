// SPDX-License-Identifier: Apache-2.0
// What becomes of the owner's packets: windows of two devices' ports.
#include <array>

#include "Vdecide_owner_test.h"
#include "decide_bench.hpp"

namespace {

using namespace decide;

constexpr uint64_t kLocal = 0xfe'a000'0000;
constexpr std::array<unsigned, 2> kOwn{0x0110, 0x0218};  // the bridge as completer at each device

struct Windows {
  bool open = false;
  uint64_t mem_base = 1, mem_limit = 0, pref_base = 1, pref_limit = 0;  // MiB, both ends inside
};

class Owner : public Port<Vdecide_owner_test> {
 public:
  std::array<Windows, 2> windows;

  explicit Owner(Random& r) : Port(r) {
    model.local_en_i = 1;
    model.own_id_i = kOwn[1] << 16 | kOwn[0];
    model.closed_i = 0;
    model.local_bar_i = kLocal >> 16;
    model.look_gen_i = 0;
    set(windows);
    bench::reset(model);
    step();
    EXPECT_TRUE(model.init_done_o);
  }

  void look() override {}

  void set(const std::array<Windows, 2>& now) {
    windows = now;
    model.win_en_i = static_cast<uint8_t>((now[0].open ? 1 : 0) | (now[1].open ? 2 : 0));
    uint32_t mem[2]{}, pref[2][3]{};
    for (unsigned d = 0; d < 2; ++d) {
      bench::set_bits(&mem[0], 12 * d, 12, now[d].mem_base);
      bench::set_bits(&mem[1], 12 * d, 12, now[d].mem_limit);
      bench::set_bits(pref[0], 44 * d, 44, now[d].pref_base);
      bench::set_bits(pref[1], 44 * d, 44, now[d].pref_limit);
    }
    model.mem_base_i = mem[0];
    model.mem_limit_i = mem[1];
    std::copy_n(pref[0], 3, model.pref_base_i.data());
    std::copy_n(pref[1], 3, model.pref_limit_i.data());
  }

  Verdict want(const Packet& p, const Match& match) const {
    if (auto verdict = without_map(p, match, kLocal, kOwn.at(match.port == 1 ? 1 : 0))) return std::move(*verdict);
    const uint64_t mb = p.page() >> 8;
    for (unsigned d = 0; d < 2; ++d) {
      const Windows& w = windows[d];
      if (w.open && ((mb >= w.mem_base && mb <= w.mem_limit) || (mb >= w.pref_base && mb <= w.pref_limit)))
        return {.forward = true, .port = d, .hdr = p.hdr};
    }
    return refused(VFPOOL_DROP_NO_TARGET);
  }
};

TEST(DecideOwner, AnyPacketIsDecidedAsTheRulesSay) {
  Random random(21);
  const std::array<Windows, 2> layouts[] = {
      {Windows{true, 0xfe0, 0xfe3, 0x380000, 0x3800ff}, Windows{true, 0xfe4, 0xfe4, 0x380100, 0x380100}},
      {Windows{true, 0xfe0, 0xfdf, 0x380000, 0x3800ff}, Windows{true, 0xfe0, 0xfe0, 1, 0}},
      {Windows{false, 0xfe0, 0xfe3, 0x380000, 0x3800ff}, Windows{true, 0xfff, 0xfff, 0xfffffffffff, 0xfffffffffff}},
      {Windows{true, 1, 0, 0xff0, 0x1010}, Windows{}}};
  for (const auto& layout : layouts) {
    Owner owner(random);
    owner.set(layout);
    for (int i = 0; i < 4000; ++i) {
      Packet p = random_packet(random);
      if (p.memory() && random.percent(85)) {
        const Windows& w = layout[random.below(2)];
        const uint64_t ends[] = {w.mem_base, w.mem_limit, w.pref_base, w.pref_limit, kLocal >> 20};
        uint64_t mb = ends[random.below(5)] + random.below(3) - 1;
        if (random.percent(5)) mb ^= uint64_t{1} << random.below(44);
        mb &= (uint64_t{1} << 44) - 1;
        p.hdr[2] = static_cast<uint32_t>(mb >> 12);
        p.hdr[3] = static_cast<uint32_t>(mb << 20) | (random.percent(50) ? p.hdr[3] & 0xffffc : p.hdr[3] & 0xfffc);
      }
      const Match match = random_match(random, 2);
      ASSERT_TRUE(owner.send(p, owner.want(p, match), match));
      if (::testing::Test::HasFailure()) return;
    }
    owner.finish();
    EXPECT_GE(owner.forwarded, 500U);
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace

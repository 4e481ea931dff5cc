// SPDX-License-Identifier: Apache-2.0
#include "nic82599/direct_card.hpp"

#include "nic82599/test_direct_card.hpp"

namespace vfpool::nic82599 {
namespace {

TEST_F(Direct, LooksLikeAVirtualFunction) {
  EXPECT_EQ(config_read(0, 0), 0x10ed8086u);
  EXPECT_EQ(config_read(0, 0x70) & 0xff, 0x11u);
  EXPECT_EQ(card.vf(0).bar_sizes()[0], 0x4000u);
  EXPECT_EQ(card.vf(0).bar_sizes()[3], 0x4000u);
  config_write(0, 0x10, 0xffffffff, 4);
  EXPECT_EQ(config_read(0, 0x10), 0xffffc00cu);
  EXPECT_NE(get(0, vfreg::kStatus), 0xffffffffu);
  EXPECT_EQ(get(0, vfreg::kLinks), 0x70000000u);
  EXPECT_EQ(get(0, vfreg::kMailbox) & reg::kMbRsti, 0u);
}

TEST_F(Direct, PersonalityAnswersTheMailbox) {
  EXPECT_EQ(ask(1, {9})[0], 0x40000009u);  // nothing before RESET
  put(1, vfreg::kCtrl, reg::kCtrlReset);
  settle();
  const auto r = ask(1, {1});
  EXPECT_EQ(r[0], 0x80000001u);
  EXPECT_EQ(r[1], 0x90598202u);
  EXPECT_EQ(r[2] & 0xffff, 0x0101u);
  EXPECT_EQ(ask(1, {9})[0], kNack | 9);
  EXPECT_EQ(ask(1, {8, 77})[0], kNack | 8);
  EXPECT_EQ(ask(1, {8, 4})[0], kAck | 8);
  const auto q = ask(1, {9, 0, 0, 0, 0});
  EXPECT_EQ(q[1], 4u);
  EXPECT_EQ(q[2], 4u);
  EXPECT_EQ(ask(1, {2, 0x90598202, 0x0101})[0], kAck | 2);
  EXPECT_EQ(ask(1, {2, 0x11111102, 0x0101})[0], kNack | 2);  // the host has assigned another one
  EXPECT_EQ(ask(1, {4 | 1 << 16, 100})[0] & ~0xff0000u, kAck | 4);
  EXPECT_EQ(ask(1, {5, 1518})[0], kAck | 5);
  EXPECT_EQ(ask(1, {5, 9000})[0], kNack | 5);
  const auto x = ask(1, {0xc, 2});
  EXPECT_EQ(x[0], kAck | 0xc);
  EXPECT_EQ(x[1], 1u);  // not trusted
  EXPECT_EQ(ask(1, {0x10})[1], 1u);
  EXPECT_EQ(ask(1, {0x0a})[0], kNack | 0x0a);
  EXPECT_EQ(ask(1, {0x77})[0], kNack | 0x77);
  put(1, vfreg::kMbMem, 5);
}

TEST_F(Direct, FrameOfAVfReachesTheOtherGuest) {
  for (unsigned v = 0; v < 2; ++v) {
    reset_vf(v);
    put(v, vfreg::kIvar, 0x8180);
    put(v, vfreg::kEims, 7);
    const std::uint64_t buffer = 0x20000;
    for (unsigned i = 0; i < 32; ++i) {
      const std::uint64_t at = buffer + 2048 * i;
      std::memcpy(guest[v].memory.data() + 0x1000 + 16 * i, &at, 8);
    }
    put(v, 0x1000, 0x1000);
    put(v, 0x1008, 512);
    put(v, 0x1014, 0x2000002);
    put(v, 0x1028, reg::kDctlEnable);
    put(v, 0x1018, 31);
    put(v, 0x2000, 0x3000);
    put(v, 0x2008, 512);
    put(v, 0x2028, reg::kDctlEnable);
  }
  wire::Frame f = {0x02, 0x82, 0x59, 0x90, 1, 1, 0x02, 0x82, 0x59, 0x90, 1, 0, 0x88, 0xb5};
  f.resize(64, 0x5a);
  std::copy(f.begin(), f.end(), guest[0].memory.begin() + 0x8000);
  const std::uint64_t descriptor[2] = {0x8000,
                                       (64ULL << 14) << 32 | 64 | 3 << 20 | bit(24) | bit(25) | bit(27) | bit(29)};
  std::memcpy(guest[0].memory.data() + 0x3000, descriptor, 16);
  put(0, 0x2018, 1);
  settle();
  EXPECT_TRUE(std::equal(f.begin(), f.end(), guest[1].memory.begin() + 0x20000));
  EXPECT_EQ(guest[1].memory[0x1008] & 3, 3);
  EXPECT_EQ(guest[0].memory[0x300c] & 1, 1);
  EXPECT_EQ(std::count(guest[1].signals.begin(), guest[1].signals.end(), 0u), 1);
  EXPECT_EQ(std::count(guest[0].signals.begin(), guest[0].signals.end(), 1u), 1);
  EXPECT_TRUE(wire.sent.empty());
}

TEST_F(Direct, GuestThatDisappearsLeavesNothingBehind) {
  reset_vf(0);
  put(0, 0x1028, reg::kDctlEnable);
  card.vf(0).attach(nullptr);
  settle();
  EXPECT_EQ(card.nic().read32(1, 0, 0x1028), 0u);
  EXPECT_EQ(card.nic().config(1).get16(0x04), 0u);
  card.vf(0).attach(&guest[0]);
  config_write(0, 0x04, 4, 2);
  EXPECT_EQ(ask(0, {9})[0], 0x40000009u);  // registration is gone too
}

TEST_F(Direct, VfThatKeepsTheLockLosesIt) {
  reset_vf(0);
  put(0, vfreg::kMailbox, reg::kMbVfu);
  put(0, vfreg::kMbMem, 0x10);
  put(0, vfreg::kMailbox, reg::kMbVfu | reg::kMbReq);  // signals, and holds on
  settle();
  EXPECT_EQ(get(0, vfreg::kMbMem), 0x10u);
  scheduler.run_until([&] { return get(0, vfreg::kMbMem) != 0x10; }, std::chrono::seconds(2));
  EXPECT_EQ(get(0, vfreg::kMbMem), kAck | 0x10);
}

TEST_F(Direct, LinkChangeIsToldByMail) {
  reset_vf(0);
  put(0, vfreg::kIvarMisc, 0x82);
  put(0, vfreg::kEims, 7);
  guest[0].signals.clear();
  wire.plug(false);
  settle();
  EXPECT_EQ(get(0, vfreg::kMbMem), 0x20000100u);
  EXPECT_EQ(get(0, vfreg::kLinks), 0u);
  EXPECT_EQ(guest[0].signals, std::vector<unsigned>{2});
}

}  // namespace
}  // namespace vfpool::nic82599

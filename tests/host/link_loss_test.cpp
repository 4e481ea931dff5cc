// SPDX-License-Identifier: Apache-2.0
// Links that go down at every moment: what was half out, and what is answered afterwards.
#include "two_users.hpp"

namespace vfpool {
namespace {

using pcie::TlpKind;
using std::chrono::milliseconds;

class OwnerDies : public TwoUsers, public testing::WithParamInterface<unsigned> {};

// The owner's link takes the knowledge of the VFs with it, in the middle of a packet that was on its way to a user.
TEST_P(OwnerDies, InTheMiddleOfAVfsWriteAndTheUsersPortGoesOn) {
  run(ready());
  Log& owners = leaving(0);
  from_device(pcie::mem_write(owner_vfs[0].bdf, 0x700000, std::vector<std::uint8_t>(128, 1)));
  for (unsigned i = 0; i < GetParam(); ++i) bridge.cycle();
  bridge.set_link(0, false);
  sleep(milliseconds(20));
  const Bdf port = user_trees[1][1].bdf;
  EXPECT_EQ(run(user(1).config_read(port, 0)) & 0xffff, 0x10eeu);
  EXPECT_EQ(run(user(2).config_read(user_trees[2][1].bdf, 0)) & 0xffff, 0x10eeu);
  bridge.set_link(0, true);
  sleep(milliseconds(20));
  EXPECT_EQ(run(user(1).config_read(port, 0)) & 0xffff, 0x10eeu);
  EXPECT_EQ(owners.count(TlpKind::kMemWrite), 0u);  // a user's data is not the owner's
}

INSTANTIATE_TEST_SUITE_P(Cycle, OwnerDies, testing::Range(2u, 38u, 3u));

class LinkLoss : public TwoUsers {};

// However often the link has gone down since, an answer belongs to who asked, and he is gone.
TEST_F(LinkLoss, AnswersToRequestsOfBeforeGoNowhere) {
  run(ready());
  Silent& card = silence_the_card();
  for (unsigned losses = 1; losses <= 4; ++losses) {
    SCOPED_TRACE(losses);
    Log& out = leaving(1);
    card.tlps.clear();
    bridge.input(1).deliver(pcie::mem_read(Bdf(0, 0, 0), 31, fn[1].bar[0] + 8, 4));
    settle();
    ASSERT_EQ(card.count(TlpKind::kMemRead), 1u);
    const auto read = card.last(TlpKind::kMemRead);
    for (unsigned i = 0; i < losses; ++i) {
      bridge.set_link(1, false);
      bridge.set_link(1, true);
      settle();
    }
    from_device(pcie::completions_with_data(read, owner_vfs[0].bdf, std::vector<std::uint8_t>(4, 0xee), 128, 64)[0]);
    settle();
    EXPECT_EQ(out.count(TlpKind::kCplData) + out.count(TlpKind::kCpl), 0u);
    // The server's tree is as after power-on: set it up again.
    wake_the_card();
    sleep(milliseconds(200));
    user_trees[1].clear();
    fn[1] = run(plug(1, 0));
    run(user(1).config_write(fn[1].bdf, 0x04, 6, 2));
    silence_the_card();
  }
}

// One waits at the card's port, the others for it: each has its end as soon as there is no card to wait for.
TEST_F(LinkLoss, ConfigurationRequestsThatWaitForTheCardEndWithItsLink) {
  run(ready());
  owner_sleeps = true;
  sleep(std::chrono::microseconds(100));
  constexpr std::uint8_t kReads = 4;
  Log &card = leaving(device()), &answers = leaving(0);
  bridge.hold(device(), {pcie::FlowClass::kNonPosted});
  for (std::uint8_t tag = 0; tag < kReads; ++tag)
    bridge.input(0).deliver(pcie::cfg_read(Bdf(0, 0, 0), tag, find(owner_tree, 0x10f9).bdf, 0x3c, 4, true));
  settle();
  EXPECT_EQ(answers.tlps.size(), 0u);
  bridge.set_link(device(), false);
  settle();
  bridge.hold(device(), {});
  EXPECT_EQ(card.count(TlpKind::kCfgRead0), 0u);
  EXPECT_EQ(answers.count(TlpKind::kCpl), kReads);
  for (const auto& t : answers.tlps) EXPECT_EQ(t.status(), pcie::CplStatus::kUnsupported) << t.str();
  bridge.set_link(device(), true);
  settle();
  EXPECT_EQ(run(owner().config_read(find(owner_tree, 0x10f9).bdf, 0)) & 0xffff, 0x8086u);
}

// The owner's requests concern no VF, so that nothing but the loss of its link tells that they are of before.
TEST_F(LinkLoss, AnAnswerToTheOwnersRequestOfBeforeGoesNowhere) {
  run(ready());
  Silent& card = silence_the_card();
  bridge.input(0).deliver(pcie::mem_read(Bdf(0, 0, 0), 31, find(owner_tree, 0x10f9).bar[0] + 8, 4));
  settle();
  ASSERT_EQ(card.count(TlpKind::kMemRead), 1u);
  const auto read = card.last(TlpKind::kMemRead);
  bridge.set_link(0, false);
  settle();
  bridge.set_link(0, true);
  settle();
  Log& out = leaving(0);
  from_device(
      pcie::completions_with_data(read, find(owner_tree, 0x10f9).bdf, std::vector<std::uint8_t>(4, 0xee), 128, 64)[0]);
  settle();
  EXPECT_EQ(out.count(TlpKind::kCplData) + out.count(TlpKind::kCpl), 0u);
}

// 6.6.1: without its owner a card is reset, and what the owner has said before reaches nothing, however long it waited
// and however soon the owner's link is back.
class OwnerGone : public TwoUsers, public testing::WithParamInterface<bool> {
 protected:
  void reset_card(unsigned device) override {
    ++resets;
    TwoUsers::reset_card(device);
  }
  unsigned resets = 0;
};

// While requests leave for the card one after the other: at some of these moments one leaves in the very cycle.
class OwnerGoesAt : public TwoUsers, public testing::WithParamInterface<unsigned> {
 protected:
  void reset_card(unsigned device) override {
    before_reset = out->tlps.size();
    TwoUsers::reset_card(device);
  }
  Log* out = &leaving(device());
  std::optional<std::size_t> before_reset;
};

TEST_P(OwnerGoesAt, TheCardGetsNothingOfBeforeAfterItsReset) {
  run(ready());
  owner_sleeps = true;
  sleep(std::chrono::microseconds(100));
  const auto pf = find(owner_tree, 0x10f9);
  const std::size_t begin = out->tlps.size();
  for (std::uint8_t n = 0; n < 30; ++n) bridge.input(0).deliver(pcie::mem_read(Bdf(0, 0, 0), n, pf.bar[0] + 8, 4));
  for (unsigned i = 0; i < 30 + GetParam(); ++i) bridge.cycle();
  bridge.set_link(0, false);
  sleep(milliseconds(2));
  ASSERT_TRUE(before_reset);
  EXPECT_EQ(out->tlps.size(), *before_reset);
  EXPECT_LT(*before_reset, begin + 30) << "some were still inside";
  bridge.set_link(0, true);
}

INSTANTIATE_TEST_SUITE_P(Cycle, OwnerGoesAt, testing::Range(0u, 6u));

TEST_P(OwnerGone, NothingThatItHasSaidReachesTheCardWhichIsReset) {
  run(ready());
  owner_sleeps = true;
  sleep(std::chrono::microseconds(100));
  const auto pf = find(owner_tree, 0x10f9);
  const std::uint64_t registers = find(owner_tree, 0x8086).bar[0];
  bridge.stall(device(), true);
  for (std::uint8_t n = 0; n < 20; ++n) {
    bridge.input(0).deliver(pcie::mem_write(Bdf(0, 0, 0), pf.bar[0] + 0x3c, std::vector<std::uint8_t>(4)));
    bridge.input(0).deliver(pcie::mem_read(Bdf(0, 0, 0), n, pf.bar[0] + 8, 4));
  }
  bridge.input(0).deliver(pcie::cfg_write(Bdf(0, 0, 0), 31, pf.bdf, 0x0c, std::vector<std::uint8_t>{0}, true));
  settle();
  Log& out = leaving(device());
  ASSERT_EQ(resets, 0u);
  bridge.input(0).deliver(
      pcie::mem_write(Bdf(0, 0, 0), registers + regs::Scratch::kOffset, std::vector<std::uint8_t>(4, 0xee)));
  for (unsigned i = 0; i < 10; ++i) bridge.cycle();  // it is inside
  bridge.set_link(0, false);
  if (!GetParam()) sleep(milliseconds(2));
  bridge.set_link(0, true);
  bridge.stall(device(), false);
  sleep(milliseconds(5));
  EXPECT_EQ(resets, 1u);
  EXPECT_EQ(out.tlps.size(), 0u) << out.tlps.front().str();
  EXPECT_FALSE(bridge.read<regs::Slot>(0).present);
  // Another owner sets the card up anew, and the users have their VFs again.
  enumerators[0] = std::make_unique<host::Enumerator>(owner());
  owner_sleeps = false;
  run(start_owner(4));
  EXPECT_EQ(run(owner().read32(registers + regs::Scratch::kOffset)), 0u);
  sleep(milliseconds(200));
  fn[1] = run(plug(1, 0));
  run(user(1).config_write(fn[1].bdf, 0x04, 6, 2));
  EXPECT_EQ(run(user(1).probe32(fn[1].bar[0] + 8)), pcie::CplStatus::kSuccess);
}

INSTANTIATE_TEST_SUITE_P(Shortly, OwnerGone, testing::Bool());

// 2.9.1: nothing passes a port whose link is in reset, either way.
TEST_F(LinkLoss, WhatWaitsForACardThatItsOwnerResetsEndsAtOnce) {
  run(ready());
  owner_sleeps = true;
  sleep(std::chrono::microseconds(100));
  constexpr unsigned kBridgeControl = 0x3e, kBusReset = 0x40;
  const Bdf port = find(owner_tree, 0x8088).bdf;
  Log &card = leaving(device()), &out = leaving(1);
  bridge.hold(device(), {pcie::FlowClass::kNonPosted});
  for (std::uint8_t tag = 0; tag < 4; ++tag)
    bridge.input(1).deliver(pcie::mem_read(Bdf(0, 0, 0), tag, fn[1].bar[0] + 8, 4));
  settle();
  EXPECT_EQ(out.tlps.size(), 0u);
  run(owner().config_write(port, kBridgeControl, kBusReset, 2));
  bridge.hold(device(), {});
  settle();
  EXPECT_EQ(out.count(TlpKind::kCpl), 4u);
  EXPECT_EQ(card.count(TlpKind::kMemRead), 0u);
}

}  // namespace
}  // namespace vfpool

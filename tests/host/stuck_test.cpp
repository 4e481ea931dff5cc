// SPDX-License-Identifier: Apache-2.0
// Ports whose neighbour takes nothing for longer than the bridge waits (docs/bridge.md: a quarter of CPL_TIMEOUT_MS),
// and what servers ask of the bridge itself and of the card's configuration space meanwhile.
#include "two_users.hpp"

namespace vfpool {
namespace {

using pcie::CplStatus;
using pcie::FlowClass;
using pcie::TlpKind;
using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr unsigned kInterruptLine = 0x3c, kDeviceStatus = 0x70 + 0x0a, kUnsupportedRequest = 8;

class Stuck : public TwoUsers {
 protected:
  static constexpr SimTime kLong = milliseconds(10);  // more than a quarter of CPL_TIMEOUT_MS

  Bdf management(unsigned n) { return find(n == 0 ? owner_tree : user_trees[n], 0x8086).bdf; }
  void asks(unsigned n, std::uint8_t tag, Bdf target, unsigned reg, bool type1) {
    bridge.input(n).deliver(pcie::cfg_read(Bdf(0, 0, 0), tag, target, reg, 4, type1));
  }
  /// Of the management function, a register without meaning.
  void writes_line(unsigned n, std::uint8_t tag, std::uint8_t value) {
    const std::vector<std::uint8_t> data(1, value);
    bridge.input(n).deliver(pcie::cfg_write(Bdf(0, 0, 0), tag, management(n), kInterruptLine, data, false));
  }
  /// The card asks nothing meanwhile, and its owner lets it alone.
  void quiet() {
    owner_sleeps = true;
    sleep(microseconds(100));
  }
  bool present(unsigned n) { return bridge.read<regs::Slot>((n - 1) * bridge::Bridge::geometry().slots).present; }
};

// What a server asks of the bridge while nobody takes the answers is done; and since the answers are lost, and not in
// silence, its cards are gone.
TEST_F(Stuck, AServerThatTakesNoCompletionsLosesItsSlotsWithTheAnswersOfTheBridge) {
  run(ready());
  quiet();
  Log& out = leaving(1);
  bridge.hold(1, {FlowClass::kCompletion});
  writes_line(1, 30, 0x11);
  writes_line(1, 31, 0x22);  // waits behind the answer to the first one
  sleep(kLong);
  EXPECT_FALSE(present(1));
  EXPECT_TRUE(present(2));
  EXPECT_EQ(drops(Drop::kBlocked), 2u);
  bridge.hold(1, {});
  sleep(milliseconds(300));  // its VF is reset first
  EXPECT_EQ(out.count(TlpKind::kCpl), 0u) << "an answer of before is nobody's";
  EXPECT_TRUE(present(1));
  EXPECT_EQ(run(user(1).config_read(management(1), kInterruptLine, 1)), 0x22u);
}

TEST_F(Stuck, AnAnswerOfTheCardThatIsDiscardedCostsTheSlotsToo) {
  run(ready());
  Silent& card = silence_the_card();
  bridge.input(1).deliver(pcie::mem_read(Bdf(0, 0, 0), 31, fn[1].bar[0] + 8, 4));
  settle();
  ASSERT_EQ(card.count(TlpKind::kMemRead), 1u);
  const auto read = card.last(TlpKind::kMemRead);
  // Its port gets stuck with a request of the VF's, whose end is no loss for the server.
  bridge.hold(1, {FlowClass::kNonPosted});
  from_device(pcie::mem_read(owner_vfs[0].bdf, 3, 0x700000, 4));
  sleep(kLong);
  EXPECT_TRUE(present(1));
  from_device(completions_with_data(read, owner_vfs[0].bdf, std::vector<std::uint8_t>(4, 0xee), 128, 64)[0]);
  settle();
  EXPECT_FALSE(present(1));
}

// In whatever step of it the port is given up.
TEST_F(Stuck, ConfigurationSpaceAnswersAgainAfterAPortWasGivenUpInTheMiddleOfARequest) {
  run(ready());
  quiet();
  bool asking = false;
  std::uint8_t tag = 0;
  bridge.add_tap([&](unsigned port, bool toward_bridge, const pcie::Tlp& t) {
    if (asking && port == 1 && !toward_bridge && t.kind() == TlpKind::kCplData)
      asks(1, tag = (tag + 1) & 15, management(1), 0, false);
  });
  for (unsigned n = 0; n < 12; ++n) {
    SCOPED_TRACE(n);
    // Completions are taken, so that the bridge answers one request after the other until it gives the port up.
    bridge.hold(1, {FlowClass::kPosted});
    from_device(pcie::mem_write(owner_vfs[0].bdf, 0x700000, std::vector<std::uint8_t>(4)));
    sleep(microseconds(6900) + std::chrono::nanoseconds(4 * n));
    asking = true;
    asks(1, tag, management(1), 0, false);
    sleep(milliseconds(2));
    asking = false;
    ASSERT_FALSE(present(1));
    bridge.hold(1, {});
    sleep(milliseconds(1));
    ASSERT_EQ(run(user(1).config_read(management(1), 0)) & 0xffff, 0x10eeu);
    sleep(milliseconds(250));
    fn[1] = run(plug(1, 0));
    run(user(1).config_write(fn[1].bdf, 0x04, 6, 2));
  }
}

// What it writes waits for no answer.
TEST_F(Stuck, WhatAServerWritesToItsRegistersIsDoneThoughItsPortIsStuck) {
  run(ready());
  quiet();
  const std::uint64_t registers = find(owner_tree, 0x8086).bar[0];
  bridge.hold(0, {FlowClass::kCompletion});
  asks(0, 31, management(0), 0, false);
  sleep(kLong);
  bridge.input(0).deliver(
      pcie::mem_write(Bdf(0, 0, 0), registers + regs::Scratch::kOffset, std::vector<std::uint8_t>{1, 2, 3, 4}));
  settle();
  bridge.hold(0, {});
  sleep(milliseconds(1));
  EXPECT_EQ(run(owner().read32(registers + regs::Scratch::kOffset)), 0x04030201u);
}

// It is stuck like one for which other requests wait, and from then on nobody waits for it.
TEST_F(Stuck, ConfigurationRequestsToACardThatTakesNoneAreRefusedWhenItIsGivenUp) {
  run(ready());
  quiet();
  Log &card = leaving(device()), &out = leaving(0);
  const Bdf pf = find(owner_tree, 0x10f9).bdf;
  bridge.hold(device(), {FlowClass::kNonPosted});
  for (std::uint8_t tag = 0; tag < 3; ++tag) asks(0, tag, pf, 0x3c, true);
  sleep(kLong);
  EXPECT_EQ(out.count(TlpKind::kCpl), 3u);
  asks(0, 3, pf, 0x3c, true);
  settle();
  EXPECT_EQ(out.count(TlpKind::kCpl), 4u);
  for (const auto& t : out.tlps) EXPECT_EQ(t.status(), CplStatus::kUnsupported) << t.str();
  EXPECT_EQ(card.count(TlpKind::kCfgRead0), 0u);
  EXPECT_EQ(drops(Drop::kBlocked), 4u);
  EXPECT_EQ(drops(Drop::kTimeout), 0u);
  bridge.hold(device(), {});
  sleep(milliseconds(1));
  EXPECT_EQ(run(owner().config_read(pf, 0)) & 0xffff, 0x8086u);
}

// The owner's write leaves first, and with it what was asked for before goes away: also what waits for the card's room.
TEST_F(Stuck, AResetThatWaitsDoesNotReachAVfThatHasGoneMeanwhile) {
  run(ready());
  quiet();
  Log& card = leaving(device());
  const auto pf = find(owner_tree, 0x10f9);
  bridge.hold(device(), {FlowClass::kNonPosted});
  command(Op::kForce, 1, 0);
  sleep(milliseconds(2));  // and is asked for in its second round
  ASSERT_EQ(bridge.read<regs::Vf>(0).state, regs::VfState::kDraining) << "its reset waits";
  const std::vector<std::uint8_t> off(2);
  bridge.input(0).deliver(pcie::cfg_write(Bdf(0, 0, 0), 31, pf.bdf, pf.extended_capabilities.at(0x10) + 8, off, true));
  sleep(microseconds(50));
  bridge.hold(device(), {});
  sleep(milliseconds(5));
  EXPECT_EQ(card.count(TlpKind::kCfgWrite0), 1u);
  EXPECT_EQ(card.count(TlpKind::kCfgWrite1), 0u);
}

// Users' requests wait from before such a write leaves until the bridge has read what came of it: also of one that does
// not.
TEST_F(Stuck, AWriteThatIsRefusedSinceTheCardIsStuckHoldsUpNobody) {
  run(ready());
  quiet();
  Log& out = leaving(0);
  const Bdf pf = find(owner_tree, 0x10f9).bdf;
  bridge.hold(device(), {FlowClass::kNonPosted});
  bridge.input(0).deliver(pcie::cfg_write(Bdf(0, 0, 0), 31, pf, 0x04, std::vector<std::uint8_t>{6, 0}, true));
  sleep(kLong);
  ASSERT_EQ(out.count(TlpKind::kCpl), 1u);
  EXPECT_EQ(out.last(TlpKind::kCpl).status(), CplStatus::kUnsupported);
  bridge.hold(device(), {});
  sleep(milliseconds(50));  // what the bridge has asked meanwhile has timed out
  EXPECT_EQ(run(user(1).probe32(fn[1].bar[0] + 8)), CplStatus::kSuccess);
}

// As any other request that leads nowhere.
TEST_F(Stuck, ARefusedConfigurationRequestIsCountedLoggedAndInDeviceStatus) {
  run(ready());
  quiet();
  const Bdf port = find(user_trees[1], 0x8087).bdf;
  run(user(1).config_write(port, kDeviceStatus, kUnsupportedRequest, 2));
  ASSERT_EQ(run(user(1).config_read(port, kDeviceStatus, 2)) & kUnsupportedRequest, 0u);
  const auto nobody = pcie::cfg_read(Bdf(0, 0, 0), 31, Bdf(fn[1].bdf.bus(), 0, 7), 0, 4, true);
  bridge.input(1).deliver(nobody);
  settle();
  EXPECT_EQ(drops(Drop::kNoTarget), 1u);
  EXPECT_EQ(logged(), 1u);
  EXPECT_EQ(bridge.read<regs::LogLast>().reason, Drop::kNoTarget);
  EXPECT_EQ(bridge.read<regs::LogLast>().port, 1u);
  for (unsigned dw = 0; dw < 3; ++dw) EXPECT_EQ(bridge.read<regs::LogHeader>(dw).value, nobody.hdr[dw]) << dw;
  EXPECT_EQ(run(user(1).config_read(port, kDeviceStatus, 2)) & kUnsupportedRequest, kUnsupportedRequest);
}

}  // namespace
}  // namespace vfpool

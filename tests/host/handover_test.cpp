// SPDX-License-Identifier: Apache-2.0
// A VF between two servers: nothing of the one before reaches the next, and none gets a VF that was not reset.
#include "two_users.hpp"

namespace vfpool {
namespace {

using pcie::FlowClass;
using pcie::TlpKind;
using std::chrono::milliseconds;

class Handover : public TwoUsers {
 protected:
  /// Configuration writes to a register of a function that left a port.
  static unsigned config_writes(const Log& log, Bdf target, unsigned reg) {
    return static_cast<unsigned>(std::count_if(log.tlps.begin(), log.tlps.end(), [&](const pcie::Tlp& t) {
      return (t.kind() == TlpKind::kCfgWrite0 || t.kind() == TlpKind::kCfgWrite1) && t.cfg_target() == target &&
             t.cfg_register() == reg;
    }));
  }
};

TEST_F(Handover, AVfWhoseResetWasLostIsNotGivenAway) {
  run(ready());
  bridge.stall(device(), true);
  EXPECT_EQ(command(Op::kForce, 1, 0), Result::kDone);
  sleep(milliseconds(250));
  EXPECT_NE(bridge.read<regs::Vf>(0).state, regs::VfState::kIdle);
  EXPECT_EQ(command(Op::kAssign, 2, 1, 0), Result::kVfInUse);
  Log& out = leaving(device());
  bridge.stall(device(), false);
  sleep(milliseconds(400));
  EXPECT_GE(config_writes(out, owner_vfs[0].bdf, 0xa8), 1u);
  EXPECT_EQ(bridge.read<regs::Vf>(0), regs::Vf{});
  EXPECT_EQ(command(Op::kAssign, 2, 1, 0), Result::kDone);
}

TEST_F(Handover, AVfThatRefusesItsResetIsNotGivenAway) {
  run(ready());
  Silent& card = silence_the_card();
  EXPECT_EQ(command(Op::kForce, 1, 0), Result::kDone);
  std::size_t answered = 0;
  for (int ms = 0; ms < 300; ++ms) {
    sleep(milliseconds(1));
    for (; answered < card.tlps.size(); ++answered)
      if (card.tlps[answered].kind() == TlpKind::kCfgWrite1)
        from_device(pcie::completion(card.tlps[answered], owner_vfs[0].bdf, pcie::CplStatus::kUnsupported));
    if (ms == 20) {
      EXPECT_EQ(command(Op::kAssign, 2, 1, 0), Result::kVfInUse);
    }
  }
  EXPECT_EQ(card.count(TlpKind::kCfgWrite1), 8u);
  EXPECT_EQ(bridge.read<regs::Vf>(0).state, regs::VfState::kBroken);
  EXPECT_EQ(command(Op::kAssign, 2, 1, 0), Result::kVfBroken);
  EXPECT_EQ(command(Op::kReset, 0, 0, 1), Result::kNoSuch);  // that one is not

  wake_the_card();
  sleep(milliseconds(300));
  EXPECT_EQ(command(Op::kAssign, 2, 1, 0), Result::kVfBroken);
  EXPECT_EQ(command(Op::kReset, 0, 0, 0), Result::kDone);
  sleep(milliseconds(200));
  EXPECT_EQ(bridge.read<regs::Vf>(0), regs::Vf{});
  EXPECT_EQ(command(Op::kAssign, 2, 1, 0), Result::kDone);
}

// The write that starts a reset is answered before the reset (PCIe 2.1, 6.6.2).
TEST_F(Handover, AVfThatHangsInItsResetIsNotGivenAway) {
  run(ready());
  nic.stick_resets(1, true);
  EXPECT_EQ(command(Op::kForce, 1, 0), Result::kDone);
  sleep(milliseconds(120));
  EXPECT_EQ(bridge.read<regs::Vf>(0).state, regs::VfState::kReset);
  EXPECT_EQ(command(Op::kAssign, 2, 1, 0), Result::kVfInUse);
  sleep(milliseconds(500));
  EXPECT_EQ(bridge.read<regs::Vf>(0).state, regs::VfState::kBroken);
  EXPECT_EQ(command(Op::kAssign, 2, 1, 0), Result::kVfBroken);
  EXPECT_EQ(run(user(2).config_read(fn[2].bdf, 0x00, 2)), 0x8086u) << "the other VF does not notice";

  nic.stick_resets(1, false);
  EXPECT_EQ(command(Op::kReset, 0, 0, 0), Result::kDone);
  sleep(milliseconds(150));
  EXPECT_EQ(bridge.read<regs::Vf>(0), regs::Vf{});
  EXPECT_EQ(command(Op::kAssign, 2, 1, 0), Result::kDone);
}

// Device Status, Transactions Pending (PCIe 2.1, 7.8.5), with a neighbour whose reset goes well.
TEST_F(Handover, AVfWithTransactionsPendingAfterItsResetIsNotGivenAway) {
  run(ready());
  EXPECT_EQ(command(Op::kForce, 1, 0), Result::kDone);
  EXPECT_EQ(command(Op::kForce, 2, 0), Result::kDone);
  sleep(milliseconds(50));
  constexpr unsigned kDeviceStatus = 0xaa;
  nic.config(1).set16(kDeviceStatus, 0x0020);
  sleep(milliseconds(80));
  EXPECT_EQ(bridge.read<regs::Vf>(0).state, regs::VfState::kReset);
  EXPECT_EQ(bridge.read<regs::Vf>(1), regs::Vf{});
  nic.config(1).set16(kDeviceStatus, 0);
  sleep(milliseconds(30));
  EXPECT_EQ(bridge.read<regs::Vf>(0), regs::Vf{});

  EXPECT_EQ(command(Op::kAssign, 2, 1, 0), Result::kDone);
  EXPECT_EQ(command(Op::kForce, 2, 1), Result::kDone);
  sleep(milliseconds(50));
  nic.config(1).set16(kDeviceStatus, 0x0020);
  sleep(milliseconds(250));
  EXPECT_EQ(bridge.read<regs::Vf>(0).state, regs::VfState::kBroken);
}

// A device that needs longer says Configuration Request Retry Status (2.3.1): another reset would set it back.
TEST_F(Handover, AVfThatAsksForMoreTimeAfterItsResetGetsIt) {
  run(ready());
  Silent& card = silence_the_card();
  EXPECT_EQ(command(Op::kForce, 1, 0), Result::kDone);
  std::size_t seen = 0;
  unsigned resets = 0, looks = 0;
  for (int ms = 0; ms < 250; ++ms) {
    sleep(milliseconds(1));
    for (; seen < card.tlps.size(); ++seen) {
      const pcie::Tlp& t = card.tlps[seen];
      if (t.kind() == TlpKind::kCfgWrite1) {
        ++resets;
        from_device(pcie::completion(t, owner_vfs[0].bdf, pcie::CplStatus::kSuccess));
      } else if (t.kind() == TlpKind::kCfgRead1) {
        EXPECT_GE(ms, 100);
        EXPECT_EQ(t.cfg_target(), owner_vfs[0].bdf);
        if (++looks < 4) {
          EXPECT_EQ(bridge.read<regs::Vf>(0).state, regs::VfState::kReset);
          from_device(pcie::completion(t, owner_vfs[0].bdf, pcie::CplStatus::kRetry));
        } else {
          from_device(completions_with_data(t, owner_vfs[0].bdf, std::vector<std::uint8_t>(4), 128, 64)[0]);
        }
      }
    }
  }
  EXPECT_EQ(resets, 1u);
  EXPECT_EQ(looks, 4u);
  EXPECT_EQ(bridge.read<regs::Vf>(0), regs::Vf{});
}

// A reset that was about to go out, and did not because the owner moved something, stays that VF's.
TEST_F(Handover, AResetThatHadToWaitReachesNoOtherVf) {
  run(ready());
  Log& out = leaving(device());
  bridge.hold(device(), {FlowClass::kNonPosted});
  EXPECT_EQ(command(Op::kForce, 2, 0), Result::kDone);
  sleep(milliseconds(2));
  const auto pf = find(owner_tree, 0x10f9);
  bridge.input(0).deliver(pcie::cfg_write(Bdf(0, 0, 0), 31, pf.bdf, 0x04, std::vector<std::uint8_t>{6, 0}, true));
  sleep(milliseconds(3));  // the pool looks at its other VFs meanwhile
  bridge.hold(device(), {});
  sleep(milliseconds(150));
  for (const pcie::Tlp& t : out.tlps)
    if (t.kind() == TlpKind::kCfgWrite1 || t.kind() == TlpKind::kCfgRead1) {
      EXPECT_EQ(t.cfg_target(), owner_vfs[1].bdf);
    }
  EXPECT_EQ(config_writes(out, owner_vfs[1].bdf, 0xa8), 1u);
  EXPECT_EQ(bridge.read<regs::Vf>(1), regs::Vf{});
}

// VF Enable resets them all.
TEST_F(Handover, ABrokenVfIsMendedByVfEnable) {
  run(ready());
  Silent& card = silence_the_card();
  EXPECT_EQ(command(Op::kForce, 1, 0), Result::kDone);
  sleep(milliseconds(500));
  ASSERT_EQ(bridge.read<regs::Vf>(0).state, regs::VfState::kBroken);
  EXPECT_EQ(card.count(TlpKind::kCfgWrite1), 8u);
  wake_the_card();
  const auto pf = find(owner_tree, 0x10f9);
  const unsigned control = pf.extended_capabilities.at(0x10) + 8;
  run(owner().config_write(pf.bdf, control, 0, 2));
  sleep(milliseconds(200));
  run(owner().config_write(pf.bdf, control, 9, 2));
  settle();
  EXPECT_EQ(bridge.read<regs::Vf>(0), regs::Vf{});
  EXPECT_EQ(command(Op::kAssign, 2, 1, 0), Result::kDone);
}

TEST_F(Handover, AVfThatHangsInItsResetIsMendedByVfEnableAndByNothingLess) {
  run(ready());
  nic.stick_resets(1, true);
  EXPECT_EQ(command(Op::kForce, 1, 0), Result::kDone);
  const auto state = [&] { return bridge.read<regs::Vf>(0).state; };
  for (int i = 0; i < 100 && state() != regs::VfState::kBroken; ++i) sleep(milliseconds(20));
  ASSERT_EQ(state(), regs::VfState::kBroken);
  EXPECT_EQ(command(Op::kReset, 0, 0, 0), Result::kDone);
  sleep(milliseconds(2000));
  ASSERT_EQ(state(), regs::VfState::kBroken) << "it does not answer another reset either";
  const auto pf = find(owner_tree, 0x10f9);
  const unsigned control = pf.extended_capabilities.at(0x10) + 8;
  run(owner().config_write(pf.bdf, control, 0, 2));
  sleep(milliseconds(200));
  run(owner().config_write(pf.bdf, control, 9, 2));
  settle();
  EXPECT_EQ(bridge.read<regs::Vf>(0), regs::Vf{});
  ASSERT_EQ(command(Op::kAssign, 2, 1, 0), Result::kDone);
  EXPECT_TRUE(run(plug(2, 1)).bdf.raw != 0) << "and its new server finds it";
}

TEST_F(Handover, AConfigurationWriteThatWaitedDoesNotReachAVfThatIsGone) {
  run(ready());
  Log& out = leaving(device());
  bridge.hold(device(), {FlowClass::kNonPosted});
  bridge.input(1).deliver(pcie::cfg_write(Bdf(0, 0, 0), 31, fn[1].bdf, 0x04, std::vector<std::uint8_t>{6, 0}, true));
  settle();
  EXPECT_EQ(command(Op::kForce, 1, 0), Result::kDone);
  bridge.hold(device(), {});
  sleep(milliseconds(2));
  EXPECT_EQ(config_writes(out, owner_vfs[0].bdf, 0x04), 0u);
}

// Whatever the write has come to when the VF goes: it is done or refused, once.
TEST_F(Handover, AConfigurationWriteOfAVfThatGoesIsAnsweredOnce) {
  run(ready());
  for (unsigned n = 0; n < 32; ++n) {
    if (n > 0) {
      ASSERT_EQ(command(Op::kAssign, 1, 0, 2 * (n % 2)), Result::kDone);
      fn[1] = run(plug(1, 0));
    }
    Log& out = leaving(1);
    bridge.input(1).deliver(pcie::cfg_write(Bdf(0, 0, 0), 31, fn[1].bdf, 0x3c, std::vector<std::uint8_t>{0x55}, true));
    run(user(1).sleep(std::chrono::nanoseconds(4 * n)));
    EXPECT_EQ(command(Op::kForce, 1, 0), Result::kDone);
    sleep(milliseconds(200));
    EXPECT_EQ(out.count(TlpKind::kCpl), 1u) << n;
  }
}

TEST_F(Handover, AConfigurationWriteOfTheOwnerThatWaitedDoesNotReachAUsersVf) {
  run(ready());
  const Bdf vf2 = owner_vfs[2].bdf;
  Log& out = leaving(device());
  bridge.hold(device(), {FlowClass::kNonPosted});
  bridge.input(0).deliver(pcie::cfg_write(Bdf(0, 0, 0), 31, vf2, 0x04, std::vector<std::uint8_t>{0, 0}, true));
  settle();
  EXPECT_EQ(command(Op::kAssign, 1, 1, 2), Result::kDone);
  bridge.hold(device(), {});
  sleep(milliseconds(2));
  EXPECT_EQ(config_writes(out, vf2, 0x04), 0u);
}

// A slot function is not the VF that it held before.
TEST_F(Handover, AVfThatWasTakenAwayDoesNotSpeakAsTheNextOne) {
  run(ready());
  EXPECT_EQ(command(Op::kForce, 1, 0), Result::kDone);
  settle();
  EXPECT_EQ(command(Op::kAssign, 1, 0, 2), Result::kDone);
  fn[1] = run(plug(1, 0));
  run(user(1).config_write(fn[1].bdf, 0x04, 6, 2));
  ASSERT_NE(bridge.read<regs::Vf>(0).state, regs::VfState::kIdle);  // VF 0 is still being cleaned
  Log& out = leaving(1);
  from_device(pcie::mem_write(owner_vfs[0].bdf, 0x700000, std::vector<std::uint8_t>(4, 1)));
  from_device(pcie::mem_read(owner_vfs[0].bdf, 3, 0x700000, 4));
  settle();
  EXPECT_EQ(out.count(TlpKind::kMemWrite), 0u);
  EXPECT_EQ(out.count(TlpKind::kMemRead), 0u);
  from_device(pcie::mem_write(owner_vfs[2].bdf, 0x700000, std::vector<std::uint8_t>(4, 1)));
  settle();
  EXPECT_EQ(out.count(TlpKind::kMemWrite), 1u);
}

// What it has begun, it ends: a server that got half a packet would take the next one for the rest.
TEST_F(Handover, APacketThatIsLeavingWhenItsVfClosesLeavesWhole) {
  run(ready());
  Log& out = leaving(1);
  const std::vector<std::uint8_t> data(128, 0xa5);
  for (std::uint8_t round = 0; round < 8; ++round) {
    const std::uint8_t command = round % 2 == 0 ? 2 : 6;  // without Bus Master Enable, with it
    bridge.input(1).deliver(
        pcie::cfg_write(Bdf(0, 0, 0), 31, fn[1].bdf, 0x04, std::vector<std::uint8_t>{command, 0}, true));
    for (unsigned i = 0; i < 150; ++i) from_device(pcie::mem_write(owner_vfs[0].bdf, 0x700000, data));
    settle();
  }
  EXPECT_GT(out.count(TlpKind::kMemWrite), 0u);
  for (const pcie::Tlp& t : out.tlps)
    if (t.kind() == TlpKind::kMemWrite) {
      EXPECT_EQ(t.data, data);
    }
}

// Drained, then reset: the card would not answer what the reset has wiped out.
TEST_F(Handover, AVfIsNotResetBeforeItsRequestsHaveAnEnd) {
  run(ready());
  Silent& card = silence_the_card();
  bridge.input(1).deliver(pcie::mem_read(Bdf(0, 0, 0), 31, fn[1].bar[0] + 8, 4));
  settle();
  const auto read = card.last(TlpKind::kMemRead);
  EXPECT_EQ(command(Op::kForce, 1, 0), Result::kDone);
  sleep(milliseconds(5));
  EXPECT_EQ(card.count(TlpKind::kCfgWrite1), 0u);
  from_device(pcie::completions_with_data(read, owner_vfs[0].bdf, std::vector<std::uint8_t>(4), 128, 64)[0]);
  sleep(milliseconds(4));  // whether it is quiet is looked at while the clock runs: a part of it each millisecond
  EXPECT_EQ(card.count(TlpKind::kCfgWrite1), 1u);
}

}  // namespace
}  // namespace vfpool

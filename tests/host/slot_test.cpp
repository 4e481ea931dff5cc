// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "pool.hpp"

namespace vfpool {
namespace {

// Slot Status bits (PCIe Base Spec 2.1, 7.8.11).
constexpr unsigned kPressed = 0x001, kPresenceChanged = 0x008, kPresent = 0x040, kLinkChanged = 0x100;

class Slot : public Pool {
 protected:
  host::Task<> ready() {
    co_await start_owner(4);
    user_trees[1] = co_await enumerators[1]->all();
    user_trees[2] = co_await enumerators[2]->all();
  }
  host::Task<unsigned> status(unsigned n = 1) {
    const auto port = slot_port(n, 0);
    co_return co_await user(n).config_read(port.bdf, port.capability(0x10) + 0x1a, 2);
  }
  host::Task<> clear(unsigned bits, unsigned n = 1) {
    const auto port = slot_port(n, 0);
    co_await user(n).config_write(port.bdf, port.capability(0x10) + 0x1a, bits, 2);
  }
  /// As pciehp sets a slot up: MSI, attention button, link changes, hot-plug interrupt.
  host::Task<> enable_events(unsigned n = 1, unsigned slot = 0) {
    const auto port = slot_port(n, slot);
    vector = user(n).new_vector();
    const unsigned msi = port.capability(0x05);
    co_await user(n).config_write(port.bdf, msi + 4, static_cast<std::uint32_t>(vector.address));
    co_await user(n).config_write(port.bdf, msi + 8, 0);
    co_await user(n).config_write(port.bdf, msi + 12, vector.data, 2);
    co_await user(n).config_write(port.bdf, msi + 2, 1, 2);
    co_await user(n).config_write(port.bdf, port.capability(0x10) + 0x18, 0x1721, 2);
  }
  /// A management command given by a user's own server.
  Result user_command(unsigned n, const regs::Command& c) {
    const auto registers = find(user_trees[n], 0x8086).bar[0];
    user(n).write32(registers + regs::Command::kOffset, c.pack());
    return regs::CommandResult::unpack(run(user(n).read32(registers + regs::CommandResult::kOffset))).code;
  }
  host::Server::Vector vector{};
};

TEST_F(Slot, AFunctionThatArrivesBringsPresenceLinkAndOneInterrupt) {
  run(ready());
  run(enable_events());
  EXPECT_EQ(run(status()) & kPresent, 0u);
  ASSERT_EQ(command(Op::kAssign, 1, 0, 2), Result::kDone);
  run(user(1).sleep(std::chrono::microseconds(10)));
  EXPECT_EQ(run(status()) & (kPresent | kPresenceChanged | kLinkChanged), kPresent | kPresenceChanged | kLinkChanged);
  EXPECT_EQ(user(1).count(vector), 1u);
}

TEST_F(Slot, NoSecondMessageUntilAllEventsAreCleared) {
  run(ready());
  run(enable_events());
  command(Op::kAssign, 1, 0, 2);
  bridge.press_button(1, 0);
  run(user(1).sleep(std::chrono::microseconds(10)));
  EXPECT_EQ(user(1).count(vector), 1u);
  run(clear(kLinkChanged));
  run(user(1).sleep(std::chrono::microseconds(10)));
  EXPECT_EQ(user(1).count(vector), 1u);  // the button is still pending
  run(clear(kPressed));
  bridge.press_button(1, 0);
  run(user(1).sleep(std::chrono::microseconds(10)));
  EXPECT_EQ(user(1).count(vector), 2u);
}

TEST_F(Slot, AnInterruptNeedsBusMasterEnableOfItsOwnPort) {
  run(ready());
  run(enable_events(1, 0));
  const auto first = vector;
  run(enable_events(1, 1));
  const auto second = vector;
  run(user(1).config_write(slot_port(1, 0).bdf, 0x04, 0x0002, 2));
  command(Op::kAssign, 1, 0, 0);
  command(Op::kAssign, 1, 1, 1);
  run(user(1).sleep(std::chrono::microseconds(10)));
  EXPECT_EQ(user(1).count(first), 0u);
  ASSERT_EQ(user(1).count(second), 1u);
  EXPECT_EQ(user(1).messages().back().from, slot_port(1, 1).bdf);
  run(user(1).config_write(slot_port(1, 0).bdf, 0x04, 0x0006, 2));
  run(user(1).sleep(std::chrono::microseconds(10)));
  EXPECT_EQ(user(1).count(first), 1u);  // it was only held back
}

TEST_F(Slot, AnInterruptThatIsHeldBackEndsWithItsEnable) {
  run(ready());
  run(enable_events());
  const auto port = slot_port(1, 0);
  run(user(1).config_write(port.bdf, 0x04, 0x0002, 2));  // bus master off
  command(Op::kAssign, 1, 0, 0);
  run(user(1).sleep(std::chrono::microseconds(10)));
  run(user(1).config_write(port.bdf, port.capability(0x05) + 2, 0, 2));  // MSI off
  run(user(1).config_write(port.bdf, 0x04, 0x0006, 2));
  run(user(1).sleep(std::chrono::microseconds(10)));
  EXPECT_EQ(user(1).count(vector), 0u);
  run(user(1).config_write(port.bdf, port.capability(0x05) + 2, 1, 2));  // on again: the event still stands
  run(user(1).sleep(std::chrono::microseconds(10)));
  EXPECT_EQ(user(1).count(vector), 1u);
}

TEST_F(Slot, AnInterruptThatIsHeldBackDoesNotOutliveItsEnable) {
  run(ready());
  run(enable_events());
  const auto port = slot_port(1, 0);
  run(user(1).config_write(port.bdf, 0x04, 0x0002, 2));  // bus master off
  command(Op::kAssign, 1, 0, 0);
  run(user(1).sleep(std::chrono::microseconds(10)));
  run(user(1).config_write(port.bdf, port.capability(0x05) + 2, 0, 2));  // MSI off
  run(clear(kPresenceChanged | kLinkChanged));                           // and nothing is left to tell
  run(user(1).config_write(port.bdf, 0x04, 0x0006, 2));
  run(user(1).config_write(port.bdf, port.capability(0x05) + 2, 1, 2));
  run(user(1).sleep(std::chrono::microseconds(10)));
  EXPECT_EQ(user(1).count(vector), 0u);
}

TEST_F(Slot, AnInterruptThatWasHeldBackGoesWhereItIsSentThen) {
  run(ready());
  run(enable_events());
  const auto first = vector;
  const auto port = slot_port(1, 0);
  run(user(1).config_write(port.bdf, 0x04, 0x0002, 2));  // bus master off
  command(Op::kAssign, 1, 0, 0);
  run(user(1).sleep(std::chrono::microseconds(10)));
  const auto second = user(1).new_vector();
  run(user(1).config_write(port.bdf, port.capability(0x05) + 4, static_cast<std::uint32_t>(second.address)));
  run(user(1).config_write(port.bdf, port.capability(0x05) + 12, second.data, 2));
  run(user(1).config_write(port.bdf, 0x04, 0x0006, 2));
  run(user(1).sleep(std::chrono::microseconds(10)));
  EXPECT_EQ(user(1).count(first), 0u);
  EXPECT_EQ(user(1).count(second), 1u);
}

TEST_F(Slot, PowerOffCleansTheVfAndPowerOnBringsItBack) {
  run(ready());
  command(Op::kAssign, 1, 0, 0);
  run(plug(1, 0));
  const auto resets = nic.counters().vf_resets;
  run(power(1, 0, false));
  run(user(1).sleep(std::chrono::microseconds(10)));
  EXPECT_NE(bridge.read<regs::Vf>(0).state, regs::VfState::kIdle);
  const auto port = slot_port(1, 0);
  EXPECT_EQ(run(user(1).config_read(Bdf(port.secondary, 0, 0), 0)), ~0u);
  run(power(1, 0, true));
  EXPECT_EQ(nic.counters().vf_resets, resets + 1);
  EXPECT_EQ(run(user(1).config_read(Bdf(port.secondary, 0, 0), 0)), 0x10ed8086u);
  EXPECT_EQ(run(user(1).config_read(Bdf(port.secondary, 0, 0), 0x10)) & 0xfffffff0u, 0u);
}

TEST_F(Slot, ReleaseWaitsForTheServerAndReturnsTheVfToThePool) {
  run(ready());
  run(enable_events());
  command(Op::kAssign, 1, 0, 0);
  run(plug(1, 0));
  EXPECT_EQ(command(Op::kAssign, 2, 0, 0), Result::kVfInUse);  // in use
  EXPECT_EQ(command(Op::kRelease, 1, 0), Result::kDone);
  run(user(1).sleep(std::chrono::milliseconds(1)));
  EXPECT_TRUE(run(status()) & kPressed);
  EXPECT_EQ(command(Op::kRelease, 1, 0), Result::kSlotBusy);  // already on its way
  run(power(1, 0, false));
  run(user(1).sleep(std::chrono::milliseconds(150)));
  EXPECT_EQ(bridge.read<regs::Vf>(0), regs::Vf{});
  EXPECT_EQ(run(status()) & kPresent, 0u);
  EXPECT_EQ(command(Op::kAssign, 2, 0, 0), Result::kDone);
  EXPECT_EQ(run(plug(2, 0)).device, 0x10ed);
}

TEST_F(Slot, ASecondPressTakesAReleaseBack) {
  run(ready());
  run(enable_events());
  command(Op::kAssign, 1, 0, 0);
  run(plug(1, 0));
  ASSERT_EQ(command(Op::kRelease, 1, 0), Result::kDone);
  run(user(1).sleep(std::chrono::microseconds(10)));
  EXPECT_TRUE(bridge.read<regs::Slot>(0).releasing);
  bridge.press_button(1, 0);
  run(user(1).sleep(std::chrono::microseconds(10)));
  EXPECT_TRUE(bridge.read<regs::Slot>(0).releasing) << "the server has not seen the first: to it both are one";
  run(clear(kPressed));
  bridge.press_button(1, 0);
  run(user(1).sleep(std::chrono::microseconds(10)));
  EXPECT_FALSE(bridge.read<regs::Slot>(0).releasing);
  run(power(1, 0, false));
  run(user(1).sleep(std::chrono::milliseconds(150)));
  EXPECT_TRUE(bridge.read<regs::Vf>(0).assigned) << "what the server switches off now stays in its slot";
  EXPECT_TRUE(run(status()) & kPresent);
}

TEST_F(Slot, AnIndicatorThatStopsBlinkingTakesAReleaseBack) {
  run(ready());
  run(enable_events());
  command(Op::kAssign, 1, 0, 0);
  run(plug(1, 0));
  const auto port = slot_port(1, 0);
  const auto indicator = [&](unsigned control) {
    run(user(1).config_write(port.bdf, port.capability(0x10) + 0x18, control, 2));
  };
  indicator(0x1121);  // on
  ASSERT_EQ(command(Op::kRelease, 1, 0), Result::kDone);
  indicator(0x1221);  // blinking
  EXPECT_TRUE(bridge.read<regs::Slot>(0).releasing);
  indicator(0x1121);
  EXPECT_FALSE(bridge.read<regs::Slot>(0).releasing);
  EXPECT_EQ(command(Op::kRelease, 1, 0), Result::kDone) << "and it can be asked for again";
}

TEST_F(Slot, AButtonByCommandTakesAReleaseBackAndNothingElse) {
  run(ready());
  run(enable_events());
  command(Op::kAssign, 1, 0, 0);
  run(plug(1, 0));
  const auto port = slot_port(1, 0);
  ASSERT_EQ(command(Op::kRelease, 1, 0), Result::kDone);
  run(clear(kPressed));
  EXPECT_EQ(user_command(1, {.op = Op::kButton}), Result::kDone);
  EXPECT_FALSE(bridge.read<regs::Slot>(0).releasing);
  run(user(1).config_write(port.bdf, port.capability(0x10) + 0x18, 0x1221, 2));
  EXPECT_EQ(user_command(1, {.op = Op::kButton}), Result::kSlotBusy) << "blinks, and is not being released";
}

TEST_F(Slot, ForcedRemovalIsASurpriseRemoval) {
  run(ready());
  run(enable_events());
  command(Op::kAssign, 1, 0, 0);
  const auto f = run(plug(1, 0));
  run(user(1).config_write(f.bdf, 0x04, 6, 2));
  EXPECT_EQ(run(user(1).probe32(f.bar[0] + 8)), pcie::CplStatus::kSuccess);
  EXPECT_EQ(command(Op::kForce, 1, 0), Result::kDone);
  run(user(1).sleep(std::chrono::microseconds(10)));
  EXPECT_EQ(run(user(1).probe32(f.bar[0] + 8)), pcie::CplStatus::kUnsupported);
  EXPECT_EQ(run(status()) & kPresent, 0u);
  EXPECT_TRUE(run(status()) & kLinkChanged);
}

TEST_F(Slot, NonsenseCommandsAreRefusedWithAReason) {
  run(ready());
  EXPECT_EQ(command(Op{0}, 1, 0), Result::kUnknownOp);
  EXPECT_EQ(command(Op{9}, 1, 0), Result::kUnknownOp);
  EXPECT_EQ(command(Op::kAssign, 0, 0), Result::kNoSuch);
  EXPECT_EQ(command(Op::kAssign, bridge::Bridge::geometry().users + 1, 0), Result::kNoSuch);
  EXPECT_EQ(command(Op::kAssign, 1, 7), Result::kNoSuch);
  EXPECT_EQ(
      command(Op::kAssign, 1, 0, std::min(bridge::Bridge::kDeviceVfs * bridge::Bridge::geometry().devices, 0xffU)),
      Result::kNoSuch);
  EXPECT_EQ(command(Op::kButton, 1, 0), Result::kSlotEmpty);
  EXPECT_EQ(command(Op::kAssign, 1, 0, 0), Result::kDone);
  EXPECT_EQ(command(Op::kAssign, 1, 0, 1), Result::kFnInUse);
}

TEST_F(Slot, AUserMayPressItsOwnButtonButNotAssign) {
  run(ready());
  command(Op::kAssign, 1, 0, 0);
  EXPECT_EQ(user_command(1, {.op = Op::kAssign, .vf = 1, .user = 1}), Result::kNotAllowed);
  EXPECT_EQ(user_command(1, {.op = Op::kButton}), Result::kDone);
  EXPECT_TRUE(run(status()) & kPressed);
  EXPECT_EQ(user_command(2, {.op = Op::kForce, .user = 1}), Result::kNotAllowed);
}

TEST_F(Slot, VfsThatTheOwnerTakesDownLeaveTheUsersSlots) {
  run(ready());
  command(Op::kAssign, 1, 0, 0);
  run(plug(1, 0));
  const auto pf = find(owner_tree, 0x10f9);
  run(owner().config_write(pf.bdf, pf.extended_capabilities.at(0x10) + 8, 0, 2));
  run(owner().sleep(std::chrono::microseconds(100)));
  EXPECT_FALSE(bridge.read<regs::Status>().sriov);
  EXPECT_EQ(run(status()) & kPresent, 0u);
}

}  // namespace
}  // namespace vfpool

// SPDX-License-Identifier: Apache-2.0
// Requests of users' servers, answers of the owner's, and how each hears of what happened: the management registers as
// the helper drivers use them (docs/allocation.md), by model servers.
#include <gmock/gmock.h>

#include "pool.hpp"

namespace vfpool {
namespace {

using regs::EventKind;
using regs::EventLog;
using testing::ElementsAre;

constexpr unsigned kAny = 0xff;

class Allocation : public Pool {
 protected:
  host::Task<> ready() {
    co_await start_owner(4);
    for (unsigned n = 1; n <= 2; ++n) user_trees[n] = co_await enumerators[n]->all();
  }
  const std::vector<host::Function>& tree(unsigned port) { return port == 0 ? owner_tree : user_trees[port]; }
  std::uint64_t registers(unsigned port) { return find(tree(port), 0x8086).bar[0]; }
  std::uint32_t reg(unsigned port, std::uint32_t offset) {
    return run(servers[port]->read32(registers(port) + offset));
  }
  void set(unsigned port, std::uint32_t offset, std::uint32_t value) {
    servers[port]->write32(registers(port) + offset, value);
  }
  /// A command of the port's own server.
  Result give(unsigned port, const regs::Command& c) {
    set(port, regs::Command::kOffset, c.pack());
    return regs::CommandResult::unpack(reg(port, regs::CommandResult::kOffset)).code;
  }
  Result request(unsigned port, unsigned slot, unsigned vf = kAny, bool button = false) {
    return give(port, {.op = Op::kRequest, .button = button, .vf = vf, .slot = slot});
  }
  /// Events of the port's log since the last call.
  std::vector<EventLog> events(unsigned port) {
    std::vector<EventLog> out;
    for (const std::uint32_t count = reg(port, regs::EventCount::kOffset); seen[port] != count; ++seen[port])
      out.push_back(EventLog::unpack(reg(port, regs::EventLog::offset(seen[port] % 16))));
    return out;
  }
  std::vector<EventKind> kinds(unsigned port) {
    std::vector<EventKind> out;
    for (const auto& e : events(port)) out.push_back(e.kind);
    return out;
  }
  void settle() { run(owner().sleep(std::chrono::microseconds(20))); }
  /// Messages of the management function, as the helper driver sets them up.
  host::Server::Vector enable_messages(unsigned port) {
    const auto f = find(tree(port), 0x8086);
    const auto v = servers[port]->new_vector();
    const unsigned msi = f.capability(0x05);
    run([](host::Server& s, pcie::Bdf bdf, unsigned at, host::Server::Vector vector) -> host::Task<> {
      co_await s.config_write(bdf, at + 4, static_cast<std::uint32_t>(vector.address));
      co_await s.config_write(bdf, at + 8, 0);
      co_await s.config_write(bdf, at + 12, vector.data, 2);
      co_await s.config_write(bdf, at + 2, 1, 2);
      co_await s.config_write(bdf, 0x04, 0x0006, 2);
    }(*servers[port], f.bdf, msi, v));
    return v;
  }
  void acknowledge(unsigned port) { set(port, regs::EventAck::kOffset, reg(port, regs::EventCount::kOffset)); }
  void forget() {
    settle();
    for (unsigned p = 0; p <= 2; ++p) events(p);
  }

  std::map<unsigned, std::uint32_t> seen;
};

TEST_F(Allocation, ARequestReachesTheOwnerAloneAndNamesWhoAsks) {
  run(ready());
  forget();
  ASSERT_EQ(request(2, 1, 3, true), Result::kDone);
  settle();
  const auto told = events(0);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].kind, EventKind::kRequest);
  EXPECT_EQ(told[0].user, 2u);
  EXPECT_EQ(told[0].slot, 1u);
  EXPECT_EQ(told[0].vf, 3u);
  EXPECT_EQ(told[0].reason, 1u);
  EXPECT_TRUE(events(1).empty());
  EXPECT_TRUE(events(2).empty());
  EXPECT_TRUE(regs::Slot::unpack(reg(2, regs::Slot::offset(1))).requested);
}

TEST_F(Allocation, AUserCannotAskForAnothersSlot) {
  run(ready());
  forget();
  // The word names user 2; it comes in by user 1's port.
  ASSERT_EQ(give(1, {.op = Op::kRequest, .vf = kAny, .user = 2, .slot = 0}), Result::kDone);
  settle();
  const auto told = events(0);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].user, 1u);
  EXPECT_EQ(give(1, {.op = Op::kAssign, .vf = 0, .user = 1, .slot = 0}), Result::kNotAllowed);
  EXPECT_EQ(give(1, {.op = Op::kDeny, .vf = 1, .user = 2, .slot = 0}), Result::kNotAllowed);
  EXPECT_EQ(give(1, {.op = Op::kForce, .user = 2, .slot = 0}), Result::kNotAllowed);
}

TEST_F(Allocation, TheAnswerReachesItsUserAndEndsTheRequest) {
  run(ready());
  request(1, 0);
  request(2, 0);
  forget();
  EXPECT_EQ(give(0, {.op = Op::kAssign, .vf = 1, .user = 1, .slot = 0}), Result::kDone);
  for (const unsigned no_reason : {0u, 16u})
    EXPECT_EQ(give(0, {.op = Op::kDeny, .vf = no_reason, .user = 2, .slot = 0}), Result::kNoSuch);
  EXPECT_EQ(give(0, {.op = Op::kDeny, .vf = 2, .user = 2, .slot = 0}), Result::kDone);
  settle();
  const auto first = events(1), second = events(2);
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(first[0].kind, EventKind::kAssigned);
  EXPECT_EQ(first[0].vf, 1u);
  ASSERT_EQ(second.size(), 1u);
  EXPECT_EQ(second[0].kind, EventKind::kDenied);
  EXPECT_EQ(second[0].reason, 2u);
  EXPECT_THAT(kinds(0), ElementsAre(EventKind::kAssigned, EventKind::kDenied));
  EXPECT_FALSE(regs::Slot::unpack(reg(1, regs::Slot::offset(0))).requested);
  EXPECT_FALSE(regs::Slot::unpack(reg(2, regs::Slot::offset(0))).requested);
  // There is nothing left to deny.
  EXPECT_EQ(give(0, {.op = Op::kDeny, .vf = 2, .user = 2, .slot = 0}), Result::kNoRequest);
}

TEST_F(Allocation, WhatMakesNoSenseIsRefusedAndTellsNobody) {
  run(ready());
  give(0, {.op = Op::kAssign, .vf = 0, .user = 1, .slot = 0});
  forget();
  EXPECT_EQ(request(1, 0), Result::kSlotBusy);
  EXPECT_EQ(request(1, 7), Result::kNoSuch);
  if (const unsigned beyond = bridge::Bridge::kDeviceVfs * bridge::Bridge::geometry().devices; beyond < kAny) {
    EXPECT_EQ(request(1, 1, beyond), Result::kNoSuch);
  }
  EXPECT_EQ(give(0, {.op = Op::kRequest, .vf = kAny, .user = 1, .slot = 1}), Result::kNotAllowed);
  EXPECT_EQ(give(0, {.op = Op::kDeny, .vf = 1, .user = 1, .slot = 1}), Result::kNoRequest);
  settle();
  for (unsigned p = 0; p <= 2; ++p) EXPECT_TRUE(events(p).empty()) << p;
}

TEST_F(Allocation, ARequestIsTakenBackByReleaseAndEndsWithItsServer) {
  run(ready());
  request(1, 0);
  EXPECT_EQ(give(1, {.op = Op::kRelease, .slot = 0}), Result::kDone);
  EXPECT_FALSE(regs::Slot::unpack(reg(0, regs::Slot::offset(0))).requested);
  request(2, 0);
  bridge.set_link(2, false);
  settle();
  EXPECT_FALSE(regs::Slot::unpack(reg(0, regs::Slot::offset(2))).requested);
}

TEST_F(Allocation, BothHearWhenTheVfIsResetAndFree) {
  run(ready());
  give(0, {.op = Op::kAssign, .vf = 2, .user = 1, .slot = 1});
  run(plug(1, 1));
  forget();
  EXPECT_EQ(give(1, {.op = Op::kRelease, .slot = 1}), Result::kDone);
  run(power(1, 1, false));
  run(owner().sleep(std::chrono::milliseconds(50)));
  EXPECT_THAT(kinds(1), ElementsAre(EventKind::kPower));  // its reset takes 100 ms
  run(owner().sleep(std::chrono::milliseconds(200)));
  const auto told = events(1);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].kind, EventKind::kReleased);
  EXPECT_EQ(told[0].vf, 2u);
  EXPECT_EQ(told[0].slot, 1u);
  EXPECT_THAT(kinds(0), ElementsAre(EventKind::kPower, EventKind::kReleased));
  EXPECT_TRUE(events(2).empty());
  EXPECT_EQ(give(0, {.op = Op::kAssign, .vf = 2, .user = 2, .slot = 0}), Result::kDone);
}

TEST_F(Allocation, DetachWaitsForTheServerWithoutPressing) {
  run(ready());
  give(0, {.op = Op::kAssign, .vf = 2, .user = 1, .slot = 0});
  run(plug(1, 0));
  const auto port = slot_port(1, 0);
  const auto status = [&] { return run(user(1).config_read(port.bdf, port.capability(0x10) + 0x1a, 2)); };
  EXPECT_EQ(give(1, {.op = Op::kDetach, .slot = 0}), Result::kDone);
  settle();
  EXPECT_EQ(status() & 1u, 0u);  // Attention Button Pressed
  EXPECT_TRUE(regs::Slot::unpack(reg(1, regs::Slot::offset(0))).releasing);
  run(power(1, 0, false));
  run(owner().sleep(std::chrono::milliseconds(300)));
  EXPECT_FALSE(regs::Slot::unpack(reg(1, regs::Slot::offset(0))).present);
}

TEST_F(Allocation, TheButtonAloneAnnouncesWhatIsAssignedWithIt) {
  run(ready());
  const auto port = slot_port(1, 0);
  const auto status = [&] { return run(user(1).config_read(port.bdf, port.capability(0x10) + 0x1a, 2)); };
  const auto link = [&] { return run(user(1).config_read(port.bdf, port.capability(0x10) + 0x12, 2)) & 0x2000; };
  EXPECT_EQ(give(0, {.op = Op::kAssign, .button = true, .vf = 2, .user = 1, .slot = 0}), Result::kDone);
  settle();
  // Pressed and present; neither changed as an event would be, so pciehp waits its 5 seconds.
  EXPECT_EQ(status() & 0x149u, 0x041u);
  EXPECT_EQ(link(), 0u);
  EXPECT_EQ(run(plug(1, 0)).device, 0x10ed);
}

TEST_F(Allocation, AServerThatHasJustSwitchedTheSlotOffSeesTheNextVfAfterItsSecond) {
  run(ready());
  give(0, {.op = Op::kAssign, .vf = 2, .user = 1, .slot = 0});
  run(plug(1, 0));
  serving.reset();  // nothing more of the mailbox: this test takes long enough
  give(1, {.op = Op::kDetach, .slot = 0});
  run(power(1, 0, false));
  run(owner().sleep(std::chrono::milliseconds(200)));
  const auto present = [&] { return regs::Slot::unpack(reg(1, regs::Slot::offset(0))).present; };
  EXPECT_EQ(give(0, {.op = Op::kAssign, .vf = 3, .user = 1, .slot = 0}), Result::kDone);
  run(owner().sleep(std::chrono::milliseconds(800)));
  EXPECT_FALSE(present());
  run(owner().sleep(std::chrono::milliseconds(400)));
  EXPECT_TRUE(present());
  // Another slot shows at once.
  EXPECT_EQ(give(0, {.op = Op::kAssign, .vf = 1, .user = 1, .slot = 1}), Result::kDone);
  settle();
  EXPECT_TRUE(regs::Slot::unpack(reg(1, regs::Slot::offset(1))).present);
}

TEST_F(Allocation, OneMessageForAllThatIsNotAcknowledged) {
  run(ready());
  const auto vector = enable_messages(0);
  acknowledge(0);
  settle();
  const auto before = owner().count(vector);
  request(1, 0);
  request(1, 1);
  request(2, 0);
  settle();
  EXPECT_EQ(owner().count(vector), before + 1);
  acknowledge(0);
  settle();
  EXPECT_EQ(owner().count(vector), before + 1);
  request(2, 1);
  settle();
  EXPECT_EQ(owner().count(vector), before + 2);
}

TEST_F(Allocation, WhatCameBeforeAnAcknowledgmentOfLessIsToldAtOnce) {
  run(ready());
  const auto vector = enable_messages(0);
  acknowledge(0);
  const std::uint32_t count = reg(0, regs::EventCount::kOffset);
  request(1, 0);
  request(2, 0);
  settle();
  const auto before = owner().count(vector);
  set(0, regs::EventAck::kOffset, count + 1);  // the driver had read one of the two
  settle();
  EXPECT_EQ(owner().count(vector), before + 1);
}

TEST_F(Allocation, MessagesNeedMsiAndBusMasterEnable) {
  run(ready());
  const auto f = find(owner_tree, 0x8086);
  const auto vector = enable_messages(0);
  acknowledge(0);
  settle();
  const auto before = owner().count(vector);
  run(owner().config_write(f.bdf, 0x04, 0x0002, 2));
  request(1, 0);
  settle();
  EXPECT_EQ(owner().count(vector), before);
  run(owner().config_write(f.bdf, 0x04, 0x0006, 2));
  settle();
  EXPECT_EQ(owner().count(vector), before + 1);
}

TEST_F(Allocation, TheLogHoldsTheLastSixteen) {
  run(ready());
  forget();
  for (unsigned i = 0; i < 20; ++i) request(1, 0, i);
  settle();
  const std::uint32_t count = reg(0, regs::EventCount::kOffset);
  EXPECT_EQ(count, seen[0] + 20);
  for (std::uint32_t n = count - 16; n != count; ++n)
    EXPECT_EQ(EventLog::unpack(reg(0, regs::EventLog::offset(n % 16))).vf, 20 - (count - n));
}

TEST_F(Allocation, EverybodyHearsThatThePoolFreezesAndThaws) {
  run(ready());
  forget();
  set(0, regs::HeartbeatMs::kOffset, 5);
  run(owner().sleep(std::chrono::milliseconds(10)));
  set(0, regs::Heartbeat::kOffset, 0);
  settle();
  set(0, regs::HeartbeatMs::kOffset, 0);
  for (unsigned p = 0; p <= 2; ++p) EXPECT_THAT(kinds(p), ElementsAre(EventKind::kFrozen, EventKind::kFrozen)) << p;
}

TEST_F(Allocation, OnlyTheOwnerHearsOfLinks) {
  run(ready());
  forget();
  bridge.set_link(2, false);
  settle();
  bridge.set_link(2, true);
  settle();
  EXPECT_THAT(kinds(0), ElementsAre(EventKind::kLink, EventKind::kLink));
  EXPECT_TRUE(events(1).empty());
}

}  // namespace
}  // namespace vfpool

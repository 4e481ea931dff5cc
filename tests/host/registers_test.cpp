// SPDX-License-Identifier: Apache-2.0
// The management registers: who may read and write what, and what the values do.
#include "two_users.hpp"

namespace vfpool {
namespace {

using pcie::FlowClass;
using pcie::TlpKind;
using std::chrono::milliseconds;

class Registers : public TwoUsers {
 protected:
  std::uint64_t bar(unsigned port) { return find(port == 0 ? owner_tree : user_trees[port], 0x8086).bar[0]; }
  template <class Register>
  Register seen_by(unsigned port, std::uint32_t offset) {
    return Register::unpack(run(servers[port]->read32(bar(port) + offset)));
  }
  void write_by(unsigned port, std::uint32_t offset, std::uint32_t value) {
    servers[port]->write32(bar(port) + offset, value);
    settle();
  }
};

TEST_F(Registers, TheOwnersAreNotForUsers) {
  run(ready());
  write_by(1, regs::Weight::offset(1), regs::Weight{.share = 9}.pack());
  write_by(1, regs::CplTimeoutMs::kOffset, regs::CplTimeoutMs{.ms = 9}.pack());
  write_by(1, regs::HeartbeatMs::kOffset, regs::HeartbeatMs{.ms = 9}.pack());
  EXPECT_EQ(bridge.read<regs::Weight>(1), regs::Weight{});
  EXPECT_EQ(bridge.read<regs::CplTimeoutMs>(), regs::CplTimeoutMs{});
  EXPECT_EQ(bridge.read<regs::HeartbeatMs>(), regs::HeartbeatMs{});
  EXPECT_EQ(seen_by<regs::Weight>(0, regs::Weight::offset(1)), regs::Weight{});
  EXPECT_EQ(seen_by<regs::Weight>(1, regs::Weight::offset(1)).pack(), 0u);
  EXPECT_TRUE(seen_by<regs::Vf>(0, regs::Vf::offset(0)).assigned);
  EXPECT_EQ(seen_by<regs::Vf>(1, regs::Vf::offset(0)), regs::Vf{});
  EXPECT_GT(seen_by<regs::Rx>(0, regs::Rx::offset(0)).value, 0u);
  EXPECT_EQ(seen_by<regs::Rx>(1, regs::Rx::offset(0)).value, 0u);
}

TEST_F(Registers, AUserSeesItsOwnSlotsFromIndexZero) {
  run(ready());
  const unsigned slots = bridge::Bridge::geometry().slots;
  EXPECT_EQ(command(Op::kForce, 1, 0), Result::kDone);
  settle();
  EXPECT_FALSE(seen_by<regs::Slot>(1, regs::Slot::offset(0)).present);
  EXPECT_TRUE(seen_by<regs::Slot>(2, regs::Slot::offset(0)).present);
  EXPECT_TRUE(seen_by<regs::Slot>(0, regs::Slot::offset(slots)).present);
  EXPECT_FALSE(seen_by<regs::Slot>(1, regs::Slot::offset(slots)).present);  // that is user 2's
}

TEST_F(Registers, AWriteOfPartOfAWordHasNoEffect) {
  run(ready());
  write_by(0, regs::Scratch::kOffset, 0x11223344);
  for (const unsigned bytes : {1u, 2u, 3u}) {
    servers[0]->root().mem_write(bar(0) + regs::Scratch::kOffset, std::vector<std::uint8_t>(bytes, 0xff));
    const std::vector<std::uint8_t> force(bytes, static_cast<std::uint8_t>(Op::kForce));
    servers[0]->root().mem_write(bar(0) + regs::Command::kOffset, force);
  }
  settle();
  EXPECT_EQ(seen_by<regs::Scratch>(0, regs::Scratch::kOffset).value, 0x11223344u);
  EXPECT_EQ(seen_by<regs::Scratch>(1, regs::Scratch::kOffset).value, 0u);  // one a port
  EXPECT_EQ(bridge.read<regs::CommandResult>().code, Result::kDone);
}

TEST_F(Registers, ServersThatReadAtOnceGetTheirOwnAnswers) {
  run(ready());
  constexpr std::uint8_t kFirst = 64, kEnd = 72;  // tags
  const auto own = [](unsigned port) { return 0x01010101 * (port + 1); };
  std::vector<Log*> logs_of;
  for (unsigned port = 0; port <= 2; ++port) {
    write_by(port, regs::Scratch::kOffset, own(port));
    logs_of.push_back(&leaving(port));
  }
  owner_sleeps = true;
  for (std::uint8_t tag = kFirst; tag < kEnd; ++tag)
    for (unsigned port = 0; port <= 2; ++port)
      bridge.input(port).deliver(pcie::mem_read(Bdf(0, 0, 0), tag, bar(port) + regs::Scratch::kOffset, 4));
  settle();
  for (unsigned port = 0; port <= 2; ++port) {
    SCOPED_TRACE(port);
    unsigned answers = 0;
    for (const auto& t : logs_of[port]->tlps) {
      if (t.kind() != TlpKind::kCplData || t.tag() < kFirst || t.tag() >= kEnd) continue;
      ++answers;
      EXPECT_EQ(t.data, std::vector<std::uint8_t>(4, static_cast<std::uint8_t>(own(port))));
    }
    EXPECT_EQ(answers, unsigned{kEnd - kFirst});
  }
}

TEST_F(Registers, ValuesBelowTheLeastCountAsTheLeast) {
  bridge.write(regs::CplTimeoutMs{.ms = 1});
  EXPECT_EQ(bridge.read<regs::CplTimeoutMs>().ms, 4u);
  bridge.service_write(regs::Weight::offset(2), 0);
  EXPECT_EQ(bridge.read<regs::Weight>(2u).share, 1u);
  bridge.service_write(regs::Weight::offset(2), ~0u);  // more than the field
  EXPECT_EQ(bridge.read<regs::Weight>(2u), regs::Weight{.share = 31});
}

// Both users have more writes waiting than the device takes.
TEST_F(Registers, WeightsShareTheDevice) {
  run(ready());
  bridge.service_write(regs::Weight::offset(1), regs::Weight{.share = 3}.pack());
  Silent& card = silence_the_card();
  bridge.hold(device(), {FlowClass::kPosted});
  for (unsigned n : {1u, 2u})
    for (unsigned i = 0; i < 60; ++i)
      bridge.input(n).deliver(pcie::mem_write(Bdf(0, 0, 0), fn[n].bar[0] + 0x200,
                                              std::vector<std::uint8_t>(4, static_cast<std::uint8_t>(n))));
  sleep(milliseconds(1));
  bridge.hold(device(), {});
  settle();
  ASSERT_GE(card.tlps.size(), 48u);
  const auto first =
      std::count_if(card.tlps.begin(), card.tlps.begin() + 40, [](const auto& t) { return t.data[0] == 1; });
  EXPECT_NEAR(static_cast<double>(first), 30, 2);
}

TEST_F(Registers, TheLogShowsTheLastPacketThatWasRefused) {
  run(ready());
  const auto stray = pcie::mem_write(Bdf(0, 0, 0), fn[2].bar[0], std::vector<std::uint8_t>(4));
  bridge.input(1).deliver(stray);
  settle();
  EXPECT_EQ(bridge.read<regs::LogLast>().reason, Drop::kNoTarget);
  EXPECT_EQ(bridge.read<regs::LogLast>().port, 1u);
  for (unsigned dw = 0; dw < 4; ++dw) EXPECT_EQ(bridge.read<regs::LogHeader>(dw).value, stray.hdr[dw]) << dw;
}

TEST_F(Registers, RequestsThatNobodyAnswersAreCounted) {
  run(ready());
  Silent& card = silence_the_card();
  bridge.input(1).deliver(pcie::mem_read(Bdf(0, 0, 0), 31, fn[1].bar[0] + 8, 4));
  sleep(milliseconds(20));
  EXPECT_EQ(drops(Drop::kTimeout), 0u);
  EXPECT_EQ(card.count(TlpKind::kMemRead), 1u);
  const auto before = bridge.read<regs::LogCount>().value;
  sleep(milliseconds(20));
  EXPECT_EQ(drops(Drop::kTimeout), 1u);
  EXPECT_EQ(bridge.read<regs::LogCount>().value, before + 1);
  // The other way: a VF asks, and the server says nothing.
  bridge.connect(2, silent);
  from_device(pcie::mem_read(owner_vfs[1].bdf, 3, 0x700000, 4));
  sleep(milliseconds(40));
  EXPECT_EQ(drops(Drop::kTimeout), 2u);
}

TEST_F(Registers, WhatALostLinkEndsIsNoTimeout) {
  run(ready());
  silence_the_card();
  bridge.input(1).deliver(pcie::mem_read(Bdf(0, 0, 0), 31, fn[1].bar[0] + 8, 4));
  settle();
  bridge.set_link(1, false);
  sleep(milliseconds(40));
  EXPECT_EQ(drops(Drop::kTimeout), 0u);
}

}  // namespace
}  // namespace vfpool

// SPDX-License-Identifier: Apache-2.0
// What waits for room while other packets pass, and how long: order within one source, and who is stopped by whom.
#include "two_users.hpp"

namespace vfpool {
namespace {

using pcie::FlowClass;
using pcie::TlpKind;
using std::chrono::milliseconds;

// Around the widths that a count of passing packets could have in hardware.
class Passed : public TwoUsers, public testing::WithParamInterface<unsigned> {};

TEST_P(Passed, AReadThatWritesPassIsStillAnswered) {
  run(ready());
  Log& out = leaving(1);
  bridge.hold(device(), {FlowClass::kNonPosted});
  bridge.input(1).deliver(pcie::mem_read(Bdf(0, 0, 0), 31, fn[1].bar[0] + 8, 4));
  settle();
  for (unsigned i = 0; i < GetParam(); ++i)
    bridge.input(1).deliver(pcie::mem_write(Bdf(0, 0, 0), fn[1].bar[0] + 0x200, std::vector<std::uint8_t>(4)));
  sleep(milliseconds(1));
  ASSERT_EQ(bridge.pending(1), 0u);
  EXPECT_EQ(out.count(TlpKind::kCplData), 0u);
  bridge.hold(device(), {});
  sleep(milliseconds(1));
  EXPECT_EQ(out.count(TlpKind::kCplData), 1u);
}

TEST_P(Passed, AVfsReadThatItsWritesPassIsStillAnswered) {
  run(ready());
  silence_the_card();
  bridge.hold(1, {FlowClass::kNonPosted});
  from_device(pcie::mem_read(owner_vfs[0].bdf, 3, 0x700000, 4));
  settle();
  for (unsigned i = 0; i < GetParam(); ++i)
    from_device(pcie::mem_write(owner_vfs[0].bdf, 0x700000, std::vector<std::uint8_t>(4)));
  sleep(milliseconds(1));
  ASSERT_EQ(bridge.pending(device()), 0u);
  silent.tlps.clear();
  bridge.hold(1, {});
  sleep(milliseconds(1));
  ASSERT_EQ(silent.tlps.size(), 1u);
  EXPECT_EQ(silent.tlps[0].status(), pcie::CplStatus::kSuccess);
}

INSTANTIATE_TEST_SUITE_P(Writes, Passed, testing::Values(1, 100, 127, 128, 200, 255, 256, 300));

class Ordering : public TwoUsers {};

TEST_F(Ordering, ReadsDoNotPassWritesOfTheirSource) {
  run(ready());
  Silent& card = silence_the_card();
  bridge.hold(device(), {FlowClass::kPosted});
  for (unsigned i = 0; i < 3; ++i)
    bridge.input(1).deliver(pcie::mem_write(Bdf(0, 0, 0), fn[1].bar[0] + 0x200, std::vector<std::uint8_t>(4)));
  bridge.input(1).deliver(pcie::mem_read(Bdf(0, 0, 0), 31, fn[1].bar[0] + 8, 4));
  sleep(milliseconds(1));
  EXPECT_EQ(card.tlps.size(), 0u);
  bridge.hold(device(), {});
  settle();
  ASSERT_EQ(card.tlps.size(), 4u);
  for (unsigned i = 0; i < 4; ++i) EXPECT_EQ(card.tlps[i].kind(), i < 3 ? TlpKind::kMemWrite : TlpKind::kMemRead);
}

// The program that reads waits, and the card's reads are answered with packets by the dozen.
TEST_F(Ordering, ARegisterReadDoesNotWaitForAllThatTheCardReadsFromTheSameServer) {
  run(ready());
  silence_the_card();
  const auto registers = find(user_trees[1], 0x8086).bar[0];
  const auto cycles_of_a_read = [&] {
    const auto before = scheduler.cycles();
    run(user(1).read32(registers));
    return scheduler.cycles() - before;
  };
  const auto alone = cycles_of_a_read();
  for (unsigned i = 0; i < 8; ++i)
    from_device(pcie::mem_read(owner_vfs[0].bdf, static_cast<std::uint8_t>(i), 0x700000, 512));
  ASSERT_TRUE(scheduler.run_until([&] { return bridge.pending(1) >= 16; }, milliseconds(1)));
  EXPECT_LE(cycles_of_a_read(), alone + 40);  // a few packets of 8 cycles, of the 16
}

// Its configuration requests go on all the time: they must not make its posted queue look alive.
TEST_F(Ordering, AServerThatTakesNoWritesStopsNobodyElse) {
  run(ready());
  bridge.hold(1, {FlowClass::kPosted});
  for (int i = 0; i < 5; ++i)
    from_device(pcie::mem_write(owner_vfs[0].bdf, 0x700000, std::vector<std::uint8_t>(128, 1)));
  for (int i = 0; i < 10; ++i)
    from_device(pcie::mem_write(owner_vfs[1].bdf, 0x700000 + 4 * i, std::vector<std::uint8_t>(4, 7)));
  for (int i = 0; i < 4; ++i) {
    run(user(1).config_read(Bdf(user_trees[1][1].bdf), 0));
    sleep(milliseconds(2));
  }
  for (int i = 0; i < 10; ++i) EXPECT_EQ(user(2).at(0x700000 + 4 * i, 4)[0], 7) << i;
  EXPECT_GT(drops(Drop::kBlocked), 0u);
}

// What a malformed packet brought is gone, whole.
TEST_F(Ordering, APacketThatIsCutShortLeavesNoByteBehind) {
  run(ready());
  Silent& card = silence_the_card();
  pcie::Tlp t = pcie::mem_write(Bdf(0, 0, 0), fn[1].bar[0] + 0x200, std::vector<std::uint8_t>(64, 0xff));
  t.data.resize(32);  // two beats of four
  bridge.input(1).deliver(t);
  bridge.input(1).deliver(pcie::mem_write(Bdf(0, 0, 0), fn[1].bar[0] + 0x200, std::vector<std::uint8_t>(32, 0x11)));
  settle();
  EXPECT_EQ(drops(Drop::kMalformed), 1u);
  ASSERT_EQ(card.tlps.size(), 1u);
  EXPECT_EQ(card.tlps[0].data, std::vector<std::uint8_t>(32, 0x11));
}

// It takes another way than they do.
TEST_F(Ordering, ConfigurationWritesForTheCardDoNotPassWritesOfTheirSource) {
  run(ready());
  Silent& card = silence_the_card();
  bridge.hold(device(), {FlowClass::kPosted});
  for (unsigned i = 0; i < 3; ++i)
    bridge.input(1).deliver(pcie::mem_write(Bdf(0, 0, 0), fn[1].bar[0] + 0x200, std::vector<std::uint8_t>(4)));
  bridge.input(1).deliver(pcie::cfg_write(Bdf(0, 0, 0), 31, fn[1].bdf, 0x04, std::vector<std::uint8_t>{6, 0}, true));
  sleep(milliseconds(1));
  EXPECT_EQ(card.tlps.size(), 0u);
  bridge.hold(device(), {});
  settle();
  ASSERT_EQ(card.tlps.size(), 4u);
  for (unsigned i = 0; i < 3; ++i) EXPECT_EQ(card.tlps[i].kind(), TlpKind::kMemWrite);
  EXPECT_EQ(card.tlps[3].kind(), TlpKind::kCfgWrite1);
}

// A server that stops in the middle of a packet gets the rest, though all that follows is dropped.
TEST_F(Ordering, APacketThatWasHalfTakenIsTakenWholeWhenItsServerGoesOn) {
  run(ready());
  Log& out = leaving(1);
  const std::vector<std::uint8_t> data(128, 0xa5);
  for (unsigned i = 0; i < 20; ++i) from_device(pcie::mem_write(owner_vfs[0].bdf, 0x700000, data));
  for (unsigned i = 0; i < 100; ++i) bridge.cycle();
  bridge.stall(1, true);
  settle();
  const auto before = out.count(TlpKind::kMemWrite);
  ASSERT_GT(before, 0u);
  sleep(milliseconds(12));
  bridge.stall(1, false);
  settle();
  EXPECT_GT(out.count(TlpKind::kMemWrite), before);
  EXPECT_EQ(out.last(TlpKind::kMemWrite).data, data);
  EXPECT_GT(drops(Drop::kBlocked), 0u);
}

}  // namespace
}  // namespace vfpool

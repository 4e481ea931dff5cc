// SPDX-License-Identifier: Apache-2.0
// What an administrator does to a VF whose driver runs: what changes at once, what at the VF's next reset, and when the
// VF is told.
#include "nic82599/test_direct_card.hpp"

namespace vfpool::nic82599 {
namespace {

constexpr std::uint64_t kRxBuffers = 0x20000, kTxBuffer = 0x8000;
constexpr std::uint64_t kVfMac = 0x028259900100, kPeer = 0x020000000099;
constexpr std::array<std::uint8_t, 6> kNewMac{0x02, 0, 0, 0, 0, 0xa0};

class Administration : public Direct {
 protected:
  explicit Administration(Nic82599::Options nic = {}) : Direct(two(), std::move(nic)) {
    reset_vf(0);
    start_queues();
  }
  // Queue 0 of VF 0, which strips tags into the descriptor, as drivers do.
  void start_queues() {
    received = sent = 0;
    for (unsigned i = 0; i < 32; ++i) {
      const std::uint64_t at[2] = {kRxBuffers + 2048 * i, 0};
      std::memcpy(guest[0].memory.data() + 0x1000 + 16 * i, at, 16);
    }
    put(0, 0x1028, 0);
    put(0, 0x1000, 0x1000);
    put(0, 0x1008, 512);
    put(0, 0x1010, 0);
    put(0, 0x1014, 0x2000002);
    put(0, 0x1028, reg::kDctlEnable | reg::kRxdctlVme);
    put(0, 0x1018, 31);
    put(0, 0x2028, 0);
    put(0, 0x2000, 0x3000);
    put(0, 0x2008, 512);
    put(0, 0x2010, 0);
    put(0, 0x2018, 0);
    put(0, 0x2028, reg::kDctlEnable);
  }
  static wire::Frame frame_to(std::uint64_t dst, std::optional<std::uint16_t> tci = {}) {
    wire::Frame f(80, 0x5a);
    for (unsigned i = 0; i < 6; ++i) {
      f[i] = static_cast<std::uint8_t>(dst >> (40 - 8 * i));
      f[6 + i] = static_cast<std::uint8_t>(kPeer >> (40 - 8 * i));
    }
    put_be16(&f[12], tci ? 0x8100 : 0x88b5);
    if (tci) put_be16(&f[14], *tci);
    if (tci) put_be16(&f[16], 0x88b5);
    return f;
  }
  struct Seen {
    bool arrived = false, tagged = false;
    std::uint16_t tci = 0;
  };
  Seen arrive(const wire::Frame& f) {
    wire.receiver(f);
    settle();
    const std::uint8_t* d = guest[0].memory.data() + 0x1000 + 16 * received;
    if (!(d[8] & 1)) return {};
    ++received;
    return {true, (d[8] & 8) != 0, static_cast<std::uint16_t>(d[14] | d[15] << 8)};
  }
  // One more frame in the queue.
  void post(std::uint64_t src = kVfMac) {
    wire::Frame f(64, 0x5a);
    for (unsigned i = 0; i < 6; ++i) {
      f[i] = static_cast<std::uint8_t>(kPeer >> (40 - 8 * i));
      f[6 + i] = static_cast<std::uint8_t>(src >> (40 - 8 * i));
    }
    put_be16(&f[12], 0x88b5);
    std::copy(f.begin(), f.end(), guest[0].memory.begin() + kTxBuffer);
    const std::uint64_t descriptor[2] = {kTxBuffer,
                                         (64ULL << 14) << 32 | 64 | 3 << 20 | bit(24) | bit(25) | bit(27) | bit(29)};
    std::memcpy(guest[0].memory.data() + 0x3000 + 16 * sent++, descriptor, 16);
  }
  // The frame as it leaves, if it does.
  std::optional<wire::Frame> send(std::uint64_t src = kVfMac) {
    post(src);
    put(0, 0x2018, sent);
    const std::size_t before = wire.sent.size();
    settle();
    return wire.sent.size() > before ? std::optional(wire.sent.back()) : std::nullopt;
  }
  // A ping without "clear to send": the VF's driver is to reset it.
  bool told_to_reset() {
    const bool event = get(0, vfreg::kMailbox) & reg::kMbPfsts;
    return event && get(0, vfreg::kMbMem) == 0x100;
  }
  unsigned received = 0, sent = 0;
};

TEST_F(Administration, APortVlanWorksAtOnceAndIsHiddenAfterTheNextReset) {
  EXPECT_TRUE(arrive(frame_to(kVfMac)).arrived);
  card.pf().set_vf_vlan(0, 100, 3);
  EXPECT_FALSE(told_to_reset());
  EXPECT_FALSE(arrive(frame_to(kVfMac)).arrived);
  EXPECT_FALSE(arrive(frame_to(kVfMac, 101)).arrived);
  Seen s = arrive(frame_to(kVfMac, 100));
  EXPECT_TRUE(s.arrived && s.tagged);  // nothing hides the tag yet
  EXPECT_EQ(s.tci, 100u);
  const auto f = send();
  ASSERT_TRUE(f);
  EXPECT_EQ(be16(f->data() + 12), 0x8100);
  EXPECT_EQ(be16(f->data() + 14), 3 << 13 | 100);
  EXPECT_EQ(ask(0, {4 | 1 << 16, 5})[0] & ~0xff0000u, kNack | 4);  // no VLANs of its own any more

  reset_vf(0);
  EXPECT_EQ(ask(0, {9, 0, 0, 0, 0})[3], 1u);
  start_queues();
  s = arrive(frame_to(kVfMac, 100));
  EXPECT_TRUE(s.arrived);
  EXPECT_FALSE(s.tagged);
  EXPECT_TRUE(send());
}

TEST_F(Administration, APortVlanIsChangedAndTakenAwayAtOnce) {
  card.pf().set_vf_vlan(0, 100, 0);
  card.pf().set_vf_vlan(0, 200, 0);
  EXPECT_FALSE(arrive(frame_to(kVfMac, 100)).arrived);
  EXPECT_TRUE(arrive(frame_to(kVfMac, 200)).arrived);
  card.pf().set_vf_vlan(0, 0, 0);
  EXPECT_TRUE(arrive(frame_to(kVfMac)).arrived);
  EXPECT_FALSE(arrive(frame_to(kVfMac, 200)).arrived);
  const auto f = send();
  ASSERT_TRUE(f);
  EXPECT_EQ(be16(f->data() + 12), 0x88b5);
  EXPECT_EQ(ask(0, {4 | 1 << 16, 5})[0] & ~0xff0000u, kAck | 4);
}

TEST_F(Administration, AnotherAddressCountsAtOnceButTheVfHearsOfItAtItsReset) {
  card.pf().set_vf_mac(0, kNewMac);
  EXPECT_FALSE(told_to_reset());
  EXPECT_FALSE(arrive(frame_to(kVfMac)).arrived);
  EXPECT_TRUE(arrive(frame_to(0x0200000000a0)).arrived);
  EXPECT_FALSE(send());  // the old source is a forged one now
  EXPECT_EQ(ask(0, {2, 0x90598202, 0x0001})[0], kNack | 2);
  put(0, vfreg::kCtrl, reg::kCtrlReset);
  settle();
  const auto r = ask(0, {1});
  EXPECT_EQ(r[0], 0x80000001u);
  EXPECT_EQ(r[1], 0x00000002u);
  EXPECT_EQ(r[2] & 0xffff, 0xa000u);
}

TEST_F(Administration, NoAddressLetsTheVfTakeOne) {
  card.pf().set_vf_mac(0, {});
  put(0, vfreg::kCtrl, reg::kCtrlReset);
  settle();
  EXPECT_EQ(ask(0, {1})[0], 0x40000001u);
}

TEST_F(Administration, TrustIsToldByAPingThatMakesTheVfReset) {
  EXPECT_EQ(ask(0, {0xc, 2})[1], 1u);
  card.pf().set_vf_trust(0, true);
  EXPECT_TRUE(told_to_reset());
  EXPECT_EQ(ask(0, {9})[0], 0x40000009u);  // nothing before it has reset itself
  reset_vf(0);
  EXPECT_EQ(ask(0, {0xc, 2})[1], 2u);
  card.pf().set_vf_trust(0, true);  // says nothing new
  EXPECT_FALSE(told_to_reset());
}

TEST_F(Administration, TheSpoofCheckGoesAndComesAtOnce) {
  EXPECT_FALSE(send(0x020000000077));
  card.pf().set_vf_spoof_check(0, false);
  EXPECT_FALSE(told_to_reset());
  EXPECT_TRUE(send(0x020000000077));
  card.pf().set_vf_spoof_check(0, true);
  EXPECT_FALSE(send(0x020000000077));
}

TEST_F(Administration, ADisabledLinkStopsTheQueuesAndTheVfIsTold) {
  card.pf().set_vf_link(0, false);
  EXPECT_TRUE(told_to_reset());
  EXPECT_FALSE(arrive(frame_to(kVfMac)).arrived);
  EXPECT_FALSE(send());
  reset_vf(0);
  EXPECT_EQ(ask(0, {0x10})[1], 0u);
  start_queues();
  EXPECT_FALSE(arrive(frame_to(kVfMac)).arrived);
  card.pf().set_vf_link(0, true);
  EXPECT_TRUE(told_to_reset());
  reset_vf(0);
  EXPECT_EQ(ask(0, {0x10})[1], 1u);
  start_queues();
  EXPECT_TRUE(arrive(frame_to(kVfMac)).arrived);
}

TEST_F(Administration, ARateSpreadsTheFrames) {
  card.pf().set_vf_rate(0, 20);
  EXPECT_FALSE(told_to_reset());
  for (unsigned i = 0; i < 10; ++i) post();
  put(0, 0x2018, sent);
  settle();
  ASSERT_EQ(wire.times.size(), 10u);
  // A frame is 88 bytes with FCS, preamble and gap.
  const double us = std::chrono::duration<double, std::micro>(wire.times.back() - wire.times.front()).count();
  EXPECT_NEAR(us, 9 * 88 * 8 / 20.0, 2);
  EXPECT_EQ(card.nic().read32(0, 0, reg::kRttbcnrc), reg::kRateEnable | (10'000U << 14) / 20);
  card.pf().set_vf_rate(0, 0);
  EXPECT_EQ(card.nic().read32(0, 0, reg::kRttbcnrc), 0u);
}

TEST_F(Administration, OutlivesAResetOfThePf) {
  card.pf().set_vf_vlan(0, 100, 0);
  card.pf().set_vf_rate(0, 20);
  card.pf().stop();
  card.pf().start();
  EXPECT_EQ(card.nic().read32(0, 0, reg::kVmvir), reg::kVmvirAlways | 100);
  card.nic().write32(0, 0, reg::kRttdqsel, 0);
  EXPECT_TRUE(card.nic().read32(0, 0, reg::kRttbcnrc) & reg::kRateEnable);
}

TEST_F(Administration, WhatCannotBeIsRefused) {
  EXPECT_THROW(card.pf().set_vf_vlan(2, 1, 0), std::invalid_argument);
  EXPECT_THROW(card.pf().set_vf_vlan(0, 4095, 0), std::invalid_argument);
  EXPECT_THROW(card.pf().set_vf_vlan(0, 1, 8), std::invalid_argument);
  EXPECT_THROW(card.pf().set_vf_mac(0, {1, 0, 0, 0, 0, 0}), std::invalid_argument);
  EXPECT_THROW(card.pf().set_vf_rate(0, 10), std::invalid_argument);
  EXPECT_THROW(card.pf().set_vf_rate(0, 10'001), std::invalid_argument);
  for (unsigned vid = 1; vid <= 63; ++vid) ask(0, {4 | 1 << 16, vid});
  EXPECT_THROW(card.pf().set_vf_vlan(1, 100, 0), std::invalid_argument);
  card.pf().stop();
  EXPECT_THROW(card.pf().set_vf_trust(0, true), std::invalid_argument);
}

class LessKind : public Administration {
 protected:
  static Nic82599::Options less_kind() {
    Nic82599::Options o;
    o.hide_vlan_ignored = true;
    return o;
  }
  LessKind() : Administration(less_kind()) {}
};

TEST_F(LessKind, TheTagOfAPortVlanShowsAfterAResetToo) {
  card.pf().set_vf_vlan(0, 100, 0);
  reset_vf(0);
  start_queues();
  const Seen s = arrive(frame_to(kVfMac, 100));
  EXPECT_TRUE(s.arrived && s.tagged);
  EXPECT_EQ(s.tci, 100u);
}

}  // namespace
}  // namespace vfpool::nic82599

// SPDX-License-Identifier: Apache-2.0
// Transmit, receive and the switch, through registers, rings and memory only.
#include <random>

#include "nic82599/test_card.hpp"

namespace vfpool::nic82599 {
namespace {

using Tx = Card;
using Rx = Card;
using Switch = Card;
using Hostile = Card;

constexpr std::uint32_t kTxVlan = bit(30), kTse = bit(31), kIxsm = 1 << 8, kTxsm = 1 << 9;

wire::Frame tcp4(std::uint64_t dst, std::uint64_t src, std::size_t payload) {
  wire::Frame f(54 + payload);
  for (int i = 0; i < 6; ++i) {
    f[i] = static_cast<std::uint8_t>(dst >> (40 - 8 * i));
    f[6 + i] = static_cast<std::uint8_t>(src >> (40 - 8 * i));
  }
  put_be16(&f[12], 0x0800);
  f[14] = 0x45;
  put_be16(&f[16], static_cast<unsigned>(40 + payload));
  put_be16(&f[18], 0x1000);
  f[22] = 64;
  f[23] = 6;
  put_be32(&f[26], 0xc0a80001);
  put_be32(&f[30], 0xc0a80002);
  put_be16(&f[34], 1234);
  put_be16(&f[36], 80);
  put_be32(&f[38], 1000);
  f[46] = 0x50;
  f[47] = 0x19;  // FIN, PSH, ACK
  for (std::size_t i = 0; i < payload; ++i) f[54 + i] = static_cast<std::uint8_t>(i * 7);
  return f;
}

void seed_pseudo(wire::Frame& f, bool with_length) {
  const std::uint32_t sum =
      sum16(Bytes(f).subspan(26, 8), 6 + (with_length ? static_cast<std::uint32_t>(f.size() - 34) : 0));
  put_be16(&f[50], static_cast<std::uint16_t>(~finish_sum(sum)));
}

void good_checksums(wire::Frame& f) {
  put_be16(&f[24], finish_sum(sum16(Bytes(f).subspan(14, 20))));
  seed_pseudo(f, true);
  put_be16(&f[50], finish_sum(sum16(Bytes(f).subspan(34))));
}

TEST_F(Tx, OneFrameReachesTheWireAndIsReported) {
  pf_basic();
  tx_start(0, 0, 0);
  tx_data(0, frame(kOther, kPfMac, 100));
  tx_kick(0, 0, 0);
  settle();
  ASSERT_EQ(wire.sent.size(), 1u);
  EXPECT_EQ(wire.sent[0], frame(kOther, kPfMac, 100));
  EXPECT_EQ(get32(tx_ring(0) + 12) & 1, 1u);
  EXPECT_EQ(pf(0x6010), 1u);
  EXPECT_EQ(pf(0x4080), 1u);    // GPTC
  EXPECT_EQ(pf(0x4080), 0u);    // cleared by reading
  EXPECT_EQ(pf(0x4090), 104u);  // GOTCL
}

TEST_F(Tx, ShortFramesArePadded) {
  pf_basic();
  tx_start(0, 0, 0);
  tx_data(0, frame(kOther, kPfMac, 20));
  tx_kick(0, 0, 0);
  settle();
  ASSERT_EQ(wire.sent.size(), 1u);
  EXPECT_EQ(wire.sent[0].size(), 60u);
}

TEST_F(Tx, HeadWriteBackReplacesDescriptorWriteBack) {
  pf_basic();
  tx_start(0, 0, 0);
  pf(0x6038, 0x8001);
  tx_data(0, frame(kOther, kPfMac));
  tx_kick(0, 0, 0);
  settle();
  EXPECT_EQ(get32(0x8000), 1u);
  EXPECT_EQ(get32(tx_ring(0) + 12) & 1, 0u);
}

TEST_F(Tx, WriteBackThresholdGathersReports) {
  pf_basic();
  tx_start(0, 0, 0);
  pf(0x6028, reg::kDctlEnable | 8 << 16);
  for (int i = 0; i < 20; ++i) tx_data(0, frame(kOther, kPfMac));
  tx_kick(0, 0, 0);
  settle();
  for (unsigned i = 0; i < 20; ++i) EXPECT_EQ(get32(tx_ring(0) + 16 * i + 12) & 1, 1u) << i;
  EXPECT_EQ(dma.writes, 3u);
}

TEST_F(Tx, SegmentationMakesRightHeaders) {
  pf_basic();
  tx_start(0, 0, 0);
  wire::Frame f = tcp4(kOther, kPfMac, 3500);
  put_be16(&f[16], 0);
  seed_pseudo(f, false);
  tx_raw(0, (14 << 9) | 20, 2 << 20 | bit(29) | 0x400 | 0x800, 1000U << 16 | 20 << 8);
  tx_data(0, f, kTse, kIxsm | kTxsm);
  tx_kick(0, 0, 0);
  settle();
  ASSERT_EQ(wire.sent.size(), 4u);
  std::size_t at = 0;
  for (unsigned i = 0; i < 4; ++i) {
    const wire::Frame& s = wire.sent[i];
    const Parsed p = parse(s, 0x8100);
    const ChecksumResult r = verify_checksums(s, p);
    EXPECT_TRUE(r.ip_checked && !r.ip_bad && r.l4_checked && !r.l4_bad) << i;
    EXPECT_EQ(be16(&s[18]), 0x1000 + i);
    EXPECT_EQ(be32(&s[38]), 1000 + at);
    EXPECT_EQ(s[47], i == 3 ? 0x19 : 0x10);
    EXPECT_TRUE(std::equal(s.begin() + 54, s.end(), f.begin() + static_cast<std::ptrdiff_t>(54 + at)));
    at += s.size() - 54;
  }
  EXPECT_EQ(at, 3500u);
}

TEST_F(Tx, VlanTagOfTheContextIsInserted) {
  pf_basic();
  tx_start(0, 0, 0);
  tx_raw(0, 0x2064ULL << 16 | 14 << 9, 2 << 20 | bit(29), bit(4));
  tx_data(0, frame(kOther, kPfMac, 80), kTxVlan, bit(4) | bit(7));
  tx_kick(0, 0, 0);
  settle();
  ASSERT_EQ(wire.sent.size(), 1u);
  EXPECT_EQ(wire.sent[0].size(), 84u);
  EXPECT_EQ(be32(&wire.sent[0][12]), 0x81002064u);
}

TEST_F(Tx, FramesLeaveAtTheLinkRate) {
  pf_basic();
  tx_start(0, 0, 0);
  for (int i = 0; i < 20; ++i) tx_data(0, frame(kOther, kPfMac, 60));
  tx_kick(0, 0, 0);
  settle();
  ASSERT_EQ(wire.times.size(), 20u);
  EXPECT_EQ((wire.times[19] - wire.times[0]).count(), 19 * 67'200);
}

TEST_F(Tx, QueuesShareTheLinkEvenly) {
  enable_vfs(2);
  dma.latency = std::chrono::nanoseconds(800);
  for (unsigned v = 0; v < 2; ++v) {
    tx_start(1 + v, 0, 2 * v);
    for (int i = 0; i < 30; ++i) tx_data(2 * v, frame(kOther, vf_mac(v), 1000));
  }
  tx_kick(1, 0, 0);
  tx_kick(2, 0, 2);
  settle();
  ASSERT_EQ(wire.sent.size(), 60u);
  for (std::size_t i = 2; i + 2 < 60; i += 2) EXPECT_NE(wire.sent[i][11], wire.sent[i + 1][11]) << i;
}

TEST_F(Rx, FrameIsStoredWithStatusAndInterrupt) {
  pf_basic();
  pf(reg::kGpie, reg::kGpieMsix);
  pf(reg::kIvar, 0x81);
  pf(reg::kEimsEx, 2);
  rx_start(0, 0, 0);
  settle();
  wire.receiver(frame(kPfMac, kOther, 200));
  settle();
  EXPECT_EQ(received(0, 0), frame(kPfMac, kOther, 200));
  EXPECT_EQ(rx_status(0, 0) & 3, 3u);
  EXPECT_EQ(dma.count(0, 1), 1u);
  EXPECT_EQ(pf(0x1010), 1u);
  EXPECT_EQ(pf(0x4074), 1u);
}

TEST_F(Rx, OtherAddressesAreFiltered) {
  pf_basic();
  rx_start(0, 0, 0);
  wire.receiver(frame(kOther, kPfMac));
  settle();
  EXPECT_TRUE(received(0, 0).empty());
  pf(reg::kFctrl, reg::kFctrlUpe);
  wire.receiver(frame(kOther, kPfMac));
  settle();
  EXPECT_FALSE(received(0, 0).empty());
}

TEST_F(Rx, ChecksumsPacketTypeAndRssAreReported) {
  pf_basic();
  // The verification suite's key and packet: 66.9.149.187:2794 to 161.142.100.80:1766.
  const std::uint8_t key[40] = {0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3,
                                0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3,
                                0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa};
  for (unsigned i = 0; i < 10; ++i) {
    std::uint32_t v;
    std::memcpy(&v, key + 4 * i, 4);
    pf(reg::kRssrk + 4 * i, v);
  }
  pf(reg::kReta + 4 * ((0x51ccc178 & 0x7f) / 4), 0x01010101);
  pf(reg::kMrqc, 1 | bit(16) | bit(17));
  pf(reg::kRxcsum, reg::kRxcsumPcsd);
  rx_start(0, 0, 0);
  rx_start(0, 1, 1);
  wire::Frame f = tcp4(kPfMac, kOther, 10);
  put_be32(&f[26], 0x420995bb);
  put_be32(&f[30], 0xa18e6450);
  put_be16(&f[34], 2794);
  put_be16(&f[36], 1766);
  good_checksums(f);
  wire.receiver(f);
  f[60] ^= 1;
  wire.receiver(f);
  settle();
  EXPECT_EQ(get32(rx_ring(1) + 4), 0x51ccc178u);
  EXPECT_EQ(get32(rx_ring(1)) & 0xffff, 0x111u);  // TCP over IPv4, hash of TCP
  EXPECT_EQ(rx_status(1, 0) & (bit(5) | bit(6) | bit(30) | bit(31)), bit(5) | bit(6));
  EXPECT_EQ(rx_status(1, 1) & (bit(5) | bit(6) | bit(30) | bit(31)), bit(5) | bit(6) | bit(30));
}

TEST_F(Rx, VlanTagIsStrippedIntoTheDescriptor) {
  pf_basic();
  rx_extra = reg::kRxdctlVme;
  rx_start(0, 0, 0);
  wire::Frame f = frame(kPfMac, kOther, 100, 0x8100);
  put_be16(&f[14], 0x6005);
  wire.receiver(f);
  settle();
  EXPECT_EQ(received(0, 0).size(), 96u);
  EXPECT_EQ(get32(rx_ring(0) + 12) >> 16, 0x6005u);
  EXPECT_TRUE(rx_status(0, 0) & bit(3));
}

TEST_F(Rx, LongFrameTakesSeveralBuffers) {
  pf_basic();
  pf(reg::kHlreg0, pf(reg::kHlreg0) | reg::kHlreg0Jumbo);
  pf(reg::kMaxfrs, 9018U << 16);
  rx_start(0, 0, 0);
  wire.receiver(frame(kPfMac, kOther, 5000));
  wire.receiver(frame(kPfMac, kOther, 9100));
  settle();
  EXPECT_EQ(rx_status(0, 0) & 3, 1u);
  EXPECT_EQ(rx_status(0, 1) & 3, 1u);
  EXPECT_EQ(rx_status(0, 2) & 3, 3u);
  EXPECT_EQ(received(0, 2).size(), 5000u - 4096);
  EXPECT_EQ(rx_status(0, 3) & 1, 0u);
  EXPECT_EQ(pf(0x40ac), 1u);  // ROC
}

TEST_F(Rx, FullRingDropsOrHoldsAsTheQueueSays) {
  pf_basic();
  rx_start(0, 0, 0, 4, 0x2000002 | reg::kSrrctlDropEnable);
  settle();
  for (int i = 0; i < 7; ++i) wire.receiver(frame(kPfMac, kOther));
  settle();
  EXPECT_EQ(nic.counters().rx_no_descriptor, 3u);
  EXPECT_EQ(pf(0x1430), 3u);  // QPRDC
  pf(0x1014, 0x2000002);
  for (int i = 0; i < 3; ++i) wire.receiver(frame(kPfMac, kOther));
  settle();
  EXPECT_EQ(nic.counters().rx_no_descriptor, 3u);
  pf(0x1018, 7);
  settle();
  EXPECT_FALSE(received(0, 6).empty());
}

TEST_F(Rx, QueueThatNobodyEmptiesLeavesRoomForOthers) {
  enable_vfs(2);
  rx_start(1, 0, 0, 2);  // holds, since DROP_EN is off
  rx_start(2, 0, 2);
  for (int i = 0; i < 1000; ++i) wire.receiver(frame(vf_mac(0), kOther, 1500));
  settle();
  wire.receiver(frame(vf_mac(1), kOther));
  settle();
  EXPECT_GT(nic.counters().rx_buffer_full, 0u);
  EXPECT_FALSE(received(2, 0).empty());
}

TEST_F(Rx, LatencyOfTheBusDoesNotLoseFrames) {
  pf_basic();
  dma.latency = std::chrono::microseconds(2);
  rx_start(0, 0, 0);
  for (int i = 0; i < 31; ++i) wire.receiver(frame(kPfMac, kOther, 60 + i));
  settle();
  for (unsigned i = 0; i < 31; ++i) EXPECT_EQ(received(0, i).size(), 60u + i);
}

TEST_F(Rx, CongestedBusDelaysButKeeps) {
  pf_basic();
  rx_start(0, 0, 0);
  settle();
  dma.jammed = true;
  wire.receiver(frame(kPfMac, kOther));
  settle();
  EXPECT_TRUE(received(0, 0).empty());
  dma.unjam();
  settle();
  EXPECT_FALSE(received(0, 0).empty());
}

TEST_F(Rx, MacLoopbackReturnsWhatWasSent) {
  pf_basic();
  pf(reg::kHlreg0, pf(reg::kHlreg0) | reg::kHlreg0Loopback);
  rx_start(0, 0, 0);
  tx_start(0, 0, 0);
  tx_data(0, frame(kBroadcast, kPfMac, 1024));
  tx_kick(0, 0, 0);
  wire.receiver(frame(kBroadcast, kOther));  // the wire is cut off meanwhile
  settle();
  EXPECT_TRUE(wire.sent.empty());
  EXPECT_EQ(received(0, 0), frame(kBroadcast, kPfMac, 1024));
  EXPECT_TRUE(received(0, 1).empty());
}

TEST_F(Switch, VfToVfStaysInsideAndCarriesTheLoopbackBit) {
  enable_vfs(2);
  rx_start(2, 0, 2);
  tx_start(1, 0, 0);
  tx_data(0, frame(vf_mac(1), vf_mac(0), 100));
  tx_kick(1, 0, 0);
  settle();
  EXPECT_TRUE(wire.sent.empty());
  EXPECT_EQ(received(2, 0), frame(vf_mac(1), vf_mac(0), 100));
  EXPECT_TRUE(rx_status(2, 0) & bit(18));
  EXPECT_EQ(get32(tx_ring(0) + 12) & 1, 1u);
  EXPECT_EQ(vf(1, vfreg::kGprc), 1u);
  EXPECT_EQ(vf(1, vfreg::kGprc), 1u);  // not cleared by reading
  EXPECT_EQ(vf(0, vfreg::kGptc), 1u);
  EXPECT_EQ(vf(0, vfreg::kGotcLow), 100u);
}

TEST_F(Switch, CountersOfAVfBeginAnewAtZero) {
  enable_vfs(2);
  rx_start(2, 0, 2);
  tx_start(1, 0, 0);
  nic.set_vf_counters_near_end(1, 1, 101);
  EXPECT_EQ(vf(1, vfreg::kGprc), 0xffff'ffffu);
  EXPECT_EQ(vf(1, vfreg::kMprc), 0xffff'ffffu);
  EXPECT_EQ(vf(1, vfreg::kGorcLow), 0xffff'ff9bu);
  EXPECT_EQ(vf(1, vfreg::kGorcHigh), 0xfu);  // 36 bits
  tx_data(0, frame(vf_mac(1), vf_mac(0), 100));
  tx_kick(1, 0, 0);
  settle();
  EXPECT_EQ(vf(1, vfreg::kGprc), 0u);
  EXPECT_EQ(vf(1, vfreg::kGorcHigh), 0xfu);
  tx_data(0, frame(vf_mac(1), vf_mac(0), 100));
  tx_kick(1, 0, 0);
  settle();
  EXPECT_EQ(vf(1, vfreg::kGprc), 1u);
  EXPECT_EQ(vf(1, vfreg::kGorcLow), 99u);
  EXPECT_EQ(vf(1, vfreg::kGorcHigh), 0u);
  EXPECT_EQ(vf(0, vfreg::kGptc), 2u);  // nobody else's
}

TEST_F(Switch, LocalFramesWaitWhileTheBusIsCongested) {
  enable_vfs(2);
  rx_start(2, 0, 2);
  tx_start(1, 0, 0);
  tx_data(0, frame(vf_mac(1), vf_mac(0), 100));
  dma.latency = std::chrono::microseconds(1);
  tx_kick(1, 0, 0);
  scheduler.run_until([&] { return dma.reads >= 3; }, std::chrono::microseconds(20));  // descriptors of both, the frame
  dma.jammed = true;
  settle();
  EXPECT_TRUE(received(2, 0).empty());
  EXPECT_EQ(get32(tx_ring(0) + 12) & 1, 0u);
  dma.unjam();
  settle();
  EXPECT_FALSE(received(2, 0).empty());
}

TEST_F(Switch, BroadcastGoesToTheWireAndAllOtherPools) {
  enable_vfs(3);
  for (unsigned v = 0; v < 3; ++v) rx_start(1 + v, 0, 2 * v);
  tx_start(1, 0, 0);
  tx_data(0, frame(kBroadcast, vf_mac(0), 100));
  tx_kick(1, 0, 0);
  settle();
  EXPECT_EQ(wire.sent.size(), 1u);
  EXPECT_TRUE(received(0, 0).empty());
  EXPECT_FALSE(received(2, 0).empty());
  EXPECT_FALSE(received(4, 0).empty());
}

TEST_F(Switch, WireFramesReachTheVfByAddressAndVlan) {
  enable_vfs(2);
  rx_start(1, 0, 0);
  rx_start(2, 0, 2);
  wire.receiver(frame(vf_mac(1), kOther));
  wire::Frame tagged = frame(vf_mac(0), kOther, 100, 0x8100);
  put_be16(&tagged[14], 7);
  pf(reg::kVlvf + 4, bit(31) | 7);
  pf(reg::kVlvfb + 8, 2);  // VLAN 7 is VF 1's
  pf(reg::kVtCtl, pf(reg::kVtCtl) | reg::kVtNoDefaultPool);
  wire.receiver(tagged);
  settle();
  EXPECT_FALSE(received(2, 0).empty());
  EXPECT_TRUE(received(0, 0).empty());
  pf(reg::kVlvfb + 8, 1);
  wire.receiver(tagged);
  settle();
  EXPECT_FALSE(received(0, 0).empty());
}

TEST_F(Switch, MulticastReachesPoolsThatJoined) {
  enable_vfs(2);
  rx_start(1, 0, 0);
  rx_start(2, 0, 2);
  const std::uint64_t group = 0x01005e010203;
  pf(reg::kMcstctrl, reg::kMcstctrlMfe);
  const unsigned hash = (0x0302 >> 4) & 0xfff;
  pf(reg::kMta + (hash >> 5) * 4, bit(hash & 31));
  pf(reg::kVmolr + 4, reg::kVmolrAupe | reg::kVmolrRompe);
  wire.receiver(frame(group, kOther));
  settle();
  EXPECT_TRUE(received(0, 0).empty());
  EXPECT_FALSE(received(2, 0).empty());
}

TEST_F(Switch, SpoofedFramesAreDroppedAndCounted) {
  enable_vfs(2);
  pf(reg::kSpoof, 0x01);
  pf(reg::kVmecm, 1);
  tx_start(1, 0, 0);
  tx_data(0, frame(kOther, kOther + 1));
  tx_data(0, frame(kOther, vf_mac(0)));
  tx_kick(1, 0, 0);
  settle();
  EXPECT_EQ(wire.sent.size(), 1u);
  EXPECT_EQ(pf(reg::kSsvpc), 1u);
  EXPECT_EQ(get32(tx_ring(0) + 12) & 1, 1u);  // reported all the same
}

TEST_F(Switch, PortVlanIsInsertedAlways) {
  enable_vfs(1);
  pf(reg::kVmvir, reg::kVmvirAlways | 0x123);
  tx_start(1, 0, 0);
  tx_data(0, frame(kOther, vf_mac(0)));
  tx_kick(1, 0, 0);
  settle();
  ASSERT_EQ(wire.sent.size(), 1u);
  EXPECT_EQ(be32(&wire.sent[0][12]), 0x81000123u);
}

TEST_F(Switch, PoolWithoutTransmitEnableWaits) {
  enable_vfs(1);
  pf(reg::kVfte, 2);
  tx_start(1, 0, 0);
  tx_data(0, frame(kOther, vf_mac(0)));
  tx_kick(1, 0, 0);
  settle();
  EXPECT_TRUE(wire.sent.empty());
  pf(reg::kVfte, 3);
  settle();
  EXPECT_EQ(wire.sent.size(), 1u);
}

TEST_F(Hostile, WrongRingsStopTheQueueOnly) {
  pf_basic();
  rx_start(0, 0, 0);
  pf(0x1018, 0xffff);  // tail beyond the ring
  tx_start(0, 0, 0);
  pf(0x6018, 500);
  pf(0x6040 + 0x18, 5);
  pf(0x6040 + 0x28, reg::kDctlEnable);  // length 0
  settle();
  EXPECT_GE(nic.counters().bad_ring, 2u);
  pf(0x1018, 31);
  wire.receiver(frame(kPfMac, kOther));
  settle();
  EXPECT_FALSE(received(0, 0).empty());
}

TEST_F(Hostile, FailingDmaIsCountedAndEnds) {
  pf_basic();
  tx_start(0, 0, 0);
  tx_raw(0, 0xffffffffffffff00, 1000 | 3U << 20 | bit(24) | bit(27) | bit(29), 0);
  tx_data(0, frame(kOther, kPfMac));
  tx_kick(0, 0, 0);
  settle();
  EXPECT_EQ(wire.sent.size(), 1u);
  EXPECT_EQ(nic.counters().dma_read_errors, 1u);
  dma.fail = true;
  tx_data(0, frame(kOther, kPfMac));
  tx_kick(0, 0, 0);
  rx_start(0, 0, 0);
  settle(std::chrono::microseconds(100));
  EXPECT_EQ(nic.counters().dma_read_errors, 3u);
}

// A ring that is full gets no further tail write: the queue must come back by itself.
TEST_F(Hostile, QueueWhoseDescriptorsCouldNotBeReadTriesAgain) {
  pf_basic();
  dma.fail = true;
  tx_start(0, 0, 0);
  tx_data(0, frame(kOther, kPfMac));
  tx_kick(0, 0, 0);
  rx_start(0, 0, 0);
  settle(std::chrono::seconds(3));
  EXPECT_TRUE(wire.sent.empty());
  EXPECT_LE(nic.counters().dma_read_errors, 2u * 13);  // the pauses grow: 1, 2, 4 ... 1000 ms
  dma.fail = false;
  settle(std::chrono::seconds(1));
  EXPECT_EQ(wire.sent.size(), 1u);
  wire.receiver(frame(kPfMac, kOther));
  settle();
  EXPECT_FALSE(received(0, 0).empty());
}

TEST_F(Hostile, DisabledQueueReadsEnabledUntilItsReadsAreBack) {
  pf_basic();
  dma.latency = std::chrono::microseconds(50);
  rx_start(0, 0, 0);
  settle(std::chrono::microseconds(5));
  pf(0x1028, 0);
  EXPECT_TRUE(pf(0x1028) & reg::kDctlEnable);
  settle();
  EXPECT_FALSE(pf(0x1028) & reg::kDctlEnable);
}

TEST_F(Hostile, RandomDescriptorsAndRegistersNeverHang) {
  const unsigned seed = std::random_device{}();
  RecordProperty("seed", static_cast<int>(seed));
  SCOPED_TRACE(seed);
  std::mt19937 engine(seed);
  const auto rng = [&engine] { return static_cast<std::uint32_t>(engine()); };
  enable_vfs(2);
  for (unsigned v = 0; v < 2; ++v) {
    rx_start(1 + v, 0, 2 * v);
    tx_start(1 + v, 0, 2 * v);
  }
  for (int round = 0; round < 300; ++round) {
    const unsigned v = rng() % 2;
    const unsigned n = 2 * v;
    for (unsigned i = rng() % 8; i > 0; --i) {
      const std::uint32_t dw2 = rng() % 4 != 0 ? (rng() & 0xff003fff) | (2 + rng() % 2) << 20 | bit(29) : rng();
      tx_raw(n, kTxBuffers + rng() % 0x10000, dw2, rng());
    }
    tx_kick(1 + v, 0, n);
    if (round % 3 == 0) vf(v, 4 * (rng() % 0x1000), rng());
    if (round % 7 == 0) {
      rx_start(1 + v, 0, n);
      tx_start(1 + v, 0, n);
    }
    wire::Frame f(rng() % 2000);
    for (auto& b : f) b = static_cast<std::uint8_t>(rng());
    if (f.size() > 20 && round % 2) std::copy_n(mac_bytes(vf_mac(v)).begin(), 6, f.begin());
    wire.receiver(f);
    settle(std::chrono::microseconds(20));
  }
  EXPECT_TRUE(scheduler.run_until([] { return false; }, std::chrono::seconds(1)) == false);
}

}  // namespace
}  // namespace vfpool::nic82599

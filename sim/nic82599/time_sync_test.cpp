// SPDX-License-Identifier: Apache-2.0
// The clock of IEEE 1588 as ixgbe reads and adjusts it, and the stamps of frames.
#include "nic82599/test_card.hpp"

namespace vfpool::nic82599 {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kEnable = bit(4), kValid = bit(0), kEventV2 = 5 << 1, kL4V1 = 1 << 1;
constexpr std::uint32_t kIncrement = 0x666666 * 2;  // ixgbe's at 10 Gb/s: 2^21 a nanosecond
constexpr unsigned kShift = 21;

class TimeSyncTest : public Card {
 protected:
  explicit TimeSyncTest(Nic82599::Options o = {}) : Card(std::move(o)) {}
  std::uint64_t clock() {
    const std::uint32_t low = pf(reg::kSystimLow);
    return static_cast<std::uint64_t>(pf(reg::kSystimHigh)) << 32 | low;
  }
  std::uint64_t nanoseconds() { return clock() >> kShift; }
  void run_clock() { pf(reg::kTiminca, 1 << 24 | kIncrement); }
  void wait(SimTime time) {
    bool over = false;
    scheduler.after(time, [&] { over = true; });
    scheduler.run_until([&] { return over; }, time + 1ms);
  }
  static wire::Frame ptp_l2(unsigned message) {
    wire::Frame f = frame(kPfMac, kOther, 60, 0x88f7);
    f[14] = static_cast<std::uint8_t>(message);
    for (unsigned i = 0; i < 6; ++i) f[14 + 22 + i] = static_cast<std::uint8_t>(0xa0 + i);
    put_be16(&f[14 + 30], 0x1234);
    return f;
  }
  static wire::Frame ptp_udp(unsigned message, unsigned control = 0) {
    wire::Frame f(90);
    for (int i = 0; i < 6; ++i) f[i] = static_cast<std::uint8_t>(kPfMac >> (40 - 8 * i));
    put_be16(&f[12], 0x0800);
    f[14] = 0x45;
    put_be16(&f[16], 76);
    f[23] = 17;
    put_be16(&f[36], 319);
    put_be16(&f[38], 56);
    f[42] = static_cast<std::uint8_t>(message);
    f[42 + 32] = static_cast<std::uint8_t>(control);
    return f;
  }
  bool stamped(const wire::Frame& f) {
    wire.receiver(f);
    settle();
    return pf(reg::kTsyncRxCtl) & kValid;
  }
};

TEST_F(TimeSyncTest, StandsUntilItsIncrementIsSet) {
  wait(1ms);
  EXPECT_EQ(clock(), 0u);
  run_clock();
  wait(1ms);
  EXPECT_NEAR(static_cast<double>(nanoseconds()), 1e6, 10);
}

TEST_F(TimeSyncTest, RunsFasterAndSlowerFromNowOn) {
  run_clock();
  wait(1ms);
  const std::uint64_t before = nanoseconds();
  pf(reg::kTiminca, 1 << 24 | (kIncrement + kIncrement / 100));
  wait(1ms);
  EXPECT_NEAR(static_cast<double>(nanoseconds() - before), 1.01e6, 100);
}

TEST_F(TimeSyncTest, IsSetAndAdjustedBothWays) {
  run_clock();
  pf(reg::kSystimLow, 0);
  pf(reg::kSystimHigh, 7);
  const std::uint64_t set = clock();
  EXPECT_EQ(set >> 32, 7u);
  pf(reg::kTimadjLow, 1000);
  pf(reg::kTimadjHigh, 1);
  EXPECT_EQ(clock(), set + 0x100000000 + 1000);
  pf(reg::kTimadjHigh, bit(31) | 1);
  EXPECT_EQ(clock(), set);
}

TEST_F(TimeSyncTest, ReadingTheLowHalfHoldsTheHighOne) {
  pf(reg::kSystimLow, 0xffffff00);
  run_clock();
  const std::uint32_t low = pf(reg::kSystimLow);
  wait(1us);
  EXPECT_EQ(low, 0xffffff00u);
  EXPECT_EQ(pf(reg::kSystimHigh), 0u);
  pf(reg::kSystimLow);
  EXPECT_EQ(pf(reg::kSystimHigh), 1u);
}

TEST_F(TimeSyncTest, EventsAreStampedOneAtATime) {
  pf_basic();
  rx_start(0, 0, 0);
  run_clock();
  wait(1ms);
  EXPECT_FALSE(stamped(ptp_udp(0)));  // not asked for
  pf(reg::kTsyncRxCtl, kEnable | kEventV2);
  EXPECT_FALSE(stamped(ptp_udp(0xb)));  // an announcement is no event
  EXPECT_FALSE(stamped(frame(kPfMac, kOther)));
  EXPECT_FALSE(stamped(ptp_l2(0)));  // no EtherType filter says that this is PTP
  pf(reg::kEtqf + 12, reg::kEtqfEnable | reg::kEtqf1588 | 0x88f7);
  const std::uint64_t before = clock();
  EXPECT_TRUE(stamped(ptp_l2(0)));
  EXPECT_EQ(pf(reg::kRxSatrLow), 0xa2a3a4a5u);
  EXPECT_EQ(pf(reg::kRxSatrHigh), 0x1234a0a1u);
  EXPECT_TRUE(rx_status(0, 4) & bit(16));
  EXPECT_FALSE(rx_status(0, 3) & bit(16));
  const std::uint32_t low = pf(reg::kRxStampLow);
  wire.receiver(ptp_udp(1));
  settle();
  EXPECT_EQ(pf(reg::kRxStampLow), low);  // the first one is kept until it is read
  EXPECT_FALSE(rx_status(0, 5) & bit(16));
  const std::uint64_t time = static_cast<std::uint64_t>(pf(reg::kRxStampHigh)) << 32 | low;
  EXPECT_GE(time, before);
  EXPECT_LE(time, clock());
  EXPECT_FALSE(pf(reg::kTsyncRxCtl) & kValid);
  EXPECT_TRUE(stamped(ptp_udp(1)));
}

TEST_F(TimeSyncTest, Version1IsToldByItsControlField) {
  pf_basic();
  rx_start(0, 0, 0);
  pf(reg::kTsyncRxCtl, kEnable | kL4V1);
  pf(reg::kRxMtrl, 319U << 16 | 1);
  EXPECT_FALSE(stamped(ptp_udp(0, 0)));
  EXPECT_TRUE(stamped(ptp_udp(0, 1)));
}

TEST_F(TimeSyncTest, SentFramesAreStampedWhenTheirDescriptorAsks) {
  pf_basic();
  tx_start(0, 0, 0);
  run_clock();
  wait(1ms);
  pf(reg::kTsyncTxCtl, kEnable);
  tx_data(0, frame(kOther, kPfMac));
  tx_kick(0, 0, 0);
  settle();
  EXPECT_FALSE(pf(reg::kTsyncTxCtl) & kValid);
  tx_data(0, frame(kOther, kPfMac), bit(19));
  tx_kick(0, 0, 0);
  settle();
  ASSERT_TRUE(pf(reg::kTsyncTxCtl) & kValid);
  const std::uint32_t low = pf(reg::kTxStampLow);
  const std::uint64_t time = static_cast<std::uint64_t>(pf(reg::kTxStampHigh)) << 32 | low;
  EXPECT_GE(time >> kShift, 999'990u);
  EXPECT_LE(time, clock());
  EXPECT_FALSE(pf(reg::kTsyncTxCtl) & kValid);
}

class SlowClock : public TimeSyncTest {
 protected:
  static Nic82599::Options slow() {
    Nic82599::Options o;
    o.link_mbps = 1000;
    return o;
  }
  SlowClock() : TimeSyncTest(slow()) {}
};

TEST_F(SlowClock, CountsUnitsTenTimesAsLongAt1G) {
  run_clock();
  wait(1ms);
  EXPECT_NEAR(static_cast<double>(nanoseconds()), 1e5, 10);
}

}  // namespace
}  // namespace vfpool::nic82599

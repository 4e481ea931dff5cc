// SPDX-License-Identifier: Apache-2.0
#include "station/station.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "wire/loopback.hpp"

namespace vfpool::station {
namespace {

using testing::IsEmpty;
using wire::Loopback;

constexpr std::array<std::uint8_t, 6> kVf{0x02, 0x82, 0x59, 0x90, 0x01, 0x00};
constexpr std::size_t kTo = 30, kUdpPayload = 42;  // in a frame

class StationTest : public testing::Test {
 protected:
  /// What one VF got: datagrams of a flood, and what the marks of its end say of their number.
  struct Got {
    unsigned datagrams = 0;
    std::uint32_t total = 0, address = 0;
  };

  StationTest() {
    ends.first->set_receiver([this](const wire::Frame& f) {
      ASSERT_TRUE(std::equal(kVf.begin(), kVf.end() - 1, f.begin()));
      Got& vf = got[f[5]];
      vf.address = word(f, kTo);
      const std::uint32_t total = word(f, kUdpPayload + 8);
      vf.datagrams += total == 0;
      vf.total = std::max(vf.total, total);
    });
  }
  static std::uint32_t word(const wire::Frame& f, std::size_t at) {
    return std::uint32_t{f[at]} << 24 | std::uint32_t{f[at + 1]} << 16 | std::uint32_t{f[at + 2]} << 8 | f[at + 3];
  }

  Scheduler scheduler{TimeBase::kVirtual};
  std::pair<std::unique_ptr<Loopback>, std::unique_ptr<Loopback>> ends = Loopback::make_pair(scheduler);
  std::map<unsigned, Got> got;  // by the last byte of the address
  Station station{scheduler, *ends.second, kVf, [](const std::string&) { return std::string(); }};
};

TEST_F(StationTest, AFloodIsForVf0) {
  ASSERT_THAT(station.flood(18, 1000, 100, 4), IsEmpty());
  scheduler.run();
  ASSERT_EQ(got.size(), 1U);
  EXPECT_EQ(got[0].address, Station::kGuest);
  EXPECT_NEAR(got[0].datagrams, 100, 2);
  EXPECT_EQ(got[0].total, got[0].datagrams);
}

TEST_F(StationTest, AFloodForSeveralVfsGivesEachAllOfItAtItsAddress) {
  ASSERT_THAT(station.flood(18, 1000, 100, 4, Station::Sum::kGood, 3), IsEmpty());
  scheduler.run();
  ASSERT_EQ(got.size(), 3U);
  for (unsigned vf = 0; vf < 3; ++vf) {
    EXPECT_EQ(got[vf].address, 0x0a000001U + 256 * vf);  // 10.0.n.1
    EXPECT_NEAR(got[vf].datagrams, 100, 2);
    EXPECT_EQ(got[vf].total, got[vf].datagrams);
  }
}

TEST_F(StationTest, WhoHasNoRoomForSecondsAfterAFloodHearsItsEnd) {
  ASSERT_THAT(station.flood(18, 1000, 100, 4), IsEmpty());
  scheduler.after(std::chrono::seconds(5), [this] { got.clear(); });
  scheduler.run();
  EXPECT_NEAR(got[0].total, 100, 2);
  EXPECT_EQ(got[0].datagrams, 0U) << "only its end";
}

TEST_F(StationTest, AFloodThatIsEndedSaysWhatWasSentUntilThen) {
  ASSERT_THAT(station.flood(18, 1000, 60'000, 1), IsEmpty());
  scheduler.after(std::chrono::milliseconds(50), [this] { station.end_flood(); });
  scheduler.run();
  EXPECT_NEAR(got[0].datagrams, 50, 2);
  EXPECT_EQ(got[0].total, got[0].datagrams);
}

}  // namespace
}  // namespace vfpool::station

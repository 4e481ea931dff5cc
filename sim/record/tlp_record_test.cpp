// SPDX-License-Identifier: Apache-2.0
#include "record/tlp_record.hpp"

#include <gmock/gmock.h>

#include "record/test_support.hpp"

namespace vfpool::record {
namespace {

using namespace std::chrono_literals;
using pcie::Bdf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

// Counts cycles without doing anything.
struct Ticker : Clocked {
  int left = 0;
  bool busy() const override { return left > 0; }
  void cycle() override { --left; }
};

class TlpRecordTest : public RecordTest {
 protected:
  Scheduler scheduler{TimeBase::kVirtual};
  std::filesystem::path file = folder / "tlp.pcapng";
  std::shared_ptr<PcapngWriter> writer = std::make_shared<PcapngWriter>(file, "");
  std::vector<TappedPort> ports{{0, "owner"}, {3, "nic0"}};
};

TEST_F(TlpRecordTest, PseudoHeaderStandsBeforeTheBytesOfThePacket) {
  Ticker ticker;
  scheduler.add_clocked(ticker);
  ticker.left = 0x102;
  scheduler.run();
  TlpRecord record(writer, TimeAxis(scheduler), ports);
  const auto tlp = pcie::mem_write(Bdf(4, 16, 0), 0xfee00000, Bytes{1, 2, 3, 4});
  const auto tap = record.tap();
  tap(3, true, tlp);
  tap(1, true, tlp);
  tap(0, false, tlp);
  writer->close();
  const auto packets = read_packets(file);
  ASSERT_EQ(packets.size(), 2U);
  EXPECT_EQ(packets[0].interface, 1U);
  EXPECT_EQ(packets[0].flags, 1U);
  EXPECT_EQ(packets[0].time, 0x102U * 4);
  Bytes expected{1, 3, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2};
  const Bytes bytes = pcie::to_bytes(tlp);
  expected.insert(expected.end(), bytes.begin(), bytes.end());
  EXPECT_EQ(packets[0].bytes, expected);
  EXPECT_EQ(packets[1].interface, 0U);
  EXPECT_EQ(packets[1].flags, 2U);
  EXPECT_EQ(packets[1].bytes[7], 1) << "sequence number";
}

TEST_F(TlpRecordTest, MalformedPacketsSayWhy) {
  TlpRecord record(writer, TimeAxis(scheduler), ports);
  auto tlp = pcie::mem_read(Bdf(1, 0, 0), 7, 0x1000, 4);
  record.see(0, true, tlp);
  tlp.data.assign(8, 0);
  record.see(0, true, tlp);
  writer->close();
  const auto packets = read_packets(file);
  EXPECT_EQ(packets.at(0).comment, "");
  EXPECT_THAT(packets.at(1).comment, StartsWith("malformed: 8 bytes of payload"));
}

TEST_F(TlpRecordTest, TapOutlivesTheRecord) {
  TlpRecord::Tap tap;
  {
    TlpRecord record(writer, TimeAxis(scheduler), ports);
    tap = record.tap();
  }
  tap(0, true, pcie::mem_read(Bdf(1, 0, 0), 7, 0x1000, 4));
  EXPECT_EQ(writer->packets(), 0U);
}

TEST_F(TlpRecordTest, PortsAreChosenByName) {
  const std::vector<TappedPort> all{{0, "owner"}, {1, "user1"}, {2, "nic0"}};
  const auto names = [&](std::vector<std::string> wanted) {
    std::vector<std::string> out;
    for (const auto& port : choose_ports(all, wanted)) out.push_back(port.name);
    return out;
  };
  EXPECT_THAT(names({}), ElementsAre("owner", "user1", "nic0"));
  EXPECT_THAT(names({"nic0", "owner"}), ElementsAre("owner", "nic0"));
  try {
    names({"user9"});
    FAIL();
  } catch (const std::invalid_argument& error) {
    EXPECT_THAT(error.what(), HasSubstr("owner, user1, nic0"));
  }
  EXPECT_THROW(TlpRecord(writer, TimeAxis(scheduler), std::vector<TappedPort>{{256, "x"}}), std::invalid_argument);
}

TEST(TimeAxis, WallTimeIsTheTimeOfDay) {
  const Scheduler scheduler(TimeBase::kWall);
  const TimeAxis axis(scheduler);
  const auto apart = std::chrono::system_clock::now().time_since_epoch() - axis.now();
  EXPECT_LT(std::chrono::abs(apart), 5s);
}

}  // namespace
}  // namespace vfpool::record

// SPDX-License-Identifier: Apache-2.0
#include "record/frame_record.hpp"

#include <gmock/gmock.h>

#include <optional>

#include "record/test_support.hpp"
#include "record/tlp_record.hpp"
#include "wire/loopback.hpp"

namespace vfpool::record {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

class FrameRecordTest : public RecordTest {
 protected:
  FrameRecordTest() {
    auto [near_end, far_end] = wire::Loopback::make_pair(scheduler);
    peer = std::move(far_end);
    record.emplace(std::move(near_end), writer, TimeAxis(scheduler), "nic0");
  }

  Scheduler scheduler{TimeBase::kVirtual};
  std::filesystem::path file = folder / "wire.pcapng";
  std::shared_ptr<PcapngWriter> writer = std::make_shared<PcapngWriter>(file, "");
  std::unique_ptr<wire::Loopback> peer;
  std::optional<FrameRecord> record;
};

TEST_F(FrameRecordTest, RecordsBothWaysAndHandsOn) {
  std::vector<wire::Frame> at_nic, at_peer;
  record->set_receiver([&](wire::Frame f) { at_nic.push_back(std::move(f)); });
  peer->set_receiver([&](wire::Frame f) { at_peer.push_back(std::move(f)); });
  record->send(wire::Frame(60, 1));
  scheduler.after(SimTime(3us), [&] { peer->send(wire::Frame(64, 2)); });
  scheduler.run();
  EXPECT_THAT(at_peer, ElementsAre(wire::Frame(60, 1)));
  EXPECT_THAT(at_nic, ElementsAre(wire::Frame(64, 2)));
  writer->close();
  const auto packets = read_packets(file);
  ASSERT_EQ(packets.size(), 2U);
  EXPECT_EQ(packets[0].flags, 2U);
  EXPECT_EQ(packets[0].time, 0U);
  EXPECT_EQ(packets[0].bytes, wire::Frame(60, 1));
  EXPECT_EQ(packets[1].flags, 1U);
  EXPECT_EQ(packets[1].time, 3000U);
  EXPECT_EQ(packets[1].bytes, wire::Frame(64, 2));
}

TEST_F(FrameRecordTest, LinkAndPauseAreTheWires) {
  bool up = false;
  record->set_link_handler([&](bool now) { up = now; });
  EXPECT_FALSE(record->link_up());
  peer->set_receiver([](wire::Frame) {});
  EXPECT_TRUE(up);
  EXPECT_TRUE(record->link_up());
  EXPECT_FALSE(peer->link_up());
  int received = 0;
  record->set_receiver([&](wire::Frame) { ++received; });
  EXPECT_TRUE(peer->link_up());
  record->set_paused(true);
  peer->send(wire::Frame(60, 1));
  scheduler.run();
  EXPECT_EQ(received, 0);
  record->set_paused(false);
  scheduler.run();
  EXPECT_EQ(received, 1);
  record->set_receiver({});
  EXPECT_FALSE(peer->link_up());
}

TEST_F(FrameRecordTest, TsharkReadsFramesAndTlpsOfOneFile) {
  if (!have_tshark()) GTEST_SKIP() << "no tshark";
  TlpRecord tlps(writer, TimeAxis(scheduler), std::vector<TappedPort>{{1, "user1"}});
  wire::Frame frame(60, 0);
  const std::array<std::uint8_t, 14> head{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xb5};
  std::copy(head.begin(), head.end(), frame.begin());
  record->send(frame);
  scheduler.at(SimTime(7ns), [&] { tlps.see(1, true, pcie::mem_read(pcie::Bdf(4, 16, 0), 3, 0xfee00000, 64)); });
  scheduler.run();
  writer->close();
  EXPECT_THAT(
      lines_of(tshark(file,
                      "-T fields -e frame.interface_name -e frame.time_relative -e frame.packet_flags_direction "
                      "-e frame.protocols -e eth.src -e vfpool_tlp.tag 2>/dev/null")),
      ElementsAre("nic0\t0.000000000\t0x00000002\teth:ethertype:data\t02:00:00:00:00:02\t",
                  "user1\t0.000000007\t0x00000001\tvfpool_tlp\t\t3"));
}

}  // namespace
}  // namespace vfpool::record

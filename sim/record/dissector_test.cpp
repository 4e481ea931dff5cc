// SPDX-License-Identifier: Apache-2.0
// vfpool_tlp.lua, run by tshark.
#include <gmock/gmock.h>

#include <iostream>
#include <random>

#include "record/test_support.hpp"
#include "record/tlp_record.hpp"

namespace vfpool::record {
namespace {

using namespace std::chrono_literals;
using pcie::Bdf;
using pcie::Tlp;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kInfo = "-T fields -e _ws.col.info 2>/dev/null";

class DissectorTest : public RecordTest {
 protected:
  void SetUp() override {
    if (!have_tshark()) GTEST_SKIP() << "no tshark";
  }

  void see(bool toward_bridge, const Tlp& tlp) { record.see(1, toward_bridge, tlp); }

  // A packet of any bytes behind a valid pseudo header.
  void see_bytes(std::span<const std::uint8_t> bytes) {
    writer->packet(0, 0ns, Direction::kInbound, TlpPseudoHeader{1, true, 0, 0}.bytes(), bytes);
  }

  std::string show(const std::string& arguments) {
    writer->close();
    return tshark(file, arguments);
  }

  Scheduler scheduler{TimeBase::kVirtual};
  std::filesystem::path file = folder / "tlp.pcapng";
  std::shared_ptr<PcapngWriter> writer = std::make_shared<PcapngWriter>(file, "");
  TlpRecord record{writer, TimeAxis(scheduler), std::vector<TappedPort>{{1, "user1"}}};
  const Bdf vf{4, 16, 0};
  const Bdf root{0, 0, 0};
};

TEST_F(DissectorTest, InfoColumnTellsEachKind) {
  see(true, pcie::mem_write(vf, 0xfee00000, Bytes(4)));
  see(true, pcie::mem_write(vf, 0xfee00001, Bytes(6)));
  see(true, pcie::mem_write(vf, 0x12'3456'7000, Bytes(128)));
  const Tlp read = pcie::mem_read(vf, 9, 0x1'0000'0042, 100);
  see(true, read);
  see(true, pcie::mem_read(vf, 10, 0x2000, 0));
  for (const Tlp& part : pcie::completions_with_data(read, root, Bytes(100), 64, 64)) see(false, part);
  see(false, pcie::cfg_read(root, 1, Bdf(4, 0, 1), 0x106, 2, false));
  see(true, pcie::completion(pcie::cfg_read(root, 1, Bdf(4, 0, 1), 0x106, 2, false), Bdf(4, 0, 1),
                             pcie::CplStatus::kUnsupported));
  see(false, pcie::cfg_write(root, 2, Bdf(5, 3, 7), 0x4, Bytes(4), true));
  Tlp other;
  other.hdr = {0x34000000, 0x0400'0018, 0, 0};
  see(true, other);
  other.hdr = {0x34000000, 0x0400'0077, 0, 0};
  see(true, other);
  other.hdr = {0x02000001, 0x0000'050f, 0xe000, 0};
  see(false, other);
  other.hdr = {0x4c000001, 0x0000'060f, 0x1000, 0};
  other.data.assign(4, 0);
  see(false, other);
  other.hdr = {0x1f000001, 0, 0, 0};
  other.data.clear();
  see(false, other);
  EXPECT_THAT(
      lines_of(show(kInfo)),
      ElementsAre("MWr 04:10.0 0xfee00000 4 B", "MWr 04:10.0 0xfee00001 6 B", "MWr 04:10.0 0x1234567000 128 B",
                  "MRd 04:10.0 tag 9 0x100000042 100 B", "MRd 04:10.0 tag 10 0x00002000 0 B",
                  "CplD for 04:10.0 tag 9 from 00:00.0 SC 62 B of 100", "CplD for 04:10.0 tag 9 from 00:00.0 SC 38 B",
                  "CfgRd0 00:00.0 tag 1 to 04:00.1 reg 0x106 2 B", "Cpl for 00:00.0 tag 1 from 04:00.1 UR",
                  "CfgWr1 00:00.0 tag 2 to 05:03.7 reg 0x004 4 B", "Msg 04:00.0 PM_PME", "Msg 04:00.0 code 0x77",
                  "IORd 00:00.0 tag 5 0x0000e000 4 B", "FetchAdd 00:00.0 tag 6 0x00001000 4 B", "Unknown 0x1f"));
}

TEST_F(DissectorTest, HeaderFieldsCanBeFiltered) {
  Tlp tlp = pcie::mem_write(vf, 0x12'3456'7004, Bytes{0xde, 0xad, 0xbe, 0xef, 1, 2, 3, 4});
  tlp.hdr[0] |= 0x00507400;  // traffic class 5, poisoned, relaxed ordering, no snoop, address type 1
  see(true, tlp);
  see(false, pcie::mem_write(root, 0x1000, Bytes(4)));
  const auto lines = lines_of(
      show("-Y 'vfpool_tlp.requester == \"04:10.0\"' -T fields -e vfpool_tlp.port -e vfpool_tlp.direction "
           "-e vfpool_tlp.sequence -e vfpool_tlp.cycle -e vfpool_tlp.fmt -e vfpool_tlp.type -e vfpool_tlp.tc "
           "-e vfpool_tlp.ep -e vfpool_tlp.attr.ro -e vfpool_tlp.attr.ns -e vfpool_tlp.attr.ido -e vfpool_tlp.at "
           "-e vfpool_tlp.length -e vfpool_tlp.first_be -e vfpool_tlp.last_be -e vfpool_tlp.address "
           "-e vfpool_tlp.data -e _ws.col.def_src -e _ws.col.def_dst -E separator=, 2>/dev/null"));
  EXPECT_THAT(lines, ElementsAre("1,1,0,0,3,0x00000000,5,True,True,True,False,1,2,0x0f,0x0f,0x0000001234567004,"
                                 "deadbeef01020304,user1,bridge"));
}

TEST_F(DissectorTest, CompletionFieldsAndNames) {
  const Tlp read = pcie::mem_read(vf, 9, 0x1042, 16);
  see(true, read);
  scheduler.at(SimTime(1240ns), [&] {
    for (const Tlp& part : pcie::completions_with_data(read, root, Bytes(16), 128, 64)) see(false, part);
    see(false, pcie::completion(read, root, pcie::CplStatus::kAbort));
  });
  scheduler.run();
  writer->close();
  EXPECT_THAT(
      lines_of(tshark(file,
                      "-2 -T fields -e vfpool_tlp.completion_frame -e vfpool_tlp.request_frame -e vfpool_tlp.latency "
                      "-e vfpool_tlp.completer -e vfpool_tlp.byte_count -e vfpool_tlp.lower_address "
                      "-e vfpool_tlp.status -E separator=, 2>/dev/null")),
      ElementsAre("2,,,,,,", ",1,0.000001240,00:00.0,16,0x42,0", ",,,00:00.0,16,0x42,4"));
  const std::string all = tshark(file, "-V 2>/dev/null");
  EXPECT_THAT(all, HasSubstr("Completion status: Successful Completion (0)"));
  EXPECT_THAT(all, HasSubstr("Completion status: Completer Abort (4)"));
  EXPECT_THAT(all, HasSubstr("Completion of no request in this record"));
}

TEST_F(DissectorTest, SaysWhatIsMalformed) {
  Tlp tlp = pcie::mem_read(vf, 1, 0x1ffc, 4);
  tlp.hdr[0] |= 2;
  tlp.hdr[1] |= 0xf0;
  see(true, tlp);
  tlp = pcie::mem_write(vf, 0x1000, Bytes(8));
  tlp.data.resize(4);
  see(true, tlp);
  see_bytes(Bytes{0x60, 0, 0, 1});
  see_bytes({});
  writer->packet(0, 0ns, Direction::kInbound, {}, Bytes(64, 9));
  writer->packet(0, 0ns, Direction::kInbound, {}, {});
  const auto experts = lines_of(show("-T fields -e _ws.expert.message 2>/dev/null"));
  ASSERT_EQ(experts.size(), 6U);
  EXPECT_THAT(experts[0], HasSubstr("Crosses a 4 KiB boundary"));
  EXPECT_THAT(experts[1], HasSubstr("Length does not agree with the data"));
  EXPECT_THAT(experts[2], HasSubstr("Too short for its header"));
  EXPECT_THAT(experts[3], HasSubstr("Too short for its header"));
  EXPECT_THAT(experts[4], HasSubstr("Unknown version of the record's header"));
}

TEST_F(DissectorTest, RandomBytesNeverRaiseALuaError) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::cout << "seed " << seed << "\n";
  std::mt19937 random(seed);
  // Every format and type at every length around the header's, then anything.
  for (unsigned kind = 0; kind < 256; ++kind)
    for (unsigned size : {1U, 3U, 4U, 7U, 11U, 12U, 15U, 16U, 20U, 21U}) {
      Bytes bytes(size);
      for (auto& b : bytes) b = static_cast<std::uint8_t>(random());
      bytes[0] = static_cast<std::uint8_t>(kind);
      see_bytes(bytes);
    }
  for (int i = 0; i < 3000; ++i) {
    Bytes bytes(random() % 80);
    for (auto& b : bytes) b = static_cast<std::uint8_t>(random());
    if (!bytes.empty() && random() % 4 != 0) bytes[0] = TlpPseudoHeader::kVersion;
    writer->packet(0, std::chrono::nanoseconds(random()), Direction::kInbound, {}, bytes);
  }
  const std::string all = show("-2 -V 2>&1");
  EXPECT_TRUE(all.find("Frame 5560:") != std::string::npos);
  EXPECT_TRUE(all.find("Requester ID") != std::string::npos) << "the dissector did not run";
  for (const std::string& line : lines_of(all))
    for (const char* trouble : {"Lua", "issector bug", "Malformed Packet"}) ASSERT_THAT(line, Not(HasSubstr(trouble)));
}

}  // namespace
}  // namespace vfpool::record

// SPDX-License-Identifier: Apache-2.0
#include "record/pcapng.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <iostream>
#include <random>

#include "record/test_support.hpp"

namespace vfpool::record {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

class PcapngTest : public RecordTest {
 protected:
  std::filesystem::path file = folder / "out.pcapng";
};

TEST_F(PcapngTest, DescribesSectionAndInterfaces) {
  {
    PcapngWriter writer(file, "what this is");
    EXPECT_EQ(writer.add_interface(LinkType::kUser0, "owner", "TLPs"), 0U);
    EXPECT_EQ(writer.add_interface(LinkType::kEthernet, "nic0", ""), 1U);
  }
  const auto blocks = read_blocks(file);
  ASSERT_EQ(blocks.size(), 5U);
  EXPECT_EQ(blocks[0].type, 0x0A0D0D0AU);
  EXPECT_EQ(le32(blocks[0].body, 0), 0x1A2B3C4DU);
  EXPECT_EQ(text_of(blocks[0].options(16)[1]), "what this is");
  EXPECT_EQ(blocks[1].type, 1U);
  EXPECT_EQ(le16(blocks[1].body, 0), 147U);
  auto options = blocks[1].options(8);
  EXPECT_EQ(text_of(options[2]), "owner");
  EXPECT_EQ(text_of(options[3]), "TLPs");
  EXPECT_THAT(options[9], ElementsAre(9));
  EXPECT_EQ(le16(blocks[2].body, 0), 1U);
  EXPECT_THAT(blocks[2].options(8)[13], ElementsAre(0));
  EXPECT_EQ(blocks[3].type, 5U);
  EXPECT_EQ(blocks[4].type, 5U);
}

TEST_F(PcapngTest, KeepsBytesTimesDirectionsAndComments) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::cout << "seed " << seed << "\n";
  std::mt19937 random(seed);
  std::vector<ReadPacket> sent;
  {
    PcapngWriter writer(file, "");
    std::uint32_t interfaces = 0;
    for (int i = 0; i < 2000; ++i) {
      if (interfaces == 0 || random() % 500 == 0) interfaces = writer.add_interface(LinkType::kUser0, "x", "y") + 1;
      ReadPacket p{.interface = static_cast<std::uint32_t>(random() % interfaces),
                   .flags = random() % 2 ? 1U : 2U,
                   .time = 1'700'000'000'000'000'000ULL + random(),
                   .bytes = Bytes(random() % 2000),
                   .comment = std::string(random() % 7, 'c')};
      for (auto& b : p.bytes) b = static_cast<std::uint8_t>(random());
      p.length = static_cast<std::uint32_t>(p.bytes.size());
      const std::size_t cut = p.bytes.empty() ? 0 : random() % p.bytes.size();
      const std::span<const std::uint8_t> all(p.bytes);
      writer.packet(p.interface, std::chrono::nanoseconds(p.time),
                    p.flags == 1 ? Direction::kInbound : Direction::kOutbound, all.first(cut), all.subspan(cut),
                    p.comment);
      sent.push_back(std::move(p));
    }
    EXPECT_EQ(writer.packets(), 2000U);
  }
  const auto got = read_packets(file);
  ASSERT_EQ(got.size(), sent.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    EXPECT_EQ(got[i].interface, sent[i].interface);
    EXPECT_EQ(got[i].flags, sent[i].flags);
    EXPECT_EQ(got[i].time, sent[i].time);
    EXPECT_EQ(got[i].length, sent[i].length);
    EXPECT_EQ(got[i].bytes, sent[i].bytes);
    EXPECT_EQ(got[i].comment, sent[i].comment);
  }
}

TEST_F(PcapngTest, StatisticsTellFirstLastAndNumber) {
  {
    PcapngWriter writer(file, "");
    const auto id = writer.add_interface(LinkType::kEthernet, "nic0", "");
    writer.packet(id, 0x1'0000'0002ns, Direction::kInbound, {}, Bytes(60));
    writer.packet(id, 0x1'0000'0005ns, Direction::kOutbound, {}, Bytes(60));
  }
  auto options = read_blocks(file).back().options(12);
  EXPECT_EQ(le32(options[2], 0), 1U);
  EXPECT_EQ(le32(options[2], 4), 2U);
  EXPECT_EQ(le32(options[3], 4), 5U);
  EXPECT_EQ(le64(options[4], 0), 2U);
  EXPECT_EQ(le64(options[5], 0), 0U);
}

TEST_F(PcapngTest, FlushedFileIsWholeWhileWritingGoesOn) {
  PcapngWriter writer(file, "");
  const auto id = writer.add_interface(LinkType::kEthernet, "nic0", "");
  writer.packet(id, 1ns, Direction::kInbound, {}, Bytes(61));
  writer.flush();
  EXPECT_EQ(read_packets(file).size(), 1U);
  writer.packet(id, 2ns, Direction::kInbound, {}, Bytes(61));
  EXPECT_EQ(read_packets(file).size(), 1U) << "buffered";
  writer.flush();
  EXPECT_EQ(read_packets(file).size(), 2U);
}

TEST_F(PcapngTest, FillingTheBufferWritesWholeBlocks) {
  PcapngWriter writer(file, "");
  const auto id = writer.add_interface(LinkType::kEthernet, "nic0", "");
  for (int i = 0; i < 3000; ++i) writer.packet(id, 1ns, Direction::kInbound, {}, Bytes(301));
  const auto packets = read_packets(file);
  EXPECT_GT(packets.size(), 0U);
  EXPECT_LT(packets.size(), 3000U);
}

TEST_F(PcapngTest, CutsOffWhatWiresharkWouldRefuse) {
  {
    PcapngWriter writer(file, "");
    const auto id = writer.add_interface(LinkType::kUser0, "x", "");
    writer.packet(id, 1ns, Direction::kInbound, Bytes(16), Bytes(PcapngWriter::kMaxPacket));
    writer.packet(id, -5ns, Direction::kInbound, {}, Bytes(4), std::string(70'000, 'c'));
  }
  const auto packets = read_packets(file);
  ASSERT_EQ(packets.size(), 2U);
  EXPECT_EQ(packets[0].bytes.size(), PcapngWriter::kMaxPacket);
  EXPECT_EQ(packets[0].length, PcapngWriter::kMaxPacket + 16);
  EXPECT_EQ(packets[1].time, 0U);
  EXPECT_EQ(packets[1].comment.size(), 65'535U);
}

TEST_F(PcapngTest, LongTextIsNotCutInsideACharacter) {
  std::string text(65'534, 'c');
  text += "\xC3\xA4";  // two bytes, of which one would fit
  {
    PcapngWriter writer(file, "");
    writer.packet(writer.add_interface(LinkType::kUser0, "x", ""), 1ns, Direction::kInbound, {}, Bytes(4), text);
  }
  EXPECT_EQ(read_packets(file).at(0).comment, std::string(65'534, 'c'));
}

TEST_F(PcapngTest, RefusesWhatCannotBeWritten) {
  EXPECT_THROW(PcapngWriter(folder / "absent" / "x", ""), std::runtime_error);
  EXPECT_THROW(PcapngWriter(folder, ""), std::runtime_error);
  const auto fifo = folder / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_THROW(PcapngWriter(fifo, ""), std::runtime_error);
  const int reader = ::open(fifo.c_str(), O_RDONLY | O_NONBLOCK);
  EXPECT_THROW(PcapngWriter(fifo, ""), std::runtime_error);
  ::close(reader);
}

TEST_F(PcapngTest, FullDeviceStopsTheRecord) {
  PcapngWriter writer("/dev/full", "");
  const auto id = writer.add_interface(LinkType::kEthernet, "nic0", "");
  writer.packet(id, 1ns, Direction::kInbound, {}, Bytes(60));
  writer.flush();
  EXPECT_TRUE(writer.failed());
  writer.packet(id, 2ns, Direction::kInbound, {}, Bytes(60));
  writer.add_interface(LinkType::kEthernet, "late", "");
  writer.flush();
  EXPECT_EQ(writer.packets(), 0U);
  EXPECT_THAT(writer.state(), HasSubstr("2 packets lost"));
}

TEST_F(PcapngTest, FileThatMayNotGrowEndsWithAWholePacket) {
  constexpr rlim_t kLimit = 300'000;
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit old{};
  ::getrlimit(RLIMIT_FSIZE, &old);
  const rlimit small{kLimit, old.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  std::uint64_t counted = 0;
  {
    PcapngWriter writer(file, "");
    const auto id = writer.add_interface(LinkType::kEthernet, "nic0", "");
    for (int i = 0; i < 5000; ++i) writer.packet(id, 1ns, Direction::kInbound, {}, Bytes(203));
    writer.close();
    EXPECT_TRUE(writer.failed());
    counted = writer.packets();
  }
  ::setrlimit(RLIMIT_FSIZE, &old);
  std::signal(SIGXFSZ, old_handler);
  EXPECT_EQ(read_packets(file).size(), counted);
  EXPECT_GT(std::filesystem::file_size(file), kLimit - 300);
}

}  // namespace
}  // namespace vfpool::record

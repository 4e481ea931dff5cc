// SPDX-License-Identifier: Apache-2.0
#include "stream.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <stdexcept>

#include "config/error.hpp"

namespace vfpool::trafgen {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr double kLink = 1e10;

class StreamFileTest : public testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove(file_); }
  std::vector<Stream> read(const std::string& text) {
    std::ofstream(file_) << text;
    return read_streams(file_, kLink);
  }
  std::string error(const std::string& text) {
    try {
      read(text);
    } catch (const config::ConfigError& e) {
      return e.what();
    }
    return "no error";
  }
  std::filesystem::path file_ =
      std::filesystem::temp_directory_path() / ("trafgen-streams-" + std::to_string(getpid()) + ".toml");
};

TEST(SizesTest, ReadsFixedRangesAndMixes) {
  EXPECT_THAT(parse_sizes("64"), ElementsAre(64));
  EXPECT_THAT(parse_sizes("64-70/3"), ElementsAre(64, 67, 70));
  EXPECT_EQ(parse_sizes("64-1518").size(), 1455U);
  auto imix = parse_sizes("imix");
  EXPECT_THAT(imix, testing::Not(testing::Contains(testing::Lt(64))));
  EXPECT_EQ(std::count(imix.begin(), imix.end(), 64), 7);
  EXPECT_EQ(std::count(imix.begin(), imix.end(), 570), 4);
  EXPECT_EQ(std::count(imix.begin(), imix.end(), 1518), 1);
  EXPECT_THAT(parse_sizes("64:2,128:2"), ElementsAre(64, 128, 64, 128));
}

TEST(SizesTest, RefusesWhatIsNoSize) {
  for (const char* text : {"", "63", "9217", "x", "64-", "-64", "128-64", "64-128/0", "64/2-9", "64:", "64:0", "64:1,",
                           "64:99999", "64:9000,65:9000", "99999999999999999999", "64 "})
    EXPECT_THROW(parse_sizes(text), std::invalid_argument) << text;
}

TEST_F(StreamFileTest, ReadsAllKeys) {
  const auto streams = read(R"(
[[stream]]
name = "voice"
size = "128"
rate = "10 %"
flows = 8
burst = 4
protocol = "tcp"
vlan = 7
priority = 5
source = { mac = "02:00:00:00:00:0a", ip = "10.0.0.1", port = 2000 }
destination = { ip = "10.0.0.2", port = 80 }
[[stream]]
)");
  ASSERT_EQ(streams.size(), 2U);
  const Stream& s = streams[0];
  EXPECT_EQ(s.name, "voice");
  EXPECT_THAT(s.sizes, ElementsAre(128));
  EXPECT_EQ(s.rate.value, 0.1);
  EXPECT_EQ(s.flows, 8U);
  EXPECT_EQ(s.burst, 4U);
  EXPECT_EQ(s.protocol, Protocol::kTcp);
  EXPECT_EQ(s.vlan, 7U);
  EXPECT_EQ(s.priority, 5U);
  EXPECT_EQ(s.source.mac[5], 0x0a);
  EXPECT_EQ(s.source.ip, 0x0a000001U);
  EXPECT_EQ(s.destination.port, 80);
  EXPECT_EQ(s.destination.mac, Stream::kDestination.mac);
  EXPECT_EQ(streams[1].name, "stream2");
}

TEST_F(StreamFileTest, ErrorsNameFileLineAndWhatIsWrong) {
  EXPECT_THAT(error("[[stream]]\n\nsize = \"12\"\n"), HasSubstr(".toml:3: stream 1: size"));
  EXPECT_THAT(error("[[stream]]\nrate = \"5 parsec\"\n"), HasSubstr("unit \"parsec\""));
  EXPECT_THAT(error("[[stream]]\nspeed = 5\n"), HasSubstr("speed is not known here"));
  EXPECT_THAT(error("[[stream]]\nsource = { ip = \"300.0.0.1\" }\n"), HasSubstr("is no IPv4 address"));
  EXPECT_THAT(error("[[stream]]\nsource = { mac = \"02:00\" }\n"), HasSubstr("is no MAC address"));
  EXPECT_THAT(error("[[stream]]\nvlan = 4095\n"), HasSubstr("from 0 to 4094"));
  EXPECT_THAT(error("[[stream]]\npriority = 1\n"), HasSubstr("priority is not known here"));
  EXPECT_THAT(error("stream = 5\n"), HasSubstr("list of tables"));
  EXPECT_THAT(error("[[stream]\n"), HasSubstr(".toml:1"));
  EXPECT_THAT(error(""), HasSubstr("no stream"));
}

TEST_F(StreamFileTest, ImpossibleStreamsAreRefused) {
  EXPECT_THAT(error("[[stream]]\nrate = \"15 Mpps\"\n"), HasSubstr("more than the link carries"));
  EXPECT_THAT(error("[[stream]]\nrate = \"10 Gbit/s\"\n"), HasSubstr("more than the link carries"));
  EXPECT_THAT(error("[[stream]]\nrate = \"60 %\"\n[[stream]]\nrate = \"60 %\"\n"), HasSubstr("together want 120 %"));
  EXPECT_THAT(error("[[stream]]\nvlan = 1\n"), HasSubstr("which need 68"));
  EXPECT_THAT(error("[[stream]]\nprotocol = \"tcp\"\n"), HasSubstr("which need 76"));
  EXPECT_THAT(error("[[stream]]\nflows = 65000\n"), HasSubstr("go past port 65535"));
}

TEST_F(StreamFileTest, NamesInTheResultsTellTheStreamsApart) {
  EXPECT_THAT(error("[[stream]]\nname = \"a\"\n[[stream]]\nname = \"a\"\n"),
              HasSubstr(":3: stream 2: two streams are named \"a\""));
  EXPECT_THAT(error("[[stream]]\nname = \"stream2\"\n[[stream]]\n"), HasSubstr("two streams are named \"stream2\""));
}

TEST_F(StreamFileTest, NoMoreStreamsThanMemoryHolds) {
  std::string many;
  for (int i = 0; i < 1'024; ++i) many += "[[stream]]\nrate = \"1 pps\"\n";
  EXPECT_EQ(read(many).size(), 1'024U);
  EXPECT_THAT(error(many + "[[stream]]\n"), HasSubstr("stream are more than 1024"));
}

}  // namespace
}  // namespace vfpool::trafgen

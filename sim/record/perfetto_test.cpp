// SPDX-License-Identifier: Apache-2.0
// What PerfettoWriter writes is read by protoc, which knows nothing of it but the published numbers.
#include "record/perfetto.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>

namespace vfpool::record {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class Perfetto : public testing::Test {
 protected:
  ~Perfetto() override { std::filesystem::remove(file_); }
  // As text, white space as single blanks.
  std::string decoded(const std::vector<json>& events) {
    {
      std::ofstream out(file_, std::ios::binary);
      PerfettoWriter writer(out);
      for (const json& e : events) writer.add(e);
    }
    const std::string line = "protoc --decode=perfetto.protos.Trace -I " VFPOOL_SOURCE_DIR
                             "/sim/record " VFPOOL_SOURCE_DIR "/sim/record/perfetto.proto <" +
                             file_ + " 2>&1";
    FILE* const in = popen(line.c_str(), "r");
    std::string text;
    for (int c; (c = fgetc(in)) != EOF;) text += static_cast<char>(c);
    EXPECT_EQ(pclose(in), 0) << text;
    return std::regex_replace(text, std::regex("\\s+"), " ");
  }
  static std::size_t count(const std::string& text, const std::string& what) {
    std::size_t n = 0;
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++n;
    return n;
  }

  std::string file_ = testing::TempDir() + "/perfetto_test." + std::to_string(getpid());
};

const json kProcess = {{"ph", "M"}, {"pid", 1}, {"name", "process_name"}, {"args", {{"name", "user1"}}}};
const json kThread = {{"ph", "M"}, {"pid", 1}, {"tid", 2}, {"name", "thread_name"}, {"args", {{"name", "TLPs"}}}};

json request(const char* phase, double us, const char* id, const char* name) {
  return {{"ph", phase}, {"ts", us}, {"pid", 1}, {"tid", 2}, {"id", id}, {"name", name}, {"args", {{"cycle", 7U}}}};
}

TEST_F(Perfetto, TracksHaveNamesAndParents) {
  const std::string text = decoded({kProcess, kThread});
  EXPECT_THAT(text, HasSubstr("process { pid: 1 process_name: \"user1\" }"));
  EXPECT_THAT(text, HasSubstr("uuid: 281475010265088 name: \"TLPs\" parent_uuid: 281474976710656"));
  EXPECT_THAT(text, HasSubstr("trusted_packet_sequence_id: 1"));
}

TEST_F(Perfetto, NothingIsOutsideThePublishedFields) {
  const std::string text = decoded({kProcess, kThread, request("b", 1, "r1", "read"), request("e", 2, "r1", "read")});
  EXPECT_FALSE(std::regex_search(text, std::regex("(^| )[0-9]+: "))) << text;  // how protoc shows what it does not know
}

TEST_F(Perfetto, RequestsThatOverlapHaveLanesOfTheirOwnWhichAreUsedAgain) {
  const std::string text =
      decoded({kProcess, kThread, request("b", 1, "r1", "first"), request("b", 2, "r2", "second"),
               request("n", 3, "r1", "first"), request("e", 4, "r1", "first"), request("e", 5, "r2", "second"),
               request("b", 6, "r3", "third"), request("e", 7, "r3", "third")});
  EXPECT_EQ(count(text, "type: TYPE_SLICE_BEGIN track_uuid: 281475010265089"), 2U) << text;
  EXPECT_EQ(count(text, "type: TYPE_SLICE_BEGIN track_uuid: 281475010265090"), 1U);
  EXPECT_EQ(count(text, "TYPE_SLICE_END"), 3U);
  EXPECT_EQ(count(text, "type: TYPE_INSTANT track_uuid: 281475010265089"), 1U);
  EXPECT_EQ(count(text, "parent_uuid: 281475010265088"), 2U);
  EXPECT_THAT(text, HasSubstr("debug_annotations { uint_value: 7 name: \"cycle\" }"));
}

TEST_F(Perfetto, TimesAreNanoseconds) {
  json instant = request("i", 86'400'123'456.789, "", "frame");
  instant["args"] = {{"text", "a \"b\""}};
  const std::string text = decoded({kProcess, kThread, instant});
  EXPECT_THAT(text, HasSubstr("timestamp: 86400123456789"));
  EXPECT_THAT(text, HasSubstr("string_value: \"a \\\"b\\\"\""));
}

TEST_F(Perfetto, EachValueOfACounterIsATrack) {
  json rates = request("C", 3, "", "vector 0");
  rates["args"] = {{"wanted", 1.5}, {"ceiling", 48000}};
  const std::string text = decoded({kProcess, rates, rates});
  EXPECT_EQ(count(text, "counter { }"), 2U) << text;
  EXPECT_EQ(count(text, "double_counter_value: 1.5"), 2U);
  EXPECT_EQ(count(text, "double_counter_value: 48000"), 2U);
  EXPECT_THAT(text, HasSubstr("name: \"vector 0, wanted\""));
}

}  // namespace
}  // namespace vfpool::record

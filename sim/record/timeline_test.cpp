// SPDX-License-Identifier: Apache-2.0
// Records of this simulator and a guest's trace text come out on one axis, and are read back as JSON.
#include "record/timeline.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>

#include "record/frame_record.hpp"
#include "record/pcapng.hpp"
#include "record/tlp_record.hpp"

namespace vfpool::record {
namespace {

using nlohmann::json;
using pcie::Bdf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using namespace std::chrono_literals;

class TimelineTest : public testing::Test {
 protected:
  // A packet at port 1, user1, or at the owner's, 0.
  void see(std::chrono::nanoseconds time, bool toward, const pcie::Tlp& tlp, unsigned port = 1) {
    const TlpPseudoHeader header{
        .port = static_cast<std::uint8_t>(port), .toward_bridge = toward, .sequence = 0, .cycle = 7};
    writer_.packet(port == 1 ? user_ : owner_, time, toward ? Direction::kInbound : Direction::kOutbound,
                   header.bytes(), to_bytes(tlp));
  }
  std::string record() {
    writer_.close();
    std::ifstream in(file_, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  // Events of the trace but its names of tracks.
  json events(const std::string& guest = "", std::int64_t offset = 0) {
    std::ostringstream out;
    {
      Timeline timeline(out);
      std::istringstream in(record());
      timeline.add_record(in, "test");
      std::istringstream text(guest);
      if (!guest.empty()) guest_events_ = timeline.add_guest(text, "user1", offset);
    }
    json shown = json::array();
    const json trace = json::parse(out.str());
    for (const json& e : trace["traceEvents"]) {
      if (e["ph"] == "M")
        names_.push_back(e["args"]["name"]);
      else
        shown.push_back(e);
    }
    return shown;
  }
  static std::vector<std::string> names(const json& events) {
    std::vector<std::string> out;
    for (const json& e : events) out.push_back(e["name"]);
    return out;
  }

  /// Of this process: ctest runs the cases beside each other.
  static std::string own(const std::string& name) { return testing::TempDir() + std::to_string(getpid()) + name; }
  std::filesystem::path file_ = own("timeline_test.pcapng");
  PcapngWriter writer_{file_, "test"};
  PcapngWriter::InterfaceId owner_ = writer_.add_interface(LinkType::kUser0, "owner", ""),
                            user_ = writer_.add_interface(LinkType::kUser0, "user1", ""),
                            wire_ = writer_.add_interface(LinkType::kEthernet, "wire", "");
  std::vector<std::string> names_;
  std::uint64_t guest_events_ = 0;
};

TEST_F(TimelineTest, ARequestLastsUntilItsLastCompletion) {
  const auto read = pcie::mem_read(Bdf(3, 0, 0), 5, 0x1000, 128);
  see(1000ns, false, read);
  const std::vector<std::uint8_t> data(128);
  const auto parts = completions_with_data(read, Bdf(0, 0, 0), data, 64, 64);
  ASSERT_EQ(parts.size(), 2U);
  see(1500ns, true, parts[0]);
  see(1750ns, true, parts[1]);
  const json e = events();
  ASSERT_EQ(e.size(), 3U);
  EXPECT_EQ(e[0]["ph"], "b");
  EXPECT_EQ(e[1]["ph"], "n");
  EXPECT_EQ(e[2]["ph"], "e");
  EXPECT_EQ(e[0]["id"], e[2]["id"]);
  EXPECT_DOUBLE_EQ(e[0]["ts"], 1.0);
  EXPECT_DOUBLE_EQ(e[2]["ts"], 1.75);
  EXPECT_EQ(e[0]["args"]["cycle"], 7);
}

TEST_F(TimelineTest, RequestsOfBothSidesWithOneTagAreApart) {
  const auto down = pcie::mem_read(Bdf(3, 0, 0), 5, 0x1000, 4), up = pcie::mem_read(Bdf(3, 0, 0), 5, 0x2000, 4);
  see(1us, true, down);
  see(2us, false, up);
  see(3us, true, completion(up, Bdf(0, 0, 0), pcie::CplStatus::kUnsupported));
  see(4us, false, completion(down, Bdf(0, 0, 0), pcie::CplStatus::kUnsupported));
  const json e = events();
  ASSERT_EQ(e.size(), 4U);
  EXPECT_EQ(e[1]["id"], e[2]["id"]);
  EXPECT_EQ(e[0]["id"], e[3]["id"]);
  EXPECT_NE(e[0]["id"], e[1]["id"]);
}

TEST_F(TimelineTest, InterruptsHaveATrackOfTheirOwn) {
  const std::array<std::uint8_t, 4> vector{0x41, 0, 0, 0};
  see(1us, false, mem_write(Bdf(3, 0, 0), 0xfee01000, vector));
  see(2us, false, mem_write(Bdf(3, 0, 0), 0x10000, vector));
  const json e = events();
  EXPECT_THAT(names(e), ElementsAre("interrupt of 03:00.0", HasSubstr("MWr")));
  EXPECT_NE(e[0]["tid"], e[1]["tid"]);
  EXPECT_THAT(names_, Contains("interrupts (MSI, MSI-X)"));
}

TEST_F(TimelineTest, SlotsTellWhatTheServerDoesAndSees) {
  const auto control = [&](std::chrono::nanoseconds time, std::uint16_t value) {
    const std::array<std::uint8_t, 2> data{static_cast<std::uint8_t>(value), static_cast<std::uint8_t>(value >> 8)};
    see(time, true, cfg_write(Bdf(0, 0, 0), 1, Bdf(2, 0, 0), 0x88, data, true));
  };
  control(1us, 0x07c0);  // all off
  control(2us, 0x07e0);  // an interrupt enable: no event
  control(3us, 0x01e0);  // power and its light on
  const auto read = cfg_read(Bdf(0, 0, 0), 2, Bdf(2, 0, 0), 0x8a, 2, true);
  see(4us, true, read);
  const std::array<std::uint8_t, 4> status{0, 0, 0x49, 0};
  auto answer = completion(read, Bdf(2, 0, 0), pcie::CplStatus::kSuccess);
  answer.hdr[0] |= 0x40000001;
  answer.data.assign(status.begin(), status.end());
  see(5us, false, answer);
  std::vector<std::string> slots;
  for (const std::string& name : names(events()))
    if (name.starts_with("slot")) slots.push_back(name);
  EXPECT_THAT(slots, ElementsAre("slot at 02:00.0: power off, power light off, attention light off",
                                 "slot at 02:00.0: power on, power light on, attention light off",
                                 "slot at 02:00.0, button pressed, presence changed, occupied"));
}

constexpr const char* kTrace =
    "# tracer: nop\n"
    "          <idle>-0       [001] ..s2.     0.000003: airvf_moderate: eth0 vector 0 air: 4000123 ns 2000 packets "
    "3000000 "
    "bytes 120 interrupts, B 750000000 S 1500, C 2270000000 Cpkt 4000 Cint 7000 k 16, ceiling 31971 needed 31250 "
    "wanted "
    "31971, steps 24 -> 16 (ceiling)\n"
    "            bash-345     [000] d..1.     0.000004: irq_handler_entry: irq=41 name=eth0-0\n"
    "no event at all\n";

TEST_F(TimelineTest, DecisionsOfTheDriverStandBesideTlpsAndFrames) {
  const std::array<std::uint8_t, 4> vector{0x41, 0, 0, 0};
  const std::vector<std::uint8_t> frame(60);
  writer_.packet(wire_, 1000us, Direction::kInbound, {}, frame);
  see(1001us, false, mem_write(Bdf(3, 0, 0), 0xfee01000, vector));
  // The guest's clock is 1 ms behind.
  const json e = events(kTrace, 1'000'000);
  EXPECT_EQ(guest_events_, 2U);
  EXPECT_THAT(names(e), ElementsAre("frame 60 B", "interrupt of 03:00.0", "eth0 vector 0: ceiling (24 -> 16 steps)",
                                    "eth0 vector 0: interrupts/s", "irq_handler_entry"));
  double before = 0;
  for (const json& one : e) {
    EXPECT_GE(one["ts"], before) << one;
    before = one["ts"];
  }
  EXPECT_DOUBLE_EQ(e[2]["ts"], 1003.0);
  EXPECT_EQ(e[3]["args"], (json{{"wanted", 31971.0}, {"ceiling", 31971.0}}));
  EXPECT_THAT(names_, Contains("user1 (kernel)"));
}

TEST_F(TimelineTest, NanosecondsSurviveATimeOfDay) {
  const auto today = std::chrono::nanoseconds(1'790'000'000'123'456'789);
  const auto read = pcie::mem_read(Bdf(3, 0, 0), 5, 0x1000, 4);
  see(today, true, read);
  see(today + 3ns, false, completion(read, Bdf(0, 0, 0), pcie::CplStatus::kUnsupported));
  const json e = events();
  EXPECT_NEAR(e[1]["ts"].get<double>() - e[0]["ts"].get<double>(), 0.003, 0.0001);
}

TEST_F(TimelineTest, ARecordThatIsStillWrittenShowsWhatIsThere) {
  for (int i = 0; i < 3; ++i) see(1us * i, true, pcie::mem_read(Bdf(3, 0, 0), static_cast<std::uint8_t>(i), 0x1000, 4));
  writer_.flush();
  std::ifstream file(file_, std::ios::binary);
  std::string all{std::istreambuf_iterator<char>(file), {}};
  all.resize(all.size() - 5);
  std::ostringstream out;
  Timeline timeline(out);
  std::istringstream in(all);
  timeline.add_record(in, "cut");
  timeline.close();
  int begun = 0;
  const json trace = json::parse(out.str());
  for (const json& e : trace["traceEvents"]) begun += e["ph"] == "b" ? 1 : 0;
  EXPECT_EQ(begun, 2);
}

// Why the record is refused; nothing if it is taken.
std::string refused(const std::string& bytes) {
  std::ostringstream out;
  Timeline timeline(out);
  std::istringstream in(bytes);
  try {
    timeline.add_record(in, "some.file");
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "";
}

// A section, an interface of TLPs with time stamps in microseconds, and a packet's block of these words.
std::string record_of(const std::vector<std::uint32_t>& packet) {
  std::vector<std::uint32_t> words = {0x0a0d0d0a, 28, 0x1a2b3c4d, 1, ~0U, ~0U, 28, 1, 20, 147, 0, 20};
  const auto length = static_cast<std::uint32_t>(12 + 4 * packet.size());
  words.insert(words.end(), {6, length});
  words.insert(words.end(), packet.begin(), packet.end());
  words.push_back(length);
  return {reinterpret_cast<const char*>(words.data()), 4 * words.size()};
}

TEST_F(TimelineTest, APacketWhoseBlockEndsBeforeItIsRefused) {
  // Interface, two halves of the time, and of the lengths only the first: 64 bytes that are not there.
  EXPECT_THAT(refused(record_of({0, 0, 0, 64})), HasSubstr("block 3: a packet longer than its block"));
  EXPECT_THAT(refused(record_of({0, 0, 0})), HasSubstr("block 3: a block that is too short"));
  EXPECT_THAT(refused(record_of({0, 0, 0, 8, 8, 0})), HasSubstr("block 3: a packet longer than its block"));
}

TEST_F(TimelineTest, TimesThatNoClockTellsAreRefused) {
  EXPECT_THAT(refused(record_of({0, 0x7fffffff, 0, 0, 0})), HasSubstr("block 3: a time after the year 2262"));
  const auto refused_guest = [](const std::string& seconds, std::int64_t offset) -> std::string {
    std::ostringstream out;
    Timeline timeline(out);
    std::istringstream in("bash-345 [000] d..1. " + seconds + ".000004: irq_handler_entry: irq=41\n");
    try {
      timeline.add_guest(in, "user1", offset);
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(refused_guest("1700000000", 0), "");
  EXPECT_THAT(refused_guest("9999999999", 0), HasSubstr("after the year 2262"));
  EXPECT_THAT(refused_guest("1", std::numeric_limits<std::int64_t>::max()), HasSubstr("before 1970 or after 2262"));
  EXPECT_THAT(refused_guest("1", -2'000'000'000), HasSubstr("before 1970 or after 2262"));
}

TEST_F(TimelineTest, WhatIsNoRecordIsRefusedWithItsPlace) {
  EXPECT_THAT(refused(""), HasSubstr("some.file: no pcapng record"));
  EXPECT_THAT(refused("this is text, and longer than a block's head"), HasSubstr("some.file: block 0: a block of"));
  // Whatever single byte is wrong: an error or a trace, never anything else.
  std::mt19937_64 random(1);
  see(1us, true, pcie::mem_read(Bdf(3, 0, 0), 1, 0x1000, 4));
  const std::string good = record();
  ASSERT_EQ(refused(good), "");
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ static_cast<char>(1 + random() % 255));
    const std::string why = refused(bad);
    if (!why.empty()) {
      EXPECT_THAT(why, HasSubstr("some.file: "));
    }
  }
}

// The program, which says what is wrong and leaves no half a trace.
class TimelineProgram : public TimelineTest {
 protected:
  struct Ended {
    int status;
    std::string text;
  };
  static Ended run(const std::string& arguments) {
    FILE* const out = popen((TIMELINE " " + arguments + " 2>&1").c_str(), "r");
    Ended ended{-1, {}};
    for (int c; (c = fgetc(out)) != EOF;) ended.text += static_cast<char>(c);
    const int status = pclose(out);
    if (WIFEXITED(status)) ended.status = WEXITSTATUS(status);
    return ended;
  }
  const std::string trace_ = own("timeline_program.json");
};

TEST_F(TimelineProgram, NeverReplacesWhatItReads) {
  see(1us, true, pcie::mem_read(Bdf(3, 0, 0), 1, 0x1000, 4));
  const std::string before = record();
  const Ended e = run(file_.string() + " --out " + file_.string());
  EXPECT_EQ(e.status, 1);
  EXPECT_THAT(e.text, HasSubstr("would replace what is to be read"));
  EXPECT_EQ(record(), before);
}

TEST_F(TimelineProgram, LeavesAWholeTraceOrNone) {
  see(1us, true, pcie::mem_read(Bdf(3, 0, 0), 1, 0x1000, 4));
  writer_.close();
  EXPECT_EQ(run(file_.string() + " --out " + trace_).status, 0);
  EXPECT_TRUE(std::filesystem::exists(trace_));
  Ended e = run(file_.string() + " /dev/null --out " + trace_);
  EXPECT_EQ(e.status, 1);
  EXPECT_THAT(e.text, HasSubstr("/dev/null: no pcapng record"));
  EXPECT_FALSE(std::filesystem::exists(trace_));
  e = run(file_.string() + " --out /dev/full");
  EXPECT_EQ(e.status, 1);
  EXPECT_THAT(e.text, HasSubstr("cannot write /dev/full: No space left on device"));
  e = run(file_.string() + " --out /nowhere/x");
  EXPECT_EQ(e.status, 1);
  EXPECT_THAT(e.text, HasSubstr("cannot write /nowhere/x: No such file or directory"));
}

}  // namespace
}  // namespace vfpool::record

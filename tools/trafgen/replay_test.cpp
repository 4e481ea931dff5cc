// SPDX-License-Identifier: Apache-2.0
#include "replay.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "fake_port.hpp"

namespace vfpool::trafgen {
namespace {

using namespace std::chrono_literals;

class ReplayTest : public testing::Test {
 protected:
  ~ReplayTest() override { std::filesystem::remove(file); }
  static Capture of(const std::vector<Nanoseconds>& times) {
    Capture capture{.frames = {}, .skipped = 0, .largest = 60};
    for (const Nanoseconds t : times) capture.frames.push_back({t, std::vector<std::uint8_t>(60, 0xab)});
    return capture;
  }
  ReplayResult play(const Capture& capture, const ReplayPlan& plan = {}) {
    return replay(capture, plan, port, &port, clock, progress, stop);
  }
  /// When its frames are due, of a file with frames at these times.
  std::vector<Nanoseconds> read(const std::vector<Nanoseconds>& times) {
    {
      // Not by the writer of wires, whose times end after some months.
      std::ofstream out(file, std::ios::binary);
      const auto put = [&out](std::initializer_list<std::uint32_t> words) {
        for (const std::uint32_t w : words) out.write(reinterpret_cast<const char*>(&w), sizeof w);
      };
      put({0xa1b23c4d, 4U << 16 | 2, 0, 0, 65535, 1});  // nanoseconds, version 2.4, Ethernet
      for (const Nanoseconds t : times) {
        put({static_cast<std::uint32_t>(t / 1s), static_cast<std::uint32_t>((t % 1s).count()), 60, 60});
        out << std::string(60, 'x');
      }
    }
    std::vector<Nanoseconds> due;
    for (const auto& frame : read_capture(file).frames) due.push_back(frame.due);
    return due;
  }

  std::string file = testing::TempDir() + "replay_test." + std::to_string(getpid()) + ".pcap";
  FakePort port;
  Nanoseconds now{0};
  std::function<Nanoseconds()> clock = [this] { return now += 10us; };
  std::function<void(const ReplayResult&)> progress;
  Stops stop = 0;
};

TEST_F(ReplayTest, SendsAtTheDistancesOfTheCapture) {
  const ReplayResult r = play(of({0ms, 3ms, 20ms}), {.repeat = 2});
  EXPECT_EQ(r.sent, 6U);
  EXPECT_EQ(r.received, 6U);
  EXPECT_NEAR(r.seconds, 0.04, 0.001);
}

TEST_F(ReplayTest, HoweverSlowTheRateItIsHeld) {
  for (const double pps : {1e-9, 1e-15}) {
    now = 0s;
    stop = 0;
    progress = [&](const ReplayResult&) { stop = now > 5s ? 1 : 0; };
    const ReplayResult r = play(of({0ms, 1ms}), {.pps = pps});
    EXPECT_EQ(r.sent, 1U) << pps;
    EXPECT_TRUE(r.interrupted);
  }
}

TEST_F(ReplayTest, EndsBesideAPeerThatNeverFallsSilent) {
  port.always = [] { return std::vector<std::uint8_t>(60, 0); };
  const ReplayResult r = play(of({0ms, 500ms}), {.drain = 100ms});
  EXPECT_EQ(r.sent, 2U);
  EXPECT_LT(now, 3s);
}

TEST_F(ReplayTest, APortThatTakesNothingIsAnErrorAndNoEndlessWait) {
  port.takes = 0;
  EXPECT_THROW(play(of(std::vector<Nanoseconds>(100, 0ms)), {.stall = 2s}), std::runtime_error);
  EXPECT_LT(now, 3s);
}

TEST_F(ReplayTest, FramesOutOfOrderFollowAtOnceAndDelayNothing) {
  EXPECT_EQ(read({1s, 1010ms, 1005ms, 1020ms}), (std::vector<Nanoseconds>{0ms, 10ms, 10ms, 20ms}));
}

TEST_F(ReplayTest, WhereTheClockWasSetTimeGoesOnFromThere) {
  EXPECT_EQ(read({100000s, 1s, 2s}), (std::vector<Nanoseconds>{0s, 0s, 1s}));
  EXPECT_EQ(read({1s, 4'000'000'000s, 4'000'000'001s}), (std::vector<Nanoseconds>{0s, 1h, 1h + 1s}));
}

TEST_F(ReplayTest, ACaptureOfYearsIsRefused) {
  std::vector<Nanoseconds> times;
  for (int i = 0; i < 20'000; ++i) times.push_back(i * 4'000s * (i % 2));
  EXPECT_THROW(read(times), std::runtime_error);
}

}  // namespace
}  // namespace vfpool::trafgen

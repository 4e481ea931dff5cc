// SPDX-License-Identifier: Apache-2.0
#include "wire/pcap.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <fstream>
#include <iostream>
#include <random>

namespace vfpool::wire {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

class PcapTest : public testing::Test {
 protected:
  PcapTest() : folder(testing::TempDir() + "vfpool-pcap." + std::to_string(::getpid())) {
    std::filesystem::create_directories(folder);
  }
  ~PcapTest() override { std::filesystem::remove_all(folder); }

  static void put(std::ofstream& out, std::uint32_t value, bool big) {
    if (big) value = __builtin_bswap32(value);
    out.write(reinterpret_cast<const char*>(&value), sizeof value);
  }

  std::filesystem::path write_file(std::uint32_t magic, bool big, std::initializer_list<std::uint32_t> fractions,
                                   std::uint32_t link_type = 1) {
    const auto path = folder / "in.pcap";
    std::ofstream out(path, std::ios::binary);
    const std::uint32_t version = big ? 2U << 16 | 4U : 4U << 16 | 2U;  // two halves, 2 first
    for (const std::uint32_t v : {magic, version, 0U, 0U, 65535U, link_type}) put(out, v, big);
    std::uint8_t mark = 1;
    for (const std::uint32_t fraction : fractions) {
      for (const std::uint32_t v : {1'700'000'000U, fraction, 60U, 60U}) put(out, v, big);
      const Frame f(60, mark++);
      out.write(reinterpret_cast<const char*>(f.data()), 60);
    }
    return path;
  }

  void play(const PcapOptions& options) {
    Pcap wire(scheduler, options);
    wire.set_receiver([&](Frame f) {
      marks.push_back(f.at(0));
      times.push_back(scheduler.now());
    });
    scheduler.run();
    EXPECT_TRUE(wire.finished());
  }

  std::filesystem::path folder;
  Scheduler scheduler{TimeBase::kVirtual};
  std::vector<int> marks;
  std::vector<SimTime> times;
};

TEST_F(PcapTest, PlaysAtTheDistancesOfTheCapture) {
  play({.play = write_file(0xA1B2C3D4, false, {10, 15, 115}), .keep = {}});
  EXPECT_THAT(marks, ElementsAre(1, 2, 3));
  EXPECT_THAT(times, ElementsAre(SimTime(0), SimTime(5us), SimTime(105us)));
}

TEST_F(PcapTest, ReadsTheOtherByteOrderAndNanoseconds) {
  play({.play = write_file(0xA1B23C4D, true, {0, 7}), .keep = {}});
  EXPECT_THAT(times, ElementsAre(SimTime(0), SimTime(7ns)));
}

TEST_F(PcapTest, ReadsPcapng) {
  // Section header, an interface of Ethernet with time stamps in nanoseconds, two enhanced packets.
  const auto path = folder / "in.pcapng";
  std::ofstream out(path, std::ios::binary);
  for (const std::uint32_t v : {0x0A0D0D0AU, 28U, 0x1A2B3C4DU, 1U, 0xFFFFFFFFU, 0xFFFFFFFFU, 28U}) put(out, v, false);
  for (const std::uint32_t v : {1U, 32U, 1U, 65535U, 9U | 1U << 16, 9U, 0U, 32U}) put(out, v, false);
  for (std::uint32_t i = 0; i < 2; ++i) {
    for (const std::uint32_t v : {6U, 92U, 0U, 0U, 1000 + 7 * i, 60U, 60U}) put(out, v, false);
    const Frame f(60, static_cast<std::uint8_t>(1 + i));
    out.write(reinterpret_cast<const char*>(f.data()), 60);
    put(out, 92, false);
  }
  out.close();
  play({.play = path, .keep = {}});
  EXPECT_THAT(marks, ElementsAre(1, 2));
  EXPECT_THAT(times, ElementsAre(SimTime(0), SimTime(7ns)));
}

TEST_F(PcapTest, RepeatsWithoutStandingStill) {
  play({.play = write_file(0xA1B2C3D4, false, {3}), .keep = {}, .repeat = 3});
  EXPECT_THAT(marks, ElementsAre(1, 1, 1));
  EXPECT_LT(times[0], times[1]);
}

TEST_F(PcapTest, EmptyCapturePlayedForEverEnds) {
  play({.play = write_file(0xA1B2C3D4, false, {}), .keep = {}, .repeat = 0});
  EXPECT_TRUE(marks.empty());
}

TEST_F(PcapTest, TimeThatRunsBackwardsIsPlayedAtOnce) {
  play({.play = write_file(0xA1B2C3D4, false, {50, 20, 30}), .keep = {}});
  EXPECT_THAT(times, ElementsAre(SimTime(0), SimTime(0), SimTime(10us)));
}

TEST_F(PcapTest, PausedRecordingWaits) {
  Pcap wire(scheduler, {.play = write_file(0xA1B2C3D4, false, {0, 1}), .keep = {}});
  wire.set_paused(true);
  wire.set_receiver([&](Frame f) { marks.push_back(f.at(0)); });
  scheduler.run();
  EXPECT_TRUE(marks.empty());
  wire.set_paused(false);
  scheduler.run();
  EXPECT_THAT(marks, ElementsAre(1, 2));
}

TEST_F(PcapTest, KeepsWhatIsSentAndCanPlayIt) {
  const auto kept = folder / "out.pcap";
  {
    Pcap wire(scheduler, {.play = {}, .keep = kept});
    wire.send(Frame(60, 7));
    scheduler.after(SimTime(1500ns), [&] { wire.send(Frame(61, 8)); });
    scheduler.run();
    wire.send(Frame(3, 9));
    EXPECT_THAT(wire.state(), HasSubstr("sent 2 frames 121 bytes 1 dropped"));
  }
  const SimTime start = scheduler.now();
  play({.play = kept, .keep = {}});
  EXPECT_THAT(marks, ElementsAre(7, 8));
  EXPECT_EQ(times[1] - start, SimTime(1500ns));
}

TEST_F(PcapTest, FileCutInsideARecordPlaysWhatIsWhole) {
  const auto path = write_file(0xA1B2C3D4, false, {0, 1});
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 10);
  play({.play = path, .keep = {}});
  EXPECT_THAT(marks, ElementsAre(1));
}

TEST_F(PcapTest, RefusesWhatIsNoEthernetCapture) {
  EXPECT_THROW(Pcap(scheduler, {.play = folder / "absent", .keep = {}}), std::runtime_error);
  EXPECT_THROW(Pcap(scheduler, {.play = write_file(0x0A0D0D0A, false, {}), .keep = {}}), std::runtime_error);
  EXPECT_THROW(Pcap(scheduler, {.play = write_file(0xA1B2C3D4, false, {}, 113), .keep = {}}), std::runtime_error);
  EXPECT_THROW(Pcap(scheduler, {.play = {}, .keep = folder / "absent" / "out"}), std::runtime_error);
}

TEST_F(PcapTest, RandomBytesNeverHurt) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::cout << "seed " << seed << "\n";
  std::mt19937 random(seed);
  spdlog::set_level(spdlog::level::err);
  for (int round = 0; round < 200; ++round) {
    const auto path = write_file(round % 2 ? 0xA1B2C3D4 : 0xA1B23C4D, round % 3 == 0, {1, 2, 3});
    {
      std::fstream f(path, std::ios::binary | std::ios::in | std::ios::out);
      for (int i = 0; i < 8; ++i) {
        f.seekp(24 + random() % 228);
        f.put(static_cast<char>(random()));
      }
    }
    Scheduler own(TimeBase::kVirtual);
    Pcap wire(own, {.play = path, .keep = {}});
    wire.set_receiver([](Frame f) { EXPECT_GE(f.size(), kMinFrame); });
    own.run();
  }
  spdlog::set_level(spdlog::level::info);
}

}  // namespace
}  // namespace vfpool::wire

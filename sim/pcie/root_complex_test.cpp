// SPDX-License-Identifier: Apache-2.0
#include "pcie/root_complex.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <functional>
#include <map>

#include "pcie/config_space.hpp"

namespace vfpool::pcie {
namespace {

struct Memory : HostMemory {
  bool room(FlowClass) const override { return takes_interrupts; }
  void take_interrupts() {
    takes_interrupts = true;
    room_is_back();
  }
  bool read(std::uint64_t address, std::span<std::uint8_t> out) override {
    if (address + out.size() > bytes.size()) return false;
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(address), out.size(), out.begin());
    return true;
  }
  bool write(std::uint64_t address, std::span<const std::uint8_t> data) override {
    if (address + data.size() > bytes.size()) return false;
    std::copy(data.begin(), data.end(), bytes.begin() + static_cast<std::ptrdiff_t>(address));
    return true;
  }
  void interrupt(Bdf from, std::uint64_t address, std::uint32_t data) override {
    irqs.push_back({from, address, data});
  }
  std::vector<std::uint8_t> bytes = std::vector<std::uint8_t>(1 << 16);
  std::vector<std::tuple<Bdf, std::uint64_t, std::uint32_t>> irqs;
  bool takes_interrupts = true;
};

struct Link : TlpSink {
  bool room(FlowClass c) const override { return !(full >> static_cast<unsigned>(c) & 1); }
  void give_room(unsigned still_full = 0) {
    full = still_full;
    room_is_back();
  }
  void deliver(Tlp t) override { sent.push_back(std::move(t)); }
  std::vector<Tlp> sent;
  unsigned full = 0;  // bit by class
};

class RootComplexTest : public testing::Test {
 protected:
  RootComplexTest() {
    write(Bdf(0, 1, 0), 0x18, {0x00, 0x01, 0x04});        // buses 0, 1..4
    write(Bdf(0, 1, 0), 0x20, {0x00, 0x80, 0xf0, 0x80});  // 0x80000000..0x80ffffff
    write(Bdf(0, 1, 0), 0x04, {0x06, 0x00});
  }
  void write(Bdf target, unsigned reg, std::vector<std::uint8_t> data) {
    while (!data.empty()) {
      const std::size_t n = std::min<std::size_t>(data.size(), 4 - (reg & 3));
      rc.config_write(target, reg, std::span(data).first(n), [](CplStatus) {});
      data.erase(data.begin(), data.begin() + static_cast<std::ptrdiff_t>(n));
      reg += static_cast<unsigned>(n);
    }
  }
  Scheduler scheduler{TimeBase::kVirtual};
  Memory memory;
  Link link;
  std::vector<bool> link_states;
  RootComplex rc{scheduler, memory, link, {.name = "rc", .link = [this](bool up) { link_states.push_back(up); }}};
};

TEST_F(RootComplexTest, ConfigurationBelowGoesOutAsType0OrType1) {
  rc.config_read(Bdf(1, 0, 1), 0, 4, [](CplStatus, auto) {});
  rc.config_read(Bdf(2, 0, 0), 0, 4, [](CplStatus, auto) {});
  ASSERT_EQ(link.sent.size(), 2u);
  EXPECT_EQ(link.sent[0].kind(), TlpKind::kCfgRead0);
  EXPECT_EQ(link.sent[1].kind(), TlpKind::kCfgRead1);
}

TEST_F(RootComplexTest, AbsentTargetsReadAllOnesWithoutAPacket) {
  std::vector<std::uint8_t> got;
  for (Bdf target : {Bdf(0, 2, 0), Bdf(9, 0, 0), Bdf(1, 1, 0)})
    rc.config_read(target, 0, 4, [&](CplStatus s, auto d) {
      EXPECT_EQ(s, CplStatus::kUnsupported);
      got.insert(got.end(), d.begin(), d.end());
    });
  EXPECT_EQ(got, std::vector<std::uint8_t>(12, 0xff));
  EXPECT_TRUE(link.sent.empty());
}

TEST_F(RootComplexTest, ReadCompletesFromSeveralCompletions) {
  std::vector<std::uint8_t> got;
  rc.mem_read(0x80000010, 200, [&](CplStatus s, auto d) {
    EXPECT_EQ(s, CplStatus::kSuccess);
    got.assign(d.begin(), d.end());
  });
  ASSERT_EQ(link.sent.size(), 1u);
  std::vector<std::uint8_t> data(200);
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<std::uint8_t>(i);
  for (Tlp& c : completions_with_data(link.sent[0], Bdf(1, 0, 0), data, 128, 64)) rc.deliver(c);
  EXPECT_EQ(got, data);
  EXPECT_TRUE(rc.idle());
}

TEST_F(RootComplexTest, CompletionMatchesByTagEvenFromAWrongCompleter) {
  bool done = false;
  rc.mem_read(0x80000000, 4, [&](CplStatus s, auto) { done = s == CplStatus::kSuccess; });
  const std::vector<std::uint8_t> data(4, 1);
  rc.deliver(completions_with_data(link.sent[0], Bdf(77, 3, 1), data, 128, 64)[0]);
  EXPECT_TRUE(done);
}

TEST_F(RootComplexTest, UnexpectedCompletionIsCountedAndDropped) {
  const Tlp read = mem_read(Bdf(0, 0, 0), 7, 0x80000000, 4);
  rc.deliver(completion(read, Bdf(1, 0, 0), CplStatus::kSuccess));
  EXPECT_EQ(rc.counters().unexpected_completions, 1u);
}

TEST_F(RootComplexTest, MissingCompletionTimesOutWithAllOnes) {
  std::vector<std::uint8_t> got;
  rc.mem_read(0x80000000, 4, [&](CplStatus s, auto d) {
    EXPECT_EQ(s, CplStatus::kAbort);
    got.assign(d.begin(), d.end());
  });
  scheduler.run();
  EXPECT_EQ(got, std::vector<std::uint8_t>(4, 0xff));
  EXPECT_EQ(rc.counters().timeouts, 1u);
}

TEST_F(RootComplexTest, MoreThan32ReadsWaitForTags) {
  int done = 0;
  for (int i = 0; i < 40; ++i) rc.mem_read(0x80000000, 4, [&](CplStatus, auto) { ++done; });
  EXPECT_EQ(link.sent.size(), 32u);
  const std::vector<std::uint8_t> data(4);
  for (std::size_t i = 0; i < link.sent.size(); ++i) {
    const Tlp request = link.sent[i];
    rc.deliver(completions_with_data(request, Bdf(1, 0, 0), data, 128, 64)[0]);
  }
  EXPECT_EQ(done, 40);
}

TEST_F(RootComplexTest, WriteToTheMessageRangeIsAnInterruptOfItsRequester) {
  const std::vector<std::uint8_t> data{0x41, 0, 0, 0};
  rc.deliver(mem_write(Bdf(3, 0, 0), 0xfee01000, data));
  ASSERT_EQ(memory.irqs.size(), 1u);
  EXPECT_EQ(memory.irqs[0], std::tuple(Bdf(3, 0, 0), std::uint64_t{0xfee01000}, 0x41u));
}

TEST_F(RootComplexTest, ReadOutsideMemoryIsUnsupported) {
  rc.deliver(mem_read(Bdf(3, 0, 0), 1, 0x7fffffff0000, 64));
  ASSERT_EQ(link.sent.size(), 1u);
  EXPECT_EQ(link.sent[0].status(), CplStatus::kUnsupported);
  EXPECT_EQ(link.sent[0].requester(), Bdf(3, 0, 0));
}

TEST_F(RootComplexTest, WithoutBusMasterEnableNothingReachesMemory) {
  write(Bdf(0, 1, 0), 0x04, {0x02, 0x00});
  const std::vector<std::uint8_t> data{1, 2, 3, 4};
  rc.deliver(mem_write(Bdf(3, 0, 0), 0x100, data));
  EXPECT_EQ(memory.bytes[0x100], 0);
}

TEST_F(RootComplexTest, MalformedPacketsAreCountedNotActedOn) {
  Tlp t = mem_write(Bdf(3, 0, 0), 0x100, std::vector<std::uint8_t>(8, 9));
  t.data.resize(4);
  rc.deliver(t);
  EXPECT_EQ(rc.counters().malformed_in, 1u);
  EXPECT_EQ(memory.bytes[0x100], 0);
}

// ---- Back-pressure ----------------------------------------------------------------------------------------------

constexpr unsigned kP = 1, kN = 2, kC = 4;

// 7.8.4: what it sends and what it takes. 512 bytes are the most that its port can.
TEST_F(RootComplexTest, PayloadsAreAsLargeAsDeviceControlSays) {
  for (const unsigned code : {0U, 1U, 2U, 5U}) {
    const std::size_t size = std::min(128U << code, 512U);
    write(Bdf(0, 1, 0), 0x48, {static_cast<std::uint8_t>(code << 5), 0});
    link.sent.clear();
    rc.mem_write(0x80000000, std::vector<std::uint8_t>(1024));
    ASSERT_EQ(link.sent.size(), 1024 / size);
    EXPECT_EQ(link.sent[0].data.size(), size);
    link.sent.clear();
    rc.deliver(mem_read(Bdf(2, 0, 0), 3, 0x1000, 1024));
    ASSERT_EQ(link.sent.size(), 1024 / size);
    EXPECT_EQ(link.sent[0].data.size(), size);
    const auto malformed = rc.counters().malformed_in;
    rc.deliver(mem_write(Bdf(2, 0, 0), 0x1000, std::vector<std::uint8_t>(size)));
    EXPECT_EQ(rc.counters().malformed_in, malformed) << size;
    rc.deliver(mem_write(Bdf(2, 0, 0), 0x1000, std::vector<std::uint8_t>(size + 4)));
    EXPECT_EQ(rc.counters().malformed_in, malformed + 1) << size;
  }
}

TEST_F(RootComplexTest, CompletionsPassRequestsThatHaveNoRoom) {
  link.full = kN;
  rc.mem_read(0x80000000, 4, [](CplStatus, auto) {});
  rc.deliver(mem_read(Bdf(2, 0, 0), 3, 0x1000, 4));
  ASSERT_EQ(link.sent.size(), 1u);
  EXPECT_EQ(link.sent[0].kind(), TlpKind::kCplData);
  link.give_room();
  ASSERT_EQ(link.sent.size(), 2u);
  EXPECT_EQ(link.sent[1].kind(), TlpKind::kMemRead);
}

TEST_F(RootComplexTest, AWriterWaitsForTheLinkAndGoesOn) {
  link.full = kP;
  unsigned taken = 0, written = 0;
  const std::array<std::uint8_t, 4> word{};
  std::function<void()> write_next = [&] {
    ++taken;
    if (++written > 200) return;
    rc.mem_write(0x80000000, word);
    rc.when_taken(write_next);
  };
  write_next();
  EXPECT_LE(rc.posted_waiting(), 16u);
  EXPECT_LT(taken, 20u);
  EXPECT_TRUE(link.sent.empty());
  link.give_room();
  EXPECT_EQ(link.sent.size(), 200u);
  EXPECT_EQ(taken, 201u);
  EXPECT_EQ(rc.posted_waiting(), 0u);
}

TEST_F(RootComplexTest, ReadsFromBelowFindNoRoomWhileTheirAnswersWait) {
  link.full = kC;
  unsigned sent = 0;
  for (; rc.room(FlowClass::kNonPosted) && sent < 1000; ++sent) rc.deliver(mem_read(Bdf(2, 0, 0), 3, 0x1000, 512));
  EXPECT_LE(sent, 20u);  // 512 bytes are four completions
  EXPECT_TRUE(rc.room(FlowClass::kPosted));
  EXPECT_TRUE(rc.room(FlowClass::kCompletion));
  bool told = false;
  rc.on_room([&] { told = true; });
  link.give_room();
  EXPECT_EQ(link.sent.size(), 4 * sent);
  EXPECT_TRUE(told);
  EXPECT_TRUE(rc.room(FlowClass::kNonPosted));
}

TEST_F(RootComplexTest, PostedPacketsFindNoRoomWhileTheServerTakesNoInterrupts) {
  memory.takes_interrupts = false;
  EXPECT_FALSE(rc.room(FlowClass::kPosted));
  EXPECT_TRUE(rc.room(FlowClass::kCompletion));
  bool told = false;
  rc.on_room([&] { told = true; });
  memory.take_interrupts();
  EXPECT_TRUE(told);
  EXPECT_TRUE(rc.room(FlowClass::kPosted));
}

// ---- Time-outs --------------------------------------------------------------------------------------------------

TEST_F(RootComplexTest, WithTimeoutsDisabledARequestWaitsForEver) {
  write(Bdf(0, 1, 0), 0x40 + express::kDeviceControl2, {express::kTimeoutDisable, 0});
  bool done = false;
  rc.mem_read(0x80000000, 4, [&](CplStatus, auto) { done = true; });
  scheduler.after(std::chrono::seconds(100), [] {});
  scheduler.run();
  EXPECT_FALSE(done);
  EXPECT_EQ(rc.counters().timeouts, 0u);
  rc.deliver(completions_with_data(link.sent[0], Bdf(1, 0, 0), std::array<std::uint8_t, 4>{}, 128, 64)[0]);
  EXPECT_TRUE(done);
}

TEST_F(RootComplexTest, ARequestsTimeRunsFromWhenItLeaves) {
  link.full = kN;
  bool done = false;
  rc.mem_read(0x80000000, 4, [&](CplStatus, auto) { done = true; });
  scheduler.after(std::chrono::seconds(1), [&] { link.give_room(); });
  scheduler.after(std::chrono::milliseconds(1049), [&] { EXPECT_FALSE(done); });
  scheduler.run();
  EXPECT_TRUE(done);
  EXPECT_EQ(rc.counters().timeouts, 1u);
}

TEST_F(RootComplexTest, AForgedCompletionOfARequestThatHasNotLeftDoesNoHarm) {
  link.full = kN;
  bool done = false;
  rc.mem_read(0x80000000, 4, [&](CplStatus, auto) { done = true; });
  rc.deliver(completion(mem_read(Bdf(0, 0, 0), 0, 0x80000000, 4), Bdf(1, 0, 0), CplStatus::kUnsupported));
  EXPECT_TRUE(done);
  link.give_room();
  scheduler.run();
  EXPECT_EQ(rc.counters().timeouts, 0u);
}

TEST_F(RootComplexTest, SecondaryBusResetAndLinkDisableTakeTheLinkDown) {
  const Bdf port(0, 1, 0);
  const auto active = [&] {
    std::uint8_t status = 0;
    rc.config_read(port, 0x53, 1, [&](CplStatus, auto d) { status = d[0]; });
    return (status & 0x20) != 0;
  };
  EXPECT_TRUE(active());
  write(port, 0x3e, {0x40, 0});
  EXPECT_FALSE(active());
  write(port, 0x50, {0x10, 0});
  write(port, 0x3e, {0, 0});
  EXPECT_EQ(link_states, (std::vector<bool>{false}));  // still disabled
  write(port, 0x50, {0, 0});
  EXPECT_EQ(link_states, (std::vector<bool>{false, true}));
  EXPECT_TRUE(active());
}

// ---- The root port's configuration space ------------------------------------------------------------------------

// What is left of each dword after ones have been written to all of it; the sections are the PCIe Base Spec's (2.1).
// A dword that is not listed cannot be changed.
TEST_F(RootComplexTest, RootPortKeepsWhatItMustAndNothingElse) {
  static const std::map<unsigned, std::uint32_t> kKept{
      {0x04, 0x00100546},  // 7.5.1.1 Command; Status: capability list
      {0x0c, 0x000100ff},  // cache line size
      {0x18, 0x00ffffff},  // 7.5.3.1 bus numbers
      {0x20, 0xfff0fff0},  // memory window
      {0x24, 0xfff1fff1},  // prefetchable window, 64 bits
      {0x28, 0xffffffff},
      {0x2c, 0xffffffff},
      {0x3c, 0x004300ff},  // 7.5.3.6 bridge control: parity, SERR, secondary bus reset; interrupt line
      {0x48, 0x000000ef},  // 7.8.4 error reporting, payload size; no tags, phantom functions, aux power or own reads
      {0x50, 0x008200d3},  // 7.8.7 ASPM, link disable, common clock, extended synch; 7.8.8 x8, 5 GT/s, not active while
                           // disabled
      {0x5c, 0x0000000f},  // 7.8.12, without CRS visibility
      {0x68, 0x00000010},  // 7.8.16 time-out disable; no ARI forwarding, no ranges
      {0x70, 0x0000000f},  // 7.8.19 target link speed
      {0x84, 0x0000000b},  // PCI PM 1.2, 3.2.4: power state; No_Soft_Reset
      {0x104, 0x001d001d},  // 7.16.3 ACS control as far as it is capable
  };
  const auto read = [&](unsigned reg) {
    std::uint32_t v = 0;
    rc.config_read(Bdf(0, 1, 0), reg, 4, [&](CplStatus, auto d) { std::memcpy(&v, d.data(), 4); });
    return v;
  };
  for (unsigned reg = 0; reg < ConfigSpace::kSize; reg += 4) {
    const std::uint32_t before = read(reg);
    write(Bdf(0, 1, 0), reg, {0xff, 0xff, 0xff, 0xff});
    const auto kept = kKept.find(reg);
    EXPECT_EQ(read(reg), kept == kKept.end() ? before : kept->second) << "register 0x" << std::hex << reg;
  }
}

}  // namespace
}  // namespace vfpool::pcie

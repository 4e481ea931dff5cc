// SPDX-License-Identifier: Apache-2.0
#include "pcie/root_complex.hpp"

#include <gtest/gtest.h>

#include <map>

namespace vfpool::pcie {
namespace {

struct Memory : HostMemory {
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
};

struct Link : TlpSink {
  void deliver(Tlp t) override { sent.push_back(std::move(t)); }
  std::vector<Tlp> sent;
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
  RootComplex rc{scheduler, memory, link, {.name = "rc"}};
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

}  // namespace
}  // namespace vfpool::pcie

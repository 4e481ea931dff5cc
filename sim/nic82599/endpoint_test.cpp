// SPDX-License-Identifier: Apache-2.0
#include "pcie/endpoint.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <optional>

#include "nic82599/functions.hpp"
#include "nic82599/test_card.hpp"
#include "pcie/config_space.hpp"

namespace vfpool::nic82599 {
namespace {

using pcie::Bdf;
using pcie::CplStatus;
using pcie::Tlp;
using pcie::TlpKind;

// The other end of the link: keeps packets, answers reads from a memory when told to.
class Link : public pcie::TlpSink {
 public:
  bool room(pcie::FlowClass c) const override { return !(full >> static_cast<unsigned>(c) & 1); }
  void deliver(Tlp tlp) override { packets.push_back(std::move(tlp)); }
  void give_room() {
    full = 0;
    room_is_back();
  }
  std::vector<Tlp> packets;
  unsigned full = 0;  // bit by class
};

class OnALink : public ::testing::Test {
 protected:
  OnALink() : endpoint(scheduler, link), nic(scheduler, endpoint.dma(), {}) { endpoint.plug(nic); }

  void run() {  // 10 us and no more: a completion time-out must not become due
    bool over = false;
    scheduler.after(std::chrono::microseconds(10), [&] { over = true; });
    scheduler.after(std::chrono::microseconds(11), [] {});  // virtual time moves on to the next timer: this one
    scheduler.run_until([&] { return over; }, std::chrono::microseconds(20));
  }
  void config_write(Bdf target, unsigned r, std::uint32_t value, unsigned size = 4, bool type1 = false) {
    std::array<std::uint8_t, 4> b;
    std::memcpy(b.data(), &value, 4);
    endpoint.deliver(pcie::cfg_write(kHost, 9, target, r, std::span(b).first(size), type1));
    run();
  }
  std::optional<std::uint32_t> config_read(Bdf target, unsigned r, bool type1 = false) {
    link.packets.clear();
    endpoint.deliver(pcie::cfg_read(kHost, 5, target, r, 4, type1));
    run();
    return answer();
  }
  void mem_write(std::uint64_t address, std::uint32_t value) {
    std::array<std::uint8_t, 4> b;
    std::memcpy(b.data(), &value, 4);
    endpoint.deliver(pcie::mem_write(kHost, address, b));
  }
  std::optional<std::uint32_t> mem_read(std::uint64_t address) {
    link.packets.clear();
    endpoint.deliver(pcie::mem_read(kHost, 5, address, 4));
    run();
    return answer();
  }
  std::optional<std::uint32_t> answer() {
    if (link.packets.size() != 1 || link.packets[0].status() != CplStatus::kSuccess) return std::nullopt;
    EXPECT_EQ(link.packets[0].requester(), kHost);
    EXPECT_EQ(link.packets[0].tag(), 5);
    std::uint32_t v;
    std::memcpy(&v, link.packets[0].data.data(), 4);
    return v;
  }
  // PF at bus 4 with its BARs, two VFs.
  void enumerate() {
    config_write(kPf, 0x10, 0xd0000000);
    config_write(kPf, 0x20, 0xd0100000);
    config_write(kPf, pfcfg::kVfBar0, 0xd0200000);
    config_write(kPf, pfcfg::kVfBar3, 0xd0300000);
    config_write(kPf, pfcfg::kNumVfs, 2, 2);
    config_write(kPf, pfcfg::kSriovControl, pfcfg::kVfEnable | pfcfg::kVfMemoryEnable, 2);
    config_write(kPf, 0x04, 0x6, 2);
    link.packets.clear();
  }

  static constexpr Bdf kHost{0, 0, 0}, kPf{4, 0, 0};
  Scheduler scheduler{TimeBase::kVirtual};
  Link link;
  pcie::Endpoint endpoint;
  Nic82599 nic;
};

TEST_F(OnALink, PfAnswersAtTheBusThatItIsAskedOn) {
  EXPECT_EQ(config_read(kPf, 0), 0x10f98086u);
  EXPECT_EQ(link.packets[0].completer(), kPf);
  EXPECT_EQ(config_read(Bdf(4, 1, 0), 0), std::nullopt);
  EXPECT_EQ(link.packets[0].status(), CplStatus::kUnsupported);
}

TEST_F(OnALink, VfsAppearWhereTheCapabilitySays) {
  enumerate();
  const Bdf vf0(5, 16, 0), vf1(5, 16, 2);
  EXPECT_EQ(config_read(vf0, 0, true), 0xffffffffu);
  EXPECT_EQ(config_read(vf1, pfcfg::kMsix, true), 0x0002a011u);
  EXPECT_EQ(link.packets[0].completer(), vf1);
  EXPECT_EQ(config_read(Bdf(5, 16, 4), 0, true), std::nullopt);
  config_write(kPf, pfcfg::kSriovControl, 0, 2);
  config_write(kPf, pfcfg::kSriovControl, pfcfg::kAriHierarchy, 2);
  config_write(kPf, pfcfg::kSriovControl, pfcfg::kAriHierarchy | pfcfg::kVfEnable | pfcfg::kVfMemoryEnable, 2);
  EXPECT_EQ(config_read(Bdf(4, 16, 2), 0), 0xffffffffu);
}

TEST_F(OnALink, RegistersAnswerInTheirWindows) {
  EXPECT_EQ(mem_read(0xd0000000 + reg::kStatus), std::nullopt);
  enumerate();
  EXPECT_EQ(mem_read(0xd0000000 + reg::kRarLow), 0x90598202u);
  mem_write(0xd0000000 + reg::kGcrExt, 3);
  mem_write(0xd0204000 + 0x1004, 0x12345678);  // VF 1
  EXPECT_EQ(mem_read(0xd0204000 + 0x1004), 0x12345678u);
  EXPECT_EQ(mem_read(0xd0200000 + 0x1004), 0u);
  mem_write(0xd0304000, 0xfee00000);
  EXPECT_EQ(mem_read(0xd0304000), 0xfee00000u);
  EXPECT_EQ(mem_read(0xd0208000), std::nullopt);  // no third VF
}

TEST_F(OnALink, DmaCarriesTheFunctionsIdAndSplitsAtTheLimits) {
  enumerate();
  const Bdf vf1(5, 16, 2);
  bool refused = false;
  endpoint.dma().read(2, 0x1000, 64, [&](bool ok, auto) { refused = !ok; });
  run();
  EXPECT_TRUE(refused);  // no bus mastering yet
  EXPECT_TRUE(link.packets.empty());
  config_write(vf1, 0x04, 4, 2, true);
  link.packets.clear();

  std::vector<std::uint8_t> got;
  endpoint.dma().read(2, 0x1f00, 1024, [&](bool ok, auto data) {
    EXPECT_TRUE(ok);
    got.assign(data.begin(), data.end());
  });
  run();
  ASSERT_EQ(link.packets.size(), 3u);  // 256 to the page end, 512 (MRRS), 256
  const std::vector<Tlp> requests = std::exchange(link.packets, {});
  std::vector<std::uint8_t> memory(0x4000);
  for (std::size_t i = 0; i < memory.size(); ++i) memory[i] = static_cast<std::uint8_t>(i * 31 >> 3);
  for (auto r = requests.rbegin(); r != requests.rend(); ++r) {  // completions may come in any order
    EXPECT_EQ(r->requester(), vf1);
    for (const Tlp& c :
         pcie::completions_with_data(*r, kHost, std::span(memory).subspan(r->address(), r->length_dw() * 4), 128, 64))
      endpoint.deliver(c);
  }
  EXPECT_TRUE(std::equal(got.begin(), got.end(), memory.begin() + 0x1f00));
  EXPECT_EQ(got.size(), 1024u);

  endpoint.dma().write(2, 0x2ff0, std::vector<std::uint8_t>(300, 7));
  run();
  ASSERT_EQ(link.packets.size(), 4u);
  for (const Tlp& t : link.packets) {
    EXPECT_EQ(t.kind(), TlpKind::kMemWrite);
    EXPECT_LE(t.data.size(), 128u);
    EXPECT_EQ(pcie::malformed(t), std::nullopt);
  }
}

TEST_F(OnALink, MissingCompletionEndsTheReadAfterTheTimeout) {
  enumerate();
  bool failed = false;
  endpoint.dma().read(0, 0x1000, 4, [&](bool ok, auto) { failed = !ok; });
  scheduler.run_until([&] { return failed; }, std::chrono::milliseconds(60));
  EXPECT_TRUE(failed);
  EXPECT_EQ(endpoint.counters().timeouts, 1u);
  // What comes too late is unexpected.
  endpoint.deliver(pcie::completions_with_data(link.packets[0], kHost, std::array<std::uint8_t, 4>{}, 128, 64)[0]);
  EXPECT_EQ(endpoint.counters().unexpected_completions, 1u);
}

TEST_F(OnALink, WrongCompletionsAreRefused) {
  enumerate();
  int failed = 0;
  endpoint.dma().read(0, 0x1000, 64, [&](bool ok, auto) { failed += !ok; });
  run();
  const Tlp request = link.packets.at(0);
  endpoint.deliver(pcie::completions_with_data(pcie::mem_read(kPf, request.tag(), 0x1000, 128), kHost,
                                               std::vector<std::uint8_t>(128), 128, 64)[0]);
  EXPECT_EQ(failed, 1);
  endpoint.dma().read(0, 0x1000, 64, [&](bool ok, auto) { failed += !ok; });
  run();
  endpoint.deliver(pcie::completion(link.packets.at(1), kHost, CplStatus::kUnsupported));
  EXPECT_EQ(failed, 2);
  Tlp foreign = pcie::completion(link.packets.at(1), kHost, CplStatus::kSuccess);
  foreign.set_requester(Bdf(9, 0, 0));
  endpoint.deliver(foreign);
  EXPECT_EQ(endpoint.counters().unexpected_completions, 1u);
}

TEST_F(OnALink, SixtyFourReadsAreOutAndTheRestWaits) {
  enumerate();
  config_write(kPf, pfcfg::kDeviceControl, 0x2910, 2);  // Extended Tag
  link.packets.clear();
  int done = 0;
  for (int i = 0; i < 100; ++i) endpoint.dma().read(0, 0x1000, 4, [&](bool ok, auto) { done += ok; });
  run();
  EXPECT_EQ(link.packets.size(), 64u);
  for (std::size_t i = 0; i < link.packets.size(); ++i) {
    const Tlp request = link.packets[i];
    endpoint.deliver(pcie::completions_with_data(request, kHost, std::array<std::uint8_t, 4>{}, 128, 64)[0]);
    run();
  }
  EXPECT_EQ(done, 100);
}

TEST_F(OnALink, MessagesFollowWritesInOrder) {
  enumerate();
  endpoint.dma().write(0, 0x1000, std::vector<std::uint8_t>(16, 1));
  endpoint.dma().message(0, 3, 0xfee00000, 0x41);
  run();
  ASSERT_EQ(link.packets.size(), 2u);
  EXPECT_EQ(link.packets[0].address(), 0x1000u);
  EXPECT_EQ(link.packets[1].address(), 0xfee00000u);
}

TEST_F(OnALink, MalformedAndPartialPacketsDoNothing) {
  enumerate();
  Tlp t = pcie::mem_write(kHost, 0xd0000000 + reg::kGcrExt, std::array<std::uint8_t, 4>{3, 0, 0, 0});
  t.data.resize(8);
  endpoint.deliver(t);
  EXPECT_EQ(endpoint.counters().malformed_in, 1u);
  endpoint.deliver(pcie::mem_write(kHost, 0xd0000000 + reg::kGcrExt, std::array<std::uint8_t, 1>{3}));
  EXPECT_EQ(endpoint.counters().partial_writes, 1u);
  EXPECT_EQ(mem_read(0xd0000000 + reg::kGcrExt), 0u);
}

TEST_F(OnALink, FunctionLevelResetByConfigurationWrite) {
  enumerate();
  const Bdf vf0(5, 16, 0);
  config_write(vf0, 0x04, 4, 2, true);
  config_write(vf0, pfcfg::kDeviceControl, 0xa810, 2, true);
  EXPECT_EQ(*config_read(vf0, 0x04, true) & 0xffff, 0u);
  config_write(kPf, pfcfg::kDeviceControl, 0xa810, 2);
  EXPECT_EQ(config_read(vf0, 0x04, true), std::nullopt);
  EXPECT_EQ(config_read(kPf, 0x10), 0x0000000cu);
}

TEST_F(OnALink, AResetThatDoesNotEndLeavesOneFunctionSilent) {
  enumerate();
  const Bdf vf0(5, 16, 0), vf1(5, 16, 2);
  nic.stick_resets(1, true);
  EXPECT_TRUE(config_read(vf0, 0x04, true)) << "until it is reset";
  link.packets.clear();
  config_write(vf0, pfcfg::kDeviceControl, 0xa810, 2, true);
  ASSERT_EQ(link.packets.size(), 1u) << "the write itself is answered before the reset";
  EXPECT_EQ(link.packets[0].status(), pcie::CplStatus::kSuccess);
  link.packets.clear();
  EXPECT_EQ(config_read(vf0, 0x04, true), std::nullopt);
  EXPECT_EQ(mem_read(0xd0200000), std::nullopt);
  EXPECT_TRUE(link.packets.empty()) << "silent, not unsupported";
  EXPECT_EQ(endpoint.counters().unanswered_in, 2u);
  EXPECT_TRUE(config_read(vf1, 0x04, true)) << "its neighbour goes on";
  EXPECT_TRUE(mem_read(0xd0204000));

  nic.stick_resets(1, false);
  EXPECT_TRUE(config_read(vf0, 0x04, true));
  EXPECT_TRUE(mem_read(0xd0200000));
}

TEST_F(OnALink, WhatResetsMoreThanTheFunctionEndsAResetThatDidNotEnd) {
  enumerate();
  const Bdf vf0(5, 16, 0);
  const auto flr = [&] { config_write(vf0, pfcfg::kDeviceControl, 0xa810, 2, true); };
  const auto vf_enable = [&](std::uint16_t bits) { config_write(kPf, pfcfg::kSriovControl, bits, 2); };
  const std::uint16_t on = pfcfg::kVfEnable | pfcfg::kVfMemoryEnable;
  const auto hangs = [&] {
    nic.stick_resets(1, true);
    flr();
    return !config_read(vf0, 0x04, true);
  };
  ASSERT_TRUE(hangs());
  vf_enable(on & ~pfcfg::kVfMemoryEnable);
  EXPECT_FALSE(config_read(vf0, 0x04, true)) << "VF Enable stays set";
  vf_enable(on & ~pfcfg::kVfEnable);
  vf_enable(on);
  EXPECT_TRUE(config_read(vf0, 0x04, true)) << "SR-IOV 1.1, 3.3.3.1";
  flr();
  EXPECT_TRUE(config_read(vf0, 0x04, true)) << "and it can be reset again";

  ASSERT_TRUE(hangs());
  nic.reset(0);
  enumerate();
  EXPECT_TRUE(config_read(vf0, 0x04, true)) << "a hot reset";
}

}  // namespace
}  // namespace vfpool::nic82599

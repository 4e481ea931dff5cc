// SPDX-License-Identifier: Apache-2.0
// Configuration space of the bridge's own functions and of the cards it shows.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "two_users.hpp"

namespace vfpool {
namespace {

using pcie::CplStatus;
using testing::HasSubstr;

class Config : public TwoUsers {
 protected:
  host::Function mgmt() { return find(user_trees[1], 0x8086); }
  host::Function upstream() { return user_trees[1][2]; }
  std::uint32_t read(const host::Function& f, unsigned reg, unsigned size = 4) {
    return run(user(1).config_read(f.bdf, reg, size));
  }
  void write(const host::Function& f, unsigned reg, std::uint32_t value, unsigned size = 4) {
    run(user(1).config_write(f.bdf, reg, value, size));
  }
  /// What stays of ones.
  std::uint32_t writable(const host::Function& f, unsigned reg, unsigned size = 2) {
    const auto before = read(f, reg, size);
    write(f, reg, size == 2 ? 0xffff : 0xffffffff, size);
    const auto ones = read(f, reg, size);
    write(f, reg, before, size);
    return ones;
  }
  /// As `writable`, in the PCI Express capability.
  std::uint32_t express(const host::Function& f, unsigned reg) { return writable(f, f.capability(0x10) + reg); }
};

constexpr unsigned kBridgeControl = 0x3e;
constexpr unsigned kDevCtl = 0x08, kLnkCtl = 0x10, kDevCtl2 = 0x28, kLnkCap2 = 0x2c, kLnkCtl2 = 0x30;

// PCIe Base Spec 2.1, 7.8.4: extended tags (8), phantom functions (9) and auxiliary power (10) belong to capabilities
// that none of these functions has; payload sizes (7:5) to a bridge that has a choice.
TEST_F(Config, DeviceControlKeepsOnlyWhatThereIs) {
  run(ready());
  const unsigned sizes = bridge::Bridge::geometry().max_payload > 128 ? 0xe0 : 0;
  for (const auto& f : {mgmt(), upstream(), slot_port(1, 0)})
    EXPECT_EQ(express(f, kDevCtl), 0x781f | sizes) << f.bdf.str();
}

// 7.8.7: Link Disable (4) is for downstream ports; no clock power management (8), no ASPM (1:0).
TEST_F(Config, LinkControlKeepsOnlyWhatThereIs) {
  run(ready());
  EXPECT_EQ(express(upstream(), kLnkCtl), 0x00c0u);
  const auto port = slot_port(1, 1);  // an empty slot: its link may go
  EXPECT_EQ(express(port, kLnkCtl), 0x00d0u);
}

// 7.8.16: ARI forwarding (5) and the ranges of the completion time-out (3:0) are not offered.
TEST_F(Config, DeviceControl2KeepsOnlyWhatThereIs) {
  run(ready());
  for (const auto& f : {upstream(), mgmt()}) EXPECT_EQ(express(f, kDevCtl2), 0u) << f.bdf.str();
  EXPECT_EQ(express(fn[1], kDevCtl2), 0x0010u);  // the VF's: Completion Timeout Disable
}

// 7.8.18, 7.8.19: function 0 is the one that speaks for the link.
TEST_F(Config, EveryFunctionNamesTheSpeedOfTheLink) {
  run(ready());
  for (const auto& f : {mgmt(), upstream(), slot_port(1, 0)}) {
    EXPECT_EQ(read(f, f.capability(0x10) + kLnkCap2), 0x6u) << f.bdf.str();
    EXPECT_EQ(read(f, f.capability(0x10) + kLnkCtl2, 2) & 0xf, 2u) << f.bdf.str();
  }
}

TEST_F(Config, TheMsiCapabilityTakesBytesOneByOne) {
  run(ready());
  const auto port = slot_port(1, 0);
  const unsigned msi = port.capability(0x05);
  for (unsigned i = 4; i < 14; ++i) write(port, msi + i, 0x10 + i, 1);
  EXPECT_EQ(read(port, msi + 4), 0x17161514u);
  EXPECT_EQ(read(port, msi + 8), 0x1b1a1918u);
  EXPECT_EQ(read(port, msi + 12), 0x00001d1cu);
  write(port, msi + 4, 0xffffffff);
  EXPECT_EQ(read(port, msi + 4), 0xfffffffcu);  // a DW's address
  EXPECT_EQ(read(port, msi + 8), 0x1b1a1918u);
}

// Of these registers none decides where requests go.
TEST_F(Config, RegistersKeepWhatIsWrittenBesideEachOther) {
  run(ready());
  const std::vector<std::pair<host::Function, std::vector<unsigned>>> all = {
      {mgmt(), {0x0c, 0x10, 0x14, 0x3c, 0x54, 0x58, 0x5c, 0x78}},
      {upstream(), {0x0c, 0x20, 0x24, 0x28, 0x2c, 0x3c, 0x54, 0x58, 0x5c, 0x78}},
      {slot_port(1, 1), {0x0c, 0x20, 0x24, 0x28, 0x2c, 0x3c, 0x44, 0x54, 0x58, 0x5c, 0x78, 0x104}},
      {fn[1], {0x0c, 0x10, 0x14, 0x1c, 0x20, 0x3c, 0xa8, 0xc8}}};
  for (const auto& [f, registers] : all) {
    std::vector<std::uint32_t> expected;
    for (const unsigned reg : registers) {
      // Not Bridge Control, which can reset, nor Initiate FLR.
      const std::uint32_t may = reg == 0x3c ? 0xff : reg == 0xa8 ? 0x7fff : 0xffffffff;
      const std::uint32_t value = 0x9e3779b9 * static_cast<std::uint32_t>(expected.size() + 1) & may;
      write(f, reg, may);  // takes what is recorded so far
      write(f, reg, 0);
      const auto zeros = read(f, reg);
      write(f, reg, may);
      const auto mask = read(f, reg) ^ zeros;
      EXPECT_NE(mask, 0u) << f.bdf.str() << " " << reg;
      write(f, reg, value);
      expected.push_back((value & mask) | zeros);
    }
    for (std::size_t i = 0; i < registers.size(); ++i)
      EXPECT_EQ(read(f, registers[i]), expected[i]) << f.bdf.str() << " " << registers[i];
  }
}

// 6.6.2: a function-level reset. 7.5.3.6: what is below a port whose secondary bus is reset. 6.6.1: all of a tree whose
// link was down.
TEST_F(Config, ResetsBringBackTheFirstValues) {
  run(ready());
  const auto port = slot_port(1, 1);
  for (const unsigned reg : {0x0cu, 0x10u, 0x14u, 0x1cu, 0x20u, 0x3cu, 0xc8u}) write(fn[1], reg, 0xffffffff);
  write(fn[1], fn[1].capability(0x10) + kDevCtl, 0x8000, 2);
  for (const unsigned reg : {0x04u, 0x0cu, 0x10u, 0x14u, 0x1cu, 0x20u, 0x3cu, 0xc8u})
    EXPECT_EQ(read(fn[1], reg) & (reg == 0x04 ? 0xffff : 0xfffffff0), 0u) << reg;

  for (const auto& f : {port, upstream(), mgmt()}) write(f, 0x3c, 0x55, 1);
  for (const auto& f : {port, upstream()}) write(f, 0x28, 0x12345678);
  write(upstream(), kBridgeControl, 0x40, 2);
  write(upstream(), kBridgeControl, 0, 2);
  for (const unsigned reg : {0x18u, 0x28u, 0x3cu}) EXPECT_EQ(read(port, reg), 0u) << reg;
  EXPECT_EQ(read(upstream(), 0x28), 0x12345678u);

  bridge.set_link(1, false);
  settle();
  bridge.set_link(1, true);
  settle();
  for (const auto& f : {upstream(), mgmt()}) EXPECT_EQ(read(f, 0x3c), 0u) << f.bdf.str();
  for (const unsigned reg : {0x18u, 0x28u}) EXPECT_EQ(read(upstream(), reg), 0u) << reg;
}

// ---- Status registers (7.5.1.2, 7.5.3.4) ----------------------------------------------------------------------------

constexpr unsigned kCommand = 0x04, kStatus = 0x06, kSecondaryStatus = 0x1e;
constexpr std::uint16_t kParity = 0x8000, kMasterAbort = 0x2000, kTargetAbort = 0x1000, kAborts = 0x0800,
                        kMasterParity = 0x0100, kParityResponse = 0x0040, kSerr = 0x0100;

class Status : public Config {
 protected:
  using Tlp = pcie::Tlp;
  using TlpKind = pcie::TlpKind;
  ~Status() override {
    bridge.connect(1, user(1).root());
    bridge.connect(device(), endpoint);
  }
  static Tlp poisoned(Tlp t) {
    t.hdr[0] |= 1U << 14;
    return t;
  }
  static Tlp answer(const Tlp& read, Bdf completer) {
    return completions_with_data(read, completer, std::vector<std::uint8_t>(byte_length(read), 0xee), 128, 64)[0];
  }
  std::uint16_t errors(const host::Function& f, unsigned reg = kStatus) {
    return static_cast<std::uint16_t>(read(f, reg, 2) & 0xf900);
  }
  /// User 1's VF reads its server's memory; what the server got of it.
  Tlp vf_reads() {
    bridge.connect(1, mute_server);
    from_device(pcie::mem_read(owner_vfs[0].bdf, 3, 0x700000, 4));
    settle();
    const Tlp t = mute_server.last(TlpKind::kMemRead);
    bridge.connect(1, user(1).root());
    return t;
  }
  void from_server(Tlp t) {
    bridge.input(1).deliver(std::move(t));
    settle();
  }
  host::Function port() { return slot_port(1, 0); }
  /// All that a test of the VF has not caused, and no other slot.
  void nothing_else() {
    EXPECT_EQ(errors(mgmt()), 0u);
    EXPECT_EQ(errors(slot_port(1, 1)), 0u);
    EXPECT_EQ(errors(slot_port(1, 1), kSecondaryStatus), 0u);
    EXPECT_EQ(run(user(2).config_read(fn[2].bdf, kStatus, 2)), 0x0010u);
  }
  Silent mute_server;
};

TEST_F(Status, AnErrorOfAVfsReadIsThatVfs) {
  run(ready());
  from_server(completion(vf_reads(), Bdf(0, 0, 0), CplStatus::kUnsupported));
  EXPECT_EQ(errors(fn[1]), kMasterAbort);
  from_server(completion(vf_reads(), Bdf(0, 0, 0), CplStatus::kAbort));
  EXPECT_EQ(errors(fn[1]), kMasterAbort | kTargetAbort);
  EXPECT_EQ(errors(port(), kSecondaryStatus) | errors(port()) | errors(upstream()), 0u) << "they only pass it on";
  nothing_else();
  write(fn[1], kStatus, kTargetAbort, 2);
  EXPECT_EQ(errors(fn[1]), kMasterAbort) << "a written one clears, others stay";
  write(fn[1], kStatus + 1, 0xff, 1);
  EXPECT_EQ(errors(fn[1]), 0u);
}

TEST_F(Status, AReadThatNobodyAnswersIsAMasterAbort) {
  run(ready());
  vf_reads();
  sleep(std::chrono::milliseconds(40));
  EXPECT_EQ(errors(fn[1]), kMasterAbort);
  nothing_else();
}

TEST_F(Status, AnAnswerThatDoesNotFitIsAbortedByThePortAboveTheVf) {
  run(ready());
  Tlp wrong = answer(vf_reads(), Bdf(0, 0, 0));
  wrong.hdr[2] ^= 0x40;  // Lower Address
  from_server(wrong);
  EXPECT_EQ(errors(fn[1]), kTargetAbort);
  EXPECT_EQ(errors(port(), kSecondaryStatus), kAborts);
  EXPECT_EQ(errors(port()) | errors(upstream()) | errors(upstream(), kSecondaryStatus), 0u);
  nothing_else();
  write(port(), kSecondaryStatus, kAborts, 2);
  EXPECT_EQ(errors(port(), kSecondaryStatus), 0u);
}

TEST_F(Status, AServersReadThatIsAbortedIsAbortedByTheVf) {
  run(ready());
  Silent& card = silence_the_card();
  bridge.input(1).deliver(pcie::mem_read(Bdf(0, 0, 0), 31, fn[1].bar[0] + 8, 4));
  settle();
  from_device(completion(card.last(TlpKind::kMemRead), owner_vfs[0].bdf, CplStatus::kAbort));
  settle();
  wake_the_card();
  EXPECT_EQ(errors(fn[1]), kAborts);
  EXPECT_EQ(errors(port(), kSecondaryStatus) | errors(port()) | errors(upstream()), 0u);
  nothing_else();
}

// Unsupported Request is in Device Status (6.2.3); these registers know it of the one who asked.
TEST_F(Status, WhatTheBridgeRefusesIsNoErrorOfItsStatus) {
  run(ready());
  const std::uint64_t nowhere = fn[1].bar[0] + (1 << 20);
  EXPECT_EQ(run(user(1).probe32(nowhere)), CplStatus::kUnsupported);
  for (const auto& f : {mgmt(), upstream(), port(), fn[1]}) EXPECT_EQ(errors(f), 0u) << f.bdf.str();
  EXPECT_NE(read(upstream(), upstream().capability(0x10) + 0x0a, 2) & 8, 0u);
}

TEST_F(Status, APoisonedAnswerIsSeenByAllThatItComesThrough) {
  run(ready());
  for (const bool wanted : {false, true}) {
    SCOPED_TRACE(wanted);
    for (const auto& f : {upstream(), port(), fn[1]})
      write(f, kCommand, read(f, kCommand, 2) | (wanted ? kParityResponse : 0), 2);
    from_server(poisoned(answer(vf_reads(), Bdf(0, 0, 0))));
    for (const auto& f : {upstream(), port(), fn[1]}) {
      EXPECT_EQ(errors(f), kParity | (wanted ? kMasterParity : 0)) << f.bdf.str();
      write(f, kStatus, 0xffff, 2);
      EXPECT_EQ(errors(f), 0u);
    }
    EXPECT_EQ(errors(upstream(), kSecondaryStatus) | errors(port(), kSecondaryStatus), 0u);
    nothing_else();
  }
}

TEST_F(Status, APoisonedWriteOfAVfIsSeenOnTheWayUp) {
  run(ready());
  for (const bool wanted : {false, true}) {
    SCOPED_TRACE(wanted);
    for (const auto& f : {upstream(), port(), fn[1]})
      write(f, kCommand, read(f, kCommand, 2) | (wanted ? kParityResponse : 0), 2);
    from_device(poisoned(pcie::mem_write(owner_vfs[0].bdf, 0x700000, std::vector<std::uint8_t>(4, 1))));
    settle();
    EXPECT_EQ(errors(fn[1]), wanted ? kMasterParity : 0);
    for (const auto& f : {upstream(), port()}) {
      EXPECT_EQ(errors(f), wanted ? kMasterParity : 0) << f.bdf.str();
      EXPECT_EQ(errors(f, kSecondaryStatus), kParity) << f.bdf.str();
      write(f, kStatus, 0xffff, 2);
      write(f, kSecondaryStatus, 0xffff, 2);
    }
    write(fn[1], kStatus, 0xffff, 2);
    nothing_else();
  }
}

TEST_F(Status, APoisonedAnswerOfAVfCountsForWhoHasParityResponseBelow) {
  run(ready());
  write(port(), kBridgeControl, 1, 2);
  Silent& card = silence_the_card();
  bridge.input(1).deliver(pcie::mem_read(Bdf(0, 0, 0), 31, fn[1].bar[0] + 8, 4));
  settle();
  from_device(poisoned(answer(card.last(TlpKind::kMemRead), owner_vfs[0].bdf)));
  settle();
  wake_the_card();
  EXPECT_EQ(errors(port(), kSecondaryStatus), kParity | kMasterParity);
  EXPECT_EQ(errors(upstream(), kSecondaryStatus), kParity);
  EXPECT_EQ(errors(upstream()) | errors(port()) | errors(fn[1]), 0u);
  nothing_else();
}

TEST_F(Status, APoisonedRequestToTheBridgeIsFunctionZeros) {
  run(ready());
  bridge.input(1).deliver(
      poisoned(pcie::cfg_write(Bdf(0, 0, 0), 31, mgmt().bdf, 0x3c, std::vector<std::uint8_t>{1}, false)));
  settle();
  EXPECT_EQ(errors(mgmt()), kParity);
  EXPECT_EQ(errors(upstream()), kParity) << "the link's function";
  EXPECT_EQ(errors(port()) | errors(fn[1]), 0u);
}

TEST_F(Status, CommandKeepsWhatBelongsToErrors) {
  run(ready());
  for (const auto& f : {mgmt(), upstream(), port(), fn[1]})
    EXPECT_EQ(writable(f, kCommand), kParityResponse | kSerr | 6u) << f.bdf.str();
}

TEST_F(Status, AFunctionLevelResetClearsTheVfs) {
  run(ready());
  from_server(completion(vf_reads(), Bdf(0, 0, 0), CplStatus::kUnsupported));
  EXPECT_EQ(errors(fn[1]), kMasterAbort);
  write(fn[1], fn[1].capability(0x10) + kDevCtl, 0x8000, 2);
  EXPECT_EQ(errors(fn[1]), 0u);
}

// pciutils read the same bits.
TEST_F(Status, LspciSeesThem) {
  run(ready());
  const auto lspci = [&](const host::Function& f) {
    char name[] = "/tmp/vfpool-config-XXXXXX";
    const int fd = mkstemp(name);
    std::string dump = fmt::format("{} Class\n", f.bdf.str());
    for (unsigned at = 0; at < 256; ++at)
      dump += fmt::format("{}{:02x}{}", at % 16 == 0 ? fmt::format("{:02x}: ", at) : "", read(f, at, 1),
                          at % 16 == 15 ? "\n" : " ");
    EXPECT_EQ(::write(fd, dump.data(), dump.size()), static_cast<ssize_t>(dump.size()));
    close(fd);
    FILE* out = popen(fmt::format("lspci -vv -F {} | grep -E 'Control:|tatus:|Parity'", name).c_str(), "r");
    std::string text;
    for (int c; (c = fgetc(out)) != EOF;) text += static_cast<char>(c);
    EXPECT_EQ(pclose(out), 0);
    unlink(name);
    return text;
  };
  EXPECT_THAT(lspci(fn[1]), HasSubstr(">TAbort- <TAbort- <MAbort- >SERR- <PERR-"));
  write(port(), kCommand, 0x0146, 2);
  from_server(completion(vf_reads(), Bdf(0, 0, 0), CplStatus::kUnsupported));
  EXPECT_THAT(lspci(fn[1]), HasSubstr(">TAbort- <TAbort- <MAbort+ >SERR- <PERR-"));
  Tlp wrong = answer(vf_reads(), Bdf(0, 0, 0));
  wrong.hdr[2] ^= 0x40;
  from_server(wrong);
  from_server(poisoned(answer(vf_reads(), Bdf(0, 0, 0))));
  EXPECT_THAT(lspci(fn[1]), HasSubstr(">TAbort- <TAbort+ <MAbort+ >SERR- <PERR+"));
  const std::string above = lspci(port());
  EXPECT_THAT(above, HasSubstr("ParErr+ Stepping- SERR+"));
  EXPECT_THAT(above, HasSubstr("ParErr+ DEVSEL=fast >TAbort- <TAbort- <MAbort- >SERR- <PERR+"));
  EXPECT_THAT(above, HasSubstr("FastB2B- ParErr- DEVSEL=fast >TAbort+ <TAbort- <MAbort- <SERR- <PERR-"));
}

TEST_F(Config, MemorySpaceEnableOfEachFunctionAboveCounts) {
  run(ready());
  const auto status = [&](std::uint64_t address) { return run(user(1).probe32(address)); };
  const std::uint64_t card = fn[1].bar[0] + 8, registers = mgmt().bar[0];
  ASSERT_EQ(status(card), CplStatus::kSuccess);
  for (const auto& f : {upstream(), slot_port(1, 0), fn[1]}) {
    write(f, 0x04, 0x0004, 2);
    EXPECT_EQ(status(card), CplStatus::kUnsupported) << f.bdf.str();
    write(f, 0x04, 0x0006, 2);
    EXPECT_EQ(status(card), CplStatus::kSuccess) << f.bdf.str();
  }
  ASSERT_EQ(status(registers), CplStatus::kSuccess);
  write(mgmt(), 0x04, 0x0004, 2);
  EXPECT_EQ(status(registers), CplStatus::kUnsupported);
}

}  // namespace
}  // namespace vfpool

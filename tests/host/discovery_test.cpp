// SPDX-License-Identifier: Apache-2.0
// What the bridge does while it does not know where the card's VFs are, and with cards whose VFs lie otherwise.
#include <map>
#include <optional>

#include "copier/copier.hpp"
#include "two_users.hpp"

namespace vfpool {
namespace {

using pcie::CplStatus;
using pcie::Tlp;
using pcie::TlpKind;
using regs::NoVfs;
using std::chrono::milliseconds;

/// Between the bridge and the card: changes what the card says of its PF, answers for it, or keeps the owner's writes
/// back for a while.
struct Interposer : pcie::TlpSink {
  Interposer(pcie::TlpSink& to_card, pcie::TlpSink& to_bridge) : card(to_card), bridge(to_bridge) {}
  bool room(pcie::FlowClass cls) const override { return card.room(cls); }
  void deliver(Tlp t) override {
    seen.push_back(t);
    const bool read = t.kind() == TlpKind::kCfgRead0;
    const auto other = says.find(t.cfg_register());
    if (read && silent) return;
    if (t.kind() == TlpKind::kCfgWrite0 && keep_back != 0 && t.cfg_register() == keep_back && t.data[0] != 0xff) return;
    if (read && refusal)
      bridge.deliver(completion(t, t.cfg_target(), *refusal));
    else if (read && other != says.end())
      bridge.deliver(completions_with_data(t, t.cfg_target(), bytes(other->second), 128, 64)[0]);
    else if ((t.kind() == TlpKind::kCfgWrite0 && keep) || (read && keep_reads))
      kept.push_back(std::move(t));
    else
      card.deliver(std::move(t));
  }
  void let_go() {
    keep = keep_reads = false;
    for (auto& t : kept) card.deliver(std::move(t));
    kept.clear();
  }
  static std::vector<std::uint8_t> bytes(std::uint32_t v) {
    return {static_cast<std::uint8_t>(v), static_cast<std::uint8_t>(v >> 8), static_cast<std::uint8_t>(v >> 16),
            static_cast<std::uint8_t>(v >> 24)};
  }
  std::size_t count(TlpKind kind) const {
    return static_cast<std::size_t>(
        std::count_if(seen.begin(), seen.end(), [kind](auto& t) { return t.kind() == kind; }));
  }
  std::uint64_t last_address(TlpKind kind) const {
    return std::find_if(seen.rbegin(), seen.rend(), [kind](auto& t) { return t.kind() == kind; })->address();
  }

  pcie::TlpSink &card, &bridge;
  std::vector<Tlp> seen, kept;
  std::map<unsigned, std::uint32_t> says;  ///< registers of the PF
  std::optional<CplStatus> refusal;        ///< of reads of the PF's configuration
  bool silent = false;                     ///< they are not answered at all
  bool keep = false;                       ///< writes to the PF's configuration wait
  bool keep_reads = false;                 ///< reads of it
  unsigned keep_back = 0;                  ///< writes of addresses to this register are lost
};

class Discovery : public TwoUsers {
 protected:
  static constexpr unsigned kCommand = 0x04, kCacheLine = 0x0c;
  static constexpr std::uint64_t kRegister = 0x3c;  // of a VF; harmless to write

  Discovery() { bridge.connect(device(), between); }
  ~Discovery() override { bridge.connect(device(), endpoint); }

  host::Function pf() { return find(owner_tree, 0x10f9); }
  unsigned sriov() { return pf().extended_capabilities.at(0x10); }
  void quiet() {
    owner_sleeps = true;
    sleep(std::chrono::microseconds(100));
    between.seen.clear();
  }
  /// An owner's configuration write; its completion is not awaited.
  void owner_writes(pcie::Bdf target, unsigned reg, std::uint32_t value) {
    bridge.input(0).deliver(pcie::cfg_write(Bdf(0, 0, 0), 31, target, reg, Interposer::bytes(value), true));
  }
  /// A write of the owner to the PF that moves nothing: the bridge looks at the PF again.
  void look_again() {
    owner_writes(pf().bdf, kCacheLine, 0);
    settle();
  }
  void user_writes(unsigned n) {
    bridge.input(n).deliver(pcie::mem_write(Bdf(0, 0, 0), fn[n].bar[0] + kRegister, std::vector<std::uint8_t>(4)));
    settle();
  }
  void vf_writes(unsigned n) {
    from_device(pcie::mem_write(owner_vfs[n].bdf, 0x700000, std::vector<std::uint8_t>(4, 0xa5)));
    settle();
  }
  bool written(host::Server& s) { return s.at(0x700000, 1)[0] != 0; }
  regs::Status status() { return bridge.read<regs::Status>(); }

  Interposer between{endpoint, bridge.input(bridge::Bridge::device_port(0))};
};

// Status that the card answers the bridge's reads with; none: it does not answer.
class FailedLook : public Discovery, public testing::WithParamInterface<std::optional<CplStatus>> {};

TEST_P(FailedLook, ClosesTheMapAndIsRepeated) {
  run(ready());
  quiet();
  Log& owners = leaving(0);
  between.refusal = GetParam();
  between.silent = !GetParam();
  look_again();
  sleep(milliseconds(35));
  EXPECT_EQ(status().no_vfs, NoVfs::kUnknown);
  vf_writes(0);
  vf_writes(3);
  EXPECT_FALSE(written(user(1)));
  EXPECT_FALSE(written(owner()));
  EXPECT_EQ(drops(Drop::kBlocked), 2u);
  user_writes(1);
  EXPECT_EQ(between.count(TlpKind::kMemWrite), 0u);
  owner_writes(owner_vfs[0].bdf, kCommand, 0);
  sleep(milliseconds(50));
  EXPECT_EQ(between.count(TlpKind::kCfgWrite1), 0u);
  EXPECT_EQ(owners.last(TlpKind::kCpl).status(), CplStatus::kUnsupported);

  between.refusal.reset();
  between.silent = false;
  sleep(milliseconds(70));
  EXPECT_EQ(status().no_vfs, NoVfs::kNone);
  vf_writes(0);
  EXPECT_TRUE(written(user(1)));
  EXPECT_FALSE(written(owner()));
  EXPECT_EQ(run(user(1).probe32(fn[1].bar[0] + 8)), CplStatus::kSuccess);
}

INSTANTIATE_TEST_SUITE_P(Status, FailedLook,
                         testing::Values(CplStatus::kUnsupported, CplStatus::kRetry, CplStatus::kAbort, std::nullopt));

TEST_F(Discovery, ACardThatCannotBeReadForLongIsGoneUntilItCan) {
  run(ready());
  quiet();
  between.refusal = CplStatus::kUnsupported;
  look_again();
  sleep(milliseconds(50));
  EXPECT_TRUE(bridge.read<regs::Slot>(0).present);
  sleep(milliseconds(100));
  EXPECT_FALSE(status().sriov);
  EXPECT_FALSE(bridge.read<regs::Slot>(0).present);
  EXPECT_EQ(bridge.read<regs::Vf>(0).state, regs::VfState::kDraining);
  EXPECT_EQ(between.count(TlpKind::kCfgWrite1), 0u);
  between.refusal.reset();
  sleep(milliseconds(300));
  EXPECT_EQ(between.count(TlpKind::kCfgWrite1), 2u);  // both users' VFs are reset: they may have run on
  EXPECT_TRUE(status().sriov);
  EXPECT_TRUE(bridge.read<regs::Slot>(0).present);
}

// The address of the VFs' registers, or of the PF's, changes with the request, not with what is read later.
TEST_F(Discovery, AUsersWriteWaitsWhileTheOwnerMovesTheVfs) {
  run(ready());
  quiet();
  between.keep = true;
  const std::uint64_t old = owner_vfs[0].bar[0], moved = old + 0x400000;
  owner_writes(pf().bdf, sriov() + 0x24, static_cast<std::uint32_t>(moved));
  settle();
  user_writes(1);
  EXPECT_EQ(between.count(TlpKind::kMemWrite), 0u);
  between.let_go();
  settle();
  ASSERT_EQ(between.count(TlpKind::kMemWrite), 1u);
  EXPECT_EQ(between.last_address(TlpKind::kMemWrite), moved + kRegister);
  EXPECT_EQ(logged(), 0u);
}

// An address is mapped once: what waits inside the bridge has the one of before.
TEST_F(Discovery, WhatIsInsideTheBridgeReachesNothingWhereTheVfsWereBefore) {
  run(ready());
  quiet();
  between.keep = true;
  const std::uint64_t moved = owner_vfs[0].bar[0] + 0x400000;
  bridge.hold(device(), {pcie::FlowClass::kPosted});
  for (unsigned i = 0; i < 3; ++i) user_writes(1);
  owner_writes(pf().bdf, sriov() + 0x24, static_cast<std::uint32_t>(moved));
  settle();
  bridge.hold(device(), {});
  settle();
  EXPECT_EQ(between.count(TlpKind::kMemWrite), 0u);
  between.let_go();
  settle();
  user_writes(1);
  EXPECT_GE(between.count(TlpKind::kMemWrite), 1u);
  for (const Tlp& t : between.seen)
    if (t.kind() == TlpKind::kMemWrite) {
      EXPECT_EQ(t.address(), moved + kRegister);
    }
}

TEST_F(Discovery, AServerAnswersTheCardWhileTheOwnerMovesTheVfs) {
  run(ready());
  quiet();
  between.keep = true;
  owner_writes(pf().bdf, kCommand, 6);
  settle();
  from_device(pcie::mem_read(owner_vfs[0].bdf, 3, 0x700000, 4));
  settle();
  EXPECT_EQ(between.count(TlpKind::kCplData), 1u);
  between.let_go();
}

class WaitsFor : public Discovery, public testing::WithParamInterface<unsigned> {};

TEST_P(WaitsFor, ThisRegisterOfThePf) {
  run(ready());
  quiet();
  between.keep = true;
  const unsigned reg = GetParam() < 0x100 ? GetParam() : sriov() + GetParam() - 0x100;
  owner_writes(pf().bdf, reg, run(owner().config_read(pf().bdf, reg)));
  settle();
  user_writes(1);
  EXPECT_EQ(between.count(TlpKind::kMemWrite), 0u);
  between.let_go();
  settle();
  EXPECT_EQ(between.count(TlpKind::kMemWrite), 1u);
}

// Command, BARs 0 and 5, expansion ROM; in the SR-IOV capability: control, page size, VF BARs 0 and 5.
INSTANTIATE_TEST_SUITE_P(Register, WaitsFor,
                         testing::Values(0x04u, 0x10u, 0x24u, 0x30u, 0x108u, 0x120u, 0x124u, 0x138u));

// Nobody else asks the card anything: the port is given up for what the bridge itself wants to know, and users'
// requests, which wait for it, go on to their end.
TEST_F(Discovery, ACardThatTakesNoneOfTheBridgesReadsIsStuckAndHoldsUpNobody) {
  run(ready());
  quiet();
  Log& out = leaving(1);
  const auto stuck = [&] { return bridge.read<regs::Device>(0).stuck; };
  between.keep = true;
  owner_writes(pf().bdf, kCommand, 6);
  settle();
  bridge.hold(device(), {pcie::FlowClass::kNonPosted});
  between.let_go();
  bridge.input(1).deliver(pcie::mem_read(Bdf(0, 0, 0), 31, fn[1].bar[0] + 8, 4));
  settle();
  EXPECT_EQ(out.tlps.size(), 0u);
  EXPECT_FALSE(stuck());
  sleep(milliseconds(10));
  EXPECT_TRUE(stuck());
  sleep(milliseconds(40));
  ASSERT_EQ(out.count(TlpKind::kCpl), 1u);
  EXPECT_EQ(out.last(TlpKind::kCpl).status(), CplStatus::kUnsupported);
  EXPECT_EQ(status().no_vfs, NoVfs::kUnknown);
  sleep(milliseconds(150));
  EXPECT_FALSE(status().sriov);
  EXPECT_FALSE(bridge.read<regs::Slot>(0).present);
  bridge.hold(device(), {});
  sleep(milliseconds(300));
  EXPECT_FALSE(stuck());
  EXPECT_TRUE(status().sriov);
  EXPECT_TRUE(bridge.read<regs::Slot>(0).present);
}

TEST_F(Discovery, OtherWritesOfTheOwnerHoldNobodyUp) {
  run(ready());
  quiet();
  between.keep = true;
  owner_writes(pf().bdf, kCacheLine, 0);
  settle();
  user_writes(1);
  EXPECT_EQ(between.count(TlpKind::kMemWrite), 1u);
  between.let_go();
}

TEST_F(Discovery, AWriteOfTheOwnerThatIsNeverAnsweredDoesNotKeepTheMapClosed) {
  run(ready());
  quiet();
  between.keep = true;
  owner_writes(pf().bdf, kCommand, 6);
  settle();
  user_writes(1);
  EXPECT_EQ(between.count(TlpKind::kMemWrite), 0u);
  sleep(milliseconds(40));
  EXPECT_EQ(between.count(TlpKind::kMemWrite), 1u);
}

// The numbers of an owner's buses are forgotten with its link; what the bridge had asked as one of them is answered.
TEST_F(Discovery, AnAnswerToALookOfBeforeTheOwnersLinkWentDownIsNoStrangersAnswer) {
  run(ready());
  quiet();
  between.keep_reads = true;
  look_again();
  ASSERT_EQ(between.kept.size(), 1u);
  bridge.set_link(0, false);
  between.let_go();
  settle();
  EXPECT_EQ(drops(Drop::kUnexpected), 0u);
  sleep(milliseconds(40));
  EXPECT_EQ(drops(Drop::kTimeout), 0u);
  bridge.set_link(0, true);
}

// SR-IOV 1.1, 3.3.13: an owner with 64 KiB pages.
TEST_F(Discovery, VfsLieAsFarApartAsTheOwnersPages) {
  run(ready());
  quiet();
  for (unsigned bit = 0; bit < 10; ++bit) {
    SCOPED_TRACE(bit);
    between.says[sriov() + 0x20] = 1U << bit;
    look_again();
    user_writes(2);
    EXPECT_EQ(between.last_address(TlpKind::kMemWrite),
              owner_vfs[0].bar[0] + std::max(0x4000u, 0x1000u << bit) + kRegister);
  }
}

TEST_F(Discovery, OneVfHasNoStride) {
  run(ready());
  quiet();
  between.says[sriov() + 0x10] = 1;
  between.says[sriov() + 0x14] = owner_vfs[0].bdf.raw - pf().bdf.raw;  // First VF Offset as before, stride 0
  look_again();
  EXPECT_EQ(status().num_vfs, 1u);
  vf_writes(0);
  EXPECT_TRUE(written(user(1)));
}

TEST_F(Discovery, WhatTheBridgeCannotDoIsRefusedAndTheReasonShown) {
  run(ready());
  quiet();
  struct Case {
    unsigned reg;
    std::uint32_t value;
    NoVfs reason;
  };
  const unsigned at = sriov();
  for (const auto& [reg, value, reason] : {Case{0x100, 0x00010001, NoVfs::kNoCapability},
                                           {at + 0x08, 0x0008, NoVfs::kDisabled},
                                           {at + 0x10, 0, NoVfs::kDisabled},
                                           {at + 0x14, 0x00030080, NoVfs::kStride},
                                           {at + 0x14, 0x00000080, NoVfs::kStride},
                                           {at + 0x14, 0x00020000, NoVfs::kStride},
                                           {at + 0x20, 0, NoVfs::kPageSize},
                                           {at + 0x20, 3, NoVfs::kPageSize},
                                           {at + 0x20, 0x400, NoVfs::kPageSize},
                                           {at + 0x24, 0xe0000000, NoVfs::kBars},
                                           {at + 0x30, 0xe000100c, NoVfs::kBars}}) {
    SCOPED_TRACE(testing::Message() << std::hex << "register " << reg << " says " << value);
    between.says = {{reg, value}};
    look_again();
    EXPECT_EQ(status().no_vfs, reason);
    EXPECT_FALSE(status().sriov);
    EXPECT_EQ(status().num_vfs, 0u);
    EXPECT_FALSE(bridge.read<regs::Slot>(0).present);
  }
  between.says.clear();
  look_again();
  EXPECT_EQ(status().no_vfs, NoVfs::kNone);
  EXPECT_EQ(status().num_vfs, 4u);
}

// What a user sees of a VF is as large as what the device has.
TEST_F(Discovery, VfBarsOfAnotherSizeAreRefused) {
  const unsigned first = nic.config(0).extended(pcie::cap::kSriov) + pcie::sriov::kVfBar0;
  for (const std::uint64_t size : {0x2000U, 0x4000U, 0x8000U, 0x100000U}) {
    SCOPED_TRACE(size);
    for (const unsigned bar : {first, first + 12}) {
      for (const unsigned each : {first, first + 12})
        nic.config(0).memory_bar_at(each, each == bar ? size : 0x4000, true, true);
      bridge.set_link(device(), false);
      nic.reset(0);
      bridge.set_link(device(), true);
      owner_tree = run(enumerators[0]->all());
      owner_vfs = run(enumerators[0]->enable_vfs(pf(), 4));
      settle();
      EXPECT_EQ(status().no_vfs, size == 0x4000 ? NoVfs::kNone : NoVfs::kSize);
      EXPECT_EQ(status().num_vfs, size == 0x4000 ? 4u : 0u);
    }
  }
}

// Its VF BARs 0 and 2 are 8 KiB below 4 GiB and 64 KiB. The 82599's, in the next turn, are read anew.
TEST_F(Discovery, ACardOfAnotherKindIsRefusedAndTheNextOneSized) {
  copier::Copier other(endpoint.dma());
  for (const bool copies : {true, false}) {
    bridge.set_link(device(), false);
    endpoint.plug(copies ? static_cast<pcie::Device&>(other) : nic);
    bridge.set_link(device(), true);
    owner_tree = run(enumerators[0]->all());
    const auto card = find(owner_tree, copies ? copier::kPfDevice : 0x10f9);
    owner_vfs = run(enumerators[0]->enable_vfs(card, 4));
    settle();
    EXPECT_EQ(status().no_vfs, copies ? NoVfs::kBars : NoVfs::kNone);
    EXPECT_EQ(status().num_vfs, copies ? 0u : 4u);
  }
}

// The bridge writes to the card's VF BARs: the owner never sees it, and finds what it has written.
TEST_F(Discovery, TheOwnerFindsItsVfBarsWhileTheBridgeSizesThem) {
  owner_tree = run(enumerators[0]->all());
  const unsigned bar = sriov() + pcie::sriov::kVfBar0;
  for (const unsigned page : {0x1U, 0x10U}) {
    run(owner().config_write(pf().bdf, bar, 0xd0000000 + page * 0x100000, 4));
    between.seen.clear();
    owner_writes(pf().bdf, sriov() + 0x20, page);  // System Page Size
    for (unsigned reads = 0; reads < 40; ++reads)
      EXPECT_EQ(run(owner().config_read(pf().bdf, bar)), (0xd0000000 + page * 0x100000) | 0xc) << page;
    sleep(milliseconds(1));
    EXPECT_GE(between.count(TlpKind::kCfgWrite0), 5u) << "the owner's, and two for each BAR";
  }
}

TEST_F(Discovery, ABarThatCouldNotBeWrittenBackIsWrittenBackLater) {
  owner_tree = run(enumerators[0]->all());
  const unsigned bar = sriov() + pcie::sriov::kVfBar0;
  run(owner().config_write(pf().bdf, bar, 0xd0000000, 4));
  settle();
  between.keep_back = bar;
  run(owner().config_write(pf().bdf, sriov() + 0x20, 0x10, 4));
  sleep(milliseconds(40));
  EXPECT_EQ(status().no_vfs, NoVfs::kUnknown);
  between.keep_back = 0;
  sleep(milliseconds(60));
  EXPECT_EQ(run(owner().config_read(pf().bdf, bar)), 0xd000000cu);
  EXPECT_EQ(status().no_vfs, NoVfs::kDisabled);
}

// VFs whose memory space is off still do DMA.
TEST_F(Discovery, WithoutVfMemorySpaceAVfStillWritesToItsServerOnly) {
  run(ready());
  quiet();
  between.says[sriov() + 0x08] = 0x0001;
  look_again();
  EXPECT_EQ(run(user(1).probe32(fn[1].bar[0] + 8)), CplStatus::kUnsupported);
  vf_writes(0);
  EXPECT_TRUE(written(user(1)));
  EXPECT_FALSE(written(owner()));
}

// Nobody resets the card's VFs because the owner's link is down.
TEST_F(Discovery, AVfIsNotFreeBeforeTheOwnerIsBackToHaveItReset) {
  run(ready());
  bridge.set_link(0, false);
  EXPECT_EQ(command(Op::kForce, 1, 0), Result::kDone);
  sleep(milliseconds(300));
  EXPECT_EQ(command(Op::kAssign, 2, 1, 0), Result::kVfInUse);
}

}  // namespace
}  // namespace vfpool

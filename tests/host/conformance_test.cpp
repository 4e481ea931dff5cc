// SPDX-License-Identifier: Apache-2.0
// What PCIe asks of a switch beside forwarding: messages, power states, resets, error bits.
#include <set>

#include "two_users.hpp"

namespace vfpool {
namespace {

using pcie::CplStatus;
using pcie::Tlp;
using pcie::TlpKind;
using std::chrono::milliseconds;

constexpr unsigned kPowerControl = 0x44, kBridgeControl = 0x3e, kPcie = 0x70, kDeviceStatus = kPcie + 0x0a,
                   kLinkControl = kPcie + 0x10, kLinkStatus = kPcie + 0x12, kVfDeviceControl = 0xa8;
constexpr unsigned kBusReset = 0x40, kLinkDisable = 0x10, kLinkActive = 0x2000;

class Conformance : public TwoUsers {
 protected:
  std::uint32_t read(unsigned n, const host::Function& f, unsigned reg) {
    return run(servers[n]->config_read(f.bdf, reg, 2));
  }
  void write(unsigned n, const host::Function& f, unsigned reg, std::uint32_t value) {
    run(servers[n]->config_write(f.bdf, reg, value, 2));
  }
  host::Function owner_port() { return find(owner_tree, 0x8088); }
  host::Function upstream(unsigned n) { return find(user_trees[n], 0x8087); }
  std::uint64_t registers(unsigned n) { return find(user_trees[n], 0x8086).bar[0]; }
  Tlp message(Bdf from, unsigned routing, unsigned code) {
    Tlp t;
    t.hdr[0] = 0x30000000u | routing << 24;
    t.hdr[1] = static_cast<std::uint32_t>(from.raw) << 16 | code;
    return t;
  }
  static Tlp as_four_dw(Tlp t) {
    t.hdr[0] |= 1u << 29;
    t.hdr[3] = t.hdr[2];
    t.hdr[2] = 0;
    return t;
  }
};

// 2.2.8.1, 2.2.8.3; 7.5.1.1: Bus Master Enable is for memory requests.
TEST_F(Conformance, ErrorsAndInterruptsOfTheCardReachTheOwnerWithoutBusMaster) {
  run(ready());
  Log &out = leaving(0), &users = leaving(1);
  write(0, owner_port(), 0x04, 0x0002);
  const Bdf pf = find(owner_tree, 0x10f9).bdf, vf0 = owner_vfs[0].bdf;
  from_device(message(pf, 0, 0x30));  // ERR_COR
  from_device(message(pf, 4, 0x20));  // Assert_INTA
  from_device(message(pf, 4, 0x24));  // Deassert_INTA
  settle();
  EXPECT_EQ(out.count(TlpKind::kMsg), 3u);
  from_device(message(pf, 4, 0x50));   // Set_Slot_Power_Limit goes the other way
  from_device(message(vf0, 4, 0x20));  // VFs have none
  settle();
  EXPECT_EQ(out.count(TlpKind::kMsg), 3u);
  EXPECT_EQ(users.count(TlpKind::kMsg), 0u);
  EXPECT_EQ(drops(Drop::kUnsupported), 2u);
}

// 2.2.9
TEST_F(Conformance, ALockedReadIsRefusedByALockedCompletion) {
  run(ready());
  Log& out = leaving(1);
  Tlp t = pcie::mem_read(Bdf(0, 0, 0), 31, fn[1].bar[0], 4);
  t.hdr[0] |= 1u << 24;
  bridge.input(1).deliver(t);
  settle();
  ASSERT_EQ(out.count(TlpKind::kCplLocked), 1u);
  EXPECT_EQ(out.last(TlpKind::kCplLocked).status(), CplStatus::kUnsupported);
}

// 2.2.4.1 forbids them to senders only.
TEST_F(Conformance, LongHeadersWithShortAddressesAreTaken) {
  run(ready());
  Log &first = leaving(1), &second = leaving(2);
  ASSERT_LT(registers(2), 1ULL << 32);
  bridge.input(2).deliver(as_four_dw(pcie::mem_read(Bdf(0, 0, 0), 31, registers(2), 4)));
  from_device(as_four_dw(pcie::mem_write(owner_vfs[0].bdf, 0x700000, std::vector<std::uint8_t>(4, 0xa5))));
  settle();
  EXPECT_EQ(second.count(TlpKind::kCplData), 1u);
  ASSERT_EQ(first.count(TlpKind::kMemWrite), 1u);
  EXPECT_FALSE(first.last(TlpKind::kMemWrite).four_dw());
  EXPECT_EQ(user(1).at(0x700000, 4)[3], 0xa5);
  EXPECT_EQ(drops(Drop::kMalformed), 0u);
}

// PCI Bus Power Management 1.2, 5.4.1
TEST_F(Conformance, InD3OnlyConfigurationIsAnswered) {
  run(ready());
  const auto mgmt = find(user_trees[1], 0x8086), slot = slot_port(1, 0);
  const auto both = [&](std::uint64_t address, const host::Function& f) {
    EXPECT_EQ(run(user(1).probe32(address)), CplStatus::kSuccess);
    write(1, f, kPowerControl, 3);
    EXPECT_EQ(run(user(1).probe32(address)), CplStatus::kUnsupported);
    EXPECT_EQ(read(1, f, kPowerControl) & 3u, 3u);
    write(1, f, kPowerControl, 0);
    EXPECT_EQ(run(user(1).probe32(address)), CplStatus::kSuccess);
  };
  both(registers(1), mgmt);
  both(fn[1].bar[0] + 8, slot);
  both(fn[1].bar[0] + 8, upstream(1));
}

// 6.2.3.2.4, 7.8.5
TEST_F(Conformance, TheUpstreamPortSaysThatRequestsWereRefused) {
  run(ready());
  for (unsigned n : {1u, 2u})
    write(n, upstream(n), kDeviceStatus, 0xf);  // functions that there are not were looked for
  EXPECT_EQ(read(1, upstream(1), kDeviceStatus), 0u);
  bridge.input(1).deliver(pcie::mem_read(Bdf(0, 0, 0), 31, 0xdead0000, 4));
  settle();
  EXPECT_EQ(read(1, upstream(1), kDeviceStatus), 0x9u);  // unsupported request, correctable
  bridge.input(1).deliver(pcie::mem_write(Bdf(0, 0, 0), 0xdead0000, std::vector<std::uint8_t>(4)));
  settle();
  EXPECT_EQ(read(1, upstream(1), kDeviceStatus), 0xbu);  // non-fatal too
  EXPECT_EQ(read(2, upstream(2), kDeviceStatus), 0u);
  write(1, upstream(1), kDeviceStatus, 0x3);
  EXPECT_EQ(read(1, upstream(1), kDeviceStatus), 0x8u);
}

struct LinkReset {
  const char* name;
  unsigned reg, bit;
};
void PrintTo(const LinkReset& r, std::ostream* out) { *out << r.name; }

class ResetByPort : public Conformance, public testing::WithParamInterface<LinkReset> {
 protected:
  void reset(unsigned n, const host::Function& f, bool on) {
    const auto& [name, reg, bit] = GetParam();
    write(n, f, reg, on ? bit : 0);
  }
};

// 6.6.1, 7.5.3.6, 7.8.7
TEST_P(ResetByPort, OfASlotResetsItsVf) {
  run(ready());
  Log& card = leaving(device());
  const auto slot = slot_port(1, 0);
  reset(1, slot, true);
  sleep(milliseconds(5));
  EXPECT_EQ(std::count_if(card.tlps.begin(), card.tlps.end(),
                          [&](const Tlp& t) {
                            return t.kind() == TlpKind::kCfgWrite1 && t.cfg_target() == owner_vfs[0].bdf &&
                                   t.cfg_register() == kVfDeviceControl;
                          }),
            1);
  EXPECT_FALSE(bridge.read<regs::Slot>(0).usable);
  reset(1, slot, false);
  sleep(milliseconds(150));
  EXPECT_TRUE(bridge.read<regs::Slot>(0).usable);
  EXPECT_TRUE(bridge.read<regs::Vf>(0).assigned);
  EXPECT_EQ(run(user(2).probe32(fn[2].bar[0] + 8)), CplStatus::kSuccess);
  fn[1] = run(enumerators[1]->slot(slot)).front();
  run(user(1).config_write(fn[1].bdf, 0x04, 6, 2));
  EXPECT_EQ(run(user(1).probe32(fn[1].bar[0] + 8)), CplStatus::kSuccess);
}

TEST_P(ResetByPort, OfTheOwnersPortResetsTheCardAndEndsWhatIsKnownOfIt) {
  run(ready());
  const auto pf = find(owner_tree, 0x10f9);
  EXPECT_NE(read(0, pf, 0x04), 0u);
  owner_sleeps = true;
  sleep(std::chrono::microseconds(100));
  reset(0, owner_port(), true);
  settle();
  EXPECT_EQ(bridge.read<regs::Status>().no_vfs, regs::NoVfs::kUnknown);
  EXPECT_FALSE(bridge.read<regs::Slot>(0).present);
  reset(0, owner_port(), false);
  settle();
  EXPECT_NE(bridge.read<regs::Status>().no_vfs, regs::NoVfs::kUnknown);
  EXPECT_EQ(read(0, pf, 0x04), 0u);
}

INSTANTIATE_TEST_SUITE_P(Kind, ResetByPort,
                         testing::Values(LinkReset{"secondary bus reset", kBridgeControl, kBusReset},
                                         LinkReset{"link disable", kLinkControl, kLinkDisable}));

TEST_F(Conformance, TheOwnersPortShowsTheCardsLink) {
  run(ready());
  owner_sleeps = true;
  sleep(std::chrono::microseconds(100));
  EXPECT_EQ(read(0, owner_port(), kLinkStatus) & kLinkActive, kLinkActive);
  bridge.set_link(device(), false);
  settle();
  EXPECT_EQ(read(0, owner_port(), kLinkStatus) & kLinkActive, 0u);
  EXPECT_FALSE(bridge.read<regs::Status>().sriov);
  bridge.set_link(device(), true);
  settle();
  EXPECT_EQ(read(0, owner_port(), kLinkStatus) & kLinkActive, kLinkActive);
  EXPECT_TRUE(bridge.read<regs::Status>().sriov);  // the card was not reset: its VFs are there
}

// Posted packets and completions that cannot be delivered are not lost in silence: it is as if the cards were pulled.
TEST_F(Conformance, AServerWhosePortLosesPacketsLosesItsSlots) {
  run(ready());
  const auto slot = slot_port(1, 0);
  write(1, slot, kPcie + 0x1a, 0x0109);  // clears what is told already
  bridge.stall(1, true);
  from_device(pcie::mem_write(owner_vfs[0].bdf, 0x700000, std::vector<std::uint8_t>(128, 1)));
  sleep(milliseconds(12));
  EXPECT_FALSE(bridge.read<regs::Slot>(0).present);
  EXPECT_FALSE(bridge.read<regs::Slot>(0).link);
  EXPECT_NE(bridge.read<regs::Vf>(0).state, regs::VfState::kIdle);
  EXPECT_TRUE(bridge.read<regs::Slot>(bridge::Bridge::geometry().slots).present);  // user 2's
  sleep(milliseconds(300));
  EXPECT_FALSE(bridge.read<regs::Slot>(0).present);  // it is stuck yet
  bridge.stall(1, false);
  sleep(milliseconds(5));
  EXPECT_TRUE(bridge.read<regs::Slot>(0).present);
  EXPECT_TRUE(bridge.read<regs::Vf>(0).assigned);
  EXPECT_EQ(read(1, slot, kPcie + 0x1a) & 0x0108u, 0x0108u);  // presence and link have changed
}

// A beat that is offered stays until it is taken, whatever becomes of the port meanwhile; what waits behind it goes
// whole or not at all.
class StandsStill : public Conformance, public testing::WithParamInterface<unsigned> {};

TEST_P(StandsStill, WhatIsOfferedToAStuckNeighbourLeavesOnceAndWhatIsBehindItWhole) {
  run(ready());
  owner_sleeps = true;
  sleep(std::chrono::microseconds(100));
  Log& out = leaving(0);
  // What ends just when the port is back counts as of a VF that is gone.
  const auto refused = [&] { return drops(Drop::kBlocked) + drops(Drop::kNotAssigned) + drops(Drop::kTimeout); };
  for (unsigned cycles = 16; cycles < 56; ++cycles) {
    SCOPED_TRACE(testing::Message() << "stands still after " << cycles << " cycles");
    out.tlps.clear();
    const std::uint32_t before = refused();
    for (std::uint8_t n = 0; n < 3; ++n) {
      from_device(pcie::mem_read(owner_vfs[2].bdf, n, 0x700000 + 64 * n, 4));
      from_device(pcie::mem_write(owner_vfs[2].bdf, 0x710000 + 64 * n, std::vector<std::uint8_t>(16 * GetParam(), n)));
    }
    for (unsigned i = 0; i < cycles; ++i) bridge.cycle();
    bridge.stall(0, true);
    sleep(milliseconds(12));
    bridge.stall(0, false);
    settle();
    sleep(milliseconds(40));
    std::set<std::uint32_t> addresses;
    for (const auto& t : out.tlps) {
      EXPECT_TRUE(addresses.insert(t.hdr[2]).second) << t.str();
      EXPECT_EQ(t.data.size(), t.has_data() ? 16 * GetParam() : 0) << t.str();
    }
    EXPECT_GE(out.tlps.size() + refused() - before, 6u) << "what does not leave is counted";
  }
}

INSTANTIATE_TEST_SUITE_P(Cells, StandsStill, testing::Values(1u, 2u, 3u, 4u, 5u, 8u));

}  // namespace
}  // namespace vfpool

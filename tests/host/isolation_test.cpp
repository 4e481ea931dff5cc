// SPDX-License-Identifier: Apache-2.0
#include <random>
#include <utility>

#include "two_users.hpp"

namespace vfpool {
namespace {

class Isolation : public TwoUsers {};

TEST_F(Isolation, AUserReachesOnlyItsOwnBars) {
  run(ready());
  // Addresses of the other user's and the owner's windows, seen from user 1.
  for (const std::uint64_t address : {fn[2].bar[0], owner_vfs[0].bar[0], find(owner_tree, 0x10f9).bar[0]}) {
    // Past the root complex, which knows the windows below it and would send neither.
    bridge.input(1).deliver(pcie::mem_write(Bdf(0, 0, 0), address, std::vector<std::uint8_t>(4)));
    bridge.input(1).deliver(pcie::mem_read(Bdf(0, 0, 0), 31, address, 4));
  }
  const auto reads = endpoint.counters().reads_in, writes = endpoint.counters().writes_in;
  settle();
  EXPECT_EQ(endpoint.counters().reads_in, reads);
  EXPECT_EQ(endpoint.counters().writes_in, writes);
  EXPECT_EQ(drops(Drop::kNoTarget), 6u);
}

TEST_F(Isolation, AVfsWritesGoOnlyToItsServerWhateverTheAddress) {
  run(ready());
  const std::vector<std::uint8_t> mark(64, 0xa5);
  from_device(pcie::mem_write(owner_vfs[0].bdf, 0x700000, mark));
  settle();
  EXPECT_EQ(user(1).at(0x700000, 64)[5], 0xa5);
  EXPECT_EQ(user(2).at(0x700000, 64)[5], 0);
  EXPECT_EQ(owner().at(0x700000, 64)[5], 0);
}

TEST_F(Isolation, UnassignedVfsBelongToTheOwner) {
  run(ready());
  const std::vector<std::uint8_t> mark(64, 0x5a);
  from_device(pcie::mem_write(owner_vfs[3].bdf, 0x700000, mark));
  settle();
  EXPECT_EQ(owner().at(0x700000, 64)[5], 0x5a);
  EXPECT_EQ(user(1).at(0x700000, 64)[5], 0);
}

// A card with two ports has a PF for each, of which the second keeps working for the owner while VFs of the first are
// pooled.
TEST_F(Isolation, TheOtherFunctionsOfTheCardAreTheOwners) {
  run(ready());
  from_device(pcie::mem_write(Bdf(3, 0, 1), 0x700000, std::vector<std::uint8_t>(64, 0x5a)));
  from_device(pcie::mem_read(Bdf(3, 0, 7), 9, 0x700000, 4));
  settle();
  EXPECT_EQ(owner().at(0x700000, 64)[5], 0x5a);
  for (unsigned n = 1; n <= 2; ++n) EXPECT_EQ(user(n).at(0x700000, 64)[5], 0);
  EXPECT_EQ(drops(Drop::kNoTarget), 0u);
}

TEST_F(Isolation, RequesterIdsThatNobodyHasAreDropped) {
  run(ready());
  for (const Bdf rid : {Bdf(4, 16, 1), Bdf(9, 0, 0), Bdf(0, 0, 0), Bdf(3, 1, 0)})
    from_device(pcie::mem_write(rid, 0x700000, std::vector<std::uint8_t>(4, 1)));
  settle();
  EXPECT_EQ(drops(Drop::kNoTarget), 4u);
  for (unsigned n = 0; n <= 2; ++n) EXPECT_EQ(servers[n]->at(0x700000, 4)[0], 0);
}

// The pool has the VFs of function 0. Those of a second PF lie between them, on the same bus (SR-IOV 1.1, 3.3.9).
TEST_F(Isolation, VfsOfASecondPfAreDroppedAndTheirDeviceSaysSo) {
  run(ready());
  const auto strangers = [&] {
    unsigned devices = 0;
    for (unsigned d = 0; d < bridge::Bridge::geometry().devices; ++d)
      devices |= (bridge.read<regs::Device>(d).stranger ? 1U : 0U) << d;
    return devices;
  };
  bridge.input(1).deliver(pcie::mem_write(Bdf(0, 0, 0), fn[2].bar[0], std::vector<std::uint8_t>(4)));
  from_device(pcie::mem_write(owner_vfs[3].bdf, 0x700000, std::vector<std::uint8_t>(4)));
  settle();
  EXPECT_EQ(drops(Drop::kNoTarget), 1u) << "a server's";
  EXPECT_EQ(strangers(), 0u);
  const Bdf second(4, 16, 1);
  from_device(pcie::mem_write(second, 0x700000, std::vector<std::uint8_t>(4, 1)));
  settle();
  EXPECT_EQ(drops(Drop::kNoTarget), 2u);
  EXPECT_EQ(bridge.read<regs::LogHeader>(1).value >> 16, second.raw);
  EXPECT_EQ(strangers(), 1u);
  bridge.set_link(device(), false);
  settle();
  bridge.set_link(device(), true);
  settle();
  EXPECT_EQ(strangers(), 0u) << "it may be another card";
}

TEST_F(Isolation, WithoutBusMasterNothingLeavesTheVf) {
  run(ready());
  run(user(1).config_write(fn[1].bdf, 0x04, 0x0002, 2));
  from_device(pcie::mem_write(owner_vfs[0].bdf, 0x700000, std::vector<std::uint8_t>(4, 1)));
  settle();
  EXPECT_EQ(drops(Drop::kBusMaster), 1u);
  EXPECT_EQ(user(1).at(0x700000, 4)[0], 0);
}

// Bus Master Enable comes back in each cycle of a packet that is being dropped for the lack of it.
TEST_F(Isolation, ADroppedPacketIsCountedUnderTheReasonItBeganWith) {
  run(ready());
  const Bdf pf = find(owner_tree, 0x10f9).bdf, port = find(owner_tree, 0x8087).bdf;
  owner_sleeps = true;
  for (unsigned cycles = 0; cycles < 24; ++cycles) {
    run(owner().config_write(port, 0x04, 0x0002, 2));
    from_device(pcie::mem_write(pf, 0x700000, std::vector<std::uint8_t>(128, 1)));
    for (unsigned i = 0; i < cycles; ++i) bridge.cycle();
    bridge.input(0).deliver(pcie::cfg_write(Bdf(0, 0, 0), 31, port, 0x04, std::vector<std::uint8_t>{6, 0}, false));
    settle();
    EXPECT_EQ(drops(Drop::kNone), 0u) << cycles;
  }
  EXPECT_GT(drops(Drop::kBusMaster), 0u);
}

TEST_F(Isolation, TheOwnerCannotReconfigureAUsersVf) {
  run(ready());
  const Bdf vf0 = owner_vfs[0].bdf;
  run(owner().config_write(vf0, 0x70, 0));                   // MSI-X off, as a kernel does when it finds a device
  run(owner().config_write(vf0, 0x04, 0, 2));                // bus master off
  run(owner().config_write(vf0, 0xa8, 0x8000, 2));           // function-level reset
  EXPECT_EQ(run(owner().config_read(vf0, 0x34, 1)), 0x70u);  // it may look
  std::vector<std::uint8_t> frame(64, 0);
  std::copy(vf[1]->mac().begin(), vf[1]->mac().end(), frame.begin());
  std::copy(vf[2]->mac().begin(), vf[2]->mac().end(), frame.begin() + 6);
  const auto before = user(1).count(vf[1]->interrupt());
  run(vf[2]->send(frame));
  EXPECT_EQ(run(vf[1]->receive()), frame);
  EXPECT_GT(user(1).count(vf[1]->interrupt()), before);
}

TEST_F(Isolation, ForgedCompletionsAreDropped) {
  run(ready());
  pcie::Tlp read = pcie::mem_read(Bdf(3, 0, 0), 9, 0x1000, 4);
  for (unsigned p = 0; p <= 2; ++p)
    bridge.input(p).deliver(pcie::completions_with_data(read, Bdf(0, 0, 0), std::vector<std::uint8_t>(4), 128, 64)[0]);
  from_device(pcie::completion(read, Bdf(3, 0, 0), pcie::CplStatus::kSuccess));
  settle();
  EXPECT_EQ(drops(Drop::kUnexpected), 4u);
  EXPECT_EQ(endpoint.counters().unexpected_completions, 0u);
}

// The tag alone does not make a completion the right one: the requester ID must be the bridge's own.
TEST_F(Isolation, ACompletionForAnotherRequesterIsNotTaken) {
  run(ready());
  const auto device = bridge::Bridge::device_port(0);
  const std::uint32_t links = run(user(1).read32(fn[1].bar[0] + 0x10));
  bridge.add_tap([&, forged = false](unsigned port, bool toward_bridge, const pcie::Tlp& t) mutable {
    if (port != device || toward_bridge || t.kind() != pcie::TlpKind::kMemRead || std::exchange(forged, true)) return;
    pcie::Tlp request = t;
    request.hdr[1] ^= 0x00550000;  // the same tag, somebody else's ID
    from_device(pcie::completions_with_data(request, owner_vfs[0].bdf, std::vector<std::uint8_t>(4, 0xee), 128, 64)[0]);
  });
  EXPECT_EQ(run(user(1).read32(fn[1].bar[0] + 0x10)), links);
  EXPECT_EQ(drops(Drop::kUnexpected), 1u);
}

// A request that was the server's right when it came, but waited until the VF was taken away.
TEST_F(Isolation, RequestsThatWaitedDoNotReachAVfThatIsGone) {
  run(ready());
  const auto device = bridge::Bridge::device_port(0);
  constexpr unsigned kWrites = 200;
  unsigned reached = 0;
  bridge.add_tap([&](unsigned port, bool toward_bridge, const pcie::Tlp& t) {
    if (port == device && !toward_bridge && t.kind() == pcie::TlpKind::kMemWrite) ++reached;
  });
  bridge.stall(device, true);
  for (unsigned i = 0; i < kWrites; ++i)
    bridge.input(1).deliver(pcie::mem_write(Bdf(0, 0, 0), fn[1].bar[0] + 0x3c, std::vector<std::uint8_t>(4)));
  settle();
  const auto refused = [&] { return drops(Drop::kNotAssigned) + drops(Drop::kNoTarget) + drops(Drop::kBlocked); };
  const std::uint32_t before = refused();
  command(Op::kForce, 1, 0);
  bridge.stall(device, false);
  for (unsigned i = 0; i < 20 && bridge.pending(1) > 0; ++i) settle();
  settle();
  EXPECT_EQ(bridge.pending(1), 0u);
  EXPECT_LE(reached, 8u);  // what stood in the way to the device already, not the queue of the port
  EXPECT_GE(reached + refused() - before, kWrites);  // the VF itself may have asked for something meanwhile
}

TEST_F(Isolation, UsersCannotReachEachOtherByConfigurationRequests) {
  run(ready());
  const auto before = endpoint.counters().config_in;
  for (unsigned bus = 0; bus < 32; ++bus)
    for (unsigned dev : {0u, 16u})
      bridge.input(1).deliver(pcie::cfg_read(Bdf(0, 0, 0), 30, Bdf(bus, dev, 0), 0, 4, true));
  settle();
  EXPECT_EQ(endpoint.counters().config_in, before);
}

TEST_F(Isolation, MalformedPacketsChangeNothingAndAreCounted) {
  run(ready());
  const std::uint64_t vteitr = fn[1].bar[0] + 0x820;  // what the malformed write would reach
  const std::uint32_t before = run(user(1).read32(vteitr));
  pcie::Tlp t = pcie::mem_write(Bdf(0, 0, 0), vteitr, std::vector<std::uint8_t>(8, 0xff));
  t.data.resize(4);
  t.hdr[0] = (t.hdr[0] & ~0x3ffu) | 40;  // says 160 bytes, carries 4
  bridge.input(1).deliver(t);
  t = pcie::mem_read(Bdf(0, 0, 0), 31, 0x1ff8, 8);
  t.hdr[0] = (t.hdr[0] & ~0x3ffu) | 8;  // crosses 4 KiB
  bridge.input(1).deliver(t);
  settle();
  EXPECT_EQ(drops(Drop::kMalformed), 2u);
  EXPECT_EQ(run(user(1).read32(vteitr)), before);
  EXPECT_EQ(run(user(1).probe32(fn[1].bar[0] + 8)), pcie::CplStatus::kSuccess);
}

TEST_F(Isolation, AFloodOfGarbageFromOneUserDoesNotStopTheOther) {
  run(ready());
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 rng(seed);
  for (int i = 0; i < 3000; ++i) {
    pcie::Tlp t;
    for (auto& dw : t.hdr) dw = static_cast<std::uint32_t>(rng());
    if (i % 2) t.hdr[0] &= 0x4000003f;  // more plausible: memory requests of few double words
    t.data.resize(4 * (rng() % 40));
    for (auto& b : t.data) b = static_cast<std::uint8_t>(rng());
    bridge.input(1).deliver(std::move(t));
  }
  std::vector<std::uint8_t> frame(64, 0);
  const std::array<std::uint8_t, 6> to{0x02, 0, 0, 0, 0, 9};
  std::copy(to.begin(), to.end(), frame.begin());
  std::copy(vf[2]->mac().begin(), vf[2]->mac().end(), frame.begin() + 6);
  for (int i = 0; i < 5; ++i) run(vf[2]->send(frame));
  run(user(1).sleep(std::chrono::milliseconds(60)));
  EXPECT_EQ(bridge.pending(1), 0u);
  EXPECT_EQ(run(user(1).probe32(fn[1].bar[0] + 8)), pcie::CplStatus::kSuccess);
  EXPECT_GT(bridge.read<regs::LogCount>().value, 1000u);
}

// One server writes without end while the card stands still and again while it works: queues stay short all the way,
// and completions get through in both directions.
TEST_F(Isolation, AFloodOfWritesIsHeldBackAtItsServerAndNobodyStarves) {
  run(ready());
  const auto device = bridge::Bridge::device_port(0);
  std::uint64_t written = 0;
  bool stop = false;
  const auto flood = [&]() -> host::Task<> {
    for (; !stop; ++written) {
      user(1).write32(fn[1].bar[0] + 0x3c, 0);
      co_await user(1).posted();
    }
  };
  auto program = flood();
  program.start();
  const auto queues_are_short = [&] {
    EXPECT_LE(user(1).root().posted_waiting(), 16u);
    for (unsigned p = 0; p < bridge::Bridge::port_count(); ++p) EXPECT_LE(bridge.pending(p), 3u * 40);
  };
  settle();
  queues_are_short();
  bridge.stall(device, true);
  settle();
  const std::uint64_t before = written;
  settle();
  EXPECT_EQ(written, before);
  queues_are_short();
  bridge.stall(device, false);
  settle();
  EXPECT_GT(written, before + 100);
  std::vector<std::uint8_t> frame(64, 0);
  const std::array<std::uint8_t, 6> to{0x02, 0, 0, 0, 0, 9};
  std::copy(to.begin(), to.end(), frame.begin());
  for (int i = 0; i < 20; ++i) {
    for (unsigned n : {1u, 2u}) {
      EXPECT_EQ(run(user(n).probe32(fn[n].bar[0] + 8)), pcie::CplStatus::kSuccess);
      std::copy(vf[n]->mac().begin(), vf[n]->mac().end(), frame.begin() + 6);
      run(vf[n]->send(frame));  // awaits the card's reads of descriptor and frame
    }
    queues_are_short();
  }
  stop = true;
  settle();
  EXPECT_TRUE(program.done());
}

TEST_F(Isolation, AStuckServerStopsNobodyElse) {
  run(ready());
  bridge.stall(1, true);
  for (int i = 0; i < 200; ++i)
    from_device(pcie::mem_write(owner_vfs[0].bdf, 0x700000, std::vector<std::uint8_t>(128, 1)));
  std::vector<std::uint8_t> frame(64, 0);
  frame[0] = 2;
  std::copy(vf[2]->mac().begin(), vf[2]->mac().end(), frame.begin() + 6);
  run(vf[2]->send(frame));
  EXPECT_EQ(run(user(2).probe32(fn[2].bar[0] + 8)), pcie::CplStatus::kSuccess);
  bridge.stall(1, false);
  run(user(1).sleep(std::chrono::milliseconds(200)));  // its VF is reset, since packets for it were lost
  fn[1] = run(plug(1, 0));
  run(user(1).config_write(fn[1].bdf, 0x04, 6, 2));
  EXPECT_EQ(run(user(1).probe32(fn[1].bar[0] + 8)), pcie::CplStatus::kSuccess);
}

TEST_F(Isolation, AServerThatDiesInTheMiddleIsForgotten) {
  run(ready());
  bridge.set_link(1, false);
  run(user(2).sleep(std::chrono::milliseconds(150)));
  EXPECT_EQ(bridge.read<regs::Vf>(0).state, regs::VfState::kIdle);
  EXPECT_TRUE(bridge.read<regs::Vf>(0).assigned);  // still assigned: it comes back with the server
  EXPECT_EQ(run(user(2).probe32(fn[2].bar[0] + 8)), pcie::CplStatus::kSuccess);
  bridge.set_link(1, true);
  EXPECT_EQ(run(user(1).config_read(Bdf(user_trees[1][1].bdf), 0x10)) & 0xffff0000u, 0u);
}

TEST_F(Isolation, EveryRequestIsAnsweredThoughTheDeviceIsDead) {
  run(ready());
  bridge.stall(bridge::Bridge::device_port(0), true);
  EXPECT_EQ(run(user(1).probe32(fn[1].bar[0] + 8)), pcie::CplStatus::kUnsupported);
  bridge.stall(bridge::Bridge::device_port(0), false);
  run(user(1).sleep(std::chrono::milliseconds(100)));
  EXPECT_EQ(run(user(1).probe32(fn[1].bar[0] + 8)), pcie::CplStatus::kSuccess);
  EXPECT_EQ(user(1).root().counters().unexpected_completions, 0u);
}

TEST_F(Isolation, AFrozenPoolAnswersAndThaws) {
  run(ready());
  bridge.write(regs::HeartbeatMs{.ms = 5});
  run(user(1).sleep(std::chrono::milliseconds(10)));
  EXPECT_TRUE(bridge.read<regs::Status>().frozen);
  EXPECT_EQ(run(user(1).probe32(fn[1].bar[0] + 8)), pcie::CplStatus::kUnsupported);
  bridge.write(regs::Heartbeat{1});
  EXPECT_EQ(run(user(1).probe32(fn[1].bar[0] + 8)), pcie::CplStatus::kSuccess);
}

// Type 1 windows (PCI-to-PCI Bridge Architecture 1.2, 3.2.5.8, 3.2.5.9): the 1 MiB below and the one above are not the
// card's.
TEST_F(Isolation, TheOwnerReachesTheCardThroughItsPortsWindowsOnly) {
  run(ready());
  const auto port = find(owner_tree, 0x8088).bdf;
  constexpr std::uint64_t kMiB = 1 << 20;
  struct Window {
    std::uint64_t base, end;
  };
  const auto window = [](std::uint32_t v, std::uint64_t high_base, std::uint64_t high_limit) {
    return Window{high_base << 32 | (v & 0xfff0) << 16, (high_limit << 32 | (v & 0xfff00000)) + kMiB};
  };
  std::vector<Window> windows{window(run(owner().config_read(port, 0x20)), 0, 0)};
  windows.push_back(window(run(owner().config_read(port, 0x24)), run(owner().config_read(port, 0x28)),
                           run(owner().config_read(port, 0x2c))));
  Silent& card = silence_the_card();
  const auto read = [&](std::uint64_t address) {
    card.tlps.clear();
    bridge.input(0).deliver(pcie::mem_read(Bdf(0, 0, 0), 31, address, 4));
    settle();
    return card.count(pcie::TlpKind::kMemRead);
  };
  for (const auto& [base, end] : windows) {
    SCOPED_TRACE(testing::Message() << std::hex << base << " to " << end);
    const std::size_t open = base < end ? 1 : 0;  // closed: base above limit
    EXPECT_EQ(read(base - 4), 0u);
    EXPECT_EQ(read(base), open);
    EXPECT_EQ(read(end - 4), open);
    EXPECT_EQ(read(end), 0u);
  }
  wake_the_card();
}

// A BAR that moves while Memory Space Enable is set: whoever has the answer finds it there.
TEST_F(Isolation, ABarIsWhereItWasMovedWhenTheWriteIsAnswered) {
  run(ready());
  Silent& card = silence_the_card();
  const std::uint64_t moved = fn[1].bar[0] + 0x80000;
  for (unsigned i = 0; i < 8; ++i) {
    const std::uint64_t there = i % 2 == 0 ? moved : fn[1].bar[0], before = i % 2 == 0 ? fn[1].bar[0] : moved;
    card.tlps.clear();
    run(user(1).config_write(fn[1].bdf, 0x10, static_cast<std::uint32_t>(there)));
    bridge.input(1).deliver(pcie::mem_write(Bdf(0, 0, 0), before + 0x200, std::vector<std::uint8_t>(4)));
    bridge.input(1).deliver(pcie::mem_write(Bdf(0, 0, 0), there + 0x200, std::vector<std::uint8_t>(4)));
    settle();
    EXPECT_EQ(card.count(pcie::TlpKind::kMemWrite), 1u) << i;
    EXPECT_EQ(drops(Drop::kNoTarget), i + 1) << i;
  }
  wake_the_card();
}

}  // namespace
}  // namespace vfpool

// SPDX-License-Identifier: Apache-2.0
#include "pool.hpp"

namespace vfpool {
namespace {

TEST_F(Pool, OwnerSeesManagementSwitchAndTheWholeCard) {
  const auto tree = run(enumerators[0]->all());
  SCOPED_TRACE(host::describe(tree));
  ASSERT_EQ(tree.size(), 4u + bridge::Bridge::geometry().devices);  // root port, management, switch, and the card
  EXPECT_EQ(tree[1].bdf, Bdf(1, 0, 0));
  EXPECT_EQ(tree[1].vendor, 0x10ee);
  EXPECT_EQ(tree[1].device, 0x8086);
  EXPECT_EQ(tree[1].bar_size[0], 0x10000u);
  EXPECT_TRUE(tree[2].bridge);
  EXPECT_EQ(tree[2].bdf, Bdf(1, 0, 1));
  const auto pf = find(tree, 0x10f9);
  EXPECT_EQ(pf.bdf, Bdf(3, 0, 0));
  EXPECT_TRUE(pf.extended_capabilities.contains(0x10));
}

TEST_F(Pool, UserSeesEmptySlots) {
  const auto tree = run(enumerators[1]->all());
  SCOPED_TRACE(host::describe(tree));
  unsigned slots = 0;
  for (const auto& f : tree) slots += f.hot_plug;
  EXPECT_EQ(slots, bridge::Bridge::geometry().slots);
  EXPECT_EQ(tree.size(), 3u + slots);  // root port, management, upstream port
}

TEST_F(Pool, SecondaryBusResetOfARootPortResetsThatServersTreeOnly) {
  std::array<host::Function, 3> management;
  for (unsigned n : {1u, 2u}) management[n] = find(run(enumerators[n]->all()), 0x8086);
  run(user(1).config_write(host::Server::kRootPort, 0x3e, 0x40, 2));
  run(user(1).config_write(host::Server::kRootPort, 0x3e, 0, 2));
  EXPECT_EQ(run(user(1).config_read(management[1].bdf, 0)), 0x808610eeu);
  EXPECT_EQ(run(user(1).config_read(management[1].bdf, 0x10)) & ~0xfu, 0u);
  EXPECT_EQ(run(user(2).config_read(management[2].bdf, 0x10)) & ~0xfu,
            static_cast<std::uint32_t>(management[2].bar[0]));
}

TEST_F(Pool, TreesKeepTheirOwnBusNumbers) {
  const auto mine = run(enumerators[0]->all());
  const auto theirs = run(enumerators[2]->all());
  EXPECT_EQ(mine[1].bdf.bus(), 1u);
  EXPECT_EQ(theirs[1].bdf.bus(), 3u);
}

TEST_F(Pool, BridgeLearnsTheVfsFromTheDevice) {
  EXPECT_EQ(bridge.read<regs::Status>(), (regs::Status{.no_vfs = regs::NoVfs::kUnknown}));
  run(start_owner(4));
  EXPECT_EQ(bridge.read<regs::Status>(), (regs::Status{.sriov = true, .num_vfs = 4}));
  EXPECT_EQ(owner_vfs[0].bdf, Bdf(4, 16, 0));
  EXPECT_EQ(owner_vfs[1].bdf, Bdf(4, 16, 2));
}

TEST_F(Pool, RegistersTellEachPortWhoItIs) {
  const auto look = [&](unsigned p) -> host::Task<regs::Role> {
    const auto tree = co_await enumerators[p]->all();
    co_return regs::Role::unpack(co_await servers[p]->read32(find(tree, 0x8086).bar[0] + regs::Role::kOffset));
  };
  EXPECT_EQ(run(look(0)), (regs::Role{.port = 0, .kind = regs::PortRole::kOwner}));
  EXPECT_EQ(run(look(1)), (regs::Role{.port = 1, .kind = regs::PortRole::kUser}));
  EXPECT_EQ(run(look(2)), (regs::Role{.port = 2, .kind = regs::PortRole::kUser}));
  EXPECT_EQ(bridge.read<regs::Role>().kind, regs::PortRole::kService);
}

TEST_F(Pool, AnAssignedVfLooksLikeAnOrdinaryCard) {
  run(start_owner(2));
  ASSERT_EQ(command(Op::kAssign, 1, 0, 1), Result::kDone);
  const auto vf = run(plug(1, 0));
  EXPECT_EQ(vf.vendor, 0x8086);
  EXPECT_EQ(vf.device, 0x10ed);
  EXPECT_EQ(vf.bar_size[0], 0x4000u);
  EXPECT_EQ(vf.bar_size[3], 0x4000u);
  EXPECT_TRUE(vf.capabilities.contains(0x11));
  EXPECT_FALSE(vf.extended_capabilities.contains(0x10));
  EXPECT_EQ(vf.bdf.fn(), 0u);
  EXPECT_EQ(vf.bdf.dev(), 0u);
}

TEST_F(Pool, TheSameRunTwiceIsTheSameToTheCycle) {
  const auto once = [] {
    struct Run : Pool {
      void TestBody() override {}
      std::uint64_t go() {
        run(start_owner(2));
        command(Op::kAssign, 1, 0, 0);
        run(plug(1, 0));
        return scheduler.cycles();
      }
    } r;
    return r.go();
  };
  const auto first = once();
  EXPECT_EQ(first, once());
  EXPECT_GT(first, 1000u);
}

}  // namespace
}  // namespace vfpool

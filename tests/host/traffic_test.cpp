// SPDX-License-Identifier: Apache-2.0
#include "pool.hpp"

namespace vfpool {
namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes frame(const std::array<std::uint8_t, 6>& to, const std::array<std::uint8_t, 6>& from, std::size_t payload,
            std::uint8_t seed) {
  Bytes f(to.begin(), to.end());
  f.insert(f.end(), from.begin(), from.end());
  f.push_back(0x88);
  f.push_back(0xb5);  // local experimental
  for (std::size_t i = 0; i < payload; ++i) f.push_back(static_cast<std::uint8_t>(seed + i * 3));
  return f;
}

class Traffic : public Pool {
 protected:
  host::Task<> both() {
    co_await start_owner(4);
    command(Op::kAssign, 1, 0, 0);
    command(Op::kAssign, 2, 0, 1);
    for (unsigned n = 1; n <= 2; ++n) {
      const auto f = co_await plug(n, 0);
      vf[n] = std::make_unique<host::VfDriver>(user(n), f);
      co_await vf[n]->start();
    }
  }
  std::unique_ptr<host::VfDriver> vf[3];
};

TEST_F(Traffic, VfDriversGetTheirAddressesThroughTheMailbox) {
  run(both());
  EXPECT_EQ(vf[1]->mac(), host::PfDriver::vf_mac(0));
  EXPECT_EQ(vf[2]->mac(), host::PfDriver::vf_mac(1));
  EXPECT_TRUE(vf[1]->link_up());
}

TEST_F(Traffic, FramesCrossBetweenUsersUnchanged) {
  run(both());
  for (const std::size_t size : {46u, 47u, 300u, 1485u, 1500u}) {
    const Bytes sent = frame(vf[2]->mac(), vf[1]->mac(), size, static_cast<std::uint8_t>(size));
    run(vf[1]->send(sent));
    EXPECT_EQ(run(vf[2]->receive()), sent) << size;
    const Bytes back = frame(vf[1]->mac(), vf[2]->mac(), size, 7);
    run(vf[2]->send(back));
    EXPECT_EQ(run(vf[1]->receive()), back) << size;
  }
}

TEST_F(Traffic, FramesReachTheWireAndComeBack) {
  run(both());
  std::vector<wire::Frame> out;
  wire.second->set_receiver([&](wire::Frame f) { out.push_back(std::move(f)); });
  const std::array<std::uint8_t, 6> peer{0x02, 0, 0, 0, 0, 9};
  const Bytes sent = frame(peer, vf[1]->mac(), 100, 1);
  run(vf[1]->send(sent));
  run(user(1).sleep(std::chrono::microseconds(100)));
  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(out[0], sent);
  const Bytes back = frame(vf[1]->mac(), peer, 60, 2);
  wire.second->send(back);
  EXPECT_EQ(run(vf[1]->receive()), back);
}

TEST_F(Traffic, InterruptsReachTheUserThatOwnsTheVfUnderTheIdItKnows) {
  run(both());
  const auto before = user(1).count(vf[1]->interrupt());
  run(vf[2]->send(frame(vf[1]->mac(), vf[2]->mac(), 60, 3)));
  EXPECT_FALSE(run(vf[1]->receive()).empty());
  EXPECT_GT(user(1).count(vf[1]->interrupt()), before);
  const auto port = slot_port(1, 0);
  for (const auto& m : user(1).messages())
    if (m.data == vf[1]->interrupt().data) {
      EXPECT_EQ(m.from, Bdf(port.secondary, 0, 0));
    }
}

TEST_F(Traffic, AllDataCrossesTheRtl) {
  run(both());
  const auto refused = bridge.read<regs::LogCount>().value;
  const unsigned device = bridge::Bridge::device_port(0);
  const auto before = bridge.read<regs::Tx>(4 * 1).value;
  std::uint64_t writes = 0;
  bridge.add_tap([&](unsigned port, bool toward, const pcie::Tlp& t) {
    if (port == 1 && !toward && t.kind() == pcie::TlpKind::kMemWrite) ++writes;
  });
  for (int i = 0; i < 10; ++i) {
    run(vf[2]->send(frame(vf[1]->mac(), vf[2]->mac(), 1000, 3)));
    run(vf[1]->receive());
  }
  EXPECT_EQ(bridge.read<regs::Tx>(4 * 1).value - before, writes);
  EXPECT_GE(writes, 10u * 8);  // 1014 bytes in writes of at most 128
  EXPECT_GT(bridge.read<regs::Rx>(4 * device).value, 0u);
  EXPECT_EQ(bridge.read<regs::LogCount>().value, refused);
}

}  // namespace
}  // namespace vfpool

// SPDX-License-Identifier: Apache-2.0
// What a cycle of the simulation costs follows what passes the bridge, not how many ports it has: the parts of a port
// for which there is nothing are not clocked. Counted in cycles, so the same on every machine.
#include "two_users.hpp"

namespace vfpool {
namespace {

// Sees each cycle of the bridge, and asks for none.
struct Observer : Clocked {
  explicit Observer(const bridge::Bridge& b) : bridge(b), ports(bridge::Bridge::port_count()) {}
  bool busy() const override { return false; }
  void cycle() override {
    ++cycles;
    for (unsigned p = 0; p < ports.size(); ++p) ports[p] += bridge.awake(p);
    control += bridge.control_awake();
  }
  void begin() {
    cycles = control = 0;
    std::fill(ports.begin(), ports.end(), 0);
  }
  const bridge::Bridge& bridge;
  std::uint64_t cycles = 0, control = 0;
  std::vector<std::uint64_t> ports;  // cycles in which each was awake
};

class Rest : public TwoUsers {
 protected:
  Rest() { scheduler.add_clocked(observer); }

  host::Task<> set_up() {
    co_await ready();
    owner_sleeps = true;
    co_await user(1).sleep(std::chrono::milliseconds(3));
  }
  /// Counts from now on; an exit that was in use rests two turns of 64 cycles later (vfp_drr).
  void begin() {
    for (int i = 0; i < 200; ++i) bridge.cycle();
    observer.begin();
  }

  Observer observer{bridge};
};

TEST_F(Rest, WhatOneServerReadsCostsTheOthersAndTheControlPlaneNothing) {
  constexpr unsigned kReads = 50;
  run(set_up());
  begin();
  for (unsigned i = 0; i < kReads; ++i) run(user(1).read32(fn[1].bar[0] + 8));
  EXPECT_GT(observer.ports[1], 38 * kReads);  // there and back
  EXPECT_GT(observer.ports[device()], 38 * kReads);
  EXPECT_LE(observer.ports[1], observer.cycles);
  EXPECT_EQ(observer.ports[0], 0u);
  EXPECT_EQ(observer.ports[2], 0u);
  EXPECT_EQ(observer.control, 0u);
}

TEST_F(Rest, FramesToTheWireKeepOnlyTheirSenderAndTheCardAwake) {
  constexpr unsigned kFrames = 20;
  run(set_up());
  begin();
  for (unsigned i = 0; i < kFrames; ++i) run(vf[1]->send(std::vector<std::uint8_t>(1514, 0x5a)));
  run(user(1).sleep(std::chrono::microseconds(100)));
  EXPECT_GT(observer.ports[1], 100 * kFrames);
  EXPECT_EQ(observer.ports[2], 0u);
  EXPECT_LE(20 * observer.control, observer.cycles);  // milliseconds are counted while requests are open
}

TEST_F(Rest, WhereNothingPassesNothingIsClocked) {
  run(set_up());
  begin();
  for (int i = 0; i < 1000; ++i) {
    bridge.cycle();
    observer.cycle();
  }
  for (const auto awake : observer.ports) EXPECT_EQ(awake, 0u);
  EXPECT_EQ(observer.control, 0u);
}

}  // namespace
}  // namespace vfpool

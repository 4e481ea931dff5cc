// SPDX-License-Identifier: Apache-2.0
// The pool with one VF running at each of two users, and a stand-in for the card for tests that need a device that
// answers late, wrongly, or not at all.
#pragma once

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>
#include <vector>

#include "pool.hpp"

namespace vfpool {

class TwoUsers : public Pool {
 protected:
  using Drop = regs::Drop;

  host::Task<> ready() {
    co_await start_owner(4);
    command(Op::kAssign, 1, 0, 0);
    command(Op::kAssign, 2, 0, 1);
    for (unsigned n = 1; n <= 2; ++n) {
      fn[n] = co_await plug(n, 0);
      vf[n] = std::make_unique<host::VfDriver>(user(n), fn[n]);
      co_await vf[n]->start();
    }
    count_drops_from_now();
  }
  void count_drops_from_now() {
    for (unsigned r = 0; r < dropped_before.size(); ++r) dropped_before[r] = bridge.read<regs::Drops>(r).value;
  }
  /// Since all is ready: servers that set up their trees ask for functions that there are not.
  std::uint32_t drops(Drop reason) {
    return bridge.read<regs::Drops>(reason).value - dropped_before[static_cast<unsigned>(reason)];
  }
  std::uint32_t logged() {
    return bridge.read<regs::LogCount>().value - std::accumulate(dropped_before.begin(), dropped_before.end(), 0u);
  }
  void from_device(pcie::Tlp t) { bridge.input(device()).deliver(std::move(t)); }
  static unsigned device() { return bridge::Bridge::device_port(0); }
  /// Longer than a change of who may reach what takes until it is in force, at most (docs/bridge-inside.md: 1,400
  /// cycles, and 192 for each further device), with a look at the card before it; the queues at the links of a bridge
  /// for large payloads take longer.
  void settle() {
    const bridge::Geometry& size = bridge::Bridge::geometry();
    sleep(std::chrono::microseconds(6 + 2 * size.devices + (size.max_payload > 128 ? 2 : 0)));
  }
  /// In a long one the owner looks into its mailbox a hundred times, not as often as usual.
  void sleep(SimTime t) {
    const SimTime usual = std::exchange(mailbox_every, std::max(mailbox_every, t / 100));
    run(user(1).sleep(t));
    mailbox_every = usual;
  }

  /// What leaves a port from now on.
  struct Log {
    std::vector<pcie::Tlp> tlps;
    std::size_t count(pcie::TlpKind kind) const {
      return static_cast<std::size_t>(
          std::count_if(tlps.begin(), tlps.end(), [kind](const pcie::Tlp& t) { return t.kind() == kind; }));
    }
    pcie::Tlp last(pcie::TlpKind kind) const {
      return *std::find_if(tlps.rbegin(), tlps.rend(), [kind](const pcie::Tlp& t) { return t.kind() == kind; });
    }
  };
  Log& leaving(unsigned port) {
    auto log = std::make_shared<Log>();
    logs.push_back(log);
    bridge.add_tap([log, port](unsigned p, bool toward_bridge, const pcie::Tlp& t) {
      if (p == port && !toward_bridge) log->tlps.push_back(t);
    });
    return *log;
  }

  /// Takes what the bridge sends to the device and answers nothing. The owner lets the card alone meanwhile.
  struct Silent : pcie::TlpSink, Log {
    bool room(pcie::FlowClass) const override { return true; }
    void deliver(pcie::Tlp t) override { tlps.push_back(std::move(t)); }
  };
  Silent& silence_the_card() {
    owner_sleeps = true;
    sleep(std::chrono::microseconds(100));
    bridge.connect(device(), silent);
    return silent;
  }
  void wake_the_card() {
    bridge.connect(device(), endpoint);
    owner_sleeps = false;
  }

  host::Function fn[3];
  std::unique_ptr<host::VfDriver> vf[3];
  Silent silent;
  std::array<std::uint32_t, 16> dropped_before{};
  std::vector<std::shared_ptr<Log>> logs;
};

}  // namespace vfpool

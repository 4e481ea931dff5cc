// SPDX-License-Identifier: Apache-2.0
// The whole pool without a VM: model servers around the Verilated bridge and the 82599 model, in simulated time.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "bridge/bridge.hpp"
#include "host/enumerate.hpp"
#include "host/pf_driver.hpp"
#include "host/server.hpp"
#include "host/vf_driver.hpp"
#include "mailbox.hpp"
#include "nic82599/nic82599.hpp"
#include "pcie/endpoint.hpp"
#include "wire/loopback.hpp"

namespace vfpool::bridge::regs {

/// For GoogleTest: values by name.
template <class E>
  requires std::is_enum_v<E>
void PrintTo(const E& value, std::ostream* out) {
  *out << to_string(value);
}

}  // namespace vfpool::bridge::regs

namespace vfpool {

namespace regs = bridge::regs;

class Pool : public testing::Test {
 protected:
  using Bdf = pcie::Bdf;
  template <class T>
  using Task = host::Task<T>;

  Pool() {
    wire.second->set_receiver([](wire::Frame) {});  // somebody is at the other end
    const auto users = bridge::Bridge::geometry().users;
    for (unsigned p = 0; p <= users; ++p) {
      // Every server numbers its buses and addresses its own way, and all memories start at 0.
      servers.push_back(std::make_unique<host::Server>(
          scheduler, bridge.input(p),
          host::Server::Options{.name = bridge::Bridge::port_name(p),
                                .window32 = 0xe0000000 + 0x01000000ULL * p,
                                .window64 = p == 1 ? 0x0000004000000000ULL : 0x0000002000000000ULL,
                                .first_bus = 1 + p,
                                .link = [this, p](bool up) { bridge.set_link(p, up); }}));
      bridge.connect(p, servers.back()->root());
      enumerators.push_back(std::make_unique<host::Enumerator>(*servers.back()));
    }
    bridge.connect(bridge::Bridge::device_port(0), endpoint);
    endpoint.plug(nic);
    nic.set_wire(*wire.first);
    bridge.on_device_reset([this](unsigned device) { reset_card(device); });
    for (unsigned p = 0; p <= users; ++p) bridge.set_link(p, true);
  }

  /// A hot reset, which the bridge asks for.
  virtual void reset_card(unsigned device) {
    if (device == 0) nic.reset(0);
  }

  host::Server& owner() { return *servers[0]; }
  host::Server& user(unsigned n) { return *servers[n]; }

  template <class T>
  T run(host::Task<T> task) {
    return host::run(scheduler, std::move(task));
  }

  using Op = regs::Op;
  using Result = regs::Result;
  /// A management command of the owner's.
  Result command(Op op, unsigned user_port, unsigned slot, unsigned vf = 0, unsigned fn = 0) {
    return bridge.command({.op = op, .vf = vf, .user = user_port, .slot = slot, .fn = fn});
  }

  /// The owner's part: tree, PF driver, `vfs` VFs. Afterwards its mailbox is served in the background.
  host::Task<> start_owner(unsigned vfs) {
    owner_tree = co_await enumerators[0]->all();
    const auto pf = find(owner_tree, 0x10f9);
    serving.reset();
    pf_driver = std::make_unique<host::PfDriver>(owner(), pf);
    owner_vfs = co_await enumerators[0]->enable_vfs(pf, vfs);
    co_await pf_driver->start(vfs);
    serve();
  }
  void serve() {
    if (serving) serving.reset();
    serving.emplace(mailbox_loop(owner(), *pf_driver, mailbox_every, owner_sleeps));
    serving->start();
  }

  /// A user's part: tree, then its slot switched on and looked into.
  host::Task<host::Function> plug(unsigned n, unsigned slot) {
    if (user_trees[n].empty()) user_trees[n] = co_await enumerators[n]->all();
    const host::Function port = slot_port(n, slot);
    co_await power(n, slot, true);
    const auto functions = co_await enumerators[n]->slot(port);
    EXPECT_EQ(functions.size(), 1u);
    co_return functions.empty() ? host::Function{} : functions.front();
  }
  host::Task<> power(unsigned n, unsigned slot, bool on) { return enumerators[n]->switch_slot(slot_port(n, slot), on); }
  host::Function slot_port(unsigned n, unsigned slot) {
    unsigned seen = 0;
    for (const auto& f : user_trees[n])
      if (f.hot_plug && seen++ == slot) return f;
    throw std::runtime_error("no such slot");
  }

  static host::Function find(const std::vector<host::Function>& tree, std::uint16_t device) {
    for (const auto& f : tree)
      if (f.device == device) return f;
    throw std::runtime_error("device not found in\n" + host::describe(tree));
  }

  Scheduler scheduler{TimeBase::kVirtual};
  bridge::Bridge bridge{scheduler};
  std::pair<std::unique_ptr<wire::Loopback>, std::unique_ptr<wire::Loopback>> wire =
      wire::Loopback::make_pair(scheduler);
  pcie::Endpoint endpoint{scheduler, bridge.input(bridge::Bridge::device_port(0))};
  nic82599::Nic82599 nic{scheduler, endpoint.dma(), {}};
  std::vector<std::unique_ptr<host::Server>> servers;
  std::vector<std::unique_ptr<host::Enumerator>> enumerators;
  std::vector<host::Function> owner_tree, owner_vfs;
  std::map<unsigned, std::vector<host::Function>> user_trees;
  std::unique_ptr<host::PfDriver> pf_driver;
  std::optional<host::Task<>> serving;
  bool owner_sleeps = false;  ///< its mailbox loop asks the card nothing
  SimTime mailbox_every = std::chrono::microseconds(50);
};

}  // namespace vfpool

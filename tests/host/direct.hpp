// SPDX-License-Identifier: Apache-2.0
// The card directly below a server that drives its PF and its VFs, without bridge: what a pooled VF is compared with.
// The link between the two costs no time, so every difference is the bridge's.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "host/enumerate.hpp"
#include "host/pf_driver.hpp"
#include "host/server.hpp"
#include "mailbox.hpp"
#include "nic82599/nic82599.hpp"
#include "pcie/endpoint.hpp"
#include "pcie/link.hpp"
#include "wire/loopback.hpp"

namespace vfpool {

class Direct {
 public:
  explicit Direct(std::uint64_t memory = 8ULL << 20)
      : server(scheduler, link.down(), {.name = "server", .memory = memory}), enumerator(server) {
    link.connect(server.root(), endpoint);
    endpoint.plug(nic);
    wire.second->set_receiver([](wire::Frame) {});
    nic.set_wire(*wire.first);
  }

  /// PF driver and `count` VFs; afterwards their mailbox is served in the background.
  host::Task<> start(unsigned count) {
    const auto tree = co_await enumerator.all();
    const auto pf = std::find_if(tree.begin(), tree.end(), [](const auto& f) { return f.device == 0x10f9; });
    if (pf == tree.end()) throw std::runtime_error("no card in\n" + host::describe(tree));
    pf_driver.emplace(server, *pf);
    vfs = co_await enumerator.enable_vfs(*pf, count);
    co_await pf_driver->start(count);
    serving.emplace(mailbox_loop(server, *pf_driver, kMailboxEvery, kNever));
    serving->start();
  }

  Scheduler scheduler{TimeBase::kVirtual};
  pcie::Link link;
  host::Server server;
  host::Enumerator enumerator;
  std::pair<std::unique_ptr<wire::Loopback>, std::unique_ptr<wire::Loopback>> wire =
      wire::Loopback::make_pair(scheduler);
  pcie::Endpoint endpoint{scheduler, link.up()};
  nic82599::Nic82599 nic{scheduler, endpoint.dma(), {}};
  std::optional<host::PfDriver> pf_driver;
  std::vector<host::Function> vfs;

 private:
  static constexpr SimTime kMailboxEvery = std::chrono::microseconds(50);
  static constexpr bool kNever = false;
  std::optional<host::Task<>> serving;
};

}  // namespace vfpool

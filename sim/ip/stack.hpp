// SPDX-License-Identifier: Apache-2.0
// TCP/IP for model servers: lwIP, Debian's library, on the simulation's clock. Its limits are those that the library
// was built with: segments of 1460 bytes, a window and a send buffer of 65535 bytes, New Reno's congestion window, an
// acknowledgement for every second segment, no time stamps and no SACK.
//
// lwIP is one stack for a process, so every host is an interface of it; connections are bound to interfaces and leave
// by them whatever the addresses say.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "core/scheduler.hpp"

namespace vfpool::ip {

using Mac = std::array<std::uint8_t, 6>;

/// Runs lwIP's timers by the scheduler's time; one at a time. Throws std::logic_error if there is another.
class Stack {
 public:
  /// `scheduler` outlives this object.
  explicit Stack(Scheduler& scheduler);
  ~Stack();
  Stack(const Stack&) = delete;
  Stack& operator=(const Stack&) = delete;

  Scheduler& scheduler() const { return scheduler_; }

 private:
  void tick();

  Scheduler& scheduler_;
  Scheduler::TimerId timer_ = 0;
};

/// A host's only interface, in the network 10.0.0.0/24; answers ARP and ping.
class Interface {
 public:
  /// Takes an Ethernet frame without FCS; false: it cannot now. Must not call input() before it returns.
  using Output = std::function<bool(std::span<const std::uint8_t> frame)>;

  /// `host`: the last byte of its address, 1 to 254. The stack outlives this object.
  Interface(Stack& stack, Mac mac, std::uint8_t host, Output output);
  ~Interface();
  Interface(const Interface&) = delete;
  Interface& operator=(const Interface&) = delete;

  /// A frame has arrived. What it gives rise to is sent before this returns.
  void input(std::span<const std::uint8_t> frame);

  Stack& stack() const { return stack_; }
  std::uint8_t host() const { return host_; }
  /// For the parts of this folder: lwIP's own.
  struct Impl;
  Impl& impl() const { return *impl_; }

 private:
  Stack& stack_;
  std::uint8_t host_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace vfpool::ip

// SPDX-License-Identifier: Apache-2.0
// Where frames go and come from. eal.hpp has DPDK's; tests have their own.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

namespace vfpool::trafgen {

class Port {
 public:
  using Taker = std::function<void(std::span<const std::uint8_t> frame)>;

  virtual ~Port() = default;
  /// Room for one frame, of the largest size and without FCS; nullptr while too many wait to be sent.
  virtual std::uint8_t* room() = 0;
  /// What was written to room() is a frame of so many bytes and waits to be sent.
  virtual void add(unsigned bytes) = 0;
  /// Sends what waits, in order, as far as the port takes it. Returns how many frames left.
  virtual unsigned send() = 0;
  /// Forgets what waits.
  virtual void drop() = 0;
  /// Hands over some of the frames that have arrived; returns how many.
  virtual unsigned receive(const Taker& taker) = 0;
};

}  // namespace vfpool::trafgen

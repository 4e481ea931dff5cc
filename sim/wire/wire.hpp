// SPDX-License-Identifier: Apache-2.0
// The Ethernet side of a NIC model: whatever is plugged into its port.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace vfpool::wire {

/// An Ethernet frame without FCS: destination MAC first, 14 bytes or more. VLAN tags are in line.
using Frame = std::vector<std::uint8_t>;

/// Frames that a wire takes from outside in one turn of the event loop, so that a flood does not hold up timers and
/// guests.
inline constexpr int kFramesPerTurn = 64;

class Wire {
 public:
  using Receiver = std::function<void(Frame)>;

  virtual ~Wire() = default;
  /// NIC to the outside. Pacing to the link rate is the NIC model's work.
  virtual void send(std::span<const std::uint8_t> frame) = 0;
  /// Outside to NIC; called on the scheduler's thread. An empty function unplugs.
  virtual void set_receiver(Receiver receiver) = 0;
  /// Back-pressure from the NIC: while true, a backend that can hold frames back (a socket) should.
  virtual void set_paused(bool paused) = 0;
  virtual bool link_up() const = 0;
  virtual void set_link_handler(std::function<void(bool up)> handler) = 0;
  /// One line for people: kind, name, frames and bytes each way, drops.
  virtual std::string state() const = 0;
};

}  // namespace vfpool::wire

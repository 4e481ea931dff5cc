// SPDX-License-Identifier: Apache-2.0
// A link and the card's port at its end: sources take turns, one frame each, and each frame takes its time on the wire.
#pragma once

#include <deque>
#include <functional>

#include "testbed/events.hpp"
#include "testbed/packet.hpp"

namespace vfpool::testbed {

class Port : public Actor {
 public:
  /// `deliver`: the last bit of a frame has come.
  Port(Events& events, double bits_per_second, std::function<void(const Packet&)> deliver)
      : events_(events), rate_(bits_per_second), deliver_(std::move(deliver)) {}

  /// The source has something to send (again). Once it has nothing left it must say so anew.
  void offer(Source& source);
  void act(std::uint64_t what) override;

 private:
  void start();

  Events& events_;
  double rate_;
  std::function<void(const Packet&)> deliver_;
  std::deque<Source*> turns_;
  Packet on_wire_{};
  bool busy_ = false;
};

}  // namespace vfpool::testbed

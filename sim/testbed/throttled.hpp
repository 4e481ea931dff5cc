// SPDX-License-Identifier: Apache-2.0
// The receiving side of a card whose host is seen from outside only: what has come waits for the card's next interrupt,
// and then all of it is taken together.
#pragma once

#include <functional>
#include <vector>

#include "testbed/packet.hpp"
#include "testbed/vector.hpp"

extern "C" {
#include "moderation.h"
}

namespace vfpool::testbed {

class Throttled {
 public:
  /// `rate`: interrupts/s at most. `take` gets each packet, then comes `notify` (may be null).
  Throttled(Events& events, unsigned rate, std::function<void(const Packet&)> take, std::function<void()> notify)
      : vector_(events, [this] { fire(); }), take_(std::move(take)), notify_(std::move(notify)) {
    vector_.set_steps(airvf_rate_to_steps(rate));
  }
  void put(const Packet& packet) {
    waiting_.push_back(packet);
    vector_.cause();
  }

 private:
  void fire() {
    std::vector<Packet> taken;
    taken.swap(waiting_);
    for (const Packet& packet : taken) take_(packet);
    if (notify_) notify_();
    vector_.unmask(!waiting_.empty());
  }

  Vector vector_;
  std::function<void(const Packet&)> take_;
  std::function<void()> notify_;
  std::vector<Packet> waiting_;
};

}  // namespace vfpool::testbed

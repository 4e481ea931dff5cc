// SPDX-License-Identifier: Apache-2.0
// An interrupt vector of the card with its throttle, as the 82599 has it (data sheet 7.3.2.1): after an interrupt the
// next waits for the interval of VTEITR. With auto-mask (VTEIAM) the vector masks itself; without, the driver's handler
// does, and until that runs further causes raise further interrupts. The driver's poll unmasks it.
#pragma once

#include <functional>

#include "testbed/events.hpp"

namespace vfpool::testbed {

class Vector : public Actor {
 public:
  /// `fire`: the interrupt, on its way to the VM.
  Vector(Events& events, std::function<void()> fire, bool auto_mask = true)
      : events_(events), fire_(std::move(fire)), auto_mask_(auto_mask) {}

  /// Interval in steps of 2.048 us, 0: none. In force from the next interrupt on.
  void set_steps(std::uint32_t steps) { steps_ = steps; }
  std::uint32_t steps() const { return steps_; }
  /// A packet is in the ring.
  void cause();
  /// The handler has run: what is caused from now on waits for unmask().
  void mask() { masked_ = true; }
  /// The poll is complete. `pending`: packets have come since it looked.
  void unmask(bool pending);
  std::uint64_t count() const { return count_; }

  void act(std::uint64_t what) override;

 private:
  Events& events_;
  std::function<void()> fire_;
  bool auto_mask_;
  std::uint32_t steps_ = 0;
  Time last_ = 0;  // interrupt; the first may come at once
  bool masked_ = false;
  bool due_ = false;
  std::uint64_t count_ = 0;
};

}  // namespace vfpool::testbed

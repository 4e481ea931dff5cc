// SPDX-License-Identifier: Apache-2.0
// Wires without an outside: what is sent comes back, or two NICs are joined.
#pragma once

#include <deque>
#include <memory>
#include <utility>

#include "core/scheduler.hpp"
#include "wire/traffic.hpp"
#include "wire/wire.hpp"

namespace vfpool::wire {

/// One end of a cable. A frame arrives at the other end on the scheduler's next turn, never inside send(). An end that
/// is paused holds back kMaxHeld frames, then drops.
class Loopback : public Wire {
 public:
  static constexpr std::size_t kMaxHeld = 4096;

  /// A plug: what is sent comes back.
  explicit Loopback(Scheduler& scheduler);
  ~Loopback() override;
  Loopback(const Loopback&) = delete;
  Loopback& operator=(const Loopback&) = delete;

  /// Two ends of one cable. The link of each is up while the other has a receiver.
  static std::pair<std::unique_ptr<Loopback>, std::unique_ptr<Loopback>> make_pair(Scheduler& scheduler);

  void send(std::span<const std::uint8_t> frame) override;
  void set_receiver(Receiver receiver) override;
  void set_paused(bool paused) override;
  bool link_up() const override;
  void set_link_handler(std::function<void(bool up)> handler) override;
  std::string state() const override;

 private:
  void arrive(Frame frame);
  void schedule_delivery();
  void deliver();

  Scheduler& scheduler_;
  Loopback* other_;  // this for a plug; nullptr once the other end is gone
  Receiver receiver_;
  std::function<void(bool)> link_handler_;
  std::deque<Frame> held_;
  Scheduler::TimerId timer_ = 0;
  bool paused_ = false;
  Traffic traffic_;
};

}  // namespace vfpool::wire

// SPDX-License-Identifier: Apache-2.0
// What runs inside a guest: the driver's poll, MTVD's workers, the application, a computing thread.
#pragma once

#include <vector>

#include "testbed/guest.hpp"

extern "C" {
#include "spsc.h"
}

namespace vfpool::testbed {

/// The driver's NAPI poll, which is also MTVD's dispatcher.
class Poller : public Task {
 public:
  explicit Poller(Guest& guest);
  void schedule() { scheduled_ = true; }
  bool scheduled() const { return scheduled_; }
  std::optional<double> begin() override;
  void finish() override;
  std::size_t held() const { return batch_.size(); }
  /// Packets since the last time it had nothing left.
  unsigned streak() const { return streak_; }

 private:
  void dispatch(const Packet& packet, std::vector<bool>& touched);
  void flush(const std::vector<bool>& touched);

  Guest& guest_;
  airvf_spread spread_;
  std::vector<Packet> batch_;
  double cost_ = 0;
  bool scheduled_ = false;
  unsigned streak_ = 0;
};

/// A worker of MTVD behind the driver's own single-producer single-consumer ring.
class Worker : public Task {
 public:
  explicit Worker(Guest& guest);
  /// Dispatcher: false: the ring is full.
  bool put(const Packet& packet);
  void publish() { airvf_spsc_publish(&ring_); }
  std::optional<double> begin() override;
  void finish() override;
  std::size_t held() { return airvf_spsc_depth(&ring_) + batch_.size(); }
  Vcpu* vcpu = nullptr;

 private:
  Guest& guest_;
  airvf_spsc ring_;
  std::vector<Packet> slots_, batch_;
};

/// One thread that reads the socket. With MTVD any vCPU of the guest that is free may run it.
class Application : public Task {
 public:
  explicit Application(Guest& guest) : guest_(guest) {}
  std::optional<double> begin() override;
  void finish() override;
  std::size_t held() const { return batch_.size(); }
  bool on_a_vcpu() const { return running_; }

 private:
  Guest& guest_;
  std::vector<Packet> batch_;
  bool running_ = false;
  bool awake_ = false;
};

/// The kernel's timer interrupt on a vCPU: it comes whether or not there is anything to do.
class Tick : public Task, public Actor {
 public:
  /// The first after `first`.
  Tick(Guest& guest, Vcpu& vcpu, Time first);
  void act(std::uint64_t what) override;
  std::optional<double> begin() override;
  void finish() override {}

 private:
  Guest& guest_;
  Vcpu& vcpu_;
  bool due_ = false;
};

class Compute : public Task {
 public:
  explicit Compute(Guest& guest) : guest_(guest) {}
  std::optional<double> begin() override;
  void finish() override;

 private:
  Guest& guest_;
};

/// Runs the tick before the poll, the poll before threads, and threads in turn.
class Vcpu : public Runnable {
 public:
  std::optional<double> begin() override;
  void finish() override;

  Task* tick = nullptr;      ///< null: an idle vCPU's tick is stopped, and a busy one's costs nothing
  Poller* poller = nullptr;  ///< on the vCPU that takes the interrupt
  std::vector<Task*> threads;
  unsigned softirq = 0;  ///< see GuestSpec

 private:
  std::optional<double> begin_thread();

  Task* running_ = nullptr;
  std::size_t next_ = 0;
  bool threads_turn_ = false;
};

}  // namespace vfpool::testbed

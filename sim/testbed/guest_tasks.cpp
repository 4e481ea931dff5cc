// SPDX-License-Identifier: Apache-2.0
#include "testbed/guest_tasks.hpp"

#include <algorithm>
#include <utility>

namespace vfpool::testbed {
namespace {

// As the driver has them (drivers/airvf/mtvd_config.h).
constexpr u32 kWorkerRing = 1024;
constexpr u32 kWorkerBatch = 32;
// What a thread does before others get their turn.
constexpr double kThreadCycles = 100'000;

}  // namespace

Poller::Poller(Guest& guest)
    : guest_(guest),
      spread_{.policy = guest.spec_.policy,
              .workers = std::max(guest.spec_.workers, 1U),
              .batch = kWorkerBatch,
              .busy = UINT32_MAX,
              .worker = 0,
              .used = 0} {}

std::optional<double> Poller::begin() {
  if (!scheduled_) return std::nullopt;
  guest_.vector_.mask();
  const GuestCosts& costs = guest_.spec_.costs;
  const double packet = costs.driver_packet + (guest_.workers_.empty() ? costs.stack_packet : costs.hand_over);
  while (batch_.size() < guest_.spec_.budget && !guest_.ring_.empty()) batch_.push_back(guest_.ring_.pop());
  cost_ = costs.poll + packet * static_cast<double>(batch_.size());
  return cost_;
}

void Poller::dispatch(const Packet& packet, std::vector<bool>& touched) {
  const std::size_t worker = airvf_spread_pick(&spread_, packet.flow);
  if (guest_.workers_[worker]->put(packet)) {
    touched[worker] = true;
  } else {
    guest_.end(packet, Fate::kWorkerFull);
  }
}

// One wake-up a worker, not one a packet.
void Poller::flush(const std::vector<bool>& touched) {
  for (std::size_t i = 0; i < touched.size(); ++i) {
    if (!touched[i]) continue;
    guest_.workers_[i]->publish();
    guest_.wake(*guest_.workers_[i]->vcpu, *guest_.vcpus_[0]);
  }
}

void Poller::finish() {
  Machine& machine = guest_.machine_;
  Vcpu& vcpu = *guest_.vcpus_[0];
  std::uint64_t bytes = 0;
  std::vector<bool> touched(guest_.workers_.size());
  for (const Packet& packet : batch_) {
    bytes += packet.frame;
    if (touched.empty()) {
      guest_.to_socket(packet, vcpu);
    } else {
      dispatch(packet, touched);
    }
  }
  flush(touched);
  const auto packets = static_cast<std::uint32_t>(batch_.size());
  const bool finished = packets < guest_.spec_.budget;
  batch_.clear();
  streak_ = finished ? 0 : streak_ + packets;
  ++guest_.counts_.polls;
  if (guest_.moderator_.poll(packets, bytes, cost_, machine.now(), machine.waited(vcpu), finished,
                             std::exchange(guest_.dry_, false)))
    guest_.vector_.set_steps(guest_.moderator_.steps());
  if (!finished) return;
  scheduled_ = false;
  guest_.vector_.unmask(!guest_.ring_.empty());
}

Worker::Worker(Guest& guest) : guest_(guest), slots_(kWorkerRing) { airvf_spsc_init(&ring_, kWorkerRing); }

bool Worker::put(const Packet& packet) {
  u32 slot = 0;
  if (!airvf_spsc_claim(&ring_, &slot)) return false;
  slots_[slot] = packet;
  return true;
}

std::optional<double> Worker::begin() {
  const GuestCosts& costs = guest_.spec_.costs;
  u32 slot = 0;
  while (batch_.size() < guest_.spec_.budget && airvf_spsc_peek(&ring_, &slot)) {
    batch_.push_back(slots_[slot]);
    airvf_spsc_pop(&ring_);
  }
  if (batch_.empty()) return std::nullopt;
  return costs.poll + (costs.hand_over + costs.stack_packet) * static_cast<double>(batch_.size());
}

void Worker::finish() {
  for (const Packet& packet : batch_) guest_.to_socket(packet, *vcpu);
  batch_.clear();
}

std::optional<double> Application::begin() {
  if (running_) return std::nullopt;
  if (guest_.socket_.empty()) {
    awake_ = false;
    return std::nullopt;
  }
  const GuestCosts& costs = guest_.spec_.costs;
  double cycles = awake_ ? 0 : costs.application_wake;
  while (batch_.size() < guest_.spec_.reader && cycles < kThreadCycles && !guest_.socket_.empty()) {
    batch_.push_back(guest_.socket_.pop());
    cycles += costs.application_packet + batch_.back().work;
  }
  running_ = awake_ = true;
  return cycles;
}

void Application::finish() {
  running_ = false;
  for (const Packet& packet : batch_) {
    guest_.counts_.bytes += packet.payload;
    guest_.latency.add(guest_.machine_.now() - packet.sent);
    guest_.end(packet, Fate::kConsumed);
  }
  batch_.clear();
}

Tick::Tick(Guest& guest, Vcpu& vcpu, Time first) : guest_(guest), vcpu_(vcpu) {
  vcpu.tick = this;
  guest.machine_.events().after(first, *this);
}

void Tick::act(std::uint64_t) {
  due_ = true;
  guest_.machine_.wake(vcpu_);
  guest_.machine_.events().after(time_for(1, guest_.spec_.tick_rate), *this);
}

std::optional<double> Tick::begin() {
  if (!due_) return std::nullopt;
  due_ = false;
  return guest_.spec_.costs.interrupt_guest;
}

std::optional<double> Compute::begin() { return kThreadCycles; }
void Compute::finish() { guest_.counts_.compute += kThreadCycles; }

std::optional<double> Vcpu::begin_thread() {
  for (std::size_t i = 0; i < threads.size(); ++i) {
    Task* thread = threads[(next_ + i) % threads.size()];
    const std::optional<double> piece = thread->begin();
    if (!piece) continue;
    next_ = (next_ + i + 1) % threads.size();
    running_ = thread;
    return piece;
  }
  return std::nullopt;
}

std::optional<double> Vcpu::begin() {
  if (tick != nullptr) {
    if (const auto piece = tick->begin()) {
      running_ = tick;
      return piece;
    }
  }
  const bool poll = poller != nullptr && poller->scheduled();
  // A softirq that does not end becomes a thread among others.
  if (poll && poller->streak() >= softirq && threads_turn_) {
    threads_turn_ = false;
    if (const auto piece = begin_thread()) return piece;
  }
  if (poll) {
    threads_turn_ = true;
    running_ = poller;
    return poller->begin();
  }
  return begin_thread();
}

void Vcpu::finish() { running_->finish(); }

}  // namespace vfpool::testbed

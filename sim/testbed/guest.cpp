// SPDX-License-Identifier: Apache-2.0
#include "testbed/guest.hpp"

#include "testbed/guest_tasks.hpp"

namespace vfpool::testbed {

Guest::Guest(Machine& machine, unsigned number, const GuestSpec& spec)
    : machine_(machine),
      spec_(spec),
      moderator_(spec.moderation, machine.costs().hz),
      ring_(spec.ring),
      socket_(spec.socket),
      vector_(machine.events(), [this] { interrupt(); }, spec.auto_mask) {
  vector_.set_steps(moderator_.steps());
  for (unsigned i = 0; i < spec.workers; ++i) workers_.push_back(std::make_unique<Worker>(*this));
  poller_ = std::make_unique<Poller>(*this);
  application_ = std::make_unique<Application>(*this);
  for (unsigned i = 0; i < spec.vcpus; ++i) {
    auto& vcpu = *vcpus_.emplace_back(std::make_unique<Vcpu>());
    vcpu.context = static_cast<int>(number);
    vcpu.softirq = spec.softirq;
    machine_.add(vcpu, static_cast<int>((number + i) % static_cast<unsigned>(machine_.cores())));
    // Without workers it is woken where the packets come, and stays there.
    if (i == 0 || !workers_.empty()) vcpu.threads.push_back(application_.get());
  }
  vcpus_[0]->poller = poller_.get();
  // Ticks of different vCPUs do not come in one instant.
  const Time period = spec.tick_rate > 0 ? time_for(1, spec.tick_rate) : 0;
  for (unsigned i = 0; i < spec.vcpus && period > 0; ++i)
    ticks_.push_back(std::make_unique<Tick>(*this, *vcpus_[i], period * ((number * 7 + i * 3) % 16) / 16));
  // The driver binds worker i to the CPU after the vector's, then the next.
  for (unsigned i = 0; i < spec.workers; ++i) {
    Vcpu& vcpu = *vcpus_[(i + 1) % spec.vcpus];
    workers_[i]->vcpu = &vcpu;
    vcpu.threads.insert(vcpu.threads.begin(), workers_[i].get());
  }
}

Guest::~Guest() = default;

void Guest::start_computing() {
  compute_ = std::make_unique<Compute>(*this);
  vcpus_[0]->threads.push_back(compute_.get());
  machine_.wake(*vcpus_[0]);
}

void Guest::receive(const Packet& packet) {
  if (!ring_.push(packet)) {
    dry_ = true;
    end(packet, Fate::kRingFull);
    return;
  }
  vector_.cause();
}

// The physical interrupt comes to the core where the vCPU runs or ran last, whoever runs there now.
void Guest::interrupt() {
  Vcpu& vcpu = *vcpus_[0];
  Runnable* there = machine_.neighbour(vcpu);
  machine_.charge(there != nullptr ? *there : vcpu, spec_.costs.interrupt_host);
  ++counts_.interrupts;
  // One that the vCPU has not seen yet is merged with this one, which the host has paid for all the same.
  if (!poller_->scheduled()) machine_.charge(vcpu, spec_.costs.interrupt_guest);
  poller_->schedule();
  machine_.wake(vcpu);
  if (spec_.injector_thread) machine_.choose_anew(vcpu);
}

void Guest::end(const Packet& packet, Fate fate) {
  ++counts_.fate[static_cast<std::size_t>(fate)];
  packet.source->ended(packet, fate);
}

void Guest::to_socket(const Packet& packet, Vcpu& from) {
  if (packet.payload == 0) {
    end(packet, Fate::kConsumed);
  } else if (!socket_.push(packet)) {
    end(packet, Fate::kBufferFull);
  } else if (!workers_.empty() && !application_->on_a_vcpu()) {
    // Any vCPU may run it, and the one that is here goes on to it itself.
    wake(*vcpus_.back(), from);
  }
}

void Guest::wake(Vcpu& vcpu, Vcpu& from) {
  if (&vcpu == &from || machine_.running(vcpu)) return;
  machine_.charge(from, spec_.costs.ipi);
  machine_.wake(vcpu);
}

void Guest::restart_counts() {
  base_ = counts_;
  latency.clear();
}

GuestCounts Guest::counts() const {
  GuestCounts counts = counts_;
  for (std::size_t i = 0; i < counts.fate.size(); ++i) counts.fate[i] -= base_.fate[i];
  counts.bytes -= base_.bytes;
  counts.interrupts -= base_.interrupts;
  counts.polls -= base_.polls;
  counts.compute -= base_.compute;
  return counts;
}

std::size_t Guest::held() const {
  std::size_t held = ring_.size() + socket_.size() + poller_->held() + application_->held();
  for (const auto& worker : workers_) held += worker->held();
  return held;
}

double Guest::cycles() const {
  double cycles = 0;
  for (const auto& vcpu : vcpus_) cycles += vcpu->cycles;
  return cycles;
}

}  // namespace vfpool::testbed

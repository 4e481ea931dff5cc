// SPDX-License-Identifier: Apache-2.0
#include "wire/loopback.hpp"

namespace vfpool::wire {

Loopback::Loopback(Scheduler& scheduler) : scheduler_(scheduler), other_(this) {}

Loopback::~Loopback() {
  scheduler_.cancel(timer_);
  if (other_ == nullptr || other_ == this) return;
  const bool was_up = other_->link_up();
  other_->other_ = nullptr;
  if (was_up && other_->link_handler_) other_->link_handler_(false);
}

std::pair<std::unique_ptr<Loopback>, std::unique_ptr<Loopback>> Loopback::make_pair(Scheduler& scheduler) {
  auto a = std::make_unique<Loopback>(scheduler);
  auto b = std::make_unique<Loopback>(scheduler);
  a->other_ = b.get();
  b->other_ = a.get();
  return {std::move(a), std::move(b)};
}

void Loopback::send(std::span<const std::uint8_t> frame) {
  if (frame.size() < kMinFrame || !link_up()) {
    ++traffic_.sent_drops;
    return;
  }
  traffic_.sent(frame.size());
  other_->arrive(Frame(frame.begin(), frame.end()));
}

void Loopback::arrive(Frame frame) {
  if (held_.size() >= kMaxHeld) {
    ++traffic_.received_drops;
    return;
  }
  held_.push_back(std::move(frame));
  schedule_delivery();
}

void Loopback::schedule_delivery() {
  if (timer_ != 0 || paused_ || held_.empty()) return;
  timer_ = scheduler_.after(SimTime(0), [this] {
    timer_ = 0;
    deliver();
  });
}

void Loopback::deliver() {
  // What the receiver sends meanwhile comes on a later turn: a loop of two NICs must not hold the scheduler.
  for (std::size_t n = held_.size(); n > 0 && !paused_ && !held_.empty(); --n) {
    const Frame frame = std::move(held_.front());
    held_.pop_front();
    if (!receiver_) {
      ++traffic_.received_drops;
      continue;
    }
    traffic_.received(frame.size());
    receiver_(frame);
  }
  schedule_delivery();
}

void Loopback::set_receiver(Receiver receiver) {
  const bool was_plugged = static_cast<bool>(receiver_);
  receiver_ = std::move(receiver);
  const bool plugged = static_cast<bool>(receiver_);
  if (other_ != nullptr && was_plugged != plugged && other_->link_handler_) other_->link_handler_(plugged);
}

void Loopback::set_paused(bool paused) {
  paused_ = paused;
  schedule_delivery();
}

bool Loopback::link_up() const { return other_ != nullptr && other_->receiver_; }

void Loopback::set_link_handler(std::function<void(bool up)> handler) { link_handler_ = std::move(handler); }

std::string Loopback::state() const {
  return fmt::format("{}: {}{}", other_ == this ? "loopback" : "cable", traffic_.text(),
                     link_up() ? "" : ", link down");
}

}  // namespace vfpool::wire

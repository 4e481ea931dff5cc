// SPDX-License-Identifier: Apache-2.0
#include "core/scheduler.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace vfpool {
namespace {

/// Cycles to run between two looks at timers and descriptors, at most.
constexpr int kCyclesPerTurn = 64;
/// Wall time: nor for longer than this, whatever a cycle costs, so that a guest that reads a register waits little
/// longer while others are busy; poll(2) costs a twentieth of it. The clock is looked at after some cycles each.
constexpr SimTime kLongestTurn = std::chrono::microseconds(40);
constexpr int kCyclesPerLook = 4;
/// With nothing due, how long to sleep before signals that arrived meanwhile are looked at.
constexpr SimTime kIdlePoll = std::chrono::seconds(1);
/// What a turn counts for in running() at most, so that a busy millisecond is at least 1,024 cycles however little of a
/// processor this process gets.
constexpr SimTime kMostOfATurn = std::chrono::nanoseconds(62'500);
constexpr SimTime kMostOfACycle = kMostOfATurn / kCyclesPerTurn;

}  // namespace

Scheduler::Scheduler(TimeBase base, Clock clock) : base_(base), clock_(std::move(clock)), start_(clock_()) {}
Scheduler::~Scheduler() = default;

SimTime Scheduler::now() const {
  if (base_ == TimeBase::kVirtual) return virtual_now_;
  return std::chrono::duration_cast<SimTime>(clock_() - start_);
}

SimTime Scheduler::running() const {
  if (base_ == TimeBase::kVirtual) return virtual_now_;
  const SimTime most =
      cut_turn_ ? kMostOfACycle * static_cast<std::int64_t>(cycles_ - turn_began_at_cycle_) : kMostOfATurn;
  return running_ + std::min(now() - turn_began_, meant_sleep_ + most);
}

void Scheduler::count_turn() {
  running_ = running();
  turn_began_ = now();
  meant_sleep_ = SimTime{0};
  cut_turn_ = false;
  turn_began_at_cycle_ = cycles_;
}

Scheduler::TimerId Scheduler::add(Timers& timers, SimTime when, Callback fn) {
  const TimerId id = next_id_++;
  timers.emplace(std::pair(when, id), std::move(fn));
  places_.emplace(id, Place{&timers, when});
  return id;
}

Scheduler::TimerId Scheduler::at(SimTime when, Callback fn) { return add(timers_, when, std::move(fn)); }

Scheduler::TimerId Scheduler::timeout_after(SimTime delay, Callback fn) {
  return add(base_ == TimeBase::kVirtual ? timers_ : timeouts_, running() + delay, std::move(fn));
}

void Scheduler::cancel(TimerId id) {
  const auto it = places_.find(id);
  if (it == places_.end()) return;
  it->second.timers->erase({it->second.when, id});
  places_.erase(it);
}

void Scheduler::add_clocked(Clocked& part) { clocked_.push_back(&part); }

void Scheduler::watch(int fd, short events, std::function<void(short)> fn) {
  watches_[fd] = std::make_shared<Watch>(Watch{events, std::move(fn)});
}

void Scheduler::unwatch(int fd) { watches_.erase(fd); }

bool Scheduler::any_busy() const {
  return std::any_of(clocked_.begin(), clocked_.end(), [](const Clocked* c) { return c->busy(); });
}

void Scheduler::fire(Timers& timers, SimTime limit) {
  while (!timers.empty() && timers.begin()->first.first <= limit) {
    auto node = timers.extract(timers.begin());
    places_.erase(node.key().second);
    node.mapped()();
  }
}

void Scheduler::poll_descriptors(SimTime timeout) {
  std::vector<pollfd> fds;
  fds.reserve(watches_.size());
  for (const auto& [fd, w] : watches_) fds.push_back({fd, w->events, 0});
  const auto ns = std::chrono::ceil<std::chrono::nanoseconds>(timeout).count();
  const timespec wait{ns / 1'000'000'000, ns % 1'000'000'000};
  const int n = ::ppoll(fds.data(), fds.size(), &wait, nullptr);
  if (n < 0 && errno != EINTR) throw std::system_error(errno, std::generic_category(), "ppoll");
  if (n <= 0) return;
  for (const pollfd& p : fds) {
    if (p.revents == 0) continue;
    // A callback may unwatch any descriptor, itself included: look it up again and keep it alive while it runs.
    const auto it = watches_.find(p.fd);
    if (it == watches_.end()) continue;
    const std::shared_ptr<Watch> held = it->second;
    held->fn(p.revents);
  }
}

void Scheduler::run_cycles() {
  const bool wall = base_ == TimeBase::kWall;
  const SimTime end = now() + kLongestTurn;
  for (int i = 1; i <= (wall ? kCyclesPerTurn : 1) && any_busy() && !cut_turn_; ++i) {
    if (!wall) virtual_now_ += kClockPeriod;
    for (Clocked* c : clocked_) c->cycle();
    ++cycles_;
    cut_turn_ = wall && i % kCyclesPerLook == 0 && i < kCyclesPerTurn && now() >= end;
  }
}

// One turn of the loop; false when nothing can ever happen again.
bool Scheduler::turn() {
  count_turn();
  fire(timers_, now());
  const bool more = work();
  fire(timeouts_, running_);  // after what had arrived has been looked at
  return more;
}

bool Scheduler::work() {
  if (any_busy()) {
    run_cycles();
    if (!watches_.empty() && (base_ == TimeBase::kWall || cycles_ % kCyclesPerTurn == 0)) poll_descriptors(SimTime{0});
    return true;
  }
  if (base_ == TimeBase::kVirtual) {
    if (!watches_.empty()) poll_descriptors(timers_.empty() ? kIdlePoll : SimTime{0});
    if (any_busy()) return true;
    if (!timers_.empty()) {
      virtual_now_ = std::max(virtual_now_, timers_.begin()->first.first);
      return true;
    }
    return !watches_.empty();
  }
  SimTime timeout = kIdlePoll;
  if (!timers_.empty()) timeout = std::min(timeout, timers_.begin()->first.first - now());
  if (!timeouts_.empty()) timeout = std::min(timeout, timeouts_.begin()->first.first - running());
  meant_sleep_ = std::max(timeout, SimTime{0});
  poll_descriptors(meant_sleep_);
  return !watches_.empty() || !timers_.empty() || !timeouts_.empty();
}

void Scheduler::run() {
  stopped_ = false;
  while (!stopped_ && turn()) {
  }
}

bool Scheduler::run_until(const std::function<bool()>& done, SimTime limit) {
  const SimTime end = now() + limit;
  // In wall time this ends the sleep; in virtual time nothing sleeps, and it must not move time by itself.
  const TimerId alarm = base_ == TimeBase::kWall ? at(end, [] {}) : 0;
  stopped_ = false;
  bool reached = done();
  while (!reached && !stopped_ && now() <= end && turn()) reached = done();
  cancel(alarm);
  return reached || done();
}

std::string Scheduler::waiting_for() const {
  std::string out = fmt::format("time {} us, {} cycles run\n", now().count() / 1'000'000, cycles_);
  for (std::size_t i = 0; i < clocked_.size(); ++i)
    if (clocked_[i]->busy()) out += fmt::format("clocked part {}: busy\n", i);
  for (const auto& [key, fn] : timers_)
    out += fmt::format("timer {} due in {} us\n", key.second, (key.first - now()).count() / 1'000'000);
  for (const auto& [key, fn] : timeouts_)
    out += fmt::format("time-out {} in {} us\n", key.second, (key.first - running()).count() / 1'000'000);
  for (const auto& [fd, w] : watches_) out += fmt::format("descriptor {}\n", fd);
  return out;
}

}  // namespace vfpool

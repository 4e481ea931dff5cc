// SPDX-License-Identifier: Apache-2.0
#include "testbed/machine.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace vfpool::testbed {

Machine::Machine(Events& events, int cores, const MachineCosts& costs, const Sharing& sharing)
    : events_(events), costs_(costs), sharing_(sharing) {
  cores_.reserve(static_cast<std::size_t>(cores));
  for (int i = 0; i < cores; ++i) cores_.push_back(Core{.queue = RunQueue(sharing_)});
}

void Machine::add(Runnable& runnable, int core) {
  assert(core >= 0 && core < cores());
  runnable.core_ = core;
}

void Machine::move(Runnable& runnable, std::size_t to) {
  const auto from = static_cast<std::size_t>(runnable.core_);
  if (from == to) return;
  runnable.virtual_ += cores_[to].queue.least() - cores_[from].queue.least();
  runnable.core_ = static_cast<int>(to);
  runnable.came_ = now();
}

// The core on which one that wakes shall run: its last one, if that is idle or nothing better is known.
std::size_t Machine::place(const Runnable& runnable) const {
  if (runnable.pinned >= 0) return static_cast<std::size_t>(runnable.pinned);
  const auto last = static_cast<std::size_t>(runnable.core_);
  if (!sharing_.balance || cores_[last].current == nullptr) return last;
  for (std::size_t i = 1; i < cores_.size(); ++i) {
    const std::size_t core = (last + i) % cores_.size();
    if (cores_[core].current == nullptr) return core;
  }
  return last;
}

void Machine::wake(Runnable& runnable) {
  if (runnable.state_ != Runnable::State::kAsleep) return;
  const std::size_t core = place(runnable);
  move(runnable, core);
  runnable.state_ = Runnable::State::kReady;
  runnable.since_ = now();
  cores_[core].queue.add(runnable, true);
  if (cores_[core].current == nullptr) dispatch(core);
}

Runnable* Machine::steal(std::size_t thief) {
  if (!sharing_.balance) return nullptr;
  std::size_t longest = thief;
  for (std::size_t i = 0; i < cores_.size(); ++i)
    if (cores_[i].queue.size() > cores_[longest].queue.size()) longest = i;
  Runnable* runnable = longest == thief ? nullptr : cores_[longest].queue.give_away();
  if (runnable != nullptr) move(*runnable, thief);
  return runnable;
}

double Machine::switch_cost(const Core& core, const Runnable& next) const {
  if (core.last == &next) return costs_.sleep;
  const bool warm = core.last != nullptr && core.last->context == next.context;
  return costs_.context_switch + (warm ? 0 : costs_.cold_cache);
}

// False: nothing to do, it sleeps.
bool Machine::start_piece(Core& core, std::size_t index, double overhead) {
  Runnable& runnable = *core.current;
  const std::optional<double> work = runnable.begin();
  if (!work) {
    runnable.state_ = Runnable::State::kAsleep;
    runnable.since_ = now();
    core.current = nullptr;
    return false;
  }
  const double cycles = *work + overhead + runnable.charged_;
  runnable.charged_ = 0;
  runnable.cycles += cycles;
  core.piece = time_for(cycles, costs_.hz);
  events_.after(core.piece, *this, index);
  return true;
}

// The core is free: the next runnable gets it, or it idles.
void Machine::dispatch(std::size_t index) {
  Core& core = cores_[index];
  while (core.current == nullptr) {
    Runnable* next = core.queue.take();
    if (next == nullptr) next = steal(index);
    if (next == nullptr) return;
    const double overhead = switch_cost(core, *next);
    if (core.last != next) ++switches_;
    next->state_ = Runnable::State::kRunning;
    next->waited += now() - next->since_;
    next->since_ = now();
    core.current = next;
    core.last = next;
    core.turn = 0;
    start_piece(core, index, overhead);
  }
}

// Where the balancer puts what runs on `core`; -1: it stays.
int Machine::wanders_to(std::size_t core) const {
  const Runnable& runnable = *cores_[core].current;
  if (sharing_.wander == 0 || runnable.pinned >= 0 || now() - runnable.came_ < sharing_.wander) return -1;
  for (std::size_t i = 1; i < cores_.size(); ++i) {
    const std::size_t other = (core + i) % cores_.size();
    if (cores_[other].current == nullptr && cores_[other].queue.size() == 0) return static_cast<int>(other);
  }
  return -1;
}

void Machine::act(std::uint64_t what) {
  const auto index = static_cast<std::size_t>(what);
  Core& core = cores_[index];
  Runnable& runnable = *core.current;
  core.busy += core.piece;
  core.turn += core.piece;
  core.queue.ran(runnable, core.piece);
  runnable.finish();
  if (core.queue.make_way(runnable, core.turn, std::exchange(core.anew, false))) {
    runnable.state_ = Runnable::State::kReady;
    runnable.since_ = now();
    core.queue.add(runnable, false);
    core.current = nullptr;
  } else if (const int other = wanders_to(index); other >= 0) {
    runnable.state_ = Runnable::State::kReady;
    runnable.since_ = now();
    core.current = nullptr;
    move(runnable, static_cast<std::size_t>(other));
    cores_[static_cast<std::size_t>(other)].queue.add(runnable, false);
    dispatch(static_cast<std::size_t>(other));
  } else {
    start_piece(core, index, 0);
  }
  dispatch(index);
}

Time Machine::waited(const Runnable& runnable) const {
  return runnable.waited + (runnable.state_ == Runnable::State::kReady ? now() - runnable.since_ : 0);
}

Time Machine::busy() const {
  Time sum = 0;
  for (const Core& core : cores_) sum += core.busy;
  return sum;
}

}  // namespace vfpool::testbed

// SPDX-License-Identifier: Apache-2.0
// Work that is put off to a later turn of the event loop, so that nobody is called from inside his own call.
#pragma once

#include <functional>

#include "core/scheduler.hpp"

namespace vfpool {

/// Runs `fn` once in a later turn of the event loop, however often it is asked for before that.
class Turn {
 public:
  Turn(Scheduler& scheduler, std::function<void()> fn) : scheduler_(scheduler), fn_(std::move(fn)) {}
  ~Turn() {
    if (timer_ != 0) scheduler_.cancel(timer_);
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  void ask() { ask_at(scheduler_.now()); }
  /// At `when`, or earlier if it is due earlier already.
  void ask_at(SimTime when) {
    if (timer_ != 0) {
      if (due_ <= when) return;
      scheduler_.cancel(timer_);
    }
    due_ = when;
    timer_ = scheduler_.at(when, [this] {
      timer_ = 0;
      fn_();
    });
  }

 private:
  Scheduler& scheduler_;
  std::function<void()> fn_;
  Scheduler::TimerId timer_ = 0;
  SimTime due_{0};
};

}  // namespace vfpool

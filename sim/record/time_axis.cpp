// SPDX-License-Identifier: Apache-2.0
#include "record/time_axis.hpp"

namespace vfpool::record {
namespace {

std::chrono::nanoseconds floor_ns(SimTime time) { return std::chrono::floor<std::chrono::nanoseconds>(time); }

}  // namespace

TimeAxis::TimeAxis(const Scheduler& scheduler) : scheduler_(&scheduler) {
  if (scheduler.base() != TimeBase::kWall) return;
  const auto today = std::chrono::system_clock::now().time_since_epoch();
  offset_ = std::chrono::duration_cast<std::chrono::nanoseconds>(today) - floor_ns(scheduler.now());
}

std::chrono::nanoseconds TimeAxis::now() const { return offset_ + floor_ns(scheduler_->now()); }

std::string TimeAxis::text() const {
  return scheduler_->base() == TimeBase::kWall
             ? "Time stamps are wall clock time."
             : "Time stamps are simulated time since the start, which is shown as 1970.";
}

}  // namespace vfpool::record

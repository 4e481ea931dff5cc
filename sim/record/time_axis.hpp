// SPDX-License-Identifier: Apache-2.0
// Time stamps of records. All records of a run share one axis, so that their files can be merged.
#pragma once

#include <chrono>
#include <string>

#include "core/scheduler.hpp"

namespace vfpool::record {

/// Virtual time base: simulated time, from 1970 on, so that equal runs make equal files. Wall time base: the time of
/// day at which the axis was made, continued by the scheduler's steady clock (a clock that is set meanwhile changes
/// nothing). Copy it to each record; it refers to the scheduler, which must outlive it.
class TimeAxis {
 public:
  explicit TimeAxis(const Scheduler& scheduler);

  /// Since 1970.
  std::chrono::nanoseconds now() const;
  std::uint64_t cycles() const { return scheduler_->cycles(); }
  /// For the file's comment: what its time stamps mean.
  std::string text() const;

 private:
  const Scheduler* scheduler_;
  std::chrono::nanoseconds offset_{0};
};

}  // namespace vfpool::record

// SPDX-License-Identifier: Apache-2.0
// Time that frames take on a line of a given rate.
#pragma once

#include <algorithm>
#include <cstddef>

#include "core/scheduler.hpp"

namespace vfpool::nic82599 {

constexpr unsigned kMinWireFrame = 60;
constexpr unsigned kWireOverhead = 4 + 8 + 12;  ///< FCS, preamble with start delimiter, inter-frame gap

/// `bytes` without FCS. 84 bytes of line time at least.
inline SimTime wire_time(std::size_t bytes, unsigned mbps) {
  const std::size_t on_wire = std::max<std::size_t>(bytes, kMinWireFrame) + kWireOverhead;
  return SimTime{static_cast<std::int64_t>(on_wire * 8 * 1'000'000 / std::max(mbps, 1U))};
}

/// How far a line may lag and still be made up for. Wall-clock timers come late by a millisecond or so; in virtual
/// time they are exact.
inline SimTime catch_up(const Scheduler& scheduler) {
  return scheduler.base() == TimeBase::kWall ? SimTime(std::chrono::milliseconds(4)) : SimTime{0};
}

}  // namespace vfpool::nic82599

// SPDX-License-Identifier: Apache-2.0
// The driver's interrupt rate controller on the testbed's clock: the driver's own air.c, air_learn.c, cgr.c, cost.c and
// rate.c, called as drivers/airvf/moderate.c and its mode_*.c call them, with the same intervals between decisions.
#pragma once

#include <cstdint>
#include <string>

#include "testbed/dim.hpp"
#include "testbed/time.hpp"

extern "C" {
#include "moderation.h"
}

namespace vfpool::testbed {

enum class Algorithm { kFir, kCgr, kAir, kDim };

std::string name_of(Algorithm algorithm);

struct Moderation {
  Algorithm algorithm = Algorithm::kAir;
  std::uint32_t fir_rate = 8000;  ///< interrupts/s of FIR; 0: no throttle
  /// k, offset, threshold, fast, and costs that override the calibration where they are not 0.
  airvf_air_param air{.cost = {},
                      .k = AIRVF_AIR_K,
                      .offset = AIRVF_AIR_OFFSET,
                      .threshold = AIRVF_AIR_THRESHOLD,
                      .latency_us = AIRVF_AIR_LATENCY_US,
                      .fast = true};
};

class Moderator {
 public:
  /// `hz`: cycles a second of a whole core, the C of AIR where nobody else wants the core.
  Moderator(const Moderation& settings, double hz);

  /// End of a poll. `finished`: it was complete, the vector is unmasked next. `stolen`: total time that the vCPU was
  /// ready and another one had the core. `dry`: the ring had no room since the last poll. True: steps() has changed.
  bool poll(std::uint32_t packets, std::uint64_t bytes, double cycles, Time now, Time stolen, bool finished,
            bool dry = false);
  /// The interval for the vector.
  std::uint32_t steps() const { return steps_; }

 private:
  airvf_cost cost(Time elapsed, Time stolen) const;
  /// Does the driver look at this poll, of so many packets?
  bool is_timed(std::uint32_t packets, Time now);
  bool run_cgr(Time now);
  bool run_air(std::uint32_t packets, Time now, Time stolen);
  bool run_dim(Time now);
  void restart(Time now, Time stolen);

  Moderation settings_;
  double hz_;
  std::uint32_t steps_ = 0;
  airvf_cgr_param cgr_{};
  airvf_air air_{};
  airvf_fit fit_{};
  airvf_load load_{};
  Dim dim_;
  std::uint64_t packets_ = 0, bytes_ = 0;
  std::uint64_t polls_ = 0;
  std::uint32_t row_ = 0;  ///< light polls in a row
  Time last_ = 0;
  Time stolen_ = 0;
};

}  // namespace vfpool::testbed

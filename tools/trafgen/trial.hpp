// SPDX-License-Identifier: Apache-2.0
// One trial of a search.
#pragma once

#include "run.hpp"
#include "search.hpp"

namespace vfpool::trafgen {

/// Runs the session's streams at `rate` of their highest rates, otherwise as `plan` says. It counts only if the rate
/// was there: 99 % of it, but for one burst of each stream that may be due when the trial ends. Throws
/// std::runtime_error for a trial that is too short for a single frame.
Trial trial(Session& session, RunPlan plan, double rate, const Stops& stop);

/// As many frames a second as the streams ask for together at rate 1.
double highest_rate(const std::vector<Stream>& streams, double link_bits);

}  // namespace vfpool::trafgen

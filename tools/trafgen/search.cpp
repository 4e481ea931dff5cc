// SPDX-License-Identifier: Apache-2.0
#include "search.hpp"

#include <algorithm>

namespace vfpool::trafgen {

Bounds Search::bounds(const Goal& goal) const {
  Bounds b;
  for (const Trial& t : trials_) {
    if ((t.loss > goal.loss || !t.offered) && t.rate < b.high) {
      b.high = t.rate;
      b.by_sender = t.loss <= goal.loss;
    }
  }
  for (const Trial& t : trials_)
    if (t.rate < b.high) b.low = std::max(b.low, t.rate);
  return b;
}

std::optional<double> Search::next() const {
  for (const Goal& goal : goals_) {
    const Bounds b = bounds(goal);
    if (b.high > 1) {
      if (b.low < 1) return 1;
    } else if (b.high - b.low > resolution_) {
      return b.low + (b.high - b.low) / 2;
    }
  }
  return std::nullopt;
}

}  // namespace vfpool::trafgen

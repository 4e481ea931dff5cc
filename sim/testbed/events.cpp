// SPDX-License-Identifier: Apache-2.0
#include "testbed/events.hpp"

#include <algorithm>

namespace vfpool::testbed {

void Events::at(Time when, Actor& actor, std::uint64_t what) {
  queue_.push({std::max(when, now_), order_++, &actor, what});
}

void Events::run_until(Time end) {
  while (!queue_.empty() && queue_.top().when <= end) {
    const Event event = queue_.top();
    queue_.pop();
    now_ = event.when;
    ++count_;
    event.actor->act(event.what);
  }
  now_ = std::max(now_, end);
}

}  // namespace vfpool::testbed

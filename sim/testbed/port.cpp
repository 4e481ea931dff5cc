// SPDX-License-Identifier: Apache-2.0
#include "testbed/port.hpp"

#include <algorithm>

namespace vfpool::testbed {

void Port::offer(Source& source) {
  if (std::find(turns_.begin(), turns_.end(), &source) != turns_.end()) return;
  turns_.push_back(&source);
  if (!busy_) start();
}

void Port::start() {
  while (!turns_.empty() && turns_.front()->pending() == 0) turns_.pop_front();
  if (turns_.empty()) return;
  Source* source = turns_.front();
  turns_.pop_front();
  on_wire_ = source->take();
  on_wire_.sent = events_.now();
  if (source->pending() > 0) turns_.push_back(source);
  busy_ = true;
  events_.after(time_for((on_wire_.frame + kWireOverhead) * 8.0, rate_), *this);
}

void Port::act(std::uint64_t) {
  const Packet packet = on_wire_;
  busy_ = false;
  start();
  deliver_(packet);
}

}  // namespace vfpool::testbed

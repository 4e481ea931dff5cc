// SPDX-License-Identifier: Apache-2.0
#include "testbed/run_queue.hpp"

#include <algorithm>

namespace vfpool::testbed {
void RunQueue::add(Runnable& runnable, bool woken) {
  if (woken) runnable.virtual_ = std::max(runnable.virtual_, least_ - sharing_->sleeper_credit);
  ready_.push_back(&runnable);
}

Runnable* RunQueue::take() {
  if (ready_.empty()) return nullptr;
  // Few are ready at once: a search is as quick as a tree. Equal ones in the order they came.
  const auto it = std::min_element(ready_.begin(), ready_.end(),
                                   [](const Runnable* a, const Runnable* b) { return a->virtual_ < b->virtual_; });
  Runnable* runnable = *it;
  ready_.erase(it);
  least_ = std::max(least_, runnable->virtual_);
  return runnable;
}

Runnable* RunQueue::give_away() {
  const auto it = std::find_if(ready_.begin(), ready_.end(), [](const Runnable* r) { return r->pinned < 0; });
  if (it == ready_.end()) return nullptr;
  Runnable* runnable = *it;
  ready_.erase(it);
  return runnable;
}

void RunQueue::ran(Runnable& runnable, Time time) {
  runnable.virtual_ += time;
  Time least = runnable.virtual_;
  for (const Runnable* r : ready_) least = std::min(least, r->virtual_);
  least_ = std::max(least_, least);
}

bool RunQueue::make_way(const Runnable& current, Time turn, bool anew) const {
  if (ready_.empty()) return false;
  Time behind = 0;
  for (const Runnable* r : ready_) behind = std::max(behind, current.virtual_ - r->virtual_);
  if (behind > (anew ? 0 : sharing_->wake_lead)) return true;
  const Time slice = std::max(sharing_->latency / static_cast<Time>(ready_.size() + 1), sharing_->least_slice);
  return turn >= slice && behind > 0;
}

}  // namespace vfpool::testbed

// SPDX-License-Identifier: Apache-2.0
#include "testbed/vector.hpp"

#include <algorithm>

extern "C" {
#include "moderation.h"
}

namespace vfpool::testbed {

void Vector::cause() {
  if (masked_ || due_) return;
  due_ = true;
  const Time next = count_ == 0 ? 0 : last_ + steps_ * AIRVF_STEP_NS * kNanosecond;
  events_.at(std::max(next, events_.now()), *this);
}

void Vector::unmask(bool pending) {
  masked_ = false;
  if (pending) cause();
}

void Vector::act(std::uint64_t) {
  due_ = false;
  if (masked_) return;
  masked_ = auto_mask_;
  last_ = events_.now();
  ++count_;
  fire_();
}

}  // namespace vfpool::testbed

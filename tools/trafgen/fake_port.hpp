// SPDX-License-Identifier: Apache-2.0
// A cable for tests: what is sent arrives, at most `takes` frames a turn, behind `holds` others that are on their way
// as long as something is sent. `always`: who else talks, a frame at each look.
#pragma once

#include <algorithm>
#include <array>
#include <deque>
#include <functional>
#include <vector>

#include "port.hpp"

namespace vfpool::trafgen {

class FakePort : public Port {
 public:
  std::uint8_t* room() override { return waiting_.size() < kMost ? next_.data() : nullptr; }
  void add(unsigned bytes) override { waiting_.emplace_back(next_.begin(), next_.begin() + bytes); }
  unsigned send() override {
    const auto n = std::min<std::size_t>(waiting_.size(), takes);
    on_its_way_ = n == 0 ? 0 : holds;
    std::move(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(n), std::back_inserter(cable));
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(n));
    return static_cast<unsigned>(n);
  }
  void drop() override { waiting_.clear(); }
  unsigned receive(const Taker& taker) override {
    const auto n = std::min<std::size_t>(cable.size() - std::min(cable.size(), on_its_way_), kMost);
    if (always) taker(always());
    for (std::size_t i = 0; i < n; ++i) {
      taker(cable.front());
      cable.pop_front();
    }
    return static_cast<unsigned>(n + (always ? 1 : 0));
  }

  std::size_t takes = SIZE_MAX, holds = 0;
  std::function<std::vector<std::uint8_t>()> always;
  std::uint64_t given = 0;  // for `always`
  std::deque<std::vector<std::uint8_t>> cable;

 private:
  static constexpr std::size_t kMost = 32;
  std::size_t on_its_way_ = 0;
  std::array<std::uint8_t, 9'216> next_{};
  std::deque<std::vector<std::uint8_t>> waiting_;
};

}  // namespace vfpool::trafgen

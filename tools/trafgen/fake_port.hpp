// SPDX-License-Identifier: Apache-2.0
// A cable for tests: what is sent arrives, at most `takes` frames a turn.
#pragma once

#include <algorithm>
#include <array>
#include <deque>
#include <vector>

#include "port.hpp"

namespace vfpool::trafgen {

class FakePort : public Port {
 public:
  std::uint8_t* room() override { return waiting_.size() < kMost ? next_.data() : nullptr; }
  void add(unsigned bytes) override { waiting_.emplace_back(next_.begin(), next_.begin() + bytes); }
  unsigned send() override {
    const auto n = std::min<std::size_t>(waiting_.size(), takes);
    std::move(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(n), std::back_inserter(cable));
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(n));
    return static_cast<unsigned>(n);
  }
  void drop() override { waiting_.clear(); }
  unsigned receive(const Taker& taker) override {
    const auto n = std::min<std::size_t>(cable.size(), kMost);
    for (std::size_t i = 0; i < n; ++i) {
      taker(cable.front());
      cable.pop_front();
    }
    return static_cast<unsigned>(n);
  }

  std::size_t takes = SIZE_MAX;
  std::deque<std::vector<std::uint8_t>> cable;

 private:
  static constexpr std::size_t kMost = 32;
  std::array<std::uint8_t, 9'216> next_{};
  std::deque<std::vector<std::uint8_t>> waiting_;
};

}  // namespace vfpool::trafgen

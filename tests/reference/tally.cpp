// SPDX-License-Identifier: Apache-2.0
#include "tally.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <numeric>
#include <utility>

namespace vfpool::reference {

void Tally::drop(std::uint32_t reasons, bool possibly) {
  const bool sure = !possibly && std::has_single_bit(reasons);
  for (unsigned r = 0; r < kReasons; ++r) {
    if (!(reasons >> r & 1)) continue;
    ++most_[r];
    if (sure) ++least_[r];
  }
  ++most_sum_;
  if (!possibly) ++least_sum_;
}

void Tally::stray(unsigned port) {
  ++strays_[port];
  drop(1U << static_cast<unsigned>(Drop::kUnexpected));
}

void Tally::mismatch() {
  ++mismatches_;
  drop(1U << static_cast<unsigned>(Drop::kMismatch));
}

void Tally::forget_strays(unsigned port) {
  least_[static_cast<unsigned>(Drop::kUnexpected)] -= strays_[port];
  least_[static_cast<unsigned>(Drop::kMismatch)] -= mismatches_;
  least_sum_ -= strays_[port] + mismatches_;
  strays_[port] = mismatches_ = 0;
}

void Tally::unheard() {
  constexpr unsigned kMost = 64;  // one a millisecond, and each twice
  for (unsigned n = 0; n < kMost; ++n)
    drop(1U << static_cast<unsigned>(Drop::kTimeout) | 1U << static_cast<unsigned>(Drop::kBlocked), true);
  unheard_ = true;
}

std::string Tally::check(const Counters& now) {
  std::string wrong;
  for (unsigned r = 0; r < kReasons; ++r)
    if (now.drops[r] < least_[r] || now.drops[r] > most_[r])
      wrong += fmt::format("DROPS({}) is {}, not {}..{}; ", to_string(static_cast<Drop>(r)), now.drops[r], least_[r],
                           most_[r]);
  const std::uint32_t sum = std::accumulate(now.drops.begin(), now.drops.end(), 0U);
  if (sum < least_sum_ || sum > most_sum_) {
    wrong += fmt::format("all DROPS are {}, not {}..{}:", sum, least_sum_, most_sum_);
    for (unsigned r = 0; r < kReasons; ++r)
      if (most_[r] != 0)
        wrong += fmt::format(" {} {} of {}..{}", to_string(static_cast<Drop>(r)), now.drops[r], least_[r], most_[r]);
    wrong += "; ";
  }
  for (unsigned p = 0; p < in_.size(); ++p)
    for (unsigned c = 0; c < kClasses; ++c) {
      const auto compare = [&](const char* which, std::uint32_t is, std::uint32_t should, std::uint32_t more) {
        if (should - is + more > 2 * more) wrong += fmt::format("{}({}) is {}, not {}; ", which, p * 4 + c, is, should);
      };
      compare("RX", now.in[p][c], in_[p][c], cut_[p]);
      compare("TX", now.out[p][c], out_[p][c], cut_[p]);
    }
  in_ = now.in;
  out_ = now.out;
  std::fill(cut_.begin(), cut_.end(), 0);
  std::fill(strays_.begin(), strays_.end(), 0);
  mismatches_ = 0;
  least_ = most_ = now.drops;
  least_sum_ = most_sum_ = sum;
  if (std::exchange(unheard_, false)) {
    unheard();
    unheard_ = false;
  }
  return wrong;
}

}  // namespace vfpool::reference

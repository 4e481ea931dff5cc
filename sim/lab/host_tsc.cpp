// SPDX-License-Identifier: Apache-2.0
#include "lab/host_tsc.hpp"

#include <time.h>

#include <chrono>
#include <optional>
#include <thread>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace vfpool::lab {

#if defined(__x86_64__)
namespace {

using namespace std::chrono_literals;

struct Reading {
  std::uint64_t ticks;
  std::uint64_t ns;
};

// Both clocks at one moment: nothing may have come between, which the ticks around it show.
std::optional<Reading> read_both() {
  constexpr std::uint64_t kClose = 20'000;  // ticks, 5 to 10 us: 1 in 5000 of the time between two readings
  for (int tries = 0; tries < 1000; ++tries) {
    timespec t{};
    const std::uint64_t before = __rdtsc();
    ::clock_gettime(CLOCK_MONOTONIC_RAW, &t);
    const std::uint64_t after = __rdtsc();
    if (after - before < kClose)
      return Reading{before + (after - before) / 2,
                     static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(t.tv_nsec)};
  }
  return std::nullopt;
}

}  // namespace

std::uint32_t host_tsc_khz() {
  const auto first = read_both();
  std::this_thread::sleep_for(50ms);
  const auto last = read_both();
  if (!first || !last || last->ns <= first->ns || last->ticks <= first->ticks) return 0;
  return static_cast<std::uint32_t>(static_cast<double>(last->ticks - first->ticks) * 1e6 /
                                    static_cast<double>(last->ns - first->ns));
}
#else
std::uint32_t host_tsc_khz() { return 0; }
#endif

const std::string& guest_tsc_option() {
  static const std::string option = [] {
    const std::uint32_t khz = host_tsc_khz();
    return khz == 0 ? std::string() : "tsc_early_khz=" + std::to_string(khz);
  }();
  return option;
}

}  // namespace vfpool::lab

// SPDX-License-Identifier: Apache-2.0
// The kernel module's pure C, seen from C++, and what the tests of it share.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <random>

extern "C" {
#include "moderation.h"
}

namespace vfpool::airvf {

// Seed of the random tests: VFPOOL_SEED, else a fresh one; always printed, so that a failure can be repeated.
inline std::mt19937_64 Random() {
  const char* given = std::getenv("VFPOOL_SEED");
  const uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 0) : std::random_device{}();
  std::cout << "seed " << seed << " (repeat with VFPOOL_SEED)\n";
  return std::mt19937_64(seed);
}

}  // namespace vfpool::airvf

// SPDX-License-Identifier: Apache-2.0
// Numbers in network byte order.
#pragma once

#include <cstddef>
#include <cstdint>

namespace vfpool::trafgen {

/// `n` bytes at `from`, most significant first.
inline std::uint64_t get(const std::uint8_t* from, std::size_t n) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < n; ++i) value = value << 8 | from[i];
  return value;
}

inline void put(std::uint8_t* to, std::size_t n, std::uint64_t value) {
  for (std::size_t i = n; i-- > 0; value >>= 8) to[i] = static_cast<std::uint8_t>(value);
}

}  // namespace vfpool::trafgen

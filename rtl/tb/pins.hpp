// SPDX-License-Identifier: Apache-2.0
// Fields of Verilator ports that are vectors of vectors: a plain integer or an array of words, as wide as they are.
#pragma once
#include <array>
#include <type_traits>

#include "bench.hpp"

namespace bench {

template <class T>
void put(T& to, unsigned low, unsigned width, uint64_t value) {
  if constexpr (std::is_integral_v<T>)
    to = static_cast<T>((uint64_t{to} & ~(((uint64_t{1} << width) - 1) << low)) | value << low);
  else
    set_bits(to.data(), low, width, value);
}
template <class T>
uint64_t get(const T& from, unsigned low, unsigned width) {
  if constexpr (std::is_integral_v<T>)
    return uint64_t{from} >> low & ((uint64_t{1} << width) - 1);
  else
    return get_bits(from.data(), low, width);
}

// Cell `port` of a vector of cells.
template <class T>
Cell get_cell(const T& from, unsigned port) {
  std::array<uint32_t, 9> words{};
  for (unsigned k = 0; k < 9; ++k)
    words[k] = static_cast<uint32_t>(get_bits(from.data(), 259 * port + 32 * k, k == 8 ? 3 : 32));
  return unpack_cell(words.data());
}
template <class T>
void put_cell(T& to, unsigned port, const Cell& cell) {
  std::array<uint32_t, 9> words{};
  pack_cell(words.data(), cell);
  for (unsigned k = 0; k < 9; ++k) set_bits(to.data(), 259 * port + 32 * k, k == 8 ? 3 : 32, words[k]);
}

}  // namespace bench

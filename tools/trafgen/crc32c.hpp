// SPDX-License-Identifier: Apache-2.0
// CRC-32C (RFC 3385, Castagnoli), by the processor's instruction where there is one.
#pragma once

#include <cstdint>
#include <span>

namespace vfpool::trafgen {

/// Of `bytes` behind what `before` is the sum of: crc32c(b, crc32c(a)) is the sum of a and b.
std::uint32_t crc32c(std::span<const std::uint8_t> bytes, std::uint32_t before = 0);

/// The same without the instruction: for other processors, and for the test that compares the two.
std::uint32_t crc32c_by_table(std::span<const std::uint8_t> bytes, std::uint32_t before = 0);

}  // namespace vfpool::trafgen

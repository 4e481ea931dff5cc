// SPDX-License-Identifier: Apache-2.0
#include "bench.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>

// Verilator calls this when an assertion fails (VL_USER_STOP): the case at hand fails, not the program.
void vl_stop(const char* file, int line, const char* module) {
  throw bench::RtlFailure(fmt::format("{}:{}: assertion of {} failed", file, line, module));
}

namespace bench {
namespace {

uint64_t choose_seed(uint64_t fallback) {
  const char* text = std::getenv("VFP_SEED");
  return text ? std::strtoull(text, nullptr, 0) : fallback;
}

}  // namespace

Random::Random(uint64_t fallback) : engine_(choose_seed(fallback)) { fmt::print("seed {}\n", choose_seed(fallback)); }

uint64_t get_bits(const uint32_t* from, unsigned low, unsigned width) {
  uint64_t value = 0;
  for (unsigned i = 0; i < width; ++i) {
    value |= static_cast<uint64_t>((from[(low + i) / 32] >> ((low + i) % 32)) & 1) << i;
  }
  return value;
}

void set_bits(uint32_t* to, unsigned low, unsigned width, uint64_t value) {
  for (unsigned i = 0; i < width; ++i) {
    const uint32_t mask = 1U << ((low + i) % 32);
    uint32_t& word = to[(low + i) / 32];
    word = ((value >> i) & 1) ? (word | mask) : (word & ~mask);
  }
}

Cell unpack_cell(const uint32_t* from) {
  Cell cell;
  for (unsigned i = 0; i < 4; ++i) {
    cell.data[i] = from[i];
    cell.hdr[i] = from[4 + i];
  }
  cell.nullify = from[8] & 1;
  cell.eop = from[8] & 2;
  cell.sop = from[8] & 4;
  return cell;
}

void pack_cell(uint32_t* to, const Cell& cell) {
  for (unsigned i = 0; i < 4; ++i) {
    to[i] = cell.data[i];
    to[4 + i] = cell.hdr[i];
  }
  to[8] = (cell.nullify ? 1U : 0U) | (cell.eop ? 2U : 0U) | (cell.sop ? 4U : 0U);
}

std::vector<Cell> random_packet(Random& random, unsigned count, bool nullify) {
  std::vector<Cell> packet(count);
  for (Cell& cell : packet) {
    for (uint32_t& word : cell.hdr) word = random.word();
    for (uint32_t& word : cell.data) word = random.word();
  }
  packet.front().sop = true;
  packet.back().eop = true;
  packet.back().nullify = nullify;
  return packet;
}

}  // namespace bench

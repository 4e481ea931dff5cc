// SPDX-License-Identifier: Apache-2.0
// What the benches of RTL blocks share: seeds, wide signals, packets as rows of cells.
#pragma once
#include <array>
#include <cstdint>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "verilated.h"

namespace bench {

// An assertion of the RTL that failed, or its $fatal.
struct RtlFailure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Source of all randomness of a case. The seed comes from VFP_SEED if that is set, else from `fallback`; it is printed.
class Random {
 public:
  explicit Random(uint64_t fallback);
  Random(const Random&) = delete;
  Random& operator=(const Random&) = delete;

  // 0..bound-1; bound is at least 1.
  uint32_t below(uint32_t bound) { return static_cast<uint32_t>(engine_() % bound); }
  bool percent(uint32_t p) { return below(100) < p; }
  uint32_t word() { return static_cast<uint32_t>(engine_()); }

 private:
  std::mt19937_64 engine_;
};

using Words = std::array<uint32_t, 4>;  // 128 bits, lowest word first

// vfp_cell_pkg::cell_t.
struct Cell {
  bool sop = false, eop = false, nullify = false;
  Words hdr{}, data{};
  // hdr counts only with sop.
  bool operator==(const Cell& o) const {
    return sop == o.sop && eop == o.eop && nullify == o.nullify && data == o.data && (!sop || hdr == o.hdr);
  }
};

// Between a Verilator port of more than 64 bits and its fields.
uint64_t get_bits(const uint32_t* from, unsigned low, unsigned width);      // width 1..64
void set_bits(uint32_t* to, unsigned low, unsigned width, uint64_t value);  // width 1..64
Cell unpack_cell(const uint32_t* from);                                     // 259 bits
void pack_cell(uint32_t* to, const Cell& cell);

// A packet of `count` cells with random contents.
std::vector<Cell> random_packet(Random& random, unsigned count, bool nullify);

// The clock of a model with clk_i and rst_ni.
template <class Model>
void step(Model& model) {
  model.clk_i = 1;
  model.eval();
  model.clk_i = 0;
  model.eval();
}

template <class Model>
void reset(Model& model) {
  model.rst_ni = 0;
  model.clk_i = 0;
  model.eval();
  for (int i = 0; i < 4; ++i) step(model);
  model.rst_ni = 1;
  model.eval();
}

}  // namespace bench

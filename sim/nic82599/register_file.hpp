// SPDX-License-Identifier: Apache-2.0
// The plain registers of the PF: storage with reset values and writable bits, described by one table. Registers whose
// access does something live in the units and never get here.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "nic82599/registers.hpp"

namespace vfpool::nic82599 {

class RegisterFile {
 public:
  RegisterFile();

  /// The stored value, for the units; 0 where no register is.
  std::uint32_t operator[](unsigned offset) const { return value_[offset / 4]; }
  bool test(unsigned offset, std::uint32_t bits) const { return (value_[offset / 4] & bits) != 0; }
  void set(unsigned offset, std::uint32_t value) { value_[offset / 4] = value; }

  /// Access by software. Empty or false: no such register.
  std::optional<std::uint32_t> read(unsigned offset) const;
  bool write(unsigned offset, std::uint32_t value);
  /// The bits that software can change; 0 where no register is.
  std::uint32_t writable(unsigned offset) const;

  void reset();
  /// Registers that were ever set to something but have no effect in the model, one line each. Outlives resets.
  std::string inert() const;

 private:
  std::vector<std::uint32_t> value_, initial_, writable_;
  std::vector<std::uint8_t> kind_;
  std::map<unsigned, std::uint32_t> inert_written_;  // offset -> first value
};

}  // namespace vfpool::nic82599

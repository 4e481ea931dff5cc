// SPDX-License-Identifier: Apache-2.0
// Parameter files (parameters/*.toml): every number of a testbed with its origin.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "testbed/scenario.hpp"

namespace vfpool::testbed {

/// A parameter file: tables of numbers, from 0 to 1e15, and of true and false, nothing else.
class Parameters {
 public:
  /// Throws std::runtime_error, which says where, if the file cannot be read, is no TOML, or has anything else in it.
  explicit Parameters(const std::filesystem::path& path);

  // `name` is "table.key". Each throws std::runtime_error if there is no such value, or another one.
  double number(const std::string& name) const;
  bool flag(const std::string& name) const { return number(name) != 0; }
  /// One that something is divided by.
  double positive(const std::string& name) const;
  /// A whole number.
  unsigned count(const std::string& name, unsigned least = 0, unsigned most = 1'000'000'000) const;
  /// All values, for the record; false is 0, true is 1.
  const std::map<std::string, double>& all() const { return values_; }

 private:
  std::string file_;
  std::map<std::string, double> values_;
};

/// The scenario that a file in the form of parameters/air.toml describes: one VM, TCP, FIR.
Scenario scenario_of(const Parameters& parameters);
/// A table of such a file that says how cores are shared.
Sharing sharing_of(const Parameters& parameters, const std::string& table);
MachineCosts machine_of(const Parameters& parameters);

}  // namespace vfpool::testbed

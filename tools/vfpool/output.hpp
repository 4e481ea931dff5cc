// SPDX-License-Identifier: Apache-2.0
// What all commands print and how they end: results to standard output, everything else to standard error; with --json
// one object, for errors as well ({"version", "error", "code"}).
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "failure.hpp"

namespace vfpool::tools {

constexpr int kJsonVersion = 1;  ///< of every object that --json prints; changes when a meaning does

/// A line with the JSON of `value`. Names come from elsewhere (an argument, an interface) and need not be UTF-8, as
/// JSON must be: what is not becomes U+FFFD.
std::string json_line(const nlohmann::json& value);
/// That of an error.
std::string json_error(const std::string& text, Exit code);

class Output {
 public:
  Output(std::string program, bool json, bool quiet) : program_(std::move(program)), json_(json), quiet_(quiet) {}
  bool json() const { return json_; }

  /// Text for people; not with --json or --quiet.
  void print(const std::string& text) const;
  /// And a line of it.
  void say(const std::string& line) const;
  /// Progress on standard error: replaces itself on a terminal, is silent elsewhere.
  void progress(const std::string& text) const;
  void result(nlohmann::json value) const;

  /// Runs a command; returns the program's exit code.
  int run(const std::function<void()>& command) const;

 private:
  std::string program_;
  bool json_, quiet_;
  mutable bool dirty_ = false;  // a progress line stands on the terminal
};

}  // namespace vfpool::tools

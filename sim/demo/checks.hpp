// SPDX-License-Identifier: Apache-2.0
// Checks of the demo: counted, printed as they happen, with what was expected and seen when one fails.
#pragma once

#include <chrono>
#include <functional>
#include <string>

namespace vfpool::demo {

class Checks {
 public:
  Checks() : started_(std::chrono::steady_clock::now()) {}

  /// A heading of the story.
  void step(const std::string& text);
  /// A line of the story, indented.
  void say(const std::string& text) const;
  /// `seen` is shown when the check fails.
  bool check(bool ok, const std::string& what, const std::string& seen = {});
  /// Asks `probe` twice a second until it holds; it may leave what it saw in its argument.
  bool wait_for(const std::string& what, std::chrono::seconds limit,
                const std::function<bool(std::string& seen)>& probe);

  unsigned passed() const { return passed_; }
  unsigned failed() const { return failed_; }

 private:
  double seconds() const;

  std::chrono::steady_clock::time_point started_;
  unsigned passed_ = 0, failed_ = 0, steps_ = 0;
};

}  // namespace vfpool::demo

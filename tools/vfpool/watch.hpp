// SPDX-License-Identifier: Apache-2.0
// The pool on a terminal, live: servers, slots, VFs, Mbit/s of each, the last events.
#pragma once

#include <chrono>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "pool.hpp"
#include "server.hpp"

namespace vfpool::tools {

/// The terminal's other screen, without cursor, which is left however the program goes on. Something that is no
/// terminal gets one picture after the other.
class Screen {
 public:
  explicit Screen(int fd);
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;
  /// What does not fit is left away from its end.
  void show(const std::string& picture) const;

 private:
  int fd_;
  bool terminal_;
};

/// Shows a picture after each `interval`. With `once` it ends after the first, and returns what that was made of
/// ({"pool", "stats", "events"}); else by Failure kCancelled, when a signal comes.
nlohmann::json watch(Pool& pool, const Server& server, std::chrono::milliseconds interval, bool once,
                     const std::function<void(const std::string&)>& show);

}  // namespace vfpool::tools

// SPDX-License-Identifier: Apache-2.0
// What hotplug_in and hotplug_out do, step by step. Progress goes to `progress` (a line that replaces the one before it
// unless it ends with a newline); the result is what --json prints.
#pragma once

#include <chrono>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "pool.hpp"
#include "server.hpp"

namespace vfpool::tools {

struct HotplugOptions {
  std::optional<unsigned> slot;  ///< from 0; none: the first that will do
  unsigned vf = VFPOOL_ANY;      ///< in: this one
  bool button = false;   ///< in: the attention button is pressed, as in the papers (5 s), instead of link and presence
  bool now = false;      ///< out: orderly, without the button's 5 s
  bool force = false;    ///< out: although something uses the interface
  bool dry_run = false;  ///< says what would be done
  bool wait = true;
  std::chrono::seconds timeout{30};
};

using Progress = std::function<void(const std::string&)>;

/// Asks the owner for a VF and waits until the kernel has taken it in. Throws Failure.
nlohmann::json hotplug_in(Pool& pool, const Server& server, const std::string& bridge, const HotplugOptions& options,
                          const Progress& progress);
/// Gives what is in the slot back and waits until the pool has it, reset. Throws Failure.
nlohmann::json hotplug_out(Pool& pool, const Server& server, const std::string& bridge, const HotplugOptions& options,
                           const Progress& progress);

}  // namespace vfpool::tools

// SPDX-License-Identifier: Apache-2.0
// Loads the drivers of devices that appear, as udev does on an ordinary server.
#pragma once

#include <poll.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "lab/agent/command.hpp"

namespace vfpool::lab {

/// The MODALIAS of a kernel event that adds a device; empty for any other. `event` is a message of
/// NETLINK_KOBJECT_UEVENT: a header and NAME=VALUE strings, each with its NUL.
std::string added_modalias(const std::string& event);

/// Listens to the kernel's events and runs modprobe, one at a time. Without the right to listen it does nothing.
class ModuleLoader {
 public:
  ModuleLoader();
  ~ModuleLoader();
  ModuleLoader(const ModuleLoader&) = delete;
  ModuleLoader& operator=(const ModuleLoader&) = delete;

  void add_poll(std::vector<pollfd>& fds) const;
  /// Call after every poll(2).
  void handle();

 private:
  void read_events();

  int fd_ = -1;
  std::set<std::string> waiting_;  // a card's many functions have one alias
  bool missed_events_ = false;
  std::unique_ptr<Command> modprobe_;
};

}  // namespace vfpool::lab

// SPDX-License-Identifier: Apache-2.0
// Network namespaces for the hosts at the far end of the wire.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "lab/agent_client.hpp"

namespace vfpool::lab {

inline const std::filesystem::path kNetnsFolder = "/run/netns";

/// Named network namespaces that nobody else sees and that leave nothing behind: the calling thread gets a mount
/// namespace of its own with an empty /run/netns. Programs started from this thread find the names there (as `ip netns`
/// has them); when the last of them ends, however it ends, the kernel removes namespaces and devices.
class Namespaces {
 public:
  /// Needs root (CAP_SYS_ADMIN); throws std::system_error.
  Namespaces();
  /// Removes those that were created.
  ~Namespaces();
  Namespaces(const Namespaces&) = delete;
  Namespaces& operator=(const Namespaces&) = delete;

  /// A new namespace with its loopback up. Throws std::system_error.
  void create(const std::string& name);
  const std::vector<std::string>& names() const { return names_; }

 private:
  std::vector<std::string> names_;
};

/// Puts the calling process (one thread) into namespace `name` of the lab whose supervisor is `supervisor`, with a
/// /sys that shows its devices. Throws std::system_error.
void enter_namespace(pid_t supervisor, const std::string& name);

/// Runs a shell line in namespace `name` of this thread's /run/netns and waits for it.
Result run_in_namespace(const std::string& name, const std::string& sh, std::chrono::milliseconds timeout);

/// The words in front of a program that put it into the namespace.
std::vector<std::string> in_namespace(const std::string& name);

}  // namespace vfpool::lab

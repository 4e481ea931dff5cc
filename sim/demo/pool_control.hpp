// SPDX-License-Identifier: Apache-2.0
// The simulator's control socket, as the demo uses it, and what crossed the RTL between two looks.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

namespace vfpool::demo {

class PoolControl {
 public:
  explicit PoolControl(std::filesystem::path socket) : socket_(std::move(socket)) {}

  /// Throws std::runtime_error when the simulator refuses, with its reason, or is not there.
  nlohmann::json ask(const nlohmann::json& request) const;
  /// Table of the TLPs that crossed each port since the last call, by kind.
  std::string tlps_since_last();

 private:
  std::filesystem::path socket_;
  nlohmann::json last_;
};

}  // namespace vfpool::demo

// SPDX-License-Identifier: Apache-2.0
// The other end of the control socket: programs ask a running vfpool-sim.
#pragma once

#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace vfpool::app {

/// The simulator refused a request; the text is its reason.
class Refused : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Every request has a connection of its own, so that a simulator may come and go. Thread-safe.
class ControlClient {
 public:
  /// `limit`: how long an answer may take.
  explicit ControlClient(std::filesystem::path socket, std::chrono::seconds limit = std::chrono::seconds(60))
      : socket_(std::move(socket)), limit_(limit) {}

  /// {"op": ..., ...}; the answer without its "ok". Throws Refused, and std::runtime_error when no simulator listens or
  /// none answers in time.
  nlohmann::json ask(const nlohmann::json& request) const;

 private:
  std::filesystem::path socket_;
  std::chrono::seconds limit_;
};

}  // namespace vfpool::app

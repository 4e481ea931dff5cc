// SPDX-License-Identifier: Apache-2.0
// Everything of one run of vfpool-sim, put together from its topology: bridge, card, wire, servers, records.
#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

#include "app/request.hpp"
#include "config/topology.hpp"
#include "core/scheduler.hpp"

namespace vfpool::app {

/// The bridge that this program was built with.
config::BridgeLimits bridge_limits();

class Simulation {
 public:
  /// `folder`: where relative paths of the topology lead. Throws std::system_error or std::runtime_error if a socket, a
  /// TAP or a record cannot be made.
  Simulation(Scheduler& scheduler, const config::Topology& topology, const std::filesystem::path& folder);
  ~Simulation();

  /// Carries out one control request (docs/simulation.md): {"op": "...", ...}. Throws ControlError.
  nlohmann::json control(const nlohmann::json& request);

  /// What every part is doing and waiting for.
  std::string state() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace vfpool::app

// SPDX-License-Identifier: Apache-2.0
// The control operations of a pool: VFs and slots of the bridge, its counters and registers. What could have no effect
// is refused with the reason.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "app/tlp_counts.hpp"
#include "bridge/bridge.hpp"
#include "config/topology.hpp"
#include "core/scheduler.hpp"

namespace vfpool::app {

class PoolControl {
 public:
  /// All outlive this object.
  PoolControl(const Scheduler& scheduler, const config::Topology& topology, bridge::Bridge& bridge,
              const TlpCounts& counts);

  /// What the topology assigns before anyone boots. Throws ControlError.
  void assign_as_configured();
  /// Carries out a control request (docs/simulation.md). Nothing when the operation is none of these. Throws
  /// ControlError.
  std::optional<nlohmann::json> control(const nlohmann::json& request);
  /// VFs and slots.
  nlohmann::json status() const;

 private:
  void command(const bridge::regs::Command& c);
  unsigned user(const nlohmann::json& request) const;
  unsigned slot(const nlohmann::json& request) const;
  nlohmann::json assign(const nlohmann::json& request);
  void put_into_slot(unsigned user, unsigned slot, const std::vector<unsigned>& vfs);
  bool has_function_0(unsigned user, unsigned slot) const;
  nlohmann::json counters() const;

  const Scheduler& scheduler_;
  const config::Topology& topology_;
  bridge::Bridge& bridge_;
  const TlpCounts& counts_;
  std::vector<std::string> users_;  ///< by port, from 1
};

}  // namespace vfpool::app

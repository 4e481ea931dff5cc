// SPDX-License-Identifier: Apache-2.0
// What a server has to do with the bridge, as people ask when something seems to hang: is it idle, busy, slow or stuck,
// since when, and what was the last packet in each direction.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/scheduler.hpp"
#include "pcie/tlp.hpp"

namespace vfpool::app {

class ServerActivity {
 public:
  /// Quiet for longer than this with something waiting: slow, then stuck.
  static constexpr SimTime kSlow = std::chrono::milliseconds(10), kStuck = std::chrono::seconds(1);

  explicit ServerActivity(const Scheduler& scheduler) : scheduler_(scheduler) {}

  /// A packet at the server's port.
  void saw(bool from_server, const pcie::Tlp& tlp);
  /// `present`: somebody is attached, or is not, since `changed`. `waits_for`: what has not come to its end, one line
  /// each.
  /// {"state": "off" | "idle" | "busy" | "slow" | "stuck", "since_ms", "waits_for": [...],
  ///  "last_from_server"?: {"tlp", "ms_ago"}, "last_to_server"?: {...}}
  /// since_ms: busy, since the first packet after a pause; off, since the server went; else since the last packet.
  nlohmann::json json(bool present, SimTime changed, const std::vector<std::string>& waits_for) const;

 private:
  struct Last {
    pcie::Tlp tlp;
    SimTime at;
  };
  nlohmann::json describe(const Last& last) const;
  double milliseconds_since(SimTime t) const;

  const Scheduler& scheduler_;
  std::optional<Last> from_, to_;
  SimTime began_{0};  // of the present run of packets without a pause of kSlow
  SimTime last_{0};
};

}  // namespace vfpool::app

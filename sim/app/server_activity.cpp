// SPDX-License-Identifier: Apache-2.0
#include "app/server_activity.hpp"

#include <algorithm>
#include <cmath>

namespace vfpool::app {

void ServerActivity::saw(bool from_server, const pcie::Tlp& tlp) {
  const SimTime now = scheduler_.now();
  if (now - last_ > kSlow) began_ = now;
  last_ = now;
  std::optional<Last>& last = from_server ? from_ : to_;
  if (!last) last.emplace();
  last->tlp = tlp;
  last->at = now;
}

double ServerActivity::milliseconds_since(SimTime t) const {
  return std::round(static_cast<double>((scheduler_.now() - t).count()) / 1e6) / 1e3;
}

nlohmann::json ServerActivity::describe(const Last& last) const {
  return {{"tlp", last.tlp.str()}, {"ms_ago", milliseconds_since(last.at)}};
}

nlohmann::json ServerActivity::json(bool present, SimTime changed, const std::vector<std::string>& waits_for) const {
  const SimTime quiet_since = std::max(last_, changed), quiet = scheduler_.now() - quiet_since;
  const char* state = "off";
  SimTime since = changed;
  if (present && waits_for.empty()) {
    state = "idle";
    since = quiet_since;
  } else if (present && quiet > kSlow) {
    state = quiet > kStuck ? "stuck" : "slow";
    since = quiet_since;
  } else if (present) {
    state = "busy";
    since = std::max(began_, changed);
  }
  nlohmann::json out{{"state", state}, {"since_ms", milliseconds_since(since)}, {"waits_for", waits_for}};
  if (from_) out["last_from_server"] = describe(*from_);
  if (to_) out["last_to_server"] = describe(*to_);
  return out;
}

}  // namespace vfpool::app

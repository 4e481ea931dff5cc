// SPDX-License-Identifier: Apache-2.0
// Counts the TLPs at every port of the bridge by kind: the evidence of what crossed the RTL, and how much.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "pcie/tlp.hpp"

namespace vfpool::app {

class TlpCounts {
 public:
  void count(unsigned port, bool toward_bridge, const pcie::Tlp& tlp);
  /// {"user1": {"in": {"MRd": 12, ...}, "out": {...}}, ...}; bytes of payload as "bytes".
  nlohmann::json json() const;

 private:
  struct Direction {
    std::map<std::string, std::uint64_t> kinds;
    std::uint64_t bytes = 0;
  };
  std::map<unsigned, std::array<Direction, 2>> ports_;
};

}  // namespace vfpool::app

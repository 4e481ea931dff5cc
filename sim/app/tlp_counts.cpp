// SPDX-License-Identifier: Apache-2.0
#include "app/tlp_counts.hpp"

#include "bridge/bridge.hpp"

namespace vfpool::app {
namespace {

// As people name them; both types of configuration request are one, and a write to 0xFEExxxxx is an interrupt.
std::string kind_of(const pcie::Tlp& tlp) {
  using pcie::TlpKind;
  switch (tlp.kind()) {
    case TlpKind::kMemRead: return "MRd";
    case TlpKind::kMemWrite: return tlp.address() >> 20 == 0xfee ? "MSI" : "MWr";
    case TlpKind::kCfgRead0:
    case TlpKind::kCfgRead1: return "CfgRd";
    case TlpKind::kCfgWrite0:
    case TlpKind::kCfgWrite1: return "CfgWr";
    case TlpKind::kCpl: return "Cpl";
    case TlpKind::kCplData: return "CplD";
    case TlpKind::kMsg:
    case TlpKind::kMsgData: return "Msg";
    default: return "other";
  }
}

}  // namespace

void TlpCounts::count(unsigned port, bool toward_bridge, const pcie::Tlp& tlp) {
  Direction& d = ports_[port][toward_bridge ? 0 : 1];
  ++d.kinds[kind_of(tlp)];
  d.bytes += tlp.data.size();
}

nlohmann::json TlpCounts::json() const {
  nlohmann::json all = nlohmann::json::object();
  for (const auto& [port, directions] : ports_) {
    nlohmann::json& p = all[bridge::Bridge::port_name(port)];
    for (unsigned i = 0; i < 2; ++i) {
      nlohmann::json& d = p[i == 0 ? "in" : "out"];
      d = directions[i].kinds;
      d["bytes"] = directions[i].bytes;
    }
  }
  return all;
}

}  // namespace vfpool::app

// SPDX-License-Identifier: Apache-2.0
#include "stats.hpp"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <map>
#include <string>

#include "cards.hpp"
#include "describe.hpp"

namespace vfpool::tools {
namespace {

using nlohmann::json;

constexpr std::array<const char*, VFPOOL_PACKET_KINDS> kPackets{"posted", "non_posted", "completions"};
// enum vfpool_drop of the bridge's registers; 0 counts nothing.
constexpr std::array<const char*, 12> kDrops{"none",         "malformed",  "unsupported", "no_target",
                                             "not_assigned", "bus_master", "unexpected",  "timeout",
                                             "poisoned",     "blocked",    "mismatch",    "stale"};

__u64 now_ns() {
  return static_cast<__u64>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
          .count());
}

json packets_json(const __u64 (&counts)[VFPOOL_PACKET_KINDS]) {
  json out;
  for (unsigned i = 0; i < VFPOOL_PACKET_KINDS; ++i) out[kPackets[i]] = counts[i];
  return out;
}

json ports_json(Pool& pool, const vfpool_info& info) {
  json out = json::array();
  const unsigned cards = card_count(info);
  for (unsigned port = 0; port <= info.users + cards; ++port) {
    const auto c = pool.port_counters(port);
    json entry{{"port", port}, {"time_ns", c.time}, {"rx", packets_json(c.rx)}, {"tx", packets_json(c.tx)}};
    if (port == 0) {
      entry["name"] = "owner";
    } else if (port <= info.users) {
      entry["name"] = fmt::format("user {}", port);
      entry["user"] = port;
    } else {
      const unsigned card = port - info.users - 1;
      entry["name"] = cards == 1 ? "card" : card_text(card, cards);
      entry["card"] = card;
    }
    out.push_back(std::move(entry));
  }
  return out;
}

json interfaces_json(Pool& pool, const Server& server, unsigned slots) {
  json out = json::array();
  const auto bridge = server.bridge_of(pool.name());
  for (unsigned s = 0; s < slots; ++s) {
    const auto folder = server.slot_folder(pool.slot(0, s).physical, bridge);
    if (!folder) continue;
    for (const auto& function : server.functions(*folder))
      for (const auto& name : function.netdevs) {
        json entry{{"slot", s}, {"address", function.address}, {"netdev", name}, {"time_ns", now_ns()}};
        for (const char* counter : {"rx_packets", "tx_packets", "rx_bytes", "tx_bytes", "rx_dropped", "tx_dropped"})
          entry[counter] = server.statistic(name, counter);
        out.push_back(std::move(entry));
      }
  }
  return out;
}

/// Whether both entries are of one VF, at one server (what it counted on the way belongs to neither), or one interface.
bool same(const json& a, const json& b) {
  for (const char* key : {"vf", "user", "slot", "netdev"})
    if (a.value(key, json()) != b.value(key, json())) return false;
  return true;
}

/// Adds the rates to `now`; false when there are none to be had.
bool add_rates(const json& before, json& now) {
  const auto get = [](const json& from, const char* key) { return from.at(key).get<__u64>(); };
  if (get(now, "time_ns") <= get(before, "time_ns")) return false;
  const double seconds = static_cast<double>(get(now, "time_ns") - get(before, "time_ns")) / 1e9;
  for (const char* way : {"rx", "tx"}) {
    const std::string bytes = fmt::format("{}_bytes", way), packets = fmt::format("{}_packets", way);
    const __u64 b0 = get(before, bytes.c_str()), b1 = get(now, bytes.c_str());
    const __u64 p0 = get(before, packets.c_str()), p1 = get(now, packets.c_str());
    if (b1 < b0 || p1 < p0) return false;
    now[fmt::format("{}_mbit", way)] = static_cast<double>(b1 - b0) * 8 / 1e6 / seconds;
    now[fmt::format("{}_pps", way)] = static_cast<double>(p1 - p0) / seconds;
  }
  return true;
}

}  // namespace

json vf_stats(Pool& pool, unsigned vf) {
  const auto c = pool.vf_counters(vf);
  if (!c) return {};
  json out{{"time_ns", c->time},          {"rx_packets", c->rx_packets}, {"tx_packets", c->tx_packets},
           {"rx_bytes", c->rx_bytes},     {"tx_bytes", c->tx_bytes},     {"rx_multicast", c->rx_multicast},
           {"rx_dropped", c->rx_dropped}, {"tx_dropped", c->tx_dropped}};
  out.update(vf_name_json(vf));
  if (const auto v = pool.vf(vf); v.use == VFPOOL_USE_ASSIGNED) {
    out["user"] = v.user;
    out["slot"] = v.slot;
  }
  return out;
}

json stats(Pool& pool, const Server& server) {
  const auto info = pool.info();
  if (info.role != VFPOOL_OWNER)
    return {{"time_ns", now_ns()}, {"interfaces", interfaces_json(pool, server, info.slots)}};
  const auto dropped = pool.drops();
  json drops;
  for (unsigned i = 1; i < kDrops.size(); ++i) drops[kDrops[i]] = dropped.packets[i];
  json vfs = json::array();
  for (const unsigned n : offered(cards(pool, info)))
    if (auto entry = vf_stats(pool, n); !entry.is_null()) vfs.push_back(std::move(entry));
  return {
      {"time_ns", now_ns()}, {"ports", ports_json(pool, info)}, {"drops", std::move(drops)}, {"vfs", std::move(vfs)}};
}

json rates(const json& before, json now) {
  const char* list = now.contains("vfs") ? "vfs" : "interfaces";
  std::map<unsigned, json> servers;
  for (const auto& port : now.value("ports", json::array()))
    if (port.contains("user"))
      servers[port["user"]] = {
          {"user", port["user"]}, {"rx_mbit", 0.0}, {"tx_mbit", 0.0}, {"rx_pps", 0.0}, {"tx_pps", 0.0}};
  for (auto& entry : now[list])
    for (const auto& old : before.value(list, json::array())) {
      if (!same(old, entry) || !add_rates(old, entry)) continue;
      if (const auto server = servers.find(entry.value("user", 0u)); server != servers.end())
        for (const char* key : {"rx_mbit", "tx_mbit", "rx_pps", "tx_pps"})
          server->second[key] = server->second[key].get<double>() + entry[key].get<double>();
    }
  now["interval_ns"] = now["time_ns"].get<__u64>() - before["time_ns"].get<__u64>();
  if (now.contains("ports")) now["servers"] = json::array();
  for (auto& [user, sum] : servers) now["servers"].push_back(std::move(sum));
  return now;
}

}  // namespace vfpool::tools

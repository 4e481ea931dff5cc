// SPDX-License-Identifier: Apache-2.0
#include "tables.hpp"

#include <fmt/format.h>

#include <iterator>

#include "describe.hpp"

namespace vfpool::tools {
namespace {

using nlohmann::json;

/// A value, or "-" where there is none.
std::string cell(const json& row, const char* key) {
  const auto v = row.find(key);
  if (v == row.end() || v->is_null()) return "-";
  if (v->is_string()) return v->get<std::string>();
  if (v->is_number_float()) return fmt::format("{:.1f}", v->get<double>());
  return v->dump();
}

/// Since when a VF that is free has been clean: its last confirmed reset.
std::string clean_since(const json& vf) {
  const auto ns = vf["clean_since_ns"].get<__u64>();
  return vf["use"] == "free" && ns ? time_text(ns) : "-";
}

/// What of the pool's VFs this server knows: all on the owner, on a user's those of the first card, if there is but
/// one.
std::string vfs_text(const json& all) {
  const auto& info = all["info"];
  if (!all.contains("cards") && info["cards"] != 1) return fmt::format("{} cards", info["cards"].get<int>());
  int vfs = info["vfs"];
  if (all.contains("cards")) {
    vfs = 0;
    for (const auto& card : all["cards"]) vfs += card["vfs"].get<int>();
  }
  return fmt::format("{} VFs{}", vfs, vfs == 0 ? ", none enabled" : "");
}

std::string value_text(const std::string& key, const json& value) {
  if (key.ends_with("_ns") && value.is_number_unsigned()) return value == 0 ? "-" : time_text(value.get<__u64>());
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  return cell({{"v", value}}, "v");
}

}  // namespace

std::string list_table(const json& all) {
  std::string out;
  const auto to = std::back_inserter(out);
  const auto& i = all["info"];
  fmt::format_to(to, "{} at port {}; {} users with {} slots; {}{}\n", i["role"].get<std::string>(),
                 i["port"].get<int>(), i["users"].get<int>(), i["slots"].get<int>(), vfs_text(all),
                 i["frozen"].get<bool>() ? "; FROZEN: the owner is not heard of" : "");
  fmt::format_to(to, "\nUSER SLOT  KERNEL  STATE\n");
  for (const auto& s : all["slots"])
    fmt::format_to(to, "{:>4} {:>4} {:>7}  {}{}{}{}\n", cell(s, "user"), cell(s, "slot"), cell(s, "physical"),
                   s["present"].get<bool>() ? "taken" : "empty", s["powered"].get<bool>() ? ", on" : "",
                   s["releasing"].get<bool>() ? ", being released" : "",
                   s["requested"].get<bool>() ? ", asks for a VF" : "");
  if (!all.contains("vfs")) return out;
  fmt::format_to(to, "\nCARD  ADDRESS       LINK  VFS  PAYLOAD\n");
  for (const auto& c : all["cards"])
    fmt::format_to(to, "{:>4}  {:<12}  {:<4} {:>4} {:>8}{}\n", cell(c, "card"), cell(c, "address"),
                   c["link"].get<bool>() ? "up" : "down", cell(c, "vfs"), cell(c, "payload"),
                   c.contains("no_vfs") ? "  " + c["no_vfs"].get<std::string>() : "");
  fmt::format_to(to, "\n  VF  ADDRESS       STATE      USER SLOT  MAC                VLAN  CLEAN SINCE\n");
  for (const auto& v : all["vfs"])
    fmt::format_to(to, "{:>4}  {:<12}  {:<9} {:>5} {:>4}  {}  {:>4}  {}\n", cell(v, "name"), cell(v, "address"),
                   cell(v, "use"), cell(v, "user"), cell(v, "slot"), cell(v["profile"], "mac"),
                   cell(v["profile"], "vlan"), clean_since(v));
  fmt::format_to(to, "\nUSER  HAS  QUOTA  WEIGHT  PAYLOAD\n");
  for (const auto& u : all["users"])
    fmt::format_to(to, "{:>4} {:>4} {:>6} {:>7} {:>8}\n", cell(u, "user"), cell(u, "held"), cell(u, "quota"),
                   cell(u, "weight"), cell(u, "payload"));
  return out;
}

std::string stats_table(const json& stats) {
  std::string out;
  const auto to = std::back_inserter(out);
  const bool owner = stats.contains("vfs"), rates = stats.contains("interval_ns");
  const auto frames = [&](const json& row) {
    fmt::format_to(to, " {:>14} {:>16} {:>14} {:>16}", cell(row, "rx_packets"), cell(row, "rx_bytes"),
                   cell(row, "tx_packets"), cell(row, "tx_bytes"));
    if (rates) fmt::format_to(to, " {:>10} {:>10}", cell(row, "rx_mbit"), cell(row, "tx_mbit"));
    fmt::format_to(to, "\n");
  };
  fmt::format_to(to, "{} {:>14} {:>16} {:>14} {:>16}{}\n", owner ? "  VF USER SLOT" : "SLOT INTERFACE   ", "RX FRAMES",
                 "RX BYTES", "TX FRAMES", "TX BYTES", rates ? "  RX Mbit/s  TX Mbit/s" : "");
  for (const auto& row : stats[owner ? "vfs" : "interfaces"]) {
    if (owner)
      fmt::format_to(to, "{:>4} {:>4} {:>4}", cell(row, "name"), cell(row, "user"), cell(row, "slot"));
    else
      fmt::format_to(to, "{:>4} {:<12}", cell(row, "slot"), cell(row, "netdev"));
    frames(row);
  }
  if (!owner) return out;
  if (stats["vfs"].empty()) fmt::format_to(to, "   the card's driver does not count the frames of VFs\n");
  if (rates) fmt::format_to(to, "\nSERVER    RX Mbit/s  TX Mbit/s\n");
  for (const auto& s : stats.value("servers", json::array()))
    fmt::format_to(to, "user {:<4} {:>9} {:>10}\n", cell(s, "user"), cell(s, "rx_mbit"), cell(s, "tx_mbit"));
  fmt::format_to(to, "\nPORT     {:>14} {:>14} {:>14} {:>14} {:>14} {:>14}\n", "IN POSTED", "NON-POSTED", "COMPLETIONS",
                 "OUT POSTED", "NON-POSTED", "COMPLETIONS");
  for (const auto& p : stats["ports"])
    fmt::format_to(to, "{:<8} {:>14} {:>14} {:>14} {:>14} {:>14} {:>14}\n", cell(p, "name"), cell(p["rx"], "posted"),
                   cell(p["rx"], "non_posted"), cell(p["rx"], "completions"), cell(p["tx"], "posted"),
                   cell(p["tx"], "non_posted"), cell(p["tx"], "completions"));
  fmt::format_to(to, "\nDROPPED OR REFUSED PACKETS\n{}", fields(stats["drops"]));
  return out;
}

std::string fields(const json& value, unsigned indent) {
  std::string out;
  const std::string space(indent, ' ');
  for (const auto& [key, item] : value.items()) {
    if (item.is_object())
      out += fmt::format("{}{}\n{}", space, key, fields(item, indent + 2));
    else if (item.is_array() && !item.empty() && item.front().is_object())
      for (std::size_t n = 0; n < item.size(); ++n)
        out += fmt::format("{}{} [{}]\n{}", space, key, n, fields(item[n], indent + 2));
    else
      out += fmt::format("{}{:<14} {}\n", space, key, value_text(key, item));
  }
  return out;
}

}  // namespace vfpool::tools

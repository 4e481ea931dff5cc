// SPDX-License-Identifier: Apache-2.0
#include "metrics.hpp"

#include <fmt/format.h>

namespace vfpool::tools {
namespace {

using nlohmann::json;

/// One metric that samples are added to.
class Metric {
 public:
  Metric(const char* name, const char* type, const char* help)
      : value_{{"name", name}, {"type", type}, {"help", help}, {"samples", json::array()}} {}
  void add(json labels, const json& value) {
    value_["samples"].push_back(
        {{"labels", std::move(labels)}, {"value", value.is_boolean() ? json(value.get<bool>() ? 1 : 0) : value}});
  }
  /// To the others; not at all without samples.
  void into(json& all) {
    if (!value_["samples"].empty()) all.push_back(std::move(value_));
  }

 private:
  json value_;
};

std::string number(const json& v) { return v.is_string() ? v.get<std::string>() : v.dump(); }

/// `keys`: labels, and where their values stand.
void add_frames(json& all, const json& rows, const char* prefix,
                std::initializer_list<std::pair<const char*, const char*>> keys) {
  Metric frames(prefix[0] == 'v' ? "vfpool_vf_frames_total" : "vfpool_interface_frames_total", "counter",
                "Frames received (rx) and sent (tx).");
  Metric bytes(prefix[0] == 'v' ? "vfpool_vf_bytes_total" : "vfpool_interface_bytes_total", "counter",
               "Bytes of these frames.");
  for (const auto& row : rows) {
    json labels = json::object();
    for (const auto& [label, key] : keys) labels[label] = number(row[key]);
    for (const char* way : {"rx", "tx"}) {
      labels["direction"] = way;
      frames.add(labels, row[fmt::format("{}_packets", way)]);
      bytes.add(labels, row[fmt::format("{}_bytes", way)]);
    }
  }
  frames.into(all);
  bytes.into(all);
}

/// Within quotes (exposition format: backslash, quote and line feed are escaped).
std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n')
      out += "\\n";
    else
      out += c;
  }
  return out;
}

}  // namespace

json metrics(const json& list, const json& stats) {
  json all = json::array();
  Metric frozen("vfpool_frozen", "gauge", "1: the bridge has not heard of the owner.");
  frozen.add(json::object(), list["info"]["frozen"]);
  frozen.into(all);

  Metric present("vfpool_slot_present", "gauge", "1: the slot has a VF."),
      powered("vfpool_slot_powered", "gauge", "1: the server has switched the slot on.");
  for (const auto& s : list["slots"]) {
    const json labels{{"user", number(s["user"])}, {"slot", number(s["slot"])}};
    present.add(labels, s["present"]);
    powered.add(labels, s["powered"]);
  }
  present.into(all);
  powered.into(all);

  Metric link("vfpool_card_link", "gauge", "1: the bridge has a link to the card."),
      offers("vfpool_card_vfs", "gauge", "VFs that the card offers.");
  for (const auto& c : list.value("cards", json::array())) {
    link.add({{"card", number(c["card"])}}, c["link"]);
    offers.add({{"card", number(c["card"])}}, c["vfs"]);
  }
  link.into(all);
  offers.into(all);

  Metric assigned("vfpool_vf_assigned", "gauge", "1: the user has this VF."),
      free("vfpool_vf_free", "gauge", "1: the VF is reset and nobody's."),
      broken("vfpool_vf_broken", "gauge", "1: the VF does not confirm its reset.");
  for (const auto& v : list.value("vfs", json::array())) {
    json labels{{"card", number(v["card"])}, {"vf", number(v["name"])}};
    free.add(labels, v["use"] == "free");
    broken.add(labels, v["use"] == "broken");
    if (!v.contains("user")) continue;
    labels.update({{"user", number(v["user"])}, {"slot", number(v["slot"])}});
    assigned.add(std::move(labels), 1);
  }
  assigned.into(all);
  free.into(all);
  broken.into(all);

  Metric held("vfpool_user_vfs", "gauge", "VFs that the user has."),
      quota("vfpool_user_quota", "gauge", "VFs that it may have."),
      weight("vfpool_user_weight", "gauge", "Its share toward each card.");
  for (const auto& u : list.value("users", json::array())) {
    const json labels{{"user", number(u["user"])}};
    held.add(labels, u["held"]);
    quota.add(labels, u["quota"]);
    weight.add(labels, u["weight"]);
  }
  held.into(all);
  quota.into(all);
  weight.into(all);

  Metric packets("vfpool_port_packets_total", "counter",
                 "PCIe packets that came in by (rx) and left through (tx) a port of the bridge.");
  for (const auto& p : stats.value("ports", json::array()))
    for (const char* way : {"rx", "tx"})
      for (const auto& [kind, count] : p[way].items())
        packets.add({{"port", p["name"]}, {"direction", way}, {"kind", kind}}, count);
  packets.into(all);
  Metric drops("vfpool_dropped_packets_total", "counter", "PCIe packets that the bridge dropped or refused.");
  const json reasons = stats.value("drops", json::object());
  for (const auto& [reason, count] : reasons.items()) drops.add({{"reason", reason}}, count);
  drops.into(all);
  add_frames(all, stats.value("vfs", json::array()), "vf", {{"card", "card"}, {"vf", "name"}});
  add_frames(all, stats.value("interfaces", json::array()), "interface", {{"slot", "slot"}, {"netdev", "netdev"}});
  return all;
}

std::string exposition(const json& metrics) {
  std::string out;
  for (const auto& m : metrics) {
    const auto name = m["name"].get<std::string>();
    out += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, m["help"].get<std::string>(), name,
                       m["type"].get<std::string>());
    for (const auto& s : m["samples"]) {
      std::string labels;
      for (const auto& [key, value] : s["labels"].items())
        labels += fmt::format("{}{}=\"{}\"", labels.empty() ? "" : ",", key, escaped(value.get<std::string>()));
      out += labels.empty() ? fmt::format("{} {}\n", name, s["value"].dump())
                            : fmt::format("{}{{{}}} {}\n", name, labels, s["value"].dump());
    }
  }
  return out;
}

}  // namespace vfpool::tools

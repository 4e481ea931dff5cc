// SPDX-License-Identifier: Apache-2.0
#include "app/direct_vms.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>

#include "app/request.hpp"

namespace vfpool::app {
namespace {

using config::Topology;
using nlohmann::json;

constexpr std::uint32_t kSeed = 1;  // of the mischief
constexpr unsigned kMostMs = 600'000;
constexpr unsigned kLeastMtu = 68, kMostMtu = 9710;
constexpr unsigned kMostRate = 100'000;  // Mb/s
constexpr unsigned kMostDelay = 1'000;   // ms, a driver's patience with its PF

nic82599::PfPersonality::Options pf_options(const Topology& t) {
  nic82599::PfPersonality::Options o{.vfs = t.pf.vfs,
                                     .queues = t.pf.queues,
                                     .pf_mtu = t.pf.mtu,
                                     .trusted = t.pf.trusted,
                                     .query_rss = t.pf.query_rss,
                                     .check_local = t.pf.check_local};
  for (const auto& s : t.servers)
    for (const unsigned vf : s.vfs) o.vfs = std::max(o.vfs, vf + 1);
  return o;
}

}  // namespace

DirectVms::DirectVms(Scheduler& scheduler, const Topology& topology, nic82599::Nic82599::Options nic,
                     const std::filesystem::path& folder, wire::Wire* station_end,
                     std::function<std::string(const std::string&)> obey)
    : card_(scheduler, std::move(nic), pf_options(topology)) {
  if (station_end != nullptr)
    station_.emplace(scheduler, *station_end, pf_options(topology).first_vf_mac, std::move(obey));
  for (const auto& s : topology.servers) {
    for (std::size_t i = 0; i < s.vfs.size(); ++i) {
      vfio_user::Device* device = &card_.vf(s.vfs[i]);
      if (s.mischief) {
        auto& between = mischief_[s.vfs[i]];
        between = std::make_unique<mischief::Mischief>(scheduler, *device, kSeed);
        device = between.get();
      }
      servers_.push_back(std::make_unique<vfio_user::Server>(scheduler, (folder / s.sockets[i]).string(), *device));
    }
  }
}

std::optional<json> DirectVms::control(const json& request) {
  const std::string op = text_of(request, "op", "");
  if (op == "link") {
    if (flag_of(request, "up"))
      station().plug();
    else
      station().unplug();
    return json::object();
  }
  if (op == "pf") return pf(request);
  if (op == "pf_vf") return pf_vf(request);
  if (op == "apis") return apis(request);
  if (op == "flood") return flood(request);
  if (op == "flood_end") return station().end_flood(), json::object();
  if (op == "mischief") {
    const std::string kind = text_of(request, "kind");
    if (!mischief(request).begin(kind, number_of(request, "ms", 0, kMostMs, 0)))
      throw ControlError(fmt::format("there is no mischief \"{}\" (sim/mischief/mischief.hpp lists them)", kind));
    return json::object();
  }
  if (op == "careless") return json{{"careless", mischief(request).careless_resets()}};
  if (op == "near_end") {
    constexpr unsigned kAll = std::numeric_limits<std::uint32_t>::max();
    card_.nic().set_vf_counters_near_end(vf(request), number_of(request, "packets", 0, kAll),
                                         number_of(request, "octets", 0, kAll));
    return json::object();
  }
  if (op == "gaps_start") return card_.nic().record_gaps(vf(request) + 1), json::object();
  if (op == "gaps") {
    const unsigned most = card_.vf(vf(request)).msix_vectors() - 1;
    return json{{"gaps", card_.nic().gaps(vf(request) + 1, number_of(request, "vector", 0, most, 0))}};
  }
  return std::nullopt;
}

json DirectVms::pf(const json& request) {
  const std::string what = text_of(request, "do");
  if (what == "delay" || what == "delay_reset") {
    const std::chrono::milliseconds delay(number_of(request, "ms", 0, kMostDelay));
    if (what == "delay")
      card_.pf().set_address_delay(delay);
    else
      card_.pf().set_reset_delay(delay);
    return json::object();
  }
  if (what != "stop" && what != "start" && what != "reset")
    throw ControlError("\"do\" is stop, start, reset, delay or delay_reset");
  const bool comes = what != "stop";
  if (!comes && request.contains("mtu")) throw ControlError("\"mtu\" is for a PF that starts");
  if (request.contains("mtu")) card_.pf().set_mtu(number_of(request, "mtu", kLeastMtu, kMostMtu));
  if (what != "start") card_.pf().stop();
  if (comes) card_.pf().start();
  return json::object();
}

// In this order; what cannot be ends the request.
json DirectVms::pf_vf(const json& request) {
  nic82599::PfPersonality& pf = card_.pf();
  const unsigned n = vf(request);
  const std::size_t others = request.contains("vf") + request.contains("id") + 1U;  // and "op"
  if (request.size() == others) throw ControlError("what? vlan and qos, mac, trust, spoof, link, rate");
  if (request.contains("qos") && !request.contains("vlan")) throw ControlError("\"qos\" is for a \"vlan\"");
  try {
    if (request.contains("vlan"))
      pf.set_vf_vlan(n, number_of(request, "vlan", 0, 4094), number_of(request, "qos", 0, 7, 0));
    if (request.contains("mac")) {
      const std::string text = text_of(request, "mac");
      const auto mac = config::mac_address(text);
      if (!mac) throw ControlError(fmt::format("\"{}\" is no Ethernet address", text));
      pf.set_vf_mac(n, *mac);
    }
    if (request.contains("trust")) pf.set_vf_trust(n, flag_of(request, "trust"));
    if (request.contains("spoof")) pf.set_vf_spoof_check(n, flag_of(request, "spoof"));
    if (request.contains("link")) {
      const std::string link = text_of(request, "link");
      if (link != "auto" && link != "disable") throw ControlError("\"link\" is auto or disable");
      pf.set_vf_link(n, link == "auto");
    }
    if (request.contains("rate")) pf.set_vf_rate(n, number_of(request, "rate", 0, kMostRate));
  } catch (const std::invalid_argument& e) {
    throw ControlError(e.what());
  }
  return json::object();
}

json DirectVms::apis(const json& request) {
  std::set<unsigned> versions;
  const json list = request.contains("versions") ? request["versions"] : json();
  if (!list.is_array() && !list.is_number()) throw ControlError("\"versions\" is a list of 10 (for 1.0) to 17");
  for (const json& v : list.is_array() ? list : json::array({list})) {
    if (!v.is_number_integer() || v < 10 || v > 17) throw ControlError("\"versions\" is a list of 10 (for 1.0) to 17");
    versions.insert(v.get<unsigned>());
  }
  card_.pf().set_apis(versions, number_of(request, "features", 0, 3, 0));
  return json::object();
}

json DirectVms::flood(const json& request) {
  using Sum = station::Station::Sum;
  static const std::map<std::string, Sum> kSums{{"good", Sum::kGood}, {"none", Sum::kNone}, {"wrong", Sum::kWrong}};
  const auto sum = kSums.find(text_of(request, "sum", "good"));
  if (sum == kSums.end()) throw ControlError("\"sum\" is good, none or wrong");
  const std::string wrong =
      station().flood(number_of(request, "payload", 0, 65535), number_of(request, "rate", 1, 10'000'000),
                      number_of(request, "ms", 1, kMostMs), number_of(request, "flows", 1, 200, 1), sum->second,
                      number_of(request, "vfs", 1, card_.vfs(), 1));
  if (!wrong.empty()) throw ControlError(wrong);
  return json::object();
}

unsigned DirectVms::vf(const json& request) const { return number_of(request, "vf", 0, card_.vfs() - 1, 0); }

mischief::Mischief& DirectVms::mischief(const json& request) {
  const auto found = mischief_.find(vf(request));
  if (found == mischief_.end())
    throw ControlError(fmt::format("VF {} belongs to no server with mischief = true", vf(request)));
  return *found->second;
}

station::Station& DirectVms::station() {
  if (!station_) throw ControlError("no station is at this wire (wire = { kind = \"station\" })");
  return *station_;
}

std::string DirectVms::state() const {
  std::string out = card_.state();
  for (const auto& s : servers_) out += s->state();
  return out;
}

}  // namespace vfpool::app

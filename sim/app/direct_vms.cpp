// SPDX-License-Identifier: Apache-2.0
#include "app/direct_vms.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "app/request.hpp"

namespace vfpool::app {
namespace {

using config::Topology;
using nlohmann::json;

constexpr std::uint32_t kSeed = 1;  // of the mischief
constexpr unsigned kMostMs = 600'000;

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
  const std::string op = request.at("op");
  if (op == "link") {
    if (flag_of(request, "up"))
      station().plug();
    else
      station().unplug();
    return json::object();
  }
  if (op == "pf") return pf(request);
  if (op == "apis") return apis(request);
  if (op == "flood") return flood(request);
  if (op == "mischief") {
    const std::string kind = text_of(request, "kind");
    if (!mischief(request).begin(kind, number_of(request, "ms", kMostMs, 0)))
      throw ControlError(fmt::format("there is no mischief \"{}\" (sim/mischief/mischief.hpp lists them)", kind));
    return json::object();
  }
  if (op == "careless") return json{{"careless", mischief(request).careless_resets()}};
  if (op == "gaps_start") return card_.nic().record_gaps(vf(request) + 1), json::object();
  if (op == "gaps") {
    const unsigned most = card_.vf(vf(request)).msix_vectors() - 1;
    return json{{"gaps", card_.nic().gaps(vf(request) + 1, number_of(request, "vector", most, 0))}};
  }
  return std::nullopt;
}

json DirectVms::pf(const json& request) {
  const std::string what = text_of(request, "do");
  if (what != "stop" && what != "start" && what != "reset") throw ControlError("\"do\" is stop, start or reset");
  const bool comes = what != "stop";
  if (!comes && request.contains("mtu")) throw ControlError("\"mtu\" is for a PF that starts");
  if (request.contains("mtu")) card_.pf().set_mtu(number_of(request, "mtu", 9710));
  if (what != "start") card_.pf().stop();
  if (comes) card_.pf().start();
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
  card_.pf().set_apis(versions, number_of(request, "features", 3, 0));
  return json::object();
}

json DirectVms::flood(const json& request) {
  using Sum = station::Station::Sum;
  static const std::map<std::string, Sum> kSums{{"good", Sum::kGood}, {"none", Sum::kNone}, {"wrong", Sum::kWrong}};
  const auto sum = kSums.find(text_of(request, "sum", "good"));
  if (sum == kSums.end()) throw ControlError("\"sum\" is good, none or wrong");
  const std::string wrong =
      station().flood(number_of(request, "payload", 65535), number_of(request, "rate", 10'000'000),
                      number_of(request, "ms", kMostMs), number_of(request, "flows", 200, 1), sum->second);
  if (!wrong.empty()) throw ControlError(wrong);
  return json::object();
}

unsigned DirectVms::vf(const json& request) const { return number_of(request, "vf", card_.vfs() - 1, 0); }

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

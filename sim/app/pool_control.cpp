// SPDX-License-Identifier: Apache-2.0
#include "app/pool_control.hpp"

#include <fmt/format.h>

#include "app/request.hpp"

namespace vfpool::app {
namespace {

using bridge::Bridge;
using config::Topology;
using nlohmann::json;
namespace regs = bridge::regs;

constexpr unsigned kLastRegister = 0xfffc;

}  // namespace

PoolControl::PoolControl(const Scheduler& scheduler, const Topology& topology, Bridge& bridge, const TlpCounts& counts)
    : scheduler_(scheduler), topology_(topology), bridge_(bridge), counts_(counts) {
  for (const auto& s : topology.servers)
    if (!s.owner && s.attach != Topology::Attach::kNone) users_.push_back(s.name);
}

void PoolControl::assign_as_configured() {
  for (unsigned port = 1; const auto& s : topology_.servers) {
    if (s.owner || s.attach == Topology::Attach::kNone) continue;
    for (const auto& a : s.assign)
      command({.op = regs::Op::kAssign,
               .vf = Bridge::kDeviceVfs * a.card + a.vf,
               .user = port,
               .slot = a.slot,
               .fn = a.fn});
    ++port;
  }
}

std::optional<json> PoolControl::control(const json& request) {
  const std::string op = text_of(request, "op", "");
  if (op == "assign") return assign(request);
  if (op == "counters") return counters();
  if (op == "read") {
    const unsigned offset = number_of(request, "offset", 0, kLastRegister);
    if (offset % 4 != 0) throw ControlError("\"offset\" must be a multiple of 4");
    return json{{"value", bridge_.service_read(offset)}};
  }
  for (const auto& [name, code] : {std::pair{"release", regs::Op::kRelease}, std::pair{"force", regs::Op::kForce},
                                   std::pair{"press", regs::Op::kButton}}) {
    if (op != name) continue;
    command({.op = code, .user = user(request), .slot = slot(request)});
    return json::object();
  }
  return std::nullopt;
}

void PoolControl::command(const regs::Command& c) {
  if (const regs::Result result = bridge_.command(c); result != regs::Result::kDone)
    throw ControlError(std::string(regs::meaning(result)));
}

/// A user's port, which requests give by number or by the server's name.
unsigned PoolControl::user(const json& request) const {
  if (users_.empty()) throw ControlError("this topology has no user");
  if (!request.contains("user") || !request["user"].is_string())
    return number_of(request, "user", 1, static_cast<unsigned>(users_.size()));
  const std::string name = request["user"];
  for (unsigned port = 1; const std::string& u : users_) {
    if (u == name) return port;
    ++port;
  }
  throw ControlError(fmt::format("there is no user \"{}\"", name));
}

unsigned PoolControl::slot(const json& request) const {
  return number_of(request, "slot", 0, Bridge::geometry().slots - 1, 0);
}

// One VF, or with "vfs" several as the functions of a slot.
json PoolControl::assign(const json& request) {
  const unsigned port = user(request), at = slot(request), functions = Bridge::geometry().slot_functions;
  const unsigned card = number_of(request, "card", 0, Bridge::geometry().devices - 1, 0);
  const auto status = bridge_.read<regs::Device>(card);
  // Before the owner has said how many VFs there are, an assignment waits for it.
  const unsigned last = status.sriov && status.num_vfs != 0 ? status.num_vfs - 1 : Bridge::kDeviceVfs - 1;
  if (request.contains("vfs")) {
    if (request.contains("vf") || request.contains("fn")) throw ControlError("\"vfs\" says what \"vf\" and \"fn\" say");
    std::vector<unsigned> vfs = numbers_of(request, "vfs", 0, last);
    if (vfs.empty() || vfs.size() > functions) throw ControlError(fmt::format("\"vfs\" names 1 to {} VFs", functions));
    for (unsigned& vf : vfs) vf += Bridge::kDeviceVfs * card;
    put_into_slot(port, at, vfs);
  } else {
    const unsigned vf = number_of(request, "vf", 0, last);
    const unsigned fn = number_of(request, "fn", 0, functions - 1, 0);
    if (fn != 0 && !has_function_0(port, at))
      throw ControlError(
          fmt::format("function {} alone: a slot without function 0 is empty for its server (PCI 3.0, 3.2.2.3.4); "
                      "\"vfs\" puts several VFs into a slot at once",
                      fn));
    command({.op = regs::Op::kAssign, .vf = Bridge::kDeviceVfs * card + vf, .user = port, .slot = at, .fn = fn});
  }
  if (status.sriov) return json::object();
  return {{"note", "the owner has not enabled any VF yet: until it does, the slot stays empty"}};
}

// Function 0 comes last, since the slot is occupied from then on; what fails leaves the slot as it was.
void PoolControl::put_into_slot(unsigned user, unsigned slot, const std::vector<unsigned>& vfs) {
  for (auto fn = static_cast<unsigned>(vfs.size()); fn-- > 0;) {
    try {
      command({.op = regs::Op::kAssign, .vf = vfs[fn], .user = user, .slot = slot, .fn = fn});
    } catch (const ControlError& e) {
      if (fn + 1 < vfs.size()) bridge_.command({.op = regs::Op::kForce, .user = user, .slot = slot});
      throw ControlError(fmt::format("VF {}: {}", vfs[fn] % Bridge::kDeviceVfs, e.what()));
    }
  }
}

bool PoolControl::has_function_0(unsigned user, unsigned slot) const {
  for (unsigned n = 0; n < Bridge::kDeviceVfs * Bridge::geometry().devices; ++n)
    if (const auto v = bridge_.read<regs::Vf>(n); v.assigned && v.user == user && v.slot == slot && v.fn == 0)
      return true;
  return false;
}

json PoolControl::status() const {
  const auto geometry = Bridge::geometry();
  const auto status = bridge_.read<regs::Status>();
  json out{{"sriov", status.sriov},  {"frozen", status.frozen}, {"dropped", bridge_.read<regs::LogCount>().value},
           {"cards", json::array()}, {"vfs", json::array()},    {"slots", json::array()}};
  std::vector<unsigned> vfs;
  for (unsigned card = 0; card < geometry.devices; ++card) {
    const auto device = bridge_.read<regs::Device>(card);
    out["cards"].push_back({{"card", card},
                            {"port", Bridge::port_name(Bridge::device_port(card))},
                            {"link", device.link},
                            {"sriov", device.sriov},
                            {"no_vfs", to_string(device.no_vfs)},
                            {"vfs", device.num_vfs},
                            {"bus", device.bus}});
    for (unsigned n = 0; n < device.num_vfs; ++n) vfs.push_back(Bridge::kDeviceVfs * card + n);
  }
  for (const unsigned n : vfs) {
    const auto v = bridge_.read<regs::Vf>(n);
    json vf{{"vf", n % Bridge::kDeviceVfs}, {"state", to_string(v.state)}};
    if (geometry.devices > 1) vf["card"] = n / Bridge::kDeviceVfs;
    if (v.assigned) {
      vf["user"] = v.user;
      vf["slot"] = v.slot;
      vf["fn"] = v.fn;
    }
    out["vfs"].push_back(std::move(vf));
  }
  for (unsigned i = 0; i < geometry.users * geometry.slots; ++i) {
    const auto s = bridge_.read<regs::Slot>(i);
    out["slots"].push_back({{"user", i / geometry.slots + 1},
                            {"slot", i % geometry.slots},
                            {"present", s.present},
                            {"link", s.link},
                            {"powered", s.powered},
                            {"releasing", s.releasing},
                            {"power_led", to_string(s.power_led)}});
  }
  return out;
}

json PoolControl::counters() const {
  json out{
      {"tlps", counts_.json()}, {"cycles", scheduler_.cycles()}, {"ports", json::object()}, {"drops", json::object()}};
  static constexpr const char* kClasses[] = {"posted", "non_posted", "completion"};
  for (unsigned p = 0; p < Bridge::port_count(); ++p)
    for (unsigned c = 0; c < 3; ++c) {
      out["ports"][Bridge::port_name(p)]["rx"][kClasses[c]] = bridge_.read<regs::Rx>(4 * p + c).value;
      out["ports"][Bridge::port_name(p)]["tx"][kClasses[c]] = bridge_.read<regs::Tx>(4 * p + c).value;
    }
  for (const regs::Drop reason : regs::kAllDrop)
    if (reason != regs::Drop::kNone) out["drops"][to_string(reason)] = bridge_.read<regs::Drops>(reason).value;
  return out;
}

}  // namespace vfpool::app

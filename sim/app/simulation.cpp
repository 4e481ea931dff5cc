// SPDX-License-Identifier: Apache-2.0
#include "app/simulation.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <map>
#include <optional>
#include <vector>

#include "app/direct_vms.hpp"
#include "app/model_servers.hpp"
#include "app/pool_control.hpp"
#include "app/request_words.hpp"
#include "app/server_activity.hpp"
#include "app/tlp_counts.hpp"
#include "bridge/bridge.hpp"
#include "copier/copier.hpp"
#include "nic82599/nic82599.hpp"
#include "pcie/endpoint.hpp"
#include "record/frame_record.hpp"
#include "record/tlp_record.hpp"
#include "vfio_user/direct.hpp"
#include "vfio_user/server.hpp"
#include "vmd/endpoint.hpp"
#include "wire/loopback.hpp"
#include "wire/memif.hpp"
#include "wire/pcap.hpp"
#include "wire/tap.hpp"

namespace vfpool::app {
namespace {

using bridge::Bridge;
using config::Topology;
namespace regs = bridge::regs;
using nlohmann::json;

/// A VM behind the bridge.
struct VmPort {
  VmPort(Scheduler& scheduler, Bridge& bridge, unsigned at, const std::string& name,
         const std::filesystem::path& socket)
      : port(at),
        endpoint(scheduler, name, bridge.input(at), [&bridge, at](bool up) { bridge.set_link(at, up); }),
        server(scheduler, socket, endpoint) {
    bridge.connect(port, endpoint.up());
  }
  unsigned port;
  vmd::Endpoint endpoint;
  vfio_user::Server server;
};

/// A copier whose VFs are attached to VMs directly. Nobody drives its PF.
struct DirectCopier {
  DirectCopier(Scheduler& scheduler, const Topology& t, const std::filesystem::path& folder) : device(port) {
    pcie::enable_vfs(device, copier::kVfs);
    for (const auto& s : t.servers)
      for (std::size_t i = 0; i < s.vfs.size(); ++i)
        servers.push_back(std::make_unique<vfio_user::Server>(scheduler, (folder / s.sockets[i]).string(),
                                                              port.function(device, 1 + s.vfs[i])));
  }
  std::string state() const {
    std::string out = device.state() + port.state();
    for (const auto& s : servers) out += s->state();
    return out;
  }
  vfio_user::DirectPort port;
  copier::Copier device;
  std::vector<std::unique_ptr<vfio_user::Server>> servers;
};

}  // namespace

struct Simulation::Impl {
  Scheduler& scheduler;
  Topology topology;
  std::filesystem::path folder;
  std::vector<std::unique_ptr<wire::Wire>> wires;  // by card; null: it has none
  std::unique_ptr<Bridge> bridge;
  std::unique_ptr<PoolControl> pool;  // of the bridge
  /// A card behind the bridge.
  struct Card {
    std::unique_ptr<pcie::Endpoint> endpoint;
    std::unique_ptr<pcie::Device> device;
  };
  std::vector<Card> cards;                  // by device port
  std::unique_ptr<wire::Wire> station_end;  // the other end of the wire, where a station is
  std::unique_ptr<DirectVms> direct;        // when VMs are attached directly
  std::unique_ptr<DirectCopier> direct_copier;
  std::vector<std::unique_ptr<VmPort>> vms;
  std::vector<std::unique_ptr<ModelServer>> models;
  TlpCounts counts;
  std::vector<ServerActivity> activity;  // by port of the bridge
  record::TimeAxis time{scheduler};
  std::map<std::filesystem::path, std::shared_ptr<record::PcapngWriter>> records;  // several may share a file
  std::unique_ptr<record::TlpRecord> tlp_record;

  Impl(Scheduler& s, const Topology& t, const std::filesystem::path& f,
       const std::function<std::string(const std::string&)>& obey)
      : scheduler(s), topology(t), folder(f) {
    wires.push_back(make_wire(topology.nic, "wire"));
    if (!t.direct()) {
      make_pool();
    } else if (t.device == Topology::DeviceKind::kCopier) {
      direct_copier = std::make_unique<DirectCopier>(scheduler, topology, folder);
    } else {
      direct = std::make_unique<DirectVms>(scheduler, topology, nic_options(topology.nic, 0), folder, station_end.get(),
                                           obey);
      if (wires[0]) direct->nic().set_wire(*wires[0]);
    }
  }

  static nic82599::Nic82599::Options nic_options(const Topology::Nic& n, unsigned card) {
    return {.name = fmt::format("nic{}", card),
            .pf_device_id = static_cast<std::uint16_t>(n.device_id),
            .mac = n.mac,
            .link_mbps = n.link_mbps,
            .strict_vf_reset = n.strict_vf_reset,
            .hide_vlan_ignored = n.hide_vlan_ignored};
  }

  // At device port `number`. Beside another card a copier is one whose VFs users may have.
  void make_card(unsigned number, Topology::DeviceKind kind, const Topology::Nic& options, wire::Wire* its_wire) {
    const unsigned port = Bridge::device_port(number);
    Card& c = cards.emplace_back();
    c.endpoint = std::make_unique<pcie::Endpoint>(scheduler, bridge->input(port));
    if (kind == Topology::DeviceKind::kCopier) {
      c.device =
          std::make_unique<copier::Copier>(c.endpoint->dma(), number == 0 ? "copier" : fmt::format("copier{}", number),
                                           number == 0 ? copier::Layout{} : copier::kPooledLayout);
    } else {
      auto nic = std::make_unique<nic82599::Nic82599>(scheduler, c.endpoint->dma(), nic_options(options, number));
      if (its_wire != nullptr) nic->set_wire(*its_wire);
      c.device = std::move(nic);
    }
    c.endpoint->plug(*c.device);
    bridge->connect(port, *c.endpoint);
    bridge->set_link(port, true);
  }

  std::shared_ptr<record::PcapngWriter> record_file(const std::filesystem::path& name) {
    auto& file = records[name];
    if (!file) file = std::make_shared<record::PcapngWriter>(folder / name, time.text());
    return file;
  }

  // `name`: in records.
  std::unique_ptr<wire::Wire> make_wire(const Topology::Nic& nic, const std::string& name) {
    std::unique_ptr<wire::Wire> made;
    const auto& w = nic.wire;
    switch (w.kind) {
      case Topology::Wire::Kind::kNone: return nullptr;
      case Topology::Wire::Kind::kTap:
        made = std::make_unique<wire::Tap>(scheduler, wire::TapOptions{.name = w.name, .netns = w.netns, .mtu = w.mtu});
        break;
      case Topology::Wire::Kind::kStation: {
        auto ends = wire::Loopback::make_pair(scheduler);
        made = std::move(ends.first);
        station_end = std::move(ends.second);
        break;
      }
      case Topology::Wire::Kind::kLoopback: made = std::make_unique<wire::Loopback>(scheduler); break;
      case Topology::Wire::Kind::kPcap:
        made = std::make_unique<wire::Pcap>(scheduler,
                                            wire::PcapOptions{.play = w.play.empty() ? w.play : folder / w.play,
                                                              .keep = w.keep.empty() ? w.keep : folder / w.keep});
        break;
      case Topology::Wire::Kind::kMemif:
        made = std::make_unique<wire::Memif>(
            scheduler, wire::MemifOptions{.socket = folder / w.socket, .id = w.id, .link_mbps = nic.link_mbps});
        break;
    }
    if (!topology.record.ethernet.empty())
      made = std::make_unique<record::FrameRecord>(std::move(made), record_file(topology.record.ethernet), time, name);
    return made;
  }

  void make_pool() {
    bridge = std::make_unique<Bridge>(scheduler);
    activity = std::vector<ServerActivity>(Bridge::port_count(), ServerActivity(scheduler));
    bridge->add_tap([this](unsigned port, bool toward, const pcie::Tlp& tlp) {
      counts.count(port, toward, tlp);
      activity[port].saw(toward, tlp);
    });
    if (!topology.record.tlp.empty()) {
      std::vector<record::TappedPort> all;
      for (unsigned p = 0; p < Bridge::port_count(); ++p) all.push_back({p, Bridge::port_name(p)});
      tlp_record = std::make_unique<record::TlpRecord>(record_file(topology.record.tlp), time,
                                                       record::choose_ports(all, topology.record.taps));
      bridge->add_tap(tlp_record->tap());
    }
    if (!topology.record.waves.empty()) bridge->trace_to((folder / topology.record.waves).string());
    make_card(0, topology.device, topology.nic, wires[0].get());
    for (unsigned number = 1; const auto& more : topology.more_cards) {
      wires.push_back(make_wire(more.nic, fmt::format("wire{}", number)));
      make_card(number++, more.kind, more.nic, wires.back().get());
    }
    bridge->on_device_reset([this](unsigned number) {
      if (number < cards.size()) cards[number].device->reset(0);
    });
    unsigned next_user = 1;
    for (const auto& s : topology.servers) {
      if (s.attach == Topology::Attach::kNone) continue;
      const unsigned port = s.owner ? 0 : next_user++;
      if (s.attach == Topology::Attach::kVfioUser)
        vms.push_back(std::make_unique<VmPort>(scheduler, *bridge, port, s.name, folder / s.sockets.at(0)));
      else if (s.owner)
        models.push_back(std::make_unique<ModelOwner>(scheduler, *bridge, s.name, s.model_vfs));
      else
        models.push_back(std::make_unique<ModelUser>(scheduler, *bridge, port, s.name));
    }
    pool = std::make_unique<PoolControl>(scheduler, topology, *bridge, counts);
    pool->assign_as_configured();
  }

  Bridge& the_bridge() const {
    if (!bridge) throw ControlError("this topology has no bridge");
    return *bridge;
  }

  // A server behind the bridge, from `waits_for` of its own end.
  json activity_at(unsigned port, bool present, SimTime changed, std::vector<std::string> waits_for) const {
    if (const std::size_t n = bridge->pending(port); n != 0)
      waits_for.push_back(fmt::format("{} packets wait to enter the bridge", n));
    if (!bridge->neighbour_takes_all(port)) waits_for.emplace_back("the server takes no more packets of some class");
    json out = activity[port].json(present, changed, waits_for);
    out["port"] = Bridge::port_name(port);
    return out;
  }

  json server_status() const {
    json out = json::array();
    const auto add = [&out](json server, const std::string& name) {
      server["name"] = name;
      out.push_back(std::move(server));
    };
    for (const auto& m : models)
      add(activity_at(m->port(), true, SimTime{0}, m->server().root().waits_for()), m->server().name());
    for (const auto& vm : vms) {
      std::vector<std::string> waits_for = vm->endpoint.root_complex().waits_for();
      std::ranges::move(vm->server.waits_for(), std::back_inserter(waits_for));
      add(activity_at(vm->port, vm->server.connected(), vm->server.changed(), std::move(waits_for)),
          vm->endpoint.name());
    }
    if (direct || direct_copier)
      for (const auto& s : direct ? direct->servers() : direct_copier->servers)
        add(ServerActivity(scheduler).json(s->connected(), s->changed(), s->waits_for()), s->path());
    return out;
  }

  // FST waves into a file of the run folder; none stops.
  void waves(const std::string& file) {
    if (file.empty()) return the_bridge().trace_stop();
    const auto path = folder / file;
    if (!std::filesystem::is_directory(path.parent_path()))
      throw ControlError(fmt::format("{} is no folder", path.parent_path().string()));
    the_bridge().trace_to(path.string());
  }
};

config::BridgeLimits bridge_limits() {
  const auto geometry = Bridge::geometry();
  std::vector<std::string> ports;
  for (unsigned p = 0; p < Bridge::port_count(); ++p) ports.push_back(Bridge::port_name(p));
  return {{geometry.users, geometry.slots, geometry.slot_functions, geometry.devices}, std::move(ports)};
}

Simulation::Simulation(Scheduler& scheduler, const Topology& topology, const std::filesystem::path& folder)
    : impl_(std::make_unique<Impl>(scheduler, topology, folder, [this](const std::string& line) {
        return reply_of([&] { return control(request_of_line(line)); }).dump();
      })) {}
Simulation::~Simulation() = default;

json Simulation::control(const json& request) {
  Impl& i = *impl_;
  const std::string op = text_of(request, "op", "");
  if (i.direct)
    if (auto answer = i.direct->control(request)) return std::move(*answer);
  if (i.pool)
    if (auto answer = i.pool->control(request)) return std::move(*answer);
  if (op == "status") {
    json out = i.pool ? i.pool->status() : json::object();
    out["servers"] = i.server_status();
    return out;
  }
  if (op == "state") {
    const std::string part = text_of(request, "part", "");
    if (!part.empty() && part != "card") throw ControlError("\"part\" can only be card");
    if (part.empty()) return {{"state", state()}};
    if (i.direct) return {{"state", i.direct->card_state()}};
    if (i.direct_copier) return {{"state", i.direct_copier->state()}};
    std::string cards;
    for (const auto& c : i.cards) cards += c.device->state();
    return {{"state", cards}};
  }
  if (op == "stick_resets" && i.pool) {
    const unsigned card = number_of(request, "card", 0, static_cast<unsigned>(i.cards.size()) - 1, 0);
    pcie::Device& device = *i.cards[card].device;
    const unsigned vf = number_of(request, "vf", 0, device.functions() - 2);
    device.stick_resets(1 + vf, flag_of(request, "stick"));
  } else if (op == "flush") {
    if (i.records.empty()) throw ControlError("no records are kept ([record] in the topology)");
    for (auto& [name, file] : i.records) file->flush();
  } else if (op == "waves") {
    i.waves(text_of(request, "file", ""));
  } else {
    throw ControlError(fmt::format("unknown op \"{}\" {}; docs/simulation.md lists them", op,
                                   i.pool ? "of a pool" : "without a bridge"));
  }
  return json::object();
}

std::string Simulation::state() const {
  const Impl& i = *impl_;
  std::string out = i.scheduler.waiting_for();
  if (i.bridge) out += i.bridge->state();
  for (const auto& c : i.cards) out += c.device->state() + c.endpoint->state();
  if (i.direct) out += i.direct->state();
  if (i.direct_copier) out += i.direct_copier->state();
  for (const auto& w : i.wires)
    if (w) out += w->state() + "\n";
  for (const auto& m : i.models) out += m->server().root().state();
  for (const auto& vm : i.vms) out += vm->endpoint.state() + vm->server.state();
  for (const auto& [name, file] : i.records) out += file->state() + "\n";
  return out;
}

}  // namespace vfpool::app

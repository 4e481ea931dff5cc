// SPDX-License-Identifier: Apache-2.0
#include "app/topology.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <toml++/toml.hpp>

#include "bridge/bridge.hpp"

namespace vfpool::app {
namespace {

// Reads one table key by key and complains about what is left over.
class Reader {
 public:
  Reader(const std::string& file, const toml::table& table, std::string where)
      : file_(file), table_(table), where_(std::move(where)) {}

  [[noreturn]] void fail(const toml::node* node, const std::string& what) const {
    const auto line = (node != nullptr ? node->source() : table_.source()).begin.line;
    throw TopologyError(fmt::format("{}:{}: {}{}", file_, line, where_.empty() ? "" : where_ + ": ", what));
  }

  const toml::node* node(const std::string& key) {
    seen_.insert(key);
    return table_.get(key);
  }
  void ignore(const std::string& key) { seen_.insert(key); }

  std::string text(const std::string& key, const std::string& fallback) {
    const toml::node* n = node(key);
    if (n == nullptr) return fallback;
    if (!n->is_string() || n->as_string()->get().empty()) fail(n, fmt::format("{} must be a non-empty string", key));
    return n->as_string()->get();
  }
  unsigned number(const std::string& key, unsigned fallback, unsigned least, unsigned most) {
    const toml::node* n = node(key);
    if (n == nullptr) return fallback;
    const auto v = n->value_exact<std::int64_t>();
    if (!v || *v < least || *v > most) fail(n, fmt::format("{} must be a number from {} to {}", key, least, most));
    return static_cast<unsigned>(*v);
  }
  template <class E>
  E choice(const std::string& key, const std::vector<std::pair<std::string, E>>& values, E fallback) {
    const toml::node* n = node(key);
    if (n == nullptr) return fallback;
    const std::string given = text(key, "");
    std::string names;
    for (const auto& [name, value] : values) {
      if (name == given) return value;
      names += (names.empty() ? "" : ", ") + name;
    }
    fail(n, fmt::format("{} is \"{}\"; it can be {}", key, given, names));
  }
  const toml::table* table(const std::string& key) {
    const toml::node* n = node(key);
    if (n != nullptr && !n->is_table()) fail(n, fmt::format("{} must be a table", key));
    return n == nullptr ? nullptr : n->as_table();
  }
  const toml::array* tables(const std::string& key) {
    const toml::node* n = node(key);
    if (n == nullptr) return nullptr;
    if (!n->is_array() ||
        !std::all_of(n->as_array()->begin(), n->as_array()->end(), [](auto& e) { return e.is_table(); }))
      fail(n, fmt::format("{} must be a list of tables", key));
    return n->as_array();
  }
  void done() const {
    for (const auto& [key, value] : table_)
      if (!seen_.contains(std::string(key.str()))) fail(&value, fmt::format("unknown key \"{}\"", key.str()));
  }

 private:
  const std::string& file_;
  const toml::table& table_;
  std::string where_;
  std::set<std::string> seen_;
};

std::array<std::uint8_t, 6> mac_address(Reader& r, const std::string& key, std::array<std::uint8_t, 6> fallback) {
  const toml::node* n = r.node(key);
  if (n == nullptr) return fallback;
  const std::string given = r.text(key, "");
  std::array<unsigned, 6> v{};
  int used = 0;
  if (std::sscanf(given.c_str(), "%2x:%2x:%2x:%2x:%2x:%2x%n", &v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &used) != 6 ||
      used != static_cast<int>(given.size()) || v[0] & 1)
    r.fail(n, fmt::format("{} \"{}\" is no unicast Ethernet address", key, given));
  std::array<std::uint8_t, 6> mac{};
  std::transform(v.begin(), v.end(), mac.begin(), [](unsigned b) { return static_cast<std::uint8_t>(b); });
  return mac;
}

Topology::Wire read_wire(const std::string& file, const toml::table& t) {
  using Kind = Topology::Wire::Kind;
  Reader r(file, t, "nic.wire");
  Topology::Wire w;
  w.kind = r.choice<Kind>(
      "kind", {{"none", Kind::kNone}, {"tap", Kind::kTap}, {"loopback", Kind::kLoopback}, {"pcap", Kind::kPcap}},
      Kind::kNone);
  w.name = r.text("name", "wire0");
  w.netns = r.text("netns", "");
  w.mtu = r.number("mtu", 1500, 68, 9710);
  w.play = r.text("play", "");
  w.keep = r.text("keep", "");
  r.done();
  return w;
}

Topology::Server read_server(const std::string& file, const toml::table& t, std::size_t index) {
  using Attach = Topology::Attach;
  Topology::Server s;
  Reader r(file, t, fmt::format("server {}", index + 1));
  s.name = r.text("name", index == 0 ? "owner" : fmt::format("user{}", index));
  s.attach = r.choice<Attach>("attach",
                              {{"vfio-user", Attach::kVfioUser},
                               {"model", Attach::kModel},
                               {"direct", Attach::kDirect},
                               {"none", Attach::kNone}},
                              Attach::kVfioUser);
  s.owner = r.choice<bool>("role", {{"owner", true}, {"user", false}}, index == 0 && s.attach != Attach::kDirect);
  s.socket = r.text("socket", s.name + ".sock");
  s.vfs = r.number("vfs", 8, 1, 63);
  s.vf = r.number("vf", static_cast<unsigned>(index), 0, 62);
  r.ignore("vm");
  if (const toml::array* list = r.tables("assign")) {
    for (const toml::node& n : *list) {
      Reader a(file, *n.as_table(), fmt::format("server {}: assign", index + 1));
      s.assign.push_back({a.number("slot", 0, 0, bridge::Bridge::geometry().slots - 1), a.number("vf", 0, 0, 63),
                          a.number("fn", 0, 0, bridge::Bridge::geometry().slot_functions - 1)});
      a.done();
    }
  }
  r.done();
  if (s.attach == Attach::kModel && !s.owner) r.fail(&t, "only the owner can be a model; users are VMs");
  if (s.owner && !s.assign.empty()) r.fail(&t, "VFs are assigned to users, the owner has all others");
  return s;
}

void check(const std::string& file, const Topology& t) {
  const auto fail = [&](const std::string& what) { throw TopologyError(fmt::format("{}: {}", file, what)); };
  std::set<std::string> names;
  std::set<std::filesystem::path> sockets;
  std::set<unsigned> vfs;
  unsigned owners = 0, users = 0, direct = 0;
  for (const auto& s : t.servers) {
    if (!names.insert(s.name).second) fail(fmt::format("two servers are named \"{}\"", s.name));
    if (s.attach != Topology::Attach::kModel && !sockets.insert(s.socket).second)
      fail(fmt::format("two servers use the socket {}", s.socket.string()));
    if (s.attach == Topology::Attach::kNone) continue;
    if (s.attach == Topology::Attach::kDirect) {
      ++direct;
      if (!vfs.insert(s.vf).second) fail(fmt::format("VF {} is given twice", s.vf));
      continue;
    }
    ++(s.owner ? owners : users);
    for (const auto& a : s.assign)
      if (!vfs.insert(a.vf).second) fail(fmt::format("VF {} is assigned twice", a.vf));
  }
  if (direct != 0 && owners + users != 0) fail("servers attached directly cannot share the card with a bridge");
  if (direct == 0 && owners + users != 0 && owners != 1) fail(fmt::format("there must be one owner, not {}", owners));
  if (users > bridge::Bridge::geometry().users)
    fail(fmt::format("{} users; this build of the bridge has {} user ports", users, bridge::Bridge::geometry().users));
  for (const auto& tap : t.record.taps) {
    bool known = false;
    for (unsigned p = 0; p < bridge::Bridge::port_count(); ++p) known = known || bridge::Bridge::port_name(p) == tap;
    if (!known) fail(fmt::format("record.taps: there is no port \"{}\"", tap));
  }
}

}  // namespace

bool Topology::direct() const {
  return std::any_of(servers.begin(), servers.end(), [](const Server& s) { return s.attach == Attach::kDirect; });
}

Topology read_topology(const std::filesystem::path& path) {
  const std::string file = path.string();
  toml::table root;
  try {
    root = toml::parse_file(file);
  } catch (const toml::parse_error& e) {
    throw TopologyError(fmt::format("{}:{}: {}", file, e.source().begin.line, e.description()));
  }
  Topology t;
  Reader r(file, root, "");
  r.ignore("peer");
  r.ignore("lab");
  if (const auto* sim = r.table("sim")) {
    Reader s(file, *sim, "sim");
    t.control = s.text("control", "control.sock");
    s.done();
  }
  if (const auto* nic = r.table("nic")) {
    Reader n(file, *nic, "nic");
    t.mac = mac_address(n, "mac", t.mac);
    t.link_mbps = n.number("link_mbps", t.link_mbps, 1, 100'000);
    t.pf_device_id = n.number("device_id", t.pf_device_id, 0, 0xffff);
    if (const auto* wire = n.table("wire")) t.wire = read_wire(file, *wire);
    n.done();
  }
  if (const auto* servers = r.tables("server"))
    for (std::size_t i = 0; i < servers->size(); ++i)
      t.servers.push_back(read_server(file, *servers->get(i)->as_table(), i));
  if (const auto* record = r.table("record")) {
    Reader c(file, *record, "record");
    t.record.tlp = c.text("tlp", "");
    t.record.ethernet = c.text("ethernet", "");
    t.record.waves = c.text("waves", "");
    if (const toml::node* taps = c.node("taps")) {
      if (!taps->is_array()) c.fail(taps, "taps must be a list of port names");
      for (const toml::node& n : *taps->as_array()) {
        if (!n.is_string()) c.fail(&n, "taps must be a list of port names");
        t.record.taps.push_back(n.as_string()->get());
      }
    }
    c.done();
  }
  r.done();
  check(file, t);
  return t;
}

}  // namespace vfpool::app

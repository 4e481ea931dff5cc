// SPDX-License-Identifier: Apache-2.0
#include "config/topology.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "config/reader.hpp"

namespace vfpool::config {
namespace {

using Attach = Topology::Attach;

constexpr unsigned kMostVfs = 63;  // of an 82599; VF n is 0 to 62
constexpr unsigned kCopierVfs = 7;
constexpr unsigned kMostVfsOfAUser = 64;
constexpr BridgeSize kLargest;

// Names become file names, host names and kernel options.
std::string name(Reader& r, const std::string& key, const std::string& otherwise) {
  std::string given = r.text(key, otherwise);
  if (given.empty()) r.fail(key + " is missing");
  if (given.size() > 32 ||
      given.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != std::string::npos)
    r.fail(fmt::format("\"{}\" must be 1 to 32 letters, digits, - and _", given), key);
  return given;
}

std::array<std::uint8_t, 6> unicast_address(Reader& r, const std::string& key, std::array<std::uint8_t, 6> otherwise) {
  if (!r.has(key)) return otherwise;
  const std::string given = r.text(key, "");
  const auto mac = mac_address(given);
  if (!mac || (*mac)[0] & 1) r.fail(fmt::format("\"{}\" is no unicast Ethernet address", given), key);
  return *mac;
}

Topology::Wire read_wire(Reader r) {
  using Kind = Topology::Wire::Kind;
  Topology::Wire w;
  w.kind = r.choice<Kind>("kind",
                          {{"none", Kind::kNone},
                           {"tap", Kind::kTap},
                           {"loopback", Kind::kLoopback},
                           {"pcap", Kind::kPcap},
                           {"station", Kind::kStation},
                           {"memif", Kind::kMemif}},
                          w.kind);
  if (w.kind == Kind::kTap) {
    w.name = r.text("name", w.name);
    w.netns = r.text("netns", "");
    w.mtu = r.number("mtu", w.mtu, 68, 9710);
  } else if (w.kind == Kind::kPcap) {
    w.play = r.text("play", "");
    w.keep = r.text("keep", "");
  } else if (w.kind == Kind::kMemif) {
    w.socket = r.text("socket", w.socket.string());
    w.id = r.number("id", w.id, 0, 65535);
  }
  r.done();
  return w;
}

// Keys of [nic], or of a further card.
Topology::Nic read_nic(Reader& r, Topology::Nic n) {
  n.mac = unicast_address(r, "mac", n.mac);
  n.link_mbps = r.number("link_mbps", n.link_mbps, 1, 100'000);
  n.device_id = r.number("device_id", n.device_id, 0, 0xffff);
  n.strict_vf_reset = r.flag("strict_vf_reset", n.strict_vf_reset);
  n.hide_vlan_ignored = r.flag("hide_vlan_ignored", n.hide_vlan_ignored);
  if (auto wire = r.table("wire")) n.wire = read_wire(std::move(*wire));
  return n;
}

Topology::Pf read_pf(Reader r, const Topology& t) {
  Topology::Pf p;
  unsigned least = 1;
  for (const auto& s : t.servers)
    for (const unsigned vf : s.vfs) least = std::max(least, vf + 1);
  if (!t.direct()) r.fail("is for files whose servers are attached directly; here the owner drives the PF");
  if (t.device != Topology::DeviceKind::k82599) r.fail("is for an 82599; nobody drives the PF of a copier");
  if (r.has("vfs")) p.vfs = r.number("vfs", 0, least, kMostVfs);
  p.queues = r.number("queues", p.queues, 2, 4);
  if (p.queues == 3) r.fail("must be 2 or 4", "queues");
  if (p.queues == 4 && std::max(p.vfs, least) > 31) r.fail("must be 2 with more than 31 VFs", "queues");
  p.mtu = r.number("mtu", p.mtu, 68, 9710);
  p.trusted = r.flag("trusted", p.trusted);
  p.query_rss = r.flag("query_rss", p.query_rss);
  p.check_local = r.flag("check_local", p.check_local);
  r.done();
  return p;
}

Topology::Vm read_vm(Reader r) {
  Topology::Vm v;
  v.memory = r.text("memory", v.memory);
  v.cpus = r.number("cpus", v.cpus, 1, 64);
  v.accel = r.choice<std::string>("accel", {{"tcg", "tcg"}, {"kvm", "kvm"}}, v.accel);
  v.prealloc = r.flag("prealloc", v.prealloc);
  v.kernel_root = r.text("kernel_root", "");
  using Init = Topology::Vm::Init;
  v.init = r.choice<Init>("init", {{"agent", Init::kAgent}, {"script", Init::kScript}}, v.init);
  v.modules = r.texts("modules", v.modules);
  v.blacklist = r.texts("blacklist");
  v.files = r.texts("files");
  v.append = r.text("append", "");
  v.qemu_args = r.texts("qemu_args");
  r.done();
  return v;
}

void read_direct(Reader& r, unsigned index, Topology::Server& s) {
  if (r.has("vf") && r.has("vfs")) r.fail("says what vf says, too", "vfs");
  if (r.has("vfs")) {
    if (r.has("socket")) r.fail("is for one VF; several have NAME.VF.sock", "socket");
    s.vfs = r.numbers("vfs", 0, kMostVfs - 1);
    if (s.vfs.empty()) r.fail("must name a VF", "vfs");
    for (const unsigned vf : s.vfs) s.sockets.push_back(fmt::format("{}.{}.sock", s.name, vf));
  } else {
    s.vfs = {r.number("vf", index, 0, kMostVfs - 1)};
    s.sockets = {r.text("socket", s.name + ".sock")};
  }
  s.mischief = r.flag("mischief", s.mischief);
}

/// `before`: the servers that stand before it.
Topology::Server read_server(Reader& r, const std::vector<Topology::Server>& before) {
  Topology::Server s;
  s.attach = r.choice<Attach>("attach",
                              {{"vfio-user", Attach::kVfioUser},
                               {"model", Attach::kModel},
                               {"direct", Attach::kDirect},
                               {"none", Attach::kNone}},
                              s.attach);
  const bool pooled = s.attach == Attach::kVfioUser || s.attach == Attach::kModel;
  if (pooled) s.owner = r.choice<bool>("role", {{"owner", true}, {"user", false}}, before.empty());
  const auto users = std::ranges::count(before, false, &Topology::Server::owner);
  s.name = name(r, "name", s.owner ? "owner" : fmt::format("user{}", users + 1));
  switch (s.attach) {
    case Attach::kVfioUser: s.sockets = {r.text("socket", s.name + ".sock")}; break;
    case Attach::kModel:
      if (s.owner) s.model_vfs = r.number("vfs", s.model_vfs, 1, kMostVfs);
      break;
    case Attach::kDirect: read_direct(r, static_cast<unsigned>(before.size()), s); break;
    case Attach::kNone: break;
  }
  if (pooled && !s.owner) {
    for (Reader& a : r.tables("assign", "assign")) {
      s.assign.push_back({a.number("slot", 0, 0, kLargest.slots - 1), a.number("card", 0, 0, kLargest.devices - 1),
                          a.number("vf", 0, 0, kMostVfsOfAUser - 1),
                          a.number("fn", 0, 0, kLargest.slot_functions - 1)});
      a.done();
    }
    for (const auto& a : s.assign)
      if (std::none_of(s.assign.begin(), s.assign.end(), [&](const auto& b) { return b.slot == a.slot && b.fn == 0; }))
        r.fail(fmt::format("leaves slot {} without function 0, and so without a card for its server", a.slot),
               "assign");
    for (const auto& a : s.assign)
      for (const auto& b : s.assign)
        if (a.slot == b.slot && a.card != b.card)
          r.fail(fmt::format("puts VFs of cards {} and {} into slot {}", a.card, b.card, a.slot), "assign");
  } else if (r.has("assign")) {
    r.fail("is for users behind the bridge", "assign");
  }
  if (s.attach != Attach::kModel)
    if (auto vm = r.table("vm")) s.vm = read_vm(std::move(*vm));
  r.done();
  return s;
}

/// What one server says against the others, and what all of them need of the bridge.
class Neighbours {
 public:
  void add(const Reader& r, const Topology::Server& s, const BridgeLimits& limits) {
    if (s.owner && !owner_.empty()) r.fail(fmt::format("is a second owner beside \"{}\": a pool has one", owner_));
    if (!names_.insert(s.name).second) r.fail(fmt::format("two servers are named \"{}\"", s.name));
    for (const auto& socket : s.sockets)
      if (!sockets_.insert(socket).second) r.fail(fmt::format("two servers use the socket {}", socket.string()));
    for (const unsigned vf : s.vfs) take(r, 0, vf);
    for (const auto& a : s.assign) take(r, a.card, a.vf);
    if (s.attach == Attach::kNone) return;
    if (s.owner) owner_ = s.name;
    (s.attach == Attach::kDirect ? direct_ : pooled_) += 1;
    if (direct_ != 0 && pooled_ != 0) r.fail("servers attached directly cannot share the card with a bridge");
    if (users() > kLargest.users)
      r.fail(fmt::format("is user {}; a bridge has {} user ports at most", users(), kLargest.users));
    needed_.users = std::max(needed_.users, users());
    for (const auto& a : s.assign) {
      needed_.slots = std::max(needed_.slots, a.slot + 1);
      needed_.slot_functions = std::max(needed_.slot_functions, a.fn + 1);
    }
    if (!first_too_many_ && !limits.size.holds(needed_)) first_too_many_ = r;
  }
  /// A card beside the first one.
  void add_card(const Reader& r, const BridgeLimits& limits) {
    if (++needed_.devices > kLargest.devices)
      r.fail(fmt::format("is card {}; a bridge has {} device ports at most", needed_.devices - 1, kLargest.devices));
    if (!first_too_many_ && !limits.size.holds(needed_)) first_too_many_ = r;
  }
  void done(const Reader& root, const BridgeLimits& limits) const {
    if (pooled_ != 0 && owner_.empty())
      root.fail("no server has role = \"owner\": without one nobody drives the card, and users get no VFs");
    if (direct_ != 0 && needed_.devices > 1) root.fail("is for pools behind the bridge", "card");
    if (!first_too_many_) return;
    throw BridgeTooSmall(first_too_many_->error(fmt::format("the bridge at hand has {}; this file needs {}",
                                                            text_of(limits.size), text_of(needed_))),
                         needed_);
  }

 private:
  unsigned users() const { return pooled_ - (owner_.empty() ? 0 : 1); }
  void take(const Reader& r, unsigned card, unsigned vf) {
    if (card >= needed_.devices)
      r.fail(fmt::format("names card {}, and there are {}", card, needed_.devices), "assign");
    const std::string of = card == 0 ? "" : fmt::format(" of card {}", card);
    if (!vfs_.insert({card, vf}).second) r.fail(fmt::format("VF {}{} is given twice", vf, of));
  }

  std::set<std::string> names_;
  std::set<std::filesystem::path> sockets_;
  std::set<std::pair<unsigned, unsigned>> vfs_;  ///< card and VF
  std::string owner_;
  unsigned pooled_ = 0, direct_ = 0;
  BridgeSize needed_{.users = 0, .slots = 1, .slot_functions = 1, .devices = 1};
  std::optional<Reader> first_too_many_;  // the first server for which the bridge is too small
};

Topology::Record read_record(Reader r, const Topology& t, const BridgeLimits& limits) {
  Topology::Record c;
  c.tlp = r.text("tlp", "");
  c.ethernet = r.text("ethernet", "");
  c.waves = r.text("waves", "");
  c.taps = r.texts("taps");
  for (const auto& tap : c.taps)
    if (limits.ports && std::find(limits.ports->begin(), limits.ports->end(), tap) == limits.ports->end())
      r.fail(fmt::format("names \"{}\", and the bridge has no such port", tap), "taps");
  if (t.direct())
    for (const char* key : {"tlp", "taps", "waves"})
      if (r.has(key)) r.fail("is for pools behind the bridge", key);
  if (r.has("taps") && c.tlp.empty()) r.fail("is given, but tlp is not", "taps");
  const auto has_wire = [](const Topology::Nic& nic) { return nic.wire.kind != Topology::Wire::Kind::kNone; };
  if (!c.ethernet.empty() && !has_wire(t.nic) && std::ranges::none_of(t.more_cards, has_wire, &Topology::Card::nic))
    r.fail("is given, but no card has a wire", "ethernet");
  r.done();
  return c;
}

Topology::Peer read_peer(Reader& r, const Topology::Wire& wire) {
  Topology::Peer p;
  p.netns = name(r, "netns", "");
  // The wire's own device is the natural one.
  const bool at_wire = wire.kind == Topology::Wire::Kind::kTap && wire.netns == p.netns;
  p.interface = r.text("interface", at_wire ? wire.name : "");
  p.address = r.texts("address");
  if (!p.address.empty() && p.interface.empty()) r.fail("is given, but no interface", "address");
  p.run = r.texts("run");
  r.done();
  return p;
}

Topology::Image read_image(Reader r) {
  Topology::Image i;
  i.kernel_root = r.text("kernel_root", "");
  i.add = r.texts("add");
  r.done();
  return i;
}

// Of [device], or of a further card.
Topology::DeviceKind read_kind(Reader& r) {
  using Kind = Topology::DeviceKind;
  return r.choice<Kind>("kind", {{"82599", Kind::k82599}, {"copier", Kind::kCopier}}, Kind::k82599);
}

// Each 82599 has an address of its own, and a wire of its own if it has one.
Topology::Card read_card(Reader& r, unsigned number) {
  Topology::Card c;
  c.kind = read_kind(r);
  c.nic.mac[5] = static_cast<std::uint8_t>(1 + number);
  c.nic.wire.name = fmt::format("wire{}", number);
  c.nic.wire.socket = fmt::format("wire{}.sock", number);
  if (c.kind == Topology::DeviceKind::k82599) c.nic = read_nic(r, c.nic);
  if (c.nic.wire.kind == Topology::Wire::Kind::kStation)
    r.fail("has a wire of kind station, which is for servers that are attached directly", "wire");
  r.done();
  return c;
}

// What only an 82599 has.
void check_copier(const Reader& r, const Topology& t) {
  if (r.has("nic")) r.fail("is for an 82599; the device is a copier", "nic");
  for (const auto& s : t.servers) {
    if (s.attach == Attach::kModel) r.fail(fmt::format("{}: a model drives an 82599 only", s.name), "server");
    if (!s.assign.empty()) r.fail(fmt::format("{}: the bridge shows users VFs of an 82599 only", s.name), "server");
    if (s.mischief) r.fail(fmt::format("{}: mischief is for VFs of an 82599", s.name), "server");
    for (const unsigned vf : s.vfs)
      if (vf >= kCopierVfs)
        r.fail(fmt::format("{}: VF {} of a copier, which has {}", s.name, vf, kCopierVfs), "server");
  }
}

/// What the simulator makes in its run folder. Two of one name would replace each other, or this file.
class Made {
 public:
  explicit Made(const Reader& r) : r_(r) {}
  /// `key`: the table of the file that says so.
  void add(const std::string& key, const std::string& what, const std::filesystem::path& path) {
    if (path.empty()) return;
    const auto [other, is_new] = by_path_.try_emplace(path.lexically_normal(), what);
    if (!is_new) r_.fail(fmt::format("makes {} {}, which is {}, too", what, path.string(), other->second), key);
  }

 private:
  const Reader& r_;
  std::map<std::filesystem::path, std::string> by_path_;
};

void check_files(const Reader& r, const Topology& t) {
  Made made(r);
  made.add("", "this file", t.file.filename());
  made.add("", "this file", t.file);
  // Inputs may be the same, and are no output.
  std::set<std::filesystem::path> played;
  const auto add_wire = [&](const Topology::Wire& w, const std::string& key) {
    if (!w.play.empty() && played.insert(w.play.lexically_normal()).second)
      made.add(key, "the capture that is played", w.play);
    made.add(key, "what a wire keeps", w.keep);
    if (w.kind == Topology::Wire::Kind::kMemif) made.add(key, "a wire's socket", w.socket);
  };
  made.add("sim", "the control socket", t.control);
  add_wire(t.nic.wire, "nic");
  for (const auto& card : t.more_cards) add_wire(card.nic.wire, "card");
  for (const auto& s : t.servers)
    for (const auto& socket : s.sockets) made.add("server", fmt::format("{}'s socket", s.name), socket);
  made.add("record", "a record", t.record.tlp);
  // TLPs and frames may share one.
  if (t.record.ethernet.lexically_normal() != t.record.tlp.lexically_normal())
    made.add("record", "a record", t.record.ethernet);
  made.add("record", "waves", t.record.waves);
}

}  // namespace

std::string text_of(const BridgeSize& size) {
  const auto count = [](unsigned n, const char* what) { return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s"); };
  return fmt::format("{}, {} each, {} a slot{}", count(size.users, "user"), count(size.slots, "slot"),
                     count(size.slot_functions, "function"),
                     size.devices > 1 ? ", " + count(size.devices, "device") : "");
}

std::optional<std::array<std::uint8_t, 6>> mac_address(const std::string& text) {
  std::array<std::uint8_t, 6> mac{};
  const char *at = text.data(), *const end = at + text.size();
  for (std::size_t i = 0; i < mac.size(); ++i) {
    if (i > 0 && (at == end || *at++ != ':')) return std::nullopt;
    const auto [next, error] = std::from_chars(at, at + std::min<std::ptrdiff_t>(2, end - at), mac[i], 16);
    if (error != std::errc()) return std::nullopt;
    at = next;
  }
  return at == end ? std::optional(mac) : std::nullopt;
}

bool Topology::direct() const {
  return std::any_of(servers.begin(), servers.end(), [](const Server& s) { return s.attach == Attach::kDirect; });
}

Topology read_topology(const std::filesystem::path& file, const BridgeLimits& limits) {
  Reader r = Reader::open(file);
  Topology t;
  t.file = std::filesystem::absolute(file);
  if (auto sim = r.table("sim")) {
    t.has_sim = true;
    t.control = sim->text("control", t.control.string());
    sim->done();
  }
  if (auto device = r.table("device")) {
    t.device = read_kind(*device);
    device->done();
  }
  if (auto nic = r.table("nic")) {
    t.nic = read_nic(*nic, {});
    nic->done();
  }
  Neighbours neighbours;
  for (Reader& card : r.tables("card", "card")) {
    neighbours.add_card(card, limits);
    t.more_cards.push_back(read_card(card, static_cast<unsigned>(t.more_cards.size()) + 1));
  }
  for (Reader& server : r.tables("server", "server")) {
    t.servers.push_back(read_server(server, t.servers));
    neighbours.add(server, t.servers.back(), limits);
  }
  neighbours.done(r, limits);
  if (t.device == Topology::DeviceKind::kCopier) check_copier(r, t);
  if (t.nic.wire.kind == Topology::Wire::Kind::kStation && !t.direct())
    r.fail("has a wire of kind station, which is for servers that are attached directly", "nic");
  if (auto pf = r.table("pf")) t.pf = read_pf(std::move(*pf), t);
  for (Reader& peer : r.tables("peer", "peer")) t.peers.push_back(read_peer(peer, t.nic.wire));
  if (auto lab = r.table("lab")) t.image = read_image(std::move(*lab));
  if (auto record = r.table("record")) t.record = read_record(std::move(*record), t, limits);
  r.done();
  check_files(r, t);
  return t;
}

}  // namespace vfpool::config

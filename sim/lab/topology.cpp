// SPDX-License-Identifier: Apache-2.0
#include "lab/topology.hpp"

#include <fmt/format.h>

#include <initializer_list>
#include <set>
#include <toml++/toml.hpp>

namespace vfpool::lab {
namespace {

// A table of the file together with its place, for messages.
class Reader {
 public:
  Reader(const toml::table& table, std::string place) : table_(table), place_(std::move(place)) {}

  template <typename T>
  T get(std::string_view key, T otherwise) const {
    const auto node = table_[key];
    if (!node) return otherwise;
    const auto value = node.value_exact<T>();
    if (!value) fail(key, "has the wrong type");
    return *value;
  }

  std::vector<std::string> list(std::string_view key, std::vector<std::string> otherwise = {}) const {
    const auto node = table_[key];
    if (!node) return otherwise;
    const toml::array* array = node.as_array();
    if (array == nullptr) fail(key, "wants a list of strings");
    std::vector<std::string> out;
    for (const toml::node& item : *array) {
      const auto text = item.value_exact<std::string>();
      if (!text) fail(key, "wants a list of strings");
      out.push_back(*text);
    }
    return out;
  }

  void only(std::initializer_list<std::string_view> known) const {
    for (const auto& [key, value] : table_)
      if (std::find(known.begin(), known.end(), key.str()) == known.end()) fail(key.str(), "is not known here");
  }

  [[noreturn]] void fail(std::string_view key, std::string_view why) const {
    throw TopologyError(fmt::format("{}: {} {}", place_, key, why));
  }

 private:
  const toml::table& table_;
  std::string place_;
};

// Names become file names, host names and kernel options.
void check_name(const Reader& reader, std::string_view key, const std::string& name) {
  const bool good =
      !name.empty() && name.size() <= 32 &&
      name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == std::string::npos;
  if (!good) reader.fail(key, fmt::format("'{}' wants 1-32 letters, digits, - and _", name));
}

Topology::Server read_server(const toml::table& table, const std::string& place) {
  const Reader reader(table, place);
  Topology::Server s;
  s.name = reader.get<std::string>("name", "");
  check_name(reader, "name", s.name);
  const std::string attach = reader.get<std::string>("attach", "vfio-user");
  if (attach == "vfio-user" || attach == "direct") {  // what the socket shows is the simulator's matter
    s.attach = Topology::Attach::kVfioUser;
  } else if (attach == "model") {
    s.attach = Topology::Attach::kModel;
  } else if (attach == "none") {
    s.attach = Topology::Attach::kNone;
  } else {
    reader.fail("attach", fmt::format("'{}' is none of vfio-user, direct, model, none", attach));
  }
  s.socket = reader.get<std::string>("socket", s.name + ".sock");
  const toml::table* vm_table = table["vm"].as_table();
  if (table.contains("vm") && vm_table == nullptr) reader.fail("vm", "wants a table");
  if (vm_table != nullptr) {
    const Reader vm(*vm_table, place + ".vm");
    vm.only({"memory", "cpus", "accel", "modules", "blacklist", "append", "qemu_args"});
    s.memory = vm.get<std::string>("memory", s.memory);
    const std::int64_t cpus = vm.get<std::int64_t>("cpus", 1);
    if (cpus < 1 || cpus > 64) vm.fail("cpus", "wants 1 to 64");
    s.cpus = static_cast<int>(cpus);
    s.accel = vm.get<std::string>("accel", s.accel);
    if (s.accel != "tcg" && s.accel != "kvm") vm.fail("accel", "wants tcg or kvm");
    s.modules = vm.list("modules", s.modules);
    s.blacklist = vm.list("blacklist");
    s.append = vm.get<std::string>("append", "");
    s.qemu_args = vm.list("qemu_args");
  }
  return s;
}

}  // namespace

Topology read_topology(const std::filesystem::path& file) {
  toml::table root;
  try {
    root = toml::parse_file(file.string());
  } catch (const toml::parse_error& e) {
    throw TopologyError(
        fmt::format("{}:{}: {}", file.string(), static_cast<unsigned>(e.source().begin.line), e.description()));
  }
  Topology t;
  t.file = std::filesystem::absolute(file);
  t.has_sim = root["sim"].is_table();

  std::set<std::string> names;
  if (root.contains("server")) {
    const toml::array* servers = root["server"].as_array();
    if (servers == nullptr) throw TopologyError(file.string() + ": [[server]] wants double brackets");
    for (std::size_t i = 0; i < servers->size(); ++i) {
      const std::string place = fmt::format("{}: server {}", file.string(), i + 1);
      const toml::table* table = servers->get(i)->as_table();
      if (table == nullptr) throw TopologyError(place + " is no table");
      t.servers.push_back(read_server(*table, place));
      if (!names.insert(t.servers.back().name).second) throw TopologyError(place + ": its name is taken");
      if (t.servers.back().attach == Topology::Attach::kVfioUser && !t.has_sim)
        throw TopologyError(place + ": attach = \"vfio-user\" needs a [sim] table");
    }
  }

  const auto wire = root["nic"]["wire"];
  const std::string tap_netns =
      wire["kind"].value_or<std::string>("") == "tap" ? wire["netns"].value_or<std::string>("") : "";
  if (const toml::array* peers = root["peer"].as_array()) {
    for (std::size_t i = 0; i < peers->size(); ++i) {
      const std::string place = fmt::format("{}: peer {}", file.string(), i + 1);
      const toml::table* table = peers->get(i)->as_table();
      if (table == nullptr) throw TopologyError(place + " is no table");
      const Reader reader(*table, place);
      reader.only({"netns", "interface", "address", "run"});
      Topology::Peer p;
      p.netns = reader.get<std::string>("netns", "");
      check_name(reader, "netns", p.netns);
      // The wire's own device is the natural one.
      p.interface = reader.get<std::string>(
          "interface", p.netns == tap_netns ? wire["name"].value_or<std::string>("") : std::string());
      p.address = reader.list("address");
      if (!p.address.empty() && p.interface.empty()) reader.fail("address", "is given, but no interface");
      p.run = reader.list("run");
      t.peers.push_back(std::move(p));
    }
  }

  if (root.contains("lab")) {
    const toml::table* table = root["lab"].as_table();
    if (table == nullptr) throw TopologyError(file.string() + ": [lab] wants a table");
    const Reader reader(*table, file.string() + ": [lab]");
    reader.only({"kernel", "modules_root", "add"});
    t.kernel = reader.get<std::string>("kernel", "");
    t.modules_root = reader.get<std::string>("modules_root", "");
    t.image_files = reader.list("add");
  }
  return t;
}

}  // namespace vfpool::lab

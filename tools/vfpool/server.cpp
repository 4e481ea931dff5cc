// SPDX-License-Identifier: Apache-2.0
#include "server.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>

#include "failure.hpp"

namespace vfpool::tools {
namespace {

namespace fs = std::filesystem;

std::string first_line(const fs::path& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line;
}

std::vector<fs::path> entries(const fs::path& folder) {
  std::vector<fs::path> out;
  std::error_code none;
  for (const auto& e : fs::directory_iterator(folder, none)) out.push_back(e.path());
  std::sort(out.begin(), out.end());
  return out;
}

/// "10000:02:00.0" -> "10000:02:00", which a slot's address file has.
std::string without_function(const std::string& address) { return address.substr(0, address.rfind('.')); }

std::vector<std::string> words(const std::string& line) {
  std::istringstream in(line);
  return {std::istream_iterator<std::string>(in), {}};
}

using Address = std::array<std::uint8_t, 16>;

bool same_prefix(const Address& a, const Address& b, unsigned bits) {
  for (unsigned i = 0; i < bits; ++i)
    if ((a[i / 8] ^ b[i / 8]) >> (7 - i % 8) & 1) return false;
  return true;
}

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> out;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, at);) out.push_back(part);
  return out;
}

/// "10.0.0.9:6789", "[fd00::9]:6789" -> the address.
std::string without_port(const std::string& text) {
  if (text.starts_with('[')) return text.substr(1, text.find(']') - 1);
  return std::count(text.begin(), text.end(), ':') == 1 ? text.substr(0, text.find(':')) : text;
}

/// The addresses of the servers behind a mounted network file system, as /proc/mounts has them; none: it is no such.
std::vector<std::string> servers_of(const std::string& source, const std::string& type, const std::string& options) {
  static constexpr std::array kTypes{"nfs", "nfs4", "cifs", "smb3", "ceph", "9p"};
  if (std::find(kTypes.begin(), kTypes.end(), type) == kTypes.end()) return {};
  std::vector<std::string> out;
  // Only the option itself: "clientaddr=" and "mountaddr=" end like it.
  for (const auto& option : split(options, ','))
    if (option.starts_with("addr=")) out.push_back(option.substr(5));
  if (type != "ceph") return out;
  // Monitors: the source as it was, "10.0.0.9:6789,10.0.0.10:6789:/", or an option with "/" between them.
  if (const auto path = source.find(":/"); path != std::string::npos)
    for (const auto& monitor : split(source.substr(0, path), ',')) out.push_back(without_port(monitor));
  for (const auto& option : split(options, ','))
    if (option.starts_with("mon_addr="))
      for (const auto& monitor : split(option.substr(9), '/')) out.push_back(without_port(monitor));
  return out;
}

}  // namespace

std::string Server::route_to(const std::string& address) const {
  std::string best;
  int most = -1;
  const auto offer = [&](int prefix, const std::string& interface) {
    if (prefix <= most) return;
    most = prefix;
    best = interface;
  };
  in_addr v4;
  Address v6;
  // An address that holds on one link only names that link.
  if (const auto scope = address.find('%'); scope != std::string::npos) return address.substr(scope + 1);
  if (inet_pton(AF_INET, address.c_str(), &v4) == 1) {
    // The kernel prints both words as it has them in memory: in network byte order.
    std::ifstream routes(root_ / "proc/net/route");
    for (std::string line; std::getline(routes, line);) {
      const auto w = words(line);
      if (w.size() < 8 || w[0] == "Iface") continue;
      const auto destination = std::strtoul(w[1].c_str(), nullptr, 16), mask = std::strtoul(w[7].c_str(), nullptr, 16);
      if ((v4.s_addr & mask) == destination) offer(__builtin_popcountl(mask), w[0]);
    }
  } else if (inet_pton(AF_INET6, address.c_str(), v6.data()) == 1) {
    std::ifstream routes(root_ / "proc/net/ipv6_route");
    for (std::string line; std::getline(routes, line);) {
      const auto w = words(line);
      if (w.size() != 10 || w[0].size() != 32) continue;
      Address to;
      for (unsigned i = 0; i < 16; ++i)
        to[i] = static_cast<std::uint8_t>(std::stoul(w[0].substr(2 * i, 2), nullptr, 16));
      const auto prefix = static_cast<unsigned>(std::stoul(w[1], nullptr, 16));
      if (prefix <= 128 && same_prefix(v6, to, prefix) && w[9] != "lo") offer(static_cast<int>(prefix), w[9]);
    }
  }
  return best;
}

std::string Server::bridge_of(const std::string& misc_name) const {
  std::error_code none;
  return fs::canonical(root_ / "sys/class/misc" / misc_name / "device", none).filename();
}

std::optional<fs::path> Server::slot_folder(unsigned physical, const std::string& bridge) const {
  const fs::path devices = root_ / "sys/bus/pci/devices";
  for (const auto& folder : entries(root_ / "sys/bus/pci/slots")) {
    const std::string name = folder.filename();
    const std::string number = name.substr(0, name.find('-'));
    if (number != std::to_string(physical)) continue;
    // The slot's bus hangs below a port whose path leads through the switch of this bridge.
    const std::string at = first_line(folder / "address");
    for (const auto& port : entries(devices)) {
      std::error_code none;
      const std::string path = fs::canonical(port, none);
      if (path.find("/" + without_function(bridge) + ".") == std::string::npos) continue;
      for (const auto& bus : entries(fs::path(path) / "pci_bus"))
        if (bus.filename() == at.substr(0, at.rfind(':'))) return folder;
    }
  }
  return {};
}

Function Server::function(const std::string& address) const {
  const fs::path device = root_ / "sys/bus/pci/devices" / address;
  Function f{.address = address, .driver = {}, .netdevs = {}};
  std::error_code none;
  if (const auto driver = fs::read_symlink(device / "driver", none); !none) f.driver = driver.filename();
  for (const auto& n : entries(device / "net")) f.netdevs.push_back(n.filename());
  return f;
}

std::vector<Function> Server::functions(const fs::path& slot_folder) const {
  std::vector<Function> out;
  const std::string at = first_line(slot_folder / "address");
  for (const auto& device : entries(root_ / "sys/bus/pci/devices")) {
    const std::string address = device.filename();
    if (without_function(address) == at) out.push_back(function(address));
  }
  return out;
}

namespace {

Failure power_failure(const fs::path& file) {
  return {errno == EACCES ? Exit::kPermission : Exit::kFailed,
          fmt::format("{}: {}", file.string(), std::strerror(errno))};
}

}  // namespace

void Server::may_power(const fs::path& slot_folder) const {
  if (::access((slot_folder / "power").c_str(), W_OK) != 0) throw power_failure(slot_folder / "power");
}

void Server::power(const fs::path& slot_folder, bool on) const {
  const fs::path file = slot_folder / "power";
  std::FILE* out = std::fopen(file.c_str(), "we");
  const bool written = out && std::fputs(on ? "1" : "0", out) >= 0;
  // The kernel carries it out in write(2), which is at the latest in fclose().
  const bool done = out && std::fclose(out) == 0 && written;
  if (!done) throw power_failure(file);
}

std::uint64_t Server::statistic(const std::string& netdev, const std::string& counter) const {
  return std::strtoull(first_line(root_ / "sys/class/net" / netdev / "statistics" / counter).c_str(), nullptr, 10);
}

std::vector<std::string> Server::uses(const std::string& netdev) const {
  std::vector<std::string> out;
  // The interfaces on top of this one (VLANs, macvlans, a bridge or bond above) carry its uses, too.
  std::vector<std::string> stack{netdev};
  for (std::size_t i = 0; i < stack.size(); ++i)
    for (const auto& e : entries(root_ / "sys/class/net" / stack[i])) {
      const std::string name = e.filename();
      if (name.starts_with("upper_")) stack.push_back(name.substr(6));
    }
  const auto named = [&](const std::string& n) { return std::find(stack.begin(), stack.end(), n) != stack.end(); };
  const auto how = [&](const std::string& n) { return n == netdev ? n : fmt::format("{} (on {})", n, netdev); };

  // IPv4: Iface Destination Gateway Flags RefCnt Use Metric Mask ...; a default route has neither destination nor mask.
  std::ifstream v4(root_ / "proc/net/route");
  for (std::string line; std::getline(v4, line);) {
    const auto w = words(line);
    if (w.size() >= 8 && named(w[0]) && w[1] == "00000000" && w[7] == "00000000")
      out.push_back(fmt::format("the default route leads through {}", how(w[0])));
  }
  // IPv6: destination, its length, source, its length, next hop, metric, counts, flags, interface.
  std::ifstream v6(root_ / "proc/net/ipv6_route");
  for (std::string line; std::getline(v6, line);) {
    const auto w = words(line);
    if (w.size() == 10 && w[1] == "00" && named(w[9]) && w[4].find_first_not_of('0') != std::string::npos)
      out.push_back(fmt::format("the IPv6 default route leads through {}", how(w[9])));
  }
  // A bond that would have no member left.
  for (const auto& master : entries(root_ / "sys/class/net")) {
    const auto members = words(first_line(master / "bonding/slaves"));
    if (members.size() == 1 && members.front() == netdev)
      out.push_back(fmt::format("{} is the only member of the bond {}", netdev, master.filename().string()));
  }
  // A network file system whose server is reached through it: told by the route to its address.
  std::ifstream mounts(root_ / "proc/mounts");
  for (std::string line; std::getline(mounts, line);) {
    const auto w = words(line);
    if (w.size() < 4) continue;
    for (const auto& address : servers_of(w[0], w[2], w[3]))
      if (named(route_to(address)))
        out.push_back(fmt::format("{} ({}) is mounted from {} through {}", w[1], w[2], address, netdev));
  }
  return out;
}

}  // namespace vfpool::tools

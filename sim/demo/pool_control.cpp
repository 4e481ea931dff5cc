// SPDX-License-Identifier: Apache-2.0
#include "demo/pool_control.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <stdexcept>

namespace vfpool::demo {

using nlohmann::json;

json PoolControl::ask(const json& request) const {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, socket_.c_str(), sizeof address.sun_path - 1);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval limit{10, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  const std::string line = request.dump() + "\n";
  std::string reply;
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
      send(fd, line.data(), line.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(line.size())) {
    char buffer[4096];
    for (ssize_t n; reply.find('\n') == std::string::npos && (n = recv(fd, buffer, sizeof buffer, 0)) > 0;)
      reply.append(buffer, static_cast<std::size_t>(n));
  }
  close(fd);
  if (reply.empty()) throw std::runtime_error("no answer from the simulator at " + socket_.string());
  json answer = json::parse(reply);
  if (!answer.value("ok", false)) throw std::runtime_error(answer.value("error", "refused"));
  return answer;
}

std::string PoolControl::tlps_since_last() {
  const json now = ask({{"op", "counters"}})["tlps"];
  std::string out = fmt::format("{:8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>12}\n", "port", "CfgRd", "CfgWr",
                                "MRd", "MWr", "MSI", "Cpl", "CplD", "bytes");
  for (const auto& [port, directions] : now.items()) {
    for (const char* direction : {"in", "out"}) {
      const auto since = [&](const char* kind) {
        const auto value = [&](const json& all) -> std::uint64_t {
          return all.contains(port) ? all[port][direction].value(kind, std::uint64_t{0}) : 0;
        };
        return value(now) - value(last_);
      };
      out += fmt::format("{:5} {:>2} {:8} {:8} {:8} {:8} {:8} {:8} {:8} {:12}\n", port,
                         std::strcmp(direction, "in") == 0 ? "->" : "<-", since("CfgRd"), since("CfgWr"), since("MRd"),
                         since("MWr"), since("MSI"), since("Cpl"), since("CplD"), since("bytes"));
    }
  }
  last_ = now;
  return out;
}

}  // namespace vfpool::demo

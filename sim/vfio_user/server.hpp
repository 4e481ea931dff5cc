// SPDX-License-Identifier: Apache-2.0
// Serves one Device to one QEMU (vfio-user-pci) at a time over a UNIX socket. Requests of the client are carried out
// in order, one after the other; a client that sends nonsense is told why in the log and disconnected, and the socket
// goes on listening. Not by libvfio-user: Debian has no package of it, and its callback for a BAR must answer at once,
// while here the answer is a TLP that comes cycles later.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/scheduler.hpp"
#include "vfio_user/device.hpp"

namespace vfpool::vfio_user {

class Server {
 public:
  struct Counters {
    std::uint64_t clients = 0, requests = 0, refused = 0, protocol_errors = 0;
  };

  /// Listens at `path` (a stale socket is replaced); throws std::system_error if it cannot. `device` outlives the
  /// server.
  Server(Scheduler& scheduler, std::string path, Device& device);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Of its socket.
  const std::string& path() const;
  bool connected() const;
  /// When that changed last; when the server was made, if never.
  SimTime changed() const;
  const Counters& counters() const;
  /// What waits, one line each: requests of the client at the device, messages that the client does not read.
  std::vector<std::string> waits_for() const;
  std::string state() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace vfpool::vfio_user

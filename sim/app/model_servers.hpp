// SPDX-License-Identifier: Apache-2.0
// Servers of a pool that the simulator plays itself: no VM, a C++ host and a program on it.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "bridge/bridge.hpp"
#include "host/enumerate.hpp"
#include "host/pf_driver.hpp"
#include "host/server.hpp"
#include "host/vf_driver.hpp"

namespace vfpool::app {

/// A server at a port of the bridge, whose link it brings up.
class ModelServer {
 public:
  ModelServer(Scheduler& scheduler, bridge::Bridge& bridge, unsigned port, const std::string& name);
  virtual ~ModelServer() = default;

  unsigned port() const { return port_; }
  host::Server& server() { return server_; }

 protected:
  /// The heir's program, from the end of its constructor. What ends it is logged.
  void start(host::Task<> program);

  host::Server server_;
  host::Enumerator enumerator_;

 private:
  host::Task<> guard(host::Task<> program);

  unsigned port_;
  std::optional<host::Task<>> program_;
};

/// The owner: enables `vfs` VFs of each card, or as many as it has, and serves the mailboxes of 82599s.
class ModelOwner : public ModelServer {
 public:
  ModelOwner(Scheduler& scheduler, bridge::Bridge& bridge, const std::string& name, unsigned vfs);

 private:
  host::Task<> run(unsigned vfs);
  std::vector<std::unique_ptr<host::PfDriver>> drivers_;
};

/// A user: switches on each slot once something is in it, and sends every frame that its VFs get back to where it came
/// from. What a device under test does between the ports of a traffic generator (RFC 2544, 6).
class ModelUser : public ModelServer {
 public:
  ModelUser(Scheduler& scheduler, bridge::Bridge& bridge, unsigned port, const std::string& name);

 private:
  host::Task<> run();
  void reflect(host::VfDriver& vf);
  std::vector<std::unique_ptr<host::VfDriver>> vfs_;
};

}  // namespace vfpool::app

// SPDX-License-Identifier: Apache-2.0
// One virtual machine: QEMU, the Debian kernel, the guest image, and the agent in it.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "config/topology.hpp"
#include "lab/agent_client.hpp"
#include "lab/process.hpp"

namespace vfpool::lab {

/// CPU time of a thread so far; 0 when it is gone.
std::chrono::nanoseconds cpu_time(pid_t thread);

class VmError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct VmConfig {
  std::string name;              ///< also the guest's host name, and the stem of its files in the run folder
  std::filesystem::path folder;  ///< run folder: sockets, console log
  std::filesystem::path kernel;
  std::filesystem::path initrd;
  /// Sockets of the simulator, a vfio-user device each.
  std::vector<std::filesystem::path> vfio_user;
  bool root_ports = false;  ///< each of these devices behind a root port of its own, as a card in a slot
  config::Topology::Vm options;
};

/// Thread-safe: one thread may restart it while others wait for commands in it, which then fail with AgentError.
class Vm {
 public:
  explicit Vm(VmConfig config);
  ~Vm();
  Vm(const Vm&) = delete;
  Vm& operator=(const Vm&) = delete;

  const VmConfig& config() const { return config_; }
  const std::string& name() const { return config_.name; }

  /// Starts QEMU and returns at once. A VM that runs is left alone.
  void start();
  /// Waits until the agent answers (init = "agent"); returns the seconds since start(). Throws VmError with the
  /// console's last lines when QEMU ends first or `limit` passes; `cancelled` is asked a few times a second.
  double wait_ready(std::chrono::milliseconds limit, const std::function<bool()>& cancelled = {});
  /// Ends QEMU in an orderly manner (device disconnects included).
  void stop();
  /// The server dies: SIGKILL.
  void kill();
  void restart(std::chrono::milliseconds limit);

  bool running() const;
  bool ready() const;
  pid_t pid() const;  ///< QEMU's; -1 when it was never started
  /// CPU time of its virtual processors so far, as the host counts it; 0 while it does not run.
  std::chrono::nanoseconds cpu_time() const;

  /// Throws AgentError when the guest does not answer. A command that fails or times out is a Result.
  Result run(const std::string& sh, std::chrono::milliseconds timeout = std::chrono::seconds(60));
  Result run(const AgentClient::Command& command) { return agent()->run(command); }
  Background spawn(const std::string& sh);
  /// Copies bytes into a file of the guest. Throws AgentError.
  void put(const std::string& guest_path, const std::string& bytes, bool executable = false);
  /// The agent. Throws AgentError while there is none.
  std::shared_ptr<AgentClient> agent() const;

  /// Everything the guest has printed on its serial console since its last start.
  std::string console() const;
  std::string console_tail(std::size_t lines) const;

  /// One QMP command, e.g. device_add. Throws VmError with QEMU's own words.
  nlohmann::json qmp(const std::string& command, const nlohmann::json& arguments = nlohmann::json::object());

  std::filesystem::path file(const std::string& extension) const;  ///< NAME.extension in the run folder

 private:
  std::vector<std::string> command_line() const;
  void drop_agent();

  VmConfig config_;
  mutable std::mutex mutex_;
  std::unique_ptr<Process> process_;
  std::shared_ptr<AgentClient> agent_;
  std::chrono::steady_clock::time_point started_;
};

}  // namespace vfpool::lab

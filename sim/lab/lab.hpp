// SPDX-License-Identifier: Apache-2.0
// The laboratory: the simulator, the network namespaces at its wire, and the virtual machines, as one topology file
// describes them. The program vfpool-lab and the demo are written on this.
//
//   Lab lab({.topology = "pool.toml", .folder = "build/lab"});
//   lab.up();
//   auto r = lab.vm("user1").run("ip -br link");          // {rc, out, err}
//   auto server = lab.vm("user1").spawn("iperf3 -s");     // goes on; wait(), peek(), signal()
//   lab.peer("peer").run("ping -c 3 10.82.0.1");
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "config/topology.hpp"
#include "lab/image.hpp"
#include "lab/netns.hpp"
#include "lab/process.hpp"
#include "lab/vm.hpp"

namespace vfpool::lab {

class LabError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A host at the wire: a network namespace of this machine.
class Peer {
 public:
  Peer(std::string name, std::filesystem::path folder) : name_(std::move(name)), folder_(std::move(folder)) {}
  const std::string& name() const { return name_; }
  /// Runs a shell line and waits for it. Call on the thread that called Lab::up().
  Result run(const std::string& sh, std::chrono::milliseconds timeout = std::chrono::seconds(60)) const;
  /// Starts a shell line that goes on; its output goes to NAME.N.log in the run folder. It ends with the object.
  std::unique_ptr<Process> spawn(const std::string& sh);

 private:
  std::string name_;
  std::filesystem::path folder_;
  int spawned_ = 0;
};

class ControlServer;

class Lab {
 public:
  struct Options {
    std::filesystem::path topology;
    std::filesystem::path folder;       ///< run folder: sockets, logs, records, state.json; is created
    std::filesystem::path sim_program;  ///< empty: $VFPOOL_SIM, else the one of the same build
    std::chrono::seconds boot_limit{120};
    /// One line of progress for people, with elapsed seconds; empty: standard error.
    std::function<void(const std::string&)> progress;
  };

  /// Reads the topology. Throws config::ConfigError.
  explicit Lab(Options options);
  /// A lab of a topology that was read before, and perhaps changed in what is the lab's: `options.topology` is not
  /// looked at.
  Lab(Options options, config::Topology topology);
  /// down()
  ~Lab();
  Lab(const Lab&) = delete;
  Lab& operator=(const Lab&) = delete;

  /// Builds the image if need be, starts everything, waits until every guest with an agent answers. Throws LabError (or
  /// VmError, std::system_error) with what went wrong; what was started is then ended again. Needs root when there are
  /// peers.
  void up();
  /// Ends everything; nothing is left but logs and records. Does nothing when it is down.
  void down();
  /// Makes a running up() give up, and wait_until_asked_down() return. May be called on any thread.
  void ask_down();
  void wait_until_asked_down();

  /// Throws LabError for a name that the topology does not have.
  Vm& vm(const std::string& name);
  std::vector<std::string> vm_names() const;
  Peer& peer(const std::string& name);
  const config::Topology& topology() const { return topology_; }
  const std::filesystem::path& folder() const { return options_.folder; }
  const Image& image() const { return images_.at(topology_.image.kernel_root); }
  /// The simulator; nullptr when the topology has none.
  Process* sim() { return sim_.get(); }
  /// What has become of the servers, and what to do, when the simulator has ended; empty while it runs, or when there
  /// is none. Thread-safe between up() and down().
  std::string sim_is_gone() const;
  /// Path of a file in the run folder, e.g. the simulator's control socket or a record.
  std::filesystem::path file(const std::string& name) const { return options_.folder / name; }

  /// For programs: what `vfpool-lab status --json` prints.
  nlohmann::json status();

 private:
  void say(const std::string& text) const;
  void take_folder();
  std::filesystem::path kernel_root(const config::Topology::Server& server) const;
  void start_sim();
  void set_up_peers();
  void start_vms();
  void write_state();
  bool asked_down() const { return asked_down_; }
  std::string log_tail(const std::filesystem::path& log) const;

  Options options_;
  config::Topology topology_;
  std::map<std::filesystem::path, Image> images_;  // by kernel_root
  std::chrono::steady_clock::time_point started_;
  std::atomic<bool> asked_down_ = false;
  std::mutex down_mutex_;
  std::condition_variable down_changed_;
  Fd lock_;
  std::unique_ptr<Namespaces> namespaces_;
  std::unique_ptr<Process> sim_;
  std::map<std::string, std::unique_ptr<Peer>> peers_;
  std::vector<std::unique_ptr<Process>> peer_programs_;
  std::vector<std::unique_ptr<Vm>> vms_;
  std::unique_ptr<ControlServer> control_;
};

}  // namespace vfpool::lab

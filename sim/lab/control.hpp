// SPDX-License-Identifier: Apache-2.0
// How other programs reach a running lab: lab.sock in its run folder.
//
// A connection carries one request and one answer, messages both (agent/message.hpp; written as JSON here); the answer
// has "error" when it failed.
//   {"op":"status"}
//   {"op":"run","vm":"user1","sh":"..." or "argv":[..],"timeout":60,"stdin":bytes} -> rc, out, err (bytes),
//   timed_out
//   {"op":"start"|"stop"|"kill"|"restart","vm":"user1"}
//   {"op":"resize","vm":"user1","rows":24,"columns":80,"term":"xterm"}   of its interactive shell
//   {"op":"qmp","vm":"user1","command":"device_del","arguments":{..}}    -> return
//   {"op":"down"}       answered at once; the lab then ends, and its supervisor with it
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <list>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "core/fd.hpp"

namespace vfpool::lab {

class Lab;

/// Serves requests on threads of its own, so that long commands do not hold up others. The lab must be up, and outlive
/// this.
class ControlServer {
 public:
  ControlServer(Lab& lab, const std::filesystem::path& path);
  ~ControlServer();
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

 private:
  struct Client {
    Fd socket;
    bool done = false;
    std::thread thread;
  };

  void accept_clients();
  void serve(Client& client);
  nlohmann::json answer(const nlohmann::json& request);
  void join_done();

  Lab& lab_;
  Fd socket_;
  std::mutex mutex_;
  std::list<Client> clients_;
  std::thread acceptor_;
};

/// Thrown when no lab runs in a folder.
class NoLab : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Asks the lab of run folder `folder`; waits as long as it takes. Throws NoLab, or std::runtime_error with the lab's
/// own words.
nlohmann::json ask_lab(const std::filesystem::path& folder, const nlohmann::json& request);

/// The process that holds the lab of `folder` together. Throws NoLab.
pid_t lab_supervisor(const std::filesystem::path& folder);

}  // namespace vfpool::lab

// SPDX-License-Identifier: Apache-2.0
// The host's end of the agent's port: runs commands in a guest.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <thread>

#include "core/fd.hpp"

namespace vfpool::lab {

/// The guest did not do what was asked: its connection is gone, it does not answer, it refused the request.
class AgentError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// How a command in a guest or a namespace ended.
struct Result {
  int rc = 0;  ///< exit status, or 128 + signal number
  std::string out;
  std::string err;
  bool timed_out = false;
  bool running = false;  ///< of a Background that is still at work: what it has printed so far
};

class AgentClient;

/// A command that goes on in the guest. Destroying this forgets the command; it does not end it. Every call throws
/// AgentError once the guest is gone.
class Background {
 public:
  /// Waits for its end. Throws AgentError when it does not come in time.
  Result wait(std::chrono::milliseconds limit);
  /// What it has printed so far, or how it ended.
  Result peek();
  /// Signals everything the command started. A command that has ended is left alone.
  void signal(int number);

 private:
  friend class AgentClient;
  Background(std::shared_ptr<AgentClient> client, std::int64_t id, std::shared_future<nlohmann::json> answer)
      : client_(std::move(client)), id_(id), answer_(std::move(answer)) {}

  std::shared_ptr<AgentClient> client_;
  std::int64_t id_;
  std::shared_future<nlohmann::json> answer_;
};

/// Thread-safe; commands run side by side. Owned by shared pointers: whoever waits for an answer keeps it alive.
class AgentClient : public std::enable_shared_from_this<AgentClient> {
 public:
  struct Command {
    std::string sh;                 ///< a line for the guest's shell, or
    std::vector<std::string> argv;  ///< a program and its arguments
    std::string input;              ///< standard input
    std::map<std::string, std::string> env;
    std::chrono::milliseconds timeout{60'000};  ///< 0: none
  };

  explicit AgentClient(Fd socket);
  ~AgentClient();
  AgentClient(const AgentClient&) = delete;
  AgentClient& operator=(const AgentClient&) = delete;

  bool connected() const;
  /// Ends the connection; everything that waits for an answer gets AgentError.
  void close();
  /// True when the agent answers in time.
  bool ping(std::chrono::milliseconds limit);
  Result run(const Command& command);
  Background spawn(Command command);
  /// One request of the protocol (agent/main.cpp); fills in the id.
  nlohmann::json request(nlohmann::json request, std::chrono::milliseconds limit);

 private:
  friend class Background;
  std::pair<std::int64_t, std::shared_future<nlohmann::json>> send(nlohmann::json request);
  void read_answers();
  void take_answer(const nlohmann::json& answer);

  Fd socket_;
  mutable std::mutex mutex_;
  std::mutex write_mutex_;
  bool connected_ = true;
  std::int64_t next_id_;
  std::map<std::int64_t, std::promise<nlohmann::json>> waiting_;
  std::thread reader_;
};

}  // namespace vfpool::lab

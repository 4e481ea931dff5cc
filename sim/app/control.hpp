// SPDX-License-Identifier: Apache-2.0
// The control socket: JSON lines. Each line is a request {"op": ..., "id"?: any}; each gets one line back, {"id"?,
// "ok": true, ...} or {"id"?, "ok": false, "error": "..."}. Many clients at once; a client that sends nonsense gets an
// error, one that sends too much without a line end or comes as one too many an error and its end.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "core/fd.hpp"
#include "core/scheduler.hpp"

namespace vfpool::app {

class ControlSocket {
 public:
  /// Answers a request, or throws; what() of any std::exception becomes the error's text.
  using Handler = std::function<nlohmann::json(const nlohmann::json& request)>;

  /// Listens at `path` (listen_unix). Throws std::system_error.
  ControlSocket(Scheduler& scheduler, std::filesystem::path path, Handler handler);
  ~ControlSocket();
  ControlSocket(const ControlSocket&) = delete;
  ControlSocket& operator=(const ControlSocket&) = delete;

 private:
  struct Client {
    Fd socket;
    std::string pending;          ///< bytes that are not answered
    Scheduler::TimerId more = 0;  ///< answers the next line of `pending`
  };

  void accept_client();
  void receive(int fd);
  void answer_one(int fd);
  void drop(int fd);
  nlohmann::json answer(const std::string& line);

  Scheduler& scheduler_;
  std::filesystem::path path_;
  Handler handler_;
  Fd listener_;
  std::map<int, Client> clients_;  ///< by descriptor
};

}  // namespace vfpool::app

// SPDX-License-Identifier: Apache-2.0
#include "lab/control.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "core/unix_socket.hpp"
#include "lab/agent/message.hpp"
#include "lab/lab.hpp"

namespace vfpool::lab {
namespace {

using nlohmann::json;

// The next message; nothing when the other side ends the connection first. Throws BadMessage.
std::optional<json> receive_message(int fd) {
  std::string in;
  std::array<char, 65536> buffer;
  for (;;) {
    if (auto message = take_message(in)) return message;
    const ssize_t n = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return std::nullopt;
    in.append(buffer.data(), static_cast<std::size_t>(n));
  }
}

AgentClient::Command command_of(const json& request) {
  AgentClient::Command c;
  if (request.contains("argv")) {
    c.argv = request.at("argv").get<std::vector<std::string>>();
  } else {
    c.sh = request.at("sh").get<std::string>();
  }
  c.input = to_bytes(request.value("stdin", json()));
  const double timeout = request.value("timeout", 60.0);
  if (!(timeout >= 0 && timeout < 1e6)) throw LabError("timeout wants seconds; 0 is none");
  c.timeout = std::chrono::milliseconds(static_cast<std::int64_t>(timeout * 1000));
  return c;
}

Fd connect_lab(const std::filesystem::path& folder) {
  auto fd = connect_unix(folder / "lab.sock");
  if (!fd) throw NoLab(fmt::format("no lab is running in {} (vfpool-lab up starts one)", folder.string()));
  return std::move(*fd);
}

}  // namespace

ControlServer::ControlServer(Lab& lab, const std::filesystem::path& path) : lab_(lab), socket_(listen_unix(path)) {
  acceptor_ = std::thread([this] { accept_clients(); });
}

ControlServer::~ControlServer() {
  ::shutdown(socket_.get(), SHUT_RDWR);
  acceptor_.join();
  {
    const std::lock_guard lock(mutex_);
    for (const Client& c : clients_) ::shutdown(c.socket.get(), SHUT_RD);
  }
  for (Client& c : clients_) c.thread.join();
}

void ControlServer::accept_clients() {
  for (;;) {
    Fd fd(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!fd && (errno == EINTR || errno == ECONNABORTED)) continue;
    if (!fd && (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)) {
      spdlog::warn("lab.sock: {}", std::generic_category().message(errno));
      std::this_thread::sleep_for(std::chrono::seconds(1));
      continue;
    }
    if (!fd) return;  // shut down
    join_done();
    const std::lock_guard lock(mutex_);
    Client& client = clients_.emplace_back();
    client.socket = std::move(fd);
    client.thread = std::thread([this, &client] { serve(client); });
  }
}

void ControlServer::join_done() {
  const std::lock_guard lock(mutex_);
  for (auto it = clients_.begin(); it != clients_.end();) {
    if (!it->done) {
      ++it;
      continue;
    }
    it->thread.join();
    it = clients_.erase(it);
  }
}

void ControlServer::serve(Client& client) {
  json result;
  try {
    if (const auto request = receive_message(client.socket.get())) result = answer(*request);
  } catch (const std::exception& e) {
    result = {{"error", e.what()}};
  }
  // Whoever no longer wants to know does not get it.
  if (!result.is_null()) send_all(client.socket.get(), encode_message(result));
  ::shutdown(client.socket.get(), SHUT_RDWR);
  const std::lock_guard lock(mutex_);
  client.done = true;
}

json ControlServer::answer(const json& request) {
  const std::string op = request.at("op").get<std::string>();
  if (op == "status") return lab_.status();
  if (op == "down") {
    lab_.ask_down();
    return json::object();
  }
  Vm& vm = lab_.vm(request.at("vm").get<std::string>());
  if (op == "run") {
    const Result r = vm.run(command_of(request));
    return {{"rc", r.rc}, {"out", to_json(r.out)}, {"err", to_json(r.err)}, {"timed_out", r.timed_out}};
  }
  if (op == "start" || op == "restart")
    if (const std::string gone = lab_.sim_is_gone(); !gone.empty() && !vm.config().vfio_user.empty())
      throw LabError(gone);
  if (op == "start") {
    vm.start();
    return {{"seconds", vm.wait_ready(std::chrono::minutes(2))}};
  }
  if (op == "stop") {
    vm.stop();
  } else if (op == "kill") {
    vm.kill();
  } else if (op == "restart") {
    vm.restart(std::chrono::minutes(2));
  } else if (op == "resize") {
    return vm.agent()->request(
        {{"resize", {request.at("rows"), request.at("columns")}}, {"term", request.value("term", "")}},
        std::chrono::seconds(5));
  } else if (op == "qmp") {
    return {{"return", vm.qmp(request.at("command").get<std::string>(), request.value("arguments", json::object()))}};
  } else {
    throw LabError("unknown op " + op);
  }
  return json::object();
}

json ask_lab(const std::filesystem::path& folder, const json& request) {
  const Fd fd = connect_lab(folder);
  send_all(fd.get(), encode_message(request));
  const json answer = receive_message(fd.get()).value_or(nullptr);
  if (!answer.is_object()) throw std::runtime_error("the lab ended before it answered");
  if (answer.contains("error")) throw std::runtime_error(answer.at("error").get<std::string>());
  return answer;
}

pid_t lab_supervisor(const std::filesystem::path& folder) {
  const Fd fd = connect_lab(folder);
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
    throw std::system_error(errno, std::generic_category(), "SO_PEERCRED");
  return peer.pid;
}

}  // namespace vfpool::lab

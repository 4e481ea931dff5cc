// SPDX-License-Identifier: Apache-2.0
#include "lab/control.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>

#include <cerrno>

#include "core/unix_socket.hpp"
#include "lab/base64.hpp"
#include "lab/lab.hpp"

namespace vfpool::lab {
namespace {

using nlohmann::json;

/// A request line longer than this is not one.
constexpr std::size_t kMaxLine = 64U << 20;

// Whoever no longer wants to know does not get it.
void write_line(int fd, const json& value) {
  send_all(fd, value.dump(-1, ' ', false, json::error_handler_t::replace) + "\n");
}

AgentClient::Command command_of(const json& request) {
  AgentClient::Command c;
  if (request.contains("argv")) {
    c.argv = request.at("argv").get<std::vector<std::string>>();
  } else {
    c.sh = request.at("sh").get<std::string>();
  }
  if (request.contains("stdin_b64")) {
    const auto bytes = base64_decode(request.at("stdin_b64").get<std::string>());
    if (!bytes) throw LabError("stdin_b64 is no base64");
    c.input = *bytes;
  }
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
  std::string rest;
  if (const auto line = read_line(client.socket.get(), rest, kMaxLine)) {
    json result;
    try {
      result = answer(json::parse(*line));
    } catch (const std::exception& e) {
      result = {{"error", e.what()}};
    }
    write_line(client.socket.get(), result);
  }
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
    return {
        {"rc", r.rc}, {"out_b64", base64_encode(r.out)}, {"err_b64", base64_encode(r.err)}, {"timed_out", r.timed_out}};
  }
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
  write_line(fd.get(), request);
  std::string rest;
  const json answer = json::parse(read_line(fd.get(), rest, kMaxLine).value_or(""), nullptr, false);
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

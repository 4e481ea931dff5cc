// SPDX-License-Identifier: Apache-2.0
// vfpool-agent: runs commands in a guest for the host, and loads the drivers of devices that appear.
//
// It reads requests from the virtio-serial port `vfpool.agent`, one message each (message.hpp; written as JSON here),
// and answers each with one that bears the same id; answers come when they are ready, not in order:
//   {"id":1,"sh":"ip link"}  or  {"id":1,"argv":["ip","link"]},
//       optional "stdin": bytes, "env":{..}, "timeout": seconds  -> {"id":1,"rc":0,"out":bytes,"err":bytes}
//       plus "timed_out":true, "truncated":true where that happened
//   {"id":2,"peek":1}                what command 1 has printed   -> {"id":2,"rc":0,"running":true,"out":..,"err":..}
//   {"id":3,"kill":1,"signal":15}    signals all of command 1     -> {"id":3,"rc":0}
//   {"id":4,"resize":[24,80],"term":"xterm"}  of the shell        -> {"id":4,"rc":0}
//   {"id":5,"ping":true}                                          -> {"id":5,"rc":0}
// A request that makes no sense is answered with {"id":..,"error":"why"}, and what is no message with a null id; a
// message that the host leaves unfinished when it hangs up is forgotten.
//
// Usage: vfpool-agent [--fd N [--shell-fd M]]; the descriptors replace the ports (tests), and no drivers are loaded.
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "lab/agent/command.hpp"
#include "lab/agent/message.hpp"
#include "lab/agent/module_loader.hpp"
#include "lab/agent/port.hpp"
#include "lab/agent/shell.hpp"

namespace vfpool::lab {
namespace {

using nlohmann::json;

/// How often a parked port is looked at should its SIGIO have been missed.
constexpr int kParkedPollMs = 5000;

class BadRequest : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Agent {
 public:
  Agent(int fd, int shell_fd, bool load_modules) : port_(fd, 0) {
    if (load_modules) loader_ = std::make_unique<ModuleLoader>();
    if (shell_fd >= 0) shell_ = std::make_unique<Shell>(shell_fd);
    sigset_t set;
    ::sigemptyset(&set);
    ::sigaddset(&set, SIGCHLD);
    ::sigaddset(&set, SIGIO);
    ::sigprocmask(SIG_BLOCK, &set, nullptr);
    signals_ = ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    ::signal(SIGPIPE, SIG_IGN);
  }

  void run() {
    while (!port_.ended()) turn();
  }

 private:
  void turn() {
    std::vector<pollfd> fds{{signals_, POLLIN, 0}};
    if (port_.poll_fd() >= 0) fds.push_back({port_.poll_fd(), port_.poll_events(), 0});
    if (shell_) shell_->add_poll(fds);
    if (loader_) loader_->add_poll(fds);
    for (const auto& [id, command] : commands_) command->add_poll(fds);
    if (::poll(fds.data(), fds.size(), timeout_ms()) < 0) return;

    if (fds[0].revents != 0) {
      signalfd_siginfo info{};
      while (::read(signals_, &info, sizeof info) > 0) {
      }
    }
    if (port_.parked()) port_.look_again();
    for (const pollfd& p : fds) {
      if (p.revents != 0 && p.fd == port_.poll_fd()) port_.handle(p.revents, in_);
    }
    take_requests();
    if (shell_) {
      if (shell_->port_parked()) shell_->look_again();
      shell_->handle(fds);
    }
    if (loader_) loader_->handle();
    advance_commands();
  }

  int timeout_ms() const {
    std::optional<Command::Clock::time_point> next;
    for (const auto& [id, command] : commands_)
      if (command->deadline() && (!next || *command->deadline() < *next)) next = command->deadline();
    int timeout = port_.parked() || (shell_ && shell_->port_parked()) ? kParkedPollMs : -1;
    if (next) {
      const auto wait = std::chrono::ceil<std::chrono::milliseconds>(*next - Command::Clock::now()).count();
      const int ms = static_cast<int>(std::clamp<std::int64_t>(wait, 0, 60'000));
      timeout = timeout < 0 ? ms : std::min(timeout, ms);
    }
    return timeout;
  }

  void take_requests() {
    try {
      while (const auto request = take_message(in_)) take_request(*request);
    } catch (const BadMessage& e) {
      answer({{"id", nullptr}, {"error", e.what()}});
    }
    if (port_.parked()) in_.clear();
  }

  void take_request(const json& request) {
    json id = nullptr;
    try {
      if (!request.is_object()) throw BadRequest("not an object");
      id = request.value("id", json());
      if (!id.is_number_integer()) throw BadRequest("id is not an integer");
      serve(id.get<std::int64_t>(), request);
    } catch (const std::exception& e) {
      answer({{"id", id}, {"error", e.what()}});
    }
  }

  void serve(std::int64_t id, const json& request) {
    if (request.contains("sh") || request.contains("argv")) {
      start(id, request);
    } else if (request.contains("peek")) {
      const Command& command = find(request.at("peek"));
      json a{{"id", id}, {"rc", 0}, {"running", true}};
      a["out"] = to_json(command.out());
      a["err"] = to_json(command.err());
      answer(a);
    } else if (request.contains("kill")) {
      answer({{"id", id}, {"rc", find(request.at("kill")).signal(request.value("signal", SIGTERM)) ? 0 : 1}});
    } else if (request.contains("resize")) {
      const json& size = request.at("resize");
      if (shell_)
        shell_->resize(size.at(0).get<unsigned short>(), size.at(1).get<unsigned short>(), request.value("term", ""));
      answer({{"id", id}, {"rc", shell_ ? 0 : 1}});
    } else if (request.contains("ping")) {
      answer({{"id", id}, {"rc", 0}});
    } else {
      throw BadRequest("nothing to do in this request");
    }
  }

  void start(std::int64_t id, const json& request) {
    if (commands_.contains(id)) throw BadRequest("a command with this id is running");
    Command::Spec spec;
    if (request.contains("argv")) {
      spec.argv = request.at("argv").get<std::vector<std::string>>();
    } else {
      spec.argv = {"/bin/sh", "-c", request.at("sh").get<std::string>()};
    }
    if (spec.argv.empty() || spec.argv[0].empty()) throw BadRequest("argv is empty");
    if (request.contains("env")) spec.env = request.at("env").get<std::map<std::string, std::string>>();
    spec.input = to_bytes(request.value("stdin", json()));
    if (request.contains("timeout")) {
      const double seconds = request.at("timeout").get<double>();
      if (!(seconds > 0 && seconds < 1e6)) throw BadRequest("timeout wants seconds, more than 0");
      spec.timeout = std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000) + 1);
    }
    commands_.emplace(id, std::make_unique<Command>(std::move(spec)));
  }

  Command& find(const json& id) {
    const auto it = commands_.find(id.get<std::int64_t>());
    if (it == commands_.end()) throw BadRequest("no such command is running");
    return *it->second;
  }

  void advance_commands() {
    const auto now = Command::Clock::now();
    for (auto it = commands_.begin(); it != commands_.end();) {
      Command& command = *it->second;
      command.pump();
      command.check_deadline(now);
      if (!command.reap()) {
        ++it;
        continue;
      }
      json a{{"id", it->first}, {"rc", command.rc()}};
      a["out"] = to_json(command.out());
      a["err"] = to_json(command.err());
      if (command.timed_out()) a["timed_out"] = true;
      if (command.truncated()) a["truncated"] = true;
      answer(a);
      it = commands_.erase(it);
    }
  }

  void answer(const json& a) { port_.send(encode_message(a)); }

  Port port_;
  std::unique_ptr<Shell> shell_;
  std::unique_ptr<ModuleLoader> loader_;
  int signals_ = -1;
  std::string in_;
  std::map<std::int64_t, std::unique_ptr<Command>> commands_;
};

// The kernel names virtio-serial ports in sysfs; devtmpfs makes the node.
int open_port(const std::string& wanted) {
  std::error_code ec;
  for (const auto& entry : std::filesystem::directory_iterator("/sys/class/virtio-ports", ec)) {
    std::ifstream file(entry.path() / "name");
    std::string name;
    if (std::getline(file, name) && name == wanted)
      return ::open(("/dev/" + entry.path().filename().string()).c_str(), O_RDWR | O_CLOEXEC);
  }
  return -1;
}

}  // namespace
}  // namespace vfpool::lab

int main(int argc, char** argv) {
  using namespace vfpool::lab;
  int fd = -1;
  int shell_fd = -1;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--fd") == 0) fd = std::atoi(argv[i + 1]);
    if (std::strcmp(argv[i], "--shell-fd") == 0) shell_fd = std::atoi(argv[i + 1]);
  }
  const bool in_guest = fd < 0;
  if (in_guest) {
    ::setenv("PATH", "/usr/bin:/bin:/sbin:/usr/sbin", 1);
    ::setenv("HOME", "/root", 1);
    fd = open_port("vfpool.agent");
    shell_fd = open_port("vfpool.shell");
  }
  if (fd < 0) {
    std::fputs("vfpool-agent: no virtio-serial port named vfpool.agent\n", stderr);
    ::sleep(60);  // init starts us again
    return 1;
  }
  Agent(fd, shell_fd, in_guest).run();
  return 0;
}

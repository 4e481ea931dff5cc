// SPDX-License-Identifier: Apache-2.0
// vfpool-lab: real Linux servers around the simulated pool.
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>
#include <thread>

#include "lab/agent/message.hpp"
#include "lab/control.hpp"
#include "lab/lab.hpp"
#include "lab/terminal.hpp"

namespace vfpool::lab {
namespace {

using nlohmann::json;

/// Exit status when the lab itself failed, as opposed to a command that ran in it (whose status is passed on).
constexpr int kLabFailed = 125;

struct Arguments {
  std::string folder;
  std::string topology;
  std::string sim;
  std::vector<std::string> qemu;
  bool detach = false;
  bool json_output = false;
  bool follow = false;
  bool attach = false;
  double timeout = 60;
  std::string name;
  std::vector<std::string> command;
};

void print_bytes(std::FILE* to, const std::string& bytes) { std::fwrite(bytes.data(), 1, bytes.size(), to); }

// "owner=-nic user": words for QEMU, divided by spaces.
void add_qemu_options(config::Topology& topology, const std::string& text) {
  const auto name = text.substr(0, text.find('='));
  const auto server =
      std::find_if(topology.servers.begin(), topology.servers.end(), [&](auto& s) { return s.name == name; });
  if (name.size() == text.size() || server == topology.servers.end())
    throw std::runtime_error(fmt::format("--qemu {}: begin with the name of a server and =", text));
  std::istringstream words(text.substr(name.size() + 1));
  for (std::string word; words >> word;) server->vm.qemu_args.push_back(word);
}

// Runs the lab in this process until it is told to end.
int hold_lab(const Arguments& a, const std::function<void(const std::string&)>& progress,
             const std::function<void()>& ready) {
  // Blocked before any thread starts; one thread takes them.
  sigset_t set;
  ::sigemptyset(&set);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) ::sigaddset(&set, number);
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  ::signal(SIGPIPE, SIG_IGN);

  auto topology = config::read_topology(a.topology);
  for (const std::string& more : a.qemu) add_qemu_options(topology, more);
  Lab lab({.topology = a.topology, .folder = a.folder, .sim_program = a.sim, .progress = progress}, topology);
  std::atomic<bool> over = false;
  std::thread signals([&] {
    int number = 0;
    while (!over && ::sigwait(&set, &number) == 0) lab.ask_down();
  });
  const auto stop_signals = [&] {
    over = true;
    ::pthread_kill(signals.native_handle(), SIGHUP);
    signals.join();
  };
  try {
    lab.up();
    ready();
    lab.wait_until_asked_down();
    lab.down();
  } catch (...) {
    stop_signals();
    throw;
  }
  stop_signals();
  return 0;
}

// The supervisor goes on in a session of its own; this process shows its progress until the lab is up.
int up_detached(const Arguments& a) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
  std::filesystem::create_directories(a.folder);
  const std::string log = a.folder + "/lab.log";
  const pid_t child = ::fork();
  if (child < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (child > 0) {
    ::close(ends[1]);
    char buffer[4096];
    bool up = false;
    for (ssize_t n; (n = ::read(ends[0], buffer, sizeof buffer)) > 0;) {
      std::string text(buffer, static_cast<std::size_t>(n));
      if (text.back() == '\0') {
        up = true;
        text.pop_back();
      }
      print_bytes(stderr, text);
    }
    return up ? 0 : kLabFailed;
  }
  ::setsid();
  ::close(ends[0]);
  const int in = ::open("/dev/null", O_RDONLY);
  const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0644);
  ::dup2(in, STDIN_FILENO);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(out, STDERR_FILENO);
  ::close(in);
  ::close(out);
  Fd report(ends[1]);
  const auto say = [&report](const std::string& line) {
    fmt::print(stderr, "{}\n", line);
    const std::string text = line + "\n";
    if (report) [[maybe_unused]]
      const ssize_t n = ::write(report.get(), text.data(), text.size());
  };
  int rc = kLabFailed;
  try {
    rc = hold_lab(a, say, [&report] {
      [[maybe_unused]] const ssize_t n = ::write(report.get(), "", 1);
      report.reset();
    });
  } catch (const std::exception& e) {
    say(std::string("vfpool-lab: ") + e.what());
  }
  std::fflush(nullptr);
  report.reset();
  return rc;
}

int up(const Arguments& a) {
  if (a.detach) return up_detached(a);
  return hold_lab(a, {}, [] { fmt::print(stderr, "Ctrl-C ends the lab\n"); });
}

int down(const Arguments& a) {
  pid_t supervisor = 0;
  try {
    supervisor = lab_supervisor(a.folder);
  } catch (const NoLab&) {
    fmt::print(stderr, "no lab is running in {}\n", a.folder);
    return 0;
  }
  const Fd process = open_pidfd(supervisor);
  ask_lab(a.folder, {{"op", "down"}});
  pollfd p{process.get(), POLLIN, 0};
  if (process && ::poll(&p, 1, 60'000) == 0) {
    fmt::print(stderr, "the supervisor (process {}) does not end\n", supervisor);
    return kLabFailed;
  }
  fmt::print(stderr, "stopped; logs and records stay in {}\n", a.folder);
  return 0;
}

int status(const Arguments& a) {
  const json s = ask_lab(a.folder, {{"op", "status"}});
  if (a.json_output) {
    fmt::print("{}\n", s.dump(2));
    return 0;
  }
  fmt::print("lab in {}, {} s, supervisor {}\n", s.at("folder").get<std::string>(), s.at("seconds").get<int>(),
             s.at("supervisor").get<int>());
  if (s.contains("sim"))
    fmt::print("simulator {:<12} process {}\n", s["sim"].value("running", false) ? "running" : "ended",
               s["sim"].value("pid", 0));
  if (s.contains("sim") && s["sim"].contains("gone")) fmt::print("  {}\n", s["sim"]["gone"].get<std::string>());
  for (const json& vm : s.at("vms")) {
    const int alarms = vm.value("alarms", 0);
    fmt::print("{:<9} {:<12} process {}{}\n", vm.value("name", ""), vm.value("state", ""), vm.value("pid", 0),
               alarms > 0 ? fmt::format("  {} kernel warnings on its console", alarms) : "");
  }
  for (const json& p : s.at("peers"))
    fmt::print("{:<9} {} {}\n", p.value("netns", ""), p.value("interface", ""), p.at("address").dump());
  return 0;
}

int run(const Arguments& a) {
  if (a.command.empty()) throw std::runtime_error("run: which command?");
  json request{{"op", "run"}, {"vm", a.name}, {"timeout", a.timeout}};
  // One word is a line for the shell, as with ssh.
  if (a.command.size() == 1) {
    request["sh"] = a.command[0];
  } else {
    request["argv"] = a.command;
  }
  struct stat in{};
  // Input is passed on when it is a file or a pipe, not when it is a terminal.
  if (::fstat(STDIN_FILENO, &in) == 0 && (S_ISREG(in.st_mode) || S_ISFIFO(in.st_mode))) {
    const std::string bytes((std::istreambuf_iterator<char>(std::cin)), {});
    if (!bytes.empty()) request["stdin"] = to_json(bytes);
  }
  const json answer = ask_lab(a.folder, request);
  print_bytes(stdout, to_bytes(answer.at("out")));
  print_bytes(stderr, to_bytes(answer.at("err")));
  if (answer.value("timed_out", false)) fmt::print(stderr, "vfpool-lab: ended after {} s\n", a.timeout);
  return answer.at("rc").get<int>();
}

int console(const Arguments& a) {
  if (a.attach) {
    attach_terminal(a.folder, a.name, Line::kSerial);
    return 0;
  }
  std::ifstream in(a.folder + "/" + a.name + ".console", std::ios::binary);
  if (!in) throw std::runtime_error(fmt::format("no console log of '{}' in {}", a.name, a.folder));
  for (;;) {
    const std::string text((std::istreambuf_iterator<char>(in)), {});
    print_bytes(stdout, text);
    std::fflush(stdout);
    if (!a.follow) return 0;
    in.clear();
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
}

int wire(const Arguments& a) {
  enter_namespace(lab_supervisor(a.folder), a.name);
  std::vector<std::string> words = a.command;
  if (words.empty()) words = {"/bin/bash"};
  if (words.size() == 1) words = {"/bin/sh", "-c", words[0]};
  std::vector<char*> argv;
  for (std::string& w : words) argv.push_back(w.data());
  argv.push_back(nullptr);
  ::execvp(argv[0], argv.data());
  throw std::system_error(errno, std::generic_category(), words[0]);
}

int vm_op(const Arguments& a, const char* op) {
  std::vector<std::string> names{a.name};
  if (a.name.empty()) {
    names.clear();
    const json s = ask_lab(a.folder, {{"op", "status"}});
    for (const json& vm : s.at("vms")) names.push_back(vm.at("name").get<std::string>());
  }
  for (const std::string& name : names) ask_lab(a.folder, {{"op", op}, {"vm", name}});
  return 0;
}

// The words after the name are the command's own, options included.
void words_follow(CLI::App* c, std::vector<std::string>& command) {
  c->prefix_command();
  c->usage("Usage: vfpool-lab " + c->get_name() + " [OPTIONS] NAME COMMAND...");
  c->parse_complete_callback([c, &command] {
    command = c->remaining();
    if (!command.empty() && command[0] == "--") command.erase(command.begin());
  });
}

int main_checked(int argc, char** argv) {
  Arguments a;
  const char* env = std::getenv("VFPOOL_LAB_DIR");
  a.folder = env != nullptr && *env != '\0' ? env : VFPOOL_SOURCE_DIR "/build/lab";
  std::function<int()> action;

  CLI::App app{"Real Linux servers around the simulated pool."};
  app.require_subcommand(1);
  app.footer("Exit status: that of the command for run and wire; 125 when the lab itself failed; 0 otherwise.");
  app.add_option("--dir", a.folder, "run folder: sockets, logs, records (default $VFPOOL_LAB_DIR or build/lab)");

  auto* c = app.add_subcommand("up", "start what a topology file describes");
  c->add_option("-t,--topology", a.topology, "topology file")->required()->check(CLI::ExistingFile);
  c->add_option("--sim", a.sim, "vfpool-sim program (default $VFPOOL_SIM or that of the same build)");
  c->add_option("--qemu", a.qemu, "NAME=WORDS: more options of that server's QEMU");
  c->add_flag("-d,--detach", a.detach, "return when all is up; `down` ends it");
  c->callback([&] { action = [&] { return up(a); }; });

  c = app.add_subcommand("down", "end everything; logs and records stay");
  c->callback([&] { action = [&] { return down(a); }; });

  c = app.add_subcommand("status", "what is running");
  c->add_flag("--json", a.json_output, "for programs");
  c->callback([&] { action = [&] { return status(a); }; });

  c = app.add_subcommand("run", "run a command in a VM; one word is a line for its shell");
  c->add_option("vm", a.name, "name of the VM")->required();
  c->add_option("--timeout", a.timeout, "seconds until the command is ended (0: never)")->capture_default_str();
  words_follow(c, a.command);
  c->callback([&] { action = [&] { return run(a); }; });

  c = app.add_subcommand("shell", "interactive shell in a VM; Ctrl-] detaches, the shell goes on");
  c->add_option("vm", a.name, "name of the VM")->required();
  c->callback([&] {
    action = [&] {
      attach_terminal(a.folder, a.name, Line::kShell);
      return 0;
    };
  });

  c = app.add_subcommand("console", "what a VM printed on its serial console");
  c->add_option("vm", a.name, "name of the VM")->required();
  auto* follow = c->add_flag("-f,--follow", a.follow, "go on printing");
  c->add_flag("-a,--attach", a.attach, "type on it as well; Ctrl-] detaches")->excludes(follow);
  c->callback([&] { action = [&] { return console(a); }; });

  c = app.add_subcommand("wire", "run a command (default: a shell) in a namespace at the wire");
  c->add_option("netns", a.name, "name of the namespace")->required();
  words_follow(c, a.command);
  c->callback([&] { action = [&] { return wire(a); }; });

  for (const auto& [op, text] : {std::pair{"start", "start a stopped VM, or all"},
                                 {"stop", "stop a VM, or all"},
                                 {"kill", "kill a VM as a crash would"},
                                 {"restart", "stop and start a VM, or all"}}) {
    c = app.add_subcommand(op, text);
    c->add_option("vm", a.name, "name of the VM")->required(std::string_view(op) == "kill");
    c->callback([&, op = op] { action = [&, op] { return vm_op(a, op); }; });
  }

  CLI11_PARSE(app, argc, argv);
  a.folder = std::filesystem::absolute(a.folder).string();
  return action();
}

}  // namespace
}  // namespace vfpool::lab

int main(int argc, char** argv) {
  try {
    return vfpool::lab::main_checked(argc, argv);
  } catch (const std::exception& e) {
    fmt::print(stderr, "vfpool-lab: {}\n", e.what());
    return vfpool::lab::kLabFailed;
  }
}

// SPDX-License-Identifier: Apache-2.0
#include "lab/vm.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>

#include <array>
#include <fstream>
#include <sstream>

#include "core/unix_socket.hpp"
#include "lab/archive.hpp"
#include "lab/host_tsc.hpp"

namespace vfpool::lab {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// How often a starting VM is looked at.
constexpr milliseconds kLookAgain{50};

/// How long QEMU waits for the simulator (default 5 s): on a busy machine the RTL may take longer over a burst.
constexpr int kMessageTimeoutMs = 60'000;

/// Of QEMU's monitor.
constexpr std::size_t kLongestAnswer = 1U << 20;

// What a TCG guest need not do while it boots (about a second of five, measured): crypto self tests, timer and TSC
// calibration, audit, mitigations of a processor that is not there. loglevel=5 lets kernel warnings reach the console.
constexpr std::string_view kKernelOptions =
    "console=ttyS0 quiet loglevel=5 panic=-1 mitigations=off audit=0 tsc=reliable no_timer_check "
    "cryptomgr.notests random.trust_cpu=on net.ifnames=0";

}  // namespace

Vm::Vm(VmConfig config) : config_(std::move(config)) {}
Vm::~Vm() { stop(); }

std::filesystem::path Vm::file(const std::string& extension) const {
  return config_.folder / (config_.name + "." + extension);
}

std::vector<std::string> Vm::command_line() const {
  const std::string& n = config_.name;
  const config::Topology::Vm& o = config_.options;
  const bool with_agent = o.init == config::Topology::Vm::Init::kAgent;
  std::string append = fmt::format("{} lab.host={} lab.modules={}", kKernelOptions, n, fmt::join(o.modules, ","));
  if (!with_agent) append += " rdinit=/sbin/script-init";
  if (!o.blacklist.empty()) append += fmt::format(" modprobe.blacklist={}", fmt::join(o.blacklist, ","));
  const bool kvm = o.accel == "kvm";
  if (!kvm) append += " " + guest_tsc_option();
  if (!o.append.empty()) append += " " + o.append;
  std::vector<std::string> argv{"qemu-system-x86_64", "-nodefaults", "-no-user-config", "-no-reboot"};
  const auto add = [&argv](const char* option, std::string value) {
    argv.emplace_back(option);
    argv.push_back(std::move(value));
  };
  add("-name", n + ",debug-threads=on");  // cpu_time() knows the processors by their threads' names
  add("-display", "none");
  add("-accel", kvm ? "kvm" : "tcg,thread=multi");
  add("-cpu", kvm ? "host" : "max,-la57");
  add("-M", "q35,memory-backend=ram");
  add("-m", o.memory);
  add("-smp", std::to_string(o.cpus));
  // Shared, so that the simulator gets guest memory as a file descriptor.
  add("-object",
      fmt::format("memory-backend-memfd,id=ram,size={},share=on,prealloc={}", o.memory, o.prealloc ? "on" : "off"));
  // The kernel owns native PCIe hot-plug.
  add("-global", "ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off");
  add("-kernel", config_.kernel.string());
  add("-initrd", (o.files.empty() ? config_.initrd : file("initrd")).string());
  add("-append", append);
  add("-chardev", fmt::format("socket,id=serial0,path={0}.serial,server=on,wait=off,logfile={0}.console", n));
  add("-serial", "chardev:serial0");
  add("-qmp", fmt::format("unix:{}.qmp,server=on,wait=off", n));
  if (with_agent) {
    add("-device", "virtio-serial-pci,id=serial");
    for (const char* port : {"agent", "shell"}) {
      add("-chardev", fmt::format("socket,id={0},path={1}.{0},server=on,wait=off", port, n));
      add("-device", fmt::format("virtserialport,bus=serial.0,chardev={0},name=vfpool.{0}", port));
    }
  }
  for (std::size_t i = 0; i < config_.vfio_user.size(); ++i) {
    json device{{"driver", "vfio-user-pci"},
                {"id", fmt::format("vfpool{}", i)},
                {"x-msg-timeout", kMessageTimeoutMs},
                {"socket", {{"type", "unix"}, {"path", config_.vfio_user[i].string()}}}};
    if (config_.root_ports) {
      add("-device", fmt::format("pcie-root-port,id=port{0},slot={1},chassis={1}", i, i + 1));
      device["bus"] = fmt::format("port{}", i);
    }
    add("-device", device.dump());
  }
  argv.insert(argv.end(), o.qemu_args.begin(), o.qemu_args.end());
  return argv;
}

void Vm::start() {
  const std::lock_guard lock(mutex_);
  if (process_ && process_->running()) return;
  drop_agent();
  process_.reset();
  std::error_code ignored;
  for (const char* extension : {"qmp", "agent", "shell", "serial", "console", "qemu.log", "initrd"})
    std::filesystem::remove(file(extension), ignored);
  if (!config_.options.files.empty()) append_to_initrd(config_.initrd, config_.options.files, file("initrd"));
  started_ = steady_clock::now();
  // Sockets are named relative to the run folder: their whole paths may be too long for QEMU.
  process_ = std::make_unique<Process>(Process::Spec{command_line(), config_.folder, file("qemu.log")});
}

double Vm::wait_ready(milliseconds limit, const std::function<bool()>& cancelled) {
  const auto end = steady_clock::now() + limit;
  std::shared_ptr<AgentClient> agent;
  for (;;) {
    if (cancelled && cancelled()) throw VmError(config_.name + ": cancelled");
    if (!running()) {
      std::ifstream log(file("qemu.log"));
      const std::string words((std::istreambuf_iterator<char>(log)), {});
      throw VmError(
          fmt::format("{}: QEMU ended before the guest answered\n{}{}", config_.name, words, console_tail(20)));
    }
    if (steady_clock::now() > end)
      throw VmError(fmt::format("{}: no answer from the guest within {} s; its console ends with\n{}", config_.name,
                                limit.count() / 1000, console_tail(20)));
    if (!agent || !agent->connected()) {
      auto fd = connect_unix(file("agent"));
      if (!fd) {
        std::this_thread::sleep_for(kLookAgain);
        continue;
      }
      agent = std::make_shared<AgentClient>(std::move(*fd));
    }
    // Bytes wait in the socket until the agent opens its port, so one ping is enough; the short limit is for the
    // checks above.
    if (!agent->ping(milliseconds(1000))) continue;
    const std::lock_guard lock(mutex_);
    agent_ = agent;
    return std::chrono::duration<double>(steady_clock::now() - started_).count();
  }
}

// With the lock held.
void Vm::drop_agent() {
  if (agent_) agent_->close();
  agent_.reset();
}

void Vm::stop() {
  const std::lock_guard lock(mutex_);
  if (process_) process_->terminate();
  drop_agent();
}

void Vm::kill() {
  const std::lock_guard lock(mutex_);
  if (process_) process_->kill();
  drop_agent();
}

void Vm::restart(milliseconds limit) {
  stop();
  start();
  wait_ready(limit);
}

bool Vm::running() const {
  const std::lock_guard lock(mutex_);
  return process_ && process_->running();
}

bool Vm::ready() const {
  const std::lock_guard lock(mutex_);
  return agent_ && agent_->connected();
}

pid_t Vm::pid() const {
  const std::lock_guard lock(mutex_);
  return process_ ? process_->pid() : -1;
}

std::chrono::nanoseconds cpu_time(pid_t thread) {
  std::int64_t ns = 0;
  std::ifstream(fmt::format("/proc/{}/schedstat", thread)) >> ns;
  return std::chrono::nanoseconds(ns);
}

std::chrono::nanoseconds Vm::cpu_time() const {
  std::chrono::nanoseconds sum{0};
  std::error_code gone;
  for (const auto& task : std::filesystem::directory_iterator(fmt::format("/proc/{}/task", pid()), gone)) {
    std::string name;
    std::getline(std::ifstream(task.path() / "comm") >> std::ws, name);
    if (name.starts_with("CPU ")) sum += lab::cpu_time(std::stoi(task.path().filename()));
  }
  return sum;
}

std::shared_ptr<AgentClient> Vm::agent() const {
  const std::lock_guard lock(mutex_);
  if (!agent_) throw AgentError(config_.name + " is not running");
  return agent_;
}

Result Vm::run(const std::string& sh, milliseconds timeout) {
  AgentClient::Command command;
  command.sh = sh;
  command.timeout = timeout;
  return agent()->run(command);
}

Background Vm::spawn(const std::string& sh) {
  AgentClient::Command command;
  command.sh = sh;
  command.timeout = milliseconds(0);
  return agent()->spawn(std::move(command));
}

void Vm::put(const std::string& guest_path, const std::string& bytes, bool executable) {
  AgentClient::Command command;
  command.argv = {"sh", "-c", "cat >\"$1\" && chmod \"$2\" \"$1\"", "put", guest_path, executable ? "755" : "644"};
  command.input = bytes;
  const Result r = agent()->run(command);
  if (r.rc != 0) throw AgentError(fmt::format("{}: cannot write {}: {}", config_.name, guest_path, r.err));
}

std::string Vm::console() const {
  std::ifstream in(file("console"), std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string Vm::console_tail(std::size_t lines) const {
  const std::string all = console();
  std::size_t at = all.size();
  for (std::size_t i = 0; i <= lines && at != std::string::npos && at > 0; ++i) at = all.rfind('\n', at - 1);
  return at == std::string::npos || at == 0 ? all : all.substr(at + 1);
}

json Vm::qmp(const std::string& command, const json& arguments) {
  auto fd = connect_unix(file("qmp"));
  if (!fd) throw VmError(config_.name + ": QEMU's monitor does not answer");
  const timeval limit{30, 0};
  ::setsockopt(fd->get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  std::string buffer;
  const auto exchange = [&](const json& request) {
    if (!send_all(fd->get(), request.dump() + "\n")) throw VmError(config_.name + ": QEMU's monitor went away");
    // Events come in between.
    while (const auto text = read_line(fd->get(), buffer, kLongestAnswer)) {
      const json answer = json::parse(*text, nullptr, false);
      if (answer.contains("return")) return answer["return"];
      if (answer.contains("error"))
        throw VmError(fmt::format("{}: {}: {}", config_.name, command, answer["error"].value("desc", text->c_str())));
    }
    throw VmError(config_.name + ": QEMU's monitor does not answer");
  };
  read_line(fd->get(), buffer, kLongestAnswer);  // its greeting
  exchange({{"execute", "qmp_capabilities"}});
  return exchange({{"execute", command}, {"arguments", arguments}});
}

}  // namespace vfpool::lab

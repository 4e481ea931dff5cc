// SPDX-License-Identifier: Apache-2.0
#include "lab/lab.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <system_error>
#include <thread>

#include "lab/alarms.hpp"
#include "lab/control.hpp"

namespace vfpool::lab {
namespace {

using config::Topology;
using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr seconds kSimLimit{60};
constexpr seconds kInterfaceLimit{10};
constexpr milliseconds kLook{20};
/// How soon the log tells that something has died.
constexpr seconds kHealthLook{2};

// The simulator of the same build lies beside us: BUILD/sim/lab/PROGRAM, BUILD/sim/app/vfpool-sim.
std::filesystem::path find_sim(const std::filesystem::path& given) {
  if (!given.empty()) return std::filesystem::absolute(given);
  if (const char* env = std::getenv("VFPOOL_SIM"); env != nullptr && *env != '\0') return env;
  return VFPOOL_BUILD_DIR "/sim/app/vfpool-sim";
}

bool with_agent(const Vm& vm) { return vm.config().options.init == Topology::Vm::Init::kAgent; }

/// Its agent answers, or QEMU runs where there is none.
bool is_up(const Vm& vm) { return with_agent(vm) ? vm.ready() : vm.running(); }

}  // namespace

Result Peer::run(const std::string& sh, milliseconds timeout) const { return run_in_namespace(name_, sh, timeout); }

std::unique_ptr<Process> Peer::spawn(const std::string& sh) {
  Process::Spec spec;
  spec.argv = in_namespace(name_);
  spec.argv.insert(spec.argv.end(), {"sh", "-c", sh});
  spec.log = folder_ / fmt::format("{}.{}.log", name_, ++spawned_);
  std::filesystem::remove(spec.log);
  return std::make_unique<Process>(spec);
}

Lab::Lab(Options options) : Lab(options, config::read_topology(options.topology)) {}

Lab::Lab(Options options, Topology topology) : options_(std::move(options)), topology_(std::move(topology)) {
  options_.folder = std::filesystem::absolute(options_.folder);
  for (const Topology::Server& s : topology_.servers)
    if (!s.sockets.empty() && !topology_.has_sim)
      throw config::ConfigError(fmt::format("{}: server {} has a device, but without a [sim] table no simulator starts",
                                            topology_.file.string(), s.name));
}

Lab::~Lab() { down(); }

void Lab::say(const std::string& text) const {
  const auto elapsed = std::chrono::duration<double>(steady_clock::now() - started_).count();
  const std::string line = fmt::format("[lab {:5.1f}s] {}", elapsed, text);
  if (options_.progress) {
    options_.progress(line);
  } else {
    fmt::print(stderr, "{}\n", line);
  }
}

void Lab::up() {
  started_ = steady_clock::now();
  take_folder();
  try {
    say("guest image");
    images_[topology_.image.kernel_root] = {};
    for (const Topology::Server& s : topology_.servers)
      if (s.has_vm()) images_[kernel_root(s)] = {};
    for (auto& [root, image] : images_) image = make_image({root, topology_.image.add, {}});
    if (!topology_.peers.empty()) {
      namespaces_ = std::make_unique<Namespaces>();
      for (const Topology::Peer& p : topology_.peers) {
        namespaces_->create(p.netns);
        peers_.emplace(p.netns, std::make_unique<Peer>(p.netns, options_.folder));
      }
    }
    if (topology_.has_sim) start_sim();
    set_up_peers();
    start_vms();
    write_state();
    control_ = std::make_unique<ControlServer>(*this, file("lab.sock"));
    say("ready");
  } catch (...) {
    down();
    throw;
  }
}

std::filesystem::path Lab::kernel_root(const Topology::Server& server) const {
  return server.vm.kernel_root.empty() ? topology_.image.kernel_root : server.vm.kernel_root;
}

void Lab::take_folder() {
  std::filesystem::create_directories(options_.folder);
  lock_.reset(::open(file("lab.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!lock_) throw std::system_error(errno, std::generic_category(), file("lab.lock").string());
  if (::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0) {
    lock_.reset();
    throw LabError(fmt::format("a lab is already running in {} (vfpool-lab down ends it)", options_.folder.string()));
  }
}

std::string Lab::log_tail(const std::filesystem::path& log) const {
  std::ifstream in(log);
  std::string text((std::istreambuf_iterator<char>(in)), {});
  if (text.size() > 2000) text.erase(0, text.size() - 2000);
  return text;
}

void Lab::start_sim() {
  const std::filesystem::path program = find_sim(options_.sim_program);
  if (::access(program.c_str(), X_OK) != 0)
    throw LabError(fmt::format("no simulator at {} (make sim, or give --sim)", program.string()));
  std::vector<std::filesystem::path> sockets;
  for (const Topology::Server& s : topology_.servers)
    for (const auto& socket : s.sockets) sockets.push_back(options_.folder / socket);
  for (const auto& socket : sockets) std::filesystem::remove(socket);
  const std::filesystem::path log = file("vfpool-sim.log");
  std::filesystem::remove(log);
  sim_ = std::make_unique<Process>(Process::Spec{
      {program.string(), topology_.file.string(), "--dir", options_.folder.string()}, options_.folder, log});
  say(fmt::format("simulator: process {}", sim_->pid()));
  const auto end = steady_clock::now() + kSimLimit;
  for (const auto& socket : sockets) {
    while (!std::filesystem::is_socket(socket)) {
      if (!sim_->running()) throw LabError("the simulator ended:\n" + log_tail(log));
      if (asked_down()) throw LabError("cancelled");
      if (steady_clock::now() > end)
        throw LabError(fmt::format("the simulator has not opened {}:\n{}", socket.string(), log_tail(log)));
      std::this_thread::sleep_for(kLook);
    }
  }
}

void Lab::set_up_peers() {
  for (const Topology::Peer& p : topology_.peers) {
    Peer& peer = *peers_.at(p.netns);
    if (!p.interface.empty()) {
      const auto end = steady_clock::now() + kInterfaceLimit;
      while (peer.run("ip link set '" + p.interface + "' up").rc != 0) {
        if (steady_clock::now() > end || asked_down() || (sim_ && !sim_->running()))
          throw LabError(fmt::format("namespace {} has no interface {}:\n{}", p.netns, p.interface,
                                     log_tail(file("vfpool-sim.log"))));
        std::this_thread::sleep_for(kLook);
      }
    }
    for (const std::string& address : p.address) {
      const Result r = peer.run(fmt::format("ip address add '{}' dev '{}'", address, p.interface));
      if (r.rc != 0) throw LabError(fmt::format("namespace {}: address {}: {}", p.netns, address, r.err));
    }
    for (const std::string& line : p.run) peer_programs_.push_back(peer.spawn(line));
    say(fmt::format("namespace {}: {} {}", p.netns, p.interface, p.address.empty() ? "" : p.address.front()));
  }
}

void Lab::start_vms() {
  for (const Topology::Server& s : topology_.servers) {
    if (!s.has_vm()) continue;
    const Image& image = images_.at(kernel_root(s));
    VmConfig c;
    c.name = s.name;
    c.folder = options_.folder;
    c.kernel = image.kernel;
    c.initrd = image.initrd;
    c.vfio_user = s.sockets;
    c.root_ports = s.attach == Topology::Attach::kDirect;
    c.options = s.vm;
    vms_.push_back(std::make_unique<Vm>(std::move(c)));
    vms_.back()->start();
    say(fmt::format("{}: booting, process {}", s.name, vms_.back()->pid()));
  }
  for (const auto& vm : vms_) {
    if (!with_agent(*vm)) continue;
    auto next_word = steady_clock::now() + seconds(5);
    const double took = vm->wait_ready(options_.boot_limit, [&] {
      if (steady_clock::now() > next_word) {
        next_word += seconds(5);
        say(fmt::format("waiting for {}", vm->name()));
      }
      if (sim_ && !sim_->running()) throw LabError("the simulator ended:\n" + log_tail(file("vfpool-sim.log")));
      return asked_down();
    });
    say(fmt::format("{}: up after {:.1f} s", vm->name(), took));
  }
}

void Lab::down() {
  if (!lock_) return;
  for (const auto& vm : vms_) vm->stop();
  control_.reset();
  vms_.clear();
  peer_programs_.clear();
  if (sim_) sim_->terminate();
  sim_.reset();
  peers_.clear();
  namespaces_.reset();
  std::error_code ignored;
  for (const Topology::Server& s : topology_.servers) {
    for (const auto& socket : s.sockets) std::filesystem::remove(options_.folder / socket, ignored);
    for (const char* extension : {"qmp", "agent", "shell", "shell.lock", "serial", "serial.lock", "initrd"})
      std::filesystem::remove(file(s.name + "." + extension), ignored);
  }
  for (const char* name : {"state.json", "lab.sock"}) std::filesystem::remove(file(name), ignored);
  lock_.reset();
}

void Lab::ask_down() {
  asked_down_ = true;
  const std::lock_guard lock(down_mutex_);
  down_changed_.notify_all();
}

void Lab::wait_until_asked_down() {
  bool sim_ended = false;
  std::map<std::string, bool> was_ready;
  for (const auto& vm : vms_) was_ready[vm->name()] = true;
  std::unique_lock lock(down_mutex_);
  while (!down_changed_.wait_for(lock, kHealthLook, [this] { return asked_down(); })) {
    if (const std::string gone = sim_is_gone(); !sim_ended && !gone.empty()) {
      sim_ended = true;
      say(gone + "; its log ends with\n" + log_tail(file("vfpool-sim.log")));
    }
    for (const auto& vm : vms_) {
      bool& before = was_ready[vm->name()];
      const bool now = is_up(*vm);
      if (before && !now) say(fmt::format("{} has gone; its console ends with\n{}", vm->name(), vm->console_tail(5)));
      before = now;
    }
  }
}

// QEMU's vfio-user client connects once, when the device is made.
std::string Lab::sim_is_gone() const {
  const auto status = sim_ ? sim_->exit_status() : std::nullopt;
  if (!status) return {};
  const std::string how =
      *status > 128 ? fmt::format("killed by signal {}", *status - 128) : fmt::format("status {}", *status);
  return fmt::format(
      "the simulator has ended ({}): the card is gone from all its servers, and QEMU connects to no other one. "
      "vfpool-lab down, then up, starts all of it again",
      how);
}

Vm& Lab::vm(const std::string& name) {
  for (const auto& vm : vms_)
    if (vm->name() == name) return *vm;
  std::string known;
  for (const auto& vm : vms_) known += " " + vm->name();
  throw LabError(fmt::format("no VM '{}' in this lab; there are:{}", name, known));
}

std::vector<std::string> Lab::vm_names() const {
  std::vector<std::string> names;
  for (const auto& vm : vms_) names.push_back(vm->name());
  return names;
}

Peer& Lab::peer(const std::string& name) {
  const auto it = peers_.find(name);
  if (it == peers_.end()) throw LabError(fmt::format("no namespace '{}' in this lab", name));
  return *it->second;
}

json Lab::status() {
  json s;
  s["topology"] = topology_.file.string();
  s["folder"] = options_.folder.string();
  s["supervisor"] = ::getpid();
  s["seconds"] = std::chrono::duration_cast<seconds>(steady_clock::now() - started_).count();
  if (sim_) {
    s["sim"] = {{"pid", sim_->pid()}, {"running", sim_->running()}, {"log", file("vfpool-sim.log").string()}};
    if (const std::string gone = sim_is_gone(); !gone.empty()) s["sim"]["gone"] = gone;
  }
  s["vms"] = json::array();
  for (const auto& vm : vms_) {
    json v{{"name", vm->name()},
           {"pid", vm->pid()},
           {"state", is_up(*vm)      ? "up"
                     : vm->running() ? "booting"
                                     : "stopped"},
           {"console", vm->file("console").string()},
           {"agent", vm->file("agent").string()},
           {"shell", vm->file("shell").string()},
           {"serial", vm->file("serial").string()},
           {"qmp", vm->file("qmp").string()}};
    v["alarms"] = kernel_alarms(vm->console()).size();
    s["vms"].push_back(std::move(v));
  }
  s["peers"] = json::array();
  for (const Topology::Peer& p : topology_.peers)
    s["peers"].push_back({{"netns", p.netns}, {"interface", p.interface}, {"address", p.address}});
  s["ssh_key"] = image().ssh_key.string();
  return s;
}

void Lab::write_state() {
  const std::filesystem::path path = file("state.json");
  const std::filesystem::path fresh = path.string() + ".new";
  std::ofstream(fresh) << status().dump(2) << "\n";
  std::filesystem::rename(fresh, path);
}

}  // namespace vfpool::lab

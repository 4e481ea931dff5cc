// SPDX-License-Identifier: Apache-2.0
// airvf-guest: boots one VM with two VFs of a simulated 82599, attached directly, and runs a script of
// tests/airvf/guest in it. tools/guest is its front door. Says how many checks passed, or what failed and why.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <sstream>
#include <thread>

#include "app/control_client.hpp"
#include "app/request_words.hpp"
#include "instruction_counter.hpp"
#include "lab/alarms.hpp"
#include "lab/lab.hpp"
#include "lab/script.hpp"

namespace {

using namespace vfpool;
namespace fs = std::filesystem;

constexpr const char* kSource = VFPOOL_SOURCE_DIR;
constexpr const char* kCounter = "count";  // of the machine's instructions
constexpr std::size_t kMostFailures = 20;
constexpr int kLimit = 600;  // seconds; the longest scripts take 200 on a machine that does nothing else

struct Arguments {
  std::string script, module = "build/modules-lab/drivers/airvf/airvf.ko", kernel_root, folder, config, append, memory,
                      stamps, count_plugin, accel = "tcg", programs = VFPOOL_PROGRAMS;
  std::vector<std::string> files, qemu_args;
  unsigned cpus = 0;
  int limit = 0;
  bool prealloc = false, verbose = false;
};

std::string read_file(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + file.string());
  return {std::istreambuf_iterator<char>(in), {}};
}

/// The kernel that a module was built for, as it says itself.
std::string release_of(const fs::path& module) {
  const std::string bytes = read_file(module);
  constexpr std::string_view kKey = "vermagic=";
  const std::size_t at = bytes.find(kKey);
  if (at == std::string::npos) throw std::runtime_error(module.string() + " is no kernel module");
  return bytes.substr(at + kKey.size(), bytes.find(' ', at) - at - kKey.size());
}

/// What the comments at a script's head ask for, "# KEY: VALUE".
struct Wishes {
  std::string nic, pf;               ///< lines for [nic] and [pf] of the topology
  std::vector<std::string> files;    ///< further files, "SRC:/DST"
  std::vector<std::string> prepare;  ///< shell lines that run in the checkout before the guest boots
  std::optional<int> limit;          ///< seconds
};

Wishes wishes_of(const fs::path& script) {
  Wishes w;
  std::istringstream lines(read_file(script));
  const auto take = [](const std::string& line, std::string_view key) -> std::optional<std::string> {
    if (!line.starts_with(key)) return {};
    return line.substr(key.size());
  };
  for (std::string line; std::getline(lines, line) && line.starts_with('#');) {
    if (const auto v = take(line, "# nic: ")) w.nic += *v + "\n";
    if (const auto v = take(line, "# pf: ")) w.pf += *v + "\n";
    if (const auto v = take(line, "# file: ")) w.files.push_back(*v);
    if (const auto v = take(line, "# prepare: ")) w.prepare.push_back(*v);
    if (const auto v = take(line, "# limit: ")) w.limit = std::stoi(*v);
  }
  return w;
}

/// direct.toml, with what the script and the command line want.
config::Topology topology_of(const Arguments& a, const Wishes& w, const fs::path& script, const fs::path& module) {
  const fs::path file = fs::path(a.folder) / "topology.toml";
  std::string text = read_file(fs::path(kSource) / "tests/airvf/direct.toml");
  constexpr std::string_view kNic = "[nic]\n";
  text.insert(text.find(kNic) + kNic.size(), w.nic);
  std::ofstream(file) << text << w.pf;
  config::Topology t = config::read_topology(file);
  config::Topology::Vm& vm = t.servers.at(0).vm;
  vm.kernel_root = a.kernel_root;
  vm.prealloc = a.prealloc;
  vm.accel = a.accel;
  if (!a.append.empty()) vm.append = a.append;
  if (!a.memory.empty()) vm.memory = a.memory;
  if (a.cpus != 0) vm.cpus = a.cpus;
  const fs::path config = fs::path(a.folder) / "config";
  std::ofstream(config) << a.config << "\n";
  vm.files = {script.string() + ":/script", module.string() + ":/airvf.ko", config.string() + ":/airvf-config",
              "tests/airvf/guest/common.sh:/airvf-common", "docs/ABI/sysfs-class-net-airvf:/airvf-abi"};
  for (const char* program : {"xdp", "xsk", "load", "nth"})
    vm.files.push_back(fmt::format("{}/airvf_{}:/airvf-{}", a.programs, program, program));
  vm.files.insert(vm.files.end(), w.files.begin(), w.files.end());
  vm.files.insert(vm.files.end(), a.files.begin(), a.files.end());
  vm.qemu_args.insert(vm.qemu_args.end(), a.qemu_args.begin(), a.qemu_args.end());
  if (!a.count_plugin.empty())
    for (const std::string& option : InstructionCounter::options(a.count_plugin, kCounter))
      vm.qemu_args.push_back(option);
  return t;
}

/// What a script may ask of the machine that it runs on: "@host VERB WORDS...".
class Host {
 public:
  Host(lab::Lab& lab, const Arguments& a)
      : lab_(lab), sim_(lab.file("control.sock")), stamps_(a.stamps), counts_(!a.count_plugin.empty()) {}

  void obey(const std::string& line) {
    std::istringstream in(line);
    std::string verb, rest;
    in >> verb >> std::ws;
    std::getline(in, rest);
    if (verb == "sim") {
      sim_.ask(app::request_of_line(rest));
    } else if (verb == "qmp") {  // SECONDS COMMAND: after that many seconds
      const std::size_t blank = rest.find(' ');
      std::this_thread::sleep_for(std::chrono::seconds(std::stoi(rest.substr(0, blank))));
      vm().qmp(rest.substr(blank + 1));
    } else if (verb == "stamp") {  // WORDS: with the CPU time and instructions so far, a line of the file --stamps
      if (!stamps_.empty()) std::ofstream(stamps_, std::ios::app) << stamp(rest) << "\n";
    } else {
      throw std::runtime_error(fmt::format("the script asks its host to \"{}\"", line));
    }
  }

 private:
  lab::Vm& vm() { return lab_.vm("guest"); }
  std::string stamp(const std::string& words) {
    std::string out = fmt::format("{} {} {}", words, vm().cpu_time().count(), lab::cpu_time(lab_.sim()->pid()).count());
    if (counts_) {
      std::string file = "blocks-" + words;
      std::replace(file.begin(), file.end(), ' ', '-');
      out += " " + InstructionCounter(lab_.file(""), kCounter).ask(lab_.file(file).string());
    }
    return out;
  }

  lab::Lab& lab_;
  app::ControlClient sim_;
  std::string stamps_;
  bool counts_;
};

lab::ScriptResult boot_and_follow(const Arguments& a, const config::Topology& topology, const fs::path& log) {
  std::ofstream progress(fs::path(a.folder) / "lab.log", std::ios::app);
  lab::Lab lab({.topology = topology.file,
                .folder = a.folder,
                .sim_program = {},
                .progress = [&](const std::string& line) { progress << line << std::endl; }},
               topology);
  if (!a.count_plugin.empty()) InstructionCounter(lab.file(""), kCounter).make();
  lab.up();
  Host host(lab, a);
  std::ofstream out(log);
  const auto result = lab::follow_script(
      lab.vm("guest"), std::chrono::seconds(a.limit), [&](const std::string& words) { host.obey(words); },
      [&](const std::string& line) {
        out << line << std::endl;
        if (a.verbose) fmt::print("{}\n", line);
        if (a.verbose) std::fflush(stdout);
      });
  if (lab.sim()->running())
    out << "--- simulator\n"
        << app::ControlClient(lab.file("control.sock")).ask({{"op", "state"}})["state"].get<std::string>();
  return result;
}

/// The lines "FAIL what", each with what the script showed for it (indented), or without any the last lines of all.
std::string failures(const std::string& output) {
  std::string found, tail;
  std::size_t count = 0;
  bool showing = false;
  std::istringstream lines(output);
  std::vector<std::string> all;
  for (std::string line; std::getline(lines, line); all.push_back(line)) {
    const bool fails = line.starts_with("FAIL");
    showing = fails || (showing && line.starts_with("     "));
    if (fails && ++count > kMostFailures) break;
    if (showing) found += line + "\n";
  }
  if (!found.empty()) return found;
  for (std::size_t i = all.size() > 20 ? all.size() - 20 : 0; i < all.size(); ++i) tail += all[i] + "\n";
  return tail;
}

std::vector<std::string> lines_of(const std::string& output, std::string_view beginning) {
  std::vector<std::string> found;
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(beginning)) found.push_back(line);
  return found;
}

int run(Arguments a) {
  fs::path script = a.script;
  if (!fs::exists(script)) script = fs::path(kSource) / "tests/airvf/guest" / (a.script + ".sh");
  const fs::path module = fs::absolute(a.module);
  if (!fs::exists(script)) throw std::runtime_error("no such script; those of tests/airvf/guest are known by name");
  if (!fs::exists(module)) throw std::runtime_error(fmt::format("no {} (tools/guest builds it)", module.string()));
  const std::string name = script.stem().string(), release = release_of(module);
  const std::string kernel =
      lab::newest_kernel(fs::path(a.kernel_root.empty() ? "/" : a.kernel_root) / "boot").filename();
  if (kernel != "vmlinuz-" + release)
    throw std::runtime_error(
        fmt::format("{} is for kernel {}, the guest would run {}", module.string(), release, kernel));
  if (a.folder.empty()) a.folder = fmt::format("{}/build/guests/{}/{}", kSource, release, name);
  a.folder = fs::absolute(a.folder);
  fs::create_directories(a.folder);
  const fs::path log = fs::path(a.folder) / "log";
  const Wishes wishes = wishes_of(script);
  if (a.limit == 0) a.limit = wishes.limit.value_or(kLimit);
  for (const std::string& line : wishes.prepare)
    if (std::system(fmt::format("cd '{}' && {} >'{}/prepare.log' 2>&1", kSource, line, a.folder).c_str()) != 0)
      throw std::runtime_error(fmt::format("{} failed, see {}/prepare.log", line, a.folder));
  const auto topology = topology_of(a, wishes, fs::absolute(script), module);
  lab::ScriptResult r = boot_and_follow(a, topology, log);
  // Emulation of several processors is not perfect: once in some hundred times a guest's kernel dies while it boots.
  if (!r.begun) {
    fs::rename(log, log.string() + ".boot");
    fmt::print("{}: the guest did not boot ({}.boot), once more\n", name, log.string());
    r = boot_and_follow(a, topology, log);
  }
  const auto alarms = lab::kernel_alarms(r.output);
  if (r.ended && r.status == 0 && alarms.empty()) {
    const auto skipped = lines_of(r.output, "skip ");
    fmt::print("ok      {}: {} checks{}\n", name, lines_of(r.output, "ok ").size(),
               skipped.empty() ? "" : fmt::format(", {} skipped", skipped.size()));
    for (const std::string& line : skipped) fmt::print("        {}\n", line);
    return 0;
  }
  fmt::print("FAILED  {} on {}, see {}\n", name, release, log.string());
  fmt::print("{}", lab::describe(alarms));
  if (!r.begun)
    fmt::print("the guest's kernel did not reach the script\n");
  else if (r.timed_out)
    fmt::print("the script was still at work after {} s\n", a.limit);
  else if (!r.ended)
    fmt::print("the guest ended before the script did\n");
  if (!r.ended || r.status != 0) fmt::print("{}", failures(r.output));
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments a;
  CLI::App cli("Runs a guest script of the driver in a VM.");
  cli.add_option("script", a.script, "name of a script of tests/airvf/guest, or a file")->required();
  cli.add_option("--module", a.module, "airvf.ko for the guest's kernel")->capture_default_str();
  cli.add_option("--kernel-root", a.kernel_root,
                 "folder with boot/vmlinuz-* and lib/modules (default: the lab's kernel)");
  cli.add_option("--programs", a.programs, "folder of the programs for the guest")->capture_default_str();
  cli.add_option("--dir", a.folder, "run folder (default: build/guests/KERNEL/SCRIPT)");
  cli.add_option("--limit", a.limit, "seconds (default: what the script says, or 600)");
  cli.add_option("--memory", a.memory, "of the VM, as QEMU takes it");
  cli.add_option("--cpus", a.cpus, "of the VM");
  cli.add_option("--accel", a.accel, "tcg or kvm")->capture_default_str();
  cli.add_option("--append", a.append, "more kernel command line");
  cli.add_option("--qemu", a.qemu_args, "one more argument for QEMU: --qemu=-ARG");
  cli.add_option("--file", a.files, "one more file: SRC:/PATH/IN/GUEST");
  cli.add_option("--config", a.config, "shell assignments that the script finds in /airvf-config");
  cli.add_option("--stamps", a.stamps, "file for what the script has stamped");
  cli.add_option("--count", a.count_plugin, "QEMU plugin that counts instructions (count_plugin.cpp), for the stamps");
  cli.add_flag("--prealloc", a.prealloc, "the VM's memory is there from the start, which measurements want");
  cli.add_flag("-v,--verbose", a.verbose, "show what the guest prints");
  CLI11_PARSE(cli, argc, argv);
  try {
    return run(a);
  } catch (const std::exception& e) {
    fmt::print("FAILED  {}: {}\n", a.script, e.what());
    return 1;
  }
}

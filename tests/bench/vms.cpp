// SPDX-License-Identifier: Apache-2.0
#include "vms.hpp"

#include <fmt/format.h>

#include <future>
#include <sstream>
#include <vector>

namespace vfpool::bench {

using nlohmann::json;

Vms::Vms(Options options)
    : options_(std::move(options)),
      lab_({.topology = VFPOOL_VMS_TOPOLOGY, .folder = options_.folder, .sim_program = {}, .progress = {}},
           topology(options_)),
      control_(lab_.file("control.sock")) {}

config::Topology Vms::topology(const Options& o) {
  config::Topology t = config::read_topology(VFPOOL_VMS_TOPOLOGY);
  if (o.count == 0 || o.count > t.servers.size())
    throw std::runtime_error(fmt::format("{} VMs: 1 to {} are possible", o.count, t.servers.size()));
  // The simulator reads the file and shows a socket for each server; who is not started does not connect.
  t.servers.resize(o.count);
  const std::filesystem::path programs = std::filesystem::absolute(o.programs);
  for (config::Topology::Server& s : t.servers) {
    s.vm.cpus = o.cpus;
    s.vm.files = {"tests/bench/vms_guest.sh:/vms-guest", "tests/airvf/guest/common.sh:/airvf-common",
                  "tests/airvf/guest/choose.sh:/airvf-choose",
                  std::filesystem::absolute(o.module).string() + ":/airvf.ko",
                  (programs / "airvf_load").string() + ":/airvf-load"};
    s.vm.qemu_args = InstructionCounter::options(programs / "libairvf_count.so", s.name);
  }
  return t;
}

void Vms::up() {
  std::filesystem::create_directories(options_.folder);
  for (unsigned vm = 0; vm < options_.count; ++vm) counter(vm).make();
  lab_.up();
  each(options_.count, [this](unsigned vm) { ask(vm, "setup"); });
}

void Vms::choose(const std::string& config) {
  each(options_.count, [&](unsigned vm) { ask(vm, "choose " + config); });
}

json Vms::instructions(unsigned vm) {
  const std::string line = counter(vm).ask();
  std::istringstream words(line);
  std::uint64_t all = 0, modules = 0;
  words >> all >> modules;
  json cpus = json::array();
  for (std::uint64_t of, user; words >> of >> user;) cpus.push_back({{"all", of}, {"user", user}});
  if (cpus.size() != options_.cpus) throw std::runtime_error("the plugin answers \"" + line + "\"");
  return {{"all", all}, {"modules", modules}, {"cpus", cpus}};
}

std::string Vms::ask(unsigned vm, const std::string& words) {
  const auto r = lab_.vm(name(vm)).run("bash /vms-guest " + words, std::chrono::seconds(120));
  if (r.rc != 0) throw std::runtime_error(fmt::format("{}: {}: {}{}", name(vm), words, r.out, r.err));
  return r.out;
}

void Vms::flood(unsigned vms, unsigned payload, unsigned rate, unsigned milliseconds) {
  control_.ask(
      {{"op", "flood"}, {"payload", payload}, {"rate", rate}, {"ms", milliseconds}, {"flows", 4}, {"vfs", vms}});
}

void Vms::each(unsigned vms, const std::function<void(unsigned)>& what) {
  std::vector<std::future<void>> all;
  for (unsigned vm = 0; vm < vms; ++vm) all.push_back(std::async(std::launch::async, what, vm));
  for (auto& one : all) one.wait();
  for (auto& one : all) one.get();
}

}  // namespace vfpool::bench

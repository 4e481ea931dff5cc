// SPDX-License-Identifier: Apache-2.0
#include "testbed/parameters.hpp"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>
#include <toml++/toml.hpp>

namespace vfpool::testbed {
namespace {

constexpr double kMost = 1e15;
constexpr unsigned kMostCores = 4'096;

}  // namespace

Parameters::Parameters(const std::filesystem::path& path) : file_(path.string()) {
  toml::table tables;
  try {
    tables = toml::parse_file(file_);
  } catch (const toml::parse_error& e) {
    throw std::runtime_error(fmt::format("{}, line {}: {}", file_, e.source().begin.line, e.description()));
  }
  for (const auto& [table, node] : tables) {
    const toml::table* values = node.as_table();
    if (values == nullptr) throw std::runtime_error(fmt::format("{}: {} is no table", file_, table.str()));
    for (const auto& [key, value] : *values) {
      const std::string name = fmt::format("{}.{}", table.str(), key.str());
      const auto number = value.value<double>();
      const auto flag = value.value_exact<bool>();
      if (!number && !flag)
        throw std::runtime_error(fmt::format("{}: {} is neither a number nor true nor false", file_, name));
      if (number && !(*number >= 0 && *number <= kMost))
        throw std::runtime_error(fmt::format("{}: {} must be a number from 0 to {:g}", file_, name, kMost));
      values_[name] = flag ? (*flag ? 1 : 0) : *number;
    }
  }
}

double Parameters::number(const std::string& name) const {
  const auto it = values_.find(name);
  if (it == values_.end()) throw std::runtime_error(fmt::format("{}: {} is missing", file_, name));
  return it->second;
}

double Parameters::positive(const std::string& name) const {
  const double value = number(name);
  if (value <= 0) throw std::runtime_error(fmt::format("{}: {} must be above 0", file_, name));
  return value;
}

unsigned Parameters::count(const std::string& name, unsigned least, unsigned most) const {
  const double value = number(name);
  if (value != std::floor(value) || value < least || value > most)
    throw std::runtime_error(fmt::format("{}: {} must be a whole number from {} to {}", file_, name, least, most));
  return static_cast<unsigned>(value);
}

Sharing sharing_of(const Parameters& p, const std::string& table) {
  const auto ms = [&](const char* key) { return static_cast<Time>(p.number(table + "." + key) * kMillisecond); };
  return {.latency = ms("latency"),
          .least_slice = ms("least_slice"),
          .wake_lead = ms("wake_lead"),
          .sleeper_credit = ms("sleeper_credit"),
          .wander = ms("wander"),
          .balance = p.flag(table + ".balance")};
}

MachineCosts machine_of(const Parameters& p) {
  return {.hz = p.positive("server.hz"),
          .context_switch = p.number("costs.context_switch"),
          .cold_cache = p.number("costs.cold_cache"),
          .sleep = p.number("costs.sleep")};
}

Scenario scenario_of(const Parameters& p) {
  Scenario s;
  s.cores = static_cast<int>(p.count("server.cores", 1, kMostCores));
  s.link = p.positive("server.link");
  s.machine = machine_of(p);
  s.sharing = sharing_of(p, "sharing");
  s.guest.costs = {.interrupt_host = p.number("costs.interrupt_host"),
                   .interrupt_guest = p.number("costs.interrupt_guest"),
                   .poll = p.number("costs.poll"),
                   .driver_packet = p.number("costs.driver_packet"),
                   .stack_packet = p.number("costs.stack_packet"),
                   .application_wake = p.number("costs.application_wake"),
                   .application_packet = p.number("costs.application_packet"),
                   .hand_over = p.number("costs.hand_over"),
                   .ipi = p.number("costs.ipi")};
  s.guest.vcpus = p.count("server.vcpus", 1, kMostCores);
  s.guest.ring = p.count("guest.ring", 1);
  s.guest.socket = p.count("guest.socket", 1);
  s.guest.budget = p.count("guest.budget", 1);
  s.guest.softirq = p.count("guest.softirq", 1);
  s.guest.reader = p.count("guest.reader", 1);
  s.guest.tick_rate = p.number("guest.tick_rate");
  s.guest.auto_mask = p.flag("guest.auto_mask");
  s.guest.injector_thread = p.flag("server.injector_thread");
  s.cache = {.bytes = p.number("cache.bytes"),
             .cores = static_cast<int>(p.count("cache.cores", 1, kMostCores)),
             .footprint = p.number("cache.footprint"),
             .memory_factor = p.number("cache.memory_factor")};
  s.guest.moderation.algorithm = Algorithm::kFir;
  s.guest.moderation.air.k = p.count("air.k");
  s.guest.moderation.air.offset = p.count("air.offset");
  s.guest.moderation.air.threshold = p.count("air.threshold");
  s.peer = {.hz = p.positive("peer.hz"),
            .cores = static_cast<int>(p.count("peer.cores", 1, kMostCores)),
            .tcp_message = p.number("peer.tcp_message"),
            .udp_message = p.positive("peer.udp_message"),
            .answer_us = p.number("peer.answer_us")};
  s.traffic.window = p.number("peer.window");
  s.web = {.request = p.number("web.request"),
           .acks = p.count("web.acks"),
           .backlog = p.count("web.backlog"),
           .retry_s = p.number("web.retry_s"),
           .tries = p.count("web.tries", 1)};
  return s;
}

}  // namespace vfpool::testbed

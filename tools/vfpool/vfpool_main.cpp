// SPDX-License-Identifier: Apache-2.0
// vfpool: everything about the pool on one command line. What each command does is in commands.hpp.
#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <fstream>
#include <functional>
#include <iostream>

#include "cli.hpp"
#include "commands.hpp"
#include "output.hpp"
#include "pool.hpp"
#include "serve_command.hpp"

namespace {

using namespace vfpool::tools;
using nlohmann::json;

void print_list(const json& all) {
  const auto& i = all["info"];
  fmt::print("{} at port {}; {} users with {} slots; {} VFs{}{}\n", i["role"].get<std::string>(), i["port"].get<int>(),
             i["users"].get<int>(), i["slots"].get<int>(), i["vfs"].get<int>(),
             i["sriov"].get<bool>() ? "" : ", none enabled",
             i["frozen"].get<bool>() ? "; FROZEN: the owner is not heard of" : "");
  fmt::print("\nUSER SLOT  KERNEL  STATE\n");
  for (const auto& s : all["slots"])
    fmt::print("{:>4} {:>4} {:>7}  {}{}{}{}\n", s["user"].get<int>(), s["slot"].get<int>(), s["physical"].get<int>(),
               s["present"].get<bool>() ? "taken" : "empty", s["powered"].get<bool>() ? ", on" : "",
               s["releasing"].get<bool>() ? ", being released" : "",
               s["requested"].get<bool>() ? ", asks for a VF" : "");
  if (!all.contains("vfs")) return;
  fmt::print("\n  VF  ADDRESS       STATE      USER SLOT  MAC                VLAN\n");
  for (const auto& v : all["vfs"])
    fmt::print("{:>4}  {:<12}  {:<9} {:>5} {:>4}  {}  {}\n", v["vf"].get<int>(), v.value("address", "-"),
               v["use"].get<std::string>(), v.contains("user") ? std::to_string(v["user"].get<int>()) : "-",
               v.contains("slot") ? std::to_string(v["slot"].get<int>()) : "-", v["profile"]["mac"].get<std::string>(),
               v["profile"]["vlan"].get<int>());
  fmt::print("\nUSER  HAS  QUOTA  WEIGHT\n");
  for (const auto& u : all["users"])
    fmt::print("{:>4} {:>4} {:>6} {:>7}\n", u["user"].get<int>(), u["held"].get<int>(), u["quota"].get<int>(),
               u["weight"].get<int>());
}

}  // namespace

int main(int argc, char** argv) {
  ProgramCli cli("vfpool", "Shows and changes who has which VF of the pool.");
  cli.app.require_subcommand(1);
  cli.app.fallthrough();
  std::function<json(Pool&, const Output&)> command;

  auto* c = cli.app.add_subcommand("list", "all slots, and on the owner all VFs and users");
  c->callback([&] {
    command = [](Pool& pool, const Output& out) {
      auto all = list(pool);
      if (!out.json()) print_list(all);
      return all;
    };
  });

  std::string vf;
  unsigned user = 0, slot = 0, function = 0, number = 0;
  int to_slot = -1, seconds = 30;
  bool button = false, force = false, quiet_release = false;
  std::string file, mac;
  int vlan = -1, qos = -1, trust = -1, spoof = -1;
  long min_rate = -1, max_rate = -1;

  c = cli.app.add_subcommand("assign", "owner: give a free VF to a user's server");
  c->add_option("vf", vf, "VF: number, address or MAC")->required();
  c->add_option("user", user, "user, from 1")->required();
  c->add_option("--slot", slot, "slot, from 0 (default 0)");
  c->add_option("--function", function, "function of the slot (default 0)");
  c->add_flag("--button", button, "by the attention button (5 s)");
  c->callback([&] {
    command = [&](Pool& pool, const Output&) {
      const unsigned n = find_vf(pool, vf);
      pool.assign(n, user, slot, function, button ? VFPOOL_BUTTON : 0);
      return json{{"vf", n}, {"user", user}, {"slot", slot}};
    };
  });

  c = cli.app.add_subcommand("release", "take what is in a slot back, in an orderly way");
  c->add_option("user", user, "user, from 1")->required();
  c->add_option("slot", slot, "slot, from 0")->required();
  c->add_flag("--force", force, "owner: at once, a surprise removal for that server");
  c->add_flag("--no-button", quiet_release, "no press: that server switches its slot off by itself");
  c->callback([&] {
    command = [&](Pool& pool, const Output&) {
      pool.release(user, slot, force ? VFPOOL_FORCE : quiet_release ? VFPOOL_QUIET : 0);
      return json{{"user", user}, {"slot", slot}};
    };
  });

  c = cli.app.add_subcommand("move", "owner: take a VF from its user and give it to another, and wait");
  c->add_option("vf", vf, "VF: number, address or MAC")->required();
  c->add_option("user", user, "user that gets it, from 1")->required();
  c->add_option("--slot", to_slot, "slot (default: the first that is free)");
  c->add_flag("--force", force, "do not wait for the present user's kernel");
  c->add_option("--timeout", seconds, "seconds to wait (default 30)");
  c->callback([&] {
    command = [&](Pool& pool, const Output& out) {
      return move(pool, find_vf(pool, vf), user, to_slot, force, std::chrono::seconds(seconds),
                  [&](const std::string& t) { out.say(t); });
    };
  });

  c = cli.app.add_subcommand("quota", "owner: show or set how many VFs a user may have");
  c->add_option("user", user, "user, from 1")->required();
  auto* quota = c->add_option("vfs", number, "most VFs")->check(CLI::Range(0, 64));
  c->callback([&, quota] {
    command = [&, set = quota->count() > 0](Pool& pool, const Output& out) {
      const auto u = pool.user(user, set ? number : 0xff);
      if (!out.json()) out.say(fmt::format("user {}: {} of {} VFs", user, u.held, u.quota));
      return json{{"user", user}, {"quota", u.quota}, {"held", u.held}};
    };
  });

  c = cli.app.add_subcommand("weight", "owner: show or set a user's share toward the card");
  c->add_option("user", user, "user, from 1")->required();
  auto* weight = c->add_option("weight", number, "packets a round")->check(CLI::Range(1, 254));
  c->callback([&, weight] {
    command = [&, set = weight->count() > 0](Pool& pool, const Output& out) {
      const auto u = pool.user(user, 0xff, set ? number : 0xff);
      if (!out.json()) out.say(fmt::format("user {}: weight {}", user, u.weight));
      return json{{"user", user}, {"weight", u.weight}};
    };
  });

  c = cli.app.add_subcommand("reserve", "owner: keep a VF for one user");
  c->add_option("vf", vf, "VF: number, address or MAC")->required();
  c->add_option("user", user, "user, from 1; 0: any")->required();
  c->callback([&] {
    command = [&](Pool& pool, const Output&) {
      const unsigned n = find_vf(pool, vf);
      pool.reserve(n, user);
      return json{{"vf", n}, {"reserved_for", user}};
    };
  });

  c = cli.app.add_subcommand("profile", "owner: show or set what a VF has when a user gets it");
  c->add_option("vf", vf, "VF: number, address or MAC")->required();
  c->add_option("--mac", mac, "its address; 00:00:00:00:00:00: the card's driver chooses");
  c->add_option("--vlan", vlan, "port VLAN, 0: none")->check(CLI::Range(0, 4094));
  c->add_option("--qos", qos, "priority of the port VLAN")->check(CLI::Range(0, 7));
  c->add_option("--trust", trust, "1: trusted")->check(CLI::Range(0, 1));
  c->add_option("--spoof-check", spoof, "0: may send from any address")->check(CLI::Range(0, 1));
  c->add_option("--min-rate", min_rate, "Mbit/s, 0: none")->check(CLI::NonNegativeNumber);
  c->add_option("--max-rate", max_rate, "Mbit/s, 0: none")->check(CLI::NonNegativeNumber);
  c->callback([&] {
    command = [&](Pool& pool, const Output& out) {
      auto p = pool.profile(find_vf(pool, vf));
      const bool change =
          !mac.empty() || vlan >= 0 || qos >= 0 || trust >= 0 || spoof >= 0 || min_rate >= 0 || max_rate >= 0;
      if (!mac.empty() && !parse_mac(mac, p.mac))
        throw Failure(Exit::kUsage, fmt::format("\"{}\" is no MAC address", mac));
      if (vlan >= 0) p.vlan = static_cast<__u16>(vlan);
      if (qos >= 0) p.qos = static_cast<__u8>(qos);
      if (trust >= 0) p.trust = static_cast<__u8>(trust);
      if (spoof >= 0) p.spoof_check = static_cast<__u8>(spoof);
      if (min_rate >= 0) p.min_rate = static_cast<__u32>(min_rate);
      if (max_rate >= 0) p.max_rate = static_cast<__u32>(max_rate);
      if (change) pool.set_profile(p);
      const json result = profile_json(p);
      if (!out.json())
        for (const auto& [key, value] : result.items()) out.say(fmt::format("{:<12} {}", key, value.dump()));
      return result;
    };
  });

  bool one = false;
  c = cli.app.add_subcommand("events", "print events as they come, one a line, until interrupted");
  c->add_flag("--one", one, "end after the first");
  c->callback([&] {
    command = [&](Pool& pool, const Output& out) {
      for (;;) {
        const auto event = pool.next_event(std::chrono::milliseconds(1000));
        if (!event) continue;
        if (one && out.json()) return event_json(*event);
        fmt::print("{}\n", event_json(*event).dump());
        std::fflush(stdout);
        if (one) return json::object();
      }
    };
  });

  c = cli.app.add_subcommand("save", "owner: write policy and assignment into a file");
  c->add_option("file", file, "JSON file")->required();
  c->callback([&] {
    command = [&](Pool& pool, const Output&) {
      std::ofstream to(file);
      to << save(pool).dump(2) << "\n";
      if (!to.flush()) throw Failure(Exit::kFailed, file + ": cannot be written");
      return json{{"file", file}};
    };
  });

  c = cli.app.add_subcommand("restore", "owner: put policy and assignment of a file back");
  c->add_option("file", file, "JSON file of vfpool save")->required()->check(CLI::ExistingFile);
  c->callback([&] {
    command = [&](Pool& pool, const Output& out) {
      std::ifstream from(file);
      json saved;
      try {
        saved = json::parse(from);
      } catch (const json::exception& e) {
        throw Failure(Exit::kUsage, fmt::format("{}: {}", file, e.what()));
      }
      auto result = restore(pool, saved);
      if (result["failed"].empty()) return result;
      for (const auto& line : result["failed"]) out.say(line.get<std::string>());
      throw Failure(Exit::kFailed,
                    fmt::format("{}: {} of its settings could not be restored", file, result["failed"].size()));
    };
  });

  ServeCommand serve(cli.app);

  if (const auto end = cli.parse(argc, argv)) return *end;
  struct sigaction interrupted{};
  interrupted.sa_handler = [](int) {};
  sigaction(SIGINT, &interrupted, nullptr);
  sigaction(SIGTERM, &interrupted, nullptr);
  const Output out("vfpool", cli.json, cli.quiet);
  return out.run([&] {
    if (serve.chosen()) return serve.run([&] { return open_pool(cli.device); }, out);
    const auto pool = open_pool(cli.device);
    out.result(command(*pool, out));
  });
}

// SPDX-License-Identifier: Apache-2.0
#include "vfpool_cli.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <limits>

#include "commands.hpp"
#include "describe.hpp"
#include "interrupt.hpp"
#include "metrics.hpp"
#include "saved.hpp"
#include "show.hpp"
#include "stats.hpp"
#include "tables.hpp"
#include "tree.hpp"
#include "watch.hpp"

namespace vfpool::tools {
namespace {

// "json" is an option of every program.
using Json = nlohmann::json;

constexpr const char* kVf = "VF: number (of another card than the first: CARD.NUMBER), address or MAC";
constexpr const char* kUser = "user, from 1";

Json print(const Output& out, const std::string& text, Json value) {
  out.print(text);
  return value;
}

}  // namespace

Json VfpoolCli::run(const OpenPool& open, const Output& out) {
  if (without_pool_) return without_pool_(open, out);
  return command_(*open(), out);
}

VfpoolCli::VfpoolCli(Server server)
    : ProgramCli("vfpool", "Shows and changes who has which VF of the pool."), server_(std::move(server)) {
  app.require_subcommand(1);
  app.fallthrough();
  add_looking();
  add_moving();
  add_policy();
  add_saving();
}

void VfpoolCli::add_looking() {
  auto* c = app.add_subcommand("list", "all slots, and on the owner all cards, VFs and users");
  c->callback([this] {
    command_ = [](Pool& pool, const Output& out) {
      auto all = list(pool);
      return print(out, list_table(all), all);
    };
  });

  c = app.add_subcommand("show", "everything known of a VF, a card, a slot or a server");
  c->add_option("what", kind_, "vf, card, slot or server")
      ->required()
      ->check(CLI::IsMember({"vf", "card", "slot", "server"}));
  c->add_option("name", names_,
                "vf: number (CARD.NUMBER), address or MAC; card: its number, from 0; slot: its number, on the "
                "owner the user's before it; server: user")
      ->expected(0, 2);
  c->callback([this] {
    command_ = [this](Pool& pool, const Output& out) {
      auto result = show(pool);
      return print(out, fields(result), result);
    };
  });

  c = app.add_subcommand("stats", "counters of ports and VFs, on a user's server of the interfaces in its slots");
  c->add_option("--interval", interval_, "wait so many seconds, and add what came in them as rates")
      ->check(CLI::Range(0.1, 3600.0));
  c->callback([this] {
    command_ = [this](Pool& pool, const Output& out) {
      auto result = stats(pool, server_);
      if (interval_ > 0) {
        wait_for(-1, std::chrono::nanoseconds(std::llround(interval_ * 1e9)));
        result = rates(result, stats(pool, server_));
      }
      return print(out, stats_table(result), result);
    };
  });

  c = app.add_subcommand("watch", "the same live, on the whole terminal, until interrupted");
  c->add_option("--interval", watch_interval_, "seconds between two pictures (default 1)")
      ->check(CLI::Range(0.1, 3600.0));
  c->add_flag("--once", one_, "one picture only, as always for programs");
  c->callback([this] {
    command_ = [this](Pool& pool, const Output& out) {
      const auto interval = std::chrono::milliseconds(std::lround(watch_interval_ * 1000));
      if (one_ || out.json())
        return watch(pool, server_, interval, true, [&](const std::string& picture) { out.print(picture); });
      const Screen screen(STDOUT_FILENO);
      return watch(pool, server_, interval, false, [&](const std::string& picture) { screen.show(picture); });
    };
  });

  c = app.add_subcommand("metrics", "state and counters as Prometheus reads them");
  c->callback([this] {
    command_ = [this](Pool& pool, const Output& out) {
      auto all = metrics(list(pool), stats(pool, server_));
      return print(out, exposition(all), {{"metrics", all}});
    };
  });

  c = app.add_subcommand("tree", "this server's PCIe functions, with what they are to the pool");
  c->callback([this] {
    command_ = [this](Pool& pool, const Output& out) {
      auto all = tree(pool, server_);
      return print(out, tree_text(all), all);
    };
  });

  c = app.add_subcommand("check", "what is wrong with this server's part of the pool, and the cure");
  c->callback([this] {
    without_pool_ = [this](const OpenPool& open, const Output& out) {
      std::unique_ptr<Pool> pool;
      std::string why;
      try {
        pool = open();
      } catch (const Failure& f) {
        why = f.what();
      }
      auto result = check(pool.get(), why, server_);
      if (result["bad"] != 0) status = Exit::kFailed;
      return print(out, check_text(result), result);
    };
  });

  c = app.add_subcommand("events", "print events as they come, one a line, until interrupted");
  c->add_flag("--one", one_, "end after the first");
  c->callback([this] {
    command_ = [this](Pool& pool, const Output& out) {
      for (;;) {
        const auto event = pool.next_event(std::chrono::milliseconds(1000));
        if (!event) continue;
        if (one_ && out.json()) return event_json(*event);
        fmt::print("{}\n", event_json(*event).dump());
        if (std::fflush(stdout) != 0) throw Failure(Exit::kFailed, "standard output cannot be written");
        if (one_) return Json::object();
      }
    };
  });
}

Json VfpoolCli::show(Pool& pool) {
  const auto number = [](const std::string& text) {
    if (text.empty() || text.size() > 3 || text.find_first_not_of("0123456789") != std::string::npos)
      throw Failure(Exit::kUsage, fmt::format("\"{}\" is no number of a card, slot or user", text));
    return static_cast<unsigned>(std::stoul(text));
  };
  if (kind_ == "vf") {
    if (names_.size() != 1) throw Failure(Exit::kUsage, "which VF? Its number, address or MAC");
    return show_vf(pool, find_vf(pool, names_[0]));
  }
  if (kind_ == "card") {
    if (names_.size() != 1) throw Failure(Exit::kUsage, "which card? Its number, from 0");
    return show_card(pool, server_, number(names_[0]));
  }
  if (kind_ == "server") {
    if (names_.size() > 1) throw Failure(Exit::kUsage, "one server at a time");
    return show_server(pool, server_, names_.empty() ? 0 : number(names_[0]));
  }
  if (names_.empty()) throw Failure(Exit::kUsage, "which slot? On the owner: user and slot");
  return show_slot(pool, server_, names_.size() == 2 ? number(names_[0]) : 0, number(names_.back()));
}

void VfpoolCli::add_moving() {
  auto* c = app.add_subcommand("assign", "owner: give a free VF to a user's server");
  c->add_option("vf", vf_, kVf)->required();
  c->add_option("user", user_, kUser)->required();
  c->add_option("--slot", slot_, "slot, from 0 (default 0)");
  c->add_option("--function", function_, "function of the slot (default 0)");
  c->add_flag("--button", button_, "by the attention button (5 s)");
  c->add_flag("--force", force_, "although the server has another payload size than the card: one that boots later");
  c->callback([this] {
    command_ = [this](Pool& pool, const Output&) {
      const unsigned n = find_vf(pool, vf_);
      require_place(pool, user_, slot_, function_);
      pool.assign(n, user_, slot_, function_, (button_ ? VFPOOL_BUTTON : 0u) | (force_ ? VFPOOL_FORCE : 0u));
      Json result = vf_name_json(n);
      result.update({{"user", user_}, {"slot", slot_}});
      return result;
    };
  });

  c = app.add_subcommand("release", "take what is in a slot back, in an orderly way");
  c->add_option("user", user_, kUser)->required();
  c->add_option("slot", slot_, "slot, from 0")->required();
  c->add_flag("--force", force_, "owner: at once, a surprise removal for that server");
  c->add_flag("--no-button", quiet_release_, "no press: that server switches its slot off by itself");
  c->callback([this] {
    command_ = [this](Pool& pool, const Output&) {
      require_place(pool, user_, slot_);
      pool.release(user_, slot_, force_ ? VFPOOL_FORCE : quiet_release_ ? VFPOOL_QUIET : 0);
      return Json{{"user", user_}, {"slot", slot_}};
    };
  });

  c = app.add_subcommand("reset", "owner: reset a broken VF once more, and wait for it");
  c->add_option("vf", vf_, kVf)->required();
  c->add_option("--timeout", seconds_, "seconds to wait (default 30)")->check(CLI::Range(1, 3600));
  c->callback([this] {
    command_ = [this](Pool& pool, const Output&) {
      return reset(pool, find_vf(pool, vf_), std::chrono::seconds(seconds_));
    };
  });

  c = app.add_subcommand("move", "owner: take a VF from its user and give it to another, and wait");
  c->add_option("vf", vf_, kVf)->required();
  c->add_option("user", user_, "user that gets it, from 1")->required();
  c->add_option("--slot", to_slot_, "slot (default: the first that is free)")->check(CLI::NonNegativeNumber);
  c->add_flag("--force", force_, "do not wait for the present user's kernel");
  c->add_option("--timeout", seconds_, "seconds to wait (default 30)")->check(CLI::Range(1, 3600));
  c->callback([this] {
    command_ = [this](Pool& pool, const Output& out) {
      return move(pool, find_vf(pool, vf_), user_, to_slot_, force_, std::chrono::seconds(seconds_),
                  [&](const std::string& t) { out.say(t); });
    };
  });
}

void VfpoolCli::add_policy() {
  auto* c = app.add_subcommand("quota", "owner: show or set how many VFs a user may have");
  c->add_option("user", user_, kUser)->required();
  auto* quota = c->add_option("vfs", number_, "most VFs, of all cards")->check(CLI::Range(0, 254));
  c->callback([this, quota] {
    command_ = [this, set = quota->count() > 0](Pool& pool, const Output& out) {
      require_user(pool, user_);
      const auto u = pool.user(user_, set ? number_ : 0xff);
      out.say(fmt::format("user {}: {} of {} VFs", user_, u.held, u.quota));
      return Json{{"user", user_}, {"quota", u.quota}, {"held", u.held}};
    };
  });

  c = app.add_subcommand("weight", "owner: show or set a user's share toward each card");
  c->add_option("user", user_, kUser)->required();
  auto* weight = c->add_option("weight", number_, "its bytes under saturation to those of others are as their weights")
                     ->check(CLI::Range(1, VFPOOL_MOST_WEIGHT));
  c->callback([this, weight] {
    command_ = [this, set = weight->count() > 0](Pool& pool, const Output& out) {
      require_user(pool, user_);
      const auto u = pool.user(user_, 0xff, set ? number_ : 0xff);
      out.say(fmt::format("user {}: weight {}", user_, u.weight));
      return Json{{"user", user_}, {"weight", u.weight}};
    };
  });

  c = app.add_subcommand("reserve", "owner: keep a VF for one user");
  c->add_option("vf", vf_, kVf)->required();
  c->add_option("user", user_, "user, from 1; 0: any")->required();
  c->callback([this] {
    command_ = [this](Pool& pool, const Output&) {
      const unsigned n = find_vf(pool, vf_);
      if (user_ != 0) require_user(pool, user_);
      pool.reserve(n, user_);
      Json result = vf_name_json(n);
      result["reserved_for"] = user_;
      return result;
    };
  });

  c = app.add_subcommand("profile", "owner: show or set what a VF has when a user gets it");
  c->add_option("vf", vf_, kVf)->required();
  c->add_option("--mac", mac_, "its address; 00:00:00:00:00:00: the card's driver chooses");
  c->add_option("--vlan", vlan_, "port VLAN, 0: none")->check(CLI::Range(0, 4094));
  c->add_option("--qos", qos_, "priority of the port VLAN")->check(CLI::Range(0, 7));
  c->add_option("--trust", trust_, "1: trusted")->check(CLI::Range(0, 1));
  c->add_option("--spoof-check", spoof_, "0: may send from any address")->check(CLI::Range(0, 1));
  constexpr long kMostRate = std::numeric_limits<std::uint32_t>::max();
  c->add_option("--min-rate", min_rate_, "Mbit/s, 0: none")->check(CLI::Range(0L, kMostRate));
  c->add_option("--max-rate", max_rate_, "Mbit/s, 0: none")->check(CLI::Range(0L, kMostRate));
  c->add_option("--mtu", mtu_, "the card's interface must carry this MTU when a user gets the VF, 0: any")
      ->check(CLI::Range(0, 65535));
  c->callback([this] {
    command_ = [this](Pool& pool, const Output& out) {
      auto p = pool.profile(find_vf(pool, vf_));
      const auto before = p;
      if (!mac_.empty() && !parse_mac(mac_, p.mac))
        throw Failure(Exit::kUsage, fmt::format("\"{}\" is no MAC address", mac_));
      if (vlan_ >= 0) p.vlan = static_cast<__u16>(vlan_);
      if (qos_ >= 0) p.qos = static_cast<__u8>(qos_);
      if (trust_ >= 0) p.trust = static_cast<__u8>(trust_);
      if (spoof_ >= 0) p.spoof_check = static_cast<__u8>(spoof_);
      if (min_rate_ >= 0) p.min_rate = static_cast<__u32>(min_rate_);
      if (max_rate_ >= 0) p.max_rate = static_cast<__u32>(max_rate_);
      if (mtu_ >= 0) p.mtu = static_cast<__u32>(mtu_);
      if (std::memcmp(&before, &p, sizeof p) != 0) set_profile(pool, p);
      const Json result = profile_json(p);
      return print(out, fields(result), result);
    };
  });
}

void VfpoolCli::add_saving() {
  auto* c = app.add_subcommand("save", "owner: write policy and assignment into a file");
  c->add_option("file", file_, "JSON file")->required();
  c->callback([this] {
    command_ = [this](Pool& pool, const Output&) {
      write_saved(file_, save(pool));
      return Json{{"file", file_}};
    };
  });

  c = app.add_subcommand("restore", "owner: put policy and assignment of a file back");
  c->add_option("file", file_, "JSON file of vfpool save")->required()->check(CLI::ExistingFile);
  c->callback([this] {
    command_ = [this](Pool& pool, const Output& out) {
      std::ifstream from(file_);
      Json saved;
      try {
        saved = Json::parse(from);
      } catch (const Json::exception& e) {
        throw Failure(Exit::kUsage, fmt::format("{}: {}", file_, e.what()));
      }
      auto result = restore(pool, saved);
      if (result["failed"].empty()) return result;
      for (const auto& line : result["failed"]) out.say(line.get<std::string>());
      throw Failure(Exit::kFailed,
                    fmt::format("{}: {} of its settings could not be restored", file_, result["failed"].size()));
    };
  });
}

}  // namespace vfpool::tools

// SPDX-License-Identifier: Apache-2.0
#include "serve_watch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <utility>

#include "cards.hpp"
#include "commands.hpp"
#include "describe.hpp"
#include "failure.hpp"
#include "output.hpp"
#include "stats.hpp"

namespace vfpool::tools {
namespace {

using nlohmann::json;
constexpr std::size_t kEvents = 200, kSamples = 120, kMoves = 20, kAtOnce = 4;
constexpr std::chrono::seconds kMoveLimit{30};

/// Whether the card's driver, which keeps its counters for a while, has read those of some VF since `before`.
bool counted_anew(const json& before, const json& now) {
  const auto times = [](const json& all) {
    json out;
    for (const auto& vf : all["vfs"]) out[vf["vf"].get<std::size_t>()] = vf["time_ns"];
    return out;
  };
  return times(before) != times(now);
}

/// Signals are the main thread's: here they would interrupt a move between two servers.
void leave_signals_alone() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

}  // namespace

Watch::Watch(Open open, std::chrono::milliseconds interval)
    : open_(std::move(open)), watched_(open_()), interval_(interval), watcher_([this] { run(); }) {}

Watch::~Watch() {
  std::map<unsigned, std::thread> movers;
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    movers.swap(movers_);
  }
  wake_.notify_all();
  watcher_.join();
  for (auto& [number, mover] : movers) mover.join();
}

void Watch::run() {
  leave_signals_alone();
  for (;;) {
    look();
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, interval_, [this] { return ending_ || look_now_; });
    if (ending_) return;
    look_now_ = false;
  }
}

void Watch::look() {
  json pool;
  std::vector<json> events;
  std::string error;
  try {
    // A bridge that was gone has a device of its own when it is there again.
    if (!watched_) watched_ = open_();
    // Not more at once than are kept.
    for (std::size_t n = 0; n < kEvents; ++n) {
      const auto event = watched_->next_event(std::chrono::milliseconds(0));
      if (!event) break;
      events.push_back(event_json(*event));
    }
    pool = list(*watched_);
    if (pool.contains("vfs")) sample();
  } catch (const Failure& f) {
    error = f.what();
    if (f.code() == Exit::kNotFound) watched_.reset();
  } catch (const std::exception& e) {
    error = e.what();
  }
  const std::lock_guard lock(mutex_);
  for (auto& e : events) events_.push_back(std::move(e));
  while (events_.size() > kEvents) events_.pop_front();
  if (error.empty()) pool_ = std::move(pool);
  error_ = std::move(error);
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  time_ms_ = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

void Watch::sample() {
  json now = stats(*watched_, server_);
  const json before = std::exchange(counted_, now);
  if (before.is_null()) return;
  if (!counted_anew(before, now)) {
    counted_ = before;  // the next look has a longer time behind it
    return;
  }
  const json seen = rates(before, std::move(now));
  json out{{"time_ms", seen["time_ns"].get<std::uint64_t>() / 1'000'000},
           {"servers", json::array()},
           {"vfs", json::array()}};
  const auto add = [](json& to, const json& from, const char* key) {
    to.push_back({{key, from[key]}, {"mbit", from["rx_mbit"].get<double>() + from["tx_mbit"].get<double>()}});
  };
  for (const auto& vf : seen["vfs"])
    if (vf.contains("rx_mbit")) add(out["vfs"], vf, "vf");
  for (const auto& server : seen["servers"]) add(out["servers"], server, "user");
  if (out["vfs"].empty()) return;
  const std::lock_guard lock(mutex_);
  samples_.push_back(std::move(out));
  if (samples_.size() > kSamples) samples_.pop_front();
}

json Watch::state() const {
  const std::lock_guard lock(mutex_);
  json out{{"version", kJsonVersion}, {"time_ms", time_ms_}, {"pool", pool_},
           {"events", events_},       {"samples", samples_}, {"moves", json::array()}};
  for (const auto& [number, move] : moves_) out["moves"].push_back(move);
  if (!error_.empty()) out["error"] = error_;
  return out;
}

unsigned Watch::move(unsigned vf, unsigned user, int slot) {
  const std::lock_guard lock(mutex_);
  if (pool_.is_null()) throw Failure(Exit::kFailed, error_.empty() ? "the pool is not read yet" : error_);
  if (!pool_.contains("vfs")) throw Failure(Exit::kPermission, "VFs are moved on the owner's server");
  const json& info = pool_["info"];
  const json& vfs = pool_["vfs"];
  if (std::none_of(vfs.begin(), vfs.end(), [&](auto& v) { return v["vf"] == vf; }))
    throw Failure(Exit::kNotFound, fmt::format("no VF {}", vf_text(vf)));
  if (user != kBackToPool && user > info["users"].get<unsigned>())
    throw Failure(Exit::kNotFound, fmt::format("no user {}", user));
  if (slot >= info["slots"].get<int>()) throw Failure(Exit::kNotFound, fmt::format("no slot {}", slot));

  std::size_t under_way = 0;
  for (auto& [number, move] : moves_) {
    if (move["state"] == "running") {
      ++under_way;
      if (move["vf"] == vf) throw Failure(Exit::kBusy, fmt::format("VF {} is being moved already", vf_text(vf)));
    } else if (const auto mover = movers_.find(number); mover != movers_.end()) {
      mover->second.join();
      movers_.erase(mover);
    }
  }
  if (ending_ || under_way >= kAtOnce) throw Failure(Exit::kBusy, "other moves are under way: try again");
  while (moves_.size() >= kMoves) {
    const auto oldest =
        std::find_if(moves_.begin(), moves_.end(), [](auto& m) { return m.second["state"] != "running"; });
    moves_.erase(oldest);
  }

  const unsigned number = next_move_++;
  moves_[number] = vf_name_json(vf);
  moves_[number].update({{"move", number}, {"user", user}, {"state", "running"}, {"text", ""}});
  movers_[number] = std::thread([=, this] { carry_out(number, vf, user, slot); });
  return number;
}

void Watch::carry_out(unsigned number, unsigned vf, unsigned user, int slot) {
  leave_signals_alone();
  try {
    const auto pool = open_();
    if (user == kBackToPool) {
      const auto now = pool->vf(vf);
      if (now.use != VFPOOL_USE_ASSIGNED) throw Failure(Exit::kBusy, fmt::format("no user has VF {}", vf_text(vf)));
      pool->release(now.user, now.slot, 0);
    } else {
      vfpool::tools::move(*pool, vf, user, slot, false, kMoveLimit,
                          [&](const std::string& text) { tell(number, "running", text); });
    }
    tell(number, "done", "");
  } catch (const std::exception& e) {
    tell(number, "failed", e.what());
  }
}

void Watch::tell(unsigned number, const char* state, const std::string& text) {
  {
    const std::lock_guard lock(mutex_);
    moves_[number]["state"] = state;
    moves_[number]["text"] = text;
    look_now_ = true;
  }
  wake_.notify_all();
}

}  // namespace vfpool::tools

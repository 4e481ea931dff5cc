// SPDX-License-Identifier: Apache-2.0
// What the page shows: the pool's state, its latest events and the moves that people asked for, gathered by a thread of
// its own, so that who reads never waits for the pool.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "pool.hpp"
#include "server.hpp"

namespace vfpool::tools {

constexpr unsigned kBackToPool = 0;  ///< as the user of a move: the VF becomes free

class Watch {
 public:
  /// Called once for watching, and once for each move, which waits for events of its own.
  using Open = std::function<std::unique_ptr<Pool>()>;
  /// Opens the pool at once, so that an error of it is the caller's.
  Watch(Open open, std::chrono::milliseconds interval);
  /// Waits for moves that are under way: a VF is not to be left between two servers.
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  /// One JSON object: "version", "time_ms" (since 1970), "pool" (as of `vfpool list`; null before the first), "events",
  /// "moves", "samples" (Mbit/s of servers and VFs, about one a second, where the card's driver counts frames), and
  /// "error" if the pool could not be read.
  nlohmann::json state() const;
  /// Starts a move and returns its number; how it goes on is in state(). Throws Failure if it cannot even begin.
  unsigned move(unsigned vf, unsigned user, int slot);

 private:
  void look();
  void sample();
  void run();
  void carry_out(unsigned move, unsigned vf, unsigned user, int slot);
  void tell(unsigned move, const char* state, const std::string& text);

  const Open open_;
  std::unique_ptr<Pool> watched_;  // the watcher's alone; empty: to be opened again
  const Server server_;
  nlohmann::json counted_;  // counters that the next sample's rates begin at
  const std::chrono::milliseconds interval_;
  mutable std::mutex mutex_;  // of everything below
  std::condition_variable wake_;
  bool ending_ = false, look_now_ = false;
  nlohmann::json pool_;
  std::string error_;
  std::int64_t time_ms_ = 0;
  std::deque<nlohmann::json> events_, samples_;
  std::map<unsigned, nlohmann::json> moves_;
  std::map<unsigned, std::thread> movers_;
  unsigned next_move_ = 1;
  std::thread watcher_;
};

}  // namespace vfpool::tools

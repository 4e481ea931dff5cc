// SPDX-License-Identifier: Apache-2.0
// vfpool serve: the pool as a page. libevent speaks HTTP; everything the page needs is in this program.
//
//   GET  /            the page, and its parts
//   GET  /api/state   Watch::state()
//   POST /api/move    {"vf", "user" (0: back to the pool), "slot" (optional)} with the header X-Vfpool-Token; answers
//                     {"move": number} as soon as the move has begun
//
// Errors are {"error"} with the fitting status.
//
// Who may ask: a page of another site is kept out by the header, which a form cannot send, and by the Host header,
// which must be an address, "localhost" or a name that was told: another's name that was made to point here (DNS
// rebinding) is none of these.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "serve_watch.hpp"

namespace vfpool::tools {

struct ServeOptions {
  std::string listen = "127.0.0.1";
  unsigned port = 8259;            ///< 0: any that is free
  std::vector<std::string> names;  ///< under which browsers may come, besides addresses and localhost
  std::string token;               ///< who has it may move VFs; empty: nobody may
};

class PageServer {
 public:
  /// Listens. Throws Failure.
  PageServer(Watch& watch, ServeOptions options);
  ~PageServer();
  PageServer(const PageServer&) = delete;
  PageServer& operator=(const PageServer&) = delete;

  std::string address() const;  ///< http://127.0.0.1:8259/
  /// Answers until SIGINT, SIGTERM, or stop(), which any thread may call.
  void run();
  void stop();

 private:
  class Http;
  std::unique_ptr<Http> http_;
};

/// A token nobody can guess.
std::string random_token();
/// The first line of a file that nobody else may read. Throws Failure.
std::string token_of(const std::string& file);

}  // namespace vfpool::tools

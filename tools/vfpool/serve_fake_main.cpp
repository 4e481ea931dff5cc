// SPDX-License-Identifier: Apache-2.0
// Serves the page of a pool that exists only here, for tests with a browser: two servers with a VF each, two free VFs.
// Prints the address with the token; ends with its standard input.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <thread>

#include "serve.hpp"
#include "serve_fake.hpp"

int main() {
  using namespace vfpool::tools;
  const auto state = std::make_shared<LiveState>();
  LivePool pool(state);
  pool.assign(0, 1, 0, 0, 0);
  pool.assign(1, 2, 0, 0, 0);
  Watch watch([&] { return std::make_unique<LivePool>(state); }, std::chrono::milliseconds(100));
  ServeOptions options;
  options.port = 0;
  options.token = random_token();
  PageServer server(watch, options);
  fmt::print("{} {}\n", server.address(), options.token);
  std::fflush(stdout);
  std::thread until_end([&] {
    for (char c; ::read(STDIN_FILENO, &c, 1) > 0;) continue;
    server.stop();
  });
  server.run();
  until_end.join();
}

// SPDX-License-Identifier: Apache-2.0
// Serves the page of a pool that exists only here, for tests with a browser: two servers with a VF each, two free VFs,
// and with the word "cards" a second card with two free VFs. Prints the address with the token; ends with its standard
// input.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <thread>

#include "serve.hpp"
#include "serve_fake.hpp"

namespace {

using namespace vfpool::tools;

constexpr std::chrono::milliseconds kTick{100};

void traffic(LiveState& state, std::stop_token end) {
  for (__u64 time = 1; !end.stop_requested(); time += std::chrono::nanoseconds(kTick).count()) {
    {
      const std::lock_guard lock(state.mutex);
      for (const auto& [n, vf] : state.pool.vfs) {
        auto& frames = state.pool.frames[n];
        frames.vf = static_cast<__u8>(n);
        frames.time = time;
        if (vf.use == VFPOOL_USE_ASSIGNED) frames.rx_bytes += 125'000 * (n + 1);
      }
    }
    std::this_thread::sleep_for(kTick);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const auto state = std::make_shared<LiveState>();
  if (argc > 1 && std::string(argv[1]) == "cards") state->pool.add_card(2);
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
  const std::jthread card([&](std::stop_token end) { traffic(*state, end); });
  std::thread until_end([&] {
    for (char c; ::read(STDIN_FILENO, &c, 1) > 0;) continue;
    server.stop();
  });
  server.run();
  until_end.join();
}

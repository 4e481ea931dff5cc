// SPDX-License-Identifier: Apache-2.0
// vfpool: everything about the pool on one command line (vfpool_cli.hpp).
#include <csignal>

#include "output.hpp"
#include "pool.hpp"
#include "serve_command.hpp"
#include "vfpool_cli.hpp"

int main(int argc, char** argv) {
  using namespace vfpool::tools;
  VfpoolCli cli;
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
    out.result(cli.command(*pool, out));
  });
}

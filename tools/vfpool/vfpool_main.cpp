// SPDX-License-Identifier: Apache-2.0
// vfpool: everything about the pool on one command line (vfpool_cli.hpp).
#include "interrupt.hpp"
#include "machine.hpp"
#include "output.hpp"
#include "serve_command.hpp"
#include "vfpool_cli.hpp"

int main(int argc, char** argv) {
  using namespace vfpool::tools;
  VfpoolCli cli(this_server());
  ServeCommand serve(cli.app);
  if (const auto end = cli.parse(argc, argv)) return *end;
  const Output out("vfpool", cli.json, cli.quiet);
  const auto open = [&] { return open_pool(cli.device); };
  const int failed = out.run([&] {
    if (serve.chosen()) return serve.run(open, out);
    hold_interrupts();  // the page's server hears them by itself
    out.result(cli.run(open, out));
  });
  return failed ? failed : static_cast<int>(cli.status);
}

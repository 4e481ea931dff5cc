// SPDX-License-Identifier: Apache-2.0
// hotplug_in and hotplug_out: two programs of one source (VFPOOL_IN says which), as the founding papers have them:
// "Hotplug_in" or "Hotplug_out", and "Finished".
#include "cli.hpp"
#include "hotplug.hpp"
#include "interrupt.hpp"
#include "machine.hpp"
#include "output.hpp"

#ifndef VFPOOL_IN
#error "VFPOOL_IN must be 1 (hotplug_in) or 0 (hotplug_out)"
#endif

int main(int argc, char** argv) {
  using namespace vfpool::tools;
  constexpr const char* kProgram = VFPOOL_IN ? "hotplug_in" : "hotplug_out";
  HotplugCli cli(VFPOOL_IN);
  if (const auto end = cli.parse(argc, argv)) return *end;
  hold_interrupts();
  const Output out(kProgram, cli.json, cli.quiet);
  return out.run([&] {
    const Server server = this_server();
    const auto pool = open_pool(cli.device);
    const auto bridge = server.bridge_of(pool->name());
    out.say(VFPOOL_IN ? "Hotplug_in" : "Hotplug_out");
    const auto progress = [&](const std::string& text) {
      // What has its line's end is a result: also for those who have no terminal to see progress at.
      if (text.ends_with('\n'))
        out.print(text);
      else
        out.progress(text);
    };
    auto result = VFPOOL_IN ? hotplug_in(*pool, server, bridge, cli.options, progress)
                            : hotplug_out(*pool, server, bridge, cli.options, progress);
    if (cli.options.dry_run) return out.result(std::move(result));
    out.say("Finished");
    out.result(std::move(result));
  });
}

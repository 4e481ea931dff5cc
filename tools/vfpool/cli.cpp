// SPDX-License-Identifier: Apache-2.0
#include "cli.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <string_view>

#include "cards.hpp"
#include "document.hpp"
#include "failure.hpp"
#include "output.hpp"

namespace vfpool::tools {

ProgramCli::ProgramCli(const std::string& program, const std::string& description) : app(description, program) {
  app.add_option("--device", device, "device file of the pool's port (default: the only /dev/vfpoolN)");
  app.add_flag("--json", json, "print one JSON object, also for an error");
  app.add_flag("-q,--quiet", quiet, "print errors only");
  app.set_version_flag("--version", VFPOOL_VERSION);
  app.add_flag("--man", man_, "print this program's manual page (troff)")->group("Documents");
  app.add_flag("--completion", completion_, "print the completion for bash")->group("Documents");
}

std::optional<int> ProgramCli::parse(int argc, char** argv) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    // --man and --completion count although something that is required is missing.
    if (!man_ && !completion_) {
      const int code = app.exit(e);
      // A line that is wrong need not have come as far as its --json.
      if (code != 0 && std::any_of(argv, argv + argc, [](const char* a) { return std::string_view(a) == "--json"; }))
        std::cout << json_error(e.what(), Exit::kUsage);
      return code == 0 ? 0 : static_cast<int>(Exit::kUsage);
    }
  }
  if (man_) std::cout << manual_page(app);
  if (completion_) std::cout << bash_completion(app);
  if (man_ || completion_) return 0;
  return {};
}

HotplugCli::HotplugCli(bool in)
    : ProgramCli(in ? "hotplug_in" : "hotplug_out",
                 in ? "Asks the card's owner for a VF and takes it into a hot-plug slot of this server."
                    : "Gives the VF in a hot-plug slot of this server back to the pool.") {
  app.add_option(
      "--slot", options.slot,
      in ? "slot, from 0 (default: the first that is free)" : "slot, from 0 (default: the first that is taken)");
  if (in) {
    app.add_option_function<std::string>(
           "--vf", [this](const std::string& text) { options.vf = vf_named(text)->vf(); },
           "this VF (its number at the owner, of another card than the first CARD.NUMBER; default: the owner chooses)")
        ->check([](const std::string& text) {
          const auto vf = vf_named(text);
          return vf && vf->possible() ? std::string() : "\"" + text + "\" is no VF: NUMBER or CARD.NUMBER, both from 0";
        });
    app.add_flag("--button", options.button,
                 "by the attention button: the kernel waits 5 s, in which a second press cancels");
  } else {
    app.add_flag("--now", options.now, "orderly, but without the button's 5 s");
    app.add_flag("--force", options.force, "although something uses the interface");
  }
  app.add_flag_callback("--no-wait", [this] { options.wait = false; }, "end when the request is made");
  app.add_option_function<int>(
         "--timeout", [this](const int& seconds) { options.timeout = std::chrono::seconds(seconds); },
         "seconds to wait (default 30)")
      ->check(CLI::Range(1, 3600));
  app.add_flag("--dry-run", options.dry_run, "only say what would be done");
}

}  // namespace vfpool::tools

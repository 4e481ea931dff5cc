// SPDX-License-Identifier: Apache-2.0
// vfpool-demo: boots the pool and tells the story. The last line counts the checks.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>

#include "demo/story.hpp"

int main(int argc, char** argv) {
  CLI::App cli("Boots an owner and two users around the bridge and checks the papers' story.");
  std::string topology = VFPOOL_SOURCE_DIR "/sim/lab/topologies/pool.toml", folder = "build/demo", sim;
  cli.add_option("--topology", topology, "topology file")->capture_default_str();
  cli.add_option("--dir", folder, "run folder")->capture_default_str();
  cli.add_option("--sim", sim, "another vfpool-sim");
  CLI11_PARSE(cli, argc, argv);
  vfpool::demo::Checks checks;
  try {
    vfpool::lab::Lab lab({.topology = topology, .folder = folder, .sim_program = sim, .progress = {}});
    lab.up();
    vfpool::demo::Story(lab, checks).tell();
    lab.down();
  } catch (const std::exception& e) {
    checks.check(false, "the lab runs", e.what());
  }
  const std::filesystem::path record = std::filesystem::path(folder) / "tlp.pcapng";
  if (std::filesystem::exists(record)) {
    fmt::print("\nCaptures: {}/tlp.pcapng (TLPs), {}/wire.pcapng (Ethernet). To look at them:\n", folder, folder);
    fmt::print("  tools/toolroot run sim/record/tshark -r {} | less\n", record.string());
  }
  fmt::print("\ndemo: {} checks passed, {} failed\n", checks.passed(), checks.failed());
  return checks.failed() == 0 && checks.passed() > 0 ? 0 : 1;
}

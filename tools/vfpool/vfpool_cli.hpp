// SPDX-License-Identifier: Apache-2.0
// The command line of vfpool: its commands, their options, and how results look for people. What each command does is
// in commands.hpp, show.hpp, stats.hpp, watch.hpp, metrics.hpp, tree.hpp.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli.hpp"
#include "output.hpp"
#include "pool.hpp"
#include "server.hpp"

namespace vfpool::tools {

class VfpoolCli : public ProgramCli {
 public:
  explicit VfpoolCli(Server server);

  using OpenPool = std::function<std::unique_ptr<Pool>()>;
  /// What was asked for, after parse(): prints for people unless it is for programs, and gives the JSON.
  nlohmann::json run(const OpenPool& open, const Output& out);
  /// How the program ends when run() has come to its end.
  Exit status = Exit::kDone;

 private:
  void add_looking();
  void add_moving();
  void add_policy();
  void add_saving();
  nlohmann::json show(Pool& pool);

  // Set by parse(): a command with a pool, or one that also works where there is none.
  std::function<nlohmann::json(Pool&, const Output&)> command_;
  std::function<nlohmann::json(const OpenPool&, const Output&)> without_pool_;

  Server server_;
  // Where options and arguments go; a command uses those that it has.
  std::string vf_, file_, mac_, kind_;
  std::vector<std::string> names_;
  unsigned user_ = 0, slot_ = 0, function_ = 0, number_ = 0;
  int to_slot_ = -1, seconds_ = 30;
  double interval_ = 0, watch_interval_ = 1;
  bool button_ = false, force_ = false, quiet_release_ = false, one_ = false;
  int vlan_ = -1, qos_ = -1, trust_ = -1, spoof_ = -1, mtu_ = -1;
  long min_rate_ = -1, max_rate_ = -1;
};

}  // namespace vfpool::tools

// SPDX-License-Identifier: Apache-2.0
// The papers' story in steps. Each step says what happens, checks it, and prints which TLPs crossed the RTL.
#pragma once

#include <string>

#include "app/control_client.hpp"
#include "demo/checks.hpp"
#include "lab/lab.hpp"

namespace vfpool::demo {

class Story {
 public:
  Story(lab::Lab& lab, Checks& checks) : lab_(lab), checks_(checks), control_(lab.file("control.sock")) {}
  /// All steps. A step that cannot go on ends the story; what it threw is a failed check.
  void tell();

 private:
  void trees_at_boot();
  void owner_creates_vfs();
  void vfs_reach_their_servers();
  void servers_are_different_hosts();
  void ping();
  void tcp();
  void file_over_ssh();
  void self_tests();
  void move_vf();
  void move_by_commands();
  void everyone_is_healthy();

  lab::Result run(const std::string& vm, const std::string& sh, int seconds = 60);
  std::string text(const std::string& vm, const std::string& sh, int seconds = 60);
  /// The network interface of the pooled VF at `bdf` of domain 10000.
  std::string interface_of(const std::string& vm, const std::string& bdf);
  void bring_up(const std::string& vm, const std::string& bdf, const std::string& address);
  void ping_from(const std::string& vm, const std::string& address, const std::string& who);
  void show_tlps();

  lab::Lab& lab_;
  Checks& checks_;
  app::ControlClient control_;
  nlohmann::json shown_tlps_;  ///< counts when the last table was shown
};

}  // namespace vfpool::demo

// SPDX-License-Identifier: Apache-2.0
// The papers' own way: hotplug_out and hotplug_in on the servers move a VF, and streams through other VFs do not
// notice.
#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <nlohmann/json.hpp>
#include <thread>

#include "demo/story.hpp"

namespace vfpool::demo {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

/// Datagrams from the host at the wire into one server, counted there. The server's one processor also takes the VF in
/// or lets it go, so what waits for iperf3 meanwhile must have room. iperf3 reports when the signal reaches it; a shell
/// before it would be gone by then.
class Stream {
 public:
  Stream(lab::Lab& lab, const std::string& vm, const std::string& address)
      : server_(lab.vm(vm).spawn("echo 8000000 > /proc/sys/net/core/rmem_default; exec iperf3 -s -1 -J")),
        client_(lab.peer("peer").spawn("sleep 2; exec iperf3 -u -b 1M -l 1000 -t 300 -c " + address)) {}

  /// {"packets", "lost", "least": bytes in the worst whole second}, or what iperf3 said instead.
  json end() {
    server_.signal(SIGTERM);
    const auto said = server_.wait(30s);
    const json report = json::parse(said.out, nullptr, false);
    if (!report.is_object() || !report.contains("intervals") || report["intervals"].size() < 3)
      return said.out + said.err;
    json out{{"packets", 0}, {"lost", 0}, {"least", -1}};
    const auto& seconds = report["intervals"];
    for (std::size_t i = 0; i < seconds.size(); ++i) {
      const auto& sum = seconds[i]["sum"];
      out["packets"] = out["packets"].get<int>() + sum["packets"].get<int>();
      out["lost"] = out["lost"].get<int>() + sum["lost_packets"].get<int>();
      if (i + 1 == seconds.size()) break;  // not a whole one
      const int bytes = sum["bytes"];
      if (out["least"] < 0 || bytes < out["least"]) out["least"] = bytes;
    }
    return out;
  }

 private:
  lab::Background server_;
  std::unique_ptr<lab::Process> client_;
};

}  // namespace

void Story::move_by_commands() {
  // So far user2 has both VFs. One goes home; user1 gets it, and another for its stream.
  const auto command = [&](const std::string& vm, const std::string& line) {
    const auto r = run(vm, line, 90);
    const bool in = line.starts_with("hotplug_in");
    checks_.check(r.rc == 0 && r.out == (in ? "Hotplug_in\nFinished\n" : "Hotplug_out\nFinished\n"), vm + ": " + line,
                  r.out + r.err);
  };
  command("user2", "hotplug_out --slot 1 --now");
  command("user1", "hotplug_in --slot 0 --vf 2");
  command("user1", "hotplug_in --slot 1 --vf 0");
  bring_up("user1", "03:00.0", "10.82.0.1/24");
  bring_up("user1", "04:00.0", "10.83.0.1/24");
  // The host at the wire hears with this that 10.82.0.1 has another MAC address than before.
  ping_from("user1", "10.82.0.254", "user1 through VF 2");
  ping_from("user1", "10.83.0.254", "user1 through VF 0");
  checks_.say("owner:\n" + text("owner", "vfpool list"));

  Stream first(lab_, "user1", "10.82.0.1"), second(lab_, "user2", "10.82.0.2");
  std::this_thread::sleep_for(5s);
  run("user1", "dmesg -c >/dev/null");
  run("user2", "dmesg -c >/dev/null");
  const auto begin = std::chrono::steady_clock::now();
  command("user1", "hotplug_out --slot 1");
  command("user2", "hotplug_in --slot 1 --vf 0");
  bring_up("user2", "04:00.0", "10.83.0.2/24");
  ping_from("user2", "10.83.0.254", "user2 through VF 0, which was user1's");
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  for (auto& [name, stream] :
       {std::pair{"user1's stream through VF 2", &first}, {"user2's stream through VF 1", &second}}) {
    const json seen = stream->end();
    // 125 a second are sent; fewer would mean that it was not there all the time.
    checks_.check(seen.is_object() && seen["packets"] > 100 * took.count() && seen["lost"] == 0,
                  fmt::format("{} lost nothing in {:.0f} s: {}", name, took.count(), seen.dump()), seen.dump());
  }

  const std::string out = text("user1", "dmesg | grep pciehp"), in = text("user2", "dmesg | grep pciehp");
  checks_.say("user1:\n" + out + "\nuser2:\n" + in);
  const auto says = [](const std::string& log, const char* part) { return log.find(part) != std::string::npos; };
  checks_.check(says(out, "Slot(2): Button press: will power off in 5 sec"), "user1: stock pciehp answered the button",
                out);
  checks_.check(says(in, "Slot(2): Link Up") || says(in, "Slot(2): Card present"), "user2: stock pciehp took the card",
                in);
}

}  // namespace vfpool::demo

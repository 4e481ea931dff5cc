// SPDX-License-Identifier: Apache-2.0
// An 82599 without servers around it: serves its VFs to VMs over vfio-user sockets (vf0, vf1, ... in a folder). The
// cable's far end is a station (station.hpp); VFs reach each other through the card's switch. Obeys lines on its
// standard input, and datagrams to the station: see kHelp. After `quit` the VMs see devices that answer no more.
#include <poll.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "core/scheduler.hpp"
#include "mischief.hpp"
#include "nic82599/direct_card.hpp"
#include "station.hpp"
#include "vfio_user/server.hpp"
#include "wire/loopback.hpp"

namespace {

using namespace vfpool;

constexpr const char* kHelp =
    "link up|down; pf stop|start|reset|mtu N; apis none|10,11,... [FEATURES]; mischief KIND [MS]; "
    "flood PAYLOAD RATE MS [FLOWS [good|none|wrong]] (the datagrams' checksums); gaps start; gaps VECTOR; careless; "
    "state; "
    "quit";

/// Commands, on lines of the standard input or in datagrams of the guest. They concern VF 0.
class Commands {
 public:
  Commands(Scheduler& scheduler, nic82599::DirectCard& card, airvf::Mischief& mischief)
      : scheduler_(scheduler), card_(card), mischief_(mischief) {}
  void set_station(airvf::Station& station) { station_ = &station; }

  /// The answer.
  std::string obey(const std::string& line) {
    std::istringstream in(line);
    std::string verb, word;
    in >> verb;
    if (verb == "state") return card_.state();
    if (verb == "careless") return std::to_string(mischief_.careless_resets());
    if (verb == "quit") return scheduler_.stop(), "ok";
    if (verb == "flood") return flood(in);
    in >> word;
    if (verb == "link" && word == "up") return station_->plug(), "ok";
    if (verb == "link" && word == "down") return station_->unplug(), "ok";
    if (verb == "pf") return pf(word, in);
    if (verb == "gaps") return gaps(word);
    if (verb == "apis") return apis(word, in);
    unsigned milliseconds = 0;
    in >> milliseconds;
    if (verb == "mischief" && mischief_.begin(word, milliseconds)) return "ok";
    spdlog::warn("what is \"{}\"? ({})", line, kHelp);
    return std::string("what? ") + kHelp;
  }

 private:
  std::string pf(const std::string& word, std::istringstream& in) {
    unsigned mtu = 1500;
    if (word == "stop" || word == "reset" || word == "mtu") card_.pf().stop();
    if (word == "mtu" && in >> mtu) card_.pf().set_mtu(mtu);
    if (word == "start" || word == "reset" || word == "mtu") card_.pf().start();
    return "ok";
  }

  /// Mailbox versions (10 for 1.0 and so on) and 1.7's features.
  std::string apis(const std::string& word, std::istringstream& in) {
    std::set<unsigned> versions;
    std::istringstream list(word);
    for (std::string v; word != "none" && std::getline(list, v, ',');)
      versions.insert(static_cast<unsigned>(std::strtoul(v.c_str(), nullptr, 10)));
    std::uint32_t features = 0;
    in >> features;
    card_.pf().set_apis(versions, features);
    return "ok";
  }

  std::string gaps(const std::string& word) {
    if (word == "start") return card_.nic().record_gaps(1), "ok";
    return card_.nic().gaps(1, static_cast<unsigned>(std::strtoul(word.c_str(), nullptr, 10)));
  }

  std::string flood(std::istringstream& in) {
    using Sum = airvf::Station::Sum;
    static const std::map<std::string, Sum> kSums{{"good", Sum::kGood}, {"none", Sum::kNone}, {"wrong", Sum::kWrong}};
    unsigned payload = 0, rate = 0, milliseconds = 0, flows = 1;
    std::string word = "good";
    in >> payload >> rate >> milliseconds >> flows >> word;
    const auto sum = kSums.find(word);
    const std::string wrong = sum == kSums.end() ? "the checksums are good, none or wrong"
                                                 : station_->flood(payload, rate, milliseconds, flows, sum->second);
    if (!wrong.empty()) spdlog::warn("flood: {}", wrong);
    return wrong.empty() ? "ok" : wrong;
  }

  Scheduler& scheduler_;
  nic82599::DirectCard& card_;
  airvf::Mischief& mischief_;
  airvf::Station* station_ = nullptr;
};

/// Lines of a person or a script.
class Console {
 public:
  Console(Scheduler& scheduler, Commands& commands) : scheduler_(scheduler), commands_(commands) {
    scheduler_.watch(STDIN_FILENO, POLLIN, [this](short) { read(); });
  }

 private:
  void read() {
    char chunk[256];
    const ssize_t n = ::read(STDIN_FILENO, chunk, sizeof chunk);
    if (n <= 0) {
      scheduler_.unwatch(STDIN_FILENO);
      return;
    }
    text_.append(chunk, static_cast<std::size_t>(n));
    for (std::size_t end; (end = text_.find('\n')) != std::string::npos; text_.erase(0, end + 1))
      std::cout << commands_.obey(text_.substr(0, end)) << std::endl;
  }

  Scheduler& scheduler_;
  Commands& commands_;
  std::string text_;
};

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("82599 whose VFs are vfio-user devices");
  std::string folder = ".";
  nic82599::Nic82599::Options nic;
  nic82599::PfPersonality::Options pf;
  pf.vfs = 2;
  app.add_option("folder", folder, "where the sockets are made")->required();
  app.add_option("--vfs", pf.vfs, "virtual functions")->check(CLI::Range(1, 63));
  app.add_option("--queues", pf.queues, "queues of each")->check(CLI::IsMember({2, 4}));
  app.add_option("--mtu", pf.pf_mtu, "MTU of the PF");
  app.add_flag("--trusted", pf.trusted, "trust the VFs");
  app.add_flag("--query-rss", pf.query_rss, "VFs may read the RSS table");
  app.add_flag("--check-local", pf.check_local, "verify the checksums of frames between VFs, too");
  app.add_flag("--strict-reset", nic.strict_vf_reset, "ring registers survive a VF's reset, as in silicon");
  std::uint32_t seed = 1;
  app.add_option("--seed", seed, "of the mischief");
  CLI11_PARSE(app, argc, argv);
  std::signal(SIGPIPE, SIG_IGN);

  Scheduler scheduler(TimeBase::kWall);
  auto [near_end, far_end] = wire::Loopback::make_pair(scheduler);
  nic82599::DirectCard card(scheduler, nic, pf);
  card.nic().set_wire(*near_end);
  airvf::Mischief mischief(scheduler, card.vf(0), seed);
  Commands commands(scheduler, card, mischief);
  airvf::Station station(scheduler, *far_end, pf.first_vf_mac,
                         [&commands](const std::string& line) { return commands.obey(line); });
  commands.set_station(station);
  std::vector<std::unique_ptr<vfio_user::Server>> servers;
  for (unsigned i = 0; i < card.vfs(); ++i) {
    vfio_user::Device& device = i == 0 ? static_cast<vfio_user::Device&>(mischief) : card.vf(i);
    servers.push_back(std::make_unique<vfio_user::Server>(scheduler, folder + "/vf" + std::to_string(i), device));
  }
  Console console(scheduler, commands);
  scheduler.run();
}

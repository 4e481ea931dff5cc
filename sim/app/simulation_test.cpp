// SPDX-License-Identifier: Apache-2.0
#include "app/simulation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <future>
#include <map>
#include <set>

#include "app/control.hpp"
#include "app/control_client.hpp"
#include "core/unix_socket.hpp"

namespace vfpool::app {
namespace {

// A machine that does other things as well may take its time.
constexpr std::chrono::seconds kPatience{60};

using nlohmann::json;
using namespace std::chrono_literals;

class RunningSimulation : public testing::Test {
 protected:
  RunningSimulation() {
    std::filesystem::create_directories(folder);
    std::ofstream(folder / "pool.toml") << R"(
      [[server]]
      attach = "model"
      vfs = 4
      [[server]]
      name = "first"
      assign = [ { slot = 0, vf = 1 } ]
      [[server]]
      name = "second"
      [record]
      tlp = "tlp.pcapng"
    )";
    const auto topology = config::read_topology(folder / "pool.toml", bridge_limits());
    simulation = std::make_unique<Simulation>(scheduler, topology, folder);
  }
  ~RunningSimulation() override {
    simulation.reset();
    std::filesystem::remove_all(folder);
  }
  std::string refused(const json& request) {
    try {
      simulation->control(request);
    } catch (const ControlError& e) {
      return e.what();
    }
    return "accepted";
  }
  /// What the control socket's other end answers to this.
  json said_after(int fd, const std::string& line) {
    std::size_t sent = 0;
    std::string reply;
    scheduler.run_until(
        [&] {
          const ssize_t n = send(fd, line.data() + sent, line.size() - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
          if (n > 0) sent += static_cast<std::size_t>(n);
          char c;
          while (recv(fd, &c, 1, MSG_DONTWAIT) == 1) reply += c;
          return !reply.empty() && reply.back() == '\n';
        },
        kPatience);
    return json::parse(reply, nullptr, false);
  }
  bool owner_is_up() {
    return scheduler.run_until([&] { return simulation->control({{"op", "status"}})["sriov"].get<bool>(); }, kPatience);
  }
  std::filesystem::path folder = testing::TempDir() + "/simulation_test." + std::to_string(getpid());
  Scheduler scheduler{TimeBase::kWall};
  std::unique_ptr<Simulation> simulation;
};

TEST_F(RunningSimulation, AModelOwnerEnablesVfsAndTheTopologyAssignsThem) {
  ASSERT_TRUE(owner_is_up());
  const json status = simulation->control({{"op", "status"}});
  ASSERT_EQ(status["vfs"].size(), 4u);
  EXPECT_EQ(status["cards"][0]["port"], "nic0");
  EXPECT_EQ(status["cards"][0]["vfs"], 4);
  EXPECT_EQ(status["vfs"][1]["user"], 1);
  EXPECT_FALSE(status["vfs"][0].contains("user"));
}

TEST_F(RunningSimulation, ControlRefusesWithAReason) {
  EXPECT_THAT(refused({{"op", "dance"}}), testing::HasSubstr("unknown op"));
  EXPECT_THAT(refused({{"op", "press"}}), testing::HasSubstr("\"user\" is missing"));
  EXPECT_THAT(refused({{"op", "press"}, {"user", 1.5}}), testing::HasSubstr("must be a number"));
  EXPECT_THAT(refused({{"op", "press"}, {"user", "owner"}}), testing::HasSubstr("no user \"owner\""));
  EXPECT_THAT(refused({{"op", "press"}, {"user", 2}}), testing::HasSubstr("empty"));
  EXPECT_THAT(refused({{"op", "assign"}, {"user", 2}, {"vf", 1}}), testing::HasSubstr("in use"));
}

TEST_F(RunningSimulation, WhatCouldHaveNoEffectIsRefused) {
  ASSERT_TRUE(owner_is_up());
  EXPECT_THAT(refused({{"op", "assign"}, {"user", 0}, {"vf", 2}}), testing::HasSubstr("number from 1 to 2"));
  EXPECT_THAT(refused({{"op", "press"}, {"user", 3}}), testing::HasSubstr("number from 1 to 2"));
  EXPECT_THAT(refused({{"op", "assign"}, {"user", 2}, {"vf", 2}, {"fn", 1}}), testing::HasSubstr("without function 0"));
  EXPECT_THAT(refused({{"op", "assign"}, {"user", 2}, {"vfs", json::array()}}), testing::HasSubstr("names 1 to"));
  EXPECT_THAT(refused({{"op", "assign"}, {"user", 2}, {"vfs", {2, 3}}, {"vf", 2}}), testing::HasSubstr("says what"));
  EXPECT_THAT(refused({{"op", "assign"}, {"user", 2}, {"vfs", {2, "x"}}}), testing::HasSubstr("list of numbers"));
  EXPECT_THAT(refused({{"op", "read"}, {"offset", 3}}), testing::HasSubstr("multiple of 4"));
  EXPECT_THAT(refused({{"op", "waves"}, {"file", "no/such/folder.fst"}}), testing::HasSubstr("is no folder"));
}

TEST_F(RunningSimulation, AVfWhoseResetDoesNotEndIsBroken) {
  ASSERT_TRUE(owner_is_up());
  const auto state = [&] { return simulation->control({{"op", "status"}})["vfs"][1]["state"]; };
  EXPECT_THAT(refused({{"op", "stick_resets"}, {"vf", 64}, {"stick", true}}), testing::HasSubstr("\"vf\" must be"));
  EXPECT_EQ(refused({{"op", "stick_resets"}, {"vf", 1}, {"stick", true}}), "accepted");
  EXPECT_EQ(state(), "idle");
  EXPECT_EQ(refused({{"op", "force"}, {"user", "first"}}), "accepted");
  EXPECT_TRUE(scheduler.run_until([&] { return state() == "broken"; }, kPatience)) << state();
  EXPECT_THAT(refused({{"op", "assign"}, {"user", 2}, {"vf", 1}}), testing::HasSubstr("was not reset"));
}

TEST_F(RunningSimulation, SeveralVfsBecomeTheFunctionsOfASlotOrNone) {
  ASSERT_TRUE(owner_is_up());
  // VF 1 is in use: nothing of the request stays.
  EXPECT_THAT(refused({{"op", "assign"}, {"user", 2}, {"vfs", {1, 2}}}), testing::HasSubstr("VF 1: "));
  ASSERT_TRUE(scheduler.run_until([&] { return !simulation->control({{"op", "status"}})["vfs"][2].contains("user"); },
                                  kPatience));
  EXPECT_EQ(refused({{"op", "assign"}, {"user", 2}, {"slot", 1}, {"vfs", {3, 0}}}), "accepted");
  const json vfs = simulation->control({{"op", "status"}})["vfs"];
  EXPECT_EQ(vfs[3]["fn"], 0);
  EXPECT_EQ(vfs[0]["fn"], 1);
}

TEST_F(RunningSimulation, AVfBeyondTheOwnersIsRefusedOrWaitsForTheOwner) {
  const json reply = simulation->control({{"op", "assign"}, {"user", 2}, {"vf", 2}});
  EXPECT_THAT(reply["note"].get<std::string>(), testing::HasSubstr("not enabled any VF yet"));
  ASSERT_TRUE(owner_is_up());
  EXPECT_EQ(simulation->control({{"op", "status"}})["vfs"][2]["user"], 2);
  EXPECT_THAT(refused({{"op", "assign"}, {"user", 2}, {"slot", 1}, {"vf", 4}}), testing::HasSubstr("from 0 to 3"));
}

TEST_F(RunningSimulation, AUserIsKnownByNumberAndByName) {
  const json by_name = {{"op", "assign"}, {"user", "first"}, {"slot", 1}, {"vf", 2}};
  const json by_number = {{"op", "assign"}, {"user", 1}, {"slot", 1}, {"vf", 3}};
  EXPECT_EQ(refused(by_name), "accepted");
  EXPECT_THAT(refused(by_number), testing::HasSubstr("the function is in use"));
}

TEST_F(RunningSimulation, TheOwnerMayStandBehindItsUsersInTheFile) {
  std::ofstream(folder / "pool.toml") << R"(
    [[server]]
    role = "user"
    assign = [ { slot = 1, vf = 2 } ]
    [[server]]
    role = "user"
    [[server]]
    role = "owner"
    attach = "model"
    vfs = 4
  )";
  simulation.reset();
  Scheduler own{TimeBase::kWall};
  Simulation swapped(own, config::read_topology(folder / "pool.toml", bridge_limits()), folder);
  const auto status = [&] { return swapped.control({{"op", "status"}}); };
  ASSERT_TRUE(own.run_until([&] { return status()["sriov"].get<bool>(); }, kPatience)) << "it has the owner's port";
  const json now = status();
  EXPECT_EQ(now["vfs"][2]["user"], 1);
  EXPECT_EQ(now["vfs"][2]["slot"], 1);
  std::map<std::string, std::string> ports;
  for (const json& server : now["servers"]) ports[server["name"]] = server["port"];
  EXPECT_EQ(ports, (std::map<std::string, std::string>{{"owner", "owner"}, {"user1", "user1"}, {"user2", "user2"}}));
}

TEST_F(RunningSimulation, SleepsWhenNothingHappens) {
  ASSERT_TRUE(owner_is_up());
  scheduler.run_until([] { return false; }, 200ms);
  rusage before{}, after{};
  getrusage(RUSAGE_SELF, &before);
  const auto cycles = scheduler.cycles();
  scheduler.run_until([] { return false; }, 1s);
  getrusage(RUSAGE_SELF, &after);
  EXPECT_LT(scheduler.cycles() - cycles, 1000u);
  const auto us =
      (after.ru_utime.tv_sec - before.ru_utime.tv_sec) * 1'000'000 + after.ru_utime.tv_usec - before.ru_utime.tv_usec;
#ifdef __SANITIZE_ADDRESS__
  constexpr long kLimit = 200'000;  // some six times as slow
#else
  constexpr long kLimit = 50'000;
#endif
  EXPECT_LT(us, kLimit) << "CPU time in an idle second";
}

TEST_F(RunningSimulation, StatusTellsWhatEachServerDoes) {
  ASSERT_TRUE(owner_is_up());
  std::map<std::string, json> by_name;
  const auto look = [&] {
    const json servers = simulation->control({{"op", "status"}})["servers"];
    for (const json& s : servers) by_name[s["name"]] = s;
    return by_name.at("owner")["state"] == "idle";
  };
  // Its driver looks at the link now and then, and is busy for so long.
  scheduler.run_until(look, kPatience);
  ASSERT_GE(by_name.size(), 2u);
  const json& owner = by_name.at("owner");
  EXPECT_EQ(owner["state"], "idle") << owner;
  EXPECT_THAT(owner["last_from_server"]["tlp"].get<std::string>(), testing::Not(testing::IsEmpty()));
  EXPECT_THAT(owner["last_to_server"]["tlp"].get<std::string>(), testing::Not(testing::IsEmpty()));
  EXPECT_EQ(by_name.at("first")["state"], "off");  // no VM is attached
  EXPECT_EQ(by_name.at("first")["port"], "user1");
}

TEST_F(RunningSimulation, WavesAreWrittenOnDemand) {
  simulation->control({{"op", "waves"}, {"file", "bridge.fst"}});
  ASSERT_TRUE(owner_is_up());
  simulation->control({{"op", "waves"}});
  EXPECT_GT(std::filesystem::file_size(folder / "bridge.fst"), 1000u);
}

TEST_F(RunningSimulation, WavesNeverReplaceWhatIsNoFile) {
  ASSERT_EQ(mkfifo((folder / "pipe").c_str(), 0600), 0);
  std::filesystem::create_directory(folder / "empty");
  EXPECT_THROW(simulation->control({{"op", "waves"}, {"file", "pipe"}}), std::runtime_error);
  EXPECT_THROW(simulation->control({{"op", "waves"}, {"file", "empty"}}), std::runtime_error);
  EXPECT_TRUE(std::filesystem::is_fifo(folder / "pipe"));
  EXPECT_TRUE(std::filesystem::is_directory(folder / "empty"));
}

TEST_F(RunningSimulation, RecordsCanBeReadWhileItRuns) {
  ASSERT_TRUE(owner_is_up());
  const auto before = std::filesystem::file_size(folder / "tlp.pcapng");
  simulation->control({{"op", "flush"}});
  EXPECT_GT(std::filesystem::file_size(folder / "tlp.pcapng"), before);
}

TEST_F(RunningSimulation, StateNamesEveryPart) {
  const std::string state = simulation->control({{"op", "state"}})["state"];
  for (const char* part : {"bridge:", "nic0:", "first", "owner"}) EXPECT_THAT(state, testing::HasSubstr(part));
}

TEST_F(RunningSimulation, TheControlSocketAnswersGarbageWithErrors) {
  const auto path = folder / "control.sock";
  ControlSocket control(scheduler, path, [&](const json& r) { return simulation->control(r); });
  const auto socket = connect_unix(path);
  ASSERT_TRUE(socket);
  const auto ask = [&](const std::string& line) { return said_after(socket->get(), line); };
  EXPECT_FALSE(ask("}{\n")["ok"].get<bool>());
  EXPECT_FALSE(ask("[]\n")["ok"].get<bool>());
  EXPECT_EQ(ask("{\"op\": 7}\n")["error"], "\"op\" must be a text");
  // Copies of it would need more stack than there is.
  const std::string deep = std::string(30'000, '[') + std::string(30'000, ']');
  EXPECT_EQ(ask("{\"op\": \"status\", \"id\": " + deep + "}\n")["error"], "a value is nested more than 16 deep");
  const json good = ask("{\"op\": \"status\", \"id\": 9}\n");
  EXPECT_TRUE(good["ok"].get<bool>());
  EXPECT_EQ(good["id"], 9);
  EXPECT_EQ(ask(std::string(66'000, ' '))["error"], "a line of more than 65536 bytes");
}

TEST_F(RunningSimulation, TheSimulationGoesOnBetweenTheRequestsOfOneLineBehindAnother) {
  const auto path = folder / "control.sock";
  int turn = 0;
  std::vector<int> answered;  // in which turn
  ControlSocket control(scheduler, path, [&](const json&) {
    answered.push_back(turn);
    return json::object();
  });
  const Fd fd = std::move(*connect_unix(path));
  std::string many;
  for (int i = 0; i < 20; ++i) many += "{}\n";
  ASSERT_TRUE(send_all(fd.get(), many));
  ASSERT_TRUE(scheduler.run_until(
      [&] {
        ++turn;
        return answered.size() == 20;
      },
      kPatience));
  EXPECT_EQ(std::set<int>(answered.begin(), answered.end()).size(), 20U);
}

TEST_F(RunningSimulation, ACrowdAtTheControlSocketIsTurnedAwayWithAReason) {
  const auto path = folder / "control.sock";
  ControlSocket control(scheduler, path, [&](const json& r) { return simulation->control(r); });
  std::vector<Fd> crowd;
  for (int i = 0; i < 256; ++i) {
    auto one = connect_unix(path);
    ASSERT_TRUE(one) << i;
    crowd.push_back(std::move(*one));
    ASSERT_TRUE(said_after(crowd.back().get(), "{\"op\": \"flush\"}\n")["ok"].get<bool>()) << i;
  }
  Fd more = std::move(*connect_unix(path));
  EXPECT_EQ(said_after(more.get(), "")["error"], "256 clients are connected, and no more can be");
  crowd.pop_back();
  // Its end is looked at together with this request, or before.
  ASSERT_TRUE(said_after(crowd.front().get(), "{\"op\": \"flush\"}\n")["ok"].get<bool>());
  more = std::move(*connect_unix(path));
  EXPECT_TRUE(said_after(more.get(), "{\"op\": \"flush\"}\n")["ok"].get<bool>());
}

TEST_F(RunningSimulation, TheControlClientTellsRefusalsFromSilence) {
  // A path longer than a socket's address can be.
  const auto deep = folder / std::string(120, 'd');
  std::filesystem::create_directories(deep);
  const ControlClient client(deep / "control.sock", 5s);
  EXPECT_THROW(client.ask({{"op", "status"}}), std::runtime_error);
  ControlSocket control(scheduler, deep / "control.sock", [&](const json& r) { return simulation->control(r); });
  const auto ask = [&](const json& request) {
    auto answer = std::async(std::launch::async, [&] { return client.ask(request); });
    scheduler.run_until([&] { return answer.wait_for(0s) == std::future_status::ready; }, kPatience);
    return answer.get();
  };
  EXPECT_TRUE(ask({{"op", "status"}}).contains("slots"));
  EXPECT_THROW(ask({{"op", "dance"}}), Refused);
}

}  // namespace
}  // namespace vfpool::app

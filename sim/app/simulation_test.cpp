// SPDX-License-Identifier: Apache-2.0
#include "app/simulation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "app/control.hpp"

namespace vfpool::app {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

class RunningSimulation : public testing::Test {
 protected:
  RunningSimulation() {
    std::filesystem::create_directories(folder);
    Topology t;
    t.servers.push_back(
        {.name = "owner", .owner = true, .attach = Topology::Attach::kModel, .socket = {}, .assign = {}, .vfs = 4});
    t.servers.push_back({.name = "user1", .socket = "user1.sock", .assign = {{.slot = 0, .vf = 1, .fn = 0}}});
    t.record.tlp = "tlp.pcapng";
    simulation = std::make_unique<Simulation>(scheduler, t, folder);
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
  bool owner_is_up() {
    return scheduler.run_until([&] { return simulation->control({{"op", "status"}})["sriov"].get<bool>(); }, 10s);
  }
  std::filesystem::path folder = testing::TempDir() + "/simulation_test." + std::to_string(getpid());
  Scheduler scheduler{TimeBase::kWall};
  std::unique_ptr<Simulation> simulation;
};

TEST_F(RunningSimulation, AModelOwnerEnablesVfsAndTheTopologyAssignsThem) {
  ASSERT_TRUE(owner_is_up());
  const json status = simulation->control({{"op", "status"}});
  ASSERT_EQ(status["vfs"].size(), 4u);
  EXPECT_EQ(status["vfs"][1]["user"], 1);
  EXPECT_FALSE(status["vfs"][0].contains("user"));
}

TEST_F(RunningSimulation, ControlRefusesWithAReason) {
  EXPECT_THAT(refused({{"op", "dance"}}), testing::HasSubstr("unknown op"));
  EXPECT_THAT(refused({{"op", "press"}}), testing::HasSubstr("\"user\" is missing"));
  EXPECT_THAT(refused({{"op", "press"}, {"user", "one"}}), testing::HasSubstr("must be a number"));
  EXPECT_THAT(refused({{"op", "press"}, {"user", 2}}), testing::HasSubstr("empty"));
  EXPECT_THAT(refused({{"op", "assign"}, {"user", 2}, {"vf", 1}}), testing::HasSubstr("in use"));
  EXPECT_THAT(refused({{"op", "assign"}, {"user", 0}, {"vf", 2}}), testing::HasSubstr("no such"));
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
  EXPECT_LT(us, 50'000) << "CPU time in an idle second";  // the limit of 5 %, with a sanitizer slowing it down
}

TEST_F(RunningSimulation, StatusTellsWhatEachServerDoes) {
  ASSERT_TRUE(owner_is_up());
  scheduler.run_until([] { return false; }, 100ms);
  const json servers = simulation->control({{"op", "status"}})["servers"];
  ASSERT_GE(servers.size(), 2u);
  std::map<std::string, json> by_name;
  for (const json& s : servers) by_name[s["name"]] = s;
  const json& owner = by_name.at("owner");
  EXPECT_EQ(owner["state"], "idle") << owner;
  EXPECT_THAT(owner["last_from_server"]["tlp"].get<std::string>(), testing::Not(testing::IsEmpty()));
  EXPECT_THAT(owner["last_to_server"]["tlp"].get<std::string>(), testing::Not(testing::IsEmpty()));
  EXPECT_EQ(by_name.at("user1")["state"], "off");  // no VM is attached
  EXPECT_EQ(by_name.at("user1")["port"], "user1");
}

TEST_F(RunningSimulation, WavesAreWrittenOnDemand) {
  simulation->control({{"op", "waves"}, {"file", "bridge.fst"}});
  ASSERT_TRUE(owner_is_up());
  simulation->control({{"op", "waves"}});
  EXPECT_GT(std::filesystem::file_size(folder / "bridge.fst"), 1000u);
  EXPECT_THROW(simulation->control({{"op", "waves"}, {"file", "no/such/folder.fst"}}), std::exception);
}

TEST_F(RunningSimulation, RecordsCanBeReadWhileItRuns) {
  ASSERT_TRUE(owner_is_up());
  const auto before = std::filesystem::file_size(folder / "tlp.pcapng");
  simulation->control({{"op", "flush"}});
  EXPECT_GT(std::filesystem::file_size(folder / "tlp.pcapng"), before);
}

TEST_F(RunningSimulation, StateNamesEveryPart) {
  const std::string state = simulation->control({{"op", "state"}})["state"];
  for (const char* part : {"bridge:", "nic0:", "user1", "owner"}) EXPECT_THAT(state, testing::HasSubstr(part));
}

TEST_F(RunningSimulation, TheControlSocketAnswersGarbageWithErrors) {
  const auto path = folder / "control.sock";
  ControlSocket control(scheduler, path, [&](const json& r) { return simulation->control(r); });
  sockaddr_un a{};
  a.sun_family = AF_UNIX;
  std::strcpy(a.sun_path, path.c_str());
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&a), sizeof a), 0);
  const auto ask = [&](const std::string& line) {
    EXPECT_EQ(send(fd, line.data(), line.size(), 0), static_cast<ssize_t>(line.size()));
    std::string reply;
    scheduler.run_until(
        [&] {
          char c;
          while (recv(fd, &c, 1, MSG_DONTWAIT) == 1) reply += c;
          return !reply.empty() && reply.back() == '\n';
        },
        2s);
    return json::parse(reply);
  };
  EXPECT_FALSE(ask("}{\n")["ok"].get<bool>());
  EXPECT_FALSE(ask("[]\n")["ok"].get<bool>());
  EXPECT_FALSE(ask("{\"op\": 7}\n")["ok"].get<bool>());
  const json good = ask("{\"op\": \"status\", \"id\": 9}\n");
  EXPECT_TRUE(good["ok"].get<bool>());
  EXPECT_EQ(good["id"], 9);
  close(fd);
}

}  // namespace
}  // namespace vfpool::app

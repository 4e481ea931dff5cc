// SPDX-License-Identifier: Apache-2.0
#include "serve.hpp"

#include <arpa/inet.h>
#include <event2/event.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <thread>

#include "serve_fake.hpp"

namespace vfpool::tools {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kToken = "0123456789abcdef";
const httplib::Headers kMay{{"X-Vfpool-Token", kToken}};

/// A page server on a fake pool, in a thread of its own.
class Served {
 public:
  explicit Served(const std::string& token = {}, std::vector<std::string> names = {})
      : watch_([this] { return std::make_unique<LivePool>(pool_); }, 5ms),
        server_(watch_, {.listen = "127.0.0.1", .port = 0, .names = std::move(names), .token = token}),
        client_("127.0.0.1", port()),
        thread_([this] { server_.run(); }) {}
  ~Served() {
    server_.stop();
    thread_.join();
  }
  Served(const Served&) = delete;
  Served& operator=(const Served&) = delete;

  int port() const {
    const auto address = server_.address();
    return std::stoi(address.substr(address.rfind(':') + 1));
  }
  httplib::Client& client() { return client_; }
  /// Changes the pool, or looks at it.
  template <class F>
  auto with_pool(F what) {
    const std::lock_guard lock(pool_->mutex);
    return what(pool_->pool);
  }
  std::vector<std::string> asked() {
    return with_pool([](FakePool& p) { return p.asked; });
  }
  json state() {
    const auto answer = client_.Get("/api/state");
    return answer && answer->status == 200 ? json::parse(answer->body) : json();
  }
  /// The first state for which `what` holds; only a test that fails waits for long.
  json state_when(const std::function<bool(const json&)>& what) {
    json last;
    for (int n = 0; n < 6000; ++n) {
      last = state();
      if (last.is_object() && !last["pool"].is_null() && what(last)) return last;
      std::this_thread::sleep_for(5ms);
    }
    ADD_FAILURE() << "never so: " << last;
    return last;
  }
  /// The status; what was said is in `said`.
  int post(const std::string& body, const httplib::Headers& headers = kMay, const char* type = "application/json") {
    const auto answer = client_.Post("/api/move", headers, body, type);
    said = answer ? answer->body : "no answer";
    return answer ? answer->status : -1;
  }
  /// A connection to the server, or -1.
  int connection() const {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(port()));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || ::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0) return fd;
    ::close(fd);
    return -1;
  }
  /// Bytes as they are; what comes back until the server closes the connection, or nothing to one who does not wait.
  std::string raw(const std::string& bytes, bool wait = true) const {
    const int fd = connection();
    std::string out;
    if (fd >= 0 && ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) >= 0 && wait) {
      ::shutdown(fd, SHUT_WR);
      char buffer[4096];
      for (ssize_t n; (n = ::recv(fd, buffer, sizeof buffer, 0)) > 0;) out.append(buffer, static_cast<std::size_t>(n));
    }
    ::close(fd);
    return out;
  }

  std::string said;

 private:
  const std::shared_ptr<LiveState> pool_ = std::make_shared<LiveState>();
  Watch watch_;
  PageServer server_;
  httplib::Client client_;
  std::thread thread_;
};

bool has_pool(const json&) { return true; }

TEST(Serve, ThePageAndItsPartsAreInTheProgram) {
  Served s;
  for (const auto& [path, part] : {std::pair{"/", "<title>vfpool</title>"},
                                   {"/page.css", "prefers-color-scheme: dark"},
                                   {"/page.js", "api/state"},
                                   {"/chart.js", "Chart.js v"}}) {
    const auto answer = s.client().Get(path);
    ASSERT_TRUE(answer) << path;
    EXPECT_EQ(answer->status, 200) << path;
    EXPECT_THAT(answer->body, HasSubstr(part)) << path;
    EXPECT_THAT(answer->get_header_value("Content-Security-Policy"), HasSubstr("default-src 'none'")) << path;
    EXPECT_EQ(answer->get_header_value("X-Content-Type-Options"), "nosniff") << path;
  }
  EXPECT_EQ(s.client().Get("/page.css/../../etc/passwd")->status, 404);
  EXPECT_EQ(s.client().Get("/nothing")->status, 404);
}

TEST(Serve, TheStateIsThatOfVfpoolList) {
  Served s;
  const json state = s.state_when(has_pool);
  EXPECT_EQ(state["version"], 1);
  EXPECT_EQ(state["control"], false);
  EXPECT_EQ(state["pool"]["info"]["role"], "owner");
  EXPECT_EQ(state["pool"]["slots"].size(), 4u);
  EXPECT_EQ(state["pool"]["vfs"][3]["address"], "0000:04:10.6");
}

TEST(Serve, EventsStayTheLatestInTheirOrder) {
  Served s;
  s.state_when(has_pool);
  s.with_pool([](FakePool& p) {
    for (unsigned n = 0; n < 500; ++n) {
      p.tell(VFPOOL_EVENT_POWER, 0, VFPOOL_ANY, 1);
      p.events.back().sequence = n;
    }
  });
  const json state =
      s.state_when([](const json& j) { return !j["events"].empty() && j["events"].back()["sequence"] == 499; });
  EXPECT_EQ(state["events"].size(), 200u);
  EXPECT_EQ(state["events"].front()["sequence"], 300);
}

TEST(Serve, BandwidthGoesByTheTimeThatTheCountersTell) {
  Served s;
  const auto count = [&](__u64 time, __u64 rx, __u64 tx) {
    s.with_pool([&](FakePool& p) {
      p.vfs[1].use = VFPOOL_USE_ASSIGNED;
      p.vfs[1].user = 2;
      for (unsigned n = 0; n < 4; ++n) p.frames[n].time = time;
      p.frames[1].rx_bytes = rx;
      p.frames[1].tx_bytes = tx;
    });
  };
  s.state_when(has_pool);  // while the card has no counters
  count(1'000'000'000, 0, 0);
  s.state_when([](const json& j) { return j["pool"]["vfs"][1].value("user", 0) == 2; });
  count(3'000'000'000, 2'000'000, 500'000);  // 16 and 4 Mbit in 2 s
  // VFs are read one by one: there may be a sample that knows only the others' new time.
  const auto of_vf_1 = [](const json& state) {
    for (const auto& sample : state["samples"])
      for (const auto& vf : sample["vfs"])
        if (vf["vf"] == 1) return json{{"vf", vf["mbit"]}, {"server", sample["servers"][1]["mbit"]}};
    return json();
  };
  const json seen = of_vf_1(s.state_when([&](const json& j) { return !of_vf_1(j).is_null(); }));
  EXPECT_DOUBLE_EQ(seen["vf"], 10);
  EXPECT_DOUBLE_EQ(seen["server"], 10);
}

TEST(Serve, APoolThatCannotBeReadIsSaidToBe) {
  Served s;
  s.state_when(has_pool);
  s.with_pool([](FakePool& p) { p.slots.clear(); });
  const json state = s.state_when([](const json& j) { return j.contains("error"); });
  EXPECT_EQ(state["pool"]["vfs"].size(), 4u) << "what was known last is shown on";
}

TEST(Serve, ABridgeThatWasGoneIsShownAgainWhenItIsBack) {
  const auto state = std::make_shared<LiveState>();
  // Whoever has opened the device before the bridge went finds it gone for ever.
  std::atomic<unsigned> bridge{1};
  struct Device : LivePool {
    Device(std::shared_ptr<LiveState> of, const std::atomic<unsigned>& now) : LivePool(std::move(of)), now_(now) {}
    vfpool_info info() override {
      if (now_ != mine_) throw Failure(Exit::kNotFound, "the bridge does not answer");
      return LivePool::info();
    }
    const std::atomic<unsigned>& now_;
    const unsigned mine_ = now_;
  };
  const Watch watch([&] { return std::make_unique<Device>(state, bridge); }, 1ms);
  const auto becomes = [&](const std::function<bool(const json&)>& what) {
    for (int n = 0; n < 6000 && !what(watch.state()); ++n) std::this_thread::sleep_for(5ms);
    return what(watch.state());
  };
  ASSERT_TRUE(becomes([](const json& j) { return j["pool"].is_object(); }));
  {
    const std::lock_guard lock(state->mutex);
    state->pool.about.vfs = 3;
    ++bridge;
  }
  EXPECT_TRUE(becomes([](const json& j) { return !j.contains("error") && j["pool"]["vfs"].size() == 3; }));
}

TEST(Serve, WithoutControlNobodyMovesAnything) {
  Served s;
  s.state_when(has_pool);
  EXPECT_EQ(s.post(R"({"vf": 0, "user": 1})"), 403);
  EXPECT_THAT(s.said, HasSubstr("for looking only"));
  EXPECT_EQ(s.post(R"({"vf": 0, "user": 1})", {{"X-Vfpool-Token", ""}}), 403);
  EXPECT_THAT(s.asked(), IsEmpty());
}

TEST(Serve, TheTokenMustBeRight) {
  Served s(kToken);
  EXPECT_EQ(s.state_when(has_pool)["control"], true);
  const std::string body = R"({"vf": 0, "user": 1})";
  EXPECT_EQ(s.post(body, {}), 401);
  for (const char* wrong : {"0123456789abcdeF", "0123456789abcde", "0123456789abcdef0", "x"}) {
    EXPECT_EQ(s.post(body, {{"X-Vfpool-Token", wrong}}), 403) << wrong;
    EXPECT_THAT(s.said, HasSubstr("wrong"));
  }
  EXPECT_THAT(s.asked(), IsEmpty());
  EXPECT_EQ(s.post(body), 202);
}

TEST(Serve, AMoveTakesAndGives) {
  Served s(kToken);
  s.state_when(has_pool);
  ASSERT_EQ(s.post(R"({"vf": 2, "user": 1})"), 202) << s.said;
  EXPECT_EQ(json::parse(s.said)["move"], 1);
  s.state_when(
      [](const json& j) { return j["pool"]["vfs"][2].value("user", 0) == 1 && j["moves"][0]["state"] == "done"; });
  ASSERT_EQ(s.post(R"({"vf": 2, "user": 2, "slot": 1})"), 202) << s.said;
  const json state = s.state_when(
      [](const json& j) { return j["pool"]["vfs"][2].value("user", 0) == 2 && j["moves"][1]["state"] == "done"; });
  EXPECT_EQ(state["pool"]["vfs"][2]["slot"], 1);
  ASSERT_EQ(s.post(R"({"vf": 2, "user": 0})"), 202) << s.said;
  s.state_when([](const json& j) { return j["pool"]["vfs"][2]["use"] == "free"; });
  EXPECT_THAT(s.asked(), ElementsAre("assign 2 1 0 0", "release 1 0 0", "assign 2 2 1 0", "release 2 1 0"));
}

TEST(Serve, AMoveThatFailsSaysWhy) {
  Served s(kToken);
  s.with_pool([](FakePool& p) { p.slots[{2, 0}].present = p.slots[{2, 1}].present = 1; });
  s.state_when([](const json& j) { return j["pool"]["slots"][3]["present"] == true; });
  ASSERT_EQ(s.post(R"({"vf": 0, "user": 2})"), 202) << s.said;
  const json state = s.state_when([](const json& j) { return j["moves"][0]["state"] == "failed"; });
  EXPECT_EQ(state["moves"][0]["text"], "user 2 has no free slot");
  EXPECT_THAT(s.asked(), IsEmpty());
}

TEST(Serve, OneVfIsNotMovedTwiceAtOnce) {
  Served s(kToken);
  s.with_pool([](FakePool& p) {
    p.vfs[1].use = VFPOOL_USE_ASSIGNED;
    p.vfs[1].user = 1;
    p.vfs[1].slot = 1;
    p.on_release = [&p] {  // and it takes its time
      p.vfs[1].use = VFPOOL_USE_DRAINING;
      p.vfs[1].user = p.vfs[1].slot = 0;
    };
  });
  s.state_when([](const json& j) { return j["pool"]["vfs"][1].value("user", 0) == 1; });
  ASSERT_EQ(s.post(R"({"vf": 1, "user": 2})"), 202) << s.said;
  EXPECT_EQ(s.post(R"({"vf": 1, "user": 2})"), 409);
  EXPECT_THAT(s.said, HasSubstr("being moved already"));
  s.with_pool([](FakePool& p) { p.vfs[1].use = VFPOOL_USE_FREE; });  // now it does
  s.state_when([](const json& j) { return j["moves"][0]["state"] == "done"; });
}

TEST(Serve, HostileBodiesAreRefusedWithAReason) {
  Served s(kToken);
  s.state_when(has_pool);
  const std::string deep(2000, '[');
  for (const std::string& body :
       {std::string(), std::string("null"), std::string("{"), std::string("[1, 2]"), std::string("{}"), deep,
        std::string(R"({"vf": 0})"), std::string(R"({"vf": "0", "user": 1})"), std::string(R"({"vf": -1, "user": 1})"),
        std::string(R"({"vf": 0.5, "user": 1})"), std::string(R"({"vf": 1e99, "user": 1})"),
        std::string(R"({"vf": 4294967296, "user": 1})"), std::string(R"({"vf": 0, "user": 1, "slot": -1})"),
        std::string(R"({"vf": 0, "user": 1, "slot": null})"), std::string("{\"vf\": 0, \"user\": \"\xff\xfe\"}")}) {
    EXPECT_EQ(s.post(body), 400) << body.substr(0, 60);
    EXPECT_TRUE(json::parse(s.said, nullptr, false).contains("error")) << s.said;
  }
  EXPECT_EQ(s.post(R"({"vf": 4, "user": 1})"), 404);
  EXPECT_EQ(s.post(R"({"vf": 0, "user": 3})"), 404);
  EXPECT_EQ(s.post(R"({"vf": 0, "user": 1, "slot": 2})"), 404);
  EXPECT_EQ(s.post(std::string(100'000, ' ')), 413);
  EXPECT_EQ(s.post("vf=0&user=1", kMay, "application/x-www-form-urlencoded"), 415);
  EXPECT_THAT(s.asked(), IsEmpty());
}

TEST(Serve, OnlyItsOwnNamesAndAddressesAreAnswered) {
  Served s({}, {"pool.example"});
  for (const auto& [host, status] : {std::pair{"localhost:8259", 200},
                                     {"127.0.0.1", 200},
                                     {"[::1]:8259", 200},
                                     {"pool.example:80", 200},
                                     {"evil.example", 403},
                                     {"127.0.0.1.evil.example", 403},
                                     {"localhost.evil.example:8259", 403}}) {
    const auto answer = s.client().Get("/api/state", {{"Host", host}});
    ASSERT_TRUE(answer) << host;
    EXPECT_EQ(answer->status, status) << host;
  }
}

TEST(Serve, MethodsAreThoseOfThePath) {
  Served s(kToken);
  EXPECT_EQ(s.client().Get("/api/move")->status, 405);
  EXPECT_EQ(s.client().Post("/api/state", "{}", "application/json")->status, 405);
  EXPECT_EQ(s.client().Post("/api/state", "{}", "application/json")->get_header_value("Allow"), "GET");
  EXPECT_NE(s.client().Delete("/api/move")->status, 200);
}

TEST(Serve, WhatIsNotHttpEndsAndOthersAreServedOn) {
  Served s(kToken);
  const std::string header(100'000, 'a');
  for (const std::string& bytes :
       {std::string("\0\1\2\3\r\n\r\n", 8), std::string("GET\r\n\r\n"), std::string("GET / HTTP/9.9\r\n\r\n"),
        "GET / HTTP/1.1\r\nHost: localhost\r\nX: " + header + "\r\n\r\n", "GET /" + header + " HTTP/1.1\r\n\r\n",
        std::string("POST /api/move HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n"),
        std::string("POST /api/move HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nfffffffff\r\n")})
    EXPECT_THAT(s.raw(bytes), testing::Not(HasSubstr(" 200 "))) << bytes.substr(0, 40);
  EXPECT_EQ(s.client().Get("/")->status, 200);
  EXPECT_THAT(s.asked(), IsEmpty());
}

TEST(Serve, WhoLeavesInTheMiddleOfAnAnswerEndsNothing) {
  Served s;
  std::string many;
  for (int n = 0; n < 20; ++n) many += "GET /chart.js HTTP/1.1\r\nHost: localhost\r\n\r\n";
  for (int n = 0; n < 20; ++n) s.raw(many, false);
  EXPECT_EQ(s.client().Get("/")->status, 200);
}

TEST(Serve, MoreConnectionsThanDescriptorsWaitInSilence) {
  static std::atomic<unsigned> complaints;
  complaints = 0;
  event_set_log_callback([](int, const char*) { ++complaints; });
  Served s;
  EXPECT_EQ(s.client().Get("/")->status, 200);
  // The sanitizers look a type up when it is called first, and want descriptors for that.
  const json first = s.state_when([](const json&) { return true; });
  s.state_when([&](const json& state) { return state["time_ms"] > first["time_ms"]; });
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  std::vector<int> connections;
  {
    const int next = ::dup(0);  // the lowest that is free
    ::close(next);
    const rlimit few{.rlim_cur = static_cast<rlim_t>(next) + 8, .rlim_max = before.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
    // Both ends are this program's: the last ones who connect find no descriptor at the server's.
    for (int fd; (fd = s.connection()) >= 0;) connections.push_back(fd);
    std::this_thread::sleep_for(300ms);
    setrlimit(RLIMIT_NOFILE, &before);
  }
  EXPECT_GE(connections.size(), 2u);
  EXPECT_EQ(complaints, 0u);
  for (const int fd : connections) ::close(fd);
  httplib::Client later("127.0.0.1", s.port());
  const auto answer = later.Get("/");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  event_set_log_callback(nullptr);
}

TEST(Serve, AnAddressThatIsTakenOrNoAddressIsAnError) {
  Served s;
  Watch watch([] { return std::make_unique<LivePool>(std::make_shared<LiveState>()); }, 1s);
  ServeOptions taken, nonsense;
  taken.port = static_cast<unsigned>(s.port());
  EXPECT_THROW(PageServer(watch, taken), Failure);
  nonsense.listen = "no address";
  EXPECT_THROW(PageServer(watch, nonsense), Failure);
}

TEST(Tokens, AreOfAFileThatOnlyItsOwnerReads) {
  EXPECT_NE(random_token(), random_token());
  EXPECT_EQ(random_token().size(), 32u);
  char file[] = "/tmp/vfpool-token.XXXXXX";
  const int fd = mkstemp(file);
  ASSERT_GE(fd, 0);
  EXPECT_THROW(token_of(file), Failure) << "empty";
  ASSERT_EQ(::write(fd, "0123456789abcdef\nrest\n", 22), 22);
  EXPECT_EQ(token_of(file), kToken);
  ::fchmod(fd, 0644);
  EXPECT_THROW(token_of(file), Failure) << "others may read it";
  ::close(fd);
  ::unlink(file);
  EXPECT_THROW(token_of(file), Failure) << "no such file";
}

}  // namespace
}  // namespace vfpool::tools

// SPDX-License-Identifier: Apache-2.0
#include "watch.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "commands.hpp"
#include "fake_pool.hpp"
#include "metrics.hpp"
#include "stats.hpp"

namespace vfpool::tools {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

struct WatchTest : testing::Test {
  WatchTest() {
    pool.about.role = VFPOOL_OWNER;
    pool.about.port = 0;
    for (unsigned n = 0; n < 4; ++n) pool.frames[n].time = 1'000'000'000;
    pool.vfs[1].use = VFPOOL_USE_ASSIGNED;
    pool.vfs[1].user = 2;
    pool.slots[{2, 0}].powered = 1;
    for (unsigned u = 1; u <= 2; ++u) pool.user(u, 4, 1);
  }
  FakePool pool;
  FakeServer fake;
  Server server{fake.root};
};

/// A terminal of this many rows: `slave` is what a program writes to.
struct Terminal {
  explicit Terminal(unsigned short rows) : master(posix_openpt(O_RDWR | O_NOCTTY)) {
    EXPECT_GE(master, 0);
    EXPECT_EQ(grantpt(master) | unlockpt(master), 0);
    slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    const winsize size{.ws_row = rows, .ws_col = 80, .ws_xpixel = 0, .ws_ypixel = 0};
    ioctl(slave, TIOCSWINSZ, &size);
  }
  ~Terminal() {
    close(slave);
    close(master);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
  /// What was written so far; not more than a terminal's buffer.
  std::string written() const {
    std::string out;
    char buffer[4096];
    for (pollfd p{.fd = master, .events = POLLIN, .revents = 0}; poll(&p, 1, 200) == 1;)
      out.append(buffer, static_cast<std::size_t>(std::max<ssize_t>(read(master, buffer, sizeof buffer), 0)));
    return out;
  }
  int master, slave = -1;
};

TEST_F(WatchTest, APictureHasServersVfsRatesAndEvents) {
  pool.tell(VFPOOL_EVENT_RELEASED, 0, 3);
  std::string seen;
  const json all = watch(pool, server, 20ms, true, [&](const std::string& picture) { seen = picture; });
  EXPECT_THAT(seen, HasSubstr("user 2     0        0.0        0.0  0: VF 1  1: -\n"));
  EXPECT_THAT(seen, HasSubstr("   1  assigned      2    0"));
  EXPECT_THAT(seen, HasSubstr("released  slot 0  vf 3\n"));
  EXPECT_EQ(all["events"].size(), 1u);
  EXPECT_EQ(all["pool"]["vfs"][1]["user"], 2);
  EXPECT_TRUE(all["stats"].contains("servers"));
}

TEST_F(WatchTest, VfsOfEachCardAreInThePictureByTheirNames) {
  pool.add_card(2);
  pool.vfs[65].use = VFPOOL_USE_ASSIGNED;
  pool.vfs[65].user = 2;
  pool.vfs[65].slot = 1;
  pool.slots[{2, 1}].powered = 1;
  pool.tell(VFPOOL_EVENT_RELEASED, 0, 64);
  std::string seen;
  watch(pool, server, 20ms, true, [&](const std::string& picture) { seen = picture; });
  EXPECT_THAT(seen, HasSubstr("6 VFs, 2 users"));
  EXPECT_THAT(seen, HasSubstr("  0: VF 1  1: VF 1.1\n"));
  EXPECT_THAT(seen, HasSubstr(" 1.1  assigned      2    1"));
  EXPECT_THAT(seen, HasSubstr("released  slot 0  vf 1.0\n"));
  const auto text = exposition(metrics(list(pool), stats(pool, server)));
  EXPECT_THAT(text, HasSubstr("vfpool_card_vfs{card=\"1\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("vfpool_vf_assigned{card=\"1\",slot=\"1\",user=\"2\",vf=\"1.1\"} 1\n"));
}

TEST_F(WatchTest, AUserWatchesItsOwnSlots) {
  pool.about.role = VFPOOL_USER;
  pool.about.port = 1;
  std::string seen;
  watch(pool, server, 1ms, true, [&](const std::string& picture) { seen = picture; });
  EXPECT_THAT(seen, HasSubstr("user at port 1"));
  EXPECT_THAT(seen, HasSubstr("SLOT INTERFACE"));
}

TEST(ScreenTest, TheTerminalIsGivenBackWhateverHappens) {
  const Terminal terminal(24);
  try {
    const Screen screen(terminal.slave);
    screen.show("a\nb\n");
    throw Failure(Exit::kCancelled, "interrupted");
  } catch (const Failure&) {
  }
  const auto seen = terminal.written();
  EXPECT_THAT(seen, StartsWith("\033[?1049h\033[?25l"));
  EXPECT_THAT(seen, EndsWith("\033[?25h\033[?1049l"));
  EXPECT_THAT(seen, HasSubstr("\033[Ha\033[K"));
}

TEST(ScreenTest, WhatDoesNotFitIsLeftAway) {
  const Terminal terminal(2);
  const Screen screen(terminal.slave);
  screen.show("one\ntwo\nthree\n");
  const auto seen = terminal.written();
  EXPECT_THAT(seen, HasSubstr("two"));
  EXPECT_THAT(seen, Not(HasSubstr("three")));
}

TEST(ScreenTest, AFileGetsNoControlSequences) {
  int pipes[2];
  ASSERT_EQ(pipe(pipes), 0);
  {
    Screen(pipes[1]).show("one\n");
  }
  close(pipes[1]);
  char buffer[64];
  const ssize_t n = read(pipes[0], buffer, sizeof buffer);
  close(pipes[0]);
  EXPECT_EQ(std::string(buffer, static_cast<std::size_t>(n)), "one\n\n");
}

TEST_F(WatchTest, MetricsAreInTheExpositionFormat) {
  pool.dropped.packets[3] = 5;
  pool.frames[1].rx_bytes = 1234;
  const auto text = exposition(metrics(list(pool), stats(pool, server)));
  const std::regex head("# (HELP|TYPE) ([a-z_]+) .+"), sample("([a-z_]+)(\\{([a-z]+=\"[^\"\\\\]*\",?)+\\})? [0-9]+");
  std::istringstream lines(text);
  std::string now;
  std::smatch m;
  for (std::string line; std::getline(lines, line);) {
    if (std::regex_match(line, m, head)) {
      now = m[2];
      EXPECT_THAT(now, StartsWith("vfpool_"));
    } else {
      ASSERT_TRUE(std::regex_match(line, m, sample)) << line;
      EXPECT_EQ(m[1], now) << "its head does not stand before it";
    }
  }
  EXPECT_THAT(text, HasSubstr("vfpool_dropped_packets_total{reason=\"no_target\"} 5\n"));
  EXPECT_THAT(text, HasSubstr("vfpool_vf_bytes_total{card=\"0\",direction=\"rx\",vf=\"1\"} 1234\n"));
  EXPECT_THAT(text, HasSubstr("vfpool_vf_assigned{card=\"0\",slot=\"0\",user=\"2\",vf=\"1\"} 1\n"));
}

TEST_F(WatchTest, EveryMetricIsDocumentedAndNoneThatIsNotThere) {
  json all = metrics(list(pool), stats(pool, server));
  pool.about.role = VFPOOL_USER;
  pool.about.port = 1;
  fake.link("sys/class/misc/vfpool0/device", "sys/devices/p/10000:01:00.0");
  fake.plug(0, "eth7");
  for (const auto& m : metrics(list(pool), stats(pool, server))) all.push_back(m);
  std::set<std::string> made, documented;
  for (const auto& m : all) made.insert(m["name"]);
  std::ifstream page(VFPOOL_ALLOCATION_MD);
  const std::regex row("\\| `(vfpool_[a-z_]+)`.*");
  std::smatch m;
  for (std::string line; std::getline(page, line);)
    if (std::regex_match(line, m, row)) documented.insert(m[1]);
  EXPECT_EQ(made, documented);
}

TEST(Metrics, LabelsAreEscaped) {
  const json one = json::array({{{"name", "vfpool_x"},
                                 {"type", "gauge"},
                                 {"help", "h"},
                                 {"samples", {{{"labels", {{"a", "q\"b\\n\n"}}}, {"value", 1}}}}}});
  EXPECT_THAT(exposition(one), HasSubstr("vfpool_x{a=\"q\\\"b\\\\n\\n\"} 1\n"));
}

}  // namespace
}  // namespace vfpool::tools

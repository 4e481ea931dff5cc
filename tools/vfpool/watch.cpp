// SPDX-License-Identifier: Apache-2.0
#include "watch.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <deque>
#include <string>

#include "commands.hpp"
#include "describe.hpp"
#include "stats.hpp"
#include "tables.hpp"

namespace vfpool::tools {
namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kEvents = 8;

// ECMA-48 and xterm: the other screen, no cursor; home; erase to the end of the line, of the screen.
constexpr const char *kEnter = "\033[?1049h\033[?25l", *kLeave = "\033[?25h\033[?1049l", *kHome = "\033[H",
                     *kRestOfLine = "\033[K", *kRestOfScreen = "\033[J";

void write_all(int fd, const std::string& text) {
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t n = ::write(fd, text.data() + done, text.size() - done);
    if (n < 0 && errno != EINTR) return;  // nobody looks any more
    if (n > 0) done += static_cast<std::size_t>(n);
  }
}

std::string event_line(const json& event) {
  std::string out = time_text(event["time_ns"].get<__u64>()) + "  " + event["event"].get<std::string>();
  static constexpr std::pair<const char*, const char*> kShown[] = {
      {"user", "user"}, {"slot", "slot"}, {"name", "vf"}, {"reason", "reason"}, {"on", "on"}};
  for (const auto& [key, word] : kShown)
    if (event.contains(key))
      out += fmt::format("  {} {}", word, event[key].is_string() ? event[key].get<std::string>() : event[key].dump());
  return out + "\n";
}

/// A row of rates or counters, by a key of theirs.
const json* row_of(const json& rows, const char* key, const json& value) {
  for (const auto& row : rows)
    if (row.value(key, json()) == value) return &row;
  return nullptr;
}

std::string rate(const json* row, const char* key) {
  return row && row->contains(key) ? fmt::format("{:.1f}", row->at(key).get<double>()) : "-";
}

/// "0: VF 3, on" for each slot of the user.
std::string slots_text(const json& all, const json& user) {
  std::string out;
  for (const auto& s : all["slots"]) {
    if (s["user"] != user) continue;
    std::string what = s["requested"].get<bool>() ? "asks" : "-";
    for (const auto& v : all["vfs"])
      if (v.value("user", json()) == user && v["slot"] == s["slot"])
        what = fmt::format("VF {}{}", v["name"].get<std::string>(), s["powered"].get<bool>() ? "" : " (off)");
    out += fmt::format("  {}: {}", s["slot"].dump(), what);
  }
  return out;
}

std::string owners_picture(const json& all, const json& stats) {
  const auto& info = all["info"];
  std::string out = fmt::format("{} VFs, {} users{}\n\nSERVER  VFS  RX Mbit/s  TX Mbit/s  SLOTS\n", all["vfs"].size(),
                                info["users"].dump(), info["frozen"].get<bool>() ? "; FROZEN" : "");
  for (const auto& u : all["users"]) {
    const json* r = row_of(stats["servers"], "user", u["user"]);
    out += fmt::format("user {:<2} {:>4} {:>10} {:>10}{}\n", u["user"].dump(), u["held"].dump(), rate(r, "rx_mbit"),
                       rate(r, "tx_mbit"), slots_text(all, u["user"]));
  }
  out += "\n  VF  STATE      USER SLOT  RX Mbit/s  TX Mbit/s     RX/s     TX/s\n";
  for (const auto& v : all["vfs"]) {
    const json* r = row_of(stats["vfs"], "vf", v["vf"]);
    out += fmt::format("{:>4}  {:<9} {:>5} {:>4} {:>10} {:>10} {:>8} {:>8}\n", v["name"].get<std::string>(),
                       v["use"].get<std::string>(), v.contains("user") ? v["user"].dump() : "-",
                       v.contains("user") ? v["slot"].dump() : "-", rate(r, "rx_mbit"), rate(r, "tx_mbit"),
                       rate(r, "rx_pps"), rate(r, "tx_pps"));
  }
  return out;
}

std::string picture(const json& all, const json& stats, const std::deque<json>& events) {
  std::string out = all.contains("vfs") ? owners_picture(all, stats) : list_table(all) + "\n" + stats_table(stats);
  if (!events.empty()) out += "\nEVENTS\n";
  for (const auto& e : events) out += event_line(e);
  return out;
}

}  // namespace

Screen::Screen(int fd) : fd_(fd), terminal_(::isatty(fd) == 1) {
  if (terminal_) write_all(fd_, kEnter);
}

Screen::~Screen() {
  if (terminal_) write_all(fd_, kLeave);
}

void Screen::show(const std::string& picture) const {
  if (!terminal_) return write_all(fd_, picture + "\n");
  winsize size{};
  unsigned rows = ::ioctl(fd_, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 ? size.ws_row : 24;
  // Written over what is there, so that nothing flickers.
  std::string out = kHome;
  for (const char c : picture) {
    if (c == '\n') out += kRestOfLine;
    if (c == '\n' && --rows == 0) break;
    out += c;
  }
  write_all(fd_, out + kRestOfScreen);
}

json watch(Pool& pool, const Server& server, std::chrono::milliseconds interval, bool once,
           const std::function<void(const std::string&)>& show) {
  std::deque<json> events;
  json before = stats(pool, server);
  for (;;) {
    for (const auto end = Clock::now() + interval; Clock::now() < end;) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
      if (const auto event = pool.next_event(left)) events.push_back(event_json(*event));
      if (events.size() > kEvents) events.pop_front();
    }
    const json all = list(pool), now = stats(pool, server), with_rates = rates(before, now);
    show(picture(all, with_rates, events));
    if (once) return {{"pool", all}, {"stats", with_rates}, {"events", events}};
    before = now;
  }
}

}  // namespace vfpool::tools

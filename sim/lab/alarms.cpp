// SPDX-License-Identifier: Apache-2.0
#include "lab/alarms.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <regex>

namespace vfpool::lab {
namespace {

constexpr std::size_t kReportLines = 40;

struct Mark {
  std::regex pattern;
  std::string_view reason;
};

std::vector<Mark> marks() {
  return {
      {std::regex("BUG:|kernel BUG at"), "the kernel found itself inconsistent"},
      {std::regex(R"(BUG \S.* \((Not t|T)ainted)"), "memory of a slab cache was written by who does not own it"},
      {std::regex("WARNING:"), "a WARN() of the kernel, of lockdep or of RCU"},
      {std::regex("Oops|general protection|unable to handle"), "a bad memory access"},
      {std::regex("Kernel panic"), "the end"},
      {std::regex("KASAN:|UBSAN:"), "a sanitizer's report"},
      {std::regex("possible (circular|recursive) locking|suspicious RCU|INFO: possible"), "a locking report"},
      {std::regex("scheduling while atomic"), "somebody slept where nobody may"},
      {std::regex("soft lockup|hard LOCKUP|INFO: task|INFO: rcu|hung_task"), "something does not go on"},
      {std::regex("NETDEV WATCHDOG"), "a transmit queue was stuck, and its driver had not noticed"},
      {std::regex("refcount|unregister_netdevice: waiting|leaked|stalled pool"), "a reference was lost or taken twice"},
      {std::regex("DMA-API: .*(: device|leak|overlap)"), "a DMA mapping was misused or forgotten"},
      {std::regex("ODEBUG: .*active"), "a live object was freed or set up anew"},
      {std::regex("unreferenced object"), "kmemleak: memory that nobody knows any more"},
      {std::regex("Call Trace:"), "a stack, whatever it was shown for"},
  };
}

/// A report that says nothing about the guest's health.
struct Known {
  std::regex first;                 ///< its first line
  std::size_t longest = 1;          ///< lines to the end of its stack; 1: it has none
  std::regex within{""};            ///< one of its lines
  std::regex without{"[^\\s\\S]"};  ///< none of its lines
};

std::vector<Known> known_reports() {
  return {
      // A debugging aid says that it no longer knows, since an allocation was made to fail.
      {.first = std::regex("ref_tracker: memory allocation failure")},
      // Tests make allocations fail, and the kernel tells where.
      {.first = std::regex("FAULT_INJECTION: forcing a failure|page allocation failure"), .longest = 60},
      // Files of an interrupt in /proc that the kernel had no memory to make, without a word; it warns as it takes them
      // away.
      {.first = std::regex("^name '\\w+'$"), .longest = 120, .within = std::regex(R"(\bunregister_irq_proc\+)")},
      // Stock pciehp takes its locks in two orders when a slot is powered off.
      {.first = std::regex("possible circular locking dependency"),
       .longest = 250,
       .within = std::regex(R"(irq/\d+-pciehp/\d+ is trying to acquire lock)"),
       .without = std::regex(R"(\[airvf\])")},
  };
}

bool has(std::string_view text, const std::regex& pattern) {
  return std::regex_search(text.begin(), text.end(), pattern);
}

/// What the kernel said in this line of a console or of dmesg, without its time stamp; nothing if a program said it. A
/// program's unfinished line may stand before it, and where printk says so, the thread or processor behind it.
std::optional<std::string_view> kernel_text(std::string_view line) {
  static const std::regex kStamp(R"(\[ *\d+\.\d{6}\](\[ *[TC]\d+\])? )");
  std::match_results<std::string_view::const_iterator> m;
  if (!std::regex_search(line.begin(), line.end(), m, kStamp)) return {};
  return line.substr(static_cast<std::size_t>(m.position() + m.length()));
}

std::vector<std::string_view> kernel_lines(std::string_view log) {
  std::vector<std::string_view> lines;
  for (std::size_t at = 0; at < log.size();) {
    const std::size_t end = std::min(log.find('\n', at), log.size());
    std::string_view line = log.substr(at, end - at);
    at = end + 1;
    while (line.ends_with('\r')) line.remove_suffix(1);
    if (const auto text = kernel_text(line)) lines.push_back(*text);
  }
  return lines;
}

// Where the report that begins at `first` ends: behind its stack, if it has one.
std::size_t report_end(const std::vector<std::string_view>& lines, std::size_t first, std::size_t longest) {
  const std::size_t last = std::min(first + longest, lines.size());
  bool stack = false;
  for (std::size_t i = first; i < last; ++i) {
    stack = stack || lines[i].find("Call Trace:") != std::string_view::npos;
    if (stack && lines[i].find("</TASK>") != std::string_view::npos) return i + 1;
  }
  return first + 1;
}

// The line behind a known report, if one begins at `first`; else `first`.
std::size_t skip_known(const std::vector<std::string_view>& lines, std::size_t first) {
  static const std::vector<Known> kKnown = known_reports();
  for (const Known& k : kKnown) {
    if (!has(lines[first], k.first)) continue;
    const std::size_t end = report_end(lines, first, k.longest);
    const auto begin_at = lines.begin() + static_cast<std::ptrdiff_t>(first);
    const auto end_at = lines.begin() + static_cast<std::ptrdiff_t>(end);
    if (std::any_of(begin_at, end_at, [&](auto line) { return has(line, k.within); }) &&
        std::none_of(begin_at, end_at, [&](auto line) { return has(line, k.without); }))
      return end;
  }
  return first;
}

}  // namespace

std::vector<Alarm> kernel_alarms(std::string_view log) {
  static const std::vector<Mark> kMarks = marks();
  const auto lines = kernel_lines(log);
  std::vector<Alarm> found;
  for (std::size_t i = 0; i < lines.size();) {
    if (const std::size_t behind = skip_known(lines, i); behind != i) {
      i = behind;
      continue;
    }
    const auto mark =
        std::find_if(kMarks.begin(), kMarks.end(), [&](const Mark& m) { return has(lines[i], m.pattern); });
    if (mark != kMarks.end()) {
      const std::size_t end = std::min(i + kReportLines, lines.size());
      found.push_back({std::string(lines[i]),
                       fmt::format("{}\n", fmt::join(lines.data() + i, lines.data() + end, "\n")), mark->reason});
    }
    ++i;
  }
  return found;
}

std::string describe(const std::vector<Alarm>& alarms) {
  std::string out;
  for (const Alarm& a : alarms) out += fmt::format("{} ({})\n", a.line, a.reason);
  if (!alarms.empty()) out += fmt::format("the first with what came next:\n{}", alarms.front().report);
  return out;
}

}  // namespace vfpool::lab

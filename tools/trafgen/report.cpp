// SPDX-License-Identifier: Apache-2.0
#include "report.hpp"

#include <fmt/format.h>

#include <array>

namespace vfpool::trafgen {
namespace {

constexpr std::pair<const char*, double> kPercentiles[] = {
    {"p50", 50}, {"p90", 90}, {"p99", 99}, {"p999", 99.9}, {"p9999", 99.99}};

nlohmann::json as_json(const Histogram& h) {
  nlohmann::json out = {{"count", h.count()}};
  if (h.count() == 0) return out;
  out.update({{"min", h.min()}, {"mean", h.mean()}, {"max", h.max()}});
  for (const auto& [name, p] : kPercentiles) out[name] = h.percentile(p);
  for (const Histogram::Bucket& b : h.buckets()) out["buckets"].push_back({b.low, b.high, b.count});
  return out;
}

nlohmann::json as_json(const Density& d) {
  nlohmann::json out = {{"beyond", d.beyond()}, {"counts", nlohmann::json::array()}};
  for (int i = -Density::kThreshold; i <= Density::kThreshold; ++i)
    if (d.count(i) != 0) out["counts"].push_back({i, d.count(i)});
  return out;
}

double per_second(std::uint64_t frames, double seconds) {
  return seconds > 0 ? static_cast<double>(frames) / seconds : 0;
}

std::string rate(double frames_per_second) {
  if (frames_per_second >= 1e6) return fmt::format("{:.3f} Mpps", frames_per_second / 1e6);
  if (frames_per_second >= 1e3) return fmt::format("{:.3f} kpps", frames_per_second / 1e3);
  return fmt::format("{:.1f} pps", frames_per_second);
}

/// Median, 99th percentile and most, in microseconds.
std::array<std::string, 3> summary(const Histogram& h) {
  if (h.count() == 0) return {"-", "-", "-"};
  const auto microseconds = [](std::uint64_t ns) { return fmt::format("{:.1f}", static_cast<double>(ns) / 1e3); };
  return {microseconds(h.percentile(50)), microseconds(h.percentile(99)), microseconds(h.max())};
}

}  // namespace

std::string percent(double share) { return share == 0 ? "0 %" : fmt::format("{:.3g} %", share * 100); }

std::string line(const Interval& i, double before, Nanoseconds length) {
  const double seconds = i.seconds - before, whole = static_cast<double>(length.count()) / 1e9;
  return fmt::format("{:6.1f} s of {:.1f}  rate {:>5.1f} %  sent {:>12}  received {:>12}", i.seconds, whole,
                     i.share * 100, rate(per_second(i.sent, seconds)), rate(per_second(i.received, seconds)));
}

std::string table(const std::vector<Stream>& streams, const RunResult& r) {
  std::string out, times;
  const auto row = [&out](auto&&... cells) {
    out += fmt::format("{:<12} {:>11} {:>11} {:>9} {:>9} {:>9} {:>9}\n", cells...);
  };
  const auto times_row = [&times](const std::string& name, const auto& latency, const auto& gap) {
    times += fmt::format("{:<12} {:>9} {:>9} {:>9}   {:>9} {:>9} {:>9}\n", name, latency[0], latency[1], latency[2],
                         gap[0], gap[1], gap[2]);
  };
  row("stream", "sent", "received", "lost", "loss", "twice", "reordered");
  const std::array<std::string, 3> columns{"p50", "p99", "max"};
  times_row("", columns, columns);
  for (std::size_t i = 0; i < streams.size(); ++i) {
    const std::string sent = r.streams.empty() ? "-" : std::to_string(r.streams[i].sent);
    if (!r.receiver) {
      row(streams[i].name, sent, "-", "-", "-", "-", "-");
      continue;
    }
    const StreamAccount& s = r.receiver->streams()[i];
    const std::uint64_t lost = r.streams.empty() ? s.arrivals.next() - s.arrivals.received() : r.lost(i);
    const std::uint64_t all = lost + s.arrivals.received();
    row(streams[i].name, sent, std::to_string(s.arrivals.received()), std::to_string(lost),
        percent(all == 0 ? 0 : static_cast<double>(lost) / static_cast<double>(all)),
        std::to_string(s.arrivals.duplicates()), std::to_string(s.arrivals.reordered()));
    times_row(streams[i].name, summary(s.latency), summary(s.gaps));
  }
  if (r.receiver)
    out += fmt::format("{:<12} {:>29}   {:>29}\n{}", "microseconds", "latency", "between arrivals", times);
  if (!r.streams.empty()) {
    out += fmt::format("sent {} in {:.3f} s", rate(per_second(r.sent(), r.seconds)), r.seconds);
    if (r.wanted > 0)
      out += fmt::format(", {:.2f} % of what the rates ask for", 100 * static_cast<double>(r.sent()) / r.wanted);
    out += "\n";
  }
  if (r.interrupted) out += fmt::format("interrupted after {:.3f} s\n", r.seconds);
  if (r.receiver && r.receiver->frames() > 0) {
    const Receiver& all = *r.receiver;
    std::uint64_t stray = 0, stale = 0;
    for (const StreamAccount& s : all.streams()) stray += s.arrivals.stray(), stale += s.arrivals.stale();
    if (all.foreign() + all.truncated() + all.corrupt() + stray + stale > 0)
      out += fmt::format("{} foreign, {} truncated, {} corrupt, {} stray, {} stale frames\n", all.foreign(),
                         all.truncated(), all.corrupt(), stray, stale);
  }
  return out;
}

nlohmann::json as_json(const std::vector<Stream>& streams, const RunResult& r) {
  nlohmann::json out = {
      {"seconds", r.seconds}, {"streams", nlohmann::json::array()}, {"intervals", nlohmann::json::array()}};
  if (r.interrupted) out["interrupted"] = true;
  if (r.wanted > 0) out["frames_wanted"] = r.wanted;
  for (std::size_t i = 0; i < streams.size(); ++i) {
    nlohmann::json s = {{"name", streams[i].name}, {"mean_size", streams[i].mean_size()}};
    if (!r.streams.empty()) {
      const StreamResult& t = r.streams[i];
      s.update({{"sent", t.sent}, {"missed", t.missed}});
      s["planted"] = {{"lost", t.planted_lost}, {"duplicates", t.planted_duplicates}, {"late", t.planted_late}};
    }
    if (r.receiver) {
      const StreamAccount& a = r.receiver->streams()[i];
      if (!r.streams.empty()) s["lost"] = r.lost(i);
      s.update({{"received", a.arrivals.received()},
                {"next", a.arrivals.next()},
                {"bytes", a.bytes},
                {"duplicates", a.arrivals.duplicates()},
                {"stale", a.arrivals.stale()},
                {"stray", a.arrivals.stray()},
                {"reordered", a.arrivals.reordered()},
                {"extent", as_json(a.arrivals.extents())},
                {"density", as_json(a.arrivals.density())},
                {"latency_ns", as_json(a.latency)},
                {"gap_ns", as_json(a.gaps)},
                {"from_future", a.from_future}});
    }
    out["streams"].push_back(std::move(s));
  }
  if (r.receiver)
    out["receiver"] = {{"frames", r.receiver->frames()},
                       {"foreign", r.receiver->foreign()},
                       {"truncated", r.receiver->truncated()},
                       {"corrupt", r.receiver->corrupt()}};
  for (const Interval& i : r.intervals)
    out["intervals"].push_back(
        {{"seconds", i.seconds}, {"share", i.share}, {"sent", i.sent}, {"received", i.received}});
  return out;
}

std::string table(const Search& search, double highest) {
  std::string out;
  for (const Goal& goal : search.goals()) {
    const Bounds b = search.bounds(goal);
    if (b.low == 0) {
      out += fmt::format("{} (loss at most {}): none found, not even {} %\n", goal.name, percent(goal.loss),
                         fmt::format("{:.3g}", b.high * 100));
      continue;
    }
    out += fmt::format("{} (loss at most {}): {:.2f} %, {}", goal.name, percent(goal.loss), b.low * 100,
                       rate(b.low * highest));
    if (b.high > 1) {
      out += "; the highest rate holds\n";
    } else {
      out += fmt::format("; at {:.2f} % {}\n", b.high * 100,
                         b.by_sender ? "trafgen itself was too slow" : "it does not hold");
    }
  }
  return out;
}

nlohmann::json as_json(const Search& search, double highest) {
  nlohmann::json out = {
      {"highest_pps", highest}, {"goals", nlohmann::json::array()}, {"trials", nlohmann::json::array()}};
  for (const Goal& goal : search.goals()) {
    const Bounds b = search.bounds(goal);
    nlohmann::json g = {{"name", goal.name},
                        {"loss", goal.loss},
                        {"rate", b.low},
                        {"pps", b.low * highest},
                        {"limited_by_sender", b.by_sender}};
    if (b.high <= 1) g["fails_at"] = b.high;
    out["goals"].push_back(std::move(g));
  }
  for (const Trial& t : search.trials())
    out["trials"].push_back({{"rate", t.rate}, {"loss", t.loss}, {"offered", t.offered}});
  return out;
}

}  // namespace vfpool::trafgen

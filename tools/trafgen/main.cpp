// SPDX-License-Identifier: Apache-2.0
// trafgen: the command line. docs/trafgen.md describes it.
#include <fmt/format.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <stdexcept>

#include "config/error.hpp"
#include "core/output_file.hpp"
#include "eal.hpp"
#include "replay.hpp"
#include "report.hpp"
#include "run.hpp"
#include "selftest.hpp"
#include "trial.hpp"

namespace {

using namespace vfpool::trafgen;
using nlohmann::json;

Stops stop = 0;

Nanoseconds now() { return std::chrono::steady_clock::now().time_since_epoch(); }
Nanoseconds seconds(double s) { return Nanoseconds(static_cast<std::int64_t>(s * 1e9)); }

/// As CLI::Range, which takes what is no number ("nan") for one that is in it.
CLI::Validator between(double least, double most) {
  return CLI::Validator(
      [=](const std::string& text) {
        double value = 0;
        return CLI::detail::lexical_cast(text, value) && value >= least && value <= most
                   ? std::string()
                   : fmt::format("\"{}\" is no number from {} to {}", text, least, most);
      },
      fmt::format("{} to {}", least, most));
}

/// An option that is given says something.
const CLI::Validator kSomething([](const std::string& text) { return std::string(text.empty() ? "is empty" : ""); },
                                "");

// Standard error may be closed, which is no reason to end otherwise.
void tell(const std::string& line) { std::fputs((line + "\n").c_str(), stderr); }

// An error of the system at the end of a text.
std::string reason() { return std::strerror(errno); }

void print(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
    throw std::runtime_error("standard output: " + reason());
}

/// A word as a shell takes it.
std::string quoted(const std::string& word) {
  const bool plain = !word.empty() && std::ranges::all_of(word, [](unsigned char c) {
    return std::isalnum(c) != 0 || std::strchr("-_./:,=+@%", c) != nullptr;
  });
  if (plain) return word;
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? "'\\''" : std::string(1, c);
  return out + "'";
}

// What all commands share: ports, output.
struct Common {
  std::vector<std::string> ports;
  std::string link = "10 Gbit/s", json_file;
  double wait = 10, drain = 0.2;
  bool hugepages = false, quiet = false;
  unsigned memory = 128;
  std::string command;

  void add_to(CLI::App& app) {
    app.add_option("--port", ports,
                   "DPDK's name of a port, e.g. net_tap,iface=t0 or 0000:01:00.0; given twice: sends to the first, "
                   "receives from the second")
        ->required()
        ->expected(1, 2)
        ->delimiter('\0')
        ->check(kSomething);
    app.add_option("--link", link, "speed of the link (default 10 Gbit/s)");
    app.add_option("--wait", wait, "seconds to wait for the link (default 10)")->check(between(0, 3600));
    app.add_option("--drain", drain, "ends when nothing new has come for so many seconds (default 0.2)")
        ->check(between(0, 3600));
    app.add_flag("--hugepages", hugepages, "use huge pages, which most cards need");
    app.add_option("--memory", memory, "MB for DPDK (default 128)")->check(CLI::Range(64, 65536));
    add_output(app);
  }
  void add_output(CLI::App& app) {
    app.add_option("--json", json_file, "write the result to this file, - for standard output")->check(kSomething);
    app.add_flag("-q,--quiet", quiet, "no progress");
  }

  double link_bits() const { return parse_link(link); }

  void check_output() const {
    if (json_file.empty() || json_file == "-") return;
    if (const int error = vfpool::why_unwritable(json_file))
      throw std::invalid_argument(json_file + ": " + std::strerror(error));
  }

  std::unique_ptr<Eal> start(unsigned largest) const {
    auto eal = std::make_unique<Eal>(
        EalOptions{.ports = ports, .largest_frame = largest, .hugepages = hugepages, .memory_mb = memory});
    eal->wait_for_links(std::chrono::duration_cast<std::chrono::milliseconds>(seconds(wait)), stop);
    return eal;
  }

  void progress(const std::string& line) const {
    if (!quiet) tell(line);
  }

  void finish(const std::string& what, const std::string& table, json result) const {
    if (json_file != "-") print(table);
    if (json_file.empty()) return;
    result.update({{"version", kJsonVersion},
                   {"kind", what},
                   {"program", "trafgen " VFPOOL_VERSION},
                   {"dpdk", Eal::version()},
                   {"command", command},
                   {"link", link},
                   {"ports", ports}});
    // What came from the command line need not be UTF-8.
    const std::string text = result.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
    if (json_file == "-") return print(text);
    std::ofstream out(json_file);
    out << text;
    if (!out.flush()) throw std::runtime_error(json_file + ": " + reason());
  }
};

// The streams: a file, or one by options.
struct StreamOptions {
  std::string file, size = "64", rate = "max", protocol = "udp";
  unsigned flows = 1, burst = 1;
  int vlan = -1;

  void add_to(CLI::App& app) {
    auto* f = app.add_option("--streams", file, "TOML file of streams")->check(CLI::ExistingFile);
    app.add_option("--size", size, "bytes with FCS: 64, 64-1518/2, imix, 64:7,570:4 (default 64)")->excludes(f);
    app.add_option("--rate", rate, "max, 1 Mpps, 2 Gbit/s, 40 % (default max)")->excludes(f);
    app.add_option("--flows", flows, "source ports, in turn (default 1)")->excludes(f)->check(CLI::Range(1, 65536));
    app.add_option("--burst", burst, "frames that leave together (default 1)")
        ->excludes(f)
        ->check(CLI::Range(1, 65536));
    app.add_option("--protocol", protocol, "udp or tcp (default udp)")
        ->excludes(f)
        ->check(CLI::IsMember({"udp", "tcp"}));
    app.add_option("--vlan", vlan, "VLAN of a tag")->excludes(f)->check(CLI::Range(0, 4094));
  }

  std::vector<Stream> streams(double link_bits) const {
    if (!file.empty()) return read_streams(file, link_bits);
    Stream s;
    s.name = "stream1";
    s.sizes = parse_sizes(size);
    s.rate = parse_rate(rate);
    s.flows = flows;
    s.burst = burst;
    s.protocol = protocol == "tcp" ? Protocol::kTcp : Protocol::kUdp;
    if (vlan >= 0) s.vlan = static_cast<unsigned>(vlan);
    check(std::vector{s}, link_bits);
    return {s};
  }
};

unsigned largest(const std::vector<Stream>& streams) {
  unsigned most = 1'518;
  for (const Stream& s : streams) most = std::max(most, *std::max_element(s.sizes.begin(), s.sizes.end()));
  return most;
}

struct RunOptions {
  static constexpr unsigned kMostIntervals = 1'000'000;  // all are in the result
  double length = 10, every = 1;
  std::uint64_t frames = 0;
  std::vector<double> ramp, step;
  std::string plant;
  bool only_send = false, only_receive = false;

  RunPlan plan(const Common& common) const {
    RunPlan p;
    p.course.length = seconds(length);
    const auto shares = [](const std::vector<double>& percents) {
      std::vector<double> all;
      for (const double x : percents) all.push_back(x / 100);
      return all;
    };
    if (length / every > kMostIntervals)
      throw std::invalid_argument(fmt::format("{} s are more than {} times --every {}", length, kMostIntervals, every));
    if (!ramp.empty()) p.course = {Course::Kind::kRamp, shares(ramp), p.course.length};
    if (!step.empty()) p.course = {Course::Kind::kStep, shares(step), p.course.length};
    p.frames = frames;
    p.drain = seconds(common.drain);
    p.report = seconds(every);
    if (!plant.empty()) p.faults = parse_faults(plant);
    return p;
  }
};

// Reports a run's intervals as they end.
std::function<void(const Interval&)> reporter(const Common& common, Nanoseconds length) {
  return [&common, length, before = 0.0](const Interval& i) mutable {
    common.progress(line(i, before, length));
    before = i.seconds;
  };
}

void run(const Common& common, const StreamOptions& wanted, const RunOptions& options) {
  const auto streams = wanted.streams(common.link_bits());
  const RunPlan plan = options.plan(common);
  const auto eal = common.start(largest(streams));
  Port* const out = options.only_receive ? nullptr : eal->ports().front().get();
  Port* const in = options.only_send ? nullptr : eal->ports().back().get();
  Session session(streams, common.link_bits(), out, in, now);
  const RunResult result = session.run(plan, reporter(common, plan.course.length), stop);
  common.finish("run", table(streams, result), as_json(streams, result));
}

void search(const Common& common, const StreamOptions& wanted, double length, double resolution, double pdr) {
  const auto streams = wanted.streams(common.link_bits());
  const auto eal = common.start(largest(streams));
  Session session(streams, common.link_bits(), eal->ports().front().get(), eal->ports().back().get(), now);
  const double highest = highest_rate(streams, common.link_bits());
  Search search({{"NDR", 0}, {"PDR", pdr / 100}}, resolution / 100);
  RunPlan plan;
  plan.course.length = seconds(length);
  plan.drain = seconds(common.drain);
  while (const auto rate = search.next()) {
    const Trial t = trial(session, plan, *rate, stop);
    if (stop != 0) throw std::runtime_error("interrupted; the search is not finished");
    search.add(t);
    common.progress(fmt::format("trial {}: {:.2f} % of {:.0f} pps: loss {}{}", search.trials().size(), t.rate * 100,
                                highest, percent(t.loss),
                                t.offered ? "" : fmt::format(", only {:.1f} % of it was sent", 100 * t.sent)));
  }
  common.finish("search", table(search, highest), as_json(search, highest));
}

void play(const Common& common, const std::string& file, const std::string& rate, unsigned repeat) {
  const Capture capture = read_capture(file);
  ReplayPlan plan{.repeat = repeat, .drain = seconds(common.drain)};
  plan.stall = std::max(plan.stall, seconds(common.wait));
  if (!rate.empty()) {
    double bytes = 0;
    for (const auto& f : capture.frames) bytes += static_cast<double>(f.bytes.size() + kFcs);
    const double mean = bytes / static_cast<double>(capture.frames.size());
    plan.pps = frames_per_second(parse_rate(rate), mean, common.link_bits());
    if (plan.pps > line_rate(common.link_bits(), mean) * (1 + 1e-9))
      throw std::invalid_argument(
          fmt::format("\"{}\" of frames of {:.4g} bytes is more than the link carries", rate, mean));
  }
  const auto eal = common.start(capture.largest + kFcs);
  const auto r = replay(
      capture, plan, *eal->ports().front(), eal->ports().back().get(), now,
      [&](const ReplayResult& p) { common.progress(fmt::format("sent {}, received {}", p.sent, p.received)); }, stop);
  json result = {{"sent", r.sent}, {"received", r.received}, {"skipped", capture.skipped}, {"seconds", r.seconds}};
  if (r.interrupted) result["interrupted"] = true;
  common.finish("replay",
                fmt::format("{} frames sent in {:.3f} s, {} received; {} of the capture skipped{}\n", r.sent, r.seconds,
                            r.received, capture.skipped, r.interrupted ? "; interrupted" : ""),
                std::move(result));
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Sends stamped Ethernet frames through DPDK's ports and judges what arrives.", "trafgen");
  app.set_version_flag("--version", VFPOOL_VERSION);
  app.require_subcommand(1);
  Common common;
  StreamOptions streams;
  RunOptions options;
  std::function<int()> command;
  for (int i = 0; i < argc; ++i) common.command += (i == 0 ? "" : " ") + quoted(argv[i]);

  auto* c = app.add_subcommand("run", "send streams and judge what arrives");
  common.add_to(*c);
  streams.add_to(*c);
  c->add_option("--seconds", options.length, "length (default 10)")->check(between(0.001, 1e6));
  c->add_option("--every", options.every, "seconds between reports (default 1)")->check(between(0.001, 1e6));
  auto* frames = c->add_option("--frames", options.frames, "end after so many of each stream")
                     ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 62));
  auto* ramp = c->add_option("--ramp", options.ramp, "FROM TO: percent of the rate, straight over the time")
                   ->expected(2)
                   ->check(between(0, 100));
  auto* step = c->add_option("--step", options.step, "A B ...: percent of the rate, each for an equal part of the time")
                   ->expected(1, 1000)
                   ->check(between(0, 100))
                   ->excludes(ramp);
  auto* plant =
      c->add_option("--plant", options.plant, "faults to plant, e.g. lose=1000,duplicate=700,late=300,distance=5")
          ->check(kSomething);
  auto* only_send = c->add_flag("--only-send", options.only_send, "another process receives");
  auto* only_receive =
      c->add_flag("--only-receive", options.only_receive, "another process sends")->excludes(only_send);
  for (auto* of_a_sender : {frames, ramp, step, plant}) only_receive->excludes(of_a_sender);
  c->callback([&] { command = [&] { return run(common, streams, options), 0; }; });

  double length = 10, resolution = 0.5, pdr = 0.5;
  c = app.add_subcommand("search", "find the highest rate without loss (NDR) and with a given loss (PDR)");
  common.add_to(*c);
  streams.add_to(*c);
  c->add_option("--seconds", length, "of a trial (default 10)")->check(between(0.001, 1e6));
  c->add_option("--resolution", resolution, "percent of the rate (default 0.5)")->check(between(0.001, 50.0));
  c->add_option("--pdr", pdr, "percent that may be lost (default 0.5)")->check(between(0.0, 99.0));
  c->callback([&] { command = [&] { return search(common, streams, length, resolution, pdr), 0; }; });

  std::string file, rate;
  unsigned repeat = 1;
  c = app.add_subcommand("replay", "send the frames of a capture");
  common.add_to(*c);
  c->add_option("file", file, "pcap or pcapng")->required()->check(CLI::ExistingFile);
  c->add_option("--rate", rate, "instead of the capture's distances")->check(kSomething);
  c->add_option("--repeat", repeat, "times (default 1)")->check(CLI::Range(1, 1'000'000));
  c->callback([&] { command = [&] { return play(common, file, rate, repeat), 0; }; });

  double each = 1;
  c = app.add_subcommand("selftest", "measure trafgen itself: without a device, and through a memif loop");
  common.add_output(*c);
  c->add_option("--seconds", each, "of a measurement (default 1)")->check(between(0.01, 3600.0));
  c->callback([&] {
    command = [&] {
      const bool to_stdout = common.json_file == "-";
      const auto r =
          selftest(seconds(each), [&](const std::string& l) { to_stdout ? tell(l) : print(l + "\n"); }, stop);
      common.finish("selftest", "", r.json);
      return r.passed ? 0 : 1;
    };
  });

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  struct sigaction interrupted{};
  interrupted.sa_handler = [](int) { ++stop; };
  sigaction(SIGINT, &interrupted, nullptr);
  sigaction(SIGTERM, &interrupted, nullptr);
  // A reader that goes is an error of writing, after which sockets are taken away as after any other.
  signal(SIGPIPE, SIG_IGN);
  spdlog::set_default_logger(spdlog::stderr_color_st("trafgen"));
  spdlog::set_pattern("%n: %v");
  try {
    common.check_output();
    return command();
  } catch (const std::invalid_argument& e) {
    tell(fmt::format("trafgen: {}", e.what()));
    return 2;
  } catch (const vfpool::config::ConfigError& e) {
    tell(fmt::format("trafgen: {}", e.what()));
    return 2;
  } catch (const std::exception& e) {
    tell(fmt::format("trafgen: {}", e.what()));
    return 1;
  }
}

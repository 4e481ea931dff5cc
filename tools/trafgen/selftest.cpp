// SPDX-License-Identifier: Apache-2.0
#include "selftest.hpp"

#include <fmt/format.h>
#include <stdlib.h>

#include <filesystem>
#include <stdexcept>

#include "eal.hpp"
#include "report.hpp"
#include "run.hpp"

namespace vfpool::trafgen {
namespace {

// A folder that goes with the object.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "trafgen-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder " + name);
    path_ = name;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

Nanoseconds now() { return std::chrono::steady_clock::now().time_since_epoch(); }

}  // namespace

SelftestResult selftest(Nanoseconds length, const std::function<void(const std::string&)>& say, const Stops& stop) {
  const Folder folder;
  const auto memif = [&](const char* role, const char* file) {
    return fmt::format("net_memif,role={},id=0,socket={}/{},socket-abstract=no,rsize=11", role, folder.path().string(),
                       file);
  };
  // The driver keeps one side for each name of a socket; the loop needs both, so it gets two names.
  const Eal eal({.ports = {"net_null,no-rx=1", memif("server", "s"), memif("client", "./s")}});
  eal.wait_for_links(std::chrono::seconds(5), stop);
  Port& null = *eal.ports()[0];
  Port& out = *eal.ports()[2];
  Port& in = *eal.ports()[1];
  constexpr double kLink = 100e9;

  SelftestResult result;
  const auto expect = [&](bool holds, const std::string& what) {
    say(fmt::format("{}  {}", holds ? "ok    " : "FAILED", what));
    result.json["checks"].push_back({{"what", what}, {"holds", holds}});
    result.passed = result.passed && holds;
  };
  const auto run = [&](const Stream& stream, Port* to, Port* from) {
    Session session({stream}, kLink, to, from, now);
    RunPlan plan;
    plan.course.length = length;
    RunResult r = session.run(plan, {}, stop);
    if (r.interrupted) throw std::runtime_error("interrupted; the selftest is not finished");
    return r;
  };
  const auto mpps = [](std::uint64_t frames, const RunResult& r) {
    return static_cast<double>(frames) / r.seconds / 1e6;
  };

  for (const char* size : {"64", "imix", "1518"}) {
    Stream stream;
    stream.sizes = parse_sizes(size);
    const RunResult alone = run(stream, &null, nullptr);
    const RunResult loop = run(stream, &out, &in);
    say(fmt::format("        {:>4} bytes: makes {:.2f} Mpps; makes and judges {:.2f} Mpps through memif", size,
                    mpps(alone.sent(), alone), mpps(loop.received(), loop)));
    result.json["limits"].push_back({{"size", size},
                                     {"send_pps", mpps(alone.sent(), alone) * 1e6},
                                     {"loop_pps", mpps(loop.received(), loop) * 1e6},
                                     {"loop", as_json({stream}, loop)}});
    expect(
        loop.sent() > 0 && loop.sent() == loop.received() && loop.receiver->frames() == loop.received(),
        fmt::format("{} bytes: all of {} frames came through the loop, once, in order and whole", size, loop.sent()));
  }

  // As many frames as give some of each fault, however busy the machine is.
  RunPlan faulty;
  faulty.frames = 20000;
  faulty.course.length = std::chrono::seconds(60);
  faulty.faults = parse_faults("lose=1000,duplicate=700,late=300,distance=5");
  const RunResult bad = Session({Stream{}}, kLink, &out, &in, now).run(faulty, {}, stop);
  if (bad.interrupted) throw std::runtime_error("interrupted; the selftest is not finished");
  const Arrivals& a = bad.receiver->streams()[0].arrivals;
  const StreamResult& planted = bad.streams[0];
  expect(planted.planted_lost > 0 && bad.lost(0) == planted.planted_lost,
         fmt::format("{} of {} planted losses found", bad.lost(0), planted.planted_lost));
  expect(planted.planted_duplicates > 0 && a.duplicates() == planted.planted_duplicates,
         fmt::format("{} of {} planted duplicates found", a.duplicates(), planted.planted_duplicates));
  expect(planted.planted_late > 0 && a.reordered() == planted.planted_late,
         fmt::format("{} of {} planted late frames found", a.reordered(), planted.planted_late));
  return result;
}

}  // namespace vfpool::trafgen

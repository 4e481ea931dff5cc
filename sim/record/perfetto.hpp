// SPDX-License-Identifier: Apache-2.0
// Perfetto's native trace format: a protobuf message Trace, written packet by packet. Field numbers are those of
// perfetto.protos; perfetto.proto beside this has the part that is used.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <set>
#include <string>
#include <utility>

namespace vfpool::record {

class PerfettoWriter {
 public:
  /// `out`, opened as binary, outlives this object.
  explicit PerfettoWriter(std::ostream& out) : out_(out) {}

  /// An event of the JSON trace format, phases M (names of processes and threads), i, b, n, e and C. Each process is a
  /// group of tracks, each thread a track; of async events that overlap each has a track of its own below that. `zero`:
  /// what is added to their times, nanoseconds.
  void add(const nlohmann::json& event, std::int64_t zero = 0);

 private:
  enum class Type : std::uint64_t { kBegin = 1, kEnd = 2, kInstant = 3, kCounter = 4 };  // TrackEvent.Type
  using Track = std::pair<unsigned, unsigned>;                                           // pid, tid

  void packet(std::int64_t time, int field, const std::string& message);
  void describe(std::uint64_t uuid, std::uint64_t parent, const std::string& name, const std::string& kind);
  void track_event(const nlohmann::json& event, Type type, std::uint64_t uuid);
  std::uint64_t lane_of(const nlohmann::json& event, const Track& track);
  void counters(const nlohmann::json& event);

  std::ostream& out_;
  std::int64_t zero_ = 0;
  std::map<Track, std::string> names_;
  std::map<Track, std::set<unsigned>> free_lanes_;
  std::map<Track, unsigned> lanes_;               ///< how many there are
  std::map<std::string, unsigned> open_;          ///< lanes of events that have not ended, by id
  std::map<std::string, std::uint64_t> counter_;  ///< tracks, by process and name
};

}  // namespace vfpool::record

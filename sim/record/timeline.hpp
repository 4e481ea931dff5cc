// SPDX-License-Identifier: Apache-2.0
// Records on one time axis, for Perfetto's page: TLPs, interrupts, slots and frames of pcapng records, and events of
// the guests' kernels (trace text of tracefs: driver decisions and whatever else was traced).
#pragma once

#include <cstdint>
#include <iosfwd>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "pcie/tlp.hpp"
#include "record/perfetto.hpp"

namespace vfpool::record {

class Timeline {
 public:
  enum class Format {
    kJson,      ///< the JSON trace format, which Chrome reads, too
    kPerfetto,  ///< Perfetto's own (perfetto.hpp)
  };

  /// `out`, opened as binary, gets the events as they are found.
  explicit Timeline(std::ostream& out, Format format = Format::kJson);
  ~Timeline();  ///< close()
  Timeline(const Timeline&) = delete;
  Timeline& operator=(const Timeline&) = delete;

  /// A record of TLPs, of frames, or of both. `name` is for errors; std::runtime_error says what is wrong and where. A
  /// last block that is cut short is left out: the record of a simulation that still runs ends like that.
  void add_record(std::istream& in, const std::string& name);
  /// Trace text of the guest `guest`, whose clock is `offset` nanoseconds behind that of the records. Lines that are no
  /// events are skipped; returns how many events there were.
  std::uint64_t add_guest(std::istream& in, const std::string& guest, std::int64_t offset);
  void close();

  std::uint64_t events() const { return events_; }

 private:
  enum Track : unsigned { kToBridge = 1, kFromBridge, kInterrupts, kSlots, kDecisions, kCpus };
  struct Interface {
    unsigned process;
    std::uint16_t link;
    unsigned resolution = 6;  ///< time stamps count 10^-resolution s
  };
  struct Request {
    std::string id;
    std::string name;
    std::optional<pcie::Bdf> slot;  ///< a read of this port's Slot Status
  };
  /// Of one port: who asked, tag, whether toward the bridge.
  using RequestKey = std::tuple<unsigned, std::uint16_t, std::uint8_t, bool>;

  unsigned process(const std::string& name);
  void track(unsigned process, unsigned track, const std::string& name);
  void emit(nlohmann::json event);
  nlohmann::json event(const char* phase, std::int64_t time, unsigned process, unsigned track, const std::string& name);
  void tlp(const Interface& interface, std::int64_t time, std::span<const std::uint8_t> bytes);
  void request(unsigned process, std::int64_t time, bool toward, const pcie::Tlp& tlp, std::uint64_t cycle);
  void completion(unsigned process, std::int64_t time, bool toward, const pcie::Tlp& tlp, std::uint64_t cycle);
  void slot_control(unsigned process, std::int64_t time, const pcie::Tlp& tlp);
  void slot_status(unsigned process, std::int64_t time, pcie::Bdf port, std::uint16_t status);
  void guest_line(unsigned process, std::int64_t offset, std::string_view line, std::uint64_t& found);

  std::ostream& out_;
  std::optional<PerfettoWriter> perfetto_;  ///< else JSON
  bool open_ = true;
  std::uint64_t events_ = 0, requests_ = 0;
  /// Of the axis: the midnight before the first event's day (1970 at the earliest). Microseconds in a double then hold
  /// nanoseconds, and what another file saw a little earlier is still positive.
  std::optional<std::int64_t> zero_;
  std::map<std::string, unsigned> processes_;
  std::map<std::pair<unsigned, unsigned>, std::string> tracks_;
  std::map<RequestKey, Request> waiting_;
  std::map<std::pair<unsigned, std::uint16_t>, std::uint16_t> control_, status_;  ///< last seen, by port and ID
};

}  // namespace vfpool::record

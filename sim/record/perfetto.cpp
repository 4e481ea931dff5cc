// SPDX-License-Identifier: Apache-2.0
#include "record/perfetto.hpp"

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <nlohmann/json.hpp>
#include <ostream>

namespace vfpool::record {
namespace {

using nlohmann::json;

// Wire types of protobuf's encoding.
constexpr unsigned kVarint = 0, kFixed64 = 1, kBytes = 2;

std::string varint(std::uint64_t v) {
  std::string out;
  for (; v >= 0x80; v >>= 7) out += static_cast<char>(v | 0x80);
  return out += static_cast<char>(v);
}
std::string key(int field, unsigned type) { return varint(static_cast<std::uint64_t>(field) << 3 | type); }
std::string number(int field, std::uint64_t v) { return key(field, kVarint) + varint(v); }
/// A string or a message.
std::string bytes(int field, const std::string& content) {
  return key(field, kBytes) + varint(content.size()) + content;
}
std::string real(int field, double v) {
  std::string out = key(field, kFixed64);
  for (unsigned i = 0; i < 64; i += 8) out += static_cast<char>(std::bit_cast<std::uint64_t>(v) >> i);
  return out;
}

// Fields of perfetto.protos, by message.
namespace trace {
constexpr int kPacket = 1;
}
namespace trace_packet {
constexpr int kTimestamp = 8, kSequence = 10, kTrackEvent = 11, kTrackDescriptor = 60;
}
namespace descriptor {
constexpr int kUuid = 1, kName = 2, kProcess = 3, kParent = 5, kCounter = 8;
}
namespace process_descriptor {
constexpr int kPid = 1, kName = 6;
}
namespace event_field {
constexpr int kAnnotation = 4, kType = 9, kTrack = 11, kName = 23, kDoubleCounter = 44;
}
namespace annotation {
constexpr int kUint = 3, kDouble = 5, kString = 6, kName = 10;
}

std::uint64_t uuid_of(unsigned pid, unsigned tid = 0, unsigned lane = 0) {
  return std::uint64_t{pid} << 48 | std::uint64_t{tid} << 24 | lane;
}

std::string argument(const std::string& name, const json& value) {
  std::string text = bytes(annotation::kName, name);
  if (value.is_number_unsigned()) return text + number(annotation::kUint, value.get<std::uint64_t>());
  if (value.is_number()) return text + real(annotation::kDouble, value.get<double>());
  return text + bytes(annotation::kString, value.is_string() ? value.get<std::string>() : value.dump());
}

std::int64_t nanoseconds(const json& event) { return std::llround(event.at("ts").get<double>() * 1e3); }

}  // namespace

void PerfettoWriter::packet(std::int64_t time, int field, const std::string& message) {
  std::string p = number(trace_packet::kSequence, 1) + bytes(field, message);
  if (field == trace_packet::kTrackEvent)
    p += number(trace_packet::kTimestamp, static_cast<std::uint64_t>(zero_ + time));
  out_ << bytes(trace::kPacket, p);
}

void PerfettoWriter::describe(std::uint64_t uuid, std::uint64_t parent, const std::string& name,
                              const std::string& kind) {
  std::string d = number(descriptor::kUuid, uuid) + bytes(descriptor::kName, name) + kind;
  if (parent != 0) d += number(descriptor::kParent, parent);
  packet(0, trace_packet::kTrackDescriptor, d);
}

void PerfettoWriter::track_event(const json& event, Type type, std::uint64_t uuid) {
  std::string e = number(event_field::kType, static_cast<std::uint64_t>(type)) + number(event_field::kTrack, uuid);
  if (type != Type::kEnd) e += bytes(event_field::kName, event.at("name").get<std::string>());
  if (event.contains("args"))
    for (const auto& [name, value] : event["args"].items()) e += bytes(event_field::kAnnotation, argument(name, value));
  packet(nanoseconds(event), trace_packet::kTrackEvent, e);
}

// Slices of one track nest; requests do not, so each that is open has a lane.
std::uint64_t PerfettoWriter::lane_of(const json& event, const Track& track) {
  const std::string id = event.at("id");
  const std::string phase = event.at("ph");
  auto& free = free_lanes_[track];
  if (phase == "b") {
    if (free.empty()) {
      free.insert(++lanes_[track]);
      describe(uuid_of(track.first, track.second, lanes_[track]), uuid_of(track.first, track.second), names_[track],
               {});
    }
    open_[id] = free.extract(free.begin()).value();
  }
  const unsigned lane = open_.at(id);
  if (phase == "e") {
    open_.erase(id);
    free.insert(lane);
  }
  return uuid_of(track.first, track.second, lane);
}

void PerfettoWriter::counters(const json& event) {
  const unsigned pid = event.at("pid");
  for (const auto& [key_name, value] : event.at("args").items()) {
    const std::string name = fmt::format("{}, {}", event.at("name").get<std::string>(), key_name);
    const auto [at, is_new] = counter_.try_emplace(fmt::format("{} {}", pid, name), 0);
    if (is_new) {
      at->second = uuid_of(pid, 0, static_cast<unsigned>(counter_.size()));
      describe(at->second, uuid_of(pid), name, bytes(descriptor::kCounter, {}));
    }
    packet(nanoseconds(event), trace_packet::kTrackEvent,
           number(event_field::kType, static_cast<std::uint64_t>(Type::kCounter)) +
               number(event_field::kTrack, at->second) + real(event_field::kDoubleCounter, value.get<double>()));
  }
}

void PerfettoWriter::add(const json& event, std::int64_t zero) {
  zero_ = zero;
  const std::string phase = event.at("ph");
  const unsigned pid = event.at("pid");
  const Track track{pid, event.value("tid", 0U)};
  if (phase == "M") {
    const std::string name = event.at("args").at("name");
    if (event.at("name") == "process_name") {
      describe(
          uuid_of(pid), 0, name,
          bytes(descriptor::kProcess, number(process_descriptor::kPid, pid) + bytes(process_descriptor::kName, name)));
    } else {
      names_[track] = name;
      describe(uuid_of(pid, track.second), uuid_of(pid), name, {});
    }
  } else if (phase == "C") {
    counters(event);
  } else if (phase == "b" || phase == "n" || phase == "e") {
    track_event(event, phase == "b" ? Type::kBegin : phase == "n" ? Type::kInstant : Type::kEnd, lane_of(event, track));
  } else {
    track_event(event, Type::kInstant, uuid_of(pid, track.second));
  }
}

}  // namespace vfpool::record

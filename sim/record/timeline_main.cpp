// SPDX-License-Identifier: Apache-2.0
// vfpool-timeline RECORD... [--guest NAME=FILE[@OFFSET]]... --out FILE: records as a trace for Perfetto's page.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <vector>

#include "record/timeline.hpp"

namespace {

struct GuestTrace {
  std::string name, file;
  std::int64_t offset = 0;
};

GuestTrace guest_of(const std::string& text) {
  const auto equals = text.find('='), at = text.rfind('@');
  if (equals == std::string::npos || equals == 0) throw std::runtime_error("--guest " + text + ": not NAME=FILE");
  GuestTrace guest{.name = text.substr(0, equals), .file = text.substr(equals + 1)};
  if (at == std::string::npos || at < equals) return guest;
  const std::string number = text.substr(at + 1);
  guest.file = text.substr(equals + 1, at - equals - 1);
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), guest.offset);
  if (error != std::errc{} || end != number.data() + number.size())
    throw std::runtime_error("--guest " + text + ": the offset is not a whole number of nanoseconds");
  return guest;
}

// Its beginning is written first: an input of the same name would be gone before it is read.
std::ofstream create(const std::string& out, const std::vector<std::string>& inputs) {
  std::error_code not_there;
  for (const std::string& input : inputs)
    if (std::filesystem::equivalent(input, out, not_there))
      throw std::runtime_error(out + ": would replace what is to be read");
  std::ofstream file(out, std::ios::binary);
  if (!file) throw std::runtime_error(fmt::format("cannot write {}: {}", out, std::strerror(errno)));
  return file;
}

std::ifstream open(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) throw std::runtime_error(file + ": cannot be read");
  return in;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> records, guests;
  std::string out;
  CLI::App app{"Records of a simulation and its guests on one time axis, for ui.perfetto.dev"};
  app.add_option("record", records, "pcapng files: TLPs, frames");
  app.add_option("--guest", guests,
                 "NAME=FILE[@NS]: trace text of a guest's kernel; its clock is NS nanoseconds behind the records'");
  app.add_option("--out", out, "the trace: JSON if its name ends with .json, else Perfetto's own format")->required();
  CLI11_PARSE(app, argc, argv);
  bool begun = false;
  try {
    if (records.empty() && guests.empty()) throw std::runtime_error("nothing to show: name a record or a guest");
    std::vector<GuestTrace> traces;
    std::vector<std::string> inputs = records;
    for (const std::string& text : guests) inputs.push_back(traces.emplace_back(guest_of(text)).file);
    using Format = vfpool::record::Timeline::Format;
    std::ofstream file = create(out, inputs);
    begun = true;
    vfpool::record::Timeline timeline(file, out.ends_with(".json") ? Format::kJson : Format::kPerfetto);
    for (const std::string& record : records) {
      auto in = open(record);
      timeline.add_record(in, record);
    }
    for (const GuestTrace& guest : traces) {
      auto in = open(guest.file);
      if (timeline.add_guest(in, guest.name, guest.offset) == 0)
        throw std::runtime_error(guest.file + ": no line of it is an event of a kernel's trace");
    }
    timeline.close();
    if (!file) throw std::runtime_error(fmt::format("cannot write {}: {}", out, std::strerror(errno)));
    fmt::print("{}: {} events\n", out, timeline.events());
    return 0;
  } catch (const std::exception& e) {
    std::cerr << "vfpool-timeline: " << e.what() << "\n";
    // Half a trace looks like a whole one.
    std::error_code ignored;
    if (begun && std::filesystem::is_regular_file(out, ignored)) std::filesystem::remove(out, ignored);
    return 1;
  }
}

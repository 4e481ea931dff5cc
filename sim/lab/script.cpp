// SPDX-License-Identifier: Apache-2.0
#include "lab/script.hpp"

#include <fmt/format.h>

#include <charconv>
#include <fstream>
#include <regex>
#include <thread>

namespace vfpool::lab {
namespace {

using std::chrono::steady_clock;

constexpr std::string_view kRequest = "@host ";
constexpr std::string_view kSays = "vfpool-script: ";
constexpr std::chrono::milliseconds kScriptLook{20};
/// A machine that was asleep cannot always switch itself off.
constexpr std::chrono::seconds kPowerOff{5};

/// Lines of a file that grows.
class Tail {
 public:
  explicit Tail(std::filesystem::path file) : file_(std::move(file)) {}
  /// The next whole line without its end; nothing if there is none yet.
  std::optional<std::string> line() {
    std::size_t end = text_.find('\n');
    if (end == std::string::npos) {
      if (!in_.is_open()) in_.open(file_, std::ios::binary);
      in_.clear();
      text_.append(std::istreambuf_iterator<char>(in_), {});
      end = text_.find('\n');
      if (end == std::string::npos) return std::nullopt;
    }
    std::string line = text_.substr(0, end);
    text_.erase(0, end + 1);
    while (line.ends_with('\r')) line.pop_back();
    return line;
  }

 private:
  std::filesystem::path file_;
  std::ifstream in_;
  std::string text_;
};

}  // namespace

std::optional<std::string> request_of(const std::string& line) {
  static const std::regex kStamp(R"( *\[ *\d+\.\d{6}\])");
  const std::size_t at = line.find(kRequest);
  if (at == std::string::npos) return std::nullopt;
  std::string words = line.substr(at + kRequest.size());
  std::smatch message;
  if (std::regex_search(words, message, kStamp)) words.erase(static_cast<std::size_t>(message.position()));
  return words;
}

ScriptResult follow_script(Vm& vm, std::chrono::seconds limit, const HostHandler& on_host, const LineHandler& on_line) {
  ScriptResult r;
  Tail console(vm.file("console"));
  auto end = steady_clock::now() + limit;
  for (bool over = false; !over;) {
    const bool running = vm.running();  // asked before the look: what it printed at its end is seen
    if (const auto line = console.line()) {
      r.output += *line + '\n';
      if (on_line) on_line(*line);
      if (const auto words = request_of(*line)) on_host(*words);
      const std::size_t says = line->find(kSays);
      if (says == std::string::npos) continue;
      const std::string_view what = std::string_view(*line).substr(says + kSays.size());
      if (what == "begins") r.begun = true;
      if (constexpr std::string_view kEnds = "ends with "; what.starts_with(kEnds)) {
        const std::string_view number = what.substr(kEnds.size());
        r.ended = std::from_chars(number.begin(), number.end(), r.status).ec == std::errc();
      }
      if (what == "over") end = std::min(end, steady_clock::now() + kPowerOff);
    } else if (!running) {
      over = true;
    } else if (steady_clock::now() > end) {
      r.timed_out = !r.ended;
      over = true;
    } else {
      std::this_thread::sleep_for(kScriptLook);
    }
  }
  vm.stop();
  return r;
}

}  // namespace vfpool::lab

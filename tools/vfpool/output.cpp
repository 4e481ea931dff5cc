// SPDX-License-Identifier: Apache-2.0
#include "output.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

namespace vfpool::tools {

std::string json_line(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::string json_error(const std::string& text, Exit code) {
  return json_line({{"version", kJsonVersion}, {"error", text}, {"code", static_cast<int>(code)}});
}

void Output::print(const std::string& text) const {
  if (json_ || quiet_) return;
  progress("");
  fmt::print("{}", text);
  std::fflush(stdout);
}

void Output::say(const std::string& line) const { print(line + "\n"); }

void Output::progress(const std::string& text) const {
  if (json_ || quiet_ || !isatty(STDERR_FILENO)) return;
  if (!dirty_ && text.empty()) return;
  fmt::print(stderr, "\r\033[K{}", text);
  dirty_ = !text.empty() && text.back() != '\n';
}

void Output::result(nlohmann::json value) const {
  if (!json_) return;
  value["version"] = kJsonVersion;
  fmt::print("{}", json_line(value));
}

int Output::run(const std::function<void()>& command) const {
  Exit code = Exit::kDone;
  std::string text;
  try {
    command();
  } catch (const Failure& f) {
    code = f.code();
    text = f.what();
  } catch (const std::exception& e) {
    code = Exit::kFailed;
    text = e.what();
  }
  progress("");
  // A result that is lost, as on a full disk, must not look like one.
  if ((std::fflush(stdout) != 0 || std::ferror(stdout)) && code == Exit::kDone) {
    code = Exit::kFailed;
    text = "standard output cannot be written";
  }
  if (code == Exit::kDone) return 0;
  if (json_) fmt::print("{}", json_error(text, code));
  fmt::print(stderr, "{}: {}\n", program_, text);
  return static_cast<int>(code);
}

}  // namespace vfpool::tools

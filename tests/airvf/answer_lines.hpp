// SPDX-License-Identifier: Apache-2.0
// How the QEMU plugins talk with the measuring program outside: by two FIFOs, a line for a line.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>
#include <thread>

/// Serves what the plugin's arguments ask=FIFO and answer=FIFO name, in a thread of its own, for as long as QEMU runs:
/// each line that is read gets the line `report` makes of it. False, with a message, if one of the two is missing.
inline bool answer_lines(const char* plugin, int argc, char** argv, std::string (*report)(const std::string& line)) {
  std::string ask, answer;
  for (int i = 0; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument.starts_with("ask=")) ask = argument.substr(4);
    if (argument.starts_with("answer=")) answer = argument.substr(7);
  }
  if (ask.empty() || answer.empty()) {
    std::fprintf(stderr, "%s: needs ask=FIFO,answer=FIFO\n", plugin);
    return false;
  }
  std::thread([ask, answer, report] {
    while (std::FILE* in = std::fopen(ask.c_str(), "r")) {
      std::string line;
      for (int c; (c = std::getc(in)) != '\n' && c != EOF;) line += static_cast<char>(c);
      std::fclose(in);
      std::FILE* out = std::fopen(answer.c_str(), "w");
      if (out == nullptr) return;
      std::fprintf(out, "%s\n", report(line).c_str());
      std::fclose(out);
    }
  }).detach();
  return true;
}

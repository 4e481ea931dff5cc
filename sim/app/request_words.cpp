// SPDX-License-Identifier: Apache-2.0
#include "app/request_words.hpp"

#include <fmt/format.h>

#include <iterator>
#include <sstream>
#include <stdexcept>

namespace vfpool::app {

using nlohmann::json;

namespace {

constexpr int kDeepest = 16;

struct TooDeep : std::invalid_argument {
  TooDeep() : std::invalid_argument(fmt::format("a value is nested more than {} deep", kDeepest)) {}
};

}  // namespace

json request_value(std::string_view text) {
  try {
    return json::parse(text, [](int depth, json::parse_event_t, const json&) {
      if (depth > kDeepest) throw TooDeep();
      return true;
    });
  } catch (const json::parse_error& e) {
    throw std::invalid_argument(e.what());
  }
}

json request_of_words(const std::vector<std::string>& words) {
  if (words.empty() || words[0].empty()) throw std::invalid_argument("which operation?");
  json request{{"op", words[0]}};
  for (std::size_t i = 1; i < words.size(); ++i) {
    const std::size_t equals = words[i].find('=');
    if (equals == std::string::npos || equals == 0)
      throw std::invalid_argument(fmt::format("\"{}\" is not KEY=VALUE", words[i]));
    const std::string key = words[i].substr(0, equals), text = words[i].substr(equals + 1);
    if (request.contains(key)) throw std::invalid_argument(fmt::format("\"{}\" is given twice", key));
    try {
      request[key] = request_value(text);
    } catch (const TooDeep&) {
      throw;
    } catch (const std::invalid_argument&) {
      request[key] = text;
    }
  }
  return request;
}

json request_of_line(std::string_view line) {
  std::istringstream in{std::string(line)};
  return request_of_words({std::istream_iterator<std::string>(in), {}});
}

}  // namespace vfpool::app

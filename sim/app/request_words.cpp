// SPDX-License-Identifier: Apache-2.0
#include "app/request_words.hpp"

#include <fmt/format.h>

#include <iterator>
#include <sstream>
#include <stdexcept>

namespace vfpool::app {

using nlohmann::json;

json request_of_words(const std::vector<std::string>& words) {
  if (words.empty() || words[0].empty()) throw std::invalid_argument("which operation?");
  json request{{"op", words[0]}};
  for (std::size_t i = 1; i < words.size(); ++i) {
    const std::size_t equals = words[i].find('=');
    if (equals == std::string::npos || equals == 0)
      throw std::invalid_argument(fmt::format("\"{}\" is not KEY=VALUE", words[i]));
    const std::string key = words[i].substr(0, equals), text = words[i].substr(equals + 1);
    json value = json::parse(text, nullptr, false);
    if (value.is_discarded()) value = text;
    if (request.contains(key)) throw std::invalid_argument(fmt::format("\"{}\" is given twice", key));
    request[key] = std::move(value);
  }
  return request;
}

json request_of_line(std::string_view line) {
  std::istringstream in{std::string(line)};
  return request_of_words({std::istream_iterator<std::string>(in), {}});
}

}  // namespace vfpool::app

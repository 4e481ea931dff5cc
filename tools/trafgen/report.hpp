// SPDX-License-Identifier: Apache-2.0
// What a run found: a table for people, JSON for programs (docs/trafgen.md says what each key is).
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "run.hpp"
#include "search.hpp"
#include "stream.hpp"

namespace vfpool::trafgen {

inline constexpr int kJsonVersion = 1;  ///< changes when the meaning of a key does

/// "0.004 %"; of few frames all digits that count.
std::string percent(double share);

/// One line while a run goes on.
std::string line(const Interval& interval, double before, Nanoseconds length);

std::string table(const std::vector<Stream>& streams, const RunResult& result);
nlohmann::json as_json(const std::vector<Stream>& streams, const RunResult& result);

/// `highest`: frames a second at rate 1.
std::string table(const Search& search, double highest);
nlohmann::json as_json(const Search& search, double highest);

}  // namespace vfpool::trafgen

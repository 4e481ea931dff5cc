// SPDX-License-Identifier: Apache-2.0
#include "app/request_words.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace vfpool::app {
namespace {

using nlohmann::json;

TEST(RequestWords, ValuesAreNumbersTruthsListsAndStrings) {
  const json expected{{"op", "x"},
                      {"n", 7},
                      {"minus", -1},
                      {"real", 0.5},
                      {"yes", true},
                      {"no", false},
                      {"s", "a"},
                      {"empty", ""},
                      {"digits", "12"},
                      {"list", {10, 11}},
                      {"mac", "02:00:00:00:00:01"},
                      {"equation", "a=b"}};
  EXPECT_EQ(request_of_line("x n=7 minus=-1 real=0.5\tyes=true no=false s=a empty= digits=\"12\" list=[10,11] "
                            "mac=02:00:00:00:00:01 equation=a=b"),
            expected);
  EXPECT_EQ(request_of_words({"x", "text=two words"})["text"], "two words");
}

TEST(RequestWords, WhatIsNoRequestIsRefused) {
  for (const char* line : {"", "  ", "x y", "x =1", "x a=1 a=2", "x op=quit"})
    EXPECT_THROW(request_of_line(line), std::invalid_argument) << line;
}

TEST(RequestWords, WhatIsNestedWithoutEndIsRefusedBeforeAnybodyCopiesIt) {
  const std::string deep(100'000, '[');
  EXPECT_EQ(request_value("[[[[1]]]]").dump(), "[[[[1]]]]");
  EXPECT_THROW(request_value(deep), std::invalid_argument);
  EXPECT_THROW(request_value(deep + std::string(deep.size(), ']')), std::invalid_argument);
  EXPECT_THROW(request_of_words({"x", "a=" + deep + std::string(deep.size(), ']')}), std::invalid_argument);
}

}  // namespace
}  // namespace vfpool::app

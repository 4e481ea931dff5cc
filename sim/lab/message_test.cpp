// SPDX-License-Identifier: Apache-2.0
#include "lab/agent/message.hpp"

#include <gtest/gtest.h>

#include <random>

namespace vfpool::lab {
namespace {

using nlohmann::json;

std::string frame(const std::string& body) {
  const auto n = body.size();
  return std::string{static_cast<char>(n >> 24), static_cast<char>(n >> 16), static_cast<char>(n >> 8),
                     static_cast<char>(n)} +
         body;
}

TEST(Message, ComesBackAsItWasHoweverItIsCut) {
  const json first{{"id", 1}, {"list", {1, -2, 0.5, true, nullptr, "text"}}, {"bytes", to_json({"\0\xff\n", 3})}};
  const json second = "next";
  const std::string all = encode_message(first) + encode_message(second);
  std::string in;
  std::vector<json> out;
  for (const char c : all) {
    in += c;
    while (const auto message = take_message(in)) out.push_back(*message);
  }
  EXPECT_EQ(out, (std::vector<json>{first, second}));
  EXPECT_EQ(in, "");
  EXPECT_EQ(to_bytes(out[0]["bytes"]), std::string("\0\xff\n", 3));
}

TEST(Message, BytesTextAndNothingAreBytes) {
  EXPECT_EQ(to_bytes(to_json("")), "");
  EXPECT_EQ(to_bytes("text"), "text");
  EXPECT_EQ(to_bytes(nullptr), "");
  EXPECT_THROW(to_bytes(7), std::invalid_argument);
}

TEST(Message, HostileFramesAreRefusedAndForgotten) {
  using namespace std::string_literals;
  const std::string deep = std::string(kMostMessageDepth + 1, '\x81') + "\x01";
  for (const std::string& bytes : {
           "what is this?"s,                                // a length that is none
           frame(""),                                       // no item
           frame("\x01\x02"),                               // two
           frame("\x62x"),                                  // a text that ends early
           frame("\x5a\xff\xff\xff\xff"),                   // bytes of 4 GiB
           frame("\x9b\xff\xff\xff\xff\xff\xff\xff\xff"s),  // a list of 2^64 - 1
           frame("\xbb\x80\0\0\0\0\0\0\0"s),                // an object whose count doubles to 0
           frame("\xa1\x01"),                               // an object without the value
           frame(deep),                                     // too deep by one
           frame(std::string(1U << 22, '\x81')),            // so deep that a stack would not do
           frame(std::string(1U << 22, '\x7f')),            // the same with texts of unknown length
           frame("\x9f\x01\xff"),                           // a list of unknown length
           frame("\xc1\x01"),                               // a tag
           frame("\xa1\x01\x01"),                           // a key that is no text
           frame("\xf7"),                                   // undefined
       }) {
    std::string in = bytes + encode_message("next");
    EXPECT_THROW(take_message(in), BadMessage) << testing::PrintToString(bytes.substr(0, 20));
    EXPECT_EQ(in, "");
  }
  std::string as_deep_as_may_be = frame(deep.substr(1));
  EXPECT_TRUE(take_message(as_deep_as_may_be));
}

TEST(Message, RandomBytesNeverDoMoreThanThat) {
  const unsigned seed = std::random_device{}();
  RecordProperty("seed", static_cast<int>(seed));
  SCOPED_TRACE(seed);
  std::mt19937 rng(seed);
  for (int i = 0; i < 20'000; ++i) {
    std::string body(rng() % 40, '\0');
    for (char& c : body) c = static_cast<char>(rng());
    std::string in = frame(body);
    try {
      const auto message = take_message(in);
      ASSERT_TRUE(message);
      const std::string once = encode_message(*message);
      std::string again = once;
      EXPECT_EQ(encode_message(take_message(again).value()), once) << testing::PrintToString(body);
    } catch (const BadMessage&) {
    }
  }
}

}  // namespace
}  // namespace vfpool::lab

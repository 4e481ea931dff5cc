// SPDX-License-Identifier: Apache-2.0
#include "saved.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <limits>

#include "commands.hpp"
#include "failure.hpp"

namespace vfpool::tools {
namespace {

using nlohmann::json;

constexpr unsigned kAny32 = std::numeric_limits<unsigned>::max();

/// An object of the file, and how an error names it.
class Part {
 public:
  Part(const json& object, std::string name) : object_(object), name_(std::move(name)) {
    if (!object_.is_object()) throw wrong("is no object");
  }

  bool has(const char* key) const { return object_.contains(key); }
  const json& at(const char* key) const {
    const auto value = object_.find(key);
    if (value == object_.end()) throw wrong(fmt::format("has no \"{}\"", key));
    return *value;
  }
  const json& array(const char* key) const {
    const auto& value = at(key);
    if (!value.is_array()) throw wrong(fmt::format("\"{}\" is no list", key));
    return value;
  }
  /// Whole: what is not would silently become another number on its way to the driver.
  unsigned number(const char* key, unsigned least, unsigned most) const {
    const auto& value = at(key);
    if (!value.is_number_integer() || value < 0 || value.get<std::uint64_t>() < least ||
        value.get<std::uint64_t>() > most)
      throw wrong(fmt::format("\"{}\" is {}, not a number from {} to {}", key, shown(value), least, most));
    return value.get<unsigned>();
  }
  bool boolean(const char* key) const {
    const auto& value = at(key);
    if (!value.is_boolean()) throw wrong(fmt::format("\"{}\" is {}, not true or false", key, shown(value)));
    return value.get<bool>();
  }
  void mac(const char* key, __u8 (&to)[6]) const {
    const auto& value = at(key);
    if (!value.is_string() || !parse_mac(value.get<std::string>(), to))
      throw wrong(fmt::format("\"{}\" is {}, no MAC address", key, shown(value)));
  }

 private:
  static std::string shown(const json& value) {
    const auto text = value.dump(-1, ' ', false, json::error_handler_t::replace);
    return text.size() > 40 ? text.substr(0, 40) + "..." : text;
  }
  Failure wrong(const std::string& what) const {
    return {Exit::kUsage, fmt::format("this is not what \"vfpool save\" writes: {} {}", name_, what)};
  }

  const json& object_;
  std::string name_;
};

vfpool_profile read_profile(unsigned vf, const Part& p) {
  vfpool_profile out{};
  out.vf = static_cast<__u8>(vf);
  p.mac("mac", out.mac);
  out.qos = static_cast<__u8>(p.number("qos", 0, 7));
  out.vlan = static_cast<__u16>(p.number("vlan", 0, 4094));
  out.trust = p.boolean("trust");
  out.spoof_check = p.boolean("spoof_check");
  out.min_rate = p.number("min_rate", 0, kAny32);
  out.max_rate = p.number("max_rate", 0, kAny32);
  if (p.has("mtu")) out.mtu = p.number("mtu", 0, 65535);
  return out;
}

}  // namespace

SavedPool read_saved(const json& file) {
  SavedPool out;
  const Part all(file, "it");
  for (const auto& entry : all.array("users")) {
    const Part u(entry, fmt::format("user entry {}", out.users.size()));
    out.users.push_back({.user = u.number("user", 0, kAny32),
                         .quota = u.number("quota", 0, VFPOOL_ANY - 1),
                         .weight = u.number("weight", 1, VFPOOL_MOST_WEIGHT)});
  }
  for (const auto& entry : all.array("vfs")) {
    const Part v(entry, fmt::format("VF entry {}", out.vfs.size()));
    SavedVf vf{.vf = v.number("vf", 0, kAny32), .reserved_for = 0, .profile = {}, .place = {}};
    if (v.has("reserved_for")) vf.reserved_for = v.number("reserved_for", 0, kAny32);
    vf.profile = read_profile(vf.vf, Part(v.at("profile"), fmt::format("profile of VF entry {}", out.vfs.size())));
    if (v.has("user"))
      vf.place = {.user = v.number("user", 0, kAny32),
                  .slot = v.number("slot", 0, kAny32),
                  .function = v.number("function", 0, kAny32)};
    out.vfs.push_back(vf);
  }
  return out;
}

void write_saved(const std::string& file, const json& pool) {
  const std::string text = pool.dump(2) + "\n";
  std::error_code none;
  // Behind a link, which stays.
  const auto at = std::filesystem::weakly_canonical(file, none).string();
  struct stat before{};
  const bool there = ::stat(file.c_str(), &before) == 0;
  std::string to = fmt::format("{}.{}", at, ::getpid());
  int fd = -1;
  if (!there || S_ISREG(before.st_mode)) fd = ::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  const bool beside = fd >= 0;
  // A pipe or terminal, or a file in a folder of somebody else.
  if (!beside && there) fd = ::open((to = file).c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC);
  const auto failure = [&] { return Failure(Exit::kFailed, fmt::format("{}: {}", file, std::strerror(errno))); };
  if (fd < 0) throw failure();
  bool done = true;
  if (beside && there) {
    done = ::fchmod(fd, before.st_mode & 07777) == 0;
    // Only root may give files away; who is not keeps it.
    [[maybe_unused]] const int kept = ::fchown(fd, before.st_uid, before.st_gid);
  }
  for (std::size_t n = 0; done && n < text.size();) {
    const auto written = ::write(fd, text.data() + n, text.size() - n);
    done = written > 0;
    if (done) n += static_cast<std::size_t>(written);
  }
  done = done && (!beside || (::fsync(fd) == 0 && ::rename(to.c_str(), at.c_str()) == 0));
  const auto why = failure();
  ::close(fd);
  if (done) return;
  if (beside) ::unlink(to.c_str());
  throw why;
}

}  // namespace vfpool::tools

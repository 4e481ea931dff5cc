// SPDX-License-Identifier: Apache-2.0
// UNIX stream sockets by path, without the 107-byte limit of sockaddr_un, and lines of text over them.
#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "core/fd.hpp"

namespace vfpool {

/// A connected socket, or nothing while nobody listens there (no such file, connection refused). Throws
/// std::system_error for anything else.
std::optional<Fd> connect_unix(const std::filesystem::path& path);

/// A listening socket, mode 0600. A socket of the same name that nobody listens at goes away; one that is in use, and a
/// file that is no socket, stay and are an error. `flags`: SOCK_NONBLOCK or 0; `type`: SOCK_STREAM or SOCK_SEQPACKET.
/// Throws std::system_error.
Fd listen_unix(const std::filesystem::path& path, int flags = 0, int type = SOCK_STREAM);

/// Takes away what listen_unix() would replace. Throws std::system_error for what it would not.
void remove_stale_socket(const std::filesystem::path& path, int type);

/// False when the other side is gone or does not take the bytes in time (SO_SNDTIMEO).
bool send_all(int socket, std::string_view bytes);

/// The next line without its end; `rest` keeps what came behind it, for the next call. Nothing when the other side is
/// gone or silent (SO_RCVTIMEO) before the line ends, or when the line is longer than `most` bytes.
std::optional<std::string> read_line(int socket, std::string& rest, std::size_t most);

}  // namespace vfpool

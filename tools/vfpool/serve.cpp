// SPDX-License-Identifier: Apache-2.0
#include "serve.hpp"

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <event2/util.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>

#include "failure.hpp"
#include "serve_page.hpp"

namespace vfpool::tools {
namespace {

using nlohmann::json;
constexpr std::size_t kMostBody = 4096, kMostHeaders = 16384, kShortestToken = 16;
constexpr int kIdleSeconds = 30;

// Nothing but this program's own files and state; nobody may put the page into a frame.
constexpr const char* kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Thrown by a handler: becomes the answer.
struct Refusal {
  int status;
  std::string text;
};

bool is_address(std::string host) {
  in6_addr any;
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    return inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &any) == 1;
  return inet_pton(AF_INET, host.c_str(), &any) == 1;
}

/// Takes as long for a token that is nearly right as for one that is all wrong.
bool same(const std::string& given, const std::string& token) {
  volatile unsigned char difference = given.size() == token.size() ? 0 : 1;
  for (std::size_t i = 0; i < token.size(); ++i)
    difference = static_cast<unsigned char>(difference | (token[i] ^ (i < given.size() ? given[i] : 0)));
  return difference == 0;
}

unsigned number(const json& body, const char* key) {
  const auto it = body.find(key);
  if (it == body.end() || !it->is_number_unsigned() || it->get<std::uint64_t>() > 255)
    throw Refusal{400, fmt::format("\"{}\" must be a number from 0 to 255", key)};
  return it->get<unsigned>();
}

int status_of(Exit code) {
  switch (code) {
    case Exit::kNotFound: return 404;
    case Exit::kBusy: return 409;
    case Exit::kPermission: return 403;
    default: return 503;
  }
}

const char* reason_of(int status) {
  switch (status) {
    case 200: return "OK";
    case 202: return "Accepted";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 409: return "Conflict";
    case 415: return "Unsupported Media Type";
    default: return "Service Unavailable";
  }
}

}  // namespace

class PageServer::Http {
 public:
  Http(Watch& watch, ServeOptions options) : watch_(watch), options_(std::move(options)) {
    evhttp_set_max_body_size(http_.get(), kMostBody);
    evhttp_set_max_headers_size(http_.get(), kMostHeaders);
    evhttp_set_timeout(http_.get(), kIdleSeconds);
    evhttp_set_allowed_methods(http_.get(), EVHTTP_REQ_GET | EVHTTP_REQ_POST);
    evhttp_set_gencb(
        http_.get(), [](evhttp_request* request, void* self) { static_cast<Http*>(self)->answer(request); }, this);
    listen();

    const auto end = [](evutil_socket_t, short, void* base) {
      event_base_loopexit(static_cast<event_base*>(base), nullptr);
    };
    const auto watch_for = [&](evutil_socket_t what, short kind) {
      events_.emplace_back(event_new(base_.get(), what, static_cast<short>(kind | EV_PERSIST), end, base_.get()));
      event_add(events_.back().get(), nullptr);
    };
    if (pipe2(stop_, O_CLOEXEC) != 0) throw Failure(Exit::kFailed, fmt::format("pipe: {}", strerror(errno)));
    watch_for(stop_[0], EV_READ);
    watch_for(SIGINT, EV_SIGNAL);
    watch_for(SIGTERM, EV_SIGNAL);
  }
  ~Http() {
    ::close(stop_[0]);
    ::close(stop_[1]);
  }

  const std::string& address() const { return address_; }
  void run() {
    // A browser that leaves while it is answered must not end this program.
    std::signal(SIGPIPE, SIG_IGN);
    event_base_dispatch(base_.get());
  }
  void stop() { [[maybe_unused]] const auto n = ::write(stop_[1], "", 1); }

 private:
  struct Free {
    void operator()(event_base* p) const { event_base_free(p); }
    void operator()(evhttp* p) const { evhttp_free(p); }
    void operator()(event* p) const { event_free(p); }
    void operator()(evbuffer* p) const { evbuffer_free(p); }
  };

  void listen() {
    sockaddr_storage at{};
    auto* const address = reinterpret_cast<sockaddr*>(&at);
    int size = sizeof at;
    if (evutil_parse_sockaddr_port(options_.listen.c_str(), address, &size) != 0)
      throw Failure(Exit::kUsage, fmt::format("\"{}\" is no address to listen at", options_.listen));
    // Both kinds of address have the port at the same place.
    auto& port = reinterpret_cast<sockaddr_in*>(&at)->sin_port;
    port = htons(static_cast<std::uint16_t>(options_.port));
    auto* const listener =
        evconnlistener_new_bind(base_.get(), nullptr, nullptr,
                                LEV_OPT_REUSEABLE | LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, -1, address, size);
    if (listener == nullptr || evhttp_bind_listener(http_.get(), listener) == nullptr)
      throw Failure(Exit::kFailed,
                    fmt::format("cannot listen at {}, port {}: {}", options_.listen, options_.port, strerror(errno)));
    evconnlistener_set_error_cb(listener, rest);
    socklen_t bound = sizeof at;
    getsockname(evconnlistener_get_fd(listener), address, &bound);
    const bool bracket = at.ss_family == AF_INET6;
    address_ = fmt::format("http://{}{}{}:{}/", bracket ? "[" : "", options_.listen, bracket ? "]" : "", ntohs(port));
  }

  /// Nobody more can be let in, as without a file descriptor left: the one who waits would be tried, and complained of,
  /// without a pause. Connections end, at the latest when they have been idle for long.
  static void rest(evconnlistener* listener, void*) {
    constexpr timeval kRest{.tv_sec = 0, .tv_usec = 100'000};
    evconnlistener_disable(listener);
    const auto again = [](evutil_socket_t, short, void* l) { evconnlistener_enable(static_cast<evconnlistener*>(l)); };
    event_base_once(evconnlistener_get_base(listener), -1, EV_TIMEOUT, again, listener, &kRest);
  }

  void answer(evhttp_request* request) {
    int status = 200;
    std::string type = "application/json";
    const std::unique_ptr<evbuffer, Free> body(evbuffer_new());
    const auto put = [&](const std::string& text) { evbuffer_add(body.get(), text.data(), text.size()); };
    const bool post = evhttp_request_get_command(request) == EVHTTP_REQ_POST;
    try {
      require_host(request);
      const auto* uri = evhttp_request_get_evhttp_uri(request);
      const std::string path = uri && evhttp_uri_get_path(uri) ? evhttp_uri_get_path(uri) : "";
      const auto* part = page_part(path);
      const bool moves = path == "/api/move";
      if (!part && path != "/api/state" && !moves) throw Refusal{404, "nothing is here"};
      if (post != moves) throw Refusal{405, post ? "only to be read" : "only to be posted to"};
      if (part) {
        type = part->type;
        evbuffer_add_reference(body.get(), part->bytes.data(), part->bytes.size(), nullptr, nullptr);
      } else if (moves) {
        put(move(request).dump());
        status = 202;
      } else {
        put(state());
      }
    } catch (const Refusal& r) {
      status = r.status;
      put(json{{"error", r.text}}.dump());
    } catch (const Failure& f) {
      status = status_of(f.code());
      put(json{{"error", f.what()}}.dump());
    } catch (const std::exception& e) {
      status = 503;
      put(json{{"error", e.what()}}.dump());
    }
    auto* headers = evhttp_request_get_output_headers(request);
    for (const auto& [name, value] : {std::pair{"Content-Type", type.c_str()},
                                      {"Content-Security-Policy", kPolicy},
                                      {"X-Content-Type-Options", "nosniff"},
                                      {"Referrer-Policy", "no-referrer"},
                                      {"Cross-Origin-Resource-Policy", "same-origin"},
                                      {"Cache-Control", "no-store"}})
      evhttp_add_header(headers, name, value);
    if (status == 405) evhttp_add_header(headers, "Allow", post ? "GET" : "POST");
    evhttp_send_reply(request, status, reason_of(status), body.get());
  }

  void require_host(evhttp_request* request) const {
    const char* given = evhttp_request_get_host(request);
    const std::string host = given ? given : "";
    if (host == "localhost" || is_address(host)) return;
    if (std::find(options_.names.begin(), options_.names.end(), host) != options_.names.end()) return;
    throw Refusal{403, "not known under this name: --name tells it"};
  }

  std::string state() const {
    json all = watch_.state();
    all["control"] = !options_.token.empty();
    return all.dump();
  }

  json move(evhttp_request* request) const {
    const auto header = [&](const char* name) {
      const char* value = evhttp_find_header(evhttp_request_get_input_headers(request), name);
      return std::string(value ? value : "");
    };
    if (options_.token.empty())
      throw Refusal{403, "this page is for looking only: \"vfpool serve --control\" allows more"};
    const std::string token = header("X-Vfpool-Token");
    if (token.empty()) throw Refusal{401, "no token: the header X-Vfpool-Token"};
    if (!same(token, options_.token)) throw Refusal{403, "the token is wrong"};
    if (!header("Content-Type").starts_with("application/json"))
      throw Refusal{415, "the body must be application/json"};

    auto* in = evhttp_request_get_input_buffer(request);
    std::string text(evbuffer_get_length(in), '\0');
    evbuffer_remove(in, text.data(), text.size());
    const json body = json::parse(text, nullptr, false);
    if (!body.is_object()) throw Refusal{400, "the body is no JSON object"};
    const unsigned vf = number(body, "vf"), user = number(body, "user");
    const int slot = body.contains("slot") ? static_cast<int>(number(body, "slot")) : -1;
    return {{"move", watch_.move(vf, user, slot)}};
  }

  Watch& watch_;
  const ServeOptions options_;
  int stop_[2] = {-1, -1};
  std::string address_;
  const std::unique_ptr<event_base, Free> base_{event_base_new()};
  const std::unique_ptr<evhttp, Free> http_{evhttp_new(base_.get())};
  std::vector<std::unique_ptr<event, Free>> events_;
};

PageServer::PageServer(Watch& watch, ServeOptions options) : http_(std::make_unique<Http>(watch, std::move(options))) {}
PageServer::~PageServer() = default;
std::string PageServer::address() const { return http_->address(); }
void PageServer::run() { http_->run(); }
void PageServer::stop() { http_->stop(); }

std::string random_token() {
  unsigned char bytes[16];
  if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
    throw Failure(Exit::kFailed, fmt::format("no random numbers: {}", strerror(errno)));
  std::string out;
  for (const unsigned char b : bytes) out += fmt::format("{:02x}", b);
  return out;
}

std::string token_of(const std::string& file) {
  struct stat about{};
  if (stat(file.c_str(), &about) != 0) throw Failure(Exit::kFailed, fmt::format("{}: {}", file, strerror(errno)));
  if (about.st_mode & 077) throw Failure(Exit::kFailed, file + ": others may read it (chmod 600)");
  std::string token;
  std::getline(std::ifstream(file), token);
  if (token.size() < kShortestToken)
    throw Failure(Exit::kFailed,
                  fmt::format("{}: its first line is no token: {} characters at least", file, kShortestToken));
  return token;
}

}  // namespace vfpool::tools

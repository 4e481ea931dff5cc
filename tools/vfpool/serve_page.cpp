// SPDX-License-Identifier: Apache-2.0
#include "serve_page.hpp"

#include <algorithm>
#include <iterator>

// The assembler takes the file in as it is: bytes between two labels.
#define VFPOOL_PART(name, file)                                                                          \
  __asm__(".pushsection .rodata\n" #name "_begin: .incbin \"" file "\"\n" #name "_end:\n.popsection\n"); \
  extern "C" const char name##_begin[], name##_end[]

VFPOOL_PART(vfpool_page_html, VFPOOL_PAGE "/index.html");
VFPOOL_PART(vfpool_page_css, VFPOOL_PAGE "/page.css");
VFPOOL_PART(vfpool_page_js, VFPOOL_PAGE "/page.js");
VFPOOL_PART(vfpool_page_chart, VFPOOL_CHART_JS);

namespace vfpool::tools {
namespace {

std::string_view between(const char* begin, const char* end) { return {begin, static_cast<std::size_t>(end - begin)}; }

}  // namespace

const PagePart* page_part(std::string_view path) {
  static const PagePart kParts[] = {
      {"/", "text/html; charset=utf-8", between(vfpool_page_html_begin, vfpool_page_html_end)},
      {"/page.css", "text/css; charset=utf-8", between(vfpool_page_css_begin, vfpool_page_css_end)},
      {"/page.js", "text/javascript; charset=utf-8", between(vfpool_page_js_begin, vfpool_page_js_end)},
      {"/chart.js", "text/javascript; charset=utf-8", between(vfpool_page_chart_begin, vfpool_page_chart_end)},
  };
  const auto found = std::find_if(std::begin(kParts), std::end(kParts), [&](auto& p) { return p.path == path; });
  return found == std::end(kParts) ? nullptr : found;
}

}  // namespace vfpool::tools

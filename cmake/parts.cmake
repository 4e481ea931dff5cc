# SPDX-License-Identifier: Apache-2.0
# vfpool_part(name SOURCES ... [DEPENDS ...]): a static library of one folder of sim/, included as "folder/file.hpp".
function(vfpool_part name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  add_library(vfpool_${name} STATIC ${ARG_SOURCES})
  target_include_directories(vfpool_${name} PUBLIC ${CMAKE_SOURCE_DIR}/sim)
  target_link_libraries(vfpool_${name} PUBLIC fmt::fmt ${ARG_DEPENDS} PRIVATE vfpool_options)
endfunction()

# vfpool_test(name SOURCES ... [DEPENDS ...] [LABELS ...]): a GoogleTest program, its cases known to ctest. Label "lab":
# boots servers, runs alone and on the release build.
function(vfpool_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;LABELS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_DEPENDS} GTest::gtest_main GTest::gmock vfpool_options)
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 PROPERTIES LABELS "${ARG_LABELS}")
endfunction()

# vfpool_guest_program(name SOURCES...): a program that runs in guests, which have no C++ library: static, and without
# sanitizers, which cannot be linked statically.
function(vfpool_guest_program name)
  add_executable(${name} ${ARGN})
  target_compile_options(${name} PRIVATE -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -O2)
  target_link_options(${name} PRIVATE -static -s)
endfunction()

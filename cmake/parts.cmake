# SPDX-License-Identifier: Apache-2.0
# The sanitizers' build compiles the files of a target ten at a time, which halves its time. APART: one by one, as what
# several files call by the same name of their own would meet.

# vfpool_part(name SOURCES ... [DEPENDS ...] [APART]): a static library of one folder of sim/, included as "folder/file.hpp".
function(vfpool_part name)
  cmake_parse_arguments(ARG "APART" "" "SOURCES;DEPENDS" ${ARGN})
  add_library(vfpool_${name} STATIC ${ARG_SOURCES})
  target_include_directories(vfpool_${name} PUBLIC ${CMAKE_SOURCE_DIR}/sim)
  target_link_libraries(vfpool_${name} PUBLIC fmt::fmt ${ARG_DEPENDS} PRIVATE vfpool_options)
  vfpool_apart(vfpool_${name} ${ARG_APART})
endfunction()
function(vfpool_apart target apart)
  if(apart)
    set_target_properties(${target} PROPERTIES UNITY_BUILD OFF)
  endif()
endfunction()

# vfpool_test(name SOURCES ... [DEPENDS ...] [LABELS ...] [PREFIX ...] [FILTER ...] [APART]): a GoogleTest program, its cases, or those
# of the filter, known to ctest by their names behind the prefix. The label is the group of tests/run it belongs to: "unit" by
# default, "rtl" for a block of the bridge by itself, "lab" if it boots servers. Those of unit and rtl are built by their name
# or by "unit_tests" and "rtl_tests", not with everything else: `make demo` does not want them.
add_custom_target(unit_tests)
add_custom_target(rtl_tests)
function(vfpool_test name)
  cmake_parse_arguments(ARG "APART" "PREFIX;FILTER" "SOURCES;DEPENDS;LABELS" ${ARGN})
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)
  endif()
  # For what hangs: beside guests everything takes several times as long.
  set(properties LABELS "${ARG_LABELS}" TIMEOUT 900)
  add_executable(${name} ${ARG_SOURCES})
  if(ARG_LABELS MATCHES "^(unit|rtl)$")
    set_target_properties(${name} PROPERTIES EXCLUDE_FROM_ALL TRUE)
    add_dependencies(${ARG_LABELS}_tests ${name})
  else()
    list(APPEND properties RUN_SERIAL TRUE)
  endif()
  target_link_libraries(${name} PRIVATE ${ARG_DEPENDS} GTest::gtest_main GTest::gmock vfpool_options)
  # With the sanitizers the compiler takes half as long over the cases themselves, which nobody waits for.
  target_compile_options(${name} PRIVATE $<$<BOOL:${VFPOOL_SANITIZE}>:-O0>)
  vfpool_apart(${name} ${ARG_APART})
  set(names "")
  if(ARG_PREFIX)
    list(APPEND names TEST_PREFIX ${ARG_PREFIX})
  endif()
  if(ARG_FILTER)
    list(APPEND names TEST_FILTER ${ARG_FILTER})
  endif()
  gtest_discover_tests(${name} ${names} DISCOVERY_TIMEOUT 300 PROPERTIES ${properties})
endfunction()

# vfpool_check(name LABEL group COMMAND script arguments... [TIMEOUT seconds] [NEEDS fixtures...] [PROVIDES fixture]): a
# script of the checkout as a test, run in the checkout's folder. Those of the groups lint, rtl, unit and guest may run
# beside each other. NEEDS names what other checks make first, which say PROVIDES.
function(vfpool_check name)
  cmake_parse_arguments(ARG "" "LABEL;TIMEOUT;PROVIDES" "COMMAND;NEEDS" ${ARGN})
  list(POP_FRONT ARG_COMMAND script)
  add_test(NAME ${name} COMMAND ${CMAKE_SOURCE_DIR}/${script} ${ARG_COMMAND} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 900)
  endif()
  set_tests_properties(${name} PROPERTIES LABELS ${ARG_LABEL} TIMEOUT ${ARG_TIMEOUT} FIXTURES_REQUIRED "${ARG_NEEDS}"
                       FIXTURES_SETUP "${ARG_PROVIDES}")
  if(NOT ARG_LABEL MATCHES "^(lint|rtl|unit|guest)$")
    set_tests_properties(${name} PROPERTIES RUN_SERIAL TRUE)
  endif()
endfunction()

# vfpool_guest_program(name SOURCES...): a program that runs in guests, which have no C++ library: static, and without
# sanitizers, which cannot be linked statically.
function(vfpool_guest_program name)
  add_executable(${name} ${ARGN})
  target_compile_options(${name} PRIVATE -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -O2)
  target_link_options(${name} PRIVATE -static -s)
endfunction()

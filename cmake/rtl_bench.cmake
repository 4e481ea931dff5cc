# SPDX-License-Identifier: Apache-2.0
# vfpool_rtl_bench(name TOP top BLOCKS ... SOURCES ... [PARAMETERS X=1 ...]): a GoogleTest program around one Verilated
# module of the bridge. TOP is tb/top.sv beside the caller or a module of BLOCKS; BLOCKS are folders of rtl/
# in the order of their needs. The model is V<name>; its assertions throw bench::RtlFailure.
function(vfpool_rtl_bench name)
  cmake_parse_arguments(ARG "" "TOP" "BLOCKS;SOURCES;PARAMETERS" ${ARGN})
  set(packages ${VFPOOL_RTL}/vfp_regs_pkg.sv)
  set(modules "")
  foreach(block ${ARG_BLOCKS})
    file(GLOB found CONFIGURE_DEPENDS ${VFPOOL_RTL}/${block}/*.sv)
    foreach(source ${found})
      if(source MATCHES "_pkg\\.sv$")
        list(APPEND packages ${source})
      else()
        list(APPEND modules ${source})
      endif()
    endforeach()
  endforeach()
  if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/tb/${ARG_TOP}.sv)
    list(APPEND modules ${CMAKE_CURRENT_SOURCE_DIR}/tb/${ARG_TOP}.sv)
  endif()
  list(TRANSFORM ARG_PARAMETERS PREPEND -G)

  add_library(${name}_rtl STATIC EXCLUDE_FROM_ALL)
  # "Slow" is what runs once, at the start; optimised it takes the compiler by far the longest.
  verilate(${name}_rtl PREFIX V${name} TOP_MODULE ${ARG_TOP} SOURCES ${packages} ${modules} OPT_SLOW -O0
           VERILATOR_ARGS --assert --x-assign unique --x-initial unique -O3 -Wno-fatal ${ARG_PARAMETERS}
                          ${VFPOOL_RTL}/lint.vlt)
  # Verilator's runtime is the same in all of them.
  get_target_property(sources ${name}_rtl SOURCES)
  list(FILTER sources EXCLUDE REGEX "^${VERILATOR_ROOT}/include/")
  # The compiler takes longer than the tests; one file of all costs less than each with its headers.
  set_target_properties(${name}_rtl PROPERTIES SOURCES "${sources}" SYSTEM ON UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 0)
  target_compile_options(${name}_rtl PRIVATE -O1 -g0 -w)
  target_link_libraries(${name}_rtl PUBLIC vfpool_verilated)

  vfpool_test(${name} SOURCES ${ARG_SOURCES} DEPENDS ${name}_rtl vfpool_rtl_tb LABELS rtl)
endfunction()

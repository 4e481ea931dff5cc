# SPDX-License-Identifier: Apache-2.0
# vfpool_rtl_bench(name TOP top BLOCKS ... SOURCES ... [PARAMETERS X=1 ...]): a GoogleTest program around one Verilated
# module of the bridge's second form. TOP is tb/top.sv beside the caller or a module of BLOCKS; BLOCKS are folders of rtl/
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
  verilate(${name}_rtl PREFIX V${name} TOP_MODULE ${ARG_TOP} SOURCES ${packages} ${modules}
           VERILATOR_ARGS --assert --x-assign unique --x-initial unique -O3 -Wno-fatal ${ARG_PARAMETERS}
                          ${VFPOOL_RTL}/flow/lint.vlt)
  # The compiler takes longer than the tests.
  target_compile_options(${name}_rtl PRIVATE -O1 -g0 -w)
  target_compile_definitions(${name}_rtl PUBLIC VL_USER_STOP)
  set_target_properties(${name}_rtl PROPERTIES SYSTEM ON)

  vfpool_test(${name} SOURCES ${ARG_SOURCES} DEPENDS ${name}_rtl vfpool_rtl_tb LABELS unit)
endfunction()

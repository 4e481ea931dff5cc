# SPDX-License-Identifier: Apache-2.0
# The Verilated bridge, from the sources that rtl/bridge.f lists.
set(VFPOOL_RTL_OPTIMIZE -O3 CACHE STRING "how hard the compiler tries with the Verilated RTL; -O1 builds in a third of the time")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${VFPOOL_RTL}/bridge.f)
file(STRINGS ${VFPOOL_RTL}/bridge.f rtl_files)
list(TRANSFORM rtl_files REPLACE "^rtl/" "${VFPOOL_RTL}/")
add_library(vfpool_rtl STATIC EXCLUDE_FROM_ALL)
# Counts what runs, and which control signals change (tests/coverage). Wider ones are data.
set(counting "")
set(counted "")
if(VFPOOL_RTL_COVERAGE)
  set(counting COVERAGE)
  # A function that counts has a side effect, and may count once too often; and a vector whose bits are counted is one thing.
  set(counted --coverage-max-width 8 -Wno-SIDEEFFECT -Wno-UNOPTFLAT)
endif()
# VFPOOL_GATE: parts of the bridge rest (rtl/cell/vfp_clock_gate.sv). "Slow" is what runs once, at the start.
verilate(vfpool_rtl PREFIX Vbridge_model TOP_MODULE bridge_model
         SOURCES ${rtl_files} ${CMAKE_CURRENT_SOURCE_DIR}/bridge_model.sv TRACE_FST OPT_SLOW -O0
         ${counting}
         VERILATOR_ARGS -GUsers=${VFPOOL_USERS} -GSlots=${VFPOOL_SLOTS} -GSlotFns=${VFPOOL_SLOT_FNS}
                        -GDevices=${VFPOOL_DEVICES} -GMaxPayload=${VFPOOL_PAYLOAD} +define+VFPOOL_GATE --x-assign fast --x-initial fast
                        --assert -O3 ${counted} ${VFPOOL_RTL}/lint.vlt)
# -g1: following the variables of generated code through the optimiser takes the compiler minutes.
target_compile_options(vfpool_rtl PRIVATE ${VFPOOL_RTL_OPTIMIZE} -g1 -w)
# What writes waves takes the compiler longer than all the rest, and nobody waits for it.
get_target_property(generated vfpool_rtl SOURCES)
list(FILTER generated INCLUDE REGEX "__Trace__")
set_source_files_properties(${generated} PROPERTIES COMPILE_OPTIONS -O0)
# bridge.cpp says what a failed assertion of the RTL does.
target_compile_definitions(vfpool_rtl PRIVATE VL_USER_STOP)
set_target_properties(vfpool_rtl PROPERTIES SYSTEM ON)

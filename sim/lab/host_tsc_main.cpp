// SPDX-License-Identifier: Apache-2.0
// Prints guest_tsc_option(), for scripts that start a guest themselves.
#include <cstdio>

#include "lab/host_tsc.hpp"

int main() { std::puts(vfpool::lab::guest_tsc_option().c_str()); }

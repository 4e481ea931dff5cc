// SPDX-License-Identifier: Apache-2.0
// What the address map of a user knows of one function of a slot. Addresses are counted in pages of 4 KiB: no memory
// request crosses such a boundary (PCIe Base Specification 2.1, 2.2.7), so that the bits below never change.
package vfp_map_pkg;

  // Two windows, for the two BARs of a VF; `a` wins where both are at one address. A window has 2^size pages, is aligned
  // to that on both sides, and is open (has) only while the VF is assigned, its slot on, Memory Space Enable set, and the
  // ports above let the whole of it pass. Whoever writes rows sees to this.
  typedef struct packed {
    logic        has_a;
    logic        has_b;
    logic [1:0]  dev;     // device port
    logic [5:0]  vf;      // VF of that device
    logic [3:0]  size_a;  // up to 11 (8 MiB): an aperture is as large as the System Page Size (SR-IOV 1.1, 3.3.13)
    logic [3:0]  size_b;
    logic [51:0] user_a;  // where the user sees it
    logic [51:0] user_b;
    logic [51:0] card_a;  // where the device has it
    logic [51:0] card_b;
  } map_row_t;

  localparam int unsigned MapRowW = 226;

  // Bit n of a page's number lies inside a window of 2^size pages.
  function automatic logic [10:0] in_window(input logic [3:0] size);
    for (int n = 0; n < 11; n++) in_window[n] = 4'(n) < size;
  endfunction

endpackage

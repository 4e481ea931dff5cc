// SPDX-License-Identifier: Apache-2.0
// Where what a VF sends may go.
package vfp_steer_pkg;

  typedef struct packed {
    logic        open;    // assigned and not being drained or reset, or left to the owner; else everything is refused
    logic        master;  // its Bus Master Enable, as its server set it
    logic [4:0]  host;    // server, 0 the owner
    logic [15:0] id;      // requester ID that the server knows it by
  } steer_row_t;

  localparam int unsigned SteerRowW = 23;

endpackage

// SPDX-License-Identifier: Apache-2.0
// What a packet needs for its decision, and what the look-up of its address or requester ID says.
package vfp_look_pkg;

  // What to do with a packet, from its header alone; one bit each.
  localparam logic [3:0] DoRefuse = 4'b0000;  // for `reason`
  localparam logic [3:0] DoLook   = 4'b0001;  // as the look-up says
  localparam logic [3:0] DoMatch  = 4'b0010;  // a completion: as the tag table says
  localparam logic [3:0] DoLocal  = 4'b0100;  // configuration space
  localparam logic [3:0] DoSink   = 4'b1000;  // ends here, as it should

  typedef struct packed {
    logic        refuse;
    logic [3:0]  reason;
    logic [4:0]  port;    // destination, or PortLocal
    logic        has_vf;
    logic [5:0]  vf;
    logic [15:0] gen;
    logic        remap;   // the address is page `place` from now on; else place[15:0] is the requester ID to bear
    logic [51:0] place;
  } look_t;

  localparam int unsigned LookW = 86;

endpackage

// SPDX-License-Identifier: Apache-2.0
// What the table of outstanding requests keeps, and what comes of a completion.
package vfp_tags_pkg;

  // A request that was sent under a tag of the bridge's own.
  typedef struct packed {
    logic [4:0]  port;        // who asked: index of a port, or PortOwn
    logic [15:0] rid;         // its requester ID and tag there
    logic [7:0]  tag;
    logic [2:0]  tc;
    logic        ido;
    logic        ro;
    logic        ns;
    logic        has_vf;      // concerns a VF, under this generation
    logic [5:0]  vf;
    logic [15:0] gen;         // without has_vf: completer ID that who asked knows, if not 0
    logic        is_mem;      // memory read; else one DW whose Byte Count and Lower Address say nothing (2.2.9)
    logic        wants_data;  // a read
    logic [12:0] bytes;       // asked for: 1..4096
    logic [6:0]  low;         // Lower Address of the first completion
  } tag_req_t;

  localparam int unsigned ReqW = 80;
  localparam logic [4:0] PortOwn = 5'd31;

  // What to do with a completion.
  localparam logic [2:0] ActDrop    = 3'd0;  // unexpected: nothing is outstanding under this tag
  localparam logic [2:0] ActForward = 3'd1;  // hand it to who asked
  localparam logic [2:0] ActUr      = 3'd2;  // who asked gets Unsupported Request instead: what it asked for is not its own any more
  localparam logic [2:0] ActCa      = 3'd3;  // who asked gets Completer Abort instead: this is not what was asked for
  localparam logic [2:0] ActSwallow = 3'd4;  // who asked has its answer, or is gone

endpackage

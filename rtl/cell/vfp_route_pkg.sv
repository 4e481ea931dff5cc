// SPDX-License-Identifier: Apache-2.0
// What decide says of a packet, once and for all: where it goes, on whose behalf, or how it is refused.
// docs/bridge-inside.md, "Decisions". Ports are numbered on the other side: a host's packets go to device `port`, a
// device's to host `port` (0 the owner).
package vfp_route_pkg;

  // One for each packet that receive did not nullify, in their order, some cycles after the eop. Beside it go the header
  // as it is to be queued (mapped address; of a completion requester ID, tag and completer ID as the destination knows
  // them; of a request requester ID and tag as they came) and the number of cells.
  typedef struct packed {
    logic        forward;  // 0: the packet ends here, its payload is forgotten; the rest is undefined
    logic        bare;     // the header goes on alone: the exit ends the packet with its first cell
    logic [4:0]  port;     // destination, or PortLocal
    logic [1:0]  cls;      // vfp_cell_pkg::Cls*
    logic        has_vf;   // decided for `vf` under generation `gen`: the exit looks whether that is still so
    logic [5:0]  vf;
    logic [15:0] gen;
    logic [15:0] id;       // requester ID that a device's request bears at its host
  } route_t;

  localparam int unsigned RouteW = 48;
  localparam logic [4:0] PortLocal = 5'd31;  // the bridge's own configuration space and registers

  // A completion that the bridge makes itself for a refused request; it leaves by the port that the request came in by.
  typedef struct packed {
    logic [2:0]  status;  // vfp_cell_pkg::Cpl*
    logic        lk;      // CplLk: answers a locked read (2.2.9)
    logic [15:0] rid;
    logic [7:0]  tag;
    logic [2:0]  tc;
    logic        ido;
    logic        ro;
    logic        ns;
    logic [11:0] bytes;
    logic [6:0]  low;
  } answer_t;

  localparam int unsigned AnswerW = 53;

endpackage

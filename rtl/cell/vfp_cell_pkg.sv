// SPDX-License-Identifier: Apache-2.0
// The stream cell, and the views of the TLP header that it carries (PCIe Base Specification 2.1, 2.2).
// docs/bridge-inside.md says what a stream of cells promises.
//
// A header is 128 bits: DW0 in [31:0] to DW3 in [127:96], bit 31 of a DW is the first one sent. A block that wants fields
// assigns the 128 bits to a signal of the fitting view. Functions here take single fields, because Yosys reads structs
// only as signals.
package vfp_cell_pkg;

  localparam int unsigned HdrW = 128;
  localparam int unsigned DataW = 128;
  localparam int unsigned CellW = 3 + HdrW + DataW;
  localparam int unsigned CellBytes = DataW / 8;

  typedef struct packed {
    logic             sop;      // first cell of a packet: hdr is valid
    logic             eop;      // last cell
    logic             nullify;  // with eop: the packet is void
    logic [HdrW-1:0]  hdr;
    logic [DataW-1:0] data;     // payload byte k in [8k+7:8k]
  } cell_t;

  // DW0, common to all headers.
  typedef struct packed {
    logic       prefix;  // Fmt[2]: a TLP prefix, none is negotiated
    logic       data;    // Fmt[1]: carries payload
    logic       dw4;     // Fmt[0]: 4 DW header
    logic [4:0] kind;    // Type
    logic       t9;
    logic [2:0] tc;
    logic       t8;
    logic       ido;     // Attr[2]
    logic       ln;
    logic       th;
    logic       td;      // a digest DW follows the payload
    logic       ep;      // poisoned
    logic       ro;      // Attr[1]
    logic       ns;      // Attr[0]
    logic [1:0] at;
    logic [9:0] len;     // DW; 0 is 1024
  } dw0_t;

  // Memory, I/O, configuration request and message. Memory requests inside the bridge have their address in
  // {dw2, dw3} whatever dw4 says.
  typedef struct packed {
    logic [31:0] dw3;
    logic [31:0] dw2;
    logic [15:0] rid;
    logic [7:0]  tag;
    logic [3:0]  last_be;
    logic [3:0]  first_be;
    dw0_t        dw0;
  } req_hdr_t;

  // Completion.
  typedef struct packed {
    logic [31:0] dw3;     // not sent
    logic [15:0] rid;     // requester ID
    logic [7:0]  tag;
    logic        rsvd;
    logic [6:0]  low;     // Lower Address
    logic [15:0] cid;     // completer ID
    logic [2:0]  status;
    logic        bcm;
    logic [11:0] bytes;   // Byte Count: what is left, this packet included; 0 is 4096
    dw0_t        dw0;
  } cpl_hdr_t;

  // Flow classes: index of every [2:0] vector of queues, rooms and events.
  localparam logic [1:0] ClsP   = 2'd0;
  localparam logic [1:0] ClsNp  = 2'd1;
  localparam logic [1:0] ClsCpl = 2'd2;

  // Type[4:0] (table 2-3).
  localparam logic [4:0] KindMem    = 5'b0_0000;
  localparam logic [4:0] KindMemLk  = 5'b0_0001;
  localparam logic [4:0] KindIo     = 5'b0_0010;
  localparam logic [4:0] KindCfg0   = 5'b0_0100;
  localparam logic [4:0] KindCfg1   = 5'b0_0101;
  localparam logic [4:0] KindCpl    = 5'b0_1010;
  localparam logic [4:0] KindCplLk  = 5'b0_1011;
  localparam logic [4:0] KindFetch  = 5'b0_1100;
  localparam logic [4:0] KindSwap   = 5'b0_1101;
  localparam logic [4:0] KindCas    = 5'b0_1110;

  // Completion status (2.2.9).
  localparam logic [2:0] CplSc  = 3'b000;
  localparam logic [2:0] CplUr  = 3'b001;
  localparam logic [2:0] CplCrs = 3'b010;
  localparam logic [2:0] CplCa  = 3'b100;

  // Position of the first enabled byte; 0 if none.
  function automatic logic [1:0] first_byte(input logic [3:0] be);
    first_byte = be[0] ? 2'd0 : be[1] ? 2'd1 : be[2] ? 2'd2 : be[3] ? 2'd3 : 2'd0;
  endfunction

  // Bytes of the DW above the last enabled one; 3 if none: a zero-length read counts one byte (table 2-22).
  function automatic logic [1:0] bytes_above(input logic [3:0] be);
    bytes_above = be[3] ? 2'd0 : be[2] ? 2'd1 : be[1] ? 2'd2 : 2'd3;
  endfunction

endpackage

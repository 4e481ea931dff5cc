// SPDX-License-Identifier: Apache-2.0
// Types, constants and small functions shared by the bridge's modules.
//
// Packets travel as streams of 128-bit payload beats with the raw TLP header beside the first beat:
//   hdr[31:0] is DW0 ... hdr[127:96] DW3 (unused in 3DW formats); bit 31 of a DW is the first bit sent.
//   data[8k+7:8k] is payload byte k of the beat. A packet without payload is one beat, sop and eop set.
package vfp_pkg;

  localparam int unsigned HdrW = 128;
  localparam int unsigned DataW = 128;

  // Flow classes: index of every [2:0] vector of queues, rooms and events.
  localparam logic [1:0] ClsP   = 2'd0;
  localparam logic [1:0] ClsNp  = 2'd1;
  localparam logic [1:0] ClsCpl = 2'd2;

  // Fmt[1:0], Type[4:0] of DW0 bits 30:24 with the 3DW/4DW bit (29) cleared (PCIe Base Spec 2.1, table 2-3).
  localparam logic [6:0] TlpMRd    = 7'b00_00000;
  localparam logic [6:0] TlpMRdLk  = 7'b00_00001;
  localparam logic [6:0] TlpMWr    = 7'b10_00000;
  localparam logic [6:0] TlpIORd   = 7'b00_00010;
  localparam logic [6:0] TlpIOWr   = 7'b10_00010;
  localparam logic [6:0] TlpCfgRd0 = 7'b00_00100;
  localparam logic [6:0] TlpCfgWr0 = 7'b10_00100;
  localparam logic [6:0] TlpCfgRd1 = 7'b00_00101;
  localparam logic [6:0] TlpCfgWr1 = 7'b10_00101;
  localparam logic [6:0] TlpCpl    = 7'b00_01010;
  localparam logic [6:0] TlpCplD   = 7'b10_01010;

  // Completion status (2.2.9).
  localparam logic [2:0] CplSc  = 3'b000;
  localparam logic [2:0] CplUr  = 3'b001;
  localparam logic [2:0] CplCrs = 3'b010;
  localparam logic [2:0] CplCa  = 3'b100;

  // What happens to a packet that came in (decided once, at ingress).
  localparam logic [2:0] ActDrop = 3'd0;  // discard and report
  localparam logic [2:0] ActFwd  = 3'd1;  // to the other side
  localparam logic [2:0] ActReg  = 3'd2;  // management registers
  localparam logic [2:0] ActCfg  = 3'd3;  // configuration space
  localparam logic [2:0] ActUr   = 3'd4;  // answer with Unsupported Request
  localparam logic [2:0] ActSink = 3'd5;  // ends here, as it should

  // Device Control (7.8.4): what can be written on our functions. Payload size, extended tags, phantom functions and
  // auxiliary power are fixed, as Device Capabilities says; bit 15 (FLR, or reserved) never reads 1.
  localparam logic [14:0] DevCtlMask = 15'h781f;

  // Type of a packet as one of the Tlp* constants.
  function automatic logic [6:0] tlp_type(input logic [127:0] hdr);
    tlp_type = {hdr[30], 1'b0, hdr[28:24]};
  endfunction

  // Position of the first enabled byte; 0 if none.
  function automatic logic [1:0] first_byte(input logic [3:0] be);
    if (be[0]) first_byte = 2'd0;
    else if (be[1]) first_byte = 2'd1;
    else if (be[2]) first_byte = 2'd2;
    else if (be[3]) first_byte = 2'd3;
    else first_byte = 2'd0;
  endfunction

  // Bytes of the DW above the last enabled one; 3 if none (a zero-length read counts one byte, table 2-22).
  function automatic logic [1:0] bytes_above(input logic [3:0] be);
    if (be[3]) bytes_above = 2'd0;
    else if (be[2]) bytes_above = 2'd1;
    else if (be[1]) bytes_above = 2'd2;
    else bytes_above = 2'd3;
  endfunction

  // Byte Count of the completion of a memory read (table 2-22); 4096 is 0. Length 0 means 1024 DW.
  function automatic logic [11:0] read_bytes(input logic [127:0] hdr);
    if (hdr[9:0] == 10'd1) begin
      read_bytes = 12'd4 - {10'd0, first_byte(hdr[35:32])} - {10'd0, bytes_above(hdr[35:32])};
    end else begin
      read_bytes = {hdr[9:0], 2'b00} - {10'd0, first_byte(hdr[35:32])} - {10'd0, bytes_above(hdr[39:36])};
    end
  endfunction

  // Low 7 bits of the first byte's address (Lower Address of the first completion).
  function automatic logic [6:0] lower_address(input logic [127:0] hdr);
    if (hdr[29]) lower_address = {hdr[102:98], first_byte(hdr[35:32])};
    else lower_address = {hdr[70:66], first_byte(hdr[35:32])};
  endfunction

  // DW-aligned address of a memory request.
  function automatic logic [63:0] tlp_address(input logic [127:0] hdr);
    if (hdr[29]) tlp_address = {hdr[95:64], hdr[127:98], 2'b00};
    else tlp_address = {32'd0, hdr[95:66], 2'b00};
  endfunction

  // The same memory request at another address: the format follows the address (2.2.4.1: 4 DW only above 4 GB).
  function automatic logic [127:0] with_address(input logic [127:0] hdr, input logic [63:0] address);
    if (address[63:32] != 32'd0) begin
      with_address = {address[31:2], 2'b00, address[63:32], hdr[63:30], 1'b1, hdr[28:0]};
    end else begin
      with_address = {32'd0, address[31:2], 2'b00, hdr[63:30], 1'b0, hdr[28:0]};
    end
  endfunction

  // Header of a completion for request `hdr`: without data, or with one DW of it. A locked read gets a locked one.
  function automatic logic [127:0] cpl_header(input logic [127:0] hdr, input logic [15:0] completer,
                                              input logic [2:0] status, input logic with_data);
    logic is_read;
    logic [11:0] bytes;
    logic [6:0] low;
    is_read = {hdr[30], hdr[28:25]} == 5'd0;  // MRd, MRdLk
    bytes = is_read ? read_bytes(hdr) : 12'd4;
    low = is_read ? lower_address(hdr) : 7'd0;
    cpl_header = {32'd0,
                  hdr[63:40], 1'b0, low,                                              // requester, tag, lower address
                  completer, status, 1'b0, bytes,
                  1'b0, with_data, 5'b0_0101, is_read && hdr[24], 1'b0, hdr[22:20], 4'd0, 2'd0, hdr[13:12], 2'd0, 9'd0, with_data};
  endfunction

  // Header of the completion without data that ends a request known only from its table entry:
  // cpl {TC, attributes, Lower Address, Byte Count}, id {requester ID, tag}.
  function automatic logic [127:0] end_header(input logic [23:0] cpl, input logic [23:0] id,
                                              input logic [15:0] completer, input logic [2:0] status);
    end_header = {32'd0, id, 1'b0, cpl[18:12], completer, status, 1'b0, cpl[11:0],
                 8'b000_01010, 1'b0, cpl[23:21], 6'd0, cpl[20:19], 12'd0};
  endfunction

endpackage

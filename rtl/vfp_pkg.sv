// Types and constants shared by the bridge's modules.
//
// Packets travel as streams of 128-bit payload beats with the raw TLP header beside the first beat:
//   hdr[31:0] is DW0 ... hdr[127:96] DW3 (unused in 3DW formats); bit 31 of a DW is the first bit sent.
//   data[8k+7:8k] is payload byte k of the beat. A packet without payload is one beat, sop and eop set.
package vfp_pkg;

  localparam int unsigned HdrW = 128;
  localparam int unsigned DataW = 128;

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

  // Why a packet was not forwarded: counters and error log (drop_reason of the event bus).
  typedef enum logic [3:0] {
    DropNone        = 4'd0,
    DropMalformed   = 4'd1,   // format, length, byte enables, 4 KB crossing, beat count
    DropUnsupported = 4'd2,   // a type the bridge does not carry
    DropNoTarget    = 4'd3,   // address or ID that leads nowhere
    DropNotAssigned = 4'd4,   // VF not assigned to this user, or its slot is off
    DropBusMaster   = 4'd5,   // request of a function whose bus master enable is off
    DropUnexpected  = 4'd6,   // completion that matches no outstanding request
    DropTimeout     = 4'd7,   // completion synthesised, or egress stuck
    DropPoisoned    = 4'd8,
    DropBlocked     = 4'd9    // port frozen or link down
  } drop_e;

endpackage

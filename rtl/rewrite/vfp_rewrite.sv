// SPDX-License-Identifier: Apache-2.0
// The last look at a packet before its link: the header in the form that goes on the wire. One register; nobody can stop
// this stream.
//
// A memory request's format follows its address: 3 DW below 4 GB, 4 DW above (PCIe Base Specification 2.1, 2.2.4.1), so
// that one that was mapped across that line is right as well. A request bears the identity that the receiver knows.
// Nothing leaves with bits of features that the bridge does not offer: address types, hints, prefixes, 10-bit tags,
// digests. A `bare` packet ends with its first cell.
module vfp_rewrite #(
  parameter bit ToHost = 1'b1  // else to a device: all requests are the bridge's own
) (
  input  logic                  clk_i,
  input  logic                  rst_ni,
  input  logic [15:0]           id_i,       // to a device: the bridge's requester ID there

  input  logic                  in_valid_i,
  input  vfp_cell_pkg::cell_t   in_i,       // hdr and route hold from sop to eop
  input  vfp_route_pkg::route_t in_route_i,
  input  logic [7:0]            in_tag_i,   // of a non-posted request, from sop on

  output logic                  out_valid_o,
  output vfp_cell_pkg::cell_t   out_o       // hdr holds from sop to eop
);

  vfp_cell_pkg::req_hdr_t req, req_out;
  vfp_cell_pkg::cpl_hdr_t cpl_out;
  assign req = in_i.hdr;

  logic is_cpl, is_mem, far;
  assign is_cpl = in_route_i.cls == vfp_cell_pkg::ClsCpl;
  assign is_mem = req.dw0.kind == vfp_cell_pkg::KindMem;
  assign far    = req.dw2 != 32'd0;

  always_comb begin
    req_out            = req;
    req_out.dw0.prefix = 1'b0;
    req_out.dw0.t9     = 1'b0;
    req_out.dw0.t8     = 1'b0;
    req_out.dw0.ln     = 1'b0;
    req_out.dw0.th     = 1'b0;
    req_out.dw0.td     = 1'b0;
    req_out.dw0.at     = 2'd0;
    req_out.rid        = ToHost ? in_route_i.id : id_i;
    if (in_route_i.cls == vfp_cell_pkg::ClsNp) req_out.tag = in_tag_i;
    else if (is_mem) req_out.tag = 8'd0;  // free in a posted write (2.2.6.2), unless it was a hint
    if (is_mem) begin
      req_out.dw0.dw4 = far;
      req_out.dw3     = far ? {req.dw3[31:2], 2'b00} : 32'd0;
      if (!far) req_out.dw2 = {req.dw3[31:2], 2'b00};
    end

    cpl_out            = in_i.hdr;
    cpl_out.dw3        = 32'd0;
    cpl_out.rsvd       = 1'b0;
    cpl_out.bcm        = 1'b0;
    cpl_out.dw0.prefix = 1'b0;
    cpl_out.dw0.dw4    = 1'b0;
    cpl_out.dw0.t9     = 1'b0;
    cpl_out.dw0.t8     = 1'b0;
    cpl_out.dw0.ln     = 1'b0;
    cpl_out.dw0.th     = 1'b0;
    cpl_out.dw0.td     = 1'b0;
    cpl_out.dw0.at     = 2'd0;
  end

  vfp_cell_pkg::cell_t out_q;
  logic                out_valid_q, ended_q;  // ended: the rest of a bare packet is dropped
  logic                leaves;
  assign leaves = in_valid_i && (in_i.sop || !ended_q);

  always_ff @(posedge clk_i) begin
    if (in_valid_i) begin
      out_q.sop     <= in_i.sop;
      out_q.eop     <= in_i.eop || in_route_i.bare;
      out_q.nullify <= in_i.nullify;
      out_q.hdr     <= is_cpl ? cpl_out : req_out;
      out_q.data    <= in_i.data;
    end
    if (!rst_ni) begin
      out_valid_q <= 1'b0;
      ended_q     <= 1'b0;
    end else begin
      out_valid_q <= leaves;
      if (in_valid_i) ended_q <= in_route_i.bare && !in_i.eop;
    end
  end

  assign out_valid_o = out_valid_q;
  assign out_o       = out_q;

  logic [7:0] out_passed;
  vfp_cell_check #(.Ready(1'b0)) u_check (
    .clk_i, .rst_ni, .valid_i(out_valid_q), .ready_i(1'b1), .cell_i(out_q), .passed_o(out_passed)
  );
`ifdef FORMAL
  `include "formal/vfp_rewrite.svh"
`endif

  logic unused;
  assign unused = ^{out_passed, in_route_i, req, id_i};

endmodule

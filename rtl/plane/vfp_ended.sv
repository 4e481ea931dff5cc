// SPDX-License-Identifier: Apache-2.0
// What ended at an exit needs an answer: a request to who asked, a completion to who waits for it. A completion after which
// more would have come is not answered here: the tag table ends its request (docs/bridge-inside.md, "Generation numbers").
module vfp_ended (
  input  logic                   clk_i,
  input  logic                   rst_ni,

  input  logic                   in_valid_i,
  output logic                   in_ready_o,
  input  logic [127:0]           in_hdr_i,
  input  vfp_route_pkg::route_t  in_route_i,
  input  logic [4:0]             in_source_i,

  output logic                   out_valid_o,
  input  logic                   out_ready_i,
  output logic                   out_back_o,    // to the link of out_source_o; else to this exit's own
  output logic [4:0]             out_source_o,
  output vfp_route_pkg::answer_t out_o
);

  vfp_cell_pkg::cpl_hdr_t cpl, cpl_q;
  vfp_route_pkg::answer_t refusal;
  logic                   valid_q, is_cpl_q, last;
  logic [4:0]             source_q;
  assign cpl   = in_hdr_i;
  assign cpl_q = hdr_q;
  // Bytes that this completion brings, against those that were missing.
  assign last = !cpl.dw0.data || {1'b0, cpl.dw0.len, 2'b00} >= {cpl.bytes == 12'd0, cpl.bytes} + {11'd0, cpl.low[1:0]};

  // The refusal is there a cycle after its header: that is held while it waits.
  logic [127:0] hdr_q;
  vfp_refusal u_refusal (.clk_i, .hdr_i(in_ready_o ? in_hdr_i : hdr_q), .answer_o(refusal));

  assign in_ready_o = !valid_q || out_ready_i;
  always_ff @(posedge clk_i) begin
    if (in_ready_o) begin
      hdr_q    <= in_hdr_i;
      is_cpl_q <= in_route_i.cls == vfp_cell_pkg::ClsCpl;
      source_q <= in_source_i;
    end
    if (!rst_ni) valid_q <= 1'b0;
    else if (in_ready_o) valid_q <= in_valid_i && (in_route_i.cls != vfp_cell_pkg::ClsCpl || last);
  end

  assign out_valid_o  = valid_q;
  assign out_back_o   = !is_cpl_q;
  assign out_source_o = source_q;
  always_comb begin
    out_o = refusal;
    if (is_cpl_q) begin
      out_o.status = vfp_cell_pkg::CplUr;
      out_o.lk     = 1'b0;
      out_o.rid    = cpl_q.rid;
      out_o.tag    = cpl_q.tag;
      out_o.tc     = cpl_q.dw0.tc;
      out_o.ido    = cpl_q.dw0.ido;
      out_o.ro     = cpl_q.dw0.ro;
      out_o.ns     = cpl_q.dw0.ns;
      out_o.bytes  = cpl_q.bytes;
      out_o.low    = cpl_q.low;
    end
  end

  logic unused;
  assign unused = ^{cpl_q, in_route_i};

endmodule

// SPDX-License-Identifier: Apache-2.0
// The completion with Unsupported Request that ends a non-posted request (PCIe Base Specification 2.1, 2.2.9, 2.3.1), from
// the request's header. A cycle later.
module vfp_refusal (
  input  logic                   clk_i,
  input  logic [127:0]           hdr_i,
  output vfp_route_pkg::answer_t answer_o
);

  vfp_cell_pkg::req_hdr_t refused;
  assign refused = hdr_i;

  logic is_read, is_atomic, is_cas;
  assign is_read   = refused.dw0.kind == vfp_cell_pkg::KindMem || refused.dw0.kind == vfp_cell_pkg::KindMemLk;
  assign is_cas    = refused.dw0.kind == vfp_cell_pkg::KindCas;
  assign is_atomic = refused.dw0.kind == vfp_cell_pkg::KindFetch || refused.dw0.kind == vfp_cell_pkg::KindSwap || is_cas;

  // Bytes outside the enabled ones, at both ends (table 2-22); of an atomic request its operand counts.
  logic [1:0]  first, above;
  logic [2:0]  outside;
  assign first   = vfp_cell_pkg::first_byte(refused.first_be);
  assign above   = vfp_cell_pkg::bytes_above(refused.dw0.len == 10'd1 ? refused.first_be : refused.last_be);
  assign outside = {1'b0, first} + {1'b0, above};

  vfp_route_pkg::answer_t answer, answer_q;
  logic [2:0]             outside_q;
  always_comb begin
    answer.status = vfp_cell_pkg::CplUr;
    answer.lk     = refused.dw0.kind == vfp_cell_pkg::KindMemLk;
    answer.rid    = refused.rid;
    answer.tag    = refused.tag;
    answer.tc     = refused.dw0.tc;
    answer.ido    = refused.dw0.ido;
    answer.ro     = refused.dw0.ro;
    answer.ns     = refused.dw0.ns;
    answer.bytes  = is_cas ? {1'b0, refused.dw0.len, 1'b0} : is_read || is_atomic ? {refused.dw0.len, 2'b00} : 12'd4;
    answer.low    = is_read ? {refused.dw3[6:2], first} : 7'd0;
  end

  always_ff @(posedge clk_i) begin
    answer_q  <= answer;
    outside_q <= is_read ? outside : 3'd0;
  end
  always_comb begin
    answer_o       = answer_q;
    answer_o.bytes = answer_q.bytes - {9'd0, outside_q};
  end

  logic unused;
  assign unused = ^refused;

endmodule

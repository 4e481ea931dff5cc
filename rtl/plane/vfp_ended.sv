// SPDX-License-Identifier: Apache-2.0
// What ended at an exit needs an answer: a request to who asked, a completion to who waits for it. A completion after which
// more would have come is not answered here: the tag table ends its request (docs/bridge-inside.md, "Generation numbers").
module vfp_ended (
  input  logic                   clk_i,
  input  logic                   rst_ni,

  input  logic                   in_valid_i,
  output logic                   in_ready_o,
  input  logic [127:0]           in_hdr_i,
  input  logic [1:0]             in_cls_i,
  input  logic [4:0]             in_source_i,

  output logic                   out_valid_o,
  input  logic                   out_ready_i,
  output logic                   out_back_o,    // to the link of out_source_o; else to this exit's own
  output logic [4:0]             out_source_o,
  output vfp_route_pkg::answer_t out_o
);

  // One at a time: taken, looked at, answered. Nobody waits for what ends here but who gets the answer.
  vfp_cell_pkg::cpl_hdr_t cpl;
  vfp_route_pkg::answer_t refusal;
  logic [127:0]           hdr_q;
  logic                   valid_q, seen_q, ripe_q, done, is_cpl_q, last_q;
  logic                   taken_q;  // which is known late
  logic [12:0]            missed_q;  // bytes that were missing, from the first dword's beginning
  logic [4:0]             source_q;
  assign cpl = hdr_q;
  assign done = taken_q || (ripe_q && !last_q);

  vfp_refusal u_refusal (.clk_i, .hdr_i(hdr_q), .answer_o(refusal));  // a cycle later

  assign in_ready_o = !valid_q;
  always_ff @(posedge clk_i) begin
    if (!valid_q && in_valid_i) begin
      hdr_q    <= in_hdr_i;
      is_cpl_q <= in_cls_i == vfp_cell_pkg::ClsCpl;
      source_q <= in_source_i;
    end
    // Bytes that this completion brings, against those that were missing.
    missed_q <= {cpl.bytes == 12'd0, cpl.bytes} + {11'd0, cpl.low[1:0]};
    last_q   <= !is_cpl_q || !cpl.dw0.data || {1'b0, cpl.dw0.len, 2'b00} >= missed_q;
    taken_q  <= rst_ni && out_valid_o && out_ready_i;
    seen_q   <= valid_q && !done;
    ripe_q   <= seen_q && !done;
    if (!rst_ni) valid_q <= 1'b0;
    else if (!valid_q) valid_q <= in_valid_i;
    else if (done) valid_q <= 1'b0;
  end

  assign out_valid_o  = ripe_q && last_q && !taken_q;
  assign out_back_o   = !is_cpl_q;
  assign out_source_o = source_q;
  always_comb begin
    out_o = refusal;
    if (is_cpl_q) begin
      out_o.status = vfp_cell_pkg::CplUr;
      out_o.lk     = 1'b0;
      out_o.rid    = cpl.rid;
      out_o.tag    = cpl.tag;
      out_o.tc     = cpl.dw0.tc;
      out_o.ido    = cpl.dw0.ido;
      out_o.ro     = cpl.dw0.ro;
      out_o.ns     = cpl.dw0.ns;
      out_o.bytes  = cpl.bytes;
      out_o.low    = cpl.low;
    end
  end

  logic unused;
  assign unused = ^cpl;

endmodule

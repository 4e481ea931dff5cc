// SPDX-License-Identifier: Apache-2.0
// A completion of the bridge's own as a packet of one cell (PCIe Base Specification 2.1, 2.2.9).
module vfp_answer (
  input  logic                    clk_i,
  input  logic                    rst_ni,
  input  logic [15:0]             own_cid_i,  // the bridge's completer ID on this link, a register

  input  logic                    in_valid_i,
  output logic                    in_ready_o,
  input  vfp_route_pkg::answer_t  in_i,
  input  logic [15:0]             in_cid_i,   // in whose name, if not 0; else the bridge's

  output logic                    out_valid_o,
  input  logic                    out_ready_i,
  output vfp_cell_pkg::cell_t     out_o
);

  localparam int unsigned W = vfp_route_pkg::AnswerW + 16;

  logic [W-1:0]           word;
  logic [15:0]            cid;
  vfp_route_pkg::answer_t answer;
  vfp_slice #(.W(W)) u_slice (
    .clk_i, .rst_ni, .in_valid_i, .in_ready_o, .in_data_i({in_cid_i, in_i}), .out_valid_o, .out_ready_i, .out_data_o(word)
  );
  assign {cid, answer} = word;

  vfp_cell_pkg::cpl_hdr_t hdr;
  always_comb begin
    hdr          = '0;
    hdr.dw0.kind = answer.lk ? vfp_cell_pkg::KindCplLk : vfp_cell_pkg::KindCpl;
    hdr.dw0.tc   = answer.tc;
    hdr.dw0.ido  = answer.ido;
    hdr.dw0.ro   = answer.ro;
    hdr.dw0.ns   = answer.ns;
    hdr.rid      = answer.rid;
    hdr.tag      = answer.tag;
    hdr.low      = answer.low;
    hdr.cid      = cid != 16'd0 ? cid : own_cid_i;
    hdr.status   = answer.status;
    hdr.bytes    = answer.bytes;

    out_o        = '0;
    out_o.sop    = 1'b1;
    out_o.eop    = 1'b1;
    out_o.hdr    = hdr;
  end

endmodule

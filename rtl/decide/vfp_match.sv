// SPDX-License-Identifier: Apache-2.0
// Completions on their way through the tag table of this port (vfp_tags): asked in their order, answered in it.
module vfp_match #(
  parameter int unsigned Depth = 32  // completions inside; the caller brings no more
) (
  input  logic         clk_i,
  input  logic         rst_ni,

  input  logic         in_valid_i,
  input  logic [127:0] in_hdr_i,

  output logic         cpl_valid_o,
  input  logic         cpl_ready_i,
  output logic [127:0] cpl_hdr_o,    // the fields that the table looks at; the others are 0
  input  logic         res_valid_i,
  input  logic [2:0]   res_act_i,
  input  vfp_tags_pkg::tag_req_t res_req_i,
  input  logic [12:0]  res_left_i,

  // Whom the asker is to take for the completer, if not who has answered; with res_*.
  input  logic         id_known_i,
  input  logic [15:0]  id_i,

  output logic         out_valid_o,
  input  logic         out_ready_i,
  output logic [2:0]   out_act_o,
  output vfp_tags_pkg::tag_req_t out_req_o,
  output logic [11:0]  out_left_o,     // bytes that were missing; 0 is 4096
  output logic         out_cid_use_o,  // the completer ID that the asker knows; else the completion's own
  output logic [15:0]  out_cid_o
);

  localparam int unsigned AskW = 57;
  localparam int unsigned ResultW = 32 + vfp_tags_pkg::ReqW;

  vfp_cell_pkg::cpl_hdr_t in, ask;
  assign in = in_hdr_i;

  // The table says late that it takes one: it leaves the queue a cycle after, so one goes every other cycle.
  logic            in_ready, ask_valid, took_q;
  logic [5:0]      ask_used, result_used;
  logic [AskW-1:0] ask_word;
  vfp_fifo #(.W(AskW), .Depth(Depth), .Fast(1'b1)) u_ask (
    .clk_i, .rst_ni,
    .in_valid_i,
    .in_ready_o (in_ready),
    .in_data_i  ({in.rid, in.tag, in.low, in.status, in.bytes, in.dw0.data, in.dw0.len}),
    .out_valid_o(ask_valid),
    .out_ready_i(took_q),
    .out_data_o (ask_word),
    .used_o     (ask_used)
  );
  always_comb begin
    ask = '0;
    {ask.rid, ask.tag, ask.low, ask.status, ask.bytes, ask.dw0.data, ask.dw0.len} = ask_word;
  end
  assign cpl_hdr_o   = ask;
  assign cpl_valid_o = ask_valid && !took_q;
  always_ff @(posedge clk_i) took_q <= rst_ni && cpl_valid_o && cpl_ready_i;

  // A request that concerns no VF may say itself whom its asker takes for the completer.
  logic        cid_use;
  logic [15:0] cid;
  assign cid_use = id_known_i || (!res_req_i.has_vf && res_req_i.gen != 16'd0);
  assign cid     = id_known_i ? id_i : res_req_i.gen;

  logic result_ready;
  vfp_fifo #(.W(ResultW), .Depth(Depth), .Fast(1'b1)) u_result (
    .clk_i, .rst_ni,
    .in_valid_i (res_valid_i),
    .in_ready_o (result_ready),
    .in_data_i  ({res_act_i, res_req_i, res_left_i[11:0], cid_use, cid}),
    .out_valid_o,
    .out_ready_i,
    .out_data_o ({out_act_o, out_req_o, out_left_o, out_cid_use_o, out_cid_o}),
    .used_o     (result_used)
  );

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      all_fit: assert ((!in_valid_i || in_ready) && (!res_valid_i || result_ready));
    end
  end
`endif

  logic unused;
  assign unused = ^{in, in_ready, result_ready, ask_used, result_used, res_left_i[12]};

endmodule

// SPDX-License-Identifier: Apache-2.0
// A server knows each VF by an ID of its own, so that requests leave under many IDs; toward a device the bridge has one, which
// changes as the owner numbers its buses. What a completion must bear is the one that its request left with: it is kept
// here by tag. The tag table behind compares with 0: right is 0, wrong is not.
module vfp_sent #(
  parameter int unsigned Tags = 256
) (
  input  logic         clk_i,
  input  logic         rst_ni,

  input  logic         sent_i,        // a request leaves
  input  logic [7:0]   sent_tag_i,
  input  logic [15:0]  sent_id_i,

  input  logic         in_valid_i,    // a completion; a cycle later it goes on
  output logic         in_ready_o,
  input  logic [127:0] in_hdr_i,
  output logic         out_valid_o,
  input  logic         out_ready_i,
  output logic [127:0] out_hdr_o
);

  localparam int unsigned TagW = $clog2(Tags);

  logic [15:0]            id_mem [Tags];
  vfp_cell_pkg::cpl_hdr_t in, out;
  logic                   out_valid_q;
  logic [15:0]            id_q;
  logic [127:0]           hdr_q;
  assign in         = in_hdr_i;
  assign in_ready_o = !out_valid_q || out_ready_i;

  always_ff @(posedge clk_i) begin
    if (sent_i) id_mem[sent_tag_i[TagW-1:0]] <= sent_id_i;
    if (in_ready_o) begin
      id_q  <= id_mem[in.tag[TagW-1:0]];
      hdr_q <= in_hdr_i;
    end
    if (!rst_ni) out_valid_q <= 1'b0;
    else if (in_ready_o) out_valid_q <= in_valid_i;
  end

  assign out_valid_o = out_valid_q;
  always_comb begin
    out     = hdr_q;
    out.rid = {16{out.rid != id_q}};
  end
  assign out_hdr_o = out;

  logic unused;
  assign unused = ^{in, sent_tag_i};

endmodule

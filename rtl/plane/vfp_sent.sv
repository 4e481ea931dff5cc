// SPDX-License-Identifier: Apache-2.0
// A server knows each VF by an ID of its own, so that requests leave under many IDs; toward a device the bridge has one, which
// changes as the owner numbers its buses. What a completion must bear is the one that its request left with: it is kept
// here by tag, and read beside the tag table.
module vfp_sent #(
  parameter int unsigned Tags = 256
) (
  input  logic         clk_i,

  input  logic         sent_i,        // a request leaves
  input  logic [7:0]   sent_tag_i,
  input  logic [15:0]  sent_id_i,

  input  logic [127:0] hdr_i,         // of a completion
  output logic         right_o        // two cycles later: it bears what the request of its tag left with
);

  localparam int unsigned TagW = $clog2(Tags);

  (* ram_style = "block" *) logic [15:0] id_mem [Tags];

  vfp_cell_pkg::cpl_hdr_t hdr;
  logic [15:0]            ram_q, id_q, near_q, rid_q;
  assign hdr     = hdr_i;
  assign right_o = rid_q == id_q;

  always_ff @(posedge clk_i) begin
    if (sent_i) id_mem[sent_tag_i[TagW-1:0]] <= sent_id_i;
    ram_q  <= id_mem[hdr.tag[TagW-1:0]];
    id_q   <= ram_q;
    near_q <= hdr.rid;
    rid_q  <= near_q;
  end

  logic unused;
  assign unused = ^{hdr, sent_tag_i};

endmodule

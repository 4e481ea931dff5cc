// SPDX-License-Identifier: Apache-2.0
// Register slice: cuts every combinational path between two blocks, valid, data and ready alike, at one word a cycle
// and one cycle of latency. The second register takes the word that is on its way when the receiver stops.
module vfp_slice #(
  parameter int unsigned W = vfp_cell_pkg::CellW
) (
  input  logic         clk_i,
  input  logic         rst_ni,

  input  logic         in_valid_i,
  output logic         in_ready_o,
  input  logic [W-1:0] in_data_i,

  output logic         out_valid_o,
  input  logic         out_ready_i,
  output logic [W-1:0] out_data_o
);

  logic         out_valid_q, skid_valid_q;
  logic [W-1:0] out_q, skid_q;
  logic         move;  // the output register takes a word or becomes free

  assign in_ready_o  = !skid_valid_q;
  assign out_valid_o = out_valid_q;
  assign out_data_o  = out_q;
  assign move        = !out_valid_q || out_ready_i;

  always_ff @(posedge clk_i) begin
    // Only what is valid: a wide word that nobody looks at costs the simulation as much as one.
    if (move && (skid_valid_q || in_valid_i)) out_q <= skid_valid_q ? skid_q : in_data_i;
    if (!skid_valid_q && in_valid_i) skid_q <= in_data_i;
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      out_valid_q  <= 1'b0;
      skid_valid_q <= 1'b0;
    end else begin
      if (move) out_valid_q <= skid_valid_q || in_valid_i;
      skid_valid_q <= !move && (skid_valid_q || in_valid_i);
    end
  end

`ifdef FORMAL
  `include "formal/vfp_slice.svh"
`endif

endmodule

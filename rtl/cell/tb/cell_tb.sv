// SPDX-License-Identifier: Apache-2.0
// Everything that holds words, in a row, with the checker at both ends.
module cell_tb (
  input  logic clk_i,
  input  logic rst_ni,
  input  logic                in_valid_i,
  output logic                in_ready_o,
  input  vfp_cell_pkg::cell_t in_i,
  output logic                out_valid_o,
  input  logic                out_ready_i,
  output vfp_cell_pkg::cell_t out_o,
  output logic [31:0]         held_o  // words in the two memories
);

  localparam int unsigned W = vfp_cell_pkg::CellW;

  logic [2:0]        valid, ready;
  logic [2:0][W-1:0] data;
  logic [4:0]        fifo_used;
  logic [7:0]        bram_used;
  logic [7:0]        unused_passed [2];

  assign held_o = 32'(fifo_used) + 32'(bram_used);

  vfp_slice u_first (
    .clk_i, .rst_ni, .in_valid_i, .in_ready_o, .in_data_i(in_i),
    .out_valid_o(valid[0]), .out_ready_i(ready[0]), .out_data_o(data[0])
  );
  vfp_fifo #(.W(W), .Depth(16)) u_fifo (
    .clk_i, .rst_ni, .in_valid_i(valid[0]), .in_ready_o(ready[0]), .in_data_i(data[0]),
    .out_valid_o(valid[1]), .out_ready_i(ready[1]), .out_data_o(data[1]), .used_o(fifo_used)
  );
  vfp_fifo_bram #(.W(W), .Depth(128)) u_bram (
    .clk_i, .rst_ni, .in_valid_i(valid[1]), .in_ready_o(ready[1]), .in_data_i(data[1]),
    .out_valid_o(valid[2]), .out_ready_i(ready[2]), .out_data_o(data[2]), .used_o(bram_used)
  );
  vfp_slice u_last (
    .clk_i, .rst_ni, .in_valid_i(valid[2]), .in_ready_o(ready[2]), .in_data_i(data[2]),
    .out_valid_o, .out_ready_i, .out_data_o(out_o)
  );

  vfp_cell_check #(.MaxCells(33)) u_in (
    .clk_i, .rst_ni, .valid_i(in_valid_i), .ready_i(in_ready_o), .cell_i(in_i), .passed_o(unused_passed[0])
  );
  vfp_cell_check #(.MaxCells(33)) u_out (
    .clk_i, .rst_ni, .valid_i(out_valid_o), .ready_i(out_ready_i), .cell_i(out_o), .passed_o(unused_passed[1])
  );

endmodule

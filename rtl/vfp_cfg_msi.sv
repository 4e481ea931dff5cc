// SPDX-License-Identifier: Apache-2.0
// MSI capability with one vector and a 64-bit address (PCI Local Bus 3.0, 6.8.1): 16 bytes of configuration space.
module vfp_cfg_msi #(
  parameter logic [7:0] Next = 8'h00  // next capability
) (
  input  logic clk_i,
  input  logic rst_ni,
  input  logic clear_i,  // back to reset values

  input  logic        we_i,   // a write to one of the four DWs
  input  logic [1:0]  idx_i,
  input  logic [3:0]  be_i,
  input  logic [31:0] wdata_i,
  output logic [31:0] rdata_o,

  output logic        enable_o,
  output logic [63:0] addr_o,
  output logic [31:0] data_o
);

  logic        enable_q;
  logic [63:0] addr_q;
  logic [15:0] data_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni || clear_i) begin
      enable_q <= 1'b0;
      addr_q   <= '0;
      data_q   <= '0;
    end else if (we_i) begin
      if (idx_i == 2'd0 && be_i[2]) enable_q <= wdata_i[16];
      for (int b = 0; b < 4; b++) begin
        if (be_i[b] && idx_i == 2'd1) addr_q[8*b +: 8] <= wdata_i[8*b +: 8] & (b == 0 ? 8'hfc : 8'hff);
        if (be_i[b] && idx_i == 2'd2) addr_q[32+8*b +: 8] <= wdata_i[8*b +: 8];
      end
      if (be_i[0] && idx_i == 2'd3) data_q[7:0] <= wdata_i[7:0];
      if (be_i[1] && idx_i == 2'd3) data_q[15:8] <= wdata_i[15:8];
    end
  end

  always_comb begin
    case (idx_i)
      2'd0:    rdata_o = {8'h00, 7'b1000_000, enable_q, Next, 8'h05};
      2'd1:    rdata_o = addr_q[31:0];
      2'd2:    rdata_o = addr_q[63:32];
      default: rdata_o = {16'd0, data_q};
    endcase
  end

  assign enable_o = enable_q;
  assign addr_o   = addr_q;
  assign data_o   = {16'd0, data_q};

  logic unused;
  assign unused = ^wdata_i;

endmodule

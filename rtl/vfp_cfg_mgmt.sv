// SPDX-License-Identifier: Apache-2.0
// Configuration space of the management function, 10ee:8086: an endpoint with the bridge's registers in BAR0.
//   00 type 0 header   40 power management   50 MSI   70 PCI Express
module vfp_cfg_mgmt (
  input  logic clk_i,
  input  logic rst_ni,
  input  logic clear_i,  // link down: back to reset values

  input  logic        we_i,
  input  logic [9:0]  reg_i,  // DW index
  input  logic [3:0]  be_i,
  input  logic [31:0] wdata_i,
  output logic [31:0] rdata_o,
  input  logic        poisoned_i,  // pulse: a poisoned request to the bridge was refused

  output logic        mem_en_o,
  output logic [63:0] bar_o,  // 64 KiB
  output logic        bme_o,
  output logic        msi_en_o,
  output logic [63:0] msi_addr_o,
  output logic [31:0] msi_data_o
);

  logic [2:1]  command_q;
  logic        parity_q, serr_q;  // Parity Error Response, SERR# Enable
  logic [7:0]  line_q, cache_q;
  logic [63:16] bar_q;
  logic [1:0]  power_q;
  logic [14:0] devctl_q;

  logic [31:0] msi_rdata;
  vfp_cfg_msi #(.Next(8'h70)) u_msi (
    .clk_i, .rst_ni, .clear_i,
    .we_i    (we_i && reg_i[9:2] == 8'h05),
    .idx_i   (reg_i[1:0]),
    .be_i, .wdata_i,
    .rdata_o (msi_rdata),
    .enable_o(msi_en_o),
    .addr_o  (msi_addr_o),
    .data_o  (msi_data_o)
  );

  // It asks for nothing that is answered, and aborts nothing.
  logic [15:8] errors;
  vfp_cfg_errors u_errors (
    .clk_i, .rst_ni, .clear_i,
    .we_i          (we_i && reg_i == 10'h001),
    .be_i, .wdata_i, .poisoned_i,
    .master_abort_i(1'b0),
    .target_abort_i(1'b0),
    .aborts_i      (1'b0),
    .parity_i      (1'b0),
    .errors_o      (errors)
  );

  always_ff @(posedge clk_i) begin
    if (!rst_ni || clear_i) begin
      command_q <= '0;
      parity_q  <= 1'b0;
      serr_q    <= 1'b0;
      line_q    <= '0;
      cache_q   <= '0;
      bar_q     <= '0;
      power_q   <= '0;
      devctl_q  <= '0;
    end else if (we_i) begin
      case (reg_i)
        10'h001: begin
          if (be_i[0]) {parity_q, command_q} <= {wdata_i[6], wdata_i[2:1]};
          if (be_i[1]) serr_q <= wdata_i[8];
        end
        10'h003: if (be_i[0]) cache_q <= wdata_i[7:0];
        10'h004: begin
          if (be_i[2]) bar_q[23:16] <= wdata_i[23:16];
          if (be_i[3]) bar_q[31:24] <= wdata_i[31:24];
        end
        10'h005: for (int b = 0; b < 4; b++) if (be_i[b]) bar_q[32+8*b +: 8] <= wdata_i[8*b +: 8];
        10'h00f: if (be_i[0]) line_q <= wdata_i[7:0];
        10'h011: if (be_i[0]) power_q <= wdata_i[1:0];
        10'h01e: begin
          if (be_i[0]) devctl_q[7:0] <= wdata_i[7:0] & vfp_pkg::DevCtlMask[7:0];
          if (be_i[1]) devctl_q[14:8] <= wdata_i[14:8] & vfp_pkg::DevCtlMask[14:8];
        end
        default: ;
      endcase
    end
  end

  always_comb begin
    case (reg_i)
      10'h000: rdata_o = 32'h8086_10ee;
      10'h001: rdata_o = {errors, 8'h10, 7'd0, serr_q, 1'b0, parity_q, 3'd0, command_q, 1'b0};
      10'h002: rdata_o = 32'h0580_0001;  // memory controller, other
      10'h003: rdata_o = {8'h00, 8'h80, 8'h00, cache_q};  // multi-function
      10'h004: rdata_o = {bar_q[31:16], 16'h0004};
      10'h005: rdata_o = bar_q[63:32];
      10'h00b: rdata_o = 32'h0007_10ee;
      10'h00d: rdata_o = 32'h0000_0040;
      10'h00f: rdata_o = {24'd0, line_q};
      10'h010: rdata_o = 32'h0003_5001;
      10'h011: rdata_o = {28'd0, 1'b1, 1'b0, power_q};  // No_Soft_Reset
      10'h014, 10'h015, 10'h016, 10'h017: rdata_o = msi_rdata;
      10'h01c: rdata_o = 32'h0002_0010;  // endpoint, version 2
      10'h01d: rdata_o = 32'h0000_8000;
      10'h01e: rdata_o = {16'd0, 1'b0, devctl_q};
      10'h01f: rdata_o = 32'h0000_0082;  // 5 GT/s, x8
      10'h020: rdata_o = 32'h0082_0000;
      // Function 0 stands for the link (7.8.18, 7.8.19): 2.5 and 5 GT/s, target 5 GT/s.
      10'h027: rdata_o = 32'h0000_0006;
      10'h028: rdata_o = 32'h0000_0002;
      default: rdata_o = 32'd0;
    endcase
  end

  // In D3hot a function answers configuration requests and nothing else (PCI Bus Power Management 1.2, 5.4.1).
  assign mem_en_o = command_q[1] && power_q == 2'd0;
  assign bme_o    = command_q[2] && power_q == 2'd0;
  assign bar_o    = {bar_q, 16'd0};

endmodule

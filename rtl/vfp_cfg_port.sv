// SPDX-License-Identifier: Apache-2.0
// Configuration space of a switch port: a type 1 header with windows and bus numbers.
//   00 type 1 header   40 power management   50 MSI   70 PCI Express (with the slot's registers)   100 ACS (downstream)
module vfp_cfg_port #(
  parameter bit          Downstream = 1'b0,
  parameter bit          Slot       = 1'b0,
  parameter bit          Ari        = 1'b0,  // ARI forwarding is offered (then VFs share the PF's bus)
  parameter logic [7:0]  PortNumber = 8'd0
) (
  input  logic clk_i,
  input  logic rst_ni,
  input  logic clear_i,

  input  logic        we_i,
  input  logic [9:0]  reg_i,
  input  logic [3:0]  be_i,
  input  logic [31:0] wdata_i,
  output logic [31:0] rdata_o,

  // The slot's three registers (Slot Capabilities, Control and Status), DW 0 and 1.
  output logic        slot_we_o,
  input  logic [31:0] slot_cap_i,
  input  logic [31:0] slot_reg_i,
  input  logic        link_active_i,
  input  logic [1:0]  refused_i,  // pulses: a posted, a non-posted request that came this way was refused
  // Pulses: a poisoned {completion, request} came through it, downstream and upstream; it has answered a request from below
  // with Completer Abort.
  input  logic [1:0]  down_poison_i,
  input  logic [1:0]  up_poison_i,
  input  logic        aborts_i,

  output logic        mem_en_o,
  output logic        bme_o,
  output logic [7:0]  sec_bus_o,
  output logic [7:0]  sub_bus_o,
  output logic [31:0] mem_base_o,
  output logic [31:0] mem_limit_o,
  output logic [63:0] pref_base_o,
  output logic [63:0] pref_limit_o,
  output logic        ari_o,            // ARI forwarding enabled
  output logic        link_disable_o,
  output logic        bus_reset_o,      // secondary bus reset
  output logic        msi_en_o,
  output logic [63:0] msi_addr_o,
  output logic [31:0] msi_data_o
);

  logic [2:1]   command_q;
  logic         parity_q, serr_q;  // Parity Error Response, SERR# Enable
  logic [7:0]   cache_q, line_q, primary_q, secondary_q, subordinate_q;
  logic [31:20] mem_base_q, mem_limit_q;
  logic [63:20] pref_base_q, pref_limit_q;
  logic [7:0]   control_q;  // Bridge Control
  logic [1:0]   power_q;
  logic [14:0]  devctl_q;
  logic [3:0]   devsta_q;   // Device Status: correctable, non-fatal, fatal error, unsupported request
  logic [7:0]   lnkctl_q;
  logic         ari_q;
  logic [4:0]   acs_q;

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

  // Status and Secondary Status: what the two sides of the port have seen. A port asks for nothing itself, and aborts nothing
  // that its primary side is asked. A poisoned request that goes downstream is recorded by the upper side alone.
  logic [15:8] errors, secondary_errors;
  vfp_cfg_errors u_errors (
    .clk_i, .rst_ni, .clear_i,
    .we_i          (we_i && reg_i == 10'h001),
    .be_i, .wdata_i,
    .poisoned_i    (down_poison_i != 2'b00),
    .master_abort_i(1'b0),
    .target_abort_i(1'b0),
    .aborts_i      (1'b0),
    .parity_i      (parity_q && (down_poison_i[1] || up_poison_i[0])),
    .errors_o      (errors)
  );
  vfp_cfg_errors u_secondary_errors (
    .clk_i, .rst_ni, .clear_i,
    .we_i          (we_i && reg_i == 10'h007),
    .be_i, .wdata_i,
    .poisoned_i    (up_poison_i != 2'b00),
    .master_abort_i(1'b0),
    .target_abort_i(1'b0),
    .aborts_i,
    .parity_i      (control_q[0] && up_poison_i[1]),
    .errors_o      (secondary_errors)
  );

  always_ff @(posedge clk_i) begin
    if (!rst_ni || clear_i) begin
      command_q     <= '0;
      parity_q      <= 1'b0;
      serr_q        <= 1'b0;
      cache_q       <= '0;
      line_q        <= '0;
      primary_q     <= '0;
      secondary_q   <= '0;
      subordinate_q <= '0;
      mem_base_q    <= '0;
      mem_limit_q   <= '0;
      pref_base_q   <= '0;
      pref_limit_q  <= '0;
      control_q     <= '0;
      power_q       <= '0;
      devctl_q      <= '0;
      devsta_q      <= '0;
      lnkctl_q      <= '0;
      ari_q         <= 1'b0;
      acs_q         <= '0;
    end else begin
      // Written ones clear, but news wins. A refused non-posted request is an advisory error (6.2.3.2.4).
      if (we_i && reg_i == 10'h01e && be_i[2]) devsta_q <= devsta_q & ~wdata_i[19:16];
      if (refused_i[0]) {devsta_q[3], devsta_q[1]} <= 2'b11;
      if (refused_i[1]) {devsta_q[3], devsta_q[0]} <= 2'b11;
      if (we_i) case (reg_i)
        10'h001: begin
          if (be_i[0]) {parity_q, command_q} <= {wdata_i[6], wdata_i[2:1]};
          if (be_i[1]) serr_q <= wdata_i[8];
        end
        10'h003: if (be_i[0]) cache_q <= wdata_i[7:0];
        10'h006: begin
          if (be_i[0]) primary_q <= wdata_i[7:0];
          if (be_i[1]) secondary_q <= wdata_i[15:8];
          if (be_i[2]) subordinate_q <= wdata_i[23:16];
        end
        10'h008: begin
          if (be_i[0]) mem_base_q[23:20] <= wdata_i[7:4];
          if (be_i[1]) mem_base_q[31:24] <= wdata_i[15:8];
          if (be_i[2]) mem_limit_q[23:20] <= wdata_i[23:20];
          if (be_i[3]) mem_limit_q[31:24] <= wdata_i[31:24];
        end
        10'h009: begin
          if (be_i[0]) pref_base_q[23:20] <= wdata_i[7:4];
          if (be_i[1]) pref_base_q[31:24] <= wdata_i[15:8];
          if (be_i[2]) pref_limit_q[23:20] <= wdata_i[23:20];
          if (be_i[3]) pref_limit_q[31:24] <= wdata_i[31:24];
        end
        10'h00a: for (int b = 0; b < 4; b++) if (be_i[b]) pref_base_q[32+8*b +: 8] <= wdata_i[8*b +: 8];
        10'h00b: for (int b = 0; b < 4; b++) if (be_i[b]) pref_limit_q[32+8*b +: 8] <= wdata_i[8*b +: 8];
        10'h00f: begin
          if (be_i[0]) line_q <= wdata_i[7:0];
          if (be_i[2]) control_q <= wdata_i[23:16] & 8'h43;
        end
        10'h011: if (be_i[0]) power_q <= wdata_i[1:0];
        10'h01e: begin
          if (be_i[0]) devctl_q[7:0] <= wdata_i[7:0] & vfp_pkg::DevCtlMask[7:0];
          if (be_i[1]) devctl_q[14:8] <= wdata_i[14:8] & vfp_pkg::DevCtlMask[14:8];
        end
        10'h020: begin
          // Common clock, extended synch; Link Disable only below (7.8.7). Retrain Link reads 0; no ASPM, no clock power
          // management, and the completion boundary is no business of a switch.
          if (be_i[0]) lnkctl_q <= wdata_i[7:0] & (Downstream ? 8'hd0 : 8'hc0);
        end
        10'h026: if (be_i[0]) ari_q <= wdata_i[5] && Ari;
        10'h041: if (be_i[2]) acs_q <= wdata_i[20:16] & 5'h1d;
        default: ;
      endcase
    end
  end

  always_comb begin
    case (reg_i)
      10'h000: rdata_o = Downstream ? 32'h8088_10ee : 32'h8087_10ee;
      10'h001: rdata_o = {errors, 8'h10, 7'd0, serr_q, 1'b0, parity_q, 3'd0, command_q, 1'b0};
      10'h002: rdata_o = 32'h0604_0001;
      10'h003: rdata_o = {8'h00, Downstream ? 8'h01 : 8'h81, 8'h00, cache_q};
      10'h006: rdata_o = {8'h00, subordinate_q, secondary_q, primary_q};
      10'h007: rdata_o = {secondary_errors, 24'd0};
      10'h008: rdata_o = {mem_limit_q, 4'd0, mem_base_q, 4'd0};
      10'h009: rdata_o = {pref_limit_q[31:20], 4'd1, pref_base_q[31:20], 4'd1};
      10'h00a: rdata_o = pref_base_q[63:32];
      10'h00b: rdata_o = pref_limit_q[63:32];
      10'h00d: rdata_o = 32'h0000_0040;
      10'h00f: rdata_o = {8'd0, control_q, 8'd0, line_q};
      10'h010: rdata_o = 32'h0003_5001;
      10'h011: rdata_o = {28'd0, 1'b1, 1'b0, power_q};
      10'h014, 10'h015, 10'h016, 10'h017: rdata_o = msi_rdata;
      // Version 2, port type, slot implemented; interrupt message 0.
      10'h01c: rdata_o = {7'd0, Slot, Downstream ? 4'd6 : 4'd5, 4'd2, 16'h0010};
      10'h01d: rdata_o = 32'h0000_8000;
      10'h01e: rdata_o = {12'd0, devsta_q, 1'b0, devctl_q};
      // Downstream: data link layer active reporting.
      10'h01f: rdata_o = {PortNumber, 3'd0, Downstream, 20'h00082};
      10'h020: rdata_o = {2'd0, Downstream && link_active_i, 13'h0082, 8'd0, lnkctl_q};
      10'h021: rdata_o = Slot ? slot_cap_i : 32'd0;
      10'h022: rdata_o = Slot ? slot_reg_i : 32'd0;
      10'h025: rdata_o = {26'd0, Ari, 5'd0};
      10'h026: rdata_o = {26'd0, ari_q, 5'd0};
      10'h027: rdata_o = 32'h0000_0006;
      10'h028: rdata_o = 32'h0000_0002;
      // Access Control Services: source validation, request and completion redirect, upstream forwarding.
      10'h040: rdata_o = Downstream ? 32'h0001_000d : 32'd0;
      10'h041: rdata_o = Downstream ? {11'd0, acs_q, 16'h001d} : 32'd0;
      default: rdata_o = 32'd0;
    endcase
  end

  assign slot_we_o      = we_i && reg_i == 10'h022;
  assign mem_en_o       = command_q[1] && power_q == 2'd0;  // not in D3hot
  assign bme_o          = command_q[2] && power_q == 2'd0;
  assign sec_bus_o      = secondary_q;
  assign sub_bus_o      = subordinate_q;
  assign mem_base_o     = {mem_base_q, 20'd0};
  assign mem_limit_o    = {mem_limit_q, 20'hfffff};
  assign pref_base_o    = {pref_base_q, 20'd0};
  assign pref_limit_o   = {pref_limit_q, 20'hfffff};
  assign ari_o          = ari_q;
  assign link_disable_o = lnkctl_q[4];
  assign bus_reset_o    = control_q[6];

  logic unused;
  assign unused = ^{slot_cap_i, slot_reg_i, link_active_i};

endmodule

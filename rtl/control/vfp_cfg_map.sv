// SPDX-License-Identifier: Apache-2.0
// The registers of all functions of a host's tree: where a DW is kept, which of its bits can be written, and which are always
// one. What hardware sets or decides comes on top (vfp_cfg_host). Sections are of the PCIe Base Specification 2.1.
//   management function, ports   00 header   40 power management   50 MSI   70 PCI Express   100 ACS (downstream ports)
//   slot functions               00 type 0 header   70 MSI-X   a0 PCI Express
// Combinational.
module vfp_cfg_map #(
  parameter bit Slot = 1'b0,  // the downstream ports have slots
  parameter int unsigned MaxPayload = 128
) (
  input  logic [1:0]  kind_i,
  input  logic [6:0]  reg_i,    // DW index; 7f: one of those above
  output logic [31:0] mask_o,   // can be written
  output logic [31:0] fixed_o,

  input  logic [6:0]  place_i,  // DW index, for the place alone
  output logic [3:0]  word_o    // of the function's 16 words; no two that can be written share one
);

  always_comb begin
    case (place_i)
      7'h04:   word_o = 4'h6;
      7'h05:   word_o = 4'h9;
      7'h11:   word_o = 4'h2;
      7'h16:   word_o = vfp_config_pkg::WordMsiAddrHi;
      7'h41:   word_o = 4'hd;
      default: word_o = place_i[3:0];
    endcase
  end

  // Device Capabilities and Device Control: payloads of up to 128 bytes << Payload.
  localparam logic [2:0]  Payload = MaxPayload == 512 ? 3'd2 : MaxPayload == 256 ? 3'd1 : 3'd0;
  localparam logic [14:0] DevCtl  = vfp_config_pkg::DevCtlMask | (MaxPayload > 128 ? vfp_config_pkg::DevCtlPayload : 15'd0);

  logic mgmt, up, down, port, fn;
  assign mgmt = kind_i == vfp_config_pkg::KindMgmt;
  assign up   = kind_i == vfp_config_pkg::KindUp;
  assign down = kind_i == vfp_config_pkg::KindDown;
  assign fn   = kind_i == vfp_config_pkg::KindFn;
  assign port = up || down;

  always_comb begin
    mask_o  = '0;
    fixed_o = '0;
    case (reg_i)
      7'h00: fixed_o = fn ? '0 : {12'h808, 1'b0, mgmt ? 3'd6 : up ? 3'd7 : 3'd0, 16'h10ee} | {12'd0, down, 19'd0};
      7'h01: begin
        mask_o  = 32'h0000_0146;  // memory space, bus master, parity error response, SERR#
        fixed_o = 32'h0010_0000;
      end
      7'h02: fixed_o = mgmt ? 32'h0580_0001 : port ? 32'h0604_0001 : '0;  // memory controller, other; bridge
      7'h03: begin
        mask_o  = 32'h0000_00ff;
        fixed_o = {8'd0, mgmt || up, 6'd0, port, 16'd0};  // more than one function; type 1
      end
      7'h04: begin
        if (mgmt) mask_o = 32'hffff_0000;
        if (fn) mask_o = 32'hffff_c000;
        fixed_o = {29'd0, mgmt, 2'd0};
      end
      7'h05: if (!port) mask_o = '1;
      7'h06: if (port) mask_o = 32'h00ff_ffff;
      7'h07: if (fn) mask_o = 32'hffff_c000;
      7'h08: mask_o = port ? 32'hfff0_fff0 : fn ? '1 : '0;
      7'h09: if (port) begin
        mask_o  = 32'hfff0_fff0;
        fixed_o = 32'h0001_0001;
      end
      7'h0a: if (port) mask_o = '1;
      7'h0b: begin
        if (port) mask_o = '1;
        if (mgmt) fixed_o = 32'h0007_10ee;
      end
      7'h0d: fixed_o = fn ? 32'h0000_0070 : 32'h0000_0040;
      7'h0f: mask_o = port ? 32'h0043_00ff : 32'h0000_00ff;
      7'h10: if (!fn) fixed_o = 32'h0003_5001;
      7'h11: if (!fn) begin
        mask_o  = 32'h0000_0003;
        fixed_o = 32'h0000_0008;  // No_Soft_Reset
      end
      // One vector, a 64-bit address (PCI Local Bus 3.0, 6.8.1).
      7'h14: if (!fn) begin
        mask_o  = 32'h0001_0000;
        fixed_o = 32'h0080_7005;
      end
      7'h15: if (!fn) mask_o = 32'hffff_fffc;
      7'h16: if (!fn) mask_o = '1;
      7'h17: if (!fn) mask_o = 32'h0000_ffff;
      7'h1c: begin
        if (fn) mask_o = 32'hc000_0000;
        // MSI-X with three vectors; endpoint, upstream port, downstream port, all of version 2, interrupt message 0.
        fixed_o = fn ? 32'h0002_a011 : {7'd0, down && Slot, mgmt ? 8'h02 : up ? 8'h52 : 8'h62, 16'h0010};
      end
      7'h1d: fixed_o = fn ? 32'h0000_0003 : {29'h0000_1000, Payload};  // table: BAR 3
      7'h1e: begin
        if (!fn) mask_o = {17'd0, DevCtl};
        else fixed_o = 32'h0000_2003;  // pending bits: BAR 3 + 0x2000
      end
      // Downstream: data link layer active reporting. 5 GT/s, x8.
      7'h1f: if (!fn) fixed_o = {11'd0, down, 20'h00082};
      7'h20: if (!fn) begin
        // Common clock, extended synch; Link Disable only below (7.8.7). Retrain Link reads 0; no ASPM, no clock power
        // management, and the completion boundary is no business of a switch.
        mask_o  = up ? 32'h0000_00c0 : down ? 32'h0000_00d0 : '0;
        fixed_o = 32'h0082_0000;
      end
      // Attention button, power controller, both indicators, hot-plug capable, no Command Completed.
      7'h21: if (down && Slot) fixed_o = 32'h0004_005b;
      // Function 0 stands for the link (7.8.18, 7.8.19): 2.5 and 5 GT/s, target 5 GT/s.
      7'h27: if (!fn) fixed_o = 32'h0000_0006;
      7'h28: fixed_o = fn ? 32'h0002_0010 : 32'h0000_0002;  // endpoint, version 2
      7'h29: if (fn) fixed_o = {29'h0200_1000, Payload};  // FLR
      7'h2a: if (fn) mask_o = {17'd0, DevCtl};
      7'h2b: if (fn) fixed_o = 32'h0000_0082;
      7'h2c: if (fn) fixed_o = 32'h0082_0000;
      7'h31: if (fn) fixed_o = 32'h0000_0010;
      7'h32: if (fn) mask_o = 32'h0000_0010;  // Completion Timeout Disable; the range is fixed (7.8.15)
      // Access Control Services: source validation, request and completion redirect, upstream forwarding.
      7'h40: if (down) fixed_o = 32'h0001_000d;
      7'h41: if (down) begin
        mask_o  = 32'h001d_0000;
        fixed_o = 32'h0000_001d;
      end
      default: ;
    endcase
  end

endmodule

// SPDX-License-Identifier: Apache-2.0
// Configuration spaces of one user's slot functions: each a VF shown as an ordinary type 0 function. What a real VF
// leaves out (IDs, BARs, memory enable) is emulated; what must reach the silicon (bus master, MSI-X control, FLR) is
// shadowed here and forwarded.
//   00 type 0 header   70 MSI-X   a0 PCI Express
module vfp_cfg_vf #(
  parameter int unsigned Slots   = 2,
  parameter int unsigned SlotFns = 8,
  localparam int unsigned Fns = Slots * SlotFns,
  localparam int unsigned FnW = $clog2(Fns)
) (
  input  logic clk_i,
  input  logic rst_ni,
  input  logic [Slots-1:0] clear_i,   // the slot is not usable: its functions are at their reset values
  input  logic [Fns-1:0]   there_i,   // functions that exist

  input  logic           sel_i,     // a request to function fn_i
  input  logic           we_i,
  input  logic [FnW-1:0] fn_i,      // slot, function
  input  logic [15:0]    bdf_i,     // target of the request
  input  logic [9:0]     reg_i,
  input  logic [3:0]     be_i,
  input  logic [31:0]    wdata_i,
  output logic [31:0]    rdata_o,
  output logic           forward_o, // this write must reach the device

  // Identity of the device's VFs.
  input  logic [15:0] vendor_i,
  input  logic [15:0] device_i,
  input  logic [31:0] class_rev_i,
  input  logic [31:0] subsystem_i,
  input  logic [3:0]  bar0_flags_i,
  input  logic [3:0]  bar3_flags_i,
  input  logic        busy_i,       // requests of function fn_i are outstanding

  // Pulses, for Status: a poisoned answer for it, a poisoned request of it; a request of its ended with {Completer Abort,
  // Unsupported Request}; it has answered with Completer Abort.
  input  logic [Fns-1:0]      down_poison_i,
  input  logic [Fns-1:0]      up_poison_i,
  input  logic [Fns-1:0][1:0] ended_i,
  input  logic [Fns-1:0]      aborts_i,

  output logic [Fns-1:0]       mse_o,
  output logic [Fns-1:0]       bme_o,
  output logic [Fns-1:0][63:0] bar0_o,
  output logic [Fns-1:0][63:0] bar3_o,
  output logic [Fns-1:0][15:0] bdf_o
);

  logic [Fns-1:0]        mse_q, bme_q, parity_q, serr_q;
  logic [Fns-1:0][63:14] bar0_q, bar3_q;
  logic [Fns-1:0][15:0]  bdf_q;
  logic [Fns-1:0][1:0]   msix_q;    // enable, mask all
  logic [Fns-1:0][14:0]  devctl_q;
  logic [Fns-1:0][7:0]   line_q, cache_q;
  logic [Fns-1:0]        no_timeout_q;  // Completion Timeout Disable; the range is fixed (7.8.15)

  logic flr;
  assign flr       = we_i && reg_i == 10'h02a && be_i[1] && wdata_i[15];
  assign forward_o = we_i && ((reg_i == 10'h001 && be_i[0]) || (reg_i == 10'h01c && be_i[3]) || flr);

  logic [31:0] bar0_mask, bar3_mask;  // byte enables as bits
  assign bar0_mask = {{8{be_i[3]}}, {8{be_i[2]}}, {8{be_i[1]}}, {8{be_i[0]}}};
  assign bar3_mask = bar0_mask;

  always_ff @(posedge clk_i) begin
    if (sel_i && we_i) begin
      bdf_q[fn_i] <= bdf_i;  // captured from every configuration write (2.2.6.2)
      if (reg_i == 10'h001 && be_i[1]) serr_q[fn_i] <= wdata_i[8];
      case (reg_i)
        10'h001: if (be_i[0]) begin
          mse_q[fn_i] <= wdata_i[1];
          bme_q[fn_i] <= wdata_i[2];
          parity_q[fn_i] <= wdata_i[6];
        end
        10'h003: if (be_i[0]) cache_q[fn_i] <= wdata_i[7:0];
        10'h004: bar0_q[fn_i][31:14] <= (bar0_q[fn_i][31:14] & ~bar0_mask[31:14]) | (wdata_i[31:14] & bar0_mask[31:14]);
        10'h005: bar0_q[fn_i][63:32] <= (bar0_q[fn_i][63:32] & ~bar0_mask) | (wdata_i & bar0_mask);
        10'h007: bar3_q[fn_i][31:14] <= (bar3_q[fn_i][31:14] & ~bar3_mask[31:14]) | (wdata_i[31:14] & bar3_mask[31:14]);
        10'h008: bar3_q[fn_i][63:32] <= (bar3_q[fn_i][63:32] & ~bar3_mask) | (wdata_i & bar3_mask);
        10'h00f: if (be_i[0]) line_q[fn_i] <= wdata_i[7:0];
        10'h01c: if (be_i[3]) msix_q[fn_i] <= wdata_i[31:30];
        10'h02a: begin
          if (be_i[0]) devctl_q[fn_i][7:0] <= wdata_i[7:0] & vfp_pkg::DevCtlMask[7:0];
          if (be_i[1]) devctl_q[fn_i][14:8] <= wdata_i[14:8] & vfp_pkg::DevCtlMask[14:8];
        end
        10'h032: if (be_i[0]) no_timeout_q[fn_i] <= wdata_i[4];
        default: ;
      endcase
    end
    for (int f = 0; f < int'(Fns); f++) begin
      if (!rst_ni || clear_i[f / int'(SlotFns)] || (sel_i && flr && fn_i == FnW'(f))) begin
        mse_q[f]     <= 1'b0;
        bme_q[f]     <= 1'b0;
        parity_q[f]  <= 1'b0;
        serr_q[f]    <= 1'b0;
        msix_q[f]    <= 2'b00;
        bar0_q[f]    <= '0;
        bar3_q[f]    <= '0;
        devctl_q[f]  <= '0;
        no_timeout_q[f] <= 1'b0;
        line_q[f]    <= '0;
        cache_q[f]   <= '0;
      end
    end
  end

  logic [Fns-1:0][15:8] errors;
  for (genvar f = 0; f < Fns; f++) begin : gen_errors
    vfp_cfg_errors u_errors (
      .clk_i, .rst_ni,
      .clear_i       (clear_i[f / int'(SlotFns)] || (sel_i && flr && fn_i == FnW'(f))),
      .we_i          (sel_i && we_i && reg_i == 10'h001 && fn_i == FnW'(f)),
      .be_i, .wdata_i,
      .poisoned_i    (down_poison_i[f]),
      .master_abort_i(ended_i[f][0]),
      .target_abort_i(ended_i[f][1]),
      .aborts_i      (aborts_i[f]),
      .parity_i      (parity_q[f] && (down_poison_i[f] || up_poison_i[f])),
      .errors_o      (errors[f])
    );
  end

  logic multi;  // more than one function in the slot
  logic [SlotFns-1:0] there;
  always_comb begin
    there = '0;
    for (int s = 0; s < int'(Slots); s++) begin
      if (32'(fn_i) / SlotFns == 32'(s)) there = there_i[s*int'(SlotFns) +: SlotFns];
    end
  end
  assign multi = (there & (there - 1'b1)) != '0;

  always_comb begin
    case (reg_i)
      10'h000: rdata_o = {device_i, vendor_i};
      10'h001: rdata_o = {errors[fn_i], 8'h10, 7'd0, serr_q[fn_i], 1'b0, parity_q[fn_i], 3'd0, bme_q[fn_i], mse_q[fn_i], 1'b0};
      10'h002: rdata_o = class_rev_i;
      10'h003: rdata_o = {8'h00, multi, 7'd0, 8'h00, cache_q[fn_i]};
      10'h004: rdata_o = {bar0_q[fn_i][31:14], 10'd0, bar0_flags_i};
      10'h005: rdata_o = bar0_q[fn_i][63:32];
      10'h007: rdata_o = {bar3_q[fn_i][31:14], 10'd0, bar3_flags_i};
      10'h008: rdata_o = bar3_q[fn_i][63:32];
      10'h00b: rdata_o = subsystem_i;
      10'h00d: rdata_o = 32'h0000_0070;
      10'h00f: rdata_o = {24'd0, line_q[fn_i]};
      10'h01c: rdata_o = {msix_q[fn_i], 14'd2, 16'ha011};  // three vectors
      10'h01d: rdata_o = 32'h0000_0003;                    // table: BAR3
      10'h01e: rdata_o = 32'h0000_2003;                    // pending bits: BAR3 + 0x2000
      10'h028: rdata_o = 32'h0002_0010;                    // endpoint, version 2
      10'h029: rdata_o = 32'h1000_8000;                    // FLR; payload 128
      10'h02a: rdata_o = {10'd0, busy_i, 5'd0, 1'b0, devctl_q[fn_i]};
      10'h02b: rdata_o = 32'h0000_0082;
      10'h02c: rdata_o = 32'h0082_0000;
      10'h031: rdata_o = 32'h0000_0010;
      10'h032: rdata_o = {27'd0, no_timeout_q[fn_i], 4'd0};
      default: rdata_o = 32'd0;
    endcase
  end

  assign mse_o = mse_q;
  assign bme_o = bme_q;
  assign bdf_o = bdf_q;
  for (genvar f = 0; f < Fns; f++) begin : gen_bar
    assign bar0_o[f] = {bar0_q[f], 14'd0};
    assign bar3_o[f] = {bar3_q[f], 14'd0};
  end

endmodule

// SPDX-License-Identifier: Apache-2.0
// Learns from the device itself where its VFs are: after every configuration write of the owner to the PF it reads the
// PF's identity and SR-IOV capability, found by its ID in the chain of extended capabilities (SR-IOV spec 1.1, 3.3).
// All values change together, when the last one is read.
//
// What is not known is nobody's: a read that fails takes `known_o` away, and is tried again by itself until the device
// answers. A write that can move the VFs, or something else to where they were, raises `wait_o` before the device gets
// it, until the values after it are read.
module vfp_discover #(
  parameter int unsigned Vfs = 64,
  localparam int unsigned VfW = $clog2(Vfs)
) (
  input  logic clk_i,
  input  logic rst_ni,
  input  logic tick_ms_i,
  input  logic clear_i,    // the link of the owner or of the device is down: nothing is known
  // Configuration writes of the owner to the PF: one goes out now, to this DW; some are not answered yet; one has ended.
  input  logic       write_i,
  input  logic [9:0] write_reg_i,
  input  logic       writing_i,
  input  logic       written_i,
  input  logic [7:0] sec_bus_i,

  // Configuration reads of function {sec_bus, 0.0}.
  output logic        req_o,
  input  logic        ready_i,
  output logic [11:0] reg_o,
  input  logic        done_i,
  input  logic [2:0]  status_i,
  input  logic [31:0] rdata_i,

  output logic         known_o,      // what follows is what the device says
  output logic         wait_o,       // it may change any moment
  output logic         reading_o,    // and is being read, or about to be
  output logic         sriov_o,      // there are VFs; while not known: there were, a moment ago
  output logic         off_o,        // as far as was ever read, VF Enable is off
  output logic         vf_mse_o,     // VF Memory Space Enable
  output logic [2:0]   refusal_o,    // why there are none, a NoVfs*
  output logic [15:0]  vf_first_o,
  output logic [15:0]  vf_stride_o,
  output logic [VfW:0] num_vfs_o,
  output logic [2:0]   vf_shift_o,   // the VFs' BARs lie 16 KiB << shift apart
  output logic [63:0]  bar0_o,
  output logic [63:0]  bar3_o,
  output logic [3:0]   bar0_flags_o,
  output logic [3:0]   bar3_flags_o,
  output logic [15:0]  vendor_o,
  output logic [15:0]  vf_device_o,
  output logic [31:0]  class_rev_o,
  output logic [31:0]  subsystem_o,
  output logic         busy_o,
  output logic         timer_o
);

  // Steps: identity, class, subsystem, walk along the chain, then the fields of the capability.
  localparam logic [3:0] StId = 4'd0, StClass = 4'd1, StSubsystem = 4'd2, StWalk = 4'd3, StControl = 4'd4, StNum = 4'd5,
                         StOffset = 4'd6, StDevice = 4'd7, StPage = 4'd8, StBar0 = 4'd9, StBar0Hi = 4'd10, StBar3 = 4'd11;
  localparam logic [15:0] SriovId = 16'h0010;
  localparam logic [11:0] SriovSize = 12'h040;
  localparam logic [7:0]  LostMs = 8'd100;  // a device that cannot be read for so long has lost its VFs

  logic        running_q, again_q, sent_q, retry_q, closing_q, enabled_q, present_q;
  logic [3:0]  step_q;
  logic [11:0] cap_q, sriov_at_q;
  logic [4:0]  hops_q;  // a chain that bites its tail ends too
  logic [7:0]  failing_q;  // ms
  logic        lost_q;
  logic [15:0] vendor_n, first_n, stride_n, device_n, num_n;
  logic [31:0] class_n, subsystem_n, page_n, bar0_n, bar0_hi_n, bar3_n;
  logic        enable_n, mse_n;

  always_comb begin
    case (step_q)
      StId:        reg_o = 12'h000;
      StClass:     reg_o = 12'h008;
      StSubsystem: reg_o = 12'h02c;
      StWalk:      reg_o = cap_q;
      StControl:   reg_o = cap_q + 12'h008;
      StNum:       reg_o = cap_q + 12'h010;
      StOffset:    reg_o = cap_q + 12'h014;
      StDevice:    reg_o = cap_q + 12'h018;
      StPage:      reg_o = cap_q + 12'h020;
      StBar0:      reg_o = cap_q + 12'h024;
      StBar0Hi:    reg_o = cap_q + 12'h028;
      StBar3:      reg_o = cap_q + 12'h030;
      default:     reg_o = cap_q + 12'h034;
    endcase
  end

  assign req_o     = running_q && !sent_q;
  assign reading_o = !clear_i && (running_q || again_q || writing_i);
  assign wait_o    = known_o && closing_q;
  assign sriov_o   = enabled_q && present_q && refusal_q == vfp_regs_pkg::NoVfsNone;
  assign off_o     = !enabled_q;
  assign refusal_o = known_o ? refusal_q : vfp_regs_pkg::NoVfsUnknown;
  assign busy_o    = (req_o && ready_i) || (sent_q && done_i) || (!running_q && again_q && !clear_i);
  assign timer_o   = retry_q && !clear_i;

  // Command, the BARs and the expansion ROM's of the PF (6.2.5), and all of the SR-IOV capability.
  logic [11:0] write_at;
  logic        moves;
  assign write_at = {write_reg_i, 2'b00};
  assign moves = write_at == 12'h004 || (write_at >= 12'h010 && write_at < 12'h028) || write_at == 12'h030 ||
                 (write_at >= sriov_at_q && write_at < sriov_at_q + SriovSize);

  logic failed, without;  // the read; the device has no SR-IOV capability
  assign failed  = status_i != vfp_pkg::CplSc || (step_q == StId && rdata_i[15:0] == 16'hffff);
  assign without = step_q == StWalk && rdata_i[15:0] != SriovId && (rdata_i[31:20] < 12'h100 || hops_q == '1);

  // VFs' BARs are as far apart as the system's pages, if those are larger than the BARs (SR-IOV 1.1, 3.3.13).
  logic       page_ok;
  logic [2:0] shift;
  always_comb begin
    page_ok = 1'b0;
    shift   = '0;
    for (int i = 0; i < 10; i++) begin
      if (page_n == 32'(1 << i)) begin
        page_ok = 1'b1;
        shift   = i > 2 ? 3'(i - 2) : 3'd0;
      end
    end
  end

  // VF Stride: a power of two up to 128; with one VF it says nothing.
  logic stride_ok, bars_ok;
  always_comb begin
    stride_ok = num_n == 16'd1;
    for (int s = 0; s < 8; s++) if (stride_n == 16'(1 << s)) stride_ok = 1'b1;
    if (first_n == 16'd0) stride_ok = 1'b0;  // VF 0 would be the PF
  end
  assign bars_ok = bar0_n[2:0] == 3'b100 && bar0_n[13:4] == '0 && bar3_n[2:0] == 3'b100 && bar3_n[13:4] == '0;

  logic [2:0] refusal_q, refusal_n;
  always_comb begin
    if (!enable_n || num_n == '0) refusal_n = vfp_regs_pkg::NoVfsDisabled;
    else if (!bars_ok) refusal_n = vfp_regs_pkg::NoVfsBars;
    else if (!page_ok) refusal_n = vfp_regs_pkg::NoVfsPageSize;
    else if (!stride_ok) refusal_n = vfp_regs_pkg::NoVfsStride;
    else refusal_n = vfp_regs_pkg::NoVfsNone;
  end

  // A read that is out, perhaps from before clear_i: the next look waits for its end, and does not take it for its own.
  logic out_q;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) out_q <= 1'b0;
    else if (req_o && ready_i) out_q <= 1'b1;
    else if (done_i) out_q <= 1'b0;
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      enabled_q  <= 1'b0;
      refusal_q  <= vfp_regs_pkg::NoVfsDisabled;
      sriov_at_q <= '0;
      num_vfs_o  <= '0;
      vf_mse_o   <= 1'b0;
    end
    if (!rst_ni || clear_i) begin
      running_q <= 1'b0;
      again_q   <= rst_ni;  // as soon as both links are back
      sent_q    <= 1'b0;
      retry_q   <= 1'b0;
      closing_q <= 1'b0;
      known_o   <= 1'b0;
      present_q <= 1'b0;
      failing_q <= '0;
      lost_q    <= 1'b0;
    end else begin
      if (written_i || (retry_q && tick_ms_i && (!lost_q || failing_q == '0))) begin
        again_q <= 1'b1;
        retry_q <= 1'b0;
      end
      if (written_i) begin
        failing_q <= '0;
        lost_q    <= 1'b0;
      end else if (tick_ms_i && !known_o && sec_bus_i != 8'd0) begin
        failing_q <= failing_q + 1'b1;
        if (failing_q == LostMs) begin
          lost_q    <= 1'b1;
          present_q <= 1'b0;
        end
      end
      if (!running_q) begin
        if (again_q && sec_bus_i != 8'd0 && !out_q) begin
          running_q <= 1'b1;
          again_q   <= written_i;
          sent_q    <= 1'b0;
          step_q    <= StId;
          cap_q     <= 12'h100;
          hops_q    <= '0;
        end else if (sec_bus_i == 8'd0) begin
          again_q <= 1'b0;
        end
      end else begin
        if (req_o && ready_i) sent_q <= 1'b1;
        if (sent_q && done_i) begin
          sent_q <= 1'b0;
          step_q <= step_q + 1'b1;
          case (step_q)
            StId:        vendor_n <= rdata_i[15:0];
            StClass:     class_n <= rdata_i;
            StSubsystem: subsystem_n <= rdata_i;
            StWalk: begin
              if (rdata_i[15:0] != SriovId) begin
                step_q <= StWalk;
                cap_q  <= {rdata_i[31:22], 2'b00};
                hops_q <= hops_q + 1'b1;
              end
            end
            StControl: {mse_n, enable_n} <= {rdata_i[3], rdata_i[0]};
            StNum:     num_n <= rdata_i[15:0];
            StOffset:  {stride_n, first_n} <= rdata_i;
            StDevice:  device_n <= rdata_i[31:16];
            StPage:    page_n <= rdata_i;
            StBar0:    bar0_n <= rdata_i;
            StBar0Hi:  bar0_hi_n <= rdata_i;
            StBar3:    bar3_n <= rdata_i;
            default: ;  // upper half of BAR 3: the last one, see below
          endcase
          if (failed) begin
            running_q <= 1'b0;
            retry_q   <= 1'b1;
            known_o   <= 1'b0;
          end else if (without || step_q > StBar3) begin
            running_q <= 1'b0;
            known_o   <= 1'b1;
            present_q <= 1'b1;
            failing_q <= '0;
            lost_q    <= 1'b0;
            if (!again_q && !writing_i) closing_q <= 1'b0;
            sriov_at_q <= without ? 12'd0 : cap_q;
            enabled_q  <= !without && enable_n;
            refusal_q  <= without ? vfp_regs_pkg::NoVfsNoCapability : refusal_n;
            vf_mse_o   <= !without && mse_n;
            num_vfs_o  <= without || refusal_n != vfp_regs_pkg::NoVfsNone ? '0 :
                          num_n > 16'(Vfs) ? (VfW + 1)'(Vfs) : (VfW + 1)'(num_n);
            vf_first_o   <= {sec_bus_i, 8'd0} + first_n;
            vf_stride_o  <= num_n == 16'd1 ? 16'd1 : stride_n;
            vf_shift_o   <= shift;
            bar0_o       <= {bar0_hi_n, bar0_n[31:4], 4'd0};
            bar3_o       <= {rdata_i, bar3_n[31:4], 4'd0};
            bar0_flags_o <= bar0_n[3:0];
            bar3_flags_o <= bar3_n[3:0];
            vendor_o     <= vendor_n;
            vf_device_o  <= device_n;
            class_rev_o  <= class_n;
            subsystem_o  <= subsystem_n;
          end
        end
      end
      if (write_i && moves) closing_q <= 1'b1;
    end
  end

endmodule

// SPDX-License-Identifier: Apache-2.0
// Learns from the device itself where its VFs are: after every configuration write of the owner to the PF it reads the
// PF's identity and SR-IOV capability, found by its ID in the chain of extended capabilities (SR-IOV spec 1.1, 3.3).
// All values change together, when the last one is read.
//
// What is not known is nobody's: a read that fails takes `known_o` away, and is tried again by itself until the device
// answers. A write that can move the VFs, or something else to where they were, raises `wait_o` before the device gets
// it, until the values after it are read.
//
// How large the VFs' BARs are shows only by writing to them (PCI 3.0, 6.2.5.1), which is done while VF Enable and VF Memory
// Space Enable are off, when the device is new or the System Page Size another one. The owner's requests to the device wait
// meanwhile (`sizing_o`).
module vfp_discover #(
  parameter int unsigned Vfs = 64,
  localparam int unsigned VfW = $clog2(Vfs)
) (
  input  logic clk_i,
  input  logic rst_ni,
  input  logic tick_ms_i,
  input  logic clear_i,    // the link of the owner or of the device is down: nothing is known
  input  logic new_i,      // with clear_i: it may be another device
  // Configuration writes of the owner to the PF: one goes out now, to this DW; some are not answered yet; one has ended.
  input  logic       write_i,
  input  logic [9:0] write_reg_i,
  input  logic       writing_i,
  input  logic       written_i,
  input  logic [7:0] sec_bus_i,

  // Configuration requests to function {sec_bus, 0.0}.
  output logic        req_o,
  input  logic        ready_i,
  output logic        write_o,
  output logic [31:0] wdata_o,
  output logic [11:0] reg_o,
  input  logic        done_i,
  input  logic [2:0]  status_i,
  input  logic [31:0] rdata_i,

  output logic         known_o,      // what follows is what the device says
  output logic         wait_o,       // it may change any moment
  output logic         reading_o,    // and is being read, or about to be
  output logic         sizing_o,     // the VF BARs are not what the owner has written
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

  // Steps: identity, class, subsystem, walk along the chain, the fields of the capability. Then, if their size is not
  // known, for each of the two BARs: all ones are written, what stays of them is read, what was there is written back.
  localparam logic [4:0] StId = 5'd0, StClass = 5'd1, StSubsystem = 5'd2, StWalk = 5'd3, StControl = 5'd4, StNum = 5'd5,
                         StOffset = 5'd6, StDevice = 5'd7, StPage = 5'd8, StBar0 = 5'd9, StBar0Hi = 5'd10, StBar3 = 5'd11,
                         StBar3Hi = 5'd12, StHold = 5'd13, StOnes = 5'd14, StSize = 5'd15, StBack = 5'd16, StDone = 5'd17;
  localparam logic [15:0] SriovId = 16'h0010;
  localparam logic [11:0] SriovSize = 12'h040;
  localparam logic [7:0]  LostMs = 8'd100;  // a device that cannot be read for so long has lost its VFs

  logic        running_q, again_q, sent_q, retry_q, closing_q, enabled_q;
  logic        sriov_q;  // VF Enable is on, nothing is against it, and the device is still there
  logic [4:0]  step_q;
  logic [11:0] cap_q, sriov_at_q, sriov_end_q;
  logic [4:0]  hops_q;  // a chain that bites its tail ends too
  logic [7:0]  failing_q;  // ms
  logic        lost_q;
  logic [15:0] vendor_n, first_n, stride_n, device_n, num_n;
  logic [31:0] class_n, subsystem_n, page_n, bar0_n, bar0_hi_n, bar3_n, bar3_hi_n;
  logic        enable_n, mse_n;
  logic [21:4] size0_q, size3_q;  // the address bits that can be written; 0: not known
  logic        sized_q;           // which was read since the System Page Size was written
  logic        second_q;          // BAR 3 is being sized, not BAR 0
  logic        left_q;            // and holds ones that are to be taken back
  logic        resume_q;          // which the last look did not come to
  logic [3:0]  held_q;
  logic [11:0] sized_at_q, bar_at;  // the BAR that is sized

  // Where a step reads or writes, from the capability on but for the header's.
  logic [11:0] offset;
  logic        in_header;
  assign bar_at    = second_q ? 12'h030 : 12'h024;
  assign in_header = step_q == StId || step_q == StClass || step_q == StSubsystem;
  always_comb begin
    case (step_q)
      StId:        offset = 12'h000;
      StClass:     offset = 12'h008;
      StSubsystem: offset = 12'h02c;
      StWalk:      offset = 12'h000;
      StControl:   offset = 12'h008;
      StNum:       offset = 12'h010;
      StOffset:    offset = 12'h014;
      StDevice:    offset = 12'h018;
      StPage:      offset = 12'h020;
      StBar0:      offset = 12'h024;
      StBar0Hi:    offset = 12'h028;
      StBar3:      offset = 12'h030;
      StBar3Hi:    offset = 12'h034;
      default:     offset = bar_at;
    endcase
  end
  always_ff @(posedge clk_i) begin
    reg_o      <= (in_header ? 12'd0 : cap_q) + offset;
    sized_at_q <= cap_q + bar_at;
  end

  // After a step has changed, reg_o takes a cycle.
  logic pause_q;
  always_ff @(posedge clk_i) pause_q <= !running_q || got_q || step_q == StHold;

  assign req_o     = running_q && !sent_q && !got_q && !pause_q && step_q != StHold && step_q != StDone;
  assign write_o   = step_q == StOnes || step_q == StBack;
  assign wdata_o   = step_q == StOnes ? '1 : second_q ? bar3_n : bar0_n;
  // From the beginning of the look: an owner that goes on writing would never let it come to an end.
  assign sizing_o  = running_q && !sized_q;
  assign reading_o = !clear_i && (running_q || again_q || writing_i);
  assign wait_o    = known_o && closing_q;
  assign sriov_o   = sriov_q;
  assign off_o     = !enabled_q;
  assign refusal_o = known_o ? refusal_q : vfp_regs_pkg::NoVfsUnknown;
  assign busy_o    = (req_o && ready_i) || (sent_q && done_i) || got_q || (!running_q && again_q && !clear_i) ||
                     (running_q && (step_q == StHold ? !writing_i || again_q : pause_q || step_q == StDone));
  assign timer_o   = retry_q && !clear_i;

  // Command, the BARs and the expansion ROM's of the PF (6.2.5), and all of the SR-IOV capability.
  logic [11:0] write_at;
  logic        moves;
  assign write_at = {write_reg_i, 2'b00};
  assign moves = write_at == 12'h004 || (write_at >= 12'h010 && write_at < 12'h028) || write_at == 12'h030 ||
                 (write_at >= sriov_at_q && write_at < sriov_end_q);

  // The answer, a cycle later: the request has failed; it is the capability; the device has none.
  logic        got_q, failed_q, found_q, without_q;
  logic [31:0] rdata_q;
  always_ff @(posedge clk_i) begin
    got_q <= rst_ni && !clear_i && running_q && sent_q && done_i;
    if (done_i) begin
      rdata_q   <= rdata_i;
      failed_q  <= status_i != vfp_cell_pkg::CplSc || (step_q == StId && rdata_i[15:0] == 16'hffff);
      found_q   <= rdata_i[15:0] == SriovId;
      without_q <= step_q == StWalk && rdata_i[15:0] != SriovId && (rdata_i[31:20] < 12'h100 || hops_q == '1);
    end
  end

  logic without, ends;  // the device has no SR-IOV capability; all is known
  assign without = got_q && without_q;
  assign ends    = running_q && ((step_q == StDone && !pause_q) || (without && !failed_q));

  // VFs' BARs are as far apart as the system's pages, if those are larger than the BARs (SR-IOV 1.1, 3.3.13).
  // What is judged here was read before the last request, or longer ago.
  logic       page_ok, page_ok_q;
  logic [2:0] shift, shift_q;
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
  logic stride_ok, stride_ok_q, bars_ok_q;
  always_comb begin
    stride_ok = num_n == 16'd1;
    for (int s = 0; s < 8; s++) if (stride_n == 16'(1 << s)) stride_ok = 1'b1;
    if (first_n == 16'd0) stride_ok = 1'b0;  // VF 0 would be the PF
  end

  // A BAR takes all that lies between two of them, and not less than the 16 KiB that a user sees.
  logic         unsized, sizes_ok_q;
  logic [21:14] reach;  // the bits of which one must be the lowest that can be written
  always_comb begin
    for (int i = 0; i < 8; i++) reach[14+i] = 3'(i) <= shift_q;
  end
  assign unsized = !enable_n && !mse_n && page_ok_q && bars_ok_q && !sized_q;

  logic       some_q;  // VF Enable is on, and NumVFs not 0
  logic [VfW:0] usable_q;  // VFs that the bridge has room for
  logic [2:0] refusal_q, refusal_n;
  always_ff @(posedge clk_i) begin
    page_ok_q   <= page_ok;
    shift_q     <= shift;
    stride_ok_q <= stride_ok;
    bars_ok_q   <= bar0_n[2:0] == 3'b100 && bar0_n[13:4] == '0 && bar3_n[2:0] == 3'b100 && bar3_n[13:4] == '0;
    sizes_ok_q  <= size0_q[13:4] == '0 && (size0_q[21:14] & reach) != '0 &&
                   size3_q[13:4] == '0 && (size3_q[21:14] & reach) != '0;
    some_q      <= enable_n && num_n != '0;
    usable_q    <= num_n > 16'(Vfs) ? (VfW + 1)'(Vfs) : (VfW + 1)'(num_n);
  end
  always_comb begin
    if (!some_q) refusal_n = vfp_regs_pkg::NoVfsDisabled;
    else if (!bars_ok_q) refusal_n = vfp_regs_pkg::NoVfsBars;
    else if (!page_ok_q) refusal_n = vfp_regs_pkg::NoVfsPageSize;
    else if (!stride_ok_q) refusal_n = vfp_regs_pkg::NoVfsStride;
    else if (!sizes_ok_q) refusal_n = vfp_regs_pkg::NoVfsSize;
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
      sriov_at_q  <= '0;
      sriov_end_q <= '0;
      num_vfs_o  <= '0;
      vf_mse_o   <= 1'b0;
    end
    if (!rst_ni) begin
      size0_q <= '0;
      size3_q <= '0;
    end
    // A new device comes with VF Enable off, and is sized before it is on. One that has it on is the one of before.
    if (!rst_ni || new_i) sized_q <= 1'b0;
    if (!rst_ni || clear_i) begin
      running_q <= 1'b0;
      again_q   <= rst_ni;  // as soon as both links are back
      sent_q    <= 1'b0;
      retry_q   <= 1'b0;
      closing_q <= 1'b0;
      known_o   <= 1'b0;
      sriov_q   <= 1'b0;
      failing_q <= '0;
      lost_q    <= 1'b0;
      left_q    <= 1'b0;
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
          lost_q  <= 1'b1;
          sriov_q <= 1'b0;
        end
      end
      if (!running_q) begin
        if (again_q && sec_bus_i != 8'd0 && !out_q) begin
          running_q <= 1'b1;
          again_q   <= written_i;
          sent_q    <= 1'b0;
          step_q    <= left_q ? StBack : StId;
          resume_q  <= left_q;
          if (!left_q) cap_q <= 12'h100;
          hops_q    <= '0;
          held_q    <= '0;
          second_q  <= left_q && second_q;
        end else if (sec_bus_i == 8'd0) begin
          again_q <= 1'b0;
        end
      end else begin
        if (req_o && ready_i) begin
          sent_q <= 1'b1;
          if (step_q == StOnes) left_q <= 1'b1;
        end
        // Whatever the owner has under way comes to its end, and then everything is read once more.
        if (step_q == StHold) begin
          held_q <= held_q + 1'b1;
          if (again_q) running_q <= 1'b0;
          else if (writing_i) held_q <= '0;
          else if (&held_q) step_q <= StOnes;
        end
        if (sent_q && done_i) sent_q <= 1'b0;
        if (got_q) begin
          if (failed_q) begin
            running_q <= 1'b0;
            retry_q   <= 1'b1;
            known_o   <= 1'b0;
          end else begin
            step_q <= step_q + 1'b1;
            case (step_q)
              StId:        vendor_n <= rdata_q[15:0];
              StClass:     class_n <= rdata_q;
              StSubsystem: subsystem_n <= rdata_q;
              StWalk: begin
                if (!found_q) begin
                  step_q <= StWalk;
                  cap_q  <= {rdata_q[31:22], 2'b00};
                  hops_q <= hops_q + 1'b1;
                end
              end
              StControl: {mse_n, enable_n} <= {rdata_q[3], rdata_q[0]};
              StNum:     num_n <= rdata_q[15:0];
              StOffset:  {stride_n, first_n} <= rdata_q;
              StDevice:  device_n <= rdata_q[31:16];
              StPage:    page_n <= rdata_q;
              StBar0:    bar0_n <= rdata_q;
              StBar0Hi:  bar0_hi_n <= rdata_q;
              StBar3:    bar3_n <= rdata_q;
              StBar3Hi: begin
                bar3_hi_n <= rdata_q;
                step_q    <= unsized ? StHold : StDone;
              end
              StSize: begin
                if (second_q) size3_q <= rdata_q[21:4];
                else size0_q <= rdata_q[21:4];
              end
              StBack: begin
                step_q <= resume_q ? StId : second_q ? StDone : StOnes;
                if (resume_q) cap_q <= 12'h100;
                else if (second_q) sized_q <= 1'b1;
                second_q <= !resume_q;
                resume_q <= 1'b0;
                left_q   <= 1'b0;
              end
              default: ;
            endcase
          end
        end
        if (ends) begin
          running_q <= 1'b0;
          known_o   <= 1'b1;
          sriov_q   <= !without && refusal_n == vfp_regs_pkg::NoVfsNone;
          failing_q <= '0;
          lost_q    <= 1'b0;
          if (!again_q && !writing_i) closing_q <= 1'b0;
          sriov_at_q <= without ? 12'd0 : cap_q;
          sriov_end_q <= without ? 12'd0 : cap_q + SriovSize;
          enabled_q  <= !without && enable_n;
          refusal_q  <= without ? vfp_regs_pkg::NoVfsNoCapability : refusal_n;
          vf_mse_o   <= !without && mse_n;
          num_vfs_o  <= without || refusal_n != vfp_regs_pkg::NoVfsNone ? '0 : usable_q;
          vf_first_o   <= {sec_bus_i, 8'd0} + first_n;
          vf_stride_o  <= num_n == 16'd1 ? 16'd1 : stride_n;
          vf_shift_o   <= shift_q;
          bar0_o       <= {bar0_hi_n, bar0_n[31:4], 4'd0};
          bar3_o       <= {bar3_hi_n, bar3_n[31:4], 4'd0};
          bar0_flags_o <= bar0_n[3:0];
          bar3_flags_o <= bar3_n[3:0];
          vendor_o     <= vendor_n;
          vf_device_o  <= device_n;
          class_rev_o  <= class_n;
          subsystem_o  <= subsystem_n;
        end
      end
      if (write_i && moves) closing_q <= 1'b1;
      if (write_i && write_at == sriov_at_q + 12'h020) sized_q <= 1'b0;
      if (write_i && write_at == sized_at_q) left_q <= 1'b0;  // the owner's word is the last one
    end
  end

endmodule

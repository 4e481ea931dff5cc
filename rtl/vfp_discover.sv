// SPDX-License-Identifier: Apache-2.0
// Learns from the device itself where its VFs are: after every configuration write of the owner to the PF it reads the
// PF's identity and SR-IOV capability, found by its ID in the chain of extended capabilities (SR-IOV spec 1.1, 3.3).
// All values change together, when the last one is read.
module vfp_discover #(
  parameter int unsigned Vfs = 64,
  localparam int unsigned VfW = $clog2(Vfs)
) (
  input  logic clk_i,
  input  logic rst_ni,
  input  logic clear_i,    // owner's link down: nothing is known
  input  logic trigger_i,  // pulse: the owner wrote to the PF
  input  logic [7:0] sec_bus_i,

  // Configuration reads of function {sec_bus, 0.0}.
  output logic        req_o,
  input  logic        ready_i,
  output logic [11:0] reg_o,
  input  logic        done_i,
  input  logic [2:0]  status_i,
  input  logic [31:0] rdata_i,

  output logic         sriov_o,      // VF Enable and VF MSE
  output logic [15:0]  pf_rid_o,
  output logic [15:0]  vf_first_o,
  output logic [15:0]  vf_stride_o,
  output logic [VfW:0] num_vfs_o,
  output logic [63:0]  bar0_o,
  output logic [63:0]  bar3_o,
  output logic [3:0]   bar0_flags_o,
  output logic [3:0]   bar3_flags_o,
  output logic [15:0]  vendor_o,
  output logic [15:0]  vf_device_o,
  output logic [31:0]  class_rev_o,
  output logic [31:0]  subsystem_o,
  output logic         busy_o
);

  // Steps: identity, class, subsystem, walk along the chain, then the fields of the capability.
  localparam logic [3:0] StId = 4'd0, StClass = 4'd1, StSubsystem = 4'd2, StWalk = 4'd3, StControl = 4'd4, StNum = 4'd5,
                         StOffset = 4'd6, StDevice = 4'd7, StBar0 = 4'd8, StBar0Hi = 4'd9, StBar3 = 4'd10;
  localparam logic [15:0] SriovId = 16'h0010;

  logic        running_q, again_q, sent_q;
  logic [3:0]  step_q;
  logic [11:0] cap_q;
  logic [4:0]  hops_q;  // a chain that bites its tail ends too
  logic [15:0] vendor_n, first_n, stride_n, device_n, num_n;
  logic [31:0] class_n, subsystem_n, bar0_n, bar0_hi_n, bar3_n;
  logic        enable_n;

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
      StBar0:      reg_o = cap_q + 12'h024;
      StBar0Hi:    reg_o = cap_q + 12'h028;
      StBar3:      reg_o = cap_q + 12'h030;
      default:     reg_o = cap_q + 12'h034;
    endcase
  end

  assign req_o  = running_q && !sent_q;
  assign busy_o = (req_o && ready_i) || (sent_q && done_i) || (!running_q && again_q);

  logic failed;  // no device, or not one with VFs
  always_comb begin
    failed = status_i != vfp_pkg::CplSc;
    if (step_q == StId && rdata_i[15:0] == 16'hffff) failed = 1'b1;
    if (step_q == StWalk && rdata_i[15:0] != SriovId && (rdata_i[31:20] < 12'h100 || hops_q == '1)) failed = 1'b1;
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni || clear_i) begin
      running_q <= 1'b0;
      again_q   <= 1'b0;
      sent_q    <= 1'b0;
      sriov_o   <= 1'b0;
      pf_rid_o  <= '0;
      num_vfs_o <= '0;
    end else begin
      if (trigger_i) again_q <= 1'b1;
      if (!running_q) begin
        if (again_q && sec_bus_i != 8'd0) begin
          running_q <= 1'b1;
          again_q   <= trigger_i;
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
            StControl: enable_n <= rdata_i[0] && rdata_i[3];
            StNum:     num_n <= rdata_i[15:0];
            StOffset:  {stride_n, first_n} <= rdata_i;
            StDevice:  device_n <= rdata_i[31:16];
            StBar0:    bar0_n <= rdata_i;
            StBar0Hi:  bar0_hi_n <= rdata_i;
            StBar3:    bar3_n <= rdata_i;
            default: begin  // upper half of BAR 3: the last one
              running_q    <= 1'b0;
              sriov_o      <= enable_n && num_n != '0;
              pf_rid_o     <= {sec_bus_i, 8'd0};
              vf_first_o   <= {sec_bus_i, 8'd0} + first_n;
              vf_stride_o  <= stride_n;
              num_vfs_o    <= num_n > 16'(Vfs) ? (VfW + 1)'(Vfs) : (VfW + 1)'(num_n);
              bar0_o       <= {bar0_hi_n, bar0_n[31:4], 4'd0};
              bar3_o       <= {rdata_i, bar3_n[31:4], 4'd0};
              bar0_flags_o <= bar0_n[3:0];
              bar3_flags_o <= bar3_n[3:0];
              vendor_o     <= vendor_n;
              vf_device_o  <= device_n;
              class_rev_o  <= class_n;
              subsystem_o  <= subsystem_n;
            end
          endcase
          if (failed) begin
            running_q <= 1'b0;
            sriov_o   <= 1'b0;
            num_vfs_o <= '0;
          end
        end
      end
    end
  end

endmodule

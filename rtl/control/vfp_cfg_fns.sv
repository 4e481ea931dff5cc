// SPDX-License-Identifier: Apache-2.0
// The slot functions of a user's tree (vfp_cfg_host): their own registers (vfp_cfg_vf), what the ports above let pass, and where on
// the device's side the VF is whose registers the request asks for.
module vfp_cfg_fns #(
  parameter int unsigned Slots   = 2,
  parameter int unsigned SlotFns = 8,
  parameter int unsigned Devices = 1,
  parameter int unsigned Vfs     = 64,  // of a device
  localparam int unsigned Fns    = Slots * SlotFns,
  localparam int unsigned FnW    = $clog2(Fns),
  localparam int unsigned NumVfs = Devices * Vfs,
  localparam int unsigned VfW    = $clog2(NumVfs),
  localparam int unsigned DevVfW = $clog2(Vfs)
) (
  input  logic clk_i,
  input  logic rst_ni,

  // The steps of a request to function fn_i, which has (or had) VF vf_i; what it writes, in the cycle we_i.
  input  logic                               look_i,
  input  logic                               clean_i,
  input  logic                               read_i,
  input  logic                               merge_i,
  input  logic                               we_i,
  input  logic                               to_fn_i,
  input  logic [FnW-1:0]                     fn_i,
  input  logic [VfW-1:0]                     vf_i,
  input  logic [15:0]                        target_i,
  input  logic [vfp_config_pkg::Selects-1:0] sel_i,
  input  logic                               write_i,
  input  logic [3:0]                         be_i,
  input  logic [31:0]                        wdata_i,
  input  logic [31:0]                        word_i,
  input  logic [15:8]                        ones_i,
  input  logic                               odd_i,    // of the words that are cleaned
  output logic [31:0]                        live_o,   // what hardware has set in the register, 0 of another target
  output logic                               forward_o,  // the write goes on to the silicon
  output logic [15:0]                        rid_o,      // there the VF is
  output logic                               moved_o,    // or another one, by now

  // Slots and ports.
  input  logic [Slots-1:0]      clear_i,     // its functions are at their reset values, two cycles later
  input  logic                  up_mem_en_i,
  input  logic                  up_bme_i,
  input  logic [Slots-1:0]      dn_mem_en_i,
  input  logic [Slots-1:0]      dn_bme_i,
  input  logic [Slots-1:0][7:0] dn_sec_i,

  // See vfp_cfg_host.
  input  logic [Fns-1:0]          fn_there_i,
  input  logic [VfW-1:0]          now_vf_i,    // the VF that fn_i has by now
  input  logic [NumVfs-1:0]       vf_busy_i,
  input  logic                    down_poison_i,
  input  logic [15:0]             down_id_i,
  input  logic                    up_poison_i,
  input  logic                    up_abort_i,
  input  logic [15:0]             up_id_i,
  input  logic [Fns-1:0][1:0]     fn_ended_i,
  input  logic [15:0]             vf_first_i,
  input  logic [15:0]             vf_stride_i,
  input  logic [15:0]             vendor_i,
  input  logic [15:0]             vf_device_i,
  input  logic [31:0]             class_rev_i,
  input  logic [31:0]             subsystem_i,
  input  logic [3:0]              bar0_flags_i,
  input  logic [3:0]              bar3_flags_i,
  output logic [Fns-1:0]          fn_mse_o,
  output logic [Fns-1:0]          fn_bme_o,
  input  logic [FnW-1:0]          id_fn_i,
  output logic [15:0]             id_o,
  input  logic [FnW-1:0]          bar_fn_i,
  input  logic                    bar_3_i,
  output logic [63:14]            bar_o,

  output logic [Fns-1:0] reset_o,  // its registers are at their reset values
  output logic           busy_o
);

  logic [Slots-1:0] clear_q, was_clear_q, multi, multi_q;
  logic [Fns-1:0]   vf_mse, vf_bme, flr;
  logic             flr_q, events;
  logic [15:8]      errors;
  assign busy_o = events || clear_i != clear_q || clear_q != was_clear_q;
  always_ff @(posedge clk_i) begin
    clear_q     <= clear_i | {Slots{!rst_ni}};
    was_clear_q <= clear_q;
  end
  vfp_cfg_vf #(.Slots(Slots), .SlotFns(SlotFns)) u_vf (
    .clk_i, .rst_ni,
    .clear_i      (clear_q),
    .there_i      (fn_there_i),
    .we_i,
    .fn_i,
    .bdf_i        (target_i),
    .sel_i,
    .word_i,
    .ones_i,
    .flr_i        (flr_q),
    .clean_i      (clean_i && to_fn_i),
    .odd_i,
    .errors_o     (errors),
    .flr_o        (flr),
    .bus_i        (dn_sec_i),
    .down_poison_i, .down_id_i, .up_poison_i, .up_abort_i, .up_id_i,
    .ended_i      (fn_ended_i),
    .busy_o       (events),
    .mse_o        (vf_mse),
    .bme_o        (vf_bme),
    .id_fn_i, .id_o, .bar_fn_i, .bar_3_i, .bar_o
  );
  // A function is reachable only through both ports above it.
  for (genvar f = 0; f < Fns; f++) begin : gen_fn
    localparam int unsigned S = f / SlotFns;
    assign fn_mse_o[f] = vf_mse[f] && up_mem_en_i && dn_mem_en_i[S];
    assign fn_bme_o[f] = vf_bme[f] && up_bme_i && dn_bme_i[S];
    assign reset_o[f]  = clear_q[S] || flr[f];
  end

  // ---- The VF on the device's side: first VF and stride, which is a power of two (vfp_discover) ------------------------------
  logic [15:0] far, far_q, first_q;
  logic [7:0]  stride_q;
  always_comb begin
    far = '0;
    for (int s = 0; s < 8; s++) if (vf_stride_i[s]) far = far | (16'(vf_i[DevVfW-1:0]) << s);
  end
  always_ff @(posedge clk_i) begin
    if (read_i) begin
      far_q     <= far;
      stride_q  <= vf_stride_i[7:0];
      // What must reach the silicon: the lower byte of Command, MSI-X Message Control, Initiate FLR.
      flr_q     <= sel_i['h2a] && be_i[1] && wdata_i[15];
      forward_o <= write_i && ((sel_i['h01] && be_i[0]) || (sel_i['h1c] && be_i[3]) ||
                               (sel_i['h2a] && be_i[1] && wdata_i[15]));
    end
    if (merge_i) begin
      rid_o   <= vf_first_i + far_q;
      first_q <= vf_first_i;
    end
  end
  assign moved_o = now_vf_i != vf_i || first_q != vf_first_i || stride_q != vf_stride_i[7:0];

  // ---- What hardware has set, and what differs from device to device ---------------------------------------------------------
  logic fn_multi;  // its slot has more than one function
  for (genvar s = 0; s < Slots; s++) begin : gen_multi
    logic one;
    always_comb begin
      one      = 1'b0;
      multi[s] = 1'b0;
      for (int f = s * int'(SlotFns); f < (s + 1) * int'(SlotFns); f++) begin
        multi[s] = multi[s] || (one && fn_there_i[f]);
        one      = one || fn_there_i[f];
      end
    end
  end
  always_ff @(posedge clk_i) if (look_i) multi_q <= multi;
  // A slot is as many functions.
  if (Slots > 1) begin : gen_slots
    assign fn_multi = multi_q[fn_i[FnW-1:$clog2(SlotFns)]];
  end else begin : gen_slot
    assign fn_multi = multi_q[0];
  end

  always_comb begin
    live_o = '0;
    if (to_fn_i) begin
      if (sel_i['h00]) live_o = {vf_device_i, vendor_i};
      if (sel_i['h01]) live_o[31:24] = errors;
      if (sel_i['h02]) live_o = live_o | class_rev_i;
      if (sel_i['h03]) live_o[23] = live_o[23] | fn_multi;
      if (sel_i['h04]) live_o[3:0] = live_o[3:0] | bar0_flags_i;
      if (sel_i['h07]) live_o[3:0] = live_o[3:0] | bar3_flags_i;
      if (sel_i['h0b]) live_o = live_o | subsystem_i;
      if (sel_i['h2a]) live_o[21] = live_o[21] | vf_busy_i[vf_i];
    end
  end

  logic unused;
  assign unused = ^{be_i, wdata_i, vf_stride_i};

endmodule

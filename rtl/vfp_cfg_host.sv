// SPDX-License-Identifier: Apache-2.0
// Configuration space of one host's tree. Decodes the target of each request, as the switch that this host sees would:
//   Type 0                     function 0 management, function 1 upstream port
//   Type 1, below upstream     the downstream ports (owner: one; user: one a slot)
//   Type 1, below a port       owner: the device itself; user: the slot's functions, emulated
// Everything else is an Unsupported Request, as absent functions are.
module vfp_cfg_host #(
  parameter bit          Owner   = 1'b0,
  parameter int unsigned Slots   = 2,
  parameter int unsigned SlotFns = 8,
  parameter int unsigned Vfs     = 64,
  parameter int unsigned FirstSlot = 1,  // physical number of slot 0
  localparam int unsigned NPorts = Owner ? 1 : Slots,
  localparam int unsigned Fns    = Slots * SlotFns,
  localparam int unsigned FnW    = $clog2(Fns),
  localparam int unsigned VfW    = $clog2(Vfs)
) (
  input  logic clk_i,
  input  logic rst_ni,
  input  logic link_i,

  // Requests and answers: see vfp_ctrl.
  input  logic         cfg_valid_i,
  output logic         cfg_ready_o,
  input  logic [127:0] cfg_hdr_i,
  input  logic [31:0]  cfg_data_i,
  output logic         rsp_valid_o,
  input  logic         rsp_ready_i,
  output logic         rsp_fwd_o,
  output logic [2:0]   rsp_status_o,
  output logic [31:0]  rsp_data_o,
  output logic [15:0]  rsp_cpl_id_o,
  output logic [15:0]  rsp_fwd_bdf_o,
  output logic         rsp_fwd_type1_o,
  output logic         rsp_fwd_live_o,

  // Slots.
  input  logic [NPorts-1:0]      button_i,
  input  logic [NPorts-1:0]      slot_present_i,
  input  logic [NPorts-1:0]      slot_ready_i,
  input  logic [NPorts-1:0]      slot_quiet_i,
  input  logic                   port_back_i,   // pulse: this host takes packets again after it had lost some
  output logic [NPorts-1:0]      slot_present_o,
  output logic [NPorts-1:0]      slot_link_o,
  output logic [NPorts-1:0]      slot_pressed_o,
  output logic [NPorts-1:0]      slot_powered_o,
  output logic [NPorts-1:0]      slot_usable_o,
  output logic [NPorts-1:0]      slot_off_o,
  output logic [NPorts-1:0]      slot_reset_o,  // pulse: secondary bus reset or link disable
  output logic [NPorts-1:0][1:0] power_led_o,
  output logic [NPorts-1:0][1:0] attn_led_o,

  // Slot functions (user).
  input  logic [Fns-1:0]          fn_there_i,  // assigned, in a usable slot
  input  logic [Fns-1:0][VfW-1:0] fn_vf_i,
  input  logic [Vfs-1:0]          vf_busy_i,
  output logic [Fns-1:0]          fn_mse_o,
  output logic [Fns-1:0]          fn_bme_o,
  output logic [Fns-1:0][63:0]    fn_bar0_o,
  output logic [Fns-1:0][63:0]    fn_bar3_o,
  output logic [Fns-1:0][15:0]    fn_bdf_o,

  // Owner: the function that a request to the device aims at, and whether it is a user's VF.
  output logic [15:0] target_o,
  input  logic        foreign_i,

  // Requests of this host that were refused, a posted, a non-posted one.
  input  logic [1:0]  refused_i,
  // Pulses, for the Status registers: see vfp_watch. A poisoned request to the bridge itself; poisoned packets and aborts
  // on this host's link; ends of the slot functions' requests, and what the ports above them have aborted.
  input  logic                 poisoned_i,
  input  logic [1:0]           down_poison_i,
  input  logic [15:0]          down_id_i,
  input  logic [1:0]           up_poison_i,
  input  logic                 up_abort_i,
  input  logic [15:0]          up_id_i,
  input  logic [Fns-1:0][1:0]  fn_ended_i,
  input  logic [NPorts-1:0]    port_aborts_i,

  input  logic        dev_link_i,
  // The device, from discovery: whether the rest is known, and whether it is being read.
  input  logic        dev_known_i,
  input  logic        dev_reading_i,
  input  logic        dev_sizing_i,   // its configuration is not what it was told to be
  input  logic [15:0] vf_first_i,
  input  logic [15:0] vf_stride_i,
  input  logic [7:0]  dev_sec_bus_i,
  input  logic [15:0] vendor_i,
  input  logic [15:0] vf_device_i,
  input  logic [31:0] class_rev_i,
  input  logic [31:0] subsystem_i,
  input  logic [3:0]  bar0_flags_i,
  input  logic [3:0]  bar3_flags_i,

  // What this tree lets pass.
  output logic        mgmt_en_o,
  output logic [63:0] mgmt_bar_o,
  output logic [15:0] mgmt_bdf_o,
  output logic        mem_en_o,      // owner: both ports; windows intersected
  output logic        bme_o,
  output logic [31:0] mem_base_o,
  output logic [31:0] mem_limit_o,
  output logic [63:0] pref_base_o,
  output logic [63:0] pref_limit_o,
  output logic [15:0] dsp_bdf_o,     // of downstream port 0
  output logic [7:0]  sec_bus_o,
  output logic [7:0]  sub_bus_o,
  output logic        below_reset_o, // owner: what is below port 0 is being reset, its link too

  // The management function's message: whether the host takes one, and a pulse to send it.
  output logic        event_msi_can_o,
  input  logic        event_msi_i,

  output logic        msi_valid_o,
  input  logic        msi_ready_i,
  output logic [15:0] msi_rid_o,
  output logic [63:0] msi_addr_o,
  output logic [31:0] msi_data_o,

  output logic        busy_o
);

  // ---- Request at hand -------------------------------------------------------------------------------------------------
  localparam logic [1:0] StIdle = 2'd0, StDecode = 2'd1, StAnswer = 2'd2;
  logic [1:0]  state_q;
  logic        type1_q, write_q;
  logic [15:0] target_q;
  logic [9:0]  reg_q;
  logic [3:0]  be_q;
  logic [31:0] wdata_q;

  assign cfg_ready_o = state_q == StIdle;
  assign rsp_valid_o = state_q == StAnswer;
  assign busy_o      = (state_q == StDecode && !unsure) || (rsp_valid_o && rsp_ready_i) || (msi_valid_o && msi_ready_i);

  always_ff @(posedge clk_i) begin
    if (!rst_ni || !link_i) begin
      state_q <= StIdle;
    end else begin
      case (state_q)
        StIdle:   if (cfg_valid_i) state_q <= StDecode;
        StDecode: if (!unsure) state_q <= StAnswer;
        default:  if (rsp_ready_i) state_q <= StIdle;
      endcase
    end
    if (state_q == StIdle) begin
      type1_q  <= cfg_hdr_i[24];
      write_q  <= cfg_hdr_i[30];
      target_q <= cfg_hdr_i[95:80];
      reg_q    <= cfg_hdr_i[75:66];
      be_q     <= cfg_hdr_i[35:32];
      wdata_q  <= cfg_data_i;
    end
  end

  logic [7:0] bus;
  logic [4:0] dev;
  logic [2:0] func;
  assign {bus, dev, func} = target_q;

  // ---- Which function --------------------------------------------------------------------------------------------------
  logic                    to_mgmt, to_up, to_device, to_fn;
  logic [NPorts-1:0]       to_port;
  logic [FnW-1:0]          fn;
  logic [7:0]              up_sec, up_sub;
  logic [NPorts-1:0][7:0]  dn_sec, dn_sub;
  logic [NPorts-1:0]       dn_ari;

  assign to_mgmt = !type1_q && dev == 5'd0 && func == 3'd0;
  assign to_up   = !type1_q && dev == 5'd0 && func == 3'd1;

  logic below_up;
  assign below_up = type1_q && up_sec != 8'd0 && bus >= up_sec && bus <= up_sub;
  for (genvar p = 0; p < NPorts; p++) begin : gen_to_port
    assign to_port[p] = below_up && bus == up_sec && dev == 5'(p) && func == 3'd0;
  end

  if (Owner) begin : gen_to_device
    // On the bus below, only device 0, unless ARI forwarding makes the device number part of the function number.
    assign to_device = below_up && bus != up_sec && dn_sec[0] != 8'd0 && bus >= dn_sec[0] && bus <= dn_sub[0] &&
                       (bus != dn_sec[0] || dev == 5'd0 || dn_ari[0]);
    assign to_fn = 1'b0;
    assign fn    = '0;
  end else begin : gen_to_fn
    logic in_slot;
    always_comb begin
      fn      = '0;
      in_slot = 1'b0;
      for (int p = 0; p < int'(NPorts); p++) begin
        if (bus == dn_sec[p]) begin
          fn      = FnW'(p * int'(SlotFns)) | FnW'(func);
          in_slot = 1'b1;
        end
      end
    end
    assign to_device = 1'b0;
    assign to_fn = below_up && bus != up_sec && dev == 5'd0 && 4'(func) < 4'(SlotFns) && in_slot &&
                   fn_there_i[fn];
  end

  logic write;
  assign write = state_q == StDecode && write_q;

  // ---- Functions -------------------------------------------------------------------------------------------------------
  logic        up_mem_en, up_bme, up_reset, mgmt_bme, mgmt_msi_en;
  logic [31:0] mgmt_rdata, up_rdata, up_mem_base, up_mem_limit;
  logic [63:0] up_pref_base, up_pref_limit;
  logic [NPorts-1:0]       dn_mem_en, dn_bme, dn_reset, dn_disable, dn_msi_en, slot_msi, slot_we;
  logic [NPorts-1:0][31:0] dn_rdata, slot_cap, slot_reg, dn_mem_base, dn_mem_limit, dn_msi_data;
  logic [NPorts-1:0][63:0] dn_pref_base, dn_pref_limit, dn_msi_addr;
  logic [63:0]             mgmt_msi_addr, up_msi_addr;
  logic [31:0]             mgmt_msi_data, up_msi_data;
  logic                    up_ari, up_disable, up_msi_en, up_slot_we;

  vfp_cfg_mgmt u_mgmt (
    .clk_i, .rst_ni,
    .clear_i   (!link_i),
    .we_i      (write && to_mgmt),
    .reg_i     (reg_q),
    .be_i      (be_q),
    .wdata_i   (wdata_q),
    .rdata_o   (mgmt_rdata),
    .poisoned_i,
    .mem_en_o  (mgmt_en_o),
    .bar_o     (mgmt_bar_o),
    .bme_o     (mgmt_bme),
    .msi_en_o  (mgmt_msi_en),
    .msi_addr_o(mgmt_msi_addr),
    .msi_data_o(mgmt_msi_data)
  );

  vfp_cfg_port #(.Downstream(1'b0), .Slot(1'b0), .PortNumber(8'd0)) u_up (
    .clk_i, .rst_ni,
    .clear_i       (!link_i),
    .we_i          (write && to_up),
    .reg_i         (reg_q),
    .be_i          (be_q),
    .wdata_i       (wdata_q),
    .rdata_o       (up_rdata),
    .slot_we_o     (up_slot_we),
    .slot_cap_i    (32'd0),
    .slot_reg_i    (32'd0),
    .link_active_i (1'b0),
    .refused_i     (refused_i),
    .down_poison_i (down_poison_i),
    .up_poison_i   (up_poison_i),
    .aborts_i      (1'b0),
    .mem_en_o      (up_mem_en),
    .bme_o         (up_bme),
    .sec_bus_o     (up_sec),
    .sub_bus_o     (up_sub),
    .mem_base_o    (up_mem_base),
    .mem_limit_o   (up_mem_limit),
    .pref_base_o   (up_pref_base),
    .pref_limit_o  (up_pref_limit),
    .ari_o         (up_ari),
    .link_disable_o(up_disable),
    .bus_reset_o   (up_reset),
    .msi_en_o      (up_msi_en),
    .msi_addr_o    (up_msi_addr),
    .msi_data_o    (up_msi_data)
  );

  for (genvar p = 0; p < NPorts; p++) begin : gen_port
    // A completion goes where its requester is, and comes from its completer. A poisoned request goes by address: only the
    // port above has seen it.
    logic down_here, up_here;
    assign down_here = dn_sec[p] != 8'd0 && down_id_i[15:8] >= dn_sec[p] && down_id_i[15:8] <= dn_sub[p];
    assign up_here   = dn_sec[p] != 8'd0 && up_id_i[15:8] >= dn_sec[p] && up_id_i[15:8] <= dn_sub[p];
    vfp_cfg_port #(.Downstream(1'b1), .Slot(!Owner), .PortNumber(8'(p + 1))) u_port (
      .clk_i, .rst_ni,
      .clear_i       (!link_i || up_reset),
      .we_i          (write && to_port[p]),
      .reg_i         (reg_q),
      .be_i          (be_q),
      .wdata_i       (wdata_q),
      .rdata_o       (dn_rdata[p]),
      .slot_we_o     (slot_we[p]),
      .slot_cap_i    (slot_cap[p]),
      .slot_reg_i    (slot_reg[p]),
      .link_active_i (Owner ? dev_link_i : slot_link_o[p]),
      .refused_i     (2'b00),
      .down_poison_i ({down_poison_i[1] && down_here, 1'b0}),
      .up_poison_i   (up_here ? up_poison_i : 2'b00),
      .aborts_i      (port_aborts_i[p]),
      .mem_en_o      (dn_mem_en[p]),
      .bme_o         (dn_bme[p]),
      .sec_bus_o     (dn_sec[p]),
      .sub_bus_o     (dn_sub[p]),
      .mem_base_o    (dn_mem_base[p]),
      .mem_limit_o   (dn_mem_limit[p]),
      .pref_base_o   (dn_pref_base[p]),
      .pref_limit_o  (dn_pref_limit[p]),
      .ari_o         (dn_ari[p]),
      .link_disable_o(dn_disable[p]),
      .bus_reset_o   (dn_reset[p]),
      .msi_en_o      (dn_msi_en[p]),
      .msi_addr_o    (dn_msi_addr[p]),
      .msi_data_o    (dn_msi_data[p])
    );

    if (Owner) begin : gen_no_slot
      assign slot_cap[p]       = '0;
      assign slot_reg[p]       = '0;
      assign slot_present_o[p] = 1'b0;
      assign slot_link_o[p]    = 1'b0;
      assign slot_pressed_o[p] = 1'b0;
      assign slot_powered_o[p] = 1'b0;
      assign slot_usable_o[p]  = 1'b0;
      assign slot_off_o[p]     = 1'b0;
      assign slot_reset_o[p]   = 1'b0;
      assign power_led_o[p]    = vfp_regs_pkg::LedOff;
      assign attn_led_o[p]     = vfp_regs_pkg::LedOff;
      assign slot_msi[p]       = 1'b0;
    end else begin : gen_slot
      // What is below is reset with the link (6.6.1, 7.5.3.6, 7.8.7).
      logic reset_q, switched_off;
      assign slot_off_o[p] = switched_off || (up_reset && slot_powered_o[p]);
      always_ff @(posedge clk_i) reset_q <= rst_ni && (dn_reset[p] || dn_disable[p]);
      assign slot_reset_o[p] = (dn_reset[p] || dn_disable[p]) && !reset_q;
      vfp_slot #(.Number(FirstSlot + p)) u_slot (
        .clk_i, .rst_ni,
        .clear_i       (!link_i || up_reset),
        .we_i          (slot_we[p]),
        .be_i          (be_q),
        .wdata_i       (wdata_q),
        .cap_o         (slot_cap[p]),
        .reg_o         (slot_reg[p]),
        .button_i      (button_i[p]),
        .present_i     (slot_present_i[p]),
        .ready_i       (slot_ready_i[p]),
        .quiet_i       (slot_quiet_i[p]),
        .link_disable_i(dn_disable[p]),
        .msi_en_i      (dn_msi_en[p]),
        .again_i       (port_back_i),
        .present_o     (slot_present_o[p]),
        .link_o        (slot_link_o[p]),
        .pressed_o     (slot_pressed_o[p]),
        .powered_o     (slot_powered_o[p]),
        .usable_o      (slot_usable_o[p]),
        .power_led_o   (power_led_o[p]),
        .attn_led_o    (attn_led_o[p]),
        .off_o         (switched_off),
        .msi_o         (slot_msi[p])
      );
    end
  end

  logic [31:0]    vf_rdata;
  logic           vf_forward;
  if (Owner) begin : gen_no_vf
    assign vf_rdata   = '0;
    assign vf_forward = 1'b0;
    assign fn_mse_o   = '0;
    assign fn_bme_o   = '0;
    assign fn_bar0_o  = '0;
    assign fn_bar3_o  = '0;
    assign fn_bdf_o   = '0;
  end else begin : gen_vf
    logic [Slots-1:0] clear;
    logic [Fns-1:0]   vf_mse, vf_bme, fn_down_poison, fn_up_poison, fn_aborts;
    assign clear = ~slot_usable_o | dn_reset | {Slots{!link_i || up_reset}};
    vfp_cfg_vf #(.Slots(Slots), .SlotFns(SlotFns)) u_vf (
      .clk_i, .rst_ni,
      .clear_i     (clear),
      .there_i     (fn_there_i),
      .sel_i       (state_q == StDecode && to_fn),
      .we_i        (write),
      .fn_i        (fn),
      .bdf_i       (target_q),
      .reg_i       (reg_q),
      .be_i        (be_q),
      .wdata_i     (wdata_q),
      .rdata_o     (vf_rdata),
      .forward_o   (vf_forward),
      .vendor_i,
      .device_i    (vf_device_i),
      .class_rev_i, .subsystem_i, .bar0_flags_i, .bar3_flags_i,
      .busy_i      (vf_busy_i[fn_vf_i[fn]]),
      .down_poison_i(fn_down_poison),
      .up_poison_i (fn_up_poison),
      .ended_i     (fn_ended_i),
      .aborts_i    (fn_aborts),
      .mse_o       (vf_mse),
      .bme_o       (vf_bme),
      .bar0_o      (fn_bar0_o),
      .bar3_o      (fn_bar3_o),
      .bdf_o       (fn_bdf_o)
    );
    // A function is reachable only through both ports above it.
    for (genvar f = 0; f < Fns; f++) begin : gen_fn
      localparam int unsigned S = f / SlotFns;
      assign fn_mse_o[f]  = vf_mse[f] && up_mem_en && dn_mem_en[S];
      assign fn_bme_o[f]  = vf_bme[f] && up_bme && dn_bme[S];
      // Its number on this host: its bus is the port's.
      logic [15:0] id;
      assign id = {dn_sec[S], 8'(f % SlotFns)};
      assign fn_down_poison[f] = fn_there_i[f] && down_poison_i[1] && down_id_i == id;
      assign fn_up_poison[f]   = fn_there_i[f] && up_poison_i[0] && up_id_i == id;
      assign fn_aborts[f]      = fn_there_i[f] && up_abort_i && up_id_i == id;
    end
  end

  // ---- Answer ----------------------------------------------------------------------------------------------------------
  // The owner's kernel sets up every VF it enables, MSI-X off included. A VF that a user's server has got meanwhile is
  // no longer the owner's to configure: its writes end here, as if they had been done. It may look.
  // While it is not known which VFs there are, only the PF can be written to: its function is 0. What comes in the few
  // microseconds of a look waits for the end of it.
  logic        known, swallow, to_vf, unsure, lost;
  assign to_vf  = to_device && write_q && target_q != {dn_sec[0], 8'd0};
  assign unsure = (to_vf && dev_reading_i) || (to_device && dev_sizing_i);
  assign lost   = !dev_known_i && (to_vf || to_fn);
  logic [31:0] rdata;
  logic [15:0] vf_rid;
  assign swallow  = to_device && write_q && foreign_i;
  assign known    = to_mgmt || to_up || (|to_port) || to_fn || swallow;
  assign target_o = target_q;
  assign vf_rid = vf_first_i + 16'(fn_vf_i[fn]) * vf_stride_i;
  always_comb begin
    rdata = to_mgmt ? mgmt_rdata : to_up ? up_rdata : vf_rdata;
    for (int p = 0; p < int'(NPorts); p++) if (to_port[p]) rdata = dn_rdata[p];
  end

  // The request to forward stays at the door until it is taken, so target_q still names its function.
  assign rsp_fwd_live_o = !lost && (Owner ? to_device && !swallow && !unsure : to_fn && rsp_fwd_bdf_o == vf_rid);

  // Captured from configuration writes (2.2.6.2). Requests of this host carry its own idea of our bus number.
  logic [15:0] mgmt_bdf_q, up_bdf_q;
  logic [NPorts-1:0][15:0] port_bdf_q;

  always_ff @(posedge clk_i) begin
    if (state_q == StDecode) begin
      rsp_fwd_o       <= !lost && ((to_device && !swallow) || (to_fn && vf_forward));
      rsp_status_o    <= known && !(lost && (to_device || vf_forward)) ? vfp_pkg::CplSc : vfp_pkg::CplUr;
      rsp_data_o      <= rdata;
      rsp_cpl_id_o    <= known || to_device ? target_q : mgmt_bdf_q;
      rsp_fwd_bdf_o   <= to_device ? target_q : vf_rid;
      rsp_fwd_type1_o <= to_device ? bus != dn_sec[0] : vf_rid[15:8] != dev_sec_bus_i;
    end
    if (!rst_ni || !link_i) begin
      mgmt_bdf_q <= '0;
      up_bdf_q   <= '0;
      port_bdf_q <= '0;
    end else if (write) begin
      // One device on the link: every Type 0 write tells both functions their bus.
      if (!type1_q) begin
        mgmt_bdf_q <= {target_q[15:3], 3'd0};
        up_bdf_q   <= {target_q[15:3], 3'd1};
      end
      for (int p = 0; p < int'(NPorts); p++) if (to_port[p]) port_bdf_q[p] <= target_q;
    end
  end

  // ---- Interrupts of the slots, and (the highest) of the management function --------------------------------------------
  logic [NPorts:0] msi_pend_q, msi_may, msi_first;
  // An interrupt is a memory write: it needs bus master enable.
  assign event_msi_can_o = mgmt_msi_en && mgmt_bme;
  assign msi_may     = msi_pend_q & {event_msi_can_o, up_bme ? dn_bme & dn_msi_en : {NPorts{1'b0}}};
  assign msi_first   = msi_may & (~msi_may + 1'b1);
  assign msi_valid_o = msi_may != '0;
  always_comb begin
    msi_rid_o  = '0;
    msi_addr_o = '0;
    msi_data_o = '0;
    if (msi_first[NPorts]) begin
      msi_rid_o  = mgmt_bdf_q;
      msi_addr_o = mgmt_msi_addr;
      msi_data_o = mgmt_msi_data;
    end
    for (int p = 0; p < int'(NPorts); p++) begin
      if (msi_first[p]) begin
        msi_rid_o  = port_bdf_q[p];
        msi_addr_o = dn_msi_addr[p];
        msi_data_o = dn_msi_data[p];
      end
    end
  end
  always_ff @(posedge clk_i) begin
    if (!rst_ni || !link_i) msi_pend_q <= '0;
    else msi_pend_q <= ((msi_pend_q & ~(msi_valid_o && msi_ready_i ? msi_first : '0)) | {event_msi_i, slot_msi}) &
                       {mgmt_msi_en, dn_msi_en};
  end

  assign mgmt_bdf_o = mgmt_bdf_q;
  assign dsp_bdf_o  = port_bdf_q[0];
  assign mem_en_o   = up_mem_en && dn_mem_en[0];
  assign bme_o      = up_bme && dn_bme[0];
  assign sec_bus_o  = dn_sec[0];
  assign sub_bus_o  = dn_sub[0];
  assign below_reset_o = up_reset || dn_reset[0] || dn_disable[0];
  assign mem_base_o   = dn_mem_base[0] > up_mem_base ? dn_mem_base[0] : up_mem_base;
  assign mem_limit_o  = dn_mem_limit[0] < up_mem_limit ? dn_mem_limit[0] : up_mem_limit;
  assign pref_base_o  = dn_pref_base[0] > up_pref_base ? dn_pref_base[0] : up_pref_base;
  assign pref_limit_o = dn_pref_limit[0] < up_pref_limit ? dn_pref_limit[0] : up_pref_limit;

  logic unused;
  assign unused = ^{up_msi_en, up_msi_addr, up_msi_data, up_ari, up_disable,
                    up_slot_we, up_bdf_q, cfg_hdr_i, fn_ended_i, up_abort_i, down_id_i, up_id_i,
                    vf_busy_i, fn_vf_i, fn_there_i, dev_sec_bus_i, dn_disable,
                    dn_reset, dn_ari, dn_sub, slot_we, slot_present_i, slot_ready_i, slot_quiet_i, port_back_i,
                    button_i, dn_msi_en, vf_first_i,
                    vf_stride_i, vendor_i, vf_device_i, class_rev_i, subsystem_i, bar0_flags_i, bar3_flags_i};

endmodule

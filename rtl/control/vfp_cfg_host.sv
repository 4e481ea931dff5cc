// SPDX-License-Identifier: Apache-2.0
// Configuration space of one host's tree. Decodes the target of each request, as the switch that this host sees would:
//   Type 0                     function 0 management, function 1 upstream port
//   Type 1, below upstream     the downstream ports (owner: one a device; user: one a slot)
//   Type 1, below a port       owner: the device itself; user: the slot's functions, emulated
// Everything else is an Unsupported Request, as absent functions are.
//
// One request at a time, in steps of a cycle each: which bus it names, which function, its registers (vfp_cfg_map), what there
// is (vfp_cfg_words, and what hardware has set), what the write leaves. In the step after these it takes effect, and the answer
// is decided by what holds in that cycle.
module vfp_cfg_host #(
  parameter bit          Owner   = 1'b0,
  parameter int unsigned Slots   = 2,
  parameter int unsigned SlotFns = 8,
  parameter int unsigned Devices = 1,
  parameter int unsigned Vfs     = 64,   // of a device
  parameter int unsigned FirstSlot = 1,  // physical number of slot 0
  parameter int unsigned MaxPayload = 128,
  localparam int unsigned NPorts = Owner ? Devices : Slots,
  localparam int unsigned Fns    = Slots * SlotFns,
  localparam int unsigned FnW    = $clog2(Fns),
  localparam int unsigned NumVfs = Devices * Vfs,  // numbered device * Vfs + VF
  localparam int unsigned VfW    = $clog2(NumVfs),
  localparam int unsigned DevVfW = $clog2(Vfs),
  localparam int unsigned DevW   = Devices > 1 ? $clog2(Devices) : 1
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
  output logic         rsp_blocked_o,
  output logic [31:0]  rsp_data_o,
  output logic [15:0]  rsp_cpl_id_o,
  output logic [15:0]  rsp_fwd_bdf_o,
  output logic         rsp_fwd_type1_o,
  output logic         rsp_fwd_live_o,
  output logic [DevW-1:0] dev_o,  // the device that the request aims at, or whose VF: of it is all that is said of a device

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
  output logic [FnW-1:0]          look_fn_o,   // looked up in the same cycle: its VF
  input  logic [VfW-1:0]          look_vf_i,
  input  logic [NumVfs-1:0]       vf_busy_i,
  output logic [Fns-1:0]          fn_mse_o,
  output logic [Fns-1:0]          fn_bme_o,
  // Looked up by vfp_rows: the captured ID of function id_fn, BAR 0 or BAR 3 of bar_fn.
  input  logic [FnW-1:0]          id_fn_i,
  output logic [15:0]             id_o,
  input  logic [FnW-1:0]          bar_fn_i,
  input  logic                    bar_3_i,
  output logic [63:14]            bar_o,

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

  input  logic [NPorts-1:0] dev_link_i,  // owner: the link below the port is up
  // Device dev_o, from discovery: whether the rest is known, and whether it is being read.
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
  // For each downstream port, with the upstream port; windows intersected (owner), a cycle after the write.
  output logic [NPorts-1:0]       mem_en_o,
  output logic [NPorts-1:0]       bme_o,
  output logic [NPorts-1:0][31:0] mem_base_o,
  output logic [NPorts-1:0][31:0] mem_limit_o,
  output logic [NPorts-1:0][63:0] pref_base_o,
  output logic [NPorts-1:0][63:0] pref_limit_o,
  output logic [NPorts-1:0][15:0] dsp_bdf_o,
  output logic [NPorts-1:0][7:0]  sec_bus_o,
  output logic [NPorts-1:0][7:0]  sub_bus_o,
  // Max_Payload_Size of the upstream port, of each downstream port (vfp_cfg_port).
  output logic [1:0]              payload_o,
  output logic [NPorts-1:0][1:0]  below_payload_o,
  output logic [NPorts-1:0]       below_reset_o,  // what is below is being reset, its link too

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

  // ---- Steps of a request ----------------------------------------------------------------------------------------------
  localparam int unsigned StIdle = 0, StCompare = 1, StTarget = 2, StLook = 3, StClean = 4, StRead = 5, StMerge = 6,
                          StEffect = 7, StAnswer = 8, StMessage = 9, States = 10;
  logic [States-1:0] st_q, st_d;  // one hot
  logic        stale, cleaned, looking, unsure, msg_begin, msg_reading, msg_done, events;
  logic        type1_q, write_q;
  logic [15:0] target_q;
  logic [9:0]  reg_q;
  logic [3:0]  be_q;
  logic [31:0] wdata_q;

  always_comb begin
    st_d            = '0;
    st_d[StIdle]    = (st_q[StIdle] && !cfg_valid_i && !msg_begin) || (st_q[StAnswer] && rsp_ready_i) ||
                      (st_q[StMessage] && msg_done);
    st_d[StCompare] = st_q[StIdle] && cfg_valid_i && !msg_begin;
    st_d[StTarget]  = st_q[StCompare];
    st_d[StLook]    = st_q[StTarget];
    st_d[StClean]   = (st_q[StLook] && stale) || (st_q[StClean] && !cleaned);
    st_d[StRead]    = (st_q[StLook] && !stale) || (st_q[StClean] && cleaned);
    st_d[StMerge]   = st_q[StRead];
    st_d[StEffect]  = st_q[StMerge] || (st_q[StEffect] && unsure);
    st_d[StAnswer]  = (st_q[StEffect] && !unsure) || (st_q[StAnswer] && !rsp_ready_i);
    st_d[StMessage] = (st_q[StIdle] && msg_begin) || (st_q[StMessage] && !msg_done);
  end

  assign cfg_ready_o = st_q[StIdle] && !msg_begin;
  assign rsp_valid_o = st_q[StAnswer];
  assign busy_o      = (!st_q[StIdle] && !st_q[StAnswer] && !(st_q[StEffect] && looking)) || (rsp_valid_o && rsp_ready_i) ||
                       (msi_valid_o && msi_ready_i) || msg_begin || events;

  // Whoever has lost its link finds all registers at their reset values: two cycles later, when nothing has been asked yet.
  logic down_q;
  always_ff @(posedge clk_i) down_q <= !rst_ni || !link_i;

  always_ff @(posedge clk_i) begin
    st_q <= rst_ni && link_i ? st_d : States'(1 << StIdle);
    // What was asked stays until the next request, since a request to forward is looked at until it is taken.
    if (st_d[StCompare]) begin
      type1_q  <= cfg_hdr_i[24];
      write_q  <= cfg_hdr_i[30];
      target_q <= cfg_hdr_i[95:80];
      reg_q    <= cfg_hdr_i[75:66];
      be_q     <= cfg_hdr_i[35:32];
      wdata_q  <= cfg_data_i;
    end
  end

  // ---- Which function --------------------------------------------------------------------------------------------------------
  localparam int unsigned NUnits = NPorts + 2;  // management function, upstream port, downstream ports; then functions
  localparam int unsigned HalfW  = Owner || $clog2(NUnits) > FnW ? $clog2(NUnits) : FnW;
  localparam int unsigned UnitW  = Owner ? HalfW : HalfW + 1;
  logic [vfp_config_pkg::Selects-1:0] sel_q;
  logic [6:0]              place_q;
  logic                    to_mgmt_q, to_up_q, to_device_q, to_fn_q;
  logic [NPorts-1:0]       to_port_q;
  logic [DevW-1:0]         aim_q;
  logic [FnW-1:0]          fn_q;
  logic [UnitW-1:0]        unit_q;
  logic [1:0]              kind_q;
  logic [NPorts:0]         msg_first;
  logic [7:0]              up_sec, up_sub;
  logic [NPorts-1:0][7:0]  dn_sec, dn_sub;
  vfp_cfg_target #(
    .Owner(Owner), .Slots(Slots), .SlotFns(SlotFns), .Devices(Devices), .HalfW(HalfW), .UnitW(UnitW)
  ) u_target (
    .clk_i,
    .type1_i    (type1_q),
    .target_i   (target_q),
    .reg_i      (reg_q),
    .compare_i  (st_q[StCompare]),
    .choose_i   (st_q[StTarget]),
    .idle_i     (st_q[StIdle]),
    .msg_begin_i(msg_begin),
    .msg_first_i(msg_first),
    .up_sec_i   (up_sec),
    .up_sub_i   (up_sub),
    .dn_sec_i   (dn_sec),
    .dn_sub_i   (dn_sub),
    .sel_o      (sel_q),
    .place_o    (place_q),
    .to_mgmt_o  (to_mgmt_q),
    .to_up_o    (to_up_q),
    .to_port_o  (to_port_q),
    .to_device_o(to_device_q),
    .aim_o      (aim_q),
    .to_fn_o    (to_fn_q),
    .fn_o       (fn_q),
    .kind_o     (kind_q),
    .unit_o     (unit_q)
  );

  logic [VfW-1:0] vf_q;
  logic [7:0]     aim_sec;        // the bus right below the port that the owner aims through
  logic           there, gone_q;  // the function is; it was not, at least once since it was looked up
  assign there   = fn_there_i[fn_q] && !gone_q;
  if (Owner) begin : gen_aim
    assign dev_o   = aim_q;
    assign aim_sec = dn_sec[aim_q];
  end else begin : gen_of
    assign dev_o   = DevW'(vf_q >> DevVfW);
    assign aim_sec = '0;
    logic unused;
    assign unused = ^aim_q;
  end
  always_ff @(posedge clk_i) begin
    gone_q <= !fn_there_i[fn_q] || (gone_q && !st_q[StLook]);
    if (st_q[StLook]) vf_q <= look_vf_i;
  end
  assign look_fn_o = fn_q;

  // ---- What is kept there ---------------------------------------------------------------------------------------------------
  logic [31:0]          mask, fixed, mask_q, fixed_q, word, enabled, live, live_q, rdata_q, merged_q;
  logic [3:0]           place, word_q, msg_word;
  logic [15:8]          ones_q;
  logic                 we_own, we_fn, write;
  logic [2**UnitW-1:0]  unit_reset;
  assign write  = st_q[StEffect] && write_q && !unsure;
  assign we_own = write && (to_mgmt_q || to_up_q || to_port_q != '0);
  assign we_fn  = write && to_fn_q && there;

  vfp_cfg_map #(.Slot(!Owner), .MaxPayload(MaxPayload)) u_map (
    .kind_i (kind_q),
    .reg_i  (place_q),
    .mask_o (mask),
    .fixed_o(fixed),
    .place_i(reg_q[6:0]),
    .word_o (place)
  );

  vfp_cfg_words #(.Low(NUnits), .High(Owner ? 0 : Fns), .UnitW(UnitW)) u_words (
    .clk_i, .rst_ni,
    .reset_i  (unit_reset),
    .unit_i   (unit_q),
    .word_i   (word_q),
    .we_i     (st_q[StClean] || we_own || we_fn),
    .data_i   (merged_q),
    .cleaned_i(st_q[StClean] && cleaned),
    .stale_o  (stale),
    .data_o   (word)
  );

  // Cleaning goes once around, and ends at the word that was asked for.
  logic [3:0] left_q;
  assign cleaned = left_q == '0;
  assign enabled = {{8{be_q[3]}}, {8{be_q[2]}}, {8{be_q[1]}}, {8{be_q[0]}}};
  always_ff @(posedge clk_i) begin
    if (st_q[StCompare]) word_q <= place;
    else if (msg_begin || msg_reading) word_q <= msg_word;
    else if (st_q[StClean]) word_q <= word_q + 1'b1;
    left_q <= st_q[StClean] ? left_q - 1'b1 : '1;
    if (st_q[StLook]) begin
      mask_q  <= mask;
      fixed_q <= fixed;
    end
    if (st_q[StRead]) begin
      live_q <= live;
      ones_q <= wdata_q[31:24] & enabled[31:24];
    end
    if (st_q[StMerge]) rdata_q <= (word & mask_q) | fixed_q | live_q;
    if (!rst_ni || st_q[StTarget]) merged_q <= '0;  // what cleaning writes
    else if (st_q[StMerge]) merged_q <= (word & ~(mask_q & enabled)) | (wdata_q & mask_q & enabled);
  end

  // ---- Functions -------------------------------------------------------------------------------------------------------
  logic        up_mem_en, up_bme, up_reset, mgmt_bme, mgmt_msi_en, vf_forward;
  logic [15:8] mgmt_errors;
  logic [31:0] ports_live, fns_live;
  logic [NPorts-1:0] dn_mem_en, dn_bme, dn_reset, dn_msi_en, slot_msi;

  vfp_cfg_mgmt u_mgmt (
    .clk_i, .rst_ni,
    .clear_i (down_q),
    .we_i    (st_q[StEffect] && write_q && to_mgmt_q),
    .sel_i   (sel_q),
    .word_i  (merged_q),
    .ones_i  (ones_q),
    .poisoned_i,
    .errors_o(mgmt_errors),
    .mem_en_o(mgmt_en_o),
    .bar_o   (mgmt_bar_o),
    .bme_o   (mgmt_bme),
    .msi_en_o(mgmt_msi_en)
  );

  vfp_cfg_ports #(
    .Owner(Owner), .NPorts(NPorts), .FirstSlot(FirstSlot), .MaxPayload(MaxPayload)
  ) u_ports (
    .clk_i, .rst_ni,
    .down_i     (down_q),
    .write_i    (st_q[StEffect] && write_q),
    .to_up_i    (to_up_q),
    .to_port_i  (to_port_q),
    .sel_i      (sel_q),
    .word_i     (merged_q),
    .ones_i     (ones_q),
    .be_i       (be_q),
    .wdata_i    (wdata_q),
    .live_o     (ports_live),
    .refused_i, .down_poison_i, .down_id_i, .up_poison_i, .up_id_i, .port_aborts_i, .dev_link_i,
    .button_i, .slot_present_i, .slot_ready_i, .slot_quiet_i, .port_back_i,
    .slot_present_o, .slot_link_o, .slot_pressed_o, .slot_powered_o, .slot_usable_o, .slot_off_o, .slot_reset_o,
    .power_led_o, .attn_led_o,
    .up_mem_en_o(up_mem_en),
    .up_bme_o   (up_bme),
    .up_reset_o (up_reset),
    .up_sec_o   (up_sec),
    .up_sub_o   (up_sub),
    .dn_mem_en_o(dn_mem_en),
    .dn_bme_o   (dn_bme),
    .dn_reset_o (dn_reset),
    .dn_msi_en_o(dn_msi_en),
    .dn_sec_o   (dn_sec),
    .dn_sub_o   (dn_sub),
    .slot_msi_o (slot_msi),
    .mem_en_o, .bme_o, .mem_base_o, .mem_limit_o, .pref_base_o, .pref_limit_o, .below_reset_o, .payload_o, .below_payload_o
  );

  // Which functions' registers are at their reset values.
  logic [2**HalfW-1:0] low_reset;
  always_comb begin
    low_reset    = '0;
    low_reset[0] = down_q;
    low_reset[1] = down_q;
    for (int p = 0; p < int'(NPorts); p++) low_reset[p + 2] = down_q || up_reset;
  end

  logic [15:0] rid_q;  // of the function's VF
  logic        moved;  // or of another one, by now
  if (Owner) begin : gen_no_vf
    assign unit_reset = low_reset;
    assign fns_live   = '0;
    assign vf_forward = 1'b0;
    assign rid_q      = target_q;
    assign moved      = 1'b0;
    assign events     = 1'b0;
    assign fn_mse_o   = '0;
    assign fn_bme_o   = '0;
    assign id_o       = '0;
    assign bar_o      = '0;
    logic unused;
    assign unused = ^{id_fn_i, bar_fn_i, bar_3_i, we_fn, vf_q, up_mem_en, dn_mem_en, dn_reset};
  end else begin : gen_vf
    logic [Fns-1:0]   fn_reset;
    logic [Slots-1:0] clear;
    // A slot that is not usable has no functions.
    assign clear = ~slot_usable_o | dn_reset | {Slots{down_q || up_reset}};
    vfp_cfg_fns #(.Slots(Slots), .SlotFns(SlotFns), .Devices(Devices), .Vfs(Vfs)) u_fns (
      .clk_i, .rst_ni,
      .look_i       (st_q[StLook]),
      .clean_i      (st_q[StClean]),
      .read_i       (st_q[StRead]),
      .merge_i      (st_q[StMerge]),
      .we_i         (we_fn),
      .to_fn_i      (to_fn_q),
      .fn_i         (fn_q),
      .vf_i         (vf_q),
      .target_i     (target_q),
      .sel_i        (sel_q),
      .write_i      (write_q),
      .be_i         (be_q),
      .wdata_i      (wdata_q),
      .word_i       (merged_q),
      .ones_i       (ones_q),
      .odd_i        (word_q[0]),
      .live_o       (fns_live),
      .forward_o    (vf_forward),
      .rid_o        (rid_q),
      .moved_o      (moved),
      .clear_i      (clear),
      .up_mem_en_i  (up_mem_en),
      .up_bme_i     (up_bme),
      .dn_mem_en_i  (dn_mem_en),
      .dn_bme_i     (dn_bme),
      .dn_sec_i     (dn_sec),
      .fn_there_i, .now_vf_i(look_vf_i), .vf_busy_i,
      .down_poison_i(down_poison_i[1]),
      .down_id_i,
      .up_poison_i  (up_poison_i[0]),
      .up_abort_i, .up_id_i, .fn_ended_i, .vf_first_i, .vf_stride_i, .vendor_i, .vf_device_i, .class_rev_i, .subsystem_i,
      .bar0_flags_i, .bar3_flags_i, .fn_mse_o, .fn_bme_o, .id_fn_i, .id_o, .bar_fn_i, .bar_3_i, .bar_o,
      .reset_o      (fn_reset),
      .busy_o       (events)
    );
    always_comb begin
      unit_reset = '0;
      unit_reset[2**HalfW-1:0] = low_reset;
      for (int f = 0; f < int'(Fns); f++) unit_reset[(1 << HalfW) + f] = fn_reset[f];
    end
  end

  always_comb begin
    live = ports_live | fns_live;
    if (to_mgmt_q && sel_q['h01]) live[31:24] = live[31:24] | mgmt_errors;
  end

  // ---- Answer ----------------------------------------------------------------------------------------------------------
  // The owner's kernel sets up every VF it enables, MSI-X off included. A VF that a user's server has got meanwhile is
  // no longer the owner's to configure: its writes end here, as if they had been done. It may look.
  // While it is not known which VFs there are, only the PF can be written to: its function is 0. What comes in the few
  // microseconds of a look waits for the end of it.
  logic known, swallow, to_vf_q, lost, here;
  always_ff @(posedge clk_i) to_vf_q <= to_device_q && write_q && target_q != {aim_sec, 8'd0};
  // Whose the target is shows three cycles after target_o, which are steps, and after the end of a look (vfp_dev_steer).
  logic [2:0] told_q;
  always_ff @(posedge clk_i) told_q <= dev_reading_i ? '0 : {told_q[1:0], 1'b1};
  assign here     = to_fn_q && there;
  assign looking  = (to_vf_q && dev_reading_i) || (to_device_q && dev_sizing_i);
  assign unsure   = looking || (to_vf_q && !told_q[2]);
  assign lost     = !dev_known_i && (to_vf_q || here);
  assign swallow  = to_device_q && write_q && foreign_i;
  assign known    = to_mgmt_q || to_up_q || to_port_q != '0 || here || swallow;
  assign target_o = target_q;

  // The request to forward stays at the door until it is taken, so target_q still names its function.
  assign rsp_fwd_live_o = !lost && (Owner ? to_device_q && !swallow && !looking : here && !moved);
  assign rsp_data_o     = rdata_q;
  assign rsp_fwd_bdf_o  = rid_q;

  // Captured from configuration writes (2.2.6.2). Requests of this host carry its own idea of our bus number.
  logic [15:0] mgmt_bdf_q;
  logic [NPorts-1:0][15:0] port_bdf_q;

  always_ff @(posedge clk_i) begin
    if (st_q[StEffect]) begin
      rsp_fwd_o       <= !lost && ((to_device_q && !swallow) || (here && vf_forward));
      rsp_status_o    <= known && !(lost && (to_device_q || vf_forward)) ? vfp_cell_pkg::CplSc : vfp_cell_pkg::CplUr;
      rsp_blocked_o   <= lost && (to_device_q || vf_forward);
      rsp_cpl_id_o    <= known || to_device_q ? target_q : mgmt_bdf_q;
      rsp_fwd_type1_o <= to_device_q ? target_q[15:8] != aim_sec : rid_q[15:8] != dev_sec_bus_i;
    end
    if (down_q) begin
      mgmt_bdf_q <= '0;
      port_bdf_q <= '0;
    end else if (write) begin
      // One device on the link: every Type 0 write tells both functions their bus.
      if (!type1_q) mgmt_bdf_q <= {target_q[15:3], 3'd0};
      for (int p = 0; p < int'(NPorts); p++) if (to_port_q[p]) port_bdf_q[p] <= target_q;
    end
  end

  // ---- Interrupts of the slots, and (the highest) of the management function --------------------------------------------
  logic [NPorts:0] msg_source;
  assign event_msi_can_o = mgmt_msi_en && mgmt_bme;
  vfp_cfg_msi #(.Sources(NPorts + 1)) u_msi (
    .clk_i, .rst_ni,
    .clear_i  (down_q),
    .raise_i  ({event_msi_i, slot_msi}),
    .enabled_i({mgmt_msi_en, dn_msi_en}),
    .may_i    ({event_msi_can_o, up_bme ? dn_bme & dn_msi_en : {NPorts{1'b0}}}),
    .written_i(write),
    .free_i   (st_q[StIdle]),
    .begin_o  (msg_begin),
    .first_o  (msg_first),
    .reading_o(msg_reading),
    .done_o   (msg_done),
    .word_o   (msg_word),
    .data_i   (word),
    .valid_o  (msi_valid_o),
    .ready_i  (msi_ready_i),
    .source_o (msg_source),
    .addr_o   (msi_addr_o),
    .data_o   (msi_data_o)
  );
  always_comb begin
    msi_rid_o = msg_source[NPorts] ? mgmt_bdf_q : '0;
    for (int p = 0; p < int'(NPorts); p++) if (msg_source[p]) msi_rid_o = msi_rid_o | port_bdf_q[p];
  end

  assign mgmt_bdf_o = mgmt_bdf_q;
  assign dsp_bdf_o  = port_bdf_q;
  assign sec_bus_o  = dn_sec;
  assign sub_bus_o  = dn_sub;

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      a_state : assert ($onehot(st_q));
      a_target : assert (!st_q[StEffect] || $onehot0({to_mgmt_q, to_up_q, to_port_q, to_device_q, to_fn_q}));
      a_there : assert (!we_fn || fn_there_i[fn_q]);
    end
  end
`endif

  logic unused;
  assign unused = ^{cfg_hdr_i, fn_ended_i, up_abort_i, vf_busy_i, look_vf_i, fn_there_i, dev_sec_bus_i, vf_first_i, vf_stride_i,
                    vendor_i, vf_device_i, class_rev_i, subsystem_i, bar0_flags_i, bar3_flags_i};

endmodule

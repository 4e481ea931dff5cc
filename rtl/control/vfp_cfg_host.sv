// SPDX-License-Identifier: Apache-2.0
// Configuration space of one host's tree. Decodes the target of each request, as the switch that this host sees would:
//   Type 0                     function 0 management, function 1 upstream port
//   Type 1, below upstream     the downstream ports (owner: one; user: one a slot)
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
  output logic        mem_en_o,      // owner: both ports; windows intersected, a cycle after the write
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

  logic [7:0] bus;
  logic [4:0] dev;
  logic [2:0] func;
  assign {bus, dev, func} = target_q;

  // ---- Which function: first the bus --------------------------------------------------------------------------------------
  logic [7:0]              up_sec, up_sub;
  logic [NPorts-1:0][7:0]  dn_sec, dn_sub;
  logic                    below_q, on_up_q;  // below the upstream port; on the bus of the downstream ports
  logic [NPorts-1:0]       on_dn_q;           // on the bus below a port
  logic [vfp_config_pkg::Selects-1:0] sel_q;  // which DW, of those that are looked at by name
  logic [6:0]              place_q;           // the same for vfp_cfg_map
  always_ff @(posedge clk_i) begin
    if (st_q[StCompare]) begin
      below_q <= type1_q && up_sec != 8'd0 && bus >= up_sec && bus <= up_sub;
      on_up_q <= bus == up_sec;
      for (int p = 0; p < int'(NPorts); p++) on_dn_q[p] <= bus == dn_sec[p];
      for (int r = 0; r < int'(vfp_config_pkg::Selects); r++) sel_q[r] <= reg_q == 10'(r);
      place_q <= reg_q[9:7] == '0 ? reg_q[6:0] : '1;
    end
  end

  // ---- And then which of those on it ----------------------------------------------------------------------------------------
  localparam int unsigned NUnits = NPorts + 2;  // management function, upstream port, downstream ports; then functions
  localparam int unsigned HalfW  = Owner || $clog2(NUnits) > FnW ? $clog2(NUnits) : FnW;
  localparam int unsigned UnitW  = Owner ? HalfW : HalfW + 1;
  logic                    to_mgmt, to_up, to_device, to_fn, to_mgmt_q, to_up_q, to_device_q, to_fn_q;
  logic [NPorts-1:0]       to_port, to_port_q;
  logic [FnW-1:0]          fn, fn_q;
  logic [UnitW-1:0]        unit, unit_q;
  logic [1:0]              kind, kind_q;
  logic [NPorts:0]         msg_first;
  assign to_mgmt = !type1_q && dev == 5'd0 && func == 3'd0;
  assign to_up   = !type1_q && dev == 5'd0 && func == 3'd1;
  for (genvar p = 0; p < NPorts; p++) begin : gen_to_port
    assign to_port[p] = below_q && on_up_q && dev == 5'(p) && func == 3'd0;
  end

  if (Owner) begin : gen_to_device
    logic in_dn_q;
    always_ff @(posedge clk_i) begin
      if (st_q[StCompare]) in_dn_q <= dn_sec[0] != 8'd0 && bus >= dn_sec[0] && bus <= dn_sub[0];
    end
    // On the bus below, only device 0: ARI forwarding is not offered.
    assign to_device = below_q && !on_up_q && in_dn_q && (!on_dn_q[0] || dev == 5'd0);
    assign to_fn = 1'b0;
    assign fn    = '0;
  end else begin : gen_to_fn
    always_comb begin
      fn = '0;
      for (int p = 0; p < int'(NPorts); p++) if (on_dn_q[p]) fn = FnW'(p * int'(SlotFns)) | FnW'(func);
    end
    assign to_device = 1'b0;
    assign to_fn = below_q && !on_up_q && dev == 5'd0 && 4'(func) < 4'(SlotFns) && on_dn_q != '0;
  end

  always_comb begin
    kind = to_mgmt ? vfp_config_pkg::KindMgmt : to_up ? vfp_config_pkg::KindUp :
           to_fn ? vfp_config_pkg::KindFn : vfp_config_pkg::KindDown;
    unit = UnitW'(to_up);
    for (int p = 0; p < int'(NPorts); p++) if (to_port[p]) unit = UnitW'(p + 2);
    if (to_fn) unit = UnitW'(1 << HalfW) | UnitW'(fn);
    // The words are read for a message while there is no request.
    if (st_q[StIdle]) begin
      unit = '0;
      for (int p = 0; p < int'(NPorts); p++) if (msg_first[p]) unit = UnitW'(p + 2);
    end
  end

  logic [VfW-1:0] vf_q;
  logic           there, gone_q;  // the function is; it was not, at least once since it was looked up
  assign there = fn_there_i[fn_q] && !gone_q;
  always_ff @(posedge clk_i) begin
    if (st_q[StTarget]) begin
      to_mgmt_q   <= to_mgmt;
      to_up_q     <= to_up;
      to_port_q   <= to_port;
      to_device_q <= to_device;
      to_fn_q     <= to_fn;
      fn_q        <= fn;
      kind_q      <= kind;
    end
    if (st_q[StTarget] || msg_begin) unit_q <= unit;
    gone_q <= !fn_there_i[fn_q] || (gone_q && !st_q[StLook]);
    if (st_q[StLook]) vf_q <= fn_vf_i[fn_q];
  end

  // ---- What is kept there ---------------------------------------------------------------------------------------------------
  logic [31:0]          mask, fixed, mask_q, fixed_q, word, enabled, live, live_q, rdata_q, merged_q;
  logic [3:0]           place, word_q, msg_word;
  logic [15:8]          ones_q;
  logic                 we_own, we_fn, write;
  logic [2**UnitW-1:0]  unit_reset;
  assign write  = st_q[StEffect] && write_q && !unsure;
  assign we_own = write && (to_mgmt_q || to_up_q || to_port_q != '0);
  assign we_fn  = write && to_fn_q && there;

  vfp_cfg_map #(.Slot(!Owner)) u_map (
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
  logic        up_mem_en, up_bme, up_reset, mgmt_bme, mgmt_msi_en;
  logic [15:8] mgmt_errors, up_errors, up_secondary_errors, fn_errors;
  logic [3:0]  up_dev_errors, dev_ones;
  logic [NPorts-1:0]       dn_mem_en, dn_bme, dn_reset, dn_disable, dn_msi_en, slot_msi;
  logic [NPorts-1:0][15:8] dn_errors, dn_secondary_errors;
  logic [NPorts-1:0][3:0]  dn_dev_errors;
  logic [NPorts-1:0][31:0] slot_reg;
  logic [31:20]            up_mem_base, up_mem_limit, dn_mem_base, dn_mem_limit;
  logic [63:20]            up_pref_base, up_pref_limit, dn_pref_base, dn_pref_limit;
  logic                    up_disable, up_msi_en, vf_forward;
  assign dev_ones = be_q[2] ? wdata_q[19:16] : 4'd0;

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

  vfp_cfg_port #(.Windows(Owner)) u_up (
    .clk_i, .rst_ni,
    .clear_i           (down_q),
    .we_i              (st_q[StEffect] && write_q && to_up_q),
    .sel_i             (sel_q),
    .word_i            (merged_q),
    .ones_i            (ones_q),
    .dev_ones_i        (dev_ones),
    .refused_i         (refused_i),
    .down_poison_i     (down_poison_i),
    .up_poison_i       (up_poison_i),
    .aborts_i          (1'b0),
    .errors_o          (up_errors),
    .secondary_errors_o(up_secondary_errors),
    .dev_errors_o      (up_dev_errors),
    .mem_en_o          (up_mem_en),
    .bme_o             (up_bme),
    .sec_bus_o         (up_sec),
    .sub_bus_o         (up_sub),
    .mem_base_o        (up_mem_base),
    .mem_limit_o       (up_mem_limit),
    .pref_base_o       (up_pref_base),
    .pref_limit_o      (up_pref_limit),
    .link_disable_o    (up_disable),
    .bus_reset_o       (up_reset),
    .msi_en_o          (up_msi_en)
  );

  for (genvar p = 0; p < NPorts; p++) begin : gen_port
    // A completion goes where its requester is, and comes from its completer. A poisoned request goes by address: only the
    // port above has seen it.
    logic down_here, up_here, we;
    logic [31:20] mem_base, mem_limit;
    logic [63:20] pref_base, pref_limit;
    assign we        = st_q[StEffect] && write_q && to_port_q[p];
    assign down_here = dn_sec[p] != 8'd0 && down_id_i[15:8] >= dn_sec[p] && down_id_i[15:8] <= dn_sub[p];
    assign up_here   = dn_sec[p] != 8'd0 && up_id_i[15:8] >= dn_sec[p] && up_id_i[15:8] <= dn_sub[p];
    vfp_cfg_port #(.Windows(Owner)) u_port (
      .clk_i, .rst_ni,
      .clear_i           (down_q || up_reset),
      .we_i              (we),
      .sel_i             (sel_q),
      .word_i            (merged_q),
      .ones_i            (ones_q),
      .dev_ones_i        (dev_ones),
      .refused_i         (2'b00),
      .down_poison_i     ({down_poison_i[1] && down_here, 1'b0}),
      .up_poison_i       (up_here ? up_poison_i : 2'b00),
      .aborts_i          (port_aborts_i[p]),
      .errors_o          (dn_errors[p]),
      .secondary_errors_o(dn_secondary_errors[p]),
      .dev_errors_o      (dn_dev_errors[p]),
      .mem_en_o          (dn_mem_en[p]),
      .bme_o             (dn_bme[p]),
      .sec_bus_o         (dn_sec[p]),
      .sub_bus_o         (dn_sub[p]),
      .mem_base_o        (mem_base),
      .mem_limit_o       (mem_limit),
      .pref_base_o       (pref_base),
      .pref_limit_o      (pref_limit),
      .link_disable_o    (dn_disable[p]),
      .bus_reset_o       (dn_reset[p]),
      .msi_en_o          (dn_msi_en[p])
    );
    if (p == 0) begin : gen_first
      assign dn_mem_base   = mem_base;
      assign dn_mem_limit  = mem_limit;
      assign dn_pref_base  = pref_base;
      assign dn_pref_limit = pref_limit;
    end else begin : gen_other
      logic unused;
      assign unused = ^{mem_base, mem_limit, pref_base, pref_limit};
    end

    if (Owner) begin : gen_no_slot
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
      vfp_slot u_slot (
        .clk_i, .rst_ni,
        .clear_i       (down_q || up_reset),
        .we_i          (we && sel_q['h22]),
        .be_i          (be_q),
        .wdata_i       (wdata_q),
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

  // Which functions' registers are at their reset values.
  logic [2**HalfW-1:0] low_reset;
  always_comb begin
    low_reset    = '0;
    low_reset[0] = down_q;
    low_reset[1] = down_q;
    for (int p = 0; p < int'(NPorts); p++) low_reset[p + 2] = down_q || up_reset;
  end

  logic        fn_multi, fn_busy;  // its slot has more than one function; requests of it are outstanding
  logic [15:0] rid_q;              // of the function's VF
  logic        moved;              // or of another one, by now
  if (Owner) begin : gen_no_vf
    assign unit_reset = low_reset;
    assign fn_errors  = '0;
    assign vf_forward = 1'b0;
    assign fn_multi   = 1'b0;
    assign fn_busy    = 1'b0;
    assign rid_q      = target_q;
    assign moved      = 1'b0;
    assign events     = 1'b0;
    assign fn_mse_o   = '0;
    assign fn_bme_o   = '0;
    assign id_o       = '0;
    assign bar_o      = '0;
    logic unused;
    assign unused = ^{id_fn_i, bar_fn_i, bar_3_i, we_fn, vf_q};
  end else begin : gen_vf
    logic [Slots-1:0] clear, clear_q, was_clear_q, multi, multi_q;
    logic [Fns-1:0]   vf_mse, vf_bme, flr;
    logic             flr_q, forward_q, fn_events;
    // A slot that is not usable has no functions; their registers are at their reset values two cycles later.
    assign clear  = ~slot_usable_o | dn_reset | {Slots{down_q || up_reset}};
    assign events = fn_events || clear != clear_q || clear_q != was_clear_q;
    always_ff @(posedge clk_i) begin
      clear_q     <= clear | {Slots{!rst_ni}};
      was_clear_q <= clear_q;
    end
    vfp_cfg_vf #(.Slots(Slots), .SlotFns(SlotFns)) u_vf (
      .clk_i, .rst_ni,
      .clear_i      (clear_q),
      .there_i      (fn_there_i),
      .we_i         (we_fn),
      .fn_i         (fn_q),
      .bdf_i        (target_q),
      .sel_i        (sel_q),
      .word_i       (merged_q),
      .ones_i       (ones_q),
      .flr_i        (flr_q),
      .clean_i      (st_q[StClean] && to_fn_q),
      .odd_i        (word_q[0]),
      .errors_o     (fn_errors),
      .flr_o        (flr),
      .bus_i        (dn_sec),
      .down_poison_i(down_poison_i[1]),
      .down_id_i,
      .up_poison_i  (up_poison_i[0]),
      .up_abort_i, .up_id_i,
      .ended_i      (fn_ended_i),
      .busy_o       (fn_events),
      .mse_o        (vf_mse),
      .bme_o        (vf_bme),
      .id_fn_i, .id_o, .bar_fn_i, .bar_3_i, .bar_o
    );
    // A function is reachable only through both ports above it.
    for (genvar f = 0; f < Fns; f++) begin : gen_fn
      localparam int unsigned S = f / SlotFns;
      assign fn_mse_o[f] = vf_mse[f] && up_mem_en && dn_mem_en[S];
      assign fn_bme_o[f] = vf_bme[f] && up_bme && dn_bme[S];
    end
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

    always_comb begin
      unit_reset = '0;
      unit_reset[2**HalfW-1:0] = low_reset;
      for (int f = 0; f < int'(Fns); f++) unit_reset[(1 << HalfW) + f] = clear_q[f / int'(SlotFns)] || flr[f];
    end

    // The VF on the device's side: first VF and stride, which is a power of two (vfp_discover).
    logic [15:0] far, far_q, first_q;
    logic [7:0]  stride_q;
    always_comb begin
      far = '0;
      for (int s = 0; s < 8; s++) if (vf_stride_i[s]) far = far | (16'(vf_q) << s);
    end
    logic [15:0] rid;
    assign rid_q = rid;
    always_ff @(posedge clk_i) begin
      if (st_q[StLook]) multi_q <= multi;
      if (st_q[StRead]) begin
        far_q     <= far;
        stride_q  <= vf_stride_i[7:0];
        // What must reach the silicon: the lower byte of Command, MSI-X Message Control, Initiate FLR.
        flr_q     <= sel_q['h2a] && be_q[1] && wdata_q[15];
        forward_q <= write_q && ((sel_q['h01] && be_q[0]) || (sel_q['h1c] && be_q[3]) ||
                                 (sel_q['h2a] && be_q[1] && wdata_q[15]));
      end
      if (st_q[StMerge]) begin
        rid     <= vf_first_i + far_q;
        first_q <= vf_first_i;
      end
    end
    assign vf_forward = forward_q;
    assign moved      = fn_vf_i[fn_q] != vf_q || first_q != vf_first_i || stride_q != vf_stride_i[7:0];
    assign fn_busy    = vf_busy_i[vf_q];
    // A slot is as many functions.
    if (Slots > 1) begin : gen_slots
      assign fn_multi = multi_q[fn_q[FnW-1:$clog2(SlotFns)]];
    end else begin : gen_slot
      assign fn_multi = multi_q[0];
    end
  end

  // What hardware has set, and what differs from device to device.
  always_comb begin
    live = '0;
    if (to_mgmt_q && sel_q['h01]) live[31:24] = mgmt_errors;
    if (to_up_q && sel_q['h01]) live[31:24] = up_errors;
    if (to_up_q && sel_q['h07]) live[31:24] = up_secondary_errors;
    if (to_up_q && sel_q['h1e]) live[19:16] = up_dev_errors;
    for (int p = 0; p < int'(NPorts); p++) begin
      if (to_port_q[p] && sel_q['h01]) live[31:24] = live[31:24] | dn_errors[p];
      if (to_port_q[p] && sel_q['h07]) live[31:24] = live[31:24] | dn_secondary_errors[p];
      if (to_port_q[p] && sel_q['h1e]) live[19:16] = live[19:16] | dn_dev_errors[p];
      if (to_port_q[p] && sel_q['h1f]) live[31:24] = live[31:24] | 8'(p + 1);
      if (to_port_q[p] && sel_q['h20]) live[29] = live[29] | (Owner ? dev_link_i : slot_link_o[p]);
      if (to_port_q[p] && sel_q['h21] && !Owner) live[31:19] = live[31:19] | 13'(int'(FirstSlot) + p);
      if (to_port_q[p] && sel_q['h22]) live = live | slot_reg[p];
    end
    if (to_fn_q) begin
      if (sel_q['h00]) live = live | {vf_device_i, vendor_i};
      if (sel_q['h01]) live[31:24] = live[31:24] | fn_errors;
      if (sel_q['h02]) live = live | class_rev_i;
      if (sel_q['h03]) live[23] = live[23] | fn_multi;
      if (sel_q['h04]) live[3:0] = live[3:0] | bar0_flags_i;
      if (sel_q['h07]) live[3:0] = live[3:0] | bar3_flags_i;
      if (sel_q['h0b]) live = live | subsystem_i;
      if (sel_q['h2a]) live[21] = live[21] | fn_busy;
    end
  end

  // ---- Answer ----------------------------------------------------------------------------------------------------------
  // The owner's kernel sets up every VF it enables, MSI-X off included. A VF that a user's server has got meanwhile is
  // no longer the owner's to configure: its writes end here, as if they had been done. It may look.
  // While it is not known which VFs there are, only the PF can be written to: its function is 0. What comes in the few
  // microseconds of a look waits for the end of it.
  logic known, swallow, to_vf_q, lost, here;
  always_ff @(posedge clk_i) to_vf_q <= to_device_q && write_q && target_q != {dn_sec[0], 8'd0};
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
      rsp_cpl_id_o    <= known || to_device_q ? target_q : mgmt_bdf_q;
      rsp_fwd_type1_o <= to_device_q ? bus != dn_sec[0] : rid_q[15:8] != dev_sec_bus_i;
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
  assign dsp_bdf_o  = port_bdf_q[0];
  assign mem_en_o   = up_mem_en && dn_mem_en[0];
  assign bme_o      = up_bme && dn_bme[0];
  assign sec_bus_o  = dn_sec[0];
  assign sub_bus_o  = dn_sub[0];
  assign below_reset_o = up_reset || dn_reset[0] || dn_disable[0];
  // A window that shrinks has done so a cycle after the write, which is answered later than that.
  if (Owner) begin : gen_windows
    always_ff @(posedge clk_i) begin
      mem_base_o   <= {dn_mem_base > up_mem_base ? dn_mem_base : up_mem_base, 20'd0};
      mem_limit_o  <= {dn_mem_limit < up_mem_limit ? dn_mem_limit : up_mem_limit, 20'hfffff};
      pref_base_o  <= {dn_pref_base > up_pref_base ? dn_pref_base : up_pref_base, 20'd0};
      pref_limit_o <= {dn_pref_limit < up_pref_limit ? dn_pref_limit : up_pref_limit, 20'hfffff};
    end
  end else begin : gen_no_windows
    assign mem_base_o   = '0;
    assign mem_limit_o  = '0;
    assign pref_base_o  = '0;
    assign pref_limit_o = '0;
    logic unused;
    assign unused = ^{up_mem_base, up_mem_limit, up_pref_base, up_pref_limit, dn_mem_base, dn_mem_limit, dn_pref_base,
                      dn_pref_limit};
  end

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
  assign unused = ^{up_msi_en, up_disable, cfg_hdr_i, fn_ended_i, up_abort_i, down_id_i, up_id_i,
                    vf_busy_i, fn_vf_i, fn_there_i, dev_sec_bus_i, dn_disable, merged_q,
                    dn_reset, dn_sub, slot_present_i, slot_ready_i, slot_quiet_i, port_back_i,
                    button_i, dn_msi_en, vf_first_i,
                    vf_stride_i, vendor_i, vf_device_i, class_rev_i, subsystem_i, bar0_flags_i, bar3_flags_i};

endmodule

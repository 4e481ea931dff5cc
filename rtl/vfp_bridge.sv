// SPDX-License-Identifier: Apache-2.0
// The bridge: a multi-root PCIe switch at the transaction layer that shows VFs of its devices to several servers.
// One owner port (index 0), user ports (1..Users), device ports (from Users + 1 on). docs/bridge.md describes their streams;
// adapters to a vendor's hard IP sit outside.
module vfp_bridge #(
  parameter int unsigned Users   = 2,   // user ports, 1..16
  parameter int unsigned Slots   = 2,   // hot-plug slots of each user: 1, 2, 4, 8 or 16
  parameter int unsigned SlotFns = 8,   // functions of a slot: 2, 4 or 8
  parameter int unsigned Vfs     = 64,  // VFs of a device that can be used: 2, 4, .. 64; those above stay the owner's
  parameter int unsigned Devices = 1,   // 1..4
  parameter int unsigned MaxPayload = 128,  // largest payload of a packet in bytes: 128, 256 or 512
  localparam int unsigned Hosts    = Users + 1,
  localparam int unsigned Ports    = Hosts + Devices,
  localparam int unsigned NumSlots = Users * Slots
) (
  input  logic clk_i,
  input  logic rst_ni,
  input  logic tick_ms_i,  // one pulse a millisecond

  // Bit p: the link of port p is up.
  input  logic [Ports-1:0]        link_i,
  // Into the bridge. rx_room: flow classes {Cpl, NP, P} for which there is room; offer only such packets.
  input  logic [Ports-1:0]        rx_valid_i,
  output logic [Ports-1:0]        rx_ready_o,
  output logic [Ports-1:0][2:0]   rx_room_o,
  input  logic [Ports-1:0]        rx_sop_i,
  input  logic [Ports-1:0]        rx_eop_i,
  input  logic [Ports-1:0][127:0] rx_hdr_i,   // with sop
  input  logic [Ports-1:0][127:0] rx_data_i,
  // Out of the bridge. tx_room: classes that the neighbour takes.
  output logic [Ports-1:0]        tx_valid_o,
  input  logic [Ports-1:0]        tx_ready_i,
  input  logic [Ports-1:0][2:0]   tx_room_i,
  output logic [Ports-1:0]        tx_sop_o,
  output logic [Ports-1:0]        tx_eop_o,
  output logic [Ports-1:0][127:0] tx_hdr_o,   // valid with sop
  output logic [Ports-1:0][127:0] tx_data_o,

  // Board pins of the slots, index (user - 1) * Slots + slot. button: one pulse a press.
  input  logic [NumSlots-1:0]      button_i,
  output logic [NumSlots-1:0][1:0] power_led_o,  // vfp_regs_pkg::Led*
  output logic [NumSlots-1:0][1:0] attn_led_o,

  // Bit d: device d is to be reset (hot reset), or its link disabled, as long as this is high. For the bridge its link is down.
  output logic [Devices-1:0] dev_reset_o,

  // Service bus: the management registers without a server. Held until ready; rdata is valid with ready.
  input  logic        svc_valid_i,
  output logic        svc_ready_o,
  input  logic        svc_write_i,
  input  logic [15:0] svc_addr_i,
  input  logic [31:0] svc_wdata_i,
  output logic [31:0] svc_rdata_o,

  // busy: the next cycle can change something by itself. timer: tick_ms_i is awaited. For clock gating.
  output logic busy_o,
  output logic timer_o
);

  if (Users < 1 || Users > 16) begin : gen_bad_users
    $error("vfp_bridge: Users must be 1..16");
  end
  if (Slots < 1 || Slots > 16 || (Slots & (Slots - 1)) != 0) begin : gen_bad_slots
    $error("vfp_bridge: Slots must be 1, 2, 4, 8 or 16");
  end
  if (SlotFns < 2 || SlotFns > 8 || (SlotFns & (SlotFns - 1)) != 0) begin : gen_bad_slot_fns
    $error("vfp_bridge: SlotFns must be 2, 4 or 8");
  end
  if (Vfs < 2 || Vfs > 64 || (Vfs & (Vfs - 1)) != 0) begin : gen_bad_vfs
    $error("vfp_bridge: Vfs must be a power of two, 2..64");
  end
  if (Devices < 1 || Devices > 4) begin : gen_bad_devices
    $error("vfp_bridge: Devices must be 1..4");
  end

  if (MaxPayload != 128 && MaxPayload != 256 && MaxPayload != 512) begin : gen_bad_payload
    $error("vfp_bridge: MaxPayload must be 128, 256 or 512");
  end

  localparam int unsigned UserFns = Slots * SlotFns;
  localparam int unsigned NumFns  = NumSlots * SlotFns;
  localparam int unsigned NFnW    = $clog2(NumFns);
  localparam int unsigned NumVfs  = Devices * Vfs;
  localparam int unsigned VfW     = $clog2(NumVfs);
  localparam int unsigned DevVfW  = $clog2(Vfs);
  localparam int unsigned DevW    = Devices > 1 ? $clog2(Devices) : 1;

  logic [Hosts-1:0]         cfg_valid, cfg_ready, rsp_valid, rsp_ready, rsp_fwd, rsp_fwd_type1, rsp_fwd_live;
  logic [Hosts-1:0]         rsp_blocked;
  logic [Hosts-1:0][127:0]  cfg_hdr;
  logic [Hosts-1:0][31:0]   cfg_data, rsp_data;
  logic [Hosts-1:0][2:0]    rsp_status;
  logic [Hosts-1:0][15:0]   rsp_cpl_id, rsp_fwd_bdf;
  logic [Hosts:0]           reg_valid, reg_ready, reg_write;
  logic [Hosts:0][15:0]     reg_addr;
  logic [Hosts:0][3:0]      reg_be;
  logic [Hosts:0][31:0]     reg_wdata, reg_rdata;
  logic [Hosts-1:0][DevW-1:0]   rsp_fwd_dev;
  logic [Devices-1:0]       int_valid, int_lock, int_ready, int_write, int_type1, int_done;
  logic [Devices-1:0][15:0] int_bdf;
  logic [Devices-1:0][11:0] int_reg;
  logic [Devices-1:0][3:0]  int_be;
  logic [Devices-1:0][31:0] int_wdata, int_rdata;
  logic [Devices-1:0][2:0]  int_status;
  logic [Hosts-1:0]         msi_valid, msi_ready;
  logic [Hosts-1:0][15:0]   msi_rid;
  logic [Hosts-1:0][63:0]   msi_addr;
  logic [Hosts-1:0][31:0]   msi_data;
  logic [Ports-1:0][1:0]    payload;
  logic [Hosts-1:0]         mgmt_en;
  logic [Hosts-1:0][63:0]   mgmt_bar;
  logic [Hosts-1:0][15:0]   mgmt_bdf;
  logic [Devices-1:0]       own_mem_en, own_bme;
  logic [Devices-1:0][31:0] own_mem_base, own_mem_limit;
  logic [Devices-1:0][63:0] own_pref_base, own_pref_limit;
  logic [Devices-1:0][15:0] own_dsp_bdf;
  logic [Devices-1:0][7:0]  own_sec_bus, own_sub_bus;
  logic [NumFns-1:0]          fn_active, fn_mse, fn_bme;
  logic [VfW-1:0]             fn_vf, whose_vf;
  logic [NFnW-1:0]            id_fn, bar_fn;
  logic                       bar_3;
  logic [15:0]                fn_id;
  logic [63:14]               fn_bar;
  logic [Devices-1:0]           dev_known, dev_wait, dev_sriov, dev_vf_mse;
  logic [Devices-1:0][2:0]      dev_vf_shift;
  logic [Devices-1:0][15:0]     dev_vf_first, dev_vf_stride;
  logic [Devices-1:0][DevVfW:0] dev_num_vfs;
  logic [Devices-1:0][63:0]     dev_bar0, dev_bar3;
  logic [NumVfs-1:0]            vf_owned, vf_busy;
  logic [NFnW-1:0]              whose_fn;
  logic [Hosts-1:0][4:0]    weight;
  logic [15:0]              cpl_timeout_ms;
  logic                     freeze, err_valid;
  logic [Devices-1:0]       own_cfg_write, own_cfg_writing, own_cfg_written;
  logic [Devices-1:0][9:0]  own_cfg_reg;
  logic [Ports-1:0][2:0]    ev_rx, ev_tx;
  logic [7:0]               err_port;
  logic [3:0]               err_reason;
  logic [1:0]               timeouts;
  logic [Hosts-1:0]         host_lost;
  logic [Devices-1:0]       dev_stuck;
  logic [Hosts-1:0][1:0]    host_refused;
  logic [127:0]             err_hdr;
  logic                     fabric_busy, fabric_timer, ctrl_busy, ctrl_timer;
  logic                     clk_ctrl, ctrl_on;
  logic [Ports-1:0]         link, link_q;
  logic [Hosts-1:0]         host_lost_q;

  // Nothing of before reaches a card that is being reset, or comes from it (PCIe Base Specification 2.1, 2.9.1).
  assign link = {link_i[Hosts +: Devices] & ~dev_reset_o, link_i[Hosts-1:0]};

  vfp_fabric #(
    .Users(Users), .UserFns(UserFns), .Devices(Devices), .Vfs(Vfs), .MaxPayload(MaxPayload)
  ) u_fabric (
    .clk_ctrl_i(clk_ctrl), .ctrl_on_i(ctrl_on),
    .clk_i, .rst_ni, .tick_ms_i, .payload_i(payload), .link_i(link),
    .rx_valid_i, .rx_ready_o, .rx_room_o, .rx_sop_i, .rx_eop_i, .rx_hdr_i, .rx_data_i,
    .tx_valid_o, .tx_ready_i, .tx_room_i, .tx_sop_o, .tx_eop_o, .tx_hdr_o, .tx_data_o,
    .cfg_valid_o(cfg_valid), .cfg_ready_i(cfg_ready), .cfg_hdr_o(cfg_hdr), .cfg_data_o(cfg_data),
    .rsp_valid_i(rsp_valid), .rsp_ready_o(rsp_ready), .rsp_fwd_i(rsp_fwd), .rsp_status_i(rsp_status),
    .rsp_blocked_i(rsp_blocked),
    .rsp_data_i(rsp_data), .rsp_cpl_id_i(rsp_cpl_id), .rsp_fwd_bdf_i(rsp_fwd_bdf), .rsp_fwd_type1_i(rsp_fwd_type1),
    .rsp_fwd_live_i(rsp_fwd_live), .rsp_fwd_dev_i(rsp_fwd_dev),
    .int_valid_i(int_valid), .int_lock_o(int_lock), .int_ready_o(int_ready), .int_write_i(int_write), .int_bdf_i(int_bdf),
    .int_type1_i(int_type1), .int_reg_i(int_reg), .int_be_i(int_be), .int_wdata_i(int_wdata), .int_done_o(int_done),
    .int_status_o(int_status), .int_rdata_o(int_rdata), .msi_valid_i(msi_valid), .msi_ready_o(msi_ready),
    .msi_rid_i(msi_rid), .msi_addr_i(msi_addr), .msi_data_i(msi_data), .mgmt_en_i(mgmt_en), .mgmt_bar_i(mgmt_bar),
    .mgmt_bdf_i(mgmt_bdf), .own_mem_en_i(own_mem_en), .own_bme_i(own_bme), .own_mem_base_i(own_mem_base),
    .own_mem_limit_i(own_mem_limit), .own_pref_base_i(own_pref_base), .own_pref_limit_i(own_pref_limit),
    .own_dsp_bdf_i(own_dsp_bdf), .own_sec_bus_i(own_sec_bus), .own_sub_bus_i(own_sub_bus), .fn_active_i(fn_active),
    .fn_vf_i(fn_vf), .fn_mse_i(fn_mse), .fn_bme_i(fn_bme), .id_fn_o(id_fn), .fn_id_i(fn_id),
    .bar_fn_o(bar_fn), .bar_3_o(bar_3), .fn_bar_i(fn_bar), .dev_known_i(dev_known), .dev_wait_i(dev_wait), .dev_sriov_i(dev_sriov),
    .dev_vf_mse_i(dev_vf_mse), .dev_vf_shift_i(dev_vf_shift), .dev_vf_first_i(dev_vf_first),
    .dev_vf_stride_i(dev_vf_stride), .dev_num_vfs_i(dev_num_vfs), .dev_bar0_i(dev_bar0), .dev_bar3_i(dev_bar3),
    .vf_owned_i(vf_owned), .whose_vf_o(whose_vf), .whose_fn_i(whose_fn),
    .weight_i(weight), .cpl_timeout_ms_i(cpl_timeout_ms), .freeze_i(freeze),
    .vf_busy_o(vf_busy), .own_cfg_write_o(own_cfg_write), .own_cfg_reg_o(own_cfg_reg),
    .own_cfg_writing_o(own_cfg_writing), .own_cfg_written_o(own_cfg_written), .ev_rx_o(ev_rx), .ev_tx_o(ev_tx), .err_valid_o(err_valid),
    .err_port_o(err_port), .err_reason_o(err_reason), .err_hdr_o(err_hdr), .timeouts_o(timeouts),
    .host_lost_o(host_lost), .dev_stuck_o(dev_stuck), .host_refused_o(host_refused),
    .reg_valid_o(reg_valid[Hosts-1:0]), .reg_ready_i(reg_ready[Hosts-1:0]), .reg_write_o(reg_write[Hosts-1:0]),
    .reg_addr_o(reg_addr[Hosts-1:0]), .reg_be_o(reg_be[Hosts-1:0]), .reg_wdata_o(reg_wdata[Hosts-1:0]),
    .reg_rdata_i(reg_rdata[Hosts-1:0]),
    .busy_o(fabric_busy), .timer_o(fabric_timer)
  );

  assign reg_valid[Hosts] = svc_valid_i;
  assign reg_write[Hosts] = svc_write_i;
  assign reg_addr[Hosts]  = svc_addr_i;
  assign reg_be[Hosts]    = 4'hf;
  assign reg_wdata[Hosts] = svc_wdata_i;
  assign svc_ready_o      = reg_ready[Hosts];
  assign svc_rdata_o      = reg_rdata[Hosts];

  // The control plane rests while it is asked nothing: most of the time, and in the middle of traffic.
  always_ff @(posedge clk_i) begin
    link_q      <= link;
    host_lost_q <= host_lost;
  end
  assign ctrl_on = ctrl_busy || tick_ms_i || cfg_valid != '0 || rsp_valid != '0 || reg_valid != '0 || int_valid != '0 ||
                   int_done != '0 || msi_valid != '0 || own_cfg_write != '0 || own_cfg_writing != '0 || own_cfg_written != '0 ||
                   err_valid || timeouts != '0 || host_refused != '0 || host_lost_q != host_lost || link_q != link;
  vfp_clock_gate u_gate (.clk_i, .rst_ni, .on_i(ctrl_on), .clk_o(clk_ctrl));

  vfp_ctrl #(
    .Users(Users), .Slots(Slots), .SlotFns(SlotFns), .Devices(Devices), .Vfs(Vfs), .MaxPayload(MaxPayload)
  ) u_ctrl (
    .clk_i(clk_ctrl), .rst_ni, .clk_count_i(clk_i), .tick_ms_i,
    .host_link_i(link[Hosts-1:0]),
    .dev_link_i(link[Hosts +: Devices]), .dev_stuck_i(dev_stuck), .dev_reset_o,
    .button_i, .power_led_o, .attn_led_o,
    .reg_valid_i(reg_valid), .reg_ready_o(reg_ready), .reg_write_i(reg_write), .reg_addr_i(reg_addr),
    .reg_be_i(reg_be), .reg_wdata_i(reg_wdata), .reg_rdata_o(reg_rdata),
    .cfg_valid_i(cfg_valid), .cfg_ready_o(cfg_ready), .cfg_hdr_i(cfg_hdr), .cfg_data_i(cfg_data),
    .rsp_valid_o(rsp_valid), .rsp_ready_i(rsp_ready), .rsp_fwd_o(rsp_fwd), .rsp_status_o(rsp_status),
    .rsp_blocked_o(rsp_blocked),
    .rsp_data_o(rsp_data), .rsp_cpl_id_o(rsp_cpl_id), .rsp_fwd_bdf_o(rsp_fwd_bdf), .rsp_fwd_type1_o(rsp_fwd_type1),
    .rsp_fwd_live_o(rsp_fwd_live), .rsp_fwd_dev_o(rsp_fwd_dev),
    .int_valid_o(int_valid), .int_lock_i(int_lock), .int_ready_i(int_ready), .int_write_o(int_write), .int_bdf_o(int_bdf),
    .int_type1_o(int_type1), .int_reg_o(int_reg), .int_be_o(int_be), .int_wdata_o(int_wdata), .int_done_i(int_done),
    .int_status_i(int_status), .int_rdata_i(int_rdata), .msi_valid_o(msi_valid), .msi_ready_i(msi_ready),
    .msi_rid_o(msi_rid), .msi_addr_o(msi_addr), .msi_data_o(msi_data), .payload_o(payload), .mgmt_en_o(mgmt_en), .mgmt_bar_o(mgmt_bar),
    .mgmt_bdf_o(mgmt_bdf), .own_mem_en_o(own_mem_en), .own_bme_o(own_bme), .own_mem_base_o(own_mem_base),
    .own_mem_limit_o(own_mem_limit), .own_pref_base_o(own_pref_base), .own_pref_limit_o(own_pref_limit),
    .own_dsp_bdf_o(own_dsp_bdf), .own_sec_bus_o(own_sec_bus), .own_sub_bus_o(own_sub_bus), .fn_active_o(fn_active),
    .fn_vf_o(fn_vf), .fn_mse_o(fn_mse), .fn_bme_o(fn_bme), .id_fn_i(id_fn), .fn_id_o(fn_id),
    .bar_fn_i(bar_fn), .bar_3_i(bar_3), .fn_bar_o(fn_bar), .dev_known_o(dev_known), .dev_wait_o(dev_wait), .dev_sriov_o(dev_sriov),
    .dev_vf_mse_o(dev_vf_mse), .dev_vf_shift_o(dev_vf_shift), .dev_vf_first_o(dev_vf_first),
    .dev_vf_stride_o(dev_vf_stride), .dev_num_vfs_o(dev_num_vfs), .dev_bar0_o(dev_bar0), .dev_bar3_o(dev_bar3),
    .vf_owned_o(vf_owned), .whose_vf_i(whose_vf), .whose_fn_o(whose_fn),
    .weight_o(weight), .cpl_timeout_ms_o(cpl_timeout_ms), .freeze_o(freeze),
    .vf_busy_i(vf_busy), .own_cfg_write_i(own_cfg_write), .own_cfg_reg_i(own_cfg_reg),
    .own_cfg_writing_i(own_cfg_writing), .own_cfg_written_i(own_cfg_written), .ev_rx_i(ev_rx), .ev_tx_i(ev_tx), .err_valid_i(err_valid),
    .err_port_i(err_port), .err_reason_i(err_reason), .err_hdr_i(err_hdr), .timeouts_i(timeouts),
    .host_lost_i(host_lost), .host_refused_i(host_refused),
    .rx_take_i(rx_valid_i[Hosts-1:0] & rx_ready_o[Hosts-1:0] & rx_sop_i[Hosts-1:0]), .rx_hdr_i(rx_hdr_i[Hosts-1:0]),
    .tx_take_i(tx_valid_o & tx_ready_i & tx_sop_o), .tx_hdr_i(tx_hdr_o),
    .busy_o(ctrl_busy), .timer_o(ctrl_timer)
  );

  assign busy_o  = fabric_busy || ctrl_busy;
  assign timer_o = fabric_timer || ctrl_timer;

endmodule

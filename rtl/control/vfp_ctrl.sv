// SPDX-License-Identifier: Apache-2.0
// Control plane of the bridge: configuration space of every host's tree, hot-plug slots, management registers,
// SR-IOV discovery. The data plane (vfp_fabric) brings it configuration and register requests and asks it for the
// maps; it never sees packets of the data path.
//
// Hosts: 0 is the owner, 1..Users the users. A slot function has the index
//   fi = ((user - 1) * Slots + slot) * SlotFns + function,
// VF n of device d the index d * Vfs + n.
module vfp_ctrl #(
  parameter int unsigned Users   = 2,
  parameter int unsigned Slots   = 2,
  parameter int unsigned SlotFns = 8,
  parameter int unsigned Devices = 1,
  parameter int unsigned Vfs     = 64,  // of a device
  parameter int unsigned MaxPayload = 128,
  localparam int unsigned Hosts    = Users + 1,
  localparam int unsigned Ports    = Hosts + Devices,
  localparam int unsigned NumSlots = Users * Slots,
  localparam int unsigned NumFns   = NumSlots * SlotFns,
  localparam int unsigned NumVfs   = Devices * Vfs,
  localparam int unsigned VfW      = $clog2(NumVfs),
  localparam int unsigned DevVfW   = $clog2(Vfs),
  localparam int unsigned DevW     = Devices > 1 ? $clog2(Devices) : 1
) (
  input  logic clk_i,
  input  logic rst_ni,
  input  logic clk_count_i,  // clk_i, but never stopped (vfp_clock_gate): of what counts and watches packets
  // One pulse a millisecond (board clock or simulator): time base of slots, FLR and heartbeat.
  input  logic tick_ms_i,
  // Bit h: the link to host h is up.
  input  logic [Hosts-1:0] host_link_i,
  input  logic [Devices-1:0] dev_link_i,
  input  logic [Devices-1:0] dev_stuck_i,  // it takes nothing, and its port was given up
  // The owner resets what is below its downstream port, or has its link disabled, or has no link itself.
  output logic [Devices-1:0] dev_reset_o,

  // Board pins of the slots, index (user - 1) * Slots + slot. button: one clock pulse a press.
  input  logic [NumSlots-1:0]      button_i,
  output logic [NumSlots-1:0][1:0] power_led_o,  // vfp_regs_pkg::Led*
  output logic [NumSlots-1:0][1:0] attn_led_o,

  // Configuration requests, one outstanding a host. hdr: the raw TLP (CfgRd/CfgWr 0/1); data: the payload DW.
  input  logic [Hosts-1:0]         cfg_valid_i,
  output logic [Hosts-1:0]         cfg_ready_o,
  input  logic [Hosts-1:0][127:0]  cfg_hdr_i,
  input  logic [Hosts-1:0][31:0]   cfg_data_i,
  // Answer: either a completion (fwd 0) or "send this to the device, its completion is the answer" (fwd 1, target
  // fwd_bdf, as Type 1 if fwd_type1, register number, byte enables and payload as in the request).
  output logic [Hosts-1:0]         rsp_valid_o,
  input  logic [Hosts-1:0]         rsp_ready_i,
  output logic [Hosts-1:0]         rsp_fwd_o,
  output logic [Hosts-1:0][2:0]    rsp_status_o,
  output logic [Hosts-1:0]         rsp_blocked_o,  // with a refusal: since the card is not known; else nothing is there
  output logic [Hosts-1:0][31:0]   rsp_data_o,
  output logic [Hosts-1:0][15:0]   rsp_cpl_id_o,  // completer ID as this host knows the function
  output logic [Hosts-1:0][15:0]   rsp_fwd_bdf_o,
  output logic [Hosts-1:0]         rsp_fwd_type1_o,
  output logic [Hosts-1:0][DevW-1:0] rsp_fwd_dev_o,    // to this device
  output logic [Hosts-1:0]         rsp_fwd_live_o,  // while it waits to be sent: the function is still the asker's

  // Management registers: requests of the hosts' BAR0 (32-bit accesses) and of the service bus (index Hosts).
  // Held until ready; rdata is valid in the cycle of ready. Offsets are bytes; see the generated package.
  input  logic [Hosts:0]           reg_valid_i,
  output logic [Hosts:0]           reg_ready_o,
  input  logic [Hosts:0]           reg_write_i,
  input  logic [Hosts:0][15:0]     reg_addr_i,
  input  logic [Hosts:0][3:0]      reg_be_i,
  input  logic [Hosts:0][31:0]     reg_wdata_i,
  output logic [Hosts:0][31:0]     reg_rdata_o,

  // Requests of the bridge itself to each device: SR-IOV discovery, VFs' resets. One outstanding.
  output logic [Devices-1:0]       int_valid_o,
  input  logic [Devices-1:0]       int_lock_i,
  input  logic [Devices-1:0]       int_ready_i,
  output logic [Devices-1:0]       int_write_o,
  output logic [Devices-1:0][15:0] int_bdf_o,
  output logic [Devices-1:0]       int_type1_o,
  output logic [Devices-1:0][11:0] int_reg_o,     // byte offset, DW aligned
  output logic [Devices-1:0][3:0]  int_be_o,
  output logic [Devices-1:0][31:0] int_wdata_o,
  input  logic [Devices-1:0]       int_done_i,    // one pulse: completed (also on time-out)
  input  logic [Devices-1:0][2:0]  int_status_i,
  input  logic [Devices-1:0][31:0] int_rdata_i,

  // Message-signalled interrupts of the bridge's own functions, posted on the host's egress.
  output logic [Hosts-1:0]         msi_valid_o,
  input  logic [Hosts-1:0]         msi_ready_i,
  output logic [Hosts-1:0][15:0]   msi_rid_o,
  output logic [Hosts-1:0][63:0]   msi_addr_o,
  output logic [Hosts-1:0][31:0]   msi_data_o,

  // Max_Payload_Size of each host's upstream port, of the owner's port above each device: 128 bytes << payload.
  output logic [Ports-1:0][1:0]    payload_o,

  // Maps for the data plane.
  output logic [Hosts-1:0]         mgmt_en_o,       // memory space enabled on the management function
  output logic [Hosts-1:0][63:0]   mgmt_bar_o,      // base of its BAR0 (64 KiB)
  output logic [Hosts-1:0][15:0]   mgmt_bdf_o,      // captured ID of function 0
  // Of each device, the owner's upstream port and the downstream port above the device.
  output logic [Devices-1:0]       own_mem_en_o,    // both ports: memory space enable
  output logic [Devices-1:0]       own_bme_o,       // and bus master enable
  output logic [Devices-1:0][31:0] own_mem_base_o,  // both ports' windows intersected; limit inclusive
  output logic [Devices-1:0][31:0] own_mem_limit_o,
  output logic [Devices-1:0][63:0] own_pref_base_o,
  output logic [Devices-1:0][63:0] own_pref_limit_o,
  output logic [Devices-1:0][15:0] own_dsp_bdf_o,   // requester ID toward the device for users' requests
  output logic [Devices-1:0][7:0]  own_sec_bus_o,   // buses below the owner's downstream port
  output logic [Devices-1:0][7:0]  own_sub_bus_o,
  // Slot functions, index fi.
  output logic [NumFns-1:0]          fn_active_o,   // assigned, slot powered, not draining: requests may pass
  output logic [NumFns-1:0]          fn_mse_o,      // memory space enable, windows of both ports included
  output logic [NumFns-1:0]          fn_bme_o,
  // Looked up one at a time: function id_fn's captured ID on the user's side, and its VF; BAR 0, or BAR 3, of function bar_fn,
  // 16 KiB as the user's enumeration set it.
  input  logic [$clog2(NumFns)-1:0]  id_fn_i,
  output logic [15:0]                fn_id_o,
  output logic [VfW-1:0]             fn_vf_o,
  input  logic [$clog2(NumFns)-1:0]  bar_fn_i,
  input  logic                       bar_3_i,
  output logic [63:14]               fn_bar_o,
  // Each device, as the owner set it up.
  output logic [Devices-1:0]           dev_known_o,     // what follows is what the device says; else nothing is forwarded to or from VFs
  output logic [Devices-1:0]           dev_wait_o,      // and may change any moment: users' requests wait
  output logic [Devices-1:0]           dev_sriov_o,     // there are VFs
  output logic [Devices-1:0]           dev_vf_mse_o,    // VF Memory Space Enable
  output logic [Devices-1:0][2:0]      dev_vf_shift_o,  // VF n's part of a VF BAR is at + n * 16 KiB << shift
  output logic [Devices-1:0][15:0]     dev_vf_first_o,  // routing ID of VF 0
  output logic [Devices-1:0][15:0]     dev_vf_stride_o,
  output logic [Devices-1:0][DevVfW:0] dev_num_vfs_o,
  output logic [Devices-1:0][63:0]     dev_bar0_o,      // VF BAR 0 and 3 of the SR-IOV capability
  output logic [Devices-1:0][63:0]     dev_bar3_o,
  // VFs that belong to a user (also while draining); looked up one at a time: the slot function of such a VF.
  output logic [NumVfs-1:0]         vf_owned_o,
  input  logic [VfW-1:0]            whose_vf_i,
  output logic [$clog2(NumFns)-1:0] whose_fn_o,
  // Weights and limits of the ports.
  output logic [Hosts-1:0][4:0]    weight_o,        // share toward the device, 1..31
  output logic [15:0]              cpl_timeout_ms_o,
  output logic                     freeze_o,        // owner lost: users' requests are answered, not forwarded

  // From the data plane.
  input  logic [NumVfs-1:0]        vf_busy_i,       // requests of or to this VF are outstanding or queued
  // The owner's configuration writes to each PF: pulse, one leaves, to DW reg; one is under way; pulse, one has ended.
  input  logic [Devices-1:0]       own_cfg_write_i,
  input  logic [Devices-1:0][9:0]  own_cfg_reg_i,
  input  logic [Devices-1:0]       own_cfg_writing_i,
  input  logic [Devices-1:0]       own_cfg_written_i,
  input  logic [Ports-1:0][2:0]    ev_rx_i,         // pulses, hosts, then devices: accepted {Cpl, NP, P}
  input  logic [Ports-1:0][2:0]    ev_tx_i,         // pulses: sent {Cpl, NP, P}
  input  logic                     err_valid_i,     // pulse: a packet was dropped or answered with an error
  input  logic [7:0]               err_port_i,      // 0..Hosts-1, then the devices
  input  logic [3:0]               err_reason_i,    // vfp_regs_pkg::Drop*
  input  logic [127:0]             err_hdr_i,
  input  logic [Hosts-1:0][1:0]    host_refused_i,  // pulses: a posted, a non-posted request was refused
  // Headers that pass the ports: see vfp_watch.
  input  logic [Hosts-1:0]         rx_take_i,
  input  logic [Hosts-1:0][127:0]  rx_hdr_i,
  input  logic [Ports-1:0]         tx_take_i,
  input  logic [Ports-1:0][127:0]  tx_hdr_i,
  input  logic [Hosts-1:0]         host_lost_i,     // its port is stuck, and what it was to get is lost
  input  logic [1:0]               timeouts_i,      // pulses: a request to the device, to a host was never answered

  // A cycle can change state without new input: keep clocking. timer: only tick_ms_i is awaited.
  output logic busy_o,
  output logic timer_o
);

  localparam int unsigned UserFns = Slots * SlotFns;

  // ---- The devices, as found ---------------------------------------------------------------------------------------------
  logic [Devices-1:0]       sriov, vfs_off, disc_reading, disc_sizing, cards_busy, cards_wait, ask, ask_ready, ask_write, answer;
  logic [Devices-1:0][2:0]  no_vfs;
  logic [Devices-1:0][15:0] ask_bdf, vendor, vf_device;
  logic [Devices-1:0][11:0] ask_reg;
  logic [Devices-1:0][31:0] class_rev, subsystem;
  logic [Devices-1:0][3:0]  bar0_flags, bar3_flags;
  logic [Devices-1:0][7:0]  sec_bus;
  logic [15:0]              own_target;   // the owner aims at it
  logic [Devices-1:0]       own_foreign;  // and as a function of this device, it is a user's VF
  for (genvar d = 0; d < Devices; d++) begin : gen_card
    vfp_card #(.Vfs(Vfs)) u_card (
      .clk_i, .rst_ni, .tick_ms_i,
      .owner_link_i(host_link_i[0]),
      .link_i      (dev_link_i[d]),
      .reset_i     (dev_reset_o[d]),
      .sec_bus_i   (sec_bus[d]),
      .sub_bus_i   (own_sub_bus_o[d]),
      .write_i     (own_cfg_write_i[d]),
      .write_reg_i (own_cfg_reg_i[d]),
      .writing_i   (own_cfg_writing_i[d]),
      .written_i   (own_cfg_written_i[d]),
      .known_o     (dev_known_o[d]),
      .wait_o      (dev_wait_o[d]),
      .reading_o   (disc_reading[d]),
      .sizing_o    (disc_sizing[d]),
      .sriov_o     (sriov[d]),
      .off_o       (vfs_off[d]),
      .vf_mse_o    (dev_vf_mse_o[d]),
      .refusal_o   (no_vfs[d]),
      .vf_first_o  (dev_vf_first_o[d]),
      .vf_stride_o (dev_vf_stride_o[d]),
      .num_vfs_o   (dev_num_vfs_o[d]),
      .vf_shift_o  (dev_vf_shift_o[d]),
      .bar0_o      (dev_bar0_o[d]),
      .bar3_o      (dev_bar3_o[d]),
      .bar0_flags_o(bar0_flags[d]),
      .bar3_flags_o(bar3_flags[d]),
      .vendor_o    (vendor[d]),
      .vf_device_o (vf_device[d]),
      .class_rev_o (class_rev[d]),
      .subsystem_o (subsystem[d]),
      .target_i    (own_target),
      .vf_owned_i  (vf_owned_o[d*Vfs +: Vfs]),
      .foreign_o   (own_foreign[d]),
      .ask_i       (ask[d]),
      .ask_ready_o (ask_ready[d]),
      .ask_write_i (ask_write[d]),
      .ask_bdf_i   (ask_bdf[d]),
      .ask_reg_i   (ask_reg[d]),
      .answer_o    (answer[d]),
      .int_valid_o (int_valid_o[d]),
      .int_lock_i  (int_lock_i[d]),
      .int_ready_i (int_ready_i[d]),
      .int_write_o (int_write_o[d]),
      .int_bdf_o   (int_bdf_o[d]),
      .int_type1_o (int_type1_o[d]),
      .int_reg_o   (int_reg_o[d]),
      .int_be_o    (int_be_o[d]),
      .int_wdata_o (int_wdata_o[d]),
      .int_done_i  (int_done_i[d]),
      .int_status_i(int_status_i[d]),
      .int_rdata_i (int_rdata_i[d]),
      .busy_o      (cards_busy[d]),
      .timer_o     (cards_wait[d])
    );
  end
  assign dev_sriov_o   = sriov;
  assign own_sec_bus_o = sec_bus;

  // ---- Who has which VF --------------------------------------------------------------------------------------------------
  logic        cmd, cmd_owner, cmd_done, pool_busy, pool_timer;
  logic [31:0] cmd_word;
  logic [3:0]  cmd_result;
  logic [NumSlots-1:0] slot_usable, slot_pressed, slot_powered, slot_off, slot_gone, slot_lost, slot_reset,
                       slot_button, slot_full, slot_ready, slot_present,
                       slot_link, slot_quiet, releasing, requested;
  logic [NumFns-1:0]   fn_there;
  logic [VfW-1:0]      look_vf;
  logic                look_assigned;
  logic [2:0]          look_state;
  logic [$clog2(NumFns)-1:0] look_fn;
  logic [Devices-1:0][$clog2(NumFns)-1:0] watch_fn, watch_vf_fn;  // what vfp_watch looks up, and each server's own tree
  logic [Devices-1:0][VfW-1:0]            watch_fn_vf, watch_vf;
  logic [Users-1:0][$clog2(UserFns)-1:0]  user_fn;
  logic [Users-1:0][VfW-1:0]              user_vf;

  vfp_pool #(.Users(Users), .Slots(Slots), .SlotFns(SlotFns), .Devices(Devices), .Vfs(Vfs)) u_pool (
    .clk_i, .rst_ni, .tick_ms_i,
    .cmd_i         (cmd),
    .cmd_owner_i   (cmd_owner),
    .cmd_word_i    (cmd_word),
    .cmd_done_o    (cmd_done),
    .cmd_result_o  (cmd_result),
    .look_vf_i       (look_vf),
    .look_assigned_o (look_assigned),
    .look_state_o    (look_state),
    .look_fn_o       (look_fn),
    .slot_usable_i (slot_usable),
    .slot_seen_i   (slot_present),
    .slot_pressed_i(slot_pressed),
    .slot_powered_i(slot_powered),
    .slot_off_i    (slot_off),
    .slot_gone_i   (slot_gone),
    .slot_lost_i   (slot_lost),
    .slot_reset_i  (slot_reset),
    .power_led_i   (power_led_o),
    .button_o      (slot_button),
    .slot_present_o(slot_full),
    .slot_ready_o  (slot_ready),
    .slot_quiet_o  (slot_quiet),
    .releasing_o   (releasing),
    .requested_o   (requested),
    .command_event_o     (command_event),
    .command_event_word_o(command_event_word),
    .released_o          (released),
    .released_ready_i    (released_ready),
    .released_word_o     (released_word),
    .dev_known_i   (dev_known_o & ~dev_wait_o),
    .off_i         (vfs_off),
    .sriov_i       (sriov),
    .num_vfs_i     (dev_num_vfs_o),
    .vf_first_i    (dev_vf_first_o),
    .vf_stride_i   (dev_vf_stride_o),
    .vf_busy_i,
    .drain_ms_i    (cpl_timeout_ms_o),
    .ask_o         (ask),
    .ask_ready_i   (ask_ready),
    .ask_write_o   (ask_write),
    .ask_bdf_o     (ask_bdf),
    .ask_reg_o     (ask_reg),
    .answer_i      (answer),
    .status_i      (int_status_i),
    .rdata_i       (int_rdata_i),
    .fn_there_o    (fn_there),
    .fn_active_o,
    .vf_owned_o,
    .look_fn_i     ({watch_fn, id_fn_i}),
    .look_vf_o     ({watch_fn_vf, fn_vf_o}),
    .user_fn_i     (user_fn),
    .user_vf_o     (user_vf),
    .whose_vf_i    ({watch_vf, whose_vf_i}),
    .whose_fn_o    ({watch_vf_fn, whose_fn_o}),
    .busy_o        (pool_busy),
    .timer_o       (pool_timer)
  );

  // ---- What the servers are told ------------------------------------------------------------------------------------------
  logic        command_event, released, released_ready, event_room, event_ask, event_ack, event_done, events_busy;
  logic [31:0] command_event_word, released_word, event_word, event_count, event_ack_count;
  logic [3:0]  event_index;
  logic [$clog2(Hosts)-1:0] event_host;
  logic [Hosts-1:0] event_msi_can, event_msi;
  vfp_events #(.Users(Users), .Slots(Slots)) u_events (
    .clk_i, .rst_ni,
    .command_room_o  (event_room),
    .command_i       (command_event),
    .command_event_i (command_event_word),
    .released_i      (released),
    .released_ready_o(released_ready),
    .released_event_i(released_word),
    .slot_powered_i  (slot_powered),
    .host_link_i     (host_link_i & ~host_lost_i),
    .frozen_i        (freeze_o),
    .ask_i           (event_ask),
    .ack_i           (event_ack),
    .host_i          (event_host),
    .index_i         (event_index),
    .ack_count_i     (event_ack_count),
    .done_o          (event_done),
    .event_o         (event_word),
    .count_o         (event_count),
    .msi_can_i       (event_msi_can),
    .msi_o           (event_msi),
    .busy_o          (events_busy)
  );

  // ---- What the Status registers record --------------------------------------------------------------------------------
  logic [Hosts-1:0]       poisoned, up_abort;
  logic [Hosts-1:0][1:0]  down_poison, up_poison;
  logic [Hosts-1:0][15:0] down_id, up_id;
  logic [NumFns-1:0][1:0] fn_ended;
  logic [NumFns-1:0]      fn_refused;
  logic [Devices-1:0]     own_refused;
  logic                   watch_busy;
  vfp_watch #(.Users(Users), .UserFns(UserFns), .Devices(Devices), .Vfs(Vfs)) u_watch (
    .clk_i(clk_count_i), .rst_ni, .rx_take_i, .rx_hdr_i, .tx_take_i, .tx_hdr_i,
    .dev_known_i  (dev_known_o),
    .sriov_i      (sriov),
    .vf_first_i   (dev_vf_first_o),
    .vf_stride_i  (dev_vf_stride_o),
    .num_vfs_i    (dev_num_vfs_o),
    .sec_bus_i    (sec_bus),
    .sub_bus_i    (own_sub_bus_o),
    .own_dsp_bdf_i(own_dsp_bdf_o),
    .vf_owned_i   (vf_owned_o),
    .whose_vf_o   (watch_vf),
    .whose_fn_i   (watch_vf_fn),
    .look_fn_o    (watch_fn),
    .look_vf_i    (watch_fn_vf),
    .down_poison_o(down_poison),
    .down_id_o    (down_id),
    .up_poison_o  (up_poison),
    .up_abort_o   (up_abort),
    .up_id_o      (up_id),
    .fn_ended_o   (fn_ended),
    .fn_refused_o (fn_refused),
    .own_refused_o(own_refused),
    .busy_o       (watch_busy)
  );
  for (genvar h = 0; h < Hosts; h++) begin : gen_poisoned
    assign poisoned[h] = err_valid_i && err_reason_i == vfp_regs_pkg::DropPoisoned && err_port_i == 8'(h);
  end

  // ---- The hosts' trees --------------------------------------------------------------------------------------------------
  logic [Hosts-1:0] cfg_busy;

  // The owner has no slots and no emulated functions. Constants have their width at an instance: Yosys elaborates a module
  // with '0 there a second time, and cannot if it has parameters.
  logic [Devices-1:0]       no_present, no_link, no_pressed, no_powered, no_usable, no_off, no_reset;
  logic [Devices-1:0][1:0]  no_power_led, no_attn_led;
  logic [UserFns-1:0]       no_mse, no_bme;
  logic [63:14]             no_bar;
  logic [$clog2(UserFns)-1:0] no_look;
  logic [15:0]              no_id;

  logic [Devices-1:0] own_below_reset;
  always_ff @(posedge clk_count_i) dev_reset_o <= own_below_reset | {Devices{!rst_ni}};

  logic [DevW-1:0] dev0;
  assign rsp_fwd_dev_o[0] = dev0;
  vfp_cfg_host #(.Owner(1'b1), .Slots(Slots), .SlotFns(SlotFns), .Devices(Devices), .Vfs(Vfs), .MaxPayload(MaxPayload)) u_owner (
    .clk_i, .rst_ni,
    .link_i         (host_link_i[0]),
    .cfg_valid_i    (cfg_valid_i[0]),
    .cfg_ready_o    (cfg_ready_o[0]),
    .cfg_hdr_i      (cfg_hdr_i[0]),
    .cfg_data_i     (cfg_data_i[0]),
    .rsp_valid_o    (rsp_valid_o[0]),
    .rsp_ready_i    (rsp_ready_i[0]),
    .rsp_fwd_o      (rsp_fwd_o[0]),
    .rsp_status_o   (rsp_status_o[0]),
    .rsp_blocked_o  (rsp_blocked_o[0]),
    .rsp_data_o     (rsp_data_o[0]),
    .rsp_cpl_id_o   (rsp_cpl_id_o[0]),
    .rsp_fwd_bdf_o  (rsp_fwd_bdf_o[0]),
    .rsp_fwd_type1_o(rsp_fwd_type1_o[0]),
    .rsp_fwd_live_o (rsp_fwd_live_o[0]),
    .dev_o          (dev0),
    .button_i       ({Devices{1'b0}}),
    .slot_present_i ({Devices{1'b0}}),
    .slot_ready_i   ({Devices{1'b0}}),
    .slot_quiet_i   ({Devices{1'b0}}),
    .port_back_i    (1'b0),
    .dev_link_i,
    .refused_i      (host_refused_i[0]),
    .poisoned_i     (poisoned[0]),
    .down_poison_i  (down_poison[0]),
    .down_id_i      (down_id[0]),
    .up_poison_i    (up_poison[0]),
    .up_abort_i     (up_abort[0]),
    .up_id_i        (up_id[0]),
    .fn_ended_i     ({2 * UserFns{1'b0}}),
    .port_aborts_i  (own_refused),
    .event_msi_can_o(event_msi_can[0]),
    .event_msi_i    (event_msi[0]),
    .slot_present_o (no_present),
    .slot_link_o    (no_link),
    .slot_pressed_o (no_pressed),
    .slot_powered_o (no_powered),
    .slot_usable_o  (no_usable),
    .slot_off_o     (no_off),
    .slot_reset_o   (no_reset),
    .power_led_o    (no_power_led),
    .attn_led_o     (no_attn_led),
    .fn_there_i     ({UserFns{1'b0}}),
    .look_fn_o      (no_look),
    .look_vf_i      ({VfW{1'b0}}),
    .vf_busy_i,
    .fn_mse_o       (no_mse),
    .fn_bme_o       (no_bme),
    .id_fn_i        ({$clog2(UserFns){1'b0}}),
    .id_o           (no_id),
    .bar_fn_i       ({$clog2(UserFns){1'b0}}),
    .bar_3_i        (1'b0),
    .bar_o          (no_bar),
    .target_o       (own_target),
    .foreign_i      (own_foreign[dev0]),
    .dev_known_i    (dev_known_o[dev0]),
    .dev_reading_i  (disc_reading[dev0]),
    .dev_sizing_i   (disc_sizing[dev0]),
    .vf_first_i     (16'd0),
    .vf_stride_i    (16'd0),
    .dev_sec_bus_i  (8'd0),
    .vendor_i       (16'd0),
    .vf_device_i    (16'd0),
    .class_rev_i    (32'd0),
    .subsystem_i    (32'd0),
    .bar0_flags_i   (4'd0),
    .bar3_flags_i   (4'd0),
    .mgmt_en_o      (mgmt_en_o[0]),
    .mgmt_bar_o     (mgmt_bar_o[0]),
    .mgmt_bdf_o     (mgmt_bdf_o[0]),
    .mem_en_o       (own_mem_en_o),
    .bme_o          (own_bme_o),
    .mem_base_o     (own_mem_base_o),
    .mem_limit_o    (own_mem_limit_o),
    .pref_base_o    (own_pref_base_o),
    .pref_limit_o   (own_pref_limit_o),
    .dsp_bdf_o      (own_dsp_bdf_o),
    .sec_bus_o      (sec_bus),
    .sub_bus_o      (own_sub_bus_o),
    .below_reset_o  (own_below_reset),
    .payload_o      (payload_o[0]),
    .below_payload_o(payload_o[Ports-1:Hosts]),
    .msi_valid_o    (msi_valid_o[0]),
    .msi_ready_i    (msi_ready_i[0]),
    .msi_rid_o      (msi_rid_o[0]),
    .msi_addr_o     (msi_addr_o[0]),
    .msi_data_o     (msi_data_o[0]),
    .busy_o         (cfg_busy[0])
  );

  logic [Hosts-1:0] host_was_lost_q;
  always_ff @(posedge clk_i) host_was_lost_q <= rst_ni ? host_lost_i : '0;

  // Below a user's ports is nothing but slots: what they let pass is in the functions.
  logic [Users-1:0][Slots-1:0][31:0] no_mem_base, no_mem_limit;
  logic [Users-1:0][Slots-1:0][63:0] no_pref_base, no_pref_limit;
  logic [Users-1:0][Slots-1:0][15:0] no_dsp_bdf;
  logic [Users-1:0][Slots-1:0][7:0]  no_sec, no_sub;
  logic [Users-1:0][Slots-1:0][1:0]  no_payload;
  logic [Users-1:0][15:0]  user_id;
  logic [Users-1:0][63:14] user_bar;
  assign fn_id_o  = user_id[32'(id_fn_i) / UserFns];
  assign fn_bar_o = user_bar[32'(bar_fn_i) / UserFns];

  for (genvar h = 1; h < Hosts; h++) begin : gen_user
    localparam int unsigned S0 = (h - 1) * Slots;
    localparam int unsigned F0 = S0 * SlotFns;
    logic [Slots-1:0]       mem_en, bus_master, below_reset;
    logic [15:0]            target;
    logic [DevW-1:0]        of;  // the device whose VF is asked
    assign rsp_fwd_dev_o[h] = of;
    logic [Slots-1:0] port_aborts;
    for (genvar s = 0; s < Slots; s++) begin : gen_aborts
      assign port_aborts[s] = fn_refused[F0 + s * SlotFns +: SlotFns] != '0;
    end

    vfp_cfg_host #(
      .Owner(1'b0), .Slots(Slots), .SlotFns(SlotFns), .Devices(Devices), .Vfs(Vfs), .FirstSlot(1),
      .MaxPayload(MaxPayload)
    ) u_tree (
      .clk_i, .rst_ni,
      .link_i         (host_link_i[h]),
      .cfg_valid_i    (cfg_valid_i[h]),
      .cfg_ready_o    (cfg_ready_o[h]),
      .cfg_hdr_i      (cfg_hdr_i[h]),
      .cfg_data_i     (cfg_data_i[h]),
      .rsp_valid_o    (rsp_valid_o[h]),
      .rsp_ready_i    (rsp_ready_i[h]),
      .rsp_fwd_o      (rsp_fwd_o[h]),
      .rsp_status_o   (rsp_status_o[h]),
      .rsp_blocked_o  (rsp_blocked_o[h]),
      .rsp_data_o     (rsp_data_o[h]),
      .rsp_cpl_id_o   (rsp_cpl_id_o[h]),
      .rsp_fwd_bdf_o  (rsp_fwd_bdf_o[h]),
      .rsp_fwd_type1_o(rsp_fwd_type1_o[h]),
      .rsp_fwd_live_o (rsp_fwd_live_o[h]),
      .dev_o          (of),
      .button_i       (button_i[S0 +: Slots] | slot_button[S0 +: Slots]),
      .slot_present_i (slot_full[S0 +: Slots]),
      .slot_ready_i   (slot_ready[S0 +: Slots]),
      .slot_quiet_i   (slot_quiet[S0 +: Slots]),
      .port_back_i    (host_was_lost_q[h] && !host_lost_i[h]),
      .dev_link_i     ({Slots{1'b0}}),
      .refused_i      (host_refused_i[h]),
      .poisoned_i     (poisoned[h]),
      .down_poison_i  (down_poison[h]),
      .down_id_i      (down_id[h]),
      .up_poison_i    (up_poison[h]),
      .up_abort_i     (up_abort[h]),
      .up_id_i        (up_id[h]),
      .fn_ended_i     (fn_ended[F0 +: UserFns]),
      .port_aborts_i  (port_aborts),
      .event_msi_can_o(event_msi_can[h]),
      .event_msi_i    (event_msi[h]),
      .slot_present_o (slot_present[S0 +: Slots]),
      .slot_link_o    (slot_link[S0 +: Slots]),
      .slot_pressed_o (slot_pressed[S0 +: Slots]),
      .slot_powered_o (slot_powered[S0 +: Slots]),
      .slot_usable_o  (slot_usable[S0 +: Slots]),
      .slot_off_o     (slot_off[S0 +: Slots]),
      .slot_reset_o   (slot_reset[S0 +: Slots]),
      .power_led_o    (power_led_o[S0 +: Slots]),
      .attn_led_o     (attn_led_o[S0 +: Slots]),
      .fn_there_i     (fn_there[F0 +: UserFns]),
      .look_fn_o      (user_fn[h - 1]),
      .look_vf_i      (user_vf[h - 1]),
      .vf_busy_i,
      .fn_mse_o       (fn_mse_o[F0 +: UserFns]),
      .fn_bme_o       (fn_bme_o[F0 +: UserFns]),
      .id_fn_i        (id_fn_i[$clog2(UserFns)-1:0]),
      .id_o           (user_id[h - 1]),
      .bar_fn_i       (bar_fn_i[$clog2(UserFns)-1:0]),
      .bar_3_i,
      .bar_o          (user_bar[h - 1]),
      .target_o       (target),
      .foreign_i      (1'b0),
      .dev_known_i    (dev_known_o[of]),
      .dev_reading_i  (1'b0),
      .dev_sizing_i   (1'b0),
      .vf_first_i     (dev_vf_first_o[of]),
      .vf_stride_i    (dev_vf_stride_o[of]),
      .dev_sec_bus_i  (sec_bus[of]),
      .vendor_i       (vendor[of]),
      .vf_device_i    (vf_device[of]),
      .class_rev_i    (class_rev[of]),
      .subsystem_i    (subsystem[of]),
      .bar0_flags_i   (bar0_flags[of]),
      .bar3_flags_i   (bar3_flags[of]),
      .mgmt_en_o      (mgmt_en_o[h]),
      .mgmt_bar_o     (mgmt_bar_o[h]),
      .mgmt_bdf_o     (mgmt_bdf_o[h]),
      .mem_en_o       (mem_en),
      .bme_o          (bus_master),
      .mem_base_o     (no_mem_base[h - 1]),
      .mem_limit_o    (no_mem_limit[h - 1]),
      .pref_base_o    (no_pref_base[h - 1]),
      .pref_limit_o   (no_pref_limit[h - 1]),
      .dsp_bdf_o      (no_dsp_bdf[h - 1]),
      .sec_bus_o      (no_sec[h - 1]),
      .sub_bus_o      (no_sub[h - 1]),
      .below_reset_o  (below_reset),
      .payload_o      (payload_o[h]),
      .below_payload_o(no_payload[h - 1]),
      .msi_valid_o    (msi_valid_o[h]),
      .msi_ready_i    (msi_ready_i[h]),
      .msi_rid_o      (msi_rid_o[h]),
      .msi_addr_o     (msi_addr_o[h]),
      .msi_data_o     (msi_data_o[h]),
      .busy_o         (cfg_busy[h])
    );

    assign slot_gone[S0 +: Slots] = {Slots{!host_link_i[h]}};
    assign slot_lost[S0 +: Slots] = {Slots{host_lost_i[h]}};
    logic unused;
    assign unused = ^{mem_en, bus_master, target, below_reset};
  end

  logic unused;
  assign unused = ^{no_present, no_link, no_pressed, no_powered, no_usable, no_off, no_reset, host_was_lost_q[0], no_power_led,
                    no_attn_led, no_mse, no_bme,
                    no_bar, no_id, no_look, no_mem_base, no_mem_limit, no_pref_base, no_pref_limit, no_dsp_bdf, no_sec, no_sub,
                    no_payload};

  // ---- Registers ---------------------------------------------------------------------------------------------------------
  logic regs_busy, regs_timer;
  vfp_regs #(.Users(Users), .Slots(Slots), .SlotFns(SlotFns), .Devices(Devices), .Vfs(Vfs), .MaxPayload(MaxPayload)) u_regs (
    .clk_i, .rst_ni, .clk_count_i, .tick_ms_i,
    .reg_valid_i, .reg_ready_o, .reg_write_i, .reg_addr_i, .reg_be_i, .reg_wdata_i, .reg_rdata_o,
    .cmd_o         (cmd),
    .cmd_owner_o   (cmd_owner),
    .cmd_word_o    (cmd_word),
    .cmd_done_i    (cmd_done),
    .cmd_result_i  (cmd_result),
    .look_vf_o       (look_vf),
    .look_assigned_i (look_assigned),
    .look_state_i    (look_state),
    .look_fn_i       (look_fn),
    .sriov_i       (sriov),
    .no_vfs_i      (no_vfs),
    .num_vfs_i     (dev_num_vfs_o),
    .dev_link_i, .dev_stuck_i,
    .payload_i     (payload_o),
    .dev_bus_i     (sec_bus),
    .vf_busy_i,
    .slot_present_i(slot_present),
    .slot_link_i   (slot_link),
    .slot_powered_i(slot_powered),
    .slot_usable_i (slot_usable),
    .power_led_i   (power_led_o),
    .attn_led_i    (attn_led_o),
    .releasing_i   (releasing),
    .requested_i   (requested),
    .event_room_i  (event_room),
    .event_ask_o   (event_ask),
    .event_ack_o   (event_ack),
    .event_host_o  (event_host),
    .event_index_o (event_index),
    .event_ack_count_o(event_ack_count),
    .event_done_i  (event_done),
    .event_i       (event_word),
    .event_count_i (event_count),
    .ev_rx_i, .ev_tx_i, .err_valid_i, .err_port_i, .err_reason_i, .err_hdr_i, .timeouts_i,
    .weight_o, .cpl_timeout_ms_o, .freeze_o,
    .busy_o        (regs_busy),
    .timer_o       (regs_timer)
  );

  assign busy_o  = cards_busy != '0 || pool_busy || regs_busy || events_busy || watch_busy || (|cfg_busy) || (|button_i) ||
                   host_was_lost_q != host_lost_i;
  assign timer_o = pool_timer || regs_timer || cards_wait != '0;

endmodule

// SPDX-License-Identifier: Apache-2.0
// Management registers: one access at a time, from the hosts' ports and the service bus. Offsets, fields, values, and
// who may read and write what are those of tools/regs/bridge.toml, through vfp_regs_pkg.
//
// An access goes through its steps one a cycle: heard, chosen, taken over, decoded, carried out, waited for where others have the
// answer (a command, counters, events), gathered, answered. Each source of a read has a register that stays 0 for the others,
// so that the answer is their OR.
module vfp_regs #(
  parameter int unsigned Users   = 2,
  parameter int unsigned Slots   = 2,
  parameter int unsigned SlotFns = 8,
  parameter int unsigned Devices = 1,
  parameter int unsigned Vfs     = 64,  // of a device
  parameter int unsigned MaxPayload = 128,
  localparam int unsigned Hosts    = Users + 1,
  localparam int unsigned Ports    = Hosts + Devices,
  localparam int unsigned HostW    = $clog2(Hosts),
  localparam int unsigned Views    = Hosts + 1,  // the last one: service bus
  localparam int unsigned ViewW    = $clog2(Views),
  localparam int unsigned NumSlots = Users * Slots,
  localparam int unsigned NumFns   = NumSlots * SlotFns,
  localparam int unsigned NSlotW   = NumSlots > 1 ? $clog2(NumSlots) : 1,
  localparam int unsigned NFnW     = $clog2(NumFns),
  localparam int unsigned NumVfs   = Devices * Vfs,  // numbered device * Vfs + VF
  localparam int unsigned VfW      = $clog2(NumVfs),
  localparam int unsigned DevVfW   = $clog2(Vfs),
  localparam int unsigned DevW     = Devices > 1 ? $clog2(Devices) : 1
) (
  input  logic clk_i,
  input  logic rst_ni,
  input  logic clk_count_i,  // clk_i, but never stopped (vfp_clock_gate): of the counters
  input  logic tick_ms_i,

  input  logic [Views-1:0]       reg_valid_i,
  output logic [Views-1:0]       reg_ready_o,
  input  logic [Views-1:0]       reg_write_i,
  input  logic [Views-1:0][15:0] reg_addr_i,
  input  logic [Views-1:0][3:0]  reg_be_i,
  input  logic [Views-1:0][31:0] reg_wdata_i,
  output logic [Views-1:0][31:0] reg_rdata_o,

  output logic        cmd_o,       // pulse; the next one after its end
  output logic        cmd_owner_o,
  output logic [31:0] cmd_word_o,  // a command_t; of a user, with its own number in USER
  input  logic        cmd_done_i,  // pulse
  input  logic [3:0]  cmd_result_i,

  // A VF's row in vfp_pool: valid two cycles after its number.
  output logic [VfW-1:0]  look_vf_o,
  input  logic            look_assigned_i,
  input  logic [2:0]      look_state_i,
  input  logic [NFnW-1:0] look_fn_i,

  input  logic [Devices-1:0]           sriov_i,
  input  logic [Devices-1:0][2:0]      no_vfs_i,     // a NoVfs*
  input  logic [Devices-1:0][DevVfW:0] num_vfs_i,
  input  logic [Devices-1:0]           dev_link_i,
  input  logic [Devices-1:0]           dev_stuck_i,  // its port is contained
  input  logic [Devices-1:0][7:0]      dev_bus_i,
  input  logic [Ports-1:0][1:0]        payload_i,  // of each port (vfp_cfg_port)
  input  logic [NumVfs-1:0]        vf_busy_i,
  input  logic [NumSlots-1:0]      slot_present_i,
  input  logic [NumSlots-1:0]      slot_link_i,
  input  logic [NumSlots-1:0]      slot_powered_i,
  input  logic [NumSlots-1:0]      slot_usable_i,
  input  logic [NumSlots-1:0][1:0] power_led_i,
  input  logic [NumSlots-1:0][1:0] attn_led_i,
  input  logic [NumSlots-1:0]      releasing_i,
  input  logic [NumSlots-1:0]      requested_i,
  // The log of events (vfp_events) of the host that asks: see there.
  input  logic                     event_room_i,   // for what a command has to tell
  output logic                     event_ask_o,
  output logic                     event_ack_o,
  output logic [HostW-1:0]         event_host_o,
  output logic [3:0]               event_index_o,
  output logic [31:0]              event_ack_count_o,
  input  logic                     event_done_i,
  input  logic [31:0]              event_i,
  input  logic [31:0]              event_count_i,

  input  logic [Ports-1:0][2:0] ev_rx_i,
  input  logic [Ports-1:0][2:0] ev_tx_i,
  input  logic         err_valid_i,
  input  logic [7:0]   err_port_i,
  input  logic [3:0]   err_reason_i,
  input  logic [127:0] err_hdr_i,
  input  logic [1:0]   timeouts_i,   // requests that expired in this cycle

  output logic [Hosts-1:0][4:0] weight_o,
  output logic [15:0] cpl_timeout_ms_o,
  output logic        freeze_o,
  output logic        busy_o,
  output logic        timer_o
);

  logic rst_q;  // many wait for it
  always_ff @(posedge clk_i) rst_q <= !rst_ni;

  // ---- The steps of an access ------------------------------------------------------------------------------------------
  logic init_q, take_q, decode_q, act_q, wait_q, gather_q, answer_q;
  logic free, act, held, slow, done;
  logic [Views-1:0] asking, asking_q, later_q, first, turn_q, after_q;  // whose turn it is, and who comes after it
  logic [ViewW-1:0] view_q, from_q, init_at_q;  // from: the same, for what it asks for alone, which is wide
  // One whose request vanishes before its turn gets none (live_q).
  assign asking = reg_valid_i & ~reg_ready_o & ~({Views{answer_q}} & turn_q);
  always_ff @(posedge clk_i) begin
    asking_q <= rst_q ? '0 : asking;
    later_q  <= asking & after_q;
  end
  vfp_turn #(.N(Views)) u_turn (.able_i(asking_q), .later_i(later_q), .first_o(first));

  logic [Views-1:0] behind;
  logic [ViewW-1:0] first_view;
  always_comb begin
    first_view = '0;
    behind     = '0;
    for (int v = 0; v < int'(Views); v++) begin
      if (first[v]) first_view |= ViewW'(v);
      if (v > 0) behind[v] = behind[v-1] || turn_q[v-1];
    end
  end

  logic        write_q, whole_q, owner_q, live_q;  // live: it is asked for still
  logic [15:0] addr_q;
  logic [31:0] wdata_q;
  vfp_regs_pkg::hit_t hit_q;
  assign free = !(init_q || take_q || decode_q || act_q || wait_q || gather_q || answer_q);
  assign held = hit_q.command && !event_room_i;
  assign act  = act_q && !held;

  always_ff @(posedge clk_i) begin
    if (rst_q) begin
      {take_q, decode_q, act_q, wait_q, gather_q, answer_q} <= '0;
      init_q      <= 1'b1;
      view_q      <= '0;
      init_at_q   <= ViewW'(1);
      after_q     <= '0;
      reg_ready_o <= '0;
    end else begin
      take_q   <= free && asking_q != '0;
      decode_q <= take_q;
      act_q    <= decode_q || (act_q && held);
      wait_q   <= (act && slow) || (wait_q && !done);
      gather_q <= (act && !slow) || (wait_q && done);
      answer_q <= gather_q;
      // First a turn through all views, in which their words of memory are cleared.
      if (init_q) begin
        init_at_q <= init_at_q + 1'b1;
        view_q    <= init_at_q;
        init_q    <= !(&view_q);
      end
      if (free) begin
        turn_q <= first;
        view_q <= first_view;
      end
      if (take_q) after_q <= behind;
      reg_ready_o <= answer_q && live_q ? turn_q & reg_valid_i : '0;
    end
    if (free) from_q <= first_view;
    // The request of a host whose link is lost vanishes; another one is none of this turn's.
    live_q <= (take_q || live_q) && (turn_q & reg_valid_i) != '0;
    if (take_q) begin
      write_q <= reg_write_i[from_q];
      whole_q <= reg_be_i[from_q] == 4'hf && reg_valid_i[from_q];
      addr_q  <= reg_addr_i[from_q];
      wdata_q <= reg_wdata_i[from_q];
      owner_q <= view_q == '0 || view_q == ViewW'(Hosts);
    end
    if (decode_q) hit_q <= write_q && !whole_q ? '0 : vfp_regs_pkg::hits(addr_q, owner_q, write_q);
    if (rst_q) wdata_q <= '0;
  end
  assign busy_o = (|reg_valid_i) || !free || rst_q;

  // ---- Who else has a part in it -----------------------------------------------------------------------------------------
  vfp_regs_pkg::command_t command;
  logic service, counted, eventful, counts_done;
  assign service = view_q == ViewW'(Hosts);
  always_comb begin
    command = wdata_q;
    if (!owner_q) command.user = 8'(view_q);
  end
  // The service bus reads the owner's log, but does not acknowledge for it.
  assign event_host_o  = service ? '0 : HostW'(view_q);
  assign event_index_o = vfp_regs_pkg::event_log_index(addr_q);
  assign eventful      = hit_q.event_count || hit_q.event_log || (hit_q.event_ack && !service);
  assign event_ask_o   = act && eventful;
  assign event_ack_o   = hit_q.event_ack;
  assign event_ack_count_o = wdata_q;
  assign cmd_o       = act && hit_q.command;
  assign cmd_owner_o = owner_q;
  assign cmd_word_o  = command;
  assign slow = hit_q.command || eventful || counted;
  assign done = (hit_q.command && cmd_done_i) || (eventful && event_done_i) || (counted && counts_done);

  // ---- State -----------------------------------------------------------------------------------------------------------
  logic [31:0]            scratch_mem [1<<ViewW];
  logic [3:0]             result_mem [1<<ViewW];
  logic [3:0]             result_q, last_result_q;  // of the command that ends; the last one of who has its turn
  logic                   finished_q;
  logic [15:0]            quiet_q;
  vfp_regs_pkg::cpl_timeout_ms_t timeout_q;
  vfp_regs_pkg::heartbeat_ms_t   heartbeat_q;
  logic                   frozen_q;
  logic [Hosts-1:0][31:0] weight_q;
  vfp_regs_pkg::log_last_t log_last_q;
  logic [127:0]           log_hdr_q;
  logic [31:0]            counts;

  // ScratchReset and ResultDone are 0, as what waits to be written is after reset.
  always_ff @(posedge clk_i) begin
    if (init_q || (act && write_q && hit_q.scratch)) scratch_mem[view_q] <= wdata_q;
    if (init_q || finished_q) result_mem[view_q] <= result_q;
    last_result_q <= result_mem[view_q];
    finished_q <= cmd_done_i;
    if (rst_q) result_q <= '0;
    else if (cmd_done_i) result_q <= cmd_result_i;
  end

  always_ff @(posedge clk_i) begin
    if (rst_q) begin
      timeout_q   <= vfp_regs_pkg::CplTimeoutMsReset;
      heartbeat_q <= vfp_regs_pkg::HeartbeatMsReset;
      quiet_q     <= '0;
      frozen_q    <= 1'b0;
      weight_q    <= {Hosts{vfp_regs_pkg::WeightReset}};
      log_last_q  <= '0;
      log_hdr_q   <= '0;
    end else begin
      if (heartbeat_q.ms == '0 || (act && hit_q.heartbeat)) begin
        quiet_q  <= '0;
        frozen_q <= 1'b0;
      end else if (tick_ms_i && !frozen_q) begin
        quiet_q  <= quiet_q + 1'b1;
        frozen_q <= quiet_q >= heartbeat_q.ms;
      end
      if (act && write_q) begin
        if (hit_q.cpl_timeout_ms) timeout_q <= vfp_regs_pkg::cpl_timeout_ms_kept(wdata_q);
        if (hit_q.heartbeat_ms) heartbeat_q <= vfp_regs_pkg::heartbeat_ms_kept(wdata_q);
        for (int h = 0; h < int'(Hosts); h++) begin
          if (hit_q.weight && vfp_regs_pkg::weight_index(addr_q) == 5'(h)) begin
            weight_q[h] <= vfp_regs_pkg::weight_kept(wdata_q);
          end
        end
      end
      if (err_valid_i) begin
        log_last_q.reason <= err_reason_i;
        log_last_q.port   <= err_port_i;
        log_hdr_q         <= err_hdr_i;
      end
    end
  end

  vfp_counts #(.Ports(Ports)) u_counts (
    .clk_i, .rst_ni, .clk_count_i, .ev_rx_i, .ev_tx_i, .err_valid_i, .err_reason_i, .timeouts_i,
    .addr_i(addr_q), .hit_i(hit_q), .known_o(counted), .ask_i(act), .done_o(counts_done), .count_o(counts)
  );

  // ---- Reading: what a device, a slot and a VF are --------------------------------------------------------------------------
  // A card sends as a function that it has not here: what leads nowhere at its port is its requester ID.
  logic [Devices-1:0] stranger_q;
  logic               stray;
  assign stray = err_valid_i && err_reason_i == vfp_regs_pkg::DropNoTarget;
  always_ff @(posedge clk_i) begin
    for (int d = 0; d < int'(Devices); d++) begin
      if (rst_q || !dev_link_i[d]) stranger_q[d] <= 1'b0;
      else if (stray && err_port_i == 8'(Hosts) + 8'(d)) stranger_q[d] <= 1'b1;
    end
  end

  logic [1:0]      device_index;
  logic [DevW-1:0] device;
  vfp_regs_pkg::device_t device_word, device_q;
  assign device_index = vfp_regs_pkg::device_index(addr_q);
  assign device       = DevW'(device_index);
  always_comb begin
    device_word          = '0;
    device_word.sriov    = sriov_i[device];
    device_word.link     = dev_link_i[device];
    device_word.stuck    = dev_stuck_i[device];
    device_word.stranger = stranger_q[device];
    device_word.no_vfs   = no_vfs_i[device];
    device_word.num_vfs  = 8'(num_vfs_i[device]);
    device_word.bus      = dev_bus_i[device];
  end
  always_ff @(posedge clk_i) if (act_q) device_q <= 32'(device_index) < Devices ? device_word : '0;

  logic [4:0] payload_index;
  vfp_regs_pkg::payload_t payload_word, payload_q;
  assign payload_index = vfp_regs_pkg::payload_index(addr_q);
  always_comb begin
    payload_word = '0;
    for (int p = 0; p < int'(Ports); p++) begin
      if (payload_index == 5'(p)) begin
        payload_word.size = payload_i[p];
        payload_word.most = MaxPayload == 512 ? 2'd2 : MaxPayload == 256 ? 2'd1 : 2'd0;
      end
    end
  end
  always_ff @(posedge clk_i) if (act_q) payload_q <= payload_word;

  // A user's slots begin at its own.
  logic [7:0]        slot_index;
  logic [ViewW-1:0]  user_q;  // from 0
  logic [NSlotW-1:0] slot_q;
  logic              slot_seen_q;
  vfp_regs_pkg::slot_t slot_word, slot_word_q;
  assign slot_index = vfp_regs_pkg::slot_index(addr_q);
  always_comb begin
    slot_word               = '0;
    slot_word.present       = slot_present_i[slot_q];
    slot_word.link          = slot_link_i[slot_q];
    slot_word.powered       = slot_powered_i[slot_q];
    slot_word.usable        = slot_usable_i[slot_q];
    slot_word.power_led     = power_led_i[slot_q];
    slot_word.attention_led = attn_led_i[slot_q];
    slot_word.releasing     = releasing_i[slot_q];
    slot_word.requested     = requested_i[slot_q];
  end

  logic [7:0]        vf_index;
  logic [VfW-1:0]    vf;
  logic [DevW-1:0]   vf_dev;
  logic [NSlotW-1:0] vf_slot;
  logic              vf_there_q, vf_busy_q;
  vfp_regs_pkg::vf_t vf_word;
  assign vf_index  = vfp_regs_pkg::vf_index(addr_q);
  assign vf        = VfW'((32'(vf_index[7:6]) << DevVfW) | (32'(vf_index[5:0]) % Vfs));
  assign vf_dev    = DevW'(vf_index[7:6]);
  assign vf_slot   = NSlotW'(look_fn_i >> $clog2(SlotFns));
  assign look_vf_o = vf;
  always_comb begin
    vf_word          = '0;
    vf_word.assigned = look_assigned_i;
    vf_word.state    = look_state_i;
    vf_word.busy     = vf_busy_q;
    if (look_assigned_i) begin
      vf_word.user = 8'(32'(vf_slot) / Slots + 32'd1);
      vf_word.slot = 4'(32'(vf_slot) % Slots);
      vf_word.fn   = 4'(look_fn_i[$clog2(SlotFns)-1:0]);
    end
  end
  always_ff @(posedge clk_i) begin
    if (take_q) user_q <= view_q - 1'b1;
    if (decode_q) begin
      slot_q      <= owner_q ? NSlotW'(slot_index) : NSlotW'((32'(user_q) * Slots) | (32'(slot_index) % Slots));
      slot_seen_q <= 32'(slot_index) < (owner_q ? NumSlots : Slots);
    end
    if (act_q) begin
      slot_word_q <= slot_seen_q ? slot_word : '0;
      vf_busy_q   <= vf_busy_i[vf];
      vf_there_q  <= 32'(vf_index[7:6]) < Devices && 32'(vf_index[5:0]) < 32'(num_vfs_i[vf_dev]);
    end
  end

  // ---- Reading: the answer ------------------------------------------------------------------------------------------------
  vfp_regs_pkg::role_t           role;
  vfp_regs_pkg::geometry_t       geometry;
  vfp_regs_pkg::status_t         status;
  vfp_regs_pkg::command_result_t result;
  always_comb begin
    role              = '0;
    role.port         = 8'(view_q);
    role.kind         = view_q == '0 ? vfp_regs_pkg::PortRoleOwner :
                        service ? vfp_regs_pkg::PortRoleService : vfp_regs_pkg::PortRoleUser;
    geometry          = '0;
    geometry.users    = 8'(Users);
    geometry.slots    = 8'(Slots);
    geometry.slot_fns = 8'(SlotFns);
    geometry.devices  = 8'(Devices);
    status            = '0;
    status.sriov      = sriov_i[0];
    status.frozen     = frozen_q;
    status.no_vfs     = no_vfs_i[0];
    status.num_vfs    = 8'(num_vfs_i[0]);
    result            = '0;
    result.code       = last_result_q;
  end

  logic [31:0] few, few_q, scratch_q, header_q, event_q, event_count_q, counts_q;
  always_comb begin
    few = '0;
    if (hit_q.id) few |= vfp_regs_pkg::IdValue;
    if (hit_q.role) few |= role;
    if (hit_q.geometry) few |= geometry;
    if (hit_q.status) few |= status;
    if (hit_q.cpl_timeout_ms) few |= timeout_q;
    if (hit_q.heartbeat_ms) few |= heartbeat_q;
    if (hit_q.command_result) few |= result;
    if (hit_q.log_last) few |= log_last_q;
    if (hit_q.device) few |= device_q;
    if (hit_q.payload) few |= payload_q;
    if (hit_q.slot) few |= slot_word_q;
    if (hit_q.vf && vf_there_q) few |= vf_word;
    for (int h = 0; h < int'(Hosts); h++) begin
      if (hit_q.weight && vfp_regs_pkg::weight_index(addr_q) == 5'(h)) few |= weight_q[h];
    end
  end
  logic [31:0] rdata_q;
  always_ff @(posedge clk_i) begin
    // In each cycle: what counts is what they have when the answer is made, from the cycle of gather_q.
    few_q         <= few;
    scratch_q     <= hit_q.scratch ? scratch_mem[view_q] : '0;
    header_q      <= hit_q.log_header ? log_hdr_q[32*vfp_regs_pkg::log_header_index(addr_q) +: 32] : '0;
    event_q       <= hit_q.event_log ? event_i : '0;
    event_count_q <= hit_q.event_count ? event_count_i : '0;
    counts_q      <= counted ? counts : '0;
    if (answer_q) rdata_q <= few_q | scratch_q | header_q | event_q | event_count_q | counts_q;
  end
  assign reg_rdata_o = {Views{rdata_q}};

  for (genvar h = 0; h < Hosts; h++) begin : gen_weight
    vfp_regs_pkg::weight_t w;
    assign w = weight_q[h];
    assign weight_o[h] = w.share;
    logic unused_w;
    assign unused_w = ^w;
  end
  assign cpl_timeout_ms_o = timeout_q.ms;
  assign freeze_o         = frozen_q;
  assign timer_o          = heartbeat_q.ms != '0 && !frozen_q;

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (!rst_q && rst_ni) begin
      one_step : assert ($onehot0({init_q, take_q, decode_q, act_q, wait_q, gather_q, answer_q}));
      one_hit  : assert (!act_q || $onehot0(hit_q));
      one_ready: assert ($onehot0(reg_ready_o));
      done_once: assert (!(cmd_done_i || event_done_i || counts_done) || wait_q);
    end
  end
`endif

endmodule

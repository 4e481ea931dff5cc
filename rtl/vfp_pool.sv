// SPDX-License-Identifier: Apache-2.0
// Who has which VF. Holds the assignment, carries out commands, and takes a VF through draining and function-level
// reset whenever its server lets it go, so that the next one finds it as after power-on.
module vfp_pool #(
  parameter int unsigned Users   = 2,
  parameter int unsigned Slots   = 2,
  parameter int unsigned SlotFns = 8,
  parameter int unsigned Vfs     = 64,
  parameter logic [11:0] VfDevCtl = 12'h0a8,  // Device Control of the device's VFs
  localparam int unsigned NumSlots = Users * Slots,
  localparam int unsigned NumFns   = NumSlots * SlotFns,
  localparam int unsigned NSlotW   = $clog2(NumSlots),
  localparam int unsigned NFnW     = $clog2(NumFns),
  localparam int unsigned VfW      = $clog2(Vfs)
) (
  input  logic clk_i,
  input  logic rst_ni,
  input  logic tick_ms_i,

  // A command (COMMAND in tools/regs/bridge.toml); the result (a Result*) is valid in the same cycle.
  input  logic        cmd_i,
  input  logic        cmd_owner_i,  // owner's view: all operations, any user
  input  logic [31:0] cmd_word_i,   // a command_t; vfp_regs has put a user's own number in
  output logic [3:0]  cmd_result_o,

  // Slots.
  input  logic [NumSlots-1:0]      slot_usable_i,
  input  logic [NumSlots-1:0]      slot_seen_i,    // its server can see that it is taken
  input  logic [NumSlots-1:0]      slot_pressed_i,  // pulse: its server is told of a press
  input  logic [NumSlots-1:0]      slot_powered_i,
  input  logic [NumSlots-1:0]      slot_off_i,     // pulse: switched off by its server
  input  logic [NumSlots-1:0]      slot_gone_i,    // level: the server's link is down
  input  logic [NumSlots-1:0]      slot_lost_i,    // level: the server's port is stuck and has lost packets
  input  logic [NumSlots-1:0]      slot_reset_i,   // pulse: reset by its server
  input  logic [NumSlots-1:0][1:0] power_led_i,
  output logic [NumSlots-1:0]      button_o,       // pulse
  output logic [NumSlots-1:0]      slot_present_o,
  output logic [NumSlots-1:0]      slot_ready_o,
  output logic [NumSlots-1:0]      slot_quiet_o,   // a VF that arrives is announced by the button alone
  output logic [NumSlots-1:0]      releasing_o,
  output logic [NumSlots-1:0]      requested_o,    // its server waits for a VF

  // What the servers are told (vfp_events): a command's event, a pulse; a release, held until taken.
  output logic        command_event_o,
  output logic [31:0] command_event_word_o,
  output logic        released_o,
  input  logic        released_ready_i,
  output logic [31:0] released_word_o,

  // The device. known: what it says now is known; off: VF Enable is not set, as far as was ever known.
  input  logic         dev_known_i,
  input  logic         off_i,
  input  logic         sriov_i,
  input  logic [VfW:0] num_vfs_i,
  input  logic [15:0]  vf_first_i,
  input  logic [15:0]  vf_stride_i,
  input  logic [Vfs-1:0] vf_busy_i,
  input  logic [15:0]  drain_ms_i,  // how long draining may take
  output logic         ask_o,       // configuration request to {ask_bdf, ask_reg}
  input  logic         ask_ready_i,
  output logic         ask_write_o, // it starts a function-level reset; else it reads, to see what became of one
  output logic [15:0]  ask_bdf_o,
  output logic [11:0]  ask_reg_o,
  input  logic         answer_i,    // pulse: the one that was taken is answered
  input  logic [2:0]   status_i,    // with it
  input  logic [31:0]  rdata_i,

  output logic [NumFns-1:0]          fn_there_o,   // assigned, its slot usable
  output logic [NumFns-1:0]          fn_active_o,  // and the VF is not being drained or reset
  output logic [NumFns-1:0][VfW-1:0] fn_vf_o,
  output logic [Vfs-1:0]             vf_owned_o,
  output logic [Vfs-1:0][NFnW-1:0]   vf_fn_o,
  output logic [Vfs-1:0]             vf_assigned_o,
  output logic [Vfs-1:0][2:0]        vf_state_o,  // a VfState*

  output logic busy_o,
  output logic timer_o
);

  localparam logic [15:0] FlrMs = 16'd100;  // PCIe Base Spec 2.1, 6.6.2
  // The write that starts a reset is answered before the reset begins (6.6.2), so that a VF which hangs in it shows only
  // afterwards. Device Status tells: in the same DW as Device Control, Transactions Pending clear (7.8.5). IDs do not:
  // those of a VF read all ones (SR-IOV 1.1, 3.4.1).
  localparam int unsigned TransactionsPending = 16 + 5;
  // A reset or a look that fails is tried again after a while; the last time, the VF is broken.
  localparam logic [15:0] RetryMs = 16'd16;
  localparam logic [2:0]  LastTry = 3'd7;
  // A server that has switched a slot off looks at it again after a second (6.7.1.8), and drops the events of that second.
  localparam logic [15:0] RestMs = 16'd1200;

  logic [NumFns-1:0]          assigned_q;
  logic [NumFns-1:0][VfW-1:0] fn_vf_q;
  logic [Vfs-1:0]             owned_q;     // assigned, or still to be cleaned after it was
  logic [Vfs-1:0]             kept_q;      // assigned
  logic [Vfs-1:0][NFnW-1:0]   vf_fn_q;
  logic [Vfs-1:0][2:0]        state_q;
  logic [Vfs-1:0][2:0]        failed_q;    // resets that have failed, and then looks
  logic [15:0]                stamp_mem [Vfs];
  logic [NumSlots-1:0]        releasing_q, requested_q, quiet_q;
  logic [NumSlots-1:0]        press_q;     // to be pressed as soon as the server can see the VF
  logic [NumSlots-1:0]        resting_q;   // switched off less than RestMs ago
  logic [NumSlots-1:0]        hidden_q;    // what came meanwhile shows only afterwards
  logic [NumSlots-1:0]        lost_q;      // seen as removed until the port works and the VFs are reset
  logic [NumSlots-1:0][15:0]  off_q;       // when it was switched off
  logic [15:0]                now_q;

  // ---- Commands --------------------------------------------------------------------------------------------------------
  vfp_regs_pkg::command_t cmd;
  logic [VfW-1:0]    vf;
  logic [NSlotW-1:0] slot;
  logic [NFnW-1:0]   fn;
  logic              assigning, releasing, forcing, pressing, requesting, denying, detaching, resetting;
  logic              bad_slot, bad_fn, bad_vf, may, slot_full;
  logic              do_assign, do_release, do_force, do_button, do_request, do_deny, do_detach, do_withdraw, do_reset;

  assign cmd        = cmd_word_i;
  assign assigning  = cmd.op == vfp_regs_pkg::OpAssign;
  assign releasing  = cmd.op == vfp_regs_pkg::OpRelease;
  assign forcing    = cmd.op == vfp_regs_pkg::OpForce;
  assign pressing   = cmd.op == vfp_regs_pkg::OpButton;
  assign requesting = cmd.op == vfp_regs_pkg::OpRequest;
  assign denying    = cmd.op == vfp_regs_pkg::OpDeny;
  assign detaching  = cmd.op == vfp_regs_pkg::OpDetach;
  assign resetting  = cmd.op == vfp_regs_pkg::OpReset;
  assign vf         = VfW'(cmd.vf);
  assign bad_vf     = 32'(cmd.vf) >= Vfs;
  assign bad_slot   = cmd.user == '0 || 32'(cmd.user) > Users || 32'(cmd.slot) >= Slots;
  assign bad_fn     = 32'(cmd.fn) >= SlotFns;
  assign slot       = NSlotW'((32'(cmd.user) - 32'd1) * Slots + 32'(cmd.slot));
  assign fn         = NFnW'(32'(slot) * SlotFns + 32'(cmd.fn));
  assign slot_full  = assigned_q[32'(slot)*SlotFns +: SlotFns] != '0;
  assign may        = requesting ? !cmd_owner_i : cmd_owner_i || releasing || pressing || detaching;

  always_comb begin
    cmd_result_o = vfp_regs_pkg::ResultDone;
    if (!(assigning || releasing || forcing || pressing || requesting || denying || detaching || resetting)) begin
      cmd_result_o = vfp_regs_pkg::ResultUnknownOp;
    end else if (!may) cmd_result_o = vfp_regs_pkg::ResultNotAllowed;
    else if (resetting) begin
      if (bad_vf || state_q[vf] != vfp_regs_pkg::VfStateBroken) cmd_result_o = vfp_regs_pkg::ResultNoSuch;
    end else if (bad_slot || (assigning && (bad_fn || bad_vf))) cmd_result_o = vfp_regs_pkg::ResultNoSuch;
    else if (requesting) begin
      if (slot_full || releasing_q[slot]) cmd_result_o = vfp_regs_pkg::ResultSlotBusy;
      else if (bad_vf && cmd.vf != 8'hff) cmd_result_o = vfp_regs_pkg::ResultNoSuch;
    end else if (denying) begin
      if (!requested_q[slot]) cmd_result_o = vfp_regs_pkg::ResultNoRequest;
      else if (cmd.vf == '0 || cmd.vf > 8'd15) cmd_result_o = vfp_regs_pkg::ResultNoSuch;
    end else if (releasing && requested_q[slot]) cmd_result_o = vfp_regs_pkg::ResultDone;
    else if (assigning) begin
      if (state_q[vf] == vfp_regs_pkg::VfStateBroken) cmd_result_o = vfp_regs_pkg::ResultVfBroken;
      else if (owned_q[vf]) cmd_result_o = vfp_regs_pkg::ResultVfInUse;
      else if (assigned_q[fn]) cmd_result_o = vfp_regs_pkg::ResultFnInUse;
      else if (releasing_q[slot] || (slot_full && slot_powered_i[slot])) cmd_result_o = vfp_regs_pkg::ResultSlotBusy;
    end else if (!slot_full) cmd_result_o = vfp_regs_pkg::ResultSlotEmpty;
    // A press while the indicator blinks would take back the one before it: that is meant only for a release.
    else if (!forcing && !(pressing && releasing_q[slot]) &&
             (releasing_q[slot] || power_led_i[slot] == vfp_regs_pkg::LedBlinking)) begin
      cmd_result_o = vfp_regs_pkg::ResultSlotBusy;
    end
  end

  logic done;
  assign done       = cmd_i && cmd_result_o == vfp_regs_pkg::ResultDone;
  assign do_assign  = done && assigning;
  assign do_release = done && releasing && !requested_q[slot];
  assign do_withdraw = done && releasing && requested_q[slot];
  assign do_force   = done && forcing;
  assign do_button  = done && pressing;
  assign do_request = done && requesting;
  assign do_deny    = done && denying;
  assign do_detach  = done && detaching;
  assign do_reset   = done && resetting;

  for (genvar s = 0; s < NumSlots; s++) begin : gen_button
    assign button_o[s] = ((do_button || (do_release && slot_powered_i[s])) && slot == NSlotW'(s)) ||
                         (press_q[s] && slot_seen_i[s]);
  end

  // ---- What the servers are told ---------------------------------------------------------------------------------------
  vfp_regs_pkg::event_log_t command_event, released_event;
  logic [NSlotW-1:0] released_slot;
  assign command_event_o = do_assign || do_request || do_deny;
  always_comb begin
    command_event      = '0;
    command_event.user = cmd.user;
    command_event.slot = cmd.slot;
    command_event.vf   = do_deny ? 8'hff : cmd.vf;
    command_event.fn   = cmd.fn;
    if (do_assign) command_event.kind = vfp_regs_pkg::EventKindAssigned;
    else if (do_request) begin
      command_event.kind   = vfp_regs_pkg::EventKindRequest;
      command_event.reason = {3'd0, cmd.button};
    end else begin
      command_event.kind   = vfp_regs_pkg::EventKindDenied;
      command_event.reason = 4'(cmd.vf);
    end
  end
  assign released_slot = vf_fn_q[scan_q][NFnW-1:$clog2(SlotFns)];
  always_comb begin
    released_event      = '0;
    released_event.kind = vfp_regs_pkg::EventKindReleased;
    released_event.vf   = 8'(scan_q);
    released_event.user = 8'(32'(released_slot) / Slots + 32'd1);
    released_event.slot = 4'(32'(released_slot) % Slots);
    released_event.fn   = 4'(vf_fn_q[scan_q][$clog2(SlotFns)-1:0]);
  end
  assign command_event_word_o = command_event;
  assign released_word_o      = released_event;

  // ---- What takes a release back ---------------------------------------------------------------------------------------
  // A second press within the server's 5 seconds (6.7.1.5). Its indicator, where the server drives it, tells also of a
  // press that came before that of the release.
  logic [NumSlots-1:0] blinking, blinking_q, kept;
  for (genvar s = 0; s < NumSlots; s++) begin : gen_kept
    assign blinking[s] = power_led_i[s] == vfp_regs_pkg::LedBlinking;
    assign kept[s]     = slot_pressed_i[s] || (blinking_q[s] && power_led_i[s] == vfp_regs_pkg::LedOn);
  end

  // ---- What makes a slot let its VFs go --------------------------------------------------------------------------------
  logic sriov_q;
  logic [NumSlots-1:0] gone_q, clean, empty;  // clean: its VFs are drained and reset; empty: and leave the slot
  always_comb begin
    clean = slot_off_i | slot_reset_i | (slot_gone_i & ~gone_q) | (slot_lost_i & ~lost_q) |
            {NumSlots{sriov_q && !sriov_i && !off_i}};  // the card is lost, its VFs may run on
    empty = '0;
    for (int s = 0; s < int'(NumSlots); s++) begin
      if (slot == NSlotW'(s) && (do_force || ((do_release || do_detach) && !slot_powered_i[s]))) begin
        clean[s] = 1'b1;
        empty[s] = 1'b1;
      end
      if (releasing_q[s] && (slot_off_i[s] || slot_gone_i[s])) begin
        clean[s] = 1'b1;
        empty[s] = 1'b1;
      end
    end
  end

  // ---- One VF at a time through draining and reset ---------------------------------------------------------------------
  logic [VfW-1:0] scan_q, ask_vf_q;
  logic           walking_q, sent_q;
  logic           asked_q, ask_write_q;  // ask_vf was asked: to reset, or how it is
  logic           alive_q;               // ask_vf has answered well, and is to become idle when its turn comes
  logic [15:0]    age;
  logic           drained, step, any_dirty, mended;
  always_comb begin
    any_dirty = 1'b0;
    for (int v = 0; v < int'(Vfs); v++) begin
      // Only the owner can do something for a broken one.
      if (state_q[v] != vfp_regs_pkg::VfStateIdle && (state_q[v] != vfp_regs_pkg::VfStateBroken || off_i)) any_dirty = 1'b1;
    end
  end
  assign age     = now_q - stamp_mem[scan_q];
  assign drained = failed_q[scan_q] == '0 ? !vf_busy_i[scan_q] || age >= drain_ms_i : age >= RetryMs;
  // The VF looked at: the device has it; it has it no more; it is to be reset now; it has rested; and is as after power-on.
  logic offered, gone, ripe, rested, fresh;
  assign offered = sriov_i && 32'(scan_q) < 32'(num_vfs_i);
  assign gone    = off_i || (dev_known_i && !offered);
  assign ripe    = walking_q && state_q[scan_q] == vfp_regs_pkg::VfStateDraining && drained;
  assign mended  = walking_q && state_q[scan_q] == vfp_regs_pkg::VfStateBroken && off_i;
  assign rested  = walking_q && state_q[scan_q] == vfp_regs_pkg::VfStateReset &&
                   age >= (failed_q[scan_q] == '0 ? FlrMs : RetryMs);
  assign fresh   = rested && (gone || (alive_q && ask_vf_q == scan_q));
  assign ask_o   = (ripe || rested) && dev_known_i && offered && !asked_q && !alive_q;
  assign ask_write_o = ripe;
  assign ask_bdf_o   = vf_first_i + 16'(scan_q) * vf_stride_i;
  assign ask_reg_o   = VfDevCtl;
  assign released_o  = fresh && !kept_q[scan_q];
  assign step        = walking_q && (!ask_o || ask_ready_i) && (!released_o || released_ready_i);

  logic answered_well;
  assign answered_well = status_i == vfp_pkg::CplSc && (ask_write_q || !rdata_i[TransactionsPending]);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      assigned_q  <= '0;
      owned_q     <= '0;
      kept_q      <= '0;
      state_q     <= {Vfs{vfp_regs_pkg::VfStateIdle}};
      failed_q    <= '0;
      releasing_q <= '0;
      requested_q <= '0;
      quiet_q     <= '0;
      press_q     <= '0;
      blinking_q  <= '0;
      resting_q   <= '0;
      hidden_q    <= '0;
      now_q       <= '0;
      gone_q      <= '0;
      sriov_q     <= 1'b0;
      lost_q      <= '0;
      scan_q      <= '0;
      walking_q   <= 1'b0;
      asked_q     <= 1'b0;
      alive_q     <= 1'b0;
    end else begin
      gone_q <= slot_gone_i;
      blinking_q <= blinking;
      sriov_q <= sriov_i;
      lost_q <= slot_lost_i | (lost_q & ~slot_ready_o & ~slot_gone_i);
      if (tick_ms_i) now_q <= now_q + 1'b1;

      if (ask_o && ask_ready_i) begin
        asked_q     <= 1'b1;
        ask_write_q <= ask_write_o;
        ask_vf_q    <= scan_q;
      end
      if (step && scan_q == ask_vf_q) alive_q <= 1'b0;
      // Where an answer is not a good one, the VF stays where it is, and a later round asks again. A look at a VF that is
      // on its way to another reset says nothing.
      if (answer_i) begin
        asked_q <= 1'b0;
        if (ask_write_q || state_q[ask_vf_q] == vfp_regs_pkg::VfStateReset) begin
          if (answered_well) begin
            if (ask_write_q) begin
              state_q[ask_vf_q]  <= vfp_regs_pkg::VfStateReset;
              failed_q[ask_vf_q] <= '0;
            end else alive_q <= 1'b1;
          end else if (failed_q[ask_vf_q] == LastTry) state_q[ask_vf_q] <= vfp_regs_pkg::VfStateBroken;
          else failed_q[ask_vf_q] <= failed_q[ask_vf_q] + 1'b1;
        end
      end

      // A round over all VFs after each change and each tick.
      if (!walking_q) begin
        walking_q <= any_dirty && (tick_ms_i || sent_q);
        sent_q    <= 1'b0;
        scan_q    <= '0;
      end else if (step) begin
        if ((ripe && gone) || mended) begin
          state_q[scan_q]  <= vfp_regs_pkg::VfStateReset;  // went with VF Enable: nothing is left to reset
          failed_q[scan_q] <= '0;
        end else if (fresh) begin
          state_q[scan_q] <= vfp_regs_pkg::VfStateIdle;
          if (!kept_q[scan_q]) owned_q[scan_q] <= 1'b0;
        end
        scan_q <= scan_q + 1'b1;
        if (&scan_q) walking_q <= 1'b0;
      end
      if (answer_i && answered_well) sent_q <= 1'b1;

      if (do_assign) begin
        assigned_q[fn] <= 1'b1;
        fn_vf_q[fn]    <= vf;
        owned_q[vf]    <= 1'b1;
        kept_q[vf]     <= 1'b1;
        vf_fn_q[vf]    <= fn;
      end
      releasing_q <= releasing_q & ~kept;
      if ((do_release || do_detach) && slot_powered_i[slot]) releasing_q[slot] <= 1'b1;
      if (do_reset) begin
        state_q[vf]  <= vfp_regs_pkg::VfStateDraining;
        failed_q[vf] <= '0;
        sent_q       <= 1'b1;
      end

      // A request ends with its answer, when it is taken back, or with its server.
      if (do_request) requested_q[slot] <= 1'b1;
      if (do_assign || do_deny || do_withdraw) requested_q[slot] <= 1'b0;
      for (int s = 0; s < int'(NumSlots); s++) if (slot_gone_i[s]) requested_q[s] <= 1'b0;

      // Announced by the button: only what arrives in an empty slot.
      press_q <= press_q & ~slot_seen_i & ~slot_gone_i;
      if (do_assign && !slot_full) begin
        quiet_q[slot]  <= cmd.button;
        press_q[slot]  <= cmd.button;
        hidden_q[slot] <= resting_q[slot];
      end
      for (int s = 0; s < int'(NumSlots); s++) begin
        if (slot_gone_i[s] || (tick_ms_i && now_q - off_q[s] >= RestMs)) begin
          resting_q[s] <= 1'b0;
          hidden_q[s]  <= 1'b0;
        end
        if (slot_off_i[s]) begin
          resting_q[s] <= 1'b1;
          off_q[s]     <= now_q;
        end
      end

      for (int v = 0; v < int'(Vfs); v++) begin
        if (kept_q[v] && clean[vf_fn_q[v][NFnW-1:$clog2(SlotFns)]]) begin
          state_q[v]  <= vfp_regs_pkg::VfStateDraining;
          failed_q[v] <= '0;
          sent_q      <= 1'b1;
          if (empty[vf_fn_q[v][NFnW-1:$clog2(SlotFns)]]) kept_q[v] <= 1'b0;
        end
      end
      for (int s = 0; s < int'(NumSlots); s++) begin
        if (empty[s]) begin
          assigned_q[s*int'(SlotFns) +: SlotFns] <= '0;
          releasing_q[s] <= 1'b0;
        end
      end
    end

    // Since when a VF is in its state.
    if (walking_q && step && ((ripe && gone) || mended)) stamp_mem[scan_q] <= now_q;
    if (answer_i && (ask_write_q || !answered_well)) stamp_mem[ask_vf_q] <= now_q;
    for (int v = 0; v < int'(Vfs); v++) begin
      if (kept_q[v] && clean[vf_fn_q[v][NFnW-1:$clog2(SlotFns)]]) stamp_mem[v] <= now_q;
    end
  end

  // ---- Maps ------------------------------------------------------------------------------------------------------------
  for (genvar f = 0; f < NumFns; f++) begin : gen_fn
    logic exists;
    assign exists         = assigned_q[f] && sriov_i && 32'(fn_vf_q[f]) < 32'(num_vfs_i);
    assign fn_there_o[f]  = exists && slot_usable_i[f / SlotFns];
    assign fn_active_o[f] = fn_there_o[f] && state_q[fn_vf_q[f]] == vfp_regs_pkg::VfStateIdle;
  end
  for (genvar s = 0; s < NumSlots; s++) begin : gen_slot
    logic [SlotFns-1:0] here, dirty;
    for (genvar i = 0; i < SlotFns; i++) begin : gen_here
      assign here[i]  = assigned_q[s*SlotFns+i] && sriov_i && 32'(fn_vf_q[s*SlotFns+i]) < 32'(num_vfs_i);
      assign dirty[i] = here[i] && state_q[fn_vf_q[s*SlotFns+i]] != vfp_regs_pkg::VfStateIdle;
    end
    assign slot_present_o[s] = here != '0 && !hidden_q[s] && !lost_q[s];
    assign slot_ready_o[s]   = dirty == '0;
  end

  assign fn_vf_o       = fn_vf_q;
  assign vf_owned_o    = owned_q;
  assign vf_fn_o       = vf_fn_q;
  assign vf_assigned_o = kept_q;
  assign vf_state_o    = state_q;
  assign releasing_o   = releasing_q;
  assign requested_o   = requested_q;
  assign slot_quiet_o  = quiet_q;
  assign busy_o        = (walking_q && step) || (press_q & slot_seen_i) != '0 || (sent_q && any_dirty) || (gone_q != slot_gone_i) ||
                         blinking_q != blinking ||
                         sriov_q != sriov_i ||
                         (lost_q & ~slot_lost_i & slot_ready_o) != '0;
  assign timer_o       = any_dirty || resting_q != '0;

  logic unused;
  assign unused = ^{cmd, rdata_i};

`ifndef SYNTHESIS
  // One VF a cycle: who has it, and what its function says, agree.
  logic [VfW-1:0] look_q;
  always_ff @(posedge clk_i) begin
    look_q <= rst_ni ? look_q + 1'b1 : '0;
    if (rst_ni) begin
      has_its_function: assert (!kept_q[look_q] || (assigned_q[vf_fn_q[look_q]] && fn_vf_q[vf_fn_q[look_q]] == look_q));
      kept_is_owned   : assert (!kept_q[look_q] || owned_q[look_q]);
      dirty_is_owned  : assert (state_q[look_q] == vfp_regs_pkg::VfStateIdle || owned_q[look_q]);
    end
  end
`endif

endmodule

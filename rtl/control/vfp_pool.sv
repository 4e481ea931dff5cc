// SPDX-License-Identifier: Apache-2.0
// Who has which VF. Holds the assignment, carries out commands, and takes a VF through draining and function-level
// reset whenever its server lets it go, so that the next one finds it as after power-on.
//
// Each VF has a row in a memory: who has it, how it is, since when. An engine does one job at a time, each of some cycles,
// the first of these that there is:
//   count    the device has another number of VFs: which functions' VFs it has
//   answer   of the device, about a VF that is being reset (vfp_pool_reset)
//   command  looked up, judged and carried out (vfp_pool_command)
//   slot     of a walk over the slots: the VFs that it has to let go, one after the other; whether it has rested
//   visit    of a round over the VFs: what comes next for one that is being reset
// So a job finds no row half done. What happens to slots happens at any time, and is kept by slot (vfp_pool_slots): what a
// slot has to let go is closed from the next cycle on, and stays closed until the rows of its VFs, and what is made of them
// here (vfp_pool_maps), say so themselves.
//
// A command finds its own slot settled: if something happened to it, up to the cycle in which the command would be carried
// out, the slot lets its VFs go first, and the command is looked up and judged anew. A command that empties a slot lets the
// VFs go in the same job, and is done afterwards. What other slots have to let go may come before or after: their VFs are in
// use either way.
module vfp_pool #(
  parameter int unsigned Users   = 2,
  parameter int unsigned Slots   = 2,
  parameter int unsigned SlotFns = 8,
  parameter int unsigned Devices = 1,
  parameter int unsigned Vfs     = 64,  // of a device
  parameter logic [11:0] VfDevCtl = 12'h0a8,  // Device Control of the device's VFs
  localparam int unsigned NumSlots = Users * Slots,
  localparam int unsigned NumFns   = NumSlots * SlotFns,
  localparam int unsigned SlotW    = NumSlots > 1 ? $clog2(NumSlots) : 1,
  localparam int unsigned FiW      = $clog2(SlotFns),
  localparam int unsigned NFnW     = $clog2(NumFns),
  localparam int unsigned UFnW     = $clog2(Slots * SlotFns),
  localparam int unsigned NumVfs   = Devices * Vfs,  // numbered device * Vfs + VF
  localparam int unsigned VfW      = $clog2(NumVfs),
  localparam int unsigned DevVfW   = $clog2(Vfs),
  localparam int unsigned DevW     = Devices > 1 ? $clog2(Devices) : 1,
  localparam int unsigned Looks    = 1 + Devices
) (
  input  logic clk_i,
  input  logic rst_ni,
  input  logic tick_ms_i,

  // A command (COMMAND in tools/regs/bridge.toml): a pulse, and the next one after its done, a pulse with the result (a
  // Result*).
  input  logic        cmd_i,
  input  logic        cmd_owner_i,  // owner's view: all operations, any user
  input  logic [31:0] cmd_word_i,   // a command_t; vfp_regs has put a user's own number in
  output logic        cmd_done_o,
  output logic [3:0]  cmd_result_o,

  // A look at a VF, for the registers: valid two cycles after its number came.
  input  logic [VfW-1:0]  look_vf_i,
  output logic            look_assigned_o,
  output logic [2:0]      look_state_o,  // a VfState*
  output logic [NFnW-1:0] look_fn_o,     // if assigned

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

  // Each device. known: what it says now is known; off: VF Enable is not set, as far as was ever known.
  input  logic [Devices-1:0]           dev_known_i,
  input  logic [Devices-1:0]           off_i,
  input  logic [Devices-1:0]           sriov_i,
  input  logic [Devices-1:0][DevVfW:0] num_vfs_i,
  input  logic [Devices-1:0][15:0]     vf_first_i,
  input  logic [Devices-1:0][15:0]     vf_stride_i,
  input  logic [NumVfs-1:0]            vf_busy_i,
  input  logic [15:0]                  drain_ms_i,  // how long draining may take
  output logic [Devices-1:0]           ask_o,       // configuration request to {ask_bdf, ask_reg}
  input  logic [Devices-1:0]           ask_ready_i,
  output logic [Devices-1:0]           ask_write_o, // it starts a function-level reset; else it reads, to see what became of one
  output logic [Devices-1:0][15:0]     ask_bdf_o,
  output logic [Devices-1:0][11:0]     ask_reg_o,
  input  logic [Devices-1:0]           answer_i,    // pulse: the one that was taken is answered
  input  logic [Devices-1:0][2:0]      status_i,    // with it
  input  logic [Devices-1:0][31:0]     rdata_i,

  output logic [NumFns-1:0] fn_there_o,   // assigned, its slot usable
  output logic [NumFns-1:0] fn_active_o,  // and the VF is not being drained or reset
  output logic [NumVfs-1:0] vf_owned_o,   // assigned, or still to be cleaned after it was
  // In the same cycle: the VF of a function that is assigned, of any or of each user's own; the function of a VF that is owned.
  input  logic [Looks-1:0][NFnW-1:0] look_fn_i,
  output logic [Looks-1:0][VfW-1:0]  look_vf_o,
  input  logic [Users-1:0][UFnW-1:0] user_fn_i,
  output logic [Users-1:0][VfW-1:0]  user_vf_o,
  input  logic [Looks-1:0][VfW-1:0]  whose_vf_i,
  output logic [Looks-1:0][NFnW-1:0] whose_fn_o,

  output logic busy_o,
  output logic timer_o
);

  // A server that has switched a slot off looks at it again after a second (6.7.1.8), and drops the events of that second.
  localparam logic [15:0] RestMs = 16'd1200;

  localparam logic [4:0] StIdle = 5'd0, StClear = 5'd1,
    StAnswer = 5'd2, StAnswered = 5'd3,                                   // the row comes; and is there
    StLook = 5'd4, StFind = 5'd5, StJudge = 5'd6, StCommit = 5'd7,        // row and slot; its bits; result; carried out
    StTake = 5'd8, StPick = 5'd9, StPicked = 5'd10, StLet = 5'd11, StLeft = 5'd12,  // the next function, its VF, the row
    StSlot = 5'd13, StSlotAt = 5'd23, StSlotBits = 5'd14, StRest = 5'd15, StRested = 5'd16,  // the slot; its bits; its age
    StVisit = 5'd17, StSeen = 5'd18, StAge = 5'd19, StOld = 5'd20,        // the row comes; is there; its age
    StRelease = 5'd21,                                                    // the servers are told
    StCount = 5'd22;                                                      // one function after the other
  logic [4:0] st_q;
  logic       works;
  assign works = st_q != StIdle;

  // ---- Slots -----------------------------------------------------------------------------------------------------------
  logic [NumSlots-1:0] at_slot_q;  // the one at work, one hot: a cycle after its number
  logic [SlotW-1:0]    slot_q;
  logic [NumSlots-1:0] clean, empty, was_off, resting, full, unseen, blinking;
  logic [Devices-1:0]  sriov_q, lost;    // lost: its VFs may run on
  logic [NumSlots-1:0][DevW-1:0] slot_dev_q;  // whose VFs the slot has, if any
  logic [NumSlots-1:0] card_lost;
  logic                slots_busy;
  logic                do_assign, do_press, do_release, do_request, do_answered, do_reset, take, left, rested;
  vfp_pool_slots #(.NumSlots(NumSlots)) u_slots (
    .clk_i, .rst_ni,
    .seen_i     (slot_seen_i),
    .pressed_i  (slot_pressed_i),
    .off_i      (slot_off_i),
    .gone_i     (slot_gone_i),
    .lost_i     (slot_lost_i),
    .reset_i    (slot_reset_i),
    .power_led_i,
    .card_lost_i(card_lost),
    .ready_i    (slot_ready_o),
    .at_i       (at_slot_q),
    .arrive_i   (do_assign),
    .button_i   (cmd_button),
    .press_i    (do_press),
    .release_i  (do_release),
    .force_i    (commit && empties),
    .request_i  (do_request),
    .answered_i (do_answered),
    .take_i     (take),
    .left_i     (left),
    .rested_i   (rested),
    .clean_o    (clean),
    .clean_at_o (clean_here),
    .empty_o    (empty),
    .was_off_o  (was_off),
    .resting_o  (resting),
    .full_o     (full),
    .releasing_o,
    .requested_o,
    .quiet_o    (slot_quiet_o),
    .unseen_o   (unseen),
    .blinking_o (blinking),
    .button_o,
    .busy_o     (slots_busy)
  );
  logic clean_here, empty_here, was_off_here, resting_here, full_here;
  assign empty_here   = (empty & at_slot_q) != '0;
  assign was_off_here = (was_off & at_slot_q) != '0;
  assign resting_here = (resting & at_slot_q) != '0;
  assign full_here    = (full & at_slot_q) != '0;

  // ---- Commands --------------------------------------------------------------------------------------------------------
  logic             cmd_waits, cmd_button, commit, empties;
  logic [VfW-1:0]   cmd_vf;
  logic [SlotW-1:0] cmd_slot;
  logic [FiW-1:0]   cmd_fn;
  vfp_pool_command #(.Users(Users), .Slots(Slots), .SlotFns(SlotFns), .Devices(Devices), .Vfs(Vfs)) u_command (
    .clk_i, .rst_ni, .cmd_i,
    .owner_i     (cmd_owner_i),
    .word_i      (cmd_word_i),
    .waits_o     (cmd_waits),
    .vf_o        (cmd_vf),
    .slot_o      (cmd_slot),
    .fn_o        (cmd_fn),
    .button_o    (cmd_button),
    .look_i      (st_q == StFind),
    .powered_i   (|(slot_powered_i & at_slot_q)),
    .blinking_i  (|(blinking & at_slot_q)),
    .releasing_i (|(releasing_o & at_slot_q)),
    .requested_i (|(requested_o & at_slot_q)),
    .other_card_i(slot_dev_q[slot_q] != at_dev),
    .kept_i      (kept_q),
    .state_i     (state_q),
    .fns_i       (fns_q),
    .commit_i    (commit),
    .result_o    (cmd_result_o),
    .empties_o   (empties),
    .assign_o    (do_assign),
    .release_o   (do_release),
    .press_o     (do_press),
    .request_o   (do_request),
    .answered_o  (do_answered),
    .reset_o     (do_reset),
    .event_o     (command_event_o),
    .event_word_o(command_event_word_o)
  );
  logic committing_q;  // StCommit: much follows from it
  always_ff @(posedge clk_i) committing_q <= rst_ni && st_q == StJudge;
  assign commit = committing_q && !clean_here;

  // ---- Rows ------------------------------------------------------------------------------------------------------------
  // One write port; what is made of the rows in flip-flops changes with them.
  logic [NFnW+3:0]    who_mem [NumVfs];    // assigned, state, function
  logic [18:0]        how_mem [NumVfs];    // resets that have failed, since when it is in its state
  logic [SlotFns-1:0] fns_mem [NumSlots];  // functions that are assigned; none where the slot is not full
  logic [VfW-1:0]     vf_mem [NumFns];     // VF of a function that is assigned
  logic [15:0]        off_mem [NumSlots];  // when it was switched off

  logic [VfW-1:0]     at_q;
  logic [DevW-1:0]    at_dev;
  assign at_dev = DevW'(at_q >> DevVfW);
  logic               kept_q, in_range_q, vf_busy_q;
  logic [2:0]         state_q, failed_q;
  logic [NFnW-1:0]    fn_q;
  logic [15:0]        stamp_q, off_q, now_q;
  logic [SlotFns-1:0] fns_q;
  logic [FiW-1:0]     fi_q;
  logic [VfW-1:0]     next_vf;    // of the slot's function fi_q
  assign next_vf = vf_mem[NFnW'({slot_q, fi_q})];
  logic [Devices-1:0][DevVfW:0] num_q;
  logic [Devices-1:0]           recount_q;  // it has changed, and not all functions know yet
  always_ff @(posedge clk_i) begin
    if (works) begin
      {kept_q, state_q, fn_q} <= who_mem[at_q];
      {failed_q, stamp_q}     <= how_mem[at_q];
      in_range_q              <= {1'b0, at_q[DevVfW-1:0]} < num_q[at_dev];
      vf_busy_q               <= vf_busy_i[at_q];
      off_q                   <= off_mem[slot_q];
      for (int s = 0; s < int'(NumSlots); s++) at_slot_q[s] <= slot_q == SlotW'(s);
    end
  end

  logic            write, write_q;
  logic            kept_d, w_kept_q, w_fn_q, counted_q;
  logic [2:0]      state_d, failed_d, w_state_q, w_failed_q;
  logic [NFnW-1:0] fn_d, w_at_fn_q;
  logic            now_d;
  logic [15:0]     w_stamp_q;
  logic [VfW-1:0]  w_vf_q;
  always_ff @(posedge clk_i) begin
    write_q   <= rst_ni && write;
    counted_q <= st_q == StCount;
    if (works) begin
      w_vf_q     <= st_q == StCount ? next_vf : at_q;
      w_kept_q   <= kept_d;
      w_state_q  <= state_d;
      w_at_fn_q  <= fn_d;
      w_failed_q <= failed_d;
      w_stamp_q  <= now_d ? now_q : stamp_q;
      w_fn_q     <= kept_q || kept_d;
    end
    if (write_q) begin
      who_mem[w_vf_q] <= {w_kept_q, w_state_q, w_at_fn_q};
      how_mem[w_vf_q] <= {w_failed_q, w_stamp_q};
    end
    if (write_q && w_fn_q) vf_mem[w_at_fn_q] <= w_vf_q;
    if (do_assign) fns_mem[slot_q] <= fns_q | (SlotFns'(1) << cmd_fn);
    if (take && was_off_here) off_mem[slot_q] <= now_q;
  end

  logic [VfW-1:0] look_q;
  always_ff @(posedge clk_i) look_q <= look_vf_i;
  assign {look_assigned_o, look_state_o, look_fn_o} = who_mem[look_q];

  // ---- Age -------------------------------------------------------------------------------------------------------------
  logic [15:0] age_q, limit_q, limit;
  logic        old_q;
  always_ff @(posedge clk_i) begin
    if (works) begin
      age_q   <= now_q - (st_q == StSlotBits ? off_q : stamp_q);
      limit_q <= st_q == StSlotBits ? RestMs : limit;
      old_q   <= age_q >= limit_q;
    end
  end

  // ---- Reset: each device is asked by itself ---------------------------------------------------------------------------
  logic [Devices-1:0]             to_resets, freshs, answereds, countings, mendeds, resets_busy;
  logic [Devices-1:0][DevVfW-1:0] answer_vfs;
  logic [Devices-1:0][2:0]        states, faileds;
  logic [Devices-1:0][15:0]       limits;
  for (genvar d = 0; d < Devices; d++) begin : gen_reset
    logic here;
    assign here = at_dev == DevW'(d);
    vfp_pool_reset #(.Vfs(Vfs), .VfDevCtl(VfDevCtl)) u_reset (
      .clk_i, .rst_ni,
      .vf_i       (at_q[DevVfW-1:0]),
      .state_i    (state_q),
      .failed_i   (failed_q),
      .offered_i  (sriov_i[d] && in_range_q),
      .vf_busy_i  (vf_busy_q),
      .drain_ms_i,
      .limit_o    (limits[d]),
      .old_i      (old_q),
      .known_i    (dev_known_i[d]),
      .off_i      (off_i[d]),
      .usable_i   (sriov_i[d] && !recount_q[d]),
      .vf_first_i (vf_first_i[d]),
      .vf_stride_i(vf_stride_i[d]),
      .ask_o      (ask_o[d]),
      .ask_ready_i(ask_ready_i[d]),
      .ask_write_o(ask_write_o[d]),
      .ask_bdf_o  (ask_bdf_o[d]),
      .ask_reg_o  (ask_reg_o[d]),
      .answer_i   (answer_i[d]),
      .status_i   (status_i[d]),
      .rdata_i    (rdata_i[d]),
      .judge_i    (st_q == StOld && here),
      .to_reset_o (to_resets[d]),
      .fresh_o    (freshs[d]),
      .again_i    (st_q == StLet && here),
      .answered_o (answereds[d]),
      .answer_vf_o(answer_vfs[d]),
      .done_i     (st_q == StAnswered && here),
      .counts_o   (countings[d]),
      .mended_o   (mendeds[d]),
      .state_o    (states[d]),
      .failed_o   (faileds[d]),
      .busy_o     (resets_busy[d])
    );
  end
  // Of the device whose VF is at work.
  logic           to_reset, fresh, answered, counts, mended, reset_busy;
  logic [VfW-1:0] answer_vf;
  logic [2:0]     answer_state, answer_failed;
  assign limit         = limits[at_dev];
  assign to_reset      = to_resets[at_dev];
  assign fresh         = freshs[at_dev];
  assign counts        = countings[at_dev];
  assign mended        = mendeds[at_dev];
  assign answer_state  = states[at_dev];
  assign answer_failed = faileds[at_dev];
  assign answered      = answereds != '0;
  assign reset_busy    = resets_busy != '0;
  always_comb begin
    answer_vf = '0;
    for (int d = int'(Devices) - 1; d >= 0; d--) if (answereds[d]) answer_vf = VfW'(d * int'(Vfs)) | VfW'(answer_vfs[d]);
  end

  // ---- The engine ------------------------------------------------------------------------------------------------------
  logic           pass_q;                      // the walk over the slots
  logic [SlotW-1:0] pass_at_q;
  logic           rest_q, rest_due_q;          // this one, the next one looks who has rested
  logic           round_q, last_q;             // the round over the VFs; its last one was picked
  logic [VfW-1:0] scan_q;
  logic           again_q;                     // another round
  logic           some_q, seen_q;              // a round has something to do; this one has met something
  logic [Devices-1:0] off_was_q;
  logic           is_empty_q, letting_q, emptying_q, done_q;
  logic           dirty, slots_todo;
  logic [Devices-1:0] live_q;                  // of all functions it is known whether the device has their VFs
  assign slots_todo = clean != '0;
  assign dirty      = state_q == vfp_regs_pkg::VfStateDraining || state_q == vfp_regs_pkg::VfStateReset ||
                      (state_q == vfp_regs_pkg::VfStateBroken && off_i[at_dev]);  // else only the owner can do something for it
  assign take   = st_q == StTake;
  assign left   = st_q == StLeft && is_empty_q;
  assign rested = st_q == StRested && old_q;

  always_comb begin
    write    = 1'b0;
    kept_d   = kept_q;
    state_d  = state_q;
    failed_d = failed_q;
    now_d    = 1'b0;
    fn_d     = fn_q;
    case (st_q)
      StClear: begin
        write   = 1'b1;
        kept_d  = 1'b0;
        state_d = vfp_regs_pkg::VfStateIdle;
      end
      StAnswered: begin
        write    = counts && (!mended || kept_q);
        state_d  = mended ? vfp_regs_pkg::VfStateIdle : answer_state;
        failed_d = answer_failed;
        now_d    = 1'b1;
      end
      StCommit: begin
        write = do_assign || do_reset;
        if (do_assign) begin
          kept_d = 1'b1;
          fn_d   = NFnW'({slot_q, cmd_fn});
        end else begin
          state_d  = vfp_regs_pkg::VfStateDraining;
          failed_d = '0;
        end
      end
      StCount: fn_d = NFnW'({slot_q, fi_q});
      StLet: begin
        write    = 1'b1;
        kept_d   = !is_empty_q;
        state_d  = vfp_regs_pkg::VfStateDraining;
        failed_d = '0;
        now_d    = 1'b1;
      end
      StOld: begin
        write    = to_reset || (fresh && kept_q);
        state_d  = to_reset ? vfp_regs_pkg::VfStateReset : vfp_regs_pkg::VfStateIdle;
        failed_d = '0;
        now_d    = 1'b1;
      end
      StRelease: begin
        write   = released_ready_i;
        kept_d  = 1'b0;
        state_d = vfp_regs_pkg::VfStateIdle;
      end
      default: ;
    endcase
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      st_q         <= StClear;
      at_q         <= '0;
      scan_q       <= '0;
      now_q        <= '0;
      num_q        <= '0;
      recount_q    <= '0;
      live_q       <= '0;
      sriov_q      <= '0;
      off_was_q    <= '0;
      pass_q       <= 1'b0;
      rest_due_q   <= 1'b0;
      round_q      <= 1'b0;
      last_q       <= 1'b0;
      again_q      <= 1'b0;
      some_q       <= 1'b0;
      letting_q    <= 1'b0;
      emptying_q   <= 1'b0;
      done_q       <= 1'b0;
      cmd_done_o   <= 1'b0;
    end else begin
      sriov_q    <= sriov_i;
      off_was_q  <= off_i;
      num_q      <= num_vfs_i;
      for (int d = 0; d < int'(Devices); d++) begin
        live_q[d] <= sriov_i[d] && (live_q[d] || (!recount_q[d] && !recounted_q[d] && num_q[d] == num_vfs_i[d]));
      end
      done_q     <= 1'b0;
      cmd_done_o <= done_q;
      if (tick_ms_i) now_q <= now_q + 1'b1;

      case (st_q)
        StClear: begin
          at_q   <= scan_q;
          scan_q <= scan_q + 1'b1;
          if (at_q == VfW'(NumVfs - 1)) begin
            scan_q <= '0;
            st_q   <= StIdle;
          end
        end
        StIdle: begin
          if (recount_q != '0) begin
            slot_q <= '0;
            fi_q   <= '0;
            st_q   <= StCount;
          end else if (answered) begin
            at_q <= answer_vf;
            st_q <= StAnswer;
          end else if (cmd_waits) begin
            at_q   <= cmd_vf;
            slot_q <= cmd_slot;
            st_q   <= StLook;
          end else if (pass_q) begin
            slot_q    <= pass_at_q;
            pass_at_q <= pass_at_q + 1'b1;
            if (pass_at_q == SlotW'(NumSlots - 1)) pass_q <= 1'b0;
            st_q      <= StSlot;
          end else if (round_q && !last_q) begin
            at_q   <= scan_q;
            scan_q <= scan_q + 1'b1;
            last_q <= scan_q == VfW'(NumVfs - 1);
            st_q   <= StVisit;
          end
          if (!pass_q && (slots_todo || rest_due_q)) begin
            pass_q     <= 1'b1;
            pass_at_q  <= '0;
            rest_q     <= rest_due_q;
            rest_due_q <= 1'b0;
          end
          if (last_q) begin
            round_q <= 1'b0;
            last_q  <= 1'b0;
            some_q  <= seen_q;
          end
          if (!round_q && again_q) begin
            round_q <= 1'b1;
            again_q <= 1'b0;
            scan_q  <= '0;
            seen_q  <= 1'b0;
          end
        end

        StCount: begin
          fi_q <= fi_q + 1'b1;
          if (fi_q == '1) slot_q <= slot_q + 1'b1;
          if (fi_q == '1 && slot_q == SlotW'(NumSlots - 1)) begin
            recount_q <= '0;
            st_q      <= StIdle;
          end
        end

        StAnswer: st_q <= StAnswered;
        StAnswered: begin
          if (counts && mended) again_q <= 1'b1;
          if (counts && !mended && answer_state == vfp_regs_pkg::VfStateReset) again_q <= 1'b1;
          st_q <= counts && mended && !kept_q ? StRelease : StIdle;
        end

        StLook: begin
          fns_q <= fns_mem[slot_q];
          st_q  <= StFind;
        end
        StFind: begin
          if (!full_here) fns_q <= '0;
          st_q <= StJudge;
        end
        StJudge: st_q <= StCommit;
        StCommit: begin
          emptying_q <= commit && empties;
          done_q     <= commit && !empties;
          st_q       <= clean_here || empties ? StTake : StIdle;
          if (do_reset) {again_q, some_q, seen_q} <= '1;
        end

        StTake: begin
          is_empty_q <= empty_here;
          letting_q  <= 1'b1;
          fi_q       <= '0;
          st_q       <= StPick;
        end
        StPick: begin
          at_q <= next_vf;
          if (!fns_q[0]) begin
            fns_q <= fns_q >> 1;
            fi_q  <= fi_q + 1'b1;
          end
          if (fns_q == '0) st_q <= StLeft;
          else if (fns_q[0]) st_q <= StPicked;
        end
        StPicked: st_q <= StLet;
        StLet: begin
          fns_q <= fns_q >> 1;
          fi_q  <= fi_q + 1'b1;
          {again_q, some_q, seen_q} <= '1;
          st_q <= StPick;
        end
        StLeft: begin
          letting_q  <= 1'b0;
          emptying_q <= 1'b0;
          done_q     <= emptying_q;
          st_q       <= StIdle;
        end

        StSlot: begin
          fns_q <= fns_mem[slot_q];
          st_q  <= StSlotAt;
        end
        StSlotAt: st_q <= StSlotBits;
        StSlotBits: begin
          if (!full_here) fns_q <= '0;
          st_q <= clean_here ? StTake : rest_q && resting_here ? StRest : StIdle;
        end
        StRest: st_q <= StRested;
        StRested: st_q <= StIdle;

        StVisit: st_q <= StSeen;
        StSeen: begin
          if (dirty) seen_q <= 1'b1;
          st_q <= dirty ? StAge : StIdle;
        end
        StAge: st_q <= StOld;
        StOld: st_q <= fresh && !kept_q ? StRelease : StIdle;

        StRelease: if (released_ready_i) st_q <= StIdle;
        default: st_q <= StIdle;
      endcase

      for (int d = 0; d < int'(Devices); d++) if (num_q[d] != num_vfs_i[d]) recount_q[d] <= 1'b1;
      if (num_q != num_vfs_i && st_q == StCount) st_q <= StIdle;  // from the beginning
      if ((tick_ms_i && some_q) || (off_i & ~off_was_q) != '0) again_q <= 1'b1;
      if (tick_ms_i && resting != '0) rest_due_q <= 1'b1;
    end
  end

  assign released_o = st_q == StRelease;
  vfp_regs_pkg::event_log_t released_event;
  logic [SlotW-1:0] released_slot;
  assign released_slot = SlotW'(fn_q >> FiW);
  always_comb begin
    released_event      = '0;
    released_event.kind = vfp_regs_pkg::EventKindReleased;
    released_event.vf   = 8'((32'(at_dev) << 6) | 32'(at_q[DevVfW-1:0]));
    released_event.user = 8'(32'(released_slot) / Slots + 32'd1);
    released_event.slot = 4'(32'(released_slot) % Slots);
    released_event.fn   = 4'(fn_q[FiW-1:0]);
  end
  assign released_word_o = released_event;

  // ---- Maps ------------------------------------------------------------------------------------------------------------
  logic [DevW-1:0] w_dev;
  logic            maps_busy;
  assign w_dev = DevW'(w_vf_q >> DevVfW);
  vfp_pool_maps #(.Users(Users), .Slots(Slots), .SlotFns(SlotFns), .Devices(Devices), .Vfs(Vfs)) u_maps (
    .clk_i, .rst_ni,
    .write_i  (write_q),
    .of_fn_i  (w_fn_q),
    .count_i  (counted_q),
    .kept_i   (w_kept_q),
    .idle_i   (w_state_q == vfp_regs_pkg::VfStateIdle),
    .has_i    ({1'b0, w_vf_q[DevVfW-1:0]} < num_q[w_dev]),
    .vf_i     (w_vf_q),
    .fn_i     (w_at_fn_q),
    .live_i   (slot_live),
    .counted_i(slot_counted),
    .usable_i (slot_usable_i),
    .unseen_i (unseen),
    .leaving_i(leaving),
    .closed_i (closed),
    .slot_present_o, .slot_ready_o, .fn_there_o, .fn_active_o, .vf_owned_o,
    .look_fn_i, .look_vf_o, .user_fn_i, .user_vf_o, .whose_vf_i, .whose_fn_o,
    .busy_o   (maps_busy)
  );

  // What was there stays there until the functions are counted anew, but nothing passes meanwhile. What comes with VF Enable
  // comes together: a slot is there with all its functions.
  logic [Devices-1:0] live, counted, recounted_q, shown_q;  // shown: a cycle later, as the maps are
  always_ff @(posedge clk_i) begin
    recounted_q <= recount_q;
    shown_q     <= recounted_q;
  end
  assign live    = live_q & sriov_i;
  assign counted = ~recount_q & ~recounted_q & ~shown_q;
  assign lost    = sriov_q & ~sriov_i & ~off_i;
  logic [NumSlots-1:0] closed, leaving;  // a slot that lets its VFs go, whose VFs leave it
  logic [NumSlots-1:0] slot_live, slot_counted;
  assign closed  = clean | ({NumSlots{letting_q}} & at_slot_q);
  assign leaving = empty | ({NumSlots{letting_q && is_empty_q}} & at_slot_q);
  for (genvar s = 0; s < NumSlots; s++) begin : gen_slot
    if (Devices > 1) begin : gen_dev
      always_ff @(posedge clk_i) if (do_assign && at_slot_q[s]) slot_dev_q[s] <= at_dev;
    end else begin : gen_one
      assign slot_dev_q[s] = '0;
    end
    assign slot_live[s]    = live[slot_dev_q[s]];
    assign slot_counted[s] = counted[slot_dev_q[s]];
    assign card_lost[s]    = lost[slot_dev_q[s]];
  end

  assign busy_o     = works || write_q || maps_busy || cmd_waits || cmd_done_o || done_q || pass_q || rest_due_q || round_q || again_q ||
                      slots_busy || reset_busy || recount_q != '0 || num_q != num_vfs_i || sriov_q != sriov_i ||
                      live_q != sriov_i || (off_i & ~off_was_q) != '0;
  assign timer_o    = some_q || resting != '0;

  if ((SlotFns & (SlotFns - 1)) != 0 || SlotFns < 2 || Vfs < 2) begin : gen_bad
    $fatal(1, "vfp_pool: SlotFns is 2, 4 or 8, Vfs 2 at least");
  end

`ifndef SYNTHESIS
  // One VF and one function a cycle: who has it, and what is said of it, agree.
  logic [VfW-1:0]  see_q, see_vf;
  logic [NFnW-1:0] see_fn_q;
  logic            s_kept, f_kept;
  logic [2:0]      s_state, f_state;
  logic [NFnW-1:0] s_fn, f_fn;
  logic [SlotW-1:0] s_slot;
  logic [DevW-1:0]  at_card;
  assign s_slot  = SlotW'(s_fn >> FiW);
  assign at_card = DevW'(see_q >> DevVfW);
  assign see_vf = vf_mem[see_fn_q];
  assign {s_kept, s_state, s_fn} = who_mem[see_q];
  assign {f_kept, f_state, f_fn} = who_mem[see_vf];
  always_ff @(posedge clk_i) begin
    see_q    <= rst_ni && see_q != VfW'(NumVfs - 1) ? see_q + 1'b1 : '0;
    see_fn_q <= rst_ni && see_fn_q != NFnW'(NumFns - 1) ? see_fn_q + 1'b1 : '0;
    if (rst_ni && st_q != StClear && !write_q && !maps_busy) begin
      dirty_is_owned  : assert (vf_owned_o[see_q] == (s_kept || s_state != vfp_regs_pkg::VfStateIdle));
      active_is_kept  : assert (!fn_active_o[see_fn_q] ||
                                (f_kept && f_state == vfp_regs_pkg::VfStateIdle && f_fn == see_fn_q));
    end
    if (rst_ni && !works && !write_q && !maps_busy) begin
      has_its_function: assert (!s_kept || (full[s_slot] && fns_mem[s_slot][s_fn[FiW-1:0]] &&
                                            vf_mem[s_fn] == see_q));
      is_there        : assert (!s_kept || recount_q != '0 || counted_q || !live[at_card] || !slot_usable_i[s_slot] ||
                                leaving[s_slot] ||
                                fn_there_o[s_fn] == ({1'b0, see_q[DevVfW-1:0]} < num_q[at_card]));
      one_card        : assert (!s_kept || slot_dev_q[s_slot] == at_card);
    end
  end
`endif

endmodule

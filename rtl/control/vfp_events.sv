// SPDX-License-Identifier: Apache-2.0
// What happened in the pool, told to the servers it concerns: a log of the last 16 events for each host (EVENT_LOG), a
// count of all of them (EVENT_COUNT), and one message-signalled interrupt for what has come since the host's last
// acknowledgement (EVENT_ACK). The owner gets every event, a user those of its own slots and the freezing of the pool.
//
// Commands and resets are told as they happen. Slots' power, hosts' links and the freezing are told by comparing what was
// told last with what is: a change that is taken back before its turn is not told.
//
// Logs and counts are memories, and one thing is done at a time: an event goes into one host's log after the other, a host
// looks at its log or acknowledges.
module vfp_events #(
  parameter int unsigned Users = 2,  // 1..31
  parameter int unsigned Slots = 2,  // 1..16
  localparam int unsigned Hosts    = Users + 1,
  localparam int unsigned HostW    = $clog2(Hosts),
  localparam int unsigned NumSlots = Users * Slots
) (
  input  logic clk_i,
  input  logic rst_ni,

  // REQUEST, DENIED, ASSIGNED: a pulse, while there is room for it.
  output logic        command_room_o,
  input  logic        command_i,
  input  logic [31:0] command_event_i,  // an event_log_t
  // RELEASED: held until taken.
  input  logic        released_i,
  output logic        released_ready_o,
  input  logic [31:0] released_event_i,
  input  logic [NumSlots-1:0] slot_powered_i,
  input  logic [Hosts-1:0]    host_link_i,
  input  logic                frozen_i,

  // A host looks at its log, or acknowledges: from the pulse ask until done, a pulse, all of it stays. The count and the event
  // number `index`, counted as EVENT_COUNT does, are valid from done until the next one asks.
  input  logic             ask_i,
  input  logic             ack_i,
  input  logic [HostW-1:0] host_i,
  input  logic [3:0]       index_i,
  input  logic [31:0]      ack_count_i,
  output logic             done_o,
  output logic [31:0]      event_o,
  output logic [31:0]      count_o,

  input  logic [Hosts-1:0] msi_can_i,  // the host has enabled messages
  output logic [Hosts-1:0] msi_o,      // pulse: send one

  output logic busy_o
);

  localparam int unsigned LogW = HostW + 4;
  logic [31:0] log_mem [1<<LogW];
  logic [31:0] count_mem [2<<HostW];  // of each host its events, then of each what it has acknowledged

  logic rst_q;  // many wait for it
  always_ff @(posedge clk_i) rst_q <= !rst_ni;

  logic            init_q;
  logic [LogW-1:0] init_at_q;

  // ---- What is not as it was told ------------------------------------------------------------------------------------------
  localparam int unsigned Levels = NumSlots + 1 + Hosts;  // power of the slots, frozen, links
  localparam int unsigned LevelW = $clog2(Levels);
  logic [Levels-1:0] level, told_q;
  logic [LevelW-1:0] at_q;  // looked at
  logic              news_q, here, take_level;
  assign level = {host_link_i, frozen_i, slot_powered_i};
  assign here  = news_q && level[at_q] != told_q[at_q];
  always_ff @(posedge clk_i) begin
    if (rst_q) begin
      told_q <= '0;
      news_q <= 1'b0;
      at_q   <= '0;
    end else begin
      news_q <= level != told_q;
      if (!news_q) at_q <= '0;
      else if (!here) at_q <= at_q == LevelW'(Levels - 1) ? '0 : at_q + 1'b1;
      for (int l = 0; l < int'(Levels); l++) if (take_level && at_q == LevelW'(l)) told_q[l] <= level[l];
    end
  end

  vfp_regs_pkg::event_log_t level_event;
  always_comb begin
    level_event        = '0;
    level_event.vf     = 8'hff;
    level_event.reason = {3'd0, level[at_q]};
    if (32'(at_q) < NumSlots) begin
      level_event.kind = vfp_regs_pkg::EventKindPower;
      level_event.user = 8'(32'(at_q) / Slots + 32'd1);
      level_event.slot = 4'(32'(at_q) % Slots);
    end else if (32'(at_q) == NumSlots) begin
      level_event.kind = vfp_regs_pkg::EventKindFrozen;
    end else begin
      level_event.kind = vfp_regs_pkg::EventKindLink;
      level_event.user = 8'(32'(at_q) - NumSlots - 32'd1);
    end
  end

  // ---- The next event, when the one before is in all its logs ------------------------------------------------------------
  logic held_q;  // a command's event waits
  vfp_regs_pkg::event_log_t held_event_q, event_q;
  logic sending_q, told, take_held, take_released;
  assign command_room_o   = !held_q;
  assign take_held        = !sending_q && !init_q && held_q;
  assign take_released    = !sending_q && !init_q && !held_q && released_i;
  assign take_level       = !sending_q && !init_q && !held_q && !released_i && here;
  assign released_ready_o = !sending_q && !init_q && !held_q;
  always_ff @(posedge clk_i) begin
    if (take_held || take_released || take_level) begin
      event_q <= held_q ? held_event_q : released_i ? released_event_i : level_event;
    end
    if (command_i) held_event_q <= command_event_i;
    if (rst_q) begin
      held_q    <= 1'b0;
      sending_q <= 1'b0;
      event_q   <= '0;
    end else begin
      held_q    <= command_i || (held_q && !take_held);
      sending_q <= take_held || take_released || take_level || (sending_q && !told);
    end
  end

  // Whom it concerns: the owner, who is the first, then all others, one of them or none.
  logic             to_all, to_user, second_q, sent;
  logic [HostW-1:0] to_q;
  assign to_all  = event_q.kind == vfp_regs_pkg::EventKindFrozen;
  assign to_user = event_q.kind != vfp_regs_pkg::EventKindRequest && event_q.kind != vfp_regs_pkg::EventKindLink;
  assign told    = sent && (to_all ? to_q == HostW'(Users) : second_q || !to_user);
  always_ff @(posedge clk_i) begin
    if (!sending_q) begin
      to_q     <= '0;
      second_q <= 1'b0;
    end else if (sent) begin
      to_q     <= to_all ? to_q + 1'b1 : HostW'(event_q.user);
      second_q <= 1'b1;
    end
  end

  // ---- One thing after the other ---------------------------------------------------------------------------------------------
  // The count is read, for a host that looks that is all. It or what is acknowledged is written, then both are read again and
  // compared: while they differ, there is something to send a message for.
  logic             asked_q, for_host_q;  // by a host; and it is what is done now
  logic             read_q, write_q, again_q, acked_q, compare_q, rest;
  logic [HostW-1:0] host_q;
  logic [31:0]      word_q, left_q, next;
  logic             ack;
  assign rest = !(read_q || write_q || again_q || acked_q || compare_q || done_o || init_q);
  assign ack  = for_host_q && ack_i;
  assign sent = compare_q && !for_host_q;
  assign next = (ack && !init_q ? ack_count_i : word_q) + 32'(!ack && !init_q);
  always_ff @(posedge clk_i) begin
    if (rest) begin
      for_host_q <= asked_q;
      host_q     <= asked_q ? host_i : to_q;
    end
    if (read_q || again_q || acked_q) word_q <= count_mem[{acked_q, host_q}];
    if (acked_q) left_q <= word_q;
    if (read_q && for_host_q) event_o <= log_mem[{host_i, index_i}];
    if (rst_q) begin
      word_q    <= '0;
      asked_q   <= 1'b0;
      read_q    <= 1'b0;
      write_q   <= 1'b0;
      again_q   <= 1'b0;
      acked_q   <= 1'b0;
      compare_q <= 1'b0;
      done_o    <= 1'b0;
      init_q    <= 1'b1;
      init_at_q <= '0;
    end else begin
      asked_q   <= ask_i || (asked_q && !done_o);
      read_q    <= rest && (asked_q || sending_q);
      write_q   <= read_q && (!for_host_q || ack);
      again_q   <= write_q;
      acked_q   <= again_q;
      compare_q <= acked_q;
      done_o    <= for_host_q && ((read_q && !ack) || compare_q);
      if (init_q) begin
        init_at_q <= init_at_q + 1'b1;
        init_q    <= !(&init_at_q);
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (init_q || write_q) count_mem[init_q ? init_at_q[HostW:0] : {ack, host_q}] <= next;
    if (init_q || (write_q && !ack)) log_mem[init_q ? init_at_q : {host_q, word_q[3:0]}] <= event_q;
  end
  assign count_o = word_q;

  // ---- Messages ----------------------------------------------------------------------------------------------------------
  logic [Hosts-1:0] unread_q;
  logic [Hosts-1:0] sent_q;  // a message is out for what is not acknowledged
  logic             differ;
  assign differ = left_q != word_q;
  assign msi_o  = msi_can_i & ~sent_q & unread_q & host_link_i;
  always_ff @(posedge clk_i) begin
    if (rst_q) begin
      unread_q <= '0;
      sent_q   <= '0;
    end else begin
      sent_q <= (sent_q | msi_o) & host_link_i;  // a server that comes back is told anew
      for (int h = 0; h < int'(Hosts); h++) begin
        if (compare_q && host_q == HostW'(h)) begin
          unread_q[h] <= differ;
          if (ack) sent_q[h] <= 1'b0;
        end
      end
    end
  end

  assign busy_o = !rest || rst_q || asked_q || ask_i || sending_q || held_q || command_i || released_i || news_q ||
                  level != told_q || msi_o != '0;

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni && !rst_q) begin
      room_for_command: assert (!command_i || !held_q);
      known_user      : assert (!(sending_q && to_user && !to_all) || (event_q.user != '0 && 32'(event_q.user) < Hosts));
      one_step        : assert ($onehot0({read_q, write_q, again_q, acked_q, compare_q, init_q}));
      host_stays      : assert (!asked_q || !ask_i || done_o);
    end
  end
`endif

endmodule

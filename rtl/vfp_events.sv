// SPDX-License-Identifier: Apache-2.0
// What happened in the pool, told to the servers it concerns: a log of the last 16 events for each host (EVENT_LOG), a
// count of all of them (EVENT_COUNT), and one message-signalled interrupt for what has come since the host's last
// acknowledgement (EVENT_ACK). The owner gets every event, a user those of its own slots and the freezing of the pool.
//
// Commands and resets are told as they happen. Slots' power, hosts' links and the freezing are told by comparing what was
// told last with what is: a change that is taken back before its turn is not told.
module vfp_events #(
  parameter int unsigned Users = 2,  // 1..31
  parameter int unsigned Slots = 2,  // 1..16
  localparam int unsigned Hosts    = Users + 1,
  localparam int unsigned HostW    = $clog2(Hosts),
  localparam int unsigned NumSlots = Users * Slots
) (
  input  logic clk_i,
  input  logic rst_ni,

  // REQUEST, DENIED, ASSIGNED: a pulse; the next one follows four cycles later at the earliest.
  input  logic        command_i,
  input  logic [31:0] command_event_i,  // an event_log_t
  // RELEASED: held until taken.
  input  logic        released_i,
  output logic        released_ready_o,
  input  logic [31:0] released_event_i,
  input  logic [NumSlots-1:0] slot_powered_i,
  input  logic [Hosts-1:0]    host_link_i,
  input  logic                frozen_i,

  // The log of one host: the event number `index`, counted as EVENT_COUNT does.
  input  logic [HostW-1:0] host_i,
  input  logic [3:0]       index_i,
  output logic [31:0]      event_o,
  output logic [31:0]      count_o,
  // EVENT_ACK of that host.
  input  logic             ack_i,
  input  logic [31:0]      ack_count_i,

  input  logic [Hosts-1:0] msi_can_i,  // the host has enabled messages
  output logic [Hosts-1:0] msi_o,      // pulse: send one

  output logic busy_o
);

  logic [31:0]            log_mem [Hosts*16];
  logic [Hosts-1:0][31:0] count_q, acked_q;
  logic [Hosts-1:0]       sent_q;  // a message is out for what is not acknowledged

  logic                     held_q;   // a command's event waits
  vfp_regs_pkg::event_log_t held_event_q, event_q, event_d;
  logic [Hosts-1:0]         to_q, to_d, first;

  logic [NumSlots-1:0] power_told_q, power_news, power_first;
  logic [Hosts-1:0]    link_told_q, link_news, link_first;
  logic                frozen_told_q;

  assign power_news  = slot_powered_i ^ power_told_q;
  assign power_first = power_news & (~power_news + 1'b1);
  assign link_news   = host_link_i ^ link_told_q;
  assign link_first  = link_news & (~link_news + 1'b1);

  // ---- The next event, when the one before is in all its logs ------------------------------------------------------------
  logic idle, take_held, take_released, take_power, take_frozen, take_link, take;
  assign idle          = to_q == '0;
  assign take_held     = idle && held_q;
  assign take_released = idle && !held_q && released_i;
  assign take_power    = idle && !held_q && !released_i && power_news != '0;
  assign take_frozen   = idle && !held_q && !released_i && power_news == '0 && frozen_i != frozen_told_q;
  assign take_link     = idle && !held_q && !released_i && power_news == '0 && frozen_i == frozen_told_q && link_news != '0;
  assign take          = take_held || take_released || take_power || take_frozen || take_link;
  assign released_ready_o = take_released;

  always_comb begin
    event_d = held_event_q;
    if (take_released) event_d = released_event_i;
    if (take_power || take_frozen || take_link) begin
      event_d    = '0;
      event_d.vf = 8'hff;
    end
    if (take_power) begin
      event_d.kind = vfp_regs_pkg::EventKindPower;
      for (int s = 0; s < int'(NumSlots); s++) begin
        if (power_first[s]) begin
          event_d.user   = 8'(s / int'(Slots) + 1);
          event_d.slot   = 4'(s % int'(Slots));
          event_d.reason = {3'd0, slot_powered_i[s]};
        end
      end
    end
    if (take_frozen) begin
      event_d.kind   = vfp_regs_pkg::EventKindFrozen;
      event_d.reason = {3'd0, frozen_i};
    end
    if (take_link) begin
      event_d.kind = vfp_regs_pkg::EventKindLink;
      for (int h = 0; h < int'(Hosts); h++) begin
        if (link_first[h]) begin
          event_d.user   = 8'(h);
          event_d.reason = {3'd0, host_link_i[h]};
        end
      end
    end
  end

  always_comb begin
    to_d    = '0;
    to_d[0] = 1'b1;
    for (int h = 1; h < int'(Hosts); h++) begin
      to_d[h] = event_d.kind == vfp_regs_pkg::EventKindFrozen ||
                (event_d.user == 8'(h) && event_d.kind != vfp_regs_pkg::EventKindRequest &&
                 event_d.kind != vfp_regs_pkg::EventKindLink);
    end
  end

  // ---- Into one log after the other --------------------------------------------------------------------------------------
  logic [HostW-1:0] writing;
  assign first = to_q & (~to_q + 1'b1);
  always_comb begin
    writing = '0;
    for (int h = 0; h < int'(Hosts); h++) if (first[h]) writing = HostW'(h);
  end

  always_ff @(posedge clk_i) begin
    if (!idle) log_mem[{writing, count_q[writing][3:0]}] <= event_q;
  end

  assign msi_o = msi_can_i & ~sent_q & news & host_link_i;
  logic [Hosts-1:0] news;
  for (genvar h = 0; h < Hosts; h++) begin : gen_news
    assign news[h] = count_q[h] != acked_q[h];
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      count_q       <= '0;
      acked_q       <= '0;
      sent_q        <= '0;
      held_q        <= 1'b0;
      to_q          <= '0;
      power_told_q  <= '0;
      link_told_q   <= '0;
      frozen_told_q <= 1'b0;
    end else begin
      if (take) begin
        event_q <= event_d;
        to_q    <= to_d;
      end else begin
        to_q <= to_q & ~first;
      end
      if (take_held) held_q <= 1'b0;
      if (command_i) begin
        held_q       <= 1'b1;
        held_event_q <= command_event_i;
      end
      if (take_power) power_told_q <= power_told_q ^ power_first;
      if (take_link) link_told_q <= link_told_q ^ link_first;
      if (take_frozen) frozen_told_q <= frozen_i;

      for (int h = 0; h < int'(Hosts); h++) if (first[h]) count_q[h] <= count_q[h] + 1'b1;
      sent_q <= (sent_q | msi_o) & host_link_i;  // a server that comes back is told anew
      if (ack_i) begin
        acked_q[host_i] <= ack_count_i;
        sent_q[host_i]  <= 1'b0;
      end
    end
  end

  assign event_o = log_mem[{host_i, index_i}];
  assign count_o = count_q[host_i];
  assign busy_o  = take || !idle || command_i || msi_o != '0;

endmodule

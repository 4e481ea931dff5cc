// SPDX-License-Identifier: Apache-2.0
// Virtual output queues of one port: per destination and class. A packet lives in one slot, which holds a payload of the
// largest size and a header; the queues are lists of slots.
//
// Payload goes into the next free slot as it comes from receive. What decide says of the packet comes later, in the same
// order; only then does the packet belong to a queue. A nullified packet leaves no trace: its slot stays the next free one.
//
// A packet that has been granted leaves without a pause, its first cell in the cycle after the grant (GrantLat).
module vfp_voq #(
  parameter int unsigned Dests      = 1,    // 1..18: 16 users, the owner and the bridge itself
  parameter bit          Local      = 1'b0, // the last destination is PortLocal
  parameter int unsigned Slots      = 64,   // 32 to 1024, a power of two
  parameter int unsigned Reserve    = 6,    // slots of a queue
  parameter int unsigned Flight     = 16,   // slots for packets on their way through receive and decide, 16 or 32
  parameter int unsigned MaxPayload = 128   // bytes: 128, 256 or 512
) (
  input  logic clk_i,
  input  logic rst_ni,
  output logic init_done_o,              // nothing may come before

  // From receive; header and class of these cells are decide's business.
  input  logic                in_valid_i,
  input  vfp_cell_pkg::cell_t in_i,
  // From decide, for each packet that was not nullified, in order, in the cycle after its eop or later.
  input  logic                  route_valid_i,
  input  vfp_route_pkg::route_t route_i,
  input  logic [127:0]          route_hdr_i,
  input  logic [5:0]            route_cells_i,  // with payload

  // The entrance: a packet may begin where its class has room.
  input  logic       rx_end_i,           // pulse: the last cell of a packet comes in at receive
  input  logic [2:0] rx_wait_i,          // a packet of the class waits for room at the link
  output logic [2:0] room_o,
  output logic [Dests-1:0] held_o,       // a packet waits because of this destination
  output logic       overrun_o,          // pulse: a packet was lost, as nobody looked at the room

  // Exits, one for each destination.
  input  logic [Dests-1:0][2:0] exit_room_i,
  output logic [Dests-1:0][2:0] waiting_o,   // a packet of the class is queued and may go
  output logic                  np_some_o,   // non-posted requests are queued
  output logic [Dests-1:0]      cpl_some_o,  // completions are, whether they may go or not
  output logic [Dests-1:0]      req_o,
  output logic                  req_more_o,  // with req_o: another packet of the class follows; the request stands
  output logic [1:0]            req_cls_o,   // of the one that asks
  output logic [5:0]            req_cells_o, // cells of what was granted; valid in the cycle after the grant
  input  logic [Dests-1:0]      grant_i,     // not earlier than two cycles after req_o, nor after another grant

  output logic                  out_valid_o,
  output vfp_cell_pkg::cell_t   out_o,       // from block RAM; hdr and out_route_o are valid with sop
  output vfp_route_pkg::route_t out_route_o,

  output logic                  busy_o       // something is here or comes; else nothing changes some cycles later (vfp_clock_gate)
);

  localparam int unsigned Cells = MaxPayload / vfp_cell_pkg::CellBytes;
  localparam int unsigned Lists = 3 * Dests;
  localparam int unsigned LW    = $clog2(Lists);
  localparam int unsigned SW    = $clog2(Slots);
  localparam int unsigned CW    = $clog2(Cells);
  localparam int unsigned DW    = Dests < 2 ? 1 : $clog2(Dests);
  // What is kept of a packet beside its payload: the route without forward and bare, the header. The index of its last cell
  // is needed earlier, when the packet before it leaves.
  localparam int unsigned KeepRouteW = vfp_route_pkg::RouteW - 2;
  localparam int unsigned KeepW      = KeepRouteW + vfp_cell_pkg::HdrW;

  if (MaxPayload != 128 && MaxPayload != 256 && MaxPayload != 512) begin : gen_bad_payload
    $fatal(1, "vfp_voq: MaxPayload is 128, 256 or 512");
  end
  if (Slots < 32 || Slots > 1024 || Slots != (1 << SW)) begin : gen_bad_slots
    $fatal(1, "vfp_voq: Slots is a power of two from 32 to 1024");
  end
  if (Flight != 16 && Flight != 32) begin : gen_bad_flight
    $fatal(1, "vfp_voq: Flight is 16 or 32");
  end

  (* ram_style = "block" *) logic [127:0]     payload_mem [Slots * Cells];
  (* ram_style = "block" *) logic [KeepW-1:0] keep_mem [Slots];
  logic [CW-1:0] last_mem [Slots];

  // --- free slots: those that have left, and, first, those that decide let go ---

  logic          init_q;
  logic [SW:0]   init_slot_q;
  logic          give_q;        // a packet has left
  logic [SW-1:0] give_slot_q;
  logic [LW-1:0] give_list_q;
  logic          free_valid, free_take, again_valid, again_take;
  logic [SW-1:0] free_slot, again_slot;
  logic          forget_q;
  logic [SW-1:0] forget_slot_q;

  assign init_done_o = !init_q;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      init_q      <= 1'b1;
      init_slot_q <= '0;
    end else begin
      if (init_q) init_slot_q <= init_slot_q + 1'b1;
      if (init_slot_q == (SW + 1)'(Slots - 1)) init_q <= 1'b0;
    end
  end

  logic unused_free_ready, unused_again_ready, unused_flying_ready;
  if (Slots < 128) begin : gen_free_small
    logic [SW:0] unused_used;
    vfp_fifo #(.W(SW), .Depth(Slots)) u_free (
      .clk_i, .rst_ni,
      .in_valid_i (init_q || give_q),
      .in_ready_o (unused_free_ready),  // always: it has a place for every slot
      .in_data_i  (init_q ? init_slot_q[SW-1:0] : give_slot_q),
      .out_valid_o(free_valid),
      .out_ready_i(free_take),
      .out_data_o (free_slot),
      .used_o     (unused_used)
    );
  end else begin : gen_free_large
    logic [SW:0] unused_used;
    vfp_fifo_bram #(.W(SW), .Depth(Slots)) u_free (
      .clk_i, .rst_ni,
      .in_valid_i (init_q || give_q),
      .in_ready_o (unused_free_ready),
      .in_data_i  (init_q ? init_slot_q[SW-1:0] : give_slot_q),
      .out_valid_o(free_valid),
      .out_ready_i(free_take),
      .out_data_o (free_slot),
      .used_o     (unused_used)
    );
  end

  // Slots come back here no faster than packets go: a slot of the other list is taken only when this one is empty.
  logic [$clog2(Flight):0] unused_again_used, flying_used;
  vfp_fifo #(.W(SW), .Depth(Flight)) u_again (
    .clk_i, .rst_ni,
    .in_valid_i (forget_q),
    .in_ready_o (unused_again_ready),
    .in_data_i  (forget_slot_q),
    .out_valid_o(again_valid),
    .out_ready_i(again_take),
    .out_data_o (again_slot),
    .used_o     (unused_again_used)
  );

  // --- payload in ---

  logic          hand_valid_q, ends, used, lost, lost_q, flying_full;
  logic [SW-1:0] hand_q;          // slot of the packet that comes in
  logic [CW-1:0] nth, nth_q;

  assign flying_full = flying_used[$clog2(Flight)];
  assign nth  = in_i.sop ? '0 : nth_q;
  assign lost = in_i.sop ? !hand_valid_q : lost_q;
  assign ends = in_valid_i && in_i.eop && !in_i.nullify;
  assign used = ends && !lost;
  assign again_take = (used || !hand_valid_q) && again_valid;
  assign free_take  = (used || !hand_valid_q) && !again_valid && !init_q;

  always_ff @(posedge clk_i) begin
    if (in_valid_i) begin
      nth_q  <= nth + 1'b1;
      lost_q <= lost;
    end
    if (used || !hand_valid_q) hand_q <= again_valid ? again_slot : free_slot;
    if (!rst_ni) hand_valid_q <= 1'b0;
    else if (used || !hand_valid_q) hand_valid_q <= again_valid || (free_valid && !init_q);
  end

  logic          w1_valid_q;
  logic [SW+CW-1:0] w1_addr_q;
  logic [127:0]  w1_data_q;
  always_ff @(posedge clk_i) begin
    w1_valid_q <= in_valid_i && !lost;
    if (in_valid_i) begin
      w1_addr_q <= {hand_q, nth};
      w1_data_q <= in_i.data;
    end
    if (w1_valid_q) payload_mem[w1_addr_q] <= w1_data_q;
  end

  // --- packets on their way to a queue ---

  logic          fly_valid, fly_lost;
  logic [SW-1:0] fly_slot;
  vfp_fifo #(.W(SW + 1), .Depth(Flight), .Fast(1'b1)) u_flying (
    .clk_i, .rst_ni,
    .in_valid_i (ends),
    .in_ready_o (unused_flying_ready),
    .in_data_i  ({lost, hand_q}),
    .out_valid_o(fly_valid),
    .out_ready_i(route_valid_i),
    .out_data_o ({fly_lost, fly_slot}),
    .used_o     (flying_used)
  );

  // In receive cells take four cycles; behind it they are in the row above, or in the stage below.
  logic       d1_valid_q;
  logic [3:0] recent_q;
  logic [5:0] flying_q;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      recent_q <= '0;
      flying_q <= '0;
    end else begin
      recent_q <= {recent_q[2:0], rx_end_i};
      flying_q <= 6'(flying_used) + 6'(fly_valid) + 6'(d1_valid_q) + 6'(recent_q[0]) + 6'(recent_q[1]) +
                  6'(recent_q[2]) + 6'(recent_q[3]);
    end
  end

  // --- what decide says: to a queue, or forgotten ---

  logic                  d1_forward_q, d1_lost_q, take, take_q, to_local;
  logic [LW-1:0]         take_list_q, push_list;
  logic [1:0]            take_cls_q;
  logic [DW-1:0]         take_dst_q;
  logic [SW-1:0]         d1_slot_q;
  logic [LW-1:0]         d1_list_q;
  logic [1:0]            d1_cls_q;
  logic [DW-1:0]         d1_dst_q, dst;
  logic [KeepRouteW-1:0] d1_route_q;
  logic [127:0]          d1_hdr_q;
  logic [CW-1:0]         d1_last_q;
  logic [Lists-1:0]      may;
  logic                  push;
  logic [SW-1:0]         push_slot;
  logic [DW-1:0]         push_dst;
  logic [1:0]            push_cls;

  assign to_local = Local && route_i.port == vfp_route_pkg::PortLocal;
  assign dst      = to_local ? DW'(Dests - 1) : DW'(route_i.port);

  always_ff @(posedge clk_i) begin
    // Nothing goes to a destination that there is not.
    d1_forward_q <= route_i.forward && (to_local || route_i.port < 5'(Dests - 32'(Local))) && route_i.cls != 2'd3;
    d1_lost_q    <= fly_lost;
    d1_slot_q    <= fly_slot;
    d1_dst_q     <= dst;
    d1_cls_q     <= route_i.cls;
    d1_list_q    <= LW'(dst) + LW'({dst, 1'b0}) + LW'(route_i.cls);
    if (route_valid_i) begin
      d1_route_q <= route_i[KeepRouteW-1:0];
      d1_hdr_q   <= route_hdr_i;
    end
    d1_last_q    <= route_i.bare || route_cells_i == 6'd0 ? '0 : CW'(route_cells_i - 6'd1);
    d1_valid_q   <= route_valid_i && rst_ni;
  end

  assign take = d1_valid_q && d1_forward_q && !d1_lost_q && may[d1_list_q];

  always_ff @(posedge clk_i) begin
    take_q        <= take && rst_ni;
    take_list_q   <= d1_list_q;
    take_cls_q    <= d1_cls_q;
    take_dst_q    <= d1_dst_q;
    forget_slot_q <= d1_slot_q;
    forget_q      <= d1_valid_q && !take && !d1_lost_q && rst_ni;
    overrun_o     <= d1_valid_q && !take && d1_forward_q && rst_ni;
    // Of a packet that is not taken as well: its slot is nobody else's.
    if (d1_valid_q && !d1_lost_q) keep_mem[d1_slot_q] <= {d1_route_q, d1_hdr_q};
    if (d1_valid_q && !d1_lost_q) last_mem[d1_slot_q] <= d1_last_q;
  end

  // Who has many queues to find the packet's own among takes a cycle more.
  assign push      = Dests > 4 ? take_q : take;
  assign push_list = Dests > 4 ? take_list_q : d1_list_q;
  assign push_slot = Dests > 4 ? forget_slot_q : d1_slot_q;
  assign push_dst  = Dests > 4 ? take_dst_q : d1_dst_q;
  assign push_cls  = Dests > 4 ? take_cls_q : d1_cls_q;

  // --- queues ---

  logic [Dests-1:0][2:0] short;
  logic [Dests-1:0]      np_some;
  logic [Lists-1:0]      some, two, left;
  logic [Lists-1:0][SW-1:0] first;
  logic [SW-1:0]         next;
  logic [Dests-1:0][2:0] more;
  logic [Dests-1:0]      comes;
  logic                  sent, sender_free;
  logic [1:0]            cls;
  logic [Dests-1:0]      ask_dst;
  logic [LW-1:0]         ask_base, ask_base_q;  // the first list of the destination that asks
  logic [LW-1:0]         slot_list_q;
  logic [SW-1:0]         slot_q;   // of the packet that asks, from the cycle after req_o or the last grant on

  vfp_voq_room #(.Dests(Dests), .Slots(Slots), .Reserve(Reserve), .Flight(Flight)) u_room (
    .clk_i, .rst_ni,
    .take_i(take_q), .take_list_i(take_list_q), .give_i(give_q), .give_list_i(give_list_q), .may_o(may),
    .flying_i(flying_q), .room_o, .short_o(short)
  );

  vfp_lists #(.Lists(Lists), .Slots(Slots)) u_lists (
    .clk_i, .rst_ni,
    .push_i(push), .push_list_i(push_list), .push_slot_i(push_slot),
    .pop_i(left), .pop_slot_i(slot_q),
    .some_o(some), .two_o(two), .first_o(first), .next_o(next)
  );

  for (genvar d = 0; d < int'(Dests); d++) begin : gen_dest
    logic [2:1] may_go, two_go;
    logic       row_free, arrives;
    assign arrives = take_q && take_dst_q == DW'(d);
    vfp_tokens #(.Depth(Slots)) u_tokens (
      .clk_i, .rst_ni,
      .arrive_i(arrives), .cls_i(take_cls_q), .left_i(left[3*d +: 3]), .may_o(may_go), .two_o(two_go), .free_o(row_free)
    );
    assign left[3*d +: 3] = {3{grant_i[d]}} & 3'(3'd1 << cls);  // only who was asked grants
    // A packet comes to its queue, may go and finds room. The token of the one before it may just arrive.
    assign comes[d]     = push && push_dst == DW'(d) && exit_room_i[d][push_cls] &&
                          (push_cls == vfp_cell_pkg::ClsP || (row_free && (Dests > 4 || !arrives)));
    assign more[d]      = {two[3*d+2] && two_go[2], two[3*d+1] && two_go[1], two[3*d]};
    assign waiting_o[d] = {some[3*d+2] && may_go[2], some[3*d+1] && may_go[1], some[3*d]};
    assign np_some[d]    = some[3*d+1];
    assign cpl_some_o[d] = some[3*d+2];
    always_ff @(posedge clk_i) held_o[d] <= (short[d] & rx_wait_i) != 3'd0 && rst_ni;
  end

  vfp_voq_pick #(.Dests(Dests)) u_pick (
    .clk_i, .rst_ni,
    .ask_i(waiting_o & exit_room_i), .two_i(more), .new_i(comes), .new_cls_i(push_cls), .free_i(sender_free),
    .req_o, .more_o(req_more_o), .req_cls_o(cls), .req_dst_o(ask_dst), .grant_i, .sent_o(sent)
  );
  assign np_some_o = np_some != '0;
`ifdef VFPOOL_GATE
  assign busy_o    = init_q || in_valid_i || rx_end_i || rx_wait_i != 3'd0 || held_o != '0 || fly_valid || some != '0 || send_q;
`else
  assign busy_o    = 1'b1;
`endif
  assign req_cls_o = cls;
  always_comb begin
    ask_base = '0;
    for (int d = 0; d < int'(Dests); d++) begin
      if (ask_dst[d]) ask_base = ask_base | LW'(3 * d);
    end
  end

  // --- out ---

  logic [SW-1:0] head;  // of the queue that asks
  always_comb begin
    head = '0;
    for (int d = 0; d < int'(Dests); d++) begin
      if (ask_dst[d]) begin
        head = head | (cls == 2'd2 ? first[3*d+2] : cls == 2'd1 ? first[3*d+1] : first[3*d]);
      end
    end
  end

  logic [KeepW-1:0] keep_q;
  logic [CW-1:0]    last_q;   // index of the last cell of slot_q, a cycle after it
  logic [SW+CW-1:0] read_addr;
  logic [127:0]     payload_q;
  logic             send_q, next_sop_q, next_valid_q, next_eop_q, last_now;
  logic [SW-1:0]    send_slot_q;
  logic [LW-1:0]    send_list_q;
  logic [CW-1:0]    send_nth_q, send_left_q;

  assign read_addr   = sent ? {slot_q, CW'(0)} : {send_slot_q, send_nth_q};
  assign last_now    = sent ? last_q == '0 : send_q && send_left_q == CW'(1);
  // Three cells are on their way before the next packet can be granted.
  assign sender_free = !send_q || send_left_q <= CW'(3);

  always_ff @(posedge clk_i) begin
    slot_q      <= sent ? next : head;
    last_q      <= last_mem[slot_q];
    ask_base_q  <= ask_base;
    slot_list_q <= ask_base_q + LW'(cls);
    keep_q      <= keep_mem[slot_q];
    payload_q   <= payload_mem[read_addr];
    req_cells_o <= 6'(last_q) + 6'd1;
    if (sent) begin
      send_slot_q <= slot_q;
      send_list_q <= slot_list_q;
      send_nth_q  <= CW'(1);
      send_left_q <= last_q;
    end else begin
      send_nth_q  <= send_nth_q + 1'b1;
      send_left_q <= send_left_q - 1'b1;
    end
    give_slot_q  <= sent ? slot_q : send_slot_q;
    give_list_q  <= sent ? slot_list_q : send_list_q;
    next_sop_q   <= sent;
    next_eop_q   <= last_now;
    if (!rst_ni) begin
      send_q       <= 1'b0;
      give_q       <= 1'b0;
      next_valid_q <= 1'b0;
    end else begin
      send_q       <= sent ? last_q != '0 : send_q && send_left_q != CW'(1);
      give_q       <= last_now;
      next_valid_q <= sent || send_q;
    end
  end

  // From the memories' own registers: what takes it selects and keeps it.
  vfp_cell_pkg::cell_t out;
  always_comb begin
    out.sop     = next_sop_q;
    out.eop     = next_eop_q;
    out.nullify = 1'b0;
    out.hdr     = keep_q[127:0];
    out.data    = payload_q;
  end
  assign out_valid_o = next_valid_q;
  assign out_o       = out;
  assign out_route_o = {1'b1, 1'b0, keep_q[128 +: KeepRouteW]};

  logic [7:0] unused_passed;
  vfp_cell_check #(.Ready(1'b0), .MaxCells(Cells)) u_check (
    .clk_i, .rst_ni, .valid_i(next_valid_q), .ready_i(1'b1), .cell_i(out), .passed_o(unused_passed)
  );

`ifndef SYNTHESIS
  // Decisions and packets keep step; an overrun of the rows would lose it for good.
  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      assert (!route_valid_i || fly_valid);
      assert (!ends || !flying_full);
      assert (grant_i == '0 || !send_q || send_left_q == '0);
    end
  end
`endif

endmodule

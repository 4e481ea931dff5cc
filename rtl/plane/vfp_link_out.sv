// SPDX-License-Identifier: Apache-2.0
// From a port to a neighbour that may stop in the middle of a packet: a queue, and the room in it that the port looks at
// before it grants. Packets of one cell from the bridge itself go in between, each source in its turn.
//
// A packet that has begun at the neighbour goes on to its end. While the port is down everything else ends here, and what has
// begun to end does so also when the port is back.
module vfp_link_out #(
  parameter int unsigned Sides      = 3,   // sources of the bridge itself, 1..4
  parameter int unsigned MaxPayload = 128
) (
  input  logic                clk_i,
  input  logic                rst_ni,
  input  logic                link_i,
  input  logic                down_i,         // contained, or without a link

  // From the exit; nobody can stop it.
  input  logic                in_valid_i,
  input  vfp_cell_pkg::cell_t in_i,
  output logic [2:0]          room_o,         // for two packets of the largest size, and what is on its way

  input  logic [Sides-1:0]                          side_valid_i,
  output logic [Sides-1:0]                          side_ready_o,
  input  logic [Sides-1:0][1:0]                     side_cls_i,
  input  logic [Sides-1:0][vfp_cell_pkg::HdrW-1:0]  side_hdr_i,
  input  logic [Sides-1:0][31:0]                    side_data_i,  // one DW, if any

  output logic                out_valid_o,
  input  logic                out_ready_i,
  input  logic [2:0]          out_room_i,     // classes that the neighbour takes
  output vfp_cell_pkg::cell_t out_o,

  output logic [2:0]          waits_o,        // something waits here for the neighbour, by class: a cycle late
  output logic                lost_o,         // pulse: a packet ended here
  output logic                lost_told_o,    // and was no request that waits for an answer: nobody else tells of it
  output logic                some_o          // the queue is not empty
);

  localparam int unsigned CellW = vfp_cell_pkg::CellW;
  localparam int unsigned Cells = MaxPayload / vfp_cell_pkg::CellBytes;
  // A block RAM holds more than a queue should: what is in it is looked at no more.
  localparam int unsigned Most  = MaxPayload == 128 ? 64 : 512;
  localparam int unsigned Depth = Most < 128 ? 128 : Most;
  localparam int unsigned PW    = $clog2(Depth);
  localparam int unsigned Late  = 12;  // cycles from a grant to its last cell but for its length, and from there to room_o
  localparam int unsigned Full  = Most - 2 * Cells - Late;

  // --- what goes in: the exit's packets, and in their gaps the bridge's own ---

  logic               mid_q, gap, fits_q, force_q;  // force: a packet of the bridge's own has waited 16 cycles for a gap
  logic               take;
  logic [Sides-1:0]   ready;
  logic [Sides-1:0]   may, may_q, able, later, first, pick_q, after_q, above;  // pick: whose turn it is, until it is taken
  logic [vfp_cell_pkg::HdrW-1:0] side_hdr;
  logic [31:0]                   side_data;
  logic [4:0]         waited_q;
  vfp_cell_pkg::cell_t put_cell;

  assign gap = !in_valid_i && !mid_q;
  for (genvar s = 0; s < int'(Sides); s++) begin : gen_may
    assign may[s] = side_valid_i[s] && (down_i || (fits_q && out_room_i[side_cls_i[s]]));
  end
  assign ready = gap ? pick_q & may_q : '0;
  assign take  = (ready & side_valid_i) != '0;
  assign able  = may & ~pick_q;
  assign later = able & after_q;
  vfp_turn #(.N(Sides)) u_turn (.able_i(able), .later_i(later), .first_o(first));
  for (genvar s = 0; s < int'(Sides); s++) begin : gen_above
    assign above[s] = (first & ~({Sides{1'b1}} << s)) != '0;
  end

  always_comb begin
    side_hdr  = '0;
    side_data = '0;
    for (int s = 0; s < int'(Sides); s++) begin
      if (pick_q[s]) begin
        side_hdr  = side_hdr | side_hdr_i[s];
        side_data = side_data | side_data_i[s];
      end
    end
    put_cell = in_i;  // behind the one DW of a side there is nothing
    if (!in_valid_i) begin
      put_cell.sop        = 1'b1;
      put_cell.eop        = 1'b1;
      put_cell.nullify    = 1'b0;
      put_cell.hdr        = side_hdr;
      put_cell.data[31:0] = side_data;
    end
  end
  assign side_ready_o = ready;

  always_ff @(posedge clk_i) begin
    force_q <= waited_q[4] && rst_ni;
    may_q   <= may;
    if (!rst_ni) begin
      mid_q    <= 1'b0;
      took_q   <= 1'b0;
      pick_q   <= '0;
      after_q  <= '0;
      waited_q <= '0;
    end else begin
      if (in_valid_i) mid_q <= !in_i.eop;
      took_q <= link_i && ((in_valid_i && in_i.sop) || took_q);
      if (take || (pick_q & may_q) == '0) begin
        pick_q <= first;
        if (able != '0) after_q <= above;
      end
      if (gap || pick_q == '0) waited_q <= '0;
      else if (!waited_q[4]) waited_q <= waited_q + 1'b1;
    end
  end

  // --- the queue ---

  logic             put, took_q, head_valid, head_ready, queue_ready;  // took: the first cell of the packet is here
  logic [CellW-1:0] head_word;
  logic [PW:0]      used;
  assign put      = link_i && (in_valid_i ? in_i.sop || took_q : take);

  vfp_fifo_bram #(.W(CellW), .Depth(Depth), .Fast(1'b1)) u_queue (
    .clk_i, .rst_ni(rst_ni && link_i), .in_valid_i(put), .in_ready_o(queue_ready), .in_data_i(put_cell),
    .out_valid_o(head_valid), .out_ready_i(head_ready), .out_data_o(head_word), .used_o(used)
  );

  // What has left the exit is judged no more: a neighbour that stands still gets nothing further until it goes on.
  logic [1:0] still_q;
  always_ff @(posedge clk_i) begin
    fits_q  <= used < (PW + 1)'(Full);
    still_q <= rst_ni && head_valid && !out_ready_i ? {still_q[0], 1'b1} : 2'd0;
  end
  assign room_o = out_room_i & {3{fits_q && !force_q && !still_q[1]}};
  assign some_o = head_valid || used != '0;

  // --- what comes out ---

  logic begun_q, ending_q, drop;
  vfp_cell_pkg::cell_t head;
  assign head        = head_word;
  assign drop        = (down_i && !begun_q) || ending_q;
  assign out_valid_o = head_valid && !drop && link_i;
  assign out_o       = head;
  assign head_ready  = drop || out_ready_i;
  vfp_cell_pkg::req_hdr_t head_hdr;
  logic                   told, told_q;
  assign head_hdr = head.hdr;
  assign told     = !head.sop ? told_q : head_hdr.dw0.kind[4:3] == 2'b10 || head_hdr.dw0.kind == vfp_cell_pkg::KindCpl ||
                    head_hdr.dw0.kind == vfp_cell_pkg::KindCplLk ||
                    (head_hdr.dw0.kind == vfp_cell_pkg::KindMem && head_hdr.dw0.data);
  always_ff @(posedge clk_i) begin
    if (head_valid) told_q <= told;
    if (!rst_ni || !link_i) begin
      begun_q  <= 1'b0;
      ending_q <= 1'b0;
      lost_o   <= 1'b0;
      lost_told_o <= 1'b0;
    end else begin
      if (out_valid_o) begun_q <= !out_ready_i || !head.eop;
      if (head_valid) ending_q <= drop && !head.eop;
      lost_o   <= head_valid && drop && head.eop;
      lost_told_o <= head_valid && drop && head.eop && told;
    end
  end

  logic [2:0] waits;
  always_comb begin
    waits = head_valid && !out_ready_i ? 3'b111 : 3'b000;
    for (int c = 0; c < 3; c++) begin
      for (int s = 0; s < int'(Sides); s++) begin
        if (side_valid_i[s] && side_cls_i[s] == 2'(c) && !out_room_i[c]) waits[c] = 1'b1;
      end
    end
  end
  always_ff @(posedge clk_i) waits_o <= waits & {3{rst_ni}};

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      all_fit: assert (!put || queue_ready);
    end
  end
`endif

  logic [7:0] out_passed;
  vfp_cell_check u_check (
    .clk_i, .rst_ni(rst_ni && link_i), .valid_i(out_valid_o), .ready_i(out_ready_i), .cell_i(head), .passed_o(out_passed)
  );

  logic unused;
  assign unused = ^{queue_ready, out_passed, head_hdr};

endmodule

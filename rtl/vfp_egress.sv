// SPDX-License-Identifier: Apache-2.0
// Where packets leave the bridge: picks a source packet by packet, and makes sure that a dead or stuck neighbour
// never holds up the others: what is meant for it is then discarded, and reported.
module vfp_egress #(
  parameter int unsigned N = 4
) (
  input  logic clk_i,
  input  logic rst_ni,
  input  logic tick_ms_i,
  input  logic [15:0] stuck_ms_i,  // a beat, or a class, that waits this long for the neighbour: the neighbour is stuck
  input  logic link_i,

  input  logic [N-1:0]        src_valid_i,
  output logic [N-1:0]        src_ready_o,
  input  logic [N-1:0][1:0]   src_cls_i,
  input  logic [N-1:0][127:0] src_hdr_i,
  input  logic [N-1:0][127:0] src_data_i,
  input  logic [N-1:0]        src_last_i,
  input  logic [N-1:0][7:0]   weight_i,

  output logic         tx_valid_o,
  input  logic         tx_ready_i,
  input  logic [2:0]   tx_room_i,  // classes that the neighbour takes now
  output logic         tx_sop_o,
  output logic         tx_eop_o,
  output logic [127:0] tx_hdr_o,
  output logic [127:0] tx_data_o,

  output logic [2:0]   ev_tx_o,
  output logic         err_valid_o,
  input  logic         err_ready_i,
  output logic [127:0] err_hdr_o,
  // A posted packet or a completion went nowhere though the link is up, and the neighbour is still stuck: nobody will ask
  // for it again.
  output logic         lost_o,

  output logic         busy_o,
  output logic         timer_o
);

  logic         open_q;       // inside a packet: the choice is fixed
  logic [N-1:0] sel_q;
  logic         dropping_q;   // the rest of this packet goes nowhere
  logic         stuck_q;
  logic [3:0][15:0] waited_q;  // for room of each class; [3]: of a beat for its ready
  logic         tx_valid_q, tx_sop_q, tx_eop_q;
  logic [1:0]   tx_cls_q;
  logic [127:0] tx_hdr_q, tx_data_q;

  logic [N-1:0] req, grant, sel;
  logic drop, slot_free, take, last;
  logic [1:0]   cls;
  logic [127:0] hdr, data;

  assign drop = !link_i || stuck_q || dropping_q;

  for (genvar i = 0; i < N; i++) begin : gen_req
    assign req[i] = src_valid_i[i] && (drop || tx_room_i[src_cls_i[i]]);
  end

  vfp_arbiter #(.N(N)) u_arbiter (
    .clk_i,
    .rst_ni,
    .req_i   (req),
    .weight_i,
    .done_i  (take && !open_q),
    .grant_o (grant)
  );

  assign sel = open_q ? sel_q : grant;

  always_comb begin
    cls  = '0;
    hdr  = '0;
    data = '0;
    last = 1'b0;
    for (int i = 0; i < int'(N); i++) begin
      if (sel[i]) begin
        cls  = src_cls_i[i];
        hdr  = src_hdr_i[i];
        data = src_data_i[i];
        last = src_last_i[i];
      end
    end
  end

  assign slot_free   = !tx_valid_q || tx_ready_i;
  assign err_valid_o = drop && last && ((sel & src_valid_i) != '0);
  assign err_hdr_o   = hdr;
  assign take        = ((sel & src_valid_i) != '0) && (drop ? (!last || err_ready_i) : slot_free);
  assign src_ready_o = take ? sel : '0;

  // Each class by itself: that other packets go out does not make a class without room less stuck.
  logic [2:0] wanted;
  logic [3:0] blocked, over;
  always_comb begin
    wanted = '0;
    for (int i = 0; i < int'(N); i++) if (src_valid_i[i]) wanted[src_cls_i[i]] = 1'b1;
  end
  assign blocked = {4{link_i && !stuck_q}} & {tx_valid_q && !tx_ready_i, wanted & ~tx_room_i};
  for (genvar b = 0; b < 4; b++) begin : gen_waited
    assign over[b] = blocked[b] && waited_q[b] >= stuck_ms_i;
    always_ff @(posedge clk_i) begin
      if (!rst_ni || !blocked[b]) waited_q[b] <= '0;
      else if (tick_ms_i) waited_q[b] <= waited_q[b] + 1'b1;
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      open_q     <= 1'b0;
      sel_q      <= '0;
      dropping_q <= 1'b0;
      stuck_q    <= 1'b0;
      tx_valid_q <= 1'b0;
    end else begin
      if (take) begin
        open_q     <= !last;
        sel_q      <= sel;
        dropping_q <= drop && !last;
      end else if (open_q && drop) begin
        dropping_q <= 1'b1;
      end
      if (take && !drop) tx_valid_q <= 1'b1;
      else if (tx_ready_i || drop) tx_valid_q <= 1'b0;

      if (stuck_q) stuck_q <= !(tx_ready_i && (&tx_room_i)) && link_i;
      else stuck_q <= over != '0;
    end
    if (take && !drop) begin
      tx_cls_q  <= cls;
      tx_sop_q  <= !open_q;
      tx_eop_q  <= last;
      tx_hdr_q  <= hdr;
      tx_data_q <= data;
    end
  end

  assign tx_valid_o = tx_valid_q && link_i;
  assign tx_sop_o   = tx_sop_q;
  assign tx_eop_o   = tx_eop_q;
  assign tx_hdr_o   = tx_hdr_q;
  assign tx_data_o  = tx_data_q;

  logic lose;
  assign lose = (err_valid_o && err_ready_i && cls != vfp_pkg::ClsNp) ||
                (stuck_q && tx_valid_q && !tx_ready_i && tx_cls_q != vfp_pkg::ClsNp);
  always_ff @(posedge clk_i) begin
    if (!rst_ni || !link_i) lost_o <= 1'b0;
    else lost_o <= lose || (lost_o && stuck_q);
  end

  for (genvar c = 0; c < 3; c++) begin : gen_ev
    assign ev_tx_o[c] = take && !drop && !open_q && cls == 2'(c);
  end
  assign busy_o  = take || (tx_valid_q && (tx_ready_i || drop)) || (lost_o && !stuck_q);
  assign timer_o = blocked != '0 || stuck_q;

`ifndef SYNTHESIS
  // What is offered stays as it is until it is taken, unless the neighbour is given up.
  logic         waiting_q, was_sop_q, was_eop_q;
  logic [127:0] was_hdr_q, was_data_q;
  always_ff @(posedge clk_i) begin
    waiting_q  <= rst_ni && tx_valid_o && !tx_ready_i && !drop;
    was_sop_q  <= tx_sop_o;
    was_eop_q  <= tx_eop_o;
    was_hdr_q  <= tx_hdr_o;
    was_data_q <= tx_data_o;
    if (rst_ni) begin
      offer_stays : assert (!waiting_q || !link_i || tx_valid_o);
      beat_stays  : assert (!waiting_q || (tx_sop_o == was_sop_q && tx_eop_o == was_eop_q && tx_hdr_o == was_hdr_q &&
                                           tx_data_o == was_data_q));
      one_source  : assert ((sel & (sel - 1'b1)) == '0);
      // The rest of a packet is there when its first beat is: only whole packets come out of the queues.
      source_stays: assert (!open_q || (sel_q & src_valid_i) != '0);
    end
  end
`endif

endmodule

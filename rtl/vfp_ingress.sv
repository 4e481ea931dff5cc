// SPDX-License-Identifier: Apache-2.0
// Where packets enter the bridge: checks each one, has it classified, and queues it by flow class. What leaves the
// queues keeps the order that the specification demands of one source (table 2-24): non-posted requests and
// completions never pass a posted request that came before them; posted requests pass blocked non-posted ones.
module vfp_ingress #(
  parameter int unsigned MetaW      = 8,
  parameter int unsigned MaxPayload = 128
) (
  input  logic clk_i,
  input  logic rst_ni,
  input  logic link_i,   // low: takes nothing, and what has come in half is forgotten
  input  logic flush_i,  // empties the queues; not while the head packet is half taken

  // Stream from the neighbour. room: classes for which two packets of any size fit; a neighbour that offers a packet
  // only when its class has room is never stalled by a packet of another class.
  input  logic         rx_valid_i,
  output logic         rx_ready_o,
  output logic [2:0]   rx_room_o,
  input  logic         rx_sop_i,
  input  logic         rx_eop_i,
  input  logic [127:0] rx_hdr_i,
  input  logic [127:0] rx_data_i,

  // Classification of the packet at hand, combinational; only carried along here.
  output logic [127:0]     look_hdr_o,
  input  logic [MetaW-1:0] look_meta_i,

  // Queue heads, by class.
  output logic [2:0]            q_valid_o,
  output logic [2:0][127:0]     q_hdr_o,
  output logic [2:0][MetaW-1:0] q_meta_o,
  output logic [2:0][127:0]     q_data_o,
  output logic [2:0]            q_last_o,
  input  logic [2:0]            q_pop_i,

  output logic [2:0]   ev_rx_o,  // pulse: a packet of this class was queued
  output logic         err_valid_o,
  input  logic         err_ready_i,
  output logic [127:0] err_hdr_o,

  output logic         busy_o
);

  // One register stage: the header check and the classification start from flip-flops.
  logic s_valid_q, s_sop_q, s_eop_q;
  logic [127:0] s_hdr_q, s_data_q;
  logic s_take;

  assign rx_ready_o = link_i && (!s_valid_q || s_take);

  always_ff @(posedge clk_i) begin
    if (!rst_ni || !link_i) begin
      s_valid_q <= 1'b0;
    end else if (rx_ready_o) begin
      s_valid_q <= rx_valid_i;
    end
    if (rx_ready_o && rx_valid_i) begin
      s_sop_q  <= rx_sop_i;
      s_eop_q  <= rx_eop_i;
      s_data_q <= rx_data_i;
      if (rx_sop_i) s_hdr_q <= rx_hdr_i;
    end
  end

  logic [1:0] cls;
  logic       hdr_ok;
  logic [8:0] pay_beats, tot_beats;

  vfp_tlp_check #(.MaxPayload(MaxPayload)) u_check (
    .hdr_i      (s_hdr_q),
    .cls_o      (cls),
    .ok_o       (hdr_ok),
    .pay_beats_o(pay_beats),
    .tot_beats_o(tot_beats)
  );

  logic       open_q;   // between sop and eop
  logic [8:0] index_q;  // beats of this packet seen before this one
  logic [8:0] index;
  logic [2:0] space;
  logic stray, cut, bad, stall, commit, abort, beat;

  assign index = s_sop_q ? 9'd0 : index_q;
  assign stray = !s_sop_q && !open_q;           // a beat outside any packet
  assign cut   = s_sop_q && open_q;             // a packet that never ended: the new one starts
  assign bad   = !hdr_ok || index >= tot_beats || (s_eop_q && index + 9'd1 != tot_beats);
  assign stall = s_valid_q && ((hdr_ok && !space[cls]) || (err_valid_o && !err_ready_i));

  assign s_take = s_valid_q && !stall;
  assign beat   = s_take && !stray && hdr_ok && index < pay_beats && !cut;
  assign commit = s_take && !stray && !cut && s_eop_q && !bad;
  assign abort  = s_take && !stray && (cut || (s_eop_q && bad));

  assign err_valid_o = s_valid_q && (cut || stray || (s_eop_q && bad)) && (!hdr_ok || space[cls]);
  assign err_hdr_o   = s_hdr_q;
  assign look_hdr_o  = s_hdr_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni || !link_i) begin
      open_q  <= 1'b0;
      index_q <= '0;
    end else if (s_take) begin
      // A cut packet takes the first beat of the next one with it: that one has no header any more and is stray.
      open_q  <= !s_eop_q && !stray && !cut;
      index_q <= index == 9'h1ff ? index : index + 9'd1;
    end
  end

  // Posted packets in and out, to hold younger packets of the other classes behind them.
  logic [7:0] p_in_q, p_out_q;
  logic [2:0] valid, room, free;

  always_ff @(posedge clk_i) begin
    if (!rst_ni || flush_i) begin
      p_in_q  <= '0;
      p_out_q <= '0;
    end else begin
      if (commit && cls == vfp_pkg::ClsP) p_in_q <= p_in_q + 1'b1;
      if (q_pop_i[0] && q_last_o[0]) p_out_q <= p_out_q + 1'b1;
    end
  end

  logic [127:0] clean_hdr;  // the digest ends here: headers are rewritten, it would be wrong further on
  assign clean_hdr = {s_hdr_q[127:16], 1'b0, s_hdr_q[14:0]};

  for (genvar c = 0; c < 3; c++) begin : gen_queue
    vfp_pkt_queue #(
      .MetaW   (MetaW),
      .Packets (16),
      .Beats   (c == 1 ? 32 : 64),
      .MaxBeats(MaxPayload / 16)
    ) u_queue (
      .clk_i,
      .rst_ni,
      .clear_i (flush_i),
      .room_o  (room[c]),
      .space_o (space[c]),
      .beat_i  (beat && cls == 2'(c)),
      .data_i  (s_data_q),
      .commit_i(commit && cls == 2'(c)),
      .abort_i (abort),
      .hdr_i   (clean_hdr),
      .meta_i  (look_meta_i),
      .valid_o (valid[c]),
      .hdr_o   (q_hdr_o[c]),
      .meta_o  (q_meta_o[c]),
      .data_o  (q_data_o[c]),
      .last_o  (q_last_o[c]),
      .pop_i   (q_pop_i[c])
    );
    if (c == 0) begin : gen_posted
      assign free[c] = valid[c];
    end else begin : gen_behind
      vfp_order #(.Packets(16)) u_order (
        .clk_i,
        .rst_ni,
        .clear_i     (flush_i),
        .commit_i    (commit && cls == 2'(c)),
        .posted_in_i (p_in_q),
        .posted_out_i(p_out_q),
        .pop_i       (q_pop_i[c] && q_last_o[c]),
        .free_o      (free[c])
      );
    end
    assign q_valid_o[c] = valid[c] && free[c];
    assign rx_room_o[c] = link_i && room[c];
    assign ev_rx_o[c]   = commit && cls == 2'(c);
  end

  // Something moves. What waits for somebody else's move is not busy: that move wakes it.
  assign busy_o = s_take || (|q_pop_i) || (rx_valid_i && rx_ready_o);

`ifndef SYNTHESIS
  // Order, counted once more with numbers that never come round: nothing leaves before the posted packets ahead of it.
  logic [31:0] in_q, out_q;
  logic [1:0][31:0] n_in_q, n_out_q;
  logic [31:0] ahead_mem [2][16];
  always_ff @(posedge clk_i) begin
    if (!rst_ni || flush_i) begin
      in_q    <= '0;
      out_q   <= '0;
      n_in_q  <= '0;
      n_out_q <= '0;
    end else begin
      if (commit && cls == vfp_pkg::ClsP) in_q <= in_q + 1'b1;
      if (q_pop_i[0] && q_last_o[0]) out_q <= out_q + 1'b1;
      for (int c = 0; c < 2; c++) begin
        if (commit && cls == 2'(c + 1)) begin
          ahead_mem[c][n_in_q[c][3:0]] <= in_q;
          n_in_q[c] <= n_in_q[c] + 1'b1;
        end
        if (q_pop_i[c+1] && q_last_o[c+1]) n_out_q[c] <= n_out_q[c] + 1'b1;
        nothing_passes_posted: assert (!q_pop_i[c+1] || out_q >= ahead_mem[c][n_out_q[c][3:0]]);
      end
    end
  end
`endif

endmodule

// SPDX-License-Identifier: Apache-2.0
// Between two sessions of a link: non-posted requests of before it was lost, or its port contained, may still be on their
// way when it is back, and their answers are nobody's. Until all of them have left the queues and the tag tables have
// forgotten them, no new one comes in, so that each that does has its answer. What was posted has no such end to wait for, but
// where the link was lost: what the bridge itself was told by then is forgotten, and nothing new may be taken for it.
module vfp_session (
  input  logic clk_i,
  input  logic rst_ni,

  input  logic link_i,
  input  logic down_i,      // the link is down, or the port contained
  input  logic arrives_i,   // pulse: a packet ended well at receive
  input  logic decided_i,   // pulse: so did its decision; in the order of the packets
  input  logic np_some_i,   // non-posted requests lie in the queues, or are the bridge's to answer
  input  logic p_some_i,    // posted packets for the bridge itself lie in the queues
  input  logic gone_i,      // a tag table is forgetting the requests of this port

  output logic deciding_o,  // packets wait for their decision
  output logic old_o,       // packets of before may be on their way to the queues, or in them
  output logic cut_o,       // they are of a link that was lost, and no request at all may come in
  output logic hold_o       // no non-posted request may come in
);

  logic [5:0] count_q, count, left_q;  // packets that wait for their decision; those of them that are of before
  logic [3:0] recent_q;                // receive holds a packet for four cycles
  logic [5:0] calm_q;                  // what ends at an exit is answered within 32 cycles
  logic       old_q, cut_q, ends, stays;
  assign ends       = down_i || recent_q != '0;
  assign deciding_o = count_q != '0;
  assign old_o      = old_q || down_i;
  assign cut_o      = cut_q;
  assign stays      = down_i || (old_q && !calm_q[5]);
  assign hold_o     = old_o || gone_i;

  always_comb begin
    count = count_q;
    if (arrives_i != decided_i) count = arrives_i ? count_q + 1'b1 : count_q - 1'b1;
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      count_q  <= '0;
      left_q   <= '0;
      recent_q <= '0;
      calm_q   <= '0;
      old_q    <= 1'b1;
      cut_q    <= 1'b1;
    end else begin
      count_q  <= count;
      recent_q <= {recent_q[2:0], down_i};
      if (ends) left_q <= count;
      else if (decided_i && left_q != '0) left_q <= left_q - 1'b1;
      if (ends || left_q != '0 || np_some_i || (cut_q && p_some_i)) calm_q <= '0;
      else if (!calm_q[5]) calm_q <= calm_q + 1'b1;
      old_q <= stays;
      cut_q <= !link_i || (cut_q && stays);
    end
  end

`ifdef FORMAL
  `include "formal/vfp_session.svh"
`endif

endmodule

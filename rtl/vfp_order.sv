// SPDX-License-Identifier: Apache-2.0
// Beside a queue of non-posted requests or completions: whether its head may go, which is when no posted packet that
// came before it is left in the posted queue (PCIe Base Spec 2.1, table 2-24). An entry that has been seen to be free
// stays free, however many younger posted packets pass it afterwards.
module vfp_order #(
  parameter int unsigned Packets = 16  // of the queue beside it; a power of two, at most 64
) (
  input  logic clk_i,
  input  logic rst_ni,
  input  logic clear_i,   // the queues are emptied

  input  logic commit_i,  // a packet enters the queue
  input  logic [7:0] posted_in_i,   // posted packets that have entered before it, a running count
  input  logic [7:0] posted_out_i,  // posted packets that have left
  input  logic pop_i,     // the head leaves the queue

  output logic free_o     // there is a head, and it may go
);

  localparam int unsigned PW = $clog2(Packets);

  logic [7:0]  stamp_mem [Packets];
  logic [PW:0] wr_q, rd_q, seen_q;  // entries before seen_q are free

  // Entries are looked at one a cycle and in order. The difference stays small: at most Packets posted packets are
  // queued, and at most as many leave before the look comes to an entry.
  logic [7:0] left;
  logic       next_free;
  assign left      = posted_out_i - stamp_mem[seen_q[PW-1:0]];
  assign next_free = seen_q != wr_q && !left[7];
  assign free_o    = rd_q != wr_q && (rd_q != seen_q || next_free);

  always_ff @(posedge clk_i) begin
    if (commit_i) stamp_mem[wr_q[PW-1:0]] <= posted_in_i;
    if (!rst_ni || clear_i) begin
      wr_q   <= '0;
      rd_q   <= '0;
      seen_q <= '0;
    end else begin
      if (commit_i) wr_q <= wr_q + 1'b1;
      if (pop_i) rd_q <= rd_q + 1'b1;
      if (next_free) seen_q <= seen_q + 1'b1;
    end
  end

endmodule

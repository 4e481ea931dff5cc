// SPDX-License-Identifier: Apache-2.0
// Queues of slot numbers as linked lists in one memory: a slot is in one list at most, so each needs one link only.
module vfp_lists #(
  parameter int unsigned Lists = 3,
  parameter int unsigned Slots = 64,  // a power of two
  localparam int unsigned LW   = Lists < 2 ? 1 : $clog2(Lists),
  localparam int unsigned SW   = $clog2(Slots)
) (
  input  logic          clk_i,
  input  logic          rst_ni,

  input  logic          push_i,       // push_slot_i, in no list yet, goes to the end of push_list_i
  input  logic [LW-1:0] push_list_i,
  input  logic [SW-1:0] push_slot_i,
  input  logic [Lists-1:0] pop_i,     // of one list at most: pop_slot_i, its first one, leaves
  input  logic [SW-1:0] pop_slot_i,

  output logic [Lists-1:0]         some_o,  // the list is not empty
  output logic [Lists-1:0]         two_o,   // it has two slots at least
  output logic [Lists-1:0][SW-1:0] first_o,
  output logic [SW-1:0]            next_o   // what follows pop_slot_i, if its list has two slots
);

  if (Lists < 1 || Slots < 2 || Slots != (1 << SW)) begin : gen_bad_size
    $fatal(1, "vfp_lists: Lists is 1 or more, Slots a power of two from 2 up");
  end

  logic [SW-1:0] next_mem [Slots];
  logic [Lists-1:0]         some_q;
  logic [Lists-1:0][SW-1:0] first_q, last_q;

  assign some_o  = some_q;
  assign first_o = first_q;

  // The link behind the last slot is written when the next one comes. Behind a list that is empty nothing is linked: its
  // last slot may be in another list by now.
  logic [SW-1:0] push_behind, pop_next;
  assign push_behind = last_q[push_list_i];
  assign pop_next    = next_mem[pop_slot_i];
  assign next_o      = pop_next;

  always_ff @(posedge clk_i) begin
    if (push_i && some_q[push_list_i]) next_mem[push_behind] <= push_slot_i;
  end

  for (genvar l = 0; l < int'(Lists); l++) begin : gen_list
    logic push, pop, only;
    assign push = push_i && push_list_i == LW'(l);
    assign pop  = pop_i[l];
    assign only = first_q[l] == last_q[l];
    assign two_o[l] = some_q[l] && !only;
    always_ff @(posedge clk_i) begin
      if (push || pop) begin
        if (push) last_q[l] <= push_slot_i;
        if (push && (!some_q[l] || (pop && only))) first_q[l] <= push_slot_i;
        else if (pop) first_q[l] <= pop_next;
      end
      if (!rst_ni) some_q[l] <= 1'b0;
      else if (push || pop) begin
        if (push) some_q[l] <= 1'b1;
        else if (pop && only) some_q[l] <= 1'b0;
      end
    end
  end

`ifdef FORMAL
  `include "formal/vfp_lists.svh"
`endif

endmodule

// SPDX-License-Identifier: Apache-2.0
// Whose turn it is: the first of those that come after the last one, or of all. Who comes after it is the caller's to know, so
// that it can be in a register. They are looked at in groups of as many as a LUT has inputs.
module vfp_turn #(
  parameter int unsigned N = 3
) (
  input  logic [N-1:0] able_i,
  input  logic [N-1:0] later_i,  // those of able_i that come after the last one
  output logic [N-1:0] first_o   // one of able_i, if there is any
);

  if (N < 1) begin : gen_bad_n
    $fatal(1, "vfp_turn: N is 1 or more");
  end

  localparam int unsigned Group  = 6;
  localparam int unsigned Groups = (N + Group - 1) / Group;

  logic [N-1:0]      first_able, first_later;  // of their groups
  logic [Groups-1:0] some_able, some_later;
  always_comb begin
    some_able  = '0;
    some_later = '0;
    for (int n = 0; n < int'(N); n++) begin
      first_able[n]  = able_i[n] && !some_able[n / int'(Group)];
      first_later[n] = later_i[n] && !some_later[n / int'(Group)];
      if (able_i[n]) some_able[n / int'(Group)] = 1'b1;
      if (later_i[n]) some_later[n / int'(Group)] = 1'b1;
    end
    for (int n = 0; n < int'(N); n++) begin
      first_o[n] = some_later != '0 ? first_later[n] : first_able[n];
      for (int g = 0; g < n / int'(Group); g++) begin
        if (some_later != '0 ? some_later[g] : some_able[g]) first_o[n] = 1'b0;
      end
    end
  end

`ifdef FORMAL
  `include "formal/vfp_turn.svh"
`endif

endmodule

// SPDX-License-Identifier: Apache-2.0
// One of those that can, and nobody before it has come in this round.
logic [N-1:0] f_from;
assign f_from = later_i != '0 ? later_i : able_i;
always_comb begin
  assume ((later_i & ~able_i) == '0);
  assert (first_o == (f_from & (~f_from + 1'b1)));
  cover (later_i != '0 && first_o[N-1] && able_i[0]);
  cover (later_i == '0 && able_i != '0);
end

// SPDX-License-Identifier: Apache-2.0
// Each list gives its slots in the order in which they came, against rows that are kept plainly.
logic f_start_q = 1'b1;
always_ff @(posedge clk_i) f_start_q <= 1'b0;
always_comb assume (rst_ni == !f_start_q);

logic [Lists*Slots*SW-1:0]  f_row_q;  // slot at place p of list l
logic [Lists-1:0][SW:0]     f_len_q;
logic [Slots-1:0]           f_listed_q;

always_ff @(posedge clk_i) begin
  if (!rst_ni) begin
    f_len_q    <= '0;
    f_listed_q <= '0;
  end else begin
    for (int l = 0; l < int'(Lists); l++) begin
      if (pop_i[l]) begin
        for (int p = 0; p + 1 < int'(Slots); p++) begin
          f_row_q[(l * int'(Slots) + p) * int'(SW) +: SW] <= f_row_q[(l * int'(Slots) + p + 1) * int'(SW) +: SW];
        end
      end
      if (push_i && push_list_i == LW'(l)) begin
        for (int p = 0; p < int'(Slots); p++) begin
          if (p == int'(f_len_q[l]) - int'(pop_i[l])) begin
            f_row_q[(l * int'(Slots) + p) * int'(SW) +: SW] <= push_slot_i;
          end
        end
      end
      f_len_q[l] <= f_len_q[l] + (SW + 1)'(push_i && push_list_i == LW'(l)) - (SW + 1)'(pop_i[l]);
    end
    if (pop_i != '0) f_listed_q[pop_slot_i] <= 1'b0;
    if (push_i) f_listed_q[push_slot_i] <= 1'b1;
  end
end

always_comb begin
  if (rst_ni) begin
    assume (push_list_i < LW'(Lists) || Lists == (1 << LW));
    assume ((pop_i & (pop_i - 1'b1)) == '0);
    if (push_i) assume (!f_listed_q[push_slot_i]);
    for (int l = 0; l < int'(Lists); l++) if (pop_i[l]) assume (some_o[l] && first_o[l] == pop_slot_i);
  end
end

// Every listed slot stands at one place.
logic [Slots-1:0] f_seen;
logic             f_twice;
always_comb begin
  f_seen  = '0;
  f_twice = 1'b0;
  for (int l = 0; l < int'(Lists); l++) begin
    for (int p = 0; p < int'(Slots); p++) begin
      if (p < int'(f_len_q[l])) begin
        if (f_seen[f_row_q[(l * int'(Slots) + p) * int'(SW) +: SW]]) f_twice = 1'b1;
        f_seen[f_row_q[(l * int'(Slots) + p) * int'(SW) +: SW]] = 1'b1;
      end
    end
  end
  if (rst_ni) begin
    assert (!f_twice && f_seen == f_listed_q);
    for (int l = 0; l < int'(Lists); l++) begin
      assert (int'(f_len_q[l]) <= int'(Slots));
      for (int p = 0; p < int'(Slots); p++) begin
        if (p + 1 == int'(f_len_q[l])) assert (last_q[l] == f_row_q[(l * int'(Slots) + p) * int'(SW) +: SW]);
        if (p + 1 < int'(f_len_q[l])) begin
          assert (next_mem[f_row_q[(l * int'(Slots) + p) * int'(SW) +: SW]] ==
                  f_row_q[(l * int'(Slots) + p + 1) * int'(SW) +: SW]);
        end
      end
      // The contract.
      assert (some_o[l] == (f_len_q[l] != '0));
      assert (two_o[l] == (f_len_q[l] > (SW + 1)'(1)));
      if (two_o[l] && pop_slot_i == first_o[l]) begin
        assert (next_o == f_row_q[(l * int'(Slots) + 1) * int'(SW) +: SW]);
      end
      if (some_o[l]) assert (first_o[l] == f_row_q[l * int'(Slots) * int'(SW) +: SW]);
    end
    cover (f_len_q[0] == (SW + 1)'(2) && f_len_q[Lists-1] == (SW + 1)'(1) && pop_i != '0 && push_i);
    cover (f_len_q[0] == (SW + 1)'(Slots));
  end
end

// SPDX-License-Identifier: Apache-2.0
// No slot is promised twice, a list always gets its reserve, and what room_o lets begin finds a slot, wherever it goes.
logic f_start_q = 1'b1;
always_ff @(posedge clk_i) f_start_q <= 1'b0;
always_comb assume (rst_ni == !f_start_q);

logic [Lists-1:0][SW:0] f_held_q;  // slots of each list
always_ff @(posedge clk_i) begin
  for (int l = 0; l < int'(Lists); l++) begin
    if (!rst_ni) f_held_q[l] <= '0;
    else f_held_q[l] <= f_held_q[l] + (SW + 1)'(take_i && take_list_i == LW'(l)) -
                        (SW + 1)'(give_i && give_list_i == LW'(l));
  end
end

logic [Lists-1:0] f_may_q;
always_ff @(posedge clk_i) f_may_q <= rst_ni ? may_o : '0;

logic [SW+3:0] f_own, f_loan, f_held;
logic [Lists-1:0][SW:0] f_loan_of;
logic [Lists-1:0][3:0]  f_own_of;
for (genvar l = 0; l < int'(Lists); l++) begin : gen_f
  assign f_loan_of[l] = gen_list[l].loan_count_q;
  assign f_own_of[l]  = gen_list[l].own_q;
end
always_comb begin
  f_own  = '0;
  f_loan = '0;
  f_held = '0;
  for (int l = 0; l < int'(Lists); l++) begin
    f_own  = f_own + (SW + 4)'(f_own_of[l]);
    f_loan = f_loan + (SW + 4)'(f_loan_of[l]);
    f_held = f_held + (SW + 4)'(f_held_q[l]);
  end
  if (rst_ni) begin
    assume (take_list_i < LW'(Lists));
    assume (give_list_i < LW'(Lists));
    if (take_i) assume (f_may_q[take_list_i]);
    if (give_i) assume (f_held_q[give_list_i] != '0);

    assert ($signed({1'b0, shared_q}) == spare_q + $signed((SW + 2)'(Late)));
    assert ((SW + 4)'(shared_q) + f_loan == (SW + 4)'(Shared));
    for (int l = 0; l < int'(Lists); l++) begin
      assert (f_own_of[l] <= 4'(Reserve));
      assert (full_q[l] == (f_own_of[l] == 4'd0) && loan_q[l] == (f_loan_of[l] != '0));
      assert ((SW + 1)'(Reserve) - (SW + 1)'(f_own_of[l]) + f_loan_of[l] == f_held_q[l]);
      // What is allowed finds a slot, also a cycle later.
      if (may_o[l]) assert ((SW + 1)'(f_own_of[l]) + shared_q > (SW + 1)'(1));
      if (f_may_q[l]) assert (f_own_of[l] != 4'd0 || shared_q != '0);
    end
    assert (f_held + (SW + 4)'(Flight) <= (SW + 4)'(Slots));

    cover (shared_q == '0 && take_i && give_i);
    cover (f_held_q[0] == (SW + 1)'(Reserve + Shared));
  end
end

// As many packets as were on their way when room was seen, and Late more, find slots: in whatever lists.
logic [5:0] f_flying_q, f_flying_q2;
logic [SW:0] f_shared_q;
logic [Lists-1:0][3:0] f_own_q;
always_ff @(posedge clk_i) begin
  f_flying_q  <= flying_i;
  f_shared_q  <= shared_q;
  f_flying_q2 <= f_flying_q;
  f_own_q     <= f_own_of;
end
logic f_past_q, f_past_q2;
logic [SW:0] f_shared_q2;
always_ff @(posedge clk_i) begin
  f_past_q    <= rst_ni;
  f_past_q2   <= f_past_q && rst_ni;
  f_shared_q2 <= f_shared_q;
  if (rst_ni && f_past_q2 && f_past_q) begin
    for (int l = 0; l < int'(Lists); l++) begin
      if (room_o[l % 3]) assert (7'(f_own_q[l]) + 7'(f_shared_q2) >= 7'(f_flying_q2) + Late);
    end
  end
end

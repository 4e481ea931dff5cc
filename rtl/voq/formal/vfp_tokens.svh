// SPDX-License-Identifier: Apache-2.0
// A freely chosen non-posted request or completion leaves only when no posted packet that came before it is left, and the
// row of tokens never runs over. Packets of a class leave in order; at most Depth are queued.
logic f_start_q = 1'b1;
always_ff @(posedge clk_i) f_start_q <= 1'b0;
always_comb assume (rst_ni == !f_start_q);

// Packets that are queued, by class.
logic [2:0][PW:0] f_in_q;
logic [PW+2:0]    f_total;
assign f_total = (PW + 3)'(f_in_q[0]) + (PW + 3)'(f_in_q[1]) + (PW + 3)'(f_in_q[2]);
always_ff @(posedge clk_i) begin
  for (int c = 0; c < 3; c++) begin
    if (!rst_ni) f_in_q[c] <= '0;
    else f_in_q[c] <= f_in_q[c] + (PW + 1)'(arrive_i && cls_i == 2'(c)) - (PW + 1)'(left_i[c]);
  end
end

always_comb begin
  if (rst_ni) begin
    assume (cls_i != 2'd3);
    if (arrive_i) assume (f_total < (PW + 3)'(Depth));
    // Who may leave: the contract with the queues. One packet at a time leaves.
    assume (left_i == 3'd0 || left_i == 3'd1 || left_i == 3'd2 || left_i == 3'd4);
    if (left_i[0]) assume (f_in_q[0] != '0);
    if (left_i[1]) assume (may_o[1]);
    if (left_i[2]) assume (may_o[2]);
  end
end

// The chosen packet.
(* anyseq *) logic f_choose;
logic        f_chosen_q, f_gone_q;
logic [1:0]  f_cls_q;
logic [PW:0] f_older_q;   // posted packets before it that are left
logic [PW:0] f_before_q;  // packets of its class before it
logic        f_takes, f_leaves;
assign f_takes  = f_choose && arrive_i && cls_i != 2'd0 && !f_chosen_q;
assign f_leaves = f_chosen_q && !f_gone_q && f_before_q == '0 && left_i[f_cls_q];
always_ff @(posedge clk_i) begin
  if (!rst_ni) begin
    f_chosen_q <= 1'b0;
    f_gone_q   <= 1'b0;
  end else if (f_takes) begin
    f_chosen_q <= 1'b1;
    f_cls_q    <= cls_i;
    f_older_q  <= f_in_q[0] - (PW + 1)'(left_i[0]);
    f_before_q <= f_in_q[cls_i] - (PW + 1)'(left_i[cls_i]);
  end else if (f_chosen_q) begin
    if (left_i[0] && f_older_q != '0) f_older_q <= f_older_q - 1'b1;
    if (left_i[f_cls_q] && f_before_q != '0) f_before_q <= f_before_q - 1'b1;
    if (f_leaves) f_gone_q <= 1'b1;
  end
end

// Where its token is: place 0 is the head, f_inside while it is in the row.
logic          f_inside_q;
logic [PW:0]   f_place_q;
logic [PW+1:0] f_row;  // tokens in the row
assign f_row = (PW + 2)'(used_q) + (PW + 2)'(head_valid_q);
always_ff @(posedge clk_i) begin
  if (!rst_ni) f_inside_q <= 1'b0;
  else if (f_takes) begin
    f_inside_q <= !past;
    f_place_q  <= (PW + 1)'(f_row) - (PW + 1)'(done);
  end else if (f_inside_q && done) begin
    if (f_place_q == '0) f_inside_q <= 1'b0;
    else f_place_q <= f_place_q - 1'b1;
  end
end

// Tokens of each class in the row, and before the chosen one.
logic [2:0][PW+1:0] f_tokens, f_ahead;
logic               f_mine;  // the chosen token is what the row has at its place
logic               f_legal;
always_comb begin
  f_mine  = 1'b0;
  f_legal = 1'b1;
  for (int c = 0; c < 3; c++) begin
    f_tokens[c] = (PW + 2)'(head_valid_q && head_q == 2'(c));
    f_ahead[c]  = (PW + 2)'(head_valid_q && head_q == 2'(c) && f_place_q != '0);
  end
  if (head_valid_q && head_q == 2'd3) f_legal = 1'b0;
  if (f_place_q == '0) f_mine = head_valid_q && head_q == f_cls_q;
  for (int i = 0; i < int'(Depth); i++) begin
    if (i < int'(used_q)) begin
      for (int c = 0; c < 3; c++) begin
        if (mem[rd_q + PW'(i)] == 2'(c)) begin
          f_tokens[c] = f_tokens[c] + 1'b1;
          if (i + 1 < int'(f_place_q)) f_ahead[c] = f_ahead[c] + 1'b1;
        end
      end
      if (mem[rd_q + PW'(i)] == 2'd3) f_legal = 1'b0;
      if (i + 1 == int'(f_place_q)) f_mine = mem[rd_q + PW'(i)] == f_cls_q;
    end
  end
end

logic [PW:0] f_may;
assign f_may = f_cls_q == 2'd1 ? gen_cls[1].may_q : gen_cls[2].may_q;

always_comb begin
  if (rst_ni) begin
    // The row.
    assert (f_legal);
    assert (head_valid_q || used_q == '0);
    assert (wr_q == rd_q + used_q[PW-1:0]);
    assert (f_row <= (PW + 2)'(Depth));
    assert (f_total <= (PW + 3)'(Depth));
    assert (!(write && used_q[PW]));
    assert (f_tokens[0] == (PW + 2)'(f_in_q[0]) + (PW + 2)'(gone_q));
    assert ((PW + 2)'(f_in_q[1]) == f_tokens[1] + (PW + 2)'(gen_cls[1].may_q));
    assert ((PW + 2)'(f_in_q[2]) == f_tokens[2] + (PW + 2)'(gen_cls[2].may_q));
    assert (may_o == {gen_cls[2].may_q != '0, gen_cls[1].may_q != '0});
    assert (two_o == {gen_cls[2].may_q > (PW + 1)'(1), gen_cls[1].may_q > (PW + 1)'(1)});

    // The chosen packet.
    if (f_inside_q) begin
      assert (f_chosen_q && !f_gone_q && f_mine);
      assert ((PW + 2)'(f_place_q) < f_row);
      assert ((PW + 2)'(f_older_q) == (f_ahead[0] > (PW + 2)'(gone_q) ? f_ahead[0] - (PW + 2)'(gone_q) : '0));
      assert ((PW + 2)'(f_before_q) == f_ahead[f_cls_q] + (PW + 2)'(f_may));
    end
    assert (f_chosen_q || !f_gone_q);
    if (f_chosen_q) assert (f_cls_q == 2'd1 || f_cls_q == 2'd2);
    if (f_chosen_q && !f_gone_q && !f_inside_q) assert (f_older_q == '0 && f_before_q < f_may);

    // The contract.
    if (f_leaves) assert (f_older_q == '0);
    if (free_o) assert (f_in_q[0] == '0);

    cover (f_leaves && f_total == (PW + 3)'(Depth));
    cover (f_row == (PW + 2)'(Depth) && gone_q != '0);
    cover (f_chosen_q && f_gone_q && f_cls_q == 2'd2 && may_o == 2'b11);
  end
end

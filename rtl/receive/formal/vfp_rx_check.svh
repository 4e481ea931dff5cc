// SPDX-License-Identifier: Apache-2.0
// Whatever comes in, and the input is not restricted in any way: what goes out obeys the stream's rules (u_check), and a
// packet that is not nullified has exactly the cells of its header, and was told of, as the others were not.
logic f_start_q = 1'b1;
always_ff @(posedge clk_i) f_start_q <= 1'b0;
always_comb assume (rst_ni == !f_start_q);

logic [7:0] f_left_q;  // cells of the packet in h that have left before it
always_ff @(posedge clk_i) begin
  if (!rst_ni) f_left_q <= '0;
  else if (leave) f_left_q <= h_eop_q || close ? 8'd0 : f_left_q + 8'd1;
end

// Cells with payload by the header, beside both stages; ends that were told of, and that came out.
logic [5:0]   h_cells_q, out_cells_q;
logic [127:0] f_hdr_q;
logic [7:0]   f_told_q, f_came_q;
always_ff @(posedge clk_i) begin
  if (keep && s2_sop_q) h_cells_q <= ok ? pay_cells : 6'd0;
  if (h_valid_q && h_sop_q) out_cells_q <= h_cells_q;
  if (well_o) f_hdr_q <= s2_hdr;
  if (!rst_ni) begin
    f_told_q <= '0;
    f_came_q <= '0;
  end else begin
    if (well_o) f_told_q <= f_told_q + 8'd1;
    if (out_valid_q && out_q.eop && !out_q.nullify) f_came_q <= f_came_q + 8'd1;
  end
end

logic       f_same;  // the header stage still shows the packet that is open
logic [7:0] f_kept;
assign f_same = open_q && !(s2_valid_q && s2_sop_q);
assign f_kept = !ok || pay_cells == 6'd0 ? 8'd1 : (nth_q <= pay_cells ? 8'(nth_q) - 8'd1 : 8'(pay_cells));


always_comb begin
  if (rst_ni) begin
    // The place of every cell.
    assert (f_left_q == (out_valid_q ? (out_q.eop ? 8'd0 : out_passed + 8'd1) : out_passed));
    assert (open_q == (h_valid_q && !h_eop_q));
    if (h_valid_q) begin
      assert (h_sop_q == (f_left_q == 8'd0));
      assert (h_cells_q <= 6'(MaxPayload / 16));
      assert (f_left_q + 8'd1 <= (h_cells_q == 6'd0 ? 8'd1 : 8'(h_cells_q)));
      assert (!h_null_q || h_eop_q);
      if (!h_sop_q) assert (out_cells_q == h_cells_q);
      if (h_eop_q && !h_null_q) assert (f_left_q + 8'd1 == (h_cells_q == 6'd0 ? 8'd1 : 8'(h_cells_q)));
    end else begin
      assert (f_left_q == 8'd0);
    end
    assert (nth_q >= 6'd2 && next_q == {1'b0, nth_q} + 7'd1);
    if (h_valid_q && h_eop_q && !h_null_q) assert (h_hdr_q == f_hdr_q);
    if (ok) assert (single == (all_cells == 6'd1));
    if (f_same) begin
      assert (f_left_q + 8'd1 == f_kept);
      assert (h_cells_q == (ok ? pay_cells : 6'd0));
      assert (h_hdr_q == s2_hdr);
      assert (fits_q == (nth_q == all_cells) || nth_q == 6'd63);
    end

    // The contract.
    assert (f_told_q - f_came_q == 8'(h_valid_q && h_eop_q && !h_null_q) + 8'(out_valid_q && out_q.eop && !out_q.nullify));
    if (out_valid_q && out_q.eop && !out_q.nullify) begin
      assert (out_passed + 8'd1 == (out_cells_q == 6'd0 ? 8'd1 : 8'(out_cells_q)));
    end

    cover (out_valid_q && out_q.eop && !out_q.nullify && out_cells_q == 6'(MaxPayload / 16) && stray_o == 1'b0);
    cover (out_valid_q && out_q.eop && out_q.nullify && !out_q.sop && out_bad_q);
    cover (stray_o && out_valid_q);
    cover (cut && h_valid_q && !h_sop_q);
  end
end

// SPDX-License-Identifier: Apache-2.0
// A page leads to a device only if it lies between base and limit of one of its windows, and nowhere if it lies in none.
logic f_start_q = 1'b1;
always_ff @(posedge clk_i) f_start_q <= 1'b0;
always_comb assume (rst_ni == !f_start_q);

(* anyconst *) logic [Devices-1:0]       f_en;
(* anyconst *) logic [Devices-1:0][11:0] f_mem_base, f_mem_limit;
(* anyconst *) logic [Devices-1:0][43:0] f_pref_base, f_pref_limit;
always_comb begin
  assume (en_i == f_en && mem_base_i == f_mem_base && mem_limit_i == f_mem_limit);
  assume (pref_base_i == f_pref_base && pref_limit_i == f_pref_limit);
end

logic [51:0] f_page_q, f_page_2_q;
always_ff @(posedge clk_i) begin
  f_page_q   <= req_page_i;
  f_page_2_q <= f_page_q;
end

logic [1:0][Devices-1:0] f_inside;  // of the request in stage 1, and of the one that is answered
logic [51:0]             f_page;
always_comb begin
  for (int i = 0; i < 2; i++) begin
    f_page = i == 1 ? f_page_2_q : f_page_q;
    for (int d = 0; d < int'(Devices); d++) begin
      f_inside[i][d] = f_en[d] && ((f_page[51:20] == 32'd0 && f_page[51:8] >= {32'd0, f_mem_base[d]} &&
                                    f_page[51:8] <= {32'd0, f_mem_limit[d]}) ||
                                   (f_page[51:8] >= f_pref_base[d] && f_page[51:8] <= f_pref_limit[d]));
    end
  end
end

always_comb begin
  if (rst_ni && !f_start_q) begin
    if (valid_q) assert (hit == f_inside[0]);
    if (rsp_valid_o) begin
      assert (rsp_hit_o == (f_inside[1] != '0 || rsp_local_o));
      for (int d = 0; d < int'(Devices); d++) begin
        if (rsp_hit_o && !rsp_local_o && rsp_dev_o == 2'(d)) assert (f_inside[1][d]);
      end
      if (rsp_hit_o && !rsp_local_o) assert (32'(rsp_dev_o) < Devices);
    end
    cover (rsp_valid_o && rsp_hit_o && !rsp_local_o && rsp_dev_o == 2'(Devices - 1));
    cover (rsp_valid_o && !rsp_hit_o && f_en != '0);
  end
end

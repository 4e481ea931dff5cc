// SPDX-License-Identifier: Apache-2.0
// Every packet gets one verdict: it goes on, or it ends here. What is refused does not go on, but as an error to who asked
// for it; a refused non-posted request is answered and nothing else is; what bears a VF was looked up, and bears what was
// found.
logic f_start_q = 1'b1;
always_ff @(posedge clk_i) f_start_q <= 1'b0;
always_comb assume (rst_ni == !f_start_q);

// The caller keeps to the room; and what comes out of the queue went in so (vfp_fifo has its own proof).
always_comb begin
  if (in_valid_i) assume (unused_head_ready);
  if (look_valid_i) assume (unused_look_ready);
  if (head_valid) begin
    assume (head_do == vfp_look_pkg::DoRefuse || head_do == vfp_look_pkg::DoLook || head_do == vfp_look_pkg::DoMatch ||
            head_do == vfp_look_pkg::DoLocal || head_do == vfp_look_pkg::DoSink);
    assume (head_wait == head_do[1:0]);
  end
end

logic [7:0] f_in_q, f_out_q, f_asked_q, f_answers_q;
logic [7:0] f_on_way;  // answers in the queue, but for its head, and before it
assign f_on_way = 8'(ans_used) + 8'(ans_valid_q) + 8'(ans_want_q);
always_ff @(posedge clk_i) begin
  if (!rst_ni) begin
    f_in_q      <= '0;
    f_out_q     <= '0;
    f_asked_q   <= '0;
    f_answers_q <= '0;
  end else begin
    if (in_valid_i) f_in_q <= f_in_q + 1'b1;
    if (route_valid_o) f_out_q <= f_out_q + 1'b1;
    if (route_valid_o && err_valid_o && f_cls_q == vfp_cell_pkg::ClsNp) f_asked_q <= f_asked_q + 1'b1;
    if (ans_valid_q) f_answers_q <= f_answers_q + 1'b1;
  end
end

// What the verdict was made of, a cycle ago.
logic [1:0]          f_cls_q;
logic                f_looked_q, f_matched_q;
logic [LookW-1:0]    f_look_q;
vfp_look_pkg::look_t f_look;
assign f_look = f_look_q;
always_ff @(posedge clk_i) begin
  f_cls_q       <= head_cls;
  f_looked_q    <= head_do == vfp_look_pkg::DoLook;
  f_matched_q   <= head_do == vfp_look_pkg::DoMatch;
  f_look_q      <= look_word;
end

always_comb begin
  if (rst_ni && !f_start_q) begin
    assert (f_in_q - f_out_q == 8'(head_used) + 8'(head_valid) + 8'(route_valid_q));
    assert (f_asked_q - f_answers_q == 8'(ans_valid_q));
    assert (f_on_way <= 8'd63 && (ans_stop_q || f_on_way <= 8'd62));
    if (route_valid_o) begin
      if (route_q.forward) assert (!err_valid_o || (route_q.bare && f_matched_q));
      if (route_q.bare) assert (route_q.forward && f_matched_q && err_valid_o && !route_q.has_vf);
      if (f_looked_q && f_look.refuse) assert (!route_q.forward && err_valid_o);
      if (f_looked_q && route_q.forward) begin
        assert (route_q.port == f_look.port && route_q.cls == f_cls_q);
        if (route_q.has_vf) assert (f_look.has_vf && route_q.vf == f_look.vf && route_q.gen == f_look.gen);
        if (f_look.has_vf && f_look.port != vfp_route_pkg::PortLocal) assert (route_q.has_vf);
        if (f_look.remap) assert ({hdr_q[95:64], hdr_q[127:108]} == f_look.place);
      end
      if (route_q.has_vf && route_q.forward) assert (f_looked_q || f_matched_q);
    end
    cover (route_valid_o && route_q.forward && route_q.has_vf && f_looked_q);
    cover (route_valid_o && route_q.bare);
    cover (ans_valid_o);
  end
end

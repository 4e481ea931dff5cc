// SPDX-License-Identifier: Apache-2.0
// Every packet that is taken gets one verdict: it goes on, or it ends here. What is refused does not go on, but as an error
// to who asked for it; a refused non-posted request is answered and nothing else is, and there is room for the answer; no
// completion ends unheard; what bears a VF was looked up, and bears what was found. The queues of packets and of look-ups are cut:
// they may show anything at any time (vfp_fifo has its own proof).
logic f_start_q = 1'b1;
always_ff @(posedge clk_i) f_start_q <= 1'b0;
always_comb assume (rst_ni == !f_start_q);

(* anyseq *) logic [HeadW:0] f_head;
(* anyseq *) logic [LookW:0] f_found;
assign {head_valid, head_wait, head_reason, head_do, head_cells, head_cls, head_hdr} = f_head;
assign {look_valid, look_word} = f_found;
assign head_ready = 1'b1;
assign look_ready = 1'b1;
assign head_used  = '0;
assign look_used  = '0;
always_comb begin
  assume (head_do == vfp_look_pkg::DoRefuse || head_do == vfp_look_pkg::DoLook || head_do == vfp_look_pkg::DoMatch ||
          head_do == vfp_look_pkg::DoLocal || head_do == vfp_look_pkg::DoSink);
  assume (head_wait == head_do[1:0]);
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
    if (take) f_in_q <= f_in_q + 1'b1;
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
    assert (f_in_q - f_out_q == 8'(route_valid_q));
    assert (f_asked_q - f_answers_q == 8'(ans_valid_q));
    assert (f_on_way <= 8'd63 && (ans_stop_q || f_on_way <= 8'd62));
    if (route_valid_o) begin
      if (route_q.forward) assert (!err_valid_o || (route_q.bare && f_matched_q));
      if (route_q.bare) assert (route_q.forward && f_matched_q && err_valid_o && !route_q.has_vf);
      if (f_matched_q && !route_q.forward) assert (err_valid_o);
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

// SPDX-License-Identifier: Apache-2.0
// Outstanding non-posted requests of one port, under tags of the bridge's own. The tag is the index, so that a completion
// finds its request without a search; it must then be what was asked for (PCIe Base Specification 2.1, 2.2.9, 2.3.1.1).
//
// Two memories, each with one writer: the request, written when a tag is given out, and its progress, written by the
// completions. A toggle in each tells whether the request is live: it is while the two differ.
//
// Completions and the walker's visits pass one pipeline of four stages, at most one of a tag at a time: a completion waits
// before it for the one of its tag that is inside. The walker sees every tag once a tick. It ends what is too old, and marks
// for good what concerns a VF of an older generation, before that number can come round (docs/bridge-inside.md). A tag whose
// request ended out of turn rests for a time-out before it is given out again; other tags queue behind all free ones.
module vfp_tags #(
  parameter int unsigned Tags       = 256,  // 8 to 256, a power of two
  parameter int unsigned Requesters = 4,    // ports that may ask, 1..31
  localparam int unsigned TagW = $clog2(Tags),
  localparam int unsigned ReqW = vfp_tags_pkg::ReqW
) (
  input  logic clk_i,
  input  logic rst_ni,
  output logic init_done_o,          // the memories are clear; nothing may be asked before

  input  logic        tick_i,        // pulse, once a millisecond
  input  logic [14:0] timeout_i,     // ticks until an unanswered request ends, 1..32767
  input  logic [Requesters-1:0][8:0] quota_i,  // tags that a requester may hold
  // Level: the requester is gone; what it had asked is swallowed. Hold until walk_done_o has come twice.
  input  logic [Requesters-1:0]      gone_i,
  output logic        walk_done_o,   // pulse: the walker has seen every tag
  input  logic        cut_i,         // level: the link is down, no answer will come; the walker ends all that it finds

  // A tag is given out. Ask only for a requester with may_o, and leave one cycle between. What is given out shows in may_o
  // two cycles later; four requests may be under way by then while neither few_o nor scarce_o says otherwise.
  output logic [Requesters-1:0]  may_o,
  output logic [Requesters-1:0]  few_o,       // the requester may have fewer than five more
  output logic                   scarce_o,    // fewer than five are left for all; may_o keeps the last one of them back
  output logic                   own_may_o,   // the bridge's own request, under one of the last two tags: one may rest
  input  logic                   alloc_i,
  input  vfp_tags_pkg::tag_req_t alloc_req_i, // port PortOwn: the bridge's own
  output logic [7:0]             alloc_tag_o, // valid with alloc_i
  output logic [7:0]             own_tag_o,

  // A completion, whole header. The result comes in the order of the completions.
  input  logic                   cpl_valid_i,
  output logic                   cpl_ready_o,
  input  logic [127:0]           cpl_hdr_i,
  input  logic                   cpl_right_i, // two cycles later: it bears the requester ID of its request (vfp_sent)
  output logic                   res_valid_o,
  output logic [2:0]             res_act_o,
  output vfp_tags_pkg::tag_req_t res_req_o,   // who asked; undefined with ActDrop
  output logic [5:0]             next_vf_o,   // what res_req_o.vf is in the next cycle
  output logic [12:0]            res_left_o,  // bytes that were missing before this completion
  // Pulses: the request that res_req_o shows has its end, by a completion or by its age; and nobody has answered it.
  output logic                   over_o,
  output logic                   over_late_o,
  output logic                   some_o,      // tags are held, resting ones included

  // Generation of a VF: gen_i is the one of gen_vf_o, in the same cycle. At a host's port the VF is one of the device that
  // asked: requester gen_port_o. At a device's port it is one of that device, whoever asked.
  output logic [4:0]             gen_port_o,
  output logic [5:0]             gen_vf_o,
  input  logic [15:0]            gen_i,

  // Requests that ended without a completion: who asked gets Unsupported Request.
  output logic                   exp_valid_o,
  input  logic                   exp_ready_i,
  output vfp_tags_pkg::tag_req_t exp_req_o,
  output logic [12:0]            exp_left_o,

  output logic                   walking_o,   // the walker is on its way
  output logic                   busy_o       // anything else goes on; else nothing changes some cycles later
);

  if (Tags < 8 || Tags > 256 || Tags != (1 << TagW)) begin : gen_bad_tags
    $fatal(1, "vfp_tags: Tags is a power of two from 8 to 256");
  end
  if (Requesters < 1 || Requesters > 31) begin : gen_bad_requesters
    $fatal(1, "vfp_tags: Requesters is 1 to 31");
  end

  typedef struct packed {
    logic              live;  // toggle
    logic [15:0]       born;
    logic [ReqW-1:0]   req;
  } req_row_t;
  localparam int unsigned ReqRowW = 17 + ReqW;

  typedef struct packed {
    logic        done;   // toggle: equal to live when the request has ended
    logic        begun;  // toggle: equal to live when left and low are of this request
    logic        stale;  // of this request: swallow what comes
    logic        rest;   // the request has ended out of turn; {left, low}[15:0] is when
    logic [12:0] left;
    logic [6:0]  low;
  } progress_t;
  localparam int unsigned ProgressW = 24;

  (* ram_style = "block" *) logic [ReqRowW-1:0]   req_mem [Tags];
  (* ram_style = "block" *) logic [ProgressW-1:0] progress_mem [Tags];

  // --- time, and the clearing walk after reset ---

  logic [15:0]   now_q;
  logic          init_q;
  logic [TagW:0] init_tag_q;
  assign init_done_o = !init_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      now_q      <= '0;
      init_q     <= 1'b1;
      init_tag_q <= '0;
    end else begin
      if (tick_i) now_q <= now_q + 1'b1;
      if (init_q) init_tag_q <= init_tag_q + 1'b1;
      if (init_tag_q == (TagW + 1)'(Tags - 1)) init_q <= 1'b0;
    end
  end

  // --- stage 0: the tag of a completion, else of a visit, goes to the memories, unless it is in the pipeline ---

  logic            cpl_busy, walk_busy, walk_want, walk_take;
  logic [TagW-1:0] walk_tag_q, cpl_tag, s0_tag;

  vfp_cell_pkg::cpl_hdr_t cpl;
  assign cpl     = cpl_hdr_i;
  assign cpl_tag = cpl.tag[TagW-1:0];
  assign s0_tag  = cpl_valid_i ? cpl_tag : walk_tag_q;

  assign cpl_ready_o = !init_q && !cpl_busy;
  assign walk_take   = walk_want && !init_q && !cpl_valid_i && !walk_busy;

  // --- stage 1: the rows come out of the memories ---

  logic [4:1]           valid_q;
  logic [2:1]           walk_q;
  logic                 s3_walks_q, s3_comes_q;  // at stage 3 is a visit, a completion
  logic [4:1][TagW-1:0] tag_q;
  logic [ReqRowW-1:0]   req_ram_q;
  logic [ProgressW-1:0] progress_ram_q;

  always_comb begin
    cpl_busy  = 1'b0;
    walk_busy = 1'b0;
    for (int i = 1; i <= 4; i++) begin
      if (valid_q[i] && tag_q[i] == cpl_tag) cpl_busy = 1'b1;
      if (valid_q[i] && tag_q[i] == walk_tag_q) walk_busy = 1'b1;
    end
  end

  always_ff @(posedge clk_i) begin
    req_ram_q      <= req_mem[s0_tag];
    progress_ram_q <= progress_mem[s0_tag];
    walk_q         <= {walk_q[1], !cpl_valid_i};
    s3_walks_q     <= valid_q[2] && walk_q[2] && rst_ni;
    s3_comes_q     <= valid_q[2] && !walk_q[2] && rst_ni;
    tag_q          <= {tag_q[3:1], s0_tag};
    if (!rst_ni) valid_q <= '0;
    else valid_q <= {valid_q[3:1], (cpl_valid_i && cpl_ready_o) || walk_take};
  end

  // What a completion says, beside the rows.
  logic [2:1]       known_q;  // there is such a tag
  logic             ours_q;   // at stage 3
  logic [2:1]       ok_q, retry_q, data_q, one_q;  // one: Length 1
  logic [2:1][12:0] got_q;    // bytes that this completion can carry, from its Length and Lower Address
  logic [13:0]      got_less_3_q, got_and_1_q;  // beside got_q[2]; two's complement
  logic [2:1][11:0] bytes_q;
  logic [2:1][6:0]  low_q;
  always_ff @(posedge clk_i) begin
    known_q <= {known_q[1], {1'b0, cpl.tag} < 9'(Tags)};
    ours_q  <= known_q[2] && cpl_right_i;
    ok_q    <= {ok_q[1], cpl.status == vfp_cell_pkg::CplSc};
    retry_q <= {retry_q[1], cpl.status == vfp_cell_pkg::CplCrs};
    data_q  <= {data_q[1], cpl.dw0.data};
    one_q   <= {one_q[1], cpl.dw0.len == 10'd1};
    got_less_3_q <= {1'b0, got_q[1]} - 14'd3;
    got_and_1_q  <= {1'b0, got_q[1]} + 14'd1;
    got_q   <= {got_q[1], {cpl.dw0.len == 10'd0, cpl.dw0.len, 2'b00} - {11'd0, cpl.low[1:0]}};
    bytes_q <= {bytes_q[1], cpl.bytes};
    low_q   <= {low_q[1], cpl.low};
  end

  // --- stage 2: what is outstanding; no more than the memories' outputs leave time for ---

  req_row_t               s1_req;
  progress_t              s1_progress;
  vfp_tags_pkg::tag_req_t s1_who;
  logic                   s1_begun;
  assign s1_req      = req_ram_q;
  assign s1_progress = progress_ram_q;
  assign s1_who      = s1_req.req;
  assign s1_begun    = s1_progress.begun == s1_req.live;

  logic            s2_live_q, s2_toggle_q, s2_stale_q, s2_rest_q;
  logic [12:0]     s2_left_q;
  logic [6:0]      s2_low_q;
  logic [15:0]     s2_since_q;  // when it was sent, or began to rest
  logic [ReqW-1:0] s2_who_q;

  always_ff @(posedge clk_i) begin
    if (valid_q[1]) begin
      s2_live_q    <= s1_progress.done != s1_req.live;
      s2_toggle_q  <= s1_req.live;
      s2_stale_q   <= s1_begun && s1_progress.stale;
      s2_rest_q    <= s1_progress.done == s1_req.live && s1_progress.rest;
      s2_left_q    <= s1_begun ? s1_progress.left : s1_who.bytes;
      s2_low_q     <= s1_begun ? s1_progress.low : s1_who.low;
      s2_since_q   <= s1_progress.done == s1_req.live ? {s1_progress.left[8:0], s1_progress.low} : s1_req.born;
      s2_who_q     <= s1_who;
    end
  end

  // --- stage 3: is it what was asked for, and the asker still there? ---

  vfp_tags_pkg::tag_req_t s2_who;
  assign s2_who     = s2_who_q;
  assign gen_port_o = s2_who.port;
  assign gen_vf_o   = s2_who.vf;

  logic        gone;
  always_comb begin
    gone = 1'b0;
    for (int r = 0; r < int'(Requesters); r++) begin
      if (s2_who.port == 5'(r) && gone_i[r]) gone = 1'b1;
    end
  end

  logic        s3_live_q, s3_toggle_q, s3_stale_q, s3_rest_q, s3_old_gen_q, s3_lost, s3_gone_q, s3_old_q;
  logic        s3_kind_q, s3_mem_q, s3_place_q, s3_last_q, s3_over_q;
  logic [12:0] s3_left_q, s3_next_left_q;
  logic [6:0]  s3_low_q, s3_next_low_q;
  logic [ReqW-1:0] s3_who_q;
  // Signs of: what is left after this completion, less one byte; the same and three bytes more.
  logic [13:0] after_1, after_3;
  assign after_1 = {1'b0, s2_left_q} - got_and_1_q;
  assign after_3 = {1'b0, s2_left_q} - got_less_3_q;
  // What began at due_q, or before, has waited for the time-out. No entry is as old as half of the clock.
  logic [15:0] due_q, overdue;
  assign overdue = due_q - s2_since_q;
  assign s3_lost = s3_old_gen_q || s3_gone_q;

  always_ff @(posedge clk_i) begin
    due_q <= now_q - {1'b0, timeout_i};
    if (valid_q[2]) begin
      s3_live_q      <= s2_live_q;
      s3_toggle_q    <= s2_toggle_q;
      s3_stale_q     <= s2_stale_q;
      s3_rest_q      <= s2_rest_q;
      s3_old_gen_q   <= s2_who.has_vf && gen_i != s2_who.gen;
      s3_gone_q      <= gone;
      s3_old_q       <= !overdue[15];
      // Any status but success ends the request, and has no data. Retry is for configuration requests (2.3.2).
      s3_kind_q      <= data_q[2] == (ok_q[2] && s2_who.wants_data) &&
                        (s2_who.is_mem ? !retry_q[2] : !data_q[2] || one_q[2]);
      s3_mem_q       <= s2_who.is_mem && ok_q[2];
      s3_place_q     <= bytes_q[2] == s2_left_q[11:0] && low_q[2] == s2_low_q;
      s3_last_q      <= after_1[13];   // nothing is left
      s3_over_q      <= after_3[13];   // more than three bytes too many
      s3_left_q      <= s2_left_q;
      s3_low_q       <= s2_low_q;
      s3_next_left_q <= s2_left_q - got_q[2];
      s3_next_low_q  <= s2_low_q + got_q[2][6:0];
      s3_who_q       <= s2_who_q;
    end
  end

  // --- stage 4: decision ---

  // Of a memory read every completion but the last ends at a Read Completion Boundary of 64 bytes.
  logic fits, last_one;
  assign last_one = !s3_mem_q || s3_last_q;
  assign fits     = s3_kind_q && (!s3_mem_q || (s3_place_q && (s3_last_q ? !s3_over_q : s3_next_low_q[5:0] == 6'd0)));

  vfp_tags_pkg::tag_req_t s3_who;
  assign s3_who = s3_who_q;

  logic hit, ends, rests, marks, moves, expires, wakes;
  assign hit     = s3_comes_q && s3_live_q && ours_q;
  assign expires = s3_walks_q && s3_live_q && (s3_old_q || cut_i);
  assign wakes   = s3_walks_q && s3_rest_q && s3_old_q;
  assign rests   = (hit && !fits) || expires;               // ends out of turn
  assign ends    = (hit && fits && last_one) || wakes;     // the tag is free
  assign marks   = s3_live_q && (s3_walks_q || (s3_comes_q && ours_q)) && s3_lost && !s3_stale_q;
  assign moves   = hit && fits && !last_one;

  progress_t s4_row_q;
  logic      s4_write_q, s4_free_q, s4_exp_q, s4_toggle_q, s4_over_q, s4_late_q;
  logic [2:0]      res_act_q;
  logic            res_valid_q;
  logic [ReqW-1:0] s4_who_q;
  logic [12:0]     s4_left_q;

  always_ff @(posedge clk_i) begin
    s4_row_q.done  <= s3_toggle_q ^ (s3_live_q && !rests && !ends);
    s4_row_q.begun <= s3_toggle_q;
    s4_row_q.stale <= s3_stale_q || s3_lost;
    s4_row_q.rest  <= rests;
    {s4_row_q.left, s4_row_q.low} <= rests ? {4'd0, now_q} : moves ? {s3_next_left_q, s3_next_low_q} : {s3_left_q, s3_low_q};
    s4_toggle_q    <= s3_toggle_q;
    s4_who_q       <= s3_who_q;
    s4_left_q      <= s3_left_q;
    if (!hit) res_act_q <= vfp_tags_pkg::ActDrop;
    else if (s3_stale_q || s3_gone_q) res_act_q <= vfp_tags_pkg::ActSwallow;
    else if (s3_lost) res_act_q <= vfp_tags_pkg::ActUr;
    else if (!fits) res_act_q <= vfp_tags_pkg::ActCa;
    else res_act_q <= vfp_tags_pkg::ActForward;
    if (!rst_ni) begin
      s4_write_q  <= 1'b0;
      s4_free_q   <= 1'b0;
      s4_exp_q    <= 1'b0;
      s4_over_q   <= 1'b0;
      s4_late_q   <= 1'b0;
      res_valid_q <= 1'b0;
    end else begin
      s4_write_q  <= rests || ends || marks || moves;
      s4_free_q   <= ends;
      s4_over_q   <= rests || (ends && !wakes);
      s4_late_q   <= expires && !s3_stale_q && !s3_gone_q;
      // The walker answers when nobody else does: the request ends, or is marked, and its asker is still there.
      s4_exp_q    <= (expires || (marks && s3_walks_q)) && !s3_stale_q && !s3_gone_q;
      res_valid_q <= s3_comes_q;
    end
  end

  assign res_valid_o = res_valid_q;
  assign res_act_o   = res_act_q;
  assign res_req_o   = s4_who_q;
  assign next_vf_o   = s3_who.vf;
  assign res_left_o  = s4_left_q;
  assign over_o      = s4_over_q;
  assign over_late_o = s4_late_q;

  // --- the memories' writers ---

  logic            alloc_toggle, alloc_own, own_pick;
  logic [1:0]      own_toggle_q, own_live_q;  // of the last two tags
  logic [TagW-1:0] alloc_tag, free_tag, own_tag;
  assign alloc_own = alloc_req_i.port == vfp_tags_pkg::PortOwn;
  assign own_pick  = own_live_q[0];
  assign own_tag   = {{(TagW - 1){1'b1}}, own_pick};
  assign alloc_tag = alloc_own ? own_tag : free_tag;

  logic               req_we;
  logic [TagW-1:0]    req_addr;
  req_row_t           req_row;
  assign req_we       = init_q || alloc_i;
  assign req_addr     = init_q ? init_tag_q[TagW-1:0] : alloc_tag;
  assign req_row.live = init_q ? 1'b0 : alloc_own ? !own_toggle_q[own_pick] : alloc_toggle;
  assign req_row.born = now_q;
  assign req_row.req  = alloc_req_i;

  always_ff @(posedge clk_i) begin
    if (req_we) req_mem[req_addr] <= req_row;
    if (init_q || s4_write_q) progress_mem[init_q ? init_tag_q[TagW-1:0] : tag_q[4]] <= init_q ? '0 : s4_row_q;
  end

  // --- free tags, with the toggle that the next request must have ---

  logic            free_we, own_free, list_valid, list_ready;
  logic [TagW:0]   free_in, list_head;
  assign own_free = s4_free_q && tag_q[4][TagW-1:1] == '1;
  assign free_we  = (init_q && init_tag_q < (TagW + 1)'(Tags - 2)) || (s4_free_q && !own_free);
  assign free_in  = init_q ? {1'b1, init_tag_q[TagW-1:0]} : {!s4_toggle_q, tag_q[4]};
  assign {alloc_toggle, free_tag} = list_head;
  assign list_ready = alloc_i && !alloc_own;

`ifndef FORMAL
  logic        list_in_ready;
  logic [$clog2(Tags < 128 ? 128 : Tags):0] list_used;
  vfp_fifo_bram #(.W(TagW + 1), .Depth(Tags < 128 ? 128 : Tags)) u_free (
    .clk_i, .rst_ni,
    .in_valid_i (free_we),
    .in_ready_o (list_in_ready),  // always: the list has a place for every tag
    .in_data_i  (free_in),
    .out_valid_o(list_valid),
    .out_ready_i(list_ready),
    .out_data_o (list_head),
    .used_o     (list_used)
  );
  logic unused_list;
  assign unused_list = ^{list_in_ready, list_used, list_valid};
`endif

  assign alloc_tag_o = 8'(free_tag);
  assign own_tag_o   = 8'(own_tag);
  assign own_may_o   = !init_q && own_live_q != '1;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      own_live_q   <= '0;
      own_toggle_q <= '0;
    end else begin
      if (alloc_i && alloc_own) begin
        own_live_q[own_pick]   <= 1'b1;
        own_toggle_q[own_pick] <= !own_toggle_q[own_pick];
      end
      if (own_free) own_live_q[tag_q[4][0]] <= 1'b0;
    end
  end

  // --- quotas ---

  vfp_tags_pkg::tag_req_t s4_who;
  assign s4_who = s4_who_q;

  logic [Requesters-1:0] some;
  always_ff @(posedge clk_i) some_o <= rst_ni && (some != '0 || own_live_q != '0);
  for (genvar r = 0; r < int'(Requesters); r++) begin : gen_quota
    logic [8:0] held_q;
    assign some[r] = held_q != '0;
    logic       more, less, may_q, few_q;
    assign more = alloc_i && alloc_req_i.port == 5'(r);
    assign less = s4_free_q && s4_who.port == 5'(r);
    always_ff @(posedge clk_i) begin
      may_q <= held_q < quota_i[r] && !init_q;
      few_q <= {1'b0, held_q} + 10'd5 > {1'b0, quota_i[r]};
      if (!rst_ni) held_q <= '0;
      else if (more != less) held_q <= less ? held_q - 1'b1 : held_q + 1'b1;  // more is known late
    end
    assign may_o[r] = may_q && !none_q;
    assign few_o[r] = few_q;
  end

  logic [TagW:0] free_q;  // tags in the list
  logic          none_q;
  always_ff @(posedge clk_i) begin
    none_q   <= free_q < (TagW + 1)'(2) || !rst_ni;
    scarce_o <= free_q < (TagW + 1)'(5);
    if (!rst_ni) free_q <= '0;
    else if (free_we != list_ready) free_q <= free_we ? free_q + 1'b1 : free_q - 1'b1;
  end

  // --- the walker ---

  logic       walking_q, exp_space_q;
  logic [4:0] exp_used;
  assign walk_want = walking_q && exp_space_q;
`ifdef VFPOOL_GATE
  assign walking_o = walking_q || gone_i != '0 || cut_i;
  assign busy_o    = init_q || tick_i || alloc_i || cpl_valid_i || valid_q != '0 || exp_valid_o ||
                     walk_done_o;
`else
  assign walking_o = 1'b1;
  assign busy_o    = 1'b1;
`endif

  always_ff @(posedge clk_i) begin
    walk_done_o <= walk_take && walk_tag_q == '1 && rst_ni;
    if (!rst_ni) begin
      walking_q  <= 1'b0;
      walk_tag_q <= '0;
    end else begin
      if (tick_i || gone_i != '0 || cut_i) walking_q <= 1'b1;
      else if (walk_take && walk_tag_q == '1) walking_q <= 1'b0;
      if (walk_take) walk_tag_q <= walk_tag_q + 1'b1;
    end
    exp_space_q <= exp_used < 5'd8;  // eight more fit: stages 1 to 4, this register, and the FIFO's own count
  end

  logic unused_exp_ready, unused_who;
  assign unused_who = ^{s3_who, overdue};
  vfp_fifo #(.W(ReqW + 13), .Depth(16)) u_expired (
    .clk_i, .rst_ni,
    .in_valid_i (s4_exp_q),
    .in_ready_o (unused_exp_ready),
    .in_data_i  ({s4_who_q, s4_left_q}),
    .out_valid_o(exp_valid_o),
    .out_ready_i(exp_ready_i),
    .out_data_o ({exp_req_o, exp_left_o}),
    .used_o     (exp_used)
  );

`ifndef SYNTHESIS
  // may_o was heeded.
  always_ff @(posedge clk_i) if (rst_ni && list_ready) assert (list_valid);
`endif

`ifdef FORMAL
  `include "formal/vfp_tags.svh"
`endif

endmodule

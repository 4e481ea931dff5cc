// SPDX-License-Identifier: Apache-2.0
// Outstanding non-posted requests under tags of the bridge's own. The index is the tag, so a returning completion
// finds its entry without a search. Entries that wait too long, or got a wrong answer, are offered as ended; their tag is
// then kept out of use for a while, so that a late completion cannot be taken for that of a younger request.
//
// Askers that share a table have `Quota` tags each, resting ones included; the last asker has what is free. An ended
// entry whose asker cannot take it does not hold up the others'.
module vfp_tag_table #(
  parameter int unsigned Tags   = 32,  // power of two
  parameter int unsigned InfoW  = 8,
  parameter int unsigned Askers = 1,
  parameter int unsigned Quota  = Tags,  // of all askers but the last
  localparam int unsigned LeftW  = 21,   // see vfp_cpl_check
  localparam int unsigned TagW   = $clog2(Tags),
  localparam int unsigned AskerW = Askers > 1 ? $clog2(Askers) : 1
) (
  input  logic clk_i,
  input  logic rst_ni,
  input  logic tick_ms_i,
  input  logic [15:0] timeout_ms_i,
  input  logic expire_all_i,  // level: nothing will be answered any more

  output logic [Askers-1:0] alloc_ready_o,
  output logic [TagW-1:0]   alloc_tag_o,
  input  logic              alloc_i,
  input  logic [AskerW-1:0] alloc_asker_i,
  input  logic [InfoW-1:0]  alloc_info_i,
  input  logic [LeftW-1:0]  alloc_left_i,  // what its completions must bring

  input  logic             look_valid_i,  // a completion is being looked up: its entry does not expire now
  input  logic [7:0]       look_tag_i,
  output logic             look_hit_o,
  output logic [InfoW-1:0] look_info_o,
  output logic [LeftW-1:0] look_left_o,
  // What becomes of the entry that is looked at: it is done; it has got a part; its answer is wrong, it has failed.
  input  logic             free_i,
  input  logic             part_i,
  input  logic [LeftW-1:0] part_left_i,
  input  logic             fail_i,

  // Ended without a good answer. taken: valid, and its asker is ready.
  output logic              exp_valid_o,
  output logic              exp_taken_o,
  output logic [TagW-1:0]   exp_tag_o,
  output logic [InfoW-1:0]  exp_info_o,
  output logic [LeftW-1:0]  exp_left_o,
  output logic              exp_failed_o,  // by a wrong answer; else by none
  input  logic [Askers-1:0] exp_ready_i,

  output logic live_o,  // any request outstanding or tag resting: ticks matter
  output logic busy_o   // looking for expired entries
);

  logic [InfoW-1:0]  info_mem  [Tags];
  logic [LeftW-1:0]  left_mem  [Tags];
  logic [15:0]       born_mem  [Tags];
  logic [AskerW-1:0] asker_mem [Tags];
  logic [Tags-1:0]   live_q, rest_q, fail_q;
  logic [TagW-1:0]   next_q, scan_q;
  logic [15:0]       now_q;
  logic              scanning_q, woken_q;
  logic [Askers-1:0] skipped_q;  // had an ended entry and were not ready
  logic [Askers-1:0][TagW:0] held_q;

  logic next_free;
  assign next_free   = !live_q[next_q] && !rest_q[next_q];
  assign alloc_tag_o = next_q;
  for (genvar a = 0; a < Askers; a++) begin : gen_ready
    assign alloc_ready_o[a] = next_free && (a == Askers - 1 || held_q[a] < (TagW + 1)'(Quota));
  end

  logic [TagW-1:0] look;
  assign look        = look_tag_i[TagW-1:0];
  assign look_hit_o  = live_q[look] && !fail_q[look] && look_tag_i == 8'(look);
  assign look_info_o = info_mem[look];
  assign look_left_o = left_mem[look];

  logic old, rested, wake;
  assign old          = expire_all_i || fail_q[scan_q] || now_q - born_mem[scan_q] >= timeout_ms_i;
  assign exp_valid_o  = scanning_q && live_q[scan_q] && old && (fail_q[scan_q] || !(look_valid_i && look == scan_q));
  assign exp_taken_o  = exp_valid_o && exp_ready_i[asker_mem[scan_q]];
  assign exp_tag_o    = scan_q;
  assign exp_info_o   = info_mem[scan_q];
  assign exp_left_o   = left_mem[scan_q];
  assign exp_failed_o = fail_q[scan_q];
  assign rested       = scanning_q && rest_q[scan_q] && old;
  assign wake         = woken_q || (expire_all_i && (|live_q) && skipped_q == '0) || (skipped_q & exp_ready_i) != '0;
  assign live_o       = (|live_q) || (|rest_q);
  assign busy_o       = scanning_q || wake || (!next_free && !(&(live_q | rest_q)));

  always_ff @(posedge clk_i) begin
    if (alloc_i) begin
      info_mem[next_q]  <= alloc_info_i;
      left_mem[next_q]  <= alloc_left_i;
      born_mem[next_q]  <= now_q;
      asker_mem[next_q] <= alloc_asker_i;
    end
    if (part_i) left_mem[look] <= part_left_i;
    if (exp_taken_o) born_mem[scan_q] <= now_q;
  end

  for (genvar a = 0; a < Askers; a++) begin : gen_held
    logic more, less, less_too;
    assign more     = alloc_i && alloc_asker_i == AskerW'(a);
    assign less     = free_i && asker_mem[look] == AskerW'(a);
    assign less_too = rested && asker_mem[scan_q] == AskerW'(a);
    always_ff @(posedge clk_i) begin
      if (!rst_ni) held_q[a] <= '0;
      else held_q[a] <= held_q[a] + (TagW + 1)'(more) - (TagW + 1)'(less) - (TagW + 1)'(less_too);
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      live_q     <= '0;
      rest_q     <= '0;
      fail_q     <= '0;
      next_q     <= '0;
      scan_q     <= '0;
      now_q      <= '0;
      scanning_q <= 1'b0;
      woken_q    <= 1'b0;
      skipped_q  <= '0;
    end else begin
      if (tick_ms_i) now_q <= now_q + 1'b1;
      if (alloc_i) live_q[next_q] <= 1'b1;
      if (alloc_i || !next_free) next_q <= next_q + 1'b1;
      if (free_i) live_q[look] <= 1'b0;

      if (!scanning_q) begin
        scanning_q <= live_o && (tick_ms_i || wake);
        scan_q     <= '0;
        if (tick_ms_i || wake) begin
          woken_q   <= 1'b0;
          skipped_q <= '0;
        end
      end else begin
        if (exp_taken_o) begin
          live_q[scan_q] <= 1'b0;
          fail_q[scan_q] <= 1'b0;
          rest_q[scan_q] <= 1'b1;
        end else if (exp_valid_o) begin
          skipped_q[asker_mem[scan_q]] <= 1'b1;
        end
        if (rested) rest_q[scan_q] <= 1'b0;
        scan_q <= scan_q + 1'b1;
        if (&scan_q) scanning_q <= 1'b0;
      end
      if (fail_i) begin
        fail_q[look] <= 1'b1;
        woken_q      <= 1'b1;
      end
    end
  end

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      fresh_tag : assert (!alloc_i || next_free);
      freed_once: assert (!free_i || look_hit_o);
      failed_one: assert (!fail_i || look_hit_o);
      one_end   : assert (!(free_i && exp_valid_o && look == scan_q));
      rests_idle: assert ((live_q & rest_q) == '0);
    end
  end
`endif

endmodule

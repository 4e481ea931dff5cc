// SPDX-License-Identifier: Apache-2.0
// Outstanding non-posted requests under tags of the bridge's own. The index is the tag, so a returning completion
// finds its entry without a search. Entries that wait too long are offered as expired; their tag is then kept out of
// use for as long again, so that a late completion cannot be taken for that of a younger request.
module vfp_tag_table #(
  parameter int unsigned Tags  = 32,  // power of two
  parameter int unsigned InfoW = 8,
  localparam int unsigned TagW = $clog2(Tags)
) (
  input  logic clk_i,
  input  logic rst_ni,
  input  logic tick_ms_i,
  input  logic [15:0] timeout_ms_i,
  input  logic expire_all_i,  // level: nothing will be answered any more

  output logic             alloc_ready_o,
  output logic [TagW-1:0]  alloc_tag_o,
  input  logic             alloc_i,
  input  logic [InfoW-1:0] alloc_info_i,

  input  logic             look_valid_i,  // a completion is being looked up: its entry does not expire now
  input  logic [7:0]       look_tag_i,
  output logic             look_hit_o,
  output logic [InfoW-1:0] look_info_o,
  input  logic             free_i,  // ends the entry that is looked at

  output logic             exp_valid_o,
  output logic [TagW-1:0]  exp_tag_o,
  output logic [InfoW-1:0] exp_info_o,
  input  logic             exp_ready_i,

  output logic live_o,  // any request outstanding or tag resting: ticks matter
  output logic busy_o   // looking for expired entries
);

  logic [InfoW-1:0] info_mem [Tags];
  logic [15:0]      born_mem [Tags];
  logic [Tags-1:0]  live_q, rest_q;
  logic [TagW-1:0]  next_q, scan_q;
  logic [15:0]      now_q;
  logic             scanning_q;

  assign alloc_tag_o   = next_q;
  assign alloc_ready_o = !live_q[next_q] && !rest_q[next_q];

  logic [TagW-1:0] look;
  assign look        = look_tag_i[TagW-1:0];
  assign look_hit_o  = live_q[look] && look_tag_i == 8'(look);
  assign look_info_o = info_mem[look];

  logic old;
  assign old         = expire_all_i || now_q - born_mem[scan_q] >= timeout_ms_i;
  assign exp_valid_o = scanning_q && live_q[scan_q] && old && !(look_valid_i && look == scan_q);
  assign exp_tag_o   = scan_q;
  assign exp_info_o  = info_mem[scan_q];
  assign live_o      = (|live_q) || (|rest_q);
  assign busy_o      = (scanning_q && (!exp_valid_o || exp_ready_i)) || (!scanning_q && expire_all_i && (|live_q)) ||
                       (!alloc_ready_o && !(&(live_q | rest_q)));

  always_ff @(posedge clk_i) begin
    if (alloc_i) begin
      info_mem[next_q] <= alloc_info_i;
      born_mem[next_q] <= now_q;
    end
    if (exp_valid_o && exp_ready_i) born_mem[scan_q] <= now_q;
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      live_q     <= '0;
      rest_q     <= '0;
      next_q     <= '0;
      scan_q     <= '0;
      now_q      <= '0;
      scanning_q <= 1'b0;
    end else begin
      if (tick_ms_i) now_q <= now_q + 1'b1;
      if (alloc_i) live_q[next_q] <= 1'b1;
      if (alloc_i || !alloc_ready_o) next_q <= next_q + 1'b1;
      if (free_i) live_q[look] <= 1'b0;

      if (!scanning_q) begin
        scanning_q <= live_o && (tick_ms_i || (expire_all_i && (|live_q)));
        scan_q     <= '0;
      end else if (!exp_valid_o || exp_ready_i) begin
        if (exp_valid_o) begin
          live_q[scan_q] <= 1'b0;
          rest_q[scan_q] <= 1'b1;
        end else if (rest_q[scan_q] && old) begin
          rest_q[scan_q] <= 1'b0;
        end
        scan_q <= scan_q + 1'b1;
        if (&scan_q) scanning_q <= 1'b0;
      end
    end
  end

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      fresh_tag : assert (!alloc_i || alloc_ready_o);
      freed_once: assert (!free_i || look_hit_o);
      one_end   : assert (!(free_i && exp_valid_o && look == scan_q));
      rests_idle: assert ((live_q & rest_q) == '0);
    end
  end
`endif

endmodule

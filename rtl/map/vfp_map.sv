// SPDX-License-Identifier: Apache-2.0
// Address map of one user: a memory request must lie in a window of a VF that is assigned to it, and leaves at that VF's
// address on the card's side. Responses come in the order of the requests, five cycles later if the hint was right.
//
// A hint names the row that was right last time for such an address; the full compare of that row decides. When it fails,
// all rows are tried, one a cycle; requests behind wait in the ring and begin again. A hint is never trusted, so that it
// need not be cleared or kept true.
//
// A row's writer asks for a new generation of the VF (vfp_generation) with the row or after it, never before: the
// generation is read a cycle after the row.
module vfp_map #(
  parameter int unsigned Slots = 8,  // 1 to 8, of 8 functions each
  localparam int unsigned IdxW = $clog2(8 * Slots),
  localparam int unsigned RowW = vfp_map_pkg::MapRowW
) (
  input  logic        clk_i,
  input  logic        rst_ni,
  output logic        init_done_o,   // the rows are clear; write none before

  input  logic        req_valid_i,
  output logic        req_ready_o,
  input  logic [51:0] req_page_i,    // address[63:12]

  output logic        rsp_valid_o,   // for one cycle; nobody can stop it
  output logic        rsp_hit_o,     // else the address leads nowhere
  output logic        rsp_local_o,   // with hit: the bridge's own registers; the rest is undefined
  output logic [1:0]  rsp_dev_o,
  output logic [5:0]  rsp_vf_o,
  output logic [15:0] rsp_gen_o,
  output logic [51:0] rsp_page_o,

  input  logic        local_en_i,
  input  logic [47:0] local_bar_i,   // 64 KiB of registers, address[63:16]

  // Generation of a VF: look_gen_i is the one of {look_dev_o, look_vf_o}, in the same cycle.
  output logic [1:0]  look_dev_o,
  output logic [5:0]  look_vf_o,
  input  logic [15:0] look_gen_i,

  input  logic                   row_we_i,
  input  logic [IdxW-1:0]        row_idx_i,  // {slot, function}
  input  vfp_map_pkg::map_row_t  row_i
);

  if (Slots < 1 || Slots > 8) begin : gen_bad_slots
    $fatal(1, "vfp_map: Slots is 1 to 8");
  end

  localparam int unsigned Rows = 1 << IdxW;
  localparam int unsigned RingW = 5;
  localparam int unsigned HintW = 7;

  logic [51:0]     ring_mem [1 << RingW];
  logic [IdxW-1:0] hint_mem [1 << HintW];
  logic [RowW-1:0] row_mem [Rows];

  // --- clearing walk after reset ---

  logic            init_q;
  logic [IdxW-1:0] init_idx_q;
  assign init_done_o = !init_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      init_q     <= 1'b1;
      init_idx_q <= '0;
    end else if (init_q) begin
      init_idx_q <= init_idx_q + 1'b1;
      init_q     <= init_idx_q != '1;
    end
  end

  always_ff @(posedge clk_i) begin
    if (init_q || row_we_i) row_mem[init_q ? init_idx_q : row_idx_i] <= init_q ? '0 : row_i;
  end

  // --- the ring: requests from the oldest without a response to the newest ---

  logic [RingW:0]   wr_q, issue_q, done_q;  // the newest, the next to be tried, the oldest; with a bit to tell full from empty
  logic [RingW:0]   used_q;                 // without a response
  logic             take, issue, answer, retry, restart;

  assign req_ready_o = !used_q[RingW];
  assign take        = req_valid_i && req_ready_o;

  always_ff @(posedge clk_i) begin
    if (take) ring_mem[wr_q[RingW-1:0]] <= req_page_i;
  end

  // --- stage 1: the oldest request that is not under way, and which row to try ---

  logic            sweep_q, sweep_end_q;  // all rows are tried for the oldest request; all are under way
  logic [IdxW-1:0] sweep_idx_q;
  logic [51:0]     page;
  logic [HintW-1:0] hash;

  assign page  = ring_mem[issue_q[RingW-1:0]];
  // Apertures of 16 KiB and of 64 KiB alike, 1 MiB or more for each slot.
  assign hash  = {page[10:8] ^ page[13:11], page[5:4], page[3:2] ^ page[7:6]};
  assign issue = !init_q && !restart && (sweep_q ? !sweep_end_q : issue_q != wr_q);

  logic             s1_valid_q, s1_sweep_q, s1_last_q;
  logic [IdxW-1:0]  s1_idx_q;
  logic [51:0]      s1_page_q;
  logic [HintW-1:0] s1_hash_q;

  always_ff @(posedge clk_i) begin
    s1_page_q  <= page;
    s1_hash_q  <= hash;
    s1_idx_q   <= sweep_q ? sweep_idx_q : hint_mem[hash];
    s1_sweep_q <= sweep_q;
    s1_last_q  <= sweep_q && sweep_idx_q == '1;
    if (!rst_ni) s1_valid_q <= 1'b0;
    else s1_valid_q <= issue;
  end

  // --- stage 2: its row ---

  logic                  s2_valid_q, s2_sweep_q, s2_last_q;
  logic [IdxW-1:0]       s2_idx_q;
  logic [51:0]           s2_page_q;
  logic [HintW-1:0]      s2_hash_q;
  logic [RowW-1:0]       s2_row_q;
  vfp_map_pkg::map_row_t s2_row;
  assign s2_row     = s2_row_q;
  assign look_dev_o = s2_row.dev;
  assign look_vf_o  = s2_row.vf;

  always_ff @(posedge clk_i) begin
    if (s1_valid_q) begin
      s2_row_q   <= row_mem[s1_idx_q];
      s2_page_q  <= s1_page_q;
      s2_hash_q  <= s1_hash_q;
      s2_idx_q   <= s1_idx_q;
      s2_sweep_q <= s1_sweep_q;
      s2_last_q  <= s1_last_q;
    end
    if (!rst_ni) s2_valid_q <= 1'b0;
    else s2_valid_q <= s1_valid_q && !restart;
  end

  // --- stage 3: compared with both windows, and mapped into both ---

  logic [10:0] within_a, within_b;
  assign within_a = vfp_map_pkg::in_window(s2_row.size_a);
  assign within_b = vfp_map_pkg::in_window(s2_row.size_b);

  logic             s3_valid_q, s3_sweep_q, s3_last_q, s3_hit_a_q, s3_hit_b_q, s3_local_q;
  logic [IdxW-1:0]  s3_idx_q;
  logic [HintW-1:0] s3_hash_q;
  logic [1:0]       s3_dev_q;
  logic [5:0]       s3_vf_q;
  logic [15:0]      s3_gen_q;
  logic [51:0]      s3_page_a_q, s3_page_b_q;

  always_ff @(posedge clk_i) begin
    if (s2_valid_q) begin
      s3_hit_a_q  <= s2_row.has_a && ((s2_page_q ^ s2_row.user_a) & ~{41'd0, within_a}) == '0;
      s3_hit_b_q  <= s2_row.has_b && ((s2_page_q ^ s2_row.user_b) & ~{41'd0, within_b}) == '0;
      s3_local_q  <= local_en_i && s2_page_q[51:4] == local_bar_i;
      s3_page_a_q <= {s2_row.card_a[51:11], (s2_row.card_a[10:0] & ~within_a) | (s2_page_q[10:0] & within_a)};
      s3_page_b_q <= {s2_row.card_b[51:11], (s2_row.card_b[10:0] & ~within_b) | (s2_page_q[10:0] & within_b)};
      s3_dev_q    <= s2_row.dev;
      s3_vf_q     <= s2_row.vf;
      s3_gen_q    <= look_gen_i;
      s3_idx_q    <= s2_idx_q;
      s3_hash_q   <= s2_hash_q;
      s3_sweep_q  <= s2_sweep_q;
      s3_last_q   <= s2_last_q;
    end
    if (!rst_ni) s3_valid_q <= 1'b0;
    else s3_valid_q <= s2_valid_q && !restart;
  end

  // --- stage 4: response, or another try ---

  logic found;
  assign found   = s3_hit_a_q || s3_hit_b_q || s3_local_q;
  assign answer  = s3_valid_q && (found || s3_last_q);
  assign retry   = s3_valid_q && !found && !s3_sweep_q;
  assign restart = retry || (answer && s3_sweep_q);  // what is younger begins anew

  always_ff @(posedge clk_i) begin
    if (s3_valid_q && s3_sweep_q && (s3_hit_a_q || s3_hit_b_q)) hint_mem[s3_hash_q] <= s3_idx_q;
    if (s3_valid_q) begin
      rsp_hit_o   <= found;
      rsp_local_o <= s3_local_q;
      rsp_dev_o   <= s3_dev_q;
      rsp_vf_o    <= s3_vf_q;
      rsp_gen_o   <= s3_gen_q;
      rsp_page_o  <= s3_hit_a_q ? s3_page_a_q : s3_page_b_q;
    end
    rsp_valid_o <= answer && rst_ni;
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      wr_q        <= '0;
      issue_q     <= '0;
      done_q      <= '0;
      used_q      <= '0;
      sweep_q     <= 1'b0;
      sweep_end_q <= 1'b0;
      sweep_idx_q <= '0;
    end else begin
      if (take) wr_q <= wr_q + 1'b1;
      if (answer) done_q <= done_q + 1'b1;
      if (take != answer) used_q <= take ? used_q + 1'b1 : used_q - 1'b1;
      if (restart) issue_q <= answer ? done_q + 1'b1 : done_q;
      else if (issue && !sweep_q) issue_q <= issue_q + 1'b1;
      if (restart) sweep_q <= retry;
      sweep_idx_q <= sweep_q ? sweep_idx_q + 1'b1 : '0;
      sweep_end_q <= sweep_q && !restart && (sweep_end_q || sweep_idx_q == '1);
    end
  end

`ifdef FORMAL
  `include "formal/vfp_map.svh"
`endif

endmodule

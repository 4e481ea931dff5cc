// SPDX-License-Identifier: Apache-2.0
// Whose a request of the device is. Requester ID to VF by First VF Offset and VF Stride (SR-IOV 1.1, 3.3.9, 3.3.10), VF to
// server by its row; never by address, since the servers' addresses overlap. An ID that is nobody's is not known, and not
// the owner's, but for a device without VFs: that has all of its buses. The device's other functions below the first VF are
// the owner's like the PF: the second port of a card has one. Three stages, one request a cycle.
//
// A row's writer asks for a new generation of the VF with the row or after it: both are read in one cycle here.
module vfp_steer (
  input  logic        clk_i,
  input  logic        rst_ni,
  output logic        init_done_o,    // the rows are clear; write none before

  // What the bridge knows of the device. Changed only while the rows are closed.
  input  logic        pf_known_i,
  input  logic [15:0] pf_rid_i,
  input  logic        whole_i,        // and has no VFs: what lies on buses up to last_bus_i is the owner's like the PF
  input  logic [7:0]  last_bus_i,
  input  logic        sriov_i,        // VFs exist; never with whole_i
  input  logic [15:0] first_i,        // requester ID of VF 0
  input  logic [15:0] stride_i,       // a power of two, or 0 if there is one VF; with others nothing is known
  input  logic [6:0]  num_i,          // VFs that may be assigned, 0..64

  input  logic        req_valid_i,
  input  logic [15:0] req_rid_i,
  output logic        rsp_valid_o,    // three cycles later
  output logic        rsp_known_o,
  output logic        rsp_pf_o,       // the PF, or what is the owner's like it: no row
  output logic [5:0]  rsp_vf_o,
  output logic [15:0] rsp_gen_o,
  output vfp_steer_pkg::steer_row_t rsp_row_o,

  // The same row by VF, a cycle later: for completions, and for requests that get none.
  input  logic [5:0]  vf_i,
  output vfp_steer_pkg::steer_row_t vf_row_o,
  input  logic [5:0]  late_vf_i,
  output vfp_steer_pkg::steer_row_t late_row_o,

  // Generation of a VF: look_gen_i is the one of look_vf_o, in the same cycle.
  output logic [5:0]  look_vf_o,
  input  logic [15:0] look_gen_i,

  input  logic        row_we_i,
  input  logic [5:0]  row_vf_i,
  input  vfp_steer_pkg::steer_row_t row_i
);

  localparam int unsigned RowW = vfp_steer_pkg::SteerRowW;
  logic [RowW-1:0] row_mem [64];

  logic       init_q;
  logic [5:0] init_vf_q;
  assign init_done_o = !init_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      init_q    <= 1'b1;
      init_vf_q <= '0;
    end else if (init_q) begin
      init_vf_q <= init_vf_q + 1'b1;
      init_q    <= init_vf_q != '1;
    end
  end

  always_ff @(posedge clk_i) begin
    if (init_q || row_we_i) row_mem[init_q ? init_vf_q : row_vf_i] <= init_q ? '0 : row_i;
    vf_row_o   <= row_mem[vf_i];
    late_row_o <= row_mem[late_vf_i];
  end

  // The stride as a shift, and as the bits of a distance that must be 0.
  logic [3:0]  shift_q;
  logic [15:0] stride_q, off_grid_q;
  logic        usable_q;
  always_ff @(posedge clk_i) begin
    shift_q <= '0;
    for (int s = 0; s < 16; s++) if (stride_i[s]) shift_q <= 4'(s);
    stride_q   <= stride_i;
    off_grid_q <= stride_i == 16'd0 ? 16'd0 : stride_i - 16'd1;
    usable_q   <= sriov_i && (stride_q & off_grid_q) == 16'd0 && (stride_q != 16'd0 || num_i <= 7'd1);
  end

  // --- stage 1: distance from VF 0 ---

  logic        s1_valid_q, s1_pf_q, s1_beside_q, s1_behind_q;
  logic [15:0] s1_distance_q;
  logic        below;
  assign below = whole_i && req_rid_i[15:8] >= pf_rid_i[15:8] && req_rid_i[15:8] <= last_bus_i;
  always_ff @(posedge clk_i) begin
    s1_distance_q <= req_rid_i - first_i;
    s1_behind_q   <= req_rid_i >= first_i;
    s1_pf_q       <= pf_known_i && (req_rid_i == pf_rid_i || below);
    s1_beside_q   <= pf_known_i && sriov_i && req_rid_i[15:3] == pf_rid_i[15:3];
    s1_valid_q    <= req_valid_i && rst_ni;
  end

  // --- stage 2: in strides ---

  logic        s2_valid_q, s2_pf_q, s2_on_grid_q;
  logic [15:0] s2_index_q;
  always_ff @(posedge clk_i) begin
    s2_index_q   <= s1_distance_q >> shift_q;
    s2_on_grid_q <= s1_behind_q && usable_q && (s1_distance_q & off_grid_q) == 16'd0;
    s2_pf_q      <= s1_pf_q || (s1_beside_q && !s1_behind_q);
    s2_valid_q   <= s1_valid_q && rst_ni;
  end

  // --- stage 3: its row ---

  logic is_vf;
  assign is_vf     = s2_on_grid_q && s2_index_q < {9'd0, num_i};
  assign look_vf_o = s2_index_q[5:0];

  always_ff @(posedge clk_i) begin
    rsp_row_o   <= row_mem[s2_index_q[5:0]];
    rsp_vf_o    <= s2_index_q[5:0];
    rsp_gen_o   <= look_gen_i;
    rsp_known_o <= is_vf != s2_pf_q;  // PF and VF at one ID: the layout is wrong, and the sender neither
    rsp_pf_o    <= s2_pf_q;
    rsp_valid_o <= s2_valid_q && rst_ni;
  end

`ifdef FORMAL
  `include "formal/vfp_steer.svh"
`endif

endmodule

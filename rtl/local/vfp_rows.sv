// SPDX-License-Identifier: Apache-2.0
// Rows of the data plane's tables from what configuration space and pool say: one slot function or one VF every third cycle,
// in their order, but a function that opens or closes before all others.
// A row that changes is written, and its VF gets a new generation (docs/bridge-inside.md, "Generation numbers"). What was
// written is kept here, to be compared.
module vfp_rows #(
  parameter int unsigned Users   = 2,
  parameter int unsigned UserFns = 16,  // slot functions of a user, a power of two up to 64
  parameter int unsigned Vfs     = 64,
  localparam int unsigned NumFns = Users * UserFns,
  localparam int unsigned FnW    = $clog2(UserFns),
  localparam int unsigned NFnW   = $clog2(NumFns),
  localparam int unsigned VfW    = $clog2(Vfs),
  localparam int unsigned MapW   = vfp_map_pkg::MapRowW,
  localparam int unsigned SteerW = vfp_steer_pkg::SteerRowW
) (
  input  logic clk_i,
  input  logic rst_ni,
  input  logic ready_i,        // the tables are clear

  // vfp_ctrl.
  input  logic [NumFns-1:0]          fn_active_i,
  input  logic [NumFns-1:0][VfW-1:0] fn_vf_i,
  input  logic [NumFns-1:0]          fn_mse_i,
  input  logic [NumFns-1:0]          fn_bme_i,
  input  logic [NumFns-1:0][63:0]    fn_bar0_i,
  input  logic [NumFns-1:0][63:0]    fn_bar3_i,
  input  logic [NumFns-1:0][15:0]    fn_bdf_i,
  input  logic [Vfs-1:0]             vf_owned_i,
  input  logic [Vfs-1:0][NFnW-1:0]   vf_fn_i,
  input  logic                       open_i,      // the VFs are where the device says, and users may reach them
  input  logic                       vf_mse_i,
  input  logic [2:0]                 vf_shift_i,  // VF n's part of a BAR begins at n * 16 KiB << shift
  input  logic [63:0]                dev_bar0_i,
  input  logic [63:0]                dev_bar3_i,
  input  logic [15:0]                vf_first_i,
  input  logic [15:0]                vf_stride_i,
  input  logic                       own_master_i,

  input  logic [63:0]                pending_i,   // vfp_generation
  output logic [63:0]                bump_o,
  output logic [Users-1:0]           map_we_o,
  output logic [5:0]                 map_idx_o,
  output logic [MapW-1:0]            map_row_o,
  output logic                       steer_we_o,
  output logic [5:0]                 steer_vf_o,
  output logic [SteerW-1:0]          steer_row_o,

  input  logic                       kick_i,      // pulse: something may have changed
  output logic                       settled_o,   // since the last change everything was looked at, and all numbers are new
  output logic                       moving_o     // not settled, because of what opens or closes
);

  // --- what opens and closes shows at once; the rest when it is visited ---

  logic [NumFns-1:0] active_q, mse_q, bme_q;
  logic [Vfs-1:0]    owned_q;
  logic [138:0]      dev, dev_q;
  logic [NumFns-1:0] changed;
  logic              moved;
  assign changed = (active_q ^ fn_active_i) | (mse_q ^ fn_mse_i) | (bme_q ^ fn_bme_i);
  assign dev     = {open_i, vf_mse_i, own_master_i, ready_i, vf_shift_i, vf_first_i, vf_stride_i, dev_bar0_i[63:14],
                    dev_bar3_i[63:14]};
  assign moved   = changed != '0 || owned_q != vf_owned_i || dev_q != dev;
  always_ff @(posedge clk_i) begin
    active_q <= fn_active_i;
    mse_q    <= fn_mse_i;
    bme_q    <= fn_bme_i;
    owned_q  <= vf_owned_i;
    dev_q    <= dev;
  end

  // --- the walk: all slot functions, then all VFs ---

  localparam int unsigned Visits = NumFns + Vfs;
  localparam int unsigned WalkW  = $clog2(Visits);
  logic [WalkW-1:0] at_q, walk_q;  // which is visited; which is next in their order
  logic [1:0]       step_q;   // look up, compare, write
  logic [NumFns-1:0] todo_q;  // have opened or closed since their last visit
  logic             jump_q;   // at_q is one of these, out of order
  logic [NFnW-1:0]  first;
  logic             is_fn, last;
  logic [NFnW-1:0]  fn;
  logic [VfW-1:0]   vf;
  assign is_fn = at_q < WalkW'(NumFns);
  assign last  = at_q == WalkW'(Visits - 1);
  assign vf    = VfW'(at_q - WalkW'(NumFns));
  assign fn    = is_fn ? NFnW'(at_q) : vf_fn_i[vf];
  always_comb begin
    first = '0;
    for (int f = int'(NumFns) - 1; f >= 0; f--) if (todo_q[f]) first = NFnW'(f);
  end

  // The function and its VF.
  logic             f_active_q, f_mse_q, f_bme_q;
  logic [VfW-1:0]   f_vf_q;
  logic [51:0]      f_bar0_q, f_bar3_q;
  logic [15:0]      f_bdf_q;
  logic             v_owned_q;
  always_ff @(posedge clk_i) begin
    if (step_q == 2'd0) begin
      f_active_q <= fn_active_i[fn];
      f_mse_q    <= fn_mse_i[fn];
      f_bme_q    <= fn_bme_i[fn];
      f_vf_q     <= fn_vf_i[fn];
      f_bar0_q   <= fn_bar0_i[fn][63:12];
      f_bar3_q   <= fn_bar3_i[fn][63:12];
      f_bdf_q    <= fn_bdf_i[fn];
      v_owned_q  <= vf_owned_i[vf];
    end
  end

  vfp_map_pkg::map_row_t     map_row, map_q;
  vfp_steer_pkg::steer_row_t steer_row, steer_q;
  always_comb begin
    map_row = '0;
    if (f_active_q && f_mse_q && open_i && vf_mse_i) begin
      map_row.has_a  = 1'b1;
      map_row.has_b  = 1'b1;
      map_row.vf     = 6'(f_vf_q);
      map_row.size_a = 4'd2;
      map_row.size_b = 4'd2;
      map_row.user_a = f_bar0_q;
      map_row.user_b = f_bar3_q;
      map_row.card_a = dev_bar0_i[63:12] + (52'({f_vf_q, 2'b00}) << vf_shift_i);
      map_row.card_b = dev_bar3_i[63:12] + (52'({f_vf_q, 2'b00}) << vf_shift_i);
    end
    steer_row = '0;
    if (!v_owned_q) begin
      steer_row.open   = 1'b1;
      steer_row.master = own_master_i;
      steer_row.id     = vf_first_i + 16'(vf) * vf_stride_i;
    end else if (f_active_q && f_vf_q == vf && open_i) begin
      steer_row.open   = 1'b1;
      steer_row.master = f_bme_q;
      steer_row.host   = 5'(fn >> FnW) + 5'd1;
      steer_row.id     = f_bdf_q;
    end
  end

  logic [MapW-1:0]   map_mem [NumFns];
  logic [SteerW-1:0] steer_mem [Vfs];
  vfp_map_pkg::map_row_t was;
  logic [MapW-1:0]   was_map;
  logic [SteerW-1:0] was_steer;
  logic              clear_q, map_new, steer_new, write_q;
  logic [5:0]        old_vf_q, new_vf_q;
  assign was_map   = map_mem[NFnW'(at_q)];
  assign was_steer = steer_mem[vf];
  assign was       = was_map;
  assign map_new   = is_fn && was_map != map_row;
  assign steer_new = !is_fn && was_steer != steer_row;

  always_ff @(posedge clk_i) begin
    if (clear_q || (step_q == 2'd2 && write_q)) begin
      if (is_fn) map_mem[NFnW'(at_q)] <= clear_q ? '0 : map_q;
      else steer_mem[vf] <= clear_q ? '0 : steer_q;
    end
    if (step_q == 2'd1) begin
      map_q    <= map_row;
      steer_q  <= steer_row;
      old_vf_q <= is_fn && (was.has_a || was.has_b) ? was.vf : is_fn ? map_row.vf : 6'(vf);
      new_vf_q <= is_fn && map_row.has_a ? map_row.vf : is_fn ? was.vf : 6'(vf);
    end
    if (!rst_ni) begin
      at_q    <= '0;
      walk_q  <= '0;
      jump_q  <= 1'b0;
      todo_q  <= '0;
      step_q  <= 2'd0;
      clear_q <= 1'b1;
      write_q <= 1'b0;
    end else if (clear_q) begin
      at_q    <= last ? '0 : at_q + 1'b1;
      clear_q <= !last;
    end else if (ready_i) begin
      step_q  <= step_q == 2'd2 ? 2'd0 : step_q + 1'b1;
      write_q <= step_q == 2'd1 && (map_new || steer_new);
      if (step_q == 2'd2) begin
        jump_q <= todo_q != '0;
        at_q   <= todo_q != '0 ? WalkW'(first) : walk_q;
        if (todo_q == '0) walk_q <= walk_q == WalkW'(Visits - 1) ? '0 : walk_q + 1'b1;
      end
      for (int f = 0; f < int'(NumFns); f++) begin
        if (changed[f]) todo_q[f] <= 1'b1;
        else if (step_q == 2'd0 && at_q == WalkW'(f)) todo_q[f] <= 1'b0;
      end
    end
  end

  logic write;
  assign write       = step_q == 2'd2 && write_q;
  assign map_idx_o   = 6'(fn[FnW-1:0]);
  assign map_row_o   = map_q;
  assign steer_we_o  = write && !is_fn;
  assign steer_vf_o  = 6'(vf);
  assign steer_row_o = steer_q;
  for (genvar u = 0; u < int'(Users); u++) begin : gen_we
    assign map_we_o[u] = write && is_fn && 32'(fn >> FnW) == u;
  end
  for (genvar v = 0; v < 64; v++) begin : gen_bump
    assign bump_o[v] = write && (old_vf_q == 6'(v) || new_vf_q == 6'(v));
  end

  // --- settled: a whole walk, and the new numbers ---

  logic [WalkW:0] left_q;
  logic           wait_q, moving_q;
  assign moving_o = moved || moving_q;
  assign settled_o = left_q == '0 && !wait_q && !moved && !kick_i;
  always_ff @(posedge clk_i) begin
    moving_q <= !rst_ni || moved || write || (moving_q && !settled_o);
    wait_q <= !rst_ni || write || pending_i != '0;
    if (!rst_ni || kick_i || moved) left_q <= (WalkW + 1)'(Visits + 1);
    else if (ready_i && step_q == 2'd2 && !jump_q && left_q != '0) left_q <= left_q - 1'b1;
  end

  if (UserFns > 64) begin : gen_bad_fns
    $fatal(1, "vfp_rows: UserFns is 64 at most");
  end

  logic unused;
  assign unused = ^{was, fn_bar0_i, fn_bar3_i, dev_bar0_i, dev_bar3_i};

endmodule

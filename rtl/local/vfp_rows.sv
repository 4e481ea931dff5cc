// SPDX-License-Identifier: Apache-2.0
// Rows of the data plane's tables from what configuration space and pool say: one slot function or one VF every third cycle,
// in their order, but a function that opens or closes before all others, and its VF behind it.
// A row that changes is written, and its VF gets a new generation (docs/bridge-inside.md, "Generation numbers"). What was
// written is kept here, to be compared.
module vfp_rows #(
  parameter int unsigned Users   = 2,
  parameter int unsigned UserFns = 16,  // slot functions of a user, a power of two up to 64
  parameter int unsigned Devices = 1,
  parameter int unsigned Vfs     = 64,  // of a device
  parameter int unsigned MaxPayload = 128,
  localparam int unsigned NumFns = Users * UserFns,
  localparam int unsigned NumVfs = Devices * Vfs,  // numbered device * Vfs + VF
  localparam int unsigned FnW    = $clog2(UserFns),
  localparam int unsigned NFnW   = $clog2(NumFns),
  localparam int unsigned VfW    = $clog2(NumVfs),
  localparam int unsigned DevVfW = $clog2(Vfs),
  localparam int unsigned DevW   = Devices > 1 ? $clog2(Devices) : 1,
  localparam int unsigned MapW   = vfp_map_pkg::MapRowW,
  localparam int unsigned SteerW = vfp_steer_pkg::SteerRowW
) (
  input  logic clk_i,
  input  logic rst_ni,
  input  logic ready_i,        // the tables are clear

  // vfp_ctrl.
  input  logic [NumFns-1:0]          fn_active_i,
  input  logic [NumFns-1:0]          fn_mse_i,
  input  logic [NumFns-1:0]          fn_bme_i,
  output logic [NFnW-1:0]            id_fn_o,     // looked up in the same cycle: its name, and its VF
  input  logic [15:0]                fn_id_i,
  input  logic [VfW-1:0]             fn_vf_i,
  output logic [NFnW-1:0]            bar_fn_o,    // and BAR 0, or BAR 3
  output logic                       bar_3_o,
  input  logic [63:14]               fn_bar_i,
  input  logic [NumVfs-1:0]           vf_owned_i,
  output logic [VfW-1:0]              whose_vf_o,  // and the function of this VF
  input  logic [NFnW-1:0]             whose_fn_i,
  // Of each device.
  input  logic [Devices-1:0]          open_i,      // the VFs are where the device says, and users may reach them
  input  logic [Devices-1:0]          vf_mse_i,
  input  logic [Devices-1:0][2:0]     vf_shift_i,  // VF n's part of a BAR begins at n * 16 KiB << shift
  input  logic [Devices-1:0][63:0]    dev_bar0_i,
  input  logic [Devices-1:0][63:0]    dev_bar3_i,
  input  logic [Devices-1:0][15:0]    vf_first_i,
  input  logic [Devices-1:0][15:0]    vf_stride_i,
  input  logic [Devices-1:0]          own_master_i,
  // A function is closed while the largest payloads of its server's port and of the card's are not the same: one would send
  // the other what that cannot take.
  input  logic [Users-1:0][1:0]       user_payload_i,
  input  logic [Devices-1:0][1:0]     dev_payload_i,

  input  logic [Devices-1:0][63:0]   pending_i,   // vfp_generation
  output logic [Devices-1:0][63:0]   bump_o,
  output logic [Users-1:0]           map_we_o,
  output logic [5:0]                 map_idx_o,
  output logic [MapW-1:0]            map_row_o,
  output logic [Devices-1:0]         steer_we_o,
  output logic [5:0]                 steer_vf_o,
  output logic [SteerW-1:0]          steer_row_o,

  input  logic                       kick_i,      // pulse: something may have changed
  output logic                       settled_o,   // since the last change everything was looked at, and all numbers are new
  output logic                       moving_o     // not settled, because of what opens or closes
);

  // --- what opens and closes shows at once; the rest when it is visited ---

  logic [NumFns-1:0] active_q, mse_q, bme_q;
  logic [NumVfs-1:0] owned_q;
  logic [Devices-1:0][3:0]   dev, dev_q;
  logic [Devices-1:0][134:0] place, place_was_q;  // where its VFs are: changes while it is closed, and may show a cycle later
  logic                      replaced_q;
  logic [NumFns-1:0]         changed_q;            // what shows comes from afar: what follows from it begins in the next cycle
  logic                      others_q, moved;
  for (genvar d = 0; d < int'(Devices); d++) begin : gen_dev
    assign dev[d]   = {open_i[d], vf_mse_i[d], own_master_i[d], ready_i};
    assign place[d] = {vf_shift_i[d], vf_first_i[d], vf_stride_i[d], dev_bar0_i[d][63:14], dev_bar3_i[d][63:14]};
  end
  logic [Users-1:0][Devices-1:0] fits;
  logic                          resized;
  if (MaxPayload == 128) begin : gen_one_size
    assign fits    = '1;
    assign resized = 1'b0;
    logic unused;
    assign unused = ^{user_payload_i, dev_payload_i};
  end else begin : gen_sizes
    for (genvar u = 0; u < int'(Users); u++) begin : gen_user
      for (genvar d = 0; d < int'(Devices); d++) begin : gen_with
        assign fits[u][d] = user_payload_i[u] == dev_payload_i[d];
      end
    end
    logic [Users-1:0][Devices-1:0] fits_q;
    assign resized = fits_q != fits;
    always_ff @(posedge clk_i) fits_q <= fits;
  end
  assign moved = changed_q != '0 || others_q;
  always_ff @(posedge clk_i) begin
    changed_q   <= (active_q ^ fn_active_i) | (mse_q ^ fn_mse_i) | (bme_q ^ fn_bme_i);
    others_q    <= owned_q != vf_owned_i || dev_q != dev || replaced_q || resized;
    active_q    <= fn_active_i;
    mse_q       <= fn_mse_i;
    bme_q       <= fn_bme_i;
    owned_q     <= vf_owned_i;
    dev_q       <= dev;
    place_was_q <= place;
    replaced_q  <= place_was_q != place;
  end

  // --- the walk: all slot functions, then all VFs ---
  //
  // A visit takes two turns of three cycles and one cycle more, beside those that follow it:
  //   whose function it is | state, bus master, name | BAR 0
  //   BAR 3                | the row                 | compare
  //   write
  // Each look has a selector of its own. BARs come out of one memory, one after the other, so BAR 0 passes through the register
  // of BAR 3.

  localparam int unsigned Visits = NumFns + NumVfs;
  localparam int unsigned WalkW  = $clog2(Visits);
  logic [2:0]        step_q;                   // of the turn's three cycles, one hot
  logic              vf_q, fns_done, last;     // what is visited: a VF, or a function
  logic [NFnW-1:0]   at_fn_q;
  logic [VfW-1:0]    at_vf_q;
  logic              next_is_vf_q;             // what comes next in their order
  logic [NFnW-1:0]   next_fn_q;
  logic [VfW-1:0]    next_vf_q;
  logic [NumFns-1:0] todo_q;  // have opened or closed since their last visit
  logic              jump_q;  // the one visited is one of these or its VF, out of order
  logic [NFnW-1:0]   first;
  logic              clear_q; // the memories are being cleared
  assign fns_done = 32'(next_fn_q) == NumFns - 1;
  assign last     = next_is_vf_q && next_vf_q == VfW'(NumVfs - 1);
  always_comb begin
    first = '0;
    for (int g = int'(Groups) - 1; g >= 0; g--) if (some_q[g]) first = NFnW'({29'(g), first_q[g]});
  end
  // Of each eight of them the first one, a cycle before.
  localparam int unsigned Groups = (NumFns + 7) / 8;
  logic [Groups-1:0]      some_q;
  logic [Groups-1:0][2:0] first_q;
  for (genvar g = 0; g < int'(Groups); g++) begin : gen_first
    logic [7:0] eight;
    assign eight = 8'(todo_q >> 8 * g);
    always_ff @(posedge clk_i) begin
      some_q[g] <= rst_ni && eight != '0;
      for (int f = 7; f >= 0; f--) if (eight[f]) first_q[g] <= 3'(f);
    end
  end

  // On to the next one: the VF of a function that was visited out of order, one of those functions, or what comes next.
  logic on, follow, turn;
  assign on     = clear_q || (ready_i && step_q[2]);
  assign follow = jump_q && !vf_q;
  assign turn   = some_q != '0;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      vf_q         <= 1'b0;
      at_fn_q      <= '0;
      at_vf_q      <= '0;
      next_is_vf_q <= 1'b0;
      next_fn_q    <= '0;
      next_vf_q    <= '0;
      jump_q       <= 1'b0;
      todo_q       <= '0;
      step_q       <= 3'b001;
      clear_q      <= 1'b1;
    end else begin
      if (on) begin
        jump_q  <= follow || turn;
        vf_q    <= follow || (!turn && next_is_vf_q);
        at_fn_q <= turn ? first : next_fn_q;
        at_vf_q <= follow ? f_vf_q : next_vf_q;
        if (!follow && !turn) begin
          if (last || (!next_is_vf_q && fns_done)) next_is_vf_q <= !next_is_vf_q;
          if (next_is_vf_q) next_vf_q <= last ? '0 : next_vf_q + 1'b1;
          else next_fn_q <= fns_done ? '0 : next_fn_q + 1'b1;
        end
        // The one after the last is the first again, and needs clearing no more.
        if (vf_q && at_vf_q == VfW'(NumVfs - 1)) clear_q <= 1'b0;
      end
      if (!clear_q && ready_i) step_q <= {step_q[1:0], step_q[2]};
      for (int f = 0; f < int'(NumFns); f++) begin
        if (changed_q[f]) todo_q[f] <= 1'b1;
        else if (step_q[0] && ready_i && !clear_q && !vf_q && at_fn_q == NFnW'(f)) todo_q[f] <= 1'b0;
      end
    end
  end

  // The function and its VF.
  logic [NFnW-1:0] fn_q;
  logic            f_active_q, f_mse_q, f_bme_q, f_fits_q;
  logic            f_open_q;                // all of it, a cycle before its row is made
  logic [VfW-1:0]  f_vf_q;
  logic [51:0]     f_bar0_q, f_bar3_q;
  logic [15:0]     f_bdf_q;
  logic [4:0]      f_user_q;
  logic            v_owned_q;
  logic [15:0]     v_id, v_id_q;
  logic [14:0]     place_q;
  logic [NFnW-1:0] fn1_q;
  assign whose_vf_o = at_vf_q;
  assign id_fn_o    = fn_q;
  assign bar_fn_o   = fn1_q;
  assign bar_3_o    = step_q[0];
  // The stride is a power of two (vfp_discover).
  always_comb begin
    v_id = '0;
    for (int s = 0; s < 8; s++) if (stride_q[s]) v_id = v_id | (16'(at_vf_q[DevVfW-1:0]) << s);
  end
  logic [7:0]      stride_q;               // of the device of the VF visited, from the second cycle of a turn on
  logic [DevW-1:0] f_dev, v_dev;           // the device of the function's VF; of the VF visited
  logic [51:0]     card0, card3;           // BARs of f_dev
  assign f_dev  = DevW'(f_vf_q >> DevVfW);
  assign v_dev  = DevW'(two_at_q >> DevVfW);
  if (Devices > 1) begin : gen_chosen
    always_ff @(posedge clk_i) begin
      card0 <= dev_bar0_i[f_dev][63:12];
      card3 <= dev_bar3_i[f_dev][63:12];
    end
  end else begin : gen_only
    assign card0 = dev_bar0_i[0][63:12];
    assign card3 = dev_bar3_i[0][63:12];
  end
  // What is looked up stays until the row is made, as its selector does.
  always_ff @(posedge clk_i) begin
    if (step_q[0]) fn_q <= vf_q ? whose_fn_i : at_fn_q;
    stride_q <= vf_stride_i[DevW'(at_vf_q >> DevVfW)][7:0];
    if (step_q[1]) begin
      fn1_q     <= fn_q;
      v_owned_q <= vf_owned_i[at_vf_q];
      v_id_q    <= v_id;
    end
    f_active_q <= active_q[fn_q];
    f_mse_q    <= mse_q[fn_q];
    f_bme_q    <= bme_q[fn_q];
    f_vf_q     <= fn_vf_i;
    f_bdf_q    <= fn_id_i;
    f_bar3_q   <= {fn_bar_i, 2'b00};
    f_bar0_q   <= f_bar3_q;
    f_user_q   <= 5'(fn_q >> FnW);
    f_fits_q   <= fits[32'(fn1_q) / UserFns][f_dev];
    f_open_q   <= f_active_q && f_mse_q && f_fits_q && open_i[f_dev] && vf_mse_i[f_dev];
    place_q    <= 15'({f_vf_q[DevVfW-1:0], 2'b00}) << vf_shift_i[f_dev];
  end

  vfp_map_pkg::map_row_t     map_row;
  vfp_steer_pkg::steer_row_t steer_row;
  always_comb begin
    map_row = '0;
    if (f_open_q) begin
      map_row.has_a  = 1'b1;
      map_row.has_b  = 1'b1;
      map_row.dev    = 2'(f_dev);
      map_row.vf     = 6'(f_vf_q[DevVfW-1:0]);
      map_row.size_a = 4'd2;
      map_row.size_b = 4'd2;
      map_row.user_a = f_bar0_q;
      map_row.user_b = f_bar3_q;
      map_row.card_a = card0 + 52'(place_q);
      map_row.card_b = card3 + 52'(place_q);
    end
    steer_row = '0;
    if (!v_owned_q) begin
      steer_row.open   = 1'b1;
      steer_row.master = own_master_i[v_dev];
      steer_row.id     = vf_first_i[v_dev] + v_id_q;
    end else if (f_active_q && f_fits_q && f_vf_q == two_at_q && open_i[v_dev]) begin
      steer_row.open   = 1'b1;
      steer_row.master = f_bme_q;
      steer_row.host   = f_user_q + 5'd1;
      steer_row.id     = f_bdf_q;
    end
  end

  // --- is it another one than what was written? ---

  (* ram_style = "distributed" *) logic [MapW-1:0]   map_mem [NumFns];
  (* ram_style = "distributed" *) logic [SteerW-1:0] steer_mem [NumVfs];
  logic [MapW-1:0]   map_q, was_map_q;
  logic [SteerW-1:0] steer_q, was_steer_q;
  vfp_map_pkg::map_row_t is_row, was_row;
  logic              two_vf_q, write_q, write;  // the visit of the turn before; what is written
  logic [NFnW-1:0]   two_fn_q, out_fn_q;
  logic [VfW-1:0]    two_at_q, out_at_q;
  logic              out_vf_q;
  logic              full_q;                    // there was a visit before this one
  logic [5:0]        old_vf_q, new_vf_q, bump_vf;
  logic [1:0]        old_dev_q, new_dev_q, bump_dev;
  logic              again_q;                   // the row was another VF's: its number goes up a cycle later
  assign is_row  = map_q;
  assign was_row = was_map_q;
  assign write   = step_q[0] && write_q;

  always_ff @(posedge clk_i) begin
    if (clear_q && !vf_q) map_mem[at_fn_q] <= '0;
    else if (write && !out_vf_q) map_mem[out_fn_q] <= map_q;
    if (clear_q && vf_q) steer_mem[at_vf_q] <= '0;
    else if (write && out_vf_q) steer_mem[out_at_q] <= steer_q;
    if (step_q[1]) begin
      map_q   <= map_row;
      steer_q <= steer_row;
    end
    // Compared in the next cycle, as map_q is; read in the cycle before as well, so that step_q[1] has half of the loads.
    if (!step_q[2]) begin
      was_map_q   <= map_mem[two_fn_q];
      was_steer_q <= steer_mem[two_at_q];
    end
    if (step_q[2]) begin
      two_vf_q <= vf_q;
      two_fn_q <= at_fn_q;
      two_at_q <= at_vf_q;
      out_vf_q <= two_vf_q;
      out_fn_q <= two_fn_q;
      out_at_q <= two_at_q;
      old_vf_q <= two_vf_q ? 6'(two_at_q[DevVfW-1:0]) : was_row.has_a ? was_row.vf : is_row.vf;
      new_vf_q <= two_vf_q ? 6'(two_at_q[DevVfW-1:0]) : is_row.has_a ? is_row.vf : was_row.vf;
      old_dev_q <= two_vf_q ? 2'(v_dev) : was_row.has_a ? was_row.dev : is_row.dev;
      new_dev_q <= two_vf_q ? 2'(v_dev) : is_row.has_a ? is_row.dev : was_row.dev;
    end
    full_q  <= rst_ni && (full_q || step_q[2]);
    again_q <= rst_ni && write && {old_dev_q, old_vf_q} != {new_dev_q, new_vf_q};
    write_q <= rst_ni && step_q[2] && full_q && (two_vf_q ? was_steer_q != steer_q : was_map_q != map_q);
  end

  assign map_idx_o   = 6'(out_fn_q[FnW-1:0]);
  assign map_row_o   = map_q;
  assign steer_vf_o  = 6'(out_at_q[DevVfW-1:0]);
  assign steer_row_o = steer_q;
  for (genvar u = 0; u < int'(Users); u++) begin : gen_we
    assign map_we_o[u] = write && !out_vf_q && 32'(out_fn_q >> FnW) == u;
  end
  assign bump_vf  = again_q ? old_vf_q : new_vf_q;
  assign bump_dev = again_q ? old_dev_q : new_dev_q;
  for (genvar d = 0; d < int'(Devices); d++) begin : gen_of
    assign steer_we_o[d] = write && out_vf_q && (Devices == 1 || DevW'(out_at_q >> DevVfW) == DevW'(d));
    for (genvar v = 0; v < 64; v++) begin : gen_bump
      assign bump_o[d][v] = (write || again_q) && (Devices == 1 || bump_dev == 2'(d)) && bump_vf == 6'(v);
    end
  end

  // --- settled: a whole walk, and the new numbers ---

  logic [WalkW:0] left_q;
  logic           wait_q, moving_q;
  assign moving_o = moved || moving_q;
  assign settled_o = left_q == '0 && !wait_q && !moved && !kick_i;
  always_ff @(posedge clk_i) begin
    moving_q <= !rst_ni || moved || write || (moving_q && !settled_o);
    wait_q <= !rst_ni || write || pending_i != '0;
    // And the visits under way, whose looks may be older, until the last one has written.
    if (!rst_ni || kick_i || moved) left_q <= (WalkW + 1)'(Visits + 3);
    else if (ready_i && step_q[2] && !jump_q && left_q != '0) left_q <= left_q - 1'b1;
  end

  if (UserFns > 64) begin : gen_bad_fns
    $fatal(1, "vfp_rows: UserFns is 64 at most");
  end

  logic unused;
  assign unused = ^{was_row, is_row, dev_bar0_i, dev_bar3_i, vf_stride_i, old_dev_q, new_dev_q};

endmodule

// SPDX-License-Identifier: Apache-2.0
// What the control plane has for each device port: what it knows of the card there (vfp_discover), whose the function is that
// the owner aims at, and the requests of the bridge itself to it, one at a time: VFs' resets first, then discovery.
module vfp_card #(
  parameter int unsigned Vfs  = 64,
  localparam int unsigned VfW = $clog2(Vfs)
) (
  input  logic clk_i,
  input  logic rst_ni,
  input  logic tick_ms_i,
  input  logic owner_link_i,  // the owner's link is up
  input  logic link_i,        // the card's
  input  logic reset_i,       // it is being reset, or its link disabled

  // The owner's port above it: buses; its configuration writes to the PF (vfp_discover).
  input  logic [7:0] sec_bus_i,
  input  logic [7:0] sub_bus_i,
  input  logic       write_i,
  input  logic [9:0] write_reg_i,
  input  logic       writing_i,
  input  logic       written_i,

  // The card: see vfp_discover.
  output logic         known_o,
  output logic         wait_o,
  output logic         reading_o,
  output logic         sizing_o,
  output logic         sriov_o,
  output logic         off_o,
  output logic         vf_mse_o,
  output logic [2:0]   refusal_o,
  output logic [15:0]  vf_first_o,
  output logic [15:0]  vf_stride_o,
  output logic [VfW:0] num_vfs_o,
  output logic [2:0]   vf_shift_o,
  output logic [63:0]  bar0_o,
  output logic [63:0]  bar3_o,
  output logic [3:0]   bar0_flags_o,
  output logic [3:0]   bar3_flags_o,
  output logic [15:0]  vendor_o,
  output logic [15:0]  vf_device_o,
  output logic [31:0]  class_rev_o,
  output logic [31:0]  subsystem_o,

  // Whether a function is a user's VF, three cycles later.
  input  logic [15:0]    target_i,
  input  logic [Vfs-1:0] vf_owned_i,
  output logic           foreign_o,

  // The pool's question, and its answer (vfp_pool).
  input  logic        ask_i,
  output logic        ask_ready_o,
  input  logic        ask_write_i,
  input  logic [15:0] ask_bdf_i,
  input  logic [11:0] ask_reg_i,
  output logic        answer_o,

  // Requests of the bridge itself (vfp_ctrl).
  output logic        int_valid_o,
  input  logic        int_lock_i,   // its turn is tried
  input  logic        int_ready_i,  // pulse: it has left
  output logic        int_write_o,
  output logic [15:0] int_bdf_o,
  output logic        int_type1_o,
  output logic [11:0] int_reg_o,
  output logic [3:0]  int_be_o,
  output logic [31:0] int_wdata_o,
  input  logic        int_done_i,
  input  logic [2:0]  int_status_i,
  input  logic [31:0] int_rdata_i,

  output logic busy_o,
  output logic timer_o
);

  // What a link tells comes from far.
  logic clear_q, new_q, was_clear_q;
  always_ff @(posedge clk_i) begin
    clear_q     <= !rst_ni || !owner_link_i || !link_i || reset_i;
    new_q       <= !rst_ni || !link_i || reset_i;
    was_clear_q <= clear_q;
  end

  logic        req, ready, done, write, reads;
  logic [31:0] wdata;
  logic [11:0] regno;

  vfp_discover #(.Vfs(Vfs)) u_discover (
    .clk_i, .rst_ni, .tick_ms_i,
    .clear_i  (clear_q),
    .new_i    (new_q),
    .write_i, .write_reg_i, .writing_i, .written_i, .sec_bus_i,
    .req_o    (req),
    .ready_i  (ready),
    .write_o  (write),
    .wdata_o  (wdata),
    .reg_o    (regno),
    .done_i   (done),
    .status_i (int_status_i),
    .rdata_i  (int_rdata_i),
    .known_o, .wait_o, .reading_o, .sizing_o, .sriov_o, .off_o, .vf_mse_o, .refusal_o, .vf_first_o, .vf_stride_o,
    .num_vfs_o, .vf_shift_o, .bar0_o, .bar3_o, .bar0_flags_o, .bar3_flags_o, .vendor_o, .vf_device_o, .class_rev_o,
    .subsystem_o,
    .busy_o   (reads),
    .timer_o
  );

  logic           no_known;
  logic [VfW-1:0] no_vf, no_soon;
  vfp_dev_steer #(.Vfs(Vfs)) u_target (
    .clk_i,
    .rid_i      (target_i),
    .dev_known_i(known_o),
    .sriov_i    (sriov_o),
    .vf_first_i (vf_first_o),
    .vf_stride_i(vf_stride_o),
    .num_vfs_i  (num_vfs_o),
    .sec_bus_i, .sub_bus_i, .vf_owned_i,
    .known_o    (no_known),
    .soon_vf_o  (no_soon),
    .vf_o       (no_vf),
    .to_user_o  (foreign_o)
  );

  // ---- Requests of the bridge itself -------------------------------------------------------------------------------------
  // One that is offered may be withdrawn until its turn comes, since what is known of the device may go any time; the other
  // one does not get in between. What leaves in spite of that has an answer that nobody waits for.
  logic offer_q, asks, gone_q, wait_q, for_pool_q;
  assign asks = for_pool_q ? ask_i : req;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      offer_q    <= 1'b0;
      gone_q     <= 1'b0;
      wait_q     <= 1'b0;
      for_pool_q <= 1'b0;
    end else if (wait_q) begin
      wait_q <= !int_done_i;
    end else if (!offer_q) begin
      offer_q    <= ask_i || req;
      for_pool_q <= ask_i;
      gone_q     <= 1'b0;
    end else begin
      offer_q <= !int_ready_i && (int_valid_o || int_lock_i);
      wait_q  <= int_ready_i;
      gone_q  <= gone_q || !asks;
    end
  end
  assign int_valid_o = offer_q && !gone_q;
  assign int_write_o = for_pool_q ? ask_write_i : write;
  assign int_bdf_o   = for_pool_q ? ask_bdf_i : {sec_bus_i, 8'd0};
  assign int_type1_o = for_pool_q && ask_bdf_i[15:8] != sec_bus_i;
  assign int_reg_o   = for_pool_q ? ask_reg_i : regno;
  assign int_be_o    = for_pool_q && ask_write_i ? 4'b0010 : 4'b1111;
  assign int_wdata_o = for_pool_q ? 32'h0000_8000 : wdata;  // Initiate Function Level Reset
  assign ask_ready_o = int_ready_i && for_pool_q && !gone_q;
  assign ready       = int_ready_i && !for_pool_q && !gone_q;
  assign done        = wait_q && int_done_i && !for_pool_q && !gone_q;
  assign answer_o    = wait_q && int_done_i && for_pool_q && !gone_q;

  assign busy_o = reads || (offer_q ? int_ready_i || !asks || !int_valid_o : !wait_q && (ask_i || req)) || int_done_i ||
                  clear_q != was_clear_q;

  logic unused;
  assign unused = ^{no_known, no_vf, no_soon};

endmodule

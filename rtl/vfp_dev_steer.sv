// SPDX-License-Identifier: Apache-2.0
// Whose a request of the device is: requester ID to VF by arithmetic (first VF and stride come from the device's SR-IOV
// capability), VF to server by the assignment. Never by address: the servers' addresses overlap. Combinational.
module vfp_dev_steer #(
  parameter int unsigned Users   = 2,
  parameter int unsigned UserFns = 16,
  parameter int unsigned Vfs     = 64,
  localparam int unsigned Hosts  = Users + 1,
  localparam int unsigned HostW  = $clog2(Hosts),
  localparam int unsigned NumFns = Users * UserFns,
  localparam int unsigned NFnW   = $clog2(NumFns),
  localparam int unsigned FnW    = $clog2(UserFns),
  localparam int unsigned VfW    = $clog2(Vfs)
) (
  input  logic [15:0] rid_i,

  input  logic         dev_known_i,  // the device was read; else: it was, maybe
  input  logic         sriov_i,
  input  logic [15:0]  vf_first_i,
  input  logic [15:0]  vf_stride_i,  // a power of two
  input  logic [VfW:0] num_vfs_i,
  input  logic [7:0]   sec_bus_i,
  input  logic [7:0]   sub_bus_i,
  input  logic [Vfs-1:0]           vf_owned_i,
  input  logic [Vfs-1:0][NFnW-1:0] vf_fn_i,

  output logic             known_o,   // false: a requester ID that the device has no right to
  output logic             is_vf_o,
  output logic [VfW-1:0]   vf_o,
  output logic             to_user_o,
  output logic [HostW-1:0] host_o,    // port to take
  output logic [NFnW-1:0]  fn_o       // slot function, if to_user
);

  logic [15:0] distance, index;
  logic        on_grid;
  assign distance = rid_i - vf_first_i;

  always_comb begin
    index   = distance;
    on_grid = 1'b0;
    for (int s = 0; s < 8; s++) begin
      if (vf_stride_i == 16'(1 << s)) begin
        index   = distance >> s;
        on_grid = (distance & 16'((1 << s) - 1)) == 16'd0;
      end
    end
  end

  assign is_vf_o   = sriov_i && rid_i >= vf_first_i && on_grid && index < 16'(num_vfs_i);
  assign vf_o      = index[VfW-1:0];
  assign to_user_o = is_vf_o && vf_owned_i[vf_o];
  assign fn_o      = vf_fn_i[vf_o];
  assign host_o    = to_user_o ? HostW'(fn_o[NFnW-1:FnW]) + 1'b1 : '0;
  // Without knowledge there is only the PF, which is function 0. A device without VFs has the whole bus.
  logic is_pf, below;
  assign is_pf   = sec_bus_i != 8'd0 && rid_i == {sec_bus_i, 8'd0};
  assign below   = rid_i[15:8] >= sec_bus_i && rid_i[15:8] <= sub_bus_i;
  assign known_o = is_pf || (dev_known_i && (is_vf_o || (!sriov_i && below)));

endmodule

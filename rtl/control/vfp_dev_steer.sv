// SPDX-License-Identifier: Apache-2.0
// Whether a function of the device is a user's, and which VF it is: requester ID to VF by arithmetic (first VF and stride come
// from the device's SR-IOV capability). Never by address: the servers' addresses overlap. The answer comes three cycles after
// the ID.
module vfp_dev_steer #(
  parameter int unsigned Vfs = 64,
  localparam int unsigned VfW = $clog2(Vfs)
) (
  input  logic        clk_i,
  input  logic [15:0] rid_i,

  input  logic         dev_known_i,  // the device was read; else: it was, maybe
  input  logic         sriov_i,
  input  logic [15:0]  vf_first_i,
  input  logic [15:0]  vf_stride_i,  // a power of two up to 128
  input  logic [VfW:0] num_vfs_i,
  input  logic [7:0]   sec_bus_i,
  input  logic [7:0]   sub_bus_i,
  input  logic [Vfs-1:0] vf_owned_i,

  output logic            known_o,    // false: a requester ID that the device has no right to
  output logic [VfW-1:0]  soon_vf_o,  // what vf_o is in the next cycle
  output logic [VfW-1:0]  vf_o,       // if to_user
  output logic            to_user_o
);

  // --- how far it is from VF 0 ---

  logic [15:0] distance_q;
  logic        behind_q, below_q, beside_q, is_pf_q;
  always_ff @(posedge clk_i) begin
    distance_q <= rid_i - vf_first_i;
    behind_q   <= rid_i >= vf_first_i;
    is_pf_q    <= sec_bus_i != 8'd0 && rid_i == {sec_bus_i, 8'd0};
    beside_q   <= rid_i[15:3] == {sec_bus_i, 5'd0};
    below_q    <= rid_i[15:8] >= sec_bus_i && rid_i[15:8] <= sub_bus_i;
  end

  // --- in strides ---

  logic [15:0] index, index_q;
  logic        on_grid, on_grid_q, owners_q, pf_q;
  always_comb begin
    index   = '0;
    on_grid = 1'b0;
    for (int s = 0; s < 8; s++) begin
      if (vf_stride_i[s]) begin
        index   = index | (distance_q >> s);
        on_grid = on_grid || (distance_q & 16'((1 << s) - 1)) == 16'd0;
      end
    end
  end
  always_ff @(posedge clk_i) begin
    index_q   <= index;
    on_grid_q <= on_grid && behind_q && sriov_i;
    owners_q   <= sriov_i ? beside_q && !behind_q : below_q;
    pf_q      <= is_pf_q;
  end

  // --- whose ---

  logic is_vf;
  assign soon_vf_o = index_q[VfW-1:0];
  assign is_vf = on_grid_q && index_q < 16'(num_vfs_i);
  always_ff @(posedge clk_i) begin
    vf_o      <= index_q[VfW-1:0];
    to_user_o <= is_vf && vf_owned_i[index_q[VfW-1:0]];
    // Without knowledge there is only the PF, which is function 0. A device without VFs has the whole bus, others have the
    // functions below the first VF (vfp_steer).
    known_o   <= pf_q || (dev_known_i && (is_vf || owners_q));
  end

  logic unused;
  assign unused = ^vf_stride_i[15:8];

endmodule

// SPDX-License-Identifier: Apache-2.0
// Looks at the packets that pass the ports, and tells the configuration spaces what their Status registers have to record:
// poisoned packets, a cycle after the header, and requests that ended with an error, five cycles after it. It takes part in
// nothing, and rests while packets pass of which there is nothing to tell.
module vfp_watch #(
  parameter int unsigned Users   = 2,
  parameter int unsigned UserFns = 16,
  parameter int unsigned Devices = 1,
  parameter int unsigned Vfs     = 64,  // of a device
  localparam int unsigned Hosts  = Users + 1,
  localparam int unsigned Ports  = Hosts + Devices,
  localparam int unsigned NumFns = Users * UserFns,
  localparam int unsigned NFnW   = $clog2(NumFns),
  localparam int unsigned NumVfs = Devices * Vfs,  // numbered device * Vfs + VF
  localparam int unsigned VfW    = $clog2(NumVfs),
  localparam int unsigned DevVfW = $clog2(Vfs)
) (
  input  logic clk_i,
  input  logic rst_ni,

  // Headers that are taken, from the hosts; to the hosts and, above them, the devices.
  input  logic [Hosts-1:0]        rx_take_i,
  input  logic [Hosts-1:0][127:0] rx_hdr_i,
  input  logic [Ports-1:0]        tx_take_i,
  input  logic [Ports-1:0][127:0] tx_hdr_i,

  // Whose each device's functions are: see vfp_dev_steer.
  input  logic [Devices-1:0]           dev_known_i,
  input  logic [Devices-1:0]           sriov_i,
  input  logic [Devices-1:0][15:0]     vf_first_i,
  input  logic [Devices-1:0][15:0]     vf_stride_i,
  input  logic [Devices-1:0][DevVfW:0] num_vfs_i,
  input  logic [Devices-1:0][7:0]      sec_bus_i,
  input  logic [Devices-1:0][7:0]      sub_bus_i,
  input  logic [Devices-1:0][15:0]     own_dsp_bdf_i,
  input  logic [NumVfs-1:0]            vf_owned_i,
  output logic [Devices-1:0][VfW-1:0]  whose_vf_o,  // looked up in the same cycle: its slot function
  input  logic [Devices-1:0][NFnW-1:0] whose_fn_i,
  output logic [Devices-1:0][NFnW-1:0] look_fn_o,   // and the VF of this function
  input  logic [Devices-1:0][VfW-1:0]  look_vf_i,

  // Poisoned {completion, request} from a host, for down_id (of a completion); for a host, from up_id.
  output logic [Hosts-1:0][1:0]  down_poison_o,
  output logic [Hosts-1:0][15:0] down_id_o,
  output logic [Hosts-1:0][1:0]  up_poison_o,
  output logic [Hosts-1:0]       up_abort_o,     // up_id has answered with Completer Abort
  output logic [Hosts-1:0][15:0] up_id_o,
  // A request of the slot function ended with {Completer Abort, Unsupported Request}.
  output logic [NumFns-1:0][1:0] fn_ended_o,
  // The bridge itself has answered a device with Completer Abort: a request of the slot function, of the owner's.
  output logic [NumFns-1:0]      fn_refused_o,
  output logic [Devices-1:0]     own_refused_o,
  output logic                   busy_o
);

  localparam logic [4:0] Cpl = 5'b0_1010;  // Type of a completion

  logic [Hosts-1:0]   some_q, sees;
  logic [Devices-1:0] ends;
  // What leaves comes from far.
  logic [Ports-1:0]        tx_take_q;
  logic [Ports-1:0][127:0] tx_hdr_q;
  always_ff @(posedge clk_i) begin
    tx_take_q <= tx_take_i;
    if (tx_take_i != '0) tx_hdr_q <= tx_hdr_i;
  end

  logic               clk;
  vfp_clock_gate u_gate (.clk_i, .rst_ni, .on_i(sees != '0 || ends != '0 || busy_o), .clk_o(clk));
  for (genvar h = 0; h < Hosts; h++) begin : gen_host
    logic [1:0]  down_q, up_q;
    logic [15:0] down_id_q, up_id_q;
    logic        abort_q, down, up, abort;
    // EP; a completion without data has none to be poisoned (2.7.2.2).
    assign down  = rx_take_i[h] && rx_hdr_i[h][14] && rx_hdr_i[h][30];
    assign up    = tx_take_q[h] && tx_hdr_q[h][14] && tx_hdr_q[h][30];
    assign abort = tx_take_q[h] && tx_hdr_q[h][28:24] == Cpl && tx_hdr_q[h][47:45] == vfp_cell_pkg::CplCa;
    assign sees[h] = down || up || abort;
    always_ff @(posedge clk) begin
      down_q    <= {2{down && rst_ni}} & {rx_hdr_i[h][28:24] == Cpl, rx_hdr_i[h][28:24] != Cpl};
      up_q      <= {2{up && rst_ni}} & {tx_hdr_q[h][28:24] == Cpl, tx_hdr_q[h][28:24] != Cpl};
      abort_q   <= abort && rst_ni;
      down_id_q <= rx_hdr_i[h][95:80];  // requester ID of a completion
      up_id_q   <= tx_hdr_q[h][63:48];  // completer ID of a completion, requester ID of a request
    end
    assign down_poison_o[h] = down_q;
    assign down_id_o[h]     = down_id_q;
    assign up_poison_o[h]   = up_q;
    assign up_abort_o[h]    = abort_q;
    assign up_id_o[h]       = up_id_q;
    assign some_q[h]        = down_q != 2'b00 || up_q != 2'b00 || abort_q;
  end

  // What ends at a device, whoever has ended it. Whose it was shows three cycles later, and a cycle after that whether the
  // function still has the VF.
  logic [Devices-1:0]              ending;
  logic [Devices-1:0][NumFns-1:0]  fn_ca, fn_ur, fn_ours;
  for (genvar d = 0; d < Devices; d++) begin : gen_device
    localparam int unsigned P = Hosts + d;
    logic              ca, ur, known, to_user;
    logic [7:0]        end_q;   // two bits a cycle, the newest lowest
    logic [3:0]        ours_q;  // ended by the bridge, or by a function of a host that has the same number there
    logic [15:0]       rid_q;
    logic [DevVfW-1:0] vf, soon_vf;
    logic [NFnW-1:0]   at_fn_q, fn_q;
    logic              here_q, owners_q;
    assign ur = tx_hdr_q[P][47:45] == vfp_cell_pkg::CplUr;
    assign ca = tx_hdr_q[P][47:45] == vfp_cell_pkg::CplCa;
    assign ends[d] = tx_take_q[P] && tx_hdr_q[P][28:24] == Cpl && (ca || ur);
    always_ff @(posedge clk) begin
      end_q  <= {end_q[5:0], {2{ends[d] && rst_ni}} & {ca, ur}};
      ours_q <= {ours_q[2:0], tx_hdr_q[P][63:48] == own_dsp_bdf_i[d]};
      rid_q  <= tx_hdr_q[P][95:80];
    end

    vfp_dev_steer #(.Vfs(Vfs)) u_whose (
      .clk_i      (clk),
      .rid_i      (rid_q),
      .dev_known_i(dev_known_i[d]),
      .sriov_i    (sriov_i[d]),
      .vf_first_i (vf_first_i[d]),
      .vf_stride_i(vf_stride_i[d]),
      .num_vfs_i  (num_vfs_i[d]),
      .sec_bus_i  (sec_bus_i[d]),
      .sub_bus_i  (sub_bus_i[d]),
      .vf_owned_i (vf_owned_i[d*Vfs +: Vfs]),
      .known_o    (known),
      .soon_vf_o  (soon_vf),
      .vf_o       (vf),
      .to_user_o  (to_user)
    );
    assign whose_vf_o[d] = VfW'(d * Vfs) | VfW'(soon_vf);
    assign look_fn_o[d]  = at_fn_q;

    logic [1:0] last_q;
    logic       last_ours_q;
    always_ff @(posedge clk) begin
      last_q      <= end_q[7:6] & {2{rst_ni}};
      last_ours_q <= ours_q[3];
      at_fn_q     <= whose_fn_i[d];
      fn_q        <= at_fn_q;
      here_q      <= known && to_user && look_vf_i[d] == (VfW'(d * Vfs) | VfW'(vf));
      owners_q    <= known && !to_user;
    end
    assign own_refused_o[d] = last_q[1] && last_ours_q && owners_q;
    for (genvar f = 0; f < NumFns; f++) begin : gen_fn
      logic here;
      assign here          = here_q && fn_q == NFnW'(f);
      assign fn_ur[d][f]   = here && last_q[0];
      assign fn_ca[d][f]   = here && last_q[1];
      assign fn_ours[d][f] = here && last_q[1] && last_ours_q;
    end
    assign ending[d] = end_q != '0 || last_q != 2'b00;
  end
  always_comb begin
    fn_refused_o = '0;
    fn_ended_o   = '0;
    for (int d = 0; d < int'(Devices); d++) begin
      fn_refused_o = fn_refused_o | fn_ours[d];
      for (int f = 0; f < int'(NumFns); f++) fn_ended_o[f] = fn_ended_o[f] | {fn_ca[d][f], fn_ur[d][f]};
    end
  end

  assign busy_o = some_q != '0 || ending != '0;

  logic unused;
  assign unused = ^{rx_hdr_i, tx_hdr_q};

endmodule

// SPDX-License-Identifier: Apache-2.0
// Looks at the packets that pass the ports, and tells the configuration spaces what their Status registers have to record:
// poisoned packets, a cycle after the header, and requests that ended with an error, five cycles after it. It takes part in
// nothing, and rests while packets pass of which there is nothing to tell.
module vfp_watch #(
  parameter int unsigned Users   = 2,
  parameter int unsigned UserFns = 16,
  parameter int unsigned Vfs     = 64,
  localparam int unsigned Hosts  = Users + 1,
  localparam int unsigned NumFns = Users * UserFns,
  localparam int unsigned NFnW   = $clog2(NumFns),
  localparam int unsigned VfW    = $clog2(Vfs)
) (
  input  logic clk_i,
  input  logic rst_ni,

  // Headers that are taken, from the hosts; to the hosts and, the highest, to the device.
  input  logic [Hosts-1:0]        rx_take_i,
  input  logic [Hosts-1:0][127:0] rx_hdr_i,
  input  logic [Hosts:0]          tx_take_i,
  input  logic [Hosts:0][127:0]   tx_hdr_i,

  // Whose the device's functions are: see vfp_dev_steer.
  input  logic         dev_known_i,
  input  logic         sriov_i,
  input  logic [15:0]  vf_first_i,
  input  logic [15:0]  vf_stride_i,
  input  logic [VfW:0] num_vfs_i,
  input  logic [7:0]   sec_bus_i,
  input  logic [7:0]   sub_bus_i,
  input  logic [15:0]  own_dsp_bdf_i,
  input  logic [Vfs-1:0]             vf_owned_i,
  input  logic [Vfs-1:0][NFnW-1:0]   vf_fn_i,
  input  logic [NumFns-1:0][VfW-1:0] fn_vf_i,

  // Poisoned {completion, request} from a host, for down_id (of a completion); for a host, from up_id.
  output logic [Hosts-1:0][1:0]  down_poison_o,
  output logic [Hosts-1:0][15:0] down_id_o,
  output logic [Hosts-1:0][1:0]  up_poison_o,
  output logic [Hosts-1:0]       up_abort_o,     // up_id has answered with Completer Abort
  output logic [Hosts-1:0][15:0] up_id_o,
  // A request of the slot function ended with {Completer Abort, Unsupported Request}.
  output logic [NumFns-1:0][1:0] fn_ended_o,
  // The bridge itself has answered the device with Completer Abort: a request of the slot function, of the owner's.
  output logic [NumFns-1:0]      fn_refused_o,
  output logic                   own_refused_o,
  output logic                   busy_o
);

  localparam logic [4:0] Cpl = 5'b0_1010;  // Type of a completion

  logic [Hosts-1:0] some_q, sees;
  logic             clk, ends;
  vfp_clock_gate u_gate (.clk_i, .rst_ni, .on_i(sees != '0 || ends || busy_o), .clk_o(clk));
  for (genvar h = 0; h < Hosts; h++) begin : gen_host
    logic [1:0]  down_q, up_q;
    logic [15:0] down_id_q, up_id_q;
    logic        abort_q, down, up, abort;
    // EP; a completion without data has none to be poisoned (2.7.2.2).
    assign down  = rx_take_i[h] && rx_hdr_i[h][14] && rx_hdr_i[h][30];
    assign up    = tx_take_i[h] && tx_hdr_i[h][14] && tx_hdr_i[h][30];
    assign abort = tx_take_i[h] && tx_hdr_i[h][28:24] == Cpl && tx_hdr_i[h][47:45] == vfp_cell_pkg::CplCa;
    assign sees[h] = down || up || abort;
    always_ff @(posedge clk) begin
      down_q    <= {2{down && rst_ni}} & {rx_hdr_i[h][28:24] == Cpl, rx_hdr_i[h][28:24] != Cpl};
      up_q      <= {2{up && rst_ni}} & {tx_hdr_i[h][28:24] == Cpl, tx_hdr_i[h][28:24] != Cpl};
      abort_q   <= abort && rst_ni;
      down_id_q <= rx_hdr_i[h][95:80];  // requester ID of a completion
      up_id_q   <= tx_hdr_i[h][63:48];  // completer ID of a completion, requester ID of a request
    end
    assign down_poison_o[h] = down_q;
    assign down_id_o[h]     = down_id_q;
    assign up_poison_o[h]   = up_q;
    assign up_abort_o[h]    = abort_q;
    assign up_id_o[h]       = up_id_q;
    assign some_q[h]        = down_q != 2'b00 || up_q != 2'b00 || abort_q;
  end

  // What ends at the device, whoever has ended it. Whose it was shows three cycles later, and a cycle after that whether the
  // function still has the VF.
  logic             ca, ur, known, to_user;
  logic [3:0][1:0]  end_q;   // the newest lowest
  logic [3:0]       ours_q;  // ended by the bridge, or by a function of a host that has the same number there
  logic [15:0]      rid_q;
  logic [VfW-1:0]   vf;
  logic [NFnW-1:0]  fn, fn_q;
  logic             here_q, owners_q;
  assign ur = tx_hdr_i[Hosts][47:45] == vfp_cell_pkg::CplUr;
  assign ca = tx_hdr_i[Hosts][47:45] == vfp_cell_pkg::CplCa;
  assign ends = tx_take_i[Hosts] && tx_hdr_i[Hosts][28:24] == Cpl && (ca || ur);
  always_ff @(posedge clk) begin
    end_q  <= {end_q[2:0], {2{ends && rst_ni}} & {ca, ur}};
    ours_q <= {ours_q[2:0], tx_hdr_i[Hosts][63:48] == own_dsp_bdf_i};
    rid_q  <= tx_hdr_i[Hosts][95:80];
  end

  vfp_dev_steer #(.Users(Users), .UserFns(UserFns), .Vfs(Vfs)) u_whose (
    .clk_i(clk),
    .rid_i(rid_q),
    .dev_known_i, .sriov_i, .vf_first_i, .vf_stride_i, .num_vfs_i, .sec_bus_i, .sub_bus_i, .vf_owned_i, .vf_fn_i,
    .known_o  (known),
    .vf_o     (vf),
    .to_user_o(to_user),
    .fn_o     (fn)
  );

  logic [1:0] last_q;
  logic       last_ours_q;
  always_ff @(posedge clk) begin
    last_q      <= end_q[3] & {2{rst_ni}};
    last_ours_q <= ours_q[3];
    fn_q        <= fn;
    here_q      <= known && to_user && fn_vf_i[fn] == vf;
    owners_q    <= known && !to_user;
  end
  assign own_refused_o = last_q[1] && last_ours_q && owners_q;
  for (genvar f = 0; f < NumFns; f++) begin : gen_fn
    assign fn_ended_o[f]   = here_q && fn_q == NFnW'(f) ? last_q : 2'b00;
    assign fn_refused_o[f] = here_q && fn_q == NFnW'(f) && last_q[1] && last_ours_q;
  end

  assign busy_o = some_q != '0 || end_q != '0 || last_q != 2'b00;

  logic unused;
  assign unused = ^{rx_hdr_i, tx_hdr_i};

endmodule

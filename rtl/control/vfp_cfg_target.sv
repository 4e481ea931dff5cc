// SPDX-License-Identifier: Apache-2.0
// Which function of a host's tree a configuration request names (vfp_cfg_host): in one step on which bus, in the next one which of
// those on it. Beside that which of its registers.
module vfp_cfg_target #(
  parameter bit          Owner   = 1'b0,
  parameter int unsigned Slots   = 2,
  parameter int unsigned SlotFns = 8,
  parameter int unsigned Devices = 1,
  parameter int unsigned HalfW   = 4,  // units (vfp_cfg_words): 2^HalfW for management function and ports, as many for functions
  parameter int unsigned UnitW   = 5,
  localparam int unsigned NPorts = Owner ? Devices : Slots,
  localparam int unsigned FnW    = $clog2(Slots * SlotFns),
  localparam int unsigned DevW   = Devices > 1 ? $clog2(Devices) : 1
) (
  input  logic clk_i,

  // The request, and its steps.
  input  logic        type1_i,
  input  logic [15:0] target_i,
  input  logic [9:0]  reg_i,
  input  logic        compare_i,
  input  logic        choose_i,
  // A message, whose words are read while there is no request: of the highest source, the management function, or of a port.
  input  logic            idle_i,
  input  logic            msg_begin_i,
  input  logic [NPorts:0] msg_first_i,

  // Buses of the ports.
  input  logic [7:0]             up_sec_i,
  input  logic [7:0]             up_sub_i,
  input  logic [NPorts-1:0][7:0] dn_sec_i,
  input  logic [NPorts-1:0][7:0] dn_sub_i,

  // After compare: which DW, of those that are looked at by name; the same for vfp_cfg_map.
  output logic [vfp_config_pkg::Selects-1:0] sel_o,
  output logic [6:0]        place_o,
  // After choose.
  output logic              to_mgmt_o,
  output logic              to_up_o,
  output logic [NPorts-1:0] to_port_o,
  output logic              to_device_o,  // owner: below a port, through port aim_o
  output logic [DevW-1:0]   aim_o,
  output logic              to_fn_o,      // user: slot function fn_o
  output logic [FnW-1:0]    fn_o,
  output logic [1:0]        kind_o,       // vfp_cfg_map
  output logic [UnitW-1:0]  unit_o        // vfp_cfg_words
);

  logic [7:0] bus;
  logic [4:0] dev;
  logic [2:0] func;
  assign {bus, dev, func} = target_i;

  // ---- First the bus -----------------------------------------------------------------------------------------------------
  logic              below_q, on_up_q;  // below the upstream port; on the bus of the downstream ports
  logic [NPorts-1:0] on_dn_q;           // on the bus below a port
  always_ff @(posedge clk_i) begin
    if (compare_i) begin
      below_q <= type1_i && up_sec_i != 8'd0 && bus >= up_sec_i && bus <= up_sub_i;
      on_up_q <= bus == up_sec_i;
      for (int p = 0; p < int'(NPorts); p++) on_dn_q[p] <= bus == dn_sec_i[p];
      for (int r = 0; r < int'(vfp_config_pkg::Selects); r++) sel_o[r] <= reg_i == 10'(r);
      place_o <= reg_i[9:7] == '0 ? reg_i[6:0] : '1;
    end
  end

  // ---- And then which of those on it ---------------------------------------------------------------------------------------
  logic              to_mgmt, to_up, to_device, to_fn;
  logic [NPorts-1:0] to_port;
  logic [FnW-1:0]    fn;
  logic [UnitW-1:0]  unit;
  logic [1:0]        kind;
  assign to_mgmt = !type1_i && dev == 5'd0 && func == 3'd0;
  assign to_up   = !type1_i && dev == 5'd0 && func == 3'd1;
  for (genvar p = 0; p < NPorts; p++) begin : gen_to_port
    assign to_port[p] = below_q && on_up_q && dev == 5'(p) && func == 3'd0;
  end

  if (Owner) begin : gen_to_device
    logic [NPorts-1:0] in_dn_q;
    logic [DevW-1:0]   aim;
    always_ff @(posedge clk_i) begin
      if (compare_i) begin
        for (int p = 0; p < int'(NPorts); p++) begin
          in_dn_q[p] <= dn_sec_i[p] != 8'd0 && bus >= dn_sec_i[p] && bus <= dn_sub_i[p];
        end
      end
      if (choose_i) aim_o <= aim;
    end
    // While buses are numbered, those below one port may still reach over those of the next.
    always_comb begin
      aim = '0;
      for (int p = int'(NPorts) - 1; p >= 0; p--) if (in_dn_q[p]) aim = DevW'(p);
    end
    // On the bus below, only device 0: ARI forwarding is not offered.
    assign to_device = below_q && !on_up_q && in_dn_q != '0 && (!on_dn_q[aim] || dev == 5'd0);
    assign to_fn     = 1'b0;
    assign fn        = '0;
  end else begin : gen_to_fn
    always_comb begin
      fn = '0;
      for (int p = 0; p < int'(NPorts); p++) if (on_dn_q[p]) fn = FnW'(p * int'(SlotFns)) | FnW'(func);
    end
    assign aim_o     = '0;
    assign to_device = 1'b0;
    assign to_fn     = below_q && !on_up_q && dev == 5'd0 && 4'(func) < 4'(SlotFns) && on_dn_q != '0;
    logic unused;
    assign unused = ^dn_sub_i;
  end

  always_comb begin
    kind = to_mgmt ? vfp_config_pkg::KindMgmt : to_up ? vfp_config_pkg::KindUp :
           to_fn ? vfp_config_pkg::KindFn : vfp_config_pkg::KindDown;
    unit = UnitW'(to_up);
    for (int p = 0; p < int'(NPorts); p++) if (to_port[p]) unit = UnitW'(p + 2);
    if (to_fn) unit = UnitW'(1 << HalfW) | UnitW'(fn);
    if (idle_i) begin
      unit = '0;
      for (int p = 0; p < int'(NPorts); p++) if (msg_first_i[p]) unit = UnitW'(p + 2);
    end
  end
  always_ff @(posedge clk_i) begin
    if (choose_i) begin
      to_mgmt_o   <= to_mgmt;
      to_up_o     <= to_up;
      to_port_o   <= to_port;
      to_device_o <= to_device;
      to_fn_o     <= to_fn;
      fn_o        <= fn;
      kind_o      <= kind;
    end
    if (choose_i || msg_begin_i) unit_o <= unit;
  end

  logic unused;
  assign unused = msg_first_i[NPorts];

endmodule

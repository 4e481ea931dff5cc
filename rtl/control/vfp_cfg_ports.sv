// SPDX-License-Identifier: Apache-2.0
// The ports of a host's tree (vfp_cfg_host): the upstream port, the downstream ports below it, and for a user the slot of each.
module vfp_cfg_ports #(
  parameter bit          Owner     = 1'b0,
  parameter int unsigned NPorts    = 2,  // downstream ports
  parameter int unsigned FirstSlot = 1,  // physical number of slot 0
  parameter int unsigned MaxPayload = 128
) (
  input  logic clk_i,
  input  logic rst_ni,
  input  logic down_i,  // the host's link is down

  // A request: its target, its register, and in the cycle write_i what it leaves there.
  input  logic                                 write_i,
  input  logic                                 to_up_i,
  input  logic [NPorts-1:0]                    to_port_i,
  input  logic [vfp_config_pkg::Selects-1:0]   sel_i,
  input  logic [31:0]                          word_i,
  input  logic [15:8]                          ones_i,   // ones written to the upper byte of Status
  input  logic [3:0]                           be_i,
  input  logic [31:0]                          wdata_i,
  output logic [31:0]                          live_o,   // what hardware has set in the register, 0 of another target

  // See vfp_cfg_host.
  input  logic [1:0]             refused_i,
  input  logic [1:0]             down_poison_i,
  input  logic [15:0]            down_id_i,
  input  logic [1:0]             up_poison_i,
  input  logic [15:0]            up_id_i,
  input  logic [NPorts-1:0]      port_aborts_i,
  input  logic [NPorts-1:0]      dev_link_i,
  input  logic [NPorts-1:0]      button_i,
  input  logic [NPorts-1:0]      slot_present_i,
  input  logic [NPorts-1:0]      slot_ready_i,
  input  logic [NPorts-1:0]      slot_quiet_i,
  input  logic                   port_back_i,
  output logic [NPorts-1:0]      slot_present_o,
  output logic [NPorts-1:0]      slot_link_o,
  output logic [NPorts-1:0]      slot_pressed_o,
  output logic [NPorts-1:0]      slot_powered_o,
  output logic [NPorts-1:0]      slot_usable_o,
  output logic [NPorts-1:0]      slot_off_o,
  output logic [NPorts-1:0]      slot_reset_o,
  output logic [NPorts-1:0][1:0] power_led_o,
  output logic [NPorts-1:0][1:0] attn_led_o,

  // What the ports let pass: each by itself, then with the upstream port.
  output logic                   up_mem_en_o,
  output logic                   up_bme_o,
  output logic                   up_reset_o,  // what is below the upstream port is being reset
  output logic [7:0]             up_sec_o,
  output logic [7:0]             up_sub_o,
  output logic [NPorts-1:0]      dn_mem_en_o,
  output logic [NPorts-1:0]      dn_bme_o,
  output logic [NPorts-1:0]      dn_reset_o,
  output logic [NPorts-1:0]      dn_msi_en_o,
  output logic [NPorts-1:0][7:0] dn_sec_o,
  output logic [NPorts-1:0][7:0] dn_sub_o,
  output logic [NPorts-1:0]      slot_msi_o,  // pulse: a slot has something to tell
  output logic [NPorts-1:0]       mem_en_o,
  output logic [NPorts-1:0]       bme_o,
  output logic [NPorts-1:0][31:0] mem_base_o,
  output logic [NPorts-1:0][31:0] mem_limit_o,
  output logic [NPorts-1:0][63:0] pref_base_o,
  output logic [NPorts-1:0][63:0] pref_limit_o,
  output logic [NPorts-1:0]       below_reset_o,
  // Max_Payload_Size of the upstream port and of each downstream port (vfp_cfg_port).
  output logic [1:0]              payload_o,
  output logic [NPorts-1:0][1:0]  below_payload_o
);

  logic [15:8]             up_errors, up_secondary_errors;
  logic [3:0]              up_dev_errors, dev_ones;
  logic [NPorts-1:0]       dn_disable;
  logic [NPorts-1:0][15:8] dn_errors, dn_secondary_errors;
  logic [NPorts-1:0][3:0]  dn_dev_errors;
  logic [NPorts-1:0][31:0] slot_reg;
  logic [31:20]            up_mem_base, up_mem_limit;
  logic [63:20]            up_pref_base, up_pref_limit;
  logic                    up_disable, up_msi_en;
  assign dev_ones = be_i[2] ? wdata_i[19:16] : 4'd0;

  vfp_cfg_port #(.Windows(Owner), .MaxPayload(MaxPayload)) u_up (
    .clk_i, .rst_ni,
    .clear_i           (down_i),
    .we_i              (write_i && to_up_i),
    .sel_i             (sel_i),
    .word_i            (word_i),
    .ones_i            (ones_i),
    .dev_ones_i        (dev_ones),
    .refused_i         (refused_i),
    .down_poison_i     (down_poison_i),
    .up_poison_i       (up_poison_i),
    .aborts_i          (1'b0),
    .errors_o          (up_errors),
    .secondary_errors_o(up_secondary_errors),
    .dev_errors_o      (up_dev_errors),
    .mem_en_o          (up_mem_en_o),
    .bme_o             (up_bme_o),
    .sec_bus_o         (up_sec_o),
    .sub_bus_o         (up_sub_o),
    .mem_base_o        (up_mem_base),
    .mem_limit_o       (up_mem_limit),
    .pref_base_o       (up_pref_base),
    .pref_limit_o      (up_pref_limit),
    .link_disable_o    (up_disable),
    .bus_reset_o       (up_reset_o),
    .msi_en_o          (up_msi_en),
    .payload_o
  );

  for (genvar p = 0; p < NPorts; p++) begin : gen_port
    // A completion goes where its requester is, and comes from its completer. A poisoned request goes by address: only the
    // port above has seen it.
    logic down_here, up_here, we;
    logic [31:20] mem_base, mem_limit;
    logic [63:20] pref_base, pref_limit;
    assign we        = write_i && to_port_i[p];
    assign down_here = dn_sec_o[p] != 8'd0 && down_id_i[15:8] >= dn_sec_o[p] && down_id_i[15:8] <= dn_sub_o[p];
    assign up_here   = dn_sec_o[p] != 8'd0 && up_id_i[15:8] >= dn_sec_o[p] && up_id_i[15:8] <= dn_sub_o[p];
    vfp_cfg_port #(.Windows(Owner), .MaxPayload(MaxPayload)) u_port (
      .clk_i, .rst_ni,
      .clear_i           (down_i || up_reset_o),
      .we_i              (we),
      .sel_i             (sel_i),
      .word_i            (word_i),
      .ones_i            (ones_i),
      .dev_ones_i        (dev_ones),
      .refused_i         (2'b00),
      .down_poison_i     ({down_poison_i[1] && down_here, 1'b0}),
      .up_poison_i       (up_here ? up_poison_i : 2'b00),
      .aborts_i          (port_aborts_i[p]),
      .errors_o          (dn_errors[p]),
      .secondary_errors_o(dn_secondary_errors[p]),
      .dev_errors_o      (dn_dev_errors[p]),
      .mem_en_o          (dn_mem_en_o[p]),
      .bme_o             (dn_bme_o[p]),
      .sec_bus_o         (dn_sec_o[p]),
      .sub_bus_o         (dn_sub_o[p]),
      .mem_base_o        (mem_base),
      .mem_limit_o       (mem_limit),
      .pref_base_o       (pref_base),
      .pref_limit_o      (pref_limit),
      .link_disable_o    (dn_disable[p]),
      .bus_reset_o       (dn_reset_o[p]),
      .msi_en_o          (dn_msi_en_o[p]),
      .payload_o         (below_payload_o[p])
    );
    // A window that shrinks has done so a cycle after the write, which is answered later than that.
    if (Owner) begin : gen_windows
      always_ff @(posedge clk_i) begin
        mem_base_o[p]   <= {mem_base > up_mem_base ? mem_base : up_mem_base, 20'd0};
        mem_limit_o[p]  <= {mem_limit < up_mem_limit ? mem_limit : up_mem_limit, 20'hfffff};
        pref_base_o[p]  <= {pref_base > up_pref_base ? pref_base : up_pref_base, 20'd0};
        pref_limit_o[p] <= {pref_limit < up_pref_limit ? pref_limit : up_pref_limit, 20'hfffff};
      end
    end else begin : gen_no_windows
      assign mem_base_o[p]   = '0;
      assign mem_limit_o[p]  = '0;
      assign pref_base_o[p]  = '0;
      assign pref_limit_o[p] = '0;
      logic unused;
      assign unused = ^{mem_base, mem_limit, pref_base, pref_limit, up_mem_base, up_mem_limit, up_pref_base, up_pref_limit};
    end
    assign mem_en_o[p]      = up_mem_en_o && dn_mem_en_o[p];
    assign bme_o[p]         = up_bme_o && dn_bme_o[p];
    // Without the link above, what is below is reset as well (6.6.1).
    assign below_reset_o[p] = down_i || up_reset_o || dn_reset_o[p] || dn_disable[p];

    if (Owner) begin : gen_no_slot
      assign slot_reg[p]       = '0;
      assign slot_present_o[p] = 1'b0;
      assign slot_link_o[p]    = 1'b0;
      assign slot_pressed_o[p] = 1'b0;
      assign slot_powered_o[p] = 1'b0;
      assign slot_usable_o[p]  = 1'b0;
      assign slot_off_o[p]     = 1'b0;
      assign slot_reset_o[p]   = 1'b0;
      assign power_led_o[p]    = vfp_regs_pkg::LedOff;
      assign attn_led_o[p]     = vfp_regs_pkg::LedOff;
      assign slot_msi_o[p]       = 1'b0;
    end else begin : gen_slot
      // What is below is reset with the link (6.6.1, 7.5.3.6, 7.8.7).
      logic reset_q, switched_off;
      assign slot_off_o[p] = switched_off || (up_reset_o && slot_powered_o[p]);
      always_ff @(posedge clk_i) reset_q <= rst_ni && (dn_reset_o[p] || dn_disable[p]);
      assign slot_reset_o[p] = (dn_reset_o[p] || dn_disable[p]) && !reset_q;
      vfp_slot u_slot (
        .clk_i, .rst_ni,
        .clear_i       (down_i || up_reset_o),
        .we_i          (we && sel_i['h22]),
        .be_i          (be_i),
        .wdata_i       (wdata_i),
        .reg_o         (slot_reg[p]),
        .button_i      (button_i[p]),
        .present_i     (slot_present_i[p]),
        .ready_i       (slot_ready_i[p]),
        .quiet_i       (slot_quiet_i[p]),
        .link_disable_i(dn_disable[p]),
        .msi_en_i      (dn_msi_en_o[p]),
        .again_i       (port_back_i),
        .present_o     (slot_present_o[p]),
        .link_o        (slot_link_o[p]),
        .pressed_o     (slot_pressed_o[p]),
        .powered_o     (slot_powered_o[p]),
        .usable_o      (slot_usable_o[p]),
        .power_led_o   (power_led_o[p]),
        .attn_led_o    (attn_led_o[p]),
        .off_o         (switched_off),
        .msi_o         (slot_msi_o[p])
      );
    end
  end

  always_comb begin
    live_o = '0;
    if (to_up_i && sel_i['h01]) live_o[31:24] = up_errors;
    if (to_up_i && sel_i['h07]) live_o[31:24] = up_secondary_errors;
    if (to_up_i && sel_i['h1e]) live_o[19:16] = up_dev_errors;
    for (int p = 0; p < int'(NPorts); p++) begin
      if (to_port_i[p] && sel_i['h01]) live_o[31:24] = live_o[31:24] | dn_errors[p];
      if (to_port_i[p] && sel_i['h07]) live_o[31:24] = live_o[31:24] | dn_secondary_errors[p];
      if (to_port_i[p] && sel_i['h1e]) live_o[19:16] = live_o[19:16] | dn_dev_errors[p];
      if (to_port_i[p] && sel_i['h1f]) live_o[31:24] = live_o[31:24] | 8'(p + 1);
      if (to_port_i[p] && sel_i['h20]) live_o[29] = live_o[29] | (Owner ? dev_link_i[p] : slot_link_o[p]);
      if (to_port_i[p] && sel_i['h21] && !Owner) live_o[31:19] = live_o[31:19] | 13'(int'(FirstSlot) + p);
      if (to_port_i[p] && sel_i['h22]) live_o = live_o | slot_reg[p];
    end
  end

  logic unused;
  assign unused = ^{up_disable, up_msi_en, be_i, wdata_i, dev_link_i, button_i, slot_present_i, slot_ready_i, slot_quiet_i,
                    port_back_i, down_id_i, up_id_i};

endmodule

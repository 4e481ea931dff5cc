// SPDX-License-Identifier: Apache-2.0
// What the bridge itself takes from the configuration spaces of one user's slot functions, and records there: each a VF shown
// as an ordinary type 0 function. What opens and closes is flip-flops; names and BARs are memories, which vfp_rows reads one at
// a time. Other registers are words (vfp_cfg_words).
module vfp_cfg_vf #(
  parameter int unsigned Slots   = 2,
  parameter int unsigned SlotFns = 8,
  localparam int unsigned Fns = Slots * SlotFns,
  localparam int unsigned FnW = $clog2(Fns)
) (
  input  logic clk_i,
  input  logic rst_ni,
  input  logic [Slots-1:0] clear_i,  // the slot is not usable: its functions are at their reset values
  input  logic [Fns-1:0]   there_i,  // functions that exist

  // A write of function fn_i takes effect, in the next cycle; what it says stays until then.
  input  logic           we_i,
  input  logic [FnW-1:0] fn_i,      // slot, function
  input  logic [15:0]    bdf_i,     // its name
  input  logic [vfp_config_pkg::Selects-1:0] sel_i,
  input  logic [31:0]    word_i,    // the DW as the write leaves it
  input  logic [15:8]    ones_i,    // ones that it has for Status
  input  logic           flr_i,     // it initiates a reset
  // All words of it are being set to zero, odd and even ones; word_i is zero.
  input  logic           clean_i,
  input  logic           odd_i,
  output logic [15:8]    errors_o,  // of its Status
  output logic [Fns-1:0] flr_o,     // pulse

  // Pulses, for Status. A poisoned completion for down_id; a poisoned request of up_id, and up_id has answered with Completer
  // Abort; a request of the function ended with {Completer Abort, Unsupported Request}.
  input  logic [Slots-1:0][7:0] bus_i,  // of the slots
  input  logic                  down_poison_i,
  input  logic [15:0]           down_id_i,
  input  logic                  up_poison_i,
  input  logic                  up_abort_i,
  input  logic [15:0]           up_id_i,
  input  logic [Fns-1:0][1:0]   ended_i,
  output logic                  busy_o,

  // vfp_rows.
  output logic [Fns-1:0] mse_o,
  output logic [Fns-1:0] bme_o,
  input  logic [FnW-1:0] id_fn_i,
  output logic [15:0]    id_o,
  input  logic [FnW-1:0] bar_fn_i,
  input  logic           bar_3_i,   // BAR 3, not BAR 0
  output logic [63:14]   bar_o
);

  // Who writes has looked in this very cycle whether the function is there: hundreds of LUTs come a cycle later.
  logic we_q;
  always_ff @(posedge clk_i) we_q <= we_i && rst_ni;

  // Captured from every configuration write (2.2.6.2).
  logic [15:0] id_mem [Fns];
  always_ff @(posedge clk_i) if (we_q) id_mem[fn_i] <= bdf_i;
  assign id_o = id_mem[id_fn_i];

  // While a function's BARs are those of before a reset, it has no memory space enable.
  logic [31:14] low_mem [2 * Fns];
  logic [63:32] high_mem [2 * Fns];
  logic         low_we, high_we, three;
  assign low_we  = clean_i || (we_q && (sel_i['h04] || sel_i['h07]));
  assign high_we = clean_i || (we_q && (sel_i['h05] || sel_i['h08]));
  assign three   = clean_i ? odd_i : sel_i['h07] || sel_i['h08];
  always_ff @(posedge clk_i) begin
    if (low_we) low_mem[{fn_i, three}] <= word_i[31:14];
    if (high_we) high_mem[{fn_i, three}] <= word_i;
  end
  assign bar_o = {high_mem[{bar_fn_i, bar_3_i}], low_mem[{bar_fn_i, bar_3_i}]};

  // Whom a packet is of shows a cycle after it: its bus is the slot's, and no function has another device number than 0.
  logic [Slots-1:0] down_q, up_q;
  logic [2:0]       down_fn_q, up_fn_q;
  logic             up_poison_q, up_abort_q;
  for (genvar s = 0; s < Slots; s++) begin : gen_slot
    always_ff @(posedge clk_i) begin
      down_q[s] <= down_poison_i && down_id_i[15:3] == {bus_i[s], 5'd0};
      up_q[s]   <= (up_poison_i || up_abort_i) && up_id_i[15:3] == {bus_i[s], 5'd0};
    end
  end
  always_ff @(posedge clk_i) begin
    down_fn_q   <= down_id_i[2:0];
    up_fn_q     <= up_id_i[2:0];
    up_poison_q <= up_poison_i;
    up_abort_q  <= up_abort_i;
  end
  assign busy_o = (down_q | up_q) != '0;

  logic [Fns-1:0][15:8] errors;
  for (genvar f = 0; f < Fns; f++) begin : gen_fn
    localparam int unsigned S = f / SlotFns;
    logic hit, at_q, command, clear, down, up;
    logic mse_q, bme_q, parity_q;
    always_ff @(posedge clk_i) at_q <= fn_i == FnW'(f);  // long before a write of it takes effect
    assign hit      = we_q && at_q;
    assign command  = hit && sel_i['h01];
    assign flr_o[f] = hit && flr_i;
    assign clear    = clear_i[S] || flr_o[f];
    assign down     = down_q[S] && down_fn_q == 3'(f % int'(SlotFns)) && there_i[f];
    assign up       = up_q[S] && up_fn_q == 3'(f % int'(SlotFns)) && there_i[f];
    always_ff @(posedge clk_i) begin
      if (!rst_ni || clear) {mse_q, bme_q, parity_q} <= '0;
      else if (command) {mse_q, bme_q, parity_q} <= {word_i[1], word_i[2], word_i[6]};
    end
    vfp_cfg_errors u_errors (
      .clk_i, .rst_ni,
      .clear_i       (clear),
      .we_i          (command),
      .ones_i,
      .poisoned_i    (down),
      .master_abort_i(ended_i[f][0]),
      .target_abort_i(ended_i[f][1]),
      .aborts_i      (up && up_abort_q),
      .parity_i      (parity_q && (down || (up && up_poison_q))),
      .errors_o      (errors[f])
    );
    assign mse_o[f] = mse_q;
    assign bme_o[f] = bme_q;
  end
  assign errors_o = errors[fn_i];

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    a_steady : assert (!we_q || ($stable(fn_i) && $stable(sel_i) && $stable(word_i) && $stable(ones_i)));
  end
`endif

  logic unused;
  assign unused = ^sel_i;

endmodule

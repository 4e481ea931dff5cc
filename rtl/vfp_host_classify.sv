// SPDX-License-Identifier: Apache-2.0
// Decides where a packet from a host goes, from its type and address. Combinational; used once, at ingress. What can
// change while a packet waits (assignment, power, freeze) is looked at again when it leaves the queue.
module vfp_host_classify #(
  parameter bit          Owner   = 1'b0,
  parameter int unsigned UserFns = 16,  // slot functions of a user, power of two
  localparam int unsigned FnW = $clog2(UserFns),
  localparam int unsigned MetaW = 3 + 4 + 1 + FnW
) (
  input  logic [127:0] hdr_i,

  input  logic        mgmt_en_i,
  input  logic [63:0] mgmt_bar_i,  // 64 KiB
  // Owner: the windows of its ports.
  input  logic        mem_en_i,
  input  logic [31:0] mem_base_i,
  input  logic [31:0] mem_limit_i,
  input  logic [63:0] pref_base_i,
  input  logic [63:0] pref_limit_i,
  // User: the BARs of its slot functions, 16 KiB each.
  input  logic [UserFns-1:0]       fn_mse_i,
  input  logic [UserFns-1:0][63:0] fn_bar0_i,
  input  logic [UserFns-1:0][63:0] fn_bar3_i,

  output logic [MetaW-1:0] meta_o  // {fn, bar3, reason, act}
);

  logic [6:0]  kind;
  logic [63:0] address;
  logic        mgmt_hit, dev_hit, is_bar3, poisoned, translated, read;
  logic [FnW-1:0] fn;

  assign kind       = vfp_pkg::tlp_type(hdr_i);
  assign address    = vfp_pkg::tlp_address(hdr_i);
  assign poisoned   = hdr_i[14];
  assign translated = hdr_i[11:10] != 2'd0;
  assign read       = kind == vfp_pkg::TlpMRd;
  assign mgmt_hit   = mgmt_en_i && address[63:16] == mgmt_bar_i[63:16];

  if (Owner) begin : gen_owner
    assign dev_hit = mem_en_i && ((address[63:32] == 32'd0 && address[31:0] >= mem_base_i &&
                                   address[31:0] <= mem_limit_i) ||
                                  (address >= pref_base_i && address <= pref_limit_i));
    assign is_bar3 = 1'b0;
    assign fn      = '0;
    logic unused;
    assign unused = ^{fn_mse_i, fn_bar0_i, fn_bar3_i};
  end else begin : gen_user
    logic [UserFns-1:0] hit0, hit3;
    for (genvar f = 0; f < UserFns; f++) begin : gen_hit
      assign hit0[f] = fn_mse_i[f] && address[63:14] == fn_bar0_i[f][63:14];
      assign hit3[f] = fn_mse_i[f] && address[63:14] == fn_bar3_i[f][63:14];
    end
    // Two functions at one address are the user's own fault; the first one has it.
    always_comb begin
      fn = '0;
      for (int f = int'(UserFns) - 1; f >= 0; f--) begin
        if (hit0[f] || hit3[f]) fn = FnW'(f);
      end
    end
    assign dev_hit = (|hit0) || (|hit3);
    assign is_bar3 = !hit0[fn];
    logic unused;
    assign unused = ^{mem_en_i, mem_base_i, mem_limit_i, pref_base_i, pref_limit_i, fn_bar0_i, fn_bar3_i};
  end

  logic [2:0] act;
  logic [3:0] reason;
  logic [2:0] refuse;
  assign refuse = read ? vfp_pkg::ActUr : vfp_pkg::ActDrop;

  always_comb begin
    act    = vfp_pkg::ActDrop;
    reason = vfp_regs_pkg::DropUnsupported;
    if (kind == vfp_pkg::TlpCpl || kind == vfp_pkg::TlpCplD) begin
      act    = vfp_pkg::ActFwd;
      reason = vfp_regs_pkg::DropNone;
    end else if (kind == vfp_pkg::TlpCfgRd0 || kind == vfp_pkg::TlpCfgWr0 || kind == vfp_pkg::TlpCfgRd1 ||
                 kind == vfp_pkg::TlpCfgWr1) begin
      act    = poisoned ? vfp_pkg::ActUr : vfp_pkg::ActCfg;
      reason = poisoned ? vfp_regs_pkg::DropPoisoned : vfp_regs_pkg::DropNone;
    end else if (read || kind == vfp_pkg::TlpMWr) begin
      if (translated) begin
        act = refuse;
      end else if (mgmt_hit) begin
        // Registers are 32 bits wide.
        act    = hdr_i[9:0] != 10'd1 || poisoned ? refuse : vfp_pkg::ActReg;
        reason = poisoned ? vfp_regs_pkg::DropPoisoned : vfp_regs_pkg::DropUnsupported;
      end else if (dev_hit) begin
        act    = vfp_pkg::ActFwd;
        reason = vfp_regs_pkg::DropNone;
      end else begin
        act    = refuse;
        reason = vfp_regs_pkg::DropNoTarget;
      end
    end else if (hdr_i[28:27] == 2'b10) begin
      act    = vfp_pkg::ActSink;  // messages from a root complex end at the port
      reason = vfp_regs_pkg::DropNone;
    end else begin
      act = hdr_i[28:24] == 5'd11 ? vfp_pkg::ActDrop : vfp_pkg::ActUr;  // locked, I/O, atomic requests
    end
  end

  assign meta_o = {fn, is_bar3, reason, act};

endmodule

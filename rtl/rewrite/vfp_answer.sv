// SPDX-License-Identifier: Apache-2.0
// A completion of the bridge's own as a packet of one cell (PCIe Base Specification 2.1, 2.2.9).
module vfp_answer (
  input  logic [15:0]             own_cid_i,  // the bridge's completer ID on this link
  input  vfp_route_pkg::answer_t  in_i,
  input  logic [15:0]             in_cid_i,   // in whose name, if not 0; else the bridge's
  output vfp_cell_pkg::cell_t     out_o
);

  vfp_cell_pkg::cpl_hdr_t hdr;
  always_comb begin
    hdr          = '0;
    hdr.dw0.kind = in_i.lk ? vfp_cell_pkg::KindCplLk : vfp_cell_pkg::KindCpl;
    hdr.dw0.tc   = in_i.tc;
    hdr.dw0.ido  = in_i.ido;
    hdr.dw0.ro   = in_i.ro;
    hdr.dw0.ns   = in_i.ns;
    hdr.rid      = in_i.rid;
    hdr.tag      = in_i.tag;
    hdr.low      = in_i.low;
    hdr.cid      = in_cid_i != 16'd0 ? in_cid_i : own_cid_i;
    hdr.status   = in_i.status;
    hdr.bytes    = in_i.bytes;

    out_o        = '0;
    out_o.sop    = 1'b1;
    out_o.eop    = 1'b1;
    out_o.hdr    = hdr;
  end

endmodule

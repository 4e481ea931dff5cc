/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Registers, descriptors and mailbox words of the 82599 virtual function.
 * Names and values are those of the data sheet (Intel 331520, chapters 7 and
 * 8.3) and of the mailbox protocol that the PF drivers speak.
 */
#ifndef AIRVF_REGS_H
#define AIRVF_REGS_H

#include <linux/bits.h>
#include <linux/types.h>

#define AIRVF_DEV_82599_VF	0x10ed
#define AIRVF_DEV_82599_VF_HV	0x152e
/* Has the same registers; never tried. */
#define AIRVF_DEV_X540_VF	0x1515
#define AIRVF_DEV_X540_VF_HV	0x1530

#define VFCTRL			0x0000
#define  VFCTRL_RST		BIT(26)
#define VFSTATUS		0x0008
#define VFLINKS			0x0010
#define  VFLINKS_UP		BIT(30)
#define  VFLINKS_SPEED		GENMASK(29, 28)
#define  VFLINKS_SPEED_100M	1
#define  VFLINKS_SPEED_1G	2
#define  VFLINKS_SPEED_10G	3
#define VFFRTIMER		0x0048
#define VTEICR			0x0100
#define VTEICS			0x0104
#define VTEIMS			0x0108
#define VTEIMC			0x010c
#define VTEIAC			0x0110
#define VTEIAM			0x0114
#define VTIVAR(i)		(0x0120 + 4 * (i))
#define VTIVAR_MISC		0x0140
#define  VTIVAR_VALID		0x80
#define VFMBMEM(i)		(0x0200 + 4 * (i))
#define  VFMBMEM_WORDS		16
#define VFMAILBOX		0x02fc
#define  VFMAILBOX_REQ		BIT(0)
#define  VFMAILBOX_ACK		BIT(1)
#define  VFMAILBOX_VFU		BIT(2)
#define  VFMAILBOX_PFU		BIT(3)
#define  VFMAILBOX_PFSTS	BIT(4)
#define  VFMAILBOX_PFACK	BIT(5)
#define  VFMAILBOX_RSTI		BIT(6)
#define  VFMAILBOX_RSTD		BIT(7)
/* Cleared by any read, so every read has to be remembered. */
#define  VFMAILBOX_R2C		(VFMAILBOX_PFSTS | VFMAILBOX_PFACK | VFMAILBOX_RSTD)
#define VFPSRTYPE		0x0300
#define  VFPSRTYPE_TCP		BIT(4)
#define  VFPSRTYPE_UDP		BIT(5)
#define  VFPSRTYPE_IPV4		BIT(8)
#define  VFPSRTYPE_IPV6		BIT(9)
#define  VFPSRTYPE_L2		BIT(12)
#define  VFPSRTYPE_RQPL		GENMASK(31, 29)
#define VTEITR(v)		(0x0820 + 4 * (v))
#define  VTEITR_INTERVAL	GENMASK(11, 3)
#define  VTEITR_CNT_WDIS	BIT(31)

#define VFRDBAL(q)		(0x1000 + 0x40 * (q))
#define VFRDBAH(q)		(0x1004 + 0x40 * (q))
#define VFRDLEN(q)		(0x1008 + 0x40 * (q))
#define VFDCA_RXCTRL(q)		(0x100c + 0x40 * (q))
#define  DCA_RXCTRL_DESC_RRO	BIT(9)
#define  DCA_RXCTRL_DATA_WRO	BIT(13)
#define  DCA_RXCTRL_HEAD_WRO	BIT(15)
#define VFRDH(q)		(0x1010 + 0x40 * (q))
#define VFSRRCTL(q)		(0x1014 + 0x40 * (q))
#define  SRRCTL_BSIZEPKT_SHIFT	10	/* in units of 1 KB */
#define  SRRCTL_BSIZEHDR_SHIFT	8	/* 64 byte units in bits 13:8 */
#define  SRRCTL_DESC_ADV_ONEBUF	BIT(25)
#define  SRRCTL_DROP_EN		BIT(28)
#define VFRDT(q)		(0x1018 + 0x40 * (q))
#define VFRXDCTL(q)		(0x1028 + 0x40 * (q))
#define  RXDCTL_ENABLE		BIT(25)
#define  RXDCTL_VME		BIT(30)
#define VFGPRC			0x101c
#define VFGORC_LSB		0x1020
#define VFGORC_MSB		0x1024
#define VFMPRC			0x1034

#define VFTDBAL(q)		(0x2000 + 0x40 * (q))
#define VFTDBAH(q)		(0x2004 + 0x40 * (q))
#define VFTDLEN(q)		(0x2008 + 0x40 * (q))
#define VFDCA_TXCTRL(q)		(0x200c + 0x40 * (q))
#define  DCA_TXCTRL_DESC_RRO	BIT(9)
#define  DCA_TXCTRL_DESC_WRO	BIT(11)
#define  DCA_TXCTRL_DATA_RRO	BIT(13)
#define VFTDH(q)		(0x2010 + 0x40 * (q))
#define VFTDT(q)		(0x2018 + 0x40 * (q))
#define VFTXDCTL(q)		(0x2028 + 0x40 * (q))
#define  TXDCTL_PTHRESH(n)	(n)
#define  TXDCTL_HTHRESH(n)	((n) << 8)
#define  TXDCTL_WTHRESH(n)	((n) << 16)
#define  TXDCTL_ENABLE		BIT(25)
#define  TXDCTL_SWFLSH		BIT(26)
#define VFTDWBAL(q)		(0x2038 + 0x40 * (q))
#define VFTDWBAH(q)		(0x203c + 0x40 * (q))
#define VFGPTC			0x201c
#define VFGOTC_LSB		0x2020
#define VFGOTC_MSB		0x2024

/* Self test: bits that keep what is written (data sheet 8.3.5). */
#define RDBAL_MASK		0xffffff80u
#define RDLEN_MASK		0x000fff80u
#define RDT_MASK		0x0000ffffu

struct airvf_tx_desc {
	__le64 addr;	/* context: VLAN 31:16, MACLEN 15:9, IPLEN 8:0 */
	__le32 cmd;
	__le32 olinfo;
};

struct airvf_tx_ctx {
	__le32 vlan_maclen_iplen;
	__le32 sa_index;
	__le32 type;
	__le32 mss_l4len_idx;
};

#define TXD_LEN_MAX		16384	/* per data descriptor, DTALEN */
#define TXD_DTYP_CTXT		(2u << 20)
#define TXD_DTYP_DATA		(3u << 20)
#define TXD_EOP			BIT(24)
#define TXD_IFCS		BIT(25)
#define TXD_RS			BIT(27)
#define TXD_DEXT		BIT(29)
#define TXD_VLE			BIT(30)
#define TXD_TSE			BIT(31)
#define TXD_STA_DD		BIT(0)
#define TXD_CC			BIT(7)
#define TXD_IXSM		BIT(8)
#define TXD_TXSM		BIT(9)
#define TXD_PAYLEN_SHIFT	14
#define TXC_IDX_SHIFT		4
#define TXC_MACLEN_SHIFT	9
#define TXC_MACLEN_MAX		127
#define TXC_IPLEN_MAX		511
#define TXC_VLAN_SHIFT		16
#define TXC_IPV4		BIT(10)
#define TXC_L4T_UDP		0
#define TXC_L4T_TCP		BIT(11)
#define TXC_L4T_SCTP		BIT(12)
#define TXC_L4LEN_SHIFT		8
#define TXC_MSS_SHIFT		16
#define TX_FRAME_MIN		17

union airvf_rx_desc {
	struct {
		__le64 pkt_addr;
		__le64 hdr_addr;
	} read;
	struct {
		__le16 info;		/* RSS type 3:0, packet type 15:4 */
		__le16 hdr_info;
		__le32 rss;
		__le32 status_error;
		__le16 length;
		__le16 vlan;
	} wb;
};

#define RXD_RSS_TYPE		0x000f
#define RXD_TYPE_UDP		BIT(9)

#define RXD_DD			BIT(0)
#define RXD_EOP			BIT(1)
#define RXD_VP			BIT(3)
#define RXD_L4CS		BIT(5)
#define RXD_IPCS		BIT(6)
#define RXD_LB			BIT(18)
#define RXD_RXE			BIT(29)
#define RXD_TCPE		BIT(30)
#define RXD_IPE			BIT(31)

/* Mailbox messages. Word 0: opcode 15:0, argument 23:16, flags. */
#define MBX_OPCODE		GENMASK(15, 0)
#define MBX_INFO_SHIFT		16
#define MBX_CTS			BIT(29)
#define MBX_FAILURE		BIT(30)
#define MBX_SUCCESS		BIT(31)

#define MBX_RESET		0x01
#define MBX_SET_MAC		0x02
#define MBX_SET_MULTICAST	0x03
#define MBX_SET_VLAN		0x04
#define MBX_SET_LPE		0x05
#define MBX_SET_MACVLAN		0x06
#define MBX_API_NEGOTIATE	0x08
#define MBX_GET_QUEUES		0x09
#define MBX_GET_RETA		0x0a
#define MBX_GET_RSS_KEY		0x0b
#define MBX_UPDATE_XCAST	0x0c
#define MBX_GET_LINK_STATE	0x10
#define MBX_FEATURES		0x12
#define MBX_PF_CONTROL		0x0100

#define MBX_MULTICAST_MAX	30

/* API_NEGOTIATE carries an index into this order, not a version number. */
enum airvf_api {
	AIRVF_API_10,
	AIRVF_API_20,	/* Solaris; never offered */
	AIRVF_API_11,
	AIRVF_API_12,
	AIRVF_API_13,
	AIRVF_API_14,
	AIRVF_API_15,
	AIRVF_API_16,
	AIRVF_API_17,
	AIRVF_APIS,
};

#define MBX_FEATURE_IPSEC	BIT(0)
#define MBX_FEATURE_ESX		BIT(1)

enum airvf_xcast {
	AIRVF_XCAST_NONE,
	AIRVF_XCAST_MULTI,
	AIRVF_XCAST_ALLMULTI,
	AIRVF_XCAST_PROMISC,
};

#define AIRVF_RETA_SIZE		128
#define AIRVF_RSS_KEY_SIZE	40
/* The PF does not answer SET_LPE beyond this. */
#define AIRVF_FRAME_MAX		9728

#endif

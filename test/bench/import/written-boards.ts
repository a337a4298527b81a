/**
 * Boards written from the reference of Linux's group rule, a line for each function; board-text.ts prints them as lspci does. The
 * groups were derived by hand from that rule, row by row; none is copied from output.
 *
 * A line: address, type, `vendor:device`, then in any order `BB-BB` (buses of a bridge), ACS (`F` all that Linux asks for is on;
 * `off` none is; `sv` only Source Validation; `noUF` all but UF, which the capability lacks; `noCR` likewise; `e` an empty
 * capability; nothing for no capability), `vN` (N VFs with offset and stride 1), a driver.
 */
export interface WrittenBoard {
  readonly name: string;
  readonly commandLine?: string;
  readonly functions: string;
  /** Groups of more than one function; all others are alone. */
  readonly together: readonly string[];
}

export const WRITTEN_BOARDS: readonly WrittenBoard[] = [
  {
    // Slots hold a host bridge function without the Express capability, and root ports: those that fail share a group.
    name: 'AMD server: host bridges and root ports in one slot',
    functions: `
      00:00.0 conv 1022:14a4
      00:01.0 conv 1022:149f
      00:01.1 rp 1022:14ab 01-01 F pcieport
      00:01.2 rp 1022:14ab 02-02 F pcieport
      00:03.0 conv 1022:149f
      00:03.1 rp 1022:14a5 03-03 pcieport
      00:03.2 rp 1022:14a5 04-04 F pcieport
      00:03.3 rp 1022:14a5 05-05 off pcieport
      00:07.0 conv 1022:149f
      00:07.1 rp 1022:14a7 06-06 F pcieport
      00:14.0 conv 1022:790b
      00:14.3 conv 1022:790e
      00:18.0 conv 1022:14ad
      00:18.1 conv 1022:14ae
      00:18.2 conv 1022:14af
      01:00.0 ep 144d:a80a nvme
      02:00.0 ep 8086:1592 F ice
      02:00.1 ep 8086:1592 F ice
      03:00.0 ep 1b4b:2241 nvme
      04:00.0 ep 10de:2330
      05:00.0 ep 10de:1eb8
      05:00.1 ep 10de:10f8
      06:00.0 ep 1022:14ac e
      06:00.1 ep 1022:1498 e ccp
      06:00.4 ep 1022:148c e xhci_hcd`,
    together: ['00:03.0 00:03.1 00:03.3 03:00.0 05:00.0 05:00.1', '00:14.0 00:14.3', '00:18.0 00:18.1 00:18.2'],
  },
  {
    // List 1: chipset ports without a capability pass by ID, CPU ports by their words; integrated endpoints of Intel pass.
    name: 'Intel X99: list 1 of the chipset, integrated endpoints',
    functions: `
      00:00.0 conv 8086:2f00
      00:01.0 rp 8086:2f02 01-01 F pcieport
      00:02.0 rp 8086:2f04 02-02 pcieport
      00:02.2 rp 8086:2f06 03-03 pcieport
      00:03.0 rp 8086:2f08 04-04 off pcieport
      00:05.0 rciep 8086:2f28
      00:05.1 rciep 8086:2f29
      00:05.4 conv 8086:2f2c
      00:1c.0 rp 8086:8d10 05-05 pcieport
      00:1c.3 rp 8086:8d16 06-06 pcieport
      00:1c.4 rp 8086:8d18 07-07 pcieport
      00:1c.6 rp 8086:8d1f 08-08 pcieport
      00:1f.0 conv 8086:8d47
      00:1f.2 conv 8086:8d02
      00:1f.3 conv 8086:8d22
      01:00.0 ep 10de:13c2
      01:00.1 ep 10de:0fbb
      02:00.0 ep 1000:0097
      04:00.0 ep 144d:a802
      05:00.0 ep 8086:1539 igb
      06:00.0 ep 1b21:1242 xhci_hcd
      07:00.0 ep 1b21:0612 ahci
      08:00.0 ep 14e4:43a0`,
    // 8d1f is not on the list (8d10 to 8d1e), so 00:1c.6 fails alone; 00:05.4 is conventional and alone with who fails.
    together: [
      '01:00.0 01:00.1',
      '00:02.0 00:02.2 02:00.0',
      '00:03.0 04:00.0',
      '00:1c.6 08:00.0',
      '00:1f.0 00:1f.2 00:1f.3',
    ],
  },
  {
    // List 2: lspci shows a control word of zero; Linux has switched on what the capability offers.
    name: 'Intel C236: list 2 of the chipset, words where lspci does not read them',
    functions: `
      00:00.0 conv 8086:1918
      00:01.0 rp 8086:1901 01-01 pcieport
      00:01.1 rp 8086:1905 02-02 pcieport
      00:14.0 conv 8086:a12f xhci_hcd
      00:14.2 conv 8086:a131
      00:17.0 conv 8086:a102 ahci
      00:1b.0 rp 8086:a167 03-03 off pcieport
      00:1c.0 rp 8086:a110 04-04 off pcieport
      00:1c.4 rp 8086:a114 05-05 off pcieport
      00:1d.0 rp 8086:a2ef 06-06 off pcieport
      00:1f.0 conv 8086:a149
      00:1f.6 conv 8086:15b7 e1000e
      01:00.0 ep 10de:1b80
      01:00.1 ep 10de:10f0
      02:00.0 ep 8086:1521 igb
      02:00.1 ep 8086:1521 igb
      04:00.0 ep 8086:1533 igb
      05:00.0 ep 144d:a804 nvme
      06:00.0 ep 144d:a804 nvme`,
    // a2ef is one beyond the list, so its zeros count. The I219 passes by ID, 00:1f.0 is alone with who fails in the slot.
    together: ['00:01.0 00:01.1 01:00.0 01:00.1 02:00.0 02:00.1', '00:14.0 00:14.2', '00:1d.0 06:00.0'],
  },
  {
    // Every Zhaoxin port that is not on the list answers no, whatever its words say.
    name: 'Zhaoxin: ports on and off the list',
    functions: `
      00:00.0 conv 1d17:1001
      00:01.0 rp 1d17:0717 01-01 pcieport
      00:01.1 rp 1d17:0718 02-02 pcieport
      00:02.0 rp 1d17:071f 03-03 F pcieport
      00:02.1 rp 1d17:0722 04-04 F pcieport
      00:03.0 rp 1d17:0723 05-05 off pcieport
      00:04.0 rp 1d17:0753 06-06 F pcieport
      00:0f.0 conv 1d17:9083 ahci
      00:0f.1 conv 1d17:9001
      00:12.0 conv 1d17:3104 ehci-pci
      00:12.1 conv 1d17:3038 uhci_hcd
      00:12.2 conv 1d17:9204 xhci_hcd
      00:12.3 conv 1d17:9205 xhci_hcd
      01:00.0 ep 10de:1f82
      01:00.1 ep 10de:10fa
      02:00.0 ep 8086:15f3 igc
      03:00.0 ep 144d:a808 nvme
      05:00.0 ep 8086:1572 F i40e
      05:00.1 ep 8086:1572 F i40e
      06:00.0 ep 10ec:8168 r8169`,
    together: ['01:00.0 01:00.1', '00:02.0 00:02.1 03:00.0', '00:04.0 06:00.0', '00:12.2 00:12.3'],
  },
  {
    // eMAG passes by ID without a capability; ports of Altra are not on the list and go by their words. Equal buses in domains.
    name: 'Ampere: eMAG by ID, Altra by words, equal buses in four domains',
    functions: `
      0000:00:00.0 conv 1def:e100
      0000:00:01.0 rp 1def:e101 01-01 F pcieport
      0000:01:00.0 ep 15b3:1017 F mlx5_core
      0000:01:00.1 ep 15b3:1017 F mlx5_core
      0001:00:01.0 rp 1def:e101 01-01 off pcieport
      0001:01:00.0 ep 15b3:1017 F v4 mlx5_core
      0001:01:00.1 ep 15b3:1017 F mlx5_core
      0002:00:01.0 rp 1def:e005 01-01 pcieport
      0002:01:00.0 ep 144d:a808 nvme
      0003:00:01.0 rp 1def:e00d 01-01 pcieport
      0003:01:00.0 ep 144d:a808 nvme`,
    together: [
      '0001:00:01.0 0001:01:00.0 0001:01:00.1 0001:01:00.2 0001:01:00.3 0001:01:00.4 0001:01:00.5',
      '0003:00:01.0 0003:01:00.0',
    ],
  },
  {
    // CR is absent at the on-die ports, which counts as on; VFs reach slots 1 to 7 by ARI.
    name: 'Kunpeng 920: accelerators below on-die ports, hns3, slots',
    functions: `
      74:00.0 rp 19e5:a121 75-75 noCR noslot pcieport
      74:01.0 rp 19e5:a121 76-76 noCR noslot pcieport
      74:02.0 rciep 19e5:a230 hisi_sas_v3_hw
      74:03.0 rciep 19e5:a235 ahci
      74:04.0 rciep 19e5:a230 hisi_sas_v3_hw
      75:00.0 ep 19e5:a250 e v63 hisi_zip
      76:00.0 ep 19e5:a255 e v3 hisi_sec2
      78:00.0 rp 19e5:a121 79-79 off noslot pcieport
      79:00.0 ep 19e5:a258 e v2 hisi_hpre
      7c:00.0 rp 19e5:a121 7d-7d noCR noslot pcieport
      7d:00.0 ep 19e5:a222 e hns3
      7d:00.1 ep 19e5:a221 e hns3
      7d:00.2 ep 19e5:a222 e hns3
      7d:00.3 ep 19e5:a221 e hns3
      80:08.0 rp 19e5:a120 82-82 F pcieport
      82:00.0 ep 15b3:1015 mlx5_core
      82:00.1 ep 15b3:1015 mlx5_core
      80:0c.0 rp 19e5:a120 83-83 sv pcieport
      83:00.0 ep 19e5:1822 e hinic
      83:00.1 ep 19e5:1822 e hinic`,
    together: ['78:00.0 79:00.0 79:00.1 79:00.2', '82:00.0 82:00.1', '80:0c.0 83:00.0 83:00.1'],
  },
  {
    // LX2 ports pass by ID; integrated endpoints with an empty capability are apart, those without one are not.
    name: 'NXP LX2160 and LS1028: ports by ID, integrated endpoints with and without a capability',
    functions: `
      0000:00:00.0 rciep 1957:e100 e fsl_enetc
      0000:00:00.1 rciep 1957:e100 e fsl_enetc
      0000:00:00.3 rciep 1957:ee01
      0000:00:00.4 rciep 1957:ee02
      0000:00:1f.0 rcec 1957:e001 pcieport
      0001:00:00.0 rp 1957:8d90 01-ff pcieport
      0001:01:00.0 ep 8086:1563 F ixgbe
      0001:01:00.1 ep 8086:1563 F ixgbe
      0002:00:00.0 rp 1957:8d94 01-ff pcieport
      0002:01:00.0 ep 8086:1563 F ixgbe`,
    together: ['0000:00:00.3 0000:00:00.4', '0002:00:00.0 0002:01:00.0'],
  },
  {
    // All in the controller's domain bear its ID, whatever its ports say.
    name: 'Intel VMD: two controllers, a domain each',
    functions: `
      0000:00:00.0 conv 8086:2020
      0000:5d:05.0 conv 8086:2034
      0000:5d:05.5 rciep 8086:201d vmd
      0000:85:05.5 rciep 8086:201d vmd
      10000:00:02.0 rp 8086:2032 01-01 F pcieport
      10000:00:03.0 rp 8086:2033 02-02 off pcieport
      10000:01:00.0 ep 8086:0a54 nvme
      10000:02:00.0 ep 8086:0a54 nvme
      10001:00:02.0 rp 8086:2032 01-01 F pcieport
      10001:01:00.0 ep 8086:0a54 nvme`,
    together: [
      '0000:5d:05.5 10000:00:02.0 10000:00:03.0 10000:01:00.0 10000:02:00.0',
      '0000:85:05.5 10001:00:02.0 10001:01:00.0',
    ],
  },
  {
    // A bridge and all below it are one group; a port above that fails is pulled in, one that passes is not.
    name: 'Conventional bridges: of the chipset, in cards, two in one card, below good and bad ports',
    functions: `
      00:01.0 rp 8086:3408 01-03 F pcieport
      00:03.0 rp 8086:340a 04-05 off pcieport
      00:07.0 rp 8086:340e 06-08 F pcieport
      00:1e.0 bridge 8086:244e 09-09
      01:00.0 p2pb 8086:10b5 02-03
      02:01.0 conv 8086:1010 e1000
      02:01.1 conv 8086:1010 e1000
      02:02.0 bridge 1011:0026 03-03
      03:04.0 conv 8086:1229 e100
      04:00.0 p2pb 1b21:1080 05-05
      05:00.0 conv 13f6:8788
      06:00.0 p2pb 8086:0329 07-07
      06:00.1 conv 8086:0326
      06:00.2 p2pb 8086:032a 08-08
      07:01.0 conv 1000:0030 mptspi
      08:01.0 conv 1000:0030 mptspi
      09:03.0 conv 102b:0532 mgag200
      09:04.0 conv 8086:1229 e100`,
    // 06:00.0, .1 and .2 are of one slot, and none passes.
    together: [
      '01:00.0 02:01.0 02:01.1 02:02.0 03:04.0',
      '00:03.0 04:00.0 05:00.0',
      '06:00.0 06:00.1 06:00.2 07:01.0 08:01.0',
      '00:1e.0 09:03.0 09:04.0',
    ],
  },
  {
    // A function next to the upstream port makes the port one of several: without a capability it fails, and all below with it.
    name: 'Switches: a DMA function next to the upstream port, downstream ports without ACS, two levels',
    functions: `
      00:01.0 rp 8086:2f02 01-04 F pcieport
      00:02.0 rp 8086:2f04 05-09 F pcieport
      00:03.0 rp 8086:2f08 0a-10 F pcieport
      01:00.0 usp 10b5:8749 02-04 pcieport
      01:00.1 ep 10b5:87d0
      02:08.0 dsp 10b5:8749 03-03 F pcieport
      02:09.0 dsp 10b5:8749 04-04 F pcieport
      03:00.0 ep 10de:102d
      05:00.0 usp 1b21:1184 06-09 pcieport
      06:01.0 dsp 1b21:1184 07-07 pcieport
      06:03.0 dsp 1b21:1184 08-08 F pcieport
      06:05.0 dsp 1b21:1184 09-09 off pcieport
      07:00.0 ep 8086:1539 igb
      08:00.0 ep 8086:1539 igb
      09:00.0 ep 8086:1539 igb
      0a:00.0 usp 111d:80b5 0b-10 pcieport
      0b:02.0 dsp 111d:80b5 0c-0f F pcieport
      0b:04.0 dsp 111d:80b5 10-10 F pcieport
      0c:00.0 usp 12d8:2404 0d-0f pcieport
      0d:01.0 dsp 12d8:2404 0e-0e F pcieport
      0d:02.0 dsp 12d8:2404 0f-0f noUF pcieport
      0e:00.0 ep 8086:1533 igb
      0f:00.0 ep 8086:1533 igb
      10:00.0 ep 8086:10fb v2 ixgbe
      10:00.1 ep 8086:10fb ixgbe`,
    together: ['01:00.0 01:00.1 02:08.0 02:09.0 03:00.0', '06:01.0 07:00.0', '06:05.0 09:00.0'],
  },
  {
    // The override moves no bit, and leaves conventional functions and parts with a capability alone.
    name: 'pcie_acs_override in all its kinds, two domains',
    commandLine: 'quiet pcie_acs_override=downstream,multifunction,id:8086:244e,id:1b21:1080 intel_iommu=on',
    functions: `
      0000:00:01.0 rp 8086:0c01 01-01 pcieport
      0000:00:01.1 rp 8086:0c05 02-02 off pcieport
      0000:00:1f.0 conv 8086:8c44
      0000:00:1f.2 conv 8086:8c02 ahci
      0000:01:00.0 ep 10de:1b81
      0000:01:00.1 ep 10de:10f0
      0000:02:00.0 ep 1022:1498 off
      0000:02:00.1 ep 1022:1498 off
      0001:00:00.0 rp 17cb:0108 01-03 pcieport
      0001:01:00.0 usp 1b21:1184 02-03 pcieport
      0001:02:01.0 dsp 1b21:1184 03-03 pcieport
      0001:03:00.0 ep 8086:1539 igb`,
    together: ['0000:00:01.1 0000:02:00.0 0000:02:00.1', '0000:00:1f.0 0000:00:1f.2'],
  },
  {
    // Functions that bear the ID of another are with it, in a slot or on the bus.
    name: 'Aliases by ID: Marvell, Ricoh, JMicron, and NICs by ID',
    functions: `
      00:01.0 rp 8086:1901 01-01 F pcieport
      00:01.1 rp 8086:1905 02-02 F pcieport
      00:02.0 rp 1022:1453 03-03 F pcieport
      00:03.0 rp 1022:1453 04-04 F pcieport
      00:04.0 rp 1022:1453 05-05 F pcieport
      01:00.0 ep 1b4b:9230 e ahci
      01:00.1 ep 1b4b:91a4 e
      02:00.0 ep 1180:e823 e
      02:00.1 ep 1180:e232 e
      02:00.3 ep 1180:e832 e
      03:00.0 ep 8088:1001 txgbe
      03:00.1 ep 8088:1001 txgbe
      04:00.0 ep 8088:1002 F
      04:00.1 ep 8088:1002 F
      05:00.0 ep 14e4:1750 bnxt_en
      05:00.1 ep 14e4:1751 bnxt_en
      05:00.2 ep 14e4:1753 bnxt_en
      05:00.3 ep 14e4:1753 bnxt_en`,
    // 03: Wangxun's list answers yes; 04: another Wangxun part, for which it answers no whatever its words say.
    together: ['01:00.0 01:00.1', '02:00.0 02:00.3', '04:00.0 04:00.1', '05:00.2 05:00.3'],
  },
];

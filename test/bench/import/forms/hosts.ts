/**
 * Texts of machines, fleets and results as other releases and settings print them, written after their sources.
 */
import type { Form } from './form.ts';

const json = (value: unknown): string => JSON.stringify(value, null, 1);

const TREE_3_9 = String.raw`-+-[0000:80]-+-00.0  A Host Bridge
 |           \-01.0-[81-82]--+-00.0  A Card
 |                           \-00.1  A Card
 \-[0000:00]-+-00.0  A Host Bridge
             +-02.0-[21]--
             \-1f.3  Audio`;

const TREE_3_10 = String.raw`-[0000:00]-+-00.0
           \-01.0-[01]----00.0
-[10000:e0]-+-06.0-[e1]----00.0
            \-17.0`;

const function3_5 = `75:00.0 Network and computing encryption device: Huawei Technologies Co., Ltd. Device a255 (rev 21)
\tSubsystem: Huawei Technologies Co., Ltd. Device a255
\tControl: I/O- Mem+ BusMaster+ SpecCycle- MemWINV- VGASnoop- ParErr- Stepping- SERR- FastB2B- DisINTx+
\tStatus: Cap+ 66MHz- UDF- FastB2B- ParErr- DEVSEL=fast >TAbort- <TAbort- <MAbort- >SERR- <PERR- INTx-
\tLatency: 0
\tNUMA node: 1
\tRegion 2: [virtual] Memory at 140000000 (64-bit, prefetchable) [size=4M]
\tCapabilities: [40] Express (v2) Endpoint, MSI 00
\t\tDevCap:\tMaxPayload 128 bytes, PhantFunc 0
\tCapabilities: [150 v1] Alternative Routing-ID Interpretation (ARI)
\t\tARICap:\tMFVC- ACS-, Next Function: 0
\t\tARICtl:\tMFVC- ACS-, Function Group: 0
\tCapabilities: [200 v1] Single Root I/O Virtualization (SR-IOV)
\t\tIOVCap:\tMigration-, Interrupt Message Number: 000
\t\tIOVCtl:\tEnable- Migration- Interrupt- MSE- ARIHierarchy+
\t\tIOVSta:\tMigration-
\t\tInitial VFs: 63, Total VFs: 63, Number of VFs: 0, Function Dependency Link: 00
\t\tVF offset: 1, stride: 1, Device ID: a256
\t\tSupported Page Size: 00000553, System Page Size: 00000001
\t\tRegion 2: Memory at 0000000140400000 (64-bit, prefetchable)
\t\tVF Migration: offset: 00000000, BIR: 0
\tCapabilities: [450 v1] Access Control Services
\t\tACSCap:\tSrcValid- TransBlk- ReqRedir- CmpltRedir- UpstreamFwd- EgressCtrl- DirectTrans-
\t\tACSCtl:\tSrcValid- TransBlk- ReqRedir- CmpltRedir- UpstreamFwd- EgressCtrl- DirectTrans-
\tKernel driver in use: hisi_sec2
\tKernel modules: hisi_sec2

`;

/** The word of lspci, which no text of this project uses so. */
const BEHIND = /behind/.source;

const PORT_3_11 = `0000:16:02.0 PCI bridge [0604]: Intel Corporation Sky Lake-E PCI Express Root Port C [8086:2032] (rev 07) (prog-if 00 [Normal decode])
\tControl: I/O+ Mem+ BusMaster+ SpecCycle- MemWINV- VGASnoop- ParErr+ Stepping- SERR+ FastB2B- DisINTx+
\tInterrupt: pin A routed to IRQ 31
\tNUMA node: 0
\tIOMMU group: 22
\tRegion 0: Memory at 387ffff00000 (64-bit, non-prefetchable) [disabled] [size=128K]
\tBus: primary=16, secondary=17, subordinate=1b, sec-latency=0
\tI/O ${BEHIND} bridge: [disabled] [16-bit]
\tMemory ${BEHIND} bridge: ab000000-ab5fffff [size=6M] [32-bit]
\tCapabilities: [40] Express (v2) Root Port (Slot+), IntMsgNum 0, FLIT Mode Supported
\t\tDevCtl2: Completion Timeout: 260ms to 900ms, TimeoutDis- ARIFwd+
\tCapabilities: [110 v1] Access Control Services
\t\tACSCap:\tSrcValid+ TransBlk+ ReqRedir+ CmpltRedir+ UpstreamFwd+ EgressCtrl- DirectTrans-
\t\tACSCtl:\tSrcValid+ TransBlk- ReqRedir+ CmpltRedir+ UpstreamFwd+ EgressCtrl- DirectTrans-
\tKernel driver in use: pcieport

0000:17:00.0 Ethernet controller [0200]: Mellanox Technologies MT2892 [15b3:101d] (rev ff) (prog-if ff)
\t!!! Unknown header type 7f
\tKernel driver in use: mlx5_core

`;

const HEX = `00:1c.0 0604: 8086:a110 (rev f1)
00: 86 80 10 a1 07 04 10 00 f1 00 04 06 10 00 81 00
10: 00 00 00 00 00 00 00 00 00 01 02 00 f0 00 00 20
20: 10 df 10 df f1 ff 01 00 00 00 00 00 00 00 00 00
30: 00 00 00 00 40 00 00 00 00 00 00 00 00 01 10 00

01:00.0 0200: 8086:1528 (rev 01)
00: 86 80 28 15 06 04 10 00 01 00 00 02 10 00 80 00
10: 0c 00 00 c0 00 00 00 00 00 00 00 00 00 00 00 00
20: 0c 00 40 c0 00 00 00 00 00 00 00 00 86 80 01 00
30: 00 00 00 00 40 00 00 00 00 00 00 00 0b 01 00 00

`;

export const HOST_FORMS: readonly Form[] = [
  {
    name: 'lspci 3.5 of a PF whose VFs are off, quoted in a mail with lost tabs',
    kind: 'machine',
    text: function3_5.replaceAll('\t', '        ').replaceAll(/^/gm, '> '),
    said: {
      privileged: true,
      '0000:75:00.0': {
        revision: '21', type: 'endpoint', driver: 'hisi_sec2', numaNode: 1, ari: { nextFunction: 0 }, acs: { can: '', on: '' },
        sriov: { enabled: false, initialVfs: 63, totalVfs: 63, numVfs: 0, offset: 1, stride: 1, vfDevice: 'a256', bars: [{ bar: 2, at: '0x140400000' }] },
        bars: [{ bar: 2, at: '0x140000000', size: 4194304 }], ats: null, pasid: null, pri: null,
      },
    },
  }, // prettier-ignore
  {
    name: 'lspci 3.14 of a port, and a device that answers all ones',
    kind: 'machine',
    text: PORT_3_11,
    said: {
      '0000:16:02.0': { class: '0604', vendor: '8086', device: '2032', revision: '07', type: 'root-port', slot: true, primary: '16', secondary: '17', subordinate: '1b', numaNode: 0, iommuGroup: 22,
        ariForwarding: true, acs: { can: 'SV TB RR CR UF', on: 'SV RR CR UF' }, bars: [{ bar: 0, at: '0x387ffff00000', size: 131072 }], driver: 'pcieport', sriov: null },
      '0000:17:00.0': { vendor: '15b3', device: '101d', driver: 'mlx5_core', parent: '0000:16:02.0' },
    },
    absent: ['0000:17:00.0.revision', '0000:17:00.0.acs', '0000:17:00.0.sriov', '0000:17:00.0.type'],
  }, // prettier-ignore
  {
    name: 'lspci -v: flags in one line',
    kind: 'machine',
    text: `03:00.0 Ethernet controller: Intel Corporation I350 (rev 01)\n\tSubsystem: Dell Device 1f60\n\tFlags: bus master, fast devsel, latency 0, IRQ 16, NUMA node 0, IOMMU group 15\n\tMemory at d5100000 (32-bit, non-prefetchable) [size=1M]\n\tI/O ports at 3020 [size=32]\n\tCapabilities: [a0] Express Endpoint, MSI 00\n\tCapabilities: [160] Single Root I/O Virtualization (SR-IOV)\n\tKernel driver in use: igb\n\n`,
    said: { '0000:03:00.0': { revision: '01', type: 'endpoint', numaNode: 0, iommuGroup: 15, driver: 'igb' } },
    absent: ['0000:03:00.0.sriov'],
  },
  {
    name: 'lspci -n -x: numbers and 64 bytes',
    kind: 'machine',
    text: HEX,
    said: {
      '0000:00:1c.0': { class: '0604', vendor: '8086', device: 'a110', revision: 'f1', multifunction: true, primary: '00', secondary: '01', subordinate: '02', parent: null },
      '0000:01:00.0': { class: '0200', multifunction: true, bars: [{ bar: 0, at: '0xc0000000' }, { bar: 4, at: '0xc0400000' }], parent: '0000:00:1c.0' },
    },
    absent: ['0000:00:1c.0.acs', '0000:00:1c.0.type', '0000:01:00.0.sriov'],
  },
  {
    name: 'lspci -mm with escapes, a domain only where it is not 0',
    kind: 'machine',
    text: '00:1f.0 "ISA bridge" "Intel \\"ICH\\" Corporation" "A, \\\\B" -r02 -p00 "" ""\n10000:e1:00.0 "Non-Volatile memory controller" "Samsung" "SM981" -p02 "Samsung" "SSD"\n',
    said: { '0000:00:1f.0': { revision: '02', className: 'ISA bridge', name: 'Intel "ICH" Corporation A, \\B' }, '10000:e1:00.0': { revision: '00', className: 'Non-Volatile memory controller' } },
  },
  {
    name: 'lspci -vm, in which the slot is called Device',
    kind: 'machine',
    text: 'Device:\t75:00.0\nClass:\tProcessing accelerators [1200]\nVendor:\tHuawei [19e5]\nDevice:\tHiSilicon ZIP Engine [a250]\nRev:\t30\nDriver:\thisi_zip\nNUMANode:\t1\nIOMMUGroup:\t12\nDTNode:\t/soc/pci\n\n',
    said: { '0000:75:00.0': { class: '1200', vendor: '19e5', device: 'a250', revision: '30', driver: 'hisi_zip', numaNode: 1, iommuGroup: 12 } },
  },
  {
    name: 'lspci -tv of 3.9: all roots in one',
    kind: 'machine',
    text: `$ lspci -tv\n${TREE_3_9}\n`,
    said: {
      rootBuses: ['0000:80', '0000:00'],
      '0000:80:01.0': { primary: '80', secondary: '81', subordinate: '82', parent: null }, '0000:81:00.1': { parent: '0000:80:01.0' },
      '0000:00:02.0': { secondary: '21', subordinate: '21', parent: null }, '0000:00:1f.3': { parent: null },
    },
  }, // prettier-ignore
  {
    name: 'lspci -t of 3.10: a root line for each domain',
    kind: 'machine',
    text: `${TREE_3_10}\n`,
    said: { rootBuses: ['0000:00', '10000:e0'], '0000:01:00.0': { parent: '0000:00:01.0' }, '10000:e1:00.0': { parent: '10000:e0:06.0' }, '10000:e0:17.0': { parent: null } },
  },
  {
    name: 'VMIs of KubeVirt with requests, limits, sockets and threads',
    kind: 'fleet',
    text: json({ kind: 'VirtualMachineInstanceList', items: [
      { kind: 'VirtualMachineInstance', metadata: { name: 'a', namespace: 'x' }, spec: { domain: { cpu: { cores: 2, sockets: 3, threads: 2 }, resources: { requests: { memory: '1500M' } }, devices: {} } }, status: { phase: 'Running', nodeName: 'n1',
        conditions: [{ type: 'LiveMigratable', status: 'True' }] } },
      { kind: 'VirtualMachineInstance', metadata: { name: 'b', namespace: 'x' }, spec: { domain: { cpu: { cores: 2 }, memory: { guest: '4Gi' }, devices: { hostDevices: [{ name: 'h', deviceName: 'v.com/hpre' }], interfaces: [{ name: 's', sriov: {} }] } } },
        status: { phase: 'Running', nodeName: 'n1', memory: { guestCurrent: '8Gi' }, currentCPUTopology: { cores: 8, sockets: 1, threads: 1 }, conditions: [{ type: 'LiveMigratable', status: 'False', reason: 'HostDeviceNotLiveMigratable' }] } },
      { kind: 'VirtualMachineInstance', metadata: { name: 'c', namespace: 'x' }, spec: { domain: { resources: { limits: { memory: '2e9', cpu: '3' } }, devices: {} } }, status: { phase: 'Scheduled', nodeName: 'n2' } },
    ] }),
    said: { vms: [
      { vm: 'x/a', node: 'n1', vcpus: 12, memoryBytes: 1.5e9, liveMigratable: true, running: true },
      { vm: 'x/b', node: 'n1', vcpus: 8, memoryBytes: 8 * 2 ** 30, hostDevices: ['v.com/hpre'], liveMigratable: false, reason: 'HostDeviceNotLiveMigratable' },
      { vm: 'x/c', memoryBytes: 2e9, running: false },
    ] },
  }, // prettier-ignore
  {
    name: 'servers and hypervisors of OpenStack before API 2.47 and 2.88',
    kind: 'fleet',
    text: json([
      { ID: 's1', Name: 'web', Status: 'ACTIVE', 'Task State': null, 'Power State': 1, Networks: { net: ['192.0.2.1'] }, 'Image Name': 'i', 'Flavor Name': 'm1', 'Flavor ID': 'f1', 'Availability Zone': 'az1', Host: 'c1', Properties: {} },
      { ID: 's2', Name: 'off', Status: 'SHUTOFF', 'Power State': 4, Networks: {}, 'Flavor Name': 'm1', Host: 'c1' },
    ]),
    said: { vms: [{ vm: 'web', id: 's1', node: 'c1', flavor: 'm1', running: true }, { vm: 'off', running: false }] },
  },
  {
    name: 'hypervisors of OpenStack, one of which is down',
    kind: 'fleet',
    text: json([
      { ID: 1, 'Hypervisor Hostname': 'c1', 'Hypervisor Type': 'QEMU', 'Host IP': '192.0.2.1', State: 'up', 'vCPUs Used': 20, vCPUs: 64, 'Memory MB Used': 65536, 'Memory MB': 262144 },
      { ID: 2, 'Hypervisor Hostname': 'c2', 'Hypervisor Type': 'QEMU', 'Host IP': '192.0.2.2', State: 'down', 'vCPUs Used': null, vCPUs: null, 'Memory MB Used': null, 'Memory MB': null },
    ]),
    said: { hosts: [{ node: 'c1', cpus: 64, memoryBytes: 262144 * 2 ** 20, usedCpus: 20, usedMemoryBytes: 65536 * 2 ** 20, up: true }, { node: 'c2', cpus: null, memoryBytes: null, up: false }] },
  },
  {
    name: 'VMs of one node of Proxmox VE',
    kind: 'fleet',
    text: json([
      { vmid: 100, name: 'db', status: 'running', cpus: 8, maxmem: 17179869184, maxdisk: 34359738368, mem: 12000000000, uptime: 77, tags: 'prod' },
      { vmid: 101, name: 'tmpl', status: 'stopped', cpus: 2, maxmem: 2147483648, maxdisk: 0, mem: 0, uptime: 0, template: 1 },
    ]),
    said: { vms: [{ vm: 'db', vcpus: 8, memoryBytes: 17179869184, running: true }] },
  },
  {
    name: 'a table with semicolons, a comma in its numbers, and quotes',
    kind: 'fleet',
    text: 'VM Name;Host;vCPUs;Memory (GiB);Devices;Power State\n"web; one";esx-1;4;16,5;2x zip;Powered On\ndb;esx-2;8;32;;Powered Off\n',
    said: { vms: [{ vm: 'web; one', node: 'esx-1', vcpus: 4, memoryBytes: 16.5 * 2 ** 30, running: true }, { vm: 'db', node: 'esx-2', vcpus: 8, memoryBytes: 32 * 2 ** 30, running: false }] },
  },
  {
    name: 'a trace of perf of an old kernel: one caller, both events',
    kind: 'driver',
    text: [
      'qemu-kvm 48231 [012]  1234.100010:   rwmmio:rwmmio_read: readl_relaxed+0x10/0x20 width=32 addr=0xffff800090100028',
      'qemu-kvm 48231 [012]  1234.100012:   rwmmio:rwmmio_post_read: readl_relaxed+0x10/0x20 width=32 val=0x1 addr=0xffff800090100028',
      'qemu-kvm 48231 [012]  1234.100020:   rwmmio:rwmmio_write: writel+0x10/0x20 width=32 val=0x5 addr=0xffff80009010002c',
      'qemu-kvm 48231 [012]  1234.100021:   rwmmio:rwmmio_post_write: writel+0x10/0x20 width=32 val=0x5 addr=0xffff80009010002c',
    ].join('\n'),
    said: { format: 'perf script of rwmmio events', arch: 'arm64' },
  },
  {
    name: 'mmiotrace of a QAT device, with losses',
    kind: 'driver',
    text: 'VERSION 20070824\nPCIDEV 3d00 808637c8 25 f0000004 0 f1000004 0 0 0 0 80000 0 40000 0 0 0 0 c6xx\nMAP 99.100000 1 0xf0000000 0xffffc90000000000 0x80000 0x0 0\nR 4 99.200001 1 0xf0000010 0xff 0x0 12\nW 4 99.200101 1 0xf1000014 0x1 0x0 12\nMARK 0.000000 Lost 17 events.\nUNMAP 99.300000 1 0x0 0\n',
    said: { arch: 'x86', devices: [{ device: '0000:3d:00.0', vendor: '8086', id: '37c8' }], lostEvents: 17 },
  },
  {
    name: 'a graph of functions with marks, without tasks, a leaf and a switch of tasks between',
    kind: 'driver',
    text: [
      '# tracer: function_graph', '#', '# CPU  DURATION                  FUNCTION CALLS', '# |     |   |                     |   |   |   |',
      ' 3)               |  hisi_acc_vfio_pci_set_device_state() {', ' 3)               |    hisi_acc_vf_stop_device() {', ' 3)   7.120 us    |      hisi_acc_check_int_state();',
      ' 3) + 52.640 us   |      vf_qm_cache_wb();', ' ------------------------------------------', ' 3)  qemu-kv-48231  =>   kworker-77 ', ' ------------------------------------------', '',
      ' 3)   0.500 us    |  some_worker();', ' ------------------------------------------', ' 3)  kworker-77  =>   qemu-kv-48231 ', ' ------------------------------------------', '',
      ' 3) ! 791.220 us  |    }', ' 3) # 1321.870 us |  }',
    ].join('\n'),
    said: { arcs: [{ totalUs: 1321.87, steps: [{ step: 'stop device', us: 791.22 }, { step: 'interrupt state', us: 7.12 }, { step: 'cache write-back', us: 52.64 }] }] },
  },
  {
    name: 'what probes of bpftrace print',
    kind: 'driver',
    text: 'Attaching 2 probes...\narc 4711 to=6 us=45\nmailbox cmd=0x6 us=240 ret=0\nvf_qm_cache_wb us=52\narc 4711 to=3 us=12260\n^C\n@us[3]:\n[8K, 16K)              1 |@@@@@|\n',
    said: { arcs: [{ pid: 4711, to: 'PRE_COPY', tookUs: 45 }, { pid: 4711, to: 'STOP_COPY', tookUs: 12260 }] },
  },
]; // prettier-ignore

/**
 * Texts of QEMU and libvirt as other releases, other settings and other ways of copying print them, written after their sources.
 */
import type { Form } from './form.ts';

const line = (fields: object): string => JSON.stringify(fields);
const iso = (at: string, event: string): string => `2026-11-12T08:20:${at}Z ${event}`;

const QMP_7_2 = {
  return: {
    'expected-downtime': 300,
    'xbzrle-cache': { bytes: 0, 'cache-size': 67108864, 'cache-miss': 0, overflow: 0, pages: 0 },
    status: 'active',
    'cpu-throttle-percentage': 40,
    'setup-time': 6,
    'total-time': 12077,
    ram: {
      total: 8607571968, 'postcopy-requests': 0, 'dirty-sync-count': 3, 'multifd-bytes': 0, 'pages-per-second': 32710,
      'downtime-bytes': 0, 'page-size': 4096, remaining: 268435456, 'postcopy-bytes': 0, mbps: 1073.4, transferred: 9663676416,
      'dirty-sync-missed-zero-copy': 0, 'precopy-bytes': 9663670000, duplicate: 512000, 'dirty-pages-rate': 20480, skipped: 0,
      'normal-bytes': 9603219456, normal: 2344536,
    },
  },
  id: 'libvirt-431',
}; // prettier-ignore

const LAST_11_1 = {
  return: {
    status: 'completed', 'total-time': 5012, 'setup-time': 15, downtime: 201, remaining: 0,
    ram: { total: 4295507968, transferred: 2147483648, remaining: 0, normal: 500000, 'normal-bytes': 2048000000, duplicate: 548708,
      'dirty-pages-rate': 0, 'pages-per-second': 110000, mbps: 3600.5, 'dirty-sync-count': 4, 'postcopy-requests': 0, 'page-size': 4096,
      'multifd-bytes': 2040000000, 'precopy-bytes': 100000, 'downtime-bytes': 104857600, 'postcopy-bytes': 0, 'dirty-sync-missed-zero-copy': 0 },
    vfio: { transferred: 314573000 },
  },
  id: 17,
}; // prettier-ignore

const events = (...all: readonly [seconds: number, micros: number, event: string, data?: object][]): string =>
  all
    .map(([seconds, microseconds, event, data]) =>
      line({ timestamp: { seconds, microseconds }, event, ...(data === undefined ? {} : { data }) }),
    )
    .join('\n');

export const QEMU_FORMS: readonly Form[] = [
  {
    name: 'query-migrate of 7.2, active, as virsh prints it pretty',
    text: JSON.stringify(QMP_7_2, null, 2),
    said: {
      status: 'active', totalMs: 12077, setupMs: 6, expectedDowntimeMs: 300, ramTotalBytes: 8607571968, ramRemainingBytes: 268435456,
      pageSize: 4096, normalPages: 2344536, zeroPages: 512000, transferredBytes: 9663676416, mbps: 1073.4, pagesPerSecond: 32710,
      dirtyPagesPerSecond: 20480, dirtySyncCount: 3, throttlePercent: 40, precopyBytes: 9663670000, postcopyRequests: 0,
    },
    absent: ['downtimeMs', 'vfioBytes', 'allRemainingBytes'],
  },
  {
    name: 'query-migrate of 11.1, completed, in the journal of the host',
    text: `Nov 30 10:00:01 node-7 qemu-system-aarch64[4711]: ${line(LAST_11_1)}\n`,
    said: {
      status: 'completed', totalMs: 5012, setupMs: 15, downtimeMs: 201, ramTotalBytes: 4295507968, normalPages: 500000,
      zeroPages: 548708, transferredBytes: 2147483648, downtimeBytes: 104857600, multifdBytes: 2040000000, vfioBytes: 314573000,
      mbps: 3600.5, dirtySyncCount: 4,
    },
    absent: ['expectedDowntimeMs', 'ramRemainingBytes', 'allRemainingBytes', 'deviceRemainingBytes', 'dirtyPagesPerSecond'],
  },
  {
    name: 'query-migrate that failed',
    text: line({ return: { status: 'failed', 'error-desc': '0000:03:00.1: Failed to set state STOP_COPY' } }),
    said: { status: 'failed', errorDescription: '0000:03:00.1: Failed to set state STOP_COPY' },
    absent: ['totalMs', 'downtimeMs', 'ramTotalBytes'],
  },
  {
    name: 'query-migrate before any move: blockers alone',
    text: line({ return: { 'blocked-reasons': ["0000:03:00.1: VFIO device doesn't support migration"] } }),
    said: { status: 'none', blockedReasons: ["0000:03:00.1: VFIO device doesn't support migration"] },
  },
  {
    name: 'a list of replies with ids and times of the caller',
    text: `[\n ${line({ ...QMP_7_2, id: '2026-11-30T10:00:00' })},\n ${line({ ...LAST_11_1, return: { ...LAST_11_1.return, 'total-time': 13000 }, id: 'b' })}\n]`,
    said: { status: 'completed', totalMs: 13000, downtimeMs: 201, polls: 2 },
  },
  {
    name: 'post-copy of 10.1, with its own fields',
    text: line({
      return: {
        status: 'postcopy-active', 'total-time': 4000, 'expected-downtime': 250, 'setup-time': 3, 'postcopy-latency': 30, downtime: 45,
        'postcopy-vcpu-latency': [20, 40], ram: { total: 1073741824, 'postcopy-requests': 7, 'postcopy-bytes': 65536, 'dirty-sync-count': 2 },
      },
    }),
    said: { status: 'postcopy-active', totalMs: 4000, downtimeMs: 45, postcopyRequests: 7, postcopyBytes: 65536, dirtySyncCount: 2 },
  }, // prettier-ignore
  {
    name: 'events of 11.0 without any reply, arrows before them',
    text: events(
      [1700000000, 0, 'MIGRATION', { status: 'setup' }],
      [1700000000, 2000, 'VFIO_MIGRATION', { 'device-id': 'vf0', 'qom-path': '/machine/peripheral/vf0', 'device-state': 'pre-copy' }],
      [1700000000, 10000, 'MIGRATION_PASS', { pass: 1 }],
      [1700000000, 11000, 'MIGRATION', { status: 'active' }],
      [1700000003, 500000, 'MIGRATION_PASS', { pass: 2 }],
      [1700000004, 1000, 'VFIO_MIGRATION', { 'device-id': '', 'qom-path': '/machine/peripheral-anon/device[3]', 'device-state': 'pre-copy-p2p-prepare' }],
      [1700000004, 2000, 'VFIO_MIGRATION', { 'device-id': 'vf0', 'qom-path': '/machine/peripheral/vf0', 'device-state': 'stop-copy' }],
      [1700000004, 9000, 'STOP'],
      [1700000004, 9500, 'MIGRATION', { status: 'device' }],
      [1700000004, 10000, 'MIGRATION_PASS', { pass: 3 }],
      [1700000004, 300000, 'MIGRATION', { status: 'completed' }],
    ).replaceAll(/^/gm, '<- '),
    said: {
      status: 'completed', passesBeforeStop: 2, passes: [{ index: 1, atMs: 10 }, { index: 2, atMs: 3500 }], vmStoppedAtMs: 4009,
      devices: [
        { id: 'vf0', states: [['pre-copy', 2], ['stop-copy', 4002]] },
        { id: '/machine/peripheral-anon/device[3]', states: [['pre-copy-p2p-prepare', 4001]] },
      ],
    },
    absent: ['downtimeMs', 'totalMs'],
  }, // prettier-ignore
  {
    name: 'info migrate of 7.2 while it runs, with globals and a prompt',
    text: [
      'QEMU 7.2.0 monitor - type \'help\' for more information', '(qemu) info migrate', 'globals:', 'store-global-state: on',
      'only-migratable: off', 'send-configuration: on', 'send-section-footer: on', 'decompress-error-check: on', 'clear-bitmap-shift: 18',
      'Migration status: active', 'total time: 3121 ms', 'expected downtime: 300 ms', 'setup: 8 ms', 'transferred ram: 1048576 kbytes',
      'throughput: 2754.21 mbps', 'remaining ram: 2097152 kbytes', 'total ram: 4195076 kbytes', 'duplicate: 262144 pages',
      'skipped: 0 pages', 'normal: 261120 pages', 'normal bytes: 1044480 kbytes', 'dirty sync count: 2', 'page size: 4 kbytes',
      'multifd bytes: 0 kbytes', 'pages-per-second: 83990', 'dirty pages rate: 5120 pages', 'postcopy request count: 0',
      'precopy ram: 1048000 kbytes', 'cpu throttle percentage: 20', '(qemu) ',
    ].join('\n'),
    said: {
      qemu: '7.2.0', status: 'active', totalMs: 3121, expectedDowntimeMs: 300, setupMs: 8, transferredBytes: 1073741824, mbps: 2754.21,
      ramRemainingBytes: 2147483648, ramTotalBytes: 4295757824, zeroPages: 262144, normalPages: 261120, dirtySyncCount: 2,
      pageSize: 4096, pagesPerSecond: 83990, dirtyPagesPerSecond: 5120, precopyBytes: 1073152000, throttlePercent: 20, resolutionBytes: 1024,
    },
    absent: ['downtimeMs', 'vfioBytes'],
    quiet: true,
  }, // prettier-ignore
  {
    name: 'info migrate of 10.2 while it runs',
    text: [
      'Status: \t\tactive', 'Time (ms): \t\ttotal=3077, setup=3, exp_down=300', 'Sockets: [', '\ttcp:0.0.0.0:4444', ']', 'RAM info:',
      '  Throughput (Mbps): \t938.10', '  Sizes: \t\tpagesize=4 KiB, total=32.1 GiB', '  Transfers: \t\ttransferred=344 MiB, remain=31.2 GiB',
      '    Channels: \t\tprecopy=341 MiB, multifd=0 B, postcopy=0 B', '    Page Types: \tnormal=85000, zero=151022',
      '  Page Rates (pps): \ttransfer=28571, dirty=1024', '  Others: \t\tdirty_syncs=2, postcopy_req=1, zerocopy_fallbacks=0',
    ].join('\n'),
    said: {
      status: 'active', totalMs: 3077, setupMs: 3, expectedDowntimeMs: 300, mbps: 938.1, pageSize: 4096, normalPages: 85000,
      zeroPages: 151022, pagesPerSecond: 28571, dirtyPagesPerSecond: 1024, dirtySyncCount: 2, postcopyRequests: 1,
      ramTotalBytesAbout: Math.round(32.1 * 2 ** 30), ramRemainingBytesAbout: Math.round(31.2 * 2 ** 30), transferredBytesAbout: 344 * 2 ** 20,
    },
    absent: ['downtimeMs', 'vfioBytes'],
    quiet: true,
  }, // prettier-ignore
  {
    name: 'a trace of 7.2: numbers of protocol v1, no time of an arc',
    text: [
      '4711@1700000000.000100:migrate_set_state new state setup', '4711@1700000000.000900:vfio_save_setup  (0000:03:00.1)',
      '4711@1700000000.000950:vfio_migration_set_state  (0000:03:00.1) state 3', '4711@1700000000.001000:migrate_set_state new state active',
      '4711@1700000002.500100:vfio_migration_set_state  (0000:03:00.1) state 2',
      '4711@1700000002.510100:vfio_save_buffer  (0000:03:00.1) Offset 0x0 size 0x1000 pending 0x0',
      '4711@1700000002.600100:migrate_set_state new state completed',
    ].join('\n'),
    said: {
      format: 'QEMU log trace backend, thread and time in front (up to 10.0 with -msg timestamp=on)', status: 'completed', totalMs: 2600,
      devices: [{ name: '0000:03:00.1', arcs: [{ to: 'PRE_COPY', doneMs: 0.85 }, { to: 'STOP_COPY', doneMs: 2500 }] }],
    },
  }, // prettier-ignore
  {
    name: 'a trace of 9.2: two devices, one of which was there already, and one whose call failed',
    text: [
      '88@1700000000.000000:migrate_set_state new state setup',
      '88@1700000000.000100:vfio_migration_set_state  (0000:03:00.1) new state PRE_COPY, recover state RUNNING',
      '88@1700000000.000300:vfio_migration_set_device_state  (0000:03:00.1) state PRE_COPY',
      '88@1700000000.000400:vfio_save_setup  (0000:03:00.1) data buffer size 1048576',
      '88@1700000001.000000:vfio_state_pending_exact  (0000:03:00.1) precopy 4096 postcopy 0 stopcopy size 65536 precopy initial size 4096 precopy dirty size 0',
      '88@1700000001.000100:vfio_save_block  (0000:03:00.1) data_size 4096',
      '88@1700000002.000000:vmstate_downtime_checkpoint src-downtime-start',
      '88@1700000002.000100:vfio_migration_set_state  (0000:03:00.1) new state STOP_COPY, recover state ERROR',
      '88@1700000002.030100:vfio_migration_set_device_state  (0000:03:00.1) state STOP_COPY',
      '88@1700000002.030200:vfio_migration_set_state  (0000:03:00.2) new state STOP_COPY, recover state ERROR',
      '88@1700000002.030900:vfio_migration_set_device_state  (0000:03:00.2) state ERROR',
      '88@1700000002.031000:vmstate_downtime_checkpoint src-vm-stopped',
      '88@1700000002.032000:vfio_migration_set_state  (0000:03:00.1) new state STOP_COPY, recover state STOP',
      '88@1700000002.033000:vfio_save_block  (0000:03:00.1) data_size 60000',
      '88@1700000002.034000:vfio_save_block  (0000:03:00.1) data_size 5536',
      '88@1700000002.040000:vmstate_downtime_save type=iterable idstr=ram instance_id=0 downtime=3500',
      '88@1700000002.040100:vmstate_downtime_checkpoint src-iterable-saved',
      '88@1700000002.045000:vmstate_downtime_checkpoint src-non-iterable-saved',
      '88@1700000002.050000:vmstate_downtime_checkpoint src-downtime-end',
      '88@1700000002.051000:migrate_set_state new state completed',
    ].join('\n'),
    said: {
      side: 'source', totalMs: 2051,
      devices: [
        { name: '0000:03:00.1', arcs: [{ to: 'PRE_COPY', requestMs: 0.1, doneMs: 0.3, tookUs: 200 }, { to: 'STOP_COPY', requestMs: 2000.1, doneMs: 2030.1, tookUs: 30000 }],
          precopyInitBytes: 4096, precopySentBytes: 4096, stopCopyBytes: 65536, announcedStopCopyBytes: 65536 },
        { name: '0000:03:00.2', arcs: [{ to: 'ERROR', doneMs: 2030.9 }] },
      ],
      downtime: { startMs: 2000, vmStoppedMs: 2031, iterableSavedMs: 2040.1, nonIterableSavedMs: 2045, endMs: 2050, totalUs: 50000, ramUs: 3500 },
    },
  }, // prettier-ignore
  {
    name: 'a trace of the destination of 11.1',
    text: [
      iso('05', 'migrate_set_state new state setup'),
      iso('05.000300', 'vfio_migration_set_state (0000:75:00.1) new state RESUMING, recover state ERROR'),
      iso('05.000390', 'vfio_migration_set_device_state (0000:75:00.1) state RESUMING'),
      iso('05.100000', 'vfio_load_state_device_data (0000:75:00.1) size 176 ret 176'),
      iso('05.200000', 'vmstate_downtime_load type=iterable idstr=ram instance_id=0 downtime=91000'),
      iso('05.210000', 'vmstate_downtime_load type=non-iterable idstr=0000:00:02.0/vfio instance_id=0 downtime=1200'),
      iso('05.211000', 'vmstate_downtime_load type=non-iterable idstr=cpu instance_id=0 downtime=800'),
      iso('05.220000', 'vmstate_downtime_checkpoint dst-precopy-loadvm-completed'),
      iso('05.230000', 'vmstate_downtime_checkpoint dst-precopy-bh-enter'),
      iso('05.235000', 'vmstate_downtime_checkpoint dst-precopy-bh-announced'),
      iso('05.240000', 'vfio_migration_set_state (0000:75:00.1) new state RUNNING, recover state ERROR'),
      iso('05.241500', 'vfio_migration_set_device_state (0000:75:00.1) state RUNNING'),
      iso('05.242000', 'vmstate_downtime_checkpoint dst-precopy-bh-vm-started'),
    ].join('\n'),
    said: {
      side: 'destination',
      devices: [{ name: '0000:75:00.1', arcs: [{ to: 'RESUMING', requestMs: 0.3, doneMs: 0.39, tookUs: 90 }, { to: 'RUNNING', requestMs: 240, doneMs: 241.5, tookUs: 1500 }] }],
      destination: { loadedMs: 220, enteredMs: 230, announcedMs: 235, vmStartedMs: 242, ramUs: 91000, deviceLoadUs: 1200, nonIterableUs: 2000 },
    },
    absent: ['downtime'],
  }, // prettier-ignore
  {
    name: 'what simpletrace.py prints: deltas, values in hexadecimal',
    text: [
      'migrate_set_state 0.000 pid=4711 new_state=setup',
      'vfio_migration_set_state 410.000 pid=4711 name=0000:75:00.1 new_state=PRE_COPY recover_state=RUNNING',
      'vfio_migration_set_device_state 45.000 pid=4711 name=0000:75:00.1 state=PRE_COPY',
      'migrate_set_state 545.000 pid=4711 new_state=active',
      'migrate_transferred 999000.000 pid=4711 transferred=0x3b9aca00 time_spent=0x64 bandwidth=0xf4240 avail_bw=0x0 size=0x11e1a300',
      'vfio_save_block 10.000 pid=4711 name=0000:75:00.1 data_size=0x28',
      'vmstate_downtime_checkpoint 990.000 pid=4711 checkpoint=src-downtime-start',
      'vfio_migration_set_state 10.000 pid=4711 name=0000:75:00.1 new_state=STOP_COPY recover_state=ERROR',
      'vfio_migration_set_device_state 12260.000 pid=4711 name=0000:75:00.1 state=STOP_COPY',
      'vmstate_downtime_checkpoint 730.000 pid=4711 checkpoint=src-vm-stopped',
      'vfio_save_block 100.000 pid=4711 name=0000:75:00.1 data_size=0x88',
      'vmstate_downtime_save 900.000 pid=4711 type=iterable idstr=ram instance_id=0x0 downtime=0x320',
      'vmstate_downtime_checkpoint 1000.000 pid=4711 checkpoint=src-iterable-saved',
      'vmstate_downtime_checkpoint 2000.000 pid=4711 checkpoint=src-non-iterable-saved',
      'vmstate_downtime_checkpoint 3000.000 pid=4711 checkpoint=src-downtime-end',
      'migrate_set_state 1000.000 pid=4711 new_state=completed',
    ].join('\n'),
    said: {
      side: 'source', status: 'completed', setupMs: 1, totalMs: 1022, bandwidthBytesPerSecond: 1e9, downtimeLimitMs: 300,
      devices: [{ name: '0000:75:00.1', arcs: [{ to: 'PRE_COPY', requestMs: 0.41, doneMs: 0.455, tookUs: 45 }, { to: 'STOP_COPY', requestMs: 1001.01, doneMs: 1013.27, tookUs: 12260 }],
        precopySentBytes: 40, stopCopyBytes: 136 }],
      downtime: { startMs: 1001, vmStoppedMs: 1014, totalUs: 20000, ramUs: 800 },
    },
  }, // prettier-ignore
  {
    name: 'marks of QEMU alone in a report of trace-cmd, with a blank in the name of the task',
    text: [
      'cpus=64',
      '     CPU 0/KVM-9120  [003]   812.000250: print:                tracing_mark_write: migrate_set_state new state setup',
      '  live_migration-9177  [007]   812.100000: tracing_mark_write:   vfio_migration_set_state (0000:75:00.1) new state STOP_COPY, recover state ERROR',
      '  live_migration-9177  [007]   812.112300: tracing_mark_write:   vfio_migration_set_device_state (0000:75:00.1) state STOP_COPY',
    ].join('\n'),
    said: { clock: 'kernel trace clock', devices: [{ name: '0000:75:00.1', arcs: [{ to: 'STOP_COPY', requestMs: 99.75, doneMs: 112.05, tookUs: 12300 }] }] },
    as: 'qemu-trace',
  }, // prettier-ignore
  {
    name: 'a guestperf report of 7.2 that was cancelled',
    text: JSON.stringify(
      {
        hardware: { cpus: 8, mem: 8, src_cpu_bind: [], src_mem_bind: [], dst_cpu_bind: [], dst_mem_bind: [], prealloc_pages: false, huge_pages: false, locked_pages: false },
        scenario: { name: 'auto-converge-50', downtime: 500, bandwidth: 125000, max_iters: 30, max_time: 300, pause: false, pause_iters: 5, post_copy: false,
          post_copy_iters: 5, auto_converge: true, auto_converge_step: 10, compression_mt: false, compression_mt_threads: 1, compression_xbzrle: false,
          compression_xbzrle_cache: 10, multifd: true, multifd_channels: 4 },
        progress_history: [
          { status: 'active', ram: { transferred_bytes: 1000000, remaining_bytes: 5, total_bytes: 8590458880, duplicate_pages: 9, skipped_pages: 0, normal_pages: 244, normal_bytes: 999424,
            dirty_rate_pps: 0, transfer_rate_mbs: 0, iterations: 1 }, now: 1700000000.1, duration: 60, downtime: 0, downtime_expected: 500, setup_time: 11, throttle_pcent: 0 },
          { status: 'active', ram: { transferred_bytes: 9000000000, remaining_bytes: 900, total_bytes: 8590458880, duplicate_pages: 1000, skipped_pages: 0, normal_pages: 2190000, normal_bytes: 8970240000,
            dirty_rate_pps: 150000, transfer_rate_mbs: 940.5, iterations: 2 }, now: 1700000076.1, duration: 76060, downtime: 0, downtime_expected: 9000, setup_time: 11, throttle_pcent: 20 },
          { status: 'cancelled', ram: { transferred_bytes: 0, remaining_bytes: 0, total_bytes: 0, duplicate_pages: 0, skipped_pages: 0, normal_pages: 0, normal_bytes: 0,
            dirty_rate_pps: 0, transfer_rate_mbs: 0, iterations: 0 }, now: 1700000300.1, duration: 0, downtime: 0, downtime_expected: 0, setup_time: 0, throttle_pcent: 0 },
        ],
        guest_timings: [], qemu_timings: [{ tid: 1, timestamp: 1700000001.0, value: 700 }], vcpu_timings: [], binary: 'qemu-system-x86_64', dst_host: 'localhost', kernel: 'k', initrd: 'i',
        transport: 'tcp', sleep: 15,
      },
      null,
      4,
    ),
    said: {
      format: 'guestperf report (fields of before QEMU 9.1)', status: 'cancelled', vcpus: 8, memoryGiB: 8, downtimeLimitMs: 500, multifd: true, multifdChannels: 4, autoConverge: true, maxIterations: 30,
      ramTotalBytes: 8590458880, normalPages: 2190000, zeroPages: 1000, transferredBytes: 9000000000, dirtyPagesPerSecond: 150000, mbps: 940.5,
      iterations: 2, throttlePercent: 20, records: 3, transport: 'tcp',
    },
    absent: ['success', 'downtimeMs'],
  }, // prettier-ignore
  {
    name: 'domjobinfo of a job that runs',
    text: [
      'Job type:         Unbounded   ', 'Operation:        Outgoing migration', 'Time elapsed:     3047         ms', 'Data processed:   1.251 GiB',
      'Data remaining:   30.112 GiB', 'Data total:       32.063 GiB', 'Memory processed: 1.251 GiB', 'Memory remaining: 30.112 GiB',
      'Memory total:     32.063 GiB', 'Memory bandwidth: 451.203 MiB/s', 'Dirty rate:       12000        pages/s', 'Page size:        4096         bytes',
      'Iteration:        2            ', 'Postcopy requests: 0            ', 'Constant pages:   190000       ', 'Normal pages:     310000       ',
      'Normal data:      1.183 GiB', 'Expected downtime: 421          ms', 'Setup time:       22           ms', 'Auto converge throttle: 30           %',
    ].join('\n'),
    said: {
      status: 'unbounded', operation: 'outgoing migration', totalMs: 3047, expectedDowntimeMs: 421, setupMs: 22, dirtyPagesPerSecond: 12000, pageSize: 4096,
      iteration: 2, normalPages: 310000, zeroPages: 190000, throttlePercent: 30, memoryTotalBytesAbout: Math.round(32.063 * 2 ** 30),
      memoryRemainingBytesAbout: Math.round(30.112 * 2 ** 30), bandwidthBytesPerSecondAbout: Math.round(451.203 * 2 ** 20),
    },
    absent: ['downtimeMs'],
    quiet: true,
  }, // prettier-ignore
  {
    name: 'domjobinfo in German, which translates a part',
    text: [
      'Job-Typ:          Completed   ', 'Operation:        Outgoing migration', 'Verstrichene Zeit: 23257        ms', 'Time elapsed w/o network: 23241        ms',
      'Verarbeitete Daten: 11,663 GiB', 'Verbleibende Daten: 0,000 B', 'Gesamte Daten:    32,063 GiB', 'Gesamter Speicher: 32,063 GiB', 'Memory bandwidth: 992,981 MiB/s',
      'Dirty rate:       0            pages/s', 'Page size:        4096         bytes', 'Iteration:        4            ', 'Ständige Seiten:  3195024      ', 'Normale Seiten:   5783104      ',
      'Total downtime:   528          ms', 'Setup time:       14           ms',
    ].join('\r\n'),
    said: {
      status: 'completed', operation: 'outgoing migration', totalMs: 23257, totalWithoutNetworkMs: 23241, downtimeMs: 528, setupMs: 14, normalPages: 5783104, zeroPages: 3195024,
      iteration: 4, dataProcessedBytesAbout: Math.round(11.663 * 2 ** 30), memoryTotalBytesAbout: Math.round(32.063 * 2 ** 30),
    },
    quiet: true,
  }, // prettier-ignore
  {
    name: 'domjobinfo --rawstats of a job that failed',
    text: 'Job type: 4\n\noperation: 5\ntime_elapsed: 9000\ndata_total: 34426978304\nmemory_total: 34426978304\nmemory_dirty_rate: 5\nauto_converge_throttle: 40\nsuccess: 0\nerrmsg: migration out job: Unable to write to socket: Broken pipe\n',
    said: { status: 'failed', operation: 'outgoing migration', time_elapsed: 9000, memory_total: 34426978304, auto_converge_throttle: 40, success: 0, errmsg: 'migration out job: Unable to write to socket: Broken pipe' },
    quiet: true,
  },
  { name: 'domjobinfo without a job', text: 'Job type:         None        \n\n', said: { status: 'none' }, absent: ['totalMs', 'downtimeMs'] },
]; // prettier-ignore

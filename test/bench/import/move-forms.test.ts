/**
 * Forms of the same texts that no sample has: other releases, other languages, other prefixes, several moves in a file.
 */
import { describe, expect, test } from 'vitest';

import { linesOfText } from '../../../bench/import/lines.ts';
import type { MoveFile } from '../../../bench/import/move/facts.ts';
import { MOVE_READERS } from '../../../bench/import/move/readers.ts';
import type { Reading } from '../../../bench/import/reader.ts';

function read(id: string, text: string): Reading<MoveFile> {
  return MOVE_READERS.find((each) => each.id === id)!.read(linesOfText(text, 'x'), 'x');
}

function said(id: string, text: string): Readonly<Record<string, unknown>> {
  return read(id, text).facts.said;
}

const poll = (fields: object): string => JSON.stringify({ return: fields });

describe('query-migrate', () => {
  const ram = { total: 1 << 30, normal: 1000, duplicate: 5, 'page-size': 4096, 'dirty-sync-count': 1, mbps: 900 };

  test('without return, pretty, after a time, in a list', () => {
    const answer = { status: 'completed', 'total-time': 900, downtime: 12, 'setup-time': 3, ram };
    const forms = [
      JSON.stringify(answer),
      JSON.stringify(answer, null, 2),
      `12:00:01.5 <- ${poll(answer)}`,
      `[\n${JSON.stringify(answer)}\n]`,
      `> {"execute":"query-migrate"}\n< ${poll(answer)}`,
      `QMP> ${poll(answer)}`,
    ];
    for (const form of forms) {
      expect(said('qmp', form)).toMatchObject({
        status: 'completed',
        totalMs: 900,
        downtimeMs: 12,
        normalPages: 1000,
        polls: 1,
      });
    }
  });

  test('settings and vCPUs from other answers', () => {
    const { facts } = read(
      'qmp',
      [
        '{"execute": "migrate-set-parameters", "arguments": {"downtime-limit": 500}}',
        '{"return": [{"cpu-index": 0}, {"cpu-index": 1}]}',
        '{"return": [{"capability": "multifd", "state": true}]}',
        '{"return": {"downtime-limit": 450, "multifd-channels": 4, "max-bandwidth": 0, "tls-creds": ""}}',
        poll({ status: 'active', 'total-time': 100, 'expected-downtime': 450, ram }),
      ].join('\n'),
    );
    const [move] = facts.moves;
    expect(move!.figures.downtimeLimitMs).toMatchObject({ value: 450, origin: 'said', line: 4 });
    expect(move!.figures.channels?.value).toBe(4);
    expect(move!.figures.vcpus?.value).toBe(2);
    expect(move!.figures.bandwidthLimitBytesPerSecond).toBeUndefined();
    expect(move!.settings.multifd?.value).toBe(true);
    expect(move!.settings.tls?.value).toBe(false);
  });

  test('two moves in a file are two, by time or by event', () => {
    const texts = [
      poll({ status: 'completed', 'total-time': 900, ram }),
      poll({ status: 'active', 'total-time': 100, ram }),
      poll({ status: 'completed', 'total-time': 800, ram }),
    ];
    expect(read('qmp', texts.join('\n')).facts.moves.map(({ figures }) => figures.totalMs?.value)).toEqual([900, 800]);
  });

  test('a value that is cut is named with its line, and the next is read', () => {
    const reading = read('qmp', `{"return": {"status": "acti\n${poll({ status: 'completed', 'total-time': 7, ram })}`);
    expect(reading.facts.said).toMatchObject({ status: 'completed', totalMs: 7 });
    expect(reading.findings).toContainEqual(expect.objectContaining({ kind: 'warning', line: 1 }));
  });

  test('no status of a VM, and no empty answer, is a move', () => {
    expect(read('qmp', '{"return": {"status": "running", "running": true}}\n{"return": {}}').facts.moves).toEqual([]);
  });
});

test('info migrate since 10.1: three digits, so that sizes are about', () => {
  const text = [
    'Status: \t\tcompleted',
    'Time (ms): \t\ttotal=8442, setup=9, down=124',
    'RAM info:',
    '  Throughput (Mbps): \t7722.42',
    '  Sizes: \t\tpagesize=4 KiB, total=16.1 GiB',
    '  Transfers: \t\ttransferred=7.58 GiB, remain=0 B',
    '    Channels: \t\tprecopy=7.48 GiB, multifd=0 B, postcopy=0 B, vfio=176 B',
    '    Page Types: \tnormal=1978172, zero=2442477',
    '  Page Rates (pps): \ttransfer=264741',
    '  Others: \t\tdirty_syncs=3, downtime_bytes=110738232',
  ].join('\r\n');
  const { format, facts } = read('info-migrate', text);
  expect(format).toBe('HMP info migrate, text of 10.1 and newer');
  expect(facts.said).toMatchObject({
    status: 'completed',
    totalMs: 8442,
    setupMs: 9,
    downtimeMs: 124,
    pageSize: 4096,
    normalPages: 1_978_172,
    zeroPages: 2_442_477,
    mbps: 7722.42,
    dirtySyncCount: 3,
    vfioBytes: 176,
  });
  expect(facts.moves[0]!.figures.memoryBytes).toMatchObject({ value: 16.1 * 2 ** 30 });
  expect(facts.said['ramTotalBytesAbout']).toBe(Math.round(16.1 * 2 ** 30));
  expect(facts.said['ramTotalBytes']).toBeUndefined();
});

describe('virsh domjobinfo in other languages', () => {
  test('German, with a comma', () => {
    const text = [
      'Job-Typ:          Fehlgeschlagen',
      'Verstrichene Zeit: 23257        ms',
      'Gesamter Speicher: 32,063 GiB',
      'Dirty rate:       0            pages/s',
      'Setup time:       14           ms',
    ].join('\n');
    expect(said('domjobinfo', text)).toMatchObject({ status: 'failed', totalMs: 23257, setupMs: 14 });
    expect(said('domjobinfo', text)['memoryTotalBytesAbout']).toBe(Math.round(32.063 * 2 ** 30));
  });

  test('Chinese, with a colon of its own', () => {
    const text = '任务类型：         完成   \n消耗的时间：       1500         ms\n总停机时间：       88           ms\n';
    expect(said('domjobinfo', text)).toMatchObject({ status: 'completed', totalMs: 1500, downtimeMs: 88 });
  });

  test('what runs has an expectation and no downtime', () => {
    const text =
      'Job type:         Unbounded   \nExpected downtime: 300          ms\nDirty rate:       41200        pages/s\nPage size:        4096         bytes\n';
    const { facts } = read('domjobinfo', text);
    expect(facts.said).toMatchObject({ status: 'unbounded', expectedDowntimeMs: 300, dirtyPagesPerSecond: 41_200 });
    expect(facts.moves[0]!.figures.downtimeMs).toBeUndefined();
    expect(facts.moves[0]!.figures.dirtyBytesPerSecond?.value).toBe(41_200 * 4096);
  });
});

describe('QEMU traces', () => {
  const EVENTS = [
    'migrate_set_state new state setup',
    'vfio_migration_set_state (0000:75:00.1) new state STOP_COPY, recover state ERROR',
    'vfio_migration_set_device_state (0000:75:00.1) state STOP_COPY',
  ];
  const arcs = (text: string): unknown => read('qemu-trace', text).facts.moves[0]!.devices[0]?.arcs;

  test('thread and seconds in front (to 10.0)', () => {
    const text = EVENTS.map((event, at) => `4711@17000000${at}.500000:${event}`).join('\n');
    expect(arcs(text)).toEqual([{ to: 'STOP_COPY', requestMs: 1000, doneMs: 2000, tookUs: 1_000_000 }]);
  });

  test('a report of ftrace', () => {
    const text = EVENTS.map((event, at) => ` CPU 0/KVM-9120  [003] 55${at}.000250: tracing_mark_write: ${event}`).join(
      '\n',
    );
    expect(arcs(text)).toEqual([{ to: 'STOP_COPY', requestMs: 1000, doneMs: 2000, tookUs: 1_000_000 }]);
  });

  test('no times: arcs without a time', () => {
    expect(arcs(EVENTS.join('\n'))).toEqual([{ to: 'STOP_COPY', requestMs: null, doneMs: null, tookUs: null }]);
  });

  test('8.0 to 9.0 write one event, after the change', () => {
    const text = '2026-11-12T08:20:05Z vfio_migration_set_state (0000:75:00.1) state STOP_COPY';
    expect(arcs(text)).toEqual([{ to: 'STOP_COPY', requestMs: null, doneMs: 0, tookUs: null }]);
  });

  test('a call that did not come back is named', () => {
    const { findings } = read('qemu-trace', EVENTS.slice(0, 2).join('\n'));
    expect(findings.map(({ text }) => text).join(' ')).toContain('asked for STOP_COPY');
  });
});

describe('Cloud Hypervisor', () => {
  test('up to v51: iterations without sizes', () => {
    const text = [
      'cloud-hypervisor:   1.000000s: <vmm> INFO:a.rs:1 -- Sending migration: destination_url = tcp:192.0.2.1:1, local = false',
      'cloud-hypervisor:   2.000000s: <vmm> INFO:a.rs:2 -- Dirty memory migration 0 of 5',
      'cloud-hypervisor:   3.000000s: <vmm> INFO:a.rs:2 -- Dirty memory migration 1 of 5',
      'cloud-hypervisor:   4.000000s: <vmm> INFO:a.rs:3 -- Migration complete',
    ].join('\r\n');
    const { facts } = read('cloud-hypervisor-log', text);
    expect(facts.said).toMatchObject({ status: 'completed', dirtyIterations: 2 });
    expect(facts.moves[0]!.figures).toEqual({});
  });

  test('a prefix of its own, a destination', () => {
    const text =
      '2026-11-01T10:00:00Z I Migration (incoming): recv_snapshot:12ms restore:30ms\n2026-11-01T10:00:01Z I Migration (incoming): resume:2ms\n';
    expect(said('cloud-hypervisor-log', text)).toMatchObject({
      side: 'destination',
      recvSnapshotMs: 12,
      restoreMs: 30,
      resumeMs: 2,
    });
  });
});

describe('managers', () => {
  test('a table of openstack', () => {
    const text =
      '+-----+\n| Field | Value |\n| Status | running |\n| Memory Total Bytes | 1000 |\n| Memory Processed Bytes | 500 |\n| Created At | 2026-09-30T22:10:05.000000 |\n';
    expect(said('nova-migration', text)).toMatchObject({
      status: 'running',
      memoryTotalBytes: 1000,
      memoryProcessedBytes: 500,
      createdUnixS: 1_790_806_205,
    });
  });

  test('the log of nova-compute', () => {
    const line = (at: string, text: string): string =>
      `2026-09-30 22:${at} 7 INFO nova.virt.libvirt.driver [req-1] [instance: 7a1d0e0c-8a55-4e0b-a1f1-4f3b2a6c9d01] ${text}`;
    const text = [
      line(
        '10:05.100',
        'Migration running for 0 secs, memory 100% remaining (bytes processed=0, remaining=0, total=0); disk 100% remaining',
      ),
      line(
        '10:35.100',
        'Migration running for 30 secs, memory 40% remaining (bytes processed=3000, remaining=2000, total=5000); disk 100% remaining',
      ),
      line('10:50.500', 'VM Paused (Lifecycle Event)'),
      line('10:51.000', 'Migration operation has completed'),
    ].join('\n');
    const { facts } = read('nova-compute-log', text);
    expect(facts.said).toMatchObject({ status: 'completed', memoryTotalBytes: 5000, pausedUnixS: 1_790_806_250.5 });
    expect(facts.moves[0]!.figures.sendingBytesPerSecond).toMatchObject({ value: 100, origin: 'inferred' });
  });

  test('what promtool prints of a range', () => {
    const metric = { __name__: 'kubevirt_vmi_migration_disk_transfer_rate_bytes', name: 'a', namespace: 'b' };
    const text = JSON.stringify([{ metric, values: [[1, '5'], [2, '7']] }]); // prettier-ignore
    expect(said('kubevirt-metrics', text)).toMatchObject({
      vmis: [{ vmi: 'b/a', atUnixMs: 2000, transferBytesPerSecond: 7 }],
    });
    const api = JSON.stringify({ status: 'success', data: { result: [{ metric, value: [3, '9'] }] } });
    expect(said('kubevirt-metrics', api)).toMatchObject({ vmis: [{ transferBytesPerSecond: 9 }] });
  });

  test('a list of migrations in JSON, and several documents in YAML', () => {
    const item = (name: string): object => ({
      kind: 'VirtualMachineInstanceMigration',
      metadata: { name, namespace: 'n' },
      spec: { vmiName: name },
      status: { phase: 'Failed', migrationState: { failed: true, failureReason: 'no room' } },
    });
    const { facts } = read('kubevirt-vmim', JSON.stringify({ kind: 'List', items: [item('a'), item('b')] }, null, 1));
    expect(facts.moves.map(({ name, status }) => [name, status])).toEqual([['n/a', 'failed'], ['n/b', 'failed']]); // prettier-ignore
    const yaml =
      'kind: VirtualMachineInstanceMigration\nspec:\n  vmiName: a\n---\nkind: VirtualMachineInstanceMigration\nspec:\n  vmiName: b\n';
    expect(read('kubevirt-vmim', yaml).facts.moves.map(({ name }) => name)).toEqual(['a', 'b']);
  });

  test('a Proxmox VE task that failed has no downtime', () => {
    const text =
      "2026-08-19 03:12:41 starting migration of VM 204 to node 'pve-b' (198.51.100.12)\n2026-08-19 03:12:46 migration downtime limit: 100 ms\n2026-08-19 03:12:50 ERROR: online migrate failure - aborting\n";
    const { facts } = read('proxmox', text);
    expect(facts.said).toMatchObject({
      status: 'failed',
      error: 'online migrate failure - aborting',
      downtimeLimitsMs: [100],
    });
    expect(facts.moves[0]!.figures.downtimeMs).toBeUndefined();
  });
});

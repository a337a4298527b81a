/**
 * Texts of Cloud Hypervisor and of managers as other releases and settings print them, written after their sources.
 */
import type { Form } from './form.ts';

const json = (value: unknown, indent?: number): string => JSON.stringify(value, null, indent);

const vmim = (name: string, status: object, more: object = {}): object => ({
  apiVersion: 'kubevirt.io/v1',
  kind: 'VirtualMachineInstanceMigration',
  metadata: { name, namespace: 'lab', creationTimestamp: '2026-09-01T10:00:00Z' },
  spec: { vmiName: `vm-${name}` },
  status,
  ...more,
});

const launcher = (fields: string): string =>
  `{"component":"virt-launcher","level":"info","msg":"Migration info for 0c7f0b7e-1111-4000-8000-000000000007: ${fields}","name":"vm-a","namespace":"lab","pos":"live-migration-source.go:980"}`;

const nova = (at: string, text: string): string =>
  `2026-09-30 22:${at} 7 INFO nova.virt.libvirt.migration [None req-1 u p - - default default] [instance: 7a1d0e0c-8a55-4e0b-a1f1-4f3b2a6c9d01] ${text}`;

export const MANAGER_FORMS: readonly Form[] = [
  {
    name: 'a log of Cloud Hypervisor 52 with the time of the wall, which ran out of time',
    text: [
      '2026-11-01T10:00:00.000Z D Precopy: iter=0 curr=4096MiB total=4096MiB bw=800.00MiB/s transfer=5.12s overhead=2ms est_downtime=0ms elapsed=5.12s avg_bw=799.6MiB/s',
      '2026-11-01T10:00:04.000Z D Precopy: iter=1 curr=3000MiB total=7096MiB bw=800.00MiB/s transfer=3.75s overhead=4ms est_downtime=3750ms elapsed=8.87s avg_bw=799.6MiB/s',
      '2026-11-01T10:00:08.000Z I Precopy: Pausing VM, ignoring target downtime (300ms) due to timeout (8s): Estimated downtime: 3600ms',
      '2026-11-01T10:00:12.000Z I Precopy complete: iter=2 curr=2900MiB total=9996MiB bw=800.00MiB/s transfer=3.63s overhead=3ms est_downtime=3625ms elapsed=12.51s avg_bw=799.1MiB/s',
      '2026-11-01T10:00:12.100Z I Migration completed after 12.6s with a downtime of 3690ms (goal was 300ms)',
      '2026-11-01T10:00:12.100Z D Downtime breakdown: 3690ms (final_iter:3633ms state:10ms send_state:20ms complete:2ms)',
    ].join('\n'),
    said: {
      side: 'source', status: 'completed', timedOut: true, timeoutS: 8, goalDowntimeMs: 300, downtimeMs: 3690, totalS: 12.6,
      finalIteration: { iteration: 2, currentMiB: 2900 }, downtimeParts: { finalIterationMs: 3633, stateMs: 10, sendStateMs: 20, completeMs: 2, notNamedMs: 25 },
      iterations: [
        { iteration: 0, currentMiB: 4096, totalMiB: 4096, bandwidthMiBs: 800, transferS: 5.12, overheadMs: 2, estimatedDowntimeMs: 0, elapsedS: 5.12 },
        { iteration: 1, currentMiB: 3000, totalMiB: 7096, bandwidthMiBs: 800, transferS: 3.75, overheadMs: 4, estimatedDowntimeMs: 3750, elapsedS: 8.87 },
      ],
    },
  }, // prettier-ignore
  {
    name: 'a log of Cloud Hypervisor with glog in front, no more memory to transfer',
    text: [
      'D0930 10:00:00.123456 Precopy: iter=0 curr=512MiB total=512MiB bw=1000.5MiB/s transfer=0.51s overhead=1ms est_downtime=0ms elapsed=0.51s avg_bw=1000MiB/s',
      'D0930 10:00:00.200000 Precopy: No more memory to transfer',
      'I0930 10:00:01.000000 Migration completed after 0.6s with a downtime of 21ms (goal was 300ms)',
    ].join('\n'),
    said: { status: 'completed', downtimeMs: 21, goalDowntimeMs: 300, totalS: 0.6, iterations: [{ iteration: 0, currentMiB: 512, bandwidthMiBs: 1000.5 }] },
  },
  {
    name: 'a log of Cloud Hypervisor 50 that failed',
    text: [
      'cloud-hypervisor: 101.000000s: <vmm> INFO:vmm/src/lib.rs:1950 -- Sending migration: destination_url = tcp:192.0.2.9:6000, local = false',
      'cloud-hypervisor: 104.000000s: <vmm> INFO:vmm/src/lib.rs:1180 -- Dirty memory migration 0 of 5',
      'cloud-hypervisor: 109.000000s: <vmm> ERROR:vmm/src/lib.rs:1988 -- Migration failed: MigrateSend(Error reading from socket)',
    ].join('\r\n'),
    said: { side: 'source', status: 'failed', dirtyIterations: 1, failure: 'MigrateSend(Error reading from socket)' },
    absent: ['downtimeMs', 'totalS'],
  },
  {
    name: 'events of Cloud Hypervisor at the destination, which failed',
    text: [
      { timestamp: { secs: 1, nanos: 5000000 }, source: 'vm', event: 'migration-receive-ready', properties: null },
      { timestamp: { secs: 2, nanos: 0 }, source: 'vm', event: 'migration-receive-started', properties: null },
      { timestamp: { secs: 9, nanos: 250000000 }, source: 'vm', event: 'migration-receive-failed', properties: null },
    ].map((each) => json(each, 2)).join('\n\n'),
    said: { status: 'failed', iterations: 0 },
    absent: ['downtimeMs'],
  }, // prettier-ignore
  {
    name: 'a list of migrations of KubeVirt in JSON: one failed, one waits',
    text: json(
      {
        apiVersion: 'v1', kind: 'List',
        items: [
          vmim('a', { phase: 'Failed', phaseTransitionTimestamps: [
            { phase: 'Pending', phaseTransitionTimestamp: '2026-09-01T10:00:01Z' }, { phase: 'Running', phaseTransitionTimestamp: '2026-09-01T10:00:31Z' },
            { phase: 'Failed', phaseTransitionTimestamp: '2026-09-01T10:02:31Z' } ],
            migrationState: { startTimestamp: '2026-09-01T10:00:31Z', endTimestamp: '2026-09-01T10:02:30Z', sourceNode: 'n1', targetNode: 'n2', completed: true, failed: true,
              failureReason: 'Live migration is not completed after 120 seconds and has been aborted', abortRequested: true, abortStatus: 'Succeeded', mode: 'PreCopy', migrationPolicyName: 'slow',
              migrationConfiguration: { bandwidthPerMigration: '64Mi', completionTimeoutPerGiB: 15, progressTimeout: 150, allowAutoConverge: true, allowPostCopy: false, maxDowntimeMs: 500 } } }),
          vmim('b', { phase: 'WaitingForSync' }),
        ],
      },
      2,
    ),
    said: {
      format: 'VirtualMachineInstanceMigration, JSON',
      moves: [
        { status: 'failed', vmi: 'lab/vm-a', source: 'n1', target: 'n2', migrationS: 119, waitedBeforeRunS: 30, wholeS: 150, mode: 'PreCopy', policy: 'slow', failed: true, abortRequested: true,
          abortStatus: 'Succeeded', failureReason: 'Live migration is not completed after 120 seconds and has been aborted', bandwidthPerMigration: '64Mi', timeoutPerGiBS: 15, progressTimeoutS: 150,
          allowAutoConverge: true, allowPostCopy: false, maxDowntimeMs: 500 },
        { status: 'waitingforsync', vmi: 'lab/vm-b' },
      ],
    },
  }, // prettier-ignore
  {
    name: 'a VMI with its last migration, as YAML',
    kind: 'move',
    as: 'kubevirt-vmim',
    text: 'apiVersion: kubevirt.io/v1\nkind: VirtualMachineInstance\nmetadata:\n  name: web\n  namespace: lab\nspec:\n  domain: {}\nstatus:\n  migrationState:\n    startTimestamp: "2026-09-01T10:00:31Z"\n    endTimestamp: "2026-09-01T10:00:52Z"\n    completed: true\n    sourceNode: n3\n    targetNode: n4\n    mode: PostCopy\n',
    said: { vmi: 'lab/web', source: 'n3', target: 'n4', migrationS: 21, mode: 'PostCopy', completed: true },
  },
  {
    name: 'metrics of KubeVirt 1.5 with escapes, without times, NaN among them',
    text: [
      '# HELP kubevirt_vmi_migration_disk_transfer_rate_bytes The rate at which the memory is being transferred.',
      '# TYPE kubevirt_vmi_migration_disk_transfer_rate_bytes gauge',
      'kubevirt_vmi_migration_disk_transfer_rate_bytes{name="a\\\\b",namespace="lab",node="n1"} 1.25e+08',
      'kubevirt_vmi_migration_data_total_bytes{name="a\\\\b",namespace="lab",node="n1"} 4.29e9',
      'kubevirt_vmi_migration_data_remaining_bytes{name="a\\\\b",namespace="lab",node="n1"} NaN',
      'kubevirt_vmi_migration_dirty_memory_rate_bytes{namespace="lab",node="n1",name="a\\\\b",} 4.096e+07',
      'kubevirt_vmi_migration_failed{vmi="c",vmim="m-1",namespace="lab"} 1',
      'kubevirt_vmi_migrations_in_running_phase 2',
      '# EOF',
    ].join('\n'),
    said: {
      vmis: [{ vmi: 'lab/a\\b', node: 'n1', totalBytes: 4.29e9, dirtyBytesPerSecond: 4.096e7, transferBytesPerSecond: 1.25e8 }],
      dirtyPagesPerSecond4KiB: 10000, failed: [{ vmi: 'lab/c', migration: 'm-1' }],
    },
  },
  {
    name: 'the log of virt-launcher by kubectl logs --prefix --timestamps, with the end of the move',
    text: [
      `[pod/virt-launcher-vm-a-x7/compute] 2026-10-07T11:02:31.512345678Z ${launcher('TimeElapsed:5000ms DataProcessed:100MiB DataRemaining:900MiB DataTotal:1040MiB MemoryProcessed:100MiB MemoryRemaining:900MiB MemoryTotal:1040MiB MemoryBandwidth:160Mbps DirtyRate:0Mbps Iteration:1 PostcopyRequests:0 ConstantPages:10000 NormalPages:25000 NormalData:97MiB ExpectedDowntime:300ms DiskMbps:0')}`,
      `[pod/virt-launcher-vm-a-x7/compute] 2026-10-07T11:02:51.512345678Z ${launcher('TimeElapsed:25000ms DataProcessed:700MiB DataRemaining:0MiB DataTotal:1040MiB MemoryProcessed:700MiB MemoryRemaining:0MiB MemoryTotal:1040MiB MemoryBandwidth:240Mbps DirtyRate:0Mbps Iteration:3 PostcopyRequests:0 ConstantPages:90000 NormalPages:175000 NormalData:683MiB Downtime:88ms DowntimeNet:80ms DiskMbps:0 CompressionRatio:1.5x')}`,
    ].join('\n'),
    said: {
      vmi: 'lab/vm-a', status: 'completed', totalMiB: 1040, downtimeMs: 88, downtimeWithoutNetworkMs: 80,
      points: [
        { elapsedMs: 5000, remainingMiB: 900, bandwidthMbps: 160, iteration: 1, normalPages: 25000, zeroPages: 10000, expectedDowntimeMs: 300 },
        { elapsedMs: 25000, remainingMiB: 0, bandwidthMbps: 240, iteration: 3, normalPages: 175000, zeroPages: 90000, downtimeMs: 88, downtimeWithoutNetworkMs: 80 },
      ],
    },
  },
  {
    name: 'a migration of Nova as the API answers',
    text: json({ migration: { id: 1234, uuid: 'u-1', server_uuid: 's-1', status: 'running', source_compute: 'c1', dest_compute: 'c2', source_node: 'n1', dest_node: 'n2', dest_host: '192.0.2.4',
      memory_total_bytes: 17179869184, memory_processed_bytes: 18253611008, memory_remaining_bytes: 1073741824, disk_total_bytes: 0, disk_processed_bytes: 0, disk_remaining_bytes: 0,
      created_at: '2026-09-30T22:10:05.000000', updated_at: '2026-09-30T22:10:45.000000', user_id: 'u', project_id: 'p' } }),
    said: { id: 1234, server: 's-1', status: 'running', source: 'c1', target: 'c2', memoryTotalBytes: 17179869184, memoryProcessedBytes: 18253611008, memoryRemainingBytes: 1073741824, diskTotalBytes: 0,
      createdUnixS: 1790806205, updatedUnixS: 1790806245, elapsedS: 40 },
  }, // prettier-ignore
  {
    name: 'openstack server migration show as a table with wide fields',
    text: [
      '+------------------------+--------------------------------------+', '| Field                  | Value                                |', '+------------------------+--------------------------------------+',
      '| ID                     | 7                                    |', '| Server UUID            | 7a1d0e0c-8a55-4e0b-a1f1-4f3b2a6c9d01 |', '| Status                 | running                              |',
      '| Source Compute         | cmp-1                                |', '| Dest Compute           | cmp-2                                |', '| Memory Total Bytes     | 8599183360                           |',
      '| Memory Processed Bytes | 4299183360                           |', '| Memory Remaining Bytes | 4300000000                           |', '| Created At             | 2026-09-30T22:10:05.000000           |',
      '| Updated At             | 2026-09-30T22:10:15.000000           |', '+------------------------+--------------------------------------+',
    ].join('\n'),
    said: { id: 7, status: 'running', source: 'cmp-1', target: 'cmp-2', memoryTotalBytes: 8599183360, memoryProcessedBytes: 4299183360, memoryRemainingBytes: 4300000000, elapsedS: 10 },
  },
  {
    name: 'a list of migrations of Nova, which has no bytes',
    text: json([{ Id: 3, UUID: 'm-3', 'Source Node': 'n1', 'Dest Node': 'n2', 'Source Compute': 'c1', 'Dest Compute': 'c2', 'Dest Host': '192.0.2.4', Status: 'completed', 'Server UUID': 's-3',
      'Old Flavor': 1, 'New Flavor': 1, Type: 'live-migration', 'Created At': '2026-09-30T22:10:05.000000', 'Updated At': '2026-09-30T22:11:05.000000' }], 2),
    said: { id: 3, status: 'completed', type: 'live-migration', source: 'c1', target: 'c2', server: 's-3', elapsedS: 60 },
    absent: ['memoryTotalBytes', 'memoryProcessedBytes'],
  }, // prettier-ignore
  {
    name: 'the log of nova-compute in the journal, where a move was aborted',
    text: [
      nova('10:05.100', 'Migration running for 0 secs, memory 100% remaining (bytes processed=0, remaining=0, total=0); disk 100% remaining (bytes processed=0, remaining=0, total=0).'),
      nova('10:35.100', 'Migration running for 30 secs, memory 60% remaining (bytes processed=3000000, remaining=6000000, total=10000000); disk 100% remaining (bytes processed=0, remaining=0, total=0).'),
      nova('10:41.000', 'Migration operation was cancelled'),
    ].map((text) => `Sep 30 22:10:41 cmp-1 nova-compute[7]: ${text}`).join('\n'),
    said: { server: '7a1d0e0c-8a55-4e0b-a1f1-4f3b2a6c9d01', status: 'cancelled', memoryTotalBytes: 10000000, points: [{ elapsedS: 0 }, { elapsedS: 30, processedBytes: 3000000, remainingBytes: 6000000, totalBytes: 10000000 }] },
  }, // prettier-ignore
  {
    name: 'a Proxmox VE task with VFIO state before the dirty rate, several limits, and a speed limit',
    text: [
      "2026-05-01 08:00:00 starting migration of VM 900 to node 'pve2' (192.0.2.8)", '2026-05-01 08:00:02 migration speed limit: 500.0 MiB/s', '2026-05-01 08:00:02 migration downtime limit: 100 ms',
      '2026-05-01 08:00:02 start migrate command to tcp:192.0.2.8:60000', '2026-05-01 08:00:03 migration active, transferred 490.2 MiB of 16.0 GiB VM-state, 512.4 MiB/s',
      '2026-05-01 08:00:34 migration active, transferred 14.9 GiB of 16.0 GiB VM-state, 498.1 MiB/s (+ 12.5 MiB VFIO-state), VM dirties lots of memory: 612.5 MiB/s',
      '2026-05-01 08:00:34 xbzrle: send updates to 12345 pages in 1.2 MiB encoded memory, cache-miss 20.00%, overflow 12', '2026-05-01 08:00:35 auto-increased downtime to continue migration: 200 ms',
      '2026-05-01 08:00:37 auto-increased downtime to continue migration: 400 ms', '2026-05-01 08:00:40 average migration speed: 431.2 MiB/s - downtime 377 ms',
      '2026-05-01 08:00:40 migration completed, transferred 17.2 GiB VM-state (+ 300.0 MiB VFIO-state)', '2026-05-01 08:00:40 migration status: completed',
      '2026-05-01 08:00:44 migration finished successfully (duration 00:00:44)', 'TASK OK',
    ].join('\n'),
    said: { status: 'completed', vm: 900, target: 'pve2', downtimeMs: 377, downtimeLimitsMs: [100, 200, 400], migrateS: 38, wholeS: 44, speedLimitBytesPerSecondAbout: 524288000,
      vfioBytesAbout: 314572800, dirtyBytesPerSecondAbout: Math.round(612.5 * 2 ** 20), vmStateTotalBytesAbout: 16 * 2 ** 30, transferredBytesAbout: Math.round(17.2 * 2 ** 30), averageBytesPerSecondAbout: Math.round(431.2 * 2 ** 20) },
  }, // prettier-ignore
]; // prettier-ignore

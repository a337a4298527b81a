/**
 * The script that collects a move, with a virsh of its own.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, expect, test } from 'vitest';

import { readTextOf } from '../../../bench/import/readers.ts';
import { collector } from '../../../bench/studies/import/collect.ts';

const folder = mkdtempSync(join(tmpdir(), 'stopcopy-collect-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ram = '"ram":{"total":1073741824,"normal":1000,"duplicate":5,"page-size":4096,"dirty-sync-count":1,"mbps":900}';
/** Answers as libvirt passes them on; the first query-migrate is of an earlier move. */
const VIRSH = `#!/bin/sh
case $3 in
  *query-version*) echo '{"return":{"qemu":{"micro":1,"minor":1,"major":10},"package":""},"id":"libvirt-1"}' ;;
  *query-cpus-fast*) echo '{"return":[{"cpu-index":0},{"cpu-index":1}],"id":"libvirt-2"}' ;;
  *query-migrate-parameters*) echo '{"return":{"downtime-limit":400},"id":"libvirt-3"}' ;;
  *query-migrate-capabilities*) echo '{"return":[{"capability":"multifd","state":false}],"id":"libvirt-4"}' ;;
  *) echo x >> ${folder}/polls
     case $(wc -l < ${folder}/polls) in
       *1) echo '{"return":{"status":"completed","total-time":5},"id":"a"}' ;;
       *2) echo '{"return":{"status":"active","total-time":100,"expected-downtime":400,${ram}},"id":"b"}' ;;
       *) echo '{"return":{"status":"completed","total-time":900,"downtime":12,${ram}},"id":"c"}' ;;
     esac ;;
esac
`;

test('what it prints is read as one move, with its settings', () => {
  writeFileSync(join(folder, 'virsh'), VIRSH);
  chmodSync(join(folder, 'virsh'), 0o755);
  const env = { ...process.env, PATH: `${folder}:${process.env['PATH'] ?? ''}`, INTERVAL: '0' };
  const { status, stdout } = spawnSync('sh', ['-s', 'vm'], { input: collector('move'), env, encoding: 'utf8' });
  expect(status).toBe(0);
  const { moves } = readTextOf('move', stdout, 'x').facts;
  expect(moves).toHaveLength(1);
  expect(moves[0]).toMatchObject({ vmmVersion: '10.1.1', status: 'completed' });
  const { figures } = moves[0]!;
  expect([figures.vcpus?.value, figures.downtimeLimitMs?.value, figures.totalMs?.value]).toEqual([2, 400, 900]);
});

test('without a domain it says what is needed', () => {
  const { status, stderr } = spawnSync('sh', ['-s'], { input: collector('move'), encoding: 'utf8' });
  expect(status).toBe(2);
  expect(stderr).toContain('one domain is needed');
});

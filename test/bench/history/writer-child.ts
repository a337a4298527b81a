/**
 * A process that appends records, for the test of several writers at once.
 */
import { appendRecords } from '../../../bench/history/store.ts';
import { historyRecord } from './records.ts';

const [path = '', name = '', count = '0'] = process.argv.slice(2);
for (let i = 0; i < Number(count); i++) await appendRecords(path, [historyRecord({ commit: `${name}-${i}` })]);

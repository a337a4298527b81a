/**
 * A process that appends records to a history, for the tests of several writers and of one that is killed.
 *
 * @see store.test.ts, which says where `appendRecords` is built, and what a record is
 */
const [store = '', path = '', record = '{}', name = '', count = '0'] = process.argv.slice(2);
const { appendRecords } = await import(store);
for (let i = 0; i < Number(count); i++) await appendRecords(path, [{ ...JSON.parse(record), commit: `${name}-${i}` }]);

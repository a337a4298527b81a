/**
 * Loaded into a program before it begins, in each of its threads: no file takes a byte, as where a disk quota is used up. Kernels
 * that enforce quotas are rarer than machines that run tests.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const { writeSync } = fs;

fs.writeSync = (fd, ...rest) => {
  if (!fs.fstatSync(fd).isFile()) return writeSync(fd, ...rest);
  throw Object.assign(new Error('EDQUOT: quota exceeded, write'), { errno: -122, code: 'EDQUOT', syscall: 'write' });
};
fs.appendFileSync = (path) => fs.writeSync(fs.openSync(path, 'a'), '');
syncBuiltinESMExports();

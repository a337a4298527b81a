// Makes workers/lane/code/binary.ts of workers/lane/code/text.ts, as a build has it:
//
//     npm run lane-code
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import loadWabt from 'wabt';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { LANE_CODE_TEXT } = await import(join(root, 'dist', 'workers', 'lane', 'code', 'text.js'));
const wabt = await loadWabt();
const { buffer } = wabt.parseWat('text.ts', LANE_CODE_TEXT, { threads: true }).toBinary({});
const lines = Buffer.from(buffer)
  .toString('base64')
  .match(/.{1,100}/gu);
writeFileSync(
  join(root, 'workers', 'lane', 'code', 'binary.ts'),
  `/** Made of text.ts by \`npm run lane-code\`; a test holds it to be what that makes. Base64. */
export const LANE_CODE_BINARY: string = [
${lines.map((line) => `  '${line}',`).join('\n')}
].join('');
`,
);

// Builds dist/ from the TypeScript sources. Kept to one file of plain JavaScript so that `npm ci` needs nothing but Node.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, isAbsolute, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);
const dist = join(root, 'dist');

rmSync(dist, { recursive: true, force: true });
const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc');
/** @param {string} project */
function compile(project) {
  const { status } = spawnSync(process.execPath, [tsc, '-p', join(root, project)], { stdio: 'inherit', cwd: root });
  if (status !== 0) process.exit(status ?? 1);
}
compile('tsconfig.build.json');
// Only checked: it is bundled below.
const client = join('bench', 'ui', 'client');
if (existsSync(join(root, client))) compile(client);

// The charts carry echarts with them: it is a tool of the build, not a dependency of the package.
const charts = join(dist, 'bench', 'show', 'charts.js');
if (existsSync(charts)) {
  const { build } = await import('esbuild');
  const bundled = `${charts}.bundled`;
  await build({
    entryPoints: [charts],
    outfile: bundled,
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    legalComments: 'eof',
    logLevel: 'warning',
  });
  renameSync(bundled, charts);
  rmSync(`${charts}.map`, { force: true });
  // What went into the bundle would need echarts.
  const folder = dirname(charts);
  for (const name of readdirSync(folder)) if (/^charts?-\w+\.js(\.map)?$/.test(name)) rmSync(join(folder, name));
}

// The program of the page of `stopcopy ui`: the same model, for browsers.
if (existsSync(join(root, client))) {
  const { build } = await import('esbuild');
  await build({
    entryPoints: [join(root, client, 'main-thread.ts')],
    outfile: join(dist, 'bench', 'ui', 'client.bundle.js'),
    bundle: true,
    minify: true,
    format: 'iife',
    platform: 'browser',
    target: 'es2022',
    legalComments: 'none',
    logLevel: 'warning',
  });
}

// For editors and scripts: what each format allows.
const schemas = join(dist, 'bench', 'schemas.js');
if (existsSync(schemas)) {
  const { publishedSchema, SCHEMA_NAMES, schemaFile } = await import(pathToFileURL(schemas).href);
  mkdirSync(join(dist, 'schemas'));
  for (const format of SCHEMA_NAMES) {
    const text = `${JSON.stringify(publishedSchema(format), undefined, 1)}\n`;
    writeFileSync(join(dist, 'schemas', schemaFile(format)), text);
  }
}

// The types of what users import, without those of what it is made of: a user needs no types of Node for them.
const library = join(dist, 'bench', 'library');
if (existsSync(library)) {
  const { rolldown } = await import('rolldown');
  const { dts } = await import('rolldown-plugin-dts');
  const entries = ['index', 'sim', 'workers', 'bench'].map((name) => [name, join(library, `${name}.d.ts`)]);
  const bundle = await rolldown({
    input: Object.fromEntries(entries),
    plugins: [dts({ dtsInput: true, emitDtsOnly: true, tsconfig: false })],
    checks: { bundlerTimings: false },
    external: (id) => !id.startsWith('.') && !isAbsolute(id),
  });
  await bundle.write({ dir: join(dist, 'types'), format: 'es', chunkFileNames: '[name]-[hash].d.ts' });
  await bundle.close();
}

const main = join(dist, 'bench', 'main.js');
if (existsSync(main)) chmodSync(main, 0o755);

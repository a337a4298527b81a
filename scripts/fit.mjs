// Fits the parameters of the model of a whole VM to all shipped tables, and once more without each lab, which predictions of
// that lab's figures rest on. Writes sim/memory/fitted.json.
import { writeFileSync } from 'node:fs';

const from = (path) => new URL(`../dist/${path}`, import.meta.url);
const { fit, fitRows } = await import(from('bench/studies/validation/fit.js'));
const { readTables } = await import(from('bench/studies/validation/published-table.js'));
const { VMM_PARAMETER } = await import(from('sim/memory/parameters.js'));
const { unsupported } = await import(from('sim/memory/evidence.js'));

const rows = fitRows(readTables([]));
const names = Object.keys(VMM_PARAMETER).filter((name) => VMM_PARAMETER[name].from === 'fitted');
const labs = [...new Set(rows.map(({ lab }) => lab))].toSorted((a, b) => a.localeCompare(b));
console.log(`${names.length} parameters, ${rows.length} rows of ${labs.length} labs\n`);

const all = fit(rows, names);
for (const name of names) {
  const { value, evidence, unit } = VMM_PARAMETER[name];
  const differs = value === all[name] ? '' : ` (${value} before)`;
  console.log(`${name}: ${all[name]} ${unit}${differs}, from ${evidence.join(', ')}`);
}

const without = {};
for (const lab of labs) {
  const left = rows.filter((row) => row.lab !== lab);
  const supported = names.filter((name) => !unsupported(lab).includes(name));
  without[lab] = fit(left, supported);
  console.log(`without ${lab}: ${left.length} rows, ${supported.length} parameters`);
}
writeFileSync(new URL('../sim/memory/fitted.json', import.meta.url), `${JSON.stringify({ all, without }, null, 2)}\n`);

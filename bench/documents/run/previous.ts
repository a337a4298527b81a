/**
 * Run documents of version 1, as those of version 2: their ranges were those of all parameters at one end, and there were no draws.
 */
type Fields = Readonly<Record<string, unknown>>;

/** What is wrong with the document otherwise is found where the newer one is read. */
export function runFromPrevious(document: Fields): unknown {
  const { band, vms } = document;
  if (!Array.isArray(band) || !Array.isArray(vms))
    return { ...document, version: 2, ...('figures' in document ? { draws: null } : {}) };
  const longest = Number(document['longest']) - 1;
  return {
    ...document,
    version: 2,
    draws: null,
    vms: vms.map((vm: unknown, index) => (index === longest ? withEnds(vm, band) : vm)),
  };
}

/** Parts with the range of the three ends. */
function withEnds(vm: unknown, band: readonly unknown[]): unknown {
  if (!hasParts(vm)) return vm;
  const parts = vm.parts.map((part) => {
    const all = [part, ...band.flatMap((end) => (hasParts(end) ? end.parts : []))]
      .filter(({ name }) => name === part['name'])
      .map(({ criticalNs }) => Number(criticalNs));
    return { ...part, lowNs: Math.min(...all), highNs: Math.max(...all) };
  });
  return { ...vm, parts };
}

function hasParts(value: unknown): value is { readonly parts: readonly Fields[] } {
  return typeof value === 'object' && value !== null && 'parts' in value && Array.isArray(value.parts);
}

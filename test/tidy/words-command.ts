/**
 * `npm run words`: lowers the ceilings of words that are to go to what is still said. `npm run words -- WORD` lists where.
 */
import { readCeilings, writeCeilings } from './ceilings.ts';
import { treeProse } from './tree.ts';
import { ceilingFindings, countsOf, placeWords, wordsIn } from './words.ts';

const places = wordsIn(treeProse());
const counts = countsOf(places);
const [word] = process.argv.slice(2);
if (word === undefined) {
  const ceilings = readCeilings();
  const lowered = Object.fromEntries(
    Object.entries(counts).map(([not, count]) => [not, Math.min(count, ceilings[not] ?? count)]),
  );
  writeCeilings(lowered);
  const above = ceilingFindings(places, lowered);
  for (const line of above) console.error(line);
  process.exitCode = above.length === 0 ? 0 : 1;
} else if (counts[word] === undefined) {
  console.error(`'${word}' is none of ${Object.keys(counts).join('; ')}`);
  process.exitCode = 2;
} else {
  for (const place of places.filter(({ not }) => not === word)) console.log(placeWords(place));
}

// Entry of a pool's threads when the program runs from its TypeScript sources (tests): registers the loader, a development
// dependency, then hands out the tasks of the module named in the environment. A build does not use it.
import { register } from 'tsx/esm/api';

register();
const tasks = await import(process.env.STOPCOPY_POOL_MODULE);

export const { save, restore, measureSave, measureRestore, measureHandshake, planCell } = tasks;
export const { empty, measureCodec, measureHandshakes, measureScale, measureStages, saveBatch } = tasks;
export const { answerHandovers, measureHandover } = tasks;

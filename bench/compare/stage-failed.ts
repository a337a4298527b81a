/** A process of a build ended badly or said something else than it should. */
export class StageFailed extends Error {
  override readonly name = 'StageFailed';
}

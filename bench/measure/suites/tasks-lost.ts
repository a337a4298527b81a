/** Tasks were lost, done twice or out of order: the run has failed, whatever else it measured. */
import { StatusError } from '../../../sim/base/status-error.ts';

export class TasksLost extends StatusError {
  override readonly name = 'TasksLost';

  constructor(cell: string, tasks: number) {
    super(
      'failed',
      `cell ${cell}: ${tasks} ${tasks === 1 ? 'task was' : 'tasks were'} lost or completed wrongly`,
      'Run the cell alone with the same --seed.',
    );
  }
}

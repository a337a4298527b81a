/** Tasks were lost, done twice or out of order: the run has failed, whatever else it measured. */
export class TasksLost extends Error {
  override readonly name = 'TasksLost';

  constructor(cell: string, tasks: number) {
    super(`cell ${cell}: ${tasks} ${tasks === 1 ? 'task was' : 'tasks were'} lost or completed wrongly`);
  }
}

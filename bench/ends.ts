/** What is to be undone, last first, when a row ends or the bench is interrupted. */
export class Ends {
  #undos: (() => Promise<void> | void)[] = [];
  #running: Promise<void> | null = null;

  add(undo: () => Promise<void> | void): void {
    this.#undos.push(undo);
  }

  /** Undoes everything. Called again meanwhile, it waits for the same end. Rejects with the first failure, after all. */
  run(): Promise<void> {
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #run(): Promise<void> {
    const failures: unknown[] = [];
    for (let undo = this.#undos.pop(); undo !== undefined; undo = this.#undos.pop()) {
      try {
        await undo();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}

import type { LabRequest, RequestLog } from './record.ts';

/** Requests waited for, until one fits, the deadline passes, or the lab closes. */
export class Waits {
  readonly #log: RequestLog;
  readonly #rejects = new Set<(reason: Error) => void>();

  constructor(log: RequestLog) {
    this.#log = log;
  }

  /**
   * The first request that fits: a recorded one, or one that arrives or changes its state later.
   * Rejects after `deadlineMs` milliseconds, or when the lab closes.
   */
  waitFor(predicate: (request: LabRequest) => boolean, deadlineMs: number): Promise<LabRequest> {
    const found = this.#log.all().find(predicate);
    if (found !== undefined) return Promise.resolve(found);
    return new Promise((resolve, reject) => {
      const end = () => {
        clearTimeout(timer);
        unwatch();
        this.#rejects.delete(fail);
      };
      const fail = (reason: Error) => {
        end();
        reject(reason);
      };
      const timer = setTimeout(() => fail(new Error(this.#missed(deadlineMs))), deadlineMs);
      const unwatch = this.#log.watch((request) => {
        let fits: boolean;
        try {
          fits = predicate(request);
        } catch (error) {
          fail(error instanceof Error ? error : new Error(String(error)));
          return;
        }
        if (!fits) return;
        end();
        resolve(request);
      });
      this.#rejects.add(fail);
    });
  }

  close(): void {
    for (const reject of [...this.#rejects]) reject(new Error('the lab was closed'));
  }

  #missed(deadlineMs: number): string {
    const seen = this.#log
      .all()
      .map((r) => `#${r.seq} ${r.scenario}/${r.position} ${r.answeredWith.type} ${r.state}`);
    return `no such request within ${deadlineMs} ms; the lab saw ${seen.length === 0 ? 'none' : seen.join(', ')}`;
  }
}

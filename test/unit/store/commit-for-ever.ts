import { Store } from '../../../src/store/store.ts';
import { fact, Kept } from './fixture.ts';

/** Commits pairs of facts until it is killed; says the number of each pair that was committed. */
const store = Store.open(process.argv[2] ?? '');
const kept = new Kept(store, 'k7m2qd');
for (let pair = 1; ; pair += 1) {
  const item = (half: string) =>
    fact({
      type: 'item',
      turn: 'u1',
      item: { kind: 'message', id: `${half}${pair}`, text: 'said '.repeat(500) },
    });
  kept.commit([item('a'), item('b')], { wakeAt: pair });
  process.stdout.write(`${pair}\n`);
}

import { Store } from '../../../src/store/store.ts';
import { commitOf, note, sessionOf } from './fixture.ts';

/** Commits pairs of facts until it is killed; says the number of each pair that was committed. */
const store = Store.open(process.argv[2] ?? '');
const session = sessionOf('k7m2qd');
for (let pair = 1; ; pair += 1) {
  store.commit(commitOf(session, { facts: [note(`a${pair}`), note(`b${pair}`)], wakeAt: pair }));
  process.stdout.write(`${pair}\n`);
}

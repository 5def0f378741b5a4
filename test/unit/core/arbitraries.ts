import fc from 'fast-check';
import type { EvidenceBody } from '../../../src/core/evidence/evidence.ts';
import type { Input, SendMode } from '../../../src/core/policy/input.ts';
import type { Answer, Ask } from '../../../src/core/session/request.ts';
import {
  type ChangedFile,
  END_MODES,
  type EndMode,
  type SessionSpec,
} from '../../../src/core/session/session.ts';
import { approval, GIT, NO_BASE, SPEC } from './fixture.ts';

/** Few ids, so that what happens to one thing often happens again. */
const thread = fc.constantFrom('t1', 't1', 't1', 't2');
const turn = fc.constantFrom('u1', 'u1', 'u2', 'u3');
const server = fc.constantFrom('s1', 's1', 's2');
const rpcId = fc.constantFrom('0', '1');
/** Codex cannot always tell the turn of a request. */
const asking = fc.constantFrom('u1', 'u1', 'u2', '');
const itemId = fc.constantFrom('i1', 'i2', 'i3');
const at = fc.constantFrom(null, 5, 6);
const instruction = fc.constantFrom('m1', 'm1', 'm2', 'm3');
const threadState = fc.constantFrom('active', 'idle', 'error', 'not-loaded' as const);

const item = fc.oneof(
  fc.record({ kind: fc.constant('message' as const), id: itemId, text: fc.constantFrom('hello', '') }),
  fc.record(
    {
      kind: fc.constant('user' as const),
      id: itemId,
      text: fc.constant('do it'),
      message: instruction,
    },
    { requiredKeys: ['kind', 'id', 'text'] },
  ),
  fc.record({
    kind: fc.constant('command' as const),
    id: itemId,
    command: fc.constant('ls'),
    cwd: fc.constant('/srv/project'),
    state: fc.constantFrom('completed', 'failed', 'declined' as const),
    exitCode: fc.constantFrom(null, 0, 1),
    durationMs: fc.constant(null),
  }),
);

const ask: fc.Arbitrary<Ask> = fc.constantFrom<Ask>(
  approval(),
  approval({ command: 'rm x', commands: null }),
  {
    need: 'question',
    question: 'Which?',
    questions: [{ id: 'q', header: 'h', text: 'Which?', options: ['a', 'b'], secret: false }],
    choices: [
      { id: 'option-1', label: 'a', prefix: null },
      { id: 'option-2', label: 'b', prefix: null },
    ],
  },
  { need: 'network', question: 'Net?', choices: [{ id: 'accept', label: 'Yes', prefix: null }] },
);

const origin = fc.record({
  server,
  rpcId,
  method: fc.constant('item/commandExecution/requestApproval'),
  thread,
  turn: asking,
  item: itemId,
  startedAt: at,
});

const tokens = fc.record({
  input: fc.nat(3),
  cached: fc.constant(0),
  output: fc.constant(0),
  total: fc.nat(3),
});

const is = <Type extends EvidenceBody['type']>(type: Type): fc.Arbitrary<Type> => fc.constant(type);

const change = fc.record({
  type: is('changes'),
  changes: fc.record({ files: fc.nat(1), added: fc.nat(1), removed: fc.nat(1) }),
  list: fc.constant<ChangedFile[]>([]),
  now: fc.constant({ tree: 'tree', head: null }),
});

/** Any evidence at all: for known and unknown things, late, doubled, contradictory. */
const evidence: fc.Arbitrary<EvidenceBody> = fc.oneof(
  fc.record({
    type: is('thread-opened'),
    thread,
    server,
    rollout: fc.constant(null),
    model: fc.constant(null),
    writableRoots: fc.constant<string[]>(['/srv/project']),
  }),
  fc.record({ type: is('thread-status'), thread, state: threadState, waiting: fc.boolean() }),
  fc.record({ type: is('turn-started'), thread, turn }),
  fc.record({ type: is('item-started'), thread, turn, line: fc.constant('runs ls') }),
  fc.record({ type: is('item-completed'), thread, turn, item }),
  fc.record({ type: is('progress'), thread, turn }),
  fc.record({ type: is('request-opened'), id: fc.constant('minted by the model'), origin, ask }),
  fc.record({ type: is('request-opened'), id: fc.constant('minted by the model'), origin, ask }),
  fc.record({ type: is('request-resolved'), server, rpcId, thread, ours: fc.boolean() }),
  fc.record({
    type: is('retrying'),
    thread,
    turn,
    cause: fc.constantFrom('rate-limit', 'network' as const),
    message: fc.constant('429'),
    until: fc.constantFrom(null, 9),
  }),
  fc.record({ type: is('tokens'), thread, tokens }),
  fc.record({
    type: is('turn-ended'),
    thread,
    turn,
    outcome: fc.constantFrom('completed', 'interrupted', 'failed' as const),
    error: fc.constantFrom(null, { reason: 'model-error' as const, message: 'no' }),
  }),
  fc.record({ type: is('server-gone'), server, detail: fc.constant('its process has ended') }),
  fc.record({
    type: is('observed'),
    server,
    thread,
    state: threadState,
    waiting: fc.boolean(),
    turns: fc.constant<string[]>([]),
    history: fc.constantFrom<string[] | null>(null, [], ['u1'], ['u1', 'u2']),
    pending: fc.constantFrom<string[][]>([], ['s1 0 t1 u1 i1 5']),
  }),
  fc.record({ type: is('message-taken'), thread, turn, message: instruction }),
  fc.record({
    type: is('message-refused'),
    thread,
    message: instruction,
    why: fc.constant('no active turn'),
  }),
  fc.record({ type: is('thread-missing'), thread, detail: fc.constant('no rollout found') }),
  fc.record({
    type: is('work-gone'),
    run: fc.constantFrom(1, 2),
    survivors: fc.constantFrom<string[][]>([], ['pid 7: sleep']),
  }),
  fc.record({ type: is('base'), base: fc.constantFrom(GIT, NO_BASE) }),
  change,
  fc.record({
    type: is('predecessor-ended'),
    session: fc.constantFrom('first1', 'first2'),
    end: fc.constantFrom('done', 'done', 'failed' as const),
  }),
  fc.record({ type: is('gap'), why: fc.constant('the connection closed') }),
  fc.record({ type: is('unrecognised'), name: fc.constant('x/y') }),
);

const answer: fc.Arbitrary<Answer> = fc.oneof(
  fc.record({
    type: fc.constant('choice' as const),
    id: fc.constantFrom('accept', 'accept', 'decline', 'option-1', 'option-9', 'prefix'),
    message: fc.constant(null),
  }),
  fc.record({ type: fc.constant('text' as const), text: fc.constantFrom('a', '') }),
);

const RETURNS = ['done', 'stale', 'retry', 'given-up', 'unknown'] as const;
export type Return = (typeof RETURNS)[number];

/** One thing that happens; `which` picks among what there is at that moment. */
export type Happening =
  | { type: 'evidence'; body: EvidenceBody; twice: boolean }
  | { type: 'answer'; which: number; answer: Answer }
  | { type: 'end'; mode: EndMode }
  | { type: 'send'; how: SendMode; verify: boolean; moved: boolean }
  /** The turn that runs is over, whichever it is. */
  | { type: 'turn-over'; outcome: 'completed' | 'interrupted' | 'failed' }
  | { type: 'seen' }
  | { type: 'archive' }
  | { type: 'attach' }
  | { type: 'returns'; which: number; result: Return }
  | { type: 'returns-late'; key: string; result: Return }
  | { type: 'wakes'; late: number };

const happens = <Type extends Happening['type']>(type: Type): fc.Arbitrary<Type> => fc.constant(type);
/** Mostly what should happen, so that sessions get somewhere. */
const result = fc.oneof(
  { weight: 5, arbitrary: fc.constant('done' as const) },
  { weight: 3, arbitrary: fc.constantFrom(...RETURNS) },
);

const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 10, arbitrary: fc.record({ type: happens('evidence'), body: evidence, twice: fc.boolean() }) },
  { weight: 9, arbitrary: fc.record({ type: happens('returns'), which: fc.nat(9), result }) },
  { weight: 5, arbitrary: fc.record({ type: happens('answer'), which: fc.nat(4), answer }) },
  {
    weight: 3,
    arbitrary: fc.record({ type: happens('wakes'), late: fc.constantFrom(0, 0, 1, 4_000, 70_000) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      type: happens('send'),
      how: fc.constantFrom<SendMode>('steer', 'steer', 'queue', 'queue', 'interrupt'),
      verify: fc.constantFrom(true, true, false),
      moved: fc.constantFrom(false, false, true),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: happens('turn-over'),
      outcome: fc.constantFrom('completed', 'completed', 'interrupted', 'failed' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: happens('seen') }) },
  { weight: 1, arbitrary: fc.record({ type: happens('archive') }) },
  { weight: 1, arbitrary: fc.record({ type: happens('attach') }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: happens('returns-late'),
      key: fc.constantFrom(
        'look',
        'open.1',
        'turn.1',
        'turn.2',
        'message.m1',
        'answer.r1.0',
        'end.1.interrupt',
        'end.1.kill',
        'snapshot',
        'nothing',
      ),
      result: fc.constantFrom(...RETURNS),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ type: happens('end'), mode: fc.constantFrom(...END_MODES) }),
  },
);

const RETURNS_DONE: Happening = { type: 'returns', which: 0, result: 'done' };
/** The folder is on record, and there is a thread; its prompt is handed over. */
const AT_WORK = [RETURNS_DONE, RETURNS_DONE, RETURNS_DONE];
const FINISHED: Happening[] = [...AT_WORK, { type: 'turn-over', outcome: 'completed' }];
const RESUMED: Happening[] = [...FINISHED, { type: 'send', how: 'queue', verify: true, moved: false }];

/** A whole life; most begin as they should, some with an end and a resume. */
export const life: fc.Arbitrary<Happening[]> = fc
  .tuple(
    fc.constantFrom<Happening[]>([], AT_WORK, AT_WORK, AT_WORK, FINISHED, RESUMED),
    fc.array(happening, { minLength: 1, maxLength: 50, size: 'max' }),
  )
  .map(([beginning, rest]) => [...beginning, ...rest]);

/** How a session may be born: at once or, more seldom, after others or with a budget. */
export const birth: fc.Arbitrary<Input> = fc
  .constantFrom<Partial<SessionSpec>>(
    {},
    {},
    {},
    {},
    { after: ['first1', 'first2'] },
    { budget: { tokens: 2, timeMs: null } },
    { budget: { tokens: null, timeMs: 90_000 }, after: ['first1'] },
  )
  .map((given) => ({
    type: 'command',
    command: { type: 'create', spec: { ...SPEC, ...given }, prompt: 'do it' },
  }));

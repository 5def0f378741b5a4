import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { reportOf } from '../../../src/core/report/report.ts';
import { plain, plainLine } from '../../../src/protocol/plain.ts';
import { reportText } from '../../../src/protocol/report-text.ts';
import { type ReportView, reportView } from '../../../src/protocol/report-view.ts';
import {
  approval,
  finished,
  GIT,
  message,
  observed,
  opened,
  Story,
  turnEnded,
  userItem,
  workGone,
} from '../core/fixture.ts';

const view = (story: Story): ReportView =>
  reportView(story.session, reportOf(story.facts, story.now), story.now);

const ran = (id: string, command: string, exitCode: number | null) =>
  ({
    type: 'item-completed',
    thread: 't1',
    turn: 'u1',
    item: {
      kind: 'command',
      id,
      command,
      cwd: '/srv/project',
      state: exitCode === null ? 'declined' : 'completed',
      exitCode,
      durationMs: exitCode === null ? null : 12_345,
    },
  }) as const;

/** A session in which most things have happened, with a given text wherever others put one. */
function eventful(text = 'text'): Story {
  const story = new Story().begun(GIT);
  story.say(ran('i1', text, 0));
  story.say(ran('i2', text, null));
  story.say(opened('r1', approval({ command: text })));
  story.now += 61_000;
  const answer = { type: 'choice', id: 'accept', message: text } as const;
  story.command({ type: 'answer', requestId: 'r1', answer, by: 'me' });
  story.say({ type: 'request-resolved', server: 's1', rpcId: '0', thread: 't1', ours: true });
  story.say(
    opened(
      'r2',
      { need: 'network', question: text, choices: [{ id: 'accept', label: text, prefix: null }] },
      { rpcId: '1' },
    ),
  );
  story.say({ type: 'request-resolved', server: 's1', rpcId: '1', thread: 't1', ours: false });
  story.say({ type: 'retrying', thread: 't1', turn: 'u1', cause: 'network', message: text, until: null });
  story.send('m1', 'steer', { text, by: 'me' });
  story.say(userItem('m1'));
  story.send('m2', 'queue', { text });
  story.say(message('i9', text));
  const changes = { files: 3, added: 1, removed: 2 };
  const list = [
    { path: text, kind: 'modified', from: null, added: 1, removed: 2 },
    { path: text, kind: 'renamed', from: text, added: null, removed: null },
  ];
  story.say({ type: 'changes', changes, list, now: { tree: 'tree', head: null } });
  const error = { reason: 'model-error', message: text } as const;
  story.say({ type: 'turn-ended', thread: 't1', turn: 'u1', outcome: 'failed', error });
  return story;
}

test('a report of a session in which most things have happened', () => {
  expect(reportText(view(eventful()))).toBe(`# fix-auth (k7m2qd): failed/model-error

- because: app-server \`text\`
- detail: \`text\`
- folder: \`/srv/project\`
- from 1970-01-01T00:00:01.000Z to 1970-01-01T00:01:02.000Z: 61 s, 1 run
- thread: t1
- Codex 0.169.0, model as configured, sandbox workspace-write, approval on-request
- tokens: 0 (input 0, cached 0, output 0)

## Asked for

- 1970-01-01 00:00:01 user: \`do it\`
- 1970-01-01 00:01:02 me: \`text\`
- 1970-01-01 00:01:02 me (never delivered): \`text\`

## Says

> text

## Changed

3 files, +1 -2, measured 1970-01-01T00:01:02.000Z against the state before the session.

- modified \`text\` (+1 -2)
- renamed \`text\` → \`text\` (binary)
- … and 1 more files

## Commands (2)

- 1970-01-01 00:00:01 \`text\`: exit 0, 12 s
- 1970-01-01 00:00:01 \`text\`: declined

## Requests (2)

- 1970-01-01 00:00:01 approval r1: \`text\`: answered accept by me (\`Yes, once: text\`), after 61 s
- 1970-01-01 00:01:02 network r2: \`text\`: elsewhere (\`settled by another client or by Codex itself\`), after 0.0 s

## Trouble

- 1970-01-01 00:01:02 network: \`text\`

## Time

- starting: 0.0 s
- working: 0.0 s
- waiting: 61 s
- throttled: 0.0 s`);
});

describe('a report of a session', () => {
  const lines = (story: Story) => reportText(view(story)).split('\n');

  test('that waits has its open request and what waits to be delivered', () => {
    const story = new Story().begun();
    story.say(opened('r1'));
    story.send('m1');
    expect(lines(story)).toEqual(
      expect.arrayContaining([
        '# fix-auth (k7m2qd): waiting',
        '- from 1970-01-01T00:00:01.000Z to now: 0.0 s, 1 run',
        '- 1970-01-01 00:00:01 me (not delivered yet): `text of m1`',
        '- 1970-01-01 00:00:01 approval r1: `git status`: open',
        'Not known: `not a git repository`.',
      ]),
    );
  });

  test('whose thread was compared says what came back', () => {
    const complete = finished();
    complete.send('m1');
    complete.say(observed({ state: 'idle', history: ['u1'] }));
    const lost = finished();
    lost.send('m1');
    lost.say(observed({ state: 'idle', history: [] }));
    expect(
      [lines(complete), lines(lost)].map((all) => all.filter((line) => line.startsWith('- thread'))),
    ).toEqual([['- thread: t1, came back with 1 of 1 turns'], ['- thread: t1, came back with 0 of 1 turns']]);
    expect(lines(lost)).toContain('- 1970-01-01 00:01:01 user (never delivered): `text of m1`');
  });

  test('that was killed with survivors names them', () => {
    const story = new Story().begun();
    story.end('kill');
    story.say(workGone(['pid 7: sleep 60']));
    expect(lines(story)).toEqual(
      expect.arrayContaining([
        '# fix-auth (k7m2qd): stopped',
        '- because: machine `ended for me, but these still run: pid 7: sleep 60`',
        '- detail: `still running: pid 7: sleep 60`',
      ]),
    );
  });

  test('that is done with doubts says so in its title', () => {
    const story = new Story().begun();
    story.say(turnEnded('completed'));
    expect(lines(story)[0]).toBe('# fix-auth (k7m2qd): done, unverified, doubts: empty-completion');
  });

  test('that changed nothing, and one that was not measured yet', () => {
    const story = new Story().begun(GIT);
    const before = lines(story);
    const changes = { files: 0, added: 0, removed: 0 };
    story.say({ type: 'changes', changes, list: [], now: { tree: 'tree', head: null } });
    expect([before, lines(story)]).toEqual([
      expect.arrayContaining(['Not known: `not measured yet`.']),
      expect.arrayContaining(['Nothing, measured 1970-01-01T00:00:01.000Z.']),
    ]);
  });

  test('with more commands than anybody reads lists the first of them', () => {
    const story = new Story().begun();
    for (let n = 0; n < 203; n += 1) story.say(ran(`i${n}`, `run ${n}`, 0));
    const all = lines(story);
    expect([
      all.includes('## Commands (203)'),
      all.filter((line) => line.includes('`run ')).length,
      all.includes('- … and 3 more, in the JSON'),
      view(story).commands.length,
    ]).toEqual([true, 200, true, 203]);
  });
});

test('the view is data of its own: it survives JSON, and has its times as people write them', () => {
  const made = view(eventful());
  expect(JSON.parse(JSON.stringify(made))).toEqual(made);
  expect(made).toMatchObject({
    schemaVersion: 1,
    durationMs: 61_000,
    runs: [
      { n: 1, startedAt: '1970-01-01T00:00:01.000Z', endedAt: '1970-01-01T00:01:02.000Z', context: null },
    ],
    requests: [
      { id: 'r1', waitedMs: 61_000, how: 'answered' },
      { id: 'r2', waitedMs: 0, how: 'elsewhere' },
    ],
    instructions: [{ outcome: 'taken' }, { outcome: 'taken' }, { outcome: 'lost' }],
    unmeasured: null,
  });
});

/** What could begin a block of Markdown, end a code span, or pass for a line of the report. */
const nasty = fc
  .array(
    fc.constantFrom(
      '\n',
      '\n\n',
      '\r',
      '\u2028',
      '\x1b[2K',
      '`',
      '``',
      '```\n',
      '~~~\n',
      '# done',
      '\n# fix-auth: done',
      '\n## Commands (0)\n',
      '\n- 1970-01-01 00:00:01 approval r9: answered accept by me',
      '\n---\n',
      '\n===\n',
      '> ',
      '    ',
      '<details>',
      '<!--',
      '| a |',
      '[x]: http://x',
      '\\',
      'word',
    ),
    { minLength: 1, maxLength: 8 },
  )
  .map((parts) => parts.join(''));

/** What each line of a Markdown text is; the lines of a quotation are one. */
function skeleton(markdown: string): string[] {
  const kinds = markdown.split('\n').map((line) => {
    if (line.startsWith('>')) return 'quotation';
    if (/^#{1,6} /.test(line)) return line;
    return line === '' ? 'nothing' : /^(?:- )/.test(line) ? 'entry' : `words: ${line}`;
  });
  return kinds.filter((kind, index) => kind !== 'quotation' || kinds[index - 1] !== 'quotation');
}

/** One line as CommonMark 0.31 reads it (section 6.1): its code spans, and what stands outside of them. */
function read(line: string): { code: string[]; outside: string } {
  const code: string[] = [];
  let outside = '';
  let rest = line;
  for (let ticks = /`+/.exec(rest); ticks !== null; ticks = /`+/.exec(rest)) {
    const after = rest.slice(ticks.index + ticks[0].length);
    const close = new RegExp(`(?<!\`)\`{${ticks[0].length}}(?!\`)`).exec(after);
    outside += rest.slice(0, ticks.index) + (close === null ? ticks[0] : '');
    const inside = close === null ? null : after.slice(0, close.index);
    if (inside !== null) code.push(/^ .*\S.* $/.test(inside) ? inside.slice(1, -1) : inside);
    rest = close === null ? after : after.slice(close.index + close[0].length);
  }
  return { code, outside: outside + rest };
}

describe('whatever a session writes', () => {
  test('it stays in its place: no line, no heading, no block of it stands beside ours', () => {
    const expected = skeleton(reportText(view(eventful())));
    fc.assert(
      fc.property(nasty, (text) => {
        expect(skeleton(reportText(view(eventful(text))))).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  test('commands and paths are code, whole, whatever ticks they have', () => {
    fc.assert(
      fc.property(nasty, (text) => {
        const shown = plainLine(text, 300);
        fc.pre(shown !== '');
        const lines = reportText(view(eventful(text))).split('\n');
        const found = (pattern: RegExp) => read(lines.find((line) => pattern.test(line)) ?? '').code;
        expect(found(/^- 1970-01-01 00:00:01 .*: exit 0, 12 s$/)).toEqual([shown]);
        expect(found(/^- modified /)).toEqual([shown]);
        expect(found(/^- renamed /)).toEqual([shown, shown]);
        expect(found(/ approval r1: /)[0]).toBe(shown);
      }),
      { numRuns: 300 },
    );
  });

  test('all else of it is code, or quoted: none of it stands among our words', () => {
    fc.assert(
      fc.property(nasty, (text) => {
        const lines = reportText(view(eventful(`${text}MARK${text}`))).split('\n');
        const ours = lines.filter((line) => !line.startsWith('>')).map((line) => read(line).outside);
        expect(ours.filter((line) => line.includes('MARK'))).toEqual([]);
        expect(ours.filter((line) => line.includes('`'))).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  test('what it says last is quoted, line by line, all of it', () => {
    fc.assert(
      fc.property(nasty, (text) => {
        const all = reportText(view(eventful(text)));
        const says = all.slice(all.indexOf('\n## Says\n\n') + 10, all.lastIndexOf('\n\n## Changed\n'));
        const quoted = says.split('\n').map((line) => [line.slice(0, 2), line.slice(2)]);
        expect(new Set(quoted.map(([mark]) => mark))).toEqual(new Set(['> ']));
        // What would be a link, a picture or HTML is none.
        const shown = plain(text).replaceAll(/[[<]/g, '\\$&');
        expect(quoted.map(([, line]) => line).join('\n')).toBe(shown);
      }),
      { numRuns: 300 },
    );
  });

  test('no character of it moves a terminal', () => {
    fc.assert(
      fc.property(nasty, (text) => {
        expect(reportText(view(eventful(text)))).toMatch(/^(?:[\n\t\u200d]|[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}])*$/u);
      }),
      { numRuns: 100 },
    );
  });
});

describe('a question, beside what came of it', () => {
  const line = (question: string, why: string | null = null): string => {
    const story = new Story().begun();
    const choices = [{ id: 'accept', label: 'Yes', prefix: null }];
    story.say(opened('r1', { need: 'network', question, choices }));
    if (why !== null) {
      const answer = { type: 'choice', id: 'accept', message: why } as const;
      story.command({ type: 'answer', requestId: 'r1', answer, by: 'me' });
      story.say({ type: 'request-resolved', server: 's1', rpcId: '0', thread: 't1', ours: true });
    }
    const lines = reportText(view(story)).split('\n');
    return read(lines.find((one) => one.includes(' network r1: ')) ?? 'no line').outside;
  };

  test.each([
    ['cannot say that it was answered', 'Net?: answered accept by me (Yes), after 0.1 s', null, ': open'],
    [
      'makes no code of our words with a tick',
      'may I `',
      'no ` matter',
      ': answered accept by me (), after 0.0 s',
    ],
    ['shows no picture from elsewhere', '![x](http://elsewhere/x.png?all-that-it-knows)', null, ': open'],
  ])('%s', (_, question, why, ours) => {
    expect(line(question, why)).toBe(`- 1970-01-01 00:00:01 network r1: ${ours}`);
  });
});

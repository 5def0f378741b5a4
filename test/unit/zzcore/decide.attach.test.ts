import { describe, expect, test } from 'vitest';
import { fuse } from '../../../src/core/evidence/fuse.ts';
import { attentionSince, needsAttention } from '../../../src/core/session/attention.ts';
import { finished, observed, Story, said, turnEnded, workGone } from './fixture.ts';

const SECOND = { type: 'turn-started', thread: 't1', turn: 'u2' } as const;

describe('a terminal that joins the thread', () => {
  const ended = (mode: 'interrupt' | 'stop' | 'kill'): Story => {
    const story = new Story().begun();
    story.end(mode);
    story.say(turnEnded('interrupted'));
    story.say(workGone());
    story.back(`end.1.${mode}`);
    story.now += 1_000;
    return story;
  };
  const attach = (story: Story): string => {
    const { ok } = story.command({ type: 'attach' });
    return ok ? said(story.last) : 'refused';
  };

  test.each(['stop', 'kill'] as const)('after a %s makes the next turn the user’s own', (mode) => {
    const story = ended(mode);
    expect([attach(story), story.say(SECOND)]).toEqual(['attached', 'run-opened, turn-started, is working']);
    expect([story.session.run.prompt, story.session.run.context, story.session.endRequested]).toEqual([
      '',
      null,
      null,
    ]);
    expect(story.say(turnEnded('completed', 'u2'))).toBe('turn-ended, run-ended, is done');
  });

  test('before the stop does not: what was stopped stays so', () => {
    const story = new Story().begun();
    attach(story);
    story.now += 10;
    story.end('stop');
    story.say(workGone());
    expect(story.say(SECOND)).toBe('run-opened, end-requested, turn-started, is working, → end.2.kill');
  });

  test('and a stop after that counts again', () => {
    const story = ended('kill');
    attach(story);
    story.say(SECOND);
    story.now += 10;
    story.end('kill');
    story.say(workGone([], 2));
    expect(story.say({ ...SECOND, turn: 'u3' })).toBe(
      'run-opened, end-requested, turn-started, is working, → end.3.kill',
    );
  });

  test('without one, what was ended again stays ended again and again', () => {
    const story = ended('stop');
    story.say(SECOND);
    story.say(workGone([], 2));
    expect([story.session.run.end, story.say({ ...SECOND, turn: 'u3' })]).toEqual([
      { type: 'stopped', by: 'me', survivors: [], proven: true, mode: 'kill' },
      'run-opened, end-requested, turn-started, is working, → end.3.kill',
    ]);
  });

  test('an interrupt ends a turn, not the session: the next is nobody’s to end', () => {
    expect(ended('interrupt').say(SECOND)).toBe('run-opened, turn-started, is working');
  });

  test('an instruction to a stopped session is not taken for somebody else’s turn', () => {
    const story = ended('kill');
    story.send('m1');
    story.say(observed({ state: 'idle', history: ['u1'] }));
    expect([story.say(SECOND), story.session.endRequested]).toEqual(['turn-started, is working', null]);
  });
});

describe('putting aside', () => {
  const archive = (story: Story): string => {
    const reply = story.command({ type: 'archive' });
    return reply.ok ? said(story.last) : reply.failure.code;
  };

  test('is refused while the session is open, whatever is asked of it', () => {
    const story = new Story();
    const replies = [archive(story)];
    story.begun();
    replies.push(archive(story));
    story.end('kill');
    replies.push(archive(story));
    expect([replies, story.session.archived]).toEqual([['conflict', 'conflict', 'conflict'], false]);
  });

  test.each(['completed', 'failed', 'interrupted'] as const)(
    '%s: afterwards nobody needs to look',
    (outcome) => {
      const story = new Story().begun();
      story.say(turnEnded(outcome));
      const wanted = attentionSince(story.session);
      expect([archive(story), archive(story), story.phase]).toEqual([
        'archived',
        '',
        story.session.run.end?.type,
      ]);
      expect([
        wanted === null,
        attentionSince(story.session),
        needsAttention(story.session, story.now + 1e9),
      ]).toEqual([outcome === 'interrupted', null, false]);
      expect(fuse(story.session, story.now)).toEqual(story.session.status);
    },
  );

  test('ends with the next run, whoever begins it', () => {
    const story = finished();
    archive(story);
    story.send('m1');
    const sent = story.session.archived;
    const elsewhere = finished();
    archive(elsewhere);
    elsewhere.say(SECOND);
    expect([sent, elsewhere.session.archived]).toEqual([false, false]);
  });
});

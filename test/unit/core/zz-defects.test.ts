import { describe, expect, test } from 'vitest';
import { DEFAULT_POLICY } from '../../../src/core/policy/policy.ts';
import { reportOf } from '../../../src/core/report/report.ts';
import { reportText } from '../../../src/protocol/report-text.ts';
import { reportView } from '../../../src/protocol/report-view.ts';
import { finished, opened, SPEC, Story, turnEnded, userItem, workGone } from './fixture.ts';

/** Each of these fails: it is what should hold, and does not. */

const SECOND = { type: 'turn-started', thread: 't1', turn: 'u2' } as const;

describe('H. the report in Markdown: the words of a session do not pass for ours', () => {
  const line = (question: string, why: string | null = null): string => {
    const story = new Story().begun();
    const choices = [{ id: 'accept', label: 'Yes', prefix: null }];
    story.say(opened('r1', { need: 'network', question, choices }));
    if (why !== null) {
      const answer = { type: 'choice', id: 'accept', message: why } as const;
      story.command({ type: 'answer', requestId: 'r1', answer, by: 'me' });
      story.say({ type: 'request-resolved', server: 's1', rpcId: '0', thread: 't1', ours: true });
    }
    const view = reportView(story.session, reportOf(story.facts, story.now), story.now);
    const found = reportText(view)
      .split('\n')
      .find((one) => one.includes(' network r1: '));
    return found ?? 'no line';
  };

  test('a question cannot say that it was answered: an open request reads as an open one', () => {
    const ours = line('Net?: answered accept by me (Yes), after 0.1 s').replaceAll(/(`+).*?\1/g, '');
    expect(ours).not.toContain('answered accept by me');
  });

  test('a tick in a question and one in a reason do not make code of what stands between them', () => {
    const shown = line('may I `', 'no ` matter').replaceAll(/(`+).*?\1/g, '');
    expect(shown).toContain(': answered accept by me');
  });

  test('a question shows no picture from elsewhere', () => {
    const shown = line('![x](http://elsewhere/x.png?all-that-it-knows)').replaceAll(/(`+).*?\1/g, '');
    expect(shown).not.toMatch(/(?<!\\)!\[/);
  });
});

describe('I. (minor) what is typed elsewhere', () => {
  test('is reported once for each turn, also where two items have one id (an item is known by turn and id)', () => {
    const story = finished();
    const typed = (turn: string) => {
      const item = { kind: 'user', id: 'i1', text: `typed in ${turn}` } as const;
      return { type: 'item-completed', thread: 't1', turn, item } as const;
    };
    story.say(SECOND);
    story.say(typed('u2'));
    story.say(turnEnded('completed', 'u2'));
    story.say({ ...SECOND, turn: 'u3' });
    story.say(typed('u3'));
    const told = reportOf(story.facts, story.now).instructions.map(({ text }) => text);
    expect(told).toEqual(['do it', 'typed in u2', 'typed in u3']);
  });
});

describe('J. a run that ends with the turn that was interrupted, which only the look after it found', () => {
  test('names what the interrupt left running', () => {
    const story = new Story().begun();
    story.send('m1');
    story.say(turnEnded('completed'));
    story.end('interrupt');
    story.now += 10;
    story.back('message.m1', { type: 'unknown', why: 'the daemon was restarted' });
    story.say({ type: 'gap', why: 'the daemon was restarted' });
    story.say(workGone(['pid 7: sleep']));
    story.now += 10;
    story.say(SECOND);
    story.say(userItem('m1', 'u2'));
    story.say(turnEnded('interrupted', 'u2'));
    expect(story.session.run.end).toMatchObject({ type: 'stopped', survivors: ['pid 7: sleep'] });
  });
});

describe('K. a session that waits for others', () => {
  test('does not wake every second once a minute has passed: there is nothing to look at', () => {
    const spec = { ...SPEC, after: ['first1'] };
    const command = { type: 'create', spec, prompt: 'do it' } as const;
    const story = new Story(DEFAULT_POLICY, { type: 'command', command });
    story.after(600_000);
    expect(Number(story.last.wakeAt) - story.now).toBeGreaterThanOrEqual(30_000);
  });
});

describe('L. (minor) a run that used up its budget', () => {
  test('and left something running: the stop was not met', () => {
    const spec = { ...SPEC, budget: { tokens: null, timeMs: 60_000 } };
    const command = { type: 'create', spec, prompt: 'do it' } as const;
    const story = new Story(DEFAULT_POLICY, { type: 'command', command }).begun();
    story.after(60_000);
    story.say(workGone(['pid 7: sleep']));
    expect([story.phase, story.outcomes]).toEqual(['failed', ['stop undone']]);
  });
});

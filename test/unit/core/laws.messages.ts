import { isDeepStrictEqual } from 'node:util';
import { turnKey } from '../../../src/core/policy/needs.ts';
import { promptId } from '../../../src/core/session/apply-run.ts';
import { needsAttention } from '../../../src/core/session/attention.ts';
import type { Fact, FactBody } from '../../../src/core/session/fact.ts';
import { activeTurn, END_MODES, hasEnded, type Session } from '../../../src/core/session/session.ts';
import type { Law, Step } from './world.ts';

/** What must hold of instructions, interrupts, and runs that take a thread up again; see laws.ts. */
export const LAWS_OF_MESSAGES: Record<string, () => Law> = {
  'an instruction that was acknowledged is taken or dropped, once, or waits in an open run': () => {
    const waiting = new Set<string>();
    return ({ input, decision, before, after }) => {
      const sent = input.type === 'command' && input.command.type === 'send' ? input.command : null;
      const kept = decision.facts.filter(({ body }) => body.type === 'message-accepted').length;
      const opened = decision.facts.find(({ body }) => body.type === 'run-opened')?.body;
      if (sent !== null && decision.reply.ok) {
        if (before === null || !hasEnded(before)) {
          if (kept !== 1) return `acknowledged and kept ${kept} times`;
          waiting.add(sent.id);
        } else if (opened?.type !== 'run-opened' || opened.prompt !== sent.text || kept > 0)
          return `acknowledged, and no run is opened with it: ${JSON.stringify(opened)}`;
      } else if (kept > 0) return 'kept, and nobody sent it';
      for (const body of settling(decision.facts, after)) {
        if (!waiting.has(body.id)) return `${body.type} of ${body.id}, which does not wait`;
        if (body.type !== 'message-held') waiting.delete(body.id);
      }
      const known = after.messages.map(({ id }) => id);
      if (!isDeepStrictEqual(new Set(known), waiting) || known.length > waiting.size)
        return `${known.join()} wait, and should: ${[...waiting].join()}`;
      return hasEnded(after) && waiting.size > 0 ? `${known.join()} wait in a run that has ended` : null;
    };
  },

  'an instruction is taken only where Codex says so': () => {
    return ({ input, decision, after }) => {
      const body = input.type === 'evidence' ? input.evidence.body : null;
      const told =
        body?.type === 'message-taken'
          ? body.message
          : body?.type === 'item-completed' && body.item.kind === 'user'
            ? body.item.message
            : undefined;
      const wrong = settling(decision.facts, after).find(
        ({ type, id }) => type === 'message-taken' && id !== told,
      );
      return wrong === undefined ? null : `${wrong.id}, after ${told}`;
    };
  },

  'instructions go in the order in which they came, one that interrupts before all others': () => {
    let queue: { id: string; how: string }[] = [];
    return ({ input, decision, before, after }) => {
      if (input.type === 'command' && input.command.type === 'send' && decision.reply.ok) {
        const { id, how } = input.command;
        const open = before !== null && !hasEnded(before);
        if (open && how === 'interrupt') queue.unshift({ id, how: 'queue' });
        if (open && how !== 'interrupt') queue.push({ id, how });
      }
      for (const { type, id } of settling(decision.facts, after)) {
        if (type === 'message-held') queue = queue.map((one) => (one.id === id ? { id, how: 'queue' } : one));
        else queue = queue.filter((one) => one.id !== id);
      }
      if (
        !isDeepStrictEqual(
          after.messages.map(({ id, how }) => ({ id, how })),
          queue,
        )
      )
        return `it is ${JSON.stringify(after.messages)}, and should be ${JSON.stringify(queue)}`;
      for (const { key, action } of decision.actions) {
        if (action.type === 'steer' && action.message !== queue.find(({ how }) => how === 'steer')?.id)
          return `${key} is not the first to steer`;
        if (action.type === 'start-turn' && action.message !== undefined && action.message !== queue[0]?.id)
          return `${key} is not the first`;
      }
      return null;
    };
  },

  'nothing is handed over a second time before a look has told that it was not taken': () => {
    const handed = new Map<
      string,
      'under way' | 'done' | 'not known' | 'a look is under way' | 'not taken'
    >();
    return ({ decision }) => {
      for (const { body } of decision.facts) {
        if (body.type === 'work-returned' && handed.has(body.key)) {
          const { type } = body.result;
          handed.set(body.key, type === 'retry' ? 'not taken' : type === 'done' ? 'done' : 'not known');
        }
        for (const [key, state] of handed) {
          if (body.type === 'work-requested' && body.key === 'look' && state === 'not known')
            handed.set(key, 'a look is under way');
          if (body.type === 'observed' && state === 'a look is under way') handed.set(key, 'not taken');
        }
        if (body.type !== 'work-requested' || !isHandingOver(body.action.type)) continue;
        const state = handed.get(body.key);
        if (state !== undefined && state !== 'not taken') return `${body.key}: ${state}`;
        handed.set(body.key, 'under way');
      }
      return null;
    };
  },

  'an instruction begins a turn where none runs, and steers the one that does': () => {
    return ({ decision, after }) => {
      const turn = activeTurn(after);
      for (const { key, action } of decision.actions) {
        if (action.type === 'start-turn' && turn !== null) return `${key} while ${turn} runs`;
        if (action.type === 'start-turn' && action.message !== undefined && !after.run.handedOver)
          return `${key} before the prompt`;
        if (action.type === 'steer' && action.turn !== turn) return `${key} while ${turn} runs`;
      }
      return null;
    };
  },

  'nothing is handed over while an end is asked for, a look is due or a history is not compared': () => {
    return ({ decision, after }) => {
      const found = decision.actions.find(({ action }) => isHandingOver(action.type));
      if (found === undefined) return null;
      if (after.endRequested !== null) return `${found.key} while ${after.endRequested.mode} is asked for`;
      if (after.lookDue !== null) return `${found.key} while a look is due`;
      return after.run.context?.type === 'unchecked' ? `${found.key} before the history is compared` : null;
    };
  },

  'to a thread that came back without turns that were known of it nothing is said': () => {
    return ({ input, decision, before, after }) => {
      const { context, thread } = after.run;
      const found = decision.actions.find(({ action }) => isHandingOver(action.type));
      if (context?.type === 'checked' && context.missing > 0 && found !== undefined) return found.key;
      const compared = decision.facts.find(({ body }) => body.type === 'context-checked')?.body;
      if (compared?.type !== 'context-checked') return null;
      const told =
        input.type === 'evidence' && input.evidence.body.type === 'observed' ? input.evidence.body : null;
      // Whoever took it up without a comparison has put up with what was missing then.
      const trusted = after.pastRuns.findLastIndex((run) => run.context?.type === 'trusted');
      const since = after.pastRuns.slice(Math.max(trusted, 0));
      const known = since.filter((run) => run.thread === thread).flatMap(({ turns }) => turns);
      const missing = known.filter((turn) => told?.history?.includes(turn) === false);
      if (compared.known !== known.length || compared.missing.join() !== missing.join())
        return `${JSON.stringify(compared)} of ${known.join()}`;
      if (missing.length === 0 || before?.endRequested != null) return null;
      return after.run.end?.type === 'lost' ? null : `missing ${missing.join()}, and ${after.status.phase}`;
    };
  },

  'a thread with turns is never replaced by another': () => {
    return ({ decision, before }) => {
      const dropped = decision.facts.find(({ body }) => body.type === 'thread-dropped')?.body;
      if (before === null || dropped?.type !== 'thread-dropped') return null;
      const runs = [before.run, ...before.pastRuns].filter(
        ({ thread, turns }) => thread === dropped.thread && turns.length > 0,
      );
      return runs.length === 0 ? null : `${dropped.thread} has ${runs.flatMap(({ turns }) => turns).join()}`;
    };
  },

  'what a run was opened for is handed over before the run is done': () => {
    const told = new Set<string>();
    return ({ decision, after }) => {
      for (const { body } of decision.facts) {
        if (body.type === 'work-requested' && body.action.type === 'start-turn')
          told.add(turnKey(body.action.run));
        if (body.type === 'message-taken') told.add(body.id);
        // A thread of the run's own has no turn of anybody else.
        if (body.type === 'turn-started' && after.run.context === null) told.add(turnKey(after.run.n));
      }
      const { run } = after;
      const done = decision.facts.some(({ body }) => body.type === 'run-ended' && body.end.type === 'done');
      return done && run.prompt !== '' && !told.has(turnKey(run.n)) && !told.has(promptId(after))
        ? `run ${run.n} was never told: ${run.prompt}`
        : null;
    };
  },

  'an ended run gets nothing more': () => {
    return ({ decision, before }) => {
      if (before === null || !hasEnded(before)) return null;
      const opened = decision.facts.findIndex(({ body }) => body.type === 'run-opened');
      const until = opened === -1 ? decision.facts.length : opened;
      const wrong = decision.facts.slice(0, until).find(({ body }) => NOT_AFTER_THE_END.has(body.type));
      if (wrong !== undefined) return `${wrong.body.type} after the end`;
      const found = decision.actions.find(({ action }) => opened === -1 && action.type !== 'measure');
      return found === undefined ? null : `${found.key} after the end`;
    };
  },

  'an end that is asked for becomes stronger only, and is over with its run or its turn': () => {
    return ({ decision, before, after }) => {
      const [was, is] = [before?.endRequested ?? null, after.endRequested];
      if (was === null || before?.run.n !== after.run.n) return null;
      const interrupted = decision.facts.some(({ body }) => body.type === 'interrupted');
      if (is === null) return interrupted ? null : `${was.mode} is forgotten`;
      return END_MODES.indexOf(is.mode) < END_MODES.indexOf(was.mode) ? `${was.mode}, then ${is.mode}` : null;
    };
  },

  'an interrupt goes on with what is queued, and drops none of it': () => {
    return ({ decision, before, after }) => {
      const { facts } = decision;
      const ended = facts.find(({ body }) => body.type === 'run-ended')?.body;
      const dropped = facts.some(({ body }) => body.type === 'message-dropped');
      const end = ended?.type === 'run-ended' ? ended.end : null;
      if (end?.type === 'stopped' && end.mode === 'interrupt' && dropped) return 'it was dropped';
      if (end?.type === 'done' && dropped) return 'a run that is done dropped it';
      if (!facts.some(({ body }) => body.type === 'interrupted')) return null;
      if (before?.endRequested?.mode !== 'interrupt' && after.interventions.at(-1)?.kind !== 'interrupt')
        return 'nobody asked for it';
      return before !== null && before.messages.length + after.messages.length === 0
        ? 'with nothing queued'
        : null;
    };
  },

  'a turn that is over is not taken for the one that runs': () => {
    const over = new Set<string>();
    return ({ decision, after }) => {
      for (const { body } of decision.facts) if (body.type === 'turn-ended') over.add(body.turn);
      const turn = activeTurn(after);
      return turn !== null && over.has(turn) ? turn : null;
    };
  },

  'a turn that ended before an interrupt was over ends no run that went on': () => {
    let before: readonly string[] = [];
    return ({ input, decision, after }) => {
      const told =
        input.type === 'evidence' && input.evidence.body.type === 'turn-ended' ? input.evidence.body : null;
      const ended = decision.facts.some(({ body }) => body.type === 'run-ended');
      const wrong = told !== null && ended && before.includes(told.turn) && after.run.end?.type !== 'done';
      if (decision.facts.some(({ body }) => body.type === 'interrupted')) before = after.run.turns;
      return wrong ? `${told.turn}: ${JSON.stringify(after.run.end)}` : null;
    };
  },

  'an open run without a turn, an instruction or an end to come is over': () => {
    return ({ after }) => {
      const { run, messages, endRequested } = after;
      const idle = run.handedOver && run.turns.length > 0 && activeTurn(after) === null;
      return idle && messages.length === 0 && endRequested === null && run.end === null
        ? 'nothing is to come'
        : null;
    };
  },

  'what was ended here stays so, unless somebody has joined since': () => {
    let joined = Number.NEGATIVE_INFINITY;
    return ({ input, decision, before, world }) => {
      if (input.type === 'command' && input.command.type === 'attach') joined = world.now;
      const opened = decision.facts.some(({ body }) => body.type === 'run-opened' && body.prompt === '');
      if (!opened || before === null) return null;
      const { end, endedAt } = before.run;
      const ours = end?.type === 'stopped' && end.proven && end.mode !== 'interrupt';
      const expected = ours && joined < (endedAt ?? 0);
      const killed = decision.facts.some(({ body }) => body.type === 'end-requested' && body.mode === 'kill');
      return killed === expected
        ? null
        : `ended again: ${killed}, joined at ${joined}, ${JSON.stringify(end)}`;
    };
  },

  'only what has ended is put aside, and needs nobody then': () => {
    return ({ input, decision, before, after, world }) => {
      const asked = input.type === 'command' && input.command.type === 'archive';
      const ended = before !== null && hasEnded(before);
      if (asked && decision.reply.ok !== ended) return `asked, and answered ${decision.reply.ok}`;
      if (asked && ended && !after.archived) return 'it is not put aside';
      if (!after.archived) return null;
      return hasEnded(after) && !needsAttention(after, world.now + 1e9)
        ? null
        : 'put aside, and needs somebody';
    };
  },

  'only while it is stopped or killed a session refuses instructions': () => {
    return ({ input, decision, before }) => {
      if (input.type !== 'command' || input.command.type !== 'send' || before === null) return null;
      const mode = before.endRequested?.mode ?? 'interrupt';
      const refused = !hasEnded(before) && mode !== 'interrupt';
      return decision.reply.ok === !refused ? null : `while ${mode} is asked for: ${decision.reply.ok}`;
    };
  },

  'what was done is told with what came of it': () => {
    const came = new Map<string, string>();
    return ({ decision, after }) => {
      for (const { body } of decision.facts) {
        if (body.type === 'message-accepted') came.set(body.message.id, 'committed');
        if (body.type === 'message-taken' && came.has(body.id)) came.set(body.id, 'accepted');
        if (body.type === 'message-dropped') came.set(body.id, 'undone');
      }
      const sent = after.interventions.filter(({ kind }) => kind === 'send');
      const told = sent.map(({ requestId, outcome }) => [requestId, outcome]);
      if (!isDeepStrictEqual(told, [...came]))
        return `${JSON.stringify(told)}, and is ${JSON.stringify([...came])}`;
      const open = after.interventions.find(({ outcome }) => outcome === 'committed');
      return hasEnded(after) && open !== undefined ? `${JSON.stringify(open)} after the end` : null;
    };
  },
};

/** What an ended run has no place for; what it said and changed may be told late. */
const NOT_AFTER_THE_END: ReadonlySet<FactBody['type']> = new Set<FactBody['type']>([
  'message-accepted',
  'message-held',
  'message-taken',
  'message-dropped',
  'context-checked',
  'interrupted',
  'end-requested',
  'run-ended',
  'thread-bound',
  'thread-dropped',
  'turn-started',
  'turn-ended',
  'activity',
  'progress',
  'trouble',
  'answer-committed',
  'answer-undone',
  'request-ruled',
  'look-due',
]);

type Settling = FactBody & { type: 'message-held' | 'message-taken' | 'message-dropped' };

/** What is said of instructions; the prompt of a run, which is none of those that wait, left out. */
function settling(facts: Step['decision']['facts'], { messages, interventions }: Session): Settling[] {
  const known = new Set([
    ...messages.map(({ id }) => id),
    ...interventions.map(({ requestId }) => requestId),
  ]);
  return facts.flatMap(({ body }: Fact) =>
    (body.type === 'message-held' || body.type === 'message-taken' || body.type === 'message-dropped') &&
    known.has(body.id)
      ? [body]
      : [],
  );
}

function isHandingOver(type: string): boolean {
  return type === 'start-turn' || type === 'steer';
}

import { isDeepStrictEqual } from 'node:util';
import { LOOK_BOUND_MS } from '../../../src/core/evidence/fuse.ts';
import { replay } from '../../../src/core/policy/fold.ts';
import { answerKey, turnKey } from '../../../src/core/policy/needs.ts';
import type { FactBody } from '../../../src/core/session/fact.ts';
import { originKey } from '../../../src/core/session/request.ts';
import { activeTurn, hasEnded, openRequests, type Session } from '../../../src/core/session/session.ts';
import { ENDED_PHASES } from '../../../src/core/session/status.ts';
import type { Law } from './world.ts';

/** What must hold after every step of every life. Each is made anew for each life, since some remember. */
export const LAWS: Record<string, () => Law> = {
  'an open run has a time to wake, in the future': () => {
    return ({ decision, after, world }) =>
      !hasEnded(after) && (decision.wakeAt === null || decision.wakeAt <= world.now)
        ? `open, but wakeAt is ${decision.wakeAt} at ${world.now}`
        : null;
  },

  'the end of a run never changes': () => {
    const ends = new Map<number, string>();
    return ({ after }) => {
      for (const { n, end, endedAt } of [after.run, ...after.pastRuns]) {
        const known = ends.get(n);
        const now = JSON.stringify([end, endedAt]);
        if (known !== undefined && known !== now) return `run ${n} ended as ${known}, then as ${now}`;
        if (end !== null) ends.set(n, now);
      }
      const runs = [...after.pastRuns, after.run].map(({ n }) => n);
      return runs.every((n, index) => n === index + 1) ? null : `runs are ${runs.join()}`;
    };
  },

  'the phase is an ended one exactly where the newest run has ended': () => {
    return ({ after }) =>
      ENDED_PHASES.some((phase) => phase === after.status.phase) === hasEnded(after)
        ? null
        : `phase ${after.status.phase}, end ${JSON.stringify(after.run.end)}`;
  },

  'confidence is null exactly where the phase is unknown': () => {
    return ({ after: { status } }) =>
      (status.confidence === null) === (status.phase === 'unknown') && status.because.length > 0
        ? null
        : JSON.stringify(status);
  },

  'the facts make the session that decide works on': () => {
    return ({ decision, after }) =>
      isDeepStrictEqual(decision.session, after) ? null : 'the facts do not make the session';
  },

  'all facts replayed make the same session': () => {
    // Not after every step: the law above has each step, and this one reads all facts each time.
    let read = 0;
    return ({ after, world }) => {
      if (world.facts.length < read + 10) return null;
      read = world.facts.length;
      return isDeepStrictEqual(replay(world.facts), after) ? null : 'it differs';
    };
  },

  'an item is a fact once': () => {
    const items = new Set<string>();
    return ({ decision }) => {
      for (const { body } of decision.facts) {
        if (body.type !== 'item') continue;
        const key = `${body.turn} ${body.item.id}`;
        if (items.has(key)) return `${key} came twice`;
        items.add(key);
      }
      return null;
    };
  },

  'a turn belongs to one run': () => {
    return ({ after }) => {
      const turns = [...after.pastRuns, after.run].flatMap((run) => run.turns);
      return new Set(turns).size === turns.length ? null : `turns ${turns.join()}`;
    };
  },

  'a request of one origin is opened once': () => {
    const origins = new Set<string>();
    return ({ decision }) => {
      for (const { body } of decision.facts) {
        if (body.type !== 'request-opened') continue;
        const key = originKey(body.request.origin);
        if (origins.has(key)) return `${key} was opened twice`;
        origins.add(key);
      }
      return null;
    };
  },

  'a request is open, then answered, then closed; only an answer that is undone opens it again': () => {
    const states = new Map<string, string>();
    return ({ decision }) => {
      for (const { body } of decision.facts) {
        const step = stepOf(body);
        if (step === null) continue;
        const state = states.get(step.id) ?? 'unheard of';
        if (!step.from.includes(state)) return `${body.type} for ${step.id}, which is ${state}`;
        states.set(step.id, step.to);
      }
      return null;
    };
  },

  'a request has one committed answer for each time that it was open': () => {
    const answers = new Map<string, number>();
    return ({ decision, after }) => {
      for (const { body } of decision.facts) {
        if (body.type === 'answer-committed')
          answers.set(body.requestId, (answers.get(body.requestId) ?? 0) + 1);
      }
      const wrong = after.requests.find(({ id, undone, state }) => {
        const given = answers.get(id) ?? 0;
        if (state.type === 'open') return given !== undone;
        if (state.type === 'answering') return given !== undone + 1;
        return given !== undone + (state.answer === null ? 0 : 1);
      });
      return wrong === undefined ? null : `${answers.get(wrong.id)} answers: ${JSON.stringify(wrong)}`;
    };
  },

  'a settled request stays as it is, and an answer on its way stays the same answer': () => {
    return ({ decision, before, after }) => {
      for (const request of before?.requests ?? []) {
        const later = after.requests.find(({ id }) => id === request.id);
        if (later === undefined) return `${request.id} is gone`;
        const told = decision.facts.some(({ body }) => 'requestId' in body && body.requestId === request.id);
        if ((!told || request.state.type === 'closed') && !isDeepStrictEqual(request, later))
          return `${request.id} was ${JSON.stringify(request)}, and is ${JSON.stringify(later)}`;
      }
      return null;
    };
  },

  'an answer that is given up leaves its request open, unless it was settled': () => {
    return ({ input, before, after }) => {
      if (input.type !== 'outcome' || before === null) return null;
      const action = before.work[input.key]?.action;
      const state = after.work[input.key]?.state.type;
      if (action?.type !== 'answer' || state !== 'given-up' || before.work[input.key]?.state.type === state)
        return null;
      const was = before.requests.find(({ id }) => id === action.requestId);
      const is = after.requests.find(({ id }) => id === action.requestId);
      if (was === undefined || was.state.type === 'closed') return null;
      return is?.state.type === 'open' && is.undone === was.undone + 1 ? null : JSON.stringify(is);
    };
  },

  'an ended run asks nobody anything': () => {
    return ({ after }) =>
      hasEnded(after) && after.requests.some(({ state }) => state.type !== 'closed')
        ? 'it has ended with an open request'
        : null;
  },

  'one action of a key is under way at a time': () => {
    return ({ decision, world }) => {
      const keys = decision.actions.map(({ key }) => key);
      if (new Set(keys).size < keys.length) return `asked twice at once: ${keys.join()}`;
      const again = keys.find((key) => world.inFlight.has(key));
      return again === undefined ? null : `${again} is asked for while it is under way`;
    };
  },

  'what is asked for names the fact that asked for it': () => {
    return ({ decision: { actions, facts } }) => {
      const wrong = actions.find(({ key, action, cause }) => {
        const body = facts[cause]?.body;
        return body?.type !== 'work-requested' || body.key !== key || body.action !== action;
      });
      return wrong === undefined ? null : `${wrong.key} names ${wrong.cause}`;
    };
  },

  'an answer is delivered for a request that is being answered, with the answer that was committed': () => {
    return ({ decision, after }) => {
      for (const { key, action } of decision.actions) {
        if (action.type !== 'answer') continue;
        const request = after.requests.find(({ id }) => id === action.requestId);
        if (request?.state.type !== 'answering') return `${action.requestId} is ${request?.state.type}`;
        if (key !== answerKey(request.id, request.undone)) return `${key} after ${request.undone} undone`;
        if (!isDeepStrictEqual(request.state.answer, action.answer)) return 'another answer';
      }
      return null;
    };
  },

  'the prompt is handed over only where no turn runs and it has not been, with the folder on record': () => {
    return ({ decision, after }) =>
      decision.actions.some(({ action }) => action.type === 'start-turn' && action.message === undefined) &&
      (after.run.handedOver ||
        activeTurn(after) !== null ||
        after.base.type === 'pending' ||
        after.run.thread === null)
        ? JSON.stringify(after.run)
        : null;
  },

  'after an end was asked for nothing new is begun or answered': () => {
    return ({ input, decision, before, after }) => {
      if (after.endRequested === null) return null;
      const begun = decision.actions.find(({ action }) =>
        ['open-thread', 'start-turn', 'steer', 'answer'].includes(action.type),
      );
      if (begun !== undefined) return `${begun.key} is asked for`;
      if (decision.facts.some(({ body }) => body.type === 'answer-committed')) return 'an answer is taken';
      const { reply } = decision;
      const answers = before !== null && input.type === 'command' && input.command.type === 'answer';
      return answers && reply.ok ? 'an answer is acknowledged' : null;
    };
  },

  'a refusal adds no facts and asks for nothing': () => {
    return ({ decision: { reply, facts, actions } }) =>
      reply.ok || facts.length + actions.length === 0 ? null : 'it did something all the same';
  },

  'a policy answers a request once at most, and never again what was undone': () => {
    const answered = new Set<string>();
    return ({ decision, before }) => {
      for (const { body, source } of decision.facts) {
        if (body.type !== 'answer-committed' || source !== 'policy') continue;
        const { requestId, by } = body;
        if (!by.startsWith('policy:')) return `answered by ${by}`;
        if (answered.has(requestId)) return `${requestId} was answered twice`;
        if ((before?.requests.find(({ id }) => id === requestId)?.undone ?? 0) > 0)
          return `${requestId} anew`;
        answered.add(requestId);
      }
      return null;
    };
  },

  'a look answers only what fell due before it was asked for': () => {
    let due: 'no' | 'yes' | 'covered' = 'no';
    return ({ input, decision, before, after }) => {
      for (const { body } of decision.facts) {
        // What was due in the run before says nothing of this one.
        if (body.type === 'run-opened') due = 'no';
        if (body.type === 'look-due') due = 'yes';
        if (body.type === 'work-requested' && body.key === 'look' && due === 'yes') due = 'covered';
        if (body.type === 'observed' && due === 'covered') due = 'no';
        // There is nothing left to look at.
        if (body.type === 'thread-dropped') due = 'no';
        if (body.type !== 'work-returned' || !['stale', 'unknown'].includes(body.result.type)) continue;
        const action = input.type === 'outcome' ? before?.work[input.key]?.action.type : undefined;
        if (action === 'start-turn' || action === 'steer' || action === 'answer') due = 'yes';
      }
      const said = after.lookDue === null ? 'no' : after.lookDue.covered ? 'covered' : 'yes';
      return said === due ? null : `a look is due: ${said}, and should be: ${due}`;
    };
  },

  'what could not be compared for too long is unknown, unless something surer is known': () => {
    return ({ after, world }) => {
      const { lookDue, status } = after;
      if (lookDue === null || lookDue.at + LOOK_BOUND_MS > world.now) return null;
      if (hasEnded(after) || openRequests(after).length > 0) return null;
      return status.phase === 'unknown' ? null : `it is ${status.phase}`;
    };
  },

  'a stop is proven where nothing ever began or it was looked for what is left': () => {
    // It was looked for when the newest turn was interrupted, and nothing was begun since.
    let interrupted = false;
    return ({ input, decision, before }) => {
      for (const { body } of decision.facts) {
        if (body.type === 'interrupted') interrupted = true;
        if (body.type === 'turn-started') interrupted = false;
        if (body.type !== 'run-ended' || body.end.type !== 'stopped') continue;
        const { proven, survivors } = body.end;
        const told = input.type === 'evidence' ? input.evidence.body.type : null;
        const nothing =
          before !== null && (told === 'thread-missing' ? isUnused(before) : !before.run.thread);
        if (proven !== (told === 'work-gone' || nothing || interrupted)) return `proven: ${proven}`;
        if (!proven && survivors.length > 0) return 'survivors without a look';
      }
      return null;
    };
  },

  'a thread is given up for another only before anything was said in it, or was about to be': () => {
    return ({ decision, before }) =>
      before !== null &&
      decision.facts.some(({ body }) => body.type === 'thread-dropped') &&
      !isUnused(before)
        ? JSON.stringify(before.run)
        : null;
  },

  'what waits for an answer was asked by the thread of the newest run': () => {
    return ({ after }) => {
      const stray = after.requests.find(
        ({ state, origin }) => state.type !== 'closed' && origin.thread !== after.run.thread,
      );
      return stray === undefined ? null : `${stray.id} is of ${stray.origin.thread}`;
    };
  },

  'time alone settles no request': () => {
    return ({ input, before, after }) =>
      input.type === 'tick' && !isDeepStrictEqual(before?.requests, after.requests)
        ? 'a tick changed a request'
        : null;
  },

  'an open request is waited for, unless its server is gone or its thread says otherwise': () => {
    return ({ after }) => {
      if (!after.requests.some(({ state }) => state.type === 'open')) return null;
      const contradicts = after.report?.state === 'idle' || after.report?.state === 'not-loaded';
      if (after.serverGone !== null || contradicts) return null;
      return after.status.phase === 'waiting' ? null : `it is ${after.status.phase}`;
    };
  },

  'the same evidence twice in a row tells nothing new of items, turns, requests or ends': () => {
    const telling = ['item', 'turn-started', 'request-opened', 'request-closed', 'run-opened', 'run-ended'];
    let last: unknown = null;
    return ({ input, decision }) => {
      const again = input.type === 'evidence' && isDeepStrictEqual(strip(input.evidence.body), last);
      last = input.type === 'evidence' ? strip(input.evidence.body) : null;
      const found = decision.facts.find(({ body }) => telling.includes(body.type));
      // Two open requests of one JSON-RPC id are two to resolve; a real server has no such.
      const ofTwo = input.type === 'evidence' && input.evidence.body.type === 'request-resolved';
      return again && !ofTwo && found !== undefined ? `${found.body.type} a second time` : null;
    };
  },
};

/** True where the run has no turn, and its prompt was never handed over. */
function isUnused({ run, work }: Session): boolean {
  return run.turns.length === 0 && work[turnKey(run.n)] === undefined;
}

/** Which request a fact moves, from which states to which; null for other facts. */
function stepOf(body: FactBody): { id: string; from: string[]; to: string } | null {
  switch (body.type) {
    case 'request-opened':
      return { id: body.request.id, from: ['unheard of'], to: 'open' };
    case 'answer-committed':
      return { id: body.requestId, from: ['open'], to: 'answering' };
    case 'answer-undone':
      return { id: body.requestId, from: ['answering'], to: 'open' };
    case 'request-closed':
      return { id: body.requestId, from: ['open', 'answering'], to: 'closed' };
    default:
      return null;
  }
}

/** Evidence without the id that is minted for it. */
function strip(body: object): unknown {
  return { ...body, id: null };
}

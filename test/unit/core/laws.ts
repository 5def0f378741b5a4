import { isDeepStrictEqual } from 'node:util';
import { replay } from '../../../src/core/policy/fold.ts';
import { originKey } from '../../../src/core/session/request.ts';
import { hasEnded } from '../../../src/core/session/session.ts';
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
    return ({ after, world }) => (isDeepStrictEqual(replay(world.facts), after) ? null : 'it differs');
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

  'a request is answered once, and only while it is open': () => {
    const answered = new Set<string>();
    return ({ decision, before }) => {
      for (const { body } of decision.facts) {
        if (body.type !== 'answer-committed') continue;
        if (answered.has(body.requestId)) return `${body.requestId} was answered twice`;
        answered.add(body.requestId);
        const state = before?.requests.find(({ id }) => id === body.requestId)?.state.type ?? 'open';
        if (state !== 'open') return `${body.requestId} was answered while ${state}`;
      }
      return null;
    };
  },

  'a settled request stays as it is': () => {
    return ({ before, after }) => {
      for (const request of before?.requests ?? []) {
        const later = after.requests.find(({ id }) => id === request.id);
        if (later === undefined) return `${request.id} is gone`;
        if (request.state.type === 'closed' && !isDeepStrictEqual(request, later))
          return `${request.id} was closed, and is ${JSON.stringify(later.state)}`;
        if (request.state.type === 'answering' && later.state.type === 'open')
          return `${request.id} reopened`;
      }
      return null;
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
      for (const { action } of decision.actions) {
        if (action.type !== 'answer') continue;
        const request = after.requests.find(({ id }) => id === action.requestId);
        if (request?.state.type !== 'answering') return `${action.requestId} is ${request?.state.type}`;
        if (!isDeepStrictEqual(request.state.answer, action.answer)) return 'another answer';
      }
      return null;
    };
  },

  'the prompt is handed over only where no turn is known, with the folder on record': () => {
    return ({ decision, after }) =>
      decision.actions.some(({ action }) => action.type === 'start-turn') &&
      (after.run.turns.length > 0 || after.base.type === 'pending' || after.run.thread === null)
        ? JSON.stringify(after.run)
        : null;
  },

  'after an end was asked for nothing new is begun or answered': () => {
    return ({ decision, after }) => {
      const begun = decision.actions.find(({ action }) =>
        ['open-thread', 'start-turn', 'answer'].includes(action.type),
      );
      return after.endRequested !== null && begun !== undefined ? `${begun.key} is asked for` : null;
    };
  },

  'a refusal adds no facts and asks for nothing': () => {
    return ({ decision: { reply, facts, actions } }) =>
      reply.ok || facts.length + actions.length === 0 ? null : 'it did something all the same';
  },

  'without rules no policy answers': () => {
    return ({ decision }) =>
      decision.facts.some(
        ({ body, source }) =>
          source === 'policy' || (body.type === 'answer-committed' && body.by.startsWith('policy')),
      )
        ? 'a policy answered'
        : null;
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

/** Evidence without the id that is minted for it. */
function strip(body: object): unknown {
  return { ...body, id: null };
}

import { type Params, ScenarioError } from './scenario.ts';

/** `#lab:NAME` or `#lab:NAME{"key":"value"}` in a prompt. */
export interface Mark {
  readonly name: string;
  readonly params: Params;
}

const MARK = /#lab:([A-Za-z0-9](?:[A-Za-z0-9_-]|\.(?=[A-Za-z0-9]))*)/;

/** The first mark in a text, or null. Throws {@link ScenarioError} when its parameters are no JSON object. */
export function markIn(text: string): Mark | null {
  const match = MARK.exec(text);
  const name = match?.[1];
  if (match === null || name === undefined) return null;
  const rest = text.slice(match.index + match[0].length);
  if (!rest.startsWith('{')) return { name, params: {} };
  return { name, params: paramsAt(name, rest) };
}

/** Whether a text has a mark, also one whose parameters are broken. */
export function hasMark(text: string): boolean {
  return MARK.test(text);
}

function paramsAt(name: string, text: string): Params {
  const end = endOfObject(text);
  const source = end === null ? text : text.slice(0, end);
  try {
    // A text that starts with "{" and parses is an object.
    return JSON.parse(source) as Params;
  } catch {
    throw new ScenarioError(
      `the parameters of #lab:${name} are no JSON object: write #lab:${name}{"key":"value"}, got ${source.slice(0, 80)}`,
    );
  }
}

function endOfObject(text: string): number | null {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (inString) {
      if (character === '\\') i++;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === '{') depth++;
    else if (character === '}' && --depth === 0) return i + 1;
  }
  return null;
}

import type { CallExpression, Node } from 'oxc-parser';
import type { Check, Violation } from './check.ts';
import { importsOf } from './imports.ts';
import type { Syntax } from './syntax.ts';
import { parseAll, walk } from './syntax.ts';

const remedy = 'wait for an event with a deadline, or poll a condition with vi.waitFor';

/**
 * Tests wait for what happens, not for time to pass. Caught: `sleep(…)`, `delay(…)`, `timers/promises`,
 * `Atomics.wait`, and a promise that `setTimeout` resolves. A `setTimeout` that rejects is a deadline and free; so
 * are the fixture programs, which play misbehaving processes.
 */
export const sleeps: Check = (tree) =>
  parseAll(tree, 'test/')
    .filter(({ path }) => !path.startsWith('test/fixtures/'))
    .flatMap(checkFile);

function checkFile(syntax: Syntax): Violation[] {
  const found: Violation[] = [];
  const add = (line: number, what: string): void => {
    found.push({ file: syntax.path, line, rule: 'sleeps', message: `${what} in a test`, remedy });
  };
  for (const { specifier, line } of importsOf(syntax)) {
    if (specifier !== null && /^(?:node:)?timers\/promises$/.test(specifier)) add(line, specifier);
  }
  walk(syntax.program, ({ node }) => {
    if (node.type === 'CallExpression') {
      const name = calleeName(node);
      if (name === 'sleep' || name === 'delay' || name === 'Atomics.wait')
        add(syntax.lineOf(node), `${name}()`);
    }
    for (const call of timedResolves(node)) add(syntax.lineOf(call), 'a promise resolved by setTimeout');
  });
  return found;
}

/** In `new Promise((resolve) => …)`: the calls of `setTimeout` whose callback is, or calls, `resolve`. */
function timedResolves(node: Node): CallExpression[] {
  if (node.type !== 'NewExpression' || node.callee.type !== 'Identifier' || node.callee.name !== 'Promise')
    return [];
  const executor = node.arguments[0];
  if (executor?.type !== 'ArrowFunctionExpression' && executor?.type !== 'FunctionExpression') return [];
  const resolve = executor.params[0];
  if (resolve?.type !== 'Identifier') return [];
  const calls: CallExpression[] = [];
  walk(executor, ({ node: inner }) => {
    if (inner.type !== 'CallExpression' || !/(?:^|\.)setTimeout$/.test(calleeName(inner))) return;
    const callback = inner.arguments[0];
    if (callback !== undefined && uses(callback, resolve.name)) calls.push(inner);
  });
  return calls;
}

function uses(root: Node, name: string): boolean {
  let found = false;
  walk(root, ({ node }) => {
    if (node.type === 'Identifier' && node.name === name) found = true;
  });
  return found;
}

/** `name` or `object.name`; empty for other callees. */
function calleeName({ callee }: CallExpression): string {
  if (callee.type === 'Identifier') return callee.name;
  if (callee.type !== 'MemberExpression' || callee.object.type !== 'Identifier') return '';
  return callee.property.type === 'Identifier' ? `${callee.object.name}.${callee.property.name}` : '';
}

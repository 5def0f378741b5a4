import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { viewSchemas } from '../../src/protocol/views-schema.ts';
import { play } from './scenarios.ts';
import { World } from './world.ts';

let world: World;
let file: string;
beforeAll(async () => {
  world = await World.open();
  file = join(world.root, 'policy.toml');
  writeFileSync(
    file,
    `version = 1
[[rule]]
name = "look"
need = "approval"
command = ["git", ["status", "log"]]
match = "prefix"
cwd = "inside"
do = "approve"
[[rule]]
name = "no pushing"
need = "approval"
command = ["git", "push"]
match = "prefix"
do = "deny"
`,
  );
});
afterAll(() => world.close());

const tested = async (...args: string[]) => {
  const { code, json } = await world.cox(['policy', 'test', file, ...args, '--json']);
  const view = viewSchemas.policy.parse(json());
  return [code, view.rules, view.rulings.map(({ decision, answer, rule }) => [decision, answer, rule])];
};

test('a policy is tried on a command line before anything depends on it', async () => {
  expect(await tested()).toEqual([0, 2, []]);
  expect(await tested('git push origin')).toEqual([0, 2, [['answer', 'decline', 'no pushing']]]);
  expect(await tested('git status && rm -rf x')).toEqual([0, 2, [['ask', null, null]]]);
  const text = await world.cox(['policy', 'test', file, 'git log $(id)']);
  expect(text).toMatchObject({ code: 0, stderr: '' });
  expect(text.stdout).toContain('a person is asked');
  expect(text.stdout).toContain('no       look (approve): the command line is more than plain words');
});

test('a policy that is not in order, or not there, and a target that is not there', async () => {
  const bad = join(world.root, 'bad.toml');
  writeFileSync(bad, 'version = 1\n[[rule]]\nneed = "approval"\ncomand = ["ls"]\ndo = "ask"\n');
  const codes = [];
  for (const args of [
    ['test', bad],
    ['test', join(world.root, 'none.toml')],
    ['explain', 'nobody'],
    ['explain'],
    ['try'],
  ]) {
    const { code, json } = await world.cox(['policy', ...args, '--json']);
    codes.push([code, viewSchemas.error.parse(json()).error.code]);
  }
  expect(codes).toEqual([
    [2, 'policy-invalid'],
    [2, 'policy-invalid'],
    [3, 'not-found'],
    [2, 'usage'],
    [2, 'usage'],
  ]);
});

test('why a request came to a person: rule by rule, by request and by session', async () => {
  const { id } = await world.run(
    play('escalate', { command: `git log > ${world.outside}/x` }),
    '--policy',
    file,
  );
  const { requestId } = await world.request(id);
  for (const target of [id, requestId]) {
    const view = viewSchemas.policy.parse((await world.cox(['policy', 'explain', target, '--json'])).json());
    expect(view).toMatchObject({
      session: id,
      rules: 2,
      rulings: [
        {
          requestId,
          decision: 'ask',
          rule: null,
          rules: [
            { rule: 'look', do: 'approve', matches: false, why: 'the command line is more than plain words' },
            { rule: 'no pushing', do: 'deny', matches: false },
          ],
        },
      ],
    });
  }
  await world.cox(['deny', requestId]);
  await world.ended(id);
  const { stdout } = await world.cox(['policy', 'explain', id]);
  expect(stdout).toContain(requestId);
});

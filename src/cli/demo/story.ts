/**
 * The demo as data: what each of three sessions is asked, what the scripted model does, and the policy. The
 * Codex that does it is the real one; only the model is played.
 */
export type Part = { name: string; prompt: string; scenario: string };

export const PARTS: readonly Part[] = [
  { name: 'fix', prompt: 'greet.mjs forgets the name. Fix it and check.', scenario: 'fix' },
  { name: 'tag', prompt: 'Write the release note and tag the release.', scenario: 'tag' },
  { name: 'push', prompt: 'Publish the branch and write down how.', scenario: 'push' },
];

export const POLICY = `version = 1

[[rule]]
name = "tag releases"
need = "approval"
command = ["git", "tag", "v1.0"]
cwd = "inside"
do = "approve"
`;

const BROKEN = `export const greet = (name) => 'Hello';\nconsole.log(greet('Ada'));\n`;
const FIXED = BROKEN.replace("'Hello'", "'Hello, ' + name");

/** The repository before the sessions begin. */
export const FILES: Readonly<Record<string, string>> = { 'greet.mjs': BROKEN, 'README.md': '# Greetings\n' };

/** Long enough to see a status before the next one, milliseconds. */
const A_MOMENT = 1_200;

/** The scenario file of the lab (docs/lab.md). */
export function scenarioFile(): unknown {
  const fixPatch = [
    '*** Begin Patch',
    '*** Update File: greet.mjs',
    '@@',
    ...BROKEN.split('\n')
      .slice(0, 1)
      .map((line) => `-${line}`),
    ...FIXED.split('\n')
      .slice(0, 1)
      .map((line) => `+${line}`),
    '*** End Patch',
    '',
  ].join('\n');
  const escalated = (command: string, justification: string): unknown => ({
    type: 'tool',
    command,
    escalated: { justification },
    delayMs: A_MOMENT,
  });
  return {
    scenarios: {
      fix: {
        steps: [
          { type: 'tool', command: 'cat greet.mjs', delayMs: A_MOMENT },
          { type: 'patch', patch: fixPatch, delayMs: A_MOMENT },
          { type: 'tool', command: 'cat greet.mjs | tail -n 1', delayMs: A_MOMENT },
          { type: 'message', text: 'greet() now says the name.', delayMs: A_MOMENT },
        ],
      },
      tag: {
        steps: [
          { type: 'patch', path: 'RELEASE.md', content: '# 1.0\n\nThe first release.\n', delayMs: A_MOMENT },
          escalated('git tag v1.0', 'May I tag the release? .git is outside the sandbox.'),
          { type: 'message', text: 'The note is written and the release is tagged v1.0.', delayMs: A_MOMENT },
        ],
      },
      push: {
        steps: [
          escalated('git push --force origin main', 'May I push with force?'),
          { type: 'patch', path: 'PUBLISH.md', content: 'Ask the maintainer to push.\n', delayMs: A_MOMENT },
          {
            type: 'message',
            text: 'I was not allowed to push, so I wrote down who to ask.',
            delayMs: A_MOMENT,
          },
        ],
      },
    },
  };
}

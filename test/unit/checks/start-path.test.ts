import { expect, test } from 'vitest';
import { startPath } from '../../../scripts/checks/start-path.ts';
import { violations } from './violations.ts';

const protocol = { 'src/protocol/views.ts': `import { z } from 'zod';` };

test('zod behind a chain of imports is reported with the chain', () => {
  const files = {
    ...protocol,
    'src/cli/main.ts': `import { run } from './run.ts';`,
    'src/cli/run.ts': `\nexport { view } from '../protocol/views.ts';`,
  };
  expect(violations(startPath, files)).toEqual([
    'src/protocol/views.ts:1 zod is loaded at start: src/cli/main.ts → src/cli/run.ts → src/protocol/views.ts',
  ]);
});

test('type imports and imports that run later are free, and so are circles', () => {
  const files = {
    ...protocol,
    'src/cli/main.ts': `import type { V } from '../protocol/views.ts'; import './run.ts';`,
    'src/cli/run.ts': `import './main.ts'; export const later = () => import('../protocol/views.ts');`,
  };
  expect(violations(startPath, files)).toEqual([]);
});

test('an import of nothing but inline types still loads the module', () => {
  const files = { ...protocol, 'src/client/index.ts': `import { type V } from '../protocol/views.ts';` };
  expect(violations(startPath, files)).toHaveLength(1);
});

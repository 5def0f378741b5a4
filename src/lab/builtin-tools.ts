import { MCP_SERVER } from './mcp.ts';
import { defineScenario, type ScenarioSource } from './scenario.ts';
import type { Step } from './step.ts';

const SOURCE = `const [files, place] = await Promise.all([
  tools.exec_command({ cmd: 'ls' }),
  tools.exec_command({ cmd: 'pwd' }),
]);
text(files);
text(place);
`;

/** Scenarios with tools beside the shell: MCP, code mode, permissions. */
export const toolScenarios: readonly ScenarioSource[] = [
  defineScenario(
    'code-mode',
    'two commands in one script of code mode; needs a model that has it, such as gpt-6-sol',
    { source: SOURCE, text: 'Done: the script has run.' },
    ({ source, text }) => [
      { type: 'code', source },
      { type: 'message', text },
    ],
  ),
  defineScenario(
    'mcp',
    'a tool of an MCP server that only reads',
    { server: MCP_SERVER, tool: 'echo', arguments: { text: 'hello' } as Readonly<Record<string, unknown>> },
    ({ server, tool, arguments: given }) => mcp(server, tool, given),
  ),
  defineScenario(
    'mcp-approval',
    'a tool of an MCP server that needs approval',
    { text: 'hello' },
    ({ text }) => mcp(MCP_SERVER, 'write', { text }),
  ),
  defineScenario(
    'mcp-ask',
    'a tool of an MCP server that asks the person, by elicitation',
    { message: 'Which environment?' },
    ({ message }) => mcp(MCP_SERVER, 'ask', { message }),
  ),
  defineScenario('mcp-hang', 'a tool of an MCP server that never answers', {}, () =>
    mcp(MCP_SERVER, 'hang', {}),
  ),
  defineScenario(
    'permissions',
    'asks for network for the rest of the turn, then runs a command',
    { reason: 'May I use the network?', command: 'ls', text: 'Done: the command was run.' },
    ({ reason, command, text }) => [
      {
        type: 'call',
        tool: 'request_permissions',
        arguments: { reason, permissions: { network: { enabled: true } } },
      },
      { type: 'tool', command },
      { type: 'message', text },
    ],
  ),
];

function mcp(server: string, tool: string, given: Readonly<Record<string, unknown>>): Step[] {
  return [
    { type: 'mcp', server, tool, arguments: given },
    { type: 'message', text: 'Done: the tool has answered.' },
  ];
}

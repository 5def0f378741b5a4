/** The lab's MCP server on stdin and stdout; ends when stdin does. */
import { createInterface } from 'node:readline';
import { type McpMessage, mcpSession } from './mcp.ts';

const receive = mcpSession((message) => {
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
});
for await (const line of createInterface({ input: process.stdin })) receive(JSON.parse(line) as McpMessage);

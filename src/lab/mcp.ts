/** A JSON-RPC message as MCP has it over stdio: one line each. */
export type McpMessage = {
  readonly id?: string | number;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string };
};

/** The name that the lab's configuration gives to its MCP server. */
export const MCP_SERVER = 'lab';

const readOnly = { annotations: { readOnlyHint: true } };

/**
 * Codex 0.169.0 asks for approval of each call of a tool that does not say `readOnlyHint` (measured): here `write`
 * alone.
 */
const tools = [
  { name: 'echo', description: 'Says the text again.', inputSchema: textSchema('text'), ...readOnly },
  { name: 'write', description: 'Says the text again; needs approval.', inputSchema: textSchema('text') },
  {
    name: 'ask',
    description: 'Asks the person for an environment, by elicitation.',
    inputSchema: textSchema('message'),
    ...readOnly,
  },
  {
    name: 'hang',
    description: 'Never answers.',
    inputSchema: { type: 'object', properties: {} },
    ...readOnly,
  },
] as const;

/**
 * The server's side of one MCP connection: give it each message of the client. It keeps the elicitations that it
 * waits for, and nothing else.
 */
export function mcpSession(send: (message: McpMessage) => void): (message: McpMessage) => void {
  const elicited = new Map<string | number, string | number>();
  return (message) => {
    const { id, method } = message;
    if (id === undefined) return;
    if (method === undefined) {
      const call = elicited.get(id);
      elicited.delete(id);
      if (call !== undefined)
        send({ id: call, result: saying(JSON.stringify(message.result ?? message.error)) });
      return;
    }
    switch (method) {
      case 'initialize':
        send({ id, result: hello(message.params ?? {}) });
        return;
      case 'ping':
        send({ id, result: {} });
        return;
      case 'tools/list':
        send({ id, result: { tools } });
        return;
      case 'tools/call':
        callTool(id, message.params ?? {}, send, elicited);
        return;
      default:
        send({ id, error: { code: -32601, message: `the lab's MCP server has no ${method}` } });
    }
  };
}

function callTool(
  id: string | number,
  params: Readonly<Record<string, unknown>>,
  send: (message: McpMessage) => void,
  elicited: Map<string | number, string | number>,
): void {
  const given: unknown = params.arguments ?? {};
  switch (params.name) {
    case 'echo':
    case 'write':
      send({ id, result: saying(textOf(given, 'text', '')) });
      return;
    case 'ask': {
      const elicitation = `elicit-${id}`;
      elicited.set(elicitation, id);
      const message = textOf(given, 'message', 'Which environment?');
      send({ id: elicitation, method: 'elicitation/create', params: { message, requestedSchema } });
      return;
    }
    case 'hang':
      return;
    default:
      send({ id, error: { code: -32602, message: `the lab's MCP server has no tool ${params.name}` } });
  }
}

const requestedSchema = {
  type: 'object',
  properties: { environment: { type: 'string', title: 'Environment', enum: ['staging', 'production'] } },
  required: ['environment'],
};

function hello({ protocolVersion }: Readonly<Record<string, unknown>>): unknown {
  return { protocolVersion, capabilities: { tools: {} }, serverInfo: { name: MCP_SERVER, version: '1' } };
}

function saying(text: string): unknown {
  return { content: [{ type: 'text', text }] };
}

function textSchema(name: string): unknown {
  return { type: 'object', properties: { [name]: { type: 'string' } } };
}

function textOf(given: unknown, name: string, otherwise: string): string {
  const value: unknown = typeof given === 'object' && given !== null ? Reflect.get(given, name) : undefined;
  return typeof value === 'string' ? value : otherwise;
}

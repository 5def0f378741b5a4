import type { IncomingMessage } from 'node:http';

export type TransportRequest = {
  method: 'GET' | 'POST';
  path: string;
  body: unknown;
  headers: Record<string, string>;
  signal: AbortSignal | null;
};

export type TransportResponse = { status: number; chunks: AsyncIterable<Uint8Array> };

/** How the client reaches a daemon: a unix socket here, `fetch` in a browser. Rejects where nobody answers. */
export type Transport = (request: TransportRequest) => Promise<TransportResponse>;

/**
 * The daemon's unix socket, a connection for each request. Without node:http's agent: what it would reuse costs
 * nothing here, and it compiles a pattern of all IP addresses to name a TLS server that a socket does not have.
 */
export function unixTransport(socketPath: string): Transport {
  return async ({ method, path, body, headers, signal }) => {
    // Not `import()`: for that, Node reads every export of node:http, and one of them loads all of fetch.
    const { request } = process.getBuiltinModule('node:http');
    const { connect } = process.getBuiltinModule('node:net');
    const text = body === undefined ? null : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const outgoing = request(
        {
          createConnection: () => connect(socketPath),
          method,
          path,
          headers: {
            host: 'coxswain',
            ...(text === null ? {} : { 'content-type': 'application/json' }),
            ...headers,
          },
          ...(signal === null ? {} : { signal }),
        },
        (response: IncomingMessage) => resolve({ status: response.statusCode ?? 0, chunks: response }),
      );
      outgoing.once('error', reject);
      outgoing.end(text ?? undefined);
    });
  };
}

import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, zstdDecompress } from 'node:zlib';

const MOST_BYTES = 64 * 1024 * 1024;

/** A body that cannot be read; the message goes back to the caller with status 400. */
export class BodyError extends Error {
  override readonly name = 'BodyError';
}

/** Reads a JSON object, also a compressed one. Throws {@link BodyError}. */
export async function readJsonBody(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > MOST_BYTES) throw new BodyError(`the body is larger than ${MOST_BYTES} bytes`);
    parts.push(part);
  }
  const text = (await decoded(Buffer.concat(parts), request.headers['content-encoding'])).toString('utf8');
  return objectIn(text);
}

function objectIn(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new BodyError('the body is no JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new BodyError('the body is no JSON object');
  }
  return value as Record<string, unknown>;
}

async function decoded(body: Buffer, encoding: string | undefined): Promise<Buffer> {
  const limit = { maxOutputLength: MOST_BYTES };
  switch (encoding) {
    case undefined:
    case 'identity':
      return body;
    case 'gzip':
      return promisify(gunzip)(body, limit).catch(broken);
    case 'br':
      return promisify(brotliDecompress)(body, limit).catch(broken);
    case 'zstd':
      return promisify(zstdDecompress)(body, limit).catch(broken);
    default:
      throw new BodyError(`the body's encoding "${encoding}" is not known`);
  }
}

function broken(error: unknown): never {
  throw new BodyError(`the body cannot be decompressed: ${String(error)}`);
}

import type { ErrorCode, Problem, Reason, ReasonValue } from '$protocol';

/**
 * `offline`: the request did not reach the server, or its answer did not reach the client. `unanswered`: a proxy answered
 * that the server behind it did not.
 */
export type FailureCode = ErrorCode | 'unauthenticated' | 'offline' | 'unanswered';

/** What a sentence about a reason needs, by name. */
export type ReasonValues = Readonly<Record<string, ReasonValue | undefined>>;

/** A failed request in one form, whatever went wrong. */
export class Failure extends Error {
  constructor(
    readonly code: FailureCode,
    readonly status = 0,
    /** When a retry makes sense, where the server says so. */
    readonly retryAfterMs: number | null = null,
    readonly reason: Reason | null = null,
    readonly values: ReasonValues = {},
  ) {
    super(reason === null ? code : `${code}: ${reason}`);
    this.name = 'Failure';
  }
}

/** Whether no server answered: none was reached, or only a proxy in front of it. */
export function isAway(error: unknown): boolean {
  return error instanceof Failure && (error.code === 'offline' || error.status >= 502);
}

/** The place of one user on this device, with its own cookie; `new`: an unused one. */
export type Slot = number | 'new';

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface Request {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  body?: unknown;
  token?: string | undefined;
  /** The slot the request is about; `new`: a user beside those who are logged in. */
  slot?: Slot | undefined;
  signal?: AbortSignal | undefined;
}

/** One HTTP request to the API. Resolves only on success; throws a {@link Failure} or the signal's abort. */
export async function request(fetch: Fetch, path: string, options: Request = {}): Promise<Response> {
  const headers: Record<string, string> = { Accept: 'application/json' };
  if (options.token !== undefined) headers.Authorization = `Bearer ${options.token}`;
  if (options.body !== undefined) headers['Content-Type'] = 'application/json';
  if (options.slot !== undefined) headers['Tutti-Slot'] = String(options.slot);
  let response: Response;
  try {
    response = await fetch(`/api/v1/${path}`, {
      method: options.method ?? 'GET',
      headers,
      credentials: 'same-origin',
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new Failure('offline');
  }
  if (!response.ok) throw await failure(response);
  return response;
}

async function failure(response: Response): Promise<Failure> {
  const problem = (await response.json().catch(() => ({}))) as Partial<Problem>;
  const { status } = response;
  const code = status === 401 ? 'unauthenticated' : (problem.code ?? codeOfStatus(status));
  const waitMs = retryAfterMs(response.headers.get('Retry-After'));
  return new Failure(code, status, waitMs, problem.reason ?? null, problem.values ?? {});
}

/** In seconds, as Tutti sends it. A proxy's HTTP date is not worth reading another clock. */
function retryAfterMs(header: string | null): number | null {
  return header !== null && /^\d+$/.test(header) ? Number(header) * 1000 : null;
}

/** For answers without a problem document: a proxy's, and the server's to connections that it does not take. */
function codeOfStatus(status: number): FailureCode {
  if (status === 404) return 'not_found';
  if (status === 429) return 'rate_limited';
  if (status === 503) return 'unavailable';
  return status >= 502 ? 'unanswered' : 'internal';
}

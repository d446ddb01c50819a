import type { ErrorCode, Reason } from '$protocol';
import type { ReasonValues } from '../session/http';

/** Why a command failed: the server's refusal, or one of the client's own reasons. */
export type RefusalCode = ErrorCode | 'command_queue_full' | 'expired' | 'outcome_unknown' | 'closed';

export class Refusal extends Error {
  constructor(
    readonly code: RefusalCode,
    readonly reason: Reason | null = null,
    readonly values: ReasonValues = {},
  ) {
    super(reason === null ? code : `${code}: ${reason}`);
    this.name = 'Refusal';
  }
}

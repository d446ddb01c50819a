import { t } from '@lingui/core/macro';
import type { Claim } from '../room/claim';

/** Texts about taking over a room. */
export function claimText(claim: Claim, host: string): { lead: string; action: string | null } {
  switch (claim.name) {
    case 'back':
      return {
        lead: t`${host} took over the room while you were away. You can take it back.`,
        action: t`Take it back`,
      };
    case 'take':
      return {
        lead: t`${host}, the host, is gone. The music keeps playing; as a co-host you can take over the room.`,
        action: t`Take over the room`,
      };
    case 'soon': {
      const minutes = Math.max(1, Math.ceil(claim.leftMs / 60_000));
      return {
        lead: t`${host}, the host, is gone. You can take over in ${minutes} min if they stay away.`,
        action: null,
      };
    }
  }
}

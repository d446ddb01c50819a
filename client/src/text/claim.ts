import type { Claim } from '../room/claim';

/** Texts about taking over a room. */
export function claimWords(claim: Claim, host: string): { lead: string; action: string | null } {
  switch (claim.name) {
    case 'back':
      return {
        lead: `${host} took the room over while you were away. It is yours to take back.`,
        action: 'Take it back',
      };
    case 'take':
      return {
        lead: `${host}, the host, is gone. The music goes on; as a co-host you can take the room over.`,
        action: 'Take the room over',
      };
    case 'soon': {
      const minutes = Math.max(1, Math.ceil(claim.leftMs / 60_000));
      return {
        lead: `${host}, the host, is gone. If they stay away, you can take over in ${minutes} min.`,
        action: null,
      };
    }
  }
}

import { plural, t } from '@lingui/core/macro';

/** Texts about tracks and artists that cannot be added. */
export const blockingText = {
  blockTrack: t`Block this track`,
  blockArtist: (artist: string) => t`Block ${artist}`,
  blocked: (name: string) => t`“${name}” is blocked in this room.`,
  title: t`Blocked tracks and artists`,
  lead: t`No one can add them here, and the fallback playlist leaves them out. What is already waiting stays.`,
  empty: t`Nothing is blocked. You can block a waiting track or its artist: open it under “Up next”.`,
  artist: t`Artist`,
  addArtist: t`Block`,
  unblock: (name: string) => t`Unblock ${name}`,
  unblockShort: t`Unblock`,
  unblocked: (name: string) => t`“${name}” can be added again.`,
  full: (max: number) => plural(max, { other: 'No more than # artists can be blocked.' }),
} as const;

import { t } from '@lingui/core/macro';

export interface Ending {
  title: string;
  lead: string;
  /** What to do about it. */
  action: 'home' | 'rejoin' | 'enter' | 'retry' | 'account';
}

export const actionNames: Record<Ending['action'], string> = {
  home: t`To the start page`,
  rejoin: t`Join again`,
  enter: t`Log in or join again`,
  retry: t`Try again`,
  account: t`Log in or create an account`,
};

/** Why the user cannot be in the room, by close code. */
export function endingText(code: number): Ending {
  switch (code) {
    case 4501:
      return {
        title: t`Please join again`,
        lead: t`This browser is no longer logged in. Join again with your name.`,
        action: 'rejoin',
      };
    case 4502:
      return {
        title: t`There is no such room`,
        lead: t`It may have ended, or the code has a typo. Ask for the code again, or start your own room.`,
        action: 'home',
      };
    case 4503:
      return {
        title: t`You can’t join this room`,
        lead: t`You’ve been banned from this room. You can join other rooms.`,
        action: 'home',
      };
    case 4504:
      return {
        title: t`The host removed you`,
        lead: t`Your queue was removed too; played tracks stay in the history. If it was a mistake, you can join again.`,
        action: 'rejoin',
      };
    case 4505:
      return { title: t`The passcode has changed`, lead: t`Ask the host and try again.`, action: 'rejoin' };
    case 4507:
      return {
        title: t`Too many open pages`,
        lead: t`You have rooms open on too many pages or devices. Close some of them, then try again.`,
        action: 'retry',
      };
    case 4508:
      return { title: t`The room is over`, lead: t`The host closed it. Thank you for the music.`, action: 'home' };
    case 4509:
      return {
        title: t`You were logged out`,
        lead: t`Your session was ended, here or from another device. You can log in or join again at any time.`,
        action: 'enter',
      };
    case 4510:
      return {
        title: t`You left this room`,
        lead: t`You left on another page or device, and your queue was removed. You can join again.`,
        action: 'rejoin',
      };
    case 4511:
      return {
        title: t`The room is locked`,
        lead: t`No one new can join right now. Ask the host to unlock it, then try again.`,
        action: 'retry',
      };
    case 4512:
      return {
        title: t`This room needs an account`,
        lead: t`Guests can’t join this room. Log in or create an account on this server; you keep your name.`,
        action: 'account',
      };
    case 4513:
      return {
        title: t`You were not let in this time`,
        lead: t`Someone in the room declined. Ask the host if it may have been a mistake, or join another room.`,
        action: 'home',
      };
    default:
      return {
        title: t`This page is out of date`,
        lead: t`The page and the server have different versions. Reloading usually helps.`,
        action: 'retry',
      };
  }
}

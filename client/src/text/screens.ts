import { t } from '@lingui/core/macro';

/** Texts about screens that are paired with a room, loaded with what shows them. */
export const screensText = {
  /** On the screen. */
  show: {
    title: t`Show a room here`,
    scan: t`Scan this with a phone that is in the room.`,
    type: t`Or choose “Show on a television” in the room and type this code:`,
    valid: (left: string) => t`Valid for ${left}`,
    removed: t`This screen was removed from the room.`,
    over: t`The room is over.`,
    failed: t`There is no code right now.`,
    again: t`The page tries again by itself.`,
  },
  /** In the room. */
  connect: {
    open: t`Show on a television`,
    title: (room: string) => t`Show ${room} on a television`,
    close: t`Close`,
    where: (address: string) => t`On the television or another computer, open ${address}. It shows a code:`,
    code: t`Code on the screen`,
    hint: t`Eight letters and digits, such as K7Q2-M9XA.`,
    missing: t`Type the code that the screen shows.`,
    what: t`The screen shows what plays, what is next and the chat. It can’t change anything.`,
    submit: (room: string) => t`Show ${room} there`,
    busy: t`One moment…`,
    done: (room: string) => t`The screen shows ${room} now.`,
    here: t`Or show it in this browser`,
  },
  /** Where a phone approves the code that it scanned. */
  approve: {
    title: t`Connect a screen`,
    room: t`Room`,
    noRoom: t`You are in no room on this device. Join one first, then scan the code again.`,
    toRoom: t`To the room`,
    home: t`To the start page`,
  },
  /** In the console. */
  list: {
    title: t`Screens`,
    lead: t`Televisions and other screens that show this room. They are not counted as people.`,
    empty: t`No screen is connected.`,
    name: (number: number) => t`Screen ${number}`,
    offline: t`not connected`,
    remove: t`Remove`,
    removeSure: (number: number) => t`Remove screen ${number}?`,
  },
} as const;

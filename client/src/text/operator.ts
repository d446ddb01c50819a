import { plural, t } from '@lingui/core/macro';
import type { Act, ActRecord, NamedPerson, Registration, RoomOpeners } from '$protocol';
import { i18n } from '../language/i18n';

/** Texts of the operators' page, and of the pages that their links lead to. */
export const operatorText = {
  title: t`Administration`,
  tabsLabel: t`Parts of the administration`,
  tabs: { people: t`People`, rooms: t`Rooms`, door: t`Access`, server: t`Server`, log: t`Log` },
  failed: t`This can’t be loaded right now.`,
  again: t`Try again`,
  more: t`Show more`,
  none: t`Nothing found.`,
  cancel: t`Cancel`,

  notOne: {
    title: t`Only for operators`,
    lead: t`This page is for the operators of this server. Anyone who can use its command line can make your account one: tutti operator add, followed by your user name.`,
    login: t`Log in to an account with a user name and a password first.`,
  },

  claim: {
    title: t`Become the operator`,
    lead: t`Operators look after people, rooms and who may use this server.`,
    logIn: t`Log in first, or create an account with a user name and a password.`,
    action: t`Become the operator`,
    as: (name: string) => t`You are logged in as ${name}.`,
    done: t`You are the operator of this server now.`,
  },

  people: {
    search: t`Search by name`,
    onlyBanned: t`Only banned people`,
    guest: t`Guest`,
    operator: t`Operator`,
    banned: t({ message: 'Banned', context: 'of one person' }),
    seen: (ago: string) => t({ message: `Last seen ${ago}`, comment: 'ago: such as “3 weeks ago”' }),
    reset: t`Reset password…`,
    resetLead: (name: string) =>
      t`Give this link to ${name}. It works once, within a day. The present password works until then.`,
    ban: t`Ban`,
    banSure: (name: string) => t`Ban ${name} and log them out everywhere?`,
    didBan: (name: string) => t`${name} is banned from this server.`,
    unban: t`Lift the ban`,
    didUnban: (name: string) => t`${name} may use this server again.`,
    erase: t`Delete…`,
    eraseTitle: (name: string) => t`Delete ${name}?`,
    eraseLead: t`Their account, name and queue are deleted, and their rooms pass to others or close. It can’t be undone.`,
    eraseAction: t`Delete for good`,
    didErase: (name: string) => t`${name} was deleted.`,
    protectedHint: t`Operators can only be changed from the command line.`,
  },

  rooms: {
    search: t`Search by name or code`,
    empty: t`There are no open rooms.`,
    host: (name: string) => t`Host: ${name}`,
    members: (count: number) => plural(count, { one: '# member', other: '# members' }),
    connections: (count: number) => plural(count, { one: '# device connected', other: '# devices connected' }),
    used: (ago: string) => t({ message: `Last used ${ago}`, comment: 'ago: such as “3 weeks ago”' }),
    close: t`Close room`,
    closeSure: (name: string) => t`Close ${name} for everyone?`,
    didClose: (name: string) => t`${name} is closed.`,
    handOver: t`Hand over…`,
    handOverTitle: (name: string) => t`Hand over ${name}`,
    handOverLead: t`The new host gets every permission, and the present one becomes a co-host.`,
    newHost: t`New host`,
    noOne: t`There is no one else in this room.`,
    handOverAction: t`Hand over`,
    didHandOver: (name: string) => t`${name} is the host now.`,
  },

  door: {
    lead: t`Changes apply at once.`,
    saved: t`Saved.`,
    registration: t`Who can create an account`,
    registrations: {
      open: { title: t`Everyone`, lead: t`Anyone who finds this server.` },
      invited: { title: t`By invitation`, lead: t`People with a one-time link from you.` },
      closed: { title: t`No one`, lead: t`Existing accounts stay.` },
    } satisfies Record<Registration, { title: string; lead: string }>,
    guests: t`Guests`,
    guestsOn: { title: t`Allowed`, lead: t`A name is enough to join a room.` },
    guestsOff: { title: t`Not allowed`, lead: t`New people need an account. Guests who are here stay.` },
    rooms: t`Who can start rooms`,
    openers: {
      everyone: { title: t`Everyone`, lead: t`Guests too.` },
      accounts: { title: t`People with an account`, lead: t`Guests can only join.` },
      operators: { title: t`Operators`, lead: t`Everyone else can only join.` },
    } satisfies Record<RoomOpeners, { title: string; lead: string }>,
    invitations: t`Invitations`,
    invitationsLead: t`Each link creates one account and works for a week.`,
    invitationsIdle: t`They are needed once accounts are created by invitation.`,
    invite: t`Create an invitation`,
    inviteLead: t`Give this link to one person. It is shown only now.`,
    waiting: (count: number) =>
      plural(count, { one: '# invitation is still open.', other: '# invitations are still open.' }),
    withdraw: t`Withdraw all`,
    withdrawSure: t`Withdraw all open invitations?`,
    didWithdraw: t`All open invitations were withdrawn.`,
  },

  server: {
    library: t`Library`,
    tracks: t`Tracks`,
    unreadable: t`Unreadable files`,
    unreadableList: t`Which files`,
    unplayable: t`Unplayable tracks`,
    missing: t`Missing files`,
    scanned: t`Last scan`,
    notScanned: t`Not yet`,
    scan: t`Scan now`,
    didScan: t`The library is being scanned.`,
    storage: t`Storage`,
    database: t`Database`,
    cache: t`Prepared audio`,
    cacheOf: (used: string, limit: string) =>
      t({ message: `${used} of ${limit}`, comment: 'Sizes, such as “3 MB of 2 GB”' }),
    free: t`Free disk space`,
    unknown: t`Unknown`,
    now: t`Right now`,
    accounts: t`Accounts`,
    guests: t`Guests`,
    banned: t`Banned`,
    rooms: t`Open rooms`,
    connections: t`Connected devices`,
    version: t`Version`,
  },

  log: {
    lead: t`What operators did, newest first. It is kept for a year.`,
    empty: t`Nothing yet.`,
    commandLine: t`Command line`,
    deleted: t`Deleted person`,
    room: (code: string) => t`room ${code}`,
  },

  link: {
    label: t`Link`,
    copy: t`Copy`,
    copied: t`Copied.`,
    copyFailed: t`Copying failed. Select the link and copy it yourself.`,
    share: t`Share`,
    close: t`Done`,
  },

  password: {
    title: t`Choose a new password`,
    lead: t`Then you are logged in on this device, and logged out everywhere else.`,
    new: t`New password`,
    action: t`Save and log in`,
    noLink: t`This link is incomplete. Open it again the way you received it.`,
    home: t`To the start page`,
  },

  invited: {
    title: t`You are invited`,
    lead: t`Create your account. This invitation works once.`,
    name: t`Your name`,
    asGuest: (name: string) => t`You stay ${name} and keep your queue and your rooms.`,
    hasAccount: (name: string) => t`You are logged in as ${name} already, so you don’t need this invitation.`,
    home: t`To the start page`,
  },
} as const;

const acts: Record<Act, string> = {
  operator_added: t`Made an operator`,
  operator_removed: t`No longer an operator`,
  operator_claimed: t`Became the first operator`,
  password_link_made: t`Password link created`,
  password_reset: t`New password chosen`,
  person_deleted: t`Person deleted`,
  person_banned: t`Banned from the server`,
  person_unbanned: t`Ban lifted`,
  room_closed: t`Room closed`,
  room_handed_over: t`Room handed over`,
  library_rescanned: t`Library scan started`,
  registration_set: t`Registration changed`,
  guests_set: t`Guests changed`,
  rooms_set: t`Starting rooms changed`,
  invitation_made: t`Invitation created`,
  invitation_used: t`Account created by invitation`,
  invitations_withdrawn: t`Invitations withdrawn`,
};

/** What was done, and what it was done to; `null` for an act that only a newer server knows. */
export function actText({ act, by, person, room, value }: ActRecord): string | null {
  const what = Object.hasOwn(acts, act) ? acts[act as Act] : null;
  if (what === null) return null;
  const about = person !== null && person.id !== by?.id ? personName(person) : null;
  const details = [
    about,
    room === null ? null : operatorText.log.room(room),
    value === null ? null : valueText(act, value),
  ];
  return [what, ...details.filter((detail) => detail !== null)].join(' · ');
}

/** Who did it. */
export function actorName(by: NamedPerson | null): string {
  return by === null ? operatorText.log.commandLine : personName(by);
}

/** Erased people have no name. */
export function personName({ name }: NamedPerson): string {
  return name === '' ? operatorText.log.deleted : name;
}

function valueText(act: string, value: string): string {
  const { registrations, guestsOn, guestsOff, openers } = operatorText.door;
  if (act === 'guests_set') return value === 'off' ? guestsOff.title : guestsOn.title;
  const titles: Record<string, { title: string }> = act === 'registration_set' ? registrations : openers;
  return Object.hasOwn(titles, value) ? titles[value]!.title : value;
}

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;

/** A size in the largest unit that gives at least one. */
export function sizeText(bytes: number): string {
  let size = bytes;
  let unit = 0;
  while (size >= 1000 && unit < UNITS.length - 1) {
    size /= 1000;
    unit += 1;
  }
  const digits = size < 10 && unit > 0 ? 1 : 0;
  const format = new Intl.NumberFormat(i18n.locale, {
    style: 'unit',
    unit: UNITS[unit]!,
    unitDisplay: unit === 0 ? 'long' : 'short',
    maximumFractionDigits: digits,
  });
  return format.format(size);
}

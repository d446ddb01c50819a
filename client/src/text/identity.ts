import type { Premium, PremiumEvidence, SpotifyOutcome, User } from '$protocol';
import type { Age } from '../util/relative-time';

/**
 * Texts about users and logging in that are not needed to join a room, loaded with what shows them. A translation is
 * another object of this shape.
 */
export const identityText = {
  me: {
    title: 'You',
    back: 'Back',
    profile: 'Profile',
    name: 'Your name',
    save: 'Save',
    saved: 'Saved.',
    asGuest: 'You are a guest on this browser. With an account you stay yourself on every device.',
    asUser: (username: string) => `Logged in as ${username}.`,
    bySpotify: 'Logged in with Spotify.',
    asNobody: 'You are not logged in. You can join rooms as a guest; with an account you can come back.',
    logout: 'Log out',
    logoutSure: 'Log out on this browser?',
    account: 'Account',
    accountNone: 'User name and password',
    accountNoneLead: 'Log in with them on any device, without Spotify.',
    people: 'People on this device',
    peopleLead: 'Each person has their own queue. Switching needs no password.',
    preferences: 'This device',
    theme: 'Appearance',
    themes: { auto: 'Same as system', light: 'Light', dark: 'Dark' },
    shortcuts: 'Keyboard',
    shortcutsOn: 'Use keyboard shortcuts in rooms: space, arrows, /',
  },

  password: {
    change: 'Change password',
    current: 'Current password',
    new: 'New password',
    lead: 'This logs you out everywhere else.',
    save: 'Change password',
    wrong: 'The current password is wrong.',
    saved: 'Your password was changed, and you were logged out everywhere else.',
  },

  sessions: {
    title: 'Where you are logged in',
    failed: 'This can’t be loaded right now.',
    again: 'Try again',
    current: 'this device',
    times: (created: string, used: string) => `Logged in ${created}, last seen ${used}.`,
    timesNow: (created: string) => `Logged in ${created}.`,
    end: 'Log out',
    endSure: (device: string) => `Log out ${device}?`,
    sure: 'Sure?',
    ended: (device: string) => `${device} was logged out.`,
    endOthers: 'Log out all others',
    endOthersSure: 'Log out all but this one?',
    othersEnded: 'All others were logged out.',
    everywhere: 'Log out everywhere',
    everywhereSure: 'Log out everywhere, here too?',
    lead: 'Log out devices that you don’t recognise, then change your password.',
  },

  erase: {
    title: 'Delete everything about you',
    lead: 'Immediately and permanently. It can’t be undone.',
    open: 'Delete everything about me…',
    what: [
      'your name, your picture, user name and password',
      'every login, on every device',
      'the link to Spotify and everything from it',
      'your queue, and your name in every room',
    ],
    confirm: 'Delete it all',
    cancel: 'Keep everything',
    done: 'Everything about you was deleted.',
  },

  entry: {
    title: 'Log in or continue as guest',
    titleGuest: 'Log in or create an account',
    titleBeside: 'Add a person',
    lead: 'A name is enough. With an account you stay yourself on every device.',
    leadBeside: (name: string) => `${name} stays logged in on this device. Each of you has your own queue.`,
    here: 'Already on this device',
    close: 'Close',
    name: 'Your name',
    nameMissing: 'Type a name first, so that others know who you are.',
    asGuest: 'Continue as guest',
    or: 'or',
  },

  people: {
    guest: 'Guest',
    bySpotify: 'Spotify',
    add: 'Add a person',
    full: (places: number) =>
      `${places} people are logged in on this device, which is the maximum. Log someone out first.`,
    logout: 'Log out',
    logoutSure: (name: string) => `Log out ${name}?`,
    sure: 'Sure?',
    out: (name: string) => `${name} was logged out.`,
  },

  spotify: {
    title: 'Spotify',
    lead: 'Link your Spotify account to log in with it anywhere, with your name and picture. With Spotify Premium this device can play Spotify’s music.',
    guestKeeps: 'You keep your queue and your rooms.',
    link: 'Continue with Spotify',
    linked: (name: string, since: string) => `Linked to ${name} since ${since}.`,
    needsLogin: 'Spotify needs you to log in again. Your permission was withdrawn, or is half a year old.',
    needsLoginStill: 'Your queue and your rooms are not affected.',
    expiresSoon: (date: string) =>
      `Spotify ends this link on ${date}, as it does every half year. Log in again before then.`,
    loginAgain: 'Log in to Spotify again',
    check: 'Check again',
    checked: 'Checked with Spotify.',
    tooOften: (wait: string) => `Too many checks. Try again in ${wait}.`,
    unavailable: 'Spotify can’t be reached right now. Everything else works. Try again in a moment.',
    again: 'Try again',
    unlink: 'Unlink Spotify',
    unlinkSure: 'Unlink Spotify?',
    unlinkWhat: 'Unlinking deletes the link, your Spotify name, and your picture.',
    unlinkGuest:
      'You have no user name and password: without Spotify you are a guest in this browser only. Set them first, in the section above.',
    unlinked: 'Spotify was unlinked, and its data was deleted.',
    dismiss: 'Close',
    outcomes: {
      denied: {
        title: 'You declined at Spotify',
        lead: 'Nothing was linked and nothing has changed. Everything here works without Spotify, except its own music.',
        again: 'Try again',
      },
      expired: {
        title: 'That login is no longer valid',
        lead: 'It took longer than ten minutes, was used already, or began in another browser. Nothing has changed.',
        again: 'Try again',
      },
      taken: {
        title: 'That Spotify account belongs to someone else here',
        lead: 'A Spotify account can be linked to one person only, so nothing has changed. If that person is you, log in as them; or unlink it there, then try again here.',
        again: 'Log in as that person',
      },
      full: {
        title: 'Too many people on this device',
        lead: 'No more people can be logged in on it, so no one was added. Log someone out first, then try again.',
        again: 'Try again',
      },
      busy: {
        title: 'Too many logins',
        lead: 'There were too many logins from your network in a short time. Nothing has changed. Wait a minute, then try again.',
        again: 'Try again',
      },
      not_listed: {
        title: 'Spotify does not let you use this server’s app',
        lead: 'Spotify only admits people on a list kept by the owner of this server, five at most. Nothing has changed, and everything except Spotify’s music works. Ask the owner to add the e-mail address of your Spotify account, then try again.',
        again: 'Try again',
      },
      failed: {
        title: 'Spotify could not be reached',
        lead: 'It did not answer, or not as expected. Nothing has changed, and everything else works. Try again in a moment.',
        again: 'Try again',
      },
    } satisfies Record<Exclude<SpotifyOutcome, 'done'>, { title: string; lead: string; again: string }>,
  },

  account: {
    login: 'Log in',
    register: 'Create an account',
    setPassword: 'Set user name and password',
    username: 'User name',
    usernameHint: '3 to 32 letters a to z, digits, dots, dashes or underscores.',
    password: 'Password',
    passwordHint: 'At least 8 characters.',
    passwordBytes: (bytes: number) => `${bytes} of 72 bytes. Letters such as é count as two, emoji as four.`,
    bothMissing: 'Type your user name and your password.',
    usernameInvalid: 'A user name has 3 to 32 letters a to z, digits, dots, dashes or underscores.',
    passwordShort: 'That password is too short. It needs at least 8 characters.',
    passwordLong: (bytes: number) =>
      `That password is too long: ${bytes} bytes, and the maximum is 72. Letters such as é count as two, emoji as four.`,
    wrong: 'User name and password do not match.',
    guestKeeps: (name: string) => `With a new account you stay ${name} and keep your queue and your rooms.`,
    guestMerges: 'If you log in to an existing account, it takes over your queue and your rooms.',
  },
} as const;

const ages = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const dates = new Intl.DateTimeFormat('en', { dateStyle: 'long' });

export function ageText(age: Age | null): string {
  return age === null ? 'just now' : ages.format(-age.value, age.unit);
}

export function longDate(atMs: number): string {
  return dates.format(atMs);
}

/** How a user is known, as a sentence. */
export function userText(user: User | null): string {
  const words = identityText.me;
  if (user === null) return words.asNobody;
  if (user.username) return words.asUser(user.username);
  return user.spotify ? words.bySpotify : words.asGuest;
}

const evidenceText: Record<PremiumEvidence, string> = {
  profile: 'from your Spotify profile',
  player: 'from the player in your browser',
  command: 'from Spotify’s answer to a command',
};

/** What is known about a Spotify subscription, and what follows from it. */
export function premiumText({ verdict, evidence, at_ms }: Premium): { title: string; lead: string } {
  const why = evidence ? `, ${evidenceText[evidence]}` : '';
  const seen = at_ms ? `As of ${longDate(at_ms)}${why}.` : '';
  switch (verdict) {
    case 'premium':
      return { title: 'You have Spotify Premium.', lead: `${seen} Your own devices can play Spotify.`.trim() };
    case 'not_premium':
      return {
        title: 'You do not have Spotify Premium.',
        lead: `${seen} You can queue, vote and control like everyone else. You just can’t play Spotify on your own device; other devices in the room can. If you have Premium by now, check again.`.trim(),
      };
    case 'unknown':
      return {
        title: 'Whether you have Spotify Premium is not known yet.',
        lead: 'Spotify doesn’t tell this server. It becomes known when a device of yours plays Spotify in a room. Until then nothing is restricted.',
      };
  }
}

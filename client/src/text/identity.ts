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
    asGuest: 'You are a guest on this browser. With an account you are the same person everywhere.',
    asUser: (username: string) => `Logged in as ${username}.`,
    bySpotify: 'Logged in with Spotify.',
    asNobody: 'You are not known here yet. Joining a room as a guest is enough; an account is for coming back.',
    logout: 'Log out',
    logoutSure: 'Log out on this browser?',
    account: 'Account',
    accountNone: 'User name and password',
    accountNoneLead: 'With them you can come in without Spotify, too, and stay who you are.',
    people: 'People on this device',
    peopleLead: 'Everybody has a queue of their own. Switching needs no password.',
    preferences: 'This device',
    theme: 'Appearance',
    themes: { auto: 'Like the system', light: 'Light', dark: 'Dark' },
    shortcuts: 'Keyboard',
    shortcutsOn: 'Use single keys in rooms: space, arrows, /',
  },

  password: {
    change: 'Change password',
    current: 'Current password',
    new: 'New password',
    lead: 'All your other logins end; this one stays.',
    save: 'Change password',
    wrong: 'The current password is another one.',
    saved: 'Your password is changed, and all your other logins have ended.',
  },

  sessions: {
    title: 'Where you are logged in',
    failed: 'This could not be loaded.',
    again: 'Try again',
    current: 'this one',
    times: (created: string, used: string) => `Logged in ${created}, last seen ${used}.`,
    timesNow: (created: string) => `Logged in ${created}.`,
    end: 'Log out',
    endSure: (device: string) => `Log out ${device}?`,
    sure: 'Sure?',
    ended: (device: string) => `${device} is logged out.`,
    endOthers: 'Log out all others',
    endOthersSure: 'Log out all but this one?',
    othersEnded: 'All others are logged out.',
    everywhere: 'Log out everywhere',
    everywhereSure: 'Log out everywhere, here too?',
    lead: 'Whatever you do not recognise, log out, then change your password.',
  },

  erase: {
    title: 'Delete everything about you',
    lead: 'For good, and at once. Nobody can bring it back.',
    open: 'Delete everything about me…',
    what: [
      'your name, your picture, user name and password',
      'every login, on every device',
      'the link to Spotify and all that came from there',
      'your queue, and your name in every room',
    ],
    confirm: 'Delete it all',
    cancel: 'Keep everything',
    done: 'Everything about you was deleted.',
  },

  entry: {
    title: 'Come in',
    titleGuest: 'Log in or create an account',
    titleBeside: 'Add a person',
    lead: 'A name is enough to be here. With an account you are the same person everywhere.',
    leadBeside: (name: string) => `${name} stays logged in on this device. Each of you has a queue of your own.`,
    here: 'Already on this device',
    close: 'Close',
    name: 'Your name',
    nameMissing: 'Type a name first, so that the others know who you are.',
    asGuest: 'Continue as guest',
    or: 'or',
  },

  people: {
    guest: 'Guest',
    bySpotify: 'Spotify',
    add: 'Add a person',
    full: (places: number) => `${places} people are on this device: it has no place for more. Log somebody out first.`,
    logout: 'Log out',
    logoutSure: (name: string) => `Log out ${name}?`,
    sure: 'Sure?',
    out: (name: string) => `${name} is logged out.`,
  },

  spotify: {
    title: 'Spotify',
    lead: 'Link your Spotify account to come in with it everywhere, and to bring your name and picture. With Spotify Premium this device can play its music.',
    guestKeeps: 'You stay who you are: your queue and your rooms come along.',
    link: 'Continue with Spotify',
    linked: (name: string, since: string) => `Linked to ${name} since ${since}.`,
    needsLogin: 'Spotify asks you to log in again. It ended what you agreed to, or half a year is over.',
    needsLoginStill: 'Your queue and your rooms are not affected.',
    expiresSoon: (date: string) =>
      `Spotify forgets this link on ${date}, as it does every half year. Log in again before that.`,
    loginAgain: 'Log in at Spotify again',
    check: 'Check again',
    checked: 'Spotify was asked again.',
    tooOften: (wait: string) => `Spotify was asked too often. Try again in ${wait}.`,
    unavailable: 'Spotify cannot be reached right now. Everything else goes on. Try again in a moment.',
    again: 'Try again',
    unlink: 'Unlink Spotify',
    unlinkSure: 'Really unlink?',
    unlinkWhat: 'Unlinking erases what came from Spotify: the link itself, your name there, and your picture.',
    unlinkGuest:
      'You have no user name and password: without Spotify you are a guest in this browser only. Set them first, in the section above.',
    unlinked: 'Spotify is unlinked, and what came from there is erased.',
    dismiss: 'Close',
    outcomes: {
      denied: {
        title: 'You said no at Spotify',
        lead: 'Nothing was linked and nothing has changed. Everything here works without Spotify, except its own music.',
        again: 'Try again',
      },
      expired: {
        title: 'That login is no longer valid',
        lead: 'It took longer than ten minutes, was used already, or began in another browser. Nothing has changed.',
        again: 'Try again',
      },
      taken: {
        title: 'That Spotify account belongs to somebody else here',
        lead: 'Each can be linked to one person only, so nothing has changed for you. If that person is you, come in as them; or unlink it there, then try again here.',
        again: 'Come in as that person',
      },
      full: {
        title: 'This device has no place left',
        lead: 'As many people are on it as can be, and nobody was added. Log somebody out first, then try again.',
        again: 'Try again',
      },
      busy: {
        title: 'That was too often',
        lead: 'There were too many logins from your network in a short time. Nothing has changed. Wait a minute, then try again.',
        again: 'Try again',
      },
      not_listed: {
        title: 'Spotify does not let you use this server’s app',
        lead: 'Spotify lets in only those whom the owner of this server has put on a list, five at most. Nothing has changed, and all but Spotify’s music is open to you. Ask the owner to add the e-mail address of your Spotify account, then try again.',
        again: 'Try again',
      },
      failed: {
        title: 'Spotify could not be reached',
        lead: 'It did not answer, or answered what nobody here understands. Nothing has changed, and everything else works. Try again in a moment.',
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
    passwordBytes: (bytes: number) => `${bytes} of 72 at most. Letters such as é count two, emoji four.`,
    bothMissing: 'Type your user name and your password.',
    usernameInvalid: 'A user name has 3 to 32 letters a to z, digits, dots, dashes or underscores.',
    passwordShort: 'That password is too short. It needs at least 8 characters.',
    passwordLong: (bytes: number) =>
      `That password is too long: it has ${bytes} bytes, and 72 are the most. Letters such as é count two, emoji four.`,
    wrong: 'User name and password do not match.',
    guestKeeps: (name: string) =>
      `With a new account you stay who you are, ${name}: your queue and your rooms come along.`,
    guestMerges: 'If you log in to an account that you have already, it takes over your queue and your rooms.',
  },
} as const;

const ages = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const dates = new Intl.DateTimeFormat('en', { dateStyle: 'long' });

export function ageWords(age: Age | null): string {
  return age === null ? 'just now' : ages.format(-age.value, age.unit);
}

export function dateWords(atMs: number): string {
  return dates.format(atMs);
}

/** How a user is known, as a sentence. */
export function whoWords(user: User | null): string {
  const words = identityText.me;
  if (user === null) return words.asNobody;
  if (user.username) return words.asUser(user.username);
  return user.spotify ? words.bySpotify : words.asGuest;
}

const evidenceWords: Record<PremiumEvidence, string> = {
  profile: 'your profile there says so',
  player: 'the player in a browser of yours found out',
  command: 'Spotify’s answer to a command showed it',
};

/** What is known about a Spotify subscription, and what follows from it. */
export function premiumWords({ verdict, evidence, at_ms }: Premium): { title: string; lead: string } {
  const why = evidence ? `: ${evidenceWords[evidence]}` : '';
  const seen = at_ms ? `As of ${dateWords(at_ms)}${why}.` : '';
  switch (verdict) {
    case 'premium':
      return { title: 'You have Spotify Premium.', lead: `${seen} Your own devices may play Spotify.`.trim() };
    case 'not_premium':
      return {
        title: 'You do not have Spotify Premium.',
        lead: `${seen} You queue, vote and control like everybody else. Only playing Spotify on your own device is closed to you; other devices in the room can play it. If you have Premium by now, check again.`.trim(),
      };
    case 'unknown':
      return {
        title: 'Whether you have Spotify Premium is not known yet.',
        lead: 'Spotify does not tell servers of this kind. It shows as soon as you let a device of yours play Spotify in a room. Until then nothing is closed to you.',
      };
  }
}

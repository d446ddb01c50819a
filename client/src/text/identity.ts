import { plural, t } from '@lingui/core/macro';
import type { Premium, PremiumEvidence, SpotifyOutcome, User } from '$protocol';
import type { Age } from '../util/relative-time';
import { ages, dates } from './intl';

/** Texts about users and logging in that are not needed to join a room, loaded with what shows them. */
export const identityText = {
  me: {
    title: t({ message: 'You', context: 'title of the page about oneself' }),
    back: t`Back`,
    profile: t`Profile`,
    name: t`Your name`,
    save: t`Save`,
    saved: t`Saved.`,
    asGuest: t`You are a guest on this browser. With an account you stay yourself on every device.`,
    asUser: (username: string) => t`Logged in as ${username}.`,
    bySpotify: t`Logged in with Spotify.`,
    asNobody: t`You are not logged in. You can join rooms as a guest; with an account you can come back.`,
    logout: t`Log out`,
    logoutSure: t`Log out on this browser?`,
    account: t`Account`,
    accountNone: t`User name and password`,
    accountNoneLead: t`Log in with them on any device, without Spotify.`,
    people: t`People on this device`,
    peopleLead: t`Each person has their own queue. Switching needs no password.`,
    preferences: t`This device`,
    language: t`Language`,
    languageAuto: t`Same as browser`,
    theme: t`Appearance`,
    themes: { auto: t`Same as system`, light: t`Light`, dark: t`Dark` },
    notices: t`Notifications`,
    noticesOn: t`Notify me when my track comes on`,
    noticesRefused: t`Your browser doesn’t allow notifications from this site. You can change that in its settings.`,
    shortcuts: t`Keyboard`,
    shortcutsOn: t`Use keyboard shortcuts in rooms. The key ? lists them.`,
  },

  password: {
    change: t`Change password`,
    current: t`Current password`,
    new: t`New password`,
    lead: t`This logs you out everywhere else.`,
    save: t`Change password`,
    wrong: t`The current password is wrong.`,
    saved: t`Your password was changed, and you were logged out everywhere else.`,
  },

  sessions: {
    title: t`Where you are logged in`,
    failed: t`This can’t be loaded right now.`,
    again: t`Try again`,
    current: t`this device`,
    times: (created: string, used: string) =>
      t({ message: `Logged in ${created}, last seen ${used}.`, comment: 'created, used: such as “3 weeks ago”' }),
    timesNow: (created: string) => t({ message: `Logged in ${created}.`, comment: 'created: such as “3 weeks ago”' }),
    end: t`Log out`,
    endSure: (device: string) => t`Log out ${device}?`,
    sure: t`Sure?`,
    ended: (device: string) => t`${device} was logged out.`,
    endOthers: t`Log out all others`,
    endOthersSure: t`Log out all but this one?`,
    othersEnded: t`All others were logged out.`,
    everywhere: t`Log out everywhere`,
    everywhereSure: t`Log out everywhere, here too?`,
    lead: t`Log out devices that you don’t recognise, then change your password.`,
  },

  erase: {
    title: t`Delete everything about you`,
    lead: t`Immediately and permanently. It can’t be undone.`,
    open: t`Delete everything about me…`,
    what: [
      t`your name, your picture, user name and password`,
      t`every login, on every device`,
      t`the link to Spotify and everything from it`,
      t`your queue, and your name in every room`,
    ],
    confirm: t`Delete it all`,
    cancel: t`Keep everything`,
    done: t`Everything about you was deleted.`,
  },

  entry: {
    title: t`Log in or continue as guest`,
    titleGuest: t`Log in or create an account`,
    titleBeside: t`Add a person`,
    lead: t`A name is enough. With an account you stay yourself on every device.`,
    leadBeside: (name: string) => t`${name} stays logged in on this device. Each of you has your own queue.`,
    here: t`Already on this device`,
    close: t`Close`,
    name: t`Your name`,
    nameMissing: t`Type a name first, so that others know who you are.`,
    asGuest: t`Continue as guest`,
    or: t({ message: 'or', comment: 'between two ways to continue, on a line of its own' }),
  },

  people: {
    guest: t`Guest`,
    bySpotify: 'Spotify',
    add: t`Add a person`,
    full: (places: number) =>
      plural(places, {
        other: '# people are logged in on this device, which is the maximum. Log someone out first.',
      }),
    logout: t`Log out`,
    logoutSure: (name: string) => t`Log out ${name}?`,
    sure: t`Sure?`,
    out: (name: string) => t`${name} was logged out.`,
  },

  spotify: {
    title: 'Spotify',
    lead: t`Link your Spotify account to log in with it anywhere, with your name and picture. With Spotify Premium this device can play Spotify’s music.`,
    guestKeeps: t`You keep your queue and your rooms.`,
    link: t`Continue with Spotify`,
    linked: (name: string, date: string) => t`Linked to ${name} since ${date}.`,
    needsLogin: t`Spotify needs you to log in again. Your permission was withdrawn, or is half a year old.`,
    needsLoginStill: t`Your queue and your rooms are not affected.`,
    expiresSoon: (date: string) =>
      t`Spotify ends this link on ${date}, as it does every half year. Log in again before then.`,
    loginAgain: t`Log in to Spotify again`,
    check: t`Check again`,
    checked: t`Checked with Spotify.`,
    tooOften: (wait: string) =>
      t({ message: `Too many checks. Try again in ${wait}.`, comment: 'wait: such as “20 seconds”' }),
    unavailable: t`Spotify can’t be reached right now. Everything else works. Try again in a moment.`,
    again: t`Try again`,
    unlink: t`Unlink Spotify`,
    unlinkSure: t`Unlink Spotify?`,
    unlinkWhat: t`Unlinking deletes the link, your Spotify name, and your picture.`,
    unlinkGuest: t`You have no user name and password: without Spotify you are a guest in this browser only. Set them first, in the section above.`,
    unlinked: t`Spotify was unlinked, and its data was deleted.`,
    dismiss: t`Close`,
    outcomes: {
      denied: {
        title: t`You declined at Spotify`,
        lead: t`Nothing was linked and nothing has changed. Everything here works without Spotify, except its own music.`,
        again: t`Try again`,
      },
      expired: {
        title: t`That login is no longer valid`,
        lead: t`It took longer than ten minutes, was used already, or began in another browser. Nothing has changed.`,
        again: t`Try again`,
      },
      taken: {
        title: t`That Spotify account belongs to someone else here`,
        lead: t`A Spotify account can be linked to one person only, so nothing has changed. If that person is you, log in as them; or unlink it there, then try again here.`,
        again: t`Log in as that person`,
      },
      full: {
        title: t`Too many people on this device`,
        lead: t`No more people can be logged in on it, so no one was added. Log someone out first, then try again.`,
        again: t`Try again`,
      },
      busy: {
        title: t`Too many logins`,
        lead: t`There were too many logins from your network in a short time. Nothing has changed. Wait a minute, then try again.`,
        again: t`Try again`,
      },
      not_listed: {
        title: t`Spotify does not let you use this server’s app`,
        lead: t`Spotify only admits people on a list kept by the owner of this server, five at most. Nothing has changed, and everything except Spotify’s music works. Ask the owner to add the e-mail address of your Spotify account, then try again.`,
        again: t`Try again`,
      },
      refused: {
        title: t`This server takes no such account`,
        lead: t`It takes no new accounts by this way, or this one was banned. Nothing has changed. If you have an invitation, create an account with it first and link Spotify in your profile.`,
        again: t`Try again`,
      },
      failed: {
        title: t`Spotify could not be reached`,
        lead: t`It did not answer, or not as expected. Nothing has changed, and everything else works. Try again in a moment.`,
        again: t`Try again`,
      },
    } satisfies Record<Exclude<SpotifyOutcome, 'done'>, { title: string; lead: string; again: string }>,
  },

  account: {
    login: t`Log in`,
    register: t`Create an account`,
    setPassword: t`Set user name and password`,
    username: t`User name`,
    usernameHint: t`3 to 32 letters a to z, digits, dots, dashes or underscores.`,
    password: t`Password`,
    passwordHint: t`At least 8 characters.`,
    passwordBytes: (bytes: number) => t`${bytes} of 72 bytes. Letters such as é count as two, emoji as four.`,
    bothMissing: t`Type your user name and your password.`,
    usernameInvalid: t`A user name has 3 to 32 letters a to z, digits, dots, dashes or underscores.`,
    passwordShort: t`That password is too short. It needs at least 8 characters.`,
    passwordLong: (bytes: number) =>
      plural(bytes, {
        other:
          'That password is too long: # bytes, and the maximum is 72. Letters such as é count as two, emoji as four.',
      }),
    wrong: t`User name and password do not match.`,
    closed: t`This server takes no new accounts.`,
    invited: t`New accounts here need an invitation from an operator.`,
    guestKeeps: (name: string) => t`With a new account you stay ${name} and keep your queue and your rooms.`,
    guestMerges: t`If you log in to an existing account, it takes over your queue and your rooms.`,
  },
} as const;

export function ageText(age: Age | null): string {
  return age === null ? t`just now` : ages.format(-age.value, age.unit);
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

/** As of when a subscription is known, and from what. */
const evidenceText: Record<PremiumEvidence, (date: string) => string> = {
  profile: (date) => t`As of ${date}, from your Spotify profile.`,
  player: (date) => t`As of ${date}, from the player in your browser.`,
  command: (date) => t`As of ${date}, from Spotify’s answer to a command.`,
};

function seenText({ evidence, at_ms }: Premium): string {
  if (!at_ms) return '';
  const date = longDate(at_ms);
  return evidence ? evidenceText[evidence](date) : t`As of ${date}.`;
}

/** What is known about a Spotify subscription, and what follows from it. */
export function premiumText(premium: Premium): { title: string; lead: string } {
  const withSource = (lead: string) => `${seenText(premium)} ${lead}`.trim();
  switch (premium.verdict) {
    case 'premium':
      return { title: t`You have Spotify Premium.`, lead: withSource(t`Your own devices can play Spotify.`) };
    case 'not_premium':
      return {
        title: t`You do not have Spotify Premium.`,
        lead: withSource(
          t`You can queue, vote and control like everyone else. You just can’t play Spotify on your own device; other devices in the room can. If you have Premium by now, check again.`,
        ),
      };
    case 'unknown':
      return {
        title: t`Whether you have Spotify Premium is not known yet.`,
        lead: t`Spotify doesn’t tell this server. It becomes known when a device of yours plays Spotify in a room. Until then nothing is restricted.`,
      };
  }
}

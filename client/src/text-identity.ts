import type { SpotifyOutcome } from '$protocol';

/**
 * The words about people and how they come in, beside `text.ts`: those that nobody needs to join a room, so that they are
 * loaded with what shows them. A translation is another object of this shape.
 */
export const identityText = {
  entry: {
    title: 'Come in',
    titleGuest: 'Log in or create an account',
    titleBeside: 'Add a person',
    lead: 'A name is enough to be here. With an account you are the same person everywhere.',
    leadBeside: (name: string) =>
      `${name} stays logged in on this device. Each of you has a queue and a vote of their own.`,
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
      `With a new account you stay who you are, ${name}: your queue, your votes and your rooms come along.`,
    guestMerges: 'If you log in to an account that you have already, it takes over your queue and your rooms.',
  },
} as const;

import type { OutputMode } from '$protocol';

/** Texts of the console's sound tab. */
export const hostSoundText = {
  who: 'Who plays',
  modes: {
    everyone: ['Everyone plays', 'Every device that somebody lets play, but for those you leave out.'],
    speakers: ['Only these speakers', 'Nothing but the devices that you tick below makes a sound.'],
  } satisfies Record<OutputMode, [string, string]>,
  devices: 'Devices',
  lead: '“Estimated” is what a device believes of itself; “heard” was found out by an ear or a microphone.',
  empty: 'No device is connected right now.',
  nobody: 'Nobody plays: tick a device, or let everyone play.',
  missing: (count: number) =>
    count === 1
      ? 'One more is named here that is not connected.'
      : `${count} more are named here that are not connected.`,
  thisDevice: 'this one',
  plays: 'Plays',
  playsOf: (device: string, member: string) => `Plays: ${device}, ${member}`,
  leaveOut: 'Leave out',
  letPlay: 'Let play again',
  of: (deed: string, device: string, member: string) => `${deed}: ${device}, ${member}`,
  leftOut: 'Left out',
  noSound: 'Was not told to play',
  ready: 'Ready',
  waiting: 'About to begin',
  full: 'That is as many devices as can be named.',
  isLeftOut: (device: string) => `${device} is left out.`,
  playsAgain: (device: string) => `${device} plays.`,
  everyone: 'Everyone plays now.',
  speakers: 'Only the ticked devices play now.',
} as const;

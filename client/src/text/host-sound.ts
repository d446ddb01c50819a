import type { OutputMode } from '$protocol';

/** Texts of the console's sound tab. */
export const hostSoundText = {
  who: 'Who plays',
  modes: {
    everyone: ['Everyone plays', 'Every device that is turned on, except those you exclude.'],
    speakers: ['Only these speakers', 'Only the devices you tick below play.'],
  } satisfies Record<OutputMode, [string, string]>,
  devices: 'Devices',
  lead: '“Estimated” is the device’s own measurement; “heard” was calibrated by ear or microphone.',
  empty: 'No device is connected right now.',
  nobody: 'Nothing plays: tick a device, or choose “Everyone plays”.',
  missing: (count: number) =>
    count === 1
      ? 'One more device is listed that is not connected.'
      : `${count} more devices are listed that are not connected.`,
  thisDevice: 'this device',
  plays: 'Plays',
  playsOf: (device: string, member: string) => `Plays: ${device}, ${member}`,
  leaveOut: 'Exclude',
  letPlay: 'Include',
  of: (deed: string, device: string, member: string) => `${deed}: ${device}, ${member}`,
  leftOut: 'Excluded',
  noSound: 'Not turned on',
  ready: 'Ready',
  waiting: 'About to start',
  full: 'No more devices can be listed.',
  isLeftOut: (device: string) => `${device} is excluded.`,
  playsAgain: (device: string) => `${device} plays.`,
  everyone: 'Everyone plays now.',
  speakers: 'Only the ticked devices play now.',
  loudness: 'Same loudness for all tracks',
  loudnessOn: 'Quiet tracks are turned up and loud ones are turned down.',
  loudnessOff: 'Tracks are as loud as they were made.',
} as const;

import type { User } from '$protocol';

/** A user entered a slot, changed, or (`null`) left it. */
export interface SlotChange {
  slot: number;
  user: User | null;
}

const CHANNEL = 'tutti.people';

/** Broadcasts slot changes to the other tabs, and calls back for theirs. */
export function slotBroadcast(onChange: (change: SlotChange) => void): (change: SlotChange) => void {
  const channel = new BroadcastChannel(CHANNEL);
  channel.onmessage = ({ data }: MessageEvent<SlotChange>) => onChange(data);
  return (change) => channel.postMessage(change);
}

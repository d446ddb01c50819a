import type { User } from '$protocol';

/** Somebody came into a slot, changed, or (`null`) went out of it. */
export interface SlotChange {
  slot: number;
  user: User | null;
}

const CHANNEL = 'tutti.people';

/** What one tab does to a slot, the others hear. Never itself. */
export function slotBroadcast(onNews: (news: SlotChange) => void): (news: SlotChange) => void {
  const channel = new BroadcastChannel(CHANNEL);
  channel.onmessage = ({ data }: MessageEvent<SlotChange>) => onNews(data);
  return (news) => channel.postMessage(news);
}

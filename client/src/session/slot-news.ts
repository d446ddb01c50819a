import type { User } from '$protocol';

/** Somebody came into a slot, changed, or (`null`) went out of it. */
export interface SlotNews {
  slot: number;
  user: User | null;
}

const CHANNEL = 'tutti.people';

/** What one tab does to a slot, the others hear. Never itself. */
export function slotNews(onNews: (news: SlotNews) => void): (news: SlotNews) => void {
  const channel = new BroadcastChannel(CHANNEL);
  channel.onmessage = ({ data }: MessageEvent<SlotNews>) => onNews(data);
  return (news) => channel.postMessage(news);
}

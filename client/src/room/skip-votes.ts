import type { Room, UserId } from '$protocol';
import { mayDo } from './permissions';
import type { Presence } from './presence';

/**
 * How many votes skip what is on, as the room counts it at the next vote: a share of those who are present and may vote,
 * and of those who voted already. `null` where nothing is skipped by votes.
 */
export function skipVotesNeeded(room: Room, presence: Presence, me: UserId | null): number | null {
  const share = room.settings.vote_skip_share;
  if (share === 0) return null;
  const isPresent = (id: UserId) => presence.get(id)?.idle === false || id === me;
  const electorate = room.members.filter(
    (member) =>
      (room.skip_votes ?? []).includes(member.id) ||
      (!member.away && isPresent(member.id) && mayDo(member, room.settings, 'vote_skip')),
  );
  // Counted when somebody votes: where people left meanwhile, it takes one more vote all the same.
  const votes = room.skip_votes?.length ?? 0;
  return Math.max(votes + 1, Math.ceil((electorate.length * share) / 100));
}

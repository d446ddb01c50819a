/** The views of a room that a phone does not show at first. */

export { default as Chat } from './Chat.svelte';
export { default as Invite } from './Invite.svelte';
export { default as MyQueue } from './MyQueue.svelte';
export { default as People } from './People.svelte';
export { default as Search } from './Search.svelte';
export { default as Upcoming } from './Upcoming.svelte';

import { dirname, join } from 'node:path';
import type { Guest } from './guest.ts';
import { Program } from './program.ts';
import { BINARY } from './server.ts';
import { test as base, expect } from './test.ts';

const STAND_IN = join(dirname(BINARY), 'tutti-spotify-stand-in');
const CLIENT_ID = 'tutti-test-client';

/** Who has an account there. */
export type Person = 'ana' | 'ben' | 'cleo';

/** A track's id, or none, with the place at which it is. */
export interface Playing {
  track: string | null;
  position_ms: number;
  is_playing: boolean;
  device: string | null;
}

/** The stand-in for Spotify; its switches and its people are in tests/spotify-stand-in/README.md. */
export class Spotify {
  url = '';
  #program = new Program(STAND_IN, /^(http:\/\/[\d.:]+)/);

  get log(): string {
    return this.#program.log;
  }

  async start(): Promise<void> {
    this.url = await this.#program.start(['--listen', '127.0.0.1:0', '--client-id', CLIENT_ID]);
  }

  async dispose(): Promise<void> {
    await this.#program.end('SIGTERM');
  }

  async turn(switches: Record<string, unknown>): Promise<void> {
    await this.#control('PATCH', 'switches', switches);
  }

  /** They take back what they agreed to, on a page of Spotify's. */
  async revoke(person: Person): Promise<void> {
    await this.#control('POST', `people/${person}/revoke`, {});
  }

  /** They switch on a device with an app of Spotify's on it. */
  async addDevice(person: Person, id: string, name: string): Promise<void> {
    await this.#control('POST', `people/${person}/devices`, { id, name, type: 'Smartphone' });
  }

  /** What their account really plays, and where. */
  async plays(person: Person): Promise<Playing> {
    const player = (await this.#control('GET', `people/${person}/player`)) as Playing & {
      devices: { name: string; is_active: boolean }[];
    };
    return { ...player, device: player.devices.find(({ is_active }) => is_active)?.name ?? null };
  }

  async #control(method: string, path: string, body?: unknown): Promise<unknown> {
    const init = body === undefined ? { method } : { method, body: JSON.stringify(body) };
    const answer = await fetch(`${this.url}/stand-in/${path}`, init);
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }
}

/** From a page of ours to Spotify's, where they agree as one of its people, and back. */
export async function continueAs(guest: Guest, person: Person): Promise<void> {
  await guest.get('spotify-continue').click();
  await guest.get(`person-${person}`).check();
  await guest.get('agree').click();
}

/** Presses "check again" until it has the outcome: an answer a few seconds old is not asked for again. */
export async function checkUntil(guest: Guest, testId: string, attribute: string, value: string): Promise<void> {
  await expect(async () => {
    const check = guest.get('spotify-check');
    if (await check.isVisible()) await check.click();
    await expect(guest.get(testId)).toHaveAttribute(attribute, value, { timeout: 1_000 });
  }).toPass({ timeout: 30_000 });
}

/** For stories in which the server knows of a Spotify. */
export const test = base.extend<{ spotify: Spotify }>({
  // biome-ignore lint/correctness/noEmptyPattern: this is how Playwright is told that nothing else is needed
  spotify: async ({}, use, info) => {
    const spotify = new Spotify();
    try {
      await spotify.start();
      await use(spotify);
    } finally {
      await spotify.dispose();
      if (info.status !== info.expectedStatus) await info.attach('spotify.log', { body: spotify.log });
    }
  },

  settings: async ({ spotify }, use) => {
    await use({
      TUTTI_SPOTIFY_CLIENT_ID: CLIENT_ID,
      TUTTI_SPOTIFY_ACCOUNTS_URL: spotify.url,
      TUTTI_SPOTIFY_API_URL: spotify.url,
      TUTTI_SPOTIFY_SDK_URL: `${spotify.url}/sdk/spotify-player.js`,
    });
  },
});

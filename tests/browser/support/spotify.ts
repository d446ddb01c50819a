import { dirname, join } from 'node:path';
import type { Guest } from './guest.ts';
import { Program } from './program.ts';
import { BINARY } from './server.ts';
import { test as base, expect } from './test.ts';

const STAND_IN = join(dirname(BINARY), 'tutti-spotify-stand-in');
const CLIENT_ID = 'tutti-test-client';

/** The stand-in's users. */
export type Person = 'ana' | 'ben' | 'cleo';

/** The current track of an account and its position. */
export interface Playing {
  track: string | null;
  position_ms: number;
  is_playing: boolean;
  device: string | null;
}

/** The stand-in for Spotify; tests/spotify-stand-in/README.md describes its switches and users. */
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

  /** Revokes the app's access, as on the account page at Spotify. */
  async revoke(person: Person): Promise<void> {
    await this.#control('POST', `people/${person}/revoke`, {});
  }

  /** Adds a device with a Spotify app. */
  async addDevice(person: Person, id: string, name: string): Promise<void> {
    await this.#control('POST', `people/${person}/devices`, { id, name, type: 'Smartphone' });
  }

  /** What the account plays, and on which device. */
  async playerState(person: Person): Promise<Playing> {
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

/** Continues from the client to Spotify's consent page, agrees as `person`, and returns. */
export async function continueAs(guest: Guest, person: Person): Promise<void> {
  await guest.get('spotify-continue').click();
  await guest.get(`person-${person}`).check();
  await guest.get('agree').click();
}

/** Presses "check again" until the outcome appears: the server caches an answer for a few seconds. */
export async function checkUntil(guest: Guest, testId: string, attribute: string, value: string): Promise<void> {
  await expect(async () => {
    const check = guest.get('spotify-check');
    if (await check.isVisible()) await check.click();
    await expect(guest.get(testId)).toHaveAttribute(attribute, value, { timeout: 1_000 });
  }).toPass({ timeout: 30_000 });
}

/** A test whose server is configured with the Spotify stand-in. */
export const test = base.extend<{ spotify: Spotify }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright requires the empty pattern to declare no dependencies
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

import type {
  ActList,
  OneTimeLink,
  OperatedRoomList,
  OperatedRoomMembers,
  PersonList,
  ServerReport,
  SwitchesChange,
  SwitchesStatus,
  UserId,
} from '$protocol';
import type { Request } from '../session/http';
import { app } from './app.svelte';

/** The requests of operators. Apart from the others, because the first pages load those. */
export const operatorApi = {
  /** Makes the current user the first operator. `token`: from the link that the server showed at its start. */
  claim: (token: string): Promise<void> => tell('operator/claim', { method: 'POST', body: { token } }),

  people(query: string, onlyBanned: boolean, cursor: string | null): Promise<PersonList> {
    return app.api.json(`operator/people?${parameters({ q: query, banned: String(onlyBanned) }, cursor)}`);
  },
  makePasswordLink: (person: UserId): Promise<OneTimeLink> =>
    app.api.json(`operator/people/${person}/password-link`, { method: 'POST' }),
  ban: (person: UserId): Promise<void> => tell(`operator/people/${person}/ban`, { method: 'PUT' }),
  unban: (person: UserId): Promise<void> => tell(`operator/people/${person}/ban`, { method: 'DELETE' }),
  deletePerson: (person: UserId): Promise<void> => tell(`operator/people/${person}`, { method: 'DELETE' }),

  rooms: (query: string, cursor: string | null): Promise<OperatedRoomList> =>
    app.api.json(`operator/rooms?${parameters({ q: query }, cursor)}`),
  roomMembers: (code: string): Promise<OperatedRoomMembers> => app.api.json(`operator/rooms/${code}`),
  closeRoom: (code: string): Promise<void> => tell(`operator/rooms/${code}`, { method: 'DELETE' }),
  handOver: (code: string, member: UserId): Promise<void> =>
    tell(`operator/rooms/${code}/host`, { method: 'PUT', body: { member } }),

  report: (): Promise<ServerReport> => app.api.json('operator/report'),
  scanLibrary: (): Promise<void> => tell('operator/library/scan', { method: 'POST' }),

  switches: (): Promise<SwitchesStatus> => app.api.json('operator/switches'),
  setSwitches: (body: SwitchesChange): Promise<SwitchesStatus> =>
    app.api.json('operator/switches', { method: 'PATCH', body }),
  makeInvitation: (): Promise<OneTimeLink> => app.api.json('operator/invitations', { method: 'POST' }),
  withdrawInvitations: (): Promise<SwitchesStatus> => app.api.json('operator/invitations', { method: 'DELETE' }),

  log: (cursor: string | null): Promise<ActList> => app.api.json(`operator/log?${parameters({}, cursor)}`),
};

/** Does something with an entry of a list, says so or why not, and loads the list again. */
export async function act(request: () => Promise<void>, done: string, reload: () => Promise<void>): Promise<void> {
  try {
    await request();
    app.showToast(done);
  } catch (error) {
    app.showError(error);
  }
  await reload();
}

function parameters(values: Record<string, string>, cursor: string | null): URLSearchParams {
  return new URLSearchParams(cursor === null ? values : { ...values, cursor });
}

/** A request without a document in the answer. */
async function tell(path: string, options: Request): Promise<void> {
  await app.api.authorized(path, options);
}

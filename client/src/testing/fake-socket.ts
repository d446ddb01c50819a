import type { ClientFrame, ServerFrame } from '$protocol';
import type { Socket } from '../connection/connection';

/** A socket whose other end is the test. */
export class FakeSocket implements Socket {
  onopen: Socket['onopen'] = null;
  onmessage: Socket['onmessage'] = null;
  onclose: Socket['onclose'] = null;
  readyState = 1;
  sent: ClientFrame[] = [];
  closed = false;

  send(text: string): void {
    this.sent.push(JSON.parse(text) as ClientFrame);
  }

  close(): void {
    this.closed = true;
  }

  opens(): void {
    this.onopen?.(new Event('open'));
  }

  says(frame: ServerFrame): void {
    this.onmessage?.(new MessageEvent('message', { data: JSON.stringify(frame) }));
  }

  /** The other end closed it; the page learns it in a moment. */
  isClosing(): void {
    this.readyState = 2;
  }

  dies(code: number): void {
    this.onclose?.(Object.assign(new Event('close'), { code, reason: '', wasClean: true }));
  }
}

/** Copies text. The clipboard API exists only in secure contexts; `execCommand` works on plain HTTP too. */
export async function copyText(text: string): Promise<boolean> {
  if (navigator.clipboard !== undefined) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // Permission denied: fall back to `execCommand`.
    }
  }
  const field = document.createElement('textarea');
  field.value = text;
  field.readOnly = true;
  field.className = 'visually-hidden';
  document.body.append(field);
  field.select();
  const copied = document.execCommand('copy');
  field.remove();
  return copied;
}

export function canShare(): boolean {
  return typeof navigator.share === 'function';
}

export async function shareLink(title: string, url: string): Promise<void> {
  // Closing the share sheet rejects the promise; that is not an error.
  await navigator.share({ title, url }).catch(() => {});
}

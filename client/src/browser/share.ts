/** Copies text. The clipboard API is there in secure contexts only; the old way works on plain http, too. */
export async function copyText(text: string): Promise<boolean> {
  if (navigator.clipboard !== undefined) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // No permission: the old way may still be open.
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
  // Closing the system's sheet rejects; that is an answer, not an error.
  await navigator.share({ title, url }).catch(() => {});
}

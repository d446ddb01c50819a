/** Closes a modal dialog by a press beside it, where the browser ignores `closedby="any"`, as Safari does. */
export function lightDismiss(dialog: HTMLDialogElement): void {
  if ('closedBy' in HTMLDialogElement.prototype) return;
  // Text that is selected from inside the dialog to beside it also ends in a click there.
  let pressedBeside = false;
  dialog.addEventListener('pointerdown', (event) => {
    pressedBeside = isBeside(dialog, event);
  });
  dialog.addEventListener('click', (event) => {
    if (pressedBeside && isBeside(dialog, event)) dialog.close();
  });
}

function isBeside(dialog: HTMLDialogElement, { target, clientX, clientY }: MouseEvent): boolean {
  const { left, right, top, bottom } = dialog.getBoundingClientRect();
  return target === dialog && (clientX < left || clientX > right || clientY < top || clientY > bottom);
}

import { h } from './dom.ts';

/** A correlation ID and a button that copies it. */
export function copyable(id: string): HTMLElement {
  const button = h(
    'button',
    { type: 'button', class: 'copy', 'aria-label': `Copy the correlation ID ${id}` },
    'Copy',
  );
  button.addEventListener('click', async () => {
    const copied = await copy(id);
    button.textContent = copied ? 'Copied' : 'Press Ctrl+C';
    setTimeout(() => {
      button.textContent = 'Copy';
    }, 1500);
  });
  return h('span', { class: 'id' }, h('code', {}, id), button);
}

/** A page opened from a file has no clipboard in some browsers: then the text is selected for the user to copy. */
async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = h('textarea', { readonly: true, class: 'off' });
    field.value = text;
    document.body.append(field);
    field.select();
    const done = document.execCommand('copy');
    if (done) field.remove();
    else field.addEventListener('blur', () => field.remove());
    return done;
  }
}

/** Dialogs: one question each, asked in a <dialog>; what had the focus has it again afterwards. */
import {freshId, h} from './kit.js';
import {button, field, problem} from './parts.js';

/**
 * Opens a dialog.
 *
 * @param title what is to be done
 * @param content what is filled in
 * @param action the words on the button that does it
 * @param kind `primary`, or `danger` for what cannot be taken back
 * @param act does it; what it throws is shown, and the dialog stays
 * @param ready says whether all is there that is needed; asked after each change
 */
export function openDialog({title, content, action, kind = 'primary', act, ready = () => true}) {
  const opener = document.activeElement;
  const heading = freshId('dialog');
  const failed = h('div', {class: 'trouble'});
  const submit = h('button', {type: 'submit', class: kind}, action);
  const form = h('form', {method: 'dialog', onsubmit: submitted, oninput: look, onchange: look, novalidate: true},
      h('h2', {id: heading}, title),
      h('div', {class: 'fields'}, content),
      failed,
      h('div', {class: 'actions end'}, button('Cancel', () => dialog.close()), submit));
  const dialog = h('dialog', {'aria-labelledby': heading, onclose: closed}, form);
  document.body.append(dialog);
  look();
  dialog.showModal();
  (form.querySelector('[autofocus]') ?? form.querySelector('input, select, textarea'))?.focus();

  function look() {
    submit.disabled = !ready();
  }

  async function submitted(event) {
    event.preventDefault();
    const wrong = form.querySelector(':invalid');
    form.querySelectorAll('[aria-invalid]').forEach(input => input.removeAttribute('aria-invalid'));
    if (wrong) {
      wrong.setAttribute('aria-invalid', 'true');
      tell({code: 'INVALID', message: `${wrong.labels?.[0]?.textContent ?? 'A field'}: ${wrong.validationMessage}`});
      wrong.focus();
      return;
    }
    submit.disabled = true;
    failed.replaceChildren();
    try {
      await act();
      dialog.close();
    } catch (error) {
      tell(error);
      look();
    }
  }

  function tell(error) {
    failed.replaceChildren(problem(error));
    failed.scrollIntoView({block: 'nearest'});
  }

  function closed() {
    dialog.remove();
    (opener?.isConnected ? opener : document.querySelector('main h1'))?.focus();
  }
}

/** Asks before something is gone for good: its name has to be typed. */
export function confirmByName({title, text, name, action, act}) {
  const typed = h('input', {autocomplete: 'off', spellcheck: 'false', autocapitalize: 'off'});
  openDialog({
    title,
    content: [h('p', null, text), field(['To confirm, type ', h('strong', {class: 'mono'}, name)], typed)],
    action,
    kind: 'danger',
    act,
    ready: () => typed.value === name,
  });
}

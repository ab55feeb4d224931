// Two languages, one flat table each. The choice is remembered and shown in the page's `lang`.
import { effect, signal } from '@preact/signals';
import en from '../../i18n/en.json';
import zh from '../../i18n/zh.json';

const kStorageKey = 'skywarden.lang';
const tables = { en, zh };
const tags = { en: 'en', zh: 'zh-CN' };

export const lang = signal(firstChoice());

effect(() => {
  const value = lang.value;
  document.documentElement.lang = tags[value];
  document.title = tables[value]['page.title'];
  try {
    localStorage.setItem(kStorageKey, value);
  } catch {
    // Private windows may refuse storage; the choice then lasts as long as the page.
  }
});

/** The text for a key, with {name} replaced from params. */
export function t(key, params) {
  const text = tables[lang.value][key] ?? key;
  if (!params) return text;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in params ? String(params[name]) : whole));
}

/** The text for a word from the program, or the word itself when this page does not know it. */
export function word(group, value) {
  if (value === undefined || value === null || value === '') return '–';
  return tables[lang.value][`${group}.${String(value).toLowerCase()}`] ?? String(value);
}

/** One side of the program's {en, zh}; plain strings pass through. */
export function pick(text) {
  if (text && typeof text === 'object') return text[lang.value] ?? text.en ?? text.zh ?? '';
  return text ?? '';
}

export function languageTag() {
  return tags[lang.value];
}

function firstChoice() {
  let saved = null;
  try {
    saved = localStorage.getItem(kStorageKey);
  } catch {
    saved = null;
  }
  if (saved in tables) return saved;
  return (navigator.language ?? '').toLowerCase().startsWith('zh') ? 'zh' : 'en';
}

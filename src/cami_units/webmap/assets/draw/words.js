// What the page knows, and how it speaks. Strings from data carry entities in the file; here they become
// plain text once, and reach the page as text nodes only.

import { bent } from "./plurals.js";

export const data = plainly(JSON.parse(document.getElementById("cami-data").textContent));

function plainly(value) {
  if (typeof value === "string") {
    return value.indexOf("&#") < 0 ? value : value.replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)));
  }
  if (Array.isArray(value)) return typeof value[0] === "number" ? value : value.map(plainly);
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [plainly(key), plainly(inner)]));
  }
  return value;
}

export const speech = { lang: data.lang };
const heard = [];
export const onLanguage = (act) => heard.push(act);

export function speak(lang) {
  speech.lang = data.languages.includes(lang) ? lang : data.lang;
  document.documentElement.lang = speech.lang;
  for (const element of document.querySelectorAll("[data-t]")) element.textContent = word(element.dataset.t);
  for (const element of document.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", word(element.dataset.label));
    element.title = word(element.dataset.label);
  }
  for (const button of document.querySelectorAll("[data-lang]")) {
    button.setAttribute("aria-pressed", String(button.dataset.lang === speech.lang));
  }
  heard.forEach((act) => act());
}

// A phrase with its {braces} filled in, its {n:nouns|bent} after their number; a key without a phrase
// stands for itself.
export function word(key, facts = {}) {
  const words = data.words[speech.lang];
  const phrase = Object.prototype.hasOwnProperty.call(words, key) ? words[key] : key;
  return phrase.replace(/\{(\w+)(?::([^}]*))?\}/g, (whole, name, forms) => {
    if (facts[name] === undefined) return whole;
    return forms ? bent(forms.split("|"), facts[name], speech.lang) : String(facts[name]);
  });
}

// Lists, labels and brackets, with the signs of the language.
export const inList = (parts) => parts.join(word("between parts"));
export const withLabel = (label, value) => word("label and value", { label, value });
export const withAside = (words, aside) => (aside ? word("words and aside", { words, aside }) : words);

export function number(value, digits = 0) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  return value.toLocaleString(speech.lang, { maximumFractionDigits: digits, minimumFractionDigits: 0 });
}

// So many digits that a number tells itself apart from its neighbours: 12,300 · 31 · 6.2 · 0.54
export function figure(value) {
  const size = Math.abs(value);
  return number(value, size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3);
}

export const signedFigure = (value) => `${value > 0 ? "+" : value < 0 ? "−" : "±"}${number(Math.abs(value))}`;
export const squareKm = (value) => `${number(value)} ${word("km2")}`;

export function speciesName(name) {
  const own = Object.prototype.hasOwnProperty.call(data.names, name);
  return own ? data.names[name][speech.lang] || data.names[name].en : name;
}

export const nameIn = (names) => names[speech.lang] || names.en || names.ru || "";

// What a unit is called: in a language that nobody renames it in as it was handed out, until it is renamed.
export function nameOf(unit) {
  const given = data.units.find((one) => one.id === unit.cu_id);
  const others = given && given.name.en === unit.name_en ? given.name : {};
  return nameIn({ ...others, en: unit.name_en, ru: unit.name_ru });
}

export const node = (id) => document.getElementById(id);

// An element with attributes and children; children that are not nodes become text.
export function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

// Said by a screen reader, and shown for a while where it is told so.
export function say(text) {
  node("said").textContent = text;
}

export const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;

// How nouns bend after their numbers, on the map as on the drawing page.

// The form of a noun that a count takes: of two (one, more) or three (one, two to four and parts, more).
export function bent(forms, count, lang) {
  const rule = new Intl.PluralRules(forms.length < 3 ? "en" : lang).select(Number(count));
  return forms[Math.min({ one: 0, many: 2 }[rule] ?? 1, forms.length - 1)];
}

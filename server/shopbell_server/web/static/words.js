// What the page says, in the language of whoever is signed in. The server put the words into the page.

const words = JSON.parse(document.getElementById("words").textContent);

const plural = new Intl.PluralRules(document.documentElement.lang);

// A text that counts has its forms by the name of the rule, and counts `n`.
export function say(key, values = {}) {
  const text = words[key];
  const form = typeof text === "string" ? text : (text[plural.select(values.n)] ?? text.other);
  return form.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

// Times as the store's own clock shows them, wherever the tablet thinks it is.
export function clockOf(language, timeZone) {
  const format = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone });
  return (at) => format.format(at);
}

export function age(ms) {
  const minutes = Math.floor(ms / 60000);
  if (minutes < 1) return say("just_now");
  if (minutes < 60) return say("minutes", { n: minutes });
  return say("hours", { h: Math.floor(minutes / 60), n: minutes % 60 });
}

export function spoken(code) {
  const base = code.toLowerCase().split("-")[0];
  return ["nl", "en", "de", "fr"].includes(base) ? say(`language_${base}`) : say("language_other", { code });
}

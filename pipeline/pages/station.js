// The review station. The next fields are here before they are needed; answers leave in the background, in order, and
// are kept until the server has them, also over a reload.
"use strict";

const $ = (id) => document.getElementById(id);
const formToken = document.body.dataset.formToken;
const OUTBOX = `outbox of ${document.body.dataset.reviewer}`;
const KNOWN = 16; // as many as the server hears of
const RETRY_MS = 1000;
const CHECK_AFTER_MS = 120;
const LOOK_AGAIN_MS = 60000;
const ATTENDED_MS = 25 * 60000;
const PAUSE_MS = 60000; // longer between two answers is a break, not work
const ANSWER = "/api/answer";
const UNREADABLE = "?";
const BLANK = "blank";

let hand = []; // fields on this screen, the first one shown
let outbox = JSON.parse(sessionStorage.getItem(OUTBOX) || "[]"); // what the server does not have yet
let sending = false;
let progress = null;
let touched = false; // the reviewer has keyed something
let insisting = false; // Enter was pressed once on a value that breaks a rule
let pageShown = false;
let lastKey = Date.now();
let checkTimer = 0;
let checkNumber = 0;
const kept = new Map(); // what was keyed for a field, should it come back
const refused = new Map(); // why a field came back
const times = []; // of the last answers; a field that was skipped is no work done
const pictures = new Map();

// --- talking to the server ---------------------------------------------------------------------

class Refused extends Error {
  constructor(status, error) {
    super(error.message);
    this.status = status;
    this.code = error.code;
  }
}

function filters() {
  return { template: $("template").value || null, reason: $("reason").value || null };
}

async function call(path, body) {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Form-Token": formToken },
    body: JSON.stringify({ ...filters(), known: hand.slice(0, KNOWN).map((item) => item.id), ...body }),
  });
  const said = await answer.json();
  if (!answer.ok) throw new Refused(answer.status, said.error);
  return said;
}

function post(path, body, item) {
  outbox.push({ path, body, item });
  keepOutbox();
  send();
}

function keepOutbox() {
  sessionStorage.setItem(OUTBOX, JSON.stringify(outbox));
}

async function send() {
  if (sending) return;
  sending = true;
  while (outbox.length) {
    const { path, body, item } = outbox[0];
    try {
      const state = await call(path, body);
      outbox.shift();
      keepOutbox();
      take(state);
      say(outbox.length ? "saving" : "saved ✓");
    } catch (error) {
      if (!(error instanceof Refused) || error.status >= 500 || error.status === 429) {
        say(`Not saved yet: the server does not answer. ${outbox.length} kept here; trying again.`, true);
        await new Promise((done) => setTimeout(done, RETRY_MS));
      } else if (error.status === 401 || error.status === 403) {
        say("Not saved: the session has ended. Load this page again and sign in; your answers are kept.", true);
        break;
      } else {
        outbox.shift();
        keepOutbox();
        bringBack(item, body, error);
      }
    }
  }
  sending = false;
}

// The server's word on what is in hand; fields answered here but not yet there are left out.
function take(state) {
  progress = state.progress;
  const leaving = new Set(outbox.map((entry) => entry.body.id));
  const known = new Set(hand.map((item) => item.id));
  const wasEmpty = hand.length === 0;
  for (const item of state.hand) {
    if (!leaving.has(item.id) && !known.has(item.id)) hand.push(item);
  }
  hand.forEach(load);
  numbers();
  if (wasEmpty) show();
}

// What was typed for a field; the words that keys stand for were not.
function keep(item, body) {
  kept.set(item.id, [UNREADABLE, BLANK].includes(body.text) ? "" : body.text || "");
}

// A refused answer comes back, with what was keyed and what is wrong with it: as the next field, since the key that is
// on its way now is meant for the one on the screen.
function bringBack(item, body, error) {
  hand = hand.filter((other) => other.id !== item.id);
  keep(item, body);
  refused.set(item.id, { words: error.message, isRule: error.code === "breaks_a_rule" });
  hand.splice(1, 0, item);
  if (hand[0] !== item) return say(`${item.field.replaceAll("_", " ")} comes back next`, true);
  say("");
  show();
  if (refused.get(item.id).isRule) insist(item); // nothing else was on the screen
  return undefined;
}

function insist(item) {
  insisting = true;
  remark(`${refused.get(item.id).words}. Enter again to insist.`);
}

// --- what is seen ------------------------------------------------------------------------------

function load(item) {
  if (pictures.has(item.id)) return;
  const picture = new Image();
  picture.src = `/crop/${item.id}`;
  pictures.set(item.id, picture);
  if (pictures.size > 40) pictures.delete(pictures.keys().next().value);
}

function show() {
  const item = hand[0];
  $("desk").hidden = !item;
  $("empty").hidden = Boolean(item) || outbox.length > 0; // the next ones may be on their way
  document.querySelector(".actions").hidden = !item && !times.length;
  insisting = false;
  clearTimeout(checkTimer);
  checkNumber += 1;
  if (!item) {
    $("form").textContent = "";
    $("field").textContent = "";
    $("mode").hidden = true;
    return;
  }
  load(item);
  $("form").textContent = item.template;
  $("field").textContent = `· ${item.field.replaceAll("_", " ")}`;
  const mode = item.escalated ? "for a supervisor" : item.blind ? "second key" : "";
  $("mode").textContent = mode;
  $("mode").hidden = !mode;
  $("expects").textContent = item.expects;
  $("value").setAttribute("aria-label", `${item.field.replaceAll("_", " ")}: ${item.expects}`);
  const value = $("value");
  const before = kept.get(item.id);
  touched = before !== undefined && before !== "";
  value.value = touched ? before : item.proposal || "";
  value.className = touched || !item.proposal ? "" : "proposal";
  value.placeholder = item.blind ? "key what you see" : item.looks_blank ? "looks blank: Enter" : "nothing was read";
  remark(refused.get(item.id)?.words || "");
  $("why").textContent = why(item);
  second(item);
  draw(item);
  if (pageShown) showPage(item);
  value.focus({ preventScroll: true });
  value.select();
}

function why(item) {
  if (item.blind) return `${item.file}, page ${item.page}. The machine's reading is kept hidden.`;
  const parts = item.keys.map((key) => `${key.who} keyed ${key.value === null ? "unreadable" : key.value}`);
  parts.push(...item.reasons, ...item.rules.map((rule) => `${rule.words} ${rule.ok ? "fits" : "does not fit"}`));
  return `Why: ${parts.join(" · ")} · ${item.file}, page ${item.page}`;
}

function second(item) {
  const other = (item.others || []).find((one) => one.value !== item.proposal);
  $("second").replaceChildren(); // its line stays, so that nothing moves
  if (!other) return;
  const value = document.createElement("b");
  value.textContent = other.value;
  const key = document.createElement("kbd");
  key.textContent = "Tab";
  const take = document.createElement("button");
  take.type = "button";
  take.tabIndex = -1; // the keyboard has Tab for it
  take.append(key, " ", value, ` ${percent(other.confidence)}`);
  take.addEventListener("click", takeSecond);
  $("second").replaceChildren(take);
}

function takeSecond() {
  $("value").value = $("second").querySelector("b").textContent;
  $("value").dispatchEvent(new Event("input"));
  $("value").focus({ preventScroll: true });
}

function percent(share) {
  return share < 0.01 ? "under 1 %" : `${Math.round(100 * share)} %`;
}

function draw(item) {
  const picture = pictures.get(item.id);
  const shown = $("picture");
  shown.src = picture.src;
  shown.alt = `The field ${item.field.replaceAll("_", " ")} as scanned`;
  if (picture.complete) fit(item, picture);
  else picture.addEventListener("load", () => hand[0] === item && fit(item, picture), { once: true });
}

// As large as fits, up to six times; the ink as it was scanned.
function fit(item, picture) {
  const sight = document.querySelector(".sight").clientWidth;
  const room = Math.max(240, (pageShown && innerWidth > 640 ? 0.55 : 1) * sight - 2);
  const height = Math.max(96, innerHeight * (innerWidth > 640 ? 0.32 : 0.2));
  const times = Math.min(6, room / (picture.naturalWidth || 1), height / (picture.naturalHeight || 1));
  const width = Math.round(picture.naturalWidth * times);
  $("picture").style.width = `${width}px`;
  $("picture").style.height = `${Math.round(picture.naturalHeight * times)}px`;
  characters(item, width);
}

function characters(item, width) {
  const row = $("characters");
  const read = item.characters || [];
  const isPlaced = read.length > 0 && read.every((one) => one.x !== null) && width / read.length > 24;
  row.className = isPlaced ? "" : "row";
  row.style.width = isPlaced ? `${width}px` : "";
  row.replaceChildren(
    ...read.map((one) => {
      const place = document.createElement("span");
      const char = document.createElement("b");
      const sure = document.createElement("small");
      char.textContent = one.char === " " ? "␣" : one.char;
      sure.textContent = one.confidence >= 0.995 ? "" : one.confidence.toFixed(2).replace(/^0/, "");
      if (one.doubtful) place.className = "doubtful";
      if (isPlaced) place.style.left = `${100 * one.x}%`;
      place.append(char, sure);
      return place;
    }),
  );
}

function numbers() {
  if (!progress) return;
  const parts = [`${progress.waiting.toLocaleString("en")}${progress.are_more_waiting ? "+" : ""} left`];
  if (progress.keyed) parts.push(`${progress.keyed.toLocaleString("en")} keyed`);
  const rate = speed();
  if (rate) parts.push(`${rate.toLocaleString("en")}/h`);
  if (progress.settled) parts.push(`${((100 * progress.corrected) / progress.settled).toFixed(1)} % corrected`);
  $("numbers").textContent = parts.join(" · ");
}

// Fields an hour over the last answers, breaks left out.
function speed() {
  let spent = 0;
  let count = 0;
  for (let i = 1; i < times.length; i += 1) {
    const gap = times[i] - times[i - 1];
    if (gap < PAUSE_MS) {
      spent += gap;
      count += 1;
    }
  }
  return count >= 4 ? Math.round((3600000 * count) / spent) : 0;
}

function say(words, isLoud = false) {
  $("saved").textContent = words;
  $("saved").className = isLoud ? "saved loud" : "saved";
}

function remark(words, isFine = false) {
  $("remark").textContent = words;
  $("remark").className = isFine ? "fine" : "";
  $("value").classList.toggle("off", Boolean(words) && !isFine);
}

// --- what is done ------------------------------------------------------------------------------

function leave(path, body) {
  const item = hand.shift();
  refused.delete(item.id);
  keep(item, body);
  if (path === ANSWER) times.push(Date.now());
  if (times.length > 60) times.shift();
  if (progress && !progress.are_more_waiting) progress = { ...progress, waiting: Math.max(0, progress.waiting - 1) };
  say("saving");
  numbers();
  post(path, { id: item.id, ...body }, item);
  show();
}

const deeds = {
  accept() {
    const text = $("value").value.trim();
    if (refused.get(hand[0].id)?.isRule && !insisting) insist(hand[0]);
    else if (!text && hand[0].looks_blank) deeds.blank(); // the machine's proposal, as any other
    else if (!text) remark("Key what the field shows. F8 if it is blank, F2 if nobody can read it.");
    else leave(ANSWER, { text, insist: insisting });
  },
  unreadable: () => leave(ANSWER, { text: UNREADABLE }),
  blank: () => leave(ANSWER, { text: BLANK }),
  skip: () => leave("/api/skip", {}),
  escalate: () => leave("/api/escalate", {}),
  page() {
    const button = document.querySelector('[data-do="page"]');
    if (!button) return;
    pageShown = !pageShown;
    button.setAttribute("aria-pressed", String(pageShown));
    $("page-pane").hidden = !pageShown;
    if (pageShown) showPage(hand[0]);
    draw(hand[0]);
    $("value").focus({ preventScroll: true });
  },
  async back() {
    while (sending) await new Promise((done) => setTimeout(done, 20));
    try {
      const state = await call("/api/back", {});
      if (!state.back) return say("nothing to undo");
      hand = [state.back, ...hand.filter((item) => item.id !== state.back.id)];
      take(state);
      say("taken back");
      show();
    } catch (error) {
      say(error.message, true);
    }
    return undefined;
  },
};

function showPage(item) {
  $("page-remark").hidden = true;
  $("page").hidden = false;
  $("page").src = `/page/${item.id}`;
}

$("page").addEventListener("error", async () => {
  $("page").hidden = true;
  $("page-remark").hidden = false;
  $("page-remark").textContent = "The page cannot be shown.";
  try {
    const said = await (await fetch($("page").src)).json(); // a picture does not tell why it is missing
    $("page-remark").textContent = `The page cannot be shown: ${said.error.message}.`;
  } catch {
    // The server is away; saving says so loudly.
  }
});

$("key").addEventListener("submit", (event) => {
  event.preventDefault();
  deeds.accept();
});

$("value").addEventListener("input", () => {
  touched = true;
  insisting = false;
  refused.delete(hand[0]?.id);
  $("value").className = "";
  $("second").replaceChildren();
  remark("");
  clearTimeout(checkTimer);
  checkTimer = setTimeout(check, CHECK_AFTER_MS);
});

async function check() {
  const item = hand[0];
  const text = $("value").value.trim();
  if (!item || !text) return;
  checkNumber += 1;
  const number = checkNumber;
  try {
    const said = await call("/api/check", { id: item.id, text });
    if (number !== checkNumber) return; // the reviewer has typed on
    if (!said.fits) remark(said.remark);
    else if (said.broken.length) remark(said.broken.join("; "));
    else remark(said.value === text ? "" : `= ${said.value}`, true);
  } catch {
    // Saving says it loudly when the server is away; a missed remark is no loss.
  }
}

document.addEventListener("keydown", (event) => {
  lastKey = Date.now();
  const key = { F2: "unreadable", F3: "skip", F4: "page", F6: "escalate", F8: "blank" }[event.key];
  const isBack = event.key === "Backspace" && event.shiftKey;
  if (isBack || (key && !event.altKey && !event.ctrlKey && !event.metaKey)) {
    event.preventDefault();
    if (isBack) deeds.back();
    else if (hand.length && !event.repeat) deeds[key]();
  } else if (event.key === "Tab" && !event.shiftKey && event.target === $("value") && !touched && $("second").firstChild) {
    // Once only: the next Tab goes on to the buttons, as everywhere.
    event.preventDefault();
    takeSecond();
  } else if (event.key === "Enter" && event.repeat) {
    event.preventDefault(); // a key held down is not a hundred answers
  }
});

document.querySelector(".actions").addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button && (hand.length || button.dataset.do === "back")) deeds[button.dataset.do]();
});

for (const id of ["template", "reason"]) {
  $(id).addEventListener("change", () => {
    hand = [];
    refresh();
  });
}

addEventListener("resize", () => hand[0] && draw(hand[0]));

async function refresh() {
  try {
    const state = await call("/api/hand", {});
    if (hand.length === 0) show();
    take(state);
  } catch (error) {
    say(error instanceof Refused ? error.message : "The server does not answer.", true);
  }
}

// Looking for new fields keeps the session alive; when nobody has pressed a key for long, it is left to end.
setInterval(() => hand.length === 0 && Date.now() - lastKey < ATTENDED_MS && refresh(), LOOK_AGAIN_MS);
send();
refresh();

// The desk works without this script. It adds keys, and lets new mail wait behind a button.
"use strict";
(() => {
  const list = document.querySelector(".list");
  const items = () => [...document.querySelectorAll(".item")];
  const keys = document.getElementById("keys");

  // Keys: each button or field carries its own in data-key.
  const walk = (by) => {
    const all = items();
    if (!all.length) return;
    let at = all.indexOf(document.activeElement);
    if (at < 0) {
      at = all.findIndex((a) => a.classList.contains("on"));
      if (at < 0 && by > 0) at = -1;
    }
    const next = all[Math.min(Math.max(at + by, 0), all.length - 1)];
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  };
  const press = (key) => {
    const el = document.querySelector(`[data-key="${CSS.escape(key)}"]:not([hidden])`);
    if (!el) return false;
    if (el.tagName === "TEXTAREA") el.focus();
    else el.click();
    return true;
  };
  document.addEventListener("keydown", (e) => {
    const field = e.target.closest("input:not([type=checkbox]), textarea, select");
    if (field) {
      if (e.key === "Escape") field.blur();
      if (e.key === "Enter" && (e.ctrlKey || e.metaKey) && field.form) field.form.requestSubmit();
      return;
    }
    if (e.ctrlKey || e.metaKey || e.altKey || e.repeat && !"jk".includes(e.key) || keys && keys.open) return;
    let done = true;
    if (e.key === "j") walk(1);
    else if (e.key === "k") walk(-1);
    else if (e.key === "?" && keys) keys.showModal();
    else done = press(e.key);
    if (done) e.preventDefault();
  });

  // A form is sent once, however often its button is pressed.
  document.addEventListener("submit", (e) => {
    if (e.target.method === "dialog" || e.target.method === "get") return;
    if (e.target.dataset.sent) e.preventDefault();
    e.target.dataset.sent = "1";
  });
  addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach((f) => delete f.dataset.sent));

  // On a narrow screen the navigation is one line: show the entry that is marked.
  const here = document.querySelector(".nav .on");
  if (here) here.parentElement.scrollLeft = here.offsetLeft - 60;

  // The list stays where it was when a conversation is opened from it.
  if (list) {
    const name = "list:" + list.dataset.lane;
    const on = list.querySelector(".item.on");
    try {
      if (on) list.scrollTop = Number(sessionStorage.getItem(name)) || 0;
      addEventListener("pagehide", () => sessionStorage.setItem(name, list.scrollTop));
    } catch {
      // Storage may be forbidden; then the list starts at its top.
    }
    if (on) on.scrollIntoView({ block: "nearest" });
  }

  // New mail: nothing moves under the finger, only the figures and the button change.
  const live = document.body.dataset.live;
  if (!live || !window.EventSource) return;
  const stream = new EventSource(live);
  const newer = document.getElementById("newer");
  stream.addEventListener("new", (e) => {
    const n = Number(e.data);
    if (!newer || !(n >= 0)) return;
    newer.hidden = n === 0;
    newer.firstElementChild.textContent = n + " new";
  });
  stream.addEventListener("counts", (e) => {
    const counts = JSON.parse(e.data);
    for (const el of document.querySelectorAll("[data-count]")) {
      const n = counts[el.dataset.count];
      if (n !== undefined) el.textContent = n > 0 ? n.toLocaleString("en") : "";
    }
  });
})();

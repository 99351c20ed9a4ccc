// All client behaviour: delegation by data- attributes, no eval, no copy of the server's state.
(() => {
  "use strict";
  const one = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const typing = (target) => target.closest?.("input:not([type=radio],[type=checkbox],[type=file]),textarea,select,[contenteditable]");

  // Shortcuts: <el data-key="mod+k"> or data-key="6". Single keys rest while typing, in dialogs, and when switched off.
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.defaultPrevented) return;
    const mod = event.ctrlKey || event.metaKey;
    const name = (mod ? "mod+" : "") + (event.altKey ? "alt+" : "") + event.key.toLowerCase();
    const single = !mod && !event.altKey && event.key.length === 1;
    if (single && (typing(event.target) || document.body.dataset.singleKeys === "off" || one("dialog[open]"))) return;
    if (name === "mod+z" && typing(event.target)) return; // the browser's own undo
    if (name === "enter" && submitPane(event)) return;
    const found = all("[data-key]").filter((el) => el.dataset.key.split(" ").includes(name) && el.checkVisibility());
    if (!found.length) return;
    event.preventDefault();
    // A key of the open pane goes before the page's.
    const target = found.find((el) => el.closest("details[open]") && el.tagName !== "SUMMARY") ?? found[0];
    if (target.matches("summary")) { target.parentElement.open = !target.parentElement.open; enterPane(target.parentElement); }
    else if (target.matches("input:not([type=radio],[type=checkbox]),select,textarea")) target.focus();
    else { target.click(); if (target.matches("[type=radio]")) target.focus(); }
  });

  // Enter inside a pane presses that pane's own button, not the first one of the form.
  function submitPane(event) {
    const pane = event.target.closest?.("details.pane[open]");
    if (!pane || event.target.matches("summary,button,a,textarea")) return false;
    event.preventDefault();
    one("button[type=submit]", pane)?.click();
    return true;
  }

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-open]");
    if (opener) { fillShortcuts(); one(opener.dataset.open).showModal(); }
    const closer = event.target.closest("[data-close]");
    if (closer) (closer.closest("dialog") ? closer.closest("dialog").close() : closer.closest(".toast").remove());
    const copier = event.target.closest("[data-copy]");
    if (copier) navigator.clipboard?.writeText(one(copier.dataset.copy).textContent.trim());
    const menu = one("details.menu[open]");
    if (menu && !menu.contains(event.target)) menu.open = false;
  });

  // A pane opened by its key takes the focus to its first field at once: the next key may follow immediately.
  function enterPane(pane) {
    if (pane.open) one("input:checked,input:not([type=hidden]),select,textarea", pane)?.focus();
  }

  // Ctrl+V of a screenshot anywhere on the page fills the file field of the proof.
  document.addEventListener("paste", (event) => {
    const field = one("input[data-paste]");
    const file = [...(event.clipboardData?.files ?? [])].find((item) => item.type.startsWith("image/"));
    if (!field || !file) return;
    event.preventDefault();
    const box = new DataTransfer();
    box.items.add(new File([file], "pantallazo.png", { type: file.type }));
    field.files = box.files;
    preview(field);
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("input[data-paste]")) preview(event.target);
    if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
  });
  function preview(field) {
    const zone = field.closest(".paste");
    const file = field.files[0];
    const image = one("img", zone);
    zone.toggleAttribute("data-filled", Boolean(file));
    image.hidden = !file;
    if (file) image.src = URL.createObjectURL(file);
  }

  // The ? sheet is built from the page, so it can't lie.
  function fillShortcuts() {
    const body = one("#shortcut-rows");
    if (!body) return;
    const rows = new Map();
    for (const el of all("[data-key]")) {
      if (!el.checkVisibility() && !el.closest("dialog")) continue;
      const label = el.dataset.label || el.getAttribute("aria-label") || el.textContent.replace(/\s+/g, " ").trim();
      rows.set(el.dataset.key, label.replace(/ (Ctrl Enter|Ctrl K|[A-Z0-9?])$/, ""));
    }
    body.replaceChildren(...[...rows].map(([keys, label]) => {
      const row = document.createElement("tr");
      const key = document.createElement("td"), does = document.createElement("td");
      key.append(...keys.split(" ").flatMap((name, index) => {
        const mark = document.createElement("kbd");
        mark.textContent = name.replace("mod", "Ctrl").replace("enter", "Enter").toUpperCase().replace("CTRL+", "Ctrl ");
        return index ? [" ", mark] : [mark];
      }));
      does.textContent = label;
      row.append(key, does);
      return row;
    }));
  }

  // Polling without eval: the page's clock is an event, and only a visible page asks.
  const tick = (name, seconds) => setInterval(() => {
    if (document.visibilityState === "visible") document.body.dispatchEvent(new Event(name));
  }, seconds * 1000);
  tick("tick", 2);
  tick("keepalive", 60);

  // A form is sent once; the button comes back if the answer is an error.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.sent && !form.hasAttribute("hx-post")) { event.preventDefault(); return; }
    form.dataset.sent = "yes";
  });
  window.addEventListener("pageshow", () => all("form[data-sent]").forEach((form) => delete form.dataset.sent));

  document.body.addEventListener("htmx:afterSettle", (event) => {
    // Of panes with one name the browser keeps the old page's open one: the server's choice is put back.
    all("details[data-opened]", event.detail.elt).forEach((pane) => { pane.open = true; });
    const target = one("[data-focus]", event.detail.elt) ?? (event.detail.elt.matches?.("[data-focus]") ? event.detail.elt : null);
    target?.focus();
    fadeToasts();
  });
  document.body.addEventListener("htmx:beforeOnLoad", (event) => {
    // A refused outcome answers 409 or 422 with the same page and its errors: show it.
    if ([409, 422].includes(event.detail.xhr.status)) { event.detail.shouldSwap = true; event.detail.isError = false; }
  });
  document.body.addEventListener("htmx:sendError", () => toast("Sin conexión: no se guardó. Revise la red y repita; su texto sigue aquí."));
  document.body.addEventListener("htmx:responseError", (event) => {
    if (event.detail.xhr.status >= 500) toast("Algo falló de nuestro lado: no se guardó. Repita en un minuto; su texto sigue aquí.");
  });
  function toast(text) {
    const box = document.createElement("div"), words = document.createElement("span");
    box.className = "toast"; box.dataset.level = "error";
    words.setAttribute("role", "status"); words.textContent = text;
    const close = document.createElement("button");
    close.className = "button button--small"; close.dataset.close = ""; close.textContent = "Cerrar";
    box.append(words, close);
    one("#toasts").prepend(box);
  }
  function fadeToasts() {
    for (const box of all(".toast[data-fade]:not([data-timed])")) {
      box.dataset.timed = "yes";
      const leave = () => setTimeout(() => (box.matches(":hover,:focus-within") ? leave() : box.remove()), 8000);
      leave();
    }
  }
  fadeToasts();
  one("[data-autofocus]")?.focus();
})();

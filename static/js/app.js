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
    if (single && goTo(event, name)) return;
    if (name === "mod+z" && typing(event.target)) return; // the browser's own undo
    if ((name === "enter" || name === "mod+enter") && submitPane(event, mod)) return;
    if (single && rowKey(event, name)) return;
    const found = all("[data-key]").filter((el) => el.dataset.key.split(" ").includes(name) && el.checkVisibility());
    if (!found.length) return;
    event.preventDefault();
    // The group with the focus goes first, then a key of the open pane, then the page's.
    const group = event.target.closest?.("[data-group]");
    const target = found.find((el) => group?.contains(el)) ?? found.find((el) => !el.closest("[data-group]") && el.closest("details[open]") && el.tagName !== "SUMMARY")
      ?? found.find((el) => !el.closest("[data-group]")) ?? found[0];
    if (target.matches("summary")) { target.parentElement.open = !target.parentElement.open; enterPane(target.parentElement); }
    else if (target.matches("input:not([type=radio],[type=checkbox]),select,textarea")) target.focus();
    else {
      // A key may be quicker than htmx, which takes up a new piece of the page a moment after it stands: the press would be the browser's alone.
      window.htmx?.process(target.closest("[hx-post],[hx-get]") ?? target);
      target.click();
      if (target.matches("[type=radio]")) target.focus();
    }
    if (target.matches("[data-group] input")) nextGroup(target.closest("[data-group]"));
  });

  // G, and within a moment the letter of a page of the navigation. A page that has a G of its own keeps it.
  let began = 0;
  function goTo(event, name) {
    const entry = Date.now() - began < 1500 && one(`[data-go="${CSS.escape(name)}"]`);
    began = name === "g" && !one('[data-key~="g"]')?.checkVisibility() ? Date.now() : 0;
    if (!entry) return began > 0;
    event.preventDefault();
    event.stopImmediatePropagation(); // the letter is no key of the page that is left
    entry.click();
    return true;
  }

  // An answer by its digit goes on to the next question; the last one leads to the customer's words.
  function nextGroup(group) {
    const groups = all("[data-group]", group.closest("form"));
    const next = groups[groups.indexOf(group) + 1];
    if (next) (one("input:checked", next) ?? one("input,textarea,select", next))?.focus();
  }

  // J and K walk the cards of a board, H and L its lanes; Enter opens, as any link.
  document.addEventListener("keydown", (event) => {
    const board = one("[data-board]");
    if (!board || event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.body.dataset.singleKeys === "off") return;
    const step = { j: 1, k: -1 }[event.key], jump = { l: 1, h: -1 }[event.key];
    if (!step && !jump) return;
    const cards = all("[data-card]", board).filter((card) => card.checkVisibility());
    if (!cards.length) return;
    event.preventDefault();
    const at = cards.indexOf(document.activeElement.closest?.("[data-card]"));
    if (step) { (cards[at + step] ?? cards[at] ?? cards[0]).focus(); return; }
    const lanes = all(".lane", board).filter((lane) => one("[data-card]", lane)?.checkVisibility());
    const lane = lanes.indexOf(cards[at]?.closest(".lane"));
    one("[data-card]", lanes[lane + jump] ?? lanes[lane] ?? lanes[0]).focus();
  });

  // Enter inside a pane presses that pane's own button, not the first one of the form; with Ctrl, also from the notes beside it.
  function submitPane(event, mod) {
    const pane = event.target.closest?.("details.pane[open]") ?? (mod && event.target.form && one("details.pane[open]", event.target.form));
    if (!pane || (!mod && event.target.matches("summary,button,a,textarea"))) return false;
    event.preventDefault();
    one("button[type=submit]", pane)?.click();
    return true;
  }

  // A list judged by keys: J and K move between [data-row], any other key presses what that row offers under data-row-key.
  function rowKey(event, name) {
    const rows = all("[data-row]");
    if (!rows.length) return false;
    const at = rows.findIndex((row) => row.contains(document.activeElement));
    if (name === "j" || name === "k") {
      event.preventDefault();
      goToRow(rows[name === "j" ? Math.min(at + 1, rows.length - 1) : Math.max(at - 1, 0)]);
      return true;
    }
    const target = at >= 0 && (name === "p" ? one("[data-proposed]", rows[at]) : all("[data-row-key]", rows[at]).find((el) => el.dataset.rowKey === name));
    if (!target) return false;
    event.preventDefault();
    if (target.matches("select")) target.focus(); else target.click();
    return true;
  }
  // Choices that every row has are written once for the page, in a template; a row keeps the one that it came with.
  function fill(root) {
    for (const select of all("select[data-fill]", root)) {
      const chosen = select.value;
      select.replaceChildren(document.getElementById(select.dataset.fill).content.cloneNode(true));
      select.value = chosen;
      delete select.dataset.fill;
    }
  }
  fill(document);
  document.body.addEventListener("htmx:load", (event) => fill(event.detail.elt));
  function goToRow(row) {
    row?.focus({ preventScroll: true });
    row?.scrollIntoView({ block: "nearest" });
  }
  // A judged row hands the focus to the next one that waits; a refused one keeps it.
  document.body?.addEventListener("htmx:afterSwap", (event) => {
    const id = event.detail.target?.id;
    const row = id?.startsWith("act-") && document.getElementById(id);
    if (!row) return;
    const rows = all("[data-row]");
    const next = rows.slice(rows.indexOf(row) + 1).find((other) => !other.hasAttribute("data-judged"));
    goToRow(row.hasAttribute("data-judged") && next ? next : row);
  });

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-open]");
    if (opener) { fillShortcuts(); openDialog(one(opener.dataset.open)); }
    const mover = event.target.closest("[data-move]");
    if (mover) moveItem(mover);
    const closer = event.target.closest("[data-close]");
    if (closer) (closer.closest("dialog") ? closer.closest("dialog").close() : closer.closest(".toast").remove());
    const copier = event.target.closest("[data-copy]");
    if (copier) navigator.clipboard?.writeText(one(copier.dataset.copy).textContent.trim());
    const picture = event.target.closest("[data-copy-image]");
    if (picture) copyImage(one(picture.dataset.copyImage));
    const menu = one("details.menu[open]");
    if (menu && !menu.contains(event.target)) menu.open = false;
  });

  // A pane opened by its key takes the focus to its first field at once: the next key may follow immediately.
  function enterPane(pane) {
    if (pane.open) one("input:checked,input:not([type=hidden]),select,textarea", pane)?.focus();
  }

  function openDialog(dialog) {
    if (dialog.open) return;
    dialog.showModal();
    const box = one("[role=combobox]", dialog);
    if (box) { box.select(); box.dispatchEvent(new Event("opened")); }
  }

  // The search box: the arrows choose, Enter opens, Ctrl Enter opens apart; the field keeps the focus.
  const hits = () => all("#palette-list [role=option]");
  function choose(index) {
    const rows = hits();
    rows.forEach((row, at) => row.setAttribute("aria-selected", String(at === index)));
    const box = one("#palette [role=combobox]");
    if (rows[index]) { box.setAttribute("aria-activedescendant", rows[index].id); rows[index].scrollIntoView({ block: "nearest" }); }
    else box.removeAttribute("aria-activedescendant");
  }
  document.addEventListener("keydown", (event) => {
    if (!event.target.matches?.("#palette [role=combobox]")) return;
    const rows = hits(), now = rows.findIndex((row) => row.getAttribute("aria-selected") === "true");
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (rows.length) choose((now + (event.key === "ArrowDown" ? 1 : -1) + rows.length) % rows.length);
    } else if (event.key === "Enter" && rows[now]) {
      event.preventDefault();
      if (event.ctrlKey || event.metaKey) window.open(rows[now].href, "_blank", "noopener"); else rows[now].click();
    }
  });
  document.body.addEventListener("htmx:afterSwap", (event) => { if (event.detail.target.id === "palette-list") choose(0); });

  // Lists: J and K walk the rows, Enter opens the row's first link.
  document.addEventListener("keydown", (event) => {
    const body = one("[data-rows]");
    if (!body || event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || one("dialog[open]")) return;
    const rows = [...body.rows], now = rows.findIndex((row) => row.getAttribute("aria-selected") === "true");
    const step = { j: 1, k: -1 }[event.key.toLowerCase()];
    if (step && document.body.dataset.singleKeys !== "off") {
      const next = rows[Math.min(rows.length - 1, Math.max(0, now + step))];
      rows.forEach((row) => row.removeAttribute("aria-selected"));
      next.setAttribute("aria-selected", "true");
      one("a", next)?.focus();
      next.scrollIntoView({ block: "nearest" });
    }
  });

  // The column chooser: the order of the list is the order of the columns.
  function moveItem(button) {
    const item = button.closest("li"), up = button.dataset.move === "up";
    const other = up ? item.previousElementSibling : item.nextElementSibling;
    if (other) { if (up) other.before(item); else other.after(item); button.focus(); }
  }
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-columns]")) return;
    one("input[name=cols]", event.target).value = all("input:checked", event.target).map((box) => box.value).join(".");
  }, true);

  // Rows picked in a list: the bar of what is done with several at once appears with them; the header's box takes the whole page.
  const bar = one("[data-picked]");
  const tellPicked = () => {
    const boxes = all("input[name=rows]"), on = boxes.filter((box) => box.checked).length;
    bar.hidden = !on;
    one("[data-pick-page]").checked = on === boxes.length;
    one("[data-picked-count]", bar).textContent = one("[name=all]", bar)?.checked ? "Todas las del filtro" : on === 1 ? "1 seleccionada" : `${on} seleccionadas`;
  };
  if (bar) {
    tellPicked();
    document.addEventListener("change", (event) => {
      if (event.target.matches("[data-pick-page]")) for (const box of all("input[name=rows]")) box.checked = event.target.checked;
      if (event.target.matches("[data-pick-page],input[name=rows],[data-picked] [name=all]")) tellPicked();
    });
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
    checkProof(field, file, one("[data-note]", zone));
  }

  // The same screenshot twice is told before it is saved; the server decides by its hash.
  async function checkProof(field, file, note) {
    if (!note) return;
    note.hidden = true;
    if (!file || !field.dataset.check || !crypto.subtle) return;
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
    const sha = [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    const answer = await fetch(`${field.dataset.check}?sha=${sha}`).catch(() => null);
    const text = answer?.ok ? await answer.text() : "";
    if (text && field.files[0] === file) { note.textContent = text; note.hidden = false; }
  }

  // The clipboard takes pictures only as PNG.
  async function copyImage(image) {
    const canvas = document.createElement("canvas");
    try {
      await image.decode();
      canvas.width = image.naturalWidth; canvas.height = image.naturalHeight;
      canvas.getContext("2d").drawImage(image, 0, 0);
      const data = new Promise((done) => canvas.toBlob(done, "image/png"));
      await navigator.clipboard.write([new ClipboardItem({ "image/png": data })]);
      toast("Imagen copiada: péguela en el chat con Ctrl V.", "info");
    } catch {
      toast("Este navegador no copia imágenes: use Descargar.");
    }
  }

  // What a control says, without the key printed on it.
  function words(control) {
    const copy = control.cloneNode(true);
    all("kbd,.count", copy).forEach((mark) => mark.remove());
    return copy.textContent.replace(/\s+/g, " ").trim();
  }

  // The ? sheet is built from the page, so it can't lie.
  function fillShortcuts() {
    const body = one("#shortcut-rows");
    if (!body) return;
    const rows = new Map();
    for (const el of all("[data-key]")) {
      if (!el.checkVisibility() && !el.closest("dialog")) continue;
      rows.set(el.dataset.key, el.dataset.label || el.getAttribute("aria-label") || words(el));
    }
    for (const el of all("[data-go]")) rows.set(`g ${el.dataset.go}`, `Ir a ${words(el)}`);
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
  const held = () => one("[data-hold][aria-pressed=true]");
  setInterval(() => {
    if (document.visibilityState === "visible" && !held()) document.body.dispatchEvent(new Event("live"));
  }, 10_000);
  document.addEventListener("click", (event) => {
    const hold = event.target.closest("[data-hold]");
    if (hold) hold.setAttribute("aria-pressed", String(hold.getAttribute("aria-pressed") !== "true"));
  });

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
    // What was refused is heard before whose page it is.
    const target = one("[role=alert][data-focus]", event.detail.elt) ?? one("[data-focus]", event.detail.elt) ?? (event.detail.elt.matches?.("[data-focus]") ? event.detail.elt : null);
    target?.focus();
    fadeToasts();
  });
  document.body.addEventListener("htmx:beforeOnLoad", (event) => {
    // A refused outcome answers 409 or 422 with the same page and its errors: show it.
    if ([409, 422].includes(event.detail.xhr.status)) { event.detail.shouldSwap = true; event.detail.isError = false; }
  });
  // htmx keeps a link from opening: the telephone rings once the server has said that the call may start.
  document.body.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful && event.detail.elt.matches('a[href^="tel:"]')) location.href = event.detail.elt.href;
  });
  document.body.addEventListener("htmx:sendError", () => toast("Sin conexión: no se guardó. Revise la red y repita; su texto sigue aquí."));
  document.body.addEventListener("htmx:responseError", (event) => {
    if (event.detail.xhr.status >= 500) toast("Algo falló de nuestro lado: no se guardó. Repita en un minuto; su texto sigue aquí.");
  });
  function toast(text, level = "error") {
    const box = document.createElement("div"), words = document.createElement("span");
    box.className = "toast"; box.dataset.level = level;
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
  // On a phone the navigation is one row that scrolls: it opens on where one is.
  const side = one(".side"), here = one(".side [aria-current]");
  if (here) side.scrollLeft = here.offsetLeft - (side.clientWidth - here.offsetWidth) / 2;
  one("[data-autofocus]")?.focus();
})();

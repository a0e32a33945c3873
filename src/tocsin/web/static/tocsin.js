// Tocsin in the browser: clocks, live parts, dialogs, keys. Everything works without it, only less at once.
(function () {
  "use strict";
  var doc = document, root = doc.documentElement, base = doc.body.dataset.base || "";
  var $ = function (selector, within) { return (within || doc).querySelector(selector); };
  var all = function (selector, within) { return Array.prototype.slice.call((within || doc).querySelectorAll(selector)); };
  var store = function (key, value) {
    try {
      if (value === undefined) return localStorage.getItem(key);
      if (value === null) localStorage.removeItem(key); else localStorage.setItem(key, value);
    } catch (e) { /* storage is off */ }
    return null;
  };

  // ---- clocks: the server sends instants, the browser shows the difference ----
  var offset = 0;
  function hear(now) { offset = Date.parse(now) - Date.now(); }
  if (doc.body.dataset.now) hear(doc.body.dataset.now);
  function now() { return Date.now() + offset; }
  function two(n) { return (n < 10 ? "0" : "") + n; }
  function span(ms) {
    var s = Math.floor(Math.abs(ms) / 1000), sign = ms < 0 ? "+" : "";
    if (ms < 0 && s === 0) sign = "";
    if (s >= 172800) { var d = Math.floor(s / 86400), h = Math.floor(s % 86400 / 3600); return sign + d + " d" + (h ? " " + h + " h" : ""); }
    var hours = Math.floor(s / 3600), m = Math.floor(s / 60) % 60;
    return sign + (hours ? hours + ":" : "") + two(m) + ":" + two(s % 60);
  }
  function say(text) { var box = $("#spoken"); if (box) box.textContent = text; }
  var told = {};
  function announce(el, left) {
    var label = el.dataset.label; if (!label) return;
    [[0, " is late"], [60000, " in 1 minute"], [300000, " in 5 minutes"]].some(function (step) {
      if (left > step[0]) return false;
      var key = label + el.dataset.until + step[0];
      if (!told[key]) { told[key] = true; if (left > step[0] - 3000) say(label + step[1]); }
      return true;
    });
  }
  var titled = doc.title;
  function tick() {
    var t = now(), soonest = null;
    all("[data-since]").forEach(function (el) { el.textContent = span(t - Date.parse(el.dataset.since)).replace("+", ""); });
    all("[data-now]").forEach(function (el) {
      if (el === doc.body) return;
      var d = new Date(t); el.textContent = two(d.getUTCHours()) + ":" + two(d.getUTCMinutes()) + ":" + two(d.getUTCSeconds());
    });
    all("[data-until]").forEach(function (el) {
      var due = Date.parse(el.dataset.until), left = due - t, from = el.dataset.from ? Date.parse(el.dataset.from) : null;
      el.textContent = span(left);
      if ("fixed" in el.dataset) return;
      var third = from ? (due - from) / 3 : 300000;
      var state = left < 0 ? "late" : left < Math.max(third, 300000) ? "soon" : "calm";
      var cell = el.closest(".clock");
      if (cell) {
        cell.className = cell.className.replace(/clock--(calm|soon|late)/, "clock--" + state);
        var bar = $(".clock__bar i", cell);
        if (bar && from) bar.style.setProperty("--p", Math.min(1, Math.max(0, (t - from) / (due - from))).toFixed(3));
        announce(el, left);
        if (state !== "calm" && (soonest === null || left < soonest)) soonest = left;
      }
      var row = el.closest(".due > li"); if (row) row.className = "due--" + state;
      if (el.classList.contains("first5__clock")) {
        el.className = "first5__clock num first5__clock--" + state;
        var wide = $(".first5__bar i"); if (wide && from) wide.style.setProperty("--p", Math.min(1, (t - from) / (due - from)).toFixed(3));
      }
    });
    doc.title = (soonest === null ? "" : "(" + span(soonest) + ") ") + titled;
  }
  if (!root.classList.contains("still")) { tick(); setInterval(tick, 500); }
  doc.addEventListener("mouseover", function (e) {
    var el = e.target.closest && e.target.closest("time[datetime]");
    if (el && !el.title) el.title = new Date(el.getAttribute("datetime")).toLocaleTimeString() + " for you";
  });

  // ---- swapping parts without taking anything out of a person's hands ----
  function busy(el) {
    var active = doc.activeElement;
    if (active && el.contains(active) && /^(INPUT|TEXTAREA|SELECT)$/.test(active.tagName)) return true;
    return all("form[data-dirty]", el).length > 0;
  }
  var keep = {
    ignoreActiveValue: true,
    callbacks: {
      beforeAttributeUpdated: function (name, node) {
        if (name === "open" && /^(DETAILS|DIALOG)$/.test(node.tagName)) return false;
        if (name === "class" && node.classList && node.classList.contains("entries")) return false;
        return !(name === "aria-pressed" && node.dataset && node.dataset.filter);
      },
      beforeNodeMorphed: function (node) { return !(node.nodeType === 1 && node.matches("form[data-dirty]")); }
    }
  };
  if (window.Idiomorph) Object.assign(window.Idiomorph.defaults.callbacks, keep.callbacks);
  var waiting = {};
  function swap(html) {
    var box = doc.createElement("template"); box.innerHTML = html;
    Array.prototype.slice.call(box.content.children).forEach(function (fresh) {
      var old = fresh.id && doc.getElementById(fresh.id);
      if (!old) return;
      if (busy(old)) { waiting[fresh.id] = fresh.outerHTML; return; }
      if (fresh.id === "entries" && addEntries(old, fresh)) return;
      delete waiting[fresh.id];
      window.Idiomorph.morph(old, fresh.outerHTML, Object.assign({ morphStyle: "outerHTML" }, keep));
      var put = doc.getElementById(fresh.id);
      if (window.htmx && put) window.htmx.process(put);
    });
    tick();
  }
  function addEntries(old, fresh) {
    var scroller = old.closest(".entries"), before = +old.dataset.seq, count = 0;
    all("[data-seq]", fresh).forEach(function (entry) { if (+entry.dataset.seq > before) { count += 1; entry.classList.add("entry--new"); } });
    var show = function () {
      window.Idiomorph.morph(old, fresh.outerHTML, Object.assign({ morphStyle: "outerHTML" }, keep));
      setTimeout(function () { all(".entry--new").forEach(function (e) { e.classList.remove("entry--new"); }); }, 4000);
    };
    var bar = $("#new-entries");
    if (count && scroller && scroller.scrollTop > 40 && bar) {
      bar.hidden = false; bar.textContent = count + (count === 1 ? " new entry" : " new entries");
      bar.onclick = function () { bar.hidden = true; scroller.scrollTop = 0; show(); };
    } else show();
    return true;
  }
  doc.addEventListener("focusout", function () {
    setTimeout(function () { Object.keys(waiting).forEach(function (id) { var html = waiting[id]; delete waiting[id]; swap(html); }); }, 100);
  });
  doc.addEventListener("input", function (e) {
    var form = e.target.closest("form"); if (!form || form.closest("dialog")) return;
    form.setAttribute("data-dirty", "");
    if (form.dataset.draft) store("draft:" + form.dataset.draft, JSON.stringify(all("input[name],textarea[name]", form).filter(function (f) { return f.type !== "hidden" && f.type !== "checkbox"; }).map(function (f) { return [f.name, f.value]; })));
  });
  doc.addEventListener("submit", function (e) {
    e.target.removeAttribute("data-dirty");
    if (e.target.dataset.draft) store("draft:" + e.target.dataset.draft, null);
  });
  all("form[data-draft]").forEach(function (form) {
    var kept = store("draft:" + form.dataset.draft); if (!kept) return;
    try { JSON.parse(kept).forEach(function (pair) { var f = form.elements[pair[0]]; if (f && pair[1]) { f.value = pair[1]; form.setAttribute("data-dirty", ""); } }); } catch (err) { /* an old draft */ }
  });

  // ---- the stream ----
  var source = null, last = Date.now(), lostAt = null, release = null, page = doc.body.dataset.live;
  function connected(yes) {
    var mark = $("#live"), band = $("#offline");
    if (yes) last = Date.now();
    if (mark) { mark.classList.toggle("is-off", !yes); mark.lastChild.textContent = yes ? "Live" : "Not live"; }
    if (!band) return;
    if (!yes && lostAt === null) lostAt = now();
    if (yes) { lostAt = null; flush(); }
    band.hidden = yes;
    if (!yes) { var d = new Date(lostAt); $("span", band).textContent = "Not live since " + two(d.getUTCHours()) + ":" + two(d.getUTCMinutes()) + ":" + two(d.getUTCSeconds()) + ". Clocks keep running here." + (queued().length ? " " + queued().length + " waiting on this device." : ""); }
  }
  function open(place) {
    if (source) source.close();
    source = new EventSource(base + "/live?page=" + encodeURIComponent(place));
    source.addEventListener("beat", function (e) { var d = JSON.parse(e.data); if (d.now) hear(d.now); connected(true); });
    source.addEventListener("swap", function (e) { connected(true); swap(JSON.parse(e.data).html); });
    source.addEventListener("page", function (e) { ring(JSON.parse(e.data)); });
    source.addEventListener("reload", function () { location.reload(); });
    source.onerror = function () { if (source && source.readyState === EventSource.CLOSED) setTimeout(function () { if (!doc.hidden) open(place); }, 5000); };
  }
  function see() {
    if (doc.hidden) {
      if (source) { source.close(); source = null; }
      if (navigator.locks) navigator.locks.request("tocsin-bell", function () {
        if (!doc.hidden) return null;
        open("bell");
        return new Promise(function (done) { release = done; });
      });
    } else {
      if (release) { release(); release = null; }
      open(page);
    }
  }
  if (page && window.EventSource && !root.classList.contains("still")) {
    see(); doc.addEventListener("visibilitychange", see);
    setInterval(function () { if (!doc.hidden && Date.now() - last > 25000) connected(false); }, 1000);
  }

  // ---- a page rings: one sound, once for each page ----
  var rung = {};
  function ring(what) {
    var heard = (store("rung") || "").split(" ").slice(-20);
    if (rung[what.id] || heard.indexOf(what.id) >= 0) return;
    rung[what.id] = true; store("rung", heard.concat(what.id).join(" "));
    say("A page for you: " + what.text);
    try {
      var Context = window.AudioContext || window.webkitAudioContext, audio = new Context(), t = audio.currentTime;
      [880, 660, 880].forEach(function (f, i) {
        var o = audio.createOscillator(), g = audio.createGain(); o.frequency.value = f; o.connect(g); g.connect(audio.destination);
        g.gain.setValueAtTime(0.25, t + i * 0.28); g.gain.exponentialRampToValueAtTime(0.001, t + i * 0.28 + 0.25); o.start(t + i * 0.28); o.stop(t + i * 0.28 + 0.26);
      });
    } catch (e) { /* no sound here */ }
    if (window.Notification && Notification.permission === "granted" && doc.hidden) new Notification("A page for you", { body: what.text, tag: what.id });
  }

  // ---- what could not be sent waits on this device, in order ----
  function queued() { try { return JSON.parse(store("queue") || "[]"); } catch (e) { return []; } }
  function flush() {
    var rows = queued(); if (!rows.length) return;
    var row = rows[0];
    fetch(row.url, { method: "POST", body: new URLSearchParams(row.body), redirect: "manual", credentials: "same-origin" }).then(function (r) {
      if (r.type === "opaqueredirect" || r.status < 500) { store("queue", JSON.stringify(queued().slice(1))); flush(); }
    }).catch(function () { /* still away */ });
  }
  doc.addEventListener("submit", function (e) {
    var form = e.target;
    if (!("queue" in form.dataset) || (navigator.onLine && lostAt === null)) return;
    e.preventDefault(); e.stopImmediatePropagation();
    var body = Array.from(new FormData(form)), id = (crypto.randomUUID ? crypto.randomUUID() : String(Math.random()).slice(2));
    body.push(["command", id], ["at", new Date(now()).toISOString()]);
    store("queue", JSON.stringify(queued().concat([{ url: form.action, body: body }])));
    form.reset(); say("Kept on this device until the connection is back"); connected(false);
  }, true);

  // ---- dialogs: the same form pages, over this one ----
  var dialog = $("#dialog");
  function show(html) { dialog.innerHTML = html; if (!dialog.open) dialog.showModal(); var first = $("[aria-invalid],input:not([type=hidden]),textarea,select", dialog); if (first) first.focus(); }
  function ask(href) {
    fetch(href, { headers: { "X-Dialog": "1" }, credentials: "same-origin" }).then(function (r) { return r.redirected || !r.ok ? Promise.reject() : r.text(); }).then(show).catch(function () { location.href = href; });
  }
  doc.addEventListener("click", function (e) {
    if (e.defaultPrevented || e.button || e.metaKey || e.ctrlKey || e.shiftKey) return;
    var link = e.target.closest("a[data-dialog]");
    if (link && window.fetch && dialog && dialog.showModal) { e.preventDefault(); closeAll(); ask(link.href); return; }
    if (e.target.closest("[data-palette]")) { e.preventDefault(); palette(); return; }
    if (e.target.closest("dialog [data-close]")) { e.preventDefault(); dialog.close(); return; }
    if (e.target === dialog || (e.target.matches && e.target.matches("dialog"))) { e.target.close(); return; }
    var filter = e.target.closest("[data-filter]");
    if (filter) toggle(filter);
    var code = e.target.closest("[data-copy]");
    if (code && navigator.clipboard) navigator.clipboard.writeText(code.textContent).then(function () { say("Copied"); code.title = "Copied"; });
    all("details.menu[open]").forEach(function (m) { if (!m.contains(e.target)) m.open = false; });
  });
  if (dialog) dialog.addEventListener("submit", function (e) {
    var form = e.target; if (!form.matches("[data-form]")) return;
    e.preventDefault();
    var data = new FormData(form, e.submitter), body = form.enctype === "multipart/form-data" ? data : new URLSearchParams(data);
    var button = $("[type=submit]", form); if (button) button.disabled = true;
    fetch(form.action, { method: "POST", body: body, headers: { "X-Dialog": "1" }, credentials: "same-origin" }).then(function (r) {
      if (r.redirected) {
        dialog.close();
        if (new URL(r.url).pathname === location.pathname && window.Idiomorph) return r.text().then(whole);
        location.href = r.url; return null;
      }
      return r.text().then(function (html) { if (/<!doctype/i.test(html)) { doc.open(); doc.write(html); doc.close(); } else show(html); });
    }).catch(function () { if (button) button.disabled = false; say("Not sent: no connection"); });
  });
  function whole(html) {
    var fresh = new DOMParser().parseFromString(html, "text/html");
    ["nav", "room-head", "main", "ringing"].forEach(function (id) {
      var a = doc.getElementById(id), b = fresh.getElementById(id);
      if (a && b) { window.Idiomorph.morph(a, b.outerHTML, Object.assign({ morphStyle: "outerHTML" }, keep)); if (window.htmx) window.htmx.process(doc.getElementById(id)); }
    });
    tick();
  }
  doc.body.addEventListener("htmx:afterSwap", function () { titled = doc.title.replace(/^\([^)]*\) /, ""); tick(); });

  // ---- timeline filters ----
  function toggle(button) {
    var on = button.getAttribute("aria-pressed") !== "true", box = $(".entries"), kind = button.dataset.filter;
    button.setAttribute("aria-pressed", on);
    if (kind === "system") box.classList.toggle("show-system", on); else box.classList.toggle("hide-" + kind, !on);
  }

  // ---- palette and keys ----
  function closeAll() { all("dialog[open]").forEach(function (d) { d.close(); }); all("details.menu[open]").forEach(function (m) { m.open = false; }); }
  function palette() { var box = $("#palette"); if (!box) return; closeAll(); box.showModal(); var input = $("input", box); input.value = ""; filterPalette(); input.focus(); }
  function filterPalette() {
    var words = $("#palette input").value.toLowerCase().split(/\s+/);
    all("#palette li").forEach(function (li) { var t = li.textContent.toLowerCase(); li.hidden = !words.every(function (w) { return t.indexOf(w) >= 0; }); });
  }
  var box = $("#palette");
  if (box) {
    box.addEventListener("input", filterPalette);
    box.addEventListener("keydown", function (e) {
      var links = all("li:not([hidden]) a", box), at = links.indexOf(doc.activeElement);
      if (e.key === "ArrowDown") { e.preventDefault(); (links[at + 1] || links[0] || box).focus(); }
      if (e.key === "ArrowUp") { e.preventDefault(); (links[at - 1] || links[links.length - 1] || box).focus(); }
      if (e.key === "Enter" && at < 0 && links[0]) { e.preventDefault(); links[0].click(); }
    });
  }
  var off = $("#keys-off");
  if (off) { off.checked = store("keys-off") === "1"; off.addEventListener("change", function () { store("keys-off", off.checked ? "1" : null); }); }
  var going = 0;
  doc.addEventListener("keydown", function (e) {
    if ((e.metaKey || e.ctrlKey) && e.key.toLowerCase() === "k") { e.preventDefault(); palette(); return; }
    if (e.metaKey || e.ctrlKey || e.altKey || store("keys-off") === "1") return;
    if (/^(INPUT|TEXTAREA|SELECT)$/.test(e.target.tagName) || e.target.isContentEditable || $("dialog[open]")) return;
    var key = e.key.toUpperCase();
    if (Date.now() - going < 1500) {
      going = 0; var place = $('[data-go="' + key + '"]'); if (place) { e.preventDefault(); location.href = place.href; } return;
    }
    if (key === "G") { going = Date.now(); return; }
    if (key === "?") { e.preventDefault(); $("#keys").showModal(); return; }
    if (key === "T") { var dark = getComputedStyle(root).colorScheme.indexOf("dark") === 0 || (root.dataset.theme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches); root.dataset.theme = dark && root.dataset.theme !== "light" ? "light" : "dark"; store("theme", root.dataset.theme); return; }
    if (key === "[") { $(".shell").classList.toggle("shell--rail"); return; }
    if (/^[1-5]$/.test(key)) { var f = all("[data-filter]")[+key - 1]; if (f) toggle(f); return; }
    if (key === "J" || key === "K") { var rows = all("#main a.title, #main h3 a"), i = rows.indexOf(doc.activeElement) + (key === "J" ? 1 : -1); if (rows[i]) { e.preventDefault(); rows[i].focus(); } return; }
    var target = $('[data-key="' + key + '"]');
    if (target) { e.preventDefault(); if (/^(INPUT|TEXTAREA)$/.test(target.tagName)) target.focus(); else if (target.hash && target.pathname === location.pathname && !("dialog" in target.dataset)) { location.hash = target.hash; var field = $(target.hash + " textarea"); if (field) field.focus(); } else target.click(); }
  });
})();

// Live parts: what the stream brings is put in place without taking anything out of a person's hands.
(function () {
  "use strict";
  var doc = document, t = window.tocsin, root = t.root, base = t.base, $ = t.$, all = t.all, store = t.store, say = t.say, now = t.now, two = t.two, tick = t.tick;

  // ---- swapping parts without taking anything out of a person's hands ----
  function busy(el) {
    var active = doc.activeElement;
    if (active && el.contains(active) && /^(INPUT|TEXTAREA|SELECT)$/.test(active.tagName) && !active.matches("[data-select]")) return true;
    return all("form[data-dirty]", el).length > 0;
  }
  var keep = {
    ignoreActiveValue: true,
    callbacks: {
      beforeAttributeUpdated: function (name, node) {
        if (name === "open" && /^(DETAILS|DIALOG)$/.test(node.tagName)) return false;
        if (name === "class" && node.classList && node.classList.contains("entries")) return false;
        if (name === "checked" && node.matches("[data-select]")) return false;
        return !(name === "aria-pressed" && node.dataset && node.dataset.filter);
      },
      beforeNodeMorphed: function (node) { return !(node.nodeType === 1 && node.matches("form[data-dirty]")); }
    }
  };
  if (window.Idiomorph) Object.assign(window.Idiomorph.defaults.callbacks, keep.callbacks);
  // Between pressing and the click, nothing moves: a click whose two ends fall on different elements is lost.
  // A part that the pointer is just crossing waits a moment too, so that no button moves away under it.
  var pressed = false, letGo = 0, crossed = null, crossedAt = 0;
  function press() { pressed = true; clearTimeout(letGo); }
  function lift(wait) { clearTimeout(letGo); letGo = setTimeout(function () { pressed = false; settle(); }, wait); }
  doc.addEventListener("pointerdown", press, true);
  doc.addEventListener("pointerup", function () { lift(400); }, true); // a touch's click may come this late
  doc.addEventListener("pointercancel", function () { lift(0); }, true);
  doc.addEventListener("click", function () { if (pressed) lift(0); }, true);
  doc.addEventListener("pointermove", function (e) { if (e.pointerType === "mouse") { crossed = e.target; crossedAt = Date.now(); } }, { capture: true, passive: true });
  function aimed(el, since) { return Date.now() - crossedAt < 300 && Date.now() - since < 2000 && crossed && el.contains(crossed); }

  var waiting = {}, settling = 0;
  function settle() {
    Object.keys(waiting).forEach(function (id) { var one = waiting[id]; delete waiting[id]; put(one.html, one.since); });
  }
  function later(id, html, since) {
    waiting[id] = { html: html, since: since };
    clearTimeout(settling); settling = setTimeout(settle, 350);
  }
  function swap(html) { put(html, Date.now()); }
  function put(html, since) {
    var box = doc.createElement("template"); box.innerHTML = html;
    Array.prototype.slice.call(box.content.children).forEach(function (fresh) {
      var old = fresh.id && doc.getElementById(fresh.id);
      if (!old) return;
      if (busy(old)) { waiting[fresh.id] = { html: fresh.outerHTML, since: since }; return; }
      if (pressed || aimed(old, since)) { later(fresh.id, fresh.outerHTML, since); return; }
      if (fresh.id === "entries" && addEntries(old, fresh)) return;
      delete waiting[fresh.id];
      window.Idiomorph.morph(old, fresh.outerHTML, Object.assign({ morphStyle: "outerHTML" }, keep));
      if (window.htmx && doc.getElementById(fresh.id)) window.htmx.process(doc.getElementById(fresh.id));
    });
    tick();
    doc.dispatchEvent(new Event("tocsin:put"));
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
    setTimeout(settle, 100);
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

  // The answer to a form of this same page: its parts, put in at once. A page of another address is gone to.
  t.whole = function (html) {
    var fresh = new DOMParser().parseFromString(html, "text/html");
    ["nav", "room-head", "main", "ringing"].forEach(function (id) {
      var a = doc.getElementById(id), b = fresh.getElementById(id);
      if (!a || !b) return;
      window.Idiomorph.morph(a, b.outerHTML, Object.assign({ morphStyle: "outerHTML" }, keep));
      if (window.htmx) window.htmx.process(doc.getElementById(id));
    });
    tick(); t.toasts();
  };

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
    source.addEventListener("beat", function (e) { var d = JSON.parse(e.data); if (d.now) t.hear(d.now); connected(true); });
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
      if (page) open(page);
    }
  }
  t.follow = function (place) {
    if (place === page) return;
    page = place;
    if (!place && source) { source.close(); source = null; }
    if (place && window.EventSource && !doc.hidden) open(place);
  };
  if (page && window.EventSource && !root.classList.contains("still")) {
    see(); doc.addEventListener("visibilitychange", see);
    setInterval(function () { if (page && !doc.hidden && Date.now() - last > 25000) connected(false); }, 1000);
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
})();

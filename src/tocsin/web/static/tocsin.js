// Tocsin in the browser: what its scripts share, and the clocks. Everything works without them, only less at once.
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

  window.tocsin = { root: root, base: base, $: $, all: all, store: store, say: say, now: now, hear: hear, two: two, span: span, tick: tick, retitle: function () { titled = doc.title.replace(/^\([^)]*\) /, ""); tick(); } };
})();

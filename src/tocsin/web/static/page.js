// The phone's page: ticks its clocks, and keeps an acknowledge on the device until the server has it.
(function () {
  "use strict";
  var doc = document, offset = Date.parse(doc.body.dataset.now) - Date.now();
  function now() { return Date.now() + (offset || 0); }
  function two(n) { return (n < 10 ? "0" : "") + n; }
  function span(ms) { var s = Math.floor(Math.abs(ms) / 1000), h = Math.floor(s / 3600); return (ms < 0 && s ? "+" : "") + (h ? h + ":" : "") + two(Math.floor(s / 60) % 60) + ":" + two(s % 60); }
  function wall(t) { var d = new Date(t); return two(d.getUTCHours()) + ":" + two(d.getUTCMinutes()) + ":" + two(d.getUTCSeconds()); }
  function each(selector, work) { Array.prototype.forEach.call(doc.querySelectorAll(selector), work); }
  function tick() {
    each("[data-until]", function (el) { el.textContent = span(Date.parse(el.dataset.until) - now()); });
    each("[data-since]", function (el) { el.textContent = span(now() - Date.parse(el.dataset.since)); });
    each("[data-now]", function (el) { if (el !== doc.body) el.textContent = wall(now()); });
  }
  if (!doc.documentElement.classList.contains("still")) { tick(); setInterval(tick, 500); }

  var form = doc.querySelector("[data-ack]"); if (!form || !window.fetch) return;
  var key = "ack:" + form.action, timer = null;
  function kept() { try { return JSON.parse(localStorage.getItem(key)); } catch (e) { return null; } }
  function keep(value) { try { if (value) localStorage.setItem(key, JSON.stringify(value)); else localStorage.removeItem(key); } catch (e) { /* storage is off */ } }
  function send(row) {
    return fetch(form.action, { method: "POST", body: new URLSearchParams(row.body), credentials: "same-origin" }).then(function (r) {
      if (r.status >= 500) throw new Error("away");
      keep(null); location.href = r.url || location.href; if (r.url === location.href) location.reload();
    });
  }
  function wait(row) {
    var main = doc.getElementById("main"), foot = doc.querySelector(".pager__do");
    if (!doc.body.dataset.queued) {
      doc.body.dataset.queued = "1";
      main.replaceChildren(doc.getElementById("queued").content.cloneNode(true));
      foot.replaceChildren(doc.getElementById("queued-do").content.cloneNode(true));
      main.querySelector("[data-tapped]").textContent = wall(row.at);
      foot.querySelector("[data-take-back]").addEventListener("click", function () { clearTimeout(timer); keep(null); location.reload(); });
      tick();
    }
    timer = setTimeout(function () { if (kept()) send(row).catch(function () { wait(row); }); }, 2000);
  }
  form.addEventListener("submit", function (e) {
    e.preventDefault();
    var id = crypto.randomUUID ? crypto.randomUUID() : String(Math.random()).slice(2), body = Array.from(new FormData(form));
    body.push(["command", id]);
    var row = { body: body, at: now() }, button = form.querySelector("button");
    button.disabled = true; button.textContent = "Sending"; keep(row);
    send(row).catch(function () { wait(row); });
  });
  var before = kept();
  if (before) send(before).catch(function () { wait(before); });
})();

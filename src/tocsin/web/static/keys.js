// Dialogs, the palette, filters and keys. Each only leads to a page or a form that is there without it.
(function () {
  "use strict";
  var doc = document, t = window.tocsin, root = t.root, $ = t.$, all = t.all, store = t.store, say = t.say, tick = t.tick;

  // ---- dialogs: the same form pages, over this one ----
  // An answer opens only while it is still waited for: after Escape, another form or a page it comes too late.
  var dialog = $("#dialog"), wanted = 0;
  function show(html) { dialog.innerHTML = html; if (!dialog.open) dialog.showModal(); var first = $("[aria-invalid],[data-first],input:not([type=hidden]),textarea,select", dialog); if (first) first.focus(); }
  function ask(href) {
    var mine = ++wanted;
    fetch(href, { headers: { "X-Dialog": "1" }, credentials: "same-origin" })
      .then(function (r) { return r.redirected || !r.ok ? Promise.reject() : r.text(); })
      .then(function (html) { if (mine === wanted) show(html); }, function () { if (mine === wanted) location.href = href; });
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
      var to = r.headers.get("X-Go") || (r.redirected && r.url);
      if (to) {
        dialog.close();
        if (new URL(to, location.href).pathname !== location.pathname || !window.Idiomorph) { location.href = to; return null; }
        return fetch(to, { credentials: "same-origin" }).then(function (page) { return page.text(); }).then(t.whole);
      }
      return r.text().then(function (html) { if (/<!doctype/i.test(html)) { doc.open(); doc.write(html); doc.close(); } else show(html); });
    }).catch(function () { if (button) button.disabled = false; say("Not sent: no connection"); });
  });
  // A button's form may lead to another page: the frame around the new body must be that page's, and its stream.
  doc.body.addEventListener("htmx:afterSwap", function (e) {
    if (e.detail.target === doc.body && e.detail.xhr) {
      var body = new DOMParser().parseFromString(e.detail.xhr.responseText, "text/html").body;
      doc.body.className = body.className;
      if (body.dataset.live) doc.body.dataset.live = body.dataset.live; else delete doc.body.dataset.live;
      t.follow(body.dataset.live);
    }
    t.retitle(); t.toasts();
  });

  // ---- toasts: what was just done stays ten seconds, and longer while somebody is about to undo it ----
  t.toasts = function () {
    all("[data-toast]:not([data-ends])").forEach(function (el) { el.dataset.ends = Date.now() + 10000; });
  };
  setInterval(function () {
    all("[data-ends]").forEach(function (el) { if (Date.now() > +el.dataset.ends && !el.matches(":hover") && !el.contains(doc.activeElement)) el.remove(); });
  }, 500);
  t.toasts();

  // ---- timeline filters ----
  function toggle(button) {
    var on = button.getAttribute("aria-pressed") !== "true", box = $(".entries"), kind = button.dataset.filter;
    button.setAttribute("aria-pressed", on);
    if (kind === "system") box.classList.toggle("show-system", on); else box.classList.toggle("hide-" + kind, !on);
  }

  // ---- palette and keys ----
  function closeAll() { wanted += 1; all("dialog[open]").forEach(function (d) { d.close(); }); all("details.menu[open]").forEach(function (m) { m.open = false; }); }
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
  // Until the next frame a field keeps the focus though its dialog has closed; nobody writes into it any more.
  function writing(el) { return (/^(INPUT|TEXTAREA|SELECT)$/.test(el.tagName) && el.type !== "checkbox" || el.isContentEditable) && !el.closest("dialog:not([open])"); }
  var going = 0;
  doc.addEventListener("keydown", function (e) {
    if ((e.metaKey || e.ctrlKey) && e.key.toLowerCase() === "k") { e.preventDefault(); palette(); return; }
    if (e.metaKey || e.ctrlKey || e.altKey || store("keys-off") === "1") return;
    if (e.key === "Escape") wanted += 1;
    if (writing(e.target) || $("dialog[open]")) return;
    var key = e.key.toUpperCase();
    if (Date.now() - going < 1500) {
      going = 0; var place = $('[data-go="' + key + '"]'); if (place) { e.preventDefault(); location.href = place.href; } return;
    }
    if (key === "G") { going = Date.now(); return; }
    if (key === "?") { e.preventDefault(); $("#keys").showModal(); return; }
    if (key === "T") { var dark = getComputedStyle(root).colorScheme.indexOf("dark") === 0 || (root.dataset.theme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches); root.dataset.theme = dark && root.dataset.theme !== "light" ? "light" : "dark"; store("theme", root.dataset.theme); return; }
    if (key === "[") { $(".shell").classList.toggle("shell--rail"); return; }
    if (/^[1-5]$/.test(key)) { var f = all("[data-filter]")[+key - 1]; if (f) toggle(f); return; }
    if ((key === "J" || key === "K") && t.moves && t.moves(key === "J", e.shiftKey)) { e.preventDefault(); return; }
    if (key === "X" && t.acknowledges && t.acknowledges()) { e.preventDefault(); return; }
    if (key === "J" || key === "K") { var rows = all("#main a.title, #main h3 a"), i = rows.indexOf(doc.activeElement) + (key === "J" ? 1 : -1); if (rows[i]) { e.preventDefault(); rows[i].focus(); } return; }
    var target = $('[data-key="' + key + '"]');
    if (target) { e.preventDefault(); if (/^(INPUT|TEXTAREA)$/.test(target.tagName)) target.focus(); else if (target.hash && target.pathname === location.pathname && !("dialog" in target.dataset)) { location.hash = target.hash; var field = $(target.hash + " textarea"); if (field) field.focus(); } else target.click(); }
  });
})();

// Rows that are acknowledged together. Without scripts the boxes and their button work by themselves.
(function () {
  "use strict";
  var doc = document, t = window.tocsin, $ = t.$, all = t.all, last = null;
  function boxes() { return all("input[data-select]"); }
  function chosen() { return boxes().filter(function (box) { return box.checked; }); }
  function show() {
    var button = $("[data-selected]"), count = chosen().length;
    if (!button) return;
    button.firstChild.textContent = count ? "Acknowledge " + count : "Acknowledge selected";
    boxes().forEach(function (box) { box.closest("tr").classList.toggle("is-chosen", box.checked); });
  }
  // From the box before to this one, as a list in a mail program does it.
  function span(from, to, checked) {
    var list = boxes(), a = list.indexOf(from), b = list.indexOf(to);
    if (a < 0 || b < 0) return;
    list.slice(Math.min(a, b), Math.max(a, b) + 1).forEach(function (box) { box.checked = checked; });
  }
  doc.addEventListener("click", function (e) {
    var box = e.target.closest && e.target.closest("input[data-select]");
    if (!box) return;
    if (e.shiftKey && last) span(last, box, box.checked);
    last = box; show();
  });
  doc.addEventListener("tocsin:put", show);
  // J and K move from box to box, with Shift they take along what they pass; Space is the browser's own.
  t.moves = function (down, along) {
    var list = boxes();
    if (!list.length) return false;
    var at = list.indexOf(doc.activeElement), next = list[at < 0 ? (down ? 0 : list.length - 1) : at + (down ? 1 : -1)];
    if (!next) return true;
    if (along && at >= 0) { list[at].checked = true; next.checked = true; }
    last = next; next.focus(); show();
    return true;
  };
  t.acknowledges = function () {
    var active = doc.activeElement;
    if (!chosen().length && active && active.matches("input[data-select]")) active.checked = true;
    if (!chosen().length) return false;
    var button = $("[data-selected]"); show(); button.click();
    return true;
  };
  show();
})();

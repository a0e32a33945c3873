// Makes this browser a way to be paged: registers the worker, subscribes on a click, enters the code that comes back.
(function () {
  "use strict";
  var doc = document, base = doc.body.dataset.base || "";
  if (!("serviceWorker" in navigator)) return;
  navigator.serviceWorker.register(base + "/sw.js", { scope: base + "/" }).catch(function () { /* not on a secure address */ });
  navigator.serviceWorker.addEventListener("message", function (event) {
    var input = doc.querySelector("[data-push-code]");
    if (!event.data || !event.data.code || !input) return;
    input.value = event.data.code;
    input.form.requestSubmit();
  });
  function bytes(text) {
    var raw = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(raw, function (one) { return one.charCodeAt(0); });
  }
  function device() {
    var agent = navigator.userAgent, on = /iPhone|iPad/.test(agent) ? "iPhone or iPad" : /Android/.test(agent) ? "Android" : /Mac/.test(agent) ? "Mac" : /Windows/.test(agent) ? "Windows" : "Linux";
    var by = /Firefox/.test(agent) ? "Firefox" : /Edg/.test(agent) ? "Edge" : /Chrome/.test(agent) ? "Chrome" : "Safari";
    return by + " on " + on;
  }
  function offer() {
    var form = doc.querySelector("form[data-push]");
    if (!form || form.dataset.ready) return;
    form.dataset.ready = "1";
    if (!("PushManager" in window) || !("Notification" in window)) return;
    form.hidden = false;
    form.addEventListener("submit", function (event) {
      if (form.elements.target.value) return;
      event.preventDefault(); event.stopPropagation();
      var said = form.querySelector("[data-push-said]");
      Notification.requestPermission().then(function (answer) {
        if (answer !== "granted") throw new Error("This browser does not let Tocsin show notifications; allow it in the site's settings.");
        return navigator.serviceWorker.ready;
      }).then(function (worker) {
        return worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(form.dataset.push) });
      }).then(function (made) {
        form.elements.target.value = JSON.stringify(made);
        // for the worker: when the browser changes the subscription, the old one proves whose it is
        var kept = new Response(JSON.stringify({ subscription: made, key: form.dataset.push }));
        return caches.open("subscription").then(function (cache) { return cache.put(base + "/push/mine", kept); });
      }).then(function () {
        form.elements.label.value = device();
        form.requestSubmit();
      }).catch(function (error) { said.textContent = error.message; });
    }, true);
  }
  offer();
  doc.addEventListener("htmx:afterSettle", offer);
})();

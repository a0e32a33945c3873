// The service worker: shows pages as notifications and answers them; without a connection it says so.
"use strict";
const BASE = {{ base | tojson }}, CACHE = "tocsin-" + {{ asset('app.css') | tojson }};
const SHELL = [BASE + "/offline", {{ asset('tokens.css') | tojson }}, {{ asset('app.css') | tojson }}, {{ asset('more.css') | tojson }}, {{ asset('theme.js') | tojson }}];
const ICON = {{ asset('icons/icon-192.png') | tojson }};

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(SHELL)).then(() => self.skipWaiting()));
});
self.addEventListener("activate", (event) => {
  const old = (names) => Promise.all(names.filter((name) => name.startsWith("tocsin-") && name !== CACHE).map((name) => caches.delete(name)));
  event.waitUntil(caches.keys().then(old).then(() => self.clients.claim()));
});
self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.mode === "navigate" && event.request.method === "GET") {
    event.respondWith(fetch(event.request).catch(() => caches.match(BASE + "/offline")));
  } else if (url.origin === self.location.origin && SHELL.includes(url.pathname)) {
    event.respondWith(fetch(event.request).catch(() => caches.match(url.pathname)));
  }
});

function show(title, page, more) {
  return self.registration.showNotification(title, Object.assign({ tag: page.tag, icon: ICON, badge: ICON, data: page }, more));
}
function call(page) {
  return show(page.title, page, {
    body: page.body, requireInteraction: true, renotify: true, vibrate: [300, 100, 300, 100, 600], timestamp: Date.parse(page.at),
    actions: page.token ? [{ action: "acknowledge", title: "Acknowledge" }, { action: "pass", title: "Pass on" }] : [],
  });
}
self.addEventListener("push", (event) => {
  let page;
  try { page = event.data.json(); } catch (error) { page = { kind: "page", tag: "tocsin", title: "You are paged", body: "Open Tocsin.", at: new Date().toISOString() }; }
  if (page.kind === "page" || page.kind === "test") return event.waitUntil(call(page));
  const told = show(page.title, page, { body: page.body, silent: page.kind === "over", renotify: false });
  if (page.kind !== "code") return event.waitUntil(told);
  // an open tab of the one who subscribes enters the code by itself: it came all the way
  const tabs = self.clients.matchAll({ type: "window", includeUncontrolled: true });
  event.waitUntil(Promise.all([told, tabs.then((all) => all.forEach((tab) => tab.postMessage({ code: page.code })))]));
});

const wait = (ms) => new Promise((done) => setTimeout(done, ms));
async function answer(page, what) {
  const body = new URLSearchParams({ do: what });
  for (let tries = 0; tries < 5; tries += 1) {
    try {
      const said = await fetch(BASE + "/p/" + page.token, { method: "POST", body, headers: { Accept: "application/json" }, credentials: "omit" });
      if (said.status < 500) { const told = await said.json(); return show(told.title, page, { body: told.text, silent: true }); }
    } catch (error) { /* no connection: once more */ }
    await wait(2000);
  }
  const title = what === "acknowledge" ? "NOT acknowledged: no connection" : "Not passed on: no connection";
  return show(title, page, { body: page.title + "\nIt goes on to the next person. Try again, or tell them by another way.", requireInteraction: true, renotify: true, actions: [{ action: what, title: "Try again" }] });
}
self.addEventListener("notificationclick", (event) => {
  const page = event.notification.data || {};
  if (event.action && page.token) return event.waitUntil(answer(page, event.action));
  event.notification.close();
  event.waitUntil(self.clients.openWindow(page.token ? BASE + "/p/" + page.token : BASE + "/settings/me"));
});
// Some browsers do not say which subscription it was: what this one last had stands in a cache of its own.
const mine = () => caches.open("subscription");
async function renew(event) {
  const kept = await (await mine()).match(BASE + "/push/mine"), known = kept ? await kept.json() : null;
  const old = event.oldSubscription || (known && known.subscription);
  if (!old) return;
  const key = event.oldSubscription ? event.oldSubscription.options.applicationServerKey : known.key;
  const made = event.newSubscription || await self.registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  const said = await fetch(BASE + "/push/renew", { method: "POST", body: JSON.stringify({ old, new: made }) });
  if (said.ok && known) await (await mine()).put(BASE + "/push/mine", new Response(JSON.stringify({ subscription: made, key: known.key })));
}
self.addEventListener("pushsubscriptionchange", (event) => event.waitUntil(renew(event)));

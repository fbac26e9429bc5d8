// Keeps the app's own files for the hours without signal.  FILES is checked by a test.  The server writes a last line, `var VERSION = ...`, the hash of
// all pages: a changed file brings a new worker, which takes all files anew before it takes over.  So no page is made of old and new ones.
const FILES = ["./", "main.js", "screens.js", "forms.js", "box.js", "fold.js", "post.js", "walk.js", "shot.js", "photos.js", "down.js", "words.js", "fields.js", "tabs.js", "say.js", "patrol.js", "outbox.js", "me.js", "field.css", "app.webmanifest", "icon-192.png",
	"../vendor/lit.js", "../vendor/idb.js", "../vendor/mqtt.js", "../vendor/qr.js", "../icon.svg"];
const cacheName = () => `xunge-field-${self.VERSION || "dev"}`;

addEventListener("install", (e) => e.waitUntil(caches.open(cacheName()).then((c) => c.addAll(FILES.map((f) => new Request(f, { cache: "no-cache" })))).then(() => self.skipWaiting())));
addEventListener("activate", (e) => e.waitUntil(caches.keys().then((all) => Promise.all(all.filter((k) => k !== cacheName()).map((k) => caches.delete(k)))).then(() => self.clients.claim())));

addEventListener("fetch", (e) => {
	const url = new URL(e.request.url);

	if (e.request.method !== "GET" || url.origin !== location.origin || url.pathname.startsWith("/api/") || url.pathname === "/mqtt")
		return;
	e.respondWith(caches.open(cacheName()).then((c) => c.match(e.request, { ignoreSearch: true })).then((kept) => kept || fetch(e.request)));
});

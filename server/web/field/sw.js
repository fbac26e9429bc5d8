// Keeps the app's own files for the hours without signal.  FILES is checked by a test; a changed file brings a new
// worker, since the server's answer for this one names them all by their hashes.
const CACHE = "xunge-field-1";
const FILES = ["./", "main.js", "screens.js", "forms.js", "box.js", "fold.js", "post.js", "walk.js", "shot.js", "photos.js", "down.js", "words.js", "field.css", "app.webmanifest", "icon-192.png",
	"../vendor/lit.js", "../vendor/idb.js", "../vendor/mqtt.js", "../icon.svg"];

addEventListener("install", (e) => e.waitUntil(caches.open(CACHE).then((c) => c.addAll(FILES.map((f) => new Request(f, { cache: "no-cache" })))).then(() => self.skipWaiting())));
addEventListener("activate", (e) => e.waitUntil(caches.keys().then((all) => Promise.all(all.filter((k) => k !== CACHE).map((k) => caches.delete(k)))).then(() => self.clients.claim())));

// The network first, so that a new version is seen as soon as there is signal; what is kept when it is slow or gone.
addEventListener("fetch", (e) => {
	const url = new URL(e.request.url);

	if (e.request.method !== "GET" || url.origin !== location.origin || url.pathname.startsWith("/api/") || url.pathname === "/mqtt")
		return;
	e.respondWith((async () => {
		const cache = await caches.open(CACHE);
		const kept = await cache.match(e.request, { ignoreSearch: true });
		const fresh = fetch(e.request).then((r) => {
			if (r.ok && kept)
				cache.put(e.request.url.split("?")[0], r.clone());
			return r;
		});

		if (!kept)
			return fresh;
		return Promise.race([fresh.catch(() => kept), new Promise((ok) => setTimeout(() => ok(kept), 1500))]);
	})());
});

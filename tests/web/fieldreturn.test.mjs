// What goes wrong with phones and platforms: a platform restored from yesterday's backup, two phones with one memory, a memory that is
// cleared, two tabs, a clock that is wrong.  Chromium at phone size against the real daemons; what is lost is listed, the rest is there once.
import { after, before, describe, test } from "node:test";
import assert from "node:assert/strict";
import { GRID, TOWN, Town, until } from "../lib/index.mjs";
import { openBrowser } from "./browser.mjs";

let browser;
const towns = [];

before(async () => {
	browser = await openBrowser();
});
after(async () => {
	await browser?.close();
	for (const t of towns)
		await t.stop();
});

const SIZE = { locale: "zh-CN", timezoneId: "America/New_York", viewport: { width: 390, height: 844 }, geolocation: { latitude: 33.39, longitude: 104.92, accuracy: 12 }, permissions: ["geolocation"] };

async function start() {
	const town = await Town.start({ server: true });

	towns.push(town);
	await town.enrol("d-0001", "p-0001");
	return town;
}

/** A phone's page; skew: how wrong its clock is. */
async function phone(town, { context = null, skew = 0, enrol = true, serviceWorkers = "block" } = {}) {
	const page = await (context || (await browser.newContext({ ...SIZE, serviceWorkers }))).newPage();

	page.setDefaultTimeout(20e3);
	if (skew)
		await page.clock.install({ time: Date.now() + skew });
	await page.goto(`${town.base}/field/`);
	if (enrol) {
		await page.fill("#f-device", "d-0001");
		await page.fill("#f-secret", town.secrets["d-0001"]);
		await page.fill("#f-district", "990101");
		await page.click("button.primary");
		await good(page);
	}
	return page;
}

const good = (page) => page.waitForSelector("[data-test=link].good", { timeout: 60e3 });
const tab = (page, name) => page.click(`.bottom button:has-text("${name}")`);

/** An inspection, by the form. */
async function inspect(page) {
	await tab(page, "今日");
	await page.click('button:has-text("专项检查")');
	await page.click('.choices button:has-text("烧秸秆")');
	await page.selectOption("#f-scope", GRID[0]);
	await page.click(".form .primary");
	await page.waitForSelector("[data-test=start]");
}

const states = async (page, fits, what) => {
	await tab(page, "发件箱");
	return until(async () => {
		const s = await page.$$eval("[data-mail]", (e) => e.map((x) => x.dataset.state));

		return fits(s) && s;
	}, what, 60e3);
};
const all = (state, n) => (s) => s.length === n && s.every((x) => x === state);
const stored = (town, device = "d-0001") => town.sql(`SELECT s.epoch, e.seq FROM event e JOIN stream s ON s.id = e.stream WHERE s.device = '${device}' ORDER BY s.id, e.seq`);
const memory = (page) => page.evaluate(() => new Promise((ok, no) => {
	const o = indexedDB.open("xunge-field");

	o.onerror = () => no(o.error);
	o.onsuccess = () => {
		const out = {};
		const names = [...o.result.objectStoreNames];
		const tx = o.result.transaction(names);

		for (const n of names) {
			const s = tx.objectStore(n);

			out[n] = [];
			s.openCursor().onsuccess = (e) => {
				const c = e.target.result;

				if (c) {
					out[n].push([c.key, c.value]);
					c.continue();
				}
			};
		}
		tx.oncomplete = () => {
			o.result.close();
			ok(out);
		};
	};
}));
/** Puts what another phone remembered into this one's memory. */
const remember = (page, rows) => page.evaluate((r) => new Promise((ok, no) => {
	const o = indexedDB.open("xunge-field");

	o.onerror = () => no(o.error);
	o.onsuccess = () => {
		const names = Object.keys(r);
		const tx = o.result.transaction(names, "readwrite");

		for (const n of names)
			for (const [k, v] of r[n])
				tx.objectStore(n).put(v, ...(tx.objectStore(n).keyPath ? [] : [k]));
		tx.oncomplete = () => {
			o.result.close();
			ok();
		};
	};
}), rows);

// Each has a town and a phone of its own, and mostly waits: some at a time.
describe("phones and platforms", { concurrency: 3 }, () => {
	describe("the platform is restored from a backup", { concurrency: 2 }, () => {
		const restored = async (town, how) => {
			await town.server.stop();
			await town.ingest.stop();
			await town.must("restore", town.path("backup.db"));
			await how?.();
			await town.startIngest();
			await town.startServer();
		};

		test("the phone sends again what it lacks; what nobody has any more is listed by device and range", { timeout: 150e3 }, async () => {
			const town = await start();
			const page = await phone(town);
			const gone = await town.device("d-0002", "p-0002");

			for (let i = 0; i < 2; i++)
				await inspect(page);
			await gone.send("inspect", { topic: "burn_straw", result: "ok" }, { scope: GRID[2] });
			await states(page, all("stored", 2), "two to be stored");
			await town.must("backup", town.path("backup.db"));
			for (let i = 0; i < 3; i++)
				await inspect(page);
			for (let i = 0; i < 3; i++)
				await gone.send("inspect", { topic: "burn_straw", result: "ok" }, { scope: GRID[2] });
			await states(page, all("stored", 5), "five to be stored");
			assert.equal((await stored(town)).length, 5);
			await restored(town);
			await until(async () => (await stored(town)).length === 5, "the phone to send again", 60e3);
			assert.deepEqual((await stored(town)).map((r) => r.seq), [1, 2, 3, 4, 5]);
			await states(page, all("stored", 5), "all to be stored again");
			// the other phone keeps nothing that was answered
			await gone.hello(5);
			const e = gone.event("inspect", { topic: "burn_straw", result: "ok" }, { scope: GRID[2] });

			await gone.publish(e);
			await gone.answer(5);
			const list = JSON.parse(await town.must("export", "quality", "--from", "2020-01-01", "--to", "2099-01-01", "--format", "json")).rows;
			const row = (id) => list.find((r) => r.device === id);

			assert.deepEqual([row("d-0002").holes, row("d-0002").missing, row("d-0002").ranges], [3, 0, `${gone.epoch} 2-4!`], JSON.stringify(row("d-0002")));
			assert.deepEqual([row("d-0001").holes, row("d-0001").missing, row("d-0001").ranges || ""], [0, 0, ""]);
			await town.must("check");
			await page.context().close();
		});

		test("a phone that was let in after the backup is refused; let in again, it brings all that it has", { timeout: 150e3 }, async () => {
			const town = await Town.start({ server: true });

			towns.push(town);
			await town.must("backup", town.path("backup.db"));
			await town.enrol("d-0001", "p-0001");
			const page = await phone(town);

			for (let i = 0; i < 2; i++)
				await inspect(page);
			await states(page, all("stored", 2), "two to be stored");
			await restored(town);
			assert.equal((await stored(town)).length, 0);
			await page.waitForFunction(() => /账号被拒绝/.test(document.querySelector("[data-test=link]").textContent), null, { timeout: 60e3 });
			const link = (await town.must("device", "code", "d-0001", "--person", "p-0001", "--url", town.base)).split("\n")[0];

			await page.evaluate((h) => (location.hash = h), new URL(link).hash);
			await until(async () => (await stored(town)).length === 2, "both to be sent again", 60e3);
			await good(page);
			await states(page, all("stored", 2), "both to be stored");
			await page.context().close();
		});

		test("by HTTP alone, where the broker cannot be reached, it is the same; what is too large is refused and a hole, and holds nothing up; an answer that is lost counts nothing twice", { timeout: 150e3 }, async () => {
			const town = await start();
			const context = await browser.newContext({ ...SIZE, serviceWorkers: "block" });

			let blocked = true;

			await context.routeWebSocket(/\/mqtt$/, (ws) => (blocked ? ws.close() : ws.connectToServer()));
			const page = await phone(town, { context, enrol: false });

			await page.fill("#f-device", "d-0001");
			await page.fill("#f-secret", town.secrets["d-0001"]);
			await page.fill("#f-district", "990101");
			await page.click("button.primary");
			await page.waitForSelector("[data-test=start]");
			await inspect(page);
			await states(page, all("stored", 1), "the first to be stored");
			await town.must("backup", town.path("backup.db"));
			await inspect(page);
			await states(page, all("stored", 2), "the second to be stored");
			await restored(town, async () => assert.equal((await stored(town)).length, 1));
			await page.click('button:has-text("全部重试")'); // also after ten minutes, by itself: the sync's cursor is refused
			await until(async () => (await stored(town)).length === 2, "the phone to send again", 60e3);
			await states(page, all("stored", 2), "both to be stored");
			const [key, mail] = (await memory(page)).mail[0];
			const big = (seq, n) => [[key[0], seq], { ...mail, seq, state: "waiting", tries: 0, commit: undefined, answered: undefined, event: { ...mail.event, seq, body: { ...mail.event.body, object: "x".repeat(n) } } }];
			const posted = [];

			await page.route("**/api/v1/events", async (r) => {
				posted.push(r.request().postDataBuffer().length);
				await (posted.at(-1) > 100e3 ? r.fulfill({ status: 413, contentType: "text/html", body: "a proxy takes less" }) : r.continue());
			});
			await remember(page, { mail: [big(3, 300e3), big(4, 150e3)], meta: [["stream", { epoch: key[0], next: 5 }]] });
			await inspect(page);
			await states(page, (s) => s.length === 5 && s.filter((x) => x === "refused").length === 2 && s.filter((x) => x === "stored").length === 3, "the big ones to be refused");
			assert.ok(Math.max(...posted) > 150e3 && Math.max(...posted) < 192 * 1024, `more than a payload is not sent: ${posted}`);
			for (const seq of [3, 4])
				assert.match(await page.textContent(`[data-mail="${seq}"]`), /内容过大/);
			await page.unroute("**/api/v1/events");
			await page.reload(); // says hello anew
			await until(async () => JSON.parse(await town.must("export", "quality", "--from", "2020-01-01", "--to", "2099-01-01", "--format", "json")).rows.find((r) => r.device === "d-0001").holes === 2, "the holes", 30e3);
			// the platform has it, the answer is lost, and the broker is reached then: it is no other phone's
			await until(() => page.evaluate(async () => (await import("./main.js")).app.post?.link === "http"), "the way by HTTP", 30e3);
			let lost = 0;

			await page.route("**/api/v1/events", async (r) => {
				if (!JSON.parse(r.request().postData()).hello && !lost++)
					blocked = !(await r.fetch()).ok();
				await (blocked ? r.continue() : r.abort());
			});
			await inspect(page);
			await until(() => lost, "an answer to be lost", 30e3);
			await good(page);
			await states(page, (s) => s.length === 6 && s.filter((x) => x === "stored").length === 4, "it to be stored");
			assert.equal(await page.evaluate(async () => (await import("./main.js")).app.post.link), "mqtt");
			const rows = await stored(town);

			assert.deepEqual(rows.map((r) => r.seq), [1, 2, 5, 6]);
			assert.equal(new Set(rows.map((r) => r.epoch)).size, 1, "once");
			await context.close();
		});
	});

	test("two phones with one memory: what one did not send moves to a new epoch, nothing is lost", { timeout: 150e3 }, async () => {
		const town = await start();
		const one = await phone(town);

		await inspect(one);
		await states(one, all("stored", 1), "the first to be stored");
		const copy = await memory(one);
		const two = await phone(town, { enrol: false });

		await two.waitForSelector("#f-device");
		await one.goto("about:blank"); // the phones share the device's one connection
		await remember(two, copy);
		await two.reload();
		await good(two);
		await inspect(two);
		await inspect(two);
		await states(two, all("stored", 3), "the clone's to be stored");
		await two.context().close();
		await town.broker.stop();
		// the first phone, without signal, goes on where it was
		await one.goto(`${town.base}/field/`);
		await one.context().setOffline(true);
		await inspect(one);
		await one.context().setOffline(false);
		await town.startBroker();
		await town.linked(30e3);
		await good(one);
		await until(async () => (await stored(town)).length === 4, "all four to be stored", 60e3);
		const rows = await stored(town);

		assert.equal(new Set(rows.map((r) => r.epoch)).size, 2, JSON.stringify(rows));
		assert.deepEqual(rows.map((r) => r.seq), [1, 2, 3, 1]);
		assert.equal(await town.one("SELECT count(*) FROM conflict"), 0);
		assert.ok((await states(one, (s) => s.filter((x) => x === "stored").length === 2, "both of the first phone to be stored")).length >= 2);
		await one.context().close();
	});

	test("the same number with other content: the conflict is shown, and goes out once more under a new epoch", { timeout: 120e3 }, async () => {
		const town = await start();
		const context = await browser.newContext({ ...SIZE, serviceWorkers: "block" });
		let lost = false;

		await context.routeWebSocket(/\/mqtt$/, (ws) => {
			const up = ws.connectToServer();

			ws.onMessage((m) => !lost && up.send(m)); // what leaves the phone then arrives nowhere
		});
		const page = await phone(town, { context });

		await inspect(page);
		await states(page, all("stored", 1), "the first to be stored");
		const [{ epoch }] = await stored(town);

		lost = true;
		await inspect(page);
		await states(page, (s) => s.includes("sent"), "the second to leave the phone");
		await page.goto("about:blank");
		lost = false;
		const clone = await town.device("d-0001", "p-0001", { epoch });

		clone.seq = 1;
		await clone.send("inspect", { topic: "burn_straw", result: "ok", note: "the clone's" }, { scope: GRID[0] });
		await clone.end();
		assert.equal((await stored(town)).length, 2);
		await page.goto(`${town.base}/field/`);
		await good(page);
		await states(page, (s) => s.includes("conflict"), "the conflict to be shown");
		await page.click('[data-state=conflict] [data-test=again]');
		await until(async () => (await stored(town)).length === 3, "it to be stored under a new epoch", 60e3);
		assert.equal(await town.one("SELECT count(*) FROM conflict"), 1);
		await context.close();
	});

	test("the memory is cleared during a patrol: a new epoch, what was stored stays, the patrol is shown without an end", { timeout: 120e3 }, async () => {
		const town = await start();
		const page = await phone(town);

		await page.click("[data-test=start]");
		await page.selectOption("#f-target", GRID[0]);
		await page.click("[data-test=go]");
		await page.waitForSelector("[data-test=km]");
		await until(async () => (await stored(town)).length === 1, "the start to be stored");
		await page.goto("about:blank");
		const cdp = await page.context().newCDPSession(page);

		await cdp.send("Storage.clearDataForOrigin", { origin: town.base, storageTypes: "all" });
		await page.goto(`${town.base}/field/`);
		await page.waitForSelector("#f-device"); // it knows nothing of itself
		const link = (await town.must("device", "code", "d-0001", "--url", town.base)).split("\n")[0];

		await page.goto("about:blank");
		await page.goto(link);
		await good(page);
		await inspect(page);
		await states(page, all("stored", 1), "the new record to be stored");
		const rows = await stored(town);

		assert.deepEqual(rows.map((r) => r.seq), [1, 1]);
		assert.notEqual(rows[0].epoch, rows[1].epoch);
		assert.deepEqual(await town.sql("SELECT end_at FROM patrol"), [{ end_at: null }]);
		assert.equal(await town.one("SELECT count(*) FROM event e JOIN stream s ON s.id = e.stream WHERE s.device <> 'd-0001'"), 0);
		await page.context().close();
	});

	test("a phone that becomes another device keeps what the first one did not send, and sends it when it is that again", { timeout: 150e3 }, async () => {
		const town = await start();
		const page = await phone(town);
		const code = async (...args) => new URL((await town.must("device", "code", ...args, "--url", town.base)).split("\n")[0]).hash;

		await inspect(page);
		await states(page, all("stored", 1), "the first to be stored");
		await page.context().setOffline(true);
		await town.broker.stop();
		await page.waitForSelector("[data-test=link].bad");
		await inspect(page);
		await page.route("**/api/v1/events", (r) => r.abort()); // HTTP is back, but not for records
		await page.context().setOffline(false);
		await page.evaluate((h) => (location.hash = h), await code("d-0002", "--person", "p-0002")); // the app is open, the link is followed in it
		await until(() => page.evaluate(() => location.hash === "#/today"), "the new account");
		await town.startBroker();
		await town.linked(30e3);
		await good(page);
		await page.waitForFunction(() => document.querySelector("[data-test=stored]"));
		await tab(page, "我的");
		await page.waitForSelector('h2:has-text("钱乙")');
		await tab(page, "今日");
		await page.click('button:has-text("专项检查")');
		await page.click('.choices button:has-text("烧秸秆")');
		await page.selectOption("#f-scope", GRID[2]); // its own places
		await page.click(".form .primary");
		await until(async () => (await stored(town, "d-0002")).length === 1, "the other's record to be stored", 60e3);
		assert.deepEqual((await stored(town, "d-0002")).map((r) => r.seq), [1], "a numbering of its own");
		assert.equal((await stored(town)).length, 1, "the first one's record stays");
		await page.evaluate((h) => (location.hash = h), await code("d-0001"));
		await until(async () => (await stored(town)).length === 2, "the first device's record to be stored", 60e3);
		assert.equal(await town.one("SELECT count(*) FROM event WHERE person = 'p-0002'"), 1);
		assert.equal(await town.one("SELECT count(*) FROM event WHERE person = 'p-0001'"), 2);
		await page.context().close();
	});

	test("two tabs: one memory, one sender, every number once", { timeout: 120e3 }, async () => {
		const town = await start();
		const a = await phone(town);
		const b = await phone(town, { context: a.context(), enrol: false });

		await b.waitForSelector("[data-test=start]");
		await Promise.all([inspect(a), inspect(b)]);
		await Promise.all([inspect(a), inspect(b)]);
		await until(async () => (await stored(town)).length === 4, "all four to be stored", 60e3);
		const rows = await stored(town);

		assert.deepEqual(rows.map((r) => r.seq), [1, 2, 3, 4]);
		assert.equal(new Set(rows.map((r) => r.epoch)).size, 1);
		const lines = (page) => page.$$eval("[data-mail]", (e) => e.map((x) => `${x.dataset.mail} ${x.dataset.state}`));

		await tab(a, "发件箱");
		await tab(b, "发件箱");
		for (const page of [a, b]) // what one tab sent, the other shows
			await until(async () => (await lines(page)).join() === "4 stored,3 stored,2 stored,1 stored", "both to show all four");
		await tab(a, "今日");
		await a.click("[data-test=start]");
		await a.selectOption("#f-target", GRID[0]);
		await a.click("[data-test=go]");
		await a.waitForSelector("[data-test=km]");
		await b.reload(); // in front now: it goes on with the walk, the other stops
		await b.waitForSelector("[data-test=km]");
		for (let i = 1; i <= 2; i++) {
			await a.context().setGeolocation({ latitude: 33.39 + i * 0.0006, longitude: 104.92, accuracy: 8 });
			await b.waitForTimeout(2300);
		}
		await b.click("[data-test=end]");
		await b.click("[data-test=clear]");
		await a.waitForFunction(() => document.querySelector("[data-test=waiting]")?.textContent === "0"); // over there, too
		await until(async () => (await town.one("SELECT count(*) FROM patrol WHERE end_at IS NOT NULL")) === 1, "the patrol's end");
		const points = (await town.sql("SELECT raw FROM event WHERE kind = 2")).map((r) => JSON.parse(r.raw)).flatMap((e) => e.body.pts.map((p) => e.at + p[0]));

		assert.ok(points.length >= 2 && new Set(points).size === points.length, `positions once: ${points.length}`);
		const before = (await stored(town)).length;

		await a.close(); // the sender leaves: the other takes over
		await inspect(b);
		await until(async () => (await stored(town)).length === before + 1, "the other tab to send", 60e3);
		assert.deepEqual([await town.one("SELECT count(*) FROM conflict"), await town.one("SELECT count(*) FROM reject")], [0, 0]);
		await b.context().close();
	});

	test("a clock that is wrong, or set while a record waits: the event has the true time", { timeout: 120e3 }, async () => {
		const town = await start();
		const page = await phone(town, { skew: 3600e3 });
		const right = async (n) => {
			await states(page, all("stored", n), "it to be stored");
			for (const { at, recv } of await town.sql("SELECT at, recv FROM event"))
				assert.ok(Math.abs(at - recv) < 30e3, `${at - recv} ms`);
		};

		await inspect(page);
		await right(1);
		await page.clock.setSystemTime(Date.now() - 3600e3); // slow now
		await inspect(page);
		await right(2);
		await page.context().setOffline(true);
		await town.broker.stop();
		await page.waitForSelector("[data-test=link].bad");
		await page.clock.setSystemTime(Date.now() + 365 * 86400e3); // set without signal
		await inspect(page);
		await page.context().setOffline(false);
		await town.startBroker();
		await town.linked(30e3);
		await right(3);
		await page.context().close();
	});

	test("a case that is dispatched stands on the phone at once, and goes when it is somebody else's", { timeout: 120e3 }, async () => {
		const town = await start();
		const other = await town.device("d-0002", "p-0002");

		await town.user("centre", "p-duty", "centre", TOWN);
		const page = await phone(town);
		const centre = await town.session("centre");
		const act = async (body) => {
			const c = await centre.fetch("/api/v1/cases/c-1");
			const r = await centre.fetch("/api/v1/cases/c-1/actions", { method: "POST", body: JSON.stringify(body), headers: { "if-match": c.headers.get("etag"), "idempotency-key": crypto.randomUUID() } });

			assert.equal(r.status, 200, await r.clone().text());
		};

		await until(async () => (await town.one("SELECT count(*) FROM device_state WHERE device = 'd-0001' AND online = 1")) === 1, "the phone to be seen");
		await other.send("case.report", { case: "c-1", class: "finding", category: "sewage", severity: 3, title: "沟口污水" }, { scope: GRID[0] });
		await act({ action: "accept" });
		await act({ action: "dispatch", to: "p-0001" });
		await page.waitForSelector('li:has-text("沟口污水") button', { timeout: 30e3 }); // nothing was pressed; by itself it asks every ten minutes
		await page.click('li:has-text("沟口污水") button:has-text("签收")');
		await until(async () => (await (await centre.fetch("/api/v1/cases/c-1")).json()).state === "in_progress", "the signature");
		await act({ action: "dispatch", to: "p-0002" });
		await page.waitForFunction(() => !document.body.textContent.includes("沟口污水"), null, { timeout: 30e3 });
		await page.context().close();
	});
});

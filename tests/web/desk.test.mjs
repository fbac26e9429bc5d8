// The duty desk: what calls the officer, the keyboard, whole rows, what an open page knows of a new version.
import { after, before, describe, test } from "node:test";
import assert from "node:assert/strict";
import { DING_EVERY_MS, newBell, OLD_MS, RED_EVERY_MS } from "../../server/web/bell.js";
import { openPage, signIn } from "./browser.mjs";
import { axe, clean, duty, fits, kit, mock, rowsAre, text, until } from "./kit.mjs";
import { demoTown } from "./mock.mjs";

before(kit.up);
after(kit.down);

let made = 0;
const alert = (more = {}) => ({ id: `hazard:n-${++made}`, type: "hazard", severity: 2, case: null, title: "河岸塌方", scope: "990101100002", loc: null, at: Date.now(), raised: Date.now(), state: "active", acked_by: null, acked_at: null, late: false, person: "p-0055", ...more });

describe("the bell", () => {
	/** A bell and its world; rang: what was heard and when. */
	function set() {
		const w = { now: 1e6, rang: [], noticed: [], standing: [] };
		const bell = newBell({ now: () => w.now, me: () => "p-0095", play: (kind) => w.rang.push([kind, w.now - 1e6]), notice: (a) => w.noticed.push(a.id), alerts: () => w.standing });
		/** @param {number} ms */
		const pass = (ms) => {
			for (const end = w.now + ms; w.now < end;) {
				w.now += 1000;
				bell.second();
			}
		};

		bell.on = true;
		return { w, bell, pass };
	}

	test("one ding in 15 s, for the gravest that came meanwhile", () => {
		const { w, bell, pass } = set();

		bell.heard([alert()]);
		pass(3000);
		bell.heard([alert({ severity: 3 })]);
		bell.heard([alert({ severity: 1 })]);
		bell.heard([alert({ severity: 4 })]);
		pass(60e3);
		assert.deepEqual(w.rang, [["ding", 0], ["red", DING_EVERY_MS]]);
	});

	test("red again every 30 s, until somebody has signed", () => {
		const { w, bell, pass } = set();
		const red = alert({ severity: 1 });

		w.standing = [red];
		bell.heard([red]);
		pass(65e3);
		assert.deepEqual(w.rang, [["red", 0], ["red", RED_EVERY_MS], ["red", 2 * RED_EVERY_MS]]);
		w.standing = [{ ...red, acked_by: "p-0096" }];
		pass(120e3);
		assert.equal(w.rang.length, 3);
	});

	test("silent: one's own, those of long ago, those that are signed or over, and while it is off", () => {
		const { w, bell, pass } = set();
		const quiet = [alert({ severity: 1, person: "p-0095" }), alert({ severity: 1, at: Date.now() - OLD_MS - 60e3 }), alert({ severity: 1, acked_by: "p-0096" }), alert({ severity: 1, state: "cleared" })];

		w.standing = quiet;
		bell.notices = true;
		bell.heard(quiet);
		pass(60e3);
		assert.deepEqual([w.rang, w.noticed], [[], []]);
		bell.on = false;
		w.standing = [alert({ id: "hazard:y", severity: 1 })];
		bell.heard(w.standing);
		pass(60e3);
		assert.deepEqual([w.rang, w.noticed], [[], ["hazard:y"]]);
		bell.on = true; // nothing is owed of that time, but a red one stands
		pass(1000);
		assert.deepEqual(w.rang.map((r) => r[0]), ["red"]);
	});
});

/** Counts the tones that a page makes. */
const tones = (page) => page.addInitScript(() => {
	const make = AudioContext.prototype.createOscillator;

	globalThis.tones = 0;
	AudioContext.prototype.createOscillator = function () {
		globalThis.tones++;
		return make.call(this);
	};
});
const heard = (page) => page.evaluate(() => globalThis.tones);

describe("sound and notices", () => {
	test("off until asked; on, a new alert is heard, a signature and a snapshot are not; remembered", async () => {
		const m = await mock();
		const page = await openPage(kit.browser, m.url);

		await tones(page);
		await page.reload();
		await signIn(page, m.user, m.password);
		await rowsAre(page, "alerts", 5);
		assert.equal(await text(page, "[data-test=sound]"), "警报声 关");
		m.change({ alerts: [alert()] });
		await rowsAre(page, "alerts", 6);
		assert.equal(await heard(page), 0);
		for (const a of m.town.alerts.filter((x) => x.severity === 1 && !x.acked_by)) // a red one that stands is heard at once
			m.change({ alerts: [{ ...a, acked_by: "p-0096", acked_at: Date.now() }] });
		await page.click("[data-test=sound]");
		await until(page, () => document.querySelector("[data-test=sound]")?.textContent === "警报声 开");
		assert.equal(await heard(page), 2); // how it sounds
		m.change({ alerts: [alert()] });
		await until(page, () => globalThis.tones === 4);
		await page.keyboard.press("m");
		await until(page, () => document.querySelector("[data-test=sound]")?.textContent === "警报声 关");
		await page.keyboard.press("m");
		await page.reload(); // a page that was not touched may not sound, and says so
		await page.waitForSelector("[data-test=link] .good");
		assert.equal(await text(page, "[data-test=sound]"), "警报声 待启用");
		await page.keyboard.press("Shift"); // touched: it may
		await until(page, () => document.querySelector("[data-test=sound]")?.textContent === "警报声 开");
		await clean(page);
	});

	test("the system's notice: asked for by a click, shown when the page is not looked at, opens the case", async () => {
		const m = await mock();
		const page = await openPage(kit.browser, m.url);

		await page.addInitScript(() => {
			globalThis.notices = [];
			globalThis.Notification = class {
				static permission = "default";
				static requestPermission() {
					globalThis.asked = true;
					return Promise.resolve("granted");
				}
				constructor(title, more) {
					globalThis.notices.push([title, more.body, this]);
				}
				close() {}
			};
			document.hasFocus = () => false;
		});
		await page.reload();
		await signIn(page, m.user, m.password);
		await page.waitForSelector("[data-test=link] .good");
		m.change({ alerts: [alert()] });
		await rowsAre(page, "alerts", 6);
		assert.equal(await page.evaluate(() => globalThis.notices.length), 0);
		await page.click("[data-test=help]");
		await page.click('dialog label:has-text("系统通知")');
		await until(page, () => globalThis.asked);
		await page.click("[data-test=close-help]");
		m.change({ alerts: [alert({ title: "堤顶裂缝", severity: 1, case: "case-02" })] });
		await until(page, () => globalThis.notices.length === 1);
		assert.deepEqual(await page.evaluate(() => globalThis.notices[0].slice(0, 2)), ["堤顶裂缝", "一级（红） 西关社区"]);
		await page.evaluate(() => globalThis.notices[0][2].onclick());
		await until(page, () => document.querySelector("#h-case")?.textContent?.includes("餐馆燃气软管老化"));
		await clean(page);
	});
});

describe("the keyboard", () => {
	const at = (page) => page.evaluate(() => document.activeElement?.closest("tr")?.dataset.row || document.activeElement?.id || document.activeElement?.tagName);

	test("from an alert to a dispatch without a mouse", async () => {
		const m = await mock();
		const page = await duty(m);

		await rowsAre(page, "alerts", 5);
		await page.evaluate(() => /** @type {HTMLElement} */ (document.activeElement)?.blur());
		await page.keyboard.press("j");
		assert.equal(await at(page), "hazard:case-01");
		await page.keyboard.press("a");
		await page.waitForSelector('.alerts tr[data-row="hazard:case-01"]:has-text("已签收 云冬")');
		assert.equal(await at(page), "hazard:case-01", "the row moved down, the reader with it");
		await page.keyboard.press("Enter");
		await page.waitForSelector(".timeline li");
		await page.keyboard.press("Tab"); // from the heading: copy, close, the acts
		const tabTo = async (words) => {
			for (let i = 0; i < 20; i++) {
				if (await page.evaluate((w) => document.activeElement?.textContent?.trim() === w || document.activeElement?.id === w, words))
					return;
				await page.keyboard.press("Tab");
			}
			assert.fail(`no way to ${words}`);
		};

		await tabTo("立案");
		await page.keyboard.press("Enter");
		await page.waitForSelector("#act-note");
		await tabTo("act-note");
		await page.keyboard.type("jam?/a"); // letters are letters here
		assert.equal(await page.inputValue("#act-note"), "jam?/a");
		await tabTo("确认立案");
		await page.keyboard.press("Enter");
		await page.waitForSelector('.cases tr[data-row="case-01"]:has-text("待派遣")');
		await tabTo("派遣");
		await page.keyboard.press("Enter");
		await page.waitForSelector("#act-to");
		await tabTo("act-to");
		await page.keyboard.type("p-0102");
		await page.keyboard.press("Enter");
		await page.waitForSelector('.cases tr[data-row="case-01"]:has-text("待签收")');
		assert.deepEqual(m.posts.map((p) => p.body.action || "sign"), ["sign", "accept", "dispatch"]);
		await page.keyboard.press("Escape");
		await page.waitForSelector(".drawer", { state: "detached" });
		await clean(page);
	});

	test("one after the other is signed for: the next is the one that stood behind it, and where one stands is seen", async () => {
		const town = demoTown(Date.now());
		const one = town.alerts[0];

		for (let i = 0; i < 30; i++)
			town.alerts.push({ ...one, id: `hazard:more-${i}`, case: null, severity: 2, at: one.at - i * 6e4 });
		const m = await mock({ town });
		const page = await duty(m);
		const seen = () => page.evaluate(() => {
			const r = document.activeElement?.getBoundingClientRect(), box = document.querySelector(".alerts .scroll")?.getBoundingClientRect();

			return !!r && !!box && r.top >= box.top - 1 && r.bottom <= box.bottom + 1;
		});

		await rowsAre(page, "alerts", 35);
		await page.evaluate(() => /** @type {HTMLElement} */ (document.activeElement)?.blur());
		await page.keyboard.press("j");
		await page.keyboard.press("j");
		for (let i = 0; i < 3; i++) {
			assert.equal(await at(page), `hazard:more-${i}`);
			await page.keyboard.press("a");
			await page.waitForSelector(`.alerts tr[data-row="hazard:more-${i}"]:has-text("已签收")`);
			assert.equal(await at(page), `hazard:more-${i}`);
			assert.ok(await seen(), "at the end, where it went");
			await page.keyboard.press("j");
			assert.ok(await seen());
		}
		await page.click('.alerts button:has-text("只看未签收")');
		await page.evaluate(() => /** @type {HTMLElement} */ (document.activeElement)?.blur());
		await page.keyboard.press("j");
		assert.equal(await at(page), "hazard:case-01");
		await page.keyboard.press("a");
		await page.waitForSelector('.alerts tr[data-row="hazard:case-01"]', { state: "detached" });
		await until(page, () => /** @type {HTMLElement} */ (document.activeElement?.closest("tr"))?.dataset.row === "hazard:more-3");
		await clean(page);
	});

	test("j and k stop at the ends, g goes to a page, ? helps, Escape closes; the switch is remembered", async () => {
		const m = await mock();
		const page = await duty(m);

		await rowsAre(page, "cases", 8);
		await page.evaluate(() => /** @type {HTMLElement} */ (document.activeElement)?.blur());
		await page.keyboard.press("k");
		const last = await at(page);

		await page.keyboard.press("j");
		assert.equal(await at(page), last);
		await page.keyboard.press("k");
		assert.notEqual(await at(page), last);
		await page.keyboard.press("g");
		await page.keyboard.press("u");
		await page.waitForSelector("main.on-people .block");
		await page.keyboard.press("g");
		await page.keyboard.press("d");
		await page.waitForSelector("main.on-desk .block");
		await page.keyboard.press("?");
		await page.waitForSelector("dialog.help[open]");
		await axe(page, "help");
		await page.click('dialog label:has-text("单键")');
		await page.keyboard.press("Escape");
		await page.waitForSelector("dialog.help", { state: "detached" });
		await page.keyboard.press("?");
		await page.keyboard.press("j");
		await page.reload();
		await rowsAre(page, "cases", 8);
		await page.keyboard.press("j");
		assert.equal(await at(page), "BODY");
		assert.equal(await page.locator("dialog").count(), 0);
		await clean(page);
	});
});

describe("truth", () => {
	test("the server comes back as another version: said, never loaded anew by itself", async () => {
		const m = await mock();
		const page = await duty(m);

		await page.evaluate(() => (globalThis.same = true));
		assert.equal(await page.locator("[data-test=version]").count(), 0);
		await m.down();
		await page.waitForSelector("[data-test=link] .bad");
		m.pages = "fedcba9876543210";
		await m.up();
		await page.waitForSelector("[data-test=version]");
		assert.match(await text(page, "[data-test=version]"), /^系统已更换新版本.* 重新载入$/);
		assert.equal(await page.evaluate(() => globalThis.same), true);
		await page.click("[data-test=version] button");
		await page.waitForSelector("[data-test=link] .good");
		assert.equal(await page.evaluate(() => globalThis.same), undefined);
		await clean(page, /ERR_CONNECTION_REFUSED|WebSocket|status of 401/);
	});

	test("who comes back is told what came meanwhile; once, and not who was not away", async () => {
		const m = await mock();
		const page = await duty(m);
		const looked = (ms) => page.evaluate((t) => localStorage.setItem("xunge.looked.zhang", String(t)), ms);

		m.over = [{ ...alert(), id: "hazard:over", state: "cleared", cleared: Date.now() }, { ...alert(), id: "duty_overdue:x", type: "duty_overdue", state: "cleared", cleared: Date.now() }];
		m.town.alerts = [{ ...alert(), at: Date.now() - 20 * 60e3 }, { ...alert(), at: Date.now() - 3 * 3600e3 }];
		await looked(Date.now() - 2 * 3600e3);
		await page.waitForSelector("[data-test=handover]");
		assert.match(await text(page, "[data-test=handover]"), /^自 .*\d\d:\d\d 您离开以来 新预警 2 条，已解除 1 条 新案件 \d+ 件 知道了$/);
		assert.ok(await page.evaluate(() => Date.now() - Number(localStorage.getItem("xunge.looked.zhang")) < 60e3), "looked at now");
		await page.click("[data-test=handover] button");
		await page.waitForSelector("[data-test=handover]", { state: "detached" });
		await looked(Date.now() - 20 * 60e3);
		await page.reload();
		await page.waitForFunction(() => Date.now() - Number(localStorage.getItem("xunge.looked.zhang")) < 60e3);
		assert.equal(await page.locator("[data-test=handover]").count(), 0);
		await clean(page);
	});

	test("the PC slept: the page asks at once whether all is as it was", async () => {
		const m = await mock();
		const page = await duty(m, { clock: true });
		const asked = () => m.seen.filter((s) => s === "GET /version").length;
		const before = asked();
		const pings = m.pings.length;

		await page.clock.fastForward(4 * 3600e3); // timers that fell due run once, as after a sleep
		for (let i = 0; i < 100 && (asked() === before || m.pings.length === pings); i++)
			await new Promise((ok) => setTimeout(ok, 50));
		assert.ok(asked() > before);
		assert.ok(m.pings.length > pings);
		await page.waitForSelector("[data-test=link] .good");
		await clean(page);
	});
});

describe("the look", () => {
	test("no block ends in half a row; what is below is counted", async () => {
		const m = await mock();

		for (let i = 0; i < 40; i++)
			m.town.cases.push({ ...m.town.cases[i % 8], id: `more-${i}`, title: i % 3 ? "短" : "很长的标题，一行放不下，要折到第二行去才写得完" });
		const page = await duty(m);
		const cut = () => page.$$eval(".on-desk .block > .scroll", (all) => all.flatMap((box) => {
			const b = box.getBoundingClientRect();

			return [...box.querySelectorAll("tbody tr")].filter((r) => r.getBoundingClientRect().top < b.bottom - 1 && r.getBoundingClientRect().bottom > b.bottom + 1).map((r) => `${box.parentElement?.className} ${r.textContent?.slice(0, 20)}`);
		}));

		for (const [width, height] of [[1440, 900], [1366, 768], [1920, 1080], [2560, 1440], [1280, 720]]) {
			await page.setViewportSize({ width, height });
			await until(page, () => [...document.querySelectorAll(".on-desk .cases[data-more]")].length === 1);
			await page.evaluate(() => new Promise((ok) => requestAnimationFrame(() => requestAnimationFrame(ok))));
			assert.deepEqual(await cut(), [], `${width} x ${height}`);
			const shown = await page.$$eval(".cases tbody tr", (rows) => rows.filter((r) => r.getBoundingClientRect().bottom <= r.closest(".scroll").getBoundingClientRect().bottom + 1).length);

			assert.equal(await page.getAttribute(".cases", "data-more"), `↓ 下面还有 ${48 - shown} 行`);
		}
		await page.goto(`${m.url}?lang=en`); // the longer words, on the smallest desk
		await page.waitForSelector(".closing tbody tr");
		await page.waitForSelector(".overdue[data-more]");
		assert.ok(await page.$eval(".overdue", (e) => (e.querySelector("tbody tr")?.getBoundingClientRect().bottom || 1e9) <= (e.querySelector(".scroll")?.getBoundingClientRect().bottom || 0) + 1), "somebody who is overdue is to be seen");
		for (const lang of ["en", "zh"]) {
			await page.goto(`${m.url}?lang=${lang}`);
			await page.waitForSelector("[data-test=link] .good");
			assert.ok(await page.$eval("header", (e) => e.getBoundingClientRect().height) < 60, `one line of header, ${lang}`);
		}
		await page.setViewportSize({ width: 1920, height: 1080 });
		await page.goto(`${m.url}?view=wall`);
		await page.waitForSelector(".closing tr.sum");
		assert.deepEqual(await page.$$eval(".closing tbody tr", (rows) => rows.filter((r) => r.getBoundingClientRect().height > 0 && r.getBoundingClientRect().bottom <= innerHeight).map((r) => r.className)), ["sum"]);
		await clean(page);
	});

	test("a map without room, or of a town that is one point, does no harm: under the drawer, on paper, with a track", async () => {
		const m = await mock();
		const page = await duty(m, { width: 600 });

		await page.waitForSelector(".map-box canvas");
		await page.mouse.move(100, 100);
		for (const [width, media] of [[560, "screen"], [390, "screen"], [1280, "print"], [600, "print"]]) {
			await page.setViewportSize({ width, height: 900 });
			await page.emulateMedia({ media });
			await page.evaluate(() => (location.hash = "#/patrol/d-0001.p-1"));
			await page.waitForSelector(".drawer.patrol .case-facts", { state: "attached" });
			await page.evaluate(() => new Promise((ok) => requestAnimationFrame(() => requestAnimationFrame(ok))));
			await page.evaluate(() => (location.hash = "#/"));
			await page.waitForSelector(".drawer", { state: "detached" });
			await page.emulateMedia({ media: "screen" });
		}
		m.handlers.push(({ path, json }) => path.endsWith(".geojson") && (json(200, { type: "FeatureCollection", cut: 0, features: path.includes("areas") ? [{ type: "Feature", properties: { code: "990101100001", name: "点" }, geometry: { type: "Polygon", coordinates: [[[104.9, 33.3], [104.9, 33.3], [104.9, 33.3], [104.9, 33.3]]] } }] : [] }), true));
		await page.setViewportSize({ width: 1280, height: 800 });
		await page.reload(); // all of the town is one point
		await page.waitForSelector(".map-box canvas");
		await page.mouse.move(500, 300);
		await until(page, () => document.querySelector(".map-box .leaflet-control-scale-line")?.textContent?.endsWith(" m"));
		await clean(page);
	});

	test("where nothing is due is hatched, where nothing was done is plain; on paper the map is light, whatever the screen is", async () => {
		const m = await mock();
		const codes = ["990101100001001", "990101100001002"];
		const square = (/** @type {number} */ x) => ({ type: "Polygon", coordinates: [[[x, 33.3], [x + 0.01, 33.3], [x + 0.01, 33.31], [x, 33.31], [x, 33.3]]] });

		m.town.cases = [];
		m.town.devices = [];
		m.town.areas.push(...codes.map((code, i) => ({ code, name: `格${i}`, patrols_today: 0, due_today: i, open_cases: 0 })));
		m.handlers.push(({ path, json }) => path.endsWith(".geojson") && (json(200, { type: "FeatureCollection", cut: 0, features: path.includes("areas") ? codes.map((code, i) => ({ type: "Feature", properties: { code, name: "" }, geometry: square(104.9 + i * 0.01) })) : [] }), true));
		const page = await duty(m, { colorScheme: "dark" });
		/** The colours of a part of each half of the map: left nothing is due, right nothing is done. */
		const halves = () => page.evaluate(() => {
			const c = /** @type {HTMLCanvasElement} */ (document.querySelector(".map-box canvas"));
			const k = c.width / c.getBoundingClientRect().width;
			const box = document.querySelector(".map-box").getBoundingClientRect();
			const [x, y] = [(box.left + box.width / 2 - c.getBoundingClientRect().left) * k, (box.top + box.height / 2 - c.getBoundingClientRect().top) * k];

			return [-40, 20].map((dx) => {
				const { data } = c.getContext("2d").getImageData(Math.round(x + dx * k), Math.round(y + 30 * k), 20, 20);

				return [...new Set(Array.from({ length: 400 }, (_, i) => [...data.subarray(i * 4, i * 4 + 4)].join()))];
			});
		});

		await page.waitForSelector(".map-box canvas");
		await page.waitForFunction(() => {
			const c = /** @type {HTMLCanvasElement} */ (document.querySelector(".map-box canvas"));

			return c.getContext("2d").getImageData(0, 0, c.width, c.height).data.some((v) => v);
		});
		const [free, todo] = await halves();

		assert.ok(free.length > 1 && free.includes("0,0,0,0"), `strokes, and the ground between: ${free.slice(0, 5)}`);
		assert.equal(todo.length, 1, "one fill");
		const bright = (/** @type {string} */ rgba) => Number(rgba.split(",")[1]);

		assert.ok(bright(todo[0]) < 80, todo[0]);
		const paper = await page.evaluate(() => { // a browser prints at once after this
			dispatchEvent(new Event("beforeprint"));
			return document.documentElement.dataset.theme;
		});

		assert.equal(paper, "light");
		assert.ok(bright((await halves())[1][0]) > 200, "light on paper");
		await page.evaluate(() => dispatchEvent(new Event("afterprint")));
		assert.equal(await page.getAttribute("html", "data-theme"), null);
		assert.ok(bright((await halves())[1][0]) < 80, "dark again");
		await clean(page);
	});

	test("who comes to a case does not cover it: it is what a click opens", async () => {
		const town = demoTown(Date.now());

		town.cases = town.cases.filter((c) => c.id === "case-01");
		const m = await mock({ town });
		const page = await duty(m);
		const [kase] = town.cases, person = town.devices.find((d) => d.loc && d.online);
		const red = () => page.evaluate(() => { // the middle of what is red on the canvas
			const c = /** @type {HTMLCanvasElement} */ (document.querySelector(".map-box canvas")), box = c.getBoundingClientRect(), { data } = c.getContext("2d").getImageData(0, 0, c.width, c.height);
			let n = 0, x = 0, y = 0;

			for (let i = 0; i < data.length; i += 4)
				if (data[i] === 168 && data[i + 1] === 7 && data[i + 2] === 26)
					n++, x += (i / 4) % c.width, y += Math.floor(i / 4 / c.width);
			return { n, x: box.x + (x / n / c.width) * box.width, y: box.y + (y / n / c.height) * box.height };
		});

		await page.waitForSelector(".map-box canvas");
		await page.waitForTimeout(500);
		const before = await red();

		assert.ok(before.n > 40, `${before.n} red points`);
		m.change({ devices: [{ ...person, seen: Date.now(), loc: kase.loc }] });
		await page.waitForTimeout(700);
		assert.equal((await red()).n, before.n);
		await page.mouse.click(before.x, before.y);
		await page.waitForSelector(".drawer #h-case");
		await clean(page);
	});

	test("a map with a background fetches what draws its tiles, one without does not; the drawer comes when somebody is at the page", async () => {
		const fetched = (m) => m.seen.filter((s) => /leaflet-tiles|\/drawer\.js/.test(s)).map((s) => s.slice(5));
		const m = await mock();

		m.handlers.push(({ path, json }) => path.startsWith("/tiles/") && (json(200, {}), true));
		const page = await duty(m);

		await page.waitForSelector(".map-box canvas");
		m.seen.length = 0;
		m.tiles = "/tiles/{z}/{x}/{y}.png";
		await page.reload();
		await page.waitForSelector(".map-box img.leaflet-tile[src*='/tiles/']", { state: "attached" });
		assert.deepEqual(fetched(m), ["vendor/leaflet-tiles.js"]);
		await page.mouse.move(300, 300);
		await until(page, () => performance.getEntriesByType("resource").some((e) => e.name.endsWith("/drawer.js")));
		await clean(page);
	});

	test("a row that is touched is marked here and on the map; a case that is opened from the map is marked in the list", async () => {
		const m = await mock();
		const page = await duty(m);

		await rowsAre(page, "cases", 8);
		await page.click('.cases tr[data-row="case-02"] .state');
		await page.waitForSelector('.cases tr.here[data-row="case-02"]');
		await page.waitForSelector('.alerts tr.here[data-row="hazard:case-02"]');
		await page.click('.cases tr[data-row="case-02"] .state');
		await page.waitForSelector('.cases tr[data-row="case-02"]:not(.here)');
		await page.evaluate(() => (location.hash = "#/case/case-08"));
		await page.waitForSelector('.cases tr.here[data-row="case-08"]');
		await clean(page);
	});

	test("what is owed by month and year stands beside what was done once it is known; commits do not ask again", async () => {
		const m = await mock();
		let release = () => {};
		const held = new Promise((done) => {
			release = () => done(null);
		});
		let asked = 0;

		m.handlers.push(({ path, json }) => {
			if (path !== "/api/v1/owed")
				return false;
			asked++;
			if (asked === 1)
				held.then(() => json(200, { next: "more", owed: [{ figure: "patrols", level: "grid", month: 1200, year: 5000 }] }));
			else
				json(200, { next: null, owed: [{ figure: "patrols", level: "grid", month: 34, year: 6 }, { figure: "patrols", level: "town", month: 5, year: 7 }, { figure: "river_patrols", level: "town", month: 5, year: 7 }] });
			return true;
		});
		const page = await duty(m);
		const owed = (row) => page.$$eval(`.ledger tr[data-row="${row}"] .of`, (e) => e.map((x) => x.textContent.trim()));

		await rowsAre(page, "alerts", 5);
		const before = await page.$eval(".ledger", (e) => e.getBoundingClientRect().height);

		assert.equal((await owed("patrols grid")).filter((t) => t === "/ 1,200").length, 0);
		release();
		await until(page, () => document.querySelectorAll('.ledger tr[data-row="patrols grid"] .of').length === 3);
		assert.equal(await page.$eval(".ledger", (e) => e.getBoundingClientRect().height), before);
		assert.deepEqual((await owed("patrols grid")).slice(1), ["/ 1,234", "/ 5,006"]);
		assert.deepEqual((await owed("patrols *")).slice(1), ["/ 1,239", "/ 5,013"]);
		assert.deepEqual((await owed("river_patrols town")).slice(1), ["/ 5", "/ 7"]);
		assert.deepEqual(await page.$$eval('.ledger tr[data-row="river_patrols town"] .of a', (e) => e.map((a) => a.getAttribute("href"))), ["today", "month", "year"].map((p) => `#/duties?role=chief&level=town&state=any&period=${p}`));
		m.change({ figures: [m.town.figures[0]] });
		await page.waitForTimeout(300);
		assert.equal(asked, 2, "commits ask nothing");
		await page.click('.ledger tr[data-row="patrols grid"] .of a >> nth=1');
		await page.waitForSelector(".dutyrows [data-test=sum]");
		assert.match(await text(page, "[data-test=words]"), /本月.*网格员/);
		await clean(page);
	});

	test("the wall: the same numbers in large type, nothing to press", async () => {
		const m = await mock();
		const page = await duty(m, { query: "?view=wall", width: 1920, height: 1080 });

		await rowsAre(page, "alerts", 5);
		assert.equal(await page.locator("button:visible, nav:visible, summary:visible").count(), 0);
		assert.ok(await page.$eval(".ledger .key", (e) => parseFloat(getComputedStyle(e).fontSize)) >= 20 * 1.75);
		assert.ok(await page.$eval(".alerts .what a", (e) => parseFloat(getComputedStyle(e).fontSize)) >= 14 * 1.75);
		await fits(page, "wall");
		await clean(page);
	});
});

// The pages in a browser, against the stand-in server (mock.mjs).  Time is the browser's own clock,
// moved by hand where a test needs half a minute to pass.
import { after, before, describe, test } from "node:test";
import assert from "node:assert/strict";
import { demoTown } from "./mock.mjs";
import { openPage, signIn } from "./browser.mjs";
import { axe, cell, cellIs, clean, duty, fits, go, hasColour, kit, mock, rowsAre, text, until } from "./kit.mjs";

before(kit.up);
after(kit.down);

describe("sign-in", () => {
	test("by keyboard alone, after an empty and a wrong try", async () => {
		const m = await mock();
		const page = await openPage(kit.browser, m.url);

		await page.waitForFunction(() => document.activeElement?.id === "user");
		await page.keyboard.press("Enter");
		await page.waitForFunction(() => document.querySelector("#signin-error")?.textContent === "请输入用户名和密码。");
		await page.keyboard.type("zhang");
		await page.keyboard.press("Tab");
		await page.keyboard.type("guess");
		await page.keyboard.press("Enter");
		await page.waitForFunction(() => document.querySelector("#signin-error")?.textContent === "用户名或密码不正确。" && document.activeElement?.id === "password");
		assert.equal(await page.getAttribute("#password", "aria-invalid"), "true");
		await page.keyboard.type("demo");
		await page.keyboard.press("Enter");
		await page.waitForSelector("main.desk");
		assert.equal(await page.locator("#user, #password").count(), 0, "nothing typed stays on the page");
		await clean(page);
	});

	test("too many attempts, a busy server, no server: each says so", async () => {
		const m = await mock();
		const page = await openPage(kit.browser, m.url);
		const error = (/** @type {string} */ want) => page.waitForFunction((w) => document.querySelector("#signin-error")?.textContent === w, want);

		await page.fill("#user", "zhang");
		await page.fill("#password", "demo");
		m.refuse = 429;
		await page.click("button.primary");
		await error("尝试次数过多，请 7 秒后再试。");
		m.refuse = 503;
		await page.click("button.primary");
		await error("服务器繁忙，请稍后再试。");
		await m.down();
		await page.click("button.primary");
		await error("连接不上服务器，请检查网络。");
		await m.up();
		m.refuse = null;
		await page.click("button.primary");
		await page.waitForSelector("main.desk");
		await clean(page, /status of 4|status of 5|ERR_CONNECTION_REFUSED/);
	});

	test("a reload stays signed in; sign-out ends the session and the stream", async () => {
		const m = await mock();
		const page = await duty(m);

		await page.reload();
		await page.waitForSelector('[data-test=link] .good');
		await page.click("[data-test=menu]");
		await page.click("[data-test=signout]");
		await page.waitForSelector("#user");
		assert.match(await page.textContent("main"), /已退出/);
		await assert.doesNotReject(async () => {
			for (let i = 0; (m.count() || m.sessions.size) && i < 100; i++)
				await new Promise((ok) => setTimeout(ok, 50));
			assert.equal(m.count() + m.sessions.size, 0);
		});
		await page.reload();
		await page.waitForSelector("#user");
		await clean(page);
	});
});

describe("the duty page", () => {
	test("first paint: every block filled from the snapshot, nothing from outside, no style or script inline", async () => {
		const m = await mock();
		const page = await duty(m);

		assert.equal(await cell(page, "river_patrols town"), "1");
		assert.equal(await cell(page, "river_patrols *"), "10");
		assert.equal(await cell(page, "patrols grid"), "87");
		assert.equal(await cell(page, "patrols *"), "97");
		assert.equal(await cell(page, "route road"), "19");
		assert.equal(await cell(page, "other case.report"), "5");
		assert.deepEqual(await page.$$eval('tr[data-row="patrols grid"] .n', (e) => e.map((x) => x.textContent.trim())), ["87", "2,310", "21,540"]);
		assert.match(await text(page, "[data-test=online]"), /^在线终端42 \/ 52$/);
		assert.equal(await page.getAttribute("[data-test=online] a", "href"), "#/people", "the devices are there");
		assert.match(await text(page, "header h1"), /巡格 示例镇 演示数据/);
		assert.match(await page.title(), /值班台/);
		await go(page, "people");
		assert.match(await page.title(), /人员与网格/);
		assert.equal(await page.locator(".areas tbody tr").count(), 16);
		assert.equal(await page.locator(".devices tbody tr").count(), 52);
		assert.equal(await page.locator(".feed tbody tr").count(), 50);
		assert.equal(await page.getAttribute("html", "lang"), "zh-CN");
		assert.equal(await page.locator("script:not([src]), style").count(), 0);
		await clean(page);
	});

	test("the whole platform: named after its only town", async () => {
		const m = await mock();

		m.scope = "*";
		const page = await duty(m);

		await page.waitForSelector("[data-row]");
		assert.match(await text(page, "header h1"), /示例镇/);
		await clean(page);
	});

	test("no demo badge where the town is real", async () => {
		const m = await mock({ demo: false });
		const page = await duty(m);

		assert.equal(await page.locator(".demo").count(), 0);
		await clean(page);
	});

	test("a delta: the count rises, its row lights up and no other, the feed gets a row on top", async () => {
		const m = await mock();
		const page = await duty(m);

		await page.waitForSelector("[data-row]");
		m.change({
			figures: [{ id: "patrols", level: "grid", category: "road", today: 20, month: 513, year: 4403, due_today: null }],
			feed: [{ commit: m.commit + 1, kind: "patrol.start", person: "p-0007", scope: "990101100003001", at: Date.now(), text: "马某某 开始巡查 柳林01" }],
		});
		await cellIs(page, "route road", "20");
		assert.equal(await cell(page, "patrols *"), "98");
		assert.deepEqual(await page.$$eval(".ledger .f0, .ledger .f1", (e) => e.map((x) => x.getAttribute("data-row"))), ["patrols grid", "patrols *", "route road"]);
		assert.equal(await page.$eval("tr.f1", (e) => getComputedStyle(e).animationDuration), "0.15s");
		await go(page, "people");
		m.change({ feed: [{ commit: m.commit + 1, kind: "patrol.end", person: "p-0007", scope: "990101100003001", at: Date.now(), text: "马某某 结束巡查 柳林01" }] });
		await page.waitForSelector('.feed tbody tr:first-child:has-text("结束巡查 柳林01")');
		assert.match(await page.getAttribute(".feed tbody tr:first-child", "class"), /f1/);
		assert.equal(await page.locator(".feed tbody tr").count(), 50);
		await clean(page);
	});

	test("reduced motion: no highlight", async () => {
		const m = await mock();
		const page = await duty(m, { reducedMotion: "reduce" });

		await go(page, "people");
		await page.waitForSelector("[data-row]");
		m.change({ areas: [{ ...m.town.areas[1], patrols_today: 33 }] });
		await cellIs(page, "990101100001", "33");
		assert.equal(await page.$eval('tr[data-row="990101100001"]', (e) => getComputedStyle(e).animationName), "none");
		await clean(page);
	});

	test("rows that are gone leave; a device goes off", async () => {
		const m = await mock();
		const page = await duty(m);

		await go(page, "people");
		await page.waitForSelector('tr[data-row="d-0052"]');
		m.change({ devices: [{ device: "d-0052", gone: true }, { ...m.town.devices[0], online: false }], areas: [{ code: "990101100016", gone: true }] });
		await page.waitForSelector('tr[data-row="d-0052"]', { state: "detached" });
		await page.waitForSelector('tr[data-row="990101100016"]', { state: "detached" });
		assert.match(await text(page, "[data-test=online]"), /4[01] \/ 51$/);
		assert.match(await text(page, 'tr[data-row="d-0001"]'), /离线/);
		await clean(page);
	});

	test("a gap in the stream: a whole snapshot, no number lost", async () => {
		const m = await mock();
		const page = await duty(m);

		await page.waitForSelector("[data-row]");
		m.change({ figures: [{ id: "river_patrols", level: "town", category: "", today: 5, month: 15, year: 131, due_today: null }] }, { tell: false });
		m.change({ figures: [{ id: "river_patrols", level: "community", category: "", today: 11, month: 90, year: 452, due_today: null }] });
		await cellIs(page, "river_patrols community", "11");
		assert.equal(await cell(page, "river_patrols town"), "5");
		assert.deepEqual(m.hellos.map((h) => h.since ?? null), [10049, null]);
		await clean(page);
	});

	test("filters: grids, fewest first, devices that are behind; a long list opens on demand", async () => {
		const town = demoTown();

		for (let i = 100; i < 420; i++)
			town.devices.push({ device: `e-0${i}`, person: "", online: true, seen: Date.now(), queue: 0, missing: 0, battery: 50, loc: null });
		const m = await mock({ town });
		const page = await duty(m);

		await go(page, "people");
		await page.click('.areas button:has-text("网格")');
		await rowsAre(page, "areas", 64);
		await page.click('.areas th button:has-text("今日巡查")');
		await page.waitForSelector('.areas th[aria-sort=ascending]:has-text("今日巡查")');
		const seen = await page.$$eval(".areas tbody .key", (e) => e.map((x) => Number(x.textContent)));
		assert.deepEqual(seen, [...seen].sort((a, b) => a - b));
		await rowsAre(page, "devices", 200);
		await page.click(".devices .more button");
		await rowsAre(page, "devices", 372);
		await page.click('.devices button:has-text("有待发或缺号")');
		await rowsAre(page, "devices", town.devices.filter((d) => d.queue || d.missing).length);
		await page.click('.devices button:has-text("离线")');
		await rowsAre(page, "devices", town.devices.filter((d) => !d.online).length);
		await clean(page);
	});

	test("tracks and device status do not bury what people did; on demand they are there", async () => {
		const m = await mock();
		const page = await duty(m);

		await go(page, "people");
		await rowsAre(page, "feed", 50);
		for (let i = 0; i < 60; i++)
			m.change({ feed: [{ commit: m.commit + 1, kind: i % 2 ? "status" : "patrol.track", person: "p-0001", scope: "990101100001001", at: Date.now() + 60e3, text: "" }] });
		m.change({ feed: [{ commit: m.commit + 1, kind: "sos", person: "p-0001", scope: "990101100001001", at: Date.now(), text: "赵某某 紧急求助 东街01：落水" }] });
		await page.waitForSelector(".feed tr.sos");
		await rowsAre(page, "feed", 50);
		assert.match(await text(page, "#h-feed"), /最近 50 条，不含轨迹和设备状态/);
		await page.click(".feed .small");
		await page.waitForSelector(`tr[data-row="${m.commit - 1}"]`);
		await rowsAre(page, "feed", 50);
		assert.match(await text(page, `tr[data-row="${m.commit - 1}"] .what`), /手机时钟偏快$/);
		await clean(page);
	});

	test("an empty platform says why it is empty", async () => {
		const m = await mock({ town: { figures: [], areas: [], alerts: [], cases: [], overdue: [], devices: [], feed: [] } });

		m.scope = "*";
		const page = await duty(m);

		m.shapes = false;
		await page.waitForFunction(() => document.querySelectorAll(".alerts .empty, .cases .empty, .overdue .empty").length === 3);
		assert.equal(await cell(page, "patrols *"), "0");
		await go(page, "people");
		await page.waitForFunction(() => document.querySelectorAll(".empty").length === 3);
		assert.match(await text(page, ".areas .empty"), /还没有区域/);
		assert.match(await text(page, "header h1"), /全部区域/);
		for (const [h, sel, words] of [["#/duties", "[data-test=why]", "还没有履职规则"], ["#/staff", "[data-test=why]", "还没有任职的人员"], ["#/grid/990101100009009", "h2", "990101100009009 没有这个地点"], ["#/", ".overdue .empty", "还没有履职规则"]]) {
			await page.evaluate((x) => {
				location.hash = x;
			}, h);
			await page.waitForSelector(`${sel}:has-text("${words}")`);
		}
		await clean(page);
	});
});

describe("link and data", () => {
	test("server gone: banner after 2 s, grey at 45 s, back with what was missed and no snapshot", async () => {
		const m = await mock();
		const page = await duty(m, { clock: true });

		await page.waitForSelector("[data-row]");
		await page.clock.pauseAt(Date.now() + 3000); // from here its time passes by hand only
		await m.down();
		for (let i = 0; i < 75 && !(await page.locator("[data-test=link] .bad").count()); i++)
			await page.clock.runFor(20);
		assert.equal(await page.locator("[data-test=link] .bad").count(), 1);
		assert.equal(await page.locator("[data-test=banner]").count(), 0, "not for a blip");
		await page.clock.runFor(3000);
		await page.waitForSelector("[data-test=banner]");
		assert.match(await text(page, "[data-test=banner]"), /^连接中断 \d+ 秒，正在重连… 页面数字停在 \d\d:\d\d:\d\d。 立即重连$/);
		await until(page, () => document.querySelector("p.vh[role=status]")?.textContent?.trim() === "与服务器的连接已中断");
		assert.equal(await page.locator("main.stale").count(), 0);
		await page.clock.runFor(46000);
		await page.waitForSelector("main.stale");
		assert.match(await text(page, "[data-test=asof]"), /数据可能已过时/);
		assert.ok(!await hasColour(page, "main"), "alerts, cases, map and chart are grey as the figures are");
		assert.ok(await hasColour(page, "[data-test=banner]"));
		assert.ok(await hasColour(page, ".head"));
		m.change({ figures: [{ id: "river_patrols", level: "town", category: "", today: 7, month: 17, year: 133, due_today: null }] });
		m.change({ figures: [{ id: "river_patrols", level: "town", category: "", today: 8, month: 18, year: 134, due_today: null }], devices: [{ device: "d-0052", gone: true }] });
		await m.up();
		await page.clock.resume();
		await page.click("[data-test=banner] button");
		await cellIs(page, "river_patrols town", "8");
		await page.waitForSelector("main.stale", { state: "detached" });
		assert.ok(await hasColour(page, "main"));
		assert.equal(await page.locator('tr[data-row="d-0052"]').count(), 0);
		assert.equal(await text(page, "[data-test=back]"), "连接已恢复，数据已补齐。");
		assert.deepEqual(m.hellos.map((h) => h.since ?? null), [10049, 10049], "resumed where it stood");
		assert.equal(m.hellos[1].db, m.db);
		await page.clock.runFor(5000);
		await page.waitForSelector("[data-test=back]", { state: "detached" });
		await clean(page, /ERR_CONNECTION_REFUSED|WebSocket|status of 401/);
	});

	test("another database: everything anew", async () => {
		const m = await mock();
		const page = await duty(m, { clock: true });

		await page.waitForSelector("[data-row]");
		await m.down();
		m.db = "restored";
		m.commit = 3;
		m.log.clear();
		m.town = { ...demoTown(), figures: [{ id: "river_patrols", level: "town", category: "", today: 2, month: 2, year: 2, due_today: null }], feed: [] };
		await m.up();
		await page.clock.runFor(2000);
		await cellIs(page, "river_patrols town", "2");
		assert.equal(await cell(page, "patrols *"), "0");
		await go(page, "people");
		assert.equal(await page.locator(".feed .empty").count(), 1);
		await clean(page, /ERR_CONNECTION_REFUSED|WebSocket|status of 401/);
	});

	test("a silent server: asked, said, given up; the numbers grow old in plain sight; back without a gap", async () => {
		const m = await mock();
		const page = await duty(m, { clock: true });

		await page.waitForSelector("[data-row]");
		await page.clock.pauseAt(Date.now() + 3000); // from here its time passes by hand only
		await page.waitForSelector("[data-test=link] .good");
		m.mute = true;
		await page.clock.runFor(2500); // a word may have been on its way
		await page.waitForSelector("[data-test=banner]");
		assert.match(await text(page, "[data-test=banner]"), /^服务器已 [23] 秒没有回应，正在等待… 页面数字停在 \d\d:\d\d:\d\d。 立即重连$/);
		assert.equal(await page.locator("[data-test=link] .bad").count(), 1);
		assert.ok(m.pings.length);
		m.change({ figures: [{ id: "river_patrols", level: "town", category: "", today: 7, month: 17, year: 133, due_today: null }] }, { tell: false });
		await page.clock.runFor(44e3);
		await page.waitForSelector("main.stale");
		assert.match(await text(page, "[data-test=banner]"), /^连接中断 4\d 秒，正在重连… .*数据可能已过时/);
		m.mute = false;
		await page.clock.resume();
		await page.click("[data-test=banner] button");
		await page.waitForSelector("main.stale", { state: "detached" });
		await cellIs(page, "river_patrols town", "7");
		assert.equal(await text(page, "[data-test=back]"), "连接已恢复，数据已补齐。");
		assert.equal(m.hellos.at(-1).since, 10049, "resumed where it stood");
		await clean(page, /WebSocket|status of 401/);
	});

	test("the server lives, what it has its records from does not: said at once, apart from the link, until it is over", async () => {
		const m = await mock();
		const page = await duty(m, { clock: true });

		for (const [source, words] of [[{ ingest: "silent", broker: "unknown" }, /^服务器正常，但入库服务自 09:41:12 起没有回应/], [{ broker: "silent" }, /^服务器正常，但消息服务自 09:41:12 起/], [{ database: "away" }, /^服务器正常，但自 09:41:12 起读不到数据库/]]) {
			m.sources({ ...source, since: Date.parse("2026-11-24T09:41:12+08:00") });
			await page.waitForSelector("[data-test=trouble]");
			assert.match(await text(page, "[data-test=trouble]"), words);
			assert.match(await text(page, "[data-test=trouble]"), /数据可能已过时$/);
			assert.match(await text(page, "[data-test=asof]"), /09:41:12/, "the numbers are no newer");
			assert.equal(await page.locator("main.stale").count(), 1);
			assert.equal(await page.locator("[data-test=link] .good").count(), 1);
			m.sources({});
			await page.waitForSelector("[data-test=trouble]", { state: "detached" });
			assert.equal(await text(page, "[data-test=back]"), "已恢复：新记录照常入库。");
			assert.equal(await page.locator("main.stale").count(), 0);
		}
		m.source = { database: "ok", ingest: "silent", broker: "unknown", since: Date.now() }; // known from the first frame on
		await page.reload();
		await page.waitForSelector("[data-test=trouble]");
		assert.equal(await page.locator("main.stale").count(), 0, "not yet");
		await clean(page);
	});

	test("4403: a page that says so, and no further attempt until asked", async () => {
		const m = await mock();
		const page = await duty(m, { clock: true });

		m.closeAll(4403);
		await page.waitForSelector("#h-denied");
		assert.match(await text(page, "main"), /账号 zhang 的权限已变更/);
		await page.clock.runFor(60e3);
		assert.equal(m.hellos.length, 1);
		await page.click("button.primary");
		await page.waitForSelector("main.desk");
		await clean(page);
	});

	test("a page that is looked at keeps its session in use, and notices when it has ended", async () => {
		const m = await mock({ tickMs: 100 });
		const page = await duty(m, { clock: true });
		const before = m.seen.length;

		await page.clock.fastForward(301e3);
		for (let i = 0; !m.seen.slice(before).includes("GET /api/v1/me") && i < 100; i++)
			await new Promise((ok) => setTimeout(ok, 50));
		assert.ok(m.seen.slice(before).includes("GET /api/v1/me"));
		await page.waitForSelector("[data-test=link] .good");
		m.sessions.clear();
		await page.clock.fastForward(301e3);
		await page.waitForSelector("#user");
		await clean(page);
	});

	test("the session ends: sign-in, with the reason", async () => {
		const m = await mock();
		const page = await duty(m, { clock: true });

		m.sessions.clear();
		m.closeAll(4403);
		await page.waitForSelector("#user");
		assert.match(await text(page, "main"), /登录已过期，请重新登录。/);
		await signIn(page, m.user, m.password);
		await page.waitForSelector('[data-test=link] .good');
		await clean(page);
	});
});

describe("languages, colours, sizes", () => {
	test("the switch changes every word and is remembered; ?lang=en too", async () => {
		const m = await mock();
		const page = await duty(m);
		const words = () => page.evaluate(() => {
			// what the page itself says: without names of places and people, and the other language's own name
			const skip = "noscript, .place, .who, .what, .own, tbody th[title], [lang]:not(html)";

			return [...document.querySelectorAll("body *")].filter((e) => !e.closest(skip)).flatMap((e) => [...e.childNodes].filter((n) => n.nodeType === 3).map((n) => n.data.trim())
				.concat(e.getAttribute("aria-label") || "", e.getAttribute("title") || "")).filter((s) => s).concat(document.title);
		});

		await page.waitForSelector("[data-row]");
		assert.ok((await words()).some((w) => w.includes("履职台账")));
		await page.click("[data-test=menu]");
		await page.click('button[lang="en"]');
		await page.waitForFunction(() => document.documentElement.lang === "en");
		assert.deepEqual((await words()).filter((w) => /[\u3000-\u9fff]/.test(w)), []);
		await go(page, "people");
		assert.deepEqual((await words()).filter((w) => /[\u3000-\u9fff]/.test(w)), []);
		assert.match(await text(page, ".feed tbody tr:first-child .what"), /^Report · p-\d+ · 北山04|^Report · /);
		await page.reload();
		await page.waitForSelector("main.desk");
		assert.equal(await page.getAttribute("html", "lang"), "en");
		await clean(page);

		const other = await duty(m, { query: "?lang=en" });

		assert.equal(await other.getAttribute("html", "lang"), "en");
		assert.match(await text(other, "#h-ledger"), /^Duty ledger/);
		await clean(other);
	});

	test("times are Beijing's on a PC in another zone", async () => {
		const m = await mock();

		m.town.feed = [{ commit: 10049, kind: "inspect", person: "p", scope: "990101100001", at: Date.UTC(2024, 0, 31, 16, 0, 0), text: "x" }];
		const page = await duty(m);

		await go(page, "people");
		await page.waitForSelector(".feed [data-row]");
		assert.equal(await text(page, ".feed .when"), "2024-02-01 00:00");
		await clean(page);
	});

	for (const scheme of ["light", "dark"])
		for (const lang of ["zh", "en"])
			test(`axe: no violation, ${scheme}, ${lang}`, async () => {
				const m = await mock();
				const page = await openPage(kit.browser, m.url + `?lang=${lang}`, { colorScheme: scheme, clock: true });

				await page.waitForSelector("#user");
				await page.click("button.primary");
				await page.waitForFunction(() => document.querySelector("#signin-error")?.textContent);
				await axe(page, "sign-in with an error");
				await signIn(page, m.user, m.password);
				await page.waitForSelector("[data-row]");
				if (lang === "en") {
					const words = 'tr[data-row="duty_overdue:p-0066"] .line';

					await until(page, (sel) => document.querySelector(sel)?.textContent?.trim() === "李某某: patrol of 清石河上段 overdue, was due by 22 Nov; 1 of 2 patrols done", words);
					await page.dispatchEvent("header button[lang=zh-CN]", "click"); // in the menu, which is closed
					await until(page, (sel) => document.querySelector(sel)?.textContent?.trim() === "李某某 逾期未巡 清石河上段：应于11月22日前完成，本期应巡2次，已巡1次", words);
					await page.dispatchEvent("header button[lang=en]", "click");
					await page.waitForSelector(`${words}:has-text("overdue")`);
				}
				await axe(page, "duty page");
				await go(page, "people");
				await axe(page, "people");
				await go(page, "");
				await m.down();
				await page.waitForSelector("[data-test=link] .bad");
				await page.clock.runFor(50e3);
				await page.waitForSelector("main.stale");
				await axe(page, "stale, with the banner");
				await clean(page, /ERR_CONNECTION_REFUSED|WebSocket|status of 401/);
			});

	for (const lang of ["zh", "en"])
		test(`no horizontal scroll from 390 to 2560 px, ${lang}`, async () => {
			const m = await mock();
			const page = await openPage(kit.browser, `${m.url}?lang=${lang}`);

			await page.waitForSelector("#user");
			await fits(page, "sign-in");
			await signIn(page, m.user, m.password);
			await page.waitForSelector("[data-row]");
			await fits(page, "duty page");
			for (const width of [1366, 1440, 1800]) {
				await page.setViewportSize({ width, height: 900 });
				assert.ok(await page.evaluate(() => (document.querySelector(".head")?.clientHeight || 99) < 60), `the header is one line, ${width}`);
			}
			await go(page, "people");
			await fits(page, "people");
			await clean(page);
		});

	test("dark and light by the switch, remembered", async () => {
		const m = await mock();
		const page = await duty(m);
		const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);

		assert.equal(await ground(), "rgb(243, 244, 240)");
		await page.click("[data-test=menu]");
		await page.click('button:has-text("深色")');
		await page.waitForFunction(() => document.documentElement.dataset.theme === "dark");
		assert.equal(await ground(), "rgb(15, 21, 23)");
		await page.emulateMedia({ media: "print" });
		assert.equal(await ground(), "rgb(243, 244, 240)", "paper is light");
		assert.ok(await page.isVisible("[data-test=asof]"));
		assert.equal(await page.locator("main button.small:visible").count(), 0, "nothing can be pressed there");
		await page.emulateMedia({ media: "screen" });
		await page.reload();
		await page.waitForSelector("main.desk");
		assert.equal(await ground(), "rgb(15, 21, 23)");
		await clean(page);
	});

	test("keyboard: skip link, every control in reach, focus to be seen", async () => {
		const m = await mock();
		const page = await duty(m);

		await page.waitForSelector("[data-row]");
		await page.evaluate(() => /** @type {HTMLElement} */ (document.activeElement)?.blur());
		await page.keyboard.press("Tab");
		assert.equal(await page.evaluate(() => document.activeElement?.className), "skip");
		await page.keyboard.press("Enter");
		assert.equal(await page.evaluate(() => document.activeElement?.id), "main");
		const reached = new Set();

		for (let i = 0; i < 300; i++) { // each number of the ledger is a link
			await page.keyboard.press("Tab");
			const at = await page.evaluate(() => {
				const e = /** @type {HTMLElement} */ (document.activeElement);

				return e === document.body ? null : { what: e.closest("section")?.className + " " + (e.className || e.textContent), ring: getComputedStyle(e).outlineStyle };
			});

			if (!at)
				break;
			assert.equal(at.ring, "solid", at.what);
			reached.add(at.what.replace(/\s+/g, " "));
		}
		for (const want of ["block ledger scroll", "block map small", "block chart 查看数字", "block closing scroll", "block alerts small own", "block cases 待立案 1", "block cases 河岸倾倒建筑垃圾", "block overdue scroll"])
			assert.ok(reached.has(want), `${want} in ${[...reached].join(", ")}`);
		await clean(page);
	});
});

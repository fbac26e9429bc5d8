// The lists of cases, patrols and records: filters in the address and in words, pages, order, what is hidden, why there is nothing.
import { after, before, describe, test } from "node:test";
import assert from "node:assert/strict";
import { openPage, signIn } from "./browser.mjs";
import { axe, clean, duty, fits, kit, mock, text, until } from "./kit.mjs";

before(kit.up);
after(kit.down);

const hash = (page) => page.evaluate(() => location.hash);
const ids = (page, block) => page.$$eval(`.${block} tbody tr`, (e) => e.map((x) => x.getAttribute("data-row")));
const rowsAre = (page, block, n) => until(page, ([b, want]) => document.querySelectorAll(`.${b} tbody tr`).length === want, [block, n]);
const heading = (page, block, want) => until(page, ([b, w]) => document.querySelector(`.${b} h2`)?.textContent?.replace(/\s+/g, " ").trim() === w, [block, want]);
const pick = (page, name, value) => page.selectOption(`[data-filter="${name}"]`, value);

describe("cases", () => {
	test("a filter stands in the address and in words, survives a reload, is asked of the server and of the export, and goes", async () => {
		const m = await mock();
		const page = await duty(m);

		await page.click('nav a[href="#/cases"]');
		await heading(page, "caserows", "案件 8 件 未结");
		assert.equal(m.asked.q.state, "open");
		await pick(page, "class", "finding");
		await heading(page, "caserows", "案件 3 件 未结 · 巡查问题");
		await page.click('[data-filter="overdue"]');
		await heading(page, "caserows", "案件 1 件 超期 · 巡查问题");
		assert.equal(await hash(page), "#/cases?class=finding&overdue=1");
		assert.equal(await page.evaluate(() => document.activeElement?.getAttribute("data-filter")), "overdue", "the focus stays");
		const csv = new URL(await page.getAttribute("[data-test=csv]", "href"), m.url);

		assert.equal(csv.pathname, "/api/v1/exports/cases.csv");
		assert.deepEqual(["class", "overdue", "from"].map((k) => csv.searchParams.get(k)), ["finding", "true", "1970-01-01"]);
		await page.reload();
		await heading(page, "caserows", "案件 1 件 超期 · 巡查问题");
		assert.equal(await page.inputValue('[data-filter="class"]'), "finding");
		await page.click("[data-test=clear]");
		await heading(page, "caserows", "案件 8 件 未结");
		await page.keyboard.press("/");
		await page.keyboard.type("水压");
		await heading(page, "caserows", "案件 1 件 未结 · 含“水压”");
		assert.equal(await page.evaluate(() => document.activeElement?.getAttribute("data-filter")), "q");
		await clean(page);
	});

	test("the order is the address's; a case opens beside the list and its row is marked", async () => {
		const m = await mock();
		const page = await duty(m, { query: "#/cases?sort=severity" });

		await rowsAre(page, "caserows", 8);
		assert.deepEqual((await ids(page, "caserows")).slice(0, 2).sort(), ["case-01", "case-02"]);
		await page.click('[data-sort="due"]');
		await page.waitForSelector('th[aria-sort=ascending] [data-sort="due"]');
		assert.deepEqual((await ids(page, "caserows")).slice(0, 2), ["case-03", "case-02"]);
		await page.click('[data-sort="due"]');
		assert.equal(await hash(page), "#/cases?sort=-due");
		assert.equal((await ids(page, "caserows"))[0], "case-07");
		assert.ok(["case-01", "case-04"].includes((await ids(page, "caserows")).at(-1)), "without a deadline: last");
		await page.click('.caserows tr[data-row="case-03"] a');
		await page.waitForSelector(".drawer .timeline li img");
		await page.waitForSelector('.caserows tr.here[data-row="case-03"]');
		await page.reload();
		await page.waitForSelector('main.on-cases .caserows tr.here[data-row="case-03"]');
		await page.waitForSelector(".drawer .timeline");
		await page.keyboard.press("Escape");
		await page.waitForSelector(".drawer", { state: "detached" });
		assert.equal(await hash(page), "#/cases?sort=-due");
		await clean(page);
	});

	test("live: rows follow, a new one that fits comes on top, one that does not is counted and not shown", async () => {
		const m = await mock();
		const page = await duty(m, { query: "#/cases?class=hazard" });
		const row = (id, cls, title) => ({ ...m.town.cases[0], id, class: cls, title, at: Date.now(), etag: String(m.commit + 1) });

		await rowsAre(page, "caserows", 2);
		m.change({ cases: [row("case-90", "hazard", "新的隐患")] });
		await page.waitForSelector('.caserows tbody tr:first-child[data-row="case-90"]');
		m.change({ cases: [row("case-91", "appeal", "新的诉求")] });
		await page.waitForSelector('[data-test=hidden]:has-text("新到 1 件案件不符合当前筛选，未显示。")');
		await page.click("[data-test=hidden] button");
		await rowsAre(page, "caserows", 10);
		assert.equal(await page.locator("[data-test=hidden]").count(), 0);
		m.change({ cases: [{ ...m.town.cases.find((c) => c.id === "case-91"), state: "accepted" }] });
		await page.waitForSelector('.caserows tr[data-row="case-91"]:has-text("待派遣")');
		await clean(page);
	});

	test("why there is nothing: the filter, the period, the right, a wrong address, no answer", async () => {
		const m = await mock();
		const page = await duty(m, { query: "#/cases?q=nothing" });
		const why = async (h, words) => {
			await page.evaluate((x) => {
				location.hash = x;
			}, h);
			await page.waitForSelector(`[data-test=why]:has-text("${words}")`);
		};

		await why("#/cases?q=nothing", "没有符合筛选条件的记录");
		await page.evaluate(() => {
			location.hash = "#/cases?from=2026-13-45&to=x"; // the server refuses it
		});
		await heading(page, "caserows", "案件 0 件 2026-13-45 至 x上报");
		await page.evaluate(() => {
			location.hash = "#/grid/%E0%A4%A";
		});
		await page.waitForSelector("main.on-desk .map");
		await why("#/cases?from=2020-01-01&to=2020-02-01", "2020-01-01 至 2020-01-31没有记录");
		for (const [status, words] of [[403, "不在您的管辖范围"], [400, "筛选条件有误： （原文：the stand-in was told to refuse）"], [503, "读取失败"]]) {
			m.listStatus = status;
			await why(`#/cases?class=hazard&q=x${status}`, words);
		}
		m.listStatus = null;
		await page.click('.caserows button:has-text("再试一次")');
		await page.waitForSelector('[data-test=why]:has-text("没有符合筛选条件")');
		await clean(page, /status of (40[013]|503)/);
	});

	test("a photo that is not here yet says so; when it has come, it is shown", async () => {
		const m = await mock();

		m.photos = false;
		const page = await duty(m, { query: "#/case/case-03", clock: true });

		await page.waitForSelector('.photos:has-text("照片尚未传到")');
		m.photos = true;
		await page.clock.runFor(21e3);
		await page.waitForFunction(() => /** @type {HTMLImageElement|null} */ (document.querySelector(".photos img"))?.naturalWidth === 1);
		await clean(page, /status of 40[14]/);
	});
});

test("one case, one patrol on paper: the drawer alone, without its buttons", async () => {
	const m = await mock();
	const page = await duty(m);

	assert.equal(await page.locator(".paper").filter({ visible: true }).count(), 0);
	await page.evaluate(() => {
		globalThis.print = () => {};
	});
	await page.emulateMedia({ media: "print" }); // the desk itself, whose map has no height then
	for (const [h, what] of [["#/case/case-03", "case"], ["#/patrol/d-0001.p1", "patrol"]]) {
		await page.emulateMedia({ media: "screen" });
		await page.evaluate((x) => {
			location.hash = x;
		}, h);
		await page.click(`[data-test=print-${what}]`);
		await page.emulateMedia({ media: "print" });
		await page.waitForSelector(".drawer .case-facts");
		assert.equal(await page.locator("header, main, .drawer button").filter({ visible: true }).count(), 0, what);
		assert.ok(((await page.locator(".drawer").boundingBox())?.width || 0) > 1000, "as wide as the paper");
		assert.match(await text(page, ".paper"), /^巡格 · 示例镇 · 数据截至 \d{4}-.* \+08:00，提交号 \d+ · 演示数据/, "whose it is, and of when");
		assert.ok(await page.locator(".paper").isVisible());
		await page.evaluate(() => dispatchEvent(new Event("afterprint")));
		assert.equal(await page.getAttribute("html", "data-print"), null);
	}
	await clean(page);
});

describe("patrols and records", () => {
	test("patrols of today, further pages on demand, the verdict and its reason; the selected one on the map, with the rule", async () => {
		const m = await mock();
		const page = await duty(m, { query: "#/patrols?period=all" });

		await heading(page, "patrolrows", "巡查 130 次 全部时间");
		await rowsAre(page, "patrolrows", 100);
		await page.click('.more button:has-text("继续载入")');
		await rowsAre(page, "patrolrows", 130);
		await pick(page, "reason", "NO_END");
		await until(page, () => [...document.querySelectorAll(".patrolrows tbody .verdict")].every((e) => e.textContent?.includes("未结束")));
		assert.equal(m.asked.q.reason, "NO_END");
		await pick(page, "valid", "way");
		await page.waitForSelector('.patrolrows [data-test=words]:has-text("进行中")');
		assert.deepEqual([m.asked.q.under_way, m.asked.q.valid, m.asked.q.reason], ["true", undefined, undefined]);
		await pick(page, "valid", "0");
		await until(page, () => location.hash.includes("valid=0") && document.querySelectorAll(".patrolrows tbody tr").length > 0);
		assert.deepEqual([m.asked.q.under_way, m.asked.q.valid], ["false", "false"], "what is under way is not among the invalid");
		await pick(page, "valid", "1");
		await until(page, () => !location.hash.includes("reason"));
		await page.click(".patrolrows tbody tr:first-child a");
		await page.waitForSelector('.drawer.patrol:has-text("为什么无效")');
		assert.match(await text(page, ".drawer.patrol"), /规则 ?dinghu 至少 5 分钟、至少 300 米/);
		const map = await page.locator("[data-map]").boundingBox();
		const drawer = await page.locator(".drawer.patrol").boundingBox();

		assert.ok(map && drawer && drawer.y >= map.y + map.height, "the map is above, not behind");
		const row = await page.getAttribute(".patrolrows tbody tr:first-child", "data-row");

		await page.keyboard.press("Escape");
		await until(page, (id) => document.activeElement?.closest("tr")?.getAttribute("data-row") === id, row);
		await clean(page);
	});

	test("records of a kind: as the ledger counts them, in words; voided ones only where all are asked for", async () => {
		const m = await mock();
		const page = await duty(m, { query: "#/events?kind=inspect&period=all" });

		await heading(page, "eventrows", "记录 10 条 全部时间 · 专项检查");
		assert.match(await text(page, ".eventrows tbody tr:first-child"), /专项检查.*燃气.*正常 · 人数 2 · 对象 餐馆 · 定位不准：山谷遮挡|专项检查.*正常 · 人数 2 · 对象 餐馆 · 定位不准：山谷遮挡/);
		assert.equal(await page.locator(".eventrows .gone, [data-test=csv]").count(), 0);
		await page.evaluate(() => {
			location.hash = "#/events?period=all";
		});
		await page.waitForSelector(".eventrows .gone .chip");
		await page.waitForSelector("[data-test=csv]");
		await clean(page);
	});
});

describe("people and places", () => {
	test("people: phone, duties, last patrol; a place has its own page; reaches instead of areas", async () => {
		const m = await mock();
		const page = await duty(m, { query: "#/people" });

		await page.click("[data-test=staff]");
		await heading(page, "staffrows", "40 人");
		assert.match(await text(page, ".staffrows tbody tr:nth-child(9)"), /马某某 网格员 · p-0009 网格8 在线 d-0009 .*待发 9.* 2 \/ 2/);
		await page.keyboard.press("/");
		await page.keyboard.type("李某");
		await heading(page, "staffrows", "5 人 含“李某”");
		await page.click(".staffrows tbody tr:first-child td a");
		await page.waitForSelector("main.on-grid");
		assert.match(await text(page, ".wide-heading h2"), /^西关社区 \/ 西关02 /);
		await page.waitForSelector('.gpatrols [class~="empty"]:has-text("本月没有记录")');
		await page.evaluate(() => {
			location.hash = "#/grid/990101100003001?period=all";
		});
		await page.waitForSelector(".gpatrols tbody tr");
		assert.equal(await page.getAttribute(".gpatrols .more a", "href"), "#/patrols?period=all&scope=990101100003001");
		await page.evaluate(() => {
			location.hash = "#/people";
		});
		await page.click("[data-test=reaches]");
		await page.waitForSelector('.areas tbody tr[data-row="XD-01"]:has-text("8 / 7")');
		assert.equal(await hash(page), "#/people?by=reach");
		await clean(page);
	});
});

describe("numbers", () => {
	test("a duty's rule in words; a day of the chart leads to its patrols", async () => {
		const m = await mock();

		m.rules = [{ rule: "dinghu", role: "chief", level: "town", period: "month", count: 1, count_unit: "times" }, { rule: "dinghu", role: "chief", level: "community", period: "month", count: 2, count_unit: "times" }];
		const page = await duty(m, { query: "#/duties" });

		await until(page, () => /每月 1 次/.test(document.querySelector(".dutyrows tbody tr td.far")?.textContent || ""));
		await page.waitForSelector('[data-filter="rule"] option:has-text("每月 1 次 / 每月 2 次 (dinghu)")', { state: "attached" });
		await page.click('nav a[href="#/"]');
		await page.waitForSelector('.overdue tr[data-row="p-0066 dinghu"]:has-text("每月 1 次")');
		const over = page.locator(".chart .u-over");

		await over.hover();
		assert.match(await over.getAttribute("title") || "", /^\d{4}-\d\d-\d\d: 网格员 \d+、社区河长 \d+、镇级河长 \d+$/);
		const day = (await over.getAttribute("title") || "").slice(0, 10);

		await over.click();
		await page.waitForSelector("main.on-patrols");
		assert.match(await hash(page), new RegExp(`^#/patrols\\?from=${day}&to=`));
		await clean(page);
	});

	test("every number of the desk leads to its records", async () => {
		const m = await mock();
		const page = await duty(m);
		const to = (sel) => page.getAttribute(sel, "href");

		await page.waitForSelector("[data-row] a.number");
		assert.equal(await to('tr[data-row="river_patrols town"] td:nth-of-type(2) a'), "#/patrols?river=1&level=town&period=month");
		assert.equal(await to('tr[data-row="patrols *"] td:nth-of-type(1) a'), "#/patrols?period=today");
		assert.equal(await to('tr[data-row="route road"] td:nth-of-type(3) a'), "#/patrols?route=road&period=year");
		assert.equal(await to('tr[data-row="other inspect"] td:nth-of-type(1) a'), "#/events?kind=inspect&period=today");
		await page.waitForSelector('tr[data-row="closing hazard"] a');
		assert.equal(await to('tr[data-row="closing hazard"] td:nth-of-type(4) a'), "#/cases?figure=cases_due_closed&category=hazard&period=month");
		await page.click('tr[data-row="other inspect"] td:nth-of-type(1) a');
		await page.waitForSelector("main.on-events");
		await clean(page);
	});
});

for (const [colorScheme, lang] of [["light", "zh"], ["dark", "en"]])
	test(`lists: axe, ${colorScheme}, and every size, ${lang}`, async () => {
		const m = await mock();
		const page = await openPage(kit.browser, `${m.url}?lang=${lang}`, { colorScheme: /** @type {any} */ (colorScheme) });

		await signIn(page, m.user, m.password);
		for (const [h, sel] of [["#/cases?sort=due", ".caserows tbody tr"], ["#/patrols?period=all", ".patrolrows tbody tr"], ["#/events?period=all", ".eventrows tbody tr"], ["#/duties", ".dutyrows tbody tr"], ["#/staff", ".staffrows tbody tr"], ["#/grid/990101100003001?period=all", ".gpatrols tbody tr"], ["#/people?by=reach", ".areas tbody tr"], ["#/cases?q=nothing", "[data-test=why]"]]) {
			await page.evaluate((x) => {
				location.hash = x;
			}, h);
			await page.waitForSelector(sel);
			await axe(page, h);
			assert.doesNotMatch(await page.evaluate(() => document.getElementById("app")?.textContent || ""), /undefined|\{[a-z]+\}|\[object/, h);
		}
		for (const h of ["#/events", "#/patrols", "#/duties", "#/staff", "#/grid/990101100003001?period=all", "#/people?by=reach", "#/cases"]) {
			await page.evaluate((x) => {
				location.hash = x;
			}, h);
			await page.waitForSelector(".rows, .areas tbody tr");
			await fits(page, h, lang === "en" ? [[390, 844], [1024, 768]] : undefined);
			await page.setViewportSize({ width: 390, height: 844 });
		}
		await axe(page, "cases on a phone");
		await clean(page);
	});

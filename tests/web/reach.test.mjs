// The desk by reach, for the river chiefs' office, against the stand-in server.
import { after, before, describe, test } from "node:test";
import assert from "node:assert/strict";
import { demoTown } from "./mock.mjs";
import { signIn } from "./browser.mjs";
import { axe, clean, duty, fits, kit, mock, rowsAre, text, until } from "./kit.mjs";

before(kit.up);
after(kit.down);

const hash = (page) => page.evaluate(() => decodeURIComponent(location.hash));
const href = (page, sel) => page.getAttribute(sel, "href").then((h) => decodeURIComponent(h));
const said = (page, words) => until(page, (w) => document.querySelector("p.vh[role=status]")?.textContent?.trim() === w, words);

/** The invented town with what happened on its rivers. */
function riverTown() {
	const now = Date.now();
	const town = demoTown(now);
	const kase = (id, cls, scope, severity, title) => ({ id, class: cls, category: "dumping", category_name: "倾倒建筑垃圾", severity, title, scope, place: scope === "LX-01" ? "柳溪示例镇段" : "清石河中段", loc: [104.9, 33.39], state: "reported", level: "town", holder: null, etag: "10001", due: null, at: now - 6e5 });
	const alert = (id, severity, scope, title) => ({ id, type: "duty_overdue", severity, case: null, title, scope, loc: null, at: now - 6e5, state: "active", acked_by: null, acked_at: null, late: false, raised: now - 6e5 });

	town.cases.push(kase("case-r1", "finding", "LX-01", 3, "河岸倾倒垃圾"), kase("case-r2", "hazard", "QSH-02", 2, "临水护栏缺失"));
	town.alerts.push(alert("duty:1", 3, "XD-01", "李某某 示例县道 本月未巡"), { ...alert("case:r2", 2, "QSH-02", "临水护栏缺失"), type: "case_overdue", case: "case-r2" });
	town.overdue.push({ person: "p-0064", rule: "dinghu", target: "LX-01", target_name: "柳溪示例镇段", name: "冯某某", level: "town", due: now - 30 * 3600e3, days: 1 });
	town.figures.push({ id: "river_patrols_valid", level: "town", category: "", today: 1, month: 9, year: 100, due_today: null }, { id: "river_patrols_valid", level: "community", category: "", today: 5, month: 70, year: 400, due_today: null });
	return town;
}

/** The desk by reach, of the town above. */
async function river(opt = {}) {
	const m = await mock({ town: riverTown() });
	const page = await duty(m, { ...opt, query: `${opt.query || ""}#/?by=reach` });

	await page.waitForSelector(".reachdesk tbody tr[data-row]");
	return { m, page };
}

describe("the switch", () => {
	test("by mouse and by keyboard; said, in the address, kept for the user over a reload", async () => {
		const m = await mock({ town: riverTown() });
		const page = await duty(m);

		await page.waitForSelector('[data-test=by-grid][aria-pressed="true"]');
		assert.equal(await page.locator(".reachdesk").count(), 0);
		assert.ok(!m.seen.some((s) => s.includes("byreach.js")), "by grid nothing of it is fetched");
		await page.focus("[data-test=by-reach]");
		await page.keyboard.press("Enter");
		await page.waitForSelector(".reachdesk tbody tr[data-row]");
		await said(page, "已切换到按河段查看，各项只含河段");
		assert.equal(await hash(page), "#/?by=reach");
		assert.equal(await page.getAttribute("[data-test=by-reach]", "aria-pressed"), "true");
		await page.evaluate(() => {
			location.hash = "#/";
		});
		await until(page, () => location.hash === "#/?by=reach");
		await page.reload();
		await page.waitForSelector(".reachdesk tbody tr[data-row]");
		// the other pages follow, by the navigation and by keys, and are cleared like any filter
		assert.deepEqual((await page.$$eval("nav a", (e) => e.map((a) => decodeURIComponent(a.getAttribute("href") || "")))).filter((h) => h.includes("reach")), ["#/cases?reach=*", "#/patrols?reach=*", "#/people?by=reach", "#/duties?reach=*", "#/reports?reach=*"]);
		await page.keyboard.press("g");
		await page.keyboard.press("c");
		await page.waitForSelector(".caserows [data-test=words]:has-text('全部河段')");
		await page.click(".caserows [data-test=clear]");
		await page.waitForSelector(".caserows [data-test=words]:not(:has-text('全部河段'))");
		await page.click('nav a[href="#/"]');
		await page.waitForSelector(".reachdesk tbody tr[data-row]");
		await page.click("[data-test=by-grid]");
		await page.waitForSelector(".reachdesk", { state: "detached" });
		await said(page, "已切换到按网格查看");
		assert.equal(await page.evaluate(() => document.activeElement?.getAttribute("data-test")), "by-grid", "the focus stays");
		assert.equal(await hash(page), "#/?by=grid");
		assert.equal(await page.locator(".overdue tbody tr").count(), 4);
		assert.equal(await page.locator('nav a[href="#/cases"]').count(), 1);
		await clean(page);
	});

	test("what one user chose is not another's; river chiefs begin by reach", async () => {
		const m = await mock({ town: riverTown() });
		const page = await duty(m);

		await page.click("[data-test=by-reach]");
		await page.waitForSelector(".reachdesk");
		await page.click("[data-test=menu]");
		await page.click("[data-test=signout]");
		await page.waitForSelector("#user");
		m.user = "wang";
		await page.evaluate(() => {
			location.hash = "#/";
		});
		await signIn(page, "wang", "demo");
		await page.waitForSelector('[data-test=by-grid][aria-pressed="true"]');
		await clean(page);

		const chief = await mock({ town: riverTown() });

		chief.roles = ["chief"];
		const other = await duty(chief);

		await other.waitForSelector(".reachdesk tbody tr[data-row]");
		assert.equal(await hash(other), "#/?by=reach");
		await other.click("[data-test=by-grid]");
		await other.waitForSelector(".reachdesk", { state: "detached" });
		await other.reload();
		await other.waitForSelector('[data-test=by-grid][aria-pressed="true"]');
		await clean(other);
	});

	test("its module does not come: said, and the desk stays by grid", async () => {
		const m = await mock();
		const page = await duty(m);

		await page.route("**/byreach.js", (r) => r.abort());
		await page.click("[data-test=by-reach]");
		await page.waitForSelector('[data-test=by-grid][aria-pressed="true"]');
		assert.equal(await page.locator(".ledger tbody").count(), 4);
		await clean(page, /status of 401|ERR_FAILED/);
	});
});

describe("the desk by reach", () => {
	test("reaches river by river; alerts, cases, overdue, closing and chart are of reaches alone, and what is hidden is said", async () => {
		const { m, page } = await river();

		assert.deepEqual(await page.$$eval(".reachdesk .group .pick", (e) => e.map((x) => x.textContent)), ["柳溪", "清石河", "桃树沟", "示例县道老街至松林段"]);
		assert.match(await text(page, '.reachdesk tr[data-row="QSH-02"]'), /^清石河中段 详情 镇 王宁；社区 卫平 .*1 \/ 2 ?11 \/ 8 ?45 \/ 44 ?77\.8% ?— ?.*吴宁 ?1 ?隐患 1$/);
		assert.match(await text(page, '.reachdesk tr[data-row="TSG-01"] th'), /未任命河长/);
		assert.match(await text(page, '.reachdesk tr[data-row="XD-01"]'), /逾期 1 项 ?从未 ?0$/);
		assert.match(await text(page, "#h-reachdesk"), /6 个河段 · 实巡 \/ 应巡 · 本期任务已完成 7 \/ 20/);
		await rowsAre(page, "alerts", 2);
		await rowsAre(page, "cases", 2);
		await rowsAre(page, "overdue", 2);
		assert.match(await text(page, "#h-alerts"), /未签收 2 · 另有 5 条不涉及河段 其中红色 1 条未签收/);
		assert.match(await text(page, "#h-cases"), /2 件 · 另有 8 条不涉及河段/);
		assert.match(await text(page, "#h-overdue"), /2 人 2 项 · 另有 2 条不涉及河段/);
		assert.equal(await href(page, "#h-overdue a"), "#/duties?state=overdue&reach=*");
		await until(page, () => document.querySelector(".closing td a"));
		assert.ok(m.asks.some((a) => a.includes("case_close_rate&reach=*")), m.asks.join(" "));
		await page.click(".chart button");
		await page.waitForSelector(".chart .numbers");
		assert.ok(m.asks.some((a) => a.includes("series?figure=patrols,river_patrols,river_patrols&level=,community,town&days=30&reach=*")));
		assert.match(await text(page, "#h-closing"), /河段上的案件，本月/);
		assert.match(await href(page, ".closing td a"), /figure=cases_received.*reach=\*/);
		// all reaches: the stream's own numbers, beside what the list says is owed
		assert.match(await text(page, 'tr[data-row="lens river_patrols *"]'), /^合计 ?10 \/ 10 ?99 \/ 40 ?577 \/ 220$/);
		assert.match(await text(page, 'tr[data-row="lens valid town"]'), /^镇级河长 ?1 ?9 ?100$/);
		assert.equal(await href(page, 'tr[data-row="lens valid town"] td:nth-child(3) a'), "#/patrols?river=1&level=town&period=month&valid=1");
		await clean(page);
	});

	test("a reach, and a river, alone: everything follows, the address keeps it, and it is left again", async () => {
		const { m, page } = await river();

		await page.click('tr[data-row="QSH-02"] .pick');
		await said(page, "只看 清石河中段");
		assert.equal(await hash(page), "#/?by=reach&reach=QSH-02");
		await rowsAre(page, "cases", 1);
		await rowsAre(page, "alerts", 1);
		assert.match(await text(page, ".overdue .empty"), /河段任务没有逾期的/);
		assert.match(await text(page, "#h-overdue"), /另有 4 条不在所选河段/);
		assert.match(await text(page, "[data-test=lens-only]"), /^只看 清石河中段$/);
		await page.waitForSelector('tr[data-row="lens river_patrols *"]:has-text("1 / 2")');
		assert.equal(await href(page, 'tr[data-row="lens river_patrols town"] td a'), "#/patrols?reach=QSH-02&river=1&level=town&period=today");
		await until(page, () => document.querySelector(".closing td a")?.getAttribute("href")?.includes("reach=QSH-02"));
		assert.ok(m.asks.some((a) => a.includes("case_close_rate&reach=QSH-02")));
		await page.reload();
		await page.waitForSelector("[data-test=lens-only]");
		await rowsAre(page, "cases", 1);
		await page.click('[data-river="清石河"]');
		await said(page, "只看 清石河");
		assert.equal(await hash(page), "#/?by=reach&reach=清石河");
		assert.match(await text(page, "#h-reachdesk"), /3 个河段/);
		await rowsAre(page, "cases", 1);
		await page.click("[data-test=lens-clear]");
		await said(page, "看全部河段");
		await rowsAre(page, "cases", 2);
		assert.equal(await hash(page), "#/?by=reach");
		await clean(page);
	});

	test("it lives: a case of a reach counts at once, a patrol has the list read again, a case of a grid shows nothing", async () => {
		const { m, page } = await river({ clock: true });

		m.change({ cases: [{ ...m.town.cases.find((c) => c.id === "case-r1"), id: "case-r3" }] });
		await page.waitForSelector('tr[data-row="LX-01"] td:last-child:has-text("2")');
		await rowsAre(page, "cases", 3);
		m.change({ cases: [{ ...m.town.cases[0], id: "case-g1" }] });
		await page.waitForSelector("#h-cases:has-text('另有 9 条不涉及河段')");
		await rowsAre(page, "cases", 3);
		const asked = () => m.seen.filter((s) => s === "GET /api/v1/reaches").length;
		const before = asked();

		m.reaches[0].levels[0].today.patrols = 9;
		m.change({ feed: [{ commit: m.commit + 1, kind: "patrol.start", person: "p-0061", scope: "LX-01", at: Date.now(), text: "吴宁 开始巡查" }] });
		await page.clock.runFor(7000);
		await page.waitForSelector('tr[data-row="LX-01"] .key:has-text("10")');
		assert.ok(asked() - before <= 2, `${asked() - before} readings`);
		await clean(page);
	});

	test("nothing there says why: no reach, no right, no answer", async () => {
		const m = await mock({ town: riverTown() });

		m.reaches = [];
		const page = await duty(m, { query: "#/?by=reach" });

		await page.waitForSelector('.reachdesk [data-test=why]:has-text("还没有河段。管理员可用 xunge import reaches 导入。")');
		await clean(page);
		m.reachStatus = 503;
		const other = await duty(m, { query: "#/?by=reach" });

		await other.waitForSelector('.reachdesk [data-test=why]:has-text("读取失败")');
		await clean(other, /status of (401|503)/);
	});
});

describe("lists by reach", () => {
	test("a reach, a river or any reach narrows each list; in the address, in words, in its export", async () => {
		const { m, page } = await river();

		await page.click('tr[data-row="LX-01"] td:nth-child(3) a');
		await page.waitForSelector(".patrolrows [data-test=words]:has-text('柳溪示例镇段')");
		assert.deepEqual([m.asked.q.reach, m.asked.q.river], ["LX-01", "true"]);
		assert.match(await href(page, ".patrolrows [data-test=csv]"), /reach=LX-01/);
		await page.selectOption(".patrolrows [data-filter=scope]", "reach=*");
		await page.waitForSelector(".patrolrows [data-test=words]:has-text('全部河段')");
		assert.match(await hash(page), /reach=\*/);
		await page.selectOption(".patrolrows [data-filter=scope]", "reach=清石河");
		await until(page, () => /reach=%E6/.test(location.hash));
		assert.equal(m.asked.q.reach, "清石河");
		await page.selectOption(".patrolrows [data-filter=scope]", "990101100003");
		await until(page, () => !location.hash.includes("reach="));
		assert.equal(m.asked.q.scope, "990101100003");
		for (const [h, block] of [["#/cases?reach=*", "caserows"], ["#/duties?reach=*", "dutyrows"], ["#/staff?reach=*", "staffrows"], ["#/events?reach=*", "eventrows"]]) {
			await page.evaluate((x) => {
				location.hash = x;
			}, h);
			await page.waitForSelector(`.${block} [data-test=words]:has-text("全部河段")`);
			assert.equal(await page.inputValue(`.${block} [data-filter=scope]`), "reach=*");
		}
		await page.evaluate(() => {
			location.hash = "#/cases?reach=*";
		});
		await rowsAre(page, "caserows", 2);
		await clean(page);
	});
});

describe("for everybody", () => {
	for (const scheme of /** @type {const} */ (["light", "dark"]))
		for (const lang of ["zh", "en"])
			test(`axe: no violation, ${scheme}, ${lang}`, async () => {
				const { page } = await river({ colorScheme: scheme, query: `?lang=${lang}` });

				await page.click('tr[data-row="QSH-02"] .pick');
				await page.waitForSelector("[data-test=lens-only]");
				await axe(page, "one reach");
				await page.setViewportSize({ width: 390, height: 844 });
				await axe(page, "on a phone");
				await clean(page);
			});

	for (const lang of ["zh", "en"])
		test(`no horizontal scroll from 390 to 2560 px, ${lang}`, async () => {
			const { page } = await river({ query: `?lang=${lang}` });

			if (lang === "zh")
				await fits(page, "by reach");
			await page.click('[data-river="清石河"]');
			await page.waitForSelector("[data-test=lens-only]");
			await fits(page, "one river", [[390, 844], [720, 900], [1024, 768], [1110, 800], [1280, 800], [1366, 768], [1440, 900], [1920, 1080], [2560, 1440]]);
			if (lang === "en") {
				const shown = await page.$$eval("#app *", (all) => all.filter((e) => !e.closest(".own, [lang=zh-CN], .place, .pick, .only, .own *")).flatMap((e) => [...e.childNodes].filter((n) => n.nodeType === 3).map((n) => n.nodeValue?.trim() || "")).filter((s) => /[\u3000-\u9fff]/.test(s)));

				assert.deepEqual(shown.filter((s) => !/某|宁|平|社区|段|缺失|垃圾|河|沟|溪/.test(s)), []);
			}
			await clean(page);
		});

	test("keyboard: from the switch to a reach and back", async () => {
		const { page } = await river();

		await page.focus("[data-test=by-reach]");
		for (let i = 0; i < 60 && !(await page.evaluate(() => document.activeElement?.matches('tr[data-row="LX-01"] .pick'))); i++)
			await page.keyboard.press("Tab");
		await page.keyboard.press("Enter");
		await page.waitForSelector("[data-test=lens-only]");
		assert.equal(await page.evaluate(() => document.activeElement?.getAttribute("aria-pressed")), "true", "the focus stays on it");
		await page.keyboard.press("Enter");
		await page.waitForSelector("[data-test=lens-only]", { state: "detached" });
		await clean(page);
	});
});

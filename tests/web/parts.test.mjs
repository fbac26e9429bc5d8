// The parts of the pages that need no browser: times, words, the rows, the connection.
import { test } from "node:test";
import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { ago, clock, date, day, full, when } from "../../server/web/time.js";
import { NAMES, TEXT, count, nameOf, pickLang, sayIn } from "../../server/web/i18n.js";
import { englishTitle } from "../../server/web/i18nalerts.js";
import { MORE, MORE_NAMES } from "../../server/web/i18npages.js";
import { FEED_ROWS, codes, newTown, newestFirst, sum, take } from "../../server/web/town.js";
import { OPEN_WITHIN_MS, newLink } from "../../server/web/link.js";
import { newFlash } from "../../server/web/flash.js";

const WEB = new URL("../../server/web/", import.meta.url);
const CJK = /[\u3000-\u9fff\uff00-\uffef]/;

// ---------------------------------------------------------------- times

test("times are civil times of +08:00", () => {
	const ms = Date.UTC(2026, 10, 22, 16, 0, 5); // midnight of the 23rd in Beijing

	assert.equal(clock(ms), "00:00:05");
	assert.equal(clock(ms - 6e3), "23:59:59");
	assert.equal(date(ms), "2026-11-23");
	assert.equal(date(ms - 6e3), "2026-11-22");
	assert.equal(full(ms), "2026-11-23 00:00:05 +08:00");
	assert.equal(day(ms, "zh"), "11月23日 周一");
	assert.equal(day(ms, "en"), "Mon 23 Nov");
	assert.equal(when(ms, ms + 1000), "00:00:05");
	assert.equal(when(ms - 6e3, ms), "11-22 23:59");
	assert.equal(when(Date.UTC(2025, 11, 31, 15, 59), ms), "2025-12-31 23:59");
});

test("how long ago, in the largest whole unit", () => {
	assert.deepEqual([0, 59e3, 60e3, 3599e3, 3600e3, 86399e3, 86400e3, -5e3].map((x) => ago(x, "zh")),
		["0 秒前", "59 秒前", "1 分钟前", "59 分钟前", "1 小时前", "23 小时前", "1 天前", "0 秒前"]);
	assert.equal(ago(125e3, "en"), "2 min ago");
});

// ---------------------------------------------------------------- words

test("every word has both languages, with the same blanks, and no English text holds Chinese", () => {
	const blanks = (/** @type {string} */ s) => (s.match(/\{\w+\}/g) || []).sort().join();
	const pairs = [...Object.entries(TEXT), ...Object.entries(MORE), ...Object.entries({ ...NAMES, ...MORE_NAMES }).flatMap(([t, names]) => Object.entries(names).map(([k, v]) => [`${t}.${k}`, v]))];

	assert.ok(pairs.length > 100);
	for (const [key, [zh, en]] of pairs) {
		assert.ok(zh && en, key);
		assert.equal(blanks(zh), blanks(en), key);
		if (key === "other_lang") // names the other one
			continue;
		assert.ok(CJK.test(zh), `${key}: ${zh}`);
		assert.ok(!CJK.test(en), `${key}: ${en}`);
	}
});

/** Every title that ingest composes: an alert's type, and the C literals it is made of, in their order. @type {[string, string[]][]} */
const COMPOSED = [
	...["%s的", ""].flatMap((of) => /** @type {[string, string[]][]} */ ([
		["device_silent", ["没有消息，最后一次 ", "11-25 09:55"]],
		["seq_gap", ["缺 %lld 条记录，自 ", "11-25 09:55"]],
		["seq_gap", ["%s%lld 条记录已丢失，自 ", "11-25 09:55"]],
		["seq_gap", ["缺 %lld 条记录，自 ", "11-25 09:55", "；", "%s%lld 条记录已丢失，自 ", "11-24 23:05"]],
		["clock_skew", ["时钟%s %lld 分钟", "快"]],
		["clock_skew", ["时钟%s %lld 分钟", "慢"]],
		["held", ["有 %lld 条记录搁置超过 5 天"]],
	]).map(([type, rest]) => /** @type {[string, string[]]} */ ([type, [of, "设备 %s ", ...rest]]))),
	...["天", "次"].flatMap((unit) => ["%s 逾期未巡 %s：应于%s前完成，本期应巡", "%s 巡查临期 %s：%s前应巡"].flatMap((head) => ["", "责任范围"].map((place) =>
		/** @type {[string, string[]]} */ ([head.includes("逾期") ? "duty_overdue" : "duty_due_soon", [head, place, "%d月%d日", "%lld%s，已巡%lld%s", unit]])))),
	["storage_low", ["磁盘将满：剩余不到 256 MiB，将停止接收"]],
	["storage_low", ["磁盘空间不足：剩余不到 1 GiB 或 5%"]],
	["clock_skew", ["平台时钟早于最近一次提交，时间无法判断：请校时"]],
	["sos", ["紧急求助"]],
];
const WHO = "王的某";
const WHERE = "清石河 上段";

/** As the C code fills them in; n: its numbers. @param {string} type @param {string[]} parts @param {number} n */
function filled(type, parts, n) {
	const number = (/** @type {string} */ s) => s.replaceAll("%lld", String(n));

	if (type.startsWith("duty_")) {
		const [head, place, day, tail, unit] = parts;
		const words = [WHO, place || WHERE, day.replace("%d", "11").replace("%d", "30")];

		return head.replace(/%s/g, () => words.shift() || "") + number(tail).replaceAll("%s", unit);
	}
	const skew = parts.indexOf("时钟%s %lld 分钟");
	const text = skew < 0 ? parts.join("") : parts.slice(0, skew).join("") + parts[skew].replace("%s", parts[skew + 1]);

	return number(text.replace("%s的", `${WHO}的`).replace("设备 %s", "设备 d-0001").replaceAll("%s", ""));
}

test("every title of an alert that the platform composes has its English; what people typed stays", async () => {
	const schema = new URL("../../schema/", import.meta.url);
	const literals = new Set();

	for (const f of (await readdir(schema)).filter((n) => n.endsWith(".c"))) {
		const src = (await readFile(new URL(f, schema), "utf8")).replace(/\/\*[\s\S]*?\*\//g, "");

		if (src.includes("alerts_raise(") && f !== "alerts.c")
			for (const m of src.matchAll(/"((?:[^"\\\n]|\\.)*)"/g))
				if (CJK.test(m[1]))
					literals.add(m[1]);
	}
	assert.deepEqual([...literals].sort(), [...new Set(COMPOSED.flatMap(([, parts]) => parts).filter((p) => CJK.test(p)))].sort(), "the Chinese of the sources that raise alerts");
	for (const [type, parts] of COMPOSED)
		for (const n of [1, 12]) {
			const title = filled(type, parts, n);
			const english = englishTitle({ type, title });

			assert.ok(!title.includes("%s") && !title.includes("%d"), title);
			assert.ok(!CJK.test(english.replace(WHO, "").replace(WHERE, "")), `${title}: ${english}`);
			for (const own of [WHO, WHERE, "d-0001", "09:55", "23:05"])
				assert.equal(english.includes(own), title.includes(own), `${own} of ${title}: ${english}`);
			if (parts.some((p) => p.includes("%lld")))
				assert.match(english, new RegExp(`\\b${n}\\b`), title);
		}
	assert.equal(englishTitle({ type: "seq_gap", title: "王某的设备 d-1 缺 1 条记录，自 11-25 09:55；3 条记录已丢失，自 11-24 08:00" }), "Device d-1 of 王某: 1 record missing since 11-25 09:55; 3 records lost since 11-24 08:00");
	assert.equal(englishTitle({ type: "duty_overdue", title: "李某 逾期未巡 责任范围：应于11月30日前完成，本期应巡4天，已巡1天" }), "李某: patrol of own area overdue, was due by 30 Nov; 1 of 4 days done");
	for (const [type, title] of [["hazard", "紧急求助"], ["sos", "有人落水"], ["seq_gap", "设备 d-1 另有缘故"], ["held", ""]])
		assert.equal(englishTitle({ type, title }), title);
});

test("every word that the pages ask for exists, every one that exists is asked for, and none is written elsewhere", async () => {
	const used = new Set();

	for (const f of (await readdir(WEB)).filter((n) => n.endsWith(".js") && !n.startsWith("i18n"))) {
		const src = (await readFile(new URL(f, WEB), "utf8")).replace(/^\s*(\/\/|\*|\/\*).*$/gm, "");

		for (const m of src.matchAll(/"([a-z_]+)"/g))
			used.add(m[1]);
		for (const m of src.matchAll(/\bsay\("([^"]+)"/g))
			assert.ok(m[1] in TEXT || m[1] in MORE, `${f}: ${m[1]}`);
		if (f !== "time.js")
			assert.ok(!CJK.test(src.replace(/\s\/\/ .*$/gm, "")), `${f} holds Chinese text`);
	}
	for (const key of [...Object.keys(TEXT), ...Object.keys(MORE)])
		assert.ok(used.has(key), `${key} is not used`);
});

test("the words of later pages come with each of them; what the first load brings needs none of them", async () => {
	const src = new Map();
	const all = async (/** @type {string} */ f, /** @type {Set<string>} */ seen = new Set()) => {
		if (!seen.has(f)) {
			seen.add(f);
			src.set(f, src.get(f) ?? await readFile(new URL(f, WEB), "utf8"));
			for (const m of src.get(f).matchAll(/^(?:import|export)[^;"]*"\.\/([a-z0-9/]+\.js)";$/gm))
				await all(m[1], seen);
		}
		return seen;
	};
	const asks = (/** @type {string} */ f) => [...src.get(f).replace(/^\s*(\/\/|\*|\/\*).*$/gm, "").matchAll(/"([a-z_]+)"/g)].map((m) => m[1]).filter((k) => k in MORE && !(k in TEXT));
	const first = await all("main.js");
	const later = [...first].flatMap((f) => [...src.get(f).matchAll(/\bimport\("\.\/([a-z]+\.js)"\)(?!\.)/g)].map((m) => m[1]));

	assert.ok(later.length > 10);
	for (const f of first) {
		assert.deepEqual(f.startsWith("i18n") ? [] : asks(f), [], f);
		for (const m of src.get(f).matchAll(/\bnameOf\("([a-z]+)"/g))
			assert.ok(m[1] in NAMES, `${f}: the names of ${m[1]}`);
	}
	for (const entry of later) {
		const seen = await all(entry);

		if ([...seen].some((f) => !first.has(f) && f !== "i18npages.js" && asks(f).length))
			assert.ok(seen.has("i18npages.js"), entry);
	}
	const unasked = [...(/function fetchLater\(\) \{[\s\S]*?\n\}/.exec(src.get("main.js"))?.[0] || "").matchAll(/import\("\.\/([a-z]+\.js)"\)/g)].map((m) => m[1]);

	assert.ok(unasked.length > 0);
	for (const entry of unasked) // comes to every desk, whether or not somebody is there
		assert.ok(!(await all(entry)).has("i18npages.js"), `${entry} brings the words of all pages`);
});

test("codes of the contract have names; an unknown one shows itself", async () => {
	const contract = {
		route: ["river", "gully", "road", "grid", "burning"],
		chief: ["district", "town", "community"],
		level: ["district", "town", "community", "grid"],
		kind: ["patrol.start", "patrol.track", "patrol.end", "patrol.substitute", "inspect", "visit", "work", "household", "case.report", "case.act", "sos", "status", "void"],
	};

	for (const [table, list] of Object.entries(contract))
		for (const code of list)
			assert.notEqual(nameOf(/** @type {any} */ (table), code, "zh"), code);
	assert.equal(nameOf("kind", "toString", "zh"), "toString");
	assert.equal(nameOf("kind", "new.kind", "en"), "new.kind");
});

test("words are filled in; numbers have separators, and a dash where there is none", () => {
	assert.equal(sayIn("zh")("banner_lost", { n: 12 }), "连接中断 12 秒，正在重连…");
	assert.deepEqual([0, 999, 1000, 21540, 1234567, null, undefined].map(count), ["0", "999", "1,000", "21,540", "1,234,567", "—", "—"]);
});

test("language: the address, then the choice, then the browser; Chinese first", () => {
	assert.equal(pickLang("?lang=en", "zh", ["zh-CN"]), "en");
	assert.equal(pickLang("", "en", ["zh-CN"]), "en");
	assert.equal(pickLang("", null, ["en-US", "zh-CN"]), "zh");
	assert.equal(pickLang("", null, ["en-GB"]), "en");
	assert.equal(pickLang("", null, ["fr"]), "zh");
	assert.equal(pickLang("?lang=xx", null, []), "zh");
});

// ---------------------------------------------------------------- rows

const fig = (id, level, category, today, more = {}) => ({ id, level, category, today, month: today * 10, year: today * 100, due_today: null, ...more });
const snapshot = (more = {}) => ({ op: "snapshot", db: "a", commit: 10, time: 1000, figures: [], areas: [], alerts: [], cases: [], overdue: [], devices: [], feed: [], ...more });

test("a delta changes its rows and no other, and takes away what is gone", () => {
	const t = newTown();

	assert.equal(take(t, snapshot({ areas: [{ code: "1", name: "x", patrols_today: 1 }, { code: "2", name: "y", patrols_today: 2 }] })), "ok");
	assert.equal(take(t, { op: "delta", from: 10, commit: 12, time: 2000, areas: [{ code: "2", name: "y", patrols_today: 3 }, { code: "1", gone: true }] }), "ok");
	assert.deepEqual([...t.rows.areas.values()].map((a) => [a.code, a.patrols_today]), [["2", 3]]);
	assert.deepEqual([t.db, t.commit, t.time], ["a", 12, 2000]);
});

test("a gap takes nothing; midnight changes rows without a commit; a tick moves the commit on", () => {
	const t = newTown();

	assert.equal(take(t, { op: "delta", from: 1, commit: 2, time: 1 }), "gap");
	assert.equal(take(t, { op: "tick", commit: 2, time: 1 }), "gap");
	take(t, snapshot({ figures: [fig("patrols", "grid", "grid", 5)] }));
	assert.equal(take(t, { op: "delta", from: 11, commit: 12, time: 9, figures: [fig("patrols", "grid", "grid", 9)] }), "gap");
	assert.equal(sum(t, "patrols").today, 5);
	assert.equal(take(t, { op: "delta", from: 10, commit: 10, time: 9, figures: [fig("patrols", "grid", "grid", 0)] }), "ok");
	assert.equal(sum(t, "patrols").today, 0);
	assert.equal(take(t, { op: "tick", commit: 15, time: 20 }), "ok");
	assert.equal(take(t, { op: "delta", from: 15, commit: 16, time: 21 }), "ok");
	assert.equal(take(t, { op: "pong", time: 22 }), "unknown");
});

test("a snapshot replaces everything, of another database too", () => {
	const t = newTown();

	take(t, snapshot({ devices: [{ device: "d-1" }], feed: [{ commit: 9, at: 1 }] }));
	take(t, snapshot({ db: "b", commit: 3, devices: [{ device: "d-2" }] }));
	assert.deepEqual([...t.rows.devices.keys()], ["d-2"]);
	assert.equal(t.rows.feed.size, 0);
	assert.deepEqual([t.db, t.commit], ["b", 3]);
});

test("the feed keeps the newest rows only", () => {
	const t = newTown();

	take(t, snapshot());
	for (let c = 11; c <= 130; c++)
		take(t, { op: "delta", from: c - 1, commit: c, time: c, feed: [{ commit: c, at: c }] });
	assert.equal(t.rows.feed.size, FEED_ROWS);
	assert.deepEqual([newestFirst(t)[0].commit, newestFirst(t)[FEED_ROWS - 1].commit], [130, 81]);
});

test("tracks do not push the other records out, nor a fast clock the time of the last one", () => {
	const t = newTown();

	take(t, snapshot({ time: 500, feed: [{ commit: 10, at: 900, kind: "sos" }] }));
	assert.equal(t.newsAt, 500);
	for (let c = 11; c <= 130; c++)
		take(t, { op: "delta", from: c - 1, commit: c, time: c * 10, feed: [{ commit: c, at: 1e6, kind: "patrol.track" }] });
	assert.equal(t.newsAt, 1300);
	take(t, { op: "tick", commit: 130, time: 2000 });
	assert.equal(t.newsAt, 1300);
	assert.deepEqual(newestFirst(t, false).map((r) => r.commit), [10]);
	assert.equal(t.rows.feed.size, FEED_ROWS + 1);
});

test("sums by level and by category; a row of the total is not added to its parts", () => {
	const t = newTown();

	take(t, snapshot({ figures: [
		fig("patrols", "grid", "grid", 5), fig("patrols", "grid", "road", 2, { due_today: 4 }), fig("patrols", "community", "river", 3),
		fig("river_patrols", "town", "", 1), fig("river_patrols", "community", "", 2), fig("events", "", "sos", 1), fig("events", "", "", 7),
	] }));
	assert.deepEqual(sum(t, "patrols"), { today: 10, month: 100, year: 1000, due: 4 });
	assert.equal(sum(t, "patrols", { level: "grid" }).today, 7);
	assert.equal(sum(t, "patrols", { category: "river" }).today, 3);
	assert.equal(sum(t, "river_patrols").today, 3);
	assert.equal(sum(t, "events").today, 7);
	assert.equal(sum(t, "events", { category: "sos" }).today, 1);
	assert.deepEqual(codes(t, "patrols", "level", ["town", "grid"]), ["town", "grid", "community"]);
});

test("a highlight: on a change, not on the first showing, not on a redraw", () => {
	const flash = newFlash();

	assert.deepEqual([flash("a", "1"), flash("a", "1"), flash("a", "2"), flash("a", "2"), flash("a", "3"), flash("b", "", true)], ["", "", "f1", "f1", "f0", "f1"]);
});

// ---------------------------------------------------------------- the connection

/** A world with a clock of its own. */
function world() {
	const w = { now: 0, alarms: [], socks: [], probe: /** @type {any} */ ("ok"), town: { db: /** @type {any} */ (null), since: /** @type {any} */ (null) }, answer: "ok", phases: [], random: 0.5, seen: true };
	const link = newLink({
		open: () => {
			const s = { sent: [], closed: false, send: (m) => s.sent.push(JSON.parse(m)), close: () => (s.closed = true), onopen: null, onmessage: null, onclose: null, onerror: null };

			w.socks.push(s);
			return /** @type {any} */ (s);
		},
		probe: async () => w.probe,
		hello: () => ({ scope: "990101100", db: w.town.db, since: w.town.since }),
		frame: (m) => (m.op === "pong" ? "unknown" : /** @type {any} */ (w.answer)),
		change: () => w.phases.push(link.phase),
		seen: () => w.seen,
		now: () => w.now,
		later: (fn, ms) => w.alarms[w.alarms.push({ at: w.now + ms, fn }) - 1],
		cancel: (id) => (w.alarms = w.alarms.filter((a) => a !== id)),
		random: () => w.random,
	});

	return Object.assign(w, {
		link,
		sock: () => w.socks[w.socks.length - 1],
		/** Let ms pass, alarm by alarm. */
		pass: async (ms) => {
			const end = w.now + ms;

			for (;;) {
				await new Promise((ok) => setImmediate(ok));
				const next = w.alarms.filter((a) => a.at <= end).sort((a, b) => a.at - b.at)[0];

				if (!next)
					break;
				w.now = Math.max(w.now, next.at);
				w.alarms = w.alarms.filter((a) => a !== next);
				next.fn();
			}
			w.now = end;
			await new Promise((ok) => setImmediate(ok));
		},
		/** Let ms pass without an alarm; then those that are due ring. */
		late: (ms) => {
			w.now += ms;
			return w.pass(0);
		},
		hear: (m) => w.sock().onmessage({ data: JSON.stringify(m) }),
		live: () => {
			w.sock().onopen();
			w.hear({ op: "snapshot" });
		},
	});
}

test("the first hello asks for a snapshot, the next one resumes", async () => {
	const w = world();

	w.link.start();
	w.sock().onopen();
	assert.deepEqual(w.sock().sent, [{ op: "hello", scope: "990101100", beat: true }]);
	w.hear({ op: "snapshot" });
	assert.equal(w.link.phase, "live");
	assert.equal(w.link.lostAt, null);
	w.town = { db: "a", since: 77 };
	w.sock().onclose({ code: 1006 });
	assert.equal(w.link.phase, "waiting");
	await w.pass(1000);
	w.sock().onopen();
	assert.deepEqual(w.sock().sent, [{ op: "hello", scope: "990101100", db: "a", since: 77, beat: true }]);
	assert.equal(w.socks.length, 2);
});

test("attempts after 1, 2, 4, 8, 15, 15 s, within 20 %, and from 1 s again once live", async () => {
	for (const [random, factor] of [[0, 0.8], [0.5, 1], [0.999999, 1.2]]) {
		const w = world();

		w.random = random;
		w.link.start();
		w.live();
		for (let turn = 0; turn < 2; turn++) {
			w.sock().onclose({ code: 1006 });
			for (const [i, s] of [1, 2, 4, 8, 15, 15].entries()) {
				const n = w.socks.length;

				await w.pass(s * 1000 * factor - 5);
				assert.equal(w.socks.length, n, `too early after ${s} s`);
				await w.pass(10);
				assert.equal(w.socks.length, n + 1, `not after ${s} s`);
				if (i < 5)
					w.sock().onclose({ code: 1006 });
			}
			w.live();
		}
	}
});

test("the network is back, the page is looked at, or somebody clicks: at once", async () => {
	const w = world();

	w.link.start();
	w.live();
	w.sock().onclose({ code: 1006 });
	w.link.kick();
	w.link.kick();
	await w.pass(0);
	assert.equal(w.socks.length, 2);
	await w.pass(5000);
	assert.equal(w.socks.length, 2, "the waiting attempt was called off");
});

test("silence, looked at: asked after 1 s, silent at 2 s, given up at 8 s; an answer keeps it", async () => {
	const w = world();

	w.link.start();
	w.live();
	await w.pass(999);
	assert.equal(w.sock().sent.length, 1);
	await w.pass(1);
	assert.deepEqual(w.sock().sent[1], { op: "ping", beat: true });
	await w.pass(999);
	assert.equal(w.link.phase, "live", "a server that is busy for 1.2 s is no silent one");
	w.hear({ op: "pong" });
	await w.pass(1999);
	assert.equal(w.link.phase, "live");
	assert.equal(w.sock().sent.length, 3);
	await w.pass(1);
	assert.deepEqual([w.link.phase, w.link.lostAt], ["silent", w.now - 2000], "lost since the last word");
	await w.pass(5999);
	assert.deepEqual([w.link.phase, w.socks[0].closed], ["silent", false], "still waited on");
	await w.pass(1);
	assert.deepEqual([w.link.phase, w.socks[0].closed, w.link.lostAt], ["waiting", true, w.now - 8000]);
	assert.equal(w.link.frameAt, 0, "a pong says nothing of the data");
});

test("a silent server that goes on: live again over the same connection", async () => {
	for (const word of ["pong", "tick"]) {
		const w = world();

		w.link.start();
		w.live();
		await w.pass(5000);
		assert.equal(w.link.phase, "silent");
		w.hear({ op: word });
		assert.deepEqual([w.link.phase, w.link.lostAt, w.socks.length], ["live", null, 1]);
		await w.pass(1999);
		assert.equal(w.link.phase, "live");
	}
});

test("a silent server and somebody who does not wait: another connection at once", async () => {
	const w = world();

	w.link.start();
	w.live();
	await w.pass(3000);
	w.link.kick();
	await w.pass(0);
	assert.deepEqual([w.socks.length, w.socks[0].closed], [2, true]);
});

test("words every 0.7 s: nothing is asked", async () => {
	const w = world();

	w.link.start();
	w.live();
	for (let i = 0; i < 50; i++) {
		await w.pass(700);
		w.hear({ op: "pong" });
	}
	assert.deepEqual([w.link.phase, w.sock().sent.length], ["live", 1]);
});

test("a hidden page: the server need not say anything, is asked after 20 s and given up 8 s later", async () => {
	const w = world();

	w.link.start();
	w.live();
	w.seen = false;
	w.link.look();
	assert.deepEqual(w.sock().sent.slice(1), [{ op: "ping", beat: false }]);
	w.hear({ op: "pong" });
	await w.pass(19999);
	assert.equal(w.sock().sent.length, 2);
	await w.pass(1);
	assert.equal(w.sock().sent.length, 3);
	await w.pass(999);
	assert.equal(w.link.phase, "live");
	await w.pass(7000);
	assert.equal(w.link.phase, "silent");
	await w.pass(1);
	assert.equal(w.link.phase, "waiting");
});

test("a page that is looked at again asks, and counts from there", async () => {
	const w = world();

	w.seen = false;
	w.link.start();
	w.sock().onopen();
	assert.deepEqual(w.sock().sent, [{ op: "hello", scope: "990101100", beat: false }]);
	w.hear({ op: "snapshot" });
	await w.pass(14000);
	w.seen = true;
	w.link.kick();
	assert.deepEqual(w.sock().sent.slice(1), [{ op: "ping", beat: true }]);
	await w.pass(1999);
	assert.equal(w.link.phase, "live");
	await w.pass(1);
	assert.equal(w.link.phase, "silent");
});

test("timers that come late: the PC slept, or the browser held them back; asked before complained", async () => {
	const w = world();

	w.link.start();
	w.live();
	await w.late(3600e3);
	assert.deepEqual([w.link.phase, w.sock().sent.length], ["live", 2]);
	await w.pass(1500);
	w.hear({ op: "pong" });
	await w.pass(900);
	await w.late(5000);
	assert.deepEqual([w.link.phase, w.sock().sent.length], ["live", 3]);
	await w.pass(2000);
	assert.equal(w.link.phase, "silent", "it was asked, and has not answered");
});

test("what came while the page was busy is heard before it complains", async () => {
	const w = world();

	w.link.start();
	w.live();
	await w.pass(1900);
	await w.late(400); // a long drawing; a word waits behind it
	assert.equal(w.link.phase, "live");
	w.hear({ op: "pong" });
	await w.pass(1000);
	assert.equal(w.link.phase, "live");
});

test("a hidden page's timers are late each time: a dead connection is given up all the same", async () => {
	const w = world();

	w.seen = false;
	w.link.start();
	w.live();
	for (let i = 0; i < 4; i++)
		await w.late(60e3);
	assert.equal(w.socks[0].closed, true);
});

test("an attempt that never opens is given up", async () => {
	const w = world();

	w.link.start();
	await w.pass(OPEN_WITHIN_MS + 1200);
	assert.equal(w.socks.length, 2);
	assert.ok(w.socks[0].closed);
	assert.equal(w.link.lostAt, 0, "lost since the start");
});

test("a gap: the same moment a new connection, and a whole snapshot", async () => {
	const w = world();

	w.link.start();
	w.live();
	w.town = { db: "a", since: 5 };
	w.answer = "gap";
	w.hear({ op: "delta", from: 9 });
	assert.equal(w.socks.length, 2);
	assert.ok(w.socks[0].closed);
	w.answer = "ok";
	w.sock().onopen();
	assert.deepEqual(w.sock().sent, [{ op: "hello", scope: "990101100", beat: true }]);
});

test("what is not JSON ends the connection, not the page", async () => {
	const w = world();

	w.link.start();
	w.live();
	w.sock().onmessage({ data: "{" });
	assert.equal(w.link.phase, "waiting");
});

test("a lost right, an ended session: no further attempt", async () => {
	for (const [code, end] of [[4403, "denied"], [4403, "expired"], [1006, "expired"]]) {
		const w = world();

		w.link.start();
		w.live();
		w.probe = end === "denied" ? "ok" : "expired";
		w.sock().onclose({ code });
		await w.pass(60e3);
		assert.equal(w.link.phase, end);
		w.link.kick();
		await w.pass(60e3);
		assert.equal(w.socks.length, 1);
	}
});

test("the server is away: no socket is opened until it answers", async () => {
	const w = world();

	w.link.start();
	w.live();
	w.probe = "down";
	w.sock().onclose({ code: 1006 });
	await w.pass(31e3);
	assert.equal(w.socks.length, 1);
	w.probe = "ok";
	await w.pass(15e3);
	assert.equal(w.socks.length, 2);
});

test("stopped while a probe is out: nothing opens", async () => {
	const w = world();

	w.link.start();
	w.live();
	w.sock().onclose({ code: 1006 });
	w.link.kick();
	w.link.stop();
	await w.pass(60e3);
	assert.equal(w.socks.length, 1);
	assert.equal(w.link.phase, "stopped");
});

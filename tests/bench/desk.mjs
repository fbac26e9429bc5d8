// desk.mjs - the duty desk in a browser (headless Chromium): how soon an alert is seen, how the page stands 3,000 cases and
// 2,000 people, what eight hours leave in memory, what a cold load costs.
//   alert    a phone publishes a red hazard; real broker, ingest, server; until its row is in the page and laid out
//   load     a cold cache, a session: until every block of the desk has its rows; bytes of all that comes, over HTTP and the
//            WebSocket, until the page was left alone for three seconds: of a small town, and of the demo town, where the browser
//            reads brotli and where it does not (plain http from another machine)
//   large    the stand-in server, 10 deltas/s; a click and a key now and then: how long until the page attends to it (Event Timing);
//            a delta: the work of taking and drawing it, layout included
//   memory   the deltas of eight hours, two seconds apart, one after the other; heap after a collection, against the one after ten minutes
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { after as settle, before as prepare } from './deskpage.mjs';
import { GRID, Proc, TOWN, Town, freePort, until } from '../lib/index.mjs';
import { BUILD, ROOT, drop, folder } from './place.mjs';
import { openBrowser, openPage, signIn } from '../web/browser.mjs';
import { startMock, demoTown } from '../web/mock.mjs';

const ALERTS = Number(process.env.ALERTS ?? 40), CASES = 3000, PEOPLE = 2000;
const HOURS = 8, DELTA_S = 2, FIRST_S = 600;

const sorted = (v) => [...v].sort((a, b) => a - b);
const quantile = (v, q) => sorted(v)[Math.min(v.length - 1, Math.ceil(q * v.length) - 1)];

/** Publish to screen, ms each. */
export async function alertTimes() {
	const town = await Town.start({ server: true });
	const browser = await openBrowser();

	try {
		await town.user('duty', 'p-duty', 'centre', TOWN);
		const phone = await town.device('d-0001', 'p-0001');
		const page = await openPage(browser, `${town.base}/`);

		await page.addInitScript(prepare);
		await page.reload();
		await signIn(page, 'duty', town.passwords.duty);
		await page.waitForSelector('[data-test=link] .good');
		const took = [];

		for (let i = 0; i < ALERTS; i++) {
			const from = Date.now();

			await phone.publish(phone.event('case.report', { case: `b-${i}`, class: 'hazard', category: 'fire', severity: 1, title: `烟 ${i}` }, { scope: GRID[0] }));
			await page.waitForSelector(`.alerts tr[data-row="hazard:b-${i}"]`, { state: 'attached', timeout: 10e3 });
			took.push(await page.evaluate((id) => globalThis.bench.rows.get(id), `hazard:b-${i}`) - from);
		}
		return took;
	} finally {
		await browser.close();
		await town.stop();
	}
}

const IDLE_MS = 3000;
/** A frame of the stream: its header (RFC 6455, from the server) and its text. */
const frameBytes = (text, n = Buffer.byteLength(text)) => n + (n < 126 ? 2 : n < 65536 ? 4 : 10);

/** A cold load: times, and bytes by what they are of.  accept: codings that the browser is made to name. */
export async function coldLoad(base, user, password, accept) {
	const browser = await openBrowser();

	try {
		const first = await openPage(browser, base);

		await signIn(first, user, password);
		const cookies = await first.context().cookies();
		const context = await browser.newContext({ locale: 'zh-CN', viewport: { width: 1440, height: 900 } });
		const page = await context.newPage(), cdp = await context.newCDPSession(page);
		const of = new Map(), urls = new Map();
		const add = (what, n) => of.set(what, (of.get(what) ?? 0) + n);

		await context.addCookies(cookies);
		await cdp.send('Network.enable');
		if (accept)
			await cdp.send('Network.setExtraHTTPHeaders', { headers: { 'Accept-Encoding': accept } });
		cdp.on('Network.requestWillBeSent', (e) => urls.set(e.requestId, new URL(e.request.url).pathname.replace(/^\/a\/[0-9a-f]+/, '')));
		cdp.on('Network.loadingFinished', (e) => add(urls.get(e.requestId), e.encodedDataLength));
		cdp.on('Network.webSocketHandshakeResponseReceived', (e) => add('stream', (e.response.headersText ?? '').length));
		cdp.on('Network.webSocketFrameReceived', (e) => add('stream', frameBytes(e.response.payloadData)));
		await page.addInitScript(prepare);
		await page.goto(base);
		await page.waitForFunction(() => globalThis.bench.whole > 0, null, { timeout: 20e3, polling: 20 });
		await page.waitForTimeout(IDLE_MS);
		return { ms: await page.evaluate(() => globalThis.bench.whole), paint: await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN),
			bytes: [...of.values()].reduce((a, n) => a + n, 0), of: [...of].sort((a, b) => b[1] - a[1]) };
	} finally {
		await browser.close();
	}
}

/** The demo town, as `make run` starts it; work(base, password of its centre). */
async function demoRun(work) {
	const dir = path.join(folder(), 'run'), http = await freePort(), mqtt = await freePort();
	const run = new Proc('run', path.join(ROOT, 'deploy/run.sh'), [BUILD, dir, String(http), String(mqtt), '1']);

	try {
		await until(() => existsSync(path.join(dir, 'ready')) || !run.alive, 'the demo town', 120e3, 100);
		if (!run.alive)
			throw new Error(`deploy/run.sh: ${run.tail()}`);
		return await work(`http://127.0.0.1:${http}/`, /^user centre (\S+)/m.exec(readFileSync(path.join(dir, 'access.txt'), 'utf8'))[1]);
	} finally {
		await run.stop('SIGTERM', 30000);
		drop(path.dirname(dir));
	}
}

export function largeTown() {
	const now = Date.now(), t = demoTown(now);
	const [one] = t.cases, [person] = t.devices.filter((d) => d.loc);
	const near = (i) => [104.85 + ((i * 7919) % 1000) / 8000, 33.34 + ((i * 104729) % 1000) / 10000];

	t.cases = Array.from({ length: CASES }, (_, i) => ({ ...one, id: `k-${i}`, title: `案件 ${i}`, severity: (i % 4) + 1, loc: near(i), at: now - i * 6e4, due: now + (i - 900) * 36e5, state: ['reported', 'accepted', 'in_progress', 'handled'][i % 4] }));
	t.devices = Array.from({ length: PEOPLE }, (_, i) => ({ ...person, device: `d-${10000 + i}`, person: `p-${10000 + i}`, loc: near(i + 31), online: i % 5 > 0 }));
	return t;
}

/** A few rows of each kind that change, as a town's day does. */
export function nextDelta(m, i) {
	const now = Date.now(), c = m.town.cases[i % m.town.cases.length], d = m.town.devices[(i * 37) % m.town.devices.length];

	return {
		figures: [{ id: 'patrols', level: 'grid', category: 'grid', today: 62 + i, month: 1640 + i, year: 15310 + i, due_today: 400 }],
		areas: [{ ...m.town.areas[1 + (i % (m.town.areas.length - 1))], patrols_today: i % 7 }],
		devices: [{ ...d, seen: now, loc: d.loc && [d.loc[0] + 1e-5, d.loc[1]] }],
		feed: [{ commit: m.commit + 1, kind: 'patrol.start', person: 'p-0007', scope: '990101100003001', at: now, text: `马某某 开始巡查 ${i}` }],
		...(i % 5 === 0 && { cases: [{ ...c, etag: String(m.commit + 1), state: c.state === 'accepted' ? 'dispatched' : 'accepted' }] }),
	};
}

async function largePage(town, script = prepare) {
	const m = await startMock({ town }), browser = await openBrowser();
	const page = await openPage(browser, m.url);

	await page.addInitScript(script);
	await page.reload();
	await signIn(page, m.user, m.password);
	await page.waitForSelector('[data-test=link] .good');
	await page.waitForSelector('.closing tbody tr');
	return { m, browser, page };
}

/** Input delays and the work of each delta, ms. */
export async function largeTimes() {
	const { m, browser, page } = await largePage(largeTown());

	try {
		let i = 0;
		const beat = setInterval(() => m.change(nextDelta(m, i++)), 100);

		await page.waitForFunction(settle);
		for (let n = 0; n < 40; n++) {
			await page.waitForTimeout(100 + ((n * 61) % 83)); // at no moment in particular
			if (n % 2)
				await page.keyboard.press('j');
			else
				await page.click(`.cases .choice button:nth-child(${(n / 2) % 2 ? 1 : 2})`);
		}
		clearInterval(beat);
		return await page.evaluate(() => ({ delays: globalThis.bench.delays, deltas: globalThis.bench.deltas }));
	} finally {
		await browser.close();
		await m.stop();
	}
}

/** Heap after the first ten minutes and after eight hours of deltas, bytes. */
export async function heapTimes() {
	const { m, browser, page } = await largePage(demoTown(), () => { globalThis.bench = {}; });

	try {
		const cdp = await page.context().newCDPSession(page);
		const heap = async () => {
			await cdp.send('HeapProfiler.collectGarbage');
			await cdp.send('HeapProfiler.collectGarbage');
			return (await cdp.send('Runtime.getHeapUsage')).usedSize;
		};
		const now = Date.now();
		let first = 0;

		for (let i = 0; i < (HOURS * 3600) / DELTA_S; i++) {
			const delta = nextDelta(m, i);

			if (i % 20 === 0) // a hazard comes, and is over five minutes later
				delta.alerts = [{ ...m.town.alerts[0], id: `hazard:m-${i}`, case: `m-${i}`, at: now, acked_by: null }, { id: `hazard:m-${i - 160}`, gone: true }];
			if (i % 20 === 0)
				delta.cases = [{ ...m.town.cases[0], id: `m-${i}`, at: now }, { id: `m-${i - 160}`, gone: true }];
			m.change(delta);
			if (i % 4 === 3) // as they come: drawn one by one, or nearly
				await page.evaluate(() => new Promise((ok) => requestAnimationFrame(ok)));
			if (i === FIRST_S / DELTA_S)
				first = await heap();
		}
		await page.waitForFunction((n) => document.querySelector('.ledger tr[data-row="route grid"] .key')?.textContent?.includes(n), (62 + (HOURS * 3600) / DELTA_S - 1).toLocaleString('en'), { timeout: 30e3 });
		return { first, last: await heap(), deltas: (HOURS * 3600) / DELTA_S };
	} finally {
		await browser.close();
		await m.stop();
	}
}

/** The bars; absolute: what a reader notices has no reference. */
export async function desk({ bar, say, median, f, pairs }) {
	const turns = { alert: [], paint: [], whole: [], bytes: [], demo: [], gzip: [], delay: [], delta: [], heap: [] };

	await demoRun(async (base, password) => { // its own devices move it: each turn is another
		await coldLoad(base, 'centre', password); // not counted: meanwhile the stream tells of all its phones, which have just come
		for (let i = 0; i < pairs; i++) {
			const demo = await coldLoad(base, 'centre', password), plain = await coldLoad(base, 'centre', password, 'gzip');
			turns.demo.push(demo.bytes);
			turns.gzip.push(plain.bytes);
			turns.paint.push(demo.paint);
			turns.whole.push(demo.ms);
			if (i === 0)
				say(`desk: of the demo town ${demo.of.slice(0, 12).map(([what, n]) => `${what} ${n}`).join(', ')}; ${demo.of.length} answers`);
			say(`desk ${i + 1}/${pairs}: the demo town ${demo.bytes} bytes, ${plain.bytes} with gzip alone, first paint ${f(demo.paint, 0)} ms, whole ${f(demo.ms, 0)} ms`);
		}
	});

	for (let i = 0; i < pairs; i++) {
		turns.alert.push(quantile(await alertTimes(), 0.95));
		const town = await Town.start({ server: true });
		try {
			await town.user('duty', 'p-duty', 'centre', TOWN);
			const cold = await coldLoad(`${town.base}/`, 'duty', town.passwords.duty);
			turns.bytes.push(cold.bytes);
		} finally {
			await town.stop();
		}
		const large = await largeTimes();
		if (large.delays.length < 10 || large.deltas.length < 50) throw new Error(`desk: ${large.delays.length} inputs, ${large.deltas.length} deltas seen`);
		turns.delay.push(quantile(large.delays, 0.95));
		turns.delta.push(quantile(large.deltas, 0.95));
		if (i === 0) { // a minute each: once
			const heap = await heapTimes();
			turns.heap.push(heap.last / heap.first);
			say(`desk: heap ${f(heap.first / 1e6)} MB after ten minutes, ${f(heap.last / 1e6)} MB after ${heap.deltas} deltas`);
		}
		say(`desk ${i + 1}/${pairs}: alert p95 ${f(turns.alert.at(-1), 0)} ms, ${turns.bytes.at(-1)} bytes, ` +
			`input delay p95 ${f(turns.delay.at(-1), 1)} ms, delta p95 ${f(turns.delta.at(-1), 1)} ms`);
	}
	const one = (name, key, unit, limit, digits = 0) => bar(`desk: ${name}`, `${f(median(turns[key]), digits)} ${unit}`, '-', median(turns[key]), '<=', limit, { turns: turns[key] });
	one('an alert on the screen, p95', 'alert', 'ms', 300);
	one('first paint of a cold load', 'paint', 'ms', 1000);
	one('the whole desk after a cold load', 'whole', 'ms', 1000);
	one('bytes of a cold load, a small town', 'bytes', 'bytes', 150 * 1024);
	one('bytes of a cold load, the demo town', 'demo', 'bytes', 150 * 1024);
	one('the same with gzip alone', 'gzip', 'bytes', 150 * 1024);
	one('input delay, 3,000 cases, 2,000 people, p95', 'delay', 'ms', 50, 1);
	one('a delta drawn, p95', 'delta', 'ms', 30, 1);
	one('heap after 8 hours : after 10 minutes', 'heap', '', 1.2, 2);
}

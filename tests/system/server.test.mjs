// xunge-server with a real ingest and broker: sign-in, rights, the live stream, what it survives.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, readFileSync, readdirSync, renameSync, rmdirSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import Ajv2020 from 'ajv/dist/2020.js';
import { BUILD, COMMUNITY, GRID, Live, RIVER, ROOT, TOWN, Town, run, sleep, until } from '../lib/index.mjs';

const MESSAGES = path.join(ROOT, 'schema/messages');
const ajv = new Ajv2020.default({ strict: false });
for (const f of readdirSync(MESSAGES)) ajv.addSchema(JSON.parse(readFileSync(path.join(MESSAGES, f), 'utf8')));
const isFrame = ajv.getSchema('https://xunge.invalid/messages/v1/live.server.json');

let patrols = 0;
const start = (target = RIVER, route = 'river') => ['patrol.start', { patrol: `t${++patrols}`, route, target }];

/** What a page would show: applies snapshots and deltas, and checks the chain of commits. */
class Screen {
	constructor(live) {
		this.live = live;
		this.at = 0;
		this.problems = [];
	}

	catchUp() {
		for (; this.at < this.live.frames.length; this.at++) {
			const f = this.live.frames[this.at];
			if (!isFrame(f)) this.problems.push(`${JSON.stringify(isFrame.errors?.[0])} in ${JSON.stringify(f).slice(0, 300)}`);
			if (f.op === 'snapshot') {
				this.rows = { figures: new Map(), areas: new Map(), devices: new Map(), feed: new Map() };
				this.commit = f.commit;
				this.apply(f);
			} else if (f.op === 'delta') {
				if (f.from !== this.commit) this.problems.push(`from ${f.from}, have ${this.commit}`);
				if (f.commit < f.from) this.problems.push(`commit ${f.commit} < from ${f.from}`);
				this.commit = f.commit;
				this.apply(f);
			} else if (f.op === 'tick') {
				this.commit = f.commit;
			}
		}
		return this;
	}

	apply(f) {
		const keys = { figures: (r) => `${r.id}/${r.level}/${r.category}`, areas: (r) => r.code, devices: (r) => r.device, feed: (r) => r.commit };
		for (const [member, key] of Object.entries(keys))
			for (const r of f[member] ?? []) {
				if (r.gone) this.rows[member].delete(key(r));
				else this.rows[member].set(key(r), r);
			}
	}

	figure(key) {
		return this.catchUp().rows?.figures.get(key);
	}

	plain() {
		this.catchUp();
		return Object.fromEntries(['figures', 'areas', 'devices'].map((m) => [m, Object.fromEntries([...this.rows[m]].sort())]));
	}
}

async function screen(session, hello = {}) {
	const s = new Screen(await session.live(hello));
	await s.live.frame((f) => f.op === 'snapshot' || f.op === 'delta', 'the first frame');
	return s;
}

describe('server', { timeout: 150000 }, () => {
	let town, d1, d2, centre, admin;

	before(async () => {
		town = await Town.start({ server: false });
		town.o.conf = { server: { metrics_token_file: town.write('metrics.token', 'a-token-of-the-scraper\n', 0o600) } };
		town.writeConf();
		await town.startServer();
		await town.user('centre', 'p-duty', 'centre', TOWN);
		await town.user('admin', 'p-admin', 'admin', '*');
		await town.user('east', 'p-duty', 'office', COMMUNITY[0]);
		d1 = await town.device('d-0001', 'p-0001');
		d2 = await town.device('d-0002', 'p-0002');
		centre = await town.session('centre');
		admin = await town.session('admin');
	});
	after(() => town?.stop());

	test('operations: livez, readyz, version, metrics', async () => {
		assert.equal((await admin.fetch('/livez')).status, 200);
		const ready = await until(async () => {
			const r = await admin.fetch('/readyz');
			return r.status === 200 && r.json();
		}, 'readyz');
		assert.deepEqual({ ...ready, commit: 0, head_age_ms: 0 }, { ready: true, database: true, ingest: true, broker: true, commit: 0, head_age_ms: 0 });
		const v = await (await admin.fetch('/version')).json();
		assert.equal(v.db, await town.one(`SELECT value FROM meta WHERE key = 'db'`));
		const text = await (await fetch(`${town.base}/metrics`)).text();
		assert.match(text, /^xunge_server_head_commit \d+$/m);
		assert.match(text, /^xunge_ingest_mqtt_linked 1$/m);
		assert.ok(text.split('\n').every((l) => !l || /^(# TYPE \w+ (counter|gauge)|\w+(\{[^}]*\})? [-+0-9.eE]+)$/.test(l)), 'Prometheus text');
		const from = (headers) => fetch(`${town.base}/metrics`, { headers: { 'x-forwarded-for': '10.0.0.1', ...headers } }); // through a proxy
		assert.equal((await from({})).status, 403);
		assert.equal((await from({ authorization: 'Bearer a-token-of-the-scrapeR' })).status, 403);
		assert.equal((await from({ authorization: 'Bearer a-token-of-the-scraper' })).status, 200);
	});

	test('every call of openapi.yaml is there, and answers in its words', async () => {
		const text = readFileSync(path.join(ROOT, 'schema/openapi.yaml'), 'utf8');
		const calls = [...text.matchAll(/^ {2}(\/[^:\n]*):\n((?: {4}.*\n| {0,4}\n)+)/gm)].flatMap(([, p, body]) => [...body.matchAll(/^ {4}(get|head|post|put|patch|delete|options):\n((?: {6}.*\n)+)/gm)]
			.map(([, method, rest]) => ({ p, method: method.toUpperCase(), statuses: [...rest.matchAll(/^ {8}'(\d+)':/gm)].map((m) => Number(m[1])) })));
		assert.deepEqual(calls.map((c) => `${c.method} ${c.p}`), ['GET /livez', 'GET /readyz', 'GET /version', 'GET /metrics', 'POST /api/v1/session', 'DELETE /api/v1/session', 'GET /api/v1/me', 'POST /api/v1/me/password', 'GET /api/v1/live', 'GET /api/v1/live/snapshot', 'GET /mqtt', 'GET /api/v1/sync', 'OPTIONS /api/v1/files', 'POST /api/v1/files', 'HEAD /api/v1/files/up/{id}', 'PATCH /api/v1/files/up/{id}', 'POST /api/v1/files/up/{id}', 'DELETE /api/v1/files/up/{id}', 'GET /api/v1/files/{sha256}', 'GET /api/v1/cases', 'GET /api/v1/cases/{id}', 'POST /api/v1/cases/{id}/actions', 'GET /api/v1/alerts', 'POST /api/v1/alerts/{id}/ack', 'POST /api/v1/reminders', 'POST /api/v1/devices/{id}/code', 'POST /api/v1/enrol', 'GET /api/v1/patrols', 'GET /api/v1/patrols/{id}', 'GET /api/v1/held', 'GET /api/v1/events', 'POST /api/v1/events', 'GET /api/v1/patrols/{id}/track.geojson', 'GET /api/v1/people', 'GET /api/v1/reaches', 'GET /api/v1/duty', 'GET /api/v1/overdue', 'GET /api/v1/owed', 'GET /api/v1/figures', 'GET /api/v1/series', 'GET /api/v1/exports/{file}', 'GET /api/v1/catalogue', 'GET /api/v1/areas.geojson', 'GET /api/v1/reaches.geojson', 'GET /api/v1/cases.geojson', 'GET /api/v1/devices.geojson']);
		for (const c of calls) {
			const r = await fetch(town.base + c.p, { method: c.method, ...(c.method === 'POST' && { body: '' }) });
			assert.ok(c.statuses.includes(r.status), `${c.method} ${c.p}: ${r.status}`);
			if (r.status >= 400 && r.status !== 503) assert.match(r.headers.get('content-type'), /^application\/problem\+json/);
			await r.arrayBuffer();
		}
	});

	test('sign-in: answers alike for whoever it is not; rights; CSRF; sign-out', async () => {
		const sign = (user, password, headers = {}) => fetch(`${town.base}/api/v1/session`, {
			method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify({ user, password }),
		});
		const wrong = await sign('centre', 'not-the-password'), nobody = await sign('nobody', 'not-the-password');
		assert.equal(wrong.status, 401);
		assert.equal(nobody.status, 401);
		assert.equal(await wrong.text(), await nobody.text());
		assert.equal((await sign('centre', town.passwords.centre, { origin: 'http://elsewhere' })).status, 403);
		assert.equal((await sign('centre', town.passwords.centre, { 'content-type': 'text/plain' })).status, 415);
		const ok = await sign('centre', town.passwords.centre, { origin: town.base });
		assert.equal(ok.status, 200);
		const cookie = ok.headers.get('set-cookie');
		assert.match(cookie, /^xunge=[A-Za-z0-9_-]{43}; Path=\/; HttpOnly; SameSite=Strict$/);
		const me = await ok.json();
		assert.deepEqual({ ...me, csrf: 0 }, { user: 'centre', person: 'p-duty', roles: ['centre'], scope: TOWN, csrf: 0, demo: false });
		assert.ok(me.csrf.length >= 22);
		const h = { cookie: cookie.split(';')[0] };
		assert.deepEqual(await (await fetch(`${town.base}/api/v1/me`, { headers: h })).json(), me);
		assert.equal((await fetch(`${town.base}/api/v1/me`)).status, 401);
		assert.equal((await fetch(`${town.base}/api/v1/me`, { headers: { cookie: `xunge=${'x'.repeat(43)}` } })).status, 401);
		const out = (headers) => fetch(`${town.base}/api/v1/session`, { method: 'DELETE', headers: { ...h, ...headers } });
		assert.equal((await out({})).status, 403);
		assert.equal((await out({ 'x-csrf-token': 'x'.repeat(43) })).status, 403);
		assert.equal((await out({ 'x-csrf-token': me.csrf, origin: 'http://elsewhere' })).status, 403);
		assert.equal((await out({ 'x-csrf-token': centre.me.csrf })).status, 403, 'the token of another session');
		assert.equal((await fetch(`${town.base}/api/v1/me`, { headers: h })).status, 200);
		const left = await out({ 'x-csrf-token': me.csrf, origin: town.base });
		assert.equal(left.status, 204);
		assert.match(left.headers.get('set-cookie'), /^xunge=; .*Max-Age=0/);
		assert.equal((await fetch(`${town.base}/api/v1/me`, { headers: h })).status, 401);
		// Tokens are not on disk.
		const db = await run('sqlite3', ['-readonly', town.path('server.db'), 'SELECT hex(hash) FROM session']);
		assert.ok(db.out.length > 60 && !db.out.includes(Buffer.from(cookie.slice(6, 49)).toString('hex').toUpperCase()));
	});

	test('of a query nothing is passed over: long parts, empty parts', async () => {
		const ask = async (q) => (await centre.fetch(`/api/v1/cases?${q}`)).status;
		assert.equal(await ask(`q=${'x'.repeat(3000)}&state=open`), 200);
		assert.equal(await ask(`q=${'x'.repeat(3000)}&state=junk`), 400);
		assert.equal(await ask('state=open&&limit=2'), 200);
		assert.equal(await ask('&state=open&&limit=junk'), 400);
		assert.equal(await ask(`q=${'x'.repeat(6000)}`), 400);
	});

	test('a second sign-in ends the session that the browser had', async () => {
		const s = await town.session('centre');
		const r = await s.fetch('/api/v1/session', { method: 'POST', body: JSON.stringify({ user: 'centre', password: town.passwords.centre }) });
		assert.equal(r.status, 200);
		assert.equal((await s.fetch('/api/v1/me')).status, 401);
	});

	test('guessing is slowed down, for account and address together', async () => {
		const guess = () => fetch(`${town.base}/api/v1/session`, {
			method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ user: 'east', password: 'wrong-wrong' }),
		});
		for (let i = 0; i < 5; i++) assert.equal((await guess()).status, 401);
		const locked = await guess();
		assert.equal(locked.status, 429);
		assert.ok(Number(locked.headers.get('retry-after')) > 20);
		await assert.rejects(town.session('east'), { status: 429 }); // also with the right one
		assert.ok(await town.session('centre'), 'others are not locked');
	});

	test('snapshot, then a delta with just the rows that changed', async () => {
		const s = await screen(centre);
		const snap = s.live.frames[0];
		assert.deepEqual(Object.keys(snap).filter((k) => k !== 'got'), ['op', 'db', 'commit', 'time', 'scope', 'source', 'figures', 'areas', 'alerts', 'cases', 'overdue', 'devices', 'feed']);
		assert.deepEqual(snap.areas.map((a) => a.code), [TOWN, COMMUNITY[0], GRID[0], GRID[1], COMMUNITY[1], GRID[2], GRID[3]].sort());
		const key = 'patrols/grid/river', was = s.figure(key)?.today ?? 0;
		const t0 = Date.now();
		const sent = await d1.send(...start(), { loc: { lat: 33.3912, lon: 104.9217, acc: 8 } });
		assert.equal(sent.status, 'stored');
		const delta = await s.live.frame((f) => f.op === 'delta' && f.feed?.some((r) => r.kind === 'patrol.start'), 'the delta');
		console.log(`# publish to screen: ${delta.got - t0} ms`);
		await until(() => s.figure(key)?.today === was + 1, 'the count');
		const row = delta.feed.find((r) => r.kind === 'patrol.start');
		assert.deepEqual({ ...row, commit: 0, at: 0 }, { commit: 0, kind: 'patrol.start', person: 'p-0001', name: '赵甲', scope: RIVER, place: '清水河东关段', at: 0, text: '赵甲 开始巡查 清水河东关段：河道' });
		assert.deepEqual(Object.keys(s.figure(key)), ['id', 'level', 'category', 'today', 'month', 'year', 'due_today']);
		s.catchUp();
		assert.ok(s.rows.areas.get(COMMUNITY[0]).patrols_today >= 1);
		assert.equal(s.rows.areas.get(TOWN).patrols_today, s.rows.areas.get(COMMUNITY[0]).patrols_today + s.rows.areas.get(COMMUNITY[1]).patrols_today);
		assert.ok(!delta.areas.some((a) => a.code === COMMUNITY[1]), 'what did not change is not sent');
		const dev = await until(() => s.catchUp().rows.devices.get('d-0001')?.loc && s.rows.devices.get('d-0001'), 'the position');
		assert.deepEqual(dev.loc, [104.9217, 33.3912]);
		assert.deepEqual(s.problems, []);
		s.live.end();
	});

	test('nothing from outside the scope', async () => {
		const s = await screen(centre, { scope: COMMUNITY[1] }); // narrower than one's own
		const all = await screen(admin);
		await d1.send(...start());
		await d2.send('sos', { text: '迷路' });
		const seen = await s.live.frame((f) => f.feed?.some((r) => r.kind === 'sos'), 'the sos');
		await all.live.frame((f) => f.feed?.some((r) => r.kind === 'sos'), 'the sos');
		assert.ok(all.live.frames.some((f) => f.feed?.some((r) => r.kind === 'patrol.start')));
		s.catchUp();
		assert.ok(![...s.rows.feed.values()].some((r) => r.kind === 'patrol.start'));
		assert.deepEqual([...s.rows.devices.keys()], ['d-0002']);
		assert.ok([...s.rows.areas.keys()].every((c) => c.startsWith(COMMUNITY[1])));
		assert.ok(seen.feed[0].text.includes('迷路'));
		assert.deepEqual(s.problems, []);
		s.live.end();
		all.live.end();
	});

	test('resume from a commit: what a client missed, and no more', async () => {
		const s = await screen(centre);
		const before = s.plain(), { db } = s.live.frames[0];
		s.live.end();
		await sleep(50);
		const since = s.catchUp().commit;
		await d1.send(...start(GRID[1], 'grid'));
		await d1.send('status', { battery: 41, queue: 3 });
		const live = await centre.live({ db, since });
		const first = await live.frame((f) => f.op, 'the first frame');
		assert.equal(first.op, 'delta');
		assert.equal(first.from, since);
		assert.ok(first.feed.length === 2 && first.feed.every((r) => r.commit > since));
		s.live = live;
		s.at = 0;
		const fresh = await screen(centre);
		await until(() => JSON.stringify(s.plain()) === JSON.stringify(fresh.plain()), 'both screens to agree');
		assert.notDeepEqual(s.plain(), before);
		await d2.send(...start(GRID[2], 'grid'));
		await until(() => s.catchUp().commit === fresh.catchUp().commit && JSON.stringify(s.plain()) === JSON.stringify(fresh.plain()), 'both screens to agree');
		assert.deepEqual(s.problems.concat(fresh.problems), []);
		for (const hello of [{ db: '0'.repeat(32), since }, { db, since: first.commit + 1000000 }, { db, since: 0 }, { db, since: -4 }, { since }]) {
			const other = await centre.live(hello);
			assert.equal((await other.frame((f) => f.op)).op, 'snapshot', JSON.stringify(hello));
			other.end();
		}
		live.end();
		fresh.live.end();
	});

	test('rights: disabled, other password, other scope, sign-out', async () => {
		await town.user('visitor', 'p-duty', 'leader', TOWN);
		const open = async () => {
			const session = await town.session('visitor');
			const s = await screen(session);
			return { session, s };
		};
		const gone = async ({ session, s }, what, ms) => {
			await until(() => s.live.close, what, ms);
			assert.equal(s.live.close.code, 4403);
			assert.equal((await session.fetch('/api/v1/me')).status, 401, what);
		};
		let a = await open();
		const t0 = Date.now();
		await town.must('user', 'disable', 'visitor');
		await gone(a, 'the end after disabling', 6000);
		console.log(`# disabled to closed: ${Date.now() - t0} ms (with the command)`);
		await assert.rejects(town.session('visitor'), { status: 401 });
		await town.user('visitor', 'p-duty', 'leader', TOWN);
		a = await open();
		const r = await town.xunge(['user', 'passwd', 'visitor'], { input: 'another-password\n' });
		assert.equal(r.code, 0, r.err);
		await gone(a, 'the end after a new password', 6000);
		town.passwords.visitor = 'another-password';
		a = await open();
		assert.equal((await a.session.fetch('/api/v1/session', { method: 'DELETE' })).status, 204);
		await gone(a, 'the end after sign-out', 5000);
		// A wider right brings a snapshot, a narrower one ends the stream that needs more.
		a = await open();
		const door = await town.door();
		const { hash } = (await town.sql(`SELECT hash FROM account WHERE name = 'visitor' AND until IS NULL`))[0];
		const put = (scope) => door.call({ op: 'user.put', user: 'visitor', person: 'p-duty', role: 'leader', scope, hash });
		const n = a.s.live.frames.length;
		assert.ok((await put('*')).ok);
		await a.s.live.frame((f) => f.op === 'snapshot', 'a snapshot for the right gained', 5000, n);
		assert.ok((await put(COMMUNITY[0])).ok);
		await until(() => a.s.live.close, 'the end of a right', 5000);
		assert.equal(a.s.live.close.code, 4403);
		assert.equal((await (await a.session.fetch('/api/v1/me')).json()).scope, COMMUNITY[0], 'still signed in, with less');
		const less = new Live(a.session);
		await less.opened;
		less.send({ op: 'hello', scope: TOWN });
		await until(() => less.close, 'the refusal');
		assert.equal(less.close.code, 4403);
	});

	test('places and devices change: fresh snapshot, gone rows', async () => {
		const s = await screen(centre);
		await town.enrol('d-0009', 'p-0001');
		await until(() => s.catchUp().rows.devices.has('d-0009'), 'the new device');
		assert.equal(s.live.frames.filter((f) => f.op === 'snapshot').length, 1, 'no snapshot for a device');
		await town.must('device', 'revoke', 'd-0009');
		const gone = await s.live.frame((f) => f.devices?.some((r) => r.gone), 'the gone row');
		assert.deepEqual(gone.devices.find((r) => r.gone), { device: 'd-0009', gone: true });
		await town.import('areas', `code,name,valid_from,valid_to\n${COMMUNITY[1]}003,西关三网格,,\n`);
		await s.live.frame((f) => f.op === 'snapshot' && f.areas.some((r) => r.name === '西关三网格'), 'the fresh snapshot');
		assert.deepEqual(s.catchUp().problems, []);
		s.live.end();
	});

	test('a client that stops reading gets a fresh snapshot in the end, and costs no memory', async () => {
		const stuck = [];
		for (let i = 0; i < 20; i++) {
			const l = await admin.live();
			await l.frame((f) => f.op === 'snapshot');
			l.ws._socket.pause();
			stuck.push(new Screen(l));
		}
		const quick = await screen(admin);
		const before = town.server.anon(), door = await town.door();
		const text = '求'.repeat(160);
		for (let i = 0; i < 160; i++) {
			await door.events('d-0002', Array.from({ length: 50 }, (_, k) => ({ epoch: 'flood', seq: i * 50 + k + 1, kind: 'sos', at: Date.now(), body: { text: `${i}/${k} ${text}` } })));
		}
		await quick.live.frame((f) => f.feed?.some((r) => r.text.includes('159/49')), 'the last of the flood', 30000);
		const grown = town.server.anon() - before;
		console.log(`# 20 stuck streams, 8000 events: ${grown} KiB`);
		if (!/address/.test(BUILD)) assert.ok(grown < 12 * 1024, `grew by ${grown} KiB`); // that sanitizer keeps what was freed
		assert.deepEqual(quick.catchUp().problems, []);
		for (const s of stuck) s.live.ws._socket.resume();
		for (const s of stuck) {
			await until(() => s.catchUp().commit >= quick.commit, 'a stuck client to catch up', 20000);
			assert.deepEqual(s.problems, []);
		}
		assert.ok(stuck.some((s) => s.live.frames.filter((f) => f.op === 'snapshot').length > 1), 'a fresh snapshot');
		for (const s of stuck) {
			await until(() => JSON.stringify(s.plain()) === JSON.stringify(quick.plain()), 'the same screen');
			s.live.end();
		}
		quick.live.end();
	});

	test('kill -9 and start again: sessions hold, the stream resumes', async () => {
		const s = await screen(centre);
		const { db } = s.live.frames[0], { commit: since } = s.catchUp();
		await town.server.kill();
		await until(() => s.live.close, 'the end of the stream');
		const sent = await d1.send(...start());
		assert.equal(sent.status, 'stored', 'ingest does not need the server');
		await town.startServer();
		assert.equal((await centre.fetch('/api/v1/me')).status, 200);
		const live = await centre.live({ db, since });
		const first = await live.frame((f) => f.op);
		assert.equal(first.op, 'delta');
		assert.equal(first.from, since);
		assert.ok(first.feed.some((r) => r.kind === 'patrol.start'));
		live.end();
	});

	test('an ingest that hangs is not called ready, and is again when it goes on; the stream tells both', async () => {
		const live = await centre.live(), from = Date.now();
		await live.frame((f) => f.source?.broker === 'ok', 'that all is well');
		town.ingest.signal('SIGSTOP');
		try {
			const said = await live.frame((f) => f.source?.ingest === 'silent', 'that ingest is silent', 20000);
			assert.ok(said.source.since >= from - 5000 && said.source.since <= said.time, 'since it was heard last');
			assert.equal(said.source.broker, 'unknown');
			await until(async () => (await centre.fetch('/readyz')).status === 503, 'not ready', 20000, 200);
			assert.equal((await (await centre.fetch('/readyz')).json()).ingest, false);
		} finally {
			town.ingest.signal('SIGCONT');
		}
		const over = await live.frame((f) => f.source?.broker === 'ok', 'that it answers', 20000, live.frames.findIndex((f) => f.source?.ingest === 'silent'));
		assert.deepEqual(over.source, { database: 'ok', ingest: 'ok', broker: 'ok' });
		await until(async () => (await centre.fetch('/readyz')).status === 200, 'ready again', 20000, 200);
		live.end();
	});

	test('a broker that hangs is not called ready; the stream tells', async () => {
		const live = await centre.live();
		town.broker.signal('SIGSTOP');
		try {
			const said = await live.frame((f) => f.source?.broker === 'silent', 'that the broker is silent', 20000);
			assert.equal(said.source.ingest, 'ok');
			const body = await (await centre.fetch('/readyz')).json();
			assert.deepEqual([body.ready, body.ingest, body.broker], [false, true, false]);
		} finally {
			town.broker.signal('SIGCONT');
		}
		await live.frame((f) => f.source?.broker === 'ok', 'that it answers', 20000, live.frames.findIndex((f) => f.source?.broker === 'silent'));
		assert.equal((await centre.fetch('/readyz')).status, 200);
		live.end();
	});

	test('who asks for a beat hears the server, whatever happens or not', async () => {
		const live = await centre.live({ beat: true });
		await live.frame((f) => f.op === 'snapshot');
		await until(() => live.frames.filter((f) => f.op === 'pong').length >= 3, 'three pongs that were not asked for', 15000);
		live.end();
	});

	test('ingest goes away and comes back', async () => {
		const s = await screen(centre);
		await town.ingest.kill();
		await until(async () => (await centre.fetch('/readyz')).status === 503, 'not ready');
		const body = await (await centre.fetch('/readyz')).json();
		assert.deepEqual([body.database, body.ingest], [true, false]);
		assert.equal((await centre.fetch('/api/v1/me')).status, 200);
		await town.startIngest();
		await until(async () => (await centre.fetch('/readyz')).status === 200, 'ready again', 15000);
		await d1.send(...start());
		await s.live.frame((f) => f.feed?.some((r) => r.kind === 'patrol.start'), 'the event');
		assert.deepEqual(s.catchUp().problems, []);
		s.live.end();
	});

	test('a restored database is another one', async () => {
		await town.must('backup', town.path('copy.db'));
		const s = await screen(centre), { db } = s.live.frames[0];
		await town.ingest.stop();
		await town.must('restore', town.path('copy.db'), ...(await restoreArgs()));
		await town.startIngest();
		const snap = await s.live.frame((f) => f.op === 'snapshot' && f.db !== db, 'a snapshot of the other database', 15000);
		assert.equal(snap.db, await town.one(`SELECT value FROM meta WHERE key = 'db'`));
		await d1.send(...start());
		await s.live.frame((f) => f.op === 'delta' && f.feed?.some((r) => r.kind === 'patrol.start'), 'an event of it', 15000, s.live.frames.indexOf(snap));
		s.live.end();
	});

	test('a database that cannot be opened is told in the stream, which goes on', async () => {
		const live = await centre.live(), file = town.path('town.db');
		await live.frame((f) => f.source?.broker === 'ok', 'that all is well');
		renameSync(file, `${file}.away`); // ingest has it open all the same
		mkdirSync(file);
		const said = await live.frame((f) => f.source?.database === 'away', 'that the database is away', 15000);
		assert.ok(said.source.since <= said.time);
		rmdirSync(file);
		renameSync(`${file}.away`, file);
		const from = live.frames.indexOf(said);
		await live.frame((f) => f.source?.database === 'ok', 'that it is back', 15000, from);
		await d1.send(...start());
		await live.frame((f) => f.op === 'delta' && f.feed?.some((r) => r.kind === 'patrol.start'), 'an event', 15000, from);
		assert.equal(live.close, null);
		live.end();
	});

	async function restoreArgs() {
		const help = await town.xunge(['restore', '--help']);
		return /--force|--yes/.test(help.out) ? [help.out.match(/--force|--yes/)[0]] : [];
	}
});

describe('server without the bell', { timeout: 60000 }, () => {
	test('everything still arrives, by asking the database', async () => {
		const town = await Town.start({ server: false });
		try {
			await town.user('admin', 'p-admin', 'admin', '*');
			town.o.env = { XUNGE_INGEST_SOCKET: town.path('nowhere.sock') };
			await town.startServer();
			const s = await town.session('admin');
			const live = await s.live();
			await live.frame((f) => f.op === 'snapshot');
			const d = await town.device('d-0001');
			const t0 = Date.now();
			await d.send(...start());
			const f = await live.frame((x) => x.feed?.some((r) => r.kind === 'patrol.start'), 'the event', 15000);
			console.log(`# publish to screen without a bell: ${f.got - t0} ms`);
			assert.equal((await s.fetch('/readyz')).status, 503);
			await town.must('user', 'disable', 'admin');
			await until(() => live.close, 'the end of the stream', 6000);
			assert.equal(live.close.code, 4403);
		} finally {
			await town.stop();
		}
	});
});

describe('starting', { timeout: 60000 }, () => {
	let town;
	before(async () => {
		town = await Town.start({ ingest: false, broker: false, registry: false });
	});
	after(() => town?.stop());

	const server = (env = {}, args = ['--config', town.conf]) => run(path.join(BUILD, 'xunge-server'), args, { env, ms: 15000 });
	const refused = (r, pattern) => {
		assert.equal(r.code, 1, r.err);
		assert.match(r.err, pattern);
		assert.equal(r.err.trim().split('\n').length, 1, r.err);
	};

	test('one clear line for what is wrong, exit status 1 or 2', async () => {
		const s = net.createServer().listen(town.httpPort, '127.0.0.1');
		await once(s, 'listening');
		refused(await server(), new RegExp(`<3>server: port ${town.httpPort} of 127.0.0.1 is in use`));
		s.close();
		refused(await server({ XUNGE_SERVER_LISTEN: '0.0.0.0' }), /insecure_lan/);
		refused(await server({ XUNGE_SERVER_LISTEN: 'somewhere' }), /without TLS|want an address/);
		refused(await server({ XUNGE_SERVER_LISTEN: 'localhorst', XUNGE_SERVER_INSECURE_LAN: 'yes' }), /want an address/);
		refused(await server({ XUNGE_SERVER_PORT: 'x' }), /port/);
		refused(await server({ XUNGE_SERVER_WEB: '/nonexistent' }), /web pages/);
		refused(await server({ XUNGE_SERVER_CERT: '/nonexistent' }), /cert and key/);
		refused(await server({ XUNGE_SERVER_DB: '/nonexistent/server.db' }), /server\.db/);
		refused(await server({ XUNGE_SERVER_METRICS_TOKEN_FILE: '/nonexistent' }), /metrics token/);
		writeFileSync(town.path('other.db'), 'this is no database, but long enough to be looked at as one'.repeat(40));
		const other = await server({ XUNGE_STORE_PATH: town.path('other.db') });
		refused(other, /other\.db/);
		await run('sqlite3', [town.path('newer.db'), 'PRAGMA application_id=1; PRAGMA user_version=999; CREATE TABLE t(a)']);
		refused(await server({ XUNGE_STORE_PATH: town.path('newer.db') }), /newer\.db/);
		const usage = await server({}, ['--what']);
		assert.equal(usage.code, 2);
		const help = await server({}, ['--help']);
		assert.equal(help.code, 0);
		assert.match(help.out, /usage: xunge-server/);
		assert.match((await server({}, ['--version'])).out, /^xunge-server \d/);
	});

	test('waits for a database that is not there yet, and stops at a signal', async () => {
		town.o.env = { XUNGE_STORE_PATH: town.path('late.db') };
		const p = town.startServer();
		await until(() => town.server?.log.includes('tried again'), 'the line', 10000);
		assert.equal((await fetch(`${town.base}/readyz`)).status, 503);
		assert.equal((await fetch(`${town.base}/livez`)).status, 200);
		assert.equal((await run(path.join(BUILD, 'xunge'), ['--config', town.conf, 'init'], { env: { XUNGE_STORE_PATH: town.path('late.db') } })).code, 0);
		await p;
		const { code } = await town.server.stop();
		assert.equal(code, 0);
	});

	test('TLS: the cookie is __Host-, old versions are refused, the certificate can be changed', async () => {
		const cert = async (name) => {
			const r = await run('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', `/CN=${name}`,
				'-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', town.path('key.pem'), '-out', town.path('cert.pem')]);
			assert.equal(r.code, 0, r.err);
		};
		const show = async (...more) => (await run('openssl', ['s_client', '-connect', `127.0.0.1:${town.httpPort}`, ...more], { input: '' })).out;
		await cert('first');
		town.o.env = { XUNGE_SERVER_CERT: town.path('cert.pem'), XUNGE_SERVER_KEY: town.path('key.pem'), XUNGE_SERVER_LISTEN: '0.0.0.0' };
		await town.startServer();
		await town.user('admin', '', 'admin', '*').catch(() => town.user('admin', 'admin', 'admin', '*'));
		const { Agent } = await import('node:https');
		const https = await import('node:https');
		const agent = new Agent({ rejectUnauthorized: false });
		const call = (method, p, body, headers = {}) => new Promise((yes, no) => {
			const r = https.request(`https://127.0.0.1:${town.httpPort}${p}`, { method, agent, headers: { ...(body && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }), ...headers } }, (res) => {
				let text = '';
				res.setEncoding('utf8').on('data', (x) => (text += x)).on('end', () => yes({ status: res.statusCode, headers: res.headers, text }));
			});
			r.on('error', no).end(body);
		});
		const r = await call('POST', '/api/v1/session', JSON.stringify({ user: 'admin', password: town.passwords.admin }));
		assert.equal(r.status, 200, r.text);
		assert.match(r.headers['set-cookie'][0], /^__Host-xunge=[^;]+; Path=\/; HttpOnly; SameSite=Strict; Secure$/);
		assert.ok(r.headers['strict-transport-security']);
		const cookie = r.headers['set-cookie'][0].split(';')[0];
		assert.equal((await call('GET', '/api/v1/me', undefined, { cookie })).status, 200);
		const { default: WebSocket } = await import('ws');
		const ws = new WebSocket(`wss://127.0.0.1:${town.httpPort}/api/v1/live`, 'xunge.live.v1', { rejectUnauthorized: false, headers: { cookie, origin: `https://127.0.0.1:${town.httpPort}` } });
		await once(ws, 'open');
		ws.send('{"op":"hello"}');
		const [m] = await once(ws, 'message');
		assert.equal(JSON.parse(m).op, 'snapshot');
		const plain = new WebSocket(`wss://127.0.0.1:${town.httpPort}/api/v1/live`, 'xunge.live.v1', { rejectUnauthorized: false, headers: { cookie, origin: `http://127.0.0.1:${town.httpPort}` } });
		const [e] = await once(plain, 'error');
		assert.match(e.message, /403/);
		assert.match(await show(), /CN ?= ?first/);
		assert.match(await show('-alpn', 'h2'), /No ALPN negotiated|ALPN protocol: http\/1.1/);
		assert.ok(!/Cipher is [A-Z]/.test(await show('-tls1_1')), 'TLS 1.1 is refused');
		await cert('second');
		town.server.signal('SIGHUP');
		await until(async () => /CN ?= ?second/.test(await show()), 'the new certificate', 10000);
		ws.terminate();
		agent.destroy();
		await town.server.stop();
	});
});

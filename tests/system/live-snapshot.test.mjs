// The snapshot over HTTP that a page begins with: what the stream's first frame says, for whom the stream would say it, and
// the stream goes on from it without a gap or a double.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { get } from 'node:http';
import { COMMUNITY, GRID, TOWN, Town, until } from '../lib/index.mjs';

let town, phone, centre, east;
const PATH = '/api/v1/live/snapshot';
const ask = async (session, query = '') => {
	const r = await session.fetch(PATH + query);
	return { status: r.status, headers: r.headers, body: await r.json() };
};
/** As the bytes come: fetch would unpack them. */
const raw = (session, coding) => new Promise((ok, no) => get(session.base + PATH, { headers: { cookie: session.cookie, 'accept-encoding': coding } }, (r) => {
	const parts = [];

	r.on('data', (d) => parts.push(d)).on('end', () => ok({ coding: r.headers['content-encoding'], bytes: Buffer.concat(parts) })).on('error', no);
}).on('error', no));
const snapshotOf = async (session, hello = {}) => {
	const l = await session.live(hello);
	const { got: _, ...f } = await l.frame((x) => x.op);

	l.end();
	return f;
};

before(async () => {
	town = await Town.start({ server: true });
	await town.user('centre', 'p-duty', 'centre', TOWN);
	await town.user('east', 'p-duty', 'office', COMMUNITY[0]);
	phone = await town.device('d-0001', 'p-0001');
	centre = await town.session('centre');
	east = await town.session('east');
	for (let i = 0; i < 3; i++) await phone.send('patrol.start', { patrol: `s-${i}`, route: 'grid', target: GRID[0] });
});
after(() => town?.stop());

test('who may ask for what: as on the stream', async () => {
	assert.equal((await fetch(town.base + PATH)).status, 401);
	for (const [scope, status, code] of [['*', 403, 'not_allowed'], [TOWN, 403, 'not_allowed'], [COMMUNITY[1], 403, 'not_allowed'], ['LX-01', 400, 'bad_parameter'], ['99', 400, 'bad_parameter']]) {
		const r = await ask(east, `?scope=${encodeURIComponent(scope)}`);

		assert.deepEqual([r.status, r.body.code], [status, code], scope);
		const l = await east.live({ scope }); // the stream says so by closing

		await until(() => l.close, `the end of ${scope}`);
		assert.equal(l.close.code, 4403, scope);
	}
	assert.equal((await ask(east, '?scopes=x')).status, 400);
	assert.equal((await ask(east)).body.scope, COMMUNITY[0]);
	assert.equal((await ask(centre, `?scope=${GRID[0]}`)).body.scope, GRID[0]);
	const out = await centre.fetch(PATH, { method: 'POST', body: '{}' });

	assert.equal(out.status, 405);
});

test("it is the stream's first frame, compressed, kept by nobody", async () => {
	for (const [session, scope] of [[centre, TOWN], [east, COMMUNITY[0]], [centre, COMMUNITY[1]]]) {
		const r = await ask(session, `?scope=${scope}`), f = await snapshotOf(session, { scope });

		assert.equal(r.status, 200);
		assert.equal(r.headers.get('cache-control'), 'no-store');
		assert.deepEqual({ ...r.body, time: 0 }, { ...f, time: 0 });
		assert.ok(Math.abs(r.body.time - Date.now()) < 60e3);
	}
	for (const [coding, open] of [['br', brotliDecompressSync], ['gzip', gunzipSync]]) {
		const plain = await raw(centre, 'identity'), small = await raw(centre, coding);

		assert.equal(plain.coding, undefined);
		assert.equal(small.coding, coding);
		assert.ok(small.bytes.length < plain.bytes.length / 2, `${small.bytes.length} of ${plain.bytes.length} bytes`);
		assert.deepEqual({ ...JSON.parse(open(small.bytes)), time: 0 }, { ...JSON.parse(plain.bytes), time: 0 });
	}
});

test('a page that begins under constant publishing: no gap, no double, no second snapshot', async () => {
	const begun = [];
	let going = true, i = 0;
	const flood = (async () => {
		while (going) await phone.send('patrol.start', { patrol: `f-${i++}`, route: 'grid', target: GRID[0] });
	})();

	for (let k = 0; k < 6; k++) {
		const { body: s } = await ask(centre);
		const feed = new Map(s.feed.map((r) => [r.commit, r]));

		if (k % 2) await until(() => i > begun.length * 20, 'commits between the two'); // the stream comes a while later
		begun.push({ s, feed, l: await centre.live({ db: s.db, since: s.commit }) });
	}
	await until(() => i > 300, 'a flood', 20e3);
	going = false;
	await flood;
	const { commit: end } = await snapshotOf(centre);
	const inspected = await phone.send('inspect', { topic: 'gas_check', result: 'ok' });

	assert.equal(inspected.status, 'stored');
	for (const { s, l } of begun) {
		await l.frame((f) => f.feed?.some((r) => r.kind === 'inspect'), 'the last of it');
		let at = s.commit, count = s.figures.find((r) => r.id === 'patrols' && r.level === 'grid' && r.category === 'grid').today;
		const seen = s.feed.map((r) => r.commit);

		for (const f of l.frames) {
			assert.notEqual(f.op, 'snapshot');
			if (f.op === 'delta') assert.equal(f.from, at);
			at = f.commit;
			seen.push(...(f.feed ?? []).map((r) => r.commit));
			count = f.figures?.find((r) => r.id === 'patrols' && r.level === 'grid' && r.category === 'grid')?.today ?? count;
		}
		assert.ok(at > end);
		assert.equal(new Set(seen).size, seen.length, 'no record twice');
		assert.equal(count, 3 + i);
		l.end();
	}
});

// A phone by HTTP alone: events with the same acks as over MQTT, and the sync of what it needs.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import http from 'node:http';
import { GRID, TOWN, Town, until } from '../lib/index.mjs';

const DUTIES = 'rule,role,level,target,period,months,count,count_unit,min_minutes,min_metres,min_gap_hours,min_coverage,substitute,delegate,valid_from,valid_to\n'
	+ 'grid_daily,worker,grid,each,day,1-12,1,times,5,300,,,no,no,2020-01-01,\n'
	+ 'dinghu,chief,community,each,month,1-12,2,times,5,300,,,no,no,2020-01-01,\n';

describe('phones by HTTP', { timeout: 120000 }, () => {
	let town;
	const seq = {};

	before(async () => {
		town = await Town.start({ server: true });
		await town.import('duties', DUTIES);
		await town.user('centre', 'p-duty', 'centre', TOWN);
		await town.enrol('d-0001', 'p-0001');
		await town.enrol('d-0002', 'p-0002');
	});
	after(() => town.stop());

	const auth = (id, secret = town.secrets[id]) => `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
	const event = (id, kind, body = {}, more = {}) => {
		const key = more.epoch ? `${id} ${more.epoch}` : id;

		return { epoch: `e${id.slice(2)}`, seq: (seq[key] = (seq[key] ?? 0) + 1), kind, at: Date.now(), ...more, body };
	};
	const post = (id, payload, headers = {}) => fetch(`${town.base}/api/v1/events`, { method: 'POST', body: typeof payload === 'string' ? payload : JSON.stringify(payload),
		headers: { 'Content-Type': 'application/json', Authorization: auth(id), ...headers } });
	const sync = async (id, cursor) => {
		const r = await fetch(`${town.base}/api/v1/sync${cursor ? `?cursor=${encodeURIComponent(cursor)}` : ''}`, { headers: { Authorization: auth(id) } });

		assert.equal(r.status, 200, await r.clone().text());
		return r.json();
	};

	test('an event is answered after its commit, a repeat alike; MQTT beside it sees one stream', async () => {
		const e = event('d-0001', 'inspect', { topic: 'burn_straw', result: 'ok' }, { scope: GRID[0] });
		const r = await post('d-0001', e);
		const ack = await r.json();

		assert.equal(r.status, 200);
		assert.equal(r.headers.get('cache-control'), 'no-store');
		assert.deepEqual([ack.type, ack.epoch, ack.upto, ack.missing, ack.results], ['ack', e.epoch, 1, [], []]);
		assert.deepEqual(ack.acks.length, 1);
		assert.equal(await town.one('select count(*) from event'), 1);
		assert.deepEqual((await (await post('d-0001', e)).json()).upto, 1);
		const phone = await town.device('d-0001', 'p-0001');

		await phone.publish({ ...event('d-0001', 'inspect', { topic: 'burn_straw', result: 'ok' }, { scope: GRID[0] }) });
		await until(() => phone.upto.get(e.epoch) === 2, 'the ack by MQTT');
		const many = await (await post('d-0001', [3, 4, 4, 6].map((n) => ({ ...e, seq: n, at: e.at + n })))).json();

		assert.deepEqual([many.upto, many.missing], [6, [[5, 5]]]);
		assert.equal(await town.one('select count(*) from event'), 5);
		const hello = await (await post('d-0001', { hello: { epoch: e.epoch, first: 1, next: 7, time: Date.now() } })).json();

		assert.deepEqual([hello.upto, hello.missing], [6, [[5, 5]]]);
		const other = await (await post('d-0001', [{ ...e, epoch: 'x1', seq: 1 }, { ...e, epoch: 'x2', seq: 1, kind: 'dance' }])).json();

		assert.deepEqual(other.acks.map((a) => [a.epoch, a.upto, a.results.length]).sort(), [['x1', 1, 0], ['x2', 1, 1]]);
	});

	test('who is it? wrong secrets, other schemes, a revoked phone', async () => {
		const e = event('d-0002', 'inspect', { topic: 'burn_straw', result: 'ok' }, { scope: GRID[1] });

		for (const Authorization of ['', 'Basic', 'Basic !!!', 'Bearer x', auth('d-0002', 'wrong-wrong-wrong-wrong'), auth('nobody', 'x'), auth('office', 'x'), `Basic ${Buffer.from('no colon').toString('base64')}`]) {
			const r = await post('d-0002', e, { Authorization });

			assert.equal(r.status, 401, Authorization);
			assert.match(r.headers.get('www-authenticate'), /^Basic /);
			assert.match(r.headers.get('content-type'), /problem\+json/);
		}
		let last;

		for (let i = 0; i < 12 && last !== 429; i++)
			last = (await post('d-0002', e, { Authorization: auth('d-0002', `wrong-wrong-wrong-${i}`) })).status;
		assert.equal(last, 429);
		assert.equal((await post('d-0002', e)).status, 200, 'the right secret opens all the same');
		await town.enrol('d-0009', 'p-0002');
		assert.equal((await post('d-0009', { ...e, epoch: 'z' })).status, 200);
		await town.must('device', 'revoke', 'd-0009');
		const revoked = await post('d-0009', { ...e, epoch: 'z', seq: 2 });

		assert.deepEqual([revoked.status, (await revoked.json()).code], [401, 'device_revoked']);
		assert.equal((await (await post('d-0009', e, { Authorization: auth('d-0009', 'wrong-wrong-wrong-wrong') })).json()).code, 'bad_credentials', 'only who had its secret learns so');
		assert.equal(await town.one("select count(*) from event e join stream s on s.id = e.stream where s.device = 'd-0009'"), 1);
	});

	test('limits: at most 256 KiB, JSON only, an answer for what cannot be read', async () => {
		const pad = (n) => JSON.stringify({ ...event('d-0002', 'inspect', { topic: 'burn_straw', result: 'ok', pad: '' }, { scope: GRID[1] }) }).replace('"pad":""', () => `"pad":"${'x'.repeat(n)}"`);
		const at = pad(256 * 1024 - pad(0).length);

		assert.equal(Buffer.byteLength(at), 256 * 1024);
		assert.equal((await post('d-0002', at)).status, 200);
		const above = await post('d-0002', `${at} `);

		assert.equal(above.status, 413);
		assert.match((await above.json()).detail, /262144/);
		assert.equal((await post('d-0002', '{}', { 'Content-Type': 'text/plain' })).status, 415);
		const bad = await (await post('d-0002', '{"epoch":')).json();

		assert.equal(bad.error.code, 'bad_json');
	});

	test('sync: first whole, then only what changed; nothing new is small', async () => {
		const whole = await sync('d-0001');

		assert.equal(whole.full, true);
		assert.deepEqual(whole.people.map((p) => p.id), ['p-0001']);
		assert.deepEqual(whole.areas.map((a) => a.code), [GRID[0]], 'its own grid and no other');
		assert.ok(whole.reaches.every((r) => r.area && (r.area.startsWith(GRID[0]) || GRID[0].startsWith(r.area))), JSON.stringify(whole.reaches));
		assert.deepEqual(whole.rules.map((r) => r.rule), ['grid_daily']);
		assert.ok(whole.categories.some((c) => c.class === 'hazard' && c.code === 'fire'));
		assert.deepEqual(whole.duties.map((d) => [d.rule, d.target, d.need, d.done]), [['grid_daily', GRID[0], 1, 0]]);
		assert.ok(!JSON.stringify(whole).includes('p-0002'));
		assert.deepEqual(whole.results.map((r) => [r.epoch, r.seq, r.status]), [['x2', 1, 'rejected']]);
		const raw = await new Promise((ok, fail) => http.get(`${town.base}/api/v1/sync?cursor=${whole.cursor}`, { headers: { Authorization: auth('d-0001'), 'Accept-Encoding': 'gzip' } }, (res) => {
			let n = 0;

			for (let i = 0; i < res.rawHeaders.length; i += 2)
				n += res.rawHeaders[i].length + res.rawHeaders[i + 1].length + 4;
			res.on('data', (d) => (n += d.length)).on('end', () => ok(n));
		}).on('error', fail));

		assert.ok(raw <= 1024, `${raw} bytes for nothing new`);
		const quiet = await sync('d-0001', whole.cursor);

		assert.deepEqual(Object.keys(quiet).sort(), ['commit', 'cursor', 'full', 'time']);
		const start = event('d-0001', 'patrol.start', { patrol: 'k1', route: 'grid', target: GRID[0] });

		seq['d-0001'] = 7;
		await post('d-0001', { ...start, seq: 7 });
		const moved = await sync('d-0001', quiet.cursor);

		assert.deepEqual(moved.patrols.map((p) => [p.patrol, p.valid]), [['k1', false]]);
		assert.ok(moved.patrols[0].reasons.includes('NO_END'));
		assert.equal(moved.figures.find((f) => f.id === 'patrols').today, 1);
		assert.ok(!('categories' in moved) && !('cases' in moved));
		assert.deepEqual(Object.keys(await sync('d-0002', (await sync('d-0002')).cursor)).sort(), ['commit', 'cursor', 'full', 'time'], 'what others do is not told');
		await town.import('people', 'id,name,phone\np-0001,改名,13800000000\n');
		const renamed = await sync('d-0001', moved.cursor);

		assert.equal(renamed.people[0].name, '改名');
		assert.ok(!JSON.stringify(renamed).includes('13800000000'));
	});

	test('a full sync is packed, and small; an ETag answers 304', async () => {
		const got = await new Promise((ok, fail) => http.get(`${town.base}/api/v1/sync`, { headers: { Authorization: auth('d-0001'), 'Accept-Encoding': 'gzip' } }, (res) => {
			const parts = [];

			res.on('data', (d) => parts.push(d)).on('end', () => ok({ res, body: Buffer.concat(parts) }));
		}).on('error', fail));

		assert.equal(got.res.headers['content-encoding'], 'gzip');
		assert.ok(got.body.length <= 20 * 1024, `${got.body.length} bytes`);
		assert.equal(JSON.parse(gunzipSync(got.body)).full, true);
		assert.match(got.res.headers.etag, /^"[0-9a-f]{32}"$/);
	});

	test('a case that was sent to somebody is on his phone, with its base; taken away, it is gone', async () => {
		const cursor = (await sync('d-0001')).cursor;
		const office = await town.session('centre');

		await post('d-0002', event('d-0002', 'case.report', { case: 'c-77', class: 'hazard', category: 'fire', severity: 2, title: '电线老化' }, { scope: GRID[1] }));
		const act = async (body) => {
			const etag = (await office.fetch('/api/v1/cases/c-77')).headers.get('etag');
			const r = await office.fetch('/api/v1/cases/c-77/actions', { method: 'POST', body: JSON.stringify(body), headers: { 'If-Match': etag, 'Idempotency-Key': `k-${Math.random()}` } });

			assert.equal(r.status, 200, await r.text());
		};

		await act({ action: 'accept' });
		await act({ action: 'dispatch', to: 'p-0001' });
		const mine = await sync('d-0001', cursor);

		assert.deepEqual(mine.cases.map((c) => [c.id, c.state, c.actions]), [['c-77', 'dispatched', ['sign', 'return']]]);
		assert.match(mine.cases[0].base, /^office\//);
		assert.deepEqual((await sync('d-0002')).cases.map((c) => [c.id, c.actions]), [['c-77', []]], 'who reported it sees how it stands');
		await act({ action: 'void', note: '重复' });
		assert.deepEqual((await sync('d-0001', mine.cursor)).cases, []);
	});

	test('cursors of another phone, of a restored database, and nonsense are refused', async () => {
		const mine = (await sync('d-0001')).cursor;
		const ask = (id, cursor) => fetch(`${town.base}/api/v1/sync?cursor=${encodeURIComponent(cursor)}`, { headers: { Authorization: auth(id) } });

		for (const [id, cursor] of [['d-0002', mine], ['d-0001', 'x'], ['d-0001', `${mine}0`], ['d-0001', mine.replace(/^3/, '2')], ['d-0001', '1'.repeat(500)], ['d-0001', '1'.repeat(3000)]]) {
			const r = await ask(id, cursor);

			assert.equal(r.status, 410, cursor);
			assert.equal((await r.json()).code, 'cursor_gone');
		}
		assert.equal((await fetch(`${town.base}/api/v1/sync?curser=1`, { headers: { Authorization: auth('d-0001') } })).status, 400);
		for (const query of [`cursor=${'1'.repeat(3000)}&curser=1`, `cursor=${'1'.repeat(5000)}`]) // one that is long hides nothing behind it
			assert.equal((await fetch(`${town.base}/api/v1/sync?${query}`, { headers: { Authorization: auth('d-0001') } })).status, 400);
		assert.equal((await fetch(`${town.base}/api/v1/sync`)).status, 401);
		const copy = town.path('copy.db');

		await town.must('backup', copy);
		await town.server.stop();
		await town.ingest.stop();
		await town.must('restore', copy);
		await town.startIngest();
		await town.startServer();
		assert.equal((await ask('d-0001', mine)).status, 410);
		assert.equal((await sync('d-0001')).full, true);
	});

	test('what a phone put together of changes is what it would get whole', async () => {
		const known = { 'd-0001': await sync('d-0001'), 'd-0002': await sync('d-0002') };
		const office = await town.session('centre');
		const more = async () => {
			for (const id of Object.keys(known))
				known[id] = { ...known[id], ...(await sync(id, known[id].cursor)) };
		};
		const same = async (what) => {
			await more();
			for (const id of Object.keys(known)) {
				const [a, b] = [known[id], await sync(id)].map(({ time, commit, cursor, full, ...rest }) => rest);

				assert.deepEqual(a, b, `${id}, ${what}`);
			}
		};
		const act = async (name, body) => {
			const etag = (await office.fetch(`/api/v1/cases/${name}`)).headers.get('etag');
			const r = await office.fetch(`/api/v1/cases/${name}/actions`, { method: 'POST', body: JSON.stringify(body), headers: { 'If-Match': etag, 'Idempotency-Key': `k-${Math.random()}` } });

			assert.equal(r.status, 200, await r.text());
		};

		await post('d-0001', event('d-0001', 'patrol.start', { patrol: 'm1', route: 'grid', target: GRID[0] }, { epoch: 'm' }));
		await same('a patrol began');
		await post('d-0001', event('d-0001', 'patrol.track', { patrol: 'm1', pts: [[0, 33.39, 104.92, 5], [60000, 33.392, 104.92, 5]] }, { epoch: 'm', at: Date.now() - 90000 }));
		await same('it has a track');
		await post('d-0002', event('d-0002', 'case.report', { case: 'm-1', class: 'finding', category: 'sewage', severity: 3, title: '排水口' }, { scope: GRID[1], epoch: 'm' }));
		await act('m-1', { action: 'accept' });
		await act('m-1', { action: 'dispatch', to: 'p-0001' });
		await same('a case came');
		await act('m-1', { action: 'urge' });
		await same('it was urged');
		await post('d-0002', event('d-0002', 'case.act', { case: 'm-1', action: 'sign' }, { epoch: 'm' })); // not his
		await same('one is held');
		await post('d-0001', event('d-0001', 'dance', {}, { epoch: 'm' }));
		await same('one is refused');
		await post('d-0001', event('d-0001', 'case.act', { case: 'm-1', action: 'sign' }, { epoch: 'm' }));
		await same('it was signed');
		await act('m-1', { action: 'dispatch', to: 'p-0002' });
		await same('the case is another\'s: what was held is released');
		const { epoch, seq: n } = (await town.sql("SELECT s.epoch, e.seq FROM event e JOIN stream s ON s.id = e.stream WHERE s.device = 'd-0001' AND s.epoch = 'm' ORDER BY e.seq LIMIT 1"))[0];

		await post('d-0001', event('d-0001', 'void', { target: `d-0001/${epoch}/${n}`, reason: '误点' }, { epoch: 'm' }));
		await same('the patrol is void');
		await town.import('duties', `${DUTIES}monthly,worker,grid,each,month,1-12,3,times,,,,,no,no,2020-01-01,\n`);
		await same('another rule');
	});

	test('nothing new: the ETag of before is answered with 304, whatever others did meanwhile', async () => {
		const first = await fetch(`${town.base}/api/v1/sync`, { headers: { Authorization: auth('d-0001') } });
		const { cursor } = await first.json(), etag = first.headers.get('etag');
		const ask = (path, tag) => fetch(`${town.base}/api/v1/sync${path}`, { headers: { Authorization: auth('d-0001'), 'If-None-Match': tag } });

		assert.equal((await ask(`?cursor=${cursor}`, etag)).status, 304);
		await post('d-0002', event('d-0002', 'inspect', { topic: 'burn_straw', result: 'ok' }, { scope: GRID[1], epoch: 'n' }));
		assert.equal((await ask(`?cursor=${cursor}`, etag)).status, 304);
		assert.equal((await ask('', etag)).status, 304);
		await post('d-0001', event('d-0001', 'patrol.start', { patrol: 'n1', route: 'grid', target: GRID[0] }, { epoch: 'n' }));
		const now = await ask(`?cursor=${cursor}`, etag);

		assert.equal(now.status, 200);
		assert.notEqual(now.headers.get('etag'), etag);
		assert.ok((await now.json()).patrols.some((p) => p.patrol === 'n1'));
	});

	test('ingest away: nothing was taken, and it says so', async () => {
		await town.ingest.stop();
		await until(async () => (await post('d-0002', event('d-0002', 'inspect', { topic: 'burn_straw', result: 'ok' }, { scope: GRID[1] }))).status === 503, 'a refusal');
		assert.equal((await sync('d-0002')).full, true, 'reading goes on');
		await town.startIngest();
	});
});

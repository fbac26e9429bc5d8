// alerts.test.mjs - what must reach somebody: on every screen at once, known to all when one acknowledges it, and gone when it is over.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { COMMUNITY, GRID, TOWN, Town, newEpoch } from '../lib/index.mjs';
import { faults } from '../lib/schemas.mjs';

describe('alerts', { timeout: 120000 }, () => {
	let town, door, centre, leader, west;
	const epoch = newEpoch();
	let seq = 0;

	before(async () => {
		town = await Town.start({ server: true, broker: false });
		await town.import('people', 'id,name,phone\np-o2,王辛,\np-lead,冯壬,\n');
		await town.import('appointments', `person,role,scope,level,valid_from,valid_to
p-o2,office,${COMMUNITY[1]},community,2023-01-01,
p-lead,leader,${TOWN},town,2023-01-01,
`);
		await town.enrol('d-0001', 'p-0001');
		for (const [name, person, role, scope] of [['centre', 'p-duty', 'centre', TOWN], ['leader', 'p-lead', 'leader', TOWN], ['west', 'p-o2', 'office', COMMUNITY[1]]])
			await town.user(name, person, role, scope);
		[centre, leader, west] = await Promise.all(['centre', 'leader', 'west'].map((u) => town.session(u)));
		door = await town.door();
	});
	after(() => town?.stop());

	const report = async (id, more = {}) => {
		const at = Date.now();
		const [ack] = await door.events('d-0001', [{ epoch, seq: ++seq, kind: 'case.report', at, scope: GRID[0], loc: { lat: 33.3912, lon: 104.9217 },
			body: { case: id, class: 'hazard', category: 'fire', severity: 1, title: '桥头垃圾着火', ...more } }]);
		assert.deepEqual(ack.results, []);
		return at;
	};
	const post = (session, path, body, headers = {}) => session.fetch(path, { method: 'POST', body: JSON.stringify(body),
		headers: { 'content-type': 'application/json', 'idempotency-key': `k-${Math.random()}`, ...headers } });
	const alert = (id, fits = () => true) => (m) => m.alerts?.some((r) => r.id === id && fits(r));
	const row = (frame, id) => frame.alerts.find((r) => r.id === id);

	test('a hazard is on every screen of its place at once, and on no other', async () => {
		const a = await centre.live(), b = await leader.live(), w = await west.live();
		for (const l of [a, b, w]) await l.frame((m) => m.op === 'snapshot', 'a snapshot');
		const at = await report('h-1');
		const got = row(await a.frame(alert('hazard:h-1')), 'hazard:h-1');
		assert.deepEqual(got, { id: 'hazard:h-1', type: 'hazard', severity: 1, case: 'h-1', title: '桥头垃圾着火', scope: GRID[0], place: '东关一网格', loc: [104.9217, 33.3912], at,
			state: 'active', acked_by: null, acked_name: null, acked_at: null, late: false, told: 'centre', person: null, name: '' });
		assert.deepEqual(row(await b.frame(alert('hazard:h-1')), 'hazard:h-1'), got);
		const open = (await a.frame((m) => m.cases?.some((r) => r.id === 'h-1'))).cases.find((r) => r.id === 'h-1');
		assert.deepEqual({ ...open, etag: 'n' }, { id: 'h-1', class: 'hazard', category: 'fire', category_name: '消防安全', severity: 1, title: '桥头垃圾着火', scope: GRID[0], place: '东关一网格',
			loc: [104.9217, 33.3912], state: 'reported', level: 'community', holder: '', holder_name: '', version: 1, etag: 'n', due: open.due, at });
		assert.equal(open.etag, String(await town.one(`SELECT "commit" FROM casus WHERE name = 'h-1'`)));
		await a.frame((m) => m.areas?.some((r) => r.code === COMMUNITY[0] && r.open_cases === 1));
		await a.frame((m) => m.figures?.some((r) => r.id === 'hazards_found' && r.category === 'fire' && r.today === 1));
		await a.frame((m) => m.figures?.some((r) => r.id === 'hazards_found' && r.category === '' && r.today === 1));

		// One acknowledges: both see it, who is away sees it when he comes back.
		const c = await leader.live();
		const since = (await c.frame((m) => m.op === 'snapshot')).commit;
		c.end();
		const r = await post(centre, `/api/v1/alerts/${encodeURIComponent('hazard:h-1')}/ack`, {});
		assert.equal(r.status, 200, await r.text());
		const known = row(await a.frame(alert('hazard:h-1', (x) => x.acked_by === 'p-duty')), 'hazard:h-1');
		assert.equal(known.acked_name, '周戊');
		assert.deepEqual(row(await b.frame(alert('hazard:h-1', (x) => x.acked_by === 'p-duty')), 'hazard:h-1'), known);
		const db = a.frames[0].db;
		const back = await leader.live({ since, db });
		assert.deepEqual(row(await back.frame(alert('hazard:h-1')), 'hazard:h-1'), known);

		// Over: it leaves the list, and so does the case.
		const etag = `"${await town.one(`SELECT "commit" FROM casus WHERE name = 'h-1'`)}"`;
		const done = await post(centre, '/api/v1/cases/h-1/actions', { action: 'decline', note: '已自行扑灭' }, { 'if-match': etag });
		assert.equal(done.status, 200, await done.text());
		for (const l of [a, b, back]) {
			await l.frame(alert('hazard:h-1', (x) => x.gone));
			await l.frame((m) => m.cases?.some((x) => x.id === 'h-1' && x.gone));
		}
		assert.ok(!w.frames.some((m) => m.alerts?.length || m.cases?.length), 'west sees nothing of it');
		// ... but not the records.
		const past = async (session) => (await (await session.fetch(`/api/v1/alerts?from=${encodeURIComponent(new Date(at).toISOString())}`)).json()).alerts;
		const [over] = await past(leader);
		assert.deepEqual([over.id, over.state, over.acked_by_name, Date.parse(over.at)], ['hazard:h-1', 'cleared', '周戊', at]);
		assert.ok(Date.parse(over.cleared) >= Date.parse(over.acked_at));
		assert.deepEqual(await past(west), []);
		for (const l of [a, b, w, back]) {
			for (const { got: _, ...m } of l.frames) assert.equal(faults('live.server', m), '');
			l.end();
		}
	});

	test('a report that comes late shows its true time, and says so', async () => {
		const a = await centre.live();
		const at = Date.now() - 3 * 3600000;
		await door.events('d-0001', [{ epoch, seq: ++seq, kind: 'case.report', at, scope: GRID[0], body: { case: 'h-2', class: 'hazard', category: 'fire', severity: 2, title: '迟到' } }]);
		const got = row(await a.frame(alert('hazard:h-2')), 'hazard:h-2');
		assert.deepEqual([got.at, got.late, got.severity], [at, true, 2]);
		a.end();
	});

	test('ingest watches its devices: a wrong clock is told, and told no longer when it is right', async () => {
		const a = await centre.live();
		const hello = (off) => door.events('d-0001', { hello: { epoch, first: 1, next: seq + 1, time: Date.now() + off } });
		await hello(12 * 60000 + 30000); // whole minutes are told: not at an edge of one
		await town.ingest.stop();
		await town.startIngest(); // looks at once
		const got = row(await a.frame(alert('clock_skew:d-0001')), 'clock_skew:d-0001');
		assert.equal(got.title, '赵甲的设备 d-0001 时钟快 12 分钟');
		assert.deepEqual([got.severity, got.scope, got.person], [3, GRID[0], 'p-0001']);
		door = await town.door();
		await hello(0);
		await town.ingest.stop();
		await town.startIngest();
		await a.frame(alert('clock_skew:d-0001', (x) => x.gone));
		a.end();
	});
});

// {"type":"sync"}: a phone is told when something of its person changed: a case, a verdict, a held event, the registry.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { GRID, TOWN, Town, until } from '../lib/index.mjs';

const DUTIES = 'rule,role,level,target,period,months,count,count_unit,min_minutes,min_metres,min_gap_hours,min_coverage,substitute,delegate,valid_from,valid_to\n'
	+ 'grid_daily,worker,grid,each,day,1-12,1,times,0,0,,,no,no,2020-01-01,\n';

describe('hints to phones', { timeout: 120000 }, () => {
	let town, centre, one, two;
	const began = Date.now();

	before(async () => {
		town = await Town.start({ server: true });
		await town.import('duties', DUTIES);
		await town.user('centre', 'p-duty', 'centre', TOWN);
		one = await town.device('d-0001', 'p-0001');
		two = await town.device('d-0002', 'p-0002');
		await town.enrol('d-0003', 'p-0002'); // never comes
		for (const d of [one, two])
			await d.publish({ online: true, at: Date.now() }, { leaf: 'presence' });
		await until(async () => (await town.one('SELECT count(*) FROM device_state WHERE online = 1')) === 2, 'both to be seen');
		centre = await town.session('centre');
	});
	after(() => town.stop());

	const hints = (d) => d.down.filter((m) => m.type === 'sync').length;
	const told = (d, before, what) => until(() => hints(d) > before, what);
	const act = async (id, body) => {
		const c = await centre.fetch(`/api/v1/cases/${id}`);
		const r = await centre.fetch(`/api/v1/cases/${id}/actions`, { method: 'POST', body: JSON.stringify(body), headers: { 'if-match': c.headers.get('etag'), 'idempotency-key': randomUUID() } });

		assert.equal(r.status, 200, await r.clone().text());
		return r.json();
	};
	const sync = async (id) => (await fetch(`${town.base}/api/v1/sync`, { headers: { Authorization: `Basic ${Buffer.from(`${id}:${town.secrets[id]}`).toString('base64')}` } })).json();

	test('a case: who reported it, who gets it, who has it no more', async () => {
		let n = [hints(one), hints(two)];

		await one.send('case.report', { case: 'c-1', class: 'finding', category: 'sewage', severity: 3, title: 'x' }, { scope: GRID[0] });
		await told(one, n[0], 'the reporter to be told');
		assert.equal(hints(two), n[1], 'it is nothing to the other');
		await act('c-1', { action: 'accept' });
		n = [hints(one), hints(two)];
		await act('c-1', { action: 'dispatch', to: 'p-0002' });
		await told(two, n[1], 'the one who gets it');
		assert.deepEqual((await sync('d-0002')).cases.map((c) => c.id), ['c-1']);
		n = [hints(one), hints(two)];
		await two.send('case.act', { case: 'c-1', action: 'sign' });
		await act('c-1', { action: 'dispatch', to: 'p-0001' });
		await told(two, n[1], 'the one who has it no more');
		await told(one, n[0], 'the one who has it now');
		assert.deepEqual((await sync('d-0002')).cases, []);
	});

	test('a patrol: its verdict', async () => {
		const n = [hints(one), hints(two)];
		const at = Date.now() - 60e3;

		await two.send('patrol.start', { patrol: 'w-1', route: 'grid', target: GRID[2] }, { at });
		await two.send('patrol.end', { patrol: 'w-1', clear: true }, { at: at + 50e3 });
		await told(two, n[1], 'the one who walked');
		assert.equal(hints(one), n[0]);
	});

	test('a held event that is released', async () => {
		const r = await one.send('patrol.start', { patrol: 'w-2', route: 'grid', target: '990101100001009' });

		assert.equal(r.status, 'held');
		const n = hints(one);

		await town.import('areas', 'code,name,valid_from,valid_to\n990101100001009,新网格,2020-01-01,\n');
		await told(one, n, 'the phone to be told');
		assert.equal((await sync('d-0001')).results.length, 0);
	});

	test('the registry: everybody who is there', async () => {
		const n = [hints(one), hints(two)];

		await town.import('people', 'id,name,phone\np-0001,赵甲甲,13800000001\n');
		await told(one, n[0], 'the first');
		await told(two, n[1], 'the second');
	});

	test('much at once is told rarely; clocks and own status tell nothing', async () => {
		const n = hints(two);
		const from = Date.now();

		for (let i = 0; i < 40; i++) {
			await two.send('patrol.start', { patrol: `m-${i}`, route: 'grid', target: GRID[2] });
			await two.send('patrol.end', { patrol: `m-${i}`, clear: true });
		}
		await told(two, n, 'the first of them');
		const most = 1 + Math.ceil((Date.now() - from) / 5000);

		assert.ok(hints(two) - n <= most, `${hints(two) - n} of at most ${most}`);
		const s = (await town.status()).hints;

		assert.ok(s.spared >= 40 && s.lost === 0 && s.sent >= 4, JSON.stringify(s));
		const quiet = hints(one);

		await one.send('status', { battery: 40 });
		await until(async () => (await one.send('status', { battery: 39 })).status === 'stored', 'an ack after it');
		assert.equal(hints(one), quiet);
		assert.ok(hints(one) + hints(two) <= 2 * (1 + Math.ceil((Date.now() - began) / 5000)), 'never more often than every 5 s');
	});
});

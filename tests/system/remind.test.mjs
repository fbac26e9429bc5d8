// A reminder of an overdue duty: from the supervisor's click to the phone; counted, and seen by everybody.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { COMMUNITY, GRID, Live, TOWN, Town, until } from '../lib/index.mjs';

const DUTIES = 'rule,role,level,target,period,months,count,count_unit,min_minutes,min_metres,min_gap_hours,min_coverage,substitute,delegate,valid_from,valid_to\n'
	+ 'grid_daily,worker,grid,each,day,1-12,1,times,0,0,,,no,no,2020-01-01,\n';

describe('reminders', { timeout: 120000 }, () => {
	let town, centre, office, stranger, phone;

	before(async () => {
		town = await Town.start({ server: true });
		await town.import('duties', DUTIES);
		await town.user('centre', 'p-duty', 'centre', TOWN);
		await town.user('office', 'p-duty', 'office', COMMUNITY[0]);
		await town.user('district', 'p-duty', 'district', TOWN);
		phone = await town.device('d-0001', 'p-0001');
		await phone.publish({ online: true, at: Date.now() }, { leaf: 'presence' });
		[centre, office, stranger] = [await town.session('centre'), await town.session('office'), await town.session('district')];
		await until(async () => (await town.one('SELECT count(*) FROM device_state WHERE online = 1')) === 1, 'the phone to be seen');
	});
	after(() => town?.stop());

	const remind = (session, body) => session.fetch('/api/v1/reminders', { method: 'POST', body: JSON.stringify(body) });
	const sync = async (cursor = '') => (await fetch(`${town.base}/api/v1/sync${cursor && `?cursor=${cursor}`}`, { headers: { Authorization: `Basic ${Buffer.from(`d-0001:${town.secrets['d-0001']}`).toString('base64')}` } })).json();
	const problem = async (r, status, code) => assert.deepEqual([r.status, (await r.json()).code], [status, code]);

	test('one click: on disk, in the live rows, told to the phone, in its sync, counted in the lists and the export', async () => {
		const { overdue } = await (await centre.fetch('/api/v1/overdue')).json();
		const duty = overdue.find((d) => d.person === 'p-0001');
		const { person, rule, target } = duty;
		const before = await sync();
		const hints = phone.down.filter((m) => m.type === 'sync').length;
		const live = new Live(centre);
		const row = () => live.frames.flatMap((f) => f.overdue || []).filter((o) => o.person === person && o.rule === rule && o.target === target).at(-1);

		await live.opened;
		live.send({ op: 'hello', scope: TOWN, since: null });
		assert.deepEqual([duty.reminders, duty.reminded_at], [0, null]);
		await until(() => row()?.reminders === 0, 'the live row');
		const r = await remind(centre, { person, rule, target });
		const said = await r.json();

		assert.deepEqual([r.status, said.count, said.by], [200, 1, 'p-duty']);
		await until(() => row()?.reminders === 1, 'the live row to say so');
		assert.deepEqual([row().reminded_by, row().reminded_at], ['p-duty', Date.parse(said.at)]);
		await until(() => phone.down.filter((m) => m.type === 'sync').length > hints, 'the phone to be told');
		const news = await sync(before.cursor);
		const item = news.duties.find((d) => d.rule === rule && d.target === target);

		assert.deepEqual([item.reminders, item.reminded_at], [1, Date.parse(said.at)]);
		assert.equal(news.cases, undefined, 'nothing else was sent');
		assert.equal((await (await centre.fetch('/api/v1/overdue?person=p-0001')).json()).overdue.find((d) => d.target === target && d.rule === rule).reminders, 1);
		const day = new Date().toISOString().slice(0, 10);
		const csv = (await (await centre.fetch(`/api/v1/exports/overdue.json?from=2020-01-01&to=${day}`)).json()).rows;

		assert.equal(csv.find((x) => x.person === person && x.rule === rule && x.target === target).reminders, 1);
		assert.equal(await town.one('SELECT count(*) FROM reminder JOIN change USING("commit")'), 1);
		await problem(await remind(office, { person, rule, target }), 409, 'reminded');
		live.end();
	});

	test('who may not, and what cannot be: said, and nothing is stored', async () => {
		const { overdue } = await (await centre.fetch('/api/v1/overdue')).json();
		const west = overdue.find((d) => d.area.startsWith(COMMUNITY[1]));

		await problem(await remind(stranger, { person: 'p-0001', rule: 'grid_daily', target: GRID[0] }), 403, 'not_allowed');
		await problem(await remind(office, { person: west.person, rule: west.rule, target: west.target }), 404, 'not_found');
		await problem(await remind(centre, { person: 'p-0001', rule: 'nothing', target: GRID[0] }), 404, 'not_found');
		for (const body of [{}, [], { person: 'p-0001' }, { person: 7, rule: 'grid_daily' }, { person: 'p'.repeat(65), rule: 'grid_daily' }])
			await problem(await remind(centre, body), 422, 'bad_reminder');
		assert.equal((await centre.fetch('/api/v1/reminders', { method: 'POST', body: '{}', headers: { 'x-csrf-token': 'wrong' } })).status, 403);
		const at = Date.now() - 600e3;

		await phone.send('patrol.start', { patrol: 'w-1', route: 'grid', target: GRID[0] }, { at });
		await phone.send('patrol.track', { patrol: 'w-1', pts: Array.from({ length: 20 }, (_, i) => [i * 29e3, 33.39 + i * 0.0005, 104.9, 8]) }, { at });
		await phone.send('patrol.end', { patrol: 'w-1', clear: true }, { at: at + 590e3 });
		await until(async () => !(await (await centre.fetch('/api/v1/overdue?person=p-0001')).json()).overdue.some((d) => d.target === GRID[0]), 'the lapse to end');
		await problem(await remind(centre, { person: 'p-0001', rule: 'grid_daily', target: GRID[0] }), 409, 'not_overdue');
		assert.equal(await town.one('SELECT count(*) FROM reminder'), 1);
		assert.equal((await sync()).duties.some((d) => d.reminders), false, 'a lapse that is over shows no reminder');
	});
});

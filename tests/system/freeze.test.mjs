// Frozen months: closed through the running ingest, the same bytes ever after, what comes later beside them.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { readFileSync } from 'node:fs';
import { COMMUNITY, GRID, TOWN, Town, until } from '../lib/index.mjs';
import { readXlsx } from '../lib/xlsx.mjs';

const pad = (n) => String(n).padStart(2, '0');
const today = new Date(Date.now() + 8 * 3600000); // of China, read as UTC
const month = (back) => {
	const d = new Date(Date.UTC(today.getUTCFullYear(), today.getUTCMonth() - back, 1));
	return `${d.getUTCFullYear()}-${pad(d.getUTCMonth() + 1)}`;
};
const [NOW, MONTH, BEFORE, EARLIER] = [0, 1, 2, 3].map(month);
const at = (m, day = 15) => Date.parse(`${m}-${pad(day)}T10:00:00+08:00`);
const DAYS = `from=${MONTH}-01&to=${NOW}-01`;

describe('frozen months', { timeout: 120000 }, () => {
	let town, centre, west, door, kept;
	let seq = 0;

	const event = (kind, body, more = {}) => ({ epoch: 'e', seq: ++seq, kind, at: at(MONTH), scope: GRID[0], ...more, body });
	const inspect = (more) => event('inspect', { topic: 'burn_straw', result: 'ok' }, more);
	const send = async (list) => (await town.door()).events('d-0001', list);
	const bytes = async (session, file, more = '') => {
		const r = await session.fetch(`/api/v1/exports/${file}?${DAYS}${more}`);
		const body = Buffer.from(await r.arrayBuffer());

		assert.equal(r.status, 200, `${file}: ${body.subarray(0, 300)}`);
		return body;
	};
	/** Of everything that a month's books are made of. */
	const everything = async () => {
		const out = {};
		for (const name of ['figures', 'inspections', 'works', 'cases', 'annual'])
			for (const format of ['csv', 'json', 'xlsx']) out[`${name}.${format}`] = await bytes(centre, `${name}.${format}`);
		out.workbook = await bytes(centre, 'workbook.xlsx');
		out.english = await bytes(centre, 'figures.csv', '&lang=en');
		out.community = await bytes(west, 'figures.csv');
		for (const format of ['csv', 'json'])
			out[`command ${format}`] = Buffer.from(await town.must('export', 'figures', '--from', `${MONTH}-01`, '--to', `${NOW}-01`, '--format', format));
		for (const name of ['figures', 'inspections', 'works', 'cases', 'events', 'annual']) // all of it lies in the month
			for (const [part, ...period] of [['ten days', '--period', `${MONTH}-D2`], ['day', '--period', `${MONTH}-15`], ['days', '--from', `${MONTH}-14`, '--to', `${MONTH}-17`]])
				out[`${name} of ${part}`] = Buffer.from(await town.must('export', name, ...period, '--format', 'json'));
		out['events of hours'] = Buffer.from(await town.must('export', 'events', '--from', `${MONTH}-15T08:00:00+08:00`, '--to', `${MONTH}-15T12:00:00+08:00`));
		return out;
	};
	const same = async (when) => {
		const is = await everything();
		for (const [name, was] of Object.entries(kept)) assert.ok(is[name].equals(was), `${name} is another after ${when}`);
	};
	const refused = async (period, pattern, code = 1) => {
		const r = await town.xunge(['freeze', ...period]);
		assert.deepEqual([r.code, r.out], [code, '']);
		assert.match(r.err, /^xunge freeze: [^\n]*\n$/);
		assert.match(r.err, pattern);
	};
	const frozen = () => town.must('freeze', '--list', '--json').then(JSON.parse);

	before(async () => {
		town = await Town.start({ server: true, broker: false });
		await town.enrol('d-0001', 'p-0001');
		await town.user('centre', 'p-duty', 'centre', TOWN);
		await town.user('west', 'p-duty', 'office', COMMUNITY[1]);
		centre = await town.session('centre');
		west = await town.session('west');
		door = await town.door();
		await send([inspect(), inspect(), inspect({ scope: GRID[2] }), event('work', { item: 'bins', qty: 2.5, unit: '个' }),
			event('case.report', { case: 'c-1', class: 'hazard', category: 'fire', title: '电线' }), inspect({ at: at(BEFORE) })]);
	});
	after(() => town?.stop());

	test('a month is closed through ingest; what cannot be closed says why', async () => {
		await refused([NOW], /is not over: today is \d{4}-\d\d-\d\d/);
		await refused([NOW.slice(0, 4)], /is not over/);
		await refused(['2025-13'], /2025-13 is no month and no year: want 2023-12 or 2023/, 2);
		await refused(['2026-W40'], /2026-W40 is no month and no year/, 2);
		await refused([], /which period/, 2);
		await refused([MONTH, '--list'], /which period/, 2);
		assert.match((await door.call({ op: 'freeze', period: 'soon' })).error.detail, /no month/);
		assert.equal((await door.call({ op: 'freeze' })).error.code, 'invalid');
		assert.deepEqual(await frozen(), []);
		assert.equal(await town.must('freeze', '--list'), 'no month is frozen\n');
		const head = JSON.parse(await town.must('status', '--json')).commit;
		assert.equal(await town.must('freeze', MONTH), `frozen: ${MONTH}; as of commit ${head + 1}\n`);
		await refused([MONTH], new RegExp(`${MONTH} is frozen already`));
		const [m] = await frozen();
		assert.deepEqual([m.month, m.commit, m.corrections], [MONTH, head + 1, 0]);
		assert.match(await town.must('freeze', '--list'), new RegExp(`^${MONTH}  as of commit ${head + 1} \\([^)]+\\), 0 corrections\n$`));
		assert.match(await town.must('help', 'freeze'), /There is no way back/);
	});

	test('the same bytes after late events, changed names, and a restart', async () => {
		kept = await everything();
		assert.match(kept['figures.csv'].toString(), /\r\ninspections,专项检查,990101100,,,[^,]+,3,/);
		await send([inspect(), inspect({ scope: GRID[2] }), event('void', { target: 'd-0001/e/1' }, { at: Date.now() }), inspect({ at: at(NOW, 1) }),
			event('household', { household: 'h-1', state: 'identified', persons: 3 })]);
		await same('late events');
		await town.import('areas', `code,name,valid_from,valid_to\n${TOWN},新名镇,,\n${COMMUNITY[1]},新名社区,,\n`);
		await town.import('people', 'id,name,phone\np-0001,郑新,13800000009\n');
		await same('new names');
		await town.ingest.stop();
		await town.server.stop();
		await town.startIngest();
		await town.startServer();
		centre = await town.session('centre');
		west = await town.session('west');
		door = await town.door();
		await same('a restart');
		assert.match(await town.must('check'), /agrees/);
	});

	test('what came later: the corrections, over HTTP and by the command, in one\'s own scope', async () => {
		const json = JSON.parse(await bytes(centre, 'corrections.json'));
		const row = (figure, category = '') => json.rows.find((r) => r.figure === figure && r.category === category);
		const freeze = (await frozen())[0].commit;
		const one = row('inspections');

		assert.deepEqual([one.month, one.before, one.after, one.change, one.unit, one.frozen_commit], [MONTH, '3', '4', 1, '次', freeze]);
		assert.deepEqual([one.event_count, one.events], [3, 'd-0001/e/7 d-0001/e/8 d-0001/e/9']); // two came, one is void since
		assert.ok(one.last_commit > freeze);
		assert.deepEqual([row('monitored_persons').before, row('monitored_persons').after, row('monitored_persons').events], ['0', '3', 'd-0001/e/11']);
		const csv = (await bytes(west, 'corrections.csv')).toString().replace(/^\ufeff/, '').split('\r\n');
		assert.match(csv[0], /^指标,名称,级别,分类,分类名称,月份,封账值,更正后,变化,单位,封账提交号,最近变更提交号,事件数,来源事件,口径$/);
		assert.match(csv[1], new RegExp(`^inspections,专项检查,,,,${MONTH},1,2,1,次,${freeze},\\d+,1,d-0001/e/8,"?inspections/1`));
		assert.equal(csv.length, 4); // the total, its topic, and nothing behind them
		const command = await town.must('export', 'corrections', '--from', `${MONTH}-01`, '--to', `${NOW}-01`, '--lang', 'en', '--format', 'json');
		assert.ok(JSON.parse(command).rows.some((r) => r.figure === 'inspections' && r.name === 'Inspections' && r.change === 1));
		const year = JSON.parse(await town.must('export', 'figures', '--from', `${BEFORE}-01`, '--to', `${NOW}-01`, '--format', 'json')).rows;
		assert.equal(year.find((r) => r.figure === 'inspections' && !r.category).value, 4); // the frozen three, and one of the month before
		const beside = year.find((r) => r.figure === 'corrections' && /^inspections/.test(r.definition) && !r.category);
		assert.deepEqual([beside.display, beside.value, beside.period], ['3 → 4', 1, `${MONTH}-01/${NOW}-01`]);
		const text = await town.must('export', 'annual', '--from', `${BEFORE}-01`, '--to', `${NOW}-01`, '--format', 'text');
		assert.match(text, /封账后收到的更正\d+项，未计入上述数字/);
		assert.match(text, /专项检查3改为4/);
		const list = JSON.parse(await town.must('export', 'corrections', '--from', `${BEFORE}-01`, '--to', `${NOW}-01`, '--format', 'json')).rows;
		const book = town.path('with-corrections.xlsx');
		await town.must('export', 'workbook', '--from', `${BEFORE}-01`, '--to', `${NOW}-01`, '-o', book);
		const sheet = readXlsx(readFileSync(book)).sheet('14 更正');
		assert.equal([...sheet.cells.values()].filter((c) => c.value === MONTH).length, list.length); // one row for each
	});

	test('a kill in the middle freezes nothing', async () => {
		await town.ingest.stop();
		await town.startIngest({ XUNGE_FAULT: 'freeze.month:1:kill' });
		const r = await town.xunge(['freeze', BEFORE]);
		assert.equal(r.code, 1, r.out);
		await until(() => !town.ingest.alive, 'ingest to be killed');
		await town.startIngest();
		assert.deepEqual((await frozen()).map((m) => m.month), [MONTH]);
		await town.must('freeze', BEFORE);
		await town.ingest.stop();
		await town.must('freeze', EARLIER); // straight into the database
		assert.deepEqual((await frozen()).map((m) => m.month), [EARLIER, BEFORE, MONTH]);
		await same('further freezes');
		assert.match(await town.must('check'), /agrees/);
	});
});

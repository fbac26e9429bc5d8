// The xunge command beside a running ingest: what it changes goes through the local door, what it reads it reads itself.

import assert from 'node:assert/strict';
import { closeSync, existsSync, openSync, readFileSync, readSync, readdirSync, unlinkSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { BUILD, COMMUNITY, DISTRICT, GULLY, Proc, RIVER, TOWN, Town, run } from '../lib/index.mjs';

/** RFC 4180, strictly: CRLF after every row, quotes where they must be. */
function rows(text) {
	const out = [[]];
	let i = 0;
	while (i < text.length) {
		let cell = '';
		if (text[i] === '"') {
			for (i++; ; i++) {
				if (text[i] === undefined) throw new Error('a quote is open');
				if (text[i] !== '"') cell += text[i];
				else if (text[i + 1] === '"') cell += text[i++];
				else break;
			}
			i++;
		} else {
			while (i < text.length && !',\r'.includes(text[i])) {
				assert.ok(!'"\n'.includes(text[i]), `a bare ${JSON.stringify(text[i])} in ${cell}`);
				cell += text[i++];
			}
		}
		out.at(-1).push(cell);
		if (text[i] === ',') i++;
		else if (text.startsWith('\r\n', i)) {
			i += 2;
			out.push([]);
		} else throw new Error(`after ${cell}: ${JSON.stringify(text.slice(i, i + 5))}`);
	}
	assert.deepEqual(out.pop(), []);
	return out;
}

function table(text) {
	const [head, ...body] = rows(text.replace(/^\ufeff/, ''));
	return body.map((r) => {
		assert.equal(r.length, head.length);
		return Object.fromEntries(head.map((h, i) => [h, r[i]]));
	});
}

const FIGURES = 'figure,name,scope,level,category,period,value,unit,numerator,denominator,display,as_of_commit,as_of_time,definition';
const EVENTS = 'commit,device,epoch,seq,kind,at,person,scope,area,received,committed,imported,voided,body';
const YEAR = ['--from', '2024-01-01', '--to', '2025-01-01'];
const day = (d, h = 10) => Date.parse(`2024-${d}T${String(h).padStart(2, '0')}:00:00+08:00`);
const start = (device, seq, d, route, target, more = {}) => ({ device, epoch: 'old', seq, kind: 'patrol.start', at: day(d), ...more, body: { patrol: `p${seq}`, route, target } });

describe('the command beside ingest', () => {
	let town;
	before(async () => {
		town = await Town.start({ broker: false });
		await town.enrol('d-town', 'p-chief-t');
		await town.enrol('d-comm', 'p-chief-c');
		await town.enrol('d-grid', 'p-0001');
		await town.enrol('d-gone', 'p-0001');
		await town.must('device', 'revoke', 'd-gone');
	});
	after(() => town?.stop());

	const head = async () => JSON.parse(await town.must('status', '--json'));
	const events = (name, list) => town.xunge(['import', 'events', town.write(name, list.map((e) => (typeof e === 'string' ? e : JSON.stringify(e)) + '\n').join(''))]);
	const figure = (t, name, key) => Number(t.find((r) => r.figure === name && Object.entries(key).every(([k, v]) => r[k] === v)).value);
	let asOf; // the commit after the first events

	test('changes go through the door, with the same words', async () => {
		const s = await head();
		assert.equal(typeof s.ingest, 'object');
		assert.equal(s.commit, await town.one('SELECT max(last) FROM batch'));
		assert.match(await town.must('status'), /ingest +runs/);
		assert.match(await town.must('device', 'enrol', 'd-grid', '--person', 'p-0002'), /p-0002/);
		const again = await town.xunge(['device', 'add', 'd-grid', '--person', 'p-0001', '--district', DISTRICT]);
		assert.equal(again.code, 1);
		assert.match(again.err, /^xunge device add: [^\n]*exists[^\n]*\n$/);
		const bad = await town.xunge(['import', 'appointments', town.write('bad.csv', 'person,role,scope,level,valid_from,valid_to\np-none,worker,990101100001001,grid,,\n')]);
		assert.equal(bad.code, 1);
		assert.match(bad.err, /bad\.csv:2[^\n]*p-none[^\n]*\nxunge import: [^\n]*: 1 fault, nothing was taken: put it right and import it again\n$/);
		const extra = town.write('extra.csv', 'id,name,phone\np-extra,外甲,\n=cmd,式子,\n');
		assert.match(await town.must('import', 'people', extra, '--dry-run'), /2 inserted.*dry run/);
		assert.equal((await head()).commit, s.commit + 1); // the enrolment alone
		assert.match(await town.must('import', 'people', extra), new RegExp(`2 inserted, 0 updated, 0 unchanged, commit ${s.commit + 2}\n`));
		assert.match(await town.must('import', 'people', extra), /2 unchanged\n$/);
		await town.enrol('d-form', '=cmd');
		assert.deepEqual(readdirSync(town.dir).filter((f) => /staged/.test(f)), []);
		const u = await town.xunge(['user', 'add', 'root', '--role', 'admin'], { input: 'eight-or-more\n' });
		assert.equal(u.code, 0, u.err);
		await town.must('user', 'disable', 'root');
		assert.equal(JSON.parse(await town.must('user', 'list', '--json'))[0].state, 'disabled');
		assert.equal((await town.xunge(['user', 'disable', 'nobody'])).code, 1);
	});

	test('events of an older system: each with its answer, a second import adds nothing', async () => {
		const list = [
			start('d-town', 1, '03-01', 'river', RIVER),
			start('d-town', 2, '03-31', 'gully', GULLY),
			start('d-comm', 1, '03-02', 'river', RIVER, { at: day('03-02', 0) }),
			start('d-grid', 1, '03-02', 'grid', COMMUNITY[0], { scope: COMMUNITY[0] }),
			start('d-grid', 2, '03-03', 'river', RIVER), // no chief: a patrol, no river patrol
			start('d-form', 1, '03-03', 'road', TOWN, { scope: COMMUNITY[1] }),
		];
		const good = await events('good.ndjson', list);
		assert.equal(good.code, 0, good.err);
		assert.equal(good.err, '');
		assert.equal(good.out, 'events: 6 stored, 0 duplicate, 0 held, 0 conflict, 0 rejected, 0 not sent, 0 unanswered\n');
		asOf = (await head()).commit;
		const mixed = [
			'\ufeff' + JSON.stringify(list[0]),
			'',
			{ ...list[1], body: { target: GULLY, route: 'gully', patrol: 'p2' } }, // members in another order: the same
			{ ...list[2], at: day('03-05') },
			start('d-comm', 2, '03-04', 'river', 'NO-SUCH-1'),
			{ ...start('d-comm', 3, '03-04', 'river', RIVER), kind: 'patrol.begin' },
			'{"device":"d-comm","epoch":"old","seq":4,',
			{ ...start('d-comm', 5, '03-04', 'river', RIVER), device: undefined },
			{ ...start('d-comm', 6, '03-04', 'river', RIVER), epoch: 'NO' },
			start('d-comm', 4, '03-06', 'river', RIVER),
			start('d-none', 1, '03-06', 'river', RIVER), // neither may become rejected for good
			start('d-gone', 1, '03-06', 'river', RIVER),
		];
		const r = await events('mixed.ndjson', mixed);
		assert.equal(r.code, 1);
		assert.equal(r.out, 'events: 1 stored, 2 duplicate, 1 held, 1 conflict, 1 rejected, 5 not sent, 0 unanswered\n');
		const said = r.err.trimEnd().split('\n');
		assert.match(said.pop(), /^xunge import: [^\n]*7 lines/);
		assert.deepEqual(said.map((l) => /mixed\.ndjson:(\d+): (\w+)/.exec(l)?.slice(1, 3).join(' ')).sort(),
			['4 conflict', '6 unknown_kind', '7 bad_json', '8 bad_event', '9 bad_event', '11 no_device', '12 no_device'].sort());
		assert.equal(await town.one('SELECT count(*) FROM event WHERE flags & 1 = 0'), 0); // all marked as imported
		assert.equal(await town.one("SELECT count(*) FROM event WHERE raw LIKE '%\"device\"%'"), 0);
		const dry = await town.xunge(['import', 'events', town.path('mixed.ndjson'), '--dry-run']);
		assert.equal(dry.code, 1);
		assert.match(dry.out, /^events: 5 well formed, 1 rejected, 5 not readable/);
	});

	test('an event twice in one file: each line with an answer of its own', async () => {
		const one = start('d-grid', 1, '04-05', 'river', RIVER, { epoch: 'twice' });
		const two = start('d-grid', 2, '04-06', 'river', RIVER, { epoch: 'twice' });
		const r = await events('twice.ndjson', [one, one, two, { ...one, at: day('04-07') }, two]);
		assert.equal(r.out, 'events: 2 stored, 2 duplicate, 0 held, 1 conflict, 0 rejected, 0 not sent, 0 unanswered\n');
		const bad = { ...start('d-grid', 3, '04-09', 'river', RIVER, { epoch: 'twice' }), kind: 'patrol.begin' };
		const held = start('d-grid', 4, '04-09', 'river', 'NO-SUCH-2', { epoch: 'twice' });
		const again = await events('again.ndjson', [bad, bad, held, held]);
		assert.equal(again.out, 'events: 0 stored, 0 duplicate, 2 held, 0 conflict, 2 rejected, 0 not sent, 0 unanswered\n');
		assert.deepEqual(again.err.match(/again\.ndjson:\d+: \w+/g), ['again.ndjson:1: unknown_kind', 'again.ndjson:2: unknown_kind']);
		assert.equal(r.err, `${town.path('twice.ndjson')}:4: conflict: the same identity came with other content before\n` +
			`xunge import: ${town.path('twice.ndjson')}: 1 line was not taken, it is named above\n`);
		assert.equal(r.code, 1);
	});

	test('what waits for a later line of the file is stored with it', async () => {
		const taken = { device: 'd-grid', epoch: 'late', seq: 1, kind: 'void', at: day('04-10'), body: { target: 'd-grid/late/2', reason: '误录' } };
		const r = await events('late.ndjson', [taken, start('d-grid', 2, '04-10', 'river', RIVER, { epoch: 'late' })]);
		assert.equal(r.out, 'events: 2 stored, 0 duplicate, 0 held, 0 conflict, 0 rejected, 0 not sent, 0 unanswered\n', r.err);
		assert.equal(r.code, 0);
	});

	test('a line of two devices belongs to neither', async () => {
		const text = JSON.stringify(start('d-grid', 1, '04-08', 'river', RIVER, { epoch: 'both' })).replace('{', '{"devic\\u0065":"d-comm",');
		const fault = `${town.path('both.ndjson')}:1: bad_event: /device: more than one\n`;
		const r = await events('both.ndjson', [text]);
		assert.equal(r.out, 'events: 0 stored, 0 duplicate, 0 held, 0 conflict, 0 rejected, 1 not sent, 0 unanswered\n');
		assert.ok(r.err.startsWith(fault), r.err);
		const dry = await town.xunge(['import', 'events', town.path('both.ndjson'), '--dry-run']);
		assert.match(dry.out, /^events: 0 well formed, 0 rejected, 1 not readable/);
		assert.ok(dry.err.startsWith(fault), dry.err);
	});

	test('many events of several devices: grouped, none lost', async () => {
		const many = [];
		for (let i = 1; i <= 450; i++) {
			many.push({ device: 'd-grid', epoch: 'many', seq: i, kind: 'inspect', at: day('04-01') + i, scope: COMMUNITY[0], body: { topic: 'burn_straw', result: 'ok', note: '查'.repeat(i % 700) } });
			if (i % 3 === 0) many.push({ device: 'd-comm', epoch: 'many', seq: i / 3, kind: 'inspect', at: day('04-02') + i, scope: COMMUNITY[0], body: { topic: 'burn_waste', result: 'ok' } });
		}
		const r = await events('many.ndjson', many);
		assert.equal(r.code, 0, r.err);
		assert.match(r.out, /^events: 600 stored, 0 duplicate/);
		assert.match((await events('many.ndjson', many)).out, /^events: 0 stored, 600 duplicate/);
	});

	test('figures', async () => {
		const file = town.path('figures.csv');
		const out = await town.must('export', 'figures', ...YEAR, '-o', file);
		assert.match(out, /figures\.csv: \d+ rows, as of commit \d+/);
		const csv = readFileSync(file, 'utf8');
		assert.ok(csv.startsWith(`\ufeff${FIGURES}\r\n`));
		const t = table(csv);
		assert.equal(figure(t, 'river_patrols', { level: '', category: '' }), 4);
		assert.equal(figure(t, 'river_patrols', { level: 'town', category: '' }), 2);
		assert.equal(figure(t, 'river_patrols', { level: 'community', category: '' }), 2);
		assert.equal(figure(t, 'patrols', { category: '' }), 7);
		assert.deepEqual(['river', 'gully', 'road', 'grid', 'burning'].map((c) => figure(t, 'patrols', { category: c })), [4, 1, 1, 1, 0]);
		for (const r of t) {
			assert.equal(r.period, '2024-01-01/2025-01-01');
			if (r.denominator === '' && r.value !== '') assert.equal(Number(r.display), Number(r.value), r.figure);
			else assert.match(r.display, /^(—|\d+\.\d%?|\d+\.\d\d%)$/, r.figure);
			if (/patrols$/.test(r.figure)) assert.equal(r.unit, '次');
			assert.ok(r.name && (r.unit || r.figure === 'works')); // works of different units have no total
			assert.equal(Number(r.as_of_commit), (await head()).commit);
			assert.match(r.as_of_time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+08:00$/);
			assert.match(r.definition, new RegExp(`^${r.figure}/1 `));
		}
		const of = async (...args) => table(await town.must('export', 'figures', ...args));
		assert.equal(figure(await of(...YEAR, '--scope', COMMUNITY[0]), 'river_patrols', { level: '' }), 3);
		assert.equal(figure(await of(...YEAR, '--scope', COMMUNITY[1]), 'river_patrols', { level: '' }), 1);
		const nowhere = await town.xunge(['export', 'figures', ...YEAR, '--scope', '110000']);
		assert.equal(nowhere.code, 2);
		assert.match(nowhere.err, /^xunge export: --scope 110000: there is no such place[^\n]*\n$/);
		// `to` is exclusive; the day is that of China
		assert.equal(figure(await of('--from', '2024-03-02', '--to', '2024-03-31'), 'river_patrols', { level: '' }), 2);
		assert.equal(figure(await of('--from', '2024-03-01', '--to', '2024-03-02'), 'river_patrols', { level: '' }), 1);
		const json = JSON.parse(await town.must('export', 'figures', ...YEAR, '--format', 'json'));
		const cell = (c, v) => (c === 'value' && v !== '' ? String(Number(v)) : v); // 98.0 is 98 in JSON
		assert.deepEqual(json.rows.map((r) => FIGURES.split(',').map((c) => cell(c, String(r[c] ?? '')))), t.map((r) => Object.entries(r).map(([c, v]) => cell(c, v))));
		assert.equal((await town.xunge(['export', 'figures', ...YEAR, '--scope', RIVER])).code, 2);
	});

	test('as of an older commit: the same bytes, whatever came since', async () => {
		const ask = (...args) => town.must('export', ...args, ...YEAR, '--as-of', String(asOf));
		const figures = await ask('figures');
		const list = await ask('events', '--no-bom');
		assert.equal(figure(table(figures), 'river_patrols', { level: '' }), 3);
		assert.equal(figure(table(figures), 'patrols', { category: '' }), 6);
		assert.equal(table(list).length, 6);
		await town.import('appointments', `person,role,scope,level,valid_from,valid_to\np-0001,chief,${COMMUNITY[0]},community,2023-01-01,\n`);
		const more = await events('more.ndjson', [
			start('d-town', 3, '05-01', 'river', RIVER),
			{ device: 'd-town', epoch: 'old', seq: 4, kind: 'void', at: day('05-02'), body: { target: 'd-town/old/1', reason: '误报' } },
		]);
		assert.equal(more.code, 0, more.err);
		assert.match(more.out, /^events: 2 stored/);
		assert.equal(await ask('figures'), figures);
		assert.equal(await ask('events', '--no-bom'), list);
		const now = table(await town.must('export', 'figures', ...YEAR));
		assert.equal(figure(now, 'river_patrols', { level: 'town' }), 2); // one new, one void
		assert.equal(figure(now, 'river_patrols', { level: 'community' }), 3); // a chief by appointment since
		assert.equal(now.find((r) => r.figure === 'patrols').value, '7');
	});

	test('figures by category: the catalogue of then, counted or not', async () => {
		const NEXT = ['--from', '2025-01-01', '--to', '2026-01-01'];
		const ask = async (...args) => town.must('export', 'figures', ...NEXT, ...args);
		const old = (await head()).commit;
		const before = await ask();
		const CSV = 'code,class,name,name_en,parent,severity,deadline,deadline_unit,photo_before,photo_after,valid_from,valid_to\n';
		await town.import('categories', `${CSV}drone_straw,topic,无人机查秸秆,,,,,,,,,\nwell,hazard,废井,,,,,,,,,\npast,hazard,旧类,,,,,,,,,2024-12-31\n`);
		const empty = table(await ask());
		assert.equal(figure(empty, 'inspections', { category: 'drone_straw' }), 0);
		for (const f of ['hazards_found', 'hazards_rectified']) assert.equal(figure(empty, f, { category: 'well' }), 0);
		assert.ok(!empty.some((r) => r.category === 'past'));
		const at = (d) => Date.parse(`2025-${d}T10:00:00+08:00`);
		const one = (seq, kind, d, body) => ({ device: 'd-grid', epoch: 'cat', seq, kind, at: at(d), scope: COMMUNITY[0], body });
		const report = (seq, d, klass, category, more = {}) => one(seq, 'case.report', d, { case: `cat-${seq}`, class: klass, category, title: '件', ...more });
		const r = await events('categories.ndjson', [
			one(1, 'inspect', '02-01', { topic: 'drone_straw', result: 'ok' }),
			one(2, 'visit', '02-02', { group: 'elderly', staff: 3 }),
			report(3, '02-03', 'hazard', 'well'),
			report(4, '02-04', 'hazard', 'fire'),
			report(5, '02-05', 'appeal', 'roads'),
			report(6, '02-06', 'dispute', 'family'),
			report(7, '02-07', 'finding', 'litter'),
			report(8, '02-08', 'rectify', 'rectify_general', { issuer: '县河长办' }),
			one(9, 'inspect', '02-09', { topic: 'drone_straw', result: 'ok' }),
		]);
		assert.match(r.out, /^events: 9 stored/, r.err);
		const full = await ask(); // of the kept tallies
		const t = table(full);
		const counts = [['inspections', 'drone_straw', 2], ['visits', '', 1], ['visit_staff', '', 3], ['hazards_found', '', 2], ['hazards_found', 'well', 1],
			['appeals_received', 'roads', 1], ['appeals_closed', 'roads', 0], ['disputes_found', 'family', 1], ['disputes_settled', 'family', 0],
			['findings_found', 'litter', 1], ['rectify_total', '县河长办', 1], ['rectify_done', '', 0], ['river_patrols_valid', '', 0]];
		for (const [f, category, n] of counts) assert.equal(figure(t, f, { category, level: '' }), n, `${f} ${category}`);
		assert.equal(figure(t, 'river_patrols_valid', { level: 'town' }), 0);
		const order = t.filter((x) => x.figure === 'hazards_found').map((x) => x.category);
		assert.deepEqual(order, [...order].sort());
		assert.ok(order.length > 9 && order[0] === '');
		const commit = String(t[0].as_of_commit);
		const AT = ['--at', '2026-01-01T00:00:00+08:00']; // without, it is now, or the commit's time
		const json = await ask('--format', 'json', ...AT);
		const cell = (c, v) => (c === 'value' && v !== '' ? String(Number(v)) : v); // 98.0 is 98 in JSON
		assert.deepEqual(JSON.parse(json).rows.map((x) => FIGURES.split(',').map((c) => cell(c, String(x[c] ?? '')))), t.map((x) => Object.entries(x).map(([c, v]) => cell(c, v))));
		await town.import('categories', `${CSV}later,hazard,后加,,,,,,,,,\n`);
		await events('void.ndjson', [one(10, 'void', '03-01', { target: 'd-grid/cat/1', reason: '误报' })]);
		assert.equal(await ask('--as-of', commit), full); // recounted: the same bytes
		assert.equal(await ask('--as-of', commit, '--format', 'json', ...AT), json);
		assert.equal(await ask('--as-of', String(old)), before);
		const now = table(await ask());
		assert.equal(figure(now, 'inspections', { category: 'drone_straw' }), 1);
		assert.equal(figure(now, 'hazards_found', { category: 'later' }), 0);
		const west = table(await ask('--scope', COMMUNITY[1]));
		assert.equal(figure(west, 'hazards_found', { category: 'well' }), 0);
		assert.ok(!west.some((x) => x.category === '县河长办'));
	});

	test('events', async () => {
		const csv = await town.must('export', 'events', '--from', '2024-03-01', '--to', '2024-04-01');
		assert.ok(csv.startsWith(`\ufeff${EVENTS}\r\n`));
		const t = table(csv);
		assert.deepEqual(t.map((r) => Number(r.commit)), t.map((r) => Number(r.commit)).sort((a, b) => a - b));
		assert.equal(t.length, 7);
		const first = t.find((r) => r.device === 'd-town' && r.seq === '1');
		assert.equal(first.epoch, 'old');
		assert.equal(first.kind, 'patrol.start');
		assert.equal(first.at, '2024-03-01T10:00:00.000+08:00');
		assert.equal(first.person, 'p-chief-t');
		assert.equal(first.scope, RIVER);
		assert.equal(first.area, COMMUNITY[0]);
		assert.equal(first.imported, '1');
		assert.equal(first.voided, '1');
		assert.deepEqual(JSON.parse(first.body), { patrol: 'p1', route: 'river', target: RIVER });
		assert.equal(t.find((r) => r.device === 'd-form').person, "'=cmd"); // no cell starts a formula
		assert.equal(t.find((r) => r.device === 'd-town' && r.seq === '2').voided, '0');
		assert.ok((await town.must('export', 'events', ...YEAR, '--no-bom')).startsWith(EVENTS));
		const json = JSON.parse(await town.must('export', 'events', '--from', '2024-03-01', '--to', '2024-04-01', '--format', 'json'));
		assert.deepEqual(json.rows.map((r) => r.commit), t.map((r) => Number(r.commit)));
		assert.deepEqual(json.rows[0].body, JSON.parse(t[0].body));
		assert.equal(json.rows.find((r) => r.device === 'd-form').person, '=cmd');
		const hour = await town.must('export', 'events', '--from', '2024-03-01T10:00:00+08:00', '--to', '2024-03-01T02:00:00.001Z');
		assert.equal(table(hour).length, 1);
		assert.equal(table(await town.must('export', 'events', ...YEAR)).length, 7 + 600 + 2 + 2 + 2); // page after page
		assert.equal(table(await town.must('export', 'events', ...YEAR, '--scope', COMMUNITY[1])).length, 2);
	});

	test('an export that cannot be written, or is ended, leaves no file', async () => {
		const files = () => readdirSync(town.dir).filter((f) => f.startsWith('gone')).join();
		const oneLine = (r, says) => {
			assert.equal(r.code, 1, r.err);
			assert.match(r.err, /^xunge export: [^\n]*\n$/);
			assert.match(r.err, says);
			assert.equal(files(), '');
		};
		const sh = (line) => run('sh', ['-c', line, 'sh', path.join(BUILD, 'xunge'), '--config', town.conf, 'export', 'events', ...YEAR]);
		assert.deepEqual((({ code, err }) => [code, err])(await sh('exec "$@" -o ""')), [2, 'xunge export: -o: want the name of a file; see --help\n']);
		oneLine(await sh('exec "$@" -o /dev/full'), /\/dev\/full: No space left/);
		oneLine(await sh(`ulimit -f 100; exec "$@" -o "${town.path('gone.csv')}"`), /gone\.csv: File too large/);
		oneLine(await sh('exec "$@" >/dev/full'), /standard output: No space left/);
		// somebody reads a little and goes
		const pipe = await sh('{ "$@"; echo "status $?" >&2; } | head -c 10 >/dev/null');
		assert.match(pipe.err, /^xunge export: [^\n]*standard output: Broken pipe[^\n]*\nstatus 1\n$/);
		// Ctrl-C and SIGTERM while nobody reads on: the pipe holds 64 KiB of it
		for (const signal of ['SIGINT', 'SIGTERM']) {
			const fifo = town.path('fifo');
			assert.equal((await run('mkfifo', [fifo])).code, 0);
			const p = new Proc('export', path.join(BUILD, 'xunge'), ['--config', town.conf, 'export', 'events', ...YEAR, '-o', fifo]);
			const reader = openSync(fifo, 'r');
			try {
				assert.ok(readSync(reader, Buffer.alloc(100)) > 0);
				p.child.kill(signal);
				assert.deepEqual(await p.ended, { code: 1, signal: null });
				assert.match(p.log, /^xunge export: stopped\n$/);
			} finally {
				closeSync(reader);
				p.child.kill('SIGKILL');
				unlinkSync(fifo);
			}
		}
	});

	test('backup of a database in use; restore only when nobody writes', async () => {
		const file = town.path('copy.db');
		assert.match(await town.must('backup', file), /everything up to commit/);
		assert.ok(existsSync(file));
		const r = await town.xunge(['restore', file]);
		assert.equal(r.code, 1);
		assert.match(r.err, /^xunge restore: [^\n]*stop xunge-ingest[^\n]*\n$/);
		assert.match((await town.xunge(['migrate'])).err, /^xunge migrate: [^\n]*stop xunge-ingest[^\n]*\n$/);
		assert.match(await town.must('check'), /agrees/);
		await town.ingest.stop();
		const was = (await head()).db;
		await town.must('restore', file);
		assert.notEqual((await head()).db, was);
		await town.startIngest();
		assert.match((await events('again.ndjson', [start('d-town', 9, '06-01', 'river', RIVER)])).out, /^events: 1 stored/);
		assert.match(await town.must('check'), /agrees/);
	});
});

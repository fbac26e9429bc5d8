// The year 2023 of the town: events that make the numbers of its report (tests/lib/year.mjs), and what must come out of them.
// The table below is written from the report and from what the year's generator says it makes; nothing here counts events.

import assert from 'node:assert/strict';
import { cpSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { DISTRICT, Town } from '../lib/index.mjs';
import { readXlsx } from '../lib/xlsx.mjs';
import { YEAR_TOWN, makeYear, ndjson, rng, shuffled } from '../lib/year.mjs';

const SEED = 1;
const T = '\\d{4}-\\d\\d-\\d\\d[T ]\\d\\d:\\d\\d(:\\d\\d(\\.\\d+\\+08:00)?)?'; // an instant, of commit
const AT = '2024-02-01T00:00:00+08:00'; // the clock of every export: duties hang on it

// figure -> its rows "level/category" (the total: "/") -> value, or [display, numerator, denominator]
const EXPECTED = {
	river_patrols: { '/': 579, 'town/': 128, 'community/': 451 },
	river_patrols_valid: { '/': 551, 'town/': 121, 'community/': 430 },
	// 895 patrols of 450 m in 9 minutes; 10 that are too short: 60 m in 3 minutes
	patrol_km: { '/': 403.35, '/river': 246.57, '/gully': 50.58, '/road': 10.8, '/grid': 90, '/burning': 5.4 },
	patrol_minutes: { '/': 8085, '/river': 4944, '/gully': 1017, '/road': 216, '/grid': 1800, '/burning': 108 },
	patrols: { '/': 905, '/river': 554, '/gully': 115, '/road': 24, '/grid': 200, '/burning': 12 },
	inspections: { '/': 773, '/burn_straw': 220, '/burn_waste': 130, '/burn_weeds': 90, '/burn_leaves': 60, '/dumping_check': 150, '/gas_check': 75,
		'/food_check': 48 },
	hazards_found: { '/': 300, '/fire': 120, '/construction': 45, '/traffic': 60, '/campus': 25, '/geology': 18, '/food_drug': 32 },
	hazards_rectified: { '/': 296, '/fire': 120, '/construction': 44, '/traffic': 59, '/campus': 25, '/geology': 17, '/food_drug': 31 },
	hazards_rectified_flow: { '/': 297, '/fire': 121, '/construction': 44, '/traffic': 59, '/campus': 25, '/geology': 17, '/food_drug': 31 },
	findings_found: { '/': 70, '/dumping': 40, '/litter': 25, '/open_burning': 5 },
	findings_rectified: { '/': 65, '/dumping': 40, '/litter': 25 },
	hazard_rate: { '/': ['98.7%', 296, 300], '/fire': ['100.0%', 120, 120], '/construction': ['97.8%', 44, 45], '/traffic': ['98.3%', 59, 60],
		'/campus': ['100.0%', 25, 25], '/geology': ['94.4%', 17, 18], '/food_drug': ['96.9%', 31, 32] },
	appeals_received: { '/': 634, '/appeal_general': 106, '/environment': 106, '/roads': 106, '/water_power': 106, '/housing': 105, '/welfare': 105 },
	appeals_closed: { '/': 623, '/appeal_general': 104, '/environment': 104, '/roads': 104, '/water_power': 104, '/housing': 104, '/welfare': 103 },
	// three of the year were closed in the next one, two of the year before in this one
	appeals_closed_flow: { '/': 622, '/appeal_general': 104, '/environment': 104, '/roads': 105, '/water_power': 103, '/housing': 103, '/welfare': 103 },
	appeals_rated: { '/': 500, '/appeal_general': 84, '/environment': 84, '/roads': 83, '/water_power': 83, '/housing': 83, '/welfare': 83 },
	appeals_no_contact: { '/': 40, '/appeal_general': 6, '/environment': 6, '/roads': 7, '/water_power': 7, '/housing': 7, '/welfare': 7 },
	appeal_close_rate: { '/': ['98.3%', 623, 634], '/appeal_general': ['98.1%', 104, 106], '/environment': ['98.1%', 104, 106],
		'/roads': ['98.1%', 104, 106], '/water_power': ['98.1%', 104, 106], '/housing': ['99.0%', 104, 105], '/welfare': ['98.1%', 103, 105] },
	appeal_satisfaction: { '/': ['99.6%', 498, 500], '/appeal_general': ['98.8%', 83, 84], '/environment': ['98.8%', 83, 84],
		'/roads': ['100.0%', 83, 83], '/water_power': ['100.0%', 83, 83], '/housing': ['100.0%', 83, 83], '/welfare': ['100.0%', 83, 83] },
	disputes_found: { '/': 328, '/family': 41, '/neighbour': 41, '/homestead': 41, '/contract': 41, '/land': 41, '/labour': 41, '/road_accident': 41,
		'/property_service': 41 },
	disputes_settled: { '/': 318, '/family': 40, '/neighbour': 40, '/homestead': 40, '/contract': 40, '/land': 40, '/labour': 40,
		'/road_accident': 39, '/property_service': 39 },
	disputes_closed: { '/': 323, '/family': 41, '/neighbour': 41, '/homestead': 41, '/contract': 40, '/land': 40, '/labour': 40, '/road_accident': 40,
		'/property_service': 40 },
	disputes_settled_flow: { '/': 318, '/family': 41, '/neighbour': 40, '/homestead': 39, '/contract': 40, '/land': 40, '/labour': 40,
		'/road_accident': 39, '/property_service': 39 },
	dispute_rate: { '/': ['98.5%', 318, 323], '/family': ['97.6%', 40, 41], '/neighbour': ['97.6%', 40, 41], '/homestead': ['97.6%', 40, 41],
		'/contract': ['100.0%', 40, 40], '/land': ['100.0%', 40, 40], '/labour': ['100.0%', 40, 40], '/road_accident': ['97.5%', 39, 40],
		'/property_service': ['97.5%', 39, 40] },
	disputes_by_level: { '/': 318, 'town/': 26, 'community/': 288, 'grid/': 4 },
	rectify_total: { '/': 20, '/区创卫办': 12, '/区作风办': 8 },
	rectify_done: { '/': 20, '/区创卫办': 12, '/区作风办': 8 },
	cases_received: { '/': 1352, '/hazard': 300, '/finding': 70, '/appeal': 634, '/dispute': 328, '/rectify': 20 },
	cases_closed: { '/': 1327, '/hazard': 296, '/finding': 65, '/appeal': 623, '/dispute': 323, '/rectify': 20 },
	cases_closed_flow: { '/': 1327, '/hazard': 297, '/finding': 65, '/appeal': 622, '/dispute': 323, '/rectify': 20 },
	monitored_households: { '/': 7 },
	monitored_persons: { '/': 18 },
	risk_removed_households: { '/': 2 },
	risk_removed_persons: { '/': 9 },
	visits: { '/': 100 },
	visited_households: { '/': 88 },
	visit_staff: { '/': 88 },
	aid: { '/': 6000 },
	works: { '/window_bars': 5100, '/overhead_cables': 5, '/wall_painting': 8000, '/ad_cleaning': 480, '/parking_spaces': 30 },
};
const NOT_ADDITIVE = new Set(['visited_households', 'monitored_households', 'monitored_persons', 'risk_removed_households', 'risk_removed_persons']);

// What is told of itself differs where commit numbers do: one set of events in another order has other ones.
const OWN = /^(as_of_|commit)/;

const year = makeYear(SEED);
const communities = Array.from({ length: 16 }, (_, i) => YEAR_TOWN + String(i + 1).padStart(3, '0'));

const PARAGRAPH = '2023年，全镇落实网格化管理制度，聚焦“四烧”、河道偷倒建筑垃圾等行为，加大河道、沟道、公路沿线巡查监管力度，镇级河长巡河128次，' +
	'社区河长巡河451次；共开展各类巡查905次。' +
	'开展专项检查773次，其中烧秸秆220次、烧垃圾130次、烧荒草90次、烧枯枝落叶60次、建筑垃圾偷倒检查150次、燃气检查75次、食品药品检查48次。' +
	'累计排查各类安全隐患300处，其中消防安全120处、建筑施工45处、道路交通60处、校园安全25处、地质灾害18处、食品药品32处，已整改296处，整改率达98.7%。' +
	'巡查发现问题70处，其中倾倒建筑垃圾40处、生活垃圾25处、露天焚烧5处，已整改65处。' +
	'排查调处矛盾纠纷328件，调处成功318件，调处成功率98%以上，其中网格化解4件、社区化解288件、镇级化解26件。' +
	'收集各类群众诉求634起（件），办结623起（件），办结率达98.3%，群众评议满意度达99.6%（回访评价500件，未联系上40件不计）。' +
	'区创卫办、区作风办交办的20项问题，已全面整改完成。全镇监测对象7户18人中已消除风险2户9人。' +
	'开展入户走访100次，走访88户，参与干部88人次，发放慰问金6000元。' +
	'拆除防盗窗5100个、清理“蜘蛛网”约5吨、粉刷墙面8000平方米、清理杂物及小广告480处、停车位30处。';

/** A town with the year's registry and devices, as `base` has them. */
async function another(base) {
	const t = await Town.start({ registry: false, broker: false, ingest: false });
	for (const part of ['', '-wal', '-shm']) {
		rmSync(`${t.db}${part}`, { force: true });
		if (existsSync(`${base.db}${part}`)) cpSync(`${base.db}${part}`, `${t.db}${part}`);
	}
	await t.startIngest();
	return t;
}

/** All are applied, and nothing waits. */
const allThere = async (t) => (await t.one('SELECT count(*) FROM event')) === year.events.length && (await t.one('SELECT count(*) FROM held_all')) === 0;

async function importEvents(t, events) {
	const r = await t.xunge(['import', 'events', t.write('year.ndjson', ndjson(events))]);
	assert.equal(r.code, 0, r.err);
	assert.match(r.out, / 0 conflict, 0 rejected, 0 not sent, 0 unanswered/);
	assert.ok(await allThere(t));
}

/** As phones send them: payloads of 1 to 200 events, the devices by turns. */
async function sendEvents(t, events, seed) {
	const random = rng(seed), door = await t.door(), of = new Map();
	for (const { device, ...e } of events) of.get(device)?.push(e) ?? of.set(device, [e]);
	while (of.size)
		for (const [device, rest] of [...of]) {
			const acks = await door.events(device, rest.splice(0, 1 + Math.floor(random() * 200)));
			for (const a of acks) assert.ok(!a.results?.some((r) => r.status !== 'held'), JSON.stringify(a.results));
			if (!rest.length) of.delete(device);
		}
	assert.ok(await allThere(t));
}

const exported = (t, name, from, to, ...more) => t.must('export', name, '--from', from, '--to', to, '--at', AT, ...more);
const key = (r) => `${r.level}/${r.category}`;

/** An export without what it says of commit numbers and of arrival: how the events came is what differs. */
async function compared(t, name) {
	if (name === 'workbook') { // every cell: value, formula, format; the number and the time of the commit stand in texts
		const file = t.path('workbook.xlsx');
		await exported(t, name, '2023-01-01', '2024-01-01', '-o', file);
		return readXlsx(readFileSync(file)).sheets.flatMap((s) => [...s.cells].filter(([ref]) => s.value(ref.replace(/\d+/, '1')) !== '提交号').map(([ref, c]) => `${s.name}!${ref} ${JSON.stringify(c)}`)).join('\n')
			.replace(new RegExp(`"${await t.one('SELECT max(last) FROM batch')}"|提交号 \\d+|${T}`, 'g'), '');
	}
	if (name === 'tracks') return (await exported(t, name, '2023-01-01', '2024-01-01')).replace(/"(as_of_\w+|commit)":("[^"]*"|\d+),?/g, '');
	if (name === 'events') { // in the order of their commits: as a set
		const { rows } = JSON.parse(await exported(t, name, '2022-01-01', '2025-01-01', '--format', 'json'));
		return rows.map(({ commit, received, committed, imported, ...own }) => JSON.stringify(own)).sort().join('\n');
	}
	const doc = JSON.parse(await exported(t, name, '2023-01-01', '2024-01-01', '--format', 'json'));
	if (name === 'quality') return JSON.stringify(doc.rows.map(({ device, person, events, missing, holes, held, rejected, conflicts }) => ({ device, person, events, missing, holes, held, rejected, conflicts })));
	const drop = (o) => Object.fromEntries(Object.entries(o).filter(([k]) => !OWN.test(k)).map(([k, v]) => [k, k === 'query' ? v.replace(/&as_of=\d+/, '') : v]));
	const text = JSON.stringify({ ...drop(doc), rows: doc.rows.map(drop) });
	return text.replace(/提交号\d+/g, '').replace(/"etag":"?\d+"?/g, '');
}

describe('a year that is the report of the town', () => {
	let town, session;
	before(async () => {
		town = await Town.start({ registry: year.registry, broker: false, ingest: false });
		for (const [d, p] of year.devices) await town.enrol(d, p, DISTRICT);
	});
	after(() => town?.stop());
	const others = [];
	let then;
	after(() => then?.stop());
	after(() => Promise.all(others.map((t) => t.stop())));

	before(async () => {
		for (let i = 0; i < 2; i++) others.push(await another(town));
		then = await another(town);
		await town.startIngest();
		await importEvents(town, year.events);
		await town.user('leader', 'p-0096', 'leader', '*');
		await town.startServer();
		session = await town.session('leader');
	});

	/** Rows of the figures of [from, to). */
	async function figures(from, to, scope = '*') {
		const r = await session.fetch(`/api/v1/figures?from=${from}&to=${to}${scope === '*' ? '' : `&scope=${scope}`}`);
		assert.equal(r.status, 200);
		const doc = await r.json();
		const rows = doc.figures.map((f) => ({ ...f, figure: f.id, as_of_commit: doc.as_of }));
		if (to <= '2024-01-01') { // the command says the same
			const { rows: own } = JSON.parse(await exported(town, 'figures', from, to, '--format', 'json', ...(scope === '*' ? [] : ['--scope', scope])));
			const part = (r) => [r.figure, r.level, r.category, Number(r.value), r.unit ?? '', r.numerator, r.denominator, r.display, r.definition];
			assert.deepEqual(own.filter((r) => r.figure !== 'duty_rate').map(part), rows.filter((r) => r.figure !== 'duty_rate').map(part));
		}
		return rows;
	}

	test('the generator gives the same events again', () => {
		assert.equal(ndjson(makeYear(SEED).events), ndjson(year.events));
	});

	for (const scope of ['*', YEAR_TOWN])
		test(`figures of ${scope} are those of the report`, async () => {
			const got = await figures('2023-01-01', '2024-01-01', scope);
			for (const [figure, parts] of Object.entries(EXPECTED)) {
				const mine = got.filter((r) => r.figure === figure);
				for (const [k, want] of Object.entries(parts)) {
					const r = mine.find((m) => key(m) === k);
					assert.ok(r, `${figure} has a row ${k}`);
					if (Array.isArray(want)) assert.deepEqual([r.display, r.numerator, r.denominator], want, `${figure} ${k}`);
					else assert.equal(Number(r.value), want, `${figure} ${k}`);
				}
				for (const r of mine) // what is not expected is nothing
					if (!(key(r) in parts)) assert.ok(!Number(r.value) || (figure === 'works' && key(r) === '/'), `${figure} ${key(r)}: ${r.value}`);
			}
			for (const r of got) assert.ok(r.definition && r.as_of_commit > 0, JSON.stringify(r));
		});

	test('a part that is 约 says so', async () => {
		const got = await figures('2023-01-01', '2024-01-01');
		const works = Object.fromEntries(got.filter((r) => r.figure === 'works').map((r) => [r.category, `${r.display}${r.unit}`]));
		assert.equal(works.overhead_cables, '约5吨');
		assert.equal(works.window_bars, '5100个');
		assert.equal(works.wall_painting, '8000平方米');
		assert.equal(works.ad_cleaning, '480处'); // one that is approximate was voided
	});

	/** What the listed events come to, by the figure's own way of counting. */
	function counted(figure, rows) {
		const of = (f) => new Set(rows.map(f)).size;
		const sum = (member) => rows.reduce((n, r) => n + (r.body[member] ?? 0), 0);
		if (/patrols/.test(figure)) return of((r) => `${r.device}/${r.body.patrol}`);
		if (/^(monitored|risk_removed|visited)/.test(figure)) return of((r) => r.body.household);
		if (figure === 'visit_staff') return sum('staff');
		if (figure === 'aid') return sum('aid_fen') / 100;
		if (figure === 'works') return sum('qty');
		if (/^(visits|inspections)$/.test(figure)) return of((r) => `${r.device}/${r.epoch}/${r.seq}`);
		return of((r) => r.body.case);
	}

	test('the events behind each number are as many as it says', async () => {
		const listed = async (figure, level, category) => {
			const r = await session.fetch(`/api/v1/exports/events.json?from=2023-01-01&to=2024-01-01&${new URLSearchParams({ figure, level, category })}`);
			const text = await r.text();
			assert.equal(r.status, 200, text);
			return JSON.parse(text).rows;
		};
		for (const [figure, parts] of Object.entries(EXPECTED))
			for (const [k, want] of Object.entries(parts)) {
				if (/^(patrol_|(monitored|risk_removed)_persons)/.test(figure)) continue; // sums of what the events do not say
				const [level, category] = k.split('/');
				const rows = await listed(figure, level, category);
				assert.ok(rows.every((r) => !r.voided), `${figure} ${k}`);
				assert.equal(counted(figure, rows), Array.isArray(want) ? want[2] + (figure === 'duty_rate' ? want[1] : 0) : want, `${figure} ${k}`);
			}
		const closed = await listed('appeals_closed', '', '');
		assert.equal(closed.filter((r) => r.body.action === 'verify_pass').length, 623 - closed.filter((r) => r.body.self_fixed).length);
		assert.equal(closed.filter((r) => r.kind === 'case.report').length, 623);
		assert.equal((await listed('patrols', '', '')).length, 905);
		assert.ok((await listed('patrols', '', '')).every((r) => r.kind === 'patrol.start'));
		assert.deepEqual(await listed('inspections', '', 'no_such_topic'), []);
		for (const [more, says] of [['duty_rate', /made of duties/], ['no_such', /no_such/], ['visits&level=town', /no levels/], ['river_patrols&level=tonw', /level tonw: want district/], ['river_patrols&category=x', /no categories/]])
			assert.match((await town.xunge(['export', 'events', '--from', '2023-01-01', '--to', '2024-01-01', ...more.split('&').flatMap((w, i) => i ? `--${w}` : ['--figure', w])])).err, says);
	});

	test('the report of the year', async () => {
		const doc = JSON.parse(await exported(town, 'annual', '2023-01-01', '2024-01-01', '--format', 'json'));
		const [, body, day, commit] = /^(.*)（数据截至(.*?)，提交号(\d+)，由巡格系统生成；口径见附表。）$/.exec(doc.paragraph);
		assert.equal(body, PARAGRAPH);
		assert.equal(Number(commit), doc.as_of_commit);
		assert.equal(day, doc.as_of_time.slice(0, 10).replace(/^(\d+)-0?(\d+)-0?(\d+)$/, '$1年$2月$3日'));
		// Each number of the paragraph is a row, in its order, and the row is the one of the figures.
		const all = await figures('2023-01-01', '2024-01-01');
		let at = 0;
		for (const r of doc.rows) {
			const place = body.indexOf(r.text, at);
			assert.ok(place >= at, `${r.text} comes after ${body.slice(0, at)}`);
			at = place + r.text.length;
			const f = all.find((x) => x.figure === r.figure && key(x) === key(r));
			for (const c of ['name', 'unit', 'display', 'numerator', 'denominator', 'definition'])
				assert.equal(r[c], f[c], `${r.figure} ${c}`);
			assert.deepEqual([r.period, r.as_of_commit], ['2023-01-01/2024-01-01', doc.as_of_commit]);
			assert.equal(Number(r.value), Number(f.value));
			const q = new URL(r.query, town.base), want = { figure: r.figure, level: r.level, category: r.category, from: '2023-01-01', to: '2024-01-01', as_of: commit };
			assert.equal(q.pathname, '/api/v1/exports/events.csv');
			assert.deepEqual(Object.fromEntries(q.searchParams), Object.fromEntries(Object.entries(want).filter(([, v]) => v)));
		}
		const told = body.replaceAll('“', '').match(/\d+(\.\d+)?/g).length;
		assert.equal(told, 1 + doc.rows.filter((r) => /\d/.test(r.text)).length + 1 /* asked */, 'no number without a row but the year and how many were asked');
	});

	test('the report as a table, as text, in English, of other periods and places', async () => {
		const csv = await exported(town, 'annual', '2023-01-01', '2024-01-01');
		const [head, first] = csv.split('\r\n');
		assert.ok(head.startsWith('\ufeffclause,figure,name,level,category,'));
		assert.ok(first.includes(PARAGRAPH.slice(0, 200)));
		const text = await exported(town, 'annual', '2023-01-01', '2024-01-01', '--format', 'text');
		assert.ok(text.startsWith(PARAGRAPH));
		assert.match(text, /\n巡河次数 · 镇级 +128次 +2023-01-01\/2024-01-01 +\/api\/v1\/exports\/events\.csv\?figure=river_patrols&level=town&/);
		const english = await exported(town, 'annual', '2023-01-01', '2024-01-01', '--format', 'text', '--lang', 'en');
		assert.match(english, /^In 2023 the town made 905 patrols; rivers and gullies were walked by chiefs of the town 128 times, by those of the community 451 times\. /);
		assert.match(english, / It received 634 appeals and closed 623, 98\.3%; 99\.6% of 500 asked were satisfied \(40 more could not be reached\)\. /);
		assert.match(english, / It watched over 7 households with 18 persons; of these 2 with 9 are out of risk\. /);
		const of = async (from, to, ...more) => JSON.parse(await exported(town, 'annual', from, to, '--format', 'json', ...more)).paragraph;
		assert.match(await of('2023-01-01', '2023-07-01'), /^2023年1—6月，全镇落实/);
		assert.match(await of('2023-07-01', '2023-10-01', '--scope', `${YEAR_TOWN}006`), /^2023年第三季度，全社区/);
		assert.match(await of('2019-01-01', '2020-01-01'), /^2019年，全镇没有巡查、案件、走访等记录。（/);
		// A year with little is compared too: the one before had patrols from its first month on.  Of one that is not over, as far as it has come.
		const at = async (t) => JSON.parse(await town.must('export', 'annual', '--from', '2024-01-01', '--to', '2025-01-01', '--format', 'json', '--at', t));
		assert.match((await at('2025-02-01T00:00:00+08:00')).paragraph, /^2024年，.*，较上年下降99\.5%；共开展各类巡查3次，较上年下降99\.7%。/);
		const half = await at('2024-06-30T12:00:00+08:00'), before = half.rows.find((r) => r.figure === 'patrols' && /下降/.test(r.text));
		assert.equal(half.at, '2024-06-30T12:00:00.000+08:00'); // what is not over hangs on it
		assert.match(half.paragraph, /^2024年以来，.*，较上年同期下降/);
		assert.equal(before.period, '2023-01-01/2023-07-01');
		assert.match(before.query, /figure=patrols&from=2023-01-01&to=2023-07-01&/);
		assert.equal(Number(before.value), Number((await figures('2023-01-01', '2023-07-01')).find((r) => r.figure === 'patrols' && key(r) === '/').value));
	});

	test('the years beside it have what lies beside midnight', async () => {
		for (const [y, want] of [[2022, { river_patrols: 3, appeals_received: 3, disputes_found: 1, hazards_found: 1, visits: 1 }],
			[2024, { river_patrols: 3, appeals_received: 2, disputes_found: 1, hazards_found: 1, visits: 1 }]]) {
			const got = await figures(`${y}-01-01`, `${y + 1}-01-01`);
			for (const [figure, n] of Object.entries(want))
				assert.equal(Number(got.find((r) => r.figure === figure && key(r) === '/').value), n, `${figure} of ${y}`);
		}
	});

	/** Adds tables of figures row by row; rates by numerator and denominator. */
	function sum(tables) {
		const out = new Map();
		for (const table of tables)
			for (const r of table) {
				if (NOT_ADDITIVE.has(r.figure) || `${r.figure} ${key(r)}` === 'works /') continue; // a total only where all have one unit
				const k = `${r.figure} ${key(r)}`, o = out.get(k) ?? { value: 0, numerator: 0, denominator: 0 };
				if (r.denominator === null) o.value += Math.round(Number(r.value ?? 0) * 1000);
				o.numerator += r.numerator ?? 0;
				o.denominator += r.denominator ?? 0;
				out.set(k, o);
			}
		return new Map([...out].filter(([, o]) => o.value || o.denominator).sort(([a], [b]) => (a < b ? -1 : 1)));
	}
	const without = (table, ...figures) => table.filter((r) => !figures.includes(r.figure));

	test('the communities add up to the town', async () => {
		const tables = [];
		for (const c of communities) tables.push(await figures('2023-01-01', '2024-01-01', c));
		const whole = await figures('2023-01-01', '2024-01-01', YEAR_TOWN);
		assert.ok(sum([whole]).size > 60);
		// A duty for all of a chief's reaches belongs to no one community.
		assert.deepEqual(sum(tables.map((t) => without(t, 'duty_rate'))), sum([without(whole, 'duty_rate')]));
	});

	test('months add up to the year, days to the month', async () => {
		const month = (m) => (m > 12 ? '2024-01-01' : `2023-${String(m).padStart(2, '0')}-01`);
		const months = [];
		for (let m = 1; m <= 12; m++) months.push(await figures(month(m), month(m + 1)));
		assert.deepEqual(sum(months.map((t) => without(t, 'duty_rate'))), sum([without(await figures(month(1), month(13)), 'duty_rate')]));
		const day = (d) => (d > 30 ? '2023-07-01' : `2023-06-${String(d).padStart(2, '0')}`);
		const days = [];
		for (let d = 1; d <= 30; d++) days.push(await figures(day(d), day(d + 1)));
		assert.deepEqual(sum(days.map((t) => without(t, 'duty_rate'))), sum([without(months[5], 'duty_rate')]));
	});

	test('quarters and weeks, by their names, add up too; duties at one instant', async () => {
		const of = async (period) => JSON.parse(await town.must('export', 'figures', ...(period.includes('/') ? ['--from', ...period.split('/').flatMap((d, i) => (i ? ['--to', d] : [d]))] : ['--period', period]),
			'--at', AT, '--format', 'json')).rows;
		const adds = async (parts, whole) => {
			const tables = [];
			for (const p of parts) tables.push(await of(p));
			const want = sum([await of(whole)]);
			assert.ok(want.get('duty_rate /').denominator > 0, whole);
			assert.deepEqual(sum(tables), want, whole);
		};
		await adds(['2023-Q1', '2023-Q2', '2023-Q3', '2023-Q4'], '2023');
		await adds(['2023-H1', '2023-H2'], '2023');
		await adds(['2023-11-D1', '2023-11-D2', '2023-11-D3'], '2023-11');
		await adds(['2023-W40', '2023-W41', '2023-W42', '2023-W43', '2023-10-30', '2023-10-31'], '2023-10-02/2023-11-01');
	});

	test('the ledgers add up to the figures', async () => {
		const rows = async (name, ...more) => JSON.parse(await exported(town, name, '2023-01-01', '2024-01-01', '--format', 'json', ...more)).rows;
		const total = (list, column) => list.reduce((n, r) => n + Number(r[column] ?? 0), 0);
		const [inspections, visits, works, households, patrols] = [await rows('inspections'), await rows('visits'), await rows('works'), await rows('households'), await rows('patrols')];

		assert.equal(inspections.length, EXPECTED.inspections['/']);
		assert.deepEqual([visits.length, total(visits, 'staff'), total(visits, 'aid'), new Set(visits.map((v) => v.household)).size], [100, 88, 6000, 88]);
		for (const [k, n] of Object.entries(EXPECTED.works))
			assert.equal(total(works.filter((r) => `/${r.item}` === k), 'qty'), n, k);
		assert.ok(works.some((r) => r.item === 'overhead_cables' && r.approx === true));
		assert.deepEqual([households.length, total(households, 'persons'), households.filter((h) => h.state === 'risk_removed').length], [7, 18, 2]);
		assert.equal(patrols.length, EXPECTED.patrols['/']);
		const duty = await rows('duty');
		const rate = (await figures('2023-01-01', '2024-01-01')).filter((r) => r.figure === 'duty_rate');
		const met = (level) => duty.filter((d) => d.state === 'met' && (!level || d.level === level)).length;
		const overdue = (level) => duty.filter((d) => d.state === 'overdue' && (!level || d.level === level)).length;

		assert.ok(met('') > 0 && overdue('') > 0, `${met('')} met, ${overdue('')} overdue`);
		for (const r of rate) assert.deepEqual([r.numerator, r.denominator], [met(r.level), met(r.level) + overdue(r.level)], `duty_rate ${r.level}`);
		assert.ok((await rows('overdue')).every((r) => Number(r.days) >= 1));
		const quality = await rows('quality');

		assert.equal(quality.length, year.devices.length);
		assert.equal(total(quality, 'events'), year.events.length);
		for (const [name, list] of Object.entries({ inspections, visits, duty, patrols })) { // names are masked, and whole for who may ask
			assert.ok(list.every((r) => !r.person_name || /^.\*$/u.test(r.person_name)), name);
			const whole = await rows(name, '--unmask');

			assert.ok(whole.some((r) => r.person_name && !/\*/.test(r.person_name)), name);
			assert.equal(whole.length, list.length);
		}
		const [head] = (await exported(town, 'visits', '2023-01-01', '2024-01-01')).split('\r\n');

		assert.equal(head, '\ufeff时间,区域编码,区域,人员编号,人员,批次名称,户编号,人口,走访人员,慰问金（元）,设备,批次,序号,提交号');
		assert.match(await exported(town, 'visits', '2023-01-01', '2024-01-01', '--lang', 'en', '--no-bom'), /^Time,Area,/);
		const part = await rows('visits', '--scope', communities[0]);

		assert.ok(part.length < visits.length && part.every((v) => v.area.startsWith(communities[0])));
	});

	test('as of an older commit: the bytes of then, whatever came since', async () => {
		const door = await then.door(), half = shuffled(year.events, 21), names = ['figures', 'annual', 'patrols', 'cases', 'duty', 'overdue', 'inspections', 'visits', 'works', 'households', 'tracks'];
		const send = async (events) => {
			const of = new Map();
			for (const { device, ...e } of events) of.get(device)?.push(e) ?? of.set(device, [e]);
			for (const [device, rest] of of) while (rest.length) await door.events(device, rest.splice(0, 200));
		};

		await send(half.slice(0, half.length / 2));
		const commit = String(await then.one('SELECT max(last) FROM batch'));
		const before = {};

		for (const n of names) before[n] = await exported(then, n, '2023-01-01', '2024-01-01');
		await send(half.slice(half.length / 2));
		await then.import('appointments', 'person,role,scope,level,valid_from,valid_to\np-0001,chief,990101100001,community,2022-01-01,\n');
		for (const n of names) {
			assert.notEqual(await exported(then, n, '2023-01-01', '2024-01-01'), before[n], `${n} has moved`);
			assert.ok(await exported(then, n, '2023-01-01', '2024-01-01', '--as-of', commit) === before[n], `${n} as of ${commit}`);
		}
		const r = await then.xunge(['export', 'quality', '--from', '2023-01-01', '--to', '2024-01-01', '--as-of', commit]);

		assert.equal(r.code, 2);
		assert.match(r.err, /how things stand now/);
	});

	test('shuffled, duplicated and split, the same events give the same bytes', async () => {
		await importEvents(others[0], shuffled(year.events, 11));
		await sendEvents(others[1], shuffled(year.events, 12), 13);
		// Every export that there is.
		const { err } = await town.xunge(['export', 'none', '--from', '2023-01-01', '--to', '2024-01-01']);
		const names = /there are ([a-z, ]+)/.exec(err)[1].split(', ');
		assert.ok(names.length >= 15, err);
		for (const name of names) {
			const want = await compared(town, name);
			assert.ok(want.length > 1000 || name === 'corrections', `${name} has rows`); // nothing is frozen
			for (const t of others) {
				const got = (await compared(t, name)).split('\n'), first = want.split('\n').findIndex((l, i) => l !== got[i]);
				assert.ok(first < 0 && got.length === want.split('\n').length, `${name}, line ${first}: ${want.split('\n')[first]?.slice(0, 400)}\n${got[first]?.slice(0, 400)}`);
			}
		}
		for (const t of [town, ...others]) assert.match(await t.must('check'), /everything agrees/);
	});
});

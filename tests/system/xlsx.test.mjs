// Spreadsheets: the sheets of a single table and of the workbook, read back by a strict reader: types, formats, formulas and the
// values beside them, what stays text, what is frozen and repeated, and the same bytes again.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { COMMUNITY, GRID, GULLY, RIVER, TOWN, Town } from '../lib/index.mjs';
import { civilOf, columnOf, letters, readXlsx } from '../lib/xlsx.mjs';

const at = (text) => Date.parse(`${text}+08:00`);
const EVIL = ['=HYPERLINK("http://x","y")', '+1-2', '-2+3', '@SUM(A1)', 'a\u0001b\u001fc', '_x0041_ stays', '𠮷野家 <&> "q"', '一\r\n二\n三', '\ttab', "'quote"];
const NAMES = ['=1+1', '+1-2', '-2+3', '@SUM(A1)', '_x0041_网格', '𠮷野<&>网格'];
const LONG = '长'.repeat(33000);

/** One device's events, numbered. */
function story() {
	const seq = {};
	const list = [];
	const add = (device, person, time, kind, body, more = {}) => {
		seq[device] = (seq[device] ?? 0) + 1;
		list.push({ device, epoch: 'e1', seq: seq[device], kind, at: at(time), person, body, ...more });
	};
	const walk = (device, person, id, time, route, target, seconds = 1200) => {
		add(device, person, time, 'patrol.start', { patrol: id, route, target });
		const pts = Array.from({ length: seconds / 30 + 1 }, (_, i) => [i * 30000, 33.39 + i * 0.0005, 104.9, 8]);
		add(device, person, time, 'patrol.track', { patrol: id, pts });
		list.push({ device, epoch: 'e1', seq: ++seq[device], kind: 'patrol.end', at: at(time) + seconds * 1000, person, body: { patrol: id, clear: false } });
	};
	walk('d-c', 'p-chief-c', 'w1', '2025-03-03T09:00:00', 'river', RIVER);
	walk('d-c', 'p-chief-c', 'w2', '2025-03-31T23:59:59', 'river', RIVER); // the last second of March
	walk('d-c', 'p-chief-c', 'w3', '2025-04-01T00:00:00', 'river', RIVER); // April
	walk('d-c', 'p-chief-c', 'short', '2025-03-12T09:00:00', 'river', RIVER, 60); // by the rule: counted, not valid
	walk('d-t', 'p-chief-t', 'w4', '2025-03-10T09:00:00', 'gully', GULLY);
	walk('d-1', 'p-0001', 'w5', '2025-03-11T09:00:00', 'grid', GRID[0]);
	walk('d-1', 'p-0001', 'w6', '2025-02-11T09:00:00', 'grid', GRID[0]);
	EVIL.forEach((title, i) => add('d-1', 'p-0001', `2025-03-${String(i + 2).padStart(2, '0')}T10:00:00`, 'case.report',
		{ case: `evil-${i}`, class: 'finding', category: 'litter', title, text: `${title} 电话13812345678` }, { scope: GRID[0] }));
	const photo = (role) => ({ sha256: role[0].repeat(64).replace(/[^0-9a-f]/g, 'a'), bytes: 10, mime: 'image/jpeg', role });
	add('d-1', 'p-0001', '2025-03-20T10:00:00', 'case.report', { case: 'fixed', class: 'hazard', category: 'fire', severity: 3, title: '楼道堆物', self_fixed: true },
		{ scope: GRID[0], att: [photo('before'), photo('after')] });
	add('d-c', 'p-chief-c', '2025-03-03T09:10:00', 'case.report', { case: 'onriver', class: 'finding', category: 'sewage', title: '排污' }, { scope: RIVER, ref: 'w1' });
	add('d-1', 'p-0001', '2025-03-21T10:00:00', 'case.report', { case: 'appeal', class: 'appeal', category: 'roads', title: '路灯不亮', extra: LONG }, { scope: GRID[2] });
	return list;
}

describe('xlsx', { timeout: 120000 }, () => {
	let town;
	const MARCH = ['--from', '2025-03-01', '--to', '2025-04-01', '--at', '2025-04-02T08:00:00+08:00'];
	let n = 0;
	const make = async (name, args = MARCH, env = {}) => {
		const file = town.path(`out-${++n}.xlsx`);
		const r = await town.xunge(['export', name, ...args, '--format', 'xlsx', '-o', file], { env });
		assert.equal(r.code, 0, r.err);
		return readFileSync(file);
	};

	before(async () => {
		town = await Town.start({ broker: false, server: false });
		await town.import('duties', 'rule,role,level,target,period,months,count,count_unit,min_minutes,min_metres,min_gap_hours,min_coverage,substitute,delegate,valid_from,valid_to\n'
			+ 'r1,chief,community,each,month,1-12,2,times,5,300,,,no,no,2025-01-01,\n'
			+ 'r1,worker,grid,each,week,1-12,1,times,,,,,no,no,2025-01-01,\n');
		await town.import('areas', `code,name,valid_from,valid_to\n${NAMES.map((name, i) => `${COMMUNITY[1]}1${String(i).padStart(2, '0')},${name},,\n`).join('')}`);
		for (const [d, p] of [['d-c', 'p-chief-c'], ['d-t', 'p-chief-t'], ['d-1', 'p-0001']]) await town.enrol(d, p);
		const r = await town.xunge(['import', 'events', town.write('story.ndjson', story().map((e) => `${JSON.stringify(e)}\n`).join(''))]);
		assert.match(r.out + r.err, /0 held, 0 conflict, 0 rejected/);
	});
	after(() => town?.stop());

	test('a single table: types, filter, heading, and what it is', async () => {
		const book = readXlsx(await make('events'));
		assert.deepEqual(book.sheets.map((s) => s.name).slice(1), ['说明']);
		const s = book.sheets[0];
		const { headings, rows } = s.table(1);
		assert.ok(rows.length > 20);
		assert.equal(s.filter, `A1:${letters(headings.length)}${rows.length + 1}`);
		assert.deepEqual(s.frozen, { rows: 1, columns: 0 });
		assert.deepEqual(s.merges, []);
		assert.ok(s.cell('A1').bold);
		for (const row of rows) {
			assert.equal(row['设备'].type, 'text');
			assert.deepEqual([row['发生时间'].type, row['发生时间'].format], ['number', 'yyyy-mm-dd hh:mm']);
			assert.ok(civilOf(row['发生时间'].value) >= '2025-03-01' && civilOf(row['发生时间'].value) < '2025-04-01 00:20', civilOf(row['发生时间'].value));
		}
		assert.equal([...s.cells.values()].filter((c) => c.type === 'formula').length, 0);
		const about = Object.fromEntries(Array.from({ length: book.sheet('说明').rows }, (_, i) => [book.sheet('说明').value(`A${i + 1}`), book.sheet('说明').value(`B${i + 1}`)]));
		assert.equal(about['行数'], String(rows.length));
		assert.equal(about['计算时点'] ?? '', '2025-04-02T08:00:00.000+08:00');
		assert.match(about['个人信息'], /已脱敏/);
		assert.ok(!('截断' in about));
		assert.equal(JSON.parse(rows.find((r) => r['内容'].value.includes('路灯不亮'))['内容'].value).extra, '长*', 'of what is not in the contract, nobody knows what it holds');
		const whole = readXlsx(await make('events', [...MARCH, '--unmask']));
		const said = Object.fromEntries(Array.from({ length: whole.sheet('说明').rows }, (_, i) => [whole.sheet('说明').value(`A${i + 1}`), whole.sheet('说明').value(`B${i + 1}`)]));
		assert.match(said['截断'], /^有 1 处/);
		const cut = whole.sheets[0].table(1).rows.map((r) => r['内容'].value).filter((t) => t.length > 30000);
		assert.equal(cut.length, 1);
		assert.ok(cut[0].length <= 32767 && cut[0].endsWith('……（截断）'));
	});

	test('the workbook: sums are formulas with their values, rates are made of sums', async () => {
		const book = readXlsx(await make('workbook'));
		const names = book.sheets.map((s) => s.name);
		assert.deepEqual(names.slice(0, 5), ['说明', '1 履职汇总', '2 分网格', '3 河长巡河', '4 隐患办结']);
		for (const want of ['6 逾期名单', '7 诉求纠纷交办', '8 统计表']) assert.ok(names.includes(want), want);
		const last = (v) => v === '合　计';
		const levels = book.sheet('1 履职汇总').table(3, last).rows;
		assert.deepEqual(levels.map((r) => [r['级别'].value, r['应巡次数'].value, r['实巡次数'].value, r['有效巡查'].value, r['本年累计'].value, r['上月实巡'].value]),
			[['镇级', 0, 1, 1, 1, 0], ['社区级', 2, 3, 2, 3, 0], ['网格级', levels[2]['应巡次数'].value, 1, 1, 2, 1]]);
		assert.ok(levels[2]['应巡次数'].value >= 8, 'two workers, four weeks or five');
		const chiefs = book.sheet('3 河长巡河').table(3, last).rows;
		const own = chiefs.find((r) => r['级别'].value === '社区级');
		assert.deepEqual([own['河段'].value, own['河长'].value, own['应巡'].value, own['实巡'].value, own['有效'].value, own['发现问题'].value, own['已整改'].value],
			['清水河东关段', '李*', 2, 3, 2, 1, 0]);
		assert.equal(civilOf(own['最近巡河'].value), '2025-03-31 23:59:59.000');
		const found = book.sheet('4 隐患办结').table(3, last).rows;
		const of = (rows, type) => rows.find((r) => r['类型'].value === type);
		assert.equal(of(found, '生活垃圾')['受理'].value, EVIL.length);
		assert.equal(of(found, '消防安全')['受理'].value, 1);
		const grids = book.sheet('2 分网格').table(3, last).rows;
		assert.deepEqual(grids.filter((r) => r['上报'].value).map((r) => [r['网格'].value, r['上报'].value, r['办结'].value]),
			[['（社区本级）', 1, 0], ['东关一网格', EVIL.length + 1, 1], ['西关一网格', 1, 0]]);
		assert.equal(grids.find((r) => r['网格'].value === '东关一网格')['网格员'].value, '赵*');
	});

	test('the sheet of figures: real numbers, rates with what they are made of, definitions on the first sheet', async () => {
		const book = readXlsx(await make('workbook'));
		const rows = book.sheet('8 统计表').table(3, (v) => typeof v === 'string' && v.startsWith('制表人')).rows;
		const row = (name, part = '合计') => rows.find((r) => r['指标'].value === name && r['级别/分类'].value === part);
		assert.deepEqual([row('巡河次数', '镇级')['数值'].value, row('巡河次数', '社区级')['数值'].value], [1, 3]);
		assert.deepEqual([row('排查隐患')['数值'].value, row('排查隐患')['单位'].value], [1, '处']);
		const rate = row('诉求办结率');
		assert.deepEqual([rate['数值'].type, rate['数值'].value, rate['数值'].format, rate['分子'].value, rate['分母'].value], ['number', 0, '0.0%', 0, 1]);
		const about = book.sheet('说明');
		assert.ok([...about.cells.values()].some((c) => /^river_patrols\/1 /.test(c.value)));
		for (let r = 1; r <= about.rows; r++) if (/^校验/.test(about.value(`A${r}`))) assert.match(about.value(`B${r}`), /^(\d+) = \1$/);
	});

	test('every formula of the workbook gives the value that stands beside it', async () => {
		const book = readXlsx(await make('workbook'));
		let sums = 0, rates = 0;
		for (const s of book.sheets) {
			for (const [ref, c] of s.cells) {
				if (c.type !== 'formula') continue;
				const num = (r) => s.value(r) ?? 0;
				let m, want;
				if ((m = /^SUM\(([A-Z]+)(\d+):([A-Z]+)(\d+)\)$/.exec(c.formula))) {
					assert.equal(m[1], m[3]);
					assert.equal(ref, `${m[1]}${Number(m[4]) + 1}`, 'just above the sum');
					assert.equal(Number(m[2]), 4, 'from the first row');
					want = 0;
					for (let r = 4; r <= Number(m[4]); r++) want += num(m[1] + r);
					sums++;
					assert.ok(c.bold);
				} else if ((m = /^IF\((\w+)=0,"—",(\w+)\/\1\)$/.exec(c.formula))) {
					want = num(m[1]) === 0 ? '—' : num(m[2]) / num(m[1]);
					assert.match(c.format, /^0\.00?%$/);
					rates++;
				} else if ((m = /^IF\((\w+)=0,"—",\((\w+)-\1\)\/\1\)$/.exec(c.formula))) {
					want = num(m[1]) === 0 ? '—' : (num(m[2]) - num(m[1])) / num(m[1]);
				} else if ((m = /^(\w+)-(\w+)$/.exec(c.formula))) {
					want = num(m[1]) - num(m[2]);
				} else {
					assert.fail(`${s.name}!${ref}: ${c.formula}`);
				}
				if (typeof want === 'number') assert.ok(Math.abs(c.value - want) < 1e-9, `${s.name}!${ref} ${c.formula}: ${c.value}, not ${want}`);
				else assert.equal(c.value, want, `${s.name}!${ref}`);
			}
		}
		assert.ok(sums > 30 && rates > 40, `${sums} sums, ${rates} rates`);
	});

	test('summary sheets print: A4 across, a page wide, heading on each, title, office, signatures', async () => {
		const book = readXlsx(await make('workbook'));
		for (const name of ['1 履职汇总', '2 分网格', '3 河长巡河', '4 隐患办结', '6 逾期名单', '7 诉求纠纷交办']) {
			const s = book.sheet(name);
			const { headings } = s.table(3, () => true);
			assert.deepEqual(s.page, { paper: 9, landscape: true, fit: true, high: '0' }, name);
			assert.equal(s.footer, '&C第 &P 页 共 &N 页');
			assert.deepEqual(s.frozen, { rows: 3, columns: 0 });
			assert.ok(book.names.some((d) => d.name === '_xlnm.Print_Titles' && d.sheet === name && d.refers.endsWith('!$3:$3')));
			assert.ok(s.merges.includes(`A1:${letters(headings.length)}1`));
			assert.deepEqual([s.cell('A1').name, s.cell('A1').size], ['黑体', 16]);
			assert.match(s.value('A1'), /^(示例区)?.*2025年3月/);
			assert.match(s.value('A2'), /^填报单位：/);
			assert.deepEqual([s.cell('A3').bold, s.cell('A3').name, s.cell('A3').size], [true, '宋体', 10.5]);
			const texts = [...s.cells.values()].map((c) => String(c.value));
			assert.ok(texts.some((t) => /^制表人：.*审核人：.*填报日期：.*（盖章）$/.test(t)), name);
			assert.ok(texts.some((t) => t.startsWith('注：')), name);
		}
	});

	test('ledgers print: what a reader wants on one page across, title and as-of on each, definitions on a sheet of their own', async () => {
		const margin = (s, tag) => new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`).exec(s.xml)[1].replaceAll('&quot;', '"').replaceAll('&amp;', '&');
		for (const [name, last, title] of [['figures', '显示', '统计表'], ['patrols', '区域', '巡河台账'], ['cases', '承办', '案件台账'], ['duty', '区域编码', '履职台账']]) {
			const book = readXlsx(await make(name)), s = book.sheets[0], { headings, rows } = s.table(1);
			const area = /!\$A\$1:\$([A-Z]+)\$(\d+)$/.exec(book.names.find((d) => d.name === '_xlnm.Print_Area' && d.sheet === s.name).refers);

			assert.deepEqual(s.page, { paper: 9, landscape: true, fit: true, high: '0' }, name);
			assert.ok(!/fitToWidth="[2-9]/.test(s.xml), `${name}: one page across`);
			assert.equal(headings[columnOf(`${area[1]}1`) - 1], last);
			assert.equal(Number(area[2]), Math.max(1, rows.length + 1));
			assert.ok(book.names.some((d) => d.name === '_xlnm.Print_Titles' && d.sheet === s.name && d.refers.endsWith('!$1:$1')));
			assert.match(s.xml, /<printOptions [^>]*gridLines="1"/);
			assert.match(margin(s, 'oddHeader'), new RegExp(`^&C&"黑体,Bold"&15 .*${title}\n.* 2025-03-01/2025-04-01`));
			assert.match(margin(s, 'oddFooter'), /^&L&8 数据截至提交 \d+，.*&C&9 第 &P 页 共 &N 页&R&8 /);
		}
		const book = readXlsx(await make('figures')), of = book.sheet('口径').table(1).rows;
		const rows = book.sheets[0].table(1).rows, ids = [...new Set(rows.map((r) => r['指标'].value))];

		assert.deepEqual(of.map((r) => r['指标'].value), ids, 'each figure once, in their order');
		for (const r of rows) assert.equal(of.find((d) => d['指标'].value === r['指标'].value)['口径'].value, r['口径'].value);
		assert.ok(of.every((r) => r['口径'].wrap) && rows.every((r) => !r['口径'].wrap), 'rows of a line');
		assert.match(margin(readXlsx(await make('visits')).sheets[0], 'oddHeader'), /本期无记录$/);
		assert.doesNotMatch(margin(book.sheets[0], 'oddHeader'), /无记录/);
		const said = readXlsx(await make('annual')), text = said.sheet('正文').value('A1');

		assert.equal(text, said.sheets[0].table(1).rows[0]['显示'].value);
		assert.match(text, /^2025年3月/);
	});

	test('names that could be formulas, and rare characters, stay texts', async () => {
		const book = readXlsx(await make('workbook'));
		const grids = book.sheet('2 分网格').table(3, (v) => v === '合　计').rows.map((r) => r['网格']);
		for (const name of NAMES) assert.deepEqual(grids.filter((c) => c.value === name).map((c) => c.type), ['text'], name);
	});

	test('the same bytes again, whatever the hour, the zone and the folder; and nothing left behind', async () => {
		const tmp = town.path('tmp');
		mkdirSync(tmp);
		for (const name of ['workbook', 'figures', 'events']) {
			const one = await make(name);
			const two = await make(name, MARCH, { TMPDIR: tmp, TZ: 'America/New_York', LANG: 'de_DE.UTF-8' });
			assert.ok(one.equals(two), name);
			const { core, app } = readXlsx(one);
			const as_of = (await town.one('SELECT max(time) FROM batch')) / 1000;
			assert.ok(core.includes(`${new Date(Math.floor(as_of) * 1000).toISOString().slice(0, 19)}Z`), core); // no other time
			assert.ok(!/root|xunge|localhost/i.test(core + app.replace(/Microsoft Excel/, '')));
		}
		assert.deepEqual(readdirSync(tmp), []);
		assert.deepEqual(readdirSync(town.dir).filter((f) => /^(tmp\.|xunge-)/.test(f)), []);
	});

	test('in English; a period without anything; places outside of areas are refused', async () => {
		const book = readXlsx(await make('workbook', [...MARCH, '--lang', 'en', '--scope', COMMUNITY[1]]));
		assert.deepEqual(book.sheets.map((s) => s.name).slice(0, 3), ['About', '1 By level', '2 By grid']);
		const grids = book.sheet('2 By grid').table(3, (v) => v === 'Total').rows;
		assert.deepEqual(grids.map((r) => r.Grid.value).filter((g) => /^[西东]/.test(g)), ['西关一网格', '西关二网格']);
		const empty = readXlsx(await make('workbook', ['--from', '2020-01-01', '--to', '2020-02-01']));
		assert.equal(empty.sheet('3 河长巡河').value('A4'), '（本期无记录）');
		const reach = await town.xunge(['export', 'workbook', ...MARCH, '--scope', RIVER, '-o', town.path('no.xlsx')]);
		assert.equal(reach.code, 2);
		const csv = await town.xunge(['export', 'workbook', ...MARCH, '--format', 'csv']);
		assert.match(csv.err, /xlsx/);
		assert.equal(columnOf('AA1'), 27);
		assert.equal(TOWN, '990101100');
	});
});

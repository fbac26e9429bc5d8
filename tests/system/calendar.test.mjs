// The calendar file: the holidays and make-up days as published, as another keeper of them knows them; and it imports.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import days from 'chinese-days';
import { ROOT, Town } from '../lib/index.mjs';

const FILE = path.join(ROOT, 'deploy/calendars/2023-2026.csv');
const lines = readFileSync(FILE, 'utf8').trimEnd().split('\n');

test('calendar 2023-2026: each day off and each make-up day, and no other', () => {
	const kind = new Map(lines.slice(1).map((l) => l.split(',')));
	let work = 0;
	assert.equal(lines[0], 'date,kind');
	assert.equal(kind.size, lines.length - 1, 'each day once');
	for (let d = Date.UTC(2023, 0, 1); d < Date.UTC(2027, 0, 1); d += 86400000) {
		const date = new Date(d).toISOString().slice(0, 10);
		const weekday = new Date(d).getUTCDay() % 6 !== 0;
		const off = days.getHolidaysInRange(date, date, false).length === 1; // festivals, their weekend days too
		const makeup = days.isWorkday(date) && !weekday;
		assert.equal(kind.get(date), makeup ? 'makeup' : off ? 'holiday' : undefined, date);
		// what core/workcal.c makes of the row
		const works = kind.has(date) ? kind.get(date) === 'makeup' : weekday;
		assert.equal(works, days.isWorkday(date), date);
		work += works;
		kind.delete(date);
	}
	assert.deepEqual([...kind], [], 'nothing beyond these years');
	assert.equal(work, 249 + 251 + 248 + 248);
});

test('calendar 2023-2026: the command imports it, twice without a change', async () => {
	const town = await Town.start({ ingest: false, broker: false, registry: false });
	try {
		assert.match(await town.must('import', 'calendar', FILE), new RegExp(`${lines.length - 1} inserted, 0 updated, 0 unchanged`));
		assert.match(await town.must('import', 'calendar', FILE), new RegExp(`0 inserted, 0 updated, ${lines.length - 1} unchanged`));
	} finally {
		await town.stop();
	}
});

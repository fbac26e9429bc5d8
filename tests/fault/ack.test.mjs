// An ack leaves only after the commit that holds its events is on disk: ingest is killed just before, and just after.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { Town, sleep, within } from '../lib/index.mjs';

const stored = (town) => Number(execFileSync('sqlite3', [town.db, 'SELECT count(*) FROM event WHERE kind = 11']));

for (const [point, kept] of [['ingest.before_commit', 0], ['ingest.after_commit', 1]])
	test(`killed at ${point}: no ack, ${kept} stored; after the restart acknowledged and stored once`, async (t) => {
		const town = await Town.start();
		t.after(() => town.stop());
		const d = await town.device('d-0001', 'p-0001');
		await town.ingest.stop();
		await town.startIngest({ XUNGE_FAULT: `${point}:2:kill` });
		await d.send('status', {}); // the first commit passes, and the link with the broker has settled
		const event = d.event('sos', { text: point });
		await d.publish(event);
		await within(town.ingest.ended, 'ingest to be killed', 15000);
		assert.equal(town.ingest.exit.signal, 'SIGKILL');
		await sleep(300);
		const acked = d.acks.some((a) => a.epoch === d.epoch && a.upto >= 2);
		assert.ok(!acked || stored(town) >= 1, 'acknowledged, but not stored');
		if (kept === 0) assert.ok(!acked, 'acknowledged before the commit');
		await town.startIngest();
		await d.publish(event);
		assert.equal((await d.answer(2)).status, 'stored');
		assert.equal(stored(town), 1);
		await town.must('check');
	});

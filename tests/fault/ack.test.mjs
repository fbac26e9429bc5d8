// An ack leaves only after the commit that holds its events is on disk: ingest is killed just before, and just after.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { Town, sleep, within } from '../lib/index.mjs';

const stored = (town) => Number(execFileSync('sqlite3', [town.db, 'SELECT count(*) FROM event']));

for (const [point, kept] of [['ingest.before_commit', 0], ['ingest.after_commit', 1]])
	test(`killed at ${point}: no ack, ${kept} stored; after the restart acknowledged and stored once`, async (t) => {
		const town = await Town.start();
		t.after(() => town.stop());
		const d = await town.device('d-0001', 'p-0001');
		await sleep(1200); // presence and hello have their commits behind them
		await town.ingest.stop();
		const event = d.event('sos', { text: point });
		await d.publish(event); // the broker keeps it for ingest: it is in the first batch
		town.o.broker = false; // do not wait for its link: it dies as soon as it has one
		await town.startIngest({ XUNGE_FAULT: `${point}:1:kill` }).catch(() => {});
		town.o.broker = true;
		await within(town.ingest.ended, 'ingest to be killed', 15000);
		assert.equal(town.ingest.exit.signal, 'SIGKILL');
		await sleep(300);
		const acked = d.acks.some((a) => a.epoch === d.epoch && a.upto >= 1);
		assert.ok(!acked || stored(town) >= 1, 'acknowledged, but not stored');
		if (kept === 0) assert.ok(!acked, 'acknowledged before the commit');
		await town.startIngest();
		await d.publish(event);
		assert.equal((await d.answer(1)).status, 'stored');
		assert.equal(stored(town), 1);
		await town.must('check');
	});

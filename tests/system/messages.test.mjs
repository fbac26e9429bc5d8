// The message schemas: sound, and of one mind with the C reader on tests/unit/events.ndjson.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import Ajv2020 from 'ajv/dist/2020.js';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const DIR = path.join(ROOT, 'schema/messages');
const BASE = 'https://xunge.invalid/messages/v1/';

const ajv = new Ajv2020.default({ strict: true, strictTypes: false, strictRequired: false, strictTuples: false, multipleOfPrecision: 6 });
const files = readdirSync(DIR).filter((f) => f.endsWith('.json'));
for (const f of files) ajv.addSchema(JSON.parse(readFileSync(path.join(DIR, f), 'utf8')));
const schema = (name) => ajv.getSchema(BASE + name);

test('every schema compiles under its own name', () => {
	assert.ok(files.length >= 20);
	for (const f of files) assert.equal(schema(f)?.schema.$id, BASE + f);
});

test('event.json says what event_decode says', () => {
	const lines = readFileSync(path.join(ROOT, 'tests/unit/events.ndjson'), 'utf8').trimEnd().split('\n');
	const valid = schema('event.json');
	assert.ok(lines.length > 150);
	for (const line of lines) {
		const c = JSON.parse(line);
		const want = c.schema ? c.schema === 'ok' : c.want === 'ok';
		assert.equal(valid(c.event), want, `${line}\n${JSON.stringify(valid.errors)}`);
	}
});

const event = { epoch: 'a', seq: 1, kind: 'sos', at: 5, body: {} };
const row = { device: 'd-1', person: 'p', online: true, seen: 5, queue: null, missing: 0, battery: null, loc: [104.9, 33.3] };
const good = {
	'up.json': [event, [event, event], { hello: { epoch: 'a', first: 1, next: 2, time: null } }],
	'presence.json': [{ online: true, at: 5 }, { online: false }],
	'down.json': [
		{ type: 'sync' },
		{ type: 'hello' },
		{ type: 'ack', epoch: 'a', upto: 42, missing: [[38, 39]], commit: 10233, time: 5, results: [{ seq: 40, status: 'rejected', code: 'unknown_kind', detail: '/kind: x' }] },
		{ type: 'ack', epoch: 'a', upto: 0, missing: [], commit: 0, time: 5, results: [{ seq: 4, status: 'held', code: 'waits_for' }, { seq: 5, status: 'conflict', code: 'conflict' }] },
		{ type: 'ack', error: { code: 'too_large', limit: 262144 } },
		{ type: 'ack', error: { code: 'bad_json' } },
	],
	'live.client.json': [{ op: 'hello' }, { op: 'hello', scope: '990101100', db: 'x', since: 5 }, { op: 'hello', scope: null, db: null, since: null }, { op: 'ping' }, { op: 'hello', beat: true }, { op: 'ping', beat: false }],
	'live.server.json': [
		{ op: 'tick', commit: 5, time: 5 },
		{ op: 'tick', commit: 5, time: 5, source: { database: 'ok', ingest: 'silent', broker: 'unknown', since: 4 } },
		{ op: 'pong', time: 5 },
		{ op: 'delta', from: 4, commit: 5, time: 5 },
		{ op: 'delta', from: 4, commit: 5, time: 5, devices: [row, { device: 'd-2', gone: true }] },
		{ op: 'snapshot', db: 'x', commit: 0, time: 5, figures: [], areas: [], alerts: [], cases: [], overdue: [], devices: [], feed: [] },
	],
};
const bad = {
	'up.json': [[], Array(201).fill(event), { hello: { epoch: 'a', first: 0, next: 2 } }, { hello: {} }, [[event]], 7],
	'presence.json': [{}, { online: 1 }, { online: true, at: -1 }],
	'down.json': [
		{ type: 'bye' },
		{ type: 'ack' },
		{ type: 'ack', epoch: 'a', upto: 42, missing: [[38]], commit: 1, time: 5, results: [] },
		{ type: 'ack', epoch: 'a', upto: 42, missing: [], commit: 1, time: 5, results: [{ seq: 4, status: 'held', code: 'bad_json' }] },
		{ type: 'ack', epoch: 'a', upto: 42, missing: [], commit: 1, time: 5, results: [{ seq: 4, status: 'stored' }] },
		{ type: 'ack', error: { code: 'huh' } },
	],
	'live.client.json': [{}, { op: 'hello', since: 'x' }, { op: 'bye' }, { op: 'ping', beat: 1 }],
	'live.server.json': [
		{ op: 'tick' },
		{ op: 'tick', commit: 5, time: 5, source: { database: 'ok', ingest: 'gone', broker: 'ok' } },
		{ op: 'delta', commit: 5, time: 5 },
		{ op: 'delta', from: 4, commit: 5, time: 5, devices: [{ device: 'd-2' }] },
		{ op: 'snapshot', db: 'x', commit: 0, time: 5 },
	],
};

for (const [name, messages] of Object.entries(good))
	test(`${name}: takes what is right`, () => {
		for (const m of messages) assert.ok(schema(name)(m), `${JSON.stringify(m)}\n${JSON.stringify(schema(name).errors)}`);
	});
for (const [name, messages] of Object.entries(bad))
	test(`${name}: refuses what is wrong`, () => {
		for (const m of messages) assert.ok(!schema(name)(m), JSON.stringify(m).slice(0, 200));
	});

test('asyncapi.yaml refers to schemas that are there', () => {
	const refs = [...readFileSync(path.join(ROOT, 'schema/asyncapi.yaml'), 'utf8').matchAll(/\$ref: '?(\.\/messages\/[^'\s]+)/g)];
	assert.ok(refs.length >= 6);
	for (const [, ref] of refs) assert.ok(files.includes(path.basename(ref.split('#')[0])), ref);
});

// The first client of a scope, who has the view made, gets what follows like the others, also when its
// snapshot leaves in several pieces.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Town } from '../lib/index.mjs';
import { COMMUNITY, REGISTRY } from '../lib/registry.mjs';

test('the first client of a scope gets deltas', async () => {
	const grids = Array.from({ length: 900 }, (_, i) => `${COMMUNITY[1]}${100 + i},西关第${100 + i}网格,,\n`).join('');
	const town = await Town.start({ server: true, registry: { ...REGISTRY, areas: REGISTRY.areas + grids } });
	try {
		await town.user('watch', 'p-admin', 'leader', '*');
		const d = await town.device('d-0001', 'p-0001');
		const s = await town.session('watch');
		const first = await s.live();
		await first.frame((f) => f.op === 'snapshot', 'its snapshot');
		const second = await s.live();
		await second.frame((f) => f.op === 'snapshot', 'its snapshot');
		const sent = await d.send('inspect', { topic: 'gas_check', result: 'ok' }, { scope: COMMUNITY[0] });
		assert.equal(sent.status, 'stored');
		for (const c of [first, second])
			await c.frame((f) => f.op === 'delta' && f.feed?.some((r) => r.kind === 'inspect'), 'the inspection in a delta');
		first.end();
		second.end();
	} finally {
		await town.stop();
	}
});

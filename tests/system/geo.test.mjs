// geo.test.mjs - positions as phones and maps sold in China give them (GCJ-02), against npm `gcoord`: read back in WGS-84.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import gcoord from 'gcoord';
import { RIVER, TOWN, Town } from '../lib/index.mjs';

const R = 6371008.8;
const metres = ([lon1, lat1], [lon2, lat2]) => {
	const rad = Math.PI / 180;
	return R * rad * Math.hypot(lat2 - lat1, (lon2 - lon1) * Math.cos(((lat1 + lat2) / 2) * rad));
};

describe('positions', { timeout: 120000 }, () => {
	let town, phone, session, patrols = 0;

	before(async () => {
		town = await Town.start({ server: true });
		await town.user('centre', 'p-duty', 'centre', TOWN);
		phone = await town.device('d-0003', 'p-chief-c');
		session = await town.session('centre');
	});
	after(() => town?.stop());

	/** Sends points as a patrol's track in `crs`, and reads the kept ones back, in order. */
	async function thereAndBack(points, crs) {
		const patrol = `g${++patrols}`;
		const at = Date.now() - 36e6;
		await phone.publish([
			phone.event('patrol.start', { patrol, route: 'river', target: RIVER }, { at }),
			phone.event('patrol.track', { patrol, crs, pts: points.map(([lon, lat], i) => [i * 700000, lat, lon, 5]) }, { at }),
		]);
		await phone.answer(phone.seq);
		const r = await session.fetch(`/api/v1/patrols/${phone.id}.${patrol}/track.geojson`);
		assert.equal(r.status, 200);
		const alone = (await r.json()).features.find((f) => f.id === 'alone'); // 700 s apart: each stands alone
		return alone.geometry.coordinates;
	}

	const round = (v) => Number(v.toFixed(7));
	// a walk over the country in small steps of chance, so that no step is a jump
	const places = Array.from({ length: 60 }, (_, i) => [round(104.9217 + Math.sin(i * 1.3) * 0.08), round(33.3912 + Math.cos(i * 1.7) * 0.08)]);

	test('GCJ-02 is converted as gcoord does, within a centimetre or two', async () => {
		const moved = places.map((p) => gcoord.transform(p, gcoord.WGS84, gcoord.GCJ02).map(round));
		assert.ok(metres(moved[0], places[0]) > 200, 'it is moved at all');
		const back = await thereAndBack(moved, 'gcj02');
		assert.equal(back.length, places.length);
		back.forEach((p, i) => {
			assert.ok(metres(p, gcoord.transform(moved[i], gcoord.GCJ02, gcoord.WGS84)) < 0.1, `${moved[i]} became ${p}`);
			assert.ok(metres(p, places[i]) < 0.1, `${places[i]} came back as ${p}: far less than a metre off`);
		});
	});

	test('WGS-84 and CGCS2000 stay as they are', async () => {
		assert.deepEqual(await thereAndBack(places, 'wgs84'), places);
		assert.deepEqual(await thereAndBack(places, 'cgcs2000'), places);
	});
});

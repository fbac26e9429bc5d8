// Makes the registry files of the invented town in this folder:  node deploy/demo/town.mjs
// The files are committed; this stands here so that a change to the town is one edit. No place, person or number is real:
// district 990101 does not exist, and telephone numbers that begin with 10 are given to nobody.
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const DIR = dirname(fileURLToPath(import.meta.url));
const DISTRICT = '990101', TOWN = '990101100';
const LAT0 = 33.39, LON0 = 104.92, LAT_M = 111132, LON_M = 111320 * Math.cos(LAT0 * Math.PI / 180);
const FROM = '2023-01-01';

// A generator of its own: the same town on every machine.
let state = 20230101;
function random() {
	state = (state + 0x6d2b79f5) | 0;
	let t = Math.imul(state ^ (state >>> 15), 1 | state);
	t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
	return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}
const key = p => `${Math.round(p[0])},${Math.round(p[1])}`;
const mid = (a, b, f = 0.5) => [a[0] + (b[0] - a[0]) * f, a[1] + (b[1] - a[1]) * f];
const far = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]);
const degrees = p => [+(LON0 + p[0] / LON_M).toFixed(6), +(LAT0 + p[1] / LAT_M).toFixed(6)];

// ---- places: grids are Voronoi cells, a community is the union of its grids, the town of all
const COMMUNITIES = [ // name, east m, north m, grids
	['老街社区', 200, -300, 5], ['青石社区', -1900, 600, 4], ['石桥社区', 1900, -1100, 5], ['河口社区', 4100, -2500, 4],
	['清泉社区', -300, 1700, 4], ['柳湾社区', 2300, 1100, 4], ['东坪村', 4700, 200, 3], ['西坪村', -4300, 1300, 3],
	['上寨村', -3300, 3300, 4], ['下寨村', -900, 4000, 3], ['高台村', 1600, 3500, 4], ['松林村', 4300, 2900, 3],
	['南坡村', -800, -2700, 4], ['桃园村', -3100, -1700, 3], ['杨家咀村', 1700, -3600, 3], ['北山村', -5300, -700, 2],
];
// Convex: Voronoi cells are cut out of it.
const BORDER = [[-6600, -1200], [-5400, -2500], [-3200, -3900], [-300, -4700], [2600, -4900], [4900, -4100], [6100, -2200],
	[6500, 300], [6000, 2900], [4300, 4400], [1500, 5200], [-1500, 5300], [-4200, 4600], [-5900, 2700]];

function clip(poly, a, b) { // the part of poly nearer to a than to b
	const m = mid(a, b), side = p => (p[0] - m[0]) * (b[0] - a[0]) + (p[1] - m[1]) * (b[1] - a[1]);
	const out = [];
	poly.forEach((p, i) => {
		const q = poly[(i + 1) % poly.length], sp = side(p), sq = side(q);
		if (sp <= 0)
			out.push(p);
		if ((sp < 0 && sq > 0) || (sp > 0 && sq < 0))
			out.push(mid(p, q, sp / (sp - sq)));
	});
	return out;
}
function centroid(poly) {
	let a = 0, x = 0, y = 0;
	poly.forEach((p, i) => {
		const q = poly[(i + 1) % poly.length], c = p[0] * q[1] - q[0] * p[1];
		a += c; x += (p[0] + q[0]) * c; y += (p[1] + q[1]) * c;
	});
	return [x / (3 * a), y / (3 * a)];
}
function voronoi(seeds, border) {
	return seeds.map(s => seeds.reduce((poly, t) => (t === s ? poly : clip(poly, s, t)), border));
}
const inside = (p, ring) => ring.reduce((odd, a, i) => {
	const b = ring[(i + 1) % ring.length];
	return (a[1] > p[1]) !== (b[1] > p[1]) && p[0] < (b[0] - a[0]) * (p[1] - a[1]) / (b[1] - a[1]) + a[0] ? !odd : odd;
}, false);

const coarse = voronoi(COMMUNITIES.map(c => [c[1], c[2]]), BORDER);
const grids = []; // { code, name, community, seed }
COMMUNITIES.forEach(([name, , , n], c) => {
	const code = TOWN + String(c + 1).padStart(3, '0');
	let seeds = Array.from({ length: n }, (_, i) => {
		const angle = 2 * Math.PI * (i + 0.4 * random()) / n, heart = centroid(coarse[c]);
		return [heart[0] + 700 * Math.cos(angle), heart[1] + 600 * Math.sin(angle)];
	});
	for (let round = 0; round < 2; round++)
		seeds = voronoi(seeds, coarse[c]).map(centroid);
	seeds.forEach((seed, i) => grids.push({ code: code + String(i + 1).padStart(3, '0'), community: c, seed,
		name: `${name}第${'一二三四五六'[i]}网格` }));
});
// Grids of all communities together, so that neighbours share whole edges and an outline is what no two share.
const cells = voronoi(grids.map(g => g.seed), BORDER).map(poly => {
	const kept = [];
	for (const p of poly)
		if (!kept.length || key(kept[kept.length - 1]) !== key(p))
			kept.push([Math.round(p[0]), Math.round(p[1])]);
	if (key(kept[0]) === key(kept[kept.length - 1]))
		kept.pop();
	return kept;
});
function outline(polys) {
	const edges = new Map();
	for (const poly of polys)
		poly.forEach((p, i) => {
			const q = poly[(i + 1) % poly.length];
			if (!edges.delete(`${key(q)};${key(p)}`))
				edges.set(`${key(p)};${key(q)}`, [p, q]);
		});
	const next = new Map([...edges.values()].map(([p, q]) => [key(p), q]));
	if (next.size !== edges.size)
		throw new Error('an outline that touches itself');
	const ring = [], start = edges.values().next().value[0];
	for (let p = start; ;) {
		ring.push(p);
		p = next.get(key(p));
		if (key(p) === key(start))
			break;
	}
	if (ring.length !== edges.size)
		throw new Error('an outline in pieces');
	return ring;
}
// Borders follow ridges and ditches: each edge is bent, alike for both its neighbours.
function bend(ring) {
	const noise = (p, q) => {
		let h = 2166136261;
		for (const ch of `${key(p)};${key(q)}`)
			h = Math.imul(h ^ ch.charCodeAt(0), 16777619);
		return ((h >>> 8) & 0xffff) / 65535 - 0.5;
	};
	const run = (p, q) => {
		if (far(p, q) < 250)
			return [p];
		const f = 0.2 * noise(p, q), m = mid(p, q);
		const c = [Math.round(m[0] - (q[1] - p[1]) * f), Math.round(m[1] + (q[0] - p[0]) * f)];
		return [...run(p, c), ...run(c, q)];
	};
	return ring.flatMap((p, i) => {
		const q = ring[(i + 1) % ring.length];
		if (key(p) < key(q))
			return run(p, q);
		const back = run(q, p); // q ... up to p, without p
		return [p, ...back.slice(1).reverse()];
	});
}
const shapes = grids.map((g, i) => ({ code: g.code, ring: bend(cells[i]) }));
COMMUNITIES.forEach((_, i) => shapes.push({ code: TOWN + String(i + 1).padStart(3, '0'),
	ring: bend(outline(cells.filter((_, k) => grids[k].community === i))) }));
shapes.push({ code: TOWN, ring: bend(outline(cells)) });

// ---- reaches: six lines
function meander(points, wave) { // a smooth line through the points, with bends of its own
	const out = [];
	for (let i = 0; i + 1 < points.length; i++) {
		const p0 = points[Math.max(0, i - 1)], p1 = points[i], p2 = points[i + 1], p3 = points[Math.min(points.length - 1, i + 2)];
		const n = Math.max(4, Math.round(far(p1, p2) / 120));
		for (let s = 0; s < n; s++) {
			const t = s / n, at = k => 0.5 * (2 * p1[k] + (p2[k] - p0[k]) * t + (2 * p0[k] - 5 * p1[k] + 4 * p2[k] - p3[k]) * t * t +
				(3 * p1[k] - p0[k] - 3 * p2[k] + p3[k]) * t * t * t);
			const sway = wave * Math.sin(5 * t * Math.PI) * Math.sin(Math.PI * t), d = far(p1, p2);
			out.push([at(0) - (p2[1] - p1[1]) / d * sway, at(1) + (p2[0] - p1[0]) / d * sway]);
		}
	}
	out.push(points[points.length - 1]);
	return out;
}
const qsh = meander([[-6100, 2300], [-4300, 1700], [-2300, 900], [-700, 300], [900, -700], [2300, -1500], [4000, -2100], [5700, -2900]], 90);
const third = Math.floor(qsh.length / 3);
const REACHES = [ // code, name, river, kind, line
	['QSH-01', '清石河上段', '清石河', 'river', qsh.slice(0, third + 1)],
	['QSH-02', '清石河中段', '清石河', 'river', qsh.slice(third, 2 * third + 1)],
	['QSH-03', '清石河下段', '清石河', 'river', qsh.slice(2 * third)],
	['LX-01', '柳溪示例镇段', '柳溪', 'river', meander([[1300, 4900], [1900, 3300], [2400, 1700], [2100, 300], [1500, -1000]], 70)],
	['TSG-01', '桃树沟', '桃树沟', 'gully', meander([[-4000, -3000], [-3500, -2100], [-2900, -1300], [-2500, -600]], 50)],
	['XD-01', '示例县道老街至松林段', '', 'road', meander([[100, -100], [1500, 700], [2900, 1700], [4300, 2700], [5300, 3400]], 20)],
].map(([code, name, river, kind, line]) => {
	const length = line.slice(1).reduce((sum, p, i) => sum + far(line[i], p), 0);
	const share = new Map();
	for (const p of line) {
		const c = COMMUNITIES.findIndex((_, i) => inside(p, shapes.find(s => s.code === TOWN + String(i + 1).padStart(3, '0')).ring));
		if (c >= 0)
			share.set(c, (share.get(c) ?? 0) + 1);
	}
	const along = [...share].sort((a, b) => b[1] - a[1]);
	// A reach that keeps to one community is that community's; the others are the town's.
	const area = along[0][1] > 0.7 * line.length ? TOWN + String(along[0][0] + 1).padStart(3, '0') : TOWN;
	return { code, name, river: river || name, kind, line, length: Math.round(length), area, along: along.map(a => a[0]) };
});

// ---- people
const SURNAMES = '赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章云苏潘葛奚范彭郎鲁韦昌马苗凤花方';
const GIVEN = '安宁康平和顺松柏青禾田川石岭云霞春夏秋冬';
const people = [], appointments = [], devices = [];
function person() {
	const i = people.length, id = `p-${String(i + 1).padStart(4, '0')}`;
	people.push([id, SURNAMES[i % SURNAMES.length] + GIVEN[(i * 7 + Math.floor(i / SURNAMES.length)) % GIVEN.length],
		`1000000${String(i + 1).padStart(4, '0')}`]);
	return id;
}
const appoint = (id, role, scope, level, from = FROM, to = '') => appointments.push([id, role, scope, level, from, to]);
const carries = id => devices.push([`d-${id.slice(2)}`, id, DISTRICT]); // p-0100 has none: d-0100 is the guest's

// A worker for each grid; where a community has many small ones, one takes two.
for (let i = 0; i < grids.length; i++) {
	const id = person();
	appoint(id, 'worker', grids[i].code, 'grid');
	if (i % 10 === 8 && grids[i + 1]?.community === grids[i].community)
		appoint(id, 'worker', grids[++i].code, 'grid');
	carries(id);
}
REACHES.slice(0, 4).forEach(r => {
	const id = person();
	appoint(id, 'patroller', r.code, 'community');
	carries(id);
});
let guest; // whose second phone is left to whoever tries the platform: simulate does not use it
REACHES.forEach((r, i) => { // a town chief each, two community chiefs each
	const id = person();
	if (r.code === 'QSH-02')
		guest = id;
	// One was a community's chief until mid-2024: what he did before counts at that level.
	if (i === 3)
		appoint(id, 'chief', r.code, 'community', FROM, '2024-06-30');
	appoint(id, 'chief', r.code, 'town', i === 3 ? '2024-07-01' : FROM);
	carries(id);
});
REACHES.forEach(r => [0, 1].forEach(() => {
	const id = person();
	appoint(id, 'chief', r.code, 'community');
	carries(id);
}));
devices.push(['d-0100', guest, DISTRICT]);
const offices = COMMUNITIES.map((_, i) => {
	const id = person();
	appoint(id, 'office', TOWN + String(i + 1).padStart(3, '0'), 'community');
	return id;
});
const centre = person(), leader = person(), handler = person(), verifier = person();
appoint(centre, 'centre', TOWN, 'town');
appoint(leader, 'leader', TOWN, 'town');
appoint(handler, 'handler', TOWN, 'town');
appoint(verifier, 'verifier', TOWN, 'town');
// A second officer in the duty room, one who reads the town's numbers in the district, a second who checks what was done.
const deputy = person(), reader = person(), checker = person();
appoint(deputy, 'centre', TOWN, 'town');
appoint(reader, 'district', DISTRICT, 'district');
appoint(checker, 'verifier', TOWN, 'town');
// Those to whom cases are sent: units, each a person of the registry, named as the town names them.
people[people.findIndex(p => p[0] === handler)][1] = '示例镇环卫所';
const units = ['综合执法队', '水务站', '应急消防站', '市政养护队', '司法所', '市场监管所', '供水供电站'].map(name => {
	const id = person();
	people[people.length - 1][1] = `示例镇${name}`;
	appoint(id, 'handler', TOWN, 'town');
	return id;
});
// Whoever acts on cases has a phone, too.
[...offices, centre, leader, handler, verifier, deputy, checker, ...units].forEach(carries);

const users = [['admin', centre, 'admin', '*'], ['centre', centre, 'centre', TOWN], ['centre2', deputy, 'centre', TOWN],
	['leader', leader, 'leader', TOWN], ['verifier', checker, 'verifier', TOWN], ['district', reader, 'district', DISTRICT],
	['office', offices[0], 'office', `${TOWN}001`], ['office3', offices[2], 'office', `${TOWN}003`], ['office4', offices[3], 'office', `${TOWN}004`],
	['handler', handler, 'handler', TOWN], ['chief', guest, 'chief', TOWN]];

// ---- files
const csv = (name, head, rows) => writeFileSync(join(DIR, `${name}.csv`), [head, ...rows.map(r => r.join(','))].join('\n') + '\n');
csv('areas', 'code,name,valid_from,valid_to', [[DISTRICT, '示例区', '', ''], [TOWN, '示例镇', '', ''],
	...COMMUNITIES.map((c, i) => [TOWN + String(i + 1).padStart(3, '0'), c[0], '', '']), ...grids.map(g => [g.code, g.name, '', ''])]);
csv('reaches', 'code,name,river,kind,area,length_m', REACHES.map(r => [r.code, r.name, r.river, r.kind, r.area, r.length]));
csv('people', 'id,name,phone', people);
csv('appointments', 'person,role,scope,level,valid_from,valid_to', appointments);
csv('devices', 'id,person,district', devices);
csv('users', 'name,person,role,scope', users);
const feature = (code, type, coordinates) => JSON.stringify({ type: 'Feature', properties: { code }, geometry: { type, coordinates } });
writeFileSync(join(DIR, 'map.geojson'), '{"type":"FeatureCollection","features":[\n' + [
	...shapes.map(s => feature(s.code, 'Polygon', [[...s.ring, s.ring[0]].map(degrees)])),
	...REACHES.map(r => feature(r.code, 'LineString', r.line.map(degrees)))].join(',\n') + '\n]}\n');

// registry.mjs - a small invented registry for tests: one town, two communities, four grids.

export const DISTRICT = '990101';
export const TOWN = '990101100';
export const COMMUNITY = ['990101100001', '990101100002'];
export const GRID = ['990101100001001', '990101100001002', '990101100002001', '990101100002002'];
export const RIVER = 'QSH-01'; // lies in COMMUNITY[0]
export const GULLY = 'QSH-02'; // lies in COMMUNITY[1]
export const ROAD = 'QSH-R1';

// worker1, worker2: grid workers; chief-t, chief-c: chiefs of town and community; duty: the grid centre
export const REGISTRY = {
	areas: `code,name,valid_from,valid_to
990101,示例区,,
${TOWN},示例镇,,
${COMMUNITY[0]},东关社区,,
${COMMUNITY[1]},西关社区,,
${GRID[0]},东关一网格,,
${GRID[1]},东关二网格,,
${GRID[2]},西关一网格,,
${GRID[3]},西关二网格,,
`,
	reaches: `code,name,river,kind,area,length_m
${RIVER},清水河东关段,清水河,river,${COMMUNITY[0]},2400
${GULLY},石沟西关段,石沟,gully,${COMMUNITY[1]},1200
${ROAD},国道示例段,国道,road,${TOWN},5300
`,
	people: `id,name,phone
p-0001,赵甲,13800000001
p-0002,钱乙,13800000002
p-chief-t,孙丙,13800000003
p-chief-c,李丁,13800000004
p-duty,周戊,13800000005
p-admin,吴己,13800000006
`,
	appointments: `person,role,scope,level,valid_from,valid_to
p-0001,worker,${GRID[0]},grid,2023-01-01,
p-0002,worker,${GRID[2]},grid,2023-01-01,
p-chief-t,chief,${TOWN},town,2023-01-01,
p-chief-c,chief,${COMMUNITY[0]},community,2023-01-01,
p-duty,centre,${TOWN},town,2023-01-01,
`,
};

-- 0002: the rest of the registry, and the catalogue that a new database has (its commit 1).
-- Rows as in 0001: since <= commit < until; days since 1970-01-01; NULL = open.

-- Who need not fulfil which duty.  rule and target '' = any; target: area or reach code.
CREATE TABLE exemption(
	person TEXT NOT NULL, rule TEXT NOT NULL, target TEXT NOT NULL,
	valid_from INTEGER NOT NULL, -- -2147483648 = open
	valid_to INTEGER, reason TEXT NOT NULL,
	since INTEGER NOT NULL, until INTEGER,
	PRIMARY KEY(person, rule, target, valid_from, since)
) STRICT, WITHOUT ROWID;

-- What a role at a level owes.  NULL in a min_ column = not asked for.
CREATE TABLE duty(
	rule TEXT NOT NULL, role TEXT NOT NULL, level TEXT NOT NULL,
	target TEXT NOT NULL,      -- each any
	period TEXT NOT NULL,      -- day week tenday halfmonth month twomonths quarter year
	months INTEGER NOT NULL,   -- the active ones, first * 100 + last: 312 = March to December
	count INTEGER NOT NULL,
	count_unit TEXT NOT NULL,  -- times days
	min_minutes INTEGER, min_metres INTEGER, min_gap_hours INTEGER,
	min_coverage INTEGER,      -- thousandths of the reach
	substitute INTEGER NOT NULL, delegate INTEGER NOT NULL, -- 1 = counts
	valid_from INTEGER, valid_to INTEGER,
	since INTEGER NOT NULL, until INTEGER,
	PRIMARY KEY(rule, role, level, since)
) STRICT, WITHOUT ROWID;

-- Days that are not what their weekday says.
CREATE TABLE calendar(
	day INTEGER NOT NULL, kind TEXT NOT NULL, -- holiday makeup
	since INTEGER NOT NULL, until INTEGER,
	PRIMARY KEY(day, since)
) STRICT, WITHOUT ROWID;

-- severity 1 red .. 4 blue: the default of a report.  deadline: 24 'work_hour' and so on, NULL = none.
-- photo_before, photo_after: 1 = asked for.  Topics and works know neither.
INSERT INTO category(class, code, name, name_en, parent, severity, deadline, deadline_unit,
	photo_before, photo_after, valid_from, valid_to, since, until) VALUES
('hazard', 'fire',          '消防安全',     'Fire safety',             '', 2,  3, 'work_day',  1, 1, NULL, NULL, 1, NULL),
('hazard', 'construction',  '建筑施工',     'Construction sites',      '', 2,  5, 'work_day',  1, 1, NULL, NULL, 1, NULL),
('hazard', 'traffic',       '道路交通',     'Road traffic',            '', 2,  3, 'work_day',  1, 1, NULL, NULL, 1, NULL),
('hazard', 'campus',        '校园安全',     'School safety',           '', 2,  3, 'work_day',  1, 1, NULL, NULL, 1, NULL),
('hazard', 'geology',       '地质灾害',     'Landslides and geology',  '', 1, 24, 'hour',      1, 1, NULL, NULL, 1, NULL),
('hazard', 'food_drug',     '食品药品',     'Food and medicines',      '', 2,  3, 'work_day',  1, 1, NULL, NULL, 1, NULL),
('hazard', 'gas',           '燃气安全',     'Gas safety',              '', 1, 24, 'hour',      1, 1, NULL, NULL, 1, NULL),
('hazard', 'drowning',      '涉水安全',     'Drowning risks',          '', 2,  2, 'work_day',  1, 1, NULL, NULL, 1, NULL),
('hazard', 'hazard_other',  '其他隐患',     'Other hazards',           '', 3,  5, 'work_day',  1, 1, NULL, NULL, 1, NULL),

('finding', 'dumping',       '倾倒建筑垃圾', 'Dumped building rubble',  '', 3,  3, 'work_day',  1, 1, NULL, NULL, 1, NULL),
('finding', 'litter',        '生活垃圾',     'Household waste',         '', 4,  1, 'work_day',  1, 1, NULL, NULL, 1, NULL),
('finding', 'sewage',        '污水直排',     'Untreated sewage',        '', 2,  3, 'work_day',  1, 1, NULL, NULL, 1, NULL),
('finding', 'encroachment',  '侵占河道',     'Encroachment on a river', '', 2,  7, 'work_day',  1, 1, NULL, NULL, 1, NULL),
('finding', 'open_burning',  '露天焚烧',     'Open burning',            '', 2,  4, 'work_hour', 1, 1, NULL, NULL, 1, NULL),
('finding', 'facility',      '设施损坏',     'Damaged facilities',      '', 3,  5, 'work_day',  1, 1, NULL, NULL, 1, NULL),
('finding', 'finding_other', '其他问题',     'Other findings',          '', 4,  5, 'work_day',  1, 1, NULL, NULL, 1, NULL),

('appeal', 'appeal_general', '综合诉求',     'General appeals',         '', 4,  5, 'work_day',  0, 0, NULL, NULL, 1, NULL),
('appeal', 'environment',    '环境卫生',     'Environment',             '', 4,  3, 'work_day',  0, 0, NULL, NULL, 1, NULL),
('appeal', 'roads',          '道路',         'Roads',                   '', 4,  7, 'work_day',  0, 0, NULL, NULL, 1, NULL),
('appeal', 'water_power',    '水电',         'Water and electricity',   '', 3,  2, 'work_day',  0, 0, NULL, NULL, 1, NULL),
('appeal', 'housing',        '住房',         'Housing',                 '', 4,  7, 'work_day',  0, 0, NULL, NULL, 1, NULL),
('appeal', 'welfare',        '救助',         'Welfare',                 '', 3,  5, 'work_day',  0, 0, NULL, NULL, 1, NULL),

('dispute', 'family',           '婚姻家庭',   'Marriage and family',     '', 3, 15, 'day', 0, 0, NULL, NULL, 1, NULL),
('dispute', 'neighbour',        '邻里',       'Neighbours',              '', 4, 15, 'day', 0, 0, NULL, NULL, 1, NULL),
('dispute', 'homestead',        '房屋宅基地', 'Houses and homesteads',   '', 3, 30, 'day', 0, 0, NULL, NULL, 1, NULL),
('dispute', 'contract',         '合同',       'Contracts',               '', 4, 30, 'day', 0, 0, NULL, NULL, 1, NULL),
('dispute', 'business',         '生产经营',   'Production and business', '', 4, 30, 'day', 0, 0, NULL, NULL, 1, NULL),
('dispute', 'damages',          '损害赔偿',   'Damages',                 '', 3, 30, 'day', 0, 0, NULL, NULL, 1, NULL),
('dispute', 'land',             '山林土地',   'Land and woodland',       '', 3, 30, 'day', 0, 0, NULL, NULL, 1, NULL),
('dispute', 'demolition',       '征地拆迁',   'Expropriation',           '', 2, 30, 'day', 0, 0, NULL, NULL, 1, NULL),
('dispute', 'pollution',        '环境污染',   'Pollution',               '', 3, 30, 'day', 0, 0, NULL, NULL, 1, NULL),
('dispute', 'labour',           '劳动',       'Labour and wages',        '', 3, 15, 'day', 0, 0, NULL, NULL, 1, NULL),
('dispute', 'consumer',         '消费',       'Consumers',               '', 4, 15, 'day', 0, 0, NULL, NULL, 1, NULL),
('dispute', 'medical',          '医疗',       'Medical',                 '', 2, 30, 'day', 0, 0, NULL, NULL, 1, NULL),
('dispute', 'road_accident',    '道路交通',   'Road accidents',          '', 3, 15, 'day', 0, 0, NULL, NULL, 1, NULL),
('dispute', 'property_service', '物业',       'Property management',     '', 4, 15, 'day', 0, 0, NULL, NULL, 1, NULL),
('dispute', 'dispute_other',    '其他纠纷',   'Other disputes',          '', 4, 30, 'day', 0, 0, NULL, NULL, 1, NULL),

('rectify', 'rectify_general',        '交办整改', 'Assigned rectification',   '', 3, 15, 'work_day', 0, 1, NULL, NULL, 1, NULL),
('rectify', 'sanitation_city',        '创卫',     'Sanitary-city campaign',   '', 3, 10, 'work_day', 0, 1, NULL, NULL, 1, NULL),
('rectify', 'work_style',             '作风',     'Work style',               '', 3, 15, 'work_day', 0, 0, NULL, NULL, 1, NULL),
('rectify', 'environment_inspection', '环保督察', 'Environmental inspection', '', 2, 15, 'work_day', 0, 1, NULL, NULL, 1, NULL),

('topic', 'burn_straw',    '烧秸秆',         'Straw burning',           '', NULL, NULL, '', 0, 0, NULL, NULL, 1, NULL),
('topic', 'burn_waste',    '烧垃圾',         'Waste burning',           '', NULL, NULL, '', 0, 0, NULL, NULL, 1, NULL),
('topic', 'burn_weeds',    '烧荒草',         'Weed burning',            '', NULL, NULL, '', 0, 0, NULL, NULL, 1, NULL),
('topic', 'burn_leaves',   '烧枯枝落叶',     'Leaf burning',            '', NULL, NULL, '', 0, 0, NULL, NULL, 1, NULL),
('topic', 'dumping_check', '建筑垃圾偷倒检查', 'Rubble dumping checks', '', NULL, NULL, '', 0, 0, NULL, NULL, 1, NULL),
('topic', 'gas_check',     '燃气检查',       'Gas checks',              '', NULL, NULL, '', 0, 0, NULL, NULL, 1, NULL),
('topic', 'food_check',    '食品药品检查',   'Food and medicine checks', '', NULL, NULL, '', 0, 0, NULL, NULL, 1, NULL),

('work', 'window_bars',     '拆除防盗窗',     'Window bars removed',      '', NULL, NULL, '', 0, 0, NULL, NULL, 1, NULL),
('work', 'overhead_cables', '清理“蜘蛛网”',   'Overhead cables cleared',  '', NULL, NULL, '', 0, 0, NULL, NULL, 1, NULL),
('work', 'ac_units',        '空调移位',       'Air conditioners moved',   '', NULL, NULL, '', 0, 0, NULL, NULL, 1, NULL),
('work', 'wall_painting',   '粉刷墙面',       'Walls painted',            '', NULL, NULL, '', 0, 0, NULL, NULL, 1, NULL),
('work', 'ad_cleaning',     '清理杂物及小广告', 'Clutter and posters cleared', '', NULL, NULL, '', 0, 0, NULL, NULL, 1, NULL),
('work', 'parking_spaces',  '停车位',         'Parking spaces',           '', NULL, NULL, '', 0, 0, NULL, NULL, 1, NULL),
('work', 'bins',            '垃圾桶',         'Waste bins',               '', NULL, NULL, '', 0, 0, NULL, NULL, 1, NULL),
('work', 'chargers',        '充电桩',         'Charging points',          '', NULL, NULL, '', 0, 0, NULL, NULL, 1, NULL),
('work', 'notice_boards',   '宣传栏',         'Notice boards',            '', NULL, NULL, '', 0, 0, NULL, NULL, 1, NULL),
('work', 'greening',        '绿植修剪',       'Plants trimmed',           '', NULL, NULL, '', 0, 0, NULL, NULL, 1, NULL);

// Every word that the pages show, once, in both languages.  Those of pages that come when they are shown: i18npages.js.

/** @typedef {import("./time.js").Lang} Lang */

/** key: [zh-CN, English]. {name} is filled in. */
export const TEXT = {
	// frame
	brand: ["巡格", "Xunge"],
	all_places: ["全部区域", "All places"],
	demo: ["演示数据", "Demo data"],
	demo_hint: ["人员、地点和数字均为虚构", "People, places and numbers are invented"],
	skip: ["跳到主要内容", "Skip to content"],
	other_lang: ["English", "中文"],
	theme_dark: ["深色", "Dark"],
	theme_light: ["浅色", "Light"],
	sign_out: ["退出", "Sign out"],
	signed_in_as: ["当前用户 {user}", "Signed in as {user}"],
	loading: ["正在载入…", "Loading…"],
	// the desk's header, sound, keys
	sound_on: ["警报声 开", "Sound on"],
	sound_off: ["警报声 关", "Sound off"],
	sound_waits: ["警报声 待启用", "Sound waits"],
	sound_blocked: ["浏览器要等页面被点过一次才能出声", "The browser lets it sound once the page has been touched"],
	sound_rules: ["15 秒内最多响一次；一级（红）每 30 秒再响，直到有人签收；本人产生的和迟到一小时以上的不响。", "Once in 15 s at most; red again every 30 s until somebody has signed; silent for one's own and for those more than an hour late."],
	said_sound_on: ["警报声已打开", "The sound is on"],
	said_sound_off: ["警报声已关闭", "The sound is off"],
	help: ["快捷键与提醒", "Keys and alarms"],
	new_version: ["系统已更换新版本，本页仍是旧版。方便时请重新载入。", "The server is of a new version, this page is of an older one. Reload it when it suits you."],
	fold: ["收起", "Fold"],
	unfold: ["展开", "Unfold"],
	rows_below: ["↓ 下面还有 {n} 行", "↓ {n} more below"],
	rows_end: ["已到末行", "End of the list"],
	page_failed: ["这个页面没能取来：服务器没有应答，或已换了新版本。", "This page could not be fetched: the server does not answer, or is of a new version."],
	reload: ["重新载入", "Reload"],
	// who comes back
	handover: ["自 {time} 您离开以来", "Since you looked last, {time}:"],
	handover_alerts: ["新预警 {n} 条，已解除 {over} 条", "{n} new alerts, {over} of them over"],
	handover_cases: ["新案件 {n} 件", "{n} new cases"],
	handover_read: ["知道了", "Read"],
	// sign-in
	signin_title: ["登录", "Sign in"],
	signin_lead: ["乡镇网格化巡查平台", "Grid inspection of a township"],
	user: ["用户名", "User name"],
	password: ["密码", "Password"],
	signin_button: ["登录", "Sign in"],
	signin_busy: ["正在登录…", "Signing in…"],
	signin_help: ["账号由管理员用 xunge user add 建立。", "An administrator makes accounts with xunge user add."],
	err_empty: ["请输入用户名和密码。", "Enter the user name and the password."],
	err_wrong: ["用户名或密码不正确。", "The user name or the password is wrong."],
	err_locked: ["尝试次数过多，请 {n} 秒后再试。", "Too many attempts. Try again in {n} s."],
	err_busy: ["服务器繁忙，请稍后再试。", "The server is busy. Try again shortly."],
	err_down: ["连接不上服务器，请检查网络。", "The server cannot be reached. Check the network."],
	err_other: ["服务器没有接受登录（{n}）。", "The server did not accept the sign-in ({n})."],
	note_expired: ["登录已过期，请重新登录。", "Your session has ended. Sign in again."],
	note_out: ["已退出。", "You are signed out."],
	// no right
	denied_title: ["无权查看", "No right to see this"],
	denied_text: ["账号 {user} 的权限已变更，或不包含这个区域。请联系管理员。", "The rights of {user} have changed, or do not cover this place. Ask the administrator."],
	denied_again: ["重新进入", "Try again"],
	// header: the link, and apart from it the data
	link: ["连接", "Link"],
	link_live: ["实时", "Live"],
	link_connecting: ["连接中", "Connecting"],
	link_lost: ["已断开", "Disconnected"],
	link_silent: ["无回应", "No answer"],
	as_of: ["数据截至", "Data as of"],
	stale: ["数据可能已过时", "Data may be out of date"],
	last_event: ["最近记录", "Last record"],
	none_yet: ["尚无", "none yet"],
	online: ["在线终端", "Devices online"],
	trouble_ingest: ["服务器正常，但入库服务自 {time} 起没有回应：新记录暂存在手机上，恢复后自动补传。", "The server is fine, but intake has not answered since {time}: new records wait on the phones and follow by themselves."],
	trouble_broker: ["服务器正常，但消息服务自 {time} 起没有回应：新记录暂存在手机上，恢复后自动补传。", "The server is fine, but the broker has not answered since {time}: new records wait on the phones and follow by themselves."],
	trouble_over: ["已恢复：新记录照常入库。", "All is well again: new records come in."],
	trouble_database: ["服务器正常，但自 {time} 起读不到数据库，页面数字停住。", "The server is fine, but cannot read its database since {time}: the numbers stand still."],
	// banner
	banner_lost: ["连接中断 {n} 秒，正在重连…", "Disconnected for {n} s, reconnecting…"],
	banner_silent: ["服务器已 {n} 秒没有回应，正在等待…", "No word from the server for {n} s, waiting…"],
	banner_first: ["正在连接服务器，已等待 {n} 秒…", "Connecting to the server for {n} s…"],
	banner_stopped: ["页面数字停在 {time}。", "The numbers stand at {time}."],
	banner_now: ["立即重连", "Reconnect now"],
	banner_back: ["连接已恢复，数据已补齐。", "Connected again, the data are complete."],
	said_lost: ["与服务器的连接已中断", "The connection to the server is lost"],
	said_back: ["连接已恢复", "Connected again"],
	// by grid or by reach
	by: ["查看方式", "Look at it"],
	by_grid: ["按网格", "By grid"],
	by_reach: ["按河段", "By reach"],
	said_by_grid: ["已切换到按网格查看", "Shown by grid"],
	said_by_reach: ["已切换到按河段查看，各项只含河段", "Shown by reach: everything is of reaches alone"],
	// ledger
	ledger: ["履职台账", "Duty ledger"],
	ledger_note: ["实巡 / 应巡，按北京时间的开始日", "Done / owed, by day of start, Beijing time"],
	level: ["类别", "Kind"],
	today: ["今日", "Today"],
	month: ["本月", "Month"],
	year: ["本年", "Year"],
	total: ["合计", "Total"],
	group_river: ["巡河", "River patrols"],
	group_river_note: ["河长巡河道、沟道；开始即计。应巡：期末在内、已开始的任务", "Chiefs on rivers and gullies, counted once started. Owed: duties that end in it and have begun"],
	group_level: ["巡查，按级别", "Patrols by level"],
	group_level_note: ["含巡河；应巡同上", "River patrols included; owed as above"],
	group_route: ["巡查，按路线", "Patrols by route"],
	group_other: ["其他记录", "Other records"],
	// navigation
	nav: ["页面", "Pages"],
	page_desk: ["值班台", "Duty desk"],
	page_people: ["人员与网格", "People and grids"],
	page_cases: ["案件", "Cases"],
	page_patrols: ["巡查", "Patrols"],
	page_staff: ["人员名册", "People"],
	page_grid: ["网格", "Place"],
	page_duties: ["履职", "Duties"],
	page_events: ["原始记录", "Records"],
	// map
	map: ["一张图", "Map"],
	map_label: ["地图：网格、河段、案件和人员；同样的内容在各列表中", "Map of grids, reaches, cases and people; the lists hold the same"],
	map_fit: ["全镇", "Whole town"],
	map_away: ["{n} 件没有坐标", "{n} without a position"],
	map_none: ["还没有图形。管理员可用 xunge import map 导入网格和河段。", "No shapes yet. An administrator brings grids and reaches in with xunge import map."],
	map_failed: ["地图读取失败，正在重试。", "The map cannot be read; trying again."],
	map_legend: ["今日巡查完成", "Today's patrols"],
	map_todo: ["未巡", "none"],
	map_some: ["不足一半", "under half"],
	map_half: ["过半", "over half"],
	map_all: ["已完成", "done"],
	map_free: ["今日无应巡", "none due"],
	map_person: ["在线人员", "people online"],
	map_person_old: ["久未更新", "Not heard lately"],
	map_cases: ["未结案件", "Open cases"],
	map_sketch: ["示意图，不作为划界依据", "A sketch, no boundary of law"],
	map_done: ["今日巡查 {n} / 应巡 {due}", "Patrols today {n} of {due}"],
	map_open: ["未结案件 {n}", "Open cases {n}"],
	map_late: ["超期", "overdue"],
	// lists: filters, words, why there is nothing
	any: ["不限", "Any"],
	p_today: ["今日", "Today"],
	p_yesterday: ["昨日", "Yesterday"],
	p_week: ["本周", "This week"],
	p_month: ["本月", "This month"],
	p_lastmonth: ["上月", "Last month"],
	p_year: ["本年", "This year"],
	p_all: ["全部时间", "All time"],
	p_from_to: ["{from} 至 {to}", "{from} to {to}"],
	reaches: ["各河段今日巡查", "Patrols today by reach"],
	reach: ["河段", "Reach"],
	print: ["打印", "Print"],
	// letting phones in
	letin: ["登记手机", "Let a phone in"],
	// chart
	chart: ["近三十日", "Last thirty days"],
	chart_failed: ["趋势读取失败，正在重试。", "The chart cannot be read; trying again."],
	chart_table: ["查看数字", "Numbers"],
	day: ["日期", "Day"],
	// closing
	closing: ["案件办结", "Cases closed"],
	closing_note: ["本月；结案率 = 应结中已结 ÷ 应结", "This month; rate = closed of those due ÷ due"],
	closing_failed: ["统计读取失败，正在重试。", "The figures cannot be read; trying again."],
	received: ["受理", "Received"],
	closed: ["办结", "Closed"],
	fell_due: ["应结", "Due"],
	due_closed: ["其中已结", "Closed of due"],
	close_rate: ["结案率", "Rate"],
	// one patrol
	patrol: ["巡查", "Patrol"],
	valid: ["有效", "Valid"],
	invalid: ["无效", "Not valid"],
	route: ["路线", "Route"],
	start: ["开始", "Start"],
	end: ["结束", "End"],
	distance: ["里程", "Distance"],
	points: ["轨迹点", "Points"],
	rule: ["规则", "Rule"],
	list_comma: ["、", ", "],
	minutes: ["{n} 分钟", "{n} min"],
	report: ["结果", "Found"],
	clear: ["零报告", "nothing"],
	// alerts
	alerts: ["预警", "Alerts"],
	alert: ["预警", "Alert"],
	alerts_unsigned: ["未签收 {n}", "{n} not signed for"],
	alerts_only_unsigned: ["只看未签收", "Unsigned only"],
	alerts_all_signed: ["都已签收。", "All are signed for."],
	alerts_empty: ["现在没有预警。", "No alerts now."],
	severity: ["级别", "Severity"],
	signed: ["签收", "Signed"],
	sign: ["签收", "Sign"],
	sign_for: ["签收：{what}", "Sign for: {what}"],
	signing: ["正在签收…", "Signing…"],
	signed_by: ["已签收", "Signed by"],
	unsigned: ["未签收", "Unsigned"],
	sign_gone: ["预警已解除。", "The alert is over."],
	late: ["迟到", "Late"],
	late_hint: ["发生之后十分钟以上才到平台", "It reached the platform more than ten minutes after it happened"],
	said_signed: ["已签收", "Signed"],
	said_alert: ["新预警：{what}", "New alert: {what}"],
	// cases
	cases: ["未结案件", "Open cases"],
	case: ["案件", "Case"],
	cases_count: ["{n} 件", "{n}"],
	cases_empty: ["没有未结案件。", "No open cases."],
	cases_filtered: ["没有符合条件的案件。", "No case fits this filter."],
	filter_late: ["超期 {n}", "Overdue {n}"],
	filter_fresh: ["待立案 {n}", "To accept {n}"],
	filter_check: ["待核查 {n}", "To check {n}"],
	due: ["时限", "Deadline"],
	due_none: ["无时限", "none"],
	due_late: ["超期 {span}", "{span} late"],
	due_left: ["剩 {span}", "{span} left"],
	close: ["关闭", "Close"],
	said_copied: ["链接已复制", "Link copied"],
	again: ["再试一次", "Try again"],
	cancel: ["取消", "Cancel"],
	class: ["类别", "Class"],
	place: ["地点", "Place"],
	reported: ["上报", "Reported"],
	on_time: ["按期", "On time"],
	result: ["处置结果", "Result"],
	rating: ["群众评议", "Rating"],
	act_forbidden: ["您没有这项权限。", "You may not do this."],
	act_changed: ["案件刚被 {who} 改动（{did}）。下面是最新情况，请核对后再提交。", "{who} has just changed the case ({did}). Below is how it stands now: check it and send again."],
	act_refused: ["平台没有接受。", "The platform did not take it."],
	act_down: ["采集服务没有运行，什么都没有办。请稍后再次提交。", "Ingest does not run: nothing was done. Send it again later."],
	act_unknown: ["没有收到平台的答复，请再次提交；同一次提交只办一次。", "No answer from the platform. Send it again; it is done only once."],
	said_done: ["{what}：已入库", "{what}: stored"],
	timeline: ["经过", "Time line"],
	photos: ["照片 {n} 张", "{n} photos"],
	history: ["经历", "So far"],
	times: ["{what} {n} 次", "{what}: {n}"],
	timeline_cut: ["更早的 {n} 步没有列出。", "{n} earlier steps are not listed."],
	parallel: ["并行修改", "Parallel"],
	// overdue
	overdue: ["逾期未巡", "Overdue patrols"],
	overdue_count: ["{n} 人 {d} 项", "{n} people, {d} duties"],
	overdue_empty: ["没有逾期。", "Nobody is overdue."],
	remind: ["提醒", "Remind"],
	remind_who: ["提醒 {who}", "Remind {who}"],
	reminding: ["正在提醒…", "Reminding…"],
	reminded: ["{when} {who}已提醒", "reminded {when} by {who}"],
	reminded_times: ["{when} {who}已提醒，共 {n} 次", "reminded {when} by {who}, {n} times"],
	remind_lately: ["十分钟内已有人提醒。", "Reminded within the last ten minutes."],
	remind_gone: ["已不再逾期。", "It is overdue no more."],
	said_reminded: ["已提醒 {who}", "{who} was reminded"],
	overdue_days: ["逾期", "Overdue"],
	person: ["人员", "Person"],
	target: ["责任区", "Target"],
	target_any: ["任一责任区", "any of theirs"],
	days: ["{n} 天", "{n} d"],
	// areas
	areas: ["各区域今日巡查", "Patrols today by area"],
	area: ["区域", "Area"],
	rules_empty: ["还没有履职规则。管理员可用 xunge import duties 导入。", "No duty rules yet. An administrator brings them in with xunge import duties."],
	more_rows: ["另有 {n} 行未显示", "{n} more rows not shown"],
	show_all: ["全部显示", "Show all"],
	// devices
	devices: ["终端", "Devices"],
	device: ["终端", "Device"],
	state: ["状态", "State"],
	on: ["在线", "Online"],
	off: ["离线", "Offline"],
	seen: ["最近联系", "Last seen"],
	queue: ["待发", "Queue"],
	missing: ["缺号", "Missing"],
	battery: ["电量", "Battery"],
	low: ["低", "low"],
	never: ["从未", "never"],
	filter_all: ["全部 {n}", "All {n}"],
	// feed
	feed: ["最新动态", "Latest records"],
	// reports
	page_reports: ["统计报表", "Reports"],
	// sheets that are printed
	page_print: ["打印", "Print"],
	// settings
	page_settings: ["设置", "Settings"],
	rule_times: ["{period} {n} 次", "{n}× {period}"],
	rule_days: ["{period} {n} 天", "{n} days {period}"],
};

/** Names of codes that the platform sends: [zh-CN, English]. */
export const NAMES = {
	chief: {
		district: ["区级河长", "District chief"],
		town: ["镇级河长", "Town chief"],
		community: ["社区河长", "Community chief"],
		grid: ["网格级", "Grid level"],
		"": ["未定级别", "No level"],
	},
	level: {
		district: ["区级", "District"],
		town: ["镇级", "Town"],
		community: ["社区级", "Community"],
		grid: ["网格员", "Grid worker"],
		"": ["未定级别", "No level"],
	},
	route: {
		river: ["河道", "River"],
		gully: ["沟道", "Gully"],
		road: ["公路沿线", "Roadside"],
		grid: ["网格", "Grid"],
		burning: ["禁烧", "Burning ban"],
		"": ["未注明", "Not given"],
	},
	kind: {
		"patrol.start": ["开始巡查", "Patrol started"],
		"patrol.track": ["轨迹", "Track"],
		"patrol.end": ["结束巡查", "Patrol ended"],
		"patrol.substitute": ["多样化巡河", "Substitute patrol"],
		inspect: ["专项检查", "Inspection"],
		visit: ["入户走访", "Home visit"],
		work: ["整治工作量", "Work done"],
		household: ["监测户", "Household"],
		"case.report": ["上报", "Report"],
		"case.act": ["案件动作", "Case action"],
		sos: ["紧急求助", "SOS"],
		status: ["设备状态", "Device status"],
		void: ["作废", "Void"],
	},
	severity: { 1: ["一级（红）", "Level 1 (red)"], 2: ["二级（橙）", "Level 2 (orange)"], 3: ["三级（黄）", "Level 3 (yellow)"], 4: ["四级（蓝）", "Level 4 (blue)"] },
	alert: {
		sos: ["紧急求助", "SOS"],
		hazard: ["重大隐患", "Hazard"],
		case_due_soon: ["案件临期", "Case due soon"],
		case_overdue: ["案件超期", "Case overdue"],
		duty_due_soon: ["履职临期", "Duty due soon"],
		duty_overdue: ["逾期未巡", "Duty overdue"],
		device_silent: ["终端失联", "Device silent"],
		seq_gap: ["记录缺号", "Missing records"],
		clock_skew: ["时钟偏差", "Clock wrong"],
		storage_low: ["磁盘不足", "Disk low"],
		held: ["记录待处理", "Held records"],
	},
	class: {
		hazard: ["隐患", "Hazard"],
		finding: ["巡查问题", "Finding"],
		appeal: ["诉求", "Appeal"],
		dispute: ["纠纷", "Dispute"],
		rectify: ["交办整改", "Rectification"],
		topic: ["检查专题", "Topics of inspection"],
		work: ["整治工作量", "Works"],
	},
	duty: { not_due: ["未到期", "Not due"], on_track: ["正常", "On track"], due_soon: ["临期", "Due soon"], met: ["已完成", "Met"], overdue: ["逾期未巡", "Overdue"], exempt: ["免除", "Exempt"] },
	state: {
		reported: ["待立案", "Reported"],
		accepted: ["待派遣", "Accepted"],
		dispatched: ["待签收", "Dispatched"],
		in_progress: ["处置中", "In progress"],
		handled: ["待核查", "Handled"],
		closed: ["办结", "Closed"],
		declined: ["不予立案", "Declined"],
		suspended: ["挂账", "Suspended"],
		void: ["作废", "Void"],
	},
	holder: {
		grid: ["网格", "Grid"],
		community: ["社区", "Community"],
		town: ["镇", "Town"],
		district: ["区", "District"],
	},
	action: {
		"": ["办理", "an act"],
		report: ["上报", "Report"],
		self_fixed: ["自处置", "Fixed on the spot"],
		ack: ["签收预警", "Sign for the alert"],
		accept: ["立案", "Accept"],
		decline: ["不予立案", "Decline"],
		dispatch: ["派遣", "Dispatch"],
		sign: ["签收", "Sign"],
		return: ["退回", "Return"],
		escalate: ["上报上级", "Escalate"],
		extend: ["延期", "Extend"],
		suspend: ["挂账", "Suspend"],
		resume: ["恢复", "Resume"],
		urge: ["催办", "Urge"],
		handle: ["处置反馈", "Handle"],
		verify_pass: ["核查通过", "Check passed"],
		verify_fail: ["返工", "Rework"],
		rate: ["回访", "Rate"],
		reopen: ["重办", "Reopen"],
		void: ["作废", "Void"],
	},
	period: {
		day: ["每日", "a day"],
		week: ["每周", "a week"],
		tenday: ["每旬", "in ten days"],
		halfmonth: ["每半月", "in half a month"],
		month: ["每月", "a month"],
		twomonths: ["每两月", "in two months"],
		quarter: ["每季度", "a quarter"],
		year: ["每年", "a year"],
	},
};

/** @typedef {keyof typeof TEXT | keyof typeof import("./i18npages.js").MORE} Key */
/** @typedef {keyof typeof NAMES | keyof typeof import("./i18npages.js").MORE_NAMES} Table */
/** @typedef {(key: Key, args?: Record<string, string|number>) => string} Say */

/** @type {Record<string, string[]>} */
const words = { ...TEXT };

/** @type {Record<string, Record<string, string[]>>} */
const tables = { ...NAMES };

/** @param {Record<string, string[]>} more @param {Record<string, Record<string, string[]>>} names */
export function addWords(more, names) {
	Object.assign(words, more);
	Object.assign(tables, names);
}

/** @param {Lang} lang @returns {Say} */
export function sayIn(lang) {
	const i = lang === "zh" ? 0 : 1;

	return (key, args) => words[key][i].replace(/\{(\w+)\}/g, (_, name) => String(args?.[name]));
}

/** The name of a code; the code itself when it has none (a newer server may send new ones).
 * @param {Table} table @param {string} code @param {Lang} lang @returns {string} */
export function nameOf(table, code, lang) {
	const names = tables[table];
	const pair = Object.prototype.hasOwnProperty.call(names, code) ? names[code] : null;

	return pair ? pair[lang === "zh" ? 0 : 1] : code;
}

/** @param {number|null|undefined} n @returns {string} 21,540; a dash for what is not known */
export const count = (n) => (n === null || n === undefined ? "—" : String(n).replace(/\B(?=(\d{3})+$)/g, ","));

/** The language asked for: ?lang=, then the one chosen before, then the browser's; Chinese comes first.
 * @param {string} search @param {string|null} stored @param {readonly string[]} wished @returns {Lang} */
export function pickLang(search, stored, wished) {
	const asked = new URLSearchParams(search).get("lang");

	for (const l of [asked, stored]) {
		if (l?.startsWith("en"))
			return "en";
		if (l?.startsWith("zh"))
			return "zh";
	}
	return wished.length && wished.every((l) => !l.startsWith("zh")) && wished[0].startsWith("en") ? "en" : "zh";
}

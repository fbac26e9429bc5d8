// Every word that the pages show, once, in both languages.

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
	page_failed: ["这个页面没能取来：服务器没有应答，或已换了新版本。", "This page could not be fetched: the server does not answer, or is of a new version."],
	reload: ["重新载入", "Reload"],

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
	as_of: ["数据截至", "Data as of"],
	stale: ["数据可能已过时", "Data may be out of date"],
	last_event: ["最近记录", "Last record"],
	none_yet: ["尚无", "none yet"],
	online: ["在线终端", "Devices online"],
	trouble_ingest: ["采集服务没有运行：新记录暂存在手机上，恢复后自动补传。", "Intake is not running: new records wait on the phones and follow by themselves."],
	trouble_broker: ["消息服务没有连接：新记录暂存在手机上，恢复后自动补传。", "The broker is not connected: new records wait on the phones and follow by themselves."],
	trouble_database: ["数据库读取异常，页面数字可能不再更新。", "The database cannot be read: the numbers may stand still."],

	// banner
	banner_lost: ["连接中断 {n} 秒，正在重连…", "Disconnected for {n} s, reconnecting…"],
	banner_first: ["正在连接服务器，已等待 {n} 秒…", "Connecting to the server for {n} s…"],
	banner_stopped: ["页面数字停在 {time}。", "The numbers stand at {time}."],
	banner_now: ["立即重连", "Reconnect now"],
	banner_back: ["连接已恢复，数据已补齐。", "Connected again, the data are complete."],
	said_lost: ["与服务器的连接已中断", "The connection to the server is lost"],
	said_back: ["连接已恢复", "Connected again"],

	// ledger
	ledger: ["履职台账", "Duty ledger"],
	ledger_note: ["次数，按北京时间的开始日", "Counts by day of start, Beijing time"],
	level: ["类别", "Kind"],
	today: ["今日", "Today"],
	month: ["本月", "Month"],
	year: ["本年", "Year"],
	total: ["合计", "Total"],
	group_river: ["巡河", "River patrols"],
	group_river_note: ["河长巡河道、沟道；开始即计", "Chiefs on rivers and gullies; counted once started"],
	group_level: ["巡查，按级别", "Patrols by level"],
	group_level_note: ["含巡河", "River patrols included"],
	group_route: ["巡查，按路线", "Patrols by route"],
	group_other: ["其他记录", "Other records"],

	// navigation
	nav: ["页面", "Pages"],
	page_desk: ["值班台", "Duty desk"],
	page_people: ["人员与网格", "People and grids"],

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
	map_sketch: ["示意图，不作为划界依据", "A sketch, no boundary of law"],
	map_done: ["今日巡查 {n} / 应巡 {due}", "Patrols today {n} of {due}"],
	map_open: ["未结案件 {n}", "Open cases {n}"],
	map_late: ["超期", "overdue"],

	// letting phones in
	letin: ["登记手机", "Let a phone in"],
	letin_note: ["一机一码，用一次即失效", "One code for one phone, good once"],
	letin_device: ["终端编号", "Device"],
	letin_person: ["人员编号", "Person"],
	letin_person_hint: ["新终端必填", "for a new device"],
	letin_make: ["发放设备码", "Make a code"],
	letin_busy: ["正在生成…", "Making it…"],
	letin_again_hint: ["重新登记已有终端时，旧手机在新码使用后即不能再用。", "For a device that exists, its old phone is locked out once the code is used."],
	letin_no_device: ["请填写终端编号：小写字母、数字和短横线。", "Enter the device: small letters, digits and hyphens."],
	letin_unknown: ["辖区内没有这个人员编号。", "There is no such person in your area."],
	letin_taken: ["这台终端属于其他人员，请先由管理员停用。", "The device is somebody else's: an administrator must revoke it first."],
	letin_whose: ["新终端要填写人员编号，终端编号只用小写字母、数字和短横线。", "A new device needs its person; its name takes small letters, digits and hyphens."],
	letin_refused: ["没有办成：{what}", "Not done: {what}"],
	letin_title: ["{who} 的手机", "The phone of {who}"],
	letin_how: ["用手机相机或浏览器扫描，打开后自动登记。", "Scan it with the phone's camera or browser; the page that opens does the rest."],
	letin_until: ["有效期至 {when}", "Good until {when}"],
	letin_local: ["这个链接指向本机，手机打不开。请管理员设置 [server] url。", "The link names this machine, where no phone can follow. An administrator sets [server] url."],
	letin_qr: ["登记二维码", "QR code of the link"],
	letin_link: ["链接", "Link"],
	letin_print: ["打印", "Print"],
	letin_done: ["完成", "Done"],
	said_letin: ["设备码已生成", "The code is made"],

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
	patrol_absent: ["没有这次巡查，或者不在您的管辖范围。", "There is no such patrol, or it is outside your scope."],
	patrol_failed: ["巡查读取失败，请检查网络。", "The patrol cannot be read. Check the network."],
	verdict: ["判定", "Verdict"],
	valid: ["有效", "Valid"],
	invalid: ["无效", "Not valid"],
	route: ["路线", "Route"],
	actor: ["实际巡查人", "Walked by"],
	start: ["开始", "Start"],
	end: ["结束", "End"],
	duration: ["时长", "Duration"],
	distance: ["里程", "Distance"],
	coverage: ["覆盖", "Coverage"],
	points: ["轨迹点", "Points"],
	points_dropped: ["另有 {n} 个不可信", "{n} more not trusted"],
	rule: ["规则", "Rule"],
	list_comma: ["、", ", "],
	minutes: ["{n} 分钟", "{n} min"],
	track_shown: ["轨迹见地图。", "The track is on the map."],
	track_gaps: ["轨迹见地图；虚线处有 {n} 段没有记录。", "The track is on the map; {n} gaps are dashed."],
	track_none: ["没有可用的轨迹。", "There is no track to show."],

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
	copy_link: ["复制链接", "Copy link"],
	said_copied: ["链接已复制", "Link copied"],
	again: ["再试一次", "Try again"],
	cancel: ["取消", "Cancel"],
	case_absent: ["没有这个案件，或者不在您的管辖范围。", "There is no such case, or it is outside your scope."],
	case_failed: ["案件读取失败，请检查网络。", "The case cannot be read. Check the network."],
	class: ["类别", "Class"],
	place: ["地点", "Place"],
	reported: ["上报", "Reported"],
	on_time: ["按期", "On time"],
	in_time: ["按期处置", "Handled in time"],
	too_late: ["超期处置", "Handled late"],
	result: ["处置结果", "Result"],
	rating: ["群众评议", "Rating"],
	case_no: ["编号", "Number"],
	acts: ["办理", "Actions"],
	acts_none: ["您现在没有可办的事项。", "There is nothing for you to do now."],
	act_to: ["派给（人员编号或单位）", "To (person's code, or a unit)"],
	act_until: ["延至", "Until"],
	act_reason: ["理由（必填）", "Reason (needed)"],
	act_note: ["备注", "Note"],
	act_do: ["确认{what}", "Confirm: {what}"],
	act_again: ["再次提交", "Send again"],
	act_busy: ["正在提交…", "Sending…"],
	act_changed: ["案件刚被 {who} 改动（{did}）。下面是最新情况，请核对后再提交。", "{who} has just changed the case ({did}). Below is how it stands now: check it and send again."],
	act_illegal: ["案件当前状态不允许这样办理。", "The case's state does not allow this."],
	act_forbidden: ["您没有这项权限。", "You may not do this."],
	act_refused: ["平台没有接受。", "The platform did not take it."],
	act_down: ["采集服务没有运行，什么都没有办。请稍后再次提交。", "Ingest does not run: nothing was done. Send it again later."],
	act_unknown: ["没有收到平台的答复，请再次提交；同一次提交只办一次。", "No answer from the platform. Send it again; it is done only once."],
	said_done: ["{what}：已入库", "{what}: stored"],
	timeline: ["经过", "Time line"],
	known_at: ["平台得知", "known to the platform"],
	photos: ["照片 {n} 张", "{n} photos"],
	parallel: ["并行修改", "Parallel"],
	parallel_hint: ["办理时还不知道前一步", "Made without knowing of the step before it"],

	// overdue
	overdue: ["逾期未巡", "Overdue patrols"],
	overdue_count: ["{n} 人 {d} 项", "{n} people, {d} duties"],
	overdue_empty: ["没有逾期。", "Nobody is overdue."],
	overdue_days: ["逾期", "Overdue"],
	person: ["人员", "Person"],
	target: ["责任区", "Target"],
	target_any: ["任一责任区", "any of theirs"],
	days: ["{n} 天", "{n} d"],

	// areas
	areas: ["各区域今日巡查", "Patrols today by area"],
	area: ["区域", "Area"],
	area_patrols: ["今日巡查", "Patrols today"],
	area_open: ["未结案件", "Open cases"],
	area_due: ["应巡", "Due"],
	tier_town: ["镇", "Towns"],
	tier_community: ["社区", "Communities"],
	tier_grid: ["网格", "Grids"],
	areas_unvisited: ["今日未巡 {n} 个", "{n} without a patrol today"],
	areas_all: ["今日均已巡查", "All were patrolled today"],
	areas_empty: ["还没有区域。管理员可用 xunge import areas 导入。", "No areas yet. An administrator brings them in with xunge import areas."],
	sort_few: ["点按排序：少的在前", "Sort: fewest first"],
	sort_code: ["点按排序：按编码", "Sort: by code"],
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
	queue_hint: ["手机上还没有送达的记录", "Records that still wait on the phone"],
	missing: ["缺号", "Missing"],
	missing_hint: ["平台已要求手机重新发送的记录", "Records that the phone was asked to send again"],
	battery: ["电量", "Battery"],
	low: ["低", "low"],
	never: ["从未", "never"],
	filter_all: ["全部 {n}", "All {n}"],
	filter_off: ["离线 {n}", "Offline {n}"],
	filter_behind: ["有待发或缺号 {n}", "Behind {n}"],
	devices_empty: ["还没有终端。管理员可用 xunge device add 添加。", "No devices yet. An administrator adds them with xunge device add."],
	devices_filtered: ["没有符合条件的终端。", "No device fits this filter."],

	// feed
	feed: ["最新动态", "Latest records"],
	feed_all: ["最近 {n} 条", "last {n}"],
	feed_some: ["最近 {n} 条，不含轨迹和设备状态", "last {n}, no tracks or status"],
	feed_quiet: ["全部记录", "All records"],
	feed_only_quiet: ["最近只有轨迹和设备状态。", "Only tracks and device status of late."],
	clock_ahead: ["手机时钟偏快", "phone clock ahead"],
	feed_time: ["时间", "Time"],
	feed_what: ["记录", "Record"],
	feed_empty: ["还没有记录。终端上报后立即出现在这里。", "No records yet. They appear here as soon as a device sends one."],
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
	},
	reason: {
		TOO_SHORT_TIME: ["时长不足", "Too short"],
		TOO_SHORT_DIST: ["里程不足", "Not far enough"],
		TOO_FEW_POINTS: ["轨迹点过少", "Too few points"],
		OFF_REACH: ["不在责任河段", "Off the reach"],
		LOW_COVERAGE: ["覆盖不足", "Low coverage"],
		NO_END: ["未结束", "Not ended"],
		NOT_APPOINTED: ["非责任河长", "Not the appointed chief"],
		MIN_GAP: ["间隔不足", "Too soon after the last"],
		SPEED: ["速度异常", "Speed"],
		MOCK: ["疑似模拟定位", "Mocked position"],
		CLOCK: ["时钟异常", "Clock"],
	},
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
	result: {
		rectified: ["整改完成", "Rectified"],
		done: ["已办理", "Done"],
		transferred: ["移交", "Transferred"],
		stopped: ["停用", "Stopped"],
		settled_written: ["书面协议", "Settled in writing"],
		settled_oral: ["口头协议", "Settled orally"],
		failed: ["调解不成", "Not settled"],
		guided: ["引导诉讼", "Sent to court"],
		withdrawn: ["撤回", "Withdrawn"],
	},
	rating: {
		satisfied: ["满意", "Satisfied"],
		basic: ["基本满意", "Fairly satisfied"],
		dissatisfied: ["不满意", "Dissatisfied"],
		no_contact: ["联系不上", "Not reached"],
	},
	standing: {
		held: ["未生效", "Held"],
		repeated: ["重复上报", "Repeated"],
		displaced: ["已失效", "Displaced"],
		voided: ["已作废", "Voided"],
	},
	code: {
		illegal_transition: ["当时的状态不允许", "Not allowed in the state it met"],
		not_allowed: ["没有权限", "No right"],
		waits_for: ["等待前一步", "Waits for an earlier step"],
		unknown_person: ["人员不明", "Unknown person"],
	},
	role: {
		worker: ["网格员", "Grid worker"],
		patroller: ["巡河员", "River patroller"],
		chief: ["河长", "River chief"],
		office: ["社区网格长", "Community office"],
		centre: ["镇网格中心", "Grid centre"],
		handler: ["处置单位", "Handler"],
		verifier: ["核查员", "Verifier"],
		leader: ["镇领导", "Leader"],
		district: ["区数据办", "District data office"],
		admin: ["管理员", "Administrator"],
	},
};

/** @typedef {keyof typeof TEXT} Key */
/** @typedef {keyof typeof NAMES} Table */
/** @typedef {(key: Key, args?: Record<string, string|number>) => string} Say */

/** @param {Lang} lang @returns {Say} */
export function sayIn(lang) {
	const i = lang === "zh" ? 0 : 1;

	return (key, args) => TEXT[key][i].replace(/\{(\w+)\}/g, (_, name) => String(args?.[name]));
}

/** The name of a code; the code itself when it has none (a newer server may send new ones).
 * @param {Table} table @param {string} code @param {Lang} lang @returns {string} */
export function nameOf(table, code, lang) {
	/** @type {Record<string, string[]>} */
	const names = NAMES[table];
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

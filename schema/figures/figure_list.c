/* figure_list.c - the table of schema/figures/figures.h: every figure, what it is made of, and what it means. */
#include "schema/figures/figures.h"

#include "core/civil.h"

#define LEVELS {"district", "town", "community", "grid"}
#define CLASSES {"hazard", "finding", "appeal", "dispute", "rectify"}

#define COHORT "按上报时间的日期（+08:00）和上报地点计；"
#define AS_OF_CLOSED "同批次：上报在期内，截至数据提交号已办结"
#define NO_VOIDED "作废的不计"
#define FLOW "按发生时间：办结时间的日期（+08:00）在期内，不论何时上报；按上报地点计；"
#define DUE "按办理时限的日期（+08:00）在期内计，不论何时上报；" \
	    "时限为截至数据提交号的时限（含延期），挂账、不予立案的不计；按上报地点计；"
#define ROUND1 "一位小数，四舍五入；分母为零显示“—”；"
#define ROUND2 "两位小数，四舍五入；分母为零显示“—”；"
#define VISIT_DAY "按走访时间的日期（+08:00）计"
#define STATE "状态截至期末最后一日（+08:00）；按最近一次登记的地点计；"

#define EN_COHORT "by the civil date (+08:00) and place of the report; "
#define EN_AS_OF "cohort: reported in the period, closed by the as-of commit"
#define EN_NO_VOIDED "void ones are not counted"
#define EN_FLOW "flow: closed on a civil date (+08:00) in the period, whenever reported; by the place of the report; "
#define EN_DUE "deadline on a civil date (+08:00) in the period, whenever reported; the deadline as it stands at the as-of " \
	       "commit (with extensions), without suspended and declined cases; by the place of the report; "
#define EN_ROUND1 "one decimal, half up; a zero denominator shows a dash; "
#define EN_ROUND2 "two decimals, half up; a zero denominator shows a dash; "
#define EN_VISIT "by the civil date (+08:00) of the visit"
#define EN_STATE "as of the last day of the period (+08:00); by the place of the latest record; "

#define COUNT(i, zh, en, u, ue, ...) {.id = i, .name = zh, .name_en = en, .unit = u, .unit_en = ue, .kind = FIGURE_COUNT, \
	.num = i, .scale = 1, __VA_ARGS__}
/* In percent. */
#define RATE(i, zh, en, n, d, ...) {.id = i, .name = zh, .name_en = en, .unit = "%", .unit_en = "%", .kind = FIGURE_RATE, \
	.num = n, .den = d, .scale = 1, __VA_ARGS__}
#define STATES(i, zh, en, u, ue, ...) {.id = i, .name = zh, .name_en = en, .unit = u, .unit_en = ue, .kind = FIGURE_STATE, \
	.num = i, .scale = 1, __VA_ARGS__}
#define OF(c) .by = FIGURE_BY_CATEGORY, .klass = c
#define BY_CLASS .by = FIGURE_BY_CATEGORY, .part = CLASSES
#define BY_LEVEL .by = FIGURE_BY_LEVEL, .part = LEVELS
#define BY_ROUTE .by = FIGURE_BY_CATEGORY, .part = {"river", "gully", "road", "grid", "burning"}
#define SAYS(zh, en) .definition = zh, .definition_en = en

const struct figure figures[] = {
	/* patrols */
	COUNT("river_patrols", "巡河次数", "River patrols", "次", "patrols", BY_LEVEL,
		SAYS("river_patrols/1 河长对河道、沟道的巡查；按开始时间的日期（+08:00）和该日任职级别计；"
		     "开始记录入库即计，不论是否结束、是否有效；委托的计入委托人；多样化巡河不计；作废的不计",
			"river_patrols/1 patrols of a river or gully by a chief, by the civil date (+08:00) of their start and the chief's level on "
			"that day; counted once the start is stored, valid or not, ended or not; a delegated one counts for whom it was done; "
			"substitutes are not counted; " EN_NO_VOIDED)),
	COUNT("river_patrols_valid", "有效巡河", "Valid river patrols", "次", "patrols", BY_LEVEL,
		SAYS("river_patrols_valid/1 巡河次数（river_patrols/1）中按适用的履职规则判为有效的；"
		     "按开始时间的日期（+08:00）和该日任职级别计；" NO_VOIDED,
			"river_patrols_valid/1 those of river_patrols/1 that the duty rules in force find valid; by the civil date (+08:00) of "
			"their start and the chief's level on that day; " EN_NO_VOIDED)),
	COUNT("patrols", "巡查次数", "Patrols", "次", "patrols", BY_ROUTE,
		SAYS("patrols/1 全部巡查，分类为巡查路线；按开始时间的日期（+08:00）计；"
		     "开始记录入库即计，不论是否结束、是否有效；多样化巡河不计；作废的不计",
			"patrols/1 all patrols, by route; by the civil date (+08:00) of their start; counted once the start is stored, valid or "
			"not, ended or not; substitutes are not counted; " EN_NO_VOIDED)),
	{.id = "patrol_km", .name = "巡查里程", .name_en = "Distance patrolled", .unit = "公里", .unit_en = "km", .kind = FIGURE_COUNT, .num = "patrol_m",
		.scale = 1000, .decimals = 1, BY_ROUTE,
		SAYS("patrol_km/1 全部巡查的轨迹里程之和（每次取整米），分类为巡查路线；"
		     "按开始时间的日期（+08:00）计；显示一位小数，四舍五入；" NO_VOIDED,
			"patrol_km/1 sum of the distances of all tracks (each in whole metres), by route; by the civil date (+08:00) of the start; "
			"shown with one decimal, half up; " EN_NO_VOIDED)},
	{.id = "patrol_minutes", .name = "巡查时长", .name_en = "Time on patrol", .unit = "分钟", .unit_en = "min", .kind = FIGURE_COUNT, .num = "patrol_s",
		.scale = 60, .decimals = 0, BY_ROUTE,
		SAYS("patrol_minutes/1 全部巡查的轨迹时长之和（每次取整秒，中断不计），分类为巡查路线；"
		     "按开始时间的日期（+08:00）计；合计后取整分钟，四舍五入；" NO_VOIDED,
			"patrol_minutes/1 sum of the durations of all tracks (each in whole seconds, without gaps), by route; by the civil date "
			"(+08:00) of the start; whole minutes, half up, of the sum; " EN_NO_VOIDED)},
	RATE("duty_rate", "履职率", "Duty rate", "duty_met", "duty_overdue", BY_LEVEL, .decimals = 1,
		SAYS("duty_rate/1 已完成÷（已完成＋逾期未巡）的应巡任务，按任务周期最后一日计，"
		     "未到期和免除的不计；按任职级别；" ROUND1 "期末未结束的周期以注明的时刻为准",
			"duty_rate/1 duties met ÷ (met + overdue), by the last day of the period owed, without those not due or exempt; by the level "
			"of the appointment; " EN_ROUND1 "what is not over hangs on the instant that is named")),
	COUNT("inspections", "专项检查", "Inspections", "次", "inspections", OF("topic"),
		SAYS("inspections/1 专项检查记录，分类为检查专题；按检查时间的日期（+08:00）计，不论结果；" NO_VOIDED,
			"inspections/1 records of inspections, by topic; by the civil date (+08:00) of the inspection, whatever its result; " EN_NO_VOIDED)),

	/* hazards and findings */
	COUNT("hazards_found", "排查隐患", "Hazards found", "处", "hazards", OF("hazard"),
		SAYS("hazards_found/1 上报的隐患案件，分类为隐患类别；" COHORT NO_VOIDED,
			"hazards_found/1 hazards reported, by category; " EN_COHORT EN_NO_VOIDED)),
	COUNT("hazards_rectified", "已整改隐患", "Hazards rectified", "处", "hazards", OF("hazard"),
		SAYS("hazards_rectified/1 排查隐患中以“已整改”或“已完成”办结的，分类为隐患类别；" COHORT AS_OF_CLOSED "；" NO_VOIDED,
			"hazards_rectified/1 those of hazards_found closed as rectified or done, by category; " EN_COHORT EN_AS_OF "; " EN_NO_VOIDED)),
	RATE("hazard_rate", "隐患整改率", "Hazard rectification rate", "hazards_rectified", "hazards_found", OF("hazard"), .decimals = 1,
		SAYS("hazard_rate/1 已整改隐患（hazards_rectified/1）÷排查隐患（hazards_found/1）；" COHORT AS_OF_CLOSED "；" ROUND1 NO_VOIDED,
			"hazard_rate/1 hazards_rectified/1 ÷ hazards_found/1; " EN_COHORT EN_AS_OF "; " EN_ROUND1 EN_NO_VOIDED)),
	COUNT("hazards_rectified_flow", "期内整改隐患", "Hazards rectified in the period", "处", "hazards", OF("hazard"),
		SAYS("hazards_rectified_flow/1 以“已整改”或“已完成”办结的隐患案件，分类为隐患类别；" FLOW NO_VOIDED,
			"hazards_rectified_flow/1 hazards closed as rectified or done, by category; " EN_FLOW EN_NO_VOIDED)),
	RATE("hazard_rate_flow", "隐患整改率（按发生时间）", "Hazard rectification rate (flow)", "hazards_rectified_flow", "hazards_found", OF("hazard"), .decimals = 1,
		SAYS("hazard_rate_flow/1 按发生时间：期内整改隐患（hazards_rectified_flow/1）÷期内排查隐患（hazards_found/1）；" ROUND1 "可超过100%；" NO_VOIDED,
			"hazard_rate_flow/1 flow: hazards_rectified_flow/1 ÷ hazards_found/1; " EN_ROUND1 "may pass 100%; " EN_NO_VOIDED)),
	COUNT("findings_found", "巡查发现问题", "Findings", "处", "findings", OF("finding"),
		SAYS("findings_found/1 上报的巡查问题案件，分类为问题类别；" COHORT NO_VOIDED,
			"findings_found/1 findings reported, by category; " EN_COHORT EN_NO_VOIDED)),
	COUNT("findings_rectified", "已整改问题", "Findings rectified", "处", "findings", OF("finding"),
		SAYS("findings_rectified/1 巡查发现问题中以“已整改”或“已完成”办结的，分类为问题类别；" COHORT AS_OF_CLOSED "；" NO_VOIDED,
			"findings_rectified/1 those of findings_found closed as rectified or done, by category; " EN_COHORT EN_AS_OF "; " EN_NO_VOIDED)),
	COUNT("findings_rectified_flow", "期内整改问题", "Findings rectified in the period", "处", "findings", OF("finding"),
		SAYS("findings_rectified_flow/1 以“已整改”或“已完成”办结的巡查问题案件，分类为问题类别；" FLOW NO_VOIDED,
			"findings_rectified_flow/1 findings closed as rectified or done, by category; " EN_FLOW EN_NO_VOIDED)),

	/* appeals */
	COUNT("appeals_received", "诉求收集", "Appeals received", "件", "appeals", OF("appeal"),
		SAYS("appeals_received/1 上报的诉求案件，分类为诉求类别；" COHORT NO_VOIDED,
			"appeals_received/1 appeals reported, by category; " EN_COHORT EN_NO_VOIDED)),
	COUNT("appeals_closed", "诉求办结", "Appeals closed", "件", "appeals", OF("appeal"),
		SAYS("appeals_closed/1 诉求收集中已办结的，不论结果，分类为诉求类别；" COHORT AS_OF_CLOSED "；" NO_VOIDED,
			"appeals_closed/1 those of appeals_received that are closed, whatever the result, by category; " EN_COHORT EN_AS_OF "; " EN_NO_VOIDED)),
	RATE("appeal_close_rate", "诉求办结率", "Appeal closing rate", "appeals_closed", "appeals_received", OF("appeal"), .decimals = 1,
		SAYS("appeal_close_rate/1 诉求办结（appeals_closed/1）÷诉求收集（appeals_received/1）；" COHORT AS_OF_CLOSED "；" ROUND1 NO_VOIDED,
			"appeal_close_rate/1 appeals_closed/1 ÷ appeals_received/1; " EN_COHORT EN_AS_OF "; " EN_ROUND1 EN_NO_VOIDED)),
	COUNT("appeals_closed_flow", "期内办结诉求", "Appeals closed in the period", "件", "appeals", OF("appeal"),
		SAYS("appeals_closed_flow/1 办结的诉求案件，不论结果，分类为诉求类别；" FLOW NO_VOIDED,
			"appeals_closed_flow/1 appeals closed, whatever the result, by category; " EN_FLOW EN_NO_VOIDED)),
	RATE("appeal_close_rate_flow", "诉求办结率（按发生时间）", "Appeal closing rate (flow)", "appeals_closed_flow", "appeals_received", OF("appeal"), .decimals = 1,
		SAYS("appeal_close_rate_flow/1 按发生时间：期内办结诉求（appeals_closed_flow/1）÷"
		     "期内诉求收集（appeals_received/1）；" ROUND1 "可超过100%；" NO_VOIDED,
			"appeal_close_rate_flow/1 flow: appeals_closed_flow/1 ÷ appeals_received/1; " EN_ROUND1 "may pass 100%; " EN_NO_VOIDED)),
	COUNT("appeals_rated", "诉求评议", "Appeals rated", "件", "appeals", OF("appeal"),
		SAYS("appeals_rated/1 诉求收集中最近一次回访为满意、基本满意或不满意的，分类为诉求类别；未联系上的不计；" COHORT NO_VOIDED,
			"appeals_rated/1 those of appeals_received whose last rating is satisfied, basic or dissatisfied, by category; without no_contact; "
			EN_COHORT EN_NO_VOIDED)),
	COUNT("appeals_no_contact", "回访未联系上", "Appeals not reached for a rating", "件", "appeals", OF("appeal"),
		SAYS("appeals_no_contact/1 诉求收集中最近一次回访未联系上的，分类为诉求类别；" COHORT NO_VOIDED,
			"appeals_no_contact/1 those of appeals_received whose last rating is no_contact, by category; " EN_COHORT EN_NO_VOIDED)),
	RATE("appeal_satisfaction", "群众满意度", "Satisfaction", "appeals_satisfied", "appeals_rated", OF("appeal"), .decimals = 1,
		SAYS("appeal_satisfaction/1 （满意＋基本满意）÷已评议诉求（appeals_rated/1）；未联系上的不计（appeals_no_contact/1）；" COHORT ROUND1 NO_VOIDED,
			"appeal_satisfaction/1 (satisfied + basic) ÷ appeals_rated/1; without no_contact (appeals_no_contact/1); " EN_COHORT EN_ROUND1 EN_NO_VOIDED)),

	/* disputes */
	COUNT("disputes_found", "排查纠纷", "Disputes found", "件", "disputes", OF("dispute"),
		SAYS("disputes_found/1 上报的纠纷案件，分类为纠纷类别；" COHORT NO_VOIDED,
			"disputes_found/1 disputes reported, by category; " EN_COHORT EN_NO_VOIDED)),
	COUNT("disputes_closed", "办结纠纷", "Disputes closed", "件", "disputes", OF("dispute"),
		SAYS("disputes_closed/1 排查纠纷中已办结的，不论结果，分类为纠纷类别；" COHORT AS_OF_CLOSED "；" NO_VOIDED,
			"disputes_closed/1 those of disputes_found that are closed, whatever the result, by category; " EN_COHORT EN_AS_OF "; " EN_NO_VOIDED)),
	COUNT("disputes_settled", "调处成功纠纷", "Disputes settled", "件", "disputes", OF("dispute"),
		SAYS("disputes_settled/1 排查纠纷中以书面或口头协议调解成功办结的，分类为纠纷类别；" COHORT AS_OF_CLOSED "；" NO_VOIDED,
			"disputes_settled/1 those of disputes_found closed with a written or oral settlement, by category; " EN_COHORT EN_AS_OF "; " EN_NO_VOIDED)),
	RATE("dispute_rate", "调处成功率", "Dispute settlement rate", "disputes_settled", "disputes_closed", OF("dispute"), .decimals = 1,
		SAYS("dispute_rate/1 调处成功纠纷（disputes_settled/1）÷办结纠纷（disputes_closed/1）；" COHORT AS_OF_CLOSED "；" ROUND1 NO_VOIDED,
			"dispute_rate/1 disputes_settled/1 ÷ disputes_closed/1; " EN_COHORT EN_AS_OF "; " EN_ROUND1 EN_NO_VOIDED)),
	COUNT("disputes_by_level", "调处成功层级", "Disputes by level settled", "件", "disputes", BY_LEVEL,
		SAYS("disputes_by_level/1 调处成功纠纷（disputes_settled/1），按办结时所在层级；" COHORT AS_OF_CLOSED "；" NO_VOIDED,
			"disputes_by_level/1 disputes_settled/1 by the level that held them when they were closed; " EN_COHORT EN_AS_OF "; " EN_NO_VOIDED)),
	COUNT("disputes_closed_flow", "期内办结纠纷", "Disputes closed in the period", "件", "disputes", OF("dispute"),
		SAYS("disputes_closed_flow/1 办结的纠纷案件，不论结果，分类为纠纷类别；" FLOW NO_VOIDED,
			"disputes_closed_flow/1 disputes closed, whatever the result, by category; " EN_FLOW EN_NO_VOIDED)),
	COUNT("disputes_settled_flow", "期内调处成功纠纷", "Disputes settled in the period", "件", "disputes", OF("dispute"),
		SAYS("disputes_settled_flow/1 以书面或口头协议调解成功办结的纠纷案件，分类为纠纷类别；" FLOW NO_VOIDED,
			"disputes_settled_flow/1 disputes closed with a written or oral settlement, by category; " EN_FLOW EN_NO_VOIDED)),
	RATE("dispute_rate_flow", "调处成功率（按发生时间）", "Dispute settlement rate (flow)", "disputes_settled_flow", "disputes_closed_flow",
		OF("dispute"), .decimals = 1,
		SAYS("dispute_rate_flow/1 按发生时间：期内调处成功纠纷（disputes_settled_flow/1）÷期内办结纠纷（disputes_closed_flow/1）；" ROUND1 NO_VOIDED,
			"dispute_rate_flow/1 flow: disputes_settled_flow/1 ÷ disputes_closed_flow/1; " EN_ROUND1 EN_NO_VOIDED)),

	/* assigned rectification: categories are issuers */
	COUNT("rectify_total", "交办问题", "Items assigned", "件", "items", .by = FIGURE_BY_CATEGORY,
		SAYS("rectify_total/1 上报的交办整改案件，分类为交办单位；" COHORT NO_VOIDED,
			"rectify_total/1 rectification items assigned, by issuer; " EN_COHORT EN_NO_VOIDED)),
	COUNT("rectify_done", "已整改交办问题", "Items rectified", "件", "items", .by = FIGURE_BY_CATEGORY,
		SAYS("rectify_done/1 交办问题中以“已整改”或“已完成”办结的，分类为交办单位；" COHORT AS_OF_CLOSED "；" NO_VOIDED,
			"rectify_done/1 those of rectify_total closed as rectified or done, by issuer; " EN_COHORT EN_AS_OF "; " EN_NO_VOIDED)),
	COUNT("rectify_done_flow", "期内整改交办问题", "Items rectified in the period", "件", "items", .by = FIGURE_BY_CATEGORY,
		SAYS("rectify_done_flow/1 以“已整改”或“已完成”办结的交办整改案件，分类为交办单位；" FLOW NO_VOIDED,
			"rectify_done_flow/1 rectification items closed as rectified or done, by issuer; " EN_FLOW EN_NO_VOIDED)),

	/* all cases, by class */
	COUNT("cases_received", "受理案件", "Cases received", "件", "cases", BY_CLASS,
		SAYS("cases_received/1 上报的全部案件，分类为案件大类；" COHORT NO_VOIDED,
			"cases_received/1 all cases reported, by class; " EN_COHORT EN_NO_VOIDED)),
	COUNT("cases_accepted", "立案案件", "Cases accepted", "件", "cases", BY_CLASS,
		SAYS("cases_accepted/1 受理案件中已立案的，自处置的视同立案，"
		     "分类为案件大类；" COHORT "同批次：上报在期内，截至数据提交号已立案；" NO_VOIDED,
			"cases_accepted/1 those of cases_received that were accepted, or handled by the reporter, by class; " EN_COHORT
			"cohort: reported in the period, accepted by the as-of commit; " EN_NO_VOIDED)),
	COUNT("cases_closed", "办结案件", "Cases closed", "件", "cases", BY_CLASS,
		SAYS("cases_closed/1 受理案件中已办结的，不论结果，分类为案件大类；" COHORT AS_OF_CLOSED "；" NO_VOIDED,
			"cases_closed/1 those of cases_received that are closed, whatever the result, by class; " EN_COHORT EN_AS_OF "; " EN_NO_VOIDED)),
	COUNT("cases_closed_flow", "期内办结案件", "Cases closed in the period", "件", "cases", BY_CLASS,
		SAYS("cases_closed_flow/1 办结的全部案件，不论结果，分类为案件大类；" FLOW NO_VOIDED,
			"cases_closed_flow/1 all cases closed, whatever the result, by class; " EN_FLOW EN_NO_VOIDED)),
	COUNT("cases_due", "应结案件", "Cases due", "件", "cases", BY_CLASS,
		SAYS("cases_due/1 应结案的案件，分类为案件大类；" DUE NO_VOIDED,
			"cases_due/1 cases that were to be closed, by class; " EN_DUE EN_NO_VOIDED)),
	COUNT("cases_due_closed", "结案案件", "Cases due and closed", "件", "cases", BY_CLASS,
		SAYS("cases_due_closed/1 应结案件（cases_due/1）中截至数据提交号已办结的，分类为案件大类；" DUE NO_VOIDED,
			"cases_due_closed/1 those of cases_due/1 closed by the as-of commit, by class; " EN_DUE EN_NO_VOIDED)),
	COUNT("cases_due_on_time", "按期结案案件", "Cases due, closed and in time", "件", "cases", BY_CLASS,
		SAYS("cases_due_on_time/1 结案案件（cases_due_closed/1）中处置反馈未超时限的，分类为案件大类；" DUE NO_VOIDED,
			"cases_due_on_time/1 those of cases_due_closed/1 handled before their deadline, by class; " EN_DUE EN_NO_VOIDED)),
	RATE("case_close_rate", "结案率", "Case closing rate", "cases_due_closed", "cases_due", BY_CLASS, .decimals = 2,
		SAYS("case_close_rate/1 结案案件（cases_due_closed/1）÷应结案件（cases_due/1）；" DUE ROUND2 NO_VOIDED,
			"case_close_rate/1 cases_due_closed/1 ÷ cases_due/1; " EN_DUE EN_ROUND2 EN_NO_VOIDED)),
	RATE("case_on_time_rate", "按期结案率", "Cases closed in time", "cases_due_on_time", "cases_due", BY_CLASS, .decimals = 2,
		SAYS("case_on_time_rate/1 按期结案案件（cases_due_on_time/1）÷应结案件（cases_due/1）；" DUE ROUND2 NO_VOIDED,
			"case_on_time_rate/1 cases_due_on_time/1 ÷ cases_due/1; " EN_DUE EN_ROUND2 EN_NO_VOIDED)),
	COUNT("cases_reworked", "返工案件", "Cases reworked", "件", "cases", BY_CLASS,
		SAYS("cases_reworked/1 应结案件（cases_due/1）中核查不通过至少一次的，分类为案件大类；" DUE NO_VOIDED,
			"cases_reworked/1 those of cases_due/1 that failed a verification at least once, by class; " EN_DUE EN_NO_VOIDED)),
	COUNT("cases_extended", "延期案件", "Cases extended", "件", "cases", BY_CLASS,
		SAYS("cases_extended/1 应结案件（cases_due/1）中延期至少一次的，分类为案件大类；" DUE NO_VOIDED,
			"cases_extended/1 those of cases_due/1 whose deadline was extended at least once, by class; " EN_DUE EN_NO_VOIDED)),

	/* households and visits */
	STATES("monitored_households", "监测对象（户）", "Monitored households", "户", "households",
		SAYS("monitored_households/1 登记过的监测户，含已消除风险的；" STATE NO_VOIDED,
			"monitored_households/1 all households on the list, risk-removed ones among them; " EN_STATE EN_NO_VOIDED)),
	STATES("monitored_persons", "监测对象（人）", "Monitored persons", "人", "persons",
		SAYS("monitored_persons/1 登记过的监测户（monitored_households/1）的人数之和，取最近一次填报的人数；" STATE NO_VOIDED,
			"monitored_persons/1 persons of monitored_households/1, each by the latest number given; " EN_STATE EN_NO_VOIDED)),
	STATES("risk_removed_households", "消除风险（户）", "Households with risk removed", "户", "households",
		SAYS("risk_removed_households/1 监测户中最近状态为已消除风险的，返贫的不计；" STATE NO_VOIDED,
			"risk_removed_households/1 those of monitored_households/1 whose latest state is risk_removed, not relapsed; " EN_STATE EN_NO_VOIDED)),
	STATES("risk_removed_persons", "消除风险（人）", "Persons with risk removed", "人", "persons",
		SAYS("risk_removed_persons/1 消除风险户（risk_removed_households/1）的人数之和，取最近一次填报的人数；" STATE NO_VOIDED,
			"risk_removed_persons/1 persons of risk_removed_households/1, each by the latest number given; " EN_STATE EN_NO_VOIDED)),
	COUNT("visits", "走访次数", "Visits", "次", "visits", .by = FIGURE_BY_NONE,
		SAYS("visits/1 入户走访记录；" VISIT_DAY "，同一户多次走访计多次；" NO_VOIDED,
			"visits/1 records of visits; " EN_VISIT ", each visit of a household; " EN_NO_VOIDED)),
	{.id = "visited_households", .name = "走访户数", .name_en = "Households visited", .unit = "户", .unit_en = "households", .kind = FIGURE_DISTINCT,
		.num = "visited", .scale = 1,
		SAYS("visited_households/1 期内走访过的不同户数，未写明户的不计；" VISIT_DAY "；" NO_VOIDED,
			"visited_households/1 different households visited in the period, without visits that name none; " EN_VISIT "; " EN_NO_VOIDED)},
	COUNT("visit_staff", "走访人员", "Staff on visits", "人次", "person-visits", .by = FIGURE_BY_NONE,
		SAYS("visit_staff/1 各次入户走访的走访人员数之和；" VISIT_DAY "，未填的不计；" NO_VOIDED,
			"visit_staff/1 sum of the staff of all visits; " EN_VISIT ", without those that say none; " EN_NO_VOIDED)),
	{.id = "aid", .name = "慰问金额", .name_en = "Aid", .unit = "元", .unit_en = "yuan", .kind = FIGURE_COUNT, .num = "aid", .scale = 100, .decimals = 2,
		SAYS("aid/1 各次入户走访的慰问金额之和；" VISIT_DAY "；" NO_VOIDED,
			"aid/1 sum of the aid given on visits; " EN_VISIT "; " EN_NO_VOIDED)},

	/* works: each row in the unit of its item */
	{.id = "works", .name = "整治工作量", .name_en = "Works", .unit = "", .unit_en = "", .kind = FIGURE_COUNT, .num = "works", .scale = 1000, .decimals = 3,
		OF("work"),
		SAYS("works/1 整治工作量之和，分类为工作项目，各以其单位；单位不同的不相加；"
		     "任一记录为约数的，显示“约”；按作业时间的日期（+08:00）计；" NO_VOIDED,
			"works/1 sum of quantities, by item, each in its unit; different units are not added; “约” (about) is shown when any record is "
			"approximate; by the civil date (+08:00) of the work; " EN_NO_VOIDED)},
};
const size_t figures_n = ARRAY_LEN(figures);

bool figures_too_long(int32_t from_day, int32_t to_day, int64_t now_ms)
{
	int32_t next_year = civil_day(now_ms) + 366;

	return (to_day < next_year ? to_day : next_year) - from_day > FIGURES_YEARS_MAX * 366;
}

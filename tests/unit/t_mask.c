#include "core/mask.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static void masks(void (*mask)(struct slice, struct buf *), const char *from, const char *want)
{
	struct buf b = {0};

	buf_adds(&b, "");
	mask(slice_of(from), &b);
	assert_string_equal(b.p, want);
	buf_done(&b);
}

static void t_names(void **state)
{
	(void)state;
	masks(mask_name, "", "");
	masks(mask_name, "  ", "");
	masks(mask_name, "张三", "张*");
	masks(mask_name, "欧阳修", "欧*");
	masks(mask_name, " 李某", "李*");
	masks(mask_name, "𠮷野", "𠮷*"); /* beyond the BMP: four bytes */
	masks(mask_name, "𠮷", "𠮷*");
	masks(mask_name, "John Smith", "J*");
	masks(mask_name, "=cmd", "=*");
	masks(mask_name, "\xff\xfe", "\xff*"); /* no UTF-8: a byte, and no more than what is there */
	masks(mask_names, "张三、李四", "张*、李*");
	masks(mask_names, "张三，李四;王五/赵六", "张*，李*;王*/赵*");
	masks(mask_names, "张三 李四", "张* 李*");
	masks(mask_names, "Anna Maria, 李四", "A*, 李*");
	masks(mask_names, "、张三、", "、张*、");
	masks(mask_names, "", "");
	masks(mask_key, "h-001", "h-001");
	masks(mask_key, "990101100001001-07", "***************-07");
	masks(mask_key, "张三户", "张*");
	masks(mask_key, "户１３８００００００００", "户１３８****００００");
	masks(mask_key, "李四(户主)", "李*(户*)");
	masks(mask_key, "张三1", "张*1");
	masks(mask_key, "东-012 𠮷野", "东-012 𠮷*");
	masks(mask_key, "户-001", "户-001");
	masks(mask_key, "-12 13812345678李四", "-12 138****5678李*");
	masks(mask_key, "", "");
}

static void t_phones(void **state)
{
	(void)state;
	masks(mask_phone, "", "");
	masks(mask_phone, "13800000000", "138****0000");
	masks(mask_phone, "+8613812345678", "+86138****5678");
	masks(mask_phone, "138 1234 5678", "138 **** 5678");
	masks(mask_phone, "0934-8321000", "0934-***1000"); /* the area stays */
	masks(mask_phone, "83210000", "****0000");
	masks(mask_phone, "8321000", "****000");
	masks(mask_phone, "12345", "****5");
	masks(mask_phone, "119", "***");
	masks(mask_phone, "13812345678/13900001111", "138****5678/139****1111");
	masks(mask_phone, "无", "无");
}

static void t_text(void **state)
{
	(void)state;
	masks(mask_text, "", "");
	masks(mask_text, "三楼堆物2023-12-05，第3处，约12.5平方米", "三楼堆物2023-12-05，第3处，约12.5平方米");
	masks(mask_text, "电话13812345678。", "电话138****5678。");
	masks(mask_text, "tel:+8613812345678,", "tel:+86138****5678,");
	masks(mask_text, "86 13812345678", "86 138****5678");
	masks(mask_text, "138-1234-5678或139 0000 1111", "138-****-5678或139 **** 1111");
	masks(mask_text, "１３８１２３４５６７８", "１３８****５６７８");
	masks(mask_text, "0934-8321000", "0934-***1000");
	masks(mask_text, "(0934)8321000", "(0934)***1000");
	masks(mask_text, "身份证622801199001011234号", "身份证******************号");
	masks(mask_text, "62280119900101123X，", "******************，");
	masks(mask_text, "62280119900101123x", "******************");
	masks(mask_text, "622801 19900101 1234", "****** ******** ****");
	masks(mask_text, "622801 19900101 123X", "****** ******** ****");
	masks(mask_text, "622801900101123", "***************"); /* the old ones have fifteen */
	masks(mask_text, "卡号6222021234567890123", "卡号*******************");
	masks(mask_text, "12345678", "12345678");     /* a date, an amount */
	masks(mask_text, "1234567890", "1234567890"); /* ten: below the bound */
	masks(mask_text, "23456789012", "234****9012"); /* eleven: at it, though no mobile */
	masks(mask_text, "号12345678901234", "号123456****1234");
	masks(mask_text, "138123456789", "1381****6789"); /* twelve: no mobile, but long */
	masks(mask_text, "\xef\xbc", "\xef\xbc"); /* half a character */
}

static void masks_json(const char *from, const char *want)
{
	struct json j = {0};
	struct buf b = {0};

	buf_adds(&b, "");
	mask_json(slice_of(from), &j, &b);
	assert_string_equal(b.p, want);
	buf_done(&b);
	json_done(&j);
}

static void t_json(void **state)
{
	(void)state;
	masks_json("{}", "{}");
	masks_json("{\"at\":1764035730123,\"pts\":[[1764035730123,33.5,104.123456789012]]}",
		"{\"at\":1764035730123,\"pts\":[[1764035730123,33.5,104.123456789012]]}");
	masks_json("{\"note\":\"打13812345678\",\"n\":13812345678}", "{\"note\":\"打138****5678\",\"n\":\"138****5678\"}");
	masks_json("{\"n\":[1,13812345678, 622801199001011234],\"m\":{\"x\":13812345678}}",
		"{\"n\":[1,\"138****5678\", \"******************\"],\"m\":{\"x\":\"138****5678\"}}");
	masks_json("{\"amount_fen\":13812345678,\"x\":1764035730123,\"y\":-13812345678,\"z\":13812345678.5,\"w\":1.13812345678}",
		"{\"amount_fen\":13812345678,\"x\":1764035730123,\"y\":-13812345678,\"z\":13812345678.5,\"w\":1.13812345678}");
	masks_json("{\"group\":\"找13812345678\",\"to\":\"13812345678\",\"item_no\":\"13812345678\",\"type\":\"13812345678\"}",
		"{\"group\":\"找138****5678\",\"to\":\"138****5678\",\"item_no\":\"138****5678\",\"type\":\"138****5678\"}");
	masks_json("13812345678", "\"138****5678\"");
	masks_json("{\"case\":\"13812345678\",\"target\":\"990101100001001\",\"note\":\"990101100001001\"}",
		"{\"case\":\"13812345678\",\"target\":\"990101100001001\",\"note\":\"***************\"}");
	masks_json("{\"parties\":\"张三、李四\", \"household\" : \"王五户\",\"title\":\"张三\"}",
		"{\"parties\":\"张*、李*\", \"household\" : \"王*\",\"title\":\"张三\"}");
	/* escapes hide no digit, and quotes inside no end */
	masks_json("{\"note\":\"\\u0031\\u00338\\n12345678\\\"\"}", "{\"note\":\"138\\n12345678\\\"\"}");
	masks_json("{\"note\":\"\\u00313812345678\"}", "{\"note\":\"138****5678\"}");
	masks_json("{\"note\":\"\\\\\",\"text\":\"13812345678\"}", "{\"note\":\"\\\\\",\"text\":\"138****5678\"}");
	masks_json("{\"unknown\":[\"13812345678\",{\"x\":\"13812345678\"}]}", "{\"unknown\":[\"138****5678\",{\"x\":\"138****5678\"}]}");
	/* of members that are not ours nobody knows what they hold; what stands behind them is as it was */
	masks_json("{\"contact\":\"张三\",\"姓名\":\"欧阳某、李四\",\"x\":\"Anna\",\"when\":\"2026-11-23\",\"y\":\"\",\"title\":\"张三\"}",
		"{\"contact\":\"张*\",\"姓名\":\"欧*、李*\",\"x\":\"A*\",\"when\":\"2026-11-23\",\"y\":\"\",\"title\":\"张三\"}");
	masks_json("{\"who\":{\"title\":\"张三\",\"case\":\"李四\",\"of\":[\"王五\",[\"赵六\"]],\"amount_fen\":13812345678},\"case\":\"c-1\",\"note\":\"钱七\"}",
		"{\"who\":{\"title\":\"张*\",\"case\":\"李*\",\"of\":[\"王*\",[\"赵*\"]],\"amount_fen\":\"138****5678\"},\"case\":\"c-1\",\"note\":\"钱七\"}");
	masks_json("{\"list\":[{\"a\":1},\"张三\"],\"result\":\"ok\",\"\\u006eote\":\"张三\",\"p\":{}, \"text\":\"张三\"}",
		"{\"list\":[{\"a\":1},\"张*\"],\"result\":\"ok\",\"\\u006eote\":\"张*\",\"p\":{}, \"text\":\"张三\"}");
	masks_json("{\"x\":\"\\u5f20三\"}", "{\"x\":\"张*\"}");
	masks_json("{\"13812345678\":1}", "{\"13812345678\":1}"); /* keys are ours */
	masks_json("\"13812345678\"", "\"138****5678\"");
	masks_json("\"cut", "\"cut");
	masks_json("\"", "\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(t_names), cmocka_unit_test(t_phones), cmocka_unit_test(t_text), cmocka_unit_test(t_json)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

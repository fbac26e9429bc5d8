#include "schema/exports/words.h"

#include <stddef.h>
#include <string.h>

struct word {
	const char *code, *zh;
};

static const char *find(const struct word *words, const char *code)
{
	for (; words->code; words++)
		if (strcmp(words->code, code) == 0)
			return words->zh;
	return NULL;
}

const char *word_level(const char *code)
{
	static const struct word words[] = {{"district", "区级"}, {"town", "镇级"}, {"community", "社区级"}, {"grid", "网格级"}, {NULL, NULL}};

	return find(words, code);
}

const char *word_route(const char *code)
{
	static const struct word words[] = {{"river", "河道"}, {"gully", "沟道"}, {"road", "公路沿线"}, {"grid", "网格"}, {"burning", "禁烧"},
		{NULL, NULL}};

	return find(words, code);
}

const char *word_class(const char *code)
{
	static const struct word words[] = {{"hazard", "隐患"}, {"finding", "巡查问题"}, {"appeal", "诉求"}, {"dispute", "纠纷"},
		{"rectify", "交办整改"}, {NULL, NULL}};

	return find(words, code);
}

const char *word_result(const char *code)
{
	static const struct word words[] = {{"rectified", "整改完成"}, {"done", "办理完成"}, {"transferred", "移交"}, {"stopped", "停用"},
		{"settled_written", "书面协议"}, {"settled_oral", "口头协议"}, {"failed", "调解不成"}, {"guided", "引导诉讼"},
		{"withdrawn", "撤回"}, {"ok", "正常"}, {"problem", "有问题"}, {NULL, NULL}};

	return find(words, code);
}

const char *word_rating(const char *code)
{
	static const struct word words[] = {{"satisfied", "满意"}, {"basic", "基本满意"}, {"dissatisfied", "不满意"},
		{"no_contact", "未联系上"}, {NULL, NULL}};

	return find(words, code);
}

#include "schema/figures.h"

#include <string.h>

const struct figure figures[] = {
	{"river_patrols", "巡河次数", "次", FIGURES_BY_LEVEL, {"district", "town", "community", "grid"},
		"river_patrols/1 河长对河道、沟道的巡查；按开始时间的日期（+08:00）和该日任职级别计；"
		"开始记录入库即计，不论是否结束、是否有效；委托的计入委托人；多样化巡河不计；作废的不计"},
	{"patrols", "巡查次数", "次", FIGURES_BY_CATEGORY, {"river", "gully", "road", "grid", "burning"},
		"patrols/1 全部巡查，分类为巡查路线；按开始时间的日期（+08:00）计；"
		"开始记录入库即计，不论是否结束、是否有效；多样化巡河不计；作废的不计"},
};
const size_t figures_n = ARRAY_LEN(figures);

void figures_add(struct figures_sum *sum, const struct figure_row *row)
{
	for (size_t f = 0; f < figures_n; f++) {
		const char *key = figures[f].by == FIGURES_BY_LEVEL ? row->level : row->category;

		if (strcmp(figures[f].id, row->figure) != 0)
			continue;
		sum[f].total += row->n;
		for (size_t i = 0; i < FIGURES_PARTS && figures[f].part[i]; i++)
			if (strcmp(figures[f].part[i], key) == 0)
				sum[f].part[i] += row->n;
	}
}

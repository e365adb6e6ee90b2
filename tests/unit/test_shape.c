// SPDX-License-Identifier: GPL-2.0-or-later
/* Promises of harness/lab/shape.h. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "harness/lab/shape.h"
#include "workloads/api/arith.h"

#define M (1ull << 20)
#define G (1ull << 30)

static struct shape make(const char *nodes, const char *memory, const char *cpus,
			 const char *distances)
{
	const struct shape_text text = { nodes, memory, cpus, distances };
	struct shape shape = { 0 };
	struct error e = { 0 };

	assert_int_equal(shape_make(&text, &shape, &e), 0);
	assert_string_equal(e.text, "");
	return shape;
}

static void the_default_is_one_node_of_1G_with_two_cpus(void **state)
{
	struct shape shape = make(NULL, NULL, NULL, NULL);

	(void)state;
	assert_int_equal(shape.nr_nodes, 1);
	assert_int_equal(shape.node[0].memory_bytes, G);
	assert_int_equal(shape.node[0].nr_cpus, 2);
	assert_false(shape.has_distances);
}

static void a_total_is_shared_out_and_nothing_is_lost(void **state)
{
	struct shape shape = make("3", "2G", "4", NULL);

	(void)state;
	assert_int_equal(shape_memory_bytes(&shape), 2 * G);
	assert_int_equal(shape_nr_cpus(&shape), 4);
	assert_int_equal(shape.node[0].memory_bytes, 684 * M);
	assert_int_equal(shape.node[2].memory_bytes, 682 * M);
	assert_int_equal(shape.node[0].nr_cpus, 2);
	assert_int_equal(shape.node[2].nr_cpus, 1);
}

static void a_list_gives_each_node_its_own_and_sets_their_number(void **state)
{
	struct shape shape = make(NULL, "1G,512M,0", "1,0,1", NULL);

	(void)state;
	assert_int_equal(shape.nr_nodes, 3);
	assert_int_equal(shape.node[1].memory_bytes, 512 * M);
	assert_int_equal(shape.node[1].nr_cpus, 0);
	assert_int_equal(shape.node[2].memory_bytes, 0);
	assert_int_equal(shape.node[2].nr_cpus, 1);
}

static void each_node_has_a_cpu_unless_a_list_says_otherwise(void **state)
{
	struct shape shape = make("4", NULL, NULL, NULL);

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(shape.node[i].nr_cpus, 1);
}

static void distances_are_one_number_or_a_matrix(void **state)
{
	struct shape one = make("2", NULL, NULL, "30");
	struct shape matrix = make("2", NULL, NULL, "10,21/31,10");

	(void)state;
	assert_true(one.has_distances);
	assert_int_equal(one.distance[0][0], 10);
	assert_int_equal(one.distance[1][0], 30);
	assert_int_equal(matrix.distance[0][1], 21);
	assert_int_equal(matrix.distance[1][0], 31);
}

static void a_mistake_names_its_option(void **state)
{
	static const struct {
		struct shape_text text;
		const char *says;
	} bad[] = {
		{ { "0", NULL, NULL, NULL }, "--nodes=0" },
		{ { "17", NULL, NULL, NULL }, "--nodes=17" },
		{ { "two", NULL, NULL, NULL }, "--nodes=two" },
		{ { "2", "1G,1G,1G", NULL, NULL }, "--memory: it lists 3 nodes" },
		{ { NULL, "1G,1G", "1,1,1", NULL }, "--cpus: it lists 3 nodes" },
		{ { NULL, "1G,,1G", NULL, NULL }, "--memory: ''" },
		{ { NULL, "", NULL, NULL }, "--memory" },
		{ { NULL, "1GB", NULL, NULL }, "--memory: '1GB'" },
		{ { NULL, "1025M", NULL, NULL }, "not a multiple of 2M" },
		{ { NULL, "64M", NULL, NULL }, "at least 192M" },
		{ { NULL, "50%available", NULL, NULL }, "--memory" },
		{ { NULL, "2T", NULL, NULL }, "--memory: 2T" },
		{ { NULL, NULL, "0", NULL }, "--cpus" },
		{ { NULL, NULL, "65", NULL }, "--cpus: '65'" },
		{ { "3", NULL, "2", NULL }, "--cpus=2: too few for 3 nodes" },
		{ { NULL, "1G,0", "1,0", NULL }, "node 1 has neither memory nor a CPU" },
		{ { "2", NULL, NULL, "10,20" }, "--distances: 1 rows for 2 nodes" },
		{ { "2", NULL, NULL, "10,20/20" }, "row 1 has 1 numbers" },
		{ { "2", NULL, NULL, "10,20/10,10" }, "node 1 to node 0 is 10" },
		{ { "2", NULL, NULL, "11,20/20,10" }, "node 0 to node 0 is 11" },
		{ { "2", NULL, NULL, "255" }, "--distances: '255'" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct shape shape = { .nr_nodes = 99 };
		struct error e = { 0 };

		assert_int_equal(shape_make(&bad[i].text, &shape, &e), -EINVAL);
		if (!strstr(e.text, bad[i].says))
			fail_msg("'%s' does not say '%s'", e.text, bad[i].says);
		assert_int_equal(shape.nr_nodes, 99);
	}
}

static void it_is_told_in_one_line(void **state)
{
	struct shape shape = make("2", "2G", NULL, NULL);
	char text[128];

	(void)state;
	shape_format(&shape, text, sizeof(text));
	assert_string_equal(text, "nodes=2 memory=2147483648 node_memory=1G,1G node_cpus=1,1");
}

static void the_largest_shape_fits_into_200_bytes(void **state)
{
	const struct shape_text text = { "16", "16382M", "64", NULL };
	struct shape shape;
	char line[256];

	(void)state;
	assert_int_equal(shape_make(&text, &shape, NULL), 0);
	assert_in_range(shape_format(&shape, line, sizeof(line)), 100, 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_default_is_one_node_of_1G_with_two_cpus),
		cmocka_unit_test(a_total_is_shared_out_and_nothing_is_lost),
		cmocka_unit_test(a_list_gives_each_node_its_own_and_sets_their_number),
		cmocka_unit_test(each_node_has_a_cpu_unless_a_list_says_otherwise),
		cmocka_unit_test(distances_are_one_number_or_a_matrix),
		cmocka_unit_test(a_mistake_names_its_option),
		cmocka_unit_test(it_is_told_in_one_line),
		cmocka_unit_test(the_largest_shape_fits_into_200_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

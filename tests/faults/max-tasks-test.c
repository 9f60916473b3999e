/* klinglipsync tests: never more tasks at once than allowed
 *
 * Eight customers, each a row of processes that ask for one video after the
 * other, share a store and max-tasks=3. Some of their processes are killed and
 * run again. The service never sees more than three tasks that have not ended,
 * and is paid for each video once.
 *
 * Each customer is a thread of the test; the sandbox is asked at the end.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <gst/check/gstcheck.h>

#include "faults-helper.h"

#define CUSTOMERS 8
#define VIDEOS 5
#define LIMIT 3

typedef struct
{
  KlingFaults *faults;
  const gchar *store;
  guint number;
  GRand *random;
  guint kills;
} Customer;

/* Nothing is in doubt after a kill at one of these. */
static const gchar *const deaths[] =
    { "record-held", "room-made", "record-sending", "answer-written",
  "answer-kept", "polled", "polled:3", "record-fetching", "downloaded",
};

static void
ask_for_video (Customer * customer, guint video)
{
  g_autofree gchar *text = g_strdup_printf ("Customer %u would like to have"
      " video number %u, please.", customer->number, video);
  g_autoptr (KlingFaultsRequest) request =
      kling_faults_request_new (customer->faults, text);
  const gchar *death = g_rand_int_range (customer->random, 0, 3) == 0
      ? deaths[g_rand_int_range (customer->random, 0, G_N_ELEMENTS (deaths))]
      : NULL;
  g_autofree gchar *limit = g_strdup_printf ("%u", LIMIT);
  g_autoptr (KlingFaultsRun) run = NULL;
  g_autofree gchar *task_id = NULL;

  kling_faults_request_use_store (request, customer->store);
  kling_faults_request_set (request, "max-tasks", limit);
  run = kling_faults_run (request, death);
  if (kling_faults_was_killed (run)) {
    customer->kills++;
    kling_faults_run_free (run);
    run = kling_faults_run (request, NULL);
  }
  kling_faults_check_end (run, FAULTS_WELL);
  task_id = kling_faults_dup_said (run, "task-id");
  kling_faults_check (run, task_id != NULL, "It has not named its task");
  kling_faults_check_video (run, task_id);
}

static gpointer
be_customer (gpointer data)
{
  Customer *customer = data;

  for (guint i = 0; i < VIDEOS; i++)
    ask_for_video (customer, i);
  return NULL;
}

static const gchar *const dialects[] = { "gateway", "official" };

GST_START_TEST (test_limit)
{
  g_autoptr (KlingFaults) faults = kling_faults_new (dialects[__i__], "0.3");
  g_autofree gchar *store = kling_faults_dup_path (faults, "store");
  Customer customers[CUSTOMERS] = { {NULL,}, };
  GThread *threads[CUSTOMERS];
  guint kills = 0;

  for (guint i = 0; i < CUSTOMERS; i++) {
    customers[i] = (Customer) {
    faults, store, i, g_rand_new_with_seed (__i__ * 100 + i), 0};
    threads[i] = g_thread_new ("customer", be_customer, &customers[i]);
  }
  for (guint i = 0; i < CUSTOMERS; i++) {
    g_thread_join (threads[i]);
    g_rand_free (customers[i].random);
    kills += customers[i].kills;
  }
  fail_unless (kills > 0);
  fail_unless_equals_int64 (kling_faults_paid (faults), CUSTOMERS * VIDEOS);
  fail_unless (kling_test_sandbox_count (faults->sandbox, "open_max")
      <= LIMIT, "%" G_GINT64_FORMAT " tasks were open at once",
      kling_test_sandbox_count (faults->sandbox, "open_max"));
  /* they did work side by side */
  fail_unless (kling_test_sandbox_count (faults->sandbox, "open_max") > 1);
}

GST_END_TEST;

static Suite *
max_tasks_suite (void)
{
  Suite *suite = suite_create ("max-tasks");
  TCase *tcase = tcase_create ("max-tasks");

  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (tcase, test_limit, 0, G_N_ELEMENTS (dialects));
  return suite;
}

GST_CHECK_MAIN (max_tasks);

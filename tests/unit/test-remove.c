/* klinglipsync tests: records that are removed
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "filled-store.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kling-store-remove.h"

static gboolean
remove_record (StoreCase * c, const gchar * digits, gboolean force,
    GError ** error)
{
  g_autoptr (GHashTable) users = kling_store_find_users (c->store, NULL);
  g_autofree gchar *key = store_case_dup_key (digits);

  return kling_store_remove (c->store, users, key, G_MAXINT64, force, error);
}

static void
check_refused (StoreCase * c, const gchar * digits, gboolean force,
    const gchar * words)
{
  g_autoptr (GError) error = NULL;

  fail_unless (!remove_record (c, digits, force, &error));
  fail_unless (strstr (error->message, words) != NULL, "%s", error->message);
  fail_unless (store_case_has (c, digits, ".rec"));
}

static void
check_gone (StoreCase * c, const gchar * digits)
{
  static const gchar *const extensions[] = {
    ".rec", ".rec.tmp", ".ans", ".part", ".a1", ".a1r", ".a2"
  };

  for (guint i = 0; i < G_N_ELEMENTS (extensions); i++)
    fail_unless (!store_case_has (c, digits, extensions[i]), "%s",
        extensions[i]);
  /* who waits for it has it open */
  fail_unless (store_case_has (c, digits, ".lock"));
}

/* What is at its end goes, what is not stays. */
GST_START_TEST (test_states)
{
  static const struct
  {
    KlingRecordState state;
    const gchar *refusal;
  } rows[] = {
    {KLING_RECORD_READY, NULL},
    {KLING_RECORD_REFUSED, NULL},
    {KLING_RECORD_FAILED, NULL},
    {KLING_RECORD_GONE, NULL},
    {KLING_RECORD_UNKNOWN, "perhaps paid for a second time"},
    {KLING_RECORD_RUNNING, "only its id leads to it"},
    {KLING_RECORD_FETCHING, CASE_TASK " was bought"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (StoreCase) c = store_case_new ();

    store_case_put (c, store_case_make (KLING_RECORD_REQUEST, rows[i].state,
            "a"));
    if (rows[i].refusal)
      check_refused (c, "a", FALSE, rows[i].refusal);
    fail_unless (remove_record (c, "a", rows[i].refusal != NULL, NULL));
    check_gone (c, "a");
  }
}

GST_END_TEST;

GST_START_TEST (test_sending)
{
  g_autoptr (StoreCase) c = store_case_new ();

  store_case_put_sending (c, "a");
  fail_unless (store_case_has (c, "a", ".a1"));
  check_refused (c, "a", FALSE, "paid for again");
  fail_unless (store_case_has (c, "a", ".a1"));
  fail_unless (remove_record (c, "a", TRUE, NULL));
  check_gone (c, "a");
}

GST_END_TEST;

/* The same video under two keys goes with the second. */
GST_START_TEST (test_shared_video)
{
  g_autoptr (StoreCase) c = store_case_new ();
  g_autofree gchar *sha256 = store_case_keep (c, "aaa", 1);

  store_case_put_done (c, "a", sha256);
  store_case_put_done (c, "b", sha256);
  fail_unless (remove_record (c, "a", FALSE, NULL));
  check_gone (c, "a");
  fail_unless (store_case_has_video (c, sha256));
  fail_unless (remove_record (c, "b", FALSE, NULL));
  fail_unless (!store_case_has_video (c, sha256));
}

GST_END_TEST;

GST_START_TEST (test_in_use)
{
  g_autoptr (StoreCase) c = store_case_new ();
  g_autofree gchar *sha256 = store_case_keep (c, "aaa", 1);
  KlingSpool *spool = kling_kept_open (c->store, sha256, NULL);
  gint lock;

  store_case_put_done (c, "a", sha256);
  check_refused (c, "a", TRUE, "is being played");
  kling_spool_unref (spool);

  lock = store_case_lock (c, "a");
  check_refused (c, "a", TRUE, "is working on it");
  kling_store_unlock (lock);
  fail_unless (store_case_has_video (c, sha256));
  fail_unless (remove_record (c, "a", FALSE, NULL));
  fail_unless (!store_case_has_video (c, sha256));
}

GST_END_TEST;

/* Only the record knows that something of the user's stands somewhere. */
GST_START_TEST (test_owed)
{
  g_autoptr (StoreCase) c = store_case_new ();
  KlingRecord *record = store_case_make (KLING_RECORD_REQUEST,
      KLING_RECORD_FAILED, "a");

  record->owed_place = g_strdup ("https://my.host");
  record->owed_audio = g_strdup ("speech.wav");
  store_case_put (c, record);
  check_refused (c, "a", FALSE, "stand at https://my.host");
  fail_unless (remove_record (c, "a", TRUE, NULL));
  check_gone (c, "a");
}

GST_END_TEST;

GST_START_TEST (test_used_meanwhile)
{
  g_autoptr (StoreCase) c = store_case_new ();
  g_autoptr (GHashTable) users = NULL;
  g_autofree gchar *key = store_case_dup_key ("a");
  gint64 before = g_get_real_time () - G_USEC_PER_SEC;

  store_case_put (c, store_case_make (KLING_RECORD_REQUEST, KLING_RECORD_FAILED,
          "a"));
  users = kling_store_find_users (c->store, NULL);
  fail_unless (!kling_store_remove (c->store, users, key, before, FALSE, NULL));
  fail_unless (store_case_has (c, "a", ".rec"));
}

GST_END_TEST;

GST_START_TEST (test_damaged)
{
  g_autoptr (StoreCase) c = store_case_new ();
  g_autofree gchar *key = store_case_dup_key ("a");
  g_autofree gchar *path = kling_store_dup_file (c->store, key, ".rec");

  store_case_put_sending (c, "a");
  fail_unless (g_file_set_contents (path, "what?", -1, NULL));
  check_refused (c, "a", FALSE, "it is cut off");
  fail_unless (remove_record (c, "a", TRUE, NULL));
  check_gone (c, "a");
}

GST_END_TEST;

#ifdef KLING_TEST_HOOKS
/* Runs a removal in a process that is killed before the record goes. */
static void
remove_and_die (StoreCase * c, const gchar * digits)
{
  pid_t child = fork ();
  int status;

  fail_unless (child >= 0);
  if (child == 0) {
    g_setenv ("KLING_TEST_KILL", "removed-but-record", TRUE);
    remove_record (c, digits, TRUE, NULL);
    _exit (0);
  }
  fail_unless_equals_int (waitpid (child, &status, 0), child);
  fail_unless (WIFSIGNALED (status) && WTERMSIG (status) == SIGKILL);
}

/* It must not look as if nothing had been sent. */
GST_START_TEST (test_killed)
{
  g_autoptr (StoreCase) c = store_case_new ();
  g_autofree gchar *sha256 = store_case_keep (c, "aaa", 1);
  g_autoptr (KlingRecord) question = NULL;
  g_autoptr (KlingRecord) done = NULL;

  store_case_put_sending (c, "a");
  remove_and_die (c, "a");
  question = store_case_read (c, "a");
  fail_unless_equals_int (question->state, KLING_RECORD_UNKNOWN);

  store_case_put_done (c, "b", sha256);
  remove_and_die (c, "b");
  done = store_case_read (c, "b");
  fail_unless_equals_int (done->state, KLING_RECORD_DONE);
  fail_unless_equals_string (done->task_id, CASE_TASK);
}

GST_END_TEST;

/* The answer has come, and nobody has seen it yet. */
GST_START_TEST (test_killed_with_answer)
{
  g_autoptr (StoreCase) c = store_case_new ();
  g_autofree gchar *text = NULL;
  g_autofree gchar *path = NULL;
  g_autoptr (KlingRecord) answer = store_case_make (KLING_RECORD_REQUEST,
      KLING_RECORD_RUNNING, "a");
  g_autoptr (KlingRecord) left = NULL;
  gsize size;

  store_case_put_sending (c, "a");
  text = kling_record_to_text (answer, &size);
  path = kling_store_dup_file (c->store, answer->key, KLING_STORE_ANSWER);
  fail_unless (g_file_set_contents (path, text, size, NULL));
  remove_and_die (c, "a");
  left = store_case_read (c, "a");
  fail_unless_equals_int (left->state, KLING_RECORD_RUNNING);
  fail_unless_equals_string (left->task_id, CASE_TASK);
}

GST_END_TEST;
#endif

static Suite *
remove_suite (void)
{
  Suite *suite = suite_create ("remove");
  TCase *tcase = tcase_create ("remove");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_states);
  tcase_add_test (tcase, test_sending);
  tcase_add_test (tcase, test_shared_video);
  tcase_add_test (tcase, test_in_use);
  tcase_add_test (tcase, test_owed);
  tcase_add_test (tcase, test_used_meanwhile);
  tcase_add_test (tcase, test_damaged);
#ifdef KLING_TEST_HOOKS
  tcase_add_test (tcase, test_killed);
  tcase_add_test (tcase, test_killed_with_answer);
#endif
  return suite;
}

GST_CHECK_MAIN (remove);

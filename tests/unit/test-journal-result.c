/* klinglipsync: tests of finished videos, in memory and handed out
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "store-case.h"

#include <string.h>

#include "kling-journal.h"

static KlingEntry *
hold (KlingJournal * journal, const gchar * key)
{
  g_autofree gchar *holder = NULL;
  KlingEntry *entry = kling_journal_try_hold (journal, NULL,
      KLING_RECORD_REQUEST, key, &holder, NULL);

  fail_unless (entry != NULL);
  return entry;
}

static KlingResult *
make_result (const KlingRecord * record, KlingStore * store)
{
  g_autoptr (KlingSpool) spool = kling_spool_new ("result");
  KlingIsobmff info = { "isom", 0, };

  fail_unless (kling_spool_write (spool, (const guint8 *) "x", 1, NULL));
  fail_unless (kling_spool_finish (spool, NULL));
  return kling_result_new (record, store, spool, &info);
}

static void
finish (KlingJournal * journal, const gchar * key)
{
  g_autoptr (KlingEntry) entry = hold (journal, key);
  g_autoptr (KlingResult) result = NULL;

  g_free (entry->record->task_id);
  entry->record->task_id = g_strdup (key);
  entry->record->state = KLING_RECORD_RUNNING;
  entry->record->units = 2.5;
  result = make_result (entry->record, NULL);
  fail_unless_equals_string (result->task_id, key);
  fail_unless_equals_float (result->units, 2.5);
  kling_entry_set_result (entry, result);
  fail_unless (kling_entry_put (entry, NULL));
}

static gboolean
has_result (KlingJournal * journal, const gchar * key)
{
  g_autoptr (KlingEntry) entry = hold (journal, key);
  g_autoptr (KlingResult) result = kling_entry_get_result (entry);

  fail_unless (result == NULL || g_str_equal (result->task_id, key));
  /* the task is known all the same */
  fail_unless_equals_string (entry->record->task_id, key);
  return result != NULL;
}

GST_START_TEST (test_newest_result)
{
  g_autoptr (KlingJournal) journal = kling_journal_new ();
  g_autoptr (KlingEntry) other = hold (journal, "other");

  fail_unless (kling_entry_get_result (other) == NULL);
  finish (journal, "a");
  fail_unless (has_result (journal, "a"));
  finish (journal, "b");
  fail_if (has_result (journal, "a"));
  fail_unless (has_result (journal, "b"));
  finish (journal, "b");
  fail_unless (has_result (journal, "b"));
}

GST_END_TEST;

static gboolean
is_delivered (const Case * c)
{
  g_autoptr (KlingRecord) record = case_read (c);

  return record->delivered;
}

GST_START_TEST (test_delivered)
{
  g_autoptr (Case) c = case_new ();
  g_autoptr (KlingRecord) record = case_make_record (KLING_RECORD_DONE, 1);
  g_autoptr (KlingResult) result = make_result (record, c->store);
  gint lock;

  case_put (c, KLING_RECORD_DONE, 1);
  /* not kept */
  kling_result_note_delivered (result);
  fail_if (is_delivered (c));
  result->location = g_strdup ("somewhere");
  /* in other hands */
  lock = kling_store_try_lock (c->store, CASE_KEY KLING_STORE_LOCK, NULL, NULL);
  fail_unless (lock >= 0);
  kling_result_note_delivered (result);
  fail_if (is_delivered (c));
  kling_store_unlock (lock);

  kling_result_note_delivered (result);
  fail_unless (is_delivered (c));
  kling_result_note_delivered (result);
  fail_unless (is_delivered (c));
}

GST_END_TEST;

/* Nothing but a record that is done is touched. */
GST_START_TEST (test_delivered_else)
{
  g_autoptr (Case) c = case_new ();
  g_autoptr (KlingRecord) record = case_make_record (KLING_RECORD_DONE, 1);
  g_autoptr (KlingResult) result = make_result (record, c->store);
  g_autoptr (KlingResult) without = make_result (record, NULL);

  result->location = g_strdup ("somewhere");
  kling_result_note_delivered (without);
  kling_result_note_delivered (result);
  fail_if (case_has (c, ".rec"));
  case_put (c, KLING_RECORD_FETCHING, 1);
  kling_result_note_delivered (result);
  fail_if (is_delivered (c));
  case_write (c, ".rec", "rubbish", -1);
  kling_result_note_delivered (result);
  fail_unless_equals_int64 (case_get_size (c, ".rec"), strlen ("rubbish"));
}

GST_END_TEST;

static Suite *
journal_result_suite (void)
{
  Suite *suite = suite_create ("journal-result");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (suite, tc);
  tcase_add_test (tc, test_newest_result);
  tcase_add_test (tc, test_delivered);
  tcase_add_test (tc, test_delivered_else);
  return suite;
}

GST_CHECK_MAIN (journal_result);

/* klinglipsync tests: which videos make room for others
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "filled-store.h"

#include <glib/gstdio.h>

#include "kling-evict.h"

#define ANY_AGE -1
#define HOUR (3600 * (gint64) G_USEC_PER_SEC)

static void
check_state (StoreCase * c, const gchar * digits, KlingRecordState state)
{
  g_autoptr (KlingRecord) record = store_case_read (c, digits);

  fail_unless (record != NULL);
  fail_unless_equals_string (kling_record_state_get_nick (record->state),
      kling_record_state_get_nick (state));
}

/* The record stays, and knows that its video has to be fetched again. */
GST_START_TEST (test_oldest_first)
{
  g_autoptr (StoreCase) c = store_case_new ();
  g_autofree gchar *newest = store_case_keep (c, "aaa", 1);
  g_autofree gchar *oldest = store_case_keep (c, "bbb", 3);
  g_autofree gchar *middle = store_case_keep (c, "ccc", 2);

  store_case_put_done (c, "a", newest);
  store_case_put_done (c, "b", oldest);
  store_case_put_done (c, "c", middle);
  kling_store_evict (c->store, 9, ANY_AGE);
  fail_unless (store_case_has_video (c, oldest));

  kling_store_evict (c->store, 6, ANY_AGE);
  fail_unless (!store_case_has_video (c, oldest));
  fail_unless (store_case_has_video (c, middle));
  fail_unless (store_case_has_video (c, newest));
  check_state (c, "b", KLING_RECORD_FETCHING);
  check_state (c, "c", KLING_RECORD_DONE);

  kling_store_evict (c->store, 5, ANY_AGE);
  fail_unless (!store_case_has_video (c, middle));
  fail_unless (store_case_has_video (c, newest));
}

GST_END_TEST;

GST_START_TEST (test_age)
{
  g_autoptr (StoreCase) c = store_case_new ();
  g_autofree gchar *young = store_case_keep (c, "aaa", 1);
  g_autofree gchar *old = store_case_keep (c, "bbb", 30);

  store_case_put_done (c, "a", young);
  store_case_put_done (c, "b", old);
  kling_store_evict (c->store, G_MAXUINT64, ANY_AGE);
  fail_unless (store_case_has_video (c, old));
  kling_store_evict (c->store, G_MAXUINT64, 20 * HOUR);
  fail_unless (!store_case_has_video (c, old));
  fail_unless (store_case_has_video (c, young));
}

GST_END_TEST;

/* It is here as before, and plays without the network. */
GST_START_TEST (test_being_read)
{
  g_autoptr (StoreCase) c = store_case_new ();
  g_autofree gchar *sha256 = store_case_keep (c, "aaa", 1);
  KlingSpool *spool = kling_kept_open (c->store, sha256, NULL);

  store_case_put_done (c, "a", sha256);
  fail_unless (spool != NULL);
  kling_store_evict (c->store, 0, ANY_AGE);
  fail_unless (store_case_has_video (c, sha256));
  check_state (c, "a", KLING_RECORD_DONE);

  kling_spool_unref (spool);
  kling_store_evict (c->store, 0, ANY_AGE);
  fail_unless (!store_case_has_video (c, sha256));
}

GST_END_TEST;

/* Nobody has got what was paid for. */
GST_START_TEST (test_not_delivered)
{
  g_autoptr (StoreCase) c = store_case_new ();
  g_autofree gchar *sha256 = store_case_keep (c, "aaa", 1);
  KlingRecord *record = store_case_make (KLING_RECORD_REQUEST,
      KLING_RECORD_DONE, "a");

  record->sha256 = g_strdup (sha256);
  store_case_put (c, record);
  kling_store_evict (c->store, 0, 0);
  fail_unless (store_case_has_video (c, sha256));
  check_state (c, "a", KLING_RECORD_DONE);
}

GST_END_TEST;

/* One of two records with the same video is in use: so is the video. */
GST_START_TEST (test_in_other_hands)
{
  g_autoptr (StoreCase) c = store_case_new ();
  g_autofree gchar *sha256 = store_case_keep (c, "aaa", 1);
  gint lock;

  store_case_put_done (c, "a", sha256);
  store_case_put_done (c, "b", sha256);
  lock = store_case_lock (c, "b");
  kling_store_evict (c->store, 0, ANY_AGE);
  fail_unless (store_case_has_video (c, sha256));
  check_state (c, "a", KLING_RECORD_DONE);

  kling_store_unlock (lock);
  kling_store_evict (c->store, 0, ANY_AGE);
  fail_unless (!store_case_has_video (c, sha256));
  check_state (c, "a", KLING_RECORD_FETCHING);
  check_state (c, "b", KLING_RECORD_FETCHING);
}

GST_END_TEST;

/* The video that no record has may be of one that a newer program has written. */
GST_START_TEST (test_orphan)
{
  g_autoptr (StoreCase) c = store_case_new ();
  g_autofree gchar *sha256 = store_case_keep (c, "aaa", 1);
  g_autofree gchar *key = store_case_dup_key ("f");
  g_autofree gchar *path = kling_store_dup_file (c->store, key, ".rec");

  fail_unless (g_file_set_contents (path, "what?", -1, NULL));
  kling_store_evict (c->store, 0, ANY_AGE);
  fail_unless (store_case_has_video (c, sha256));

  fail_unless_equals_int (g_unlink (path), 0);
  kling_store_evict (c->store, 0, ANY_AGE);
  fail_unless (!store_case_has_video (c, sha256));
}

GST_END_TEST;

/* A directory that is not there, and one with something else in it */
GST_START_TEST (test_nothing_to_do)
{
  g_autoptr (StoreCase) c = store_case_new ();
  g_autofree gchar *path = g_build_filename (c->path, KLING_STORE_RESULTS,
      "notes.txt", NULL);
  g_autofree gchar *sum = store_case_dup_key ("a");

  kling_store_evict (c->store, 0, 0);
  store_case_put_done (c, "a", sum);
  g_free (store_case_keep (c, "aaa", 1));
  fail_unless (g_file_set_contents (path, "mine", -1, NULL));
  kling_store_evict (c->store, 0, 0);
  fail_unless (g_file_test (path, G_FILE_TEST_EXISTS));
  check_state (c, "a", KLING_RECORD_DONE);
}

GST_END_TEST;

static Suite *
evict_suite (void)
{
  Suite *suite = suite_create ("evict");
  TCase *tcase = tcase_create ("evict");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_oldest_first);
  tcase_add_test (tcase, test_age);
  tcase_add_test (tcase, test_being_read);
  tcase_add_test (tcase, test_not_delivered);
  tcase_add_test (tcase, test_in_other_hands);
  tcase_add_test (tcase, test_orphan);
  tcase_add_test (tcase, test_nothing_to_do);
  return suite;
}

GST_CHECK_MAIN (evict);

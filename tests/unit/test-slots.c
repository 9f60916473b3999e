/* klinglipsync tests: slots of a store, and when the service has asked to wait
 *
 * Two holders of one process stand for two processes here: each opens the files
 * anew, so their locks keep them apart alike. Who dies is played by one who lets
 * go without clearing the slot.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <gst/check/gstcheck.h>

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kling-backoff.h"
#include "kling-clock.h"
#include "kling-slots.h"
#include "kling-testtree.h"

#define MINUTE (60 * KLING_SECOND)
#define ACCOUNT \
  "0123456789abcdef0000000000000000000000000000000000000000000000aa"
#define OTHER_ACCOUNT \
  "1123456789abcdef0000000000000000000000000000000000000000000000aa"
#define KEY "feedfacefeedfacefeedfacefeedfacefeedfacefeedfacefeedfacefeedface"
#define SLOT_FILE "slots/0123456789abcdef-0"
#define WAIT_FILE "slots/0123456789abcdef.wait"

static gchar *directory;
static KlingStore *store;

static void
set_up (void)
{
  g_autoptr (GError) error = NULL;

  directory = kling_test_make_tree ("slots");
  store = kling_store_open (directory, &error);
  fail_unless (store != NULL, "%s", error ? error->message : "");
}

static void
tear_down (void)
{
  kling_store_unref (store);
  kling_test_remove_tree (directory);
  g_free (directory);
}

static gchar *
dup_path (const gchar * name)
{
  return g_build_filename (directory, name, NULL);
}

static KlingSlot *
hold (guint number)
{
  g_autofree gchar *holder = NULL;
  g_autoptr (GError) error = NULL;
  KlingSlot *slot = kling_slot_try_hold (store, ACCOUNT, number, &holder,
      &error);

  fail_unless (slot != NULL, "%s%s", holder ? holder : "",
      error ? error->message : "");
  return slot;
}

static KlingRecord *
make_record (KlingRecordState state, gint64 age)
{
  KlingRecord *record = kling_record_new (KLING_RECORD_REQUEST, KEY);

  record->state = state;
  record->attempt = 1;
  record->sent_at = g_get_real_time () - age;
  record->task_id = g_strdup ("task-1");
  record->sha256 = g_strdup (KEY);
  record->reason = g_error_new_literal (KLING_ERROR, KLING_ERROR_SERVICE, "?");
  return record;
}

/* Somebody asks for @record, as call @attempt, and dies. */
static void
leave_orphan (KlingRecord * record, guint attempt)
{
  g_autoptr (KlingSlot) slot = hold (0);

  fail_unless (kling_slot_fill (slot, record, attempt, NULL));
  fail_unless (kling_store_put (store, record, NULL));
}

static KlingSlotState
judge (void)
{
  g_autoptr (KlingSlot) slot = hold (0);
  g_autoptr (KlingRecord) record = NULL;

  return kling_slot_judge (slot, &record);
}

/* ---- who holds a slot ---- */

GST_START_TEST (test_exclusive)
{
  g_autoptr (KlingSlot) slot = hold (0);
  g_autoptr (KlingSlot) next G_GNUC_UNUSED = hold (1);
  g_autoptr (KlingSlot) other = NULL;
  g_autofree gchar *holder = NULL;
  g_autofree gchar *me = g_strdup_printf ("process %d on ", getpid ());
  g_autofree gchar *nobody = NULL;
  g_autoptr (GError) error = NULL;

  fail_unless (kling_slot_try_hold (store, ACCOUNT, 0, &holder,
          &error) == NULL);
  fail_unless (error == NULL && g_str_has_prefix (holder, me), "%s", holder);
  other = kling_slot_try_hold (store, OTHER_ACCOUNT, 0, &nobody, NULL);
  fail_unless (other != NULL);

  g_clear_pointer (&slot, kling_slot_release);
  slot = hold (0);
}

GST_END_TEST;

GST_START_TEST (test_fill_and_clear)
{
  g_autoptr (KlingRecord) record = make_record (KLING_RECORD_RUNNING, 0);
  g_autofree gchar *before = kling_slots_dup_key (store, ACCOUNT, 0);
  g_autofree gchar *key = NULL;
  g_autofree gchar *path = dup_path ("slots");
  struct stat info;
  KlingSlot *slot;

  fail_unless (before == NULL);
  fail_unless_equals_int (judge (), KLING_SLOT_FREE);
  leave_orphan (record, 1);
  key = kling_slots_dup_key (store, ACCOUNT, 0);
  fail_unless_equals_string (key, KEY);
  fail_unless_equals_int (judge (), KLING_SLOT_RUNNING);

  slot = hold (0);
  fail_unless (kling_slot_clear (slot, NULL));
  kling_slot_release (slot);
  fail_unless_equals_int (judge (), KLING_SLOT_FREE);
  fail_unless (g_stat (path, &info) == 0 && (info.st_mode & 0777) == 0700);
}

GST_END_TEST;

/* ---- slots whose holder has died ---- */

static const struct
{
  KlingRecordState state;
  gint64 age;
  KlingSlotState expected;
} orphans[] = {
  {KLING_RECORD_READY, 0, KLING_SLOT_FREE},
  {KLING_RECORD_SENDING, MINUTE, KLING_SLOT_DOUBT},
  {KLING_RECORD_SENDING, 29 * MINUTE, KLING_SLOT_DOUBT},
  {KLING_RECORD_SENDING, 31 * MINUTE, KLING_SLOT_FREE},
  {KLING_RECORD_UNKNOWN, 29 * MINUTE, KLING_SLOT_DOUBT},
  {KLING_RECORD_UNKNOWN, 31 * MINUTE, KLING_SLOT_FREE},
  {KLING_RECORD_RUNNING, MINUTE, KLING_SLOT_RUNNING},
  {KLING_RECORD_RUNNING, 23 * 60 * MINUTE, KLING_SLOT_RUNNING},
  {KLING_RECORD_RUNNING, 25 * 60 * MINUTE, KLING_SLOT_FREE},
  {KLING_RECORD_FETCHING, 0, KLING_SLOT_FREE},
  {KLING_RECORD_DONE, 0, KLING_SLOT_FREE},
  {KLING_RECORD_FAILED, 0, KLING_SLOT_FREE},
  {KLING_RECORD_REFUSED, 0, KLING_SLOT_FREE},
  {KLING_RECORD_GONE, 0, KLING_SLOT_FREE},
};

GST_START_TEST (test_orphans)
{
  g_autoptr (KlingRecord) record = make_record (orphans[__i__].state,
      orphans[__i__].age);

  fail_unless (kling_store_take_right (store, record, NULL));
  leave_orphan (record, 1);
  fail_unless_equals_int (judge (), orphans[__i__].expected);
}

GST_END_TEST;

/* Killed between the slot and the record, or after the record only: nothing was
 * sent. */
GST_START_TEST (test_orphan_before_sending)
{
  g_autoptr (KlingRecord) record = make_record (KLING_RECORD_SENDING, 0);
  KlingSlot *slot = hold (0);

  fail_unless (kling_slot_fill (slot, record, 1, NULL));
  kling_slot_release (slot);
  fail_unless_equals_int (judge (), KLING_SLOT_FREE);
  fail_unless (kling_store_put (store, record, NULL));
  fail_unless_equals_int (judge (), KLING_SLOT_FREE);
}

GST_END_TEST;

/* A task that was asked for again has another slot. */
GST_START_TEST (test_orphan_of_earlier_call)
{
  g_autoptr (KlingRecord) record = make_record (KLING_RECORD_RUNNING, 0);

  record->attempt = 2;
  leave_orphan (record, 1);
  fail_unless_equals_int (judge (), KLING_SLOT_FREE);
  leave_orphan (record, 2);
  fail_unless_equals_int (judge (), KLING_SLOT_RUNNING);
}

GST_END_TEST;

/* Of all who wait one asks about the task, and then nobody for a while. */
GST_START_TEST (test_turns)
{
  g_autoptr (KlingRecord) record = make_record (KLING_RECORD_RUNNING, 0);
  g_autofree gchar *path = dup_path (SLOT_FILE);
  struct timespec times[2] = { {.tv_nsec = UTIME_NOW}, {.tv_nsec = 0} };
  g_autoptr (KlingSlot) slot = NULL;

  leave_orphan (record, 1);
  slot = hold (0);
  fail_unless (!kling_slot_take_turn (slot, 10 * MINUTE));
  times[1].tv_sec = g_get_real_time () / G_USEC_PER_SEC - 11 * 60;
  fail_unless_equals_int (utimensat (AT_FDCWD, path, times, 0), 0);
  fail_unless (kling_slot_take_turn (slot, 10 * MINUTE));
  fail_unless (!kling_slot_take_turn (slot, 10 * MINUTE));
}

GST_END_TEST;

/* ---- files that cannot be believed ---- */

static const gchar *const damaged[] = {
  "x", KEY, KEY " 1", KEY " 0\n", KEY " -1\n", KEY "  1\n", KEY " 1\n\n",
  KEY " 1 \n", KEY " 4294967296\n", KEY "0 1\n", "\n",
  "FEEDFACEfeedfacefeedfacefeedfacefeedfacefeedfacefeedfacefeedface 1\n",
  "../../../../../../../../../../../../../../../../../../../etc/passwd 1\n",
  KEY KEY KEY " 1\n",
};

static void
put_slot_file (const gchar * text, gint64 age)
{
  g_autofree gchar *path = dup_path (SLOT_FILE);
  struct timespec times[2] = { {.tv_nsec = UTIME_NOW}, {.tv_nsec = 0} };

  fail_unless_equals_int (judge (), KLING_SLOT_FREE);
  fail_unless (g_file_set_contents (path, text, -1, NULL));
  times[1].tv_sec = (g_get_real_time () - age) / G_USEC_PER_SEC;
  fail_unless_equals_int (utimensat (AT_FDCWD, path, times, 0), 0);
}

GST_START_TEST (test_damaged)
{
  put_slot_file (damaged[__i__], 29 * MINUTE);
  fail_unless_equals_int (judge (), KLING_SLOT_DOUBT);
}

GST_END_TEST;

GST_START_TEST (test_damaged_long_ago)
{
  put_slot_file (damaged[__i__], 31 * MINUTE);
  fail_unless_equals_int (judge (), KLING_SLOT_FREE);
}

GST_END_TEST;

/* Otherwise it would count until that time comes. */
GST_START_TEST (test_damaged_in_the_future)
{
  g_autofree gchar *path = dup_path (SLOT_FILE);
  struct stat info;

  put_slot_file ("x", -365 * 24 * 60 * MINUTE);
  fail_unless_equals_int (judge (), KLING_SLOT_DOUBT);
  fail_unless_equals_int (g_stat (path, &info), 0);
  fail_unless (info.st_mtime <= g_get_real_time () / G_USEC_PER_SEC);
}

GST_END_TEST;

/* The slot is good, its record is not. */
GST_START_TEST (test_damaged_record)
{
  g_autoptr (KlingRecord) record = make_record (KLING_RECORD_DONE, 0);
  g_autofree gchar *path = dup_path (KEY ".rec");

  leave_orphan (record, 1);
  fail_unless (g_file_set_contents (path, "x", -1, NULL));
  fail_unless_equals_int (judge (), KLING_SLOT_DOUBT);
}

GST_END_TEST;

static void
check_refused (const gchar * words)
{
  g_autoptr (KlingRecord) record = make_record (KLING_RECORD_READY, 0);
  g_autoptr (GError) error = NULL;
  g_autofree gchar *holder = NULL;
  g_autoptr (KlingSlot) slot = kling_slot_try_hold (store, ACCOUNT, 0, &holder,
      &error);

  fail_unless (slot == NULL || !kling_slot_fill (slot, record, 1, &error));
  fail_unless (error && error->code == KLING_ERROR_LOCAL);
  fail_unless (strstr (error->message, words) != NULL, "%s", error->message);
}

static const struct
{
  const gchar *name, *words;
} links[] = {
  {"slots", "/slots\""},
  {SLOT_FILE, "/" SLOT_FILE "\""},
  {SLOT_FILE ".lock", "/" SLOT_FILE ".lock\""},
};

/* Whoever can place a link in the store cannot lead us out of it. */
GST_START_TEST (test_links)
{
  g_autofree gchar *path = dup_path (links[__i__].name);
  g_autofree gchar *target = dup_path ("elsewhere");

  fail_unless_equals_int (g_mkdir (target, 0700), 0);
  if (__i__ > 0)
    put_slot_file ("", 0);
  g_remove (path);
  fail_unless_equals_int (symlink (target, path), 0);
  check_refused (links[__i__].words);
}

GST_END_TEST;

GST_START_TEST (test_open_directory)
{
  g_autofree gchar *path = dup_path ("slots");

  fail_unless_equals_int (judge (), KLING_SLOT_FREE);
  fail_unless_equals_int (g_chmod (path, 0770), 0);
  check_refused ("chmod 700");
}

GST_END_TEST;

/* ---- when the service has asked to wait ---- */

GST_START_TEST (test_wait_is_shared)
{
  gint64 wait;

  fail_unless (kling_slots_get_wait (store, ACCOUNT) == 0);
  kling_slots_put_wait (store, ACCOUNT, 5 * MINUTE);
  wait = kling_slots_get_wait (store, ACCOUNT);
  fail_unless (wait > 3 * MINUTE && wait <= 5 * MINUTE);
  fail_unless (kling_slots_get_wait (store, OTHER_ACCOUNT) == 0);

  /* a shorter one does not make it shorter, a longer one has a limit */
  kling_slots_put_wait (store, ACCOUNT, KLING_SECOND);
  fail_unless (kling_slots_get_wait (store, ACCOUNT) > 3 * MINUTE);
  kling_slots_put_wait (store, ACCOUNT, 600 * MINUTE);
  wait = kling_slots_get_wait (store, ACCOUNT);
  fail_unless (wait > 8 * MINUTE && wait <= 10 * MINUTE);
}

GST_END_TEST;

GST_START_TEST (test_wait_ends)
{
  kling_slots_put_wait (store, ACCOUNT, 100 * G_TIME_SPAN_MILLISECOND);
  kling_clock_sleep (kling_clock_after (200 * G_TIME_SPAN_MILLISECOND), NULL);
  fail_unless (kling_slots_get_wait (store, ACCOUNT) == 0);
}

GST_END_TEST;

/* In each format the number is now and @offset. */
static const struct
{
  gint64 offset;
  const gchar *format;
  gboolean counts;
} waits[] = {
  {9 * MINUTE, "%" G_GINT64_FORMAT "\n", TRUE},
  {-MINUTE, "%" G_GINT64_FORMAT "\n", FALSE},
  {11 * MINUTE, "%" G_GINT64_FORMAT "\n", FALSE},
  {9 * MINUTE, "%" G_GINT64_FORMAT, FALSE},
  {9 * MINUTE, "%" G_GINT64_FORMAT "x\n", FALSE},
  {9 * MINUTE, "x%" G_GINT64_FORMAT "\n", FALSE},
  {0, "9223372036854775807\n", FALSE},
  {0, "99999999999999999999999999\n", FALSE},
  {0, "-9223372036854775808\n", FALSE},
  {0, "\n", FALSE},
  {0, "", FALSE},
};

GST_START_TEST (test_wait_files)
{
  g_autofree gchar *path = dup_path (WAIT_FILE);
  g_autoptr (GString) text = g_string_new (waits[__i__].format);
  g_autofree gchar *time = g_strdup_printf ("%" G_GINT64_FORMAT,
      g_get_real_time () + waits[__i__].offset);

  g_string_replace (text, "%" G_GINT64_FORMAT, time, 0);
  kling_slots_put_wait (store, ACCOUNT, 1);
  fail_unless (g_file_set_contents (path, text->str, -1, NULL));
  fail_unless_equals_int (kling_slots_get_wait (store, ACCOUNT) > 0,
      waits[__i__].counts);

  /* and what was there does not keep anybody from writing */
  kling_slots_put_wait (store, ACCOUNT, 10 * MINUTE);
  fail_unless (kling_slots_get_wait (store, ACCOUNT) > 8 * MINUTE);
}

GST_END_TEST;

/* Those who were told the same do not come back together. */
GST_START_TEST (test_spread)
{
  guint halves[2] = { 0, };

  for (guint i = 0; i < 1000; i++) {
    gint64 wait = kling_backoff_spread (10 * KLING_SECOND);

    fail_unless (wait >= 10 * KLING_SECOND && wait <= 20 * KLING_SECOND);
    halves[wait >= 15 * KLING_SECOND]++;
    wait = kling_backoff_spread (1);
    fail_unless (wait >= 1 && wait <= KLING_SECOND + 1);
    wait = kling_backoff_spread (10 * MINUTE);
    fail_unless (wait >= 10 * MINUTE && wait <= 11 * MINUTE);
  }
  /* the standard deviation is 16 */
  fail_unless (halves[0] > 350 && halves[1] > 350);
}

GST_END_TEST;

static Suite *
slots_suite (void)
{
  Suite *suite = suite_create ("slots");
  TCase *tcase = tcase_create ("slots");

  suite_add_tcase (suite, tcase);
  tcase_add_checked_fixture (tcase, set_up, tear_down);
  tcase_add_test (tcase, test_exclusive);
  tcase_add_test (tcase, test_fill_and_clear);
  tcase_add_loop_test (tcase, test_orphans, 0, G_N_ELEMENTS (orphans));
  tcase_add_test (tcase, test_orphan_before_sending);
  tcase_add_test (tcase, test_orphan_of_earlier_call);
  tcase_add_test (tcase, test_turns);
  tcase_add_loop_test (tcase, test_damaged, 0, G_N_ELEMENTS (damaged));
  tcase_add_loop_test (tcase, test_damaged_long_ago, 0, G_N_ELEMENTS (damaged));
  tcase_add_test (tcase, test_damaged_in_the_future);
  tcase_add_test (tcase, test_damaged_record);
  tcase_add_loop_test (tcase, test_links, 0, G_N_ELEMENTS (links));
  tcase_add_test (tcase, test_open_directory);
  tcase_add_test (tcase, test_wait_is_shared);
  tcase_add_test (tcase, test_wait_ends);
  tcase_add_loop_test (tcase, test_wait_files, 0, G_N_ELEMENTS (waits));
  tcase_add_test (tcase, test_spread);
  return suite;
}

GST_CHECK_MAIN (slots);

/* klinglipsync tests: a store with things in it
 *
 * A store in a directory of its own, filled with the functions that jobs use.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "filled-store.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <glib/gstdio.h>

#include "kling-testtree.h"

#define KEY_LENGTH 64

StoreCase *
store_case_new (void)
{
  g_autoptr (GError) error = NULL;
  StoreCase *c = g_new0 (StoreCase, 1);

  c->path = kling_test_make_tree ("store");
  c->store = kling_store_open (c->path, &error);
  fail_unless (c->store != NULL, "%s", error ? error->message : "");
  return c;
}

void
store_case_free (StoreCase * c)
{
  kling_store_unref (c->store);
  kling_test_remove_tree (c->path);
  g_free (c->path);
  g_free (c);
}

/* Returns: (transfer full): the key that begins with @digits, then zeros */
gchar *
store_case_dup_key (const gchar * digits)
{
  gchar *key = g_strnfill (KEY_LENGTH, '0');

  memcpy (key, digits, strlen (digits));
  return key;
}

/* Returns: the lock, for kling_store_unlock() */
gint
store_case_lock (StoreCase * c, const gchar * digits)
{
  g_autofree gchar *key = store_case_dup_key (digits);
  g_autofree gchar *name = g_strconcat (key, KLING_STORE_LOCK, NULL);
  gint lock = kling_store_try_lock (c->store, name, NULL, NULL);

  fail_unless (lock >= 0);
  return lock;
}

/* A record in @state, with all that it has to say then. */
KlingRecord *
store_case_make (KlingRecordKind kind, KlingRecordState state,
    const gchar * digits)
{
  g_autofree gchar *key = store_case_dup_key (digits);
  KlingRecord *record = kling_record_new (kind, key);

  record->state = state;
  record->dialect = g_strdup ("gateway");
  record->service = g_strdup ("https://gateway.example");
  record->label = g_strdup ("\"Good evening.\"");
  if (state == KLING_RECORD_READY)
    return record;
  record->attempt = 1;
  record->sent_at = g_get_real_time ();
  if (kling_record_has_task (record) || state == KLING_RECORD_FAILED
      || state == KLING_RECORD_GONE)
    record->task_id = g_strdup (CASE_TASK);
  if (state == KLING_RECORD_UNKNOWN || state == KLING_RECORD_REFUSED
      || state == KLING_RECORD_FAILED || state == KLING_RECORD_GONE)
    record->reason = g_error_new_literal (KLING_ERROR,
        KLING_ERROR_OUTCOME_UNKNOWN, "The reason of it.");
  return record;
}

/* Frees @record. */
void
store_case_put (StoreCase * c, KlingRecord * record)
{
  g_autoptr (GError) error = NULL;

  fail_unless (kling_store_put (c->store, record, &error), "%s",
      error ? error->message : "");
  kling_record_free (record);
}

/* As a process leaves it that dies in the call that costs. */
void
store_case_put_sending (StoreCase * c, const gchar * digits)
{
  g_autoptr (KlingRecord) record = store_case_make (KLING_RECORD_REQUEST,
      KLING_RECORD_SENDING, digits);

  fail_unless (kling_store_make_room (c->store, record->key, NULL));
  fail_unless (kling_store_put (c->store, record, NULL));
  fail_unless (kling_store_take_right (c->store, record, NULL));
}

/* A finished request, whose video was handed out. */
void
store_case_put_done (StoreCase * c, const gchar * digits, const gchar * sha256)
{
  KlingRecord *record = store_case_make (KLING_RECORD_REQUEST,
      KLING_RECORD_DONE, digits);

  record->sha256 = g_strdup (sha256);
  record->size = 3;
  record->units = 0.5;
  record->delivered = TRUE;
  fail_unless (kling_store_take_right (c->store, record, NULL));
  store_case_put (c, record);
}

/* Returns: (nullable): %NULL when there is none; it has to be believable */
KlingRecord *
store_case_read (StoreCase * c, const gchar * digits)
{
  g_autofree gchar *key = store_case_dup_key (digits);
  g_autoptr (GError) error = NULL;
  KlingRecord *record;

  fail_unless (kling_store_read (c->store, key, &record, &error), "%s",
      error ? error->message : "");
  return record;
}

/* Keeps @bytes as a video that was played @hours_ago.
 * Returns: (transfer full): its sum */
gchar *
store_case_keep (StoreCase * c, const gchar * bytes, gint hours_ago)
{
  g_autofree gchar *key = store_case_dup_key ("eee");
  g_autoptr (KlingSpool) part = kling_kept_open_part (c->store, key, FALSE,
      NULL);
  struct timespec times[2] = { {0,}, };
  g_autofree gchar *path = NULL;
  gchar *sha256;

  fail_unless (part != NULL);
  fail_unless (kling_spool_write (part, (const guint8 *) bytes, strlen (bytes),
          NULL));
  fail_unless (kling_spool_finish (part, NULL));
  fail_unless (kling_kept_publish (c->store, key, part, NULL));
  sha256 = g_strdup (kling_spool_get_sha256 (part));
  path = kling_kept_dup_path (c->store, sha256);
  times[0].tv_sec = times[1].tv_sec = g_get_real_time () / G_USEC_PER_SEC
      - (time_t) hours_ago *3600;
  fail_unless_equals_int (utimensat (-1, path, times, 0), 0);
  return sha256;
}

gboolean
store_case_has (StoreCase * c, const gchar * digits, const gchar * extension)
{
  g_autofree gchar *key = store_case_dup_key (digits);
  g_autofree gchar *path = kling_store_dup_file (c->store, key, extension);

  return access (path, F_OK) == 0;
}

gboolean
store_case_has_video (StoreCase * c, const gchar * sha256)
{
  g_autofree gchar *path = kling_kept_dup_path (c->store, sha256);

  return access (path, F_OK) == 0;
}

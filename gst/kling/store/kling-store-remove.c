/* klinglipsync: forgetting what was asked
 *
 * A record keeps its request from being paid for again, so it goes only when a
 * person says so, and in an order in which a kill at any point neither buys
 * anything nor loses a task:
 *
 *   the video            a record whose video is not there fetches it again
 *   a record in between  is written as it was read, so that an answer that has
 *                        come is in it; one whose answer is open becomes a
 *                        question
 *   .ans, .part, .aN     nobody asks for them any more: the record is not
 *                        "sending" by now. Were they to go last, the next run
 *                        would take the right to send for one that was used.
 *   .rec                 and with it the memory
 *
 * The lock's file stays: whoever waits for it has it open.
 *
 * Any thread. The lock of the record is held, and never waited for.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-store-remove.h"

#include "kling-kept.h"
#include "kling-store-private.h"

static void
add_user (GHashTable * users, const KlingRecord * record)
{
  GPtrArray *keys = g_hash_table_lookup (users, record->sha256);

  if (keys == NULL) {
    keys = g_ptr_array_new_with_free_func (g_free);
    g_hash_table_insert (users, g_strdup (record->sha256), keys);
  }
  g_ptr_array_add (keys, g_strdup (record->key));
}

/**
 * kling_store_find_users:
 * @store: a store
 * @unreadable: (out) (optional): how many records cannot be believed
 *
 * Reads all records, to see whose videos are kept.
 *
 * Returns: (transfer full) (element-type utf8 GPtrArray): by the sum of a
 *   video, the keys of the records that say it is kept
 */
GHashTable *
kling_store_find_users (KlingStore * store, guint * unreadable)
{
  GHashTable *users = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
      (GDestroyNotify) g_ptr_array_unref);
  g_autoptr (GPtrArray) keys = kling_store_list (store, NULL);
  guint n = keys == NULL;

  for (guint i = 0; keys && i < keys->len; i++) {
    g_autoptr (KlingRecord) record = NULL;

    if (!kling_store_read (store, keys->pdata[i], &record, NULL))
      n++;
    else if (record && record->state == KLING_RECORD_DONE && record->sha256)
      add_user (users, record);
  }
  if (unreadable)
    *unreadable = n;
  return users;
}

/**
 * kling_store_dup_objection:
 * @record: a record
 *
 * What is lost with a record that is not at its end.
 *
 * Returns: (transfer full) (nullable): the end of a sentence that says why
 *   @record should stay; %NULL when it may go
 */
gchar *
kling_store_dup_objection (const KlingRecord * record)
{
  switch (record->state) {
    case KLING_RECORD_SENDING:
      return g_strdup ("the call that costs was sent, or is being sent, and its"
          " answer is not here: without the record the same request is sent and"
          " paid for again");
    case KLING_RECORD_UNKNOWN:
      return g_strdup ("it may have been bought: without the record the same"
          " request is sent and perhaps paid for a second time");
    case KLING_RECORD_RUNNING:
    case KLING_RECORD_FETCHING:
      if (record->task_id)
        return g_strdup_printf ("task %s was bought and what it makes is not"
            " here: without the record only its id leads to it, and the same"
            " request is paid for again", record->task_id);
      return g_strdup ("it is not at its end");
    default:
      break;
  }
  if (record->owed_video || record->owed_audio)
    return g_strdup_printf ("files that were uploaded for it stand at %s:"
        " without the record they are never removed there",
        record->owed_place ? record->owed_place : "their place");
  return NULL;
}

static gboolean
set_error (GError ** error, const gchar * key, const gchar * what)
{
  g_set_error (error, KLING_ERROR, KLING_ERROR_LOCAL,
      "Record %.12s was not removed: %s.", key, what);
  return FALSE;
}

/* Removes the video, unless another record has it, too. */
static gboolean
remove_video (KlingStore * store, GHashTable * users,
    const KlingRecord * record, GError ** error)
{
  GPtrArray *keys = g_hash_table_lookup (users, record->sha256);
  guint i;

  if (keys && g_ptr_array_find_with_equal_func (keys, record->key, g_str_equal,
          &i))
    g_ptr_array_remove_index_fast (keys, i);
  if ((keys && keys->len > 0) || kling_kept_remove (store, record->sha256))
    return TRUE;
  if (keys)
    g_ptr_array_add (keys, g_strdup (record->key));
  return set_error (error, record->key,
      "its video is being played, or cannot be removed");
}

static gboolean
is_at_its_end (const KlingRecord * record)
{
  return record->state != KLING_RECORD_SENDING
      && record->state != KLING_RECORD_UNKNOWN
      && record->state != KLING_RECORD_RUNNING
      && record->state != KLING_RECORD_FETCHING;
}

/* What leads on from a record that is not at its end has to be in the record,
 * before the files beside it go. */
static gboolean
settle (KlingStore * store, KlingRecord * record, GError ** error)
{
  static const KlingDetails none = { 0 };

  if (is_at_its_end (record))
    return TRUE;
  if (record->state == KLING_RECORD_SENDING) {
    g_autoptr (GError) reason = g_error_new_literal (KLING_ERROR,
        KLING_ERROR_OUTCOME_UNKNOWN, "The call that costs was sent, and its"
        " record was about to be removed, so it is not known whether it has"
        " bought something. Look into the service's console; then set task-id"
        " to the task that is there, or take to a new name.");

    kling_record_set_reason (record, KLING_RECORD_UNKNOWN, reason, &none);
  }
  return kling_store_put (store, record, error);
}

static gboolean
check_removal (const KlingRecord * record, gint64 before, gboolean force,
    GError ** error)
{
  g_autofree gchar *objection = kling_store_dup_objection (record);

  if (objection && !force)
    return set_error (error, record->key, objection);
  return record->changed_at < before
      || set_error (error, record->key, "it was used meanwhile");
}

/* The lock is ours. */
static gboolean
remove_held (KlingStore * store, GHashTable * users, const gchar * key,
    gint64 before, gboolean force, GError ** error)
{
  g_autoptr (GError) wrong = NULL;
  g_autoptr (KlingRecord) record = NULL;

  if (!kling_store_read (store, key, &record, &wrong)) {
    if (!force) {
      g_propagate_error (error, g_steal_pointer (&wrong));
      return FALSE;
    }
    record = kling_record_new (KLING_RECORD_REQUEST, key);
    record->attempt = G_MAXUINT;
    return kling_store_unlink (store, record, error);
  }
  if (record == NULL)
    return set_error (error, key, "there is none");
  if (!check_removal (record, before, force, error))
    return FALSE;
  if (record->sha256 && !remove_video (store, users, record, error))
    return FALSE;
  return settle (store, record, error)
      && kling_store_unlink (store, record, error);
}

/**
 * kling_store_remove:
 * @store: a store
 * @users: as kling_store_find_users() returns it; follows what is removed
 * @key: 64 hex digits
 * @before: only if the record was last written before that, in microseconds
 *   since 1970; %G_MAXINT64 for any
 * @force: even if kling_store_dup_objection() objects or the record cannot be
 *   believed
 * @error: set to a %KLING_ERROR_LOCAL
 *
 * Removes a record and what is kept for it. Its video stays when another record
 * has the same. What is in use is not removed, whatever @force says.
 *
 * Returns: whether there is nothing of @key any more but the file of its lock
 */
gboolean
kling_store_remove (KlingStore * store, GHashTable * users, const gchar * key,
    gint64 before, gboolean force, GError ** error)
{
  g_autofree gchar *name = g_strconcat (key, KLING_STORE_LOCK, NULL);
  g_autofree gchar *holder = NULL;
  gint lock = kling_store_try_lock (store, name, &holder, error);
  gboolean removed;

  if (lock < 0 && holder) {
    g_autofree gchar *what = g_strdup_printf ("%s is working on it", holder);

    return set_error (error, key, what);
  }
  if (lock < 0)
    return FALSE;
  removed = remove_held (store, users, key, before, force, error);
  kling_store_unlock (lock);
  return removed;
}

/* klinglipsync: making room among the finished videos
 *
 * What was not played for longest goes first, until the rest fits. Nothing is
 * lost: the record stays and has the task, whose video the service gives out
 * again, without a payment and for as long as it has it. So the record says
 * "fetching" before its video goes (PUT, then unlink): a kill in between leaves
 * a file that nobody needs, never a record of a file that is not there.
 *
 * What stays, whatever the limit: a video that is being read, that nobody has
 * got yet, or whose record is in other hands. No lock is waited for.
 *
 * On the job's thread.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-evict.h"

#include "kling-clock.h"
#include "kling-kept.h"
#include "kling-log.h"
#include "kling-store-remove.h"

/* A record in our hands */
typedef struct
{
  gint lock;
  KlingRecord *record;          /* NULL when it has not got the video any more */
} Held;

static void
held_free (Held * held)
{
  g_clear_pointer (&held->record, kling_record_free);
  kling_store_unlock (held->lock);
  g_free (held);
}

/* Whether @record lets go of its video; it may have done so already. */
static gboolean
held_is_willing (Held * held, const gchar * sha256)
{
  KlingRecord *record = held->record;

  if (record && record->state == KLING_RECORD_DONE
      && g_strcmp0 (record->sha256, sha256) == 0)
    return record->delivered;
  g_clear_pointer (&held->record, kling_record_free);
  return TRUE;
}

static gboolean
hold_user (KlingStore * store, const gchar * key, const gchar * sha256,
    GPtrArray * all)
{
  g_autofree gchar *name = g_strconcat (key, KLING_STORE_LOCK, NULL);
  gint lock = kling_store_try_lock (store, name, NULL, NULL);
  Held *held;

  if (lock < 0)
    return FALSE;
  held = g_new0 (Held, 1);
  held->lock = lock;
  g_ptr_array_add (all, held);
  return kling_store_read (store, key, &held->record, NULL)
      && held_is_willing (held, sha256);
}

static gboolean
put_all (KlingStore * store, GPtrArray * all, KlingRecordState state)
{
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < all->len; i++) {
    KlingRecord *record = ((Held *) all->pdata[i])->record;

    if (record == NULL)
      continue;
    record->state = state;
    kling_record_forget_part (record);
    if (!kling_store_put (store, record, &error)) {
      KLING_WARNING ("%s", error->message);
      return FALSE;
    }
  }
  return TRUE;
}

/* @keys: (nullable): the records that have @video
 * Returns: whether it is gone */
static gboolean
evict_video (KlingStore * store, const KlingKept * video, GPtrArray * keys)
{
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func
      ((GDestroyNotify) held_free);

  for (guint i = 0; keys && i < keys->len; i++) {
    if (!hold_user (store, keys->pdata[i], video->sha256, all))
      return FALSE;
  }
  if (put_all (store, all, KLING_RECORD_FETCHING)) {
    kling_test_point ("evicting");
    if (kling_kept_remove (store, video->sha256)) {
      KLING_INFO ("made room: video %.12s, %" G_GINT64_FORMAT " bytes",
          video->sha256, video->size);
      return TRUE;
    }
  }
  /* somebody reads it: it is here as before */
  put_all (store, all, KLING_RECORD_DONE);
  return FALSE;
}

static gint
compare_played (gconstpointer a, gconstpointer b)
{
  const KlingKept *first = *(const KlingKept * const *) a;
  const KlingKept *second = *(const KlingKept * const *) b;

  return first->played_at < second->played_at ? -1
      : first->played_at > second->played_at;
}

static guint64
sum_sizes (GPtrArray * videos)
{
  guint64 sum = 0;

  for (guint i = 0; i < videos->len; i++)
    sum += (guint64) ((KlingKept *) videos->pdata[i])->size;
  return sum;
}

/**
 * kling_store_evict:
 * @store: a store
 * @limit: how many bytes of finished videos may be kept
 * @max_age: how long after it was last played one may be kept, in microseconds
 *   of the calendar; -1 for any time
 *
 * Removes finished videos until the rest is within both. A video of which no
 * record tells counts and goes like the others, unless there is a record that
 * cannot be read: it might be that one's.
 */
void
kling_store_evict (KlingStore * store, guint64 limit, gint64 max_age)
{
  g_autoptr (GPtrArray) videos = kling_kept_list (store);
  g_autoptr (GHashTable) users = NULL;
  gint64 now = g_get_real_time ();
  guint64 total = sum_sizes (videos);
  guint unreadable = 0;

  g_ptr_array_sort (videos, compare_played);
  for (guint i = 0; i < videos->len; i++) {
    const KlingKept *video = videos->pdata[i];
    GPtrArray *keys;

    if (total <= limit && (max_age < 0 || now - video->played_at <= max_age))
      break;
    /* all records are read, so only when there is a reason */
    if (users == NULL)
      users = kling_store_find_users (store, &unreadable);
    keys = g_hash_table_lookup (users, video->sha256);
    if ((keys || unreadable == 0) && evict_video (store, video, keys))
      total -= (guint64) video->size;
  }
}

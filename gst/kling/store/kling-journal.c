/* klinglipsync: who may change a record
 *
 * An entry is a record in one job's hands. With a store it is read from there
 * under the lock of its file, so that no other process and no other element has
 * it, and what is put is on the disk. Without one it is in the memory of the
 * journal, which lives as long as its element and the jobs of that element.
 *
 * The journal's memory is also where a record stays that the disk did not take:
 * when that happens after a payment, what was bought is still known here.
 *
 * journal->lock guards the tables, for a few instructions at a time. An entry
 * belongs to one thread, and so does its record.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-journal.h"

#include "kling-clock.h"
#include "kling-log.h"

struct _KlingJournal
{
  gatomicrefcount refs;
  GMutex lock;
  GHashTable *held;             /* keys in somebody's hands, without a store */
  GHashTable *records;          /* by key: what no disk has */
  gchar *result_key;
  KlingResult *result;          /* the newest one, without a store */
};

/* --- results --- */

/**
 * kling_result_new:
 * @record: what it answers
 * @store: (nullable): where that is written
 * @spool: its bytes, finished
 * @info: what the file says about itself
 *
 * Returns: (transfer full): a result
 */
KlingResult *
kling_result_new (const KlingRecord * record, KlingStore * store,
    KlingSpool * spool, const KlingIsobmff * info)
{
  KlingResult *result = g_new0 (KlingResult, 1);

  g_atomic_ref_count_init (&result->refs);
  result->store = store ? kling_store_ref (store) : NULL;
  result->key = g_strdup (record->key);
  result->task_id = g_strdup (record->task_id);
  result->units = record->units;
  result->spool = kling_spool_ref (spool);
  result->info = *info;
  return result;
}

/**
 * kling_result_ref:
 * @result: a result
 *
 * Returns: (transfer full): @result
 */
KlingResult *
kling_result_ref (KlingResult * result)
{
  g_atomic_ref_count_inc (&result->refs);
  return result;
}

/**
 * kling_result_unref:
 * @result: (transfer full): a result
 */
void
kling_result_unref (KlingResult * result)
{
  if (!g_atomic_ref_count_dec (&result->refs))
    return;
  g_clear_pointer (&result->store, kling_store_unref);
  g_free (result->key);
  g_free (result->task_id);
  kling_spool_unref (result->spool);
  g_free (result->location);
  g_free (result);
}

static gchar *
dup_lock_name (const gchar * key)
{
  return g_strconcat (key, KLING_STORE_LOCK, NULL);
}

/**
 * kling_result_note_delivered:
 * @result: a result that somebody has got
 *
 * From now on it may make room for others, when it is not being read. When the
 * record is in other hands just now it is left as it is: then the video stays,
 * until it is played once more. Touches the disk; any thread without locks.
 */
void
kling_result_note_delivered (KlingResult * result)
{
  g_autofree gchar *name = dup_lock_name (result->key);
  g_autoptr (KlingRecord) record = NULL;
  gint lock;

  if (result->store == NULL || result->location == NULL)
    return;
  lock = kling_store_try_lock (result->store, name, NULL, NULL);
  if (lock < 0)
    return;
  if (kling_store_read (result->store, result->key, &record, NULL) && record
      && record->state == KLING_RECORD_DONE && !record->delivered) {
    record->delivered = TRUE;
    kling_store_put (result->store, record, NULL);
  }
  kling_store_unlock (lock);
}

/* --- the journal --- */

/**
 * kling_journal_new:
 *
 * Returns: (transfer full): an empty journal
 */
KlingJournal *
kling_journal_new (void)
{
  KlingJournal *journal = g_new0 (KlingJournal, 1);

  g_atomic_ref_count_init (&journal->refs);
  g_mutex_init (&journal->lock);
  journal->held = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  journal->records = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
      (GDestroyNotify) kling_record_free);
  return journal;
}

/**
 * kling_journal_ref:
 * @journal: a journal
 *
 * Returns: (transfer full): @journal
 */
KlingJournal *
kling_journal_ref (KlingJournal * journal)
{
  g_atomic_ref_count_inc (&journal->refs);
  return journal;
}

/**
 * kling_journal_unref:
 * @journal: (transfer full): a journal
 */
void
kling_journal_unref (KlingJournal * journal)
{
  if (!g_atomic_ref_count_dec (&journal->refs))
    return;
  g_hash_table_unref (journal->held);
  g_hash_table_unref (journal->records);
  g_free (journal->result_key);
  g_clear_pointer (&journal->result, kling_result_unref);
  g_mutex_clear (&journal->lock);
  g_free (journal);
}

/* Whether what the disk did not take then is worth more than what is there now.
 * Others may have got further since; but they have no task of a call whose
 * answer only we have seen. */
static gboolean
is_news (const KlingRecord * memory, const KlingRecord * disk)
{
  if (disk->changed_at <= memory->changed_at)
    return TRUE;
  return kling_record_has_task (memory) && !kling_record_has_task (disk)
      && disk->state != KLING_RECORD_FAILED && disk->state != KLING_RECORD_GONE;
}

/* Returns: (transfer full) (nullable): what only the memory knows of @key */
static KlingRecord *
journal_recall (KlingJournal * journal, const gchar * key)
{
  KlingRecord *record;

  g_mutex_lock (&journal->lock);
  record = g_hash_table_lookup (journal->records, key);
  record = record ? kling_record_copy (record) : NULL;
  g_mutex_unlock (&journal->lock);
  return record;
}

/* @record: (nullable): nothing is to be known of @key any more when %NULL */
static void
journal_remember (KlingJournal * journal, const gchar * key,
    const KlingRecord * record)
{
  g_mutex_lock (&journal->lock);
  if (record)
    g_hash_table_replace (journal->records, g_strdup (key),
        kling_record_copy (record));
  else
    g_hash_table_remove (journal->records, key);
  g_mutex_unlock (&journal->lock);
}

static gboolean
journal_try_hold_memory (KlingJournal * journal, const gchar * key)
{
  gboolean free;

  g_mutex_lock (&journal->lock);
  free = g_hash_table_add (journal->held, g_strdup (key));
  g_mutex_unlock (&journal->lock);
  return free;
}

/* Returns: %FALSE when it is in other hands, or with @error */
static gboolean
journal_lock (KlingJournal * journal, KlingStore * store, const gchar * key,
    gint * lock, gchar ** holder, GError ** error)
{
  g_autofree gchar *name = dup_lock_name (key);

  *lock = -1;
  if (store) {
    *lock = kling_store_try_lock (store, name, holder, error);
    return *lock >= 0;
  }
  if (journal_try_hold_memory (journal, key))
    return TRUE;
  *holder = g_strdup ("an earlier run of this element");
  return FALSE;
}

/**
 * kling_journal_peek:
 * @journal: a journal
 * @store: (nullable): a store
 * @key: 64 hex digits
 * @record: (out) (transfer full) (nullable): what is known of @key, %NULL when
 *   nothing is
 * @error: set to a %KLING_ERROR_LOCAL
 *
 * A look at a record that may be in other hands. What the disk did not take is
 * known from memory, until others have written something newer.
 *
 * Returns: %FALSE when there is a record and it cannot be believed
 */
gboolean
kling_journal_peek (KlingJournal * journal, KlingStore * store,
    const gchar * key, KlingRecord ** record, GError ** error)
{
  g_autoptr (KlingRecord) memory = journal_recall (journal, key);
  gboolean good;

  *record = NULL;
  good = store == NULL
      || kling_store_read (store, key, record, memory ? NULL : error);
  if (memory && (*record == NULL || is_news (memory, *record))) {
    g_clear_pointer (record, kling_record_free);
    *record = g_steal_pointer (&memory);
  }
  return good || *record;
}

/**
 * kling_journal_try_hold:
 * @journal: a journal
 * @store: (nullable): a store
 * @kind: what @key is about
 * @key: 64 hex digits
 * @holder: (out) (transfer full) (nullable): who has it, in words, when it is
 *   in other hands
 * @error: set to a %KLING_ERROR_LOCAL, not when it is in other hands
 *
 * Finds the record of @key, or begins one. Does not wait.
 *
 * Returns: (transfer full) (nullable): the caller's alone until
 *   kling_entry_release()
 */
KlingEntry *
kling_journal_try_hold (KlingJournal * journal, KlingStore * store,
    KlingRecordKind kind, const gchar * key, gchar ** holder, GError ** error)
{
  g_autoptr (KlingEntry) entry = NULL;
  gint lock;

  *holder = NULL;
  if (!journal_lock (journal, store, key, &lock, holder, error))
    return NULL;
  entry = g_new0 (KlingEntry, 1);
  entry->journal = kling_journal_ref (journal);
  entry->store = store ? kling_store_ref (store) : NULL;
  entry->lock = lock;
  if (store)
    kling_store_settle (store, key);
  if (!kling_journal_peek (journal, store, key, &entry->record, error)) {
    /* to be released under its key */
    entry->record = kling_record_new (kind, key);
    return NULL;
  }
  if (entry->record == NULL)
    entry->record = kling_record_new (kind, key);
  return g_steal_pointer (&entry);
}

/**
 * kling_entry_release:
 * @entry: (transfer full): an entry
 *
 * Ends what kling_journal_try_hold() began.
 */
void
kling_entry_release (KlingEntry * entry)
{
  KlingJournal *journal = entry->journal;

  if (entry->store) {
    kling_store_unlock (entry->lock);
  } else {
    g_mutex_lock (&journal->lock);
    g_hash_table_remove (journal->held, entry->record->key);
    g_mutex_unlock (&journal->lock);
  }
  g_clear_pointer (&entry->store, kling_store_unref);
  kling_record_free (entry->record);
  kling_journal_unref (journal);
  g_free (entry);
}

/* --- entries --- */

/* What the disk does not take is kept in memory, and what it takes is not. */
static gboolean
entry_keep (KlingEntry * entry, gboolean written)
{
  if (entry->store == NULL || !written)
    entry->record->changed_at = g_get_real_time ();
  journal_remember (entry->journal, entry->record->key,
      written && entry->store ? NULL : entry->record);
  return written;
}

/**
 * kling_entry_put:
 * @entry: an entry whose record was changed
 * @error: set to a %KLING_ERROR_LOCAL
 *
 * Returns: whether it is on the disk, if there is a store. If not, the journal
 *   knows it all the same.
 */
gboolean
kling_entry_put (KlingEntry * entry, GError ** error)
{
  return entry_keep (entry, entry->store == NULL
      || kling_store_put (entry->store, entry->record, error));
}

/* The right is looked at first, because a record of whoever has it is not to be
 * overwritten, and taken last. *@written: the record on the disk is ours */
static gboolean
entry_prepare_call (KlingEntry * entry, gboolean * written, GError ** error)
{
  KlingRecord *record = entry->record;

  *written = FALSE;
  if (entry->store == NULL)
    return entry_keep (entry, TRUE);
  if (!kling_store_check_right (entry->store, record, error)
      || !kling_store_make_room (entry->store, record->key, error)
      || !kling_store_put (entry->store, record, error))
    return FALSE;
  kling_test_point ("record-sending");
  if (!kling_store_take_right (entry->store, record, error)) {
    *written = kling_store_check_right (entry->store, record, NULL);
    return FALSE;
  }
  kling_test_point ("right-taken");
  return TRUE;
}

/* The call of this number came to nothing, or was not sent. */
static void
entry_undo_count (KlingEntry * entry)
{
  entry->record->attempt = entry->attempt;
  entry->record->resent = entry->resent;
}

/**
 * kling_entry_begin_call:
 * @entry: an entry
 * @again: whether the last call is sent once more, as it was
 * @error: set to a %KLING_ERROR_LOCAL
 *
 * Before the first byte of a call that costs: there is room for the answer, the
 * record says %KLING_RECORD_SENDING, and the right to send it is taken; all of
 * that on the disk. The right comes last, so that a record without it says that
 * nothing was sent.
 *
 * Returns: whether the call may be sent; if not, the record is what it was
 */
gboolean
kling_entry_begin_call (KlingEntry * entry, gboolean again, GError ** error)
{
  KlingRecord *record = entry->record;
  KlingRecordState state = record->state;
  gboolean written;

  entry->attempt = record->attempt;
  entry->resent = record->resent;
  entry->sent_at = record->sent_at;
  record->state = KLING_RECORD_SENDING;
  record->resent = again;
  if (!again) {
    record->attempt++;
    record->sent_at = g_get_real_time ();
  }
  if (entry_prepare_call (entry, &written, error))
    return TRUE;
  record->state = state;
  record->sent_at = entry->sent_at;
  entry_undo_count (entry);
  /* if this fails, too, the record says that nothing was sent, only not why */
  if (written)
    kling_store_put (entry->store, record, NULL);
  return FALSE;
}

/* The right goes first: a record that says %KLING_RECORD_SENDING without one
 * says that nothing was sent. */
static gboolean
entry_drop_right (KlingEntry * entry, GError ** error)
{
  return entry->store == NULL
      || kling_store_drop_right (entry->store, entry->record, error);
}

/**
 * kling_entry_take_back_call:
 * @entry: an entry after kling_entry_begin_call()
 * @state: what it was before
 * @error: set to a %KLING_ERROR_LOCAL
 *
 * The call was not sent, or came to nothing, and may be sent again under the
 * same number. What the record had from an earlier call is as old as it was.
 *
 * Returns: whether that is on the disk
 */
gboolean
kling_entry_take_back_call (KlingEntry * entry, KlingRecordState state,
    GError ** error)
{
  gboolean dropped = entry_drop_right (entry, error);

  entry->record->state = state;
  entry->record->sent_at = entry->sent_at;
  entry_undo_count (entry);
  if (dropped)
    return kling_entry_put (entry, error);
  return entry_keep (entry, FALSE);
}

/**
 * kling_entry_refuse_call:
 * @entry: an entry after kling_entry_begin_call(), whose record has the reason
 * @error: set to a %KLING_ERROR_LOCAL
 *
 * The service said no, so nothing was bought: what comes next is the same
 * attempt. If it was the second sending of one call, both came to nothing.
 *
 * Returns: whether that is on the disk
 */
gboolean
kling_entry_refuse_call (KlingEntry * entry, GError ** error)
{
  KlingRecord *record = entry->record;
  gboolean dropped = entry_drop_right (entry, error);

  if (dropped && record->resent) {
    record->resent = FALSE;
    dropped = entry_drop_right (entry, error);
  }
  record->state = KLING_RECORD_REFUSED;
  record->resent = FALSE;
  record->attempt--;
  if (dropped)
    return kling_entry_put (entry, error);
  return entry_keep (entry, FALSE);
}

/**
 * kling_entry_put_answer:
 * @entry: an entry whose record says what a call has bought
 * @error: set to a %KLING_ERROR_LOCAL
 *
 * As kling_entry_put(), into the room that was made for it.
 *
 * Returns: likewise
 */
gboolean
kling_entry_put_answer (KlingEntry * entry, GError ** error)
{
  gboolean written = entry->store == NULL
      || kling_store_put_answer (entry->store, entry->record, error);

  if (entry->store && written)
    kling_test_point ("answer-kept");
  return entry_keep (entry, written);
}

/**
 * kling_entry_get_result:
 * @entry: an entry without a store
 *
 * Returns: (transfer full) (nullable): the video, as long as it is in memory; as a
 *   result of its own, which is not new
 */
KlingResult *
kling_entry_get_result (KlingEntry * entry)
{
  KlingJournal *journal = entry->journal;
  g_autoptr (KlingResult) known = NULL;

  g_mutex_lock (&journal->lock);
  if (g_strcmp0 (journal->result_key, entry->record->key) == 0)
    known = kling_result_ref (journal->result);
  g_mutex_unlock (&journal->lock);
  return known ? kling_result_new (entry->record, NULL, known->spool,
      &known->info) : NULL;
}

/**
 * kling_entry_set_result:
 * @entry: an entry without a store
 * @result: its video
 *
 * Of several videos only the newest stays in memory: the others can be fetched
 * again by their task ids, which costs nothing.
 */
void
kling_entry_set_result (KlingEntry * entry, KlingResult * result)
{
  KlingJournal *journal = entry->journal;
  KlingResult *old;

  g_mutex_lock (&journal->lock);
  old = journal->result;
  journal->result = kling_result_ref (result);
  g_free (journal->result_key);
  journal->result_key = g_strdup (entry->record->key);
  g_mutex_unlock (&journal->lock);
  g_clear_pointer (&old, kling_result_unref);
}

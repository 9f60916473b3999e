/* klinglipsync: tests of who may change a record
 *
 * After each step of a call that costs the disk is read as another process
 * would read it, and each step is also the last one of a process.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "store-case.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kling-journal.h"

#define OTHER_KEY CASE_SUM

static KlingEntry *
try_hold (KlingJournal * journal, KlingStore * store, const gchar * key)
{
  g_autofree gchar *holder = NULL;
  g_autoptr (GError) error = NULL;
  KlingEntry *entry = kling_journal_try_hold (journal, store,
      KLING_RECORD_REQUEST, key, &holder, &error);

  fail_unless (error == NULL, "%s", error ? error->message : "?");
  fail_unless ((entry == NULL) == (holder != NULL));
  return entry;
}

static KlingEntry *
hold (KlingJournal * journal, KlingStore * store)
{
  KlingEntry *entry = try_hold (journal, store, CASE_KEY);

  fail_unless (entry != NULL);
  return entry;
}

/* An entry of a journal of its own, as another process has it */
static KlingEntry *
hold_anew (const Case * c)
{
  g_autoptr (KlingJournal) journal = kling_journal_new ();

  return hold (journal, c->store);
}

static void
set_task (KlingRecord * record, const gchar * task_id)
{
  g_free (record->task_id);
  record->task_id = g_strdup (task_id);
  record->state = KLING_RECORD_RUNNING;
}

static void
set_reason (KlingRecord * record, KlingRecordState state)
{
  static const KlingDetails none = { 0 };
  g_autoptr (GError) reason = g_error_new_literal (KLING_ERROR,
      KLING_ERROR_INPUT, "No.");

  kling_record_set_reason (record, state, reason, &none);
}

static void
put (KlingEntry * entry)
{
  g_autoptr (GError) error = NULL;

  fail_unless (kling_entry_put (entry, &error), "%s",
      error ? error->message : "?");
}

static void
begin (KlingEntry * entry, gboolean again)
{
  g_autoptr (GError) error = NULL;

  fail_unless (kling_entry_begin_call (entry, again, &error), "%s",
      error ? error->message : "?");
  fail_unless_equals_int (entry->record->state, KLING_RECORD_SENDING);
}

/* What the disk says, without any journal */
static void
check_disk (const Case * c, KlingRecordState state, guint attempt,
    gboolean resent)
{
  g_autoptr (KlingRecord) record = case_read (c);

  fail_unless (record != NULL);
  fail_unless_equals_string (kling_record_state_get_nick (record->state),
      kling_record_state_get_nick (state));
  fail_unless_equals_int (record->attempt, attempt);
  fail_unless_equals_int (record->resent, resent);
}

static void
check_peek (KlingJournal * journal, KlingStore * store,
    KlingRecordState state, const gchar * task_id)
{
  g_autoptr (KlingRecord) record = NULL;

  fail_unless (kling_journal_peek (journal, store, CASE_KEY, &record, NULL));
  fail_unless (record != NULL);
  fail_unless_equals_string (kling_record_state_get_nick (record->state),
      kling_record_state_get_nick (state));
  fail_unless_equals_string (record->task_id, task_id);
}

static void
check_nothing_known (KlingJournal * journal, KlingStore * store)
{
  g_autoptr (KlingRecord) record = NULL;

  fail_unless (kling_journal_peek (journal, store, CASE_KEY, &record, NULL));
  fail_unless (record == NULL);
}

/* --- holding --- */

/* With a store and without */
GST_START_TEST (test_one_holder)
{
  g_autoptr (Case) c = case_new ();
  KlingStore *store = __i__ == 0 ? NULL : c->store;
  g_autoptr (KlingJournal) journal = kling_journal_new ();
  KlingEntry *entry = hold (journal, store);
  KlingEntry *other = try_hold (journal, store, OTHER_KEY);

  fail_unless_equals_int (entry->record->state, KLING_RECORD_READY);
  fail_unless_equals_int (entry->record->attempt, 0);
  fail_unless_equals_string (entry->record->key, CASE_KEY);
  fail_unless (other != NULL);
  fail_unless (try_hold (journal, store, CASE_KEY) == NULL);
  kling_entry_release (entry);
  fail_unless (try_hold (journal, store, OTHER_KEY) == NULL);

  entry = hold (journal, store);
  kling_entry_release (entry);
  kling_entry_release (other);
}

GST_END_TEST;

/* Without a store a journal is alone; with one it is not. */
GST_START_TEST (test_two_journals)
{
  g_autoptr (Case) c = case_new ();
  g_autoptr (KlingJournal) one = kling_journal_new ();
  g_autoptr (KlingJournal) two = kling_journal_new ();
  g_autoptr (KlingEntry) entry = hold (one, c->store);
  g_autoptr (KlingEntry) in_memory = hold (one, NULL);
  g_autoptr (KlingEntry) in_another G_GNUC_UNUSED = hold (two, NULL);

  fail_unless (try_hold (two, c->store, CASE_KEY) == NULL);
  set_task (in_memory->record, "mine");
  put (in_memory);
  check_nothing_known (two, NULL);
  set_task (entry->record, "t1");
  put (entry);
  check_peek (two, c->store, KLING_RECORD_RUNNING, "t1");
}

GST_END_TEST;

static void
take_away (Case * c)
{
  KlingEntry *entry = hold_anew (c);

  set_task (entry->record, "theirs");
  put (entry);
  kling_entry_release (entry);
}

/* What is held is read anew: another process may have had it meanwhile. */
GST_START_TEST (test_read_when_held)
{
  g_autoptr (Case) c = case_new ();
  g_autoptr (KlingJournal) journal = kling_journal_new ();
  g_autoptr (KlingEntry) entry = NULL;

  kling_entry_release (hold (journal, c->store));
  fail_unless (case_run (take_away, c));
  entry = hold (journal, c->store);
  fail_unless_equals_string (entry->record->task_id, "theirs");
}

GST_END_TEST;

GST_START_TEST (test_put_and_peek)
{
  g_autoptr (Case) c = case_new ();
  KlingStore *store = __i__ == 0 ? NULL : c->store;
  g_autoptr (KlingJournal) journal = kling_journal_new ();
  g_autoptr (KlingEntry) entry = hold (journal, store);

  check_nothing_known (journal, store);
  set_task (entry->record, "t1");
  /* not before it was put */
  check_nothing_known (journal, store);
  put (entry);
  check_peek (journal, store, KLING_RECORD_RUNNING, "t1");
  set_task (entry->record, "t2");
  check_peek (journal, store, KLING_RECORD_RUNNING, "t1");
  fail_unless_equals_int (case_has (c, ".rec"), store != NULL);
}

GST_END_TEST;

/* A record that is there and cannot be believed: nothing is begun over it. */
GST_START_TEST (test_bad_record)
{
  g_autoptr (Case) c = case_new ();
  g_autoptr (KlingJournal) journal = kling_journal_new ();
  g_autoptr (KlingRecord) record = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) peeked = NULL;
  g_autofree gchar *holder = NULL;
  gint lock;

  case_write (c, ".rec", "rubbish", -1);
  fail_unless (kling_journal_try_hold (journal, c->store, KLING_RECORD_REQUEST,
          CASE_KEY, &holder, &error) == NULL);
  fail_unless (holder == NULL);
  case_check_error (error, CASE_KEY ".rec");
  fail_if (kling_journal_peek (journal, c->store, CASE_KEY, &record, &peeked));
  case_check_error (peeked, CASE_KEY ".rec");
  fail_unless_equals_int64 (case_get_size (c, ".rec"), strlen ("rubbish"));
  /* and is not held any more */
  lock = kling_store_try_lock (c->store, CASE_KEY KLING_STORE_LOCK, NULL, NULL);
  fail_unless (lock >= 0);
  kling_store_unlock (lock);
}

GST_END_TEST;

/* However many others follow, what may have cost money is not forgotten. */
GST_START_TEST (test_memory_forgets_nothing)
{
  g_autoptr (KlingJournal) journal = kling_journal_new ();
  KlingEntry *entry = hold (journal, NULL);

  set_reason (entry->record, KLING_RECORD_UNKNOWN);
  put (entry);
  kling_entry_release (entry);
  for (guint i = 0; i < 300; i++) {
    g_autofree gchar *key = g_strdup_printf ("%064x", i);
    g_autoptr (KlingEntry) other = try_hold (journal, NULL, key);

    set_task (other->record, "t");
    put (other);
  }
  check_peek (journal, NULL, KLING_RECORD_UNKNOWN, NULL);
}

GST_END_TEST;

/* --- a call that costs, step by step --- */

GST_START_TEST (test_call)
{
  g_autoptr (Case) c = case_new ();
  g_autoptr (KlingEntry) entry = hold_anew (c);
  gint64 begun = g_get_real_time ();

  put (entry);
  begin (entry, FALSE);
  fail_unless (entry->record->sent_at >= begun);
  check_disk (c, KLING_RECORD_SENDING, 1, FALSE);
  fail_unless (case_has (c, ".a1"));
  fail_unless (case_get_size (c, ".ans") >= 64 * 1024);

  set_task (entry->record, "t1");
  check_disk (c, KLING_RECORD_SENDING, 1, FALSE);
  fail_unless (kling_entry_put_answer (entry, NULL));
  check_disk (c, KLING_RECORD_RUNNING, 1, FALSE);
  fail_unless (case_has (c, ".a1"));
  fail_if (case_has (c, ".ans"));
}

GST_END_TEST;

GST_START_TEST (test_call_in_memory)
{
  g_autoptr (KlingJournal) journal = kling_journal_new ();
  KlingEntry *entry = hold (journal, NULL);

  begin (entry, FALSE);
  fail_unless_equals_int (entry->record->attempt, 1);
  check_peek (journal, NULL, KLING_RECORD_SENDING, NULL);
  fail_unless (kling_entry_take_back_call (entry, KLING_RECORD_READY, NULL));
  fail_unless_equals_int (entry->record->attempt, 0);
  check_peek (journal, NULL, KLING_RECORD_READY, NULL);

  begin (entry, FALSE);
  set_reason (entry->record, KLING_RECORD_REFUSED);
  fail_unless (kling_entry_refuse_call (entry, NULL));
  fail_unless_equals_int (entry->record->attempt, 0);
  check_peek (journal, NULL, KLING_RECORD_REFUSED, NULL);

  begin (entry, FALSE);
  set_task (entry->record, "t1");
  fail_unless (kling_entry_put_answer (entry, NULL));
  kling_entry_release (entry);
  check_peek (journal, NULL, KLING_RECORD_RUNNING, "t1");
}

GST_END_TEST;

/* Busy: the same call, the same number, as often as it takes */
GST_START_TEST (test_take_back)
{
  g_autoptr (Case) c = case_new ();
  g_autoptr (KlingEntry) entry = hold_anew (c);

  for (guint i = 0; i < 3; i++) {
    begin (entry, FALSE);
    check_disk (c, KLING_RECORD_SENDING, 1, FALSE);
    fail_unless (kling_entry_take_back_call (entry, KLING_RECORD_READY, NULL));
    check_disk (c, KLING_RECORD_READY, 0, FALSE);
    fail_if (case_has (c, ".a1") || case_has (c, ".ans"));
    fail_unless_equals_int64 (entry->record->sent_at, 0);
  }
  begin (entry, FALSE);
  check_disk (c, KLING_RECORD_SENDING, 1, FALSE);
}

GST_END_TEST;

/* A session that had expired is not as good as new because the service was
 * busy. */
GST_START_TEST (test_take_back_is_not_fresh)
{
  g_autoptr (Case) c = case_new ();
  g_autoptr (KlingEntry) entry = NULL;
  g_autoptr (KlingRecord) record = NULL;

  case_put (c, KLING_RECORD_DONE, 1);
  entry = hold_anew (c);
  begin (entry, FALSE);
  check_disk (c, KLING_RECORD_SENDING, 2, FALSE);
  fail_unless (kling_entry_take_back_call (entry, KLING_RECORD_DONE, NULL));
  check_disk (c, KLING_RECORD_DONE, 1, FALSE);
  record = case_read (c);
  fail_unless_equals_int64 (record->sent_at, 1700000000000000);
}

GST_END_TEST;

static KlingEntry *
hold_unknown (const Case * c)
{
  KlingEntry *entry = hold_anew (c);

  begin (entry, FALSE);
  set_reason (entry->record, KLING_RECORD_UNKNOWN);
  put (entry);
  return entry;
}

/* What is sent once more keeps its number and its time. */
GST_START_TEST (test_again)
{
  g_autoptr (Case) c = case_new ();
  g_autoptr (KlingEntry) entry = hold_unknown (c);
  gint64 sent_at = entry->record->sent_at;

  check_disk (c, KLING_RECORD_UNKNOWN, 1, FALSE);
  begin (entry, TRUE);
  check_disk (c, KLING_RECORD_SENDING, 1, TRUE);
  fail_unless (case_has (c, ".a1") && case_has (c, ".a1r"));
  fail_unless_equals_int64 (entry->record->sent_at, sent_at);

  fail_unless (kling_entry_take_back_call (entry, KLING_RECORD_UNKNOWN, NULL));
  check_disk (c, KLING_RECORD_UNKNOWN, 1, FALSE);
  fail_unless (case_has (c, ".a1"));
  fail_if (case_has (c, ".a1r"));

  begin (entry, TRUE);
  set_task (entry->record, "t1");
  fail_unless (kling_entry_put_answer (entry, NULL));
  check_disk (c, KLING_RECORD_RUNNING, 1, TRUE);
}

GST_END_TEST;

/* Refused: what comes next is the same attempt, and both sendings of one call
 * came to nothing. */
GST_START_TEST (test_refuse)
{
  g_autoptr (Case) c = case_new ();
  g_autoptr (KlingEntry) entry = NULL;
  g_autoptr (KlingRecord) record = NULL;

  if (__i__ == 0) {
    entry = hold_anew (c);
    begin (entry, FALSE);
  } else {
    entry = hold_unknown (c);
    begin (entry, TRUE);
  }
  set_reason (entry->record, KLING_RECORD_REFUSED);
  fail_unless (kling_entry_refuse_call (entry, NULL));
  check_disk (c, KLING_RECORD_REFUSED, 0, FALSE);
  record = case_read (c);
  fail_unless_equals_string (record->reason->message, "No.");
  fail_if (case_has (c, ".a1") || case_has (c, ".a1r"));
  fail_if (case_has (c, ".ans"));

  begin (entry, FALSE);
  check_disk (c, KLING_RECORD_SENDING, 1, FALSE);
}

GST_END_TEST;

/* The second task of a request has its own right. */
GST_START_TEST (test_second_attempt)
{
  g_autoptr (Case) c = case_new ();
  g_autoptr (KlingEntry) entry = hold_anew (c);

  begin (entry, FALSE);
  set_task (entry->record, "t1");
  fail_unless (kling_entry_put_answer (entry, NULL));
  set_reason (entry->record, KLING_RECORD_FAILED);
  put (entry);
  begin (entry, FALSE);
  check_disk (c, KLING_RECORD_SENDING, 2, FALSE);
  fail_unless (case_has (c, ".a1") && case_has (c, ".a2"));
  set_reason (entry->record, KLING_RECORD_REFUSED);
  fail_unless (kling_entry_refuse_call (entry, NULL));
  check_disk (c, KLING_RECORD_REFUSED, 1, FALSE);
  fail_unless (case_has (c, ".a1"));
}

GST_END_TEST;

/* --- when the disk does not take it --- */

static void
check_not_begun (KlingEntry * entry, gboolean again, const gchar * words)
{
  g_autoptr (KlingRecord) before = kling_record_copy (entry->record);
  g_autoptr (GError) error = NULL;

  fail_if (kling_entry_begin_call (entry, again, &error));
  fail_unless (strstr (error->message, words) != NULL, "%s", error->message);
  fail_unless_equals_int (entry->record->state, before->state);
  fail_unless_equals_int (entry->record->attempt, before->attempt);
  fail_unless_equals_int (entry->record->resent, before->resent);
  fail_unless_equals_int64 (entry->record->sent_at, before->sent_at);
}

GST_START_TEST (test_begin_fails)
{
  g_autoptr (Case) c = case_new ();
  g_autoptr (KlingEntry) entry = NULL;

  case_put (c, KLING_RECORD_FAILED, 1);
  entry = hold_anew (c);
  entry->record->resent = TRUE;
  put (entry);
  /* no room */
  case_make_directory (c, ".ans");
  check_not_begun (entry, FALSE, ".ans");
  check_disk (c, KLING_RECORD_FAILED, 1, TRUE);
  /* no record */
  case_remove (c, ".ans/inner");
  case_remove (c, ".ans");
  case_make_directory (c, ".rec.tmp");
  check_not_begun (entry, FALSE, ".rec.tmp");
  check_disk (c, KLING_RECORD_FAILED, 1, TRUE);
  fail_if (case_has (c, ".a2"));

  case_remove (c, ".rec.tmp/inner");
  case_remove (c, ".rec.tmp");
  begin (entry, FALSE);
  check_disk (c, KLING_RECORD_SENDING, 2, FALSE);
}

GST_END_TEST;

/* Where locks do not work: another process has sent the call that we are about
 * to send. Its record is not touched, nor is the room for its answer. */
GST_START_TEST (test_right_is_taken)
{
  g_autoptr (Case) c = case_new ();
  g_autoptr (KlingEntry) entry = hold_anew (c);
  g_autoptr (KlingRecord) theirs = case_make_record (KLING_RECORD_SENDING, 1);

  fail_unless (kling_store_make_room (c->store, CASE_KEY, NULL));
  fail_unless (kling_store_put (c->store, theirs, NULL));
  fail_unless (kling_store_take_right (c->store, theirs, NULL));
  check_not_begun (entry, FALSE, ".a1");
  check_disk (c, KLING_RECORD_SENDING, 1, FALSE);

  set_task (theirs, "t1");
  fail_unless (kling_store_put_answer (c->store, theirs, NULL));
  check_not_begun (entry, FALSE, "not sent");
  check_disk (c, KLING_RECORD_RUNNING, 1, FALSE);
}

GST_END_TEST;

GST_START_TEST (test_directory_is_gone)
{
  g_autoptr (Case) c = case_new ();
  g_autoptr (KlingJournal) journal = kling_journal_new ();
  g_autoptr (KlingEntry) entry = hold (journal, c->store);

  case_remove (c, ".lock");
  case_remove (c, "salt");
  fail_unless (g_rmdir (c->path) == 0);
  check_not_begun (entry, FALSE, "cannot be opened");
  check_nothing_known (journal, c->store);
}

GST_END_TEST;

/* What was bought is known to the journal, and the disk gets it when it can. */
GST_START_TEST (test_answer_in_memory)
{
  g_autoptr (Case) c = case_new ();
  g_autoptr (KlingJournal) journal = kling_journal_new ();
  KlingEntry *entry = hold (journal, c->store);
  g_autoptr (GError) error = NULL;

  begin (entry, FALSE);
  case_remove (c, ".ans");
  set_task (entry->record, "t1");
  fail_if (kling_entry_put_answer (entry, &error));
  case_check_error (error, ".ans");
  kling_entry_release (entry);
  check_disk (c, KLING_RECORD_SENDING, 1, FALSE);
  check_peek (journal, c->store, KLING_RECORD_RUNNING, "t1");

  entry = hold (journal, c->store);
  fail_unless_equals_string (entry->record->task_id, "t1");
  put (entry);
  kling_entry_release (entry);
  check_disk (c, KLING_RECORD_RUNNING, 1, FALSE);
  check_peek (journal, c->store, KLING_RECORD_RUNNING, "t1");
}

GST_END_TEST;

/* Also when the record itself is beyond reading */
GST_START_TEST (test_memory_beats_rubbish)
{
  g_autoptr (Case) c = case_new ();
  g_autoptr (KlingJournal) journal = kling_journal_new ();
  KlingEntry *entry = hold (journal, c->store);
  g_autoptr (KlingJournal) other = kling_journal_new ();
  g_autoptr (KlingRecord) record = NULL;

  begin (entry, FALSE);
  case_remove (c, ".ans");
  set_task (entry->record, "t1");
  fail_if (kling_entry_put_answer (entry, NULL));
  case_write (c, ".rec", "rubbish", -1);
  check_peek (journal, c->store, KLING_RECORD_RUNNING, "t1");
  fail_if (kling_journal_peek (other, c->store, CASE_KEY, &record, NULL));
  kling_entry_release (entry);
}

GST_END_TEST;

/* A journal that remembers @state because the disk took it not */
static KlingJournal *
remember (const Case * c, KlingRecordState state)
{
  KlingJournal *journal = kling_journal_new ();
  KlingEntry *entry = hold (journal, c->store);

  begin (entry, FALSE);
  case_make_directory (c, ".rec.tmp");
  if (state == KLING_RECORD_READY) {
    fail_if (kling_entry_take_back_call (entry, state, NULL));
  } else {
    if (state == KLING_RECORD_RUNNING)
      set_task (entry->record, "ours");
    else
      set_reason (entry->record, state);
    fail_if (kling_entry_put (entry, NULL));
  }
  kling_entry_release (entry);
  case_remove (c, ".rec.tmp/inner");
  case_remove (c, ".rec.tmp");
  check_peek (journal, c->store, state,
      state == KLING_RECORD_RUNNING ? "ours" : NULL);
  return journal;
}

/* Rows: what is in memory, what others have written since, what counts */
static const struct
{
  KlingRecordState memory;
  KlingRecordState disk;
  KlingRecordState counts;
} since[] = {
  {KLING_RECORD_READY, KLING_RECORD_RUNNING, KLING_RECORD_RUNNING},
  {KLING_RECORD_READY, KLING_RECORD_UNKNOWN, KLING_RECORD_UNKNOWN},
  {KLING_RECORD_READY, KLING_RECORD_DONE, KLING_RECORD_DONE},
  {KLING_RECORD_UNKNOWN, KLING_RECORD_RUNNING, KLING_RECORD_RUNNING},
  {KLING_RECORD_UNKNOWN, KLING_RECORD_REFUSED, KLING_RECORD_REFUSED},
  {KLING_RECORD_RUNNING, KLING_RECORD_DONE, KLING_RECORD_DONE},
  {KLING_RECORD_RUNNING, KLING_RECORD_FAILED, KLING_RECORD_FAILED},
  {KLING_RECORD_RUNNING, KLING_RECORD_GONE, KLING_RECORD_GONE},
  /* they do not have our answer */
  {KLING_RECORD_RUNNING, KLING_RECORD_UNKNOWN, KLING_RECORD_RUNNING},
  {KLING_RECORD_RUNNING, KLING_RECORD_READY, KLING_RECORD_RUNNING},
  {KLING_RECORD_RUNNING, KLING_RECORD_REFUSED, KLING_RECORD_RUNNING},
};

GST_START_TEST (test_others_since)
{
  g_autoptr (Case) c = case_new ();
  g_autoptr (KlingJournal) journal = remember (c, since[__i__].memory);
  g_autoptr (KlingRecord) record = NULL;

  case_put (c, since[__i__].disk, 1);
  fail_unless (kling_journal_peek (journal, c->store, CASE_KEY, &record, NULL));
  fail_unless_equals_string (kling_record_state_get_nick (record->state),
      kling_record_state_get_nick (since[__i__].counts));
}

GST_END_TEST;

/* What was bought without a store counts in one, and is written there. */
GST_START_TEST (test_from_memory_to_store)
{
  g_autoptr (Case) c = case_new ();
  g_autoptr (KlingJournal) journal = kling_journal_new ();
  KlingEntry *entry;

  case_put (c, KLING_RECORD_REFUSED, 0);
  entry = hold (journal, NULL);
  begin (entry, FALSE);
  set_task (entry->record, "t1");
  fail_unless (kling_entry_put_answer (entry, NULL));
  kling_entry_release (entry);

  entry = hold (journal, c->store);
  fail_unless_equals_string (entry->record->task_id, "t1");
  put (entry);
  kling_entry_release (entry);
  check_disk (c, KLING_RECORD_RUNNING, 1, FALSE);
}

GST_END_TEST;

/* The right could not be removed: then the call is not sent again, by nobody. */
GST_START_TEST (test_right_stays)
{
  g_autoptr (Case) c = case_new ();
  g_autoptr (KlingJournal) journal = kling_journal_new ();
  g_autoptr (KlingEntry) entry = hold (journal, c->store);
  g_autoptr (GError) error = NULL;

  begin (entry, FALSE);
  case_remove (c, ".a1");
  case_make_directory (c, ".a1");
  if (__i__ == 0) {
    fail_if (kling_entry_take_back_call (entry, KLING_RECORD_READY, &error));
  } else {
    set_reason (entry->record, KLING_RECORD_REFUSED);
    fail_if (kling_entry_refuse_call (entry, &error));
  }
  case_check_error (error, ".a1\" cannot be removed");
  check_disk (c, KLING_RECORD_SENDING, 1, FALSE);
  check_peek (journal, c->store, __i__ == 0 ? KLING_RECORD_READY
      : KLING_RECORD_REFUSED, NULL);
  check_not_begun (entry, FALSE, ".a1");
}

GST_END_TEST;

/* --- when a process dies --- */

#ifdef KLING_TEST_HOOKS
static void
buy (Case * c)
{
  KlingEntry *entry = hold_anew (c);

  begin (entry, FALSE);
  set_task (entry->record, "t1");
  fail_unless (kling_entry_put_answer (entry, NULL));
}

static const struct
{
  const gchar *point;
  KlingRecordState state;
  guint attempt;
} deaths[] = {
  {"room-made", KLING_RECORD_FAILED, 1},
  /* written, but nothing was sent: the next is the same attempt */
  {"record-sending", KLING_RECORD_READY, 1},
  {"right-taken", KLING_RECORD_SENDING, 2},
  {"answer-written", KLING_RECORD_RUNNING, 2},
  {"answer-kept", KLING_RECORD_RUNNING, 2},
};

GST_START_TEST (test_death)
{
  g_autoptr (Case) c = case_new ();
  g_autoptr (KlingEntry) entry = NULL;

  case_put (c, KLING_RECORD_FAILED, 1);
  g_setenv ("KLING_TEST_KILL", deaths[__i__].point, TRUE);
  fail_if (case_run (buy, c));
  g_unsetenv ("KLING_TEST_KILL");
  check_disk (c, deaths[__i__].state, deaths[__i__].attempt, FALSE);

  /* whoever comes next has it, and what there is of an answer is in place */
  entry = hold_anew (c);
  fail_unless_equals_int (entry->record->state, deaths[__i__].state);
  if (deaths[__i__].state == KLING_RECORD_RUNNING)
    fail_unless_equals_string (entry->record->task_id, "t1");
  fail_if (deaths[__i__].state == KLING_RECORD_RUNNING && case_has (c, ".ans"));
  check_disk (c, deaths[__i__].state, deaths[__i__].attempt, FALSE);
}

GST_END_TEST;

static void
send_again (Case * c)
{
  begin (hold_anew (c), TRUE);
}

/* The first sending stays a call that may have arrived. */
GST_START_TEST (test_death_again)
{
  g_autoptr (Case) c = case_new ();

  kling_entry_release (hold_unknown (c));
  g_setenv ("KLING_TEST_KILL", deaths[__i__].point, TRUE);
  fail_if (case_run (send_again, c));
  g_unsetenv ("KLING_TEST_KILL");
  check_disk (c, __i__ == 0 ? KLING_RECORD_UNKNOWN : KLING_RECORD_SENDING, 1,
      g_str_equal (deaths[__i__].point, "right-taken"));
}

GST_END_TEST;
#endif

static TCase *
make_holding_cases (void)
{
  TCase *tc = tcase_create ("holding");

  tcase_add_loop_test (tc, test_one_holder, 0, 2);
  tcase_add_test (tc, test_two_journals);
  tcase_add_test (tc, test_read_when_held);
  tcase_add_loop_test (tc, test_put_and_peek, 0, 2);
  tcase_add_test (tc, test_bad_record);
  tcase_add_test (tc, test_memory_forgets_nothing);
  return tc;
}

static TCase *
make_call_cases (void)
{
  TCase *tc = tcase_create ("calls");

  tcase_add_test (tc, test_call);
  tcase_add_test (tc, test_call_in_memory);
  tcase_add_test (tc, test_take_back);
  tcase_add_test (tc, test_take_back_is_not_fresh);
  tcase_add_test (tc, test_again);
  tcase_add_loop_test (tc, test_refuse, 0, 2);
  tcase_add_test (tc, test_second_attempt);
#ifdef KLING_TEST_HOOKS
  tcase_add_loop_test (tc, test_death, 0, G_N_ELEMENTS (deaths));
  tcase_add_loop_test (tc, test_death_again, 0, 3);
#endif
  return tc;
}

static TCase *
make_failure_cases (void)
{
  TCase *tc = tcase_create ("failures");

  tcase_add_test (tc, test_begin_fails);
  tcase_add_test (tc, test_right_is_taken);
  tcase_add_test (tc, test_directory_is_gone);
  tcase_add_test (tc, test_answer_in_memory);
  tcase_add_test (tc, test_memory_beats_rubbish);
  tcase_add_loop_test (tc, test_others_since, 0, G_N_ELEMENTS (since));
  tcase_add_test (tc, test_from_memory_to_store);
  tcase_add_loop_test (tc, test_right_stays, 0, 2);
  return tc;
}

static Suite *
journal_suite (void)
{
  Suite *suite = suite_create ("journal");

  suite_add_tcase (suite, make_holding_cases ());
  suite_add_tcase (suite, make_call_cases ());
  suite_add_tcase (suite, make_failure_cases ());
  return suite;
}

GST_CHECK_MAIN (journal);

/* klinglipsync: who may change a record
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "kling-isobmff.h"
#include "kling-spool.h"
#include "kling-store.h"

G_BEGIN_DECLS

/**
 * KlingResult:
 * @task_id: the task that made it
 * @spool: its bytes
 * @info: what the file says about itself
 * @location: (nullable): where it is kept
 * @units: what it cost, in units of the service; -1 when it did not say
 * @is_new: it was bought by the run that had it made
 *
 * A finished video. Immutable; refcounted.
 */
typedef struct
{
  /*< private > */
  gatomicrefcount refs;
  KlingStore *store;
  gchar *key;

  /*< public > */
  gchar *task_id;
  KlingSpool *spool;
  KlingIsobmff info;
  gchar *location;
  gdouble units;
  gboolean is_new;
} KlingResult;

KlingResult *kling_result_new (const KlingRecord * record, KlingStore * store,
    KlingSpool * spool, const KlingIsobmff * info);
KlingResult *kling_result_ref (KlingResult * result);
void kling_result_unref (KlingResult * result);
void kling_result_note_delivered (KlingResult * result);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlingResult, kling_result_unref)

/**
 * KlingJournal:
 *
 * The records of one element: in a store, or in memory when there is none. It
 * outlives the element as long as a paid call is completing in the background.
 */
typedef struct _KlingJournal KlingJournal;

KlingJournal *kling_journal_new (void);
KlingJournal *kling_journal_ref (KlingJournal * journal);
void kling_journal_unref (KlingJournal * journal);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlingJournal, kling_journal_unref)

/**
 * KlingEntry:
 * @record: what is known, to be changed by the holder
 * @store: (nullable): where it is written
 *
 * A record in somebody's hands. One thread at a time.
 */
typedef struct
{
  KlingRecord *record;
  KlingStore *store;

  /*< private > */
  KlingJournal *journal;
  gint lock;
  guint attempt;                /* as they were before the call */
  gboolean resent;
  gint64 sent_at;
} KlingEntry;

KlingEntry *kling_journal_try_hold (KlingJournal * journal,
    KlingStore * store, KlingRecordKind kind, const gchar * key,
    gchar ** holder, GError ** error);
gboolean kling_journal_peek (KlingJournal * journal, KlingStore * store,
    const gchar * key, KlingRecord ** record, GError ** error);
void kling_entry_release (KlingEntry * entry);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlingEntry, kling_entry_release)

gboolean kling_entry_put (KlingEntry * entry, GError ** error);
gboolean kling_entry_begin_call (KlingEntry * entry, gboolean again,
    GError ** error);
gboolean kling_entry_take_back_call (KlingEntry * entry,
    KlingRecordState state, GError ** error);
gboolean kling_entry_refuse_call (KlingEntry * entry, GError ** error);
gboolean kling_entry_put_answer (KlingEntry * entry, GError ** error);

KlingResult *kling_entry_get_result (KlingEntry * entry);
void kling_entry_set_result (KlingEntry * entry, KlingResult * result);

G_END_DECLS

/* klinglipsync: how many tasks of an account are open at once
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "kling-store.h"

G_BEGIN_DECLS

/* How long a call counts of which nobody knows whether it made a task: longer
 * than nearly every task runs */
#define KLING_SLOT_DOUBT_TIME (30 * 60 * G_TIME_SPAN_SECOND)

/**
 * KlingSlotState:
 * @KLING_SLOT_FREE: no task of it is open
 * @KLING_SLOT_RUNNING: its task was open when that was last written down
 * @KLING_SLOT_DOUBT: its task may be open, which nobody can find out
 *
 * What a slot that nobody holds is good for.
 */
typedef enum
{
  KLING_SLOT_FREE,
  KLING_SLOT_RUNNING,
  KLING_SLOT_DOUBT,
} KlingSlotState;

/**
 * KlingSlot:
 *
 * The right to have one task open, in somebody's hands. One thread at a time.
 */
typedef struct _KlingSlot KlingSlot;

KlingSlot *kling_slot_try_hold (KlingStore * store, const gchar * account,
    guint number, gchar ** holder, GError ** error);
void kling_slot_release (KlingSlot * slot);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlingSlot, kling_slot_release)

KlingSlotState kling_slot_judge (KlingSlot * slot, KlingRecord ** record);
gboolean kling_slot_take_turn (KlingSlot * slot, gint64 interval);
gboolean kling_slot_fill (KlingSlot * slot, const KlingRecord * record,
    guint attempt, GError ** error);
gboolean kling_slot_clear (KlingSlot * slot, GError ** error);

gchar *kling_slots_dup_key (KlingStore * store, const gchar * account,
    guint number);

/* when the service has asked to wait */
gint64 kling_slots_get_wait (KlingStore * store, const gchar * account);
void kling_slots_put_wait (KlingStore * store, const gchar * account,
    gint64 span);

G_END_DECLS

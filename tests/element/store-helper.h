/* klinglipsync tests: runs that share a store, and what is in it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "element-helper.h"

#include "kling-store.h"

G_BEGIN_DECLS

/* The two minutes of looking for a task are 2.4 s then. */
#define STORE_SPEED 50
/* Seconds; what others do meanwhile takes moments. */
#define STORE_PATIENCE 30

/* The store of this test, which is made by the first run */
extern gchar *store_path;

/* What time, a kill or another program does to a record */
typedef void (*StoreChange) (KlingRecord * record);

void store_set_up (void);
void store_tear_down (void);
KlingTestRun *store_run_new (const gchar * base_url);
KlingTestRun *store_run_new_official (const gchar * base_url);
void store_play (KlingTestRun * run);
void store_check_played (KlingTestRun * run,
    const gchar * task_id, gboolean paid);
const gchar *store_get_location (KlingTestRun * run);
void store_play_to_end (KlingTestRun * run,
    const gchar * task_id, gboolean paid);
gchar *store_dup_error (KlingTestRun * run, gint code);
void store_check_error (KlingTestRun * run, gint code, const gchar * words);
void store_wait_text (KlingTestRun * run, const gchar * words);
guint store_count_calls (KlingTestService * service);
KlingStore *store_open (void);
guint store_count_records (KlingRecordKind kind);
KlingRecord *store_load_request (void);
void store_check_request (KlingRecordState state, const gchar * task_id);
void store_change_records (KlingRecordKind kind, StoreChange change);

G_END_DECLS

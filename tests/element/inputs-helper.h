/* klinglipsync tests: pipelines into the sink pads, and a sandbox behind them
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "element-helper.h"
#include "kling-testsandbox.h"

G_BEGIN_DECLS

void kling_test_inputs_setup (const gchar * clip);
void kling_test_inputs_teardown (void);
void kling_test_inputs_begin (void);

KlingTestSandbox *kling_test_inputs_get_sandbox (void);
guint kling_test_inputs_count_paid (void);
gchar *kling_test_inputs_path (const gchar * name);

void kling_test_inputs_make (const gchar * format, ...) G_GNUC_PRINTF (1, 2);
KlingTestRun *kling_test_inputs_new (const gchar * format, ...)
    G_GNUC_PRINTF (1, 2);
void kling_test_inputs_play (KlingTestRun * run, guint paid);

GstElement *kling_test_inputs_find (KlingTestRun * run, const gchar * name);
void kling_test_inputs_push (KlingTestRun * run, const gchar * name,
    GstBuffer * buffer);
void kling_test_inputs_end (KlingTestRun * run, const gchar * name);

JsonObject *kling_test_inputs_get_task (KlingTestRun * run);
GBytes *kling_test_inputs_get_speech (KlingTestRun * run);
GBytes *kling_test_inputs_get_video (KlingTestRun * run);

const gchar *kling_test_inputs_first_error (KlingTestRun * run);
gboolean kling_test_inputs_wait_text (KlingTestRun * run, const gchar * words);

/**
 * KlingTestSamples:
 * @rate: Hz
 * @n: how many
 * @data: 16-bit mono
 */
typedef struct
{
  gint rate;
  gsize n;
  gint16 *data;
} KlingTestSamples;

void kling_test_samples_clear (KlingTestSamples * samples);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (KlingTestSamples, kling_test_samples_clear)

KlingTestSamples kling_test_samples_read (GBytes * wav);
gdouble kling_test_samples_chirp (gdouble seconds);
gdouble kling_test_samples_find_lag (const KlingTestSamples * samples,
    gdouble most);

G_END_DECLS

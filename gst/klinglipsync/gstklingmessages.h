/* klinglipsync: what the element says, on the bus and in the debug log
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gst/gst.h>
#include "kling-error.h"
#include "kling-job.h"
#include "kling-log.h"

G_BEGIN_DECLS

void gst_kling_post_progress (GstElement * element, GstProgressType type,
    gint percent, const gchar * text);
void gst_kling_post_task (GstElement * element, const KlingEvent * event);
GstStructure *gst_kling_make_faces (const KlingEvent * event,
    gboolean with_queries);
void gst_kling_post_faces (GstElement * element, const KlingEvent * event);
void gst_kling_post_result (GstElement * element, const KlingResult * result);
void gst_kling_post_plan (GstElement * element, const KlingPlan * plan);
void gst_kling_post_error (GstElement * element, const GError * error,
    const KlingDetails * details);

void gst_kling_log_line (KlingLogLevel level, const gchar * file,
    const gchar * function, gint line, const gchar * format, va_list args);

G_END_DECLS

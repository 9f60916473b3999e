/* klinglipsync: what the element says on the bus
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gst/gst.h>
#include "kling-error.h"
#include "kling-job.h"

G_BEGIN_DECLS

void gst_kling_post_progress (GstElement * element, GstProgressType type,
    gint percent, const gchar * text);
void gst_kling_post_task (GstElement * element, const KlingEvent * event);
void gst_kling_post_result (GstElement * element, const KlingResult * result);
void gst_kling_post_error (GstElement * element, const GError * error,
    const KlingDetails * details);

G_END_DECLS

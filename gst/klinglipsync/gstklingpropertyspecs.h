/* klinglipsync: the properties that are about the video
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "gstklingproperties.h"

G_BEGIN_DECLS

#define GST_KLING_DEFAULT_FACTOR 1.0
#define GST_KLING_DEFAULT_POLL_INTERVAL (5 * GST_SECOND)
#define GST_KLING_DEFAULT_TASK_TIMEOUT (60 * 60 * GST_SECOND)
#define GST_KLING_DEFAULT_STORE_LIMIT (G_GUINT64_CONSTANT (10) << 30)

/* Read when a job starts: may be changed in NULL and READY. */
#define FLAGS_READ_WRITE \
  (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY)
#define FLAGS_WRITE_ONLY \
  (G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY)
#define FLAGS_READ_ONLY (G_PARAM_READABLE | G_PARAM_STATIC_STRINGS)

void gst_kling_install_media_properties (GParamSpec ** pspecs);

G_END_DECLS

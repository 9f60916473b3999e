/* klinglipsync: making room among the finished videos
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "kling-store.h"

G_BEGIN_DECLS

void kling_store_evict (KlingStore * store, guint64 limit, gint64 max_age);

G_END_DECLS

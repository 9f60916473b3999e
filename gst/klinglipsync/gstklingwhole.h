/* klinglipsync: a whole file that comes in buffers
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gst/gst.h>
#include "kling-media.h"

G_BEGIN_DECLS

/**
 * GstKlingWhole:
 *
 * The bytes of a file, each at its position.
 */
typedef struct _GstKlingWhole GstKlingWhole;

GstKlingWhole *gst_kling_whole_new (KlingMediaKind kind);
void gst_kling_whole_free (GstKlingWhole * whole);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstKlingWhole, gst_kling_whole_free)

void gst_kling_whole_set_segment (GstKlingWhole * whole,
    const GstSegment * segment);
gboolean gst_kling_whole_add (GstKlingWhole * whole, GstBuffer * buffer,
    GError ** error);

gboolean gst_kling_whole_is_empty (const GstKlingWhole * whole);
KlingMedia *gst_kling_whole_finish (GstKlingWhole * whole, GError ** error);

G_END_DECLS

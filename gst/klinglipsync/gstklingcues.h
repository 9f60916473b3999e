/* klinglipsync: text that comes in cues
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/**
 * GstKlingCues:
 *
 * The cues of a stream of text, joined to one line.
 */
typedef struct _GstKlingCues GstKlingCues;

GstKlingCues *gst_kling_cues_new (void);
void gst_kling_cues_free (GstKlingCues * cues);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstKlingCues, gst_kling_cues_free)

gboolean gst_kling_cues_set_caps (GstKlingCues * cues, GstCaps * caps,
    GError ** error);
gboolean gst_kling_cues_add (GstKlingCues * cues, GstBuffer * buffer,
    GError ** error);

gboolean gst_kling_cues_is_empty (const GstKlingCues * cues);
gchar *gst_kling_cues_finish (GstKlingCues * cues);

G_END_DECLS

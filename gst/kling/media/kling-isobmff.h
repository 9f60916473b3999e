/* klinglipsync: is it MP4 or MOV, how long, which tracks
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * KlingIsobmffRead:
 * @offset: where to read
 * @data: (out): where to put it
 * @size: how many bytes
 *
 * Reads exactly @size bytes. Returns: %FALSE when that is not possible
 */
typedef gboolean (*KlingIsobmffRead) (goffset offset, guint8 * data,
    gsize size, gpointer user_data);

/**
 * KlingIsobmff:
 * @brand: major brand, four characters and a NUL
 * @duration: microseconds, -1 when the file does not say it
 * @n_video: video tracks
 * @n_audio: audio tracks
 * @width: of the first video track, in pixels; 0 when there is none
 * @height: likewise
 */
typedef struct
{
  gchar brand[5];
  gint64 duration;
  guint n_video;
  guint n_audio;
  guint width;
  guint height;
} KlingIsobmff;

gboolean kling_isobmff_read (KlingIsobmff * info, goffset file_size,
    KlingIsobmffRead read, gpointer user_data, GError ** error);

G_END_DECLS

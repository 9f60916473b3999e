/* klinglipsync: a whole file that comes in buffers
 *
 * Muxers come back to their header at the end: a BYTES segment says where the
 * next bytes go. What has no position is appended.
 *
 * Under the lock of the collect that owns it; finishing needs none.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "gstklingwhole.h"

#include "kling-error.h"

struct _GstKlingWhole
{
  KlingMediaKind kind;
  KlingSpool *bytes;
  guint64 position;             /* where the next byte goes */
};

/**
 * gst_kling_whole_new:
 * @kind: what the file is for
 *
 * Returns: (transfer full): an empty one
 */
GstKlingWhole *
gst_kling_whole_new (KlingMediaKind kind)
{
  GstKlingWhole *whole = g_new0 (GstKlingWhole, 1);

  whole->kind = kind;
  whole->bytes = kling_spool_new (kind == KLING_MEDIA_VIDEO ? "video"
      : "audio");
  return whole;
}

/**
 * gst_kling_whole_free:
 * @whole: (transfer full): a file
 */
void
gst_kling_whole_free (GstKlingWhole * whole)
{
  kling_spool_unref (whole->bytes);
  g_free (whole);
}

/**
 * gst_kling_whole_is_empty:
 * @whole: a file
 *
 * Returns: whether there is not one byte
 */
gboolean
gst_kling_whole_is_empty (const GstKlingWhole * whole)
{
  return kling_spool_get_size (whole->bytes) == 0;
}

/**
 * gst_kling_whole_set_segment:
 * @whole: a file
 * @segment: in BYTES its start is where the next bytes go; in any other format
 *   they are appended
 */
void
gst_kling_whole_set_segment (GstKlingWhole * whole, const GstSegment * segment)
{
  whole->position = segment->format == GST_FORMAT_BYTES
      ? segment->start : (guint64) kling_spool_get_size (whole->bytes);
}

static void
set_size_error (const GstKlingWhole * whole, GError ** error)
{
  if (whole->kind == KLING_MEDIA_AUDIO)
    g_set_error (error, KLING_ERROR, KLING_ERROR_INPUT,
        "The audio file has more than %" G_GINT64_FORMAT " bytes, which no"
        " service takes. Put decodebin in front of the audio pad: raw audio is"
        " brought to a size that fits.", KLING_AUDIO_BYTES_MAX);
  else
    g_set_error (error, KLING_ERROR, KLING_ERROR_INPUT,
        "The video file has more than %" G_GINT64_FORMAT " MiB, which no"
        " service takes. Cut it, or encode it at a lower bitrate.",
        KLING_VIDEO_BYTES_MAX >> 20);
}

static gboolean
check_room (const GstKlingWhole * whole, gsize size, GError ** error)
{
  guint64 most = whole->kind == KLING_MEDIA_AUDIO
      ? KLING_AUDIO_BYTES_MAX : KLING_VIDEO_BYTES_MAX;

  if (whole->position <= most && size <= most - whole->position)
    return TRUE;
  set_size_error (whole, error);
  return FALSE;
}

/**
 * gst_kling_whole_add:
 * @whole: a file
 * @buffer: (transfer none): its next bytes
 * @error: return location
 *
 * Returns: %FALSE with %KLING_ERROR_INPUT when the file becomes too large,
 *   %KLING_ERROR_LOCAL when the disk does not take it
 */
gboolean
gst_kling_whole_add (GstKlingWhole * whole, GstBuffer * buffer, GError ** error)
{
  GstMapInfo map;
  gboolean written;

  if (!check_room (whole, gst_buffer_get_size (buffer), error))
    return FALSE;
  if (!gst_buffer_map (buffer, &map, GST_MAP_READ)) {
    g_set_error (error, KLING_ERROR, KLING_ERROR_LOCAL,
        "A buffer of the file cannot be read from memory.");
    return FALSE;
  }
  written = kling_spool_write_at (whole->bytes, (goffset) whole->position,
      map.data, map.size, error);
  whole->position += map.size;
  gst_buffer_unmap (buffer, &map);
  return written;
}

/**
 * gst_kling_whole_finish:
 * @whole: a file that has all its bytes
 * @error: return location
 *
 * Returns: (transfer full) (nullable): the file, looked at
 */
KlingMedia *
gst_kling_whole_finish (GstKlingWhole * whole, GError ** error)
{
  if (!kling_spool_finish (whole->bytes, error))
    return NULL;
  return kling_media_new (whole->kind, whole->bytes, NULL, error);
}

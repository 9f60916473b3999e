/* klinglipsync: the faces that were found in the source video
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* More faces than this are not read from an answer. */
#define KLING_FACES_MAX 64

/**
 * KlingFace:
 * @id: the service's id of the face
 * @image_url: (nullable): where a picture of it is; not judged
 * @start: milliseconds into the video from which on it is visible; -1 when the
 *   service did not say it
 * @end: likewise, until when
 * @x: left edge of its rectangle in the picture, in pixels
 * @y: top edge
 * @width: 0 when the service gave no rectangle
 * @height: likewise
 *
 * A face in the source video.
 */
typedef struct
{
  gchar *id;
  gchar *image_url;
  gint64 start;
  gint64 end;
  gint x;
  gint y;
  gint width;
  gint height;
} KlingFace;

KlingFace *kling_face_copy (const KlingFace * face);
void kling_face_free (KlingFace * face);
GPtrArray *kling_faces_new (void);
GPtrArray *kling_faces_copy (GPtrArray * faces);
const KlingFace *kling_faces_find (GPtrArray * faces, const gchar * id);
const KlingFace *kling_faces_get_longest (GPtrArray * faces);

G_END_DECLS

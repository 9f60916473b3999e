/* klinglipsync: a local file that is to be sent
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "kling-limits.h"
#include "kling-spool.h"

G_BEGIN_DECLS

/**
 * KlingMediaKind:
 * @KLING_MEDIA_AUDIO: what is said
 * @KLING_MEDIA_VIDEO: who speaks
 */
typedef enum
{
  KLING_MEDIA_AUDIO,
  KLING_MEDIA_VIDEO,
} KlingMediaKind;

/**
 * KlingMedia:
 * @kind: what it is for
 * @spool: (nullable): its bytes; %NULL as long as it is still to come
 * @digest: (nullable): SHA-256 of what it says, 64 lower-case hex digits: of the
 *   bytes, or of the samples they were made from
 * @extension: (nullable): "wav", "mp3", "aac", "m4a", "mp4" or "mov"; static
 * @content_type: (nullable): its media type; static
 * @duration: microseconds, -1 when the file does not say it
 * @width: of the picture, in pixels; 0 without one
 * @height: likewise
 * @silent: nothing can be heard; only known of uncompressed audio
 *
 * A file from one of the sink pads, whole and looked at. Immutable; refcounted.
 */
typedef struct
{
  /*< private > */
  gatomicrefcount refs;

  /*< public > */
  KlingMediaKind kind;
  KlingSpool *spool;
  gchar *digest;
  const gchar *extension;
  const gchar *content_type;
  gint64 duration;
  guint width;
  guint height;
  gboolean silent;
} KlingMedia;

KlingMedia *kling_media_new_awaited (KlingMediaKind kind);
KlingMedia *kling_media_new (KlingMediaKind kind, KlingSpool * spool,
    const gchar * digest, GError ** error);
KlingMedia *kling_media_ref (KlingMedia * media);
void kling_media_unref (KlingMedia * media);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlingMedia, kling_media_unref)

gboolean kling_media_check (const KlingMedia * media,
    const KlingLimits * limits, GPtrArray * warnings, GError ** error);

G_END_DECLS

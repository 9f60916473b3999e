/* klinglipsync: stands in for kling-media.c until that is there
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-media.h"

KlingMedia *
kling_media_new (KlingMediaKind kind, KlingSpool * spool,
    const gchar * digest, GError ** error)
{
  KlingMedia *media = g_new0 (KlingMedia, 1);

  g_atomic_ref_count_init (&media->refs);
  media->kind = kind;
  media->spool = kling_spool_ref (spool);
  media->digest = g_strdup (digest ? digest : kling_spool_get_sha256 (spool));
  return media;
}

void
kling_media_unref (KlingMedia * media)
{
  if (!g_atomic_ref_count_dec (&media->refs))
    return;
  kling_spool_unref (media->spool);
  g_free (media->digest);
  g_free (media);
}

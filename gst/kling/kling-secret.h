/* klinglipsync: strings that are wiped
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * KlingSecret:
 *
 * A key, immutable and refcounted; its bytes are overwritten with the last
 * reference. It is never printed, compared in logs or measured.
 */
typedef struct _KlingSecret KlingSecret;

KlingSecret *kling_secret_new (const gchar * text);
KlingSecret *kling_secret_ref (KlingSecret * secret);
void kling_secret_unref (KlingSecret * secret);
const gchar *kling_secret_peek (const KlingSecret * secret);

void kling_secret_wipe_string (gchar * text);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlingSecret, kling_secret_unref)

G_END_DECLS

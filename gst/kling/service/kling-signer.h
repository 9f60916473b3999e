/* klinglipsync: what a call is signed with
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "kling-answer.h"
#include "kling-credentials.h"

G_BEGIN_DECLS

/**
 * KlingSigner:
 *
 * Makes the Authorization of each call, and knows by how much the service's
 * clock differs from ours once that has mattered. Used by one thread.
 */
typedef struct _KlingSigner KlingSigner;

KlingSigner *kling_signer_new (KlingCredentials * credentials);
void kling_signer_free (KlingSigner * signer);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlingSigner, kling_signer_free)

gboolean kling_signer_makes_tokens (const KlingSigner * signer);
gchar *kling_signer_authorize (KlingSigner * signer);
gboolean kling_signer_set_clock (KlingSigner * signer,
    const KlingAnswer * answer, gint64 date);
void kling_signer_cut_out (const KlingSigner * signer, gchar ** text);

G_END_DECLS

/* klinglipsync: strings that are wiped
 *
 * Immutable after creation, so any thread may hold a reference.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-secret.h"

#include <string.h>

struct _KlingSecret
{
  gatomicrefcount refs;
  gchar *text;
};

/**
 * kling_secret_new:
 * @text: a key
 *
 * Returns: (transfer full): a copy of @text that is wiped when it goes
 */
KlingSecret *
kling_secret_new (const gchar * text)
{
  KlingSecret *secret = g_new0 (KlingSecret, 1);

  g_atomic_ref_count_init (&secret->refs);
  secret->text = g_strdup (text);
  return secret;
}

/**
 * kling_secret_ref:
 * @secret: a key
 *
 * Returns: (transfer full): @secret
 */
KlingSecret *
kling_secret_ref (KlingSecret * secret)
{
  g_atomic_ref_count_inc (&secret->refs);
  return secret;
}

/**
 * kling_secret_unref:
 * @secret: (transfer full): a key
 */
void
kling_secret_unref (KlingSecret * secret)
{
  if (!g_atomic_ref_count_dec (&secret->refs))
    return;
  kling_secret_wipe_string (secret->text);
  g_free (secret);
}

/**
 * kling_secret_peek:
 * @secret: a key
 *
 * Returns: (transfer none): its text, for the one place that sends it
 */
const gchar *
kling_secret_peek (const KlingSecret * secret)
{
  return secret->text;
}

/**
 * kling_secret_wipe_string:
 * @text: (nullable) (transfer full): a string that held a secret
 *
 * Overwrites @text in a way that the compiler may not leave out, and frees it.
 */
void
kling_secret_wipe_string (gchar * text)
{
  if (text == NULL)
    return;
  explicit_bzero (text, strlen (text));
  g_free (text);
}

/* klinglipsync: what a call is signed with
 *
 * Runs on the job's thread. An API key is sent as it is. Of an access key and a
 * secret key a token is made, anew for each call, because a task outlives the
 * half hour for which a token is good. A token that the service does not take
 * because of its time is no reason to give up: our clock may be wrong, and the
 * answer says what the service's is.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-signer.h"

#include <string.h>
#include "kling-clock.h"
#include "kling-jwt.h"
#include "kling-log.h"

/* No clock that TLS works with is farther off. A token that is good at another
 * time is worth something to a thief, so we do not believe any date. */
#define MAX_OFFSET (24 * 60 * 60)

/* So much of the beginning of a secret is worth hiding */
#define LEAST_BEGINNING 4
#define DOTS "..."

struct _KlingSigner
{
  KlingCredentials *credentials;
  gchar *token;                 /* the latest one, to be cut out of its answer */
  gint64 offset;                /* seconds by which the service is ahead */
};

/**
 * kling_signer_new:
 * @credentials: (nullable): who pays; %NULL sends no Authorization
 *
 * Returns: (transfer full): a signer
 */
KlingSigner *
kling_signer_new (KlingCredentials * credentials)
{
  KlingSigner *signer = g_new0 (KlingSigner, 1);

  signer->credentials = credentials ? kling_credentials_ref (credentials)
      : kling_credentials_new (NULL, NULL, NULL);
  return signer;
}

/**
 * kling_signer_free:
 * @signer: (transfer full): a signer
 */
void
kling_signer_free (KlingSigner * signer)
{
  kling_credentials_unref (signer->credentials);
  kling_secret_wipe_string (signer->token);
  g_free (signer);
}

/**
 * kling_signer_makes_tokens:
 * @signer: a signer
 *
 * Returns: whether it has an access key and a secret key
 */
gboolean
kling_signer_makes_tokens (const KlingSigner * signer)
{
  return signer->credentials->access_key != NULL
      && signer->credentials->secret_key != NULL;
}

/**
 * kling_signer_authorize:
 * @signer: a signer
 *
 * To be called before each call; a token is made for now.
 *
 * Returns: (transfer full) (nullable): value of the header Authorization, for
 *   kling_secret_wipe_string()
 */
gchar *
kling_signer_authorize (KlingSigner * signer)
{
  const KlingCredentials *credentials = signer->credentials;

  if (kling_signer_makes_tokens (signer)) {
    kling_secret_wipe_string (signer->token);
    signer->token = kling_jwt_sign (kling_secret_peek (credentials->access_key),
        kling_secret_peek (credentials->secret_key),
        kling_clock_wall_seconds () + signer->offset);
    return g_strconcat ("Bearer ", signer->token, NULL);
  }
  if (credentials->api_key == NULL)
    return NULL;
  return g_strconcat ("Bearer ", kling_secret_peek (credentials->api_key),
      NULL);
}

/* Whether @answer refuses a token because of its time, and nothing else has come
 * of the call: an answer with an id is never asked for a second time. */
static gboolean
is_about_time (const KlingAnswer * answer)
{
  return answer->status == 401
      && kling_answer_get_trouble (answer) == KLING_TROUBLE_CLOCK
      && answer->task_id == NULL && answer->session_id == NULL
      && answer->audio_id == NULL;
}

/**
 * kling_signer_set_clock:
 * @signer: a signer
 * @answer: what the service said to a call that was signed with the latest
 *   Authorization
 * @date: when it said so, by its own clock, in seconds since 1970; 0 when it did
 *   not tell
 *
 * Should @answer be about the time of the token, @date is what the next ones are
 * made with. A date that is more than a day off is not believed.
 *
 * Returns: whether the call may be signed and sent once more
 */
gboolean
kling_signer_set_clock (KlingSigner * signer, const KlingAnswer * answer,
    gint64 date)
{
  gint64 offset = date - kling_clock_wall_seconds ();

  if (!kling_signer_makes_tokens (signer) || !is_about_time (answer))
    return FALSE;
  if (date != 0 && ABS (offset) <= MAX_OFFSET)
    signer->offset = offset;
  KLING_WARNING ("the service takes our token for one of another time (code"
      " %s); it is signed again, with a clock %" G_GINT64_FORMAT " s ahead of"
      " ours", answer->code, signer->offset);
  return TRUE;
}

/* --- what nobody is to see --- */

/* A text that was too long may end in the beginning of a secret. */
static void
cut_off_beginning (gchar ** text, const gchar * secret)
{
  gsize end, n;

  if (!g_str_has_suffix (*text, DOTS))
    return;
  end = strlen (*text) - strlen (DOTS);
  n = MIN (end, strlen (secret));
  while (n >= LEAST_BEGINNING && strncmp (*text + end - n, secret, n) != 0)
    n--;
  if (n >= LEAST_BEGINNING) {
    gchar *cut = g_strdup_printf ("%.*s***" DOTS, (gint) (end - n), *text);

    g_free (*text);
    *text = cut;
  }
}

static void
cut_out (gchar ** text, const gchar * secret)
{
  g_auto (GStrv) parts = NULL;

  if (*secret == '\0')
    return;
  if (strstr (*text, secret) != NULL) {
    parts = g_strsplit (*text, secret, -1);
    g_free (*text);
    *text = g_strjoinv ("***", parts);
  }
  cut_off_beginning (text, secret);
}

/* The token, then its parts: the claims hold the access key, the signature
 * makes them worth something. */
static void
cut_out_token (gchar ** text, const gchar * token)
{
  g_auto (GStrv) parts = g_strsplit (token, ".", 3);

  cut_out (text, token);
  cut_out (text, parts[1]);
  cut_out (text, parts[2]);
}

/**
 * kling_signer_cut_out:
 * @signer: a signer
 * @text: (inout) (nullable): what the service says
 *
 * Replaces each secret in @text, and what is left of one at its end when it was
 * too long: a gateway may complain about "the invalid key sk-...".
 */
void
kling_signer_cut_out (const KlingSigner * signer, gchar ** text)
{
  const KlingSecret *secrets[] = { signer->credentials->secret_key,
    signer->credentials->api_key, signer->credentials->access_key
  };

  if (*text == NULL)
    return;
  if (signer->token != NULL)
    cut_out_token (text, signer->token);
  for (guint i = 0; i < G_N_ELEMENTS (secrets); i++) {
    if (secrets[i] != NULL)
      cut_out (text, kling_secret_peek (secrets[i]));
  }
}

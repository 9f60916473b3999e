/* klinglipsync: what to say about what a service complains about
 *
 * One table, for any thread. Each advice is one of: wait, fix your input, fix
 * your account or key, fix your settings, or: it is the service's own trouble.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-advice.h"

#include "kling-ending.h"

/* Of the same trouble that comes first which needs more. */
static const KlingAdvice advices[] = {
  {KLING_TROUBLE_KEY, KLING_ADVICE_TOKEN,
        "does not accept the access key or its token",
      "Check that the access key and the secret key (in KLING_ACCESS_KEY and"
        " KLING_SECRET_KEY, the properties access-key and secret-key or the"
        " credentials-file) are of this service and still valid, and that this"
        " machine's clock is right. An API key (api-key) is good for all calls."},
  {KLING_TROUBLE_KEY, 0, "does not accept the key",
      "Check that the key (in KLING_API_KEY, the property api-key or the"
        " credentials-file) is one of this service and still valid."},
  {KLING_TROUBLE_CLOCK, KLING_ADVICE_TOKEN,
        "does not accept the time in the token",
      "Check that this machine's clock is right. If it is, set an API key"
        " (api-key) instead of the access key, or ask the service's support."},
  {KLING_TROUBLE_CLOCK, 0, "does not accept the time in the key",
      "The key (in KLING_API_KEY, the property api-key or the credentials-file)"
        " may have expired. If it is a token that was made of an access key, set"
        " access-key and secret-key instead: a token is good for a short time"
        " only. Check this machine's clock, too."},
  {KLING_TROUBLE_ACCOUNT, 0, "refuses because of the account",
      "Look into the service's console: balance, quota, permissions and"
        " allowed addresses."},
  {KLING_TROUBLE_INPUT, 0, "refuses what was asked",
      "Change what it complains about; asking the same again will not help."},
  {KLING_TROUBLE_SIZE, KLING_ADVICE_AUDIO, "refuses a call of this size",
      "The audio went within the call. Set the property upload to a place where"
        " the service can read it instead, or make the audio shorter."},
  {KLING_TROUBLE_SIZE, 0, "refuses a call of this size",
      "Make what is said shorter; asking the same again will not help."},
  {KLING_TROUBLE_POLICY, 0, "refuses the content",
      "Change the text, the audio or the video; asking the same again will"
        " not help."},
  {KLING_TROUBLE_CALL, 0, "does not know this call",
      "Check the properties base-url and dialect."},
  {KLING_TROUBLE_ELSEWHERE, 0, "wants the call at another address",
      "A call with a key is not sent on: set base-url to the address where the"
        " service itself is."},
  {KLING_TROUBLE_BUSY, 0, "asks to wait, because too much is going on",
      "Try again later, or with fewer tasks at the same time."},
  {KLING_TROUBLE_LIMIT, 0, "takes no more calls for now",
      "Try again later, or with fewer tasks at the same time; if it stays so,"
        " look into the service's console: balance and quota."},
  {KLING_TROUBLE_MODEL, 0, "has nobody at present who makes such videos",
      "Asking again soon will not help: ask the service's support whether your"
        " account can have lip-sync, or use another service."},
  {KLING_TROUBLE_TASK, 0, "does not know the task",
      "Check base-url and key: only the account that made a task can ask for it,"
        " and services forget tasks after some weeks."},
  {KLING_TROUBLE_FAILED, 0, "gave up the task",
      "Change what it complains about, or try again."},
  {KLING_TROUBLE_NONSENSE, 0, "gives an answer that we do not understand",
      "Check the properties base-url and dialect; if they are right, ask the"
        " service's support."},
  {KLING_TROUBLE_SERVICE, 0, "is in trouble",
      "Try again later; if it stays so, ask the service's support."},
};

/**
 * kling_advice_find:
 * @trouble: what the service complains about
 * @flags: how the call was
 *
 * Returns: (transfer none): what to say
 */
const KlingAdvice *
kling_advice_find (KlingTrouble trouble, KlingAdviceFlags flags)
{
  for (guint i = 0; i < G_N_ELEMENTS (advices); i++) {
    if (advices[i].trouble == trouble && (advices[i].flags & ~flags) == 0)
      return &advices[i];
  }
  g_return_val_if_reached (&advices[G_N_ELEMENTS (advices) - 1]);
}

/**
 * kling_answer_describe:
 * @answer: an answer
 *
 * Returns: (transfer full): status, code and request id, for a sentence
 */
gchar *
kling_answer_describe (const KlingAnswer * answer)
{
  GString *text = g_string_new (NULL);

  g_string_printf (text, "HTTP %u", answer->status);
  if (answer->code && kling_code_rank (answer->code) != KLING_CODE_SUCCESS)
    g_string_append_printf (text, ", code %s", answer->code);
  if (answer->request_id != NULL)
    g_string_append_printf (text, ", request id %s", answer->request_id);
  return g_string_free (text, FALSE);
}

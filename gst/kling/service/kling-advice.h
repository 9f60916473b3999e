/* klinglipsync: what to say about what a service complains about
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "kling-answer.h"

G_BEGIN_DECLS

/**
 * KlingAdviceFlags:
 * @KLING_ADVICE_TOKEN: the call was signed with an access key and a secret key
 * @KLING_ADVICE_AUDIO: audio went within the call
 *
 * What the advice depends on, beside the trouble.
 */
typedef enum
{
  KLING_ADVICE_TOKEN = 1 << 0,
  KLING_ADVICE_AUDIO = 1 << 1,
} KlingAdviceFlags;

/**
 * KlingAdvice:
 * @happened: what the service does: goes after "The service at HOST"
 * @advice: what to do about it, whole sentences
 */
typedef struct
{
  KlingTrouble trouble;
  KlingAdviceFlags flags;
  const gchar *happened;
  const gchar *advice;
} KlingAdvice;

const KlingAdvice *kling_advice_find (KlingTrouble trouble,
    KlingAdviceFlags flags);
gchar *kling_answer_describe (const KlingAnswer * answer);

G_END_DECLS

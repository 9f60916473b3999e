/* klinglipsync: what the codes of the services mean
 *
 * Pure functions and one table, for any thread: what an answer complains about,
 * and how a paid call ended. Nothing else judges an answer by its code or its
 * status. The codes are those of Kling's error table and of the gateways in front
 * of it. The HTTP status says little: 429 stands for seven codes of which two are
 * worth waiting for.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "kling-ending.h"

#include <string.h>
#include "kling-answer.h"

typedef struct
{
  const gchar *code;
  gint rank;
  KlingTrouble trouble;
  KlingEnding ending;           /* of a paid call that got no id */
} Code;

#define KLING(code, trouble, ending) \
  { code, KLING_CODE_KLING, KLING_TROUBLE_ ## trouble, KLING_ENDING_ ## ending }
#define GATEWAY(code, trouble) \
  { code, KLING_CODE_GATEWAY, KLING_TROUBLE_ ## trouble, KLING_ENDING_UNKNOWN }

static const Code codes[] = {
  KLING ("1000", KEY, REFUSED), /* authentication failed */
  KLING ("1001", KEY, REFUSED), /* no Authorization */
  KLING ("1002", KEY, REFUSED), /* Authorization invalid */
  KLING ("1003", CLOCK, REFUSED),       /* token not yet valid */
  KLING ("1004", CLOCK, REFUSED),       /* token expired */
  KLING ("1100", ACCOUNT, REFUSED),     /* account exception */
  KLING ("1101", ACCOUNT, REFUSED),     /* account in arrears */
  KLING ("1102", ACCOUNT, REFUSED),     /* resource pack used up */
  KLING ("1103", ACCOUNT, REFUSED),     /* no permission for this */
  KLING ("1200", INPUT, REFUSED),       /* invalid parameters */
  KLING ("1201", INPUT, REFUSED),       /* invalid key or value */
  KLING ("1202", CALL, REFUSED),        /* invalid method */
  KLING ("1203", INPUT, REFUSED),       /* no such resource */
  KLING ("1300", POLICY, REFUSED),      /* platform policy */
  KLING ("1301", POLICY, REFUSED),      /* content security */
  KLING ("1302", BUSY, BUSY),   /* too many requests */
  KLING ("1303", BUSY, BUSY),   /* concurrency over the pack's limit */
  KLING ("1304", ACCOUNT, REFUSED),     /* IP not on the allow list */
  KLING ("5000", SERVICE, UNKNOWN),     /* server error */
  KLING ("5001", SERVICE, UNKNOWN),     /* maintenance */
  KLING ("5002", SERVICE, UNKNOWN),     /* server timeout */

  /* The text beside these may lie ("saturated, retry later"); the code is
   * right. */
  GATEWAY ("quota_not_enough", ACCOUNT),
  GATEWAY ("insufficient_user_quota", ACCOUNT),
  GATEWAY ("insufficient_quota", ACCOUNT),
  GATEWAY ("invalid_api_key", KEY),
  GATEWAY ("model_not_found", MODEL),
  GATEWAY ("task_not_exist", TASK),
  GATEWAY ("do_request_failed", SERVICE),
  GATEWAY ("get_task_failed", SERVICE),
};

/* For answers whose code says nothing to us. */
static const struct
{
  guint status;
  KlingTrouble trouble;
} statuses[] = {
  {400, KLING_TROUBLE_INPUT},
  {401, KLING_TROUBLE_KEY},
  {402, KLING_TROUBLE_ACCOUNT},
  {403, KLING_TROUBLE_ACCOUNT},
  {404, KLING_TROUBLE_CALL},
  {405, KLING_TROUBLE_CALL},
  {409, KLING_TROUBLE_INPUT},
  {411, KLING_TROUBLE_INPUT},
  {413, KLING_TROUBLE_SIZE},
  {414, KLING_TROUBLE_INPUT},
  {415, KLING_TROUBLE_INPUT},
  {422, KLING_TROUBLE_INPUT},
  {429, KLING_TROUBLE_LIMIT},
  {451, KLING_TROUBLE_POLICY},
};

static const gchar *const success_codes[] = { "", "0", "200", "success" };

static const Code *
find_code (const gchar * code)
{
  guint i;

  for (i = 0; code != NULL && i < G_N_ELEMENTS (codes); i++) {
    if (strcmp (codes[i].code, code) == 0)
      return &codes[i];
  }
  return NULL;
}

/**
 * kling_code_rank:
 * @code: a code as text
 *
 * Returns: how much @code says
 */
gint
kling_code_rank (const gchar * code)
{
  const Code *known = find_code (code);
  guint i;

  if (known != NULL)
    return known->rank;
  for (i = 0; i < G_N_ELEMENTS (success_codes); i++) {
    if (g_ascii_strcasecmp (code, success_codes[i]) == 0)
      return KLING_CODE_SUCCESS;
  }
  return KLING_CODE_STRANGE;
}

/**
 * kling_answer_tells_state:
 * @answer: the answer to a query
 *
 * An answer has a word about a task when the call went well, or when it names
 * the task beside its complaint. `status` may be about the call otherwise.
 *
 * Returns: whether the state in @answer is that of the task
 */
gboolean
kling_answer_tells_state (const KlingAnswer * answer)
{
  return answer->status / 100 == 2 && answer->task_word != NULL
      && (answer->succeeded || answer->task_id != NULL);
}

/**
 * kling_answer_lacks_task:
 * @answer: the answer to a query
 *
 * Returns: whether it says that there is no such task, or no such path
 */
gboolean
kling_answer_lacks_task (const KlingAnswer * answer)
{
  return answer->status == 404
      || g_strcmp0 (answer->code, "task_not_exist") == 0;
}

/**
 * kling_answer_may_be_duplicate:
 * @answer: the answer to a create call that was refused
 *
 * There is no code for an external id that is in use already, only that for a
 * value that is wrong.
 *
 * Returns: whether it may say that there is a task with our own id
 */
gboolean
kling_answer_may_be_duplicate (const KlingAnswer * answer)
{
  return g_strcmp0 (answer->code, "1201") == 0;
}

/* How a paid call ended, by the status alone. */
static KlingEnding
ending_of_status (const KlingAnswer * answer)
{
  switch (answer->status) {
    case 303:                  /* "look there for what became of it" */
    case 408:
      return KLING_ENDING_UNKNOWN;
    case 429:
      return answer->is_empty ? KLING_ENDING_BUSY : KLING_ENDING_REFUSED;
    case 503:                  /* the gateway has nobody to pass it on to */
      return g_strcmp0 (answer->code, "model_not_found") == 0
          ? KLING_ENDING_REFUSED : KLING_ENDING_UNKNOWN;
    default:
      return answer->status / 100 == 3 || answer->status / 100 == 4
          ? KLING_ENDING_REFUSED : KLING_ENDING_UNKNOWN;
  }
}

/**
 * kling_answer_get_ending:
 * @answer: the answer to a paid call
 * @id: (nullable): the id the call was made for: of the session or of the task
 *
 * An id is an id, whatever else the answer says. Without one, a code of Kling
 * decides before the status of whoever passed it on, but no code turns a
 * status of trouble into a refusal: what was sent through may have arrived.
 *
 * Returns: how the call ended
 */
KlingEnding
kling_answer_get_ending (const KlingAnswer * answer, const gchar * id)
{
  const Code *known = find_code (answer->code);

  if (id != NULL)
    return KLING_ENDING_CREATED;
  if (known == NULL || known->rank != KLING_CODE_KLING)
    return ending_of_status (answer);
  if (known->ending != KLING_ENDING_REFUSED)
    return known->ending;
  return answer->status / 100 == 2 ? KLING_ENDING_REFUSED
      : ending_of_status (answer);
}

static KlingTrouble
trouble_of_status (guint status)
{
  for (guint i = 0; i < G_N_ELEMENTS (statuses); i++) {
    if (statuses[i].status == status)
      return statuses[i].trouble;
  }
  switch (status / 100) {
    case 2:
      return KLING_TROUBLE_NONSENSE;
    case 3:
      return KLING_TROUBLE_ELSEWHERE;
    default:
      return KLING_TROUBLE_SERVICE;
  }
}

/**
 * kling_answer_get_trouble:
 * @answer: an answer that is no success
 *
 * Returns: what it complains about
 */
KlingTrouble
kling_answer_get_trouble (const KlingAnswer * answer)
{
  const Code *known = find_code (answer->code);

  if (kling_answer_get_ending (answer, NULL) == KLING_ENDING_BUSY)
    return KLING_TROUBLE_BUSY;
  if (known != NULL)
    return known->trouble;
  if (kling_answer_tells_state (answer)
      && answer->task_state == KLING_TASK_FAILED)
    return KLING_TROUBLE_FAILED;
  return trouble_of_status (answer->status);
}

/**
 * kling_trouble_get_error_code:
 * @trouble: what an answer complains about
 *
 * Returns: what a person can do about it
 */
KlingError
kling_trouble_get_error_code (KlingTrouble trouble)
{
  switch (trouble) {
    case KLING_TROUBLE_KEY:
    case KLING_TROUBLE_CLOCK:
      return KLING_ERROR_NOT_AUTHORIZED;
    case KLING_TROUBLE_ACCOUNT:
      return KLING_ERROR_ACCOUNT;
    case KLING_TROUBLE_INPUT:
    case KLING_TROUBLE_SIZE:
      return KLING_ERROR_INPUT;
    case KLING_TROUBLE_POLICY:
      return KLING_ERROR_POLICY;
    case KLING_TROUBLE_CALL:
    case KLING_TROUBLE_ELSEWHERE:
      return KLING_ERROR_SETTINGS;
    case KLING_TROUBLE_FAILED:
      return KLING_ERROR_TASK_FAILED;
    default:
      return KLING_ERROR_SERVICE;
  }
}

/**
 * kling_answer_get_error_code:
 * @answer: an answer that is no success
 *
 * Returns: what a person can do about it
 */
KlingError
kling_answer_get_error_code (const KlingAnswer * answer)
{
  return kling_trouble_get_error_code (kling_answer_get_trouble (answer));
}

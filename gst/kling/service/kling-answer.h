/* klinglipsync: what an answer of the service says
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>
#include "kling-error.h"
#include "kling-face.h"

G_BEGIN_DECLS

/**
 * KlingTaskState:
 * @KLING_TASK_WAITING: the task stands in a queue
 * @KLING_TASK_RUNNING: the service works on it
 * @KLING_TASK_SUCCEEDED: it is done
 * @KLING_TASK_FAILED: the service gave it up; final
 * @KLING_TASK_OTHER: a word nobody has told us of: keep polling
 */
typedef enum
{
  KLING_TASK_WAITING,
  KLING_TASK_RUNNING,
  KLING_TASK_SUCCEEDED,
  KLING_TASK_FAILED,
  KLING_TASK_OTHER,
} KlingTaskState;

/**
 * KlingEnding:
 * @KLING_ENDING_CREATED: there is an id: go on
 * @KLING_ENDING_NOT_SENT: no byte left this machine: may be sent again
 * @KLING_ENDING_BUSY: the service asks to wait: wait, then send again
 * @KLING_ENDING_REFUSED: no, and nothing was bought: an error
 * @KLING_ENDING_UNKNOWN: bought or not, we cannot tell: never sent again by
 *   itself
 *
 * How a paid call can end (docs/architecture.md).
 */
typedef enum
{
  KLING_ENDING_CREATED,
  KLING_ENDING_NOT_SENT,
  KLING_ENDING_BUSY,
  KLING_ENDING_REFUSED,
  KLING_ENDING_UNKNOWN,
} KlingEnding;

/**
 * KlingTrouble:
 * @KLING_TROUBLE_KEY: the key is not accepted
 * @KLING_TROUBLE_CLOCK: a token is not accepted because of its time
 * @KLING_TROUBLE_ACCOUNT: money, quota or permission of the account
 * @KLING_TROUBLE_INPUT: what was asked is refused
 * @KLING_TROUBLE_SIZE: the call is too large
 * @KLING_TROUBLE_POLICY: content rules refuse it
 * @KLING_TROUBLE_CALL: there is no such call
 * @KLING_TROUBLE_ELSEWHERE: the call shall go to another address
 * @KLING_TROUBLE_BUSY: the service asks to wait
 * @KLING_TROUBLE_LIMIT: there were too many calls, of whatever kind
 * @KLING_TROUBLE_MODEL: a gateway has nobody who makes such videos
 * @KLING_TROUBLE_TASK: there is no such task
 * @KLING_TROUBLE_FAILED: the task was given up
 * @KLING_TROUBLE_NONSENSE: the answer cannot be understood
 * @KLING_TROUBLE_SERVICE: the service has an error of its own
 *
 * What an answer complains about: finer than #KlingError, so that a sentence can
 * say what to do.
 */
typedef enum
{
  KLING_TROUBLE_KEY,
  KLING_TROUBLE_CLOCK,
  KLING_TROUBLE_ACCOUNT,
  KLING_TROUBLE_INPUT,
  KLING_TROUBLE_SIZE,
  KLING_TROUBLE_POLICY,
  KLING_TROUBLE_CALL,
  KLING_TROUBLE_ELSEWHERE,
  KLING_TROUBLE_BUSY,
  KLING_TROUBLE_LIMIT,
  KLING_TROUBLE_MODEL,
  KLING_TROUBLE_TASK,
  KLING_TROUBLE_FAILED,
  KLING_TROUBLE_NONSENSE,
  KLING_TROUBLE_SERVICE,
} KlingTrouble;

/**
 * KlingAnswer:
 * @status: HTTP status
 * @is_json: whether the body was JSON that we could read
 * @is_empty: whether the body held nothing but white space
 * @succeeded: HTTP 2xx, a code that means success, no error member
 * @code: (nullable): the service's code as text: "1303", "task_not_exist"
 * @message: (nullable): the service's words on the call or on the failure
 * @request_id: (nullable): the service's request id
 * @session_id: (nullable): what identify-face obtained
 * @task_id: (nullable): the outermost usable task id
 * @task_state: the task's state; meaningless unless the answer is about a task
 * @task_word: (nullable): the word @task_state was read from
 * @percent: progress in percent, -1 when it was not told
 * @result_url: (nullable): where the finished video is
 * @watermark_url: (nullable): where the finished video with a mark is
 * @faces: (nullable) (element-type KlingFace): the faces identify-face found;
 *   %NULL when the answer has no list of them, or one in which none can be read
 * @audio_id: (nullable): speech that was made of a text
 * @audio_duration: its length in milliseconds, -1 when it was not told
 * @units: what it cost, in units of the service; -1 when it was not told
 *
 * One answer, read tolerantly (docs/architecture.md): the same fields wherever the
 * service put them. Strings are valid UTF-8, without control characters, and
 * bounded; ids have been checked. URLs have not been judged.
 */
typedef struct
{
  guint status;
  gboolean is_json;
  gboolean is_empty;
  gboolean succeeded;
  gchar *code;
  gchar *message;
  gchar *request_id;
  gchar *session_id;
  gchar *task_id;
  KlingTaskState task_state;
  gchar *task_word;
  gint percent;
  gchar *result_url;
  gchar *watermark_url;
  GPtrArray *faces;
  gchar *audio_id;
  gint64 audio_duration;
  gdouble units;
} KlingAnswer;

void kling_answer_read (KlingAnswer * answer, guint status, GBytes * body);
void kling_answer_clear (KlingAnswer * answer);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (KlingAnswer, kling_answer_clear)

KlingEnding kling_answer_get_ending (const KlingAnswer * answer,
    const gchar * id);
gboolean kling_answer_tells_state (const KlingAnswer * answer);
gboolean kling_answer_lacks_task (const KlingAnswer * answer);
gboolean kling_answer_may_be_duplicate (const KlingAnswer * answer);
KlingTrouble kling_answer_get_trouble (const KlingAnswer * answer);
KlingError kling_trouble_get_error_code (KlingTrouble trouble);
KlingError kling_answer_get_error_code (const KlingAnswer * answer);
KlingTaskState kling_task_state_from_word (const gchar * word);

gchar *kling_answer_find_task (GBytes * body, const gchar * external_id);
guint kling_answer_count_tasks (GBytes * body);

gboolean kling_id_is_valid (const gchar * id);

G_END_DECLS

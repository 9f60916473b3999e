/* klinglipsync: errors of the service half
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define KLING_ERROR (kling_error_quark ())

/**
 * KlingError:
 * @KLING_ERROR_CANCELLED: stopped before the end, because we were told to
 * @KLING_ERROR_SETTINGS: something is missing, out of range or contradicts
 * @KLING_ERROR_CREDENTIALS: no key was found, or its file cannot be used
 * @KLING_ERROR_NOT_AUTHORIZED: the service does not accept the key
 * @KLING_ERROR_ACCOUNT: money, quota or permission of the account
 * @KLING_ERROR_INPUT: the service refuses what was asked
 * @KLING_ERROR_POLICY: the service's content rules refuse it
 * @KLING_ERROR_SERVICE: the service is in trouble or answers nonsense
 * @KLING_ERROR_NETWORK: the service cannot be reached
 * @KLING_ERROR_TIMED_OUT: a deadline of ours has passed
 * @KLING_ERROR_OUTCOME_UNKNOWN: a paid call may or may not have been accepted
 * @KLING_ERROR_TASK_FAILED: the service gave up the task
 * @KLING_ERROR_RESULT: the finished video cannot be fetched or is not one
 * @KLING_ERROR_LOCAL: this machine: disk, memory, files
 *
 * What went wrong, by what a person can do about it. The messages are whole
 * sentences for people and never hold a key or the query of a URL.
 */
typedef enum
{
  KLING_ERROR_CANCELLED,
  KLING_ERROR_SETTINGS,
  KLING_ERROR_CREDENTIALS,
  KLING_ERROR_NOT_AUTHORIZED,
  KLING_ERROR_ACCOUNT,
  KLING_ERROR_INPUT,
  KLING_ERROR_POLICY,
  KLING_ERROR_SERVICE,
  KLING_ERROR_NETWORK,
  KLING_ERROR_TIMED_OUT,
  KLING_ERROR_OUTCOME_UNKNOWN,
  KLING_ERROR_TASK_FAILED,
  KLING_ERROR_RESULT,
  KLING_ERROR_LOCAL,
} KlingError;

GQuark kling_error_quark (void);

/**
 * KlingDetails:
 * @http_status: status of the last answer, 0 when there was none
 * @service_code: (nullable): the service's own code, as text
 * @request_id: (nullable): the service's request id; its support asks for it
 * @task_id: (nullable): the task this is about
 *
 * What machines and supporters want to know beside the sentence. All strings
 * are cleaned and bounded: they may come from the network.
 *
 * This travels beside the #GError, not inside it as an extended error: the
 * library is linked statically into the plugin and into the tests, and a
 * domain can be registered only once in a process.
 */
typedef struct
{
  guint http_status;
  gchar *service_code;
  gchar *request_id;
  gchar *task_id;
} KlingDetails;

void kling_details_clear (KlingDetails * details);
void kling_details_copy (KlingDetails * to, const KlingDetails * from);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (KlingDetails, kling_details_clear)

G_END_DECLS
